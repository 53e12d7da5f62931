"""A saved model as named byte sources: a folder, a zip, or a zip within either. Nothing is unpacked to disk.

Entries are read in place, so a name that points out of the archive cannot reach a file. Such names, symbolic links,
repeated names and impossible sizes are errors nevertheless, because no exporter writes them.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import IO, Protocol

from nlu_lite.errors import FormatError
from nlu_lite.formats.placeholders import EmptyFile, check_content
from nlu_lite.formats.sparknlp.faults import format_error, unsupported_error

TAIL = 1 << 20
"""Number of bytes at the end of an entry that are kept in memory: the directory of an inner zip is there."""

MOST_ENTRIES = 10_000
MOST_DIRECTORY = 4 << 20
MOST_RATIO = 200
"""Maximum ratio of compression. Weights hardly shrink; an embedding matrix padded with zero rows shrinks by 43."""

MOST_DEPTH = 3
END = b"PK\x05\x06"
END64 = b"PK\x06\x06"


class ByteSource(Protocol):
    """Bytes with a name and a size."""

    @property
    def name(self) -> str:
        """Its name in error messages."""

    @property
    def size(self) -> int:
        """Its size in bytes."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset` on.

        Raises:
            FormatError: The source has fewer bytes, or they cannot be decompressed.
        """


class FileSource:
    """A file of a folder."""

    def __init__(self, path: Path) -> None:
        check_content(path, "a file of Spark NLP's model", EmptyFile.ALLOWED)
        self.path = path
        self.name = str(path)
        with _translate_errors(self.name):
            self.size = path.stat().st_size

    def read_at(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset` on."""
        check_range(self, offset, length)
        with _translate_errors(self.name), self.path.open("rb") as file:
            file.seek(offset)
            return _read_exactly(file, length, self.name, offset)


class EntrySource:
    """An entry of a zip.

    A deflated entry can be read forwards only, so one cursor is kept. An entry that is read in order is decompressed
    once. Seeking backwards decompresses it again from the beginning, which is slow but correct.
    """

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> None:
        self.name = name
        self.size = info.file_size
        self._archive = archive
        self._info = info
        self._cursor: IO[bytes] | None = None
        self._tail: bytes | None = None
        self._lock = Lock()

    def read_at(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset` on."""
        check_range(self, offset, length)
        with self._lock, _translate_errors(self.name):
            begin = self.size - len(self._tail) if self._tail is not None else self.size
            if self._tail is not None and offset >= begin:
                return self._tail[offset - begin : offset - begin + length]
            return self._read(offset, length)

    def keep_tail(self) -> None:
        """Keep the last bytes, so that reading them does not decompress the whole entry each time."""
        begin = max(0, self.size - TAIL)
        self._tail = self.read_at(begin, self.size - begin)

    def _read(self, offset: int, length: int) -> bytes:
        if self._cursor is None or self._cursor.tell() > offset:
            self._cursor = self._archive.open(self._info)
        if self._cursor.tell() != offset:  # zipfile checks the CRC of an entry only if it is read without seeking
            self._cursor.seek(offset)
        return _read_exactly(self._cursor, length, self.name, offset)


class SourceFile(io.RawIOBase):
    """A source as a seekable file object, for `zipfile`."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._place = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position of the next byte."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position, which may be after the end."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._source.size}[whence]
        if start + offset < 0:
            raise ValueError(f"a position before the beginning of {self._source.name}")
        self._place = start + offset
        return self._place

    def readinto(self, buffer: object) -> int:
        """Read up to the size of `buffer`."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        length = max(0, min(len(view), self._source.size - self._place))
        view[:length] = self._source.read_at(self._place, length)
        self._place += length
        return length


def read_archive(path: Path) -> dict[str, ByteSource]:
    """List a model directory, or the zip of one, by names relative to its root.

    Raises:
        FormatError: It cannot be read, or has no metadata of Spark NLP.
    """
    members = _list_folder(path) if path.is_dir() else read_zip(FileSource(path))
    roots = {name.partition("metadata/part-")[0] for name in members if "metadata/part-" in f"/{name}"}
    roots = {root for root in roots if root in ("", f"{root.partition('/')[0]}/")}
    if len(roots) != 1:
        raise format_error(str(path), f"it holds {name_some(members)}", "one metadata folder, as in Spark NLP's models")
    root = roots.pop()
    return {name.removeprefix(root): source for name, source in members.items() if name.startswith(root)}


def read_zip(source: ByteSource) -> dict[str, ByteSource]:
    """List the files of a zip, having checked their names and sizes.

    Raises:
        FormatError: It is not a complete zip, or the name or size of an entry is impossible.
        UnsupportedReference: An entry is encrypted, or compressed by another method than deflate.
    """
    with _translate_errors(source.name):
        if isinstance(source, EntrySource):
            source.keep_tail()
        _check_directory(source)
        archive = zipfile.ZipFile(io.BufferedReader(SourceFile(source), 1 << 18))
    members: dict[str, ByteSource] = {}
    for info in archive.infolist():
        where = f"{source.name}:{info.filename}"
        check_entry(info, where, source.size)
        if not info.is_dir():
            if info.filename in members:
                raise format_error(where, "this name is repeated", "one entry for each name")
            members[info.filename] = EntrySource(archive, info, where)
    return members


def check_entry(info: zipfile.ZipInfo, where: str, room: int) -> None:
    """Check the name of an entry, its mode and, unless it is a folder, its compression and size.

    Args:
        info: The entry.
        where: The name of the entry in error messages.
        room: The size of the zip in bytes.
    """
    check_name(info.orig_filename, where)
    mode = stat.S_IFMT(info.external_attr >> 16)
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise format_error(where, f"an entry of mode {oct(mode)}", "a file or a folder, not a link")
    if not info.is_dir():
        _check_packing(info, where, room)


def _check_packing(info: zipfile.ZipInfo, where: str, room: int) -> None:
    if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise unsupported_error(
            where, f"compression {info.compress_type}, flags {info.flag_bits}", "stored or deflated"
        )
    packed = info.compress_size
    if packed > room or info.file_size > max(packed * MOST_RATIO, 1 << 20):
        raise format_error(where, f"{info.file_size} bytes are claimed for {packed} packed ones in a zip of {room}")
    if info.compress_type == zipfile.ZIP_STORED and packed != info.file_size:
        raise format_error(where, f"{info.file_size} bytes are claimed for {packed} stored ones")


def check_name(name: str, where: str) -> None:
    """Raise an error for a name that points out of the archive or differs between operating systems.

    Example:
        >>> check_name("fields/../../x", "a.zip")
        Traceback (most recent call last):
        nlu_lite.errors.FormatError: a.zip: the name 'fields/../../x'; expected a relative path. ...
    """
    parts = name.removesuffix("/").split("/")
    if any(part in ("", ".", "..") for part in parts) or any(sign in name for sign in "\\\0:"):
        raise format_error(where, f"the name {name!r}", "a relative path")


def check_range(source: ByteSource, offset: int, length: int) -> None:
    """Check that a range is within a source, before memory is allocated for it."""
    if offset < 0 or length < 0 or offset + length > source.size:
        raise format_error(source.name, f"{length} bytes at {offset} are requested", f"at most {source.size} bytes")


def read_whole(source: ByteSource, limit: int) -> bytes:
    """Read a small file at once.

    Raises:
        FormatError: It is larger than `limit` bytes.
    """
    if source.size > limit:
        raise format_error(source.name, f"{source.size} bytes", f"at most {limit}")
    return source.read_at(0, source.size)


def verify(source: ByteSource) -> None:
    """Read a file from beginning to end, so that `zipfile` checks its CRC.

    Raises:
        FormatError: It cannot be read, or does not match its checksum.
    """
    for begin in range(0, source.size, TAIL):
        source.read_at(begin, min(TAIL, source.size - begin))


def name_some(names: Mapping[str, object]) -> list[str]:
    """Return the first few names, for an error message."""
    return sorted(names)[:12]


def _list_folder(path: Path) -> dict[str, ByteSource]:
    members: dict[str, ByteSource] = {}
    for file in _walk(path, MOST_DEPTH):
        members[file.relative_to(path).as_posix()] = FileSource(file)
        if len(members) > MOST_ENTRIES:
            raise format_error(str(path), f"more than {MOST_ENTRIES} files", "a model's few dozen")
    return members


def _walk(path: Path, depth: int) -> Iterator[Path]:
    with _translate_errors(str(path)), os.scandir(path) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.is_symlink():
            raise format_error(entry.path, "a symbolic link", "files and folders only")
        if entry.is_dir() and depth > 1:
            yield from _walk(Path(entry.path), depth - 1)
        elif entry.is_file():
            yield Path(entry.path)


def _check_directory(source: ByteSource) -> None:
    """Check the size of the zip's directory before `zipfile` reads all of it."""
    length = min(source.size, 1 << 16)
    tail = source.read_at(source.size - length, length)
    end, end64 = tail.rfind(END), tail.rfind(END64)
    if end < 0 or end + 22 > len(tail):
        raise format_error(source.name, "its last bytes do not contain the end of a zip", "a complete zip")
    (entries, size) = struct.unpack_from("<HI", tail, end + 10)
    if end64 >= 0 and end64 + 56 <= len(tail):
        (entries, size) = struct.unpack_from("<QQ", tail, end64 + 32)
    if entries > MOST_ENTRIES or size > MOST_DIRECTORY:
        raise format_error(source.name, f"a directory of {entries} entries in {size} bytes", "a model's few dozen")


def _read_exactly(file: IO[bytes], length: int, name: str, offset: int) -> bytes:
    data = file.read(length)
    if len(data) != length:
        raise format_error(name, f"{len(data)} bytes are left at {offset}", f"{length}")
    return data


@contextmanager
def _translate_errors(name: str) -> Iterator[None]:
    """Translate the errors of `zipfile` and the system into an error that names the file."""
    try:
        yield
    except FormatError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, struct.error) as error:
        raise format_error(name, f"it cannot be read ({error or type(error).__name__})") from error
    except (NotImplementedError, RuntimeError, KeyError, IndexError, OverflowError) as error:
        raise format_error(name, f"it is not a readable zip ({error or type(error).__name__})") from error


def read_suffix(name: str) -> str:
    """Return the part of a file's name after its last underscore, which is the type of the file.

    Example:
        >>> read_suffix("bert_sentence_tensorflow")
        'tensorflow'
    """
    return PurePosixPath(name).name.rpartition("_")[2]
