"""Folders that are made once and kept: whole or not at all, however many processes want the same one."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from uuid import uuid4

from nlu_lite.errors import IntegrityError, SourceError

MANIFEST = "nlu_lite.json"
"""Name of the file in each folder that lists the others; written last, so a folder that has it was whole."""


@dataclass(frozen=True)
class Entry:
    """A folder of the cache: its key, where it is, its size in bytes."""

    key: str
    path: Path
    size: int


@dataclass(frozen=True)
class Cache:
    """A folder of folders.

    Attributes:
        root: Where the folders are; made when the first one is placed.
    """

    root: Path

    def place(self, key: str, fill: Callable[[Path], None]) -> Path:
        """Give the folder of `key`; if there is none that is whole, make it.

        Args:
            key: Name of the folder.
            fill: Called with an empty folder; what it writes there becomes the folder of `key` in one step. Nothing
                stays of it when it raises. Other processes that want the same key wait.

        Raises:
            SourceError: The cache cannot be written.
        """
        found = self.find(key)
        if found is not None:
            return found
        with writing(self.root / key):
            return self._place(self.root / key, fill)

    def find(self, key: str) -> Path | None:
        """Give the folder of `key` if it is whole; None where there is none, or not all of it."""
        target = self.root / key
        return target if _is_whole(target) else None

    def entries(self) -> list[Entry]:
        """List the whole folders, by key."""
        folders = sorted(self.root.iterdir()) if self.root.is_dir() else []
        return [Entry(folder.name, folder, sum(_sizes(folder).values())) for folder in folders if _is_whole(folder)]

    def names(self) -> list[str]:
        """List the keys of all folders, whole or not."""
        folders = sorted(self.root.iterdir()) if self.root.is_dir() else []
        return [path.name for path in folders if not path.name.startswith(".") and path.is_dir()]

    def verify(self, key: str) -> None:
        """Compare every file of a folder with the digest that it had when it was placed.

        Raises:
            IntegrityError: A file has changed or is missing.
            SourceError: There is no such folder.
        """
        folder = self._existing(key)
        if not _is_whole(folder):
            raise IntegrityError(f"{folder} is not whole", "the files that were placed there", f"Remove {folder}")
        for name, digest in _manifest(folder)["sha256"].items():
            if sha256(folder / name) != digest:
                raise IntegrityError(
                    f"{folder / name} has changed since it was placed", f"SHA-256 {digest}", f"Remove {folder}"
                )

    def remove(self, key: str) -> None:
        """Delete a folder; from then on it is not whole, even when this is interrupted.

        Raises:
            SourceError: There is no such folder, or it cannot be deleted.
        """
        self._existing(key)
        self.discard(key)

    def discard(self, key: str) -> None:
        """Delete a folder if it is there, as `remove` does; other processes may be deleting it at the same time.

        Raises:
            SourceError: It cannot be deleted.
        """
        folder = self.root / key
        with writing(folder), suppress(FileNotFoundError):
            (folder / MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(folder)

    def _existing(self, key: str) -> Path:
        if key not in self.names():
            near = get_close_matches(key, self.names())
            raise SourceError(f"the cache {self.root} has no folder {key!r}", "one of its keys", "Check the name", near)
        return self.root / key

    def _place(self, target: Path, fill: Callable[[Path], None]) -> Path:
        from filelock import FileLock

        self.root.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / f".{target.name}.lock"):
            if _is_whole(target):  # another process made it while this one waited
                return target
            _remove_abandoned(target)
            part = target.with_name(f".{target.name}.{uuid4().hex}")
            part.mkdir()
            try:
                fill(part)
                _write_manifest(part)
                shutil.rmtree(target, ignore_errors=True)
                part.rename(target)
            finally:
                shutil.rmtree(part, ignore_errors=True)
        return target


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Explain what the system says of a file or folder of the cache that cannot be written.

    Raises:
        SourceError: With the path and what to do, in place of an OSError.
    """
    try:
        yield
    except SourceError:
        raise
    except OSError as error:
        raise SourceError(
            f"{target} cannot be written ({error.strerror or error})",
            "a folder with room that can be written",
            "Free some space, or name another folder: cache_dir=... or NLU_LITE_CACHE",
        ) from error


def model_key(digest: str) -> str:
    """Give the key under which a converted model is kept, from the digest of what it was converted from."""
    return f"model-{digest}"


def default_cache(cache_dir: str | Path | None = None) -> Cache:
    """Give the cache in `cache_dir`, else in ``NLU_LITE_CACHE``, else in the user's cache folder."""
    from platformdirs import user_cache_path

    return Cache(Path(cache_dir or os.environ.get("NLU_LITE_CACHE") or user_cache_path("nlu_lite", appauthor=False)))


def sha256(path: Path) -> str:
    """Give the hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remove_abandoned(target: Path) -> None:
    """Delete what killed processes left half-written of `target`; whoever holds its lock is alone with it."""
    for path in target.parent.iterdir():
        if re.fullmatch(rf"\.{re.escape(target.name)}\.[0-9a-f]{{32}}", path.name):
            shutil.rmtree(path, ignore_errors=True)


def _files(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in files if path.name != MANIFEST)


def _sizes(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_size for name in _files(folder)}


def _write_manifest(folder: Path) -> None:
    digests = {name: sha256(folder / name) for name in _files(folder)}
    content = {"sizes": _sizes(folder), "sha256": digests}
    (folder / MANIFEST).write_text(json.dumps(content, indent=2), encoding="utf-8")


def _manifest(folder: Path) -> dict[str, dict[str, Any]]:
    content: dict[str, dict[str, Any]] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return content


def _is_whole(folder: Path) -> bool:
    """Say whether a folder has all its files at their sizes: cheap enough for each load."""
    try:
        return _manifest(folder)["sizes"] == _sizes(folder)
    except (OSError, ValueError, KeyError):
        return False
