"""Notes that identify a part or a finished file, and verify its bytes.

The note of a part is a file, written after the part, with the digest of the part's bytes. The notes of the whole file
are in its Parquet footer: the settings of the run, the digest of the texts, and the digest of the file itself. That
digest is computed with zeros in its own place, so that it covers the footer as well as the rows.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from nlu_lite._util.digest import hash_json
from nlu_lite.saving import list_differences

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

SETTINGS_KEY, INPUT_KEY, DATA_KEY = b"nlu_lite", b"nlu_lite.input", b"nlu_lite.data"
"""Keys of the notes in a Parquet footer."""

UNSEALED = "0" * 64
"""The digest of a file while it is computed."""

TAIL = 8
"""Size of the end of a Parquet file in bytes: the length of the footer in four, and a mark."""

BLOCK = 1 << 20
"""Number of bytes that are hashed at once."""


# --- parts -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PartNote:
    """The note of a completed part.

    Attributes:
        number: Number of the part, from 1.
        texts: SHA-256 of the texts.
        rows: Number of rows.
        run: SHA-256 of the settings of the run.
        content: SHA-256 of the file.
    """

    number: int
    texts: str
    rows: int
    run: str
    content: str

    def write(self) -> str:
        """Return the note as JSON, with a digest of the note itself."""
        values = asdict(self)
        return json.dumps(values | {"note": hash_json(values)}, indent=2)

    @classmethod
    def read(cls, data: bytes) -> PartNote | None:
        """Read a note; None if it is damaged.

        Example:
            >>> part = PartNote(1, "ab", 3, "cd", "ef")
            >>> PartNote.read(part.write().encode()) == part, PartNote.read(b"[]"), PartNote.read(b"[" * 9999)
            (True, None, None)
        """
        values = read_object(data)
        if values is None or values.pop("note", None) != hash_json(values):
            return None
        try:
            return cls(**values)
        except TypeError:
            return None


def read_object(data: bytes) -> dict[str, Any] | None:
    """Read a JSON object; None for anything else."""
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def hash_texts(chunks: Iterable[str]) -> str:
    """Return the SHA-256 of all texts from those of the chunks."""
    return hashlib.sha256("".join(chunks).encode()).hexdigest()


# --- finished files --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunNote:
    """The run that wrote a file.

    Attributes:
        settings: The settings that decide the content of the file.
        texts: Number of texts.
        digest: SHA-256 of the texts.
    """

    settings: Mapping[str, Any]
    texts: int
    digest: str

    @property
    def notes(self) -> dict[bytes, str]:
        """The notes in the footer, except the digest of the file."""
        return {
            SETTINGS_KEY: json.dumps(self.settings),
            INPUT_KEY: json.dumps({"texts": self.texts, "sha256": self.digest}),
        }


@dataclass(frozen=True)
class FinishedFile:
    """A file that a run has finished.

    Attributes:
        run: The run.
        rows: Number of rows of the file.
    """

    run: RunNote
    rows: int


class HashingFile(io.RawIOBase):
    """A Parquet file that is hashed as it is written, and sealed with its digest."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self._hash = hashlib.sha256()
        self._size = 0
        self._footer: list[bytes] | None = None

    def writable(self) -> bool:
        """See `io.IOBase`."""
        return True

    def write(self, data: ReadableBuffer) -> int:
        """See `io.RawIOBase`."""
        size = memoryview(data).nbytes
        self._size += size
        if self._footer is None:
            self._hash.update(data)
            self._file.write(data)
        else:
            self._footer.append(bytes(data))
        return size

    def tell(self) -> int:
        """See `io.IOBase`."""
        return self._size

    def begin_footer(self) -> dict[bytes, str]:
        """Hold the next bytes back until `seal`, and return the note to write into the footer."""
        self._footer = []
        return {DATA_KEY: json.dumps({"sha256": UNSEALED})}

    def seal(self) -> str:
        """Write the footer with the digest of the file, and return the SHA-256 of the sealed file."""
        footer = b"".join(self._footer or ())
        unsealed = self._hash.copy()
        unsealed.update(footer)
        sealed = footer.replace(UNSEALED.encode(), unsealed.hexdigest().encode())
        self._hash.update(sealed)
        self._file.write(sealed)
        return self._hash.hexdigest()


def read_finished(path: Path) -> FinishedFile | None:
    """Read the notes of a finished file; None for a damaged or any other file."""
    import pyarrow as pa
    from pyarrow import parquet

    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            footer = parquet.read_metadata(file)
            notes = footer.metadata or {}
            return _parse_finished(notes, footer.num_rows) if _is_intact(file, notes) else None
    except (pa.ArrowException, OSError, UnicodeError):
        return None


def has_notes(path: Path) -> bool:
    """Whether a file has the notes of a finished file; its content is not verified."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return path.is_file() and INPUT_KEY in (parquet.read_metadata(path).metadata or {})
    except (pa.ArrowException, OSError, UnicodeError):
        return False


def _parse_finished(notes: Mapping[bytes, bytes], rows: int) -> FinishedFile | None:
    settings, texts = read_object(notes.get(SETTINGS_KEY, b"")), read_object(notes.get(INPUT_KEY, b""))
    if settings is None or texts is None or not isinstance(texts.get("texts"), int):
        return None
    return FinishedFile(RunNote(settings, texts["texts"], str(texts.get("sha256"))), rows)


def _is_intact(file: IO[bytes], notes: Mapping[bytes, bytes]) -> bool:
    """Whether all bytes, footer included, are unchanged since the file was sealed."""
    note = read_object(notes.get(DATA_KEY, b"")) or {}
    digest = str(note.get("sha256"))
    rest = file.seek(-TAIL, os.SEEK_END)
    rest -= int.from_bytes(file.read(4), "little")  # the footer begins here
    file.seek(0)
    found = hashlib.sha256()
    while rest > 0 and (block := file.read(min(rest, BLOCK))):
        found.update(block)
        rest -= len(block)
    found.update(file.read().replace(digest.encode(), UNSEALED.encode()))
    return found.hexdigest() == digest


def list_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """List the settings that differ; `now` is converted to JSON values first."""
    return list_differences(before, json.loads(json.dumps(now)))
