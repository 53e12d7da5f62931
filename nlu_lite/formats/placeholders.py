"""Files that came in the place of the real ones: Git LFS pointers, web pages, files without content."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from nlu_lite.errors import FormatError

HEAD = 256
"""Bytes by which a placeholder is known."""

POINTERS = (b"version https://git-lfs.github.com/spec/", b"version http://git-media.io/")
PAGES = (b"<!doctype html", b"<html")


class EmptyFile(Enum):
    """Whether a file may have no content."""

    REFUSED = "refused"
    ALLOWED = "allowed"


def check_content(path: Path, expected: str, empty: EmptyFile = EmptyFile.REFUSED) -> None:
    """Refuse a file that holds something else in the place of its content.

    Args:
        path: The file; one that is not there or cannot be read is left to its reader.
        expected: What errors call the content.
        empty: Whether it may have none.

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
        raise FormatError(f"{path} is a Git LFS pointer, not the file that it stands for", expected, remedy)
    if head.lstrip().lower().startswith(PAGES):
        remedy = "Download the file itself again: an address of the hub has /resolve/ in it, not /blob/"
        raise FormatError(f"{path} is an HTML page", expected, remedy)
    if not head and empty is EmptyFile.REFUSED:
        raise FormatError(f"{path} is damaged (it is empty)", expected, "Fetch it again")
