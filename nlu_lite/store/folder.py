"""The source of folders and files that the user names."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from nlu_lite._util.digest import hash_file
from nlu_lite._util.os_errors import get_reason
from nlu_lite._util.paths import expand_user
from nlu_lite.errors import SourceError
from nlu_lite.records import LocalFolder

REPOSITORY_NAME = re.compile(r"[a-zA-Z0-9][\w.-]*/[\w.-]*\w", re.ASCII)
"""A path that could be the name of a repository of the hub as well."""


@dataclass(frozen=True)
class FolderSource:
    """The file system of this machine."""

    def fetch(self, origin: LocalFolder) -> Path:
        """Return the path, with the user's home in place of ``~``.

        Raises:
            SourceError: The path does not exist; the error lists the nearest names in its folder.
        """
        path = expand_user(origin.path)
        reason = "does not exist"
        try:
            if path.exists():
                return path
            names = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
        except OSError as error:  # the path is too long, or its folder cannot be read
            names, reason = [], f"cannot be accessed ({get_reason(error)})"
        near = [str(path.parent / name) for name in get_close_matches(path.name, names)]
        remedy = "Check the path"
        if REPOSITORY_NAME.fullmatch(origin.path):
            remedy += f"; hf:{origin.path} is the repository of that name on the Hugging Face hub"
        raise SourceError(f"{path} {reason}", "a model's folder or file", remedy, near)


def fingerprint(path: Path) -> str:
    """Return a digest that changes when the user changes the files of a model.

    Args:
        path: A file or a folder. The content of a file is hashed; for a folder its path, and the names, sizes and times
            of its files down to three levels: no layout of a model is deeper.
    """
    if path.is_file():
        return hash_file(path)
    levels = [path.glob("/".join("*" * depth)) for depth in (1, 2, 3)]
    files = sorted(str(item.resolve()) for level in levels for item in level if item.is_file())
    known = [str(path.resolve()), *((name, Path(name).stat().st_size, Path(name).stat().st_mtime_ns) for name in files)]
    return hashlib.sha256(json.dumps(known).encode(errors="surrogateescape")).hexdigest()
