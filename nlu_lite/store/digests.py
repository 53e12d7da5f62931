"""The files of a model on this machine, with the SHA-256 and size of each."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from nlu_lite._util.digest import hash_file
from nlu_lite.records import BucketArchive, Origin
from nlu_lite.store.bucket import BucketSource
from nlu_lite.store.cache import Cache, build_model_key
from nlu_lite.store.repositories import select_model_files


class FileDigest(NamedTuple):
    """The digest of a file.

    Attributes:
        sha256: SHA-256, in hexadecimal.
        size: Size in bytes.
    """

    sha256: str
    size: int


def digest_files(path: Path, origin: Origin, digest: str, cache: Cache) -> dict[str, FileDigest]:
    """Read every file of a model, and return its digest by its name in the model's folder.

    For a converted archive of the bucket, this is the digest of the archive when it was downloaded. A converted model
    is compared with the manifest of the cache.

    Args:
        path: A file or folder that `nlu_lite.store.sources.fetch` returned.
        origin: Its origin.
        digest: Its digest, from the same function.
        cache: The cache of archives and converted models.

    Raises:
        IntegrityError: A converted model in the cache has changed.
    """
    if cache.has(build_model_key(digest)):
        cache.verify(build_model_key(digest))
    if isinstance(origin, BucketArchive) and origin.file is not None:
        record = BucketSource(cache, offline=True).archives.get_record(origin.file)
        if record is not None and record.sha256 == digest:  # false for a folder that Spark NLP unpacked
            return {origin.file: FileDigest(record.sha256, record.size)}
    if path.is_file():
        return {path.name: _digest_file(path)}
    return {name: _digest_file(path / name) for name in list_model_files(path)}


def _digest_file(path: Path) -> FileDigest:
    return FileDigest(hash_file(path), path.stat().st_size)


def list_model_files(folder: Path) -> list[str]:
    """Return the files of a model: in transformers' layout the files that it needs, in other layouts all files."""
    names = [file.relative_to(folder).as_posix() for file in sorted(folder.rglob("*")) if file.is_file()]
    return (select_model_files(names) if "config.json" in names else []) or names
