"""Read the protobuf fields of a large file from front to back, without keeping its data."""

from __future__ import annotations

from collections.abc import Iterator

from nlu_lite.formats.sparknlp.archive import ByteSource
from nlu_lite.formats.sparknlp.faults import format_error
from nlu_lite.formats.sparknlp.protobuf import FIXED, Value, Wire, as_text, read_fields, read_varint, split_key

BUFFER = 1 << 20
"""Bytes that are read from the file at once."""

SMALL = 1 << 16
"""Maximum size of a field that is not data, such as a name, in bytes."""


class Scanner:
    """The bytes of a file, read from front to back through one buffer. Skipped bytes are not kept."""

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self._buffer = b""
        self._begin = 0

    def _fill(self, place: int, length: int) -> None:
        if place < self._begin:
            raise format_error(self.source.name, f"byte {place} follows byte {self._begin}", "fields in order")
        self._skip(place)
        end = self._begin + len(self._buffer)
        if place + length > end:
            more = max(place + length - end, min(BUFFER, self.source.size - end))
            self._buffer = self._buffer[place - self._begin :] + self.source.read_at(end, more)
            self._begin = place

    def _skip(self, place: int) -> None:
        """Read up to `place` without seeking, so that `zipfile` checks the CRC at the end."""
        while self._begin + len(self._buffer) < place:
            self._begin += len(self._buffer)
            self._buffer = self.source.read_at(self._begin, min(BUFFER, place - self._begin))

    def finish(self) -> None:
        """Read the rest of the file."""
        self._skip(self.source.size)

    def take(self, place: int, length: int) -> bytes:
        """Return `length` bytes at `place`."""
        self._fill(place, length)
        begin = place - self._begin
        return self._buffer[begin : begin + length]

    def read_varint(self, place: int, end: int) -> tuple[int, int]:
        """Return the number at `place`, and the position after it."""
        data = self.take(place, min(10, end - place))
        value, used = read_varint(data, 0, f"{self.source.name} at {place}")
        return value, place + used

    def read_fields(self, place: int, end: int) -> Iterator[tuple[int, Wire, int, int]]:
        """Yield the number, wire type, first byte and end of the value of each field between two positions."""
        while place < end:
            key, place = self.read_varint(place, end)
            number, wire = split_key(key, self.source.name, place)
            begin = place
            if wire is Wire.VARINT:
                _, place = self.read_varint(place, end)
            elif wire is Wire.LENGTH:
                length, begin = self.read_varint(place, end)
                place = begin + length
            else:
                place = begin + FIXED[wire]
            if place > end:
                raise format_error(self.source.name, f"field {number} at {begin} ends at {place}", f"at most {end}")
            yield number, wire, begin, place

    def read_value(self, wire: Wire, begin: int, end: int) -> Value:
        """Return the value of a field."""
        if wire is Wire.VARINT:
            return self.read_varint(begin, end)[0]
        return self.take(begin, end - begin)


def read_pair(data: bytes, where: str) -> dict[str, str]:
    """Read a StringStringEntryProto."""
    fields = {number: as_text(value, "external data", where) for number, value in read_fields(data, where)}
    return {fields.get(1, ""): fields.get(2, "")}
