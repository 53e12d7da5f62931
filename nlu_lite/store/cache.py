"""A cache of folders: each is made once, whole or not at all, however many processes want it.

Each folder has a manifest with the SHA-256 of every file. A file is hashed again only if its size, times or inode have
changed since it was last compared with the manifest.
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
"""Name of the file in each folder that lists the others; it is written last, so that a folder with it is complete."""
MAXIMUM_MANIFEST = 16 << 20
"""Maximum size of a manifest, in bytes."""


@dataclass(frozen=True)
class CachedFolder:
    """A folder of the cache.

    Attributes:
        key: Its key.
        path: Its path.
        size: The size of its files in bytes.
    """

    key: str
    path: Path
    size: int


@dataclass(frozen=True)
class Manifest:
    """The size in bytes and the SHA-256 of each file of a folder when it was placed, by name."""

    sizes: dict[str, int]
    sha256: dict[str, str]


@dataclass(frozen=True)
class Cache:
    """A cache.

    Attributes:
        root: The folder that contains the folders; made when the first folder is placed.
    """

    root: Path

    @property
    def memo(self) -> FileMemo:
        """The stored values that were computed from files, in the cache and elsewhere."""
        return FileMemo(self.root)

    def place(self, key: str, fill: Callable[[Path], None]) -> Path:
        """Return the folder of `key`; make it if it is missing or incomplete.

        Args:
            key: The name of the folder.
            fill: Writes the files into an empty folder, which then becomes the folder of `key` in one step. An
                exception deletes the files. Other processes that want the same key wait.

        Raises:
            SourceError: The cache cannot be written.
        """
        found = self.find(key)
        if found is not None:
            return found
        with translate_cache_errors(self.root / key):
            return self._place(self.root / key, fill)

    def find(self, key: str) -> Path | None:
        """Return the folder of `key`; None if it is missing or incomplete, or if a file has changed.

        A warning on the logger ``nlu_lite`` names the file that has changed.
        """
        target = self.root / key
        changed = self._list_changed(target)
        if changed:
            message = "%s has changed since it was placed in the cache: it is not used"
            logging.getLogger("nlu_lite").warning(message, target / changed[0])
        return target if changed == [] else None

    def has(self, key: str) -> bool:
        """Return whether `key` has a folder with all files in their sizes; the files are not read."""
        return _read_complete_manifest(self.root / key) is not None

    def is_changed(self, key: str) -> bool:
        """Return whether the folder of `key` has all files, and one of them has changed."""
        return bool(self._list_changed(self.root / key))

    def list_folders(self) -> list[CachedFolder]:
        """Return the complete folders, by key."""
        manifests = {key: _read_complete_manifest(self.root / key) for key in self.list_keys()}
        complete = {key: manifest for key, manifest in manifests.items() if manifest is not None}
        return [CachedFolder(key, self.root / key, sum(manifest.sizes.values())) for key, manifest in complete.items()]

    def list_keys(self) -> list[str]:
        """Return the keys of all folders, complete or not."""
        folders = sorted(self.root.iterdir()) if self.root.is_dir() else []
        return [path.name for path in folders if not path.name.startswith(".") and path.is_dir()]

    def verify(self, key: str) -> None:
        """Compare every file of a folder with its SHA-256 in the manifest.

        Raises:
            IntegrityError: A file has changed or is missing.
            SourceError: There is no such folder.
        """
        folder = self._get_folder(key)
        manifest = _read_complete_manifest(folder)
        remedy = f"Remove {folder} (nlu-lite cache remove {key}), and load the model again"
        if manifest is None:
            raise IntegrityError(f"{folder} is incomplete", "all files of its manifest", remedy)
        for name, digest in manifest.sha256.items():
            if hash_file(folder / name) != digest:
                got = f"{folder / name} has changed since it was placed"
                raise IntegrityError(got, f"SHA-256 {digest}", remedy)

    def remove(self, key: str) -> None:
        """Delete a folder; an interrupted deletion leaves an incomplete folder, which is not used.

        Raises:
            SourceError: There is no such folder, or it cannot be deleted.
        """
        self._get_folder(key)
        self.discard(key)

    def discard(self, key: str) -> None:
        """Delete a folder if it exists; other processes may delete it at the same time.

        Raises:
            SourceError: It cannot be deleted.
        """
        folder = self.root / key
        with translate_cache_errors(folder), suppress(FileNotFoundError):
            (folder / MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(folder)

    def _get_folder(self, key: str) -> Path:
        if key not in self.list_keys():
            near = get_close_matches(key, self.list_keys())
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
            self._recall_digests(target, lambda _: digests)
        return target

    def _list_changed(self, folder: Path) -> list[str] | None:
        """Return the files of a folder that differ from its manifest; None if the folder is incomplete."""
        manifest = _read_complete_manifest(folder)
        if manifest is None:
            return None
        try:
            found = self._recall_digests(folder, lambda _: _hash_files(folder))
        except OSError:  # another process is removing it
            return None
        return [name for name, digest in manifest.sha256.items() if found.get(name) != digest]

    def _recall_digests(self, folder: Path, make: Callable[[object], dict[str, str]]) -> dict[str, str]:
        """Return the SHA-256 of each file of a folder; `make` computes them if they are unknown or a file changed."""
        files = {name: folder / name for name in _list_files(folder)}
        digests: dict[str, str] = self.memo.recall(f"files of {folder.absolute()}", files, make)
        return digests


def translate_cache_errors(path: Path) -> AbstractContextManager[None]:
    """Raise `SourceError` instead of an OSError about a file or folder of the cache that cannot be written."""
    return translate_write_errors(path, "Free some space, or name another folder: cache_dir=... or NLU_LITE_CACHE")


def retry_if_removed(load: Callable[[], T], name: str) -> T:
    """Call `load`, and call it again if a file that it found was removed: a cache may be emptied at any time.

    Args:
        load: Finds files and reads them.
        name: The name of the model, for errors.

    Raises:
        SourceError: A file was removed both times, or cannot be read.
    """
    try:
        return _translate_read_errors(load)
    except (NluLiteError, OSError) as error:
        if _find_removed_file(error) is None:
            raise
    try:
        return _translate_read_errors(load)
    except (NluLiteError, OSError) as error:
        path = _find_removed_file(error)
        if path is None:
            raise
        raise SourceError(
            f"{path} was removed while {name!r} was loaded, and again at the second attempt",
            "a cache that is not emptied meanwhile",
            "End the program that empties it, or name another folder: cache_dir=... or NLU_LITE_CACHE",
        ) from error


def _translate_read_errors(load: Callable[[], T]) -> T:
    """Call `load`, and raise `SourceError` for a file that exists and cannot be read."""
    try:
        return load()
    except (NluLiteError, FileNotFoundError):
        raise
    except OSError as error:
        got = f"{error.filename or 'a file'} cannot be read ({get_reason(error)})"
        raise SourceError(got, "readable files", "Check its permissions, and the disk") from error


def _find_removed_file(error: BaseException) -> str | None:
    """Return the missing file that caused an error; None if the error has another cause."""
    cause: BaseException | None = error
    while cause is not None:
        if type(cause) is FileNotFoundError:  # not a subclass: huggingface_hub derives errors of its own from it
            return str(cause.filename or cause)
        cause = cause.__cause__
    return None


def build_model_key(digest: str) -> str:
    """Return the cache key of a converted model, from the digest of its source."""
    return f"model-{digest}"


def locate_cache(cache_dir: str | Path | None = None) -> Cache:
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
    """Delete the unfinished folders that killed processes left of `target`; the caller holds its lock."""
    for path in target.parent.iterdir():
        if re.fullmatch(rf"\.{re.escape(target.name)}\.[0-9a-f]{{32}}", path.name):
            shutil.rmtree(path, ignore_errors=True)


def _list_files(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in files if path.name != MANIFEST)


def _get_sizes(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_size for name in _list_files(folder)}


def _hash_files(folder: Path) -> dict[str, str]:
    return {name: hash_file(folder / name) for name in _list_files(folder)}


def _write_manifest(folder: Path) -> dict[str, str]:
    """Write the manifest of a folder; return the SHA-256 of each file."""
    digests = _hash_files(folder)
    content = {"sizes": _get_sizes(folder), "sha256": digests}
    (folder / MANIFEST).write_text(json.dumps(content, indent=2), encoding="utf-8")
    return digests


def _read_complete_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a folder that has exactly its files, in their sizes; None for any other folder."""
    manifest = _read_manifest(folder)
    try:
        return manifest if manifest is not None and manifest.sizes == _get_sizes(folder) else None
    except OSError:
        return None


def _read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a folder; None if it is missing or damaged."""
    try:
        with (folder / MANIFEST).open("rb") as file:
            content = json.loads(file.read(MAXIMUM_MANIFEST))
        sizes, digests = content["sizes"], content["sha256"]
        is_whole = sizes.keys() == digests.keys() and all(type(size) is int for size in sizes.values())
        return Manifest(sizes, digests) if is_whole and all(map(_is_sha256, digests.values())) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None
