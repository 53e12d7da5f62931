"""Read ONNX files from front to back, without their weights (onnx/onnx.proto of github.com/onnx/onnx)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from nlu_lite.formats.sparknlp.archive import ByteSource
from nlu_lite.formats.sparknlp.faults import format_error
from nlu_lite.formats.sparknlp.onnxrecords import Attribute, Initializer, OnnxGraph, OnnxNode
from nlu_lite.formats.sparknlp.onnxscanner import SMALL, Scanner, read_pair
from nlu_lite.formats.sparknlp.onnxtensors import SMALL_VALUES, read_initializer
from nlu_lite.formats.sparknlp.protobuf import Wire, as_bytes, as_floats, as_int, as_ints, as_text

MOST_NODES = 200_000
MOST_TENSORS = 50_000

FLOAT, INT64 = 1, 7
LITERALS = {"value_float": FLOAT, "value_floats": FLOAT, "value_int": INT64, "value_ints": INT64}
"""Attributes of a Constant that are numbers instead of a tensor, and their types."""

ZEROS: Mapping[int, float | bytes] = {1: 0.0, 2: 0, 3: b""}
"""The value of a float, an integer and a string if it is left out, by AttributeType."""

SCOPES = "pkg.torch.onnx.name_scopes"
"""The property in which PyTorch's newer exporter lists the modules of a node, outermost first, and its call."""


def read_model(source: ByteSource, find: Callable[[str], ByteSource]) -> OnnxGraph:
    """Read a ModelProto.

    Args:
        source: The file.
        find: The function that finds a file of external data by its name in the model.

    Raises:
        FormatError: It is not an ONNX model, or its bytes do not match the checksum in the zip.
    """
    scanner = Scanner(source)
    graph = OnnxGraph()
    for number, wire, begin, end in scanner.read_fields(0, source.size):
        if number == 7 and wire is Wire.LENGTH:
            _read_graph(scanner, begin, end, find, graph)
    scanner.finish()
    if not graph.nodes:
        raise format_error(source.name, "it has no graph", "an ONNX model")
    return graph


def _read_graph(scanner: Scanner, begin: int, end: int, find: Callable[[str], ByteSource], graph: OnnxGraph) -> None:
    for number, wire, first, last in scanner.read_fields(begin, end):
        if number == 1 and wire is Wire.LENGTH:
            graph.nodes.append(_read_node(scanner, first, last, find))
            for initializer in _read_constants(graph.nodes[-1], scanner.source):
                _add_tensor(graph, initializer)
        elif number == 5 and wire is Wire.LENGTH:
            _add_tensor(graph, read_initializer(scanner, first, last, find))
        if len(graph.nodes) > MOST_NODES or len(graph.tensors) > MOST_TENSORS:
            raise format_error(
                scanner.source.name, "hundreds of thousands of nodes or tensors", "a model's few thousand"
            )


def _add_tensor(graph: OnnxGraph, initializer: Initializer) -> None:
    if initializer.name in graph.tensors:
        raise format_error(initializer.where, "this name is repeated", "one tensor for each name")
    graph.tensors[initializer.name] = initializer


def _read_constants(node: OnnxNode, source: ByteSource) -> Iterator[Initializer]:
    """Yield the value of a Constant, by the name of its output."""
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


def _read_node(scanner: Scanner, begin: int, end: int, find: Callable[[str], ByteSource]) -> OnnxNode:
    where = f"{scanner.source.name}, node at {begin}"
    texts: dict[int, list[str]] = {}
    attributes: dict[str, Attribute] = {}
    scopes = ""
    for number, wire, first, last in scanner.read_fields(begin, end):
        if number == 5:
            attributes.update(_read_attribute(scanner, first, last, find))
        elif number == 9 and last - first <= SMALL:
            pair = read_pair(as_bytes(scanner.read_value(wire, first, last), "a pair", where), where)
            scopes = pair.get(SCOPES, scopes)
        elif number in (1, 2, 3, 4, 7):
            if last - first > SMALL:
                raise format_error(where, f"a name of {last - first} bytes", f"at most {SMALL}")
            texts.setdefault(number, []).append(as_text(scanner.read_value(wire, first, last), "a name", where))
    name, op, domain = (texts.get(number, [""])[-1] for number in (3, 4, 7))
    path = _find_module(name, scopes)
    return OnnxNode(name, op, domain, tuple(texts.get(1, [])), tuple(texts.get(2, [])), attributes, path, where)


def _find_module(name: str, scopes: str) -> str:
    """Return a node's module from a name such as ``/encoder/layer.0/output/dense/MatMul`` or a list of scopes.

    Example:
        >>> _find_module("/pooler/dense/Gemm", "")
        'pooler/dense'
        >>> _find_module("node_embedding", "['', 'm', 'm.word_embeddings', 'embedding']")
        'm.word_embeddings'
    """
    around = re.findall("'([^']*)'", scopes)
    return around[-2] if len(around) > 1 else name.strip("/").rpartition("/")[0]


def _read_attribute(scanner: Scanner, begin: int, end: int, find: Callable[[str], ByteSource]) -> dict[str, Attribute]:
    """Read an AttributeProto: a float, an integer, a string, a tensor, or a short list of numbers.

    Writers of proto3 leave out a value that is 0 or empty. Only its type then shows that it exists.
    """
    where = f"{scanner.source.name}, attribute at {begin}"
    name = ""
    found: Attribute | None = None
    kind = 0
    listed: list[float] = []
    for number, wire, first, last in scanner.read_fields(begin, end):
        if number == 5:
            found = read_initializer(scanner, first, last, find)
        elif number in (1, 2, 3, 4) and last - first <= SMALL:
            value = scanner.read_value(wire, first, last)
            if number == 1:
                name = as_text(value, "a name", where)
            elif number == 2:
                found = (as_floats(value, "a float", where) or [0.0])[0]
            else:
                found = as_int(value, "an integer", where) if number == 3 else as_bytes(value, "a string", where)
        elif number == 20 and wire is Wire.VARINT:
            kind = as_int(scanner.read_value(wire, first, last), "a type", where)
        elif number in (7, 8) and last - first <= SMALL_VALUES and len(listed) <= SMALL_VALUES:
            listed += (as_floats if number == 7 else as_ints)(scanner.read_value(wire, first, last), "a number", where)
    found = tuple(listed) if 0 < len(listed) <= SMALL_VALUES else found  # no reader uses longer lists
    found = ZEROS.get(kind) if found is None else found
    return {} if found is None else {name: found}
