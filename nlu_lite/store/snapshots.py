"""The check that the files of a snapshot in the Hugging Face cache are as the hub sent them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from nlu_lite._util.digest import hash_file
from nlu_lite.errors import IntegrityError
from nlu_lite.store.cache import Cache
from nlu_lite.store.digests import list_model_files


def check_snapshot(folder: Path, cache: Cache) -> None:
    """Compare the files that a model needs with the hub's digests, else with their own digests at the first check.

    The Hugging Face cache names a file by the digest that the hub sent: SHA-256 for weights, Git's SHA-1 for others. A
    file without such a name must not change after it was first read. Files are read only if they have changed since
    the last check.

    Raises:
        IntegrityError: A file has other bytes.
        OSError: A file cannot be read.
    """
    files = {name: folder / name for name in list_model_files(folder)}

    def check_files(before: object) -> dict[str, str]:
        known = before if isinstance(before, dict) else {}
        return {name: _check_file(path, known.get(name)) for name, path in files.items()}

    if files:
        cache.memo.recall(f"snapshot {folder.absolute()} {folder.stat().st_ino}", files, check_files)


def _check_file(path: Path, known: str | None) -> str:
    """Compare a file with the digest in its name, else with a known digest, and return the digest."""
    blob = path.resolve()
    expected = blob.name if blob.parent.name == "blobs" and _is_digest(blob.name) else known
    if expected is None:
        return hash_file(path)
    if expected not in _compute_digests(path, expected):
        raise IntegrityError(
            f"{path} is not the file that the hub sent",
            f"the digest {expected}",
            f"Delete {blob}, and load the model again: the file is fetched again",
        )
    return expected


def _compute_digests(path: Path, expected: str) -> tuple[str, ...]:
    """Return the digests of a file that are as long as an expected one."""
    if len(expected) == 64:
        return (hash_file(path),)
    data = path.read_bytes()  # a small file: large ones have a SHA-256
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False)
    return blob.hexdigest(), hashlib.sha1(data, usedforsecurity=False).hexdigest()


def _is_digest(name: str) -> bool:
    return re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", name) is not None
