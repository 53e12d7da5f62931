"""Find files and folders whose names may be invalid or too long."""

from __future__ import annotations

from pathlib import Path

from nlu_lite._util.os_errors import get_reason
from nlu_lite.errors import FormatError


def is_file(path: Path) -> bool:
    """Return whether a file exists. No file has a name that is too long or contains a NUL."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def list_folder(folder: Path) -> list[Path]:
    """Return the items of a folder, sorted by name.

    Raises:
        FormatError: It cannot be read.
    """
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        got = f"{folder} cannot be read ({get_reason(error)})"
        raise FormatError(got, "a model's folder", "Check the path") from error


def name_files(folder: Path) -> list[str]:
    """Return the first few names in a folder, for an error message."""
    return [path.name for path in list_folder(folder)[:20]]
