"""Read the JSON files of a model's folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, TypeVar

from nlu_lite.errors import FormatError
from nlu_lite.formats.placeholders import check_content

Json = TypeVar("Json", dict[str, Any], list[Any])

REMEDY = "Complete the folder, or fetch the model again"


def read_json(path: Path, kind: type[Json]) -> Json:
    """Read a JSON file that holds an object (a dict) or an array (a list).

    Raises:
        FormatError: It cannot be read, or has another type.
    """
    expected = "a JSON object" if kind is dict else "a JSON array"
    check_content(path, expected)
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:  # the cause is left out: it reads as if the file had just been removed
        reason = "a broken link" if path.is_symlink() else "missing"
        raise FormatError(f"{path} cannot be read (it is {reason})", expected, REMEDY) from None
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(f"{path} cannot be read ({error})", expected, REMEDY) from error
    if not isinstance(content, kind):
        raise FormatError(f"{path} holds a {type(content).__name__}", expected, REMEDY)
    return content


def read_optional(path: Path) -> dict[str, Any]:
    """Read a JSON object; a missing file is an empty one. A folder or a broken link of that name is an error."""
    return read_json(path, dict) if os.path.lexists(path) else {}
