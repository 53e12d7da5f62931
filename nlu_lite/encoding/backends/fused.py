"""An encoder as few operations of PyTorch, for GPUs.

The modules of transformers spend more time in Python than a GPU needs to compute a batch, so that it would wait for
them. Here a layer is a dozen operations: queries, keys and values are one product, padding is one bias for all layers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nlu_lite.encoding.architectures import WORDS
from nlu_lite.encoding.backends.graph import bucket_distances, number_positions
from nlu_lite.encoding.backends.kinds import NORM, POSITIONS, RELATIVE, TYPES, EncoderDescription
from nlu_lite.encoding.backends.memory import upload
from nlu_lite.records import Batch

if TYPE_CHECKING:
    import torch

ALIGNED = 16
"""Number of elements to which PyTorch pads each row of a bias; it would copy a bias of other rows for each layer."""


class Weights(NamedTuple):
    """Weight and bias of a dense layer or a layer norm."""

    weight: torch.Tensor
    bias: torch.Tensor


@dataclass(frozen=True)
class FusedLayer:
    """The weights of a layer.

    Attributes:
        attention: The dense layer of queries, keys and values, [3d, d].
        output: The dense layer after attention.
        attention_norm: The layer norm after it.
        wider: The first dense layer of the feed-forward network.
        narrower: The second one.
        norm: The layer norm after it.
    """

    attention: Weights
    output: Weights
    attention_norm: Weights
    wider: Weights
    narrower: Weights
    norm: Weights


class FusedEncoder:
    """Computes the hidden states of an encoder.

    Args:
        weights: Its tensors, by transformers' names, on one device and in one precision. The separate weights of
            queries, keys and values become parts of their concatenation, so that no weight is in memory twice.
        encoder: Its description.
    """

    def __init__(self, weights: Mapping[str, torch.Tensor], encoder: EncoderDescription) -> None:
        from transformers.activations import ACT2FN

        self._weights, self._encoder = weights, encoder
        self._activate: Callable[[torch.Tensor], torch.Tensor] = ACT2FN[str(encoder.settings["hidden_act"])]
        prefixes = dict.fromkeys(prefix for layer in range(encoder.layers) for prefix in encoder.prefixes(layer))
        self._layers = {prefix: self._fuse(prefix) for prefix in prefixes}

    def run(self, batch: Batch, layers: Sequence[int]) -> list[torch.Tensor]:
        """Return the rows of the hidden states of these layers, [rows, d] each. See `Backend.submit`."""
        state, last = self._embed(batch), max(layers)
        rows, bias = upload(batch.rows, state.device), self._build_bias(batch, state)
        found = {0: _take(state, rows)} if 0 in layers else {}
        for number in range(last):
            *others, prefix = self._encoder.prefixes(number)
            for other in others:
                state = self._run_layer(state, bias, self._layers[other])
            # Nothing attends to the states of the last layer, so only the requested ones are computed.
            is_last = number + 1 == last
            state = self._run_layer(state, bias, self._layers[prefix], rows if is_last else None)
            if number + 1 in layers:
                found[number + 1] = state if is_last else _take(state, rows)
        return [found[layer] for layer in layers]

    def _fuse(self, prefix: str) -> FusedLayer:
        names = self._encoder.kind.names
        parts = [self._find(prefix + name) for name in (names.query, names.key, names.value)]
        attention = Weights(*(_join(tensors) for tensors in zip(*parts, strict=True)))
        others = (names.output, names.attention_norm, names.wider, names.narrower, names.norm)
        return FusedLayer(attention, *(self._find(prefix + name) for name in others))

    def _find(self, name: str) -> Weights:
        return Weights(self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _embed(self, batch: Batch) -> torch.Tensor:
        """Return the normalized sum of the embeddings, in the order of transformers."""
        from torch.nn import functional

        words, encoder = self._weights[WORDS], self._encoder
        state = functional.embedding(upload(batch.ids, words.device), words)
        if encoder.kind.types:
            state = state + self._weights[TYPES][0]
        numbers = np.ascontiguousarray(number_positions(batch.ids, encoder.padding))
        state = state + functional.embedding(upload(numbers, words.device), self._weights[POSITIONS])
        state = self._normalize(state, self._find(NORM))
        return functional.linear(state, *self._find(str(encoder.kind.projection))) if encoder.projected else state

    def _build_bias(self, batch: Batch, state: torch.Tensor) -> torch.Tensor | None:
        """Return the bias that is added to scores; None without padding, since attention without a bias is faster."""
        bias = None if batch.mask.all() else _mask_padding(batch, state)
        if not self._encoder.kind.relative:
            return bias
        places = np.arange(batch.ids.shape[1])
        buckets = upload(bucket_distances(places - places[:, None]), state.device)
        relative = self._weights[RELATIVE][buckets].permute(2, 0, 1)[None]
        return relative if bias is None else relative + bias

    def _run_layer(
        self, state: torch.Tensor, bias: torch.Tensor | None, layer: FusedLayer, rows: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return a layer's states, [windows, length, d]; or some rows of them, [rows, d]."""
        from torch.nn.functional import linear

        context = self._attend(state, bias, layer.attention)
        if rows is not None:
            context, state = _take(context, rows), _take(state, rows)
        attended = self._normalize(linear(context, *layer.output) + state, layer.attention_norm)
        inner = self._activate(linear(attended, *layer.wider))
        return self._normalize(linear(inner, *layer.narrower) + attended, layer.norm)

    def _attend(self, state: torch.Tensor, bias: torch.Tensor | None, attention: Weights) -> torch.Tensor:
        from torch.nn import functional

        windows, length, width = state.shape
        heads = self._encoder.heads
        products = functional.linear(state, *attention).view(windows, length, 3, heads, width // heads)
        query, key, value = products.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return seen.transpose(1, 2).reshape(windows, length, width)

    def _normalize(self, state: torch.Tensor, norm: Weights) -> torch.Tensor:
        from torch.nn.functional import layer_norm

        return layer_norm(state, norm.weight.shape, norm.weight, norm.bias, self._encoder.epsilon)


def _join(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the concatenation of tensors, and make them parts of it."""
    import torch

    with torch.no_grad():
        joined = torch.cat(list(tensors))
    for tensor, part in zip(tensors, torch.split(joined, [len(tensor) for tensor in tensors]), strict=True):
        tensor.data = part
    return joined


def _take(state: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    return state.flatten(0, 1).index_select(0, rows)


def _mask_padding(batch: Batch, state: torch.Tensor) -> torch.Tensor:
    """Return minus infinity at padding and 0 elsewhere, [windows, 1, 1, length]."""
    windows, length = batch.mask.shape
    padded = np.zeros((windows, -(-length // ALIGNED) * ALIGNED), np.int64)
    padded[:, :length] = batch.mask == 0
    is_padding = upload(padded, state.device) != 0
    bias = state.new_zeros(is_padding.shape).masked_fill_(is_padding, float("-inf"))
    return bias[:, None, None, :length]
