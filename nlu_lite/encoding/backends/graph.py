"""Build an encoder as a graph of OpenVINO's operations, directly from a checkpoint's tensors.

The input is the sum of the embeddings: inside the graph, OpenVINO would read the whole matrix of word embeddings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu_lite.encoding.backends.checks import configuration_error
from nlu_lite.encoding.backends.kinds import BUCKETS, NORM, RELATIVE, EncoderDescription
from nlu_lite.records import Checkpoint, Floats

EMBEDDED, MASK, ROWS = "embedded", "mask", "rows"
FARTHEST = 128
"""Distance from which all relative positions of MPNet have the same bias."""
LEAST = -1e30
"""The number that is added to scores at padding, so that their softmax is 0.

The least float32 would be infinite in bf16, and 0 times infinity is NaN.
"""

Node = Any
Activation = Callable[[Any, Node], Node]
"""Takes the operations and a node."""


def _build_swish(factor: float) -> Activation:
    return lambda opset, x: opset.multiply(x, opset.sigmoid(opset.multiply(x, opset.constant(np.float32(factor)))))


def _build_erf_gelu(opset: Any, x: Node) -> Node:
    return opset.gelu(x, "erf")


def _build_tanh_gelu(opset: Any, x: Node) -> Node:
    return opset.gelu(x, "tanh")


ACTIVATIONS: Mapping[str, Activation] = {
    "gelu": _build_erf_gelu,
    "gelu_python": _build_erf_gelu,
    "gelu_new": _build_tanh_gelu,
    "gelu_fast": _build_tanh_gelu,
    "gelu_accurate": _build_tanh_gelu,
    "gelu_pytorch_tanh": _build_tanh_gelu,
    "gelu_python_tanh": _build_tanh_gelu,
    "quick_gelu": _build_swish(1.702),
    "relu": lambda opset, x: opset.relu(x),
    "silu": _build_swish(1),
    "swish": _build_swish(1),
    "tanh": lambda opset, x: opset.tanh(x),
    "sigmoid": lambda opset, x: opset.sigmoid(x),
    "linear": lambda _, x: x,
    "mish": lambda opset, x: opset.mish(x),
}
"""By the name in the configuration."""


@dataclass(frozen=True)
class BuiltGraph:
    """A graph, and the arrays of its weights, which it does not copy.

    Attributes:
        model: An ``openvino.Model`` that takes ``embedded``, float32 [windows, length, embedding]; ``mask``, float32
            [windows, length], 1 for pieces and 0 for padding; and ``rows``, int64 [rows], the requested positions. It
            returns these positions of each state, float32 [rows, d].
        tensors: The weights.
    """

    model: Any
    tensors: Sequence[Floats]


def build_graph(
    openvino: Any, checkpoint: Checkpoint, encoder: EncoderDescription, layers: Sequence[int]
) -> BuiltGraph:
    """Build the model up to the last of the requested layers.

    Args:
        openvino: The package.
        checkpoint: The weights, with the shapes of the description.
        encoder: The description of the encoder.
        layers: Numbers of the hidden states that the model returns, in this order; 0 is the embeddings.

    Raises:
        ModelError: The activation is unknown, or the shape of a tensor contradicts the configuration.
    """
    from openvino import opset13 as opset

    graph = GraphBuilder(opset, checkpoint, encoder)
    embedded = opset.parameter([-1, -1, encoder.embedding], np.float32, name=EMBEDDED)
    mask = opset.parameter([-1, -1], np.float32, name=MASK)
    rows = opset.parameter([-1], np.int64, name=ROWS)
    for parameter in (embedded, mask, rows):
        parameter.output(0).set_names({parameter.get_friendly_name()})
    states = graph.build_states(embedded, mask, rows, layers)
    model = openvino.Model([opset.result(state) for state in states], [embedded, mask, rows])
    return BuiltGraph(model, graph.tensors)


class GraphBuilder:
    """Builds the operations of one encoder.

    Args:
        opset: OpenVINO's operations.
        checkpoint: The weights.
        encoder: The description of the encoder.

    Attributes:
        tensors: The weights that operations hold so far.
    """

    def __init__(self, opset: Any, checkpoint: Checkpoint, encoder: EncoderDescription) -> None:
        self._opset, self._checkpoint, self._encoder = opset, checkpoint, encoder
        self.tensors: list[Floats] = []
        self._heads, self._head = encoder.heads, encoder.width // encoder.heads
        self._activate = partial(find_activation(encoder), opset)

    def build_states(self, embedded: Node, mask: Node, rows: Node, layers: Sequence[int]) -> list[Node]:
        """Return the rows of the hidden states of these layers, [rows, d] each."""
        state = self._build_norm(embedded, NORM)
        if self._encoder.projected:
            state = self._build_dense(state, str(self._encoder.kind.projection))
        bias, last = self._build_bias(state, mask), max(layers)
        found = {0: self._take_rows(state, rows)}
        for layer in range(last):
            *others, prefix = self._encoder.prefixes(layer)
            for other in others:
                state = self._build_layer(state, bias, other, None)
            # Nothing attends to the states of the last layer, so only the requested ones are computed.
            state = self._build_layer(state, bias, prefix, rows if layer + 1 == last else None)
            found[layer + 1] = state if layer + 1 == last else self._take_rows(state, rows)
        return [found[layer] for layer in layers]

    def _build_layer(self, state: Node, bias: Node, prefix: str, rows: Node | None) -> Node:
        """Return a layer's states, [windows, length, d]; or some rows of them, [rows, d]."""
        opset, names = self._opset, self._encoder.kind.names
        context = self._build_attention(state, bias, prefix)
        if rows is not None:
            context, state = self._take_rows(context, rows), self._take_rows(state, rows)
        seen = self._build_dense(context, prefix + names.output)
        attended = self._build_norm(opset.add(seen, state), prefix + names.attention_norm)
        inner = self._activate(self._build_dense(attended, prefix + names.wider))
        added = opset.add(self._build_dense(inner, prefix + names.narrower), attended)
        return self._build_norm(added, prefix + names.norm)

    def _take_rows(self, state: Node, rows: Node) -> Node:
        flat = self._opset.reshape(state, self._whole(-1, self._encoder.width), False)
        return self._opset.gather(flat, rows, self._scalar(0))

    def _build_attention(self, state: Node, bias: Node, prefix: str) -> Node:
        opset, names = self._opset, self._encoder.kind.names
        query, key, value = (self._split_heads(state, prefix + name) for name in (names.query, names.key, names.value))
        scaled = opset.multiply(query, self._number(self._head**-0.5))
        scores = opset.add(opset.matmul(scaled, key, False, True), bias)
        seen = opset.matmul(opset.softmax(scores, 3), value, False, False)
        ordered = opset.transpose(seen, self._whole(0, 2, 1, 3))
        return opset.reshape(ordered, self._whole(0, 0, self._encoder.width), True)

    def _split_heads(self, state: Node, name: str) -> Node:
        """Return a product, [windows, heads, length, d / heads]."""
        heads = self._opset.reshape(self._build_dense(state, name), self._whole(0, 0, self._heads, self._head), True)
        return self._opset.transpose(heads, self._whole(0, 2, 1, 3))

    def _build_bias(self, state: Node, mask: Node) -> Node:
        """Return the bias that is added to scores: `LEAST` at padding, and MPNet's bias by relative position."""
        opset = self._opset
        padding = opset.multiply(opset.subtract(self._number(1), mask), self._number(LEAST))
        bias = opset.unsqueeze(padding, self._whole(1, 2))
        return opset.add(bias, self._build_relative(state)) if self._encoder.kind.relative else bias

    def _build_relative(self, state: Node) -> Node:
        """Return the bias by relative position, [1, heads, length, length]."""
        opset, farthest = self._opset, self._encoder.size("max_position_embeddings")
        table = self._encoder.tensor(self._checkpoint, RELATIVE)[bucket_distances(np.arange(-farthest, farthest + 1))].T
        length = opset.gather(opset.shape_of(state, "i64"), self._scalar(1), self._scalar(0))
        places = opset.range(self._scalar(0), length, self._scalar(1), "i64")
        keys, queries = opset.unsqueeze(places, self._whole(0)), opset.unsqueeze(places, self._whole(1))
        distance = opset.add(opset.subtract(keys, queries), self._scalar(farthest))
        values = opset.gather(opset.constant(np.ascontiguousarray(table)), distance, self._scalar(1))
        return opset.unsqueeze(values, self._whole(0))

    def _build_dense(self, state: Node, name: str) -> Node:
        product = self._opset.matmul(state, self._build_weight(f"{name}.weight"), False, True)
        return self._opset.add(product, self._build_weight(f"{name}.bias"))

    def _build_norm(self, state: Node, name: str) -> Node:
        opset = self._opset
        scaled = opset.mvn(state, self._whole(-1), True, self._encoder.epsilon, "INSIDE_SQRT")
        scaled = opset.multiply(scaled, self._build_weight(f"{name}.weight"))
        return opset.add(scaled, self._build_weight(f"{name}.bias"))

    def _build_weight(self, name: str) -> Node:
        """Return a tensor, without a copy if it is contiguous and writable: OpenVINO shares no other arrays."""
        array = np.require(self._encoder.tensor(self._checkpoint, name), np.float32, ["C", "W", "A"])
        self.tensors.append(array)
        return self._opset.constant(array, shared_memory=True)

    def _number(self, value: float) -> Node:
        return self._opset.constant(np.float32(value))

    def _scalar(self, value: int) -> Node:
        return self._opset.constant(np.int64(value))

    def _whole(self, *values: int) -> Node:
        return self._opset.constant(np.array(values, np.int64))


def find_activation(encoder: EncoderDescription) -> Activation:
    """Return the activation between a layer's dense layers.

    Raises:
        ModelError: The backend does not have it.
    """
    chosen = encoder.settings["hidden_act"]
    if not isinstance(chosen, str) or chosen not in ACTIVATIONS:
        raise configuration_error(encoder.model_type, f"hidden_act={chosen!r} is none of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[chosen]


def bucket_distances(distance: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return MPNet's bucket of each distance from a query to a key. Buckets are wider for larger distances.

    Example:
        >>> bucket_distances(np.array([-200, -1, 0, 1, 8, 200])).tolist()
        [15, 1, 0, 17, 24, 31]
    """
    half = BUCKETS // 2
    exact, far = half // 2, np.abs(distance)
    share = np.log(np.maximum(far, 1).astype(np.float32) / np.float32(exact)) / np.float32(math.log(FARTHEST / exact))
    wide = np.minimum(exact + (share * np.float32(half - exact)).astype(np.int64), half - 1)
    found: NDArray[np.int64] = np.where(distance > 0, half, 0) + np.where(far < exact, far, wide)
    return found


def add_embeddings(words: Floats, positions: Floats, types: Floats | None, numbers: NDArray[np.int64]) -> Floats:
    """Add the embeddings, in the order of transformers.

    Args:
        words: float32 [windows, length, embedding], changed in place.
        positions: float32 [positions, embedding].
        types: float32 [embedding] of the first token type; None if the model has no token types.
        numbers: int64 [windows, length], rows of the positions.
    """
    if types is not None:
        words += types
    words += positions[numbers]
    return words


def number_positions(ids: NDArray[np.int64], padding: int | None) -> NDArray[np.int64]:
    """Return the position of each id: from 0, or after the padding id, which is then the position of padding.

    Example:
        >>> ids = np.array([[0, 7, 7, 2, 1]])
        >>> number_positions(ids, None).tolist(), number_positions(ids, 1).tolist()
        ([[0, 1, 2, 3, 4]], [[2, 3, 4, 5, 1]])
    """
    if padding is None:
        return np.broadcast_to(np.arange(ids.shape[1]), ids.shape)
    counted = ids != padding
    numbers: NDArray[np.int64] = np.cumsum(counted, axis=1) * counted + padding
    return numbers
