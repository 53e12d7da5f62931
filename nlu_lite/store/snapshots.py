"""Snapshots of the Hugging Face cache: are their files still what the hub gave?"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from nlu_lite._util.digest import hash_file
from nlu_lite.errors import IntegrityError
from nlu_lite.store.cache import Cache
from nlu_lite.store.digests import names


def check_snapshot(folder: Path, cache: Cache) -> None:
    """Compare the files that a model needs with the digests that the hub gave, or with what they were before.

    The Hugging Face cache calls a file by the digest that came with it: SHA-256 for weights, Git's SHA-1 for others. A
    file without such a name has to stay what it was when it was seen first. Files are read only if they have changed
    since they were compared last.

    Raises:
        IntegrityError: A file has other bytes.
        OSError: A file cannot be read.
    """
    files = {name: folder / name for name in names(folder)}

    def compared(before: object) -> dict[str, str]:
        known = before if isinstance(before, dict) else {}
        return {name: _compared(path, known.get(name)) for name, path in files.items()}

    if files:
        cache.memo.recall(f"snapshot {folder.absolute()} {folder.stat().st_ino}", files, compared)


def _compared(path: Path, known: str | None) -> str:
    """Return the digest of a file after comparing it with its name, else with the digest that was known before."""
    blob = path.resolve()
    expected = blob.name if blob.parent.name == "blobs" and _is_digest(blob.name) else known
    if expected is None:
        return hash_file(path)
    if expected not in _digests(path, expected):
        raise IntegrityError(
            f"{path} is not the file that the hub gave",
            f"the digest {expected}",
            f"Delete {blob}, and load the model again: the file is fetched again",
        )
    return expected


def _digests(path: Path, expected: str) -> tuple[str, ...]:
    """Return the digests of a file that are as long as an expected one."""
    if len(expected) == 64:
        return (hash_file(path),)
    data = path.read_bytes()  # a small file: large ones have a SHA-256
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False)
    return blob.hexdigest(), hashlib.sha1(data, usedforsecurity=False).hexdigest()


def _is_digest(name: str) -> bool:
    return re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", name) is not None
