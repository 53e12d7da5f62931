"""Read TensorFlow's tensor bundles: an index of entries, and raw data in shards.

The messages are defined in tensorflow/core/protobuf/tensor_bundle.proto, the layout in
tensorflow/core/util/tensor_bundle.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from nlu_lite.formats.sparknlp.archive import ByteSource, name_some, read_whole
from nlu_lite.formats.sparknlp.faults import checksum_error, format_error, unsupported_error
from nlu_lite.formats.sparknlp.leveldb import crc32c, mask_crc, read_table
from nlu_lite.formats.sparknlp.protobuf import Value, as_bytes, as_int, read_fields, read_varint

LARGEST_INDEX = 16 << 20
LARGEST_STRING = 64 << 20
MOST_SHARDS = 1000
MOST_DIMENSIONS = 8
STRING = 7  # DataType of tensorflow/core/framework/types.proto


@dataclass(frozen=True)
class BundleEntry:
    """A tensor of the bundle.

    Attributes:
        key: Its key in the index.
        kind: Its DataType.
        shape: Its shape.
        shard: The file with its data.
        offset: Its first byte in that file.
        size: Its size in bytes.
        checksum: The masked CRC32C of its bytes.
    """

    key: str
    kind: int
    shape: tuple[int, ...]
    shard: ByteSource
    offset: int
    size: int
    checksum: int

    @property
    def where(self) -> str:
        """The file and the tensor, for error messages."""
        return f"{self.shard.name}, tensor {self.key!r} at {self.offset}"


def read_bundle(members: Mapping[str, ByteSource], where: str) -> dict[str, BundleEntry]:
    """Read a bundle's index.

    Args:
        members: The files of the folder or zip, by name.
        where: The name of the folder or zip in error messages.

    Returns:
        The entries by key, in the order of the keys.

    Raises:
        IntegrityError: A block of the index does not match its checksum.
        FormatError: The index is damaged, or refers to missing shards or bytes.
        UnsupportedReference: Tensors are sliced or big-endian.
    """
    names = [name for name in members if name.endswith(".index")]
    if len(names) != 1:
        raise format_error(where, f"it holds {name_some(members)}", "one variables.index")
    source = members[names[0]]
    table = read_table(read_whole(source, LARGEST_INDEX), source.name)
    count = _read_shard_count(table.pop(b"", b""), source.name)
    prefix = names[0].removesuffix(".index")
    shards = [_find_shard(members, f"{prefix}.data-{n:05d}-of-{count:05d}", where) for n in range(count)]
    return dict(_read_entry(key, data, shards, source.name) for key, data in table.items())


def read_string(entry: BundleEntry) -> bytes:
    """Read a tensor of one string: its length, the length's checksum, then the string.

    Raises:
        IntegrityError: It does not match its checksum in the index.
        FormatError: It is not a single string, or its length does not match its size.
    """
    if entry.kind != STRING or entry.size > LARGEST_STRING or math.prod(entry.shape) != 1:
        raise format_error(entry.where, f"type {entry.kind}, shape {entry.shape}, {entry.size} bytes", "one string")
    data = entry.shard.read_at(entry.offset, entry.size)
    length, place = read_varint(data, 0, entry.where)
    if length != len(data) - place - 4:
        raise format_error(entry.where, f"a string of {length} bytes in {len(data)}", f"{len(data) - place - 4}")
    # The checksum counts lengths as fixed-width numbers, although the file has them as varints.
    lengths = crc32c(struct.pack("<I", length))
    crc = mask_crc(crc32c(data[place:], lengths))
    if crc != entry.checksum or struct.unpack_from("<I", data, place)[0] != mask_crc(lengths):
        raise checksum_error(entry.where, f"CRC32C {crc:#010x}", f"{entry.checksum:#010x}")
    return data[place + 4 :]


def _find_shard(members: Mapping[str, ByteSource], name: str, where: str) -> ByteSource:
    if name not in members:
        raise format_error(where, f"it holds {name_some(members)}", f"a shard {name}")
    return members[name]


def _read_shard_count(data: bytes, where: str) -> int:
    """Read the number of shards."""
    fields = dict(read_fields(data, where))
    shards = as_int(fields.get(1, 0), "the number of shards", where)
    if not 0 < shards <= MOST_SHARDS:
        raise format_error(where, f"{shards} shards", f"1 to {MOST_SHARDS}")
    if fields.get(2, 0):
        raise unsupported_error(where, "big-endian tensors", "little-endian ones")
    return shards


def _read_entry(key: bytes, data: bytes, shards: list[ByteSource], where: str) -> tuple[str, BundleEntry]:
    place = f"{where}, entry {key!r}"
    fields: dict[int, Value] = {}
    for number, value in read_fields(data, place):
        if number == 7:
            raise unsupported_error(place, "a tensor in slices", "whole tensors")
        fields[number] = value
    kind, shard, offset, size = (as_int(fields.get(n, 0), f"field {n}", place) for n in (1, 3, 4, 5))
    if not 0 <= shard < len(shards) or min(offset, size) < 0 or offset + size > shards[shard].size:
        got = f"{size} bytes at {offset} of shard {shard}"
        raise format_error(place, got, f"a range within the shards, of {[source.size for source in shards]} bytes")
    shape = _read_shape(as_bytes(fields.get(2, b""), "the shape", place), place)
    checksum = struct.unpack("<I", _read_fixed32(fields.get(6, b"\0\0\0\0"), place))[0]
    name = key.decode("utf-8", "backslashreplace")
    return name, BundleEntry(name, kind, shape, shards[shard], offset, size, checksum)


def _read_fixed32(value: Value, where: str) -> bytes:
    data = as_bytes(value, "the checksum", where)
    if len(data) != 4:
        raise format_error(where, f"a checksum of {len(data)} bytes", "4")
    return data


def _read_shape(data: bytes, where: str) -> tuple[int, ...]:
    """Read a TensorShapeProto."""
    shape = []
    for number, value in read_fields(data, where):
        if number == 2:
            fields = dict(read_fields(as_bytes(value, "a dimension", where), where))
            shape.append(as_int(fields.get(1, 0), "a dimension", where))
    if len(shape) > MOST_DIMENSIONS or min(shape, default=1) < 0 or max(shape, default=1) >= 1 << 40:
        raise format_error(where, f"the shape {shape[:20]}", "a few dimensions, none negative")
    return tuple(shape)
