"""Read Java's serialization streams as data: no class is looked up, and only plain records are built.

The grammar is defined at https://docs.oracle.com/en/java/javase/17/docs/specs/serialization/protocol.html.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from nlu_lite.formats.sparknlp.faults import format_error

HEADER = b"\xac\xed\x00\x05"
FIRST_HANDLE = 0x7E0000
DEEPEST = 32
PRIMITIVES = {"B": "b", "C": "H", "D": "d", "F": "f", "I": "i", "J": "q", "S": "h", "Z": "?"}
"""The format characters of `struct` for Java's types."""


class Code(IntEnum):
    """The first byte of an item of the stream."""

    NULL = 0x70
    REFERENCE = 0x71
    CLASS_DESCRIPTION = 0x72
    OBJECT = 0x73
    STRING = 0x74
    ARRAY = 0x75
    END_BLOCK = 0x78
    LONG_STRING = 0x7C


class Flag(IntEnum):
    """Bits of a class description."""

    WRITE_METHOD = 1
    SERIALIZABLE = 2


@dataclass(frozen=True)
class JavaClass:
    """A class description: its name, its flags, its fields as type and name, and its superclass."""

    name: str
    flags: int
    fields: tuple[tuple[str, str], ...]
    superclass: JavaClass | None


@dataclass(frozen=True)
class JavaObject:
    """An object as data: the name of its class, and its fields by name."""

    class_name: str
    fields: dict[str, Any] = field(default_factory=dict)


def read_stream(data: bytes, where: str) -> Any:
    """Read the one item of a stream.

    Args:
        data: The stream.
        where: The name of the stream in error messages.

    Returns:
        None, a string, a list or a `JavaObject`.

    Raises:
        FormatError: The stream is damaged, or has items that Spark NLP's vocabularies never have.
    """
    reader = _JavaReader(data, where)
    if reader.take(len(HEADER)) != HEADER:
        raise reader.error("a different header", "a Java serialization stream")
    return reader.read_item(DEEPEST)


class _JavaReader:
    """A stream, read from front to back. Each length is compared with the number of remaining bytes."""

    def __init__(self, data: bytes, where: str) -> None:
        self.data = data
        self.where = where
        self.place = 0
        self.handles: list[Any] = []

    def error(self, got: str, expected: str) -> Exception:
        return format_error(f"{self.where}, byte {self.place}", got, expected)

    def take(self, length: int) -> bytes:
        if length > len(self.data) - self.place:
            raise self.error(f"{length} bytes are claimed", f"at most {len(self.data) - self.place}")
        self.place += length
        return self.data[self.place - length : self.place]

    def read_number(self, letter: str) -> Any:
        return struct.unpack(f">{letter}", self.take(struct.calcsize(f">{letter}")))[0]

    def read_text(self, letter: str = "H") -> str:
        data = self.take(self.read_number(letter))
        try:
            return decode_java(data)
        except UnicodeDecodeError as error:
            raise self.error(f"a string with {error.reason}", "Java's modified UTF-8") from error

    def read_item(self, depth: int) -> Any:
        """Read an item of any type."""
        if not depth:
            raise self.error(f"objects nested more than {DEEPEST} deep", "a vocabulary's three levels")
        code = self.read_number("B")
        readers: Mapping[int, Callable[[int], Any]] = {
            Code.NULL: lambda _: None,
            Code.REFERENCE: self.read_reference,
            Code.OBJECT: self.read_object,
            Code.STRING: lambda _: self.keep(self.read_text("H")),
            Code.LONG_STRING: lambda _: self.keep(self.read_text("Q")),
            Code.ARRAY: self.read_array,
        }
        if code not in readers:
            raise self.error(f"an item of code {code:#x}", "an object, array, string, reference or null")
        return readers[code](depth - 1)

    def keep(self, item: Any) -> Any:
        self.handles.append(item)
        return item

    def read_reference(self, _depth: int) -> Any:
        number = self.read_number("i") - FIRST_HANDLE
        if not 0 <= number < len(self.handles):
            raise self.error(f"a reference to item {number}", f"one of the {len(self.handles)} before it")
        return self.handles[number]

    def read_description(self, depth: int) -> JavaClass | None:
        """Read the description of a class, or a reference to one."""
        if not depth:
            raise self.error("an endless chain of class descriptions", f"at most {DEEPEST}")
        code = self.read_number("B")
        if code == Code.NULL:
            return None
        if code == Code.REFERENCE:
            known = self.read_reference(depth)
            if isinstance(known, JavaClass):
                return known
        if code != Code.CLASS_DESCRIPTION:
            raise self.error(f"an item of code {code:#x}", "a class description")
        return self.read_new_description(depth)

    def read_new_description(self, depth: int) -> JavaClass:
        name, _ = self.read_text(), self.take(8)
        slot = len(self.handles)
        self.handles.append(None)  # the stream numbers a class before its fields
        flags = self.read_number("B")
        fields = tuple(self.read_field(depth) for _ in range(self.read_number("H")))
        if self.read_number("B") != Code.END_BLOCK:
            raise self.error(f"annotations of class {name!r}", "none")
        self.handles[slot] = JavaClass(name, flags, fields, self.read_description(depth - 1))
        return self.handles[slot]  # type: ignore[no-any-return]

    def read_field(self, depth: int) -> tuple[str, str]:
        kind, name = chr(self.read_number("B")), self.read_text()
        if kind in "L[":
            self.read_item(depth - 1)  # the class of the field, which is not needed
        elif kind not in PRIMITIVES:
            raise self.error(f"a field {name!r} of type {kind!r}", "a type of Java")
        return kind, name

    def read_object(self, depth: int) -> JavaObject:
        description = self.read_description(depth)
        if description is None:
            raise self.error("an object without class", "its description")
        item: JavaObject = self.keep(JavaObject(description.name))
        for part in self.list_ancestry(description):
            if part.flags & ~Flag.SERIALIZABLE:
                raise self.error(
                    f"class {part.name!r} has its own serialization method (flags {part.flags})", "plain fields"
                )
            for kind, name in part.fields:
                item.fields[name] = self.read_value(kind, depth)
        return item

    def list_ancestry(self, description: JavaClass | None) -> list[JavaClass]:
        """Return a class and its superclasses, topmost first, which is the order of their fields."""
        classes: list[JavaClass] = []
        while description is not None and len(classes) < DEEPEST:
            classes.append(description)
            description = description.superclass
        return classes[::-1]

    def read_value(self, kind: str, depth: int) -> Any:
        return self.read_item(depth - 1) if kind in "L[" and depth > 0 else self.read_number(PRIMITIVES.get(kind, "b"))

    def read_array(self, depth: int) -> list[Any]:
        description = self.read_description(depth)
        kind = description.name[1:2] if description else ""
        count = self.read_number("i")
        if kind not in PRIMITIVES and kind not in ("L", "["):
            raise self.error(f"an array of {description and description.name!r}", "one of Java's arrays")
        if not 0 <= count <= len(self.data) - self.place:
            raise self.error(f"an array of {count} items", f"at most the {len(self.data) - self.place} bytes left")
        items: list[Any] = self.keep([])
        items.extend(self.read_value(kind, depth) for _ in range(count))
        return items


def decode_java(data: bytes) -> str:
    r"""Decode Java's modified UTF-8: NUL in two bytes, characters beyond U+FFFF as two surrogates of three bytes each.

    Raises:
        UnicodeDecodeError: The bytes are not valid.

    Example:
        >>> decode_java(b"\xed\xa0\xbd\xed\xb8\x80\xc0\x80") == "\U0001f600\0"
        True
    """
    if b"\xc0" not in data and b"\xed" not in data:
        return data.decode()
    surrogates = data.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass")
    return surrogates.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
