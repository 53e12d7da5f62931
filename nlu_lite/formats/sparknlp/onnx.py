"""ONNX files, read front to back without holding their weights (onnx/onnx.proto of github.com/onnx/onnx)."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from nlu_lite.formats.sparknlp.archive import Source, some, verify
from nlu_lite.formats.sparknlp.attributes import ONNX, D, attribute
from nlu_lite.formats.sparknlp.faults import damaged, unsupported
from nlu_lite.formats.sparknlp.protobuf import (
    FIXED,
    Value,
    Wire,
    as_bytes,
    as_floats,
    as_int,
    as_ints,
    as_text,
    read_fields,
    read_varint,
    split_key,
)
from nlu_lite.formats.sparknlp.values import Extent, Number

BUFFER = 1 << 20
SMALL = 1 << 16
"""Bytes that a name, or anything else that is no data, may have."""

SMALL_VALUES = 64
"""Bytes of a tensor whose numbers are read at once."""

MOST_NODES = 200_000
MOST_TENSORS = 50_000
LARGEST_NODE = 64 << 20
MOST_DIMENSIONS = 8

NUMBERS = {1: Number.FLOAT32, 10: Number.FLOAT16, 16: Number.BFLOAT16}
INTEGERS = {6: "i", 7: "q"}
QUANTISED = {2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 21: "uint4", 22: "int4"}
FLOAT, INT64 = 1, 7
LITERALS = {"value_float": FLOAT, "value_floats": FLOAT, "value_int": INT64, "value_ints": INT64}
"""Attributes by which a Constant gives numbers instead of a tensor, and their types."""

ZEROS: Mapping[int, float | bytes] = {1: 0.0, 2: 0, 3: b""}
"""What a float, an integer and a string are where their value is left out, by AttributeType."""

SCOPES = "pkg.torch.onnx.name_scopes"
"""What PyTorch's newer exporter writes beside a node: the modules around it, outermost first, and the call itself."""


@dataclass(frozen=True)
class Initializer:
    """A TensorProto.

    Attributes:
        name: Its name in the graph.
        kind: Its DataType.
        shape: Its shape.
        source: The file that holds its numbers.
        offset: Their first byte.
        size: Their bytes.
        values: The numbers themselves, of a small tensor; None of a large one.
    """

    name: str
    kind: int
    shape: tuple[int, ...]
    source: Source
    offset: int
    size: int
    values: tuple[float, ...] | None

    @property
    def where(self) -> str:
        """File and tensor, for errors."""
        return f"{self.source.name}, tensor {self.name!r} at {self.offset}"

    def extent(self) -> Extent:
        """Give the tensor's place.

        Raises:
            UnsupportedReference: Its numbers are no floats.
            FormatError: Its shape does not fit its bytes.
        """
        number = NUMBERS.get(self.kind)
        if number is None:
            kind = QUANTISED.get(self.kind, f"ONNX's type {self.kind}")
            raise unsupported(self.where, f"numbers of {kind}", "floats: quantised models are not read")
        extent = Extent(self.source, self.offset, number, self.shape, None, self.name)
        if extent.size != self.size:
            raise damaged(self.where, f"shape {self.shape} in {self.size} bytes", f"{extent.size} bytes")
        return extent


Attribute = float | bytes | tuple[float, ...] | Initializer
"""A number, a string, numbers, or a tensor."""


@dataclass(frozen=True)
class Node:
    """A NodeProto.

    Attributes:
        name: Its name, often a path of modules.
        op: What it does.
        domain: Whose op that is; empty for ONNX's own.
        inputs: Names of what it takes.
        outputs: Names of what it gives.
        attributes: Its attributes: numbers, strings, or the tensor of a Constant.
        path: The module that made it, as far as the file says so; empty where it does not.
        where: What errors call it.
    """

    name: str
    op: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute]
    path: str = ""
    where: str = ""

    def attribute(self, name: str, kind: type[D]) -> D:
        """Return an attribute's value, or its op's default.

        Raises:
            FormatError: The value is of another type.
        """
        return attribute(ONNX, self.op, name, self.attributes.get(name), kind, self.where)


@dataclass
class Graph:
    """What an ONNX file holds, as far as a reader of weights needs it."""

    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Initializer] = field(default_factory=dict)


class Scanner:
    """A file's bytes, front to back through one buffer; what is skipped is never held."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._buffer = b""
        self._begin = 0

    def _fill(self, place: int, length: int) -> None:
        if place < self._begin:
            raise damaged(self.source.name, f"byte {place} is wanted after {self._begin}", "fields in order")
        self._skip(place)
        end = self._begin + len(self._buffer)
        if place + length > end:
            more = max(place + length - end, min(BUFFER, self.source.size - end))
            self._buffer = self._buffer[place - self._begin :] + self.source.read_at(end, more)
            self._begin = place

    def _skip(self, place: int) -> None:
        """Read up to `place` without leaps, so that a zip compares its checksum at the end."""
        while self._begin + len(self._buffer) < place:
            self._begin += len(self._buffer)
            self._buffer = self.source.read_at(self._begin, min(BUFFER, place - self._begin))

    def finish(self) -> None:
        """Read what is left."""
        self._skip(self.source.size)

    def take(self, place: int, length: int) -> bytes:
        """Give bytes at `place`."""
        self._fill(place, length)
        begin = place - self._begin
        return self._buffer[begin : begin + length]

    def varint(self, place: int, end: int) -> tuple[int, int]:
        """Give the number at `place`, and the place after it."""
        data = self.take(place, min(10, end - place))
        value, used = read_varint(data, 0, f"{self.source.name} at {place}")
        return value, place + used

    def fields(self, place: int, end: int) -> Iterator[tuple[int, Wire, int, int]]:
        """Give number, wire type, first byte and end of each field's value between two places."""
        while place < end:
            key, place = self.varint(place, end)
            number, wire = split_key(key, self.source.name, place)
            begin = place
            if wire is Wire.VARINT:
                _, place = self.varint(place, end)
            elif wire is Wire.LENGTH:
                length, begin = self.varint(place, end)
                place = begin + length
            else:
                place = begin + FIXED[wire]
            if place > end:
                raise damaged(self.source.name, f"field {number} at {begin} ends at {place}", f"at most {end}")
            yield number, wire, begin, place

    def value(self, wire: Wire, begin: int, end: int) -> Value:
        """Give a field's value."""
        if wire is Wire.VARINT:
            return self.varint(begin, end)[0]
        return self.take(begin, end - begin)


def read_model(source: Source, find: Callable[[str], Source]) -> Graph:
    """Read a ModelProto.

    Args:
        source: The file.
        find: Gives the file of external data by the name under which the model knows it.

    Raises:
        FormatError: It is no ONNX model, or its bytes do not have the zip's checksum.
    """
    scanner = Scanner(source)
    graph = Graph()
    for number, wire, begin, end in scanner.fields(0, source.size):
        if number == 7 and wire is Wire.LENGTH:
            _graph(scanner, begin, end, find, graph)
    scanner.finish()
    if not graph.nodes:
        raise damaged(source.name, "no graph is in it", "an ONNX model")
    return graph


def _graph(scanner: Scanner, begin: int, end: int, find: Callable[[str], Source], graph: Graph) -> None:
    for number, wire, first, last in scanner.fields(begin, end):
        if number == 1 and wire is Wire.LENGTH:
            graph.nodes.append(_node(scanner, first, last, find))
            for initializer in _constants(graph.nodes[-1], scanner.source):
                _add(graph, initializer)
        elif number == 5 and wire is Wire.LENGTH:
            _add(graph, _initializer(scanner, first, last, find))
        if len(graph.nodes) > MOST_NODES or len(graph.tensors) > MOST_TENSORS:
            raise damaged(scanner.source.name, "hundreds of thousands of nodes or tensors", "a model's few thousand")


def _add(graph: Graph, initializer: Initializer) -> None:
    if initializer.name in graph.tensors:
        raise damaged(initializer.where, "this name stands twice", "one tensor for each name")
    graph.tensors[initializer.name] = initializer


def _constants(node: Node, source: Source) -> Iterator[Initializer]:
    """Give what a Constant holds, under the name of its output."""
    if node.op != "Constant" or not node.outputs:
        return
    value = node.attributes.get("value")
    if isinstance(value, Initializer):
        yield replace(value, name=node.outputs[0])
    for name, kind in LITERALS.items():
        literal = node.attributes.get(name)
        if isinstance(literal, int | float | tuple):
            values = literal if isinstance(literal, tuple) else (literal,)
            shape = (len(values),) if isinstance(literal, tuple) else ()
            yield Initializer(node.outputs[0], kind, shape, source, 0, 0, values)


def _node(scanner: Scanner, begin: int, end: int, find: Callable[[str], Source]) -> Node:
    where = f"{scanner.source.name}, node at {begin}"
    texts: dict[int, list[str]] = {}
    attributes: dict[str, Attribute] = {}
    scopes = ""
    for number, wire, first, last in scanner.fields(begin, end):
        if number == 5:
            attributes.update(_attribute(scanner, first, last, find))
        elif number == 9 and last - first <= SMALL:
            pair = _pair(as_bytes(scanner.value(wire, first, last), "a pair", where), where)
            scopes = pair.get(SCOPES, scopes)
        elif number in (1, 2, 3, 4, 7):
            if last - first > SMALL:
                raise damaged(where, f"a name of {last - first} bytes", f"at most {SMALL}")
            texts.setdefault(number, []).append(as_text(scanner.value(wire, first, last), "a name", where))
    name, op, domain = (texts.get(number, [""])[-1] for number in (3, 4, 7))
    path = _path(name, scopes)
    return Node(name, op, domain, tuple(texts.get(1, [])), tuple(texts.get(2, [])), attributes, path, where)


def _path(name: str, scopes: str) -> str:
    """Give a node's module, from a name such as ``/encoder/layer.0/output/dense/MatMul`` or a list of scopes.

    Example:
        >>> _path("/pooler/dense/Gemm", ""), _path("node_embedding", "['', 'm', 'm.word_embeddings', 'embedding']")
        ('pooler/dense', 'm.word_embeddings')
    """
    around = re.findall("'([^']*)'", scopes)
    return around[-2] if len(around) > 1 else name.strip("/").rpartition("/")[0]


def _attribute(scanner: Scanner, begin: int, end: int, find: Callable[[str], Source]) -> dict[str, Attribute]:
    """Read an AttributeProto: a float, an integer, a string, a tensor, or a short list of numbers.

    Writers of proto3 leave a value out that is 0 or empty; then its type alone says that it is there.
    """
    where = f"{scanner.source.name}, attribute at {begin}"
    name = ""
    found: Attribute | None = None
    kind = 0
    listed: list[float] = []
    for number, wire, first, last in scanner.fields(begin, end):
        if number == 5:
            found = _initializer(scanner, first, last, find)
        elif number in (1, 2, 3, 4) and last - first <= SMALL:
            value = scanner.value(wire, first, last)
            if number == 1:
                name = as_text(value, "a name", where)
            elif number == 2:
                found = (as_floats(value, "a float", where) or [0.0])[0]
            else:
                found = as_int(value, "an integer", where) if number == 3 else as_bytes(value, "a string", where)
        elif number == 20 and wire is Wire.VARINT:
            kind = as_int(scanner.value(wire, first, last), "a type", where)
        elif number in (7, 8) and last - first <= SMALL_VALUES and len(listed) <= SMALL_VALUES:
            listed += (as_floats if number == 7 else as_ints)(scanner.value(wire, first, last), "a number", where)
    found = tuple(listed) if 0 < len(listed) <= SMALL_VALUES else found  # a long list is not needed
    found = ZEROS.get(kind) if found is None else found
    return {} if found is None else {name: found}


@dataclass
class _Draft:
    """A TensorProto while its fields are read; `place` is where its numbers lie."""

    name: str = ""
    kind: int = 0
    shape: list[int] = field(default_factory=list)
    place: tuple[int, int] = (0, 0)
    inline: list[int] = field(default_factory=list)
    external: dict[str, str] = field(default_factory=dict)

    def take(self, number: int, value: Value, where: str) -> None:
        """Take a field that is no data."""
        if number == 1:
            self.shape += as_ints(value, "a dimension", where)
        elif number == 2:
            self.kind = as_int(value, "the type", where)
        elif number == 8:
            self.name = as_text(value, "the name", where)
        elif number in (5, 7):
            self.inline += as_ints(value, "a number", where)
        elif number == 13:
            self.external.update(_pair(as_bytes(value, "a pair", where), where))


def _initializer(scanner: Scanner, begin: int, end: int, find: Callable[[str], Source]) -> Initializer:
    """Read a TensorProto, leaving large data where it lies."""
    where = f"{scanner.source.name}, tensor at {begin}"
    draft = _Draft(place=(begin, begin))
    small: bytes | None = None
    for number, wire, first, last in scanner.fields(begin, end):
        if number in (4, 9):
            draft.place = first, last
            small = scanner.take(first, last - first) if last - first <= SMALL_VALUES else None
        elif last - first > SMALL:
            raise damaged(where, f"field {number} of {last - first} bytes", "numbers in raw_data")
        else:
            draft.take(number, scanner.value(wire, first, last), where)
    where = f"{where} ({draft.name!r})"
    if len(draft.shape) > MOST_DIMENSIONS or any(not 0 <= size < 1 << 40 for size in draft.shape):
        raise damaged(where, f"the shape {draft.shape[:20]}", "a few dimensions, none negative")
    source, offset, size = scanner.source, draft.place[0], draft.place[1] - draft.place[0]
    if draft.external:
        source, offset, size = _external(draft.external, find, where, draft.shape, draft.kind)
    values = tuple(draft.inline) or (None if draft.external else _values(small, draft.kind))
    return Initializer(draft.name, draft.kind, tuple(draft.shape), source, offset, size, values)


def _pair(data: bytes, where: str) -> dict[str, str]:
    fields = {number: as_text(value, "external data", where) for number, value in read_fields(data, where)}
    return {fields.get(1, ""): fields.get(2, "")}


def _external(
    pairs: Mapping[str, str], find: Callable[[str], Source], where: str, shape: list[int], kind: int
) -> tuple[Source, int, int]:
    """Find a tensor's bytes in a file beside the model."""
    source = find(pairs.get("location", ""))
    width = NUMBERS[kind].width if kind in NUMBERS else 1
    numbers = [pairs.get("offset", "0"), pairs.get("length", str(math.prod(shape) * width))]
    if not all(number.isdecimal() and len(number) < 20 for number in numbers):
        raise damaged(where, f"offset and length {numbers}", "numbers")
    offset, size = map(int, numbers)
    if offset + size > source.size:
        raise damaged(where, f"{size} bytes at {offset}", f"an end within {source.name}, of {source.size} bytes")
    return source, offset, size


def _values(data: bytes | None, kind: int) -> tuple[float, ...] | None:
    """Give a small tensor's numbers, which may be constants."""
    layout = {1: "f", 10: "e", 11: "d", **INTEGERS}.get(kind)
    if layout is None or not data or len(data) % struct.calcsize(layout):
        return None
    return tuple(number for (number,) in struct.iter_unpack(f"<{layout}", data))


def find_external(members: Mapping[str, Source], where: str) -> Callable[[str], Source]:
    """Give what finds external data among files by name.

    Args:
        members: The files in the model's zip and, failing these, those beside it.
        where: What errors call them.
    """

    @cache
    def find(location: str) -> Source:
        name = location.removeprefix("./")
        datas = [key for key in members if key.endswith("onnx_data") and "/" not in key]
        if name not in members and len(datas) == 1 and "/" not in name:
            name = datas[0]  # Spark NLP renames the file when it saves the model
        if name not in members:
            raise damaged(where, f"it holds {some(members)}", f"the external data {location!r}")
        verify(members[name])
        return members[name]

    return find
