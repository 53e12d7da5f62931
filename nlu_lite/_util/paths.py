"""Paths as users write them."""

from __future__ import annotations

import os
from pathlib import Path

from nlu_lite.errors import OptionError


def expand_user(path: str | os.PathLike[str]) -> Path:
    """Return a path with the user's home in place of ``~``; unchanged if there is no such user.

    Raises:
        OptionError: `path` is not a path.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:  # the user is unknown: there is no such file either
        return Path(path)
    except TypeError as error:
        got = f"path is a {type(path).__name__}"
        raise OptionError(got, "the path of a file or folder", "Pass a str or a Path") from error
