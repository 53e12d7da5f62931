"""Read the ONNX engine: the graph is followed to name tensors and to find facts about the model."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property

from nlu_lite.formats.sparknlp.archive import ByteSource, name_some, read_zip
from nlu_lite.formats.sparknlp.faults import format_error, unsupported_error
from nlu_lite.formats.sparknlp.kinds import ModelFamily, measure_sizes
from nlu_lite.formats.sparknlp.names import is_other, write_as_torch
from nlu_lite.formats.sparknlp.network import Network, map_names, require_one
from nlu_lite.formats.sparknlp.onnx import read_model
from nlu_lite.formats.sparknlp.onnxrecords import Initializer, OnnxGraph, OnnxNode
from nlu_lite.formats.sparknlp.onnxtensors import find_external
from nlu_lite.formats.sparknlp.values import Tensor, keep_orientation, transpose

PASS_THROUGH = ("Identity", "Cast", "Dropout")
"""Ops that change the name or type of a tensor, but not its numbers."""

INT8 = ("DequantizeLinear", "QuantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "QLinearMatMul", "MatMulNBits")
ACTIVATIONS = {"Erf": "gelu", "Tanh": "gelu_new", "Relu": "relu", "Sigmoid": "sigmoid"}
FAR = 12
"""Maximum number of nodes between a product and the ops that use it."""


class GraphIndex:
    """Finds the nodes and tensors of a graph by their inputs and outputs."""

    def __init__(self, graph: OnnxGraph, where: str) -> None:
        self.graph = graph
        self.where = where

    @cached_property
    def producers(self) -> Mapping[str, OnnxNode]:
        """The node that computes each value."""
        producers: dict[str, OnnxNode] = {}
        for node in self.graph.nodes:
            for output in filter(None, node.outputs):
                if output in producers:
                    raise format_error(self.where, f"two nodes compute {output!r}", "one node for each value")
                producers[output] = node
        return producers

    @cached_property
    def consumers(self) -> Mapping[str, list[OnnxNode]]:
        """The nodes that have each value as an input."""
        consumers: dict[str, list[OnnxNode]] = defaultdict(list)
        for node in self.graph.nodes:
            for name in dict.fromkeys(node.inputs):
                consumers[name].append(node)
        return consumers

    def find_tensor(self, name: str) -> Initializer | None:
        """Return the tensor behind a value, through nodes that do not change it."""
        for _ in range(FAR):
            if name in self.graph.tensors:
                return self.graph.tensors[name]
            node = self.producers.get(name)
            if node is None or not _passes_through(node) or not node.inputs:
                return None
            name = node.inputs[0]
        return None

    def find_number(self, name: str) -> float | None:
        """Return the single number behind a value. None if it is not a constant."""
        tensor = self.find_tensor(name)
        return tensor.values[0] if tensor and tensor.values and len(tensor.values) == 1 else None

    def find_numbers(self, name: str, depth: int = 4) -> list[float | None]:
        """Return the numbers of a shape, with None for each number that is not a constant."""
        tensor = self.find_tensor(name)
        if tensor is not None:
            return list(tensor.values or ())
        node = self.producers.get(name)
        if node is None or not node.inputs or depth == 0:
            return [None]
        if node.op == "Concat":
            return [number for part in node.inputs[:8] for number in self.find_numbers(part, depth - 1)]
        return self.find_numbers(node.inputs[0], depth - 1) if node.op in ("Unsqueeze", *PASS_THROUGH) else [None]

    @cached_property
    def products(self) -> list[OnnxNode]:
        """The nodes that multiply."""
        return [node for node in self.graph.nodes if node.op in ("MatMul", "Gemm") and len(node.inputs) > 1]

    def find_matrix(self, node: OnnxNode) -> Initializer | None:
        """Return the matrix of a product, transposed or not. None if it is not a tensor."""
        producer = self.producers.get(node.inputs[1])
        is_turned = producer is not None and producer.op == "Transpose" and len(producer.inputs) > 0
        return self.find_tensor(producer.inputs[0] if producer is not None and is_turned else node.inputs[1])

    def find_users(self, name: str) -> Iterator[tuple[OnnxNode, str]]:
        """Yield the nodes that use a value, each with its name for the value."""
        names = [name]
        for value in names:
            for node in self.consumers.get(value, ()):
                if not _passes_through(node):
                    yield node, value
                elif len(names) < FAR:
                    names += node.outputs

    def follow(self, name: str, stop: tuple[str, ...]) -> Iterator[OnnxNode]:
        """Yield the nodes that a value reaches, nearest first, without following the ops in `stop`."""
        seen, edge = {name}, [name]
        for _ in range(FAR):
            nodes = [node for value in edge for node in self.consumers.get(value, ())]
            yield from nodes
            onward = [value for node in nodes if node.op not in stop for value in node.outputs]
            edge = [value for value in dict.fromkeys(onward) if value not in seen]
            seen.update(edge)


def read_onnx(source: ByteSource, siblings: Mapping[str, ByteSource], family: ModelFamily) -> Network:
    """Read ``<kind>_onnx``.

    Args:
        source: The zip.
        siblings: The other files of the archive, where newer releases put external data.
        family: The expected family of the model.

    Raises:
        FormatError: A part is damaged or missing, or exceeds a limit.
        UnsupportedReference: The graph is quantized, or has unknown fused ops.
    """
    members = {name.rpartition("/")[2]: member for name, member in read_zip(source).items()}
    models = [member for name, member in members.items() if name.endswith(".onnx")]
    if len(models) != 1:
        raise format_error(source.name, f"it holds {name_some(members)}", "one .onnx file")
    graph = read_model(models[0], find_external({**siblings, **members}, source.name))
    index = GraphIndex(graph, models[0].name)
    _check_ops(index)
    return _build_network(index, family)


def _build_network(index: GraphIndex, family: ModelFamily) -> Network:
    found = _name_tensors(index, family)
    own = map_names(family, found, index.where)
    tensors = {name: _read_tensor(index, found[has]) for name, has in own.items()}
    sizes = measure_sizes(family, {name: tensor.shape for name, tensor in tensors.items()}, index.where)
    queries = [found[has] for name, has in own.items() if name.endswith(f"{family.query}.weight")]
    inner = [found[has] for name, has in own.items() if name.endswith(f".{family.feed_forward}.weight")]
    return Network(
        tensors=dict(sorted(tensors.items(), key=lambda item: (item[1].extent.source.name, item[1].extent.offset))),
        sizes=sizes,
        heads=require_one(set(_find_heads(index, queries, sizes["H"])), "the number of heads", index.where),
        epsilon=require_one(set(_find_epsilons(index)), "the layer norms' epsilon", index.where),
        activation=require_one(set(_find_activations(index, inner)), "the activation", index.where),
        passes=len({id(node) for name in queries for node in _find_products(index, name)}),
    )


def _check_ops(index: GraphIndex) -> None:
    """Raise an error for a graph with quantized numbers or with ops of other domains than ONNX's own."""
    for node in index.graph.nodes:
        if node.op in INT8 or node.domain not in ("", "ai.onnx"):
            op = f"{node.domain}.{node.op}" if node.domain else node.op
            graph = "a quantized graph" if node.op in INT8 else "a fused graph"
            raise unsupported_error(
                f"{index.where}, node {node.name!r}", f"the op {op} of {graph}", "a plain export in floats"
            )


def _name_tensors(index: GraphIndex, family: ModelFamily) -> dict[str, str]:
    """Return the graph's value for each tensor by the tensor's name in torch's style.

    Names that the exporter kept are used unchanged. A matrix or bias that lost its name is named after the bias of the
    same product, or after the path of the node that uses it.
    """
    found: dict[str, str] = {}
    for node in index.graph.nodes:
        for name, value in (*_find_kept(index, node, family), *_find_lost(index, node, family)):
            plain = write_as_torch(name)
            if index.find_tensor(found.setdefault(plain, value)) is not index.find_tensor(value):
                raise format_error(index.where, f"{found[plain]!r} and {value!r} are both {plain!r}", "one tensor")
    taken = {tensor.name for value in found.values() if (tensor := index.find_tensor(value))}
    for name, tensor in index.graph.tensors.items():
        is_weight = tensor.kind not in (6, 7, 9) and (tensor.values is None or math.prod(tensor.shape) > 1)
        if is_weight and name not in taken and not is_other(write_as_torch(name)):
            raise format_error(tensor.where, "it is used by no known part of the model", "the model's tensors only")
    return found


def _find_kept(index: GraphIndex, node: OnnxNode, family: ModelFamily) -> Iterator[tuple[str, str]]:
    """Yield the inputs of a node that still have the names of the model's tensors."""
    for name in node.inputs:
        if family.find_name(write_as_torch(name)) and index.find_tensor(name):
            yield name, name


def _find_lost(index: GraphIndex, node: OnnxNode, family: ModelFamily) -> Iterator[tuple[str, str]]:
    """Yield the tensors of a node that lost their names, with names derived from other tensors or from its path."""
    if node.op in ("MatMul", "Gemm", "Gather") and len(node.inputs) > 1:
        yield from _name_lost_matrix(index, node, family)
    for value, part in _list_vectors(node):
        tensor, name = index.find_tensor(value), f"{node.path}/{part}"
        is_lost = tensor is not None and len(tensor.shape) == 1 and not family.find_name(write_as_torch(tensor.name))
        if is_lost and family.find_name(write_as_torch(name)):
            yield name, value


def _list_vectors(node: OnnxNode) -> list[tuple[str, str]]:
    """Return the inputs of a node that may be vectors of a module, with their names in the module."""
    if node.op == "LayerNormalization":
        return list(zip(node.inputs[1:], ("weight", "bias"), strict=False))
    part = {"Mul": "weight", "Add": "bias", "Gemm": "bias"}.get(node.op)
    return [(value, part) for value in node.inputs] if part else []


def _name_lost_matrix(index: GraphIndex, node: OnnxNode, family: ModelFamily) -> Iterator[tuple[str, str]]:
    """Yield the matrix of a product or lookup that lost its name, named after the bias or the node's path."""
    matrix = node.inputs[0 if node.op == "Gather" else 1]
    if index.find_tensor(matrix) is None or family.find_name(write_as_torch(matrix)):
        return
    biases = [node.inputs[2]] if node.op == "Gemm" and len(node.inputs) > 2 else []
    sums = [consumer for consumer in index.consumers.get(node.outputs[0], ()) if consumer.op == "Add"]
    biases += [name for consumer in sums for name in consumer.inputs]
    names = {
        f"{bias.removesuffix('.bias')}.weight" for bias in biases if bias.endswith(".bias") and index.find_tensor(bias)
    }
    names |= {f"{node.path}/weight"} if node.path and not names else set()
    for name in names:
        yield name, matrix


def _read_tensor(index: GraphIndex, value: str) -> Tensor:
    """Return a tensor in torch's orientation: the matrix of a product is transposed, unless the graph transposes it."""
    tensor = index.find_tensor(value)
    if tensor is None:
        raise format_error(index.where, f"{value!r} is not a tensor", "a tensor")
    extent = tensor.locate()
    uses = list(index.find_users(value))
    for node, name in uses:
        _check_use(index, node, name)
    if len(tensor.shape) == 2 and any(_is_product(node, name) for node, name in uses):
        return Tensor(extent, (tensor.shape[1], tensor.shape[0]), transpose)
    return Tensor(extent, tensor.shape, keep_orientation)


def _is_product(node: OnnxNode, value: str) -> bool:
    is_matmul = node.op == "MatMul" or (node.op == "Gemm" and not node.read_attribute("transB", int))
    return is_matmul and len(node.inputs) > 1 and node.inputs[1] == value


def _check_use(index: GraphIndex, node: OnnxNode, value: str) -> None:
    """Raise an error for a node that uses a tensor in another way than the model's layers do."""
    if node.op == "Gemm":
        scales = node.read_attribute("alpha", float), node.read_attribute("beta", float)
        if scales != (1, 1) or node.read_attribute("transA", int):
            raise unsupported_error(
                f"{index.where}, node {node.name!r}", f"a Gemm that scales by {scales} or transposes", "a plain Gemm"
            )
    if node.op == "Gather" and node.inputs[0] == value and node.read_attribute("axis", int) not in (0, -2):
        raise unsupported_error(
            f"{index.where}, node {node.name!r}", f"a lookup in columns of {value!r}", "one in rows"
        )


def _passes_through(node: OnnxNode) -> bool:
    """Return whether the output of a node is its first input, with another name or type."""
    if node.op == "Transpose":
        perm = node.read_attribute("perm", tuple)
        return len(perm) > 0 and perm == tuple(range(len(perm)))
    return node.op in PASS_THROUGH


def _find_products(index: GraphIndex, value: str) -> list[OnnxNode]:
    """Return the products with a matrix, under any name, also if it is transposed first."""
    tensor = index.find_tensor(value)
    return [node for node in index.products if index.find_matrix(node) is tensor]


def _find_heads(index: GraphIndex, queries: list[str], hidden: int) -> Iterator[int]:
    """Yield the number of heads in the reshape after each product with a query matrix."""
    for product in (product for query in queries for product in _find_products(index, query)):
        reshapes = index.follow(product.outputs[0], ("MatMul", "Gemm", "Softmax", "Reshape"))
        shapes = [
            index.find_numbers(node.inputs[1]) for node in reshapes if node.op == "Reshape" and len(node.inputs) > 1
        ]
        heads = [_count_heads(shape[-2], shape[-1], hidden) for shape in shapes if len(shape) in (3, 4)]
        yield from [count for count in heads if count][:1]


def _count_heads(first: float | None, second: float | None, hidden: int) -> int:
    """Return the number of heads of a shape [..., heads, width], one of which may be open. 0 for any other shape.

    Example:
        >>> [_count_heads(*axes, 16) for axes in ((2, 8), (-1, 8), (2, None), (-1, 16), (None, -1))]
        [2, 2, 2, 1, 0]
    """
    heads, width = int(first or -1), int(second or -1)
    heads = hidden // width if heads < 0 < width and hidden % width == 0 else heads
    width = hidden // heads if width < 0 < heads and hidden % heads == 0 else width
    return heads if heads * width == hidden and heads > 0 else 0


def _find_epsilons(index: GraphIndex) -> Iterator[float]:
    """Yield the number added before each square root, or the epsilon of each LayerNormalization."""
    for node in index.graph.nodes:
        if node.op == "LayerNormalization":
            yield node.read_attribute("epsilon", float)
        producer = index.producers.get(node.inputs[0]) if node.op == "Sqrt" and node.inputs else None
        if producer is not None and producer.op == "Add":
            yield from [number for number in map(index.find_number, producer.inputs) if number is not None]


def _find_activations(index: GraphIndex, inner: list[str]) -> Iterator[str]:
    """Yield the activation after each product in the feed-forward layers."""
    for product in (product for matrix in inner for product in _find_products(index, matrix)):
        for node in index.follow(product.outputs[0], ("MatMul", "Gemm", "LayerNormalization", "ReduceMean")):
            if node.op == "Gelu":
                yield "gelu_new" if node.read_attribute("approximate", bytes) == b"tanh" else "gelu"
            elif node.op in ACTIVATIONS:
                yield ACTIVATIONS[node.op]
