"""Recognize files that were stored instead of the expected one: Git LFS pointers, web pages and empty files."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from nlu_lite.errors import FormatError

HEAD = 256
"""Number of bytes that are read to recognize a placeholder."""

POINTERS = (b"version https://git-lfs.github.com/spec/", b"version http://git-media.io/")
PAGES = (b"<!doctype html", b"<html")


class EmptyFile(Enum):
    """Whether a file may be empty."""

    REFUSED = "refused"
    ALLOWED = "allowed"


def check_content(path: Path, expected: str, empty: EmptyFile = EmptyFile.REFUSED) -> None:
    """Raise an error for a placeholder.

    Args:
        path: The file. A missing or unreadable file is left to its reader.
        expected: The expected content, for error messages.
        empty: Whether the file may be empty.

    Raises:
        FormatError: It is a Git LFS pointer, a web page, or empty.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except (OSError, ValueError):
        return
    if head.startswith(POINTERS):
        remedy = f"Fetch the file itself: run `git lfs pull` in {path.parent}, or download it again"
        raise FormatError(f"{path} is a Git LFS pointer, not the file itself", expected, remedy)
    if head.lstrip().lower().startswith(PAGES):
        remedy = "Download the file itself again: a download address of the hub contains /resolve/, not /blob/"
        raise FormatError(f"{path} is an HTML page", expected, remedy)
    if not head and empty is EmptyFile.REFUSED:
        raise FormatError(f"{path} is damaged (it is empty)", expected, "Fetch it again")
