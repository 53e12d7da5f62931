"""Read the names of variables, heads, epsilon and activation from TensorFlow's graph, which is never run.

The messages are defined in tensorflow/core/framework: GraphDef, FunctionDef, NodeDef, AttrValue, TensorProto.
"""

from __future__ import annotations

import math
import re
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from nlu_lite.formats.sparknlp.attributes import TENSORFLOW, D, read_attribute
from nlu_lite.formats.sparknlp.faults import format_error, unsupported_error
from nlu_lite.formats.sparknlp.protobuf import Value, as_bytes, as_floats, as_int, as_ints, as_text, read_fields

AXES = 4  # batch, length, heads, width
MOST_NODES = 1_000_000
MOST_NUMBERS = 128
"""Maximum size of the tensors that are read, such as a shape or an epsilon, in numbers."""

N = TypeVar("N", int, float)
ACTIVATIONS = {"Erf": "gelu", "Tanh": "gelu_new", "Relu": "relu", "Sigmoid": "sigmoid"}
TRANSPOSES = {"MatMul": ("transpose_a", "transpose_b"), "BatchMatMulV2": ("adj_x", "adj_y")}
"""The attributes of products that transpose their inputs."""

SPLIT = re.compile(r"(?P<split>.*attention(?:/self)?/Reshape(?:_\d+)?/shape)(?:/(?P<axis>\d))?$")
EPSILON = re.compile(r"/batchnorm/add/y$")
INSIDE = re.compile(r"(?:encoder|transformer)/")
QUERY = re.compile(r"attention(?:/self)?/query/(?:Tensordot(?:_\d+)?/MatMul|einsum(?:_\d+)?/Einsum|MatMul(?:_\d+)?)$")


@dataclass(frozen=True)
class GraphNode:
    """A node of the graph: its name, its op, the number of its inputs, its attributes as bytes."""

    name: str
    op: str
    inputs: int
    attributes: dict[str, bytes]


@dataclass
class GraphFacts:
    """Facts about a model, collected over all functions of its graph.

    Attributes:
        variables: Names of the VarHandleOps, in order.
        splits: Sizes of the axes of each reshape in an attention, if they are constants.
        axes: The number of axes of each reshape.
        epsilons: Values that layer norms add to the variance.
        activations: Activation functions inside the encoder.
        queries: How often each function multiplies by a query matrix.
    """

    variables: list[str] = field(default_factory=list)
    splits: dict[str, dict[int, int]] = field(default_factory=dict)
    axes: dict[str, int] = field(default_factory=dict)
    epsilons: set[float] = field(default_factory=set)
    activations: set[str] = field(default_factory=set)
    queries: Counter[str] = field(default_factory=Counter)

    def find_heads(self, hidden: int) -> set[int]:
        """Return the numbers of heads into which reshapes to [batch, length, heads, width] split `hidden`."""
        found = set()
        for reshape in [name for name, count in self.axes.items() if count == AXES]:
            sizes = self.splits.get(reshape, {})
            heads, width = sizes.get(2, 0), sizes.get(3)
            open_width = width is None and sizes.get(1) == -1
            if heads > 0 and ((open_width and hidden % heads == 0) or heads * (width or 0) == hidden):
                found.add(heads)
        return found


def read_graph(data: bytes, where: str) -> GraphFacts:
    """Read a GraphDef, or the GraphDef of a SavedModel.

    Args:
        data: The file.
        where: The name of the file in error messages.

    Raises:
        FormatError: The file is neither.
    """
    facts = GraphFacts()
    for function, message in _read_nodes(_find_graph(data, where), where):
        node = _read_node(message, where)
        if node.op == "VarHandleOp" or node.op == "VariableV2":
            facts.variables.append(node.name)
        _note_facts(node, function, facts, where)
    return facts


def _find_graph(data: bytes, where: str) -> bytes:
    """Return the graph: the file itself, as Spark NLP writes it, or the graph inside TensorFlow's SavedModel.

    Field 1 is a node in a GraphDef, and the version of the schema in a SavedModel.
    """
    fields = read_fields(data, where)
    if not isinstance(next(fields, (1, b""))[1], int):
        return data
    graphs = [as_bytes(value, "a meta graph", where) for number, value in fields if number == 2]
    if len(graphs) != 1:
        raise format_error(where, f"a SavedModel with {len(graphs)} graphs", "one graph")
    return as_bytes(dict(read_fields(graphs[0], where)).get(2, b""), "the graph", where)


def _note_facts(node: GraphNode, function: str, facts: GraphFacts, where: str) -> None:
    """Add the facts about the model that a node states."""
    split = SPLIT.match(node.name)
    if split and node.op in ("Const", "Pack"):
        _note_shape(node, split, function, facts, where)
    elif node.op == "Const" and EPSILON.search(node.name):
        facts.epsilons.update(_read_floats(node, where))
    elif node.op.startswith("FusedBatchNorm") and node.op in TENSORFLOW:
        facts.epsilons.add(_find_attribute(node, "epsilon", float, where))
    elif node.op in ACTIVATIONS and INSIDE.search(node.name) and "pooler" not in node.name:
        facts.activations.add(ACTIVATIONS[node.op])
    elif QUERY.search(node.name) and node.op in ("Einsum", *TRANSPOSES):
        _check_transposes(node, where)
        facts.queries[function] += 1


def _check_transposes(node: GraphNode, where: str) -> None:
    """Raise an error for a product that transposes its matrix, since matrices are read as [in, out]."""
    for name in TRANSPOSES.get(node.op, ()):
        if _find_attribute(node, name, bool, where):
            raise unsupported_error(
                f"{where}, node {node.name!r}", f"{name} of {node.op}", "a product of matrices as stored"
            )


def _find_attribute(node: GraphNode, name: str, kind: type[D], where: str) -> D:
    """Return an attribute of a node from its AttrValue, or else the default of its op."""
    place = f"{where}, node {node.name!r}"
    fields = dict(read_fields(node.attributes.get(name, b""), place))
    found: object = None
    if kind is float and 4 in fields:
        found = next(iter(as_floats(fields[4], name, place)), None)
    elif kind is bool and 5 in fields:
        found = as_int(fields[5], name, place) != 0
    return read_attribute(TENSORFLOW, node.op, name, found, kind, place)


def _note_shape(node: GraphNode, split: re.Match[str], function: str, facts: GraphFacts, where: str) -> None:
    """Add the axes of a reshape: a packed constant for each, or one constant for all."""
    reshape = f"{function}/{split['split']}"
    if node.op == "Pack":
        facts.axes[reshape] = node.inputs
        return
    numbers = _read_ints(node, where)
    if split["axis"]:
        facts.splits.setdefault(reshape, {}).update({int(split["axis"]): number for number in numbers[:1]})
    else:
        facts.axes[reshape] = len(numbers)
        facts.splits[reshape] = dict(enumerate(numbers))


def _read_nodes(data: bytes, where: str) -> Iterator[tuple[str, bytes]]:
    """Yield each NodeDef with the name of its function. The name is empty for nodes of the graph itself."""
    count = 0
    for holder, number, message in _read_holders(data, where):
        for node_number, node in read_fields(message, where) if number else [(3, message)]:
            if node_number == 3:
                count += 1
                if count > MOST_NODES:
                    raise format_error(where, f"more than {MOST_NODES} nodes", "a model's few thousand")
                yield holder, as_bytes(node, "a node", where)


def _read_holders(data: bytes, where: str) -> Iterator[tuple[str, int, bytes]]:
    """Yield the nodes of the graph (number 0) and its functions (by their number in the library)."""
    functions = 0
    for number, value in read_fields(data, where):
        if number == 1:
            yield "", 0, as_bytes(value, "a node", where)
        elif number == 2:
            for part, function in read_fields(as_bytes(value, "the library", where), where):
                if part == 1:
                    functions += 1
                    yield f"function {functions}", functions, as_bytes(function, "a function", where)


def _read_node(data: bytes, where: str) -> GraphNode:
    name, op, inputs, attributes = "", "", 0, {}
    for number, value in read_fields(data, where):
        if number == 1:
            name = as_text(value, "a node's name", where)
        elif number == 2:
            op = as_text(value, "a node's op", where)
        elif number == 3:
            inputs += not as_bytes(value, "an input", where).startswith(b"^")
        elif number == 5:
            entry = dict(read_fields(as_bytes(value, "an attribute", where), where))
            key = as_text(entry.get(1, b""), "an attribute's name", where)
            attributes[key] = as_bytes(entry.get(2, b""), "an attribute's value", where)
    return GraphNode(name, op, inputs, attributes)


def _read_tensor(node: GraphNode, where: str) -> dict[int, list[Value]]:
    """Return the fields of a Const's TensorProto."""
    place = f"{where}, node {node.name!r}"
    fields: dict[int, list[Value]] = {}
    for number, value in read_fields(node.attributes.get("value", b""), place):
        if number == 8:
            for part, item in read_fields(as_bytes(value, "a tensor", place), place):
                fields.setdefault(part, []).append(item)
    return fields


def _read_ints(node: GraphNode, where: str) -> list[int]:
    fields = _read_tensor(node, where)
    values = [number for n in (7, 10) for item in fields.get(n, []) for number in as_ints(item, "a number", where)]
    values = values or [int(number) for number in _read_content(fields, node, where)]
    return _repeat_last(values, _count_numbers(fields, node, where))


def _read_floats(node: GraphNode, where: str) -> list[float]:
    fields = _read_tensor(node, where)
    values = [number for item in fields.get(5, []) for number in as_floats(item, "a number", where)]
    values = values or [float(number) for number in _read_content(fields, node, where)]
    return _repeat_last(values, _count_numbers(fields, node, where))


def _count_numbers(fields: dict[int, list[Value]], node: GraphNode, where: str) -> int:
    """Return the number of values of a tensor. Only small tensors are read."""
    place = f"{where}, node {node.name!r}"
    sizes = []
    for number, value in read_fields(as_bytes(fields.get(2, [b""])[-1], "a shape", place), place):
        if number == 2:
            dimension = dict(read_fields(as_bytes(value, "a dimension", place), place))
            sizes.append(as_int(dimension.get(1, 0), "a dimension", place))
    size = math.prod(sizes)
    if not 0 <= size <= MOST_NUMBERS:
        raise format_error(place, f"a tensor of {size} numbers", f"at most {MOST_NUMBERS}")
    return size


def _repeat_last(values: list[N], size: int) -> list[N]:
    """Repeat the last number, since TensorFlow leaves out repetitions. If there is no number, all are 0.

    Example:
        >>> _repeat_last([0, -1, 2], 5), _repeat_last([], 2), _repeat_last([7], 1)
        ([0, -1, 2, 2, 2], [0, 0], [7])
    """
    rest: list[N] = (values or [0])[-1:]
    return values + rest * (size - len(values))


CONTENT = {1: "f", 2: "d", 3: "i", 9: "q", 19: "e"}
"""The layout of numbers in `tensor_content`, by DataType."""


def _read_content(fields: dict[int, list[Value]], node: GraphNode, where: str) -> list[float]:
    content = b"".join(as_bytes(item, "content", where) for item in fields.get(4, []))
    layout = f"<{CONTENT.get(as_int(fields.get(1, [0])[-1], 'a type', where), 'f')}"
    if len(content) % struct.calcsize(layout) or len(content) > 1024:
        raise format_error(where, f"node {node.name!r} has {len(content)} bytes", f"a few numbers of type {layout}")
    return [number for (number,) in struct.iter_unpack(layout, content)]
