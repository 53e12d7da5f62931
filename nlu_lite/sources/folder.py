"""Folders and files that the user names."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from nlu_lite.errors import SourceError
from nlu_lite.records import LocalFolder


@dataclass(frozen=True)
class FolderSource:
    """This machine's files."""

    def fetch(self, origin: LocalFolder) -> Path:
        """Give the path as it is.

        Raises:
            SourceError: There is nothing at that path; the nearest names beside it are given.
        """
        path = Path(origin.path).expanduser()
        if path.exists():
            return path
        beside = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
        near = [str(path.parent / name) for name in get_close_matches(path.name, beside)]
        raise SourceError(f"{path} does not exist", "a folder in transformers' layout", "Check the path", near)
