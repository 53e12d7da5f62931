"""Read the tensors of an ONNX file without their data, which may be in another file."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from nlu_lite.formats.sparknlp.archive import ByteSource, name_some, verify
from nlu_lite.formats.sparknlp.faults import format_error
from nlu_lite.formats.sparknlp.onnxrecords import NUMBERS, Initializer
from nlu_lite.formats.sparknlp.onnxscanner import SMALL, Scanner, read_pair
from nlu_lite.formats.sparknlp.protobuf import Value, as_bytes, as_int, as_ints, as_text

SMALL_VALUES = 64
"""Maximum size of a tensor whose numbers are read together with its description, in bytes."""

MOST_DIMENSIONS = 8
INTEGERS = {6: "i", 7: "q"}


@dataclass
class _Draft:
    """A TensorProto while its fields are read. `place` is the range of its data."""

    name: str = ""
    kind: int = 0
    shape: list[int] = field(default_factory=list)
    place: tuple[int, int] = (0, 0)
    inline: list[int] = field(default_factory=list)
    external: dict[str, str] = field(default_factory=dict)

    def take(self, number: int, value: Value, where: str) -> None:
        """Store a field that is not data."""
        if number == 1:
            self.shape += as_ints(value, "a dimension", where)
        elif number == 2:
            self.kind = as_int(value, "the type", where)
        elif number == 8:
            self.name = as_text(value, "the name", where)
        elif number in (5, 7):
            self.inline += as_ints(value, "a number", where)
        elif number == 13:
            self.external.update(read_pair(as_bytes(value, "a pair", where), where))


def read_initializer(scanner: Scanner, begin: int, end: int, find: Callable[[str], ByteSource]) -> Initializer:
    """Read a TensorProto without its data, unless it is small."""
    where = f"{scanner.source.name}, tensor at {begin}"
    draft = _Draft(place=(begin, begin))
    small: bytes | None = None
    for number, wire, first, last in scanner.read_fields(begin, end):
        if number in (4, 9):
            draft.place = first, last
            small = scanner.take(first, last - first) if last - first <= SMALL_VALUES else None
        elif last - first > SMALL:
            raise format_error(where, f"field {number} of {last - first} bytes", "numbers in raw_data")
        else:
            draft.take(number, scanner.read_value(wire, first, last), where)
    where = f"{where} ({draft.name!r})"
    if len(draft.shape) > MOST_DIMENSIONS or any(not 0 <= size < 1 << 40 for size in draft.shape):
        raise format_error(where, f"the shape {draft.shape[:20]}", "a few dimensions, none negative")
    source, offset, size = scanner.source, draft.place[0], draft.place[1] - draft.place[0]
    if draft.external:
        source, offset, size = _locate_external(draft.external, find, where, draft.shape, draft.kind)
    values = tuple(draft.inline) or (None if draft.external else _unpack_values(small, draft.kind))
    return Initializer(draft.name, draft.kind, tuple(draft.shape), source, offset, size, values)


def _locate_external(
    pairs: Mapping[str, str], find: Callable[[str], ByteSource], where: str, shape: list[int], kind: int
) -> tuple[ByteSource, int, int]:
    """Find the data of a tensor in another file of the archive."""
    source = find(pairs.get("location", ""))
    width = NUMBERS[kind].width if kind in NUMBERS else 1
    numbers = [pairs.get("offset", "0"), pairs.get("length", str(math.prod(shape) * width))]
    if not all(number.isdecimal() and len(number) < 20 for number in numbers):
        raise format_error(where, f"offset and length {numbers}", "numbers")
    offset, size = map(int, numbers)
    if offset + size > source.size:
        raise format_error(where, f"{size} bytes at {offset}", f"an end within {source.name}, of {source.size} bytes")
    return source, offset, size


def _unpack_values(data: bytes | None, kind: int) -> tuple[float, ...] | None:
    """Return the numbers of a small tensor, which may be a constant."""
    layout = {1: "f", 10: "e", 11: "d", **INTEGERS}.get(kind)
    if layout is None or not data or len(data) % struct.calcsize(layout):
        return None
    return tuple(number for (number,) in struct.iter_unpack(f"<{layout}", data))


def find_external(members: Mapping[str, ByteSource], where: str) -> Callable[[str], ByteSource]:
    """Return a function that finds external data among files by name.

    Args:
        members: The files of the model's zip and of the folder around it. Files of the zip take precedence.
        where: The name of the zip in error messages.
    """

    @cache
    def find(location: str) -> ByteSource:
        name = location.removeprefix("./")
        datas = [key for key in members if key.endswith("onnx_data") and "/" not in key]
        if name not in members and len(datas) == 1 and "/" not in name:
            name = datas[0]  # Spark NLP renames the file when it saves the model
        if name not in members:
            raise format_error(where, f"it holds {name_some(members)}", f"the external data {location!r}")
        verify(members[name])
        return members[name]

    return find
