"""Paths as users write them."""

from __future__ import annotations

import os
from pathlib import Path

from nlu_lite.errors import OptionError


def check_new_folder(folder: Path) -> None:
    """Check that a folder can be created under a name.

    Raises:
        OptionError: Something has the name already, or it contains a NUL character.
        OSError: The system refuses the name.
    """
    if "\0" in str(folder):
        raise OptionError(f"{str(folder)!r} has a NUL character", "the path of a folder", "Choose another name")
    if folder.exists() or folder.is_symlink():
        raise OptionError(f"there is something at {folder}", "the name of a new folder", "Choose another name")


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
