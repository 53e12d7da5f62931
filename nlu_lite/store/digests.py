"""What a fetched model consists of: the SHA-256 and size of every file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from nlu_lite._util.digest import hash_file
from nlu_lite.records import BucketArchive, Origin
from nlu_lite.store.bucket import BucketSource
from nlu_lite.store.cache import Cache, model_key
from nlu_lite.store.hub import needed


class Digest(NamedTuple):
    """What tells a file from any other.

    Attributes:
        sha256: Hexadecimal.
        size: Bytes.
    """

    sha256: str
    size: int


def digests(path: Path, origin: Origin, digest: str, cache: Cache) -> dict[str, Digest]:
    """Read every file of a model and give what tells it from others, by its name below the model's folder.

    Of an archive of the bucket that has been converted, it is the archive that is given, as it was when it was fetched;
    what was made of it, and of any other model, is compared with what the cache knows of it.

    Args:
        path: A file or folder, as `fetch` gave it.
        origin: Where it came from.
        digest: As `fetch` gave it.
        cache: Where archives and converted models are kept.

    Raises:
        IntegrityError: A converted model in the cache has changed.
    """
    if cache.has(model_key(digest)):
        cache.verify(model_key(digest))
    if isinstance(origin, BucketArchive) and origin.file is not None:
        record = BucketSource(cache, offline=True).record(origin.file)
        if record is not None and record.sha256 == digest:  # not where Spark NLP unpacked it
            return {origin.file: Digest(record.sha256, record.size)}
    if path.is_file():
        return {path.name: _of(path)}
    return {name: _of(path / name) for name in names(path)}


def _of(path: Path) -> Digest:
    return Digest(hash_file(path), path.stat().st_size)


def names(folder: Path) -> list[str]:
    """List the files that are read: of a folder in transformers' layout those that a model needs, of others all."""
    names = [file.relative_to(folder).as_posix() for file in sorted(folder.rglob("*")) if file.is_file()]
    return (needed(names) if "config.json" in names else []) or names
