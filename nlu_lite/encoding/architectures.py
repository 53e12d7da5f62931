"""Facts about transformers' architectures that a configuration does not state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from nlu_lite.errors import ModelError, UnsupportedReference
from nlu_lite.records import Checkpoint, Floats

WORDS = "embeddings.word_embeddings.weight"
"""The matrix of word embeddings: a row for each piece."""

SETTINGS = (
    "vocab_size",
    "hidden_size",
    "embedding_size",
    "num_hidden_layers",
    "num_hidden_groups",
    "inner_group_num",
    "num_attention_heads",
    "intermediate_size",
    "hidden_act",
    "max_position_embeddings",
    "type_vocab_size",
    "layer_norm_eps",
    "pad_token_id",
    # DistilBERT's names
    "dim",
    "n_layers",
    "n_heads",
    "hidden_dim",
    "activation",
    "sinusoidal_pos_embds",
    # MPNet's and DeBERTa's relative positions
    "relative_attention_num_buckets",
    "relative_attention",
    "max_relative_positions",
    "position_buckets",
    "norm_rel_ebd",
    "share_att_key",
    "pos_att_type",
    "position_biased_input",
    "conv_kernel_size",
    "conv_act",
    "conv_groups",
)
"""The settings on which the forward pass depends. All other settings of a file are ignored."""

SUPPORTED_VALUES = {"position_embedding_type": "absolute", "is_decoder": False, "add_cross_attention": False}
"""Settings that turn the same weights into a different model, with the only value that the library runs."""


@dataclass(frozen=True)
class EncoderArchitecture:
    """An architecture of transformers.

    Attributes:
        reserved_positions: Number of unused rows of the position matrix. None for one more than the padding id: models
            like RoBERTa number positions from there.
        pooler: Name of the pooler's tensors, without ``.weight`` and ``.bias``; None if it has no pooler.
    """

    reserved_positions: int | None = 0
    pooler: str | None = "pooler.dense"

    def options(self) -> Mapping[str, bool]:
        """Return the keywords that leave the pooler out of transformers' model, since `open_pooler` applies it."""
        return {"add_pooling_layer": False} if self.pooler else {}


ARCHITECTURES = {
    "albert": EncoderArchitecture(pooler="pooler"),
    "bert": EncoderArchitecture(),
    "camembert": EncoderArchitecture(reserved_positions=None),
    "deberta-v2": EncoderArchitecture(pooler=None),
    "distilbert": EncoderArchitecture(pooler=None),
    "electra": EncoderArchitecture(pooler=None),
    "mpnet": EncoderArchitecture(reserved_positions=2),
    "roberta": EncoderArchitecture(reserved_positions=None),
    "xlm-roberta": EncoderArchitecture(reserved_positions=None),
}
"""By ``model_type``."""


def find_architecture(checkpoint: Checkpoint) -> EncoderArchitecture:
    """Return the architecture of a checkpoint.

    Raises:
        UnsupportedReference: The library does not run this architecture, or this variant of it.
    """
    model_type = str(checkpoint.config["model_type"])
    if model_type not in ARCHITECTURES:
        got = f"a model of the kind {model_type!r}"
        raise UnsupportedReference(got, ", ".join(ARCHITECTURES), "Use a model of one of these kinds")
    for name, value in SUPPORTED_VALUES.items():
        found = checkpoint.config.get(name) or value
        if found != value:
            got = f"a model with {name}={found!r}"
            raise UnsupportedReference(got, repr(value), "Use a model that has this value or lacks this setting")
    return ARCHITECTURES[model_type]


def open_pooler(checkpoint: Checkpoint, width: int) -> Callable[[Floats], Floats] | None:
    """Open the pooler: a dense layer over the first position, then tanh. Return None if the files have none.

    Raises:
        ModelError: It is damaged, or its shape does not match the model's width.
    """
    prefix = find_architecture(checkpoint).pooler
    if prefix is None or not {f"{prefix}.weight", f"{prefix}.bias"} & checkpoint.tensors.keys():
        return None
    weight = _read_pooler_part(checkpoint, f"{prefix}.weight", (width, width))
    bias = _read_pooler_part(checkpoint, f"{prefix}.bias", (width,))

    def pool(states: Floats) -> Floats:
        pooled: Floats = np.tanh(states @ weight.T + bias)
        return pooled

    return pool


def _read_pooler_part(checkpoint: Checkpoint, name: str, shape: tuple[int, ...]) -> Floats:
    expected, remedy = f"the shape {shape} and finite values", "Fetch the model's files again"
    if name not in checkpoint.tensors:
        raise ModelError(f"tensor {name!r} is missing", expected, remedy)
    values = checkpoint.tensors[name]
    if values.shape != shape:
        raise ModelError(f"tensor {name!r} has shape {values.shape}", expected, remedy)
    if not np.isfinite(values).all():
        raise ModelError(f"tensor {name!r} has values that are not numbers", expected, remedy)
    return values.copy()  # a small copy; a view would keep the whole file mapped
