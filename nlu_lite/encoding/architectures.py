"""What has to be known of a transformers architecture beyond its configuration."""

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
"""All of a configuration that the forward pass depends on; nothing else of a file's is handed on."""


PLAIN = {"position_embedding_type": "absolute", "is_decoder": False, "add_cross_attention": False}
"""What makes another model of the same weights, and is not run here, unless it has these values."""


@dataclass(frozen=True)
class EncoderArchitecture:
    """An architecture.

    Attributes:
        reserved_positions: Rows of the position matrix that are never used; None: one more than the padding id, from
            which RoBERTa and its kin number positions.
        pooler: What stands before ``.weight`` and ``.bias`` of its pooler; None where it has none.
    """

    reserved_positions: int | None = 0
    pooler: str | None = "pooler.dense"

    def options(self) -> Mapping[str, bool]:
        """Give the keywords that leave the pooler out of transformers' model: `open_pooler` applies it."""
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
    """Give the architecture of a checkpoint.

    Raises:
        UnsupportedReference: It is none that the library runs, or of a form of it that is not run.
    """
    model_type = str(checkpoint.config["model_type"])
    if model_type not in ARCHITECTURES:
        got = f"a model of the kind {model_type!r}"
        raise UnsupportedReference(got, ", ".join(ARCHITECTURES), "Use a model of one of these kinds")
    for name, value in PLAIN.items():
        found = checkpoint.config.get(name) or value
        if found != value:
            got = f"a model with {name}={found!r}"
            raise UnsupportedReference(got, repr(value), "Use a model whose configuration has this value, or none")
    return ARCHITECTURES[model_type]


def open_pooler(checkpoint: Checkpoint, width: int) -> Callable[[Floats], Floats] | None:
    """Open the pooler: a dense layer over the first position, and tanh; None where the files have none.

    Raises:
        ModelError: It is damaged, or does not fit the model's width.
    """
    prefix = find_architecture(checkpoint).pooler
    if prefix is None or not {f"{prefix}.weight", f"{prefix}.bias"} & checkpoint.tensors.keys():
        return None
    weight = _pooler_part(checkpoint, f"{prefix}.weight", (width, width))
    bias = _pooler_part(checkpoint, f"{prefix}.bias", (width,))

    def pool(state: Floats) -> Floats:
        pooled: Floats = np.tanh(weight @ state + bias)
        return pooled

    return pool


def _pooler_part(checkpoint: Checkpoint, name: str, shape: tuple[int, ...]) -> Floats:
    expected, remedy = f"the shape {shape}, all of it finite", "Fetch the model's files again"
    if name not in checkpoint.tensors:
        raise ModelError(f"tensor {name!r} is missing", expected, remedy)
    values = checkpoint.tensors[name]
    if values.shape != shape:
        raise ModelError(f"tensor {name!r} has shape {values.shape}", expected, remedy)
    if not np.isfinite(values).all():
        raise ModelError(f"tensor {name!r} has values that are not numbers", expected, remedy)
    return values.copy()  # small; a view would hold the whole of a mapped file
