"""Read the wire format of protocol buffers as data (https://protobuf.dev/programming-guides/encoding)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum

from nlu_lite.formats.sparknlp.faults import format_error

Value = int | bytes
"""A varint as an unsigned number, anything else as bytes."""


class Wire(IntEnum):
    """The wire types of fields. Groups, which are deprecated, are errors."""

    VARINT = 0
    FIXED64 = 1
    LENGTH = 2
    FIXED32 = 5


FIXED = {Wire.FIXED64: 8, Wire.FIXED32: 4}


def read_varint(data: bytes, place: int, where: str) -> tuple[int, int]:
    """Return the varint at `place` and the position after it.

    Raises:
        FormatError: It exceeds the data or 64 bits.
    """
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise format_error(where, f"a number is cut off at {place}", "ten bytes at most, the last below 128")
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & 0xFFFFFFFFFFFFFFFF, place
    raise format_error(where, f"a number of more than 64 bits ends at {place}", "ten bytes at most")


def read_fields(data: bytes, where: str) -> Iterator[tuple[int, Value]]:
    r"""Yield the number and value of each field of a message, in the order of the stream.

    Args:
        data: The message.
        where: The name of the message in error messages.

    Raises:
        FormatError: A field exceeds the message, or has an unknown number or wire type.

    Example:
        >>> list(read_fields(b"\x08\x96\x01\x12\x02hi", "example"))
        [(1, 150), (2, b'hi')]
    """
    place, end = 0, len(data)
    while place < end:
        key, place = read_varint(data, place, where)
        number, wire = split_key(key, where, place)
        if wire is Wire.VARINT:
            value, place = read_varint(data, place, where)
            yield number, value
            continue
        if wire is Wire.LENGTH:
            length, place = read_varint(data, place, where)
        else:
            length = FIXED[wire]
        if length > end - place:
            raise format_error(where, f"field {number} of {length} bytes at {place}", f"at most {end - place}")
        yield number, data[place : place + length]
        place += length


def split_key(key: int, where: str, place: int) -> tuple[int, Wire]:
    """Split the key of a field into its number and its wire type."""
    number, wire = key >> 3, key & 7
    if not 0 < number < 1 << 29 or wire not in (0, 1, 2, 5):
        raise format_error(where, f"field {number} of wire type {wire} before {place}", "a field of protocol buffers")
    return number, Wire(wire)


def as_bytes(value: Value, name: str, where: str) -> bytes:
    """Return a message, a string or packed numbers; errors call it `name`."""
    if isinstance(value, int):
        raise format_error(where, f"{name} is a number", "bytes")
    return value


def as_text(value: Value, name: str, where: str) -> str:
    """Return a string in UTF-8."""
    try:
        return as_bytes(value, name, where).decode()
    except UnicodeDecodeError as error:
        raise format_error(where, f"{name} is not UTF-8 ({error.reason} at {error.start})", "UTF-8") from error


def as_int(value: Value, name: str, where: str) -> int:
    """Return a signed number of 64 bits.

    Example:
        >>> as_int(2**64 - 1, "n", "example")
        -1
    """
    if not isinstance(value, int):
        raise format_error(where, f"{name} is {len(value)} bytes", "a number")
    return value - (1 << 64) if value >> 63 else value


def as_ints(value: Value, name: str, where: str) -> list[int]:
    """Return the numbers of a repeated field, whether packed or single."""
    if isinstance(value, int):
        return [as_int(value, name, where)]
    numbers, place = [], 0
    while place < len(value):
        number, place = read_varint(value, place, where)
        numbers.append(as_int(number, name, where))
    return numbers


def as_floats(value: Value, name: str, where: str) -> list[float]:
    """Return the float32 numbers of a field, whether packed or single."""
    data = as_bytes(value, name, where)
    if len(data) % 4:
        raise format_error(where, f"{name} has {len(data)} bytes", "a multiple of 4")
    return [number for (number,) in struct.iter_unpack("<f", data)]
