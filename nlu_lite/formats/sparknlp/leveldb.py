"""Read LevelDB's immutable tables, as TensorFlow writes them for its checkpoints.

A table has data blocks, an index block with the handle of each, and a footer. Each block has a masked CRC32C, which
is checked. The layout is described at https://github.com/google/leveldb/blob/main/doc/table_format.md.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import google_crc32c

from nlu_lite.formats.sparknlp.faults import checksum_error, format_error, unsupported_error
from nlu_lite.formats.sparknlp.protobuf import read_varint

MAGIC = 0xDB4775248B80FB57
FOOTER = 48
TRAILER = 5  # a block's compression type and checksum
LONGEST_KEY = 1024
MOST_ENTRIES = 100_000


def mask_crc(crc: int) -> int:
    """Mask a CRC32C as LevelDB and TensorFlow store it: rotated by 15 bits, plus a constant."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def crc32c(data: bytes, before: int = 0) -> int:
    """Extend a CRC32C by more bytes."""
    return int(google_crc32c.extend(before, data))


def read_table(data: bytes, where: str) -> dict[bytes, bytes]:
    """Read a whole table.

    Args:
        data: The file.
        where: The name of the file in error messages.

    Returns:
        Its entries, in the order of their keys.

    Raises:
        IntegrityError: A block does not match its checksum.
        FormatError: It is not a table, or its keys are not in order.
        UnsupportedReference: A block is compressed. TensorFlow's are not.
    """
    if len(data) < FOOTER or struct.unpack_from("<Q", data, len(data) - 8)[0] != MAGIC:
        raise format_error(where, f"{len(data)} bytes that do not end in a table's magic", "a whole checkpoint index")
    footer = data[-FOOTER:-8]
    meta, place = _read_handle(footer, 0, where)
    index, _ = _read_handle(footer, place, where)
    _read_block(data, meta, where)
    entries: dict[bytes, bytes] = {}
    handles = [_read_handle(value, 0, where)[0] for _, value in _read_entries(_read_block(data, index, where), where)]
    if sum(size + TRAILER for _, size in handles) > len(data):
        raise format_error(where, f"{len(handles)} blocks that overlap", "blocks one after another")
    last: bytes | None = None
    for handle in handles:
        for key, value in _read_entries(_read_block(data, handle, where), where):
            if last is not None and key <= last:
                raise format_error(where, f"key {key!r} after {last!r}", "keys in order, each once")
            entries[key] = value
            last = key
        if len(entries) > MOST_ENTRIES:
            raise format_error(where, f"more than {MOST_ENTRIES} entries", "a model's few hundred")
    return entries


def _read_handle(data: bytes, place: int, where: str) -> tuple[tuple[int, int], int]:
    offset, place = read_varint(data, place, where)
    size, place = read_varint(data, place, where)
    return (offset, size), place


def _read_block(data: bytes, handle: tuple[int, int], where: str) -> bytes:
    offset, size = handle
    end = offset + size
    if end + TRAILER > len(data) - FOOTER:
        raise format_error(where, f"a block of {size} bytes at {offset}", f"an end before {len(data) - FOOTER}")
    kind, stated = struct.unpack_from("<BI", data, end)
    found = mask_crc(crc32c(data[offset : end + 1]))
    if found != stated:
        raise checksum_error(where, f"the block at {offset} has CRC32C {found:#010x}", f"{stated:#010x}")
    if kind:
        raise unsupported_error(where, f"the block at {offset} has compression {kind}", "none, as TensorFlow writes it")
    return data[offset:end]


def _read_entries(block: bytes, where: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield the entries of a block. Each key shares a prefix with the previous key."""
    end = len(block) - 4
    restarts = struct.unpack_from("<I", block, end)[0] if end >= 0 else 0
    end -= 4 * restarts
    if end < 0:
        raise format_error(where, f"a block of {len(block)} bytes with {restarts} restarts", "room for them")
    place, key = 0, b""
    while place < end:
        shared, place = read_varint(block, place, where)
        own, place = read_varint(block, place, where)
        length, place = read_varint(block, place, where)
        if shared > len(key) or own + length > end - place or shared + own > LONGEST_KEY:
            raise format_error(where, f"an entry of {shared}, {own} and {length} bytes at {place} of its block", "room")
        key = key[:shared] + block[place : place + own]
        place += own + length
        yield key, block[place - length : place]
