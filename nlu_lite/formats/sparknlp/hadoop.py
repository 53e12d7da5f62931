"""Read Hadoop's sequence files and checksum files, as Spark writes them.

A file has a header, then records of a key and a value, with occasional markers:
https://hadoop.apache.org/docs/current/api/org/apache/hadoop/io/SequenceFile.html.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import NoReturn

from nlu_lite.formats.sparknlp.archive import ByteSource, read_whole
from nlu_lite.formats.sparknlp.faults import checksum_error, format_error, unsupported_error

MAGIC = b"SEQ\x06"
VALUE_CLASS = b"org.apache.hadoop.io.BytesWritable"
MARKER = 16
ESCAPE = 0xFFFFFFFF
CHECKSUM_MAGIC = b"crc\0"
LARGEST_PART = 128 << 20


def read_records(data: bytes, where: str) -> Iterator[bytes]:
    """Yield the values of a sequence file of BytesWritables.

    Args:
        data: The file.
        where: The name of the file in error messages.

    Raises:
        FormatError: It is not a sequence file, or is damaged.
        UnsupportedReference: It is compressed. Spark's object files are not.
    """
    reader = _HadoopReader(data, where)
    marker = _read_header(reader)
    while reader.place < len(data):
        length = reader.read_number(4)
        if length == ESCAPE:
            if reader.take(MARKER) != marker:
                reader.fail("another marker", "the header's")
            continue
        key = reader.read_number(4)
        record = reader.take(length)
        if key > length or length - key < 4:
            reader.fail(f"a record of {length} bytes with a key of {key}", "a key and a value")
        size = int.from_bytes(record[key : key + 4])
        if size != length - key - 4:
            reader.fail(f"a value of {size} bytes", f"{length - key - 4}")
        yield record[key + 4 :]


def read_checked(members: Mapping[str, ByteSource], name: str, limit: int = LARGEST_PART) -> bytes:
    """Read a small file, and compare it with Hadoop's ``.<name>.crc`` if the archive has one.

    Raises:
        IntegrityError: The file does not match its checksum.
        FormatError: It is larger than `limit`, or the checksum file is damaged.
    """
    data = read_whole(members[name], limit)
    folder, _, file = name.rpartition("/")
    sums = members.get(f"{folder}/.{file}.crc" if folder else f".{file}.crc")
    if sums is not None:
        _check_sums(data, read_whole(sums, limit), members[name].name, sums.name)
    return data


def _check_sums(data: bytes, sums: bytes, where: str, sums_where: str) -> None:
    if len(sums) < 8 or sums[:4] != CHECKSUM_MAGIC:
        raise format_error(sums_where, f"{len(sums)} bytes that begin {sums[:4]!r}", "Hadoop's checksums")
    chunk = int.from_bytes(sums[4:8])
    count = -(-len(data) // chunk) if chunk else 0
    if not chunk or len(sums) != 8 + 4 * count:
        raise format_error(sums_where, f"{len(sums)} bytes, {chunk} to a sum", f"sums for {len(data)} bytes")
    for number, (stated,) in enumerate(struct.iter_unpack(">I", sums[8:])):
        found = zlib.crc32(data[number * chunk : (number + 1) * chunk])
        if found != stated:
            raise checksum_error(where, f"CRC-32 {found:#010x} at {number * chunk}", f"{stated:#010x}")


def _read_header(reader: _HadoopReader) -> bytes:
    """Read the header, and return the marker between records."""
    if reader.take(4) != MAGIC:
        reader.fail("a different header", "a sequence file of version 6")
    _, value = reader.read_text(), reader.read_text()
    if value != VALUE_CLASS:
        reader.fail(f"values of class {value!r}", f"{VALUE_CLASS!r}")
    if reader.take(2) != b"\0\0":
        raise unsupported_error(reader.where, "a compressed sequence file", "a plain one, as Spark writes it")
    for _ in range(2 * reader.read_number(4)):
        reader.read_text()
    return reader.take(MARKER)


class _HadoopReader:
    """A file, read from front to back. Each length is compared with the number of remaining bytes."""

    def __init__(self, data: bytes, where: str) -> None:
        self.data = data
        self.where = where
        self.place = 0

    def fail(self, got: str, expected: str) -> NoReturn:
        raise format_error(f"{self.where}, byte {self.place}", got, expected)

    def take(self, length: int) -> bytes:
        if length > len(self.data) - self.place:
            self.fail(f"{length} bytes are claimed", f"at most {len(self.data) - self.place}")
        self.place += length
        return self.data[self.place - length : self.place]

    def read_number(self, width: int) -> int:
        return int.from_bytes(self.take(width))

    def read_text(self) -> bytes:
        """Read a Text: a length, then the bytes. A negative first byte encodes the size of the length."""
        first = int.from_bytes(self.take(1), signed=True)
        if -120 <= first < 0 or first < -124:
            self.fail(f"a length that begins with {first}", "a length of at most four bytes")
        return self.take(first if first >= 0 else self.read_number(-112 - first))
