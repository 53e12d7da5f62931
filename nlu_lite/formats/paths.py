"""Looking for files and folders, whatever their names."""

from __future__ import annotations

from pathlib import Path

from nlu_lite.errors import FormatError


def is_file(path: Path) -> bool:
    """Say whether there is a file, whatever the name: an overlong one, or one with a NUL, is the name of none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def list_folder(folder: Path) -> list[Path]:
    """Return what is in a folder, by name.

    Raises:
        FormatError: It cannot be read.
    """
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise FormatError(
            f"{folder} cannot be read ({error.strerror})", "a model's folder", "Check the path"
        ) from error


def name_files(folder: Path) -> list[str]:
    """Return the first few names in a folder, for an error."""
    return [path.name for path in list_folder(folder)[:20]]
