"""Folders that are made once and kept: whole or not at all, however many processes want the same one.

Each folder has a manifest with the SHA-256 of every file. The files are hashed again whenever their size, modification
time or inode is not what it was when they were last compared with the manifest; until then a look at these is enough.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from nlu_lite._util.atomic import write_folder_atomically
from nlu_lite._util.digest import hash_file
from nlu_lite._util.os_errors import get_reason, translate_write_errors
from nlu_lite.errors import IntegrityError, NluLiteError, OptionError, SourceError
from nlu_lite.store.memo import FileMemo

T = TypeVar("T")

MANIFEST = "nlu_lite.json"
"""Name of the file in each folder that lists the others; written last, so a folder that has it was whole."""
LARGEST = 16 << 20
"""Maximum size of a manifest, in bytes."""


@dataclass(frozen=True)
class Entry:
    """A folder of the cache: its key, where it is, its size in bytes."""

    key: str
    path: Path
    size: int


@dataclass(frozen=True)
class Manifest:
    """The files of a folder when it was placed: size in bytes and SHA-256 of each, by name."""

    sizes: dict[str, int]
    sha256: dict[str, str]


@dataclass(frozen=True)
class Cache:
    """A folder of folders.

    Attributes:
        root: Where the folders are; made when the first one is placed.
    """

    root: Path

    @property
    def memo(self) -> FileMemo:
        """What is remembered of files on this machine, in the cache and elsewhere."""
        return FileMemo(self.root)

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
        with translate_cache_errors(self.root / key):
            return self._place(self.root / key, fill)

    def find(self, key: str) -> Path | None:
        """Return the folder of `key`; None if there is none, if a file is missing, or if a file has other bytes.

        Files that have changed are named in a warning of the logger ``nlu_lite``.
        """
        target = self.root / key
        changed = self._changed(target)
        if changed:
            message = "%s has changed since it was placed in the cache: it is not used"
            logging.getLogger("nlu_lite").warning(message, target / changed[0])
        return target if changed == [] else None

    def has(self, key: str) -> bool:
        """Return whether `key` has a folder with all its files at their sizes; their bytes are not looked at."""
        return _whole(self.root / key) is not None

    def is_changed(self, key: str) -> bool:
        """Return whether the folder of `key` has all its files, and one of them has other bytes."""
        return bool(self._changed(self.root / key))

    def entries(self) -> list[Entry]:
        """List the whole folders, by key."""
        whole = {key: manifest for key in self.names() if (manifest := _whole(self.root / key)) is not None}
        return [Entry(key, self.root / key, sum(manifest.sizes.values())) for key, manifest in whole.items()]

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
        manifest = _whole(folder)
        remedy = f"Remove {folder} (nlu-lite cache remove {key}), and load the model again"
        if manifest is None:
            raise IntegrityError(f"{folder} is not whole", "the files that were placed there", remedy)
        for name, digest in manifest.sha256.items():
            if hash_file(folder / name) != digest:
                got = f"{folder / name} has changed since it was placed"
                raise IntegrityError(got, f"SHA-256 {digest}", remedy)

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
        with translate_cache_errors(folder), suppress(FileNotFoundError):
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
            if self.find(target.name) is not None:  # another process made it while this one waited
                return target
            _remove_abandoned(target)
            part = target.with_name(f".{target.name}.{uuid4().hex}")
            with write_folder_atomically(target, part):
                fill(part)
                digests = _write_manifest(part)
                shutil.rmtree(target, ignore_errors=True)
            self._digests(target, lambda _: digests)
        return target

    def _changed(self, folder: Path) -> list[str] | None:
        """Return the files of a folder that have other bytes than its manifest says; None if it is not whole."""
        manifest = _whole(folder)
        if manifest is None:
            return None
        try:
            found = self._digests(folder, lambda _: _hashed(folder))
        except OSError:  # another process is removing it
            return None
        return [name for name, digest in manifest.sha256.items() if found.get(name) != digest]

    def _digests(self, folder: Path, make: Callable[[object], dict[str, str]]) -> dict[str, str]:
        """Return the SHA-256 of the files of a folder: `make` is called if they are not known, or have changed."""
        files = {name: folder / name for name in _files(folder)}
        digests: dict[str, str] = self.memo.recall(f"files of {folder.absolute()}", files, make)
        return digests


def translate_cache_errors(path: Path) -> AbstractContextManager[None]:
    """Raise `SourceError` instead of an OSError about a file or folder of the cache that cannot be written."""
    return translate_write_errors(path, "Free some space, or name another folder: cache_dir=... or NLU_LITE_CACHE")


def load_again_if_removed(load: Callable[[], T], name: str) -> T:
    """Call `load`, and call it again if a file was removed that it had found: somebody may empty a cache at any time.

    Args:
        load: Finds files and reads them.
        name: Name of what is loaded, for the error.

    Raises:
        SourceError: A file was removed both times, or cannot be read.
    """
    try:
        return _explained(load)
    except (NluLiteError, OSError) as error:
        if _removed_file(error) is None:
            raise
    try:
        return _explained(load)
    except (NluLiteError, OSError) as error:
        path = _removed_file(error)
        if path is None:
            raise
        raise SourceError(
            f"{path} was removed while {name!r} was loaded, and again at the second attempt",
            "a cache that is not emptied meanwhile",
            "End the program that empties it, or name another folder: cache_dir=... or NLU_LITE_CACHE",
        ) from error


def _explained(load: Callable[[], T]) -> T:
    """Call `load`, and explain what the system says of a file that is there and cannot be read."""
    try:
        return load()
    except (NluLiteError, FileNotFoundError):
        raise
    except OSError as error:
        got = f"{error.filename or 'a file'} cannot be read ({get_reason(error)})"
        raise SourceError(got, "readable files", "Check its permissions, and the disk") from error


def _removed_file(error: BaseException) -> str | None:
    """Return the file whose absence led to an error; None if there is none."""
    cause: BaseException | None = error
    while cause is not None:
        if type(cause) is FileNotFoundError:  # huggingface_hub derives errors of its own from it
            return str(cause.filename or cause)
        cause = cause.__cause__
    return None


def model_key(digest: str) -> str:
    """Give the key under which a converted model is kept, from the digest of what it was converted from."""
    return f"model-{digest}"


def default_cache(cache_dir: str | Path | None = None) -> Cache:
    """Return the cache in `cache_dir`, else in ``NLU_LITE_CACHE``, else in the user's cache folder.

    Raises:
        OptionError: `cache_dir` cannot be the name of a folder.
    """
    from platformdirs import user_cache_path

    if "\0" in str(cache_dir or ""):
        raise OptionError(f"cache_dir={str(cache_dir)!r}", "a path without NUL characters", "Name another folder")
    chosen = cache_dir or os.environ.get("NLU_LITE_CACHE") or user_cache_path("nlu_lite", appauthor=False)
    try:
        return Cache(Path(chosen))
    except TypeError as error:
        got = f"cache_dir is a {type(chosen).__name__}"
        raise OptionError(got, "the path of a file or folder", "Pass a str or a Path") from error


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


def _hashed(folder: Path) -> dict[str, str]:
    return {name: hash_file(folder / name) for name in _files(folder)}


def _write_manifest(folder: Path) -> dict[str, str]:
    """Write the manifest of a folder; return the SHA-256 of each file."""
    digests = _hashed(folder)
    content = {"sizes": _sizes(folder), "sha256": digests}
    (folder / MANIFEST).write_text(json.dumps(content, indent=2), encoding="utf-8")
    return digests


def _whole(folder: Path) -> Manifest | None:
    """Return the manifest of a folder that has all its files at their sizes, and no others; None for any other."""
    manifest = _manifest(folder)
    try:
        return manifest if manifest is not None and manifest.sizes == _sizes(folder) else None
    except OSError:
        return None


def _manifest(folder: Path) -> Manifest | None:
    """Read the manifest of a folder; None if there is none, or nothing that this module writes."""
    try:
        with (folder / MANIFEST).open("rb") as file:
            content = json.loads(file.read(LARGEST))
        sizes, digests = content["sizes"], content["sha256"]
        is_whole = sizes.keys() == digests.keys() and all(type(size) is int for size in sizes.values())
        return Manifest(sizes, digests) if is_whole and all(map(_is_sha256, digests.values())) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None
