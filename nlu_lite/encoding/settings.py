"""How a model's hidden states become vectors: the choices, each a closed list."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from nlu_lite.records import Alignment


class Pooling(Enum):
    """How a token's vector is made of those of its pieces.

    FIRST is Spark NLP's and the usual choice for tagging; LAST suits suffixing languages; MEAN and MAX look at the
    whole word; FIRST_LAST puts both ends beside each other and is twice as wide.
    """

    FIRST = "first"
    LAST = "last"
    MEAN = "mean"
    MAX = "max"
    FIRST_LAST = "first_last"


class LayerMerge(Enum):
    """How the vectors of several layers become one: their mean, their sum, or all beside each other."""

    MEAN = "mean"
    SUM = "sum"
    CONCAT = "concat"


class Context(Enum):
    """What a token's vector may look at: its SENTENCE, as Spark NLP, or its whole DOCUMENT in overlapping windows."""

    SENTENCE = "sentence"
    DOCUMENT = "document"


@dataclass(frozen=True)
class EncoderSettings:
    """How vectors are made.

    Attributes:
        max_length: Longest window in pieces, special tokens included; None: as long as the model's positions allow.
        pooling: Pieces' vectors to a token's.
        layers: Hidden states to use: 0 is the embeddings, -1 the last layer.
        layer_merge: How several layers become one vector.
        alignment: What is given to the subword model.
        context: What is encoded together.
        reproducible: Whether each window is run by itself, so that a vector does not depend, not even in its last bit,
            on what else is encoded.
    """

    max_length: int | None = None
    pooling: Pooling = Pooling.FIRST
    layers: tuple[int, ...] = (-1,)
    layer_merge: LayerMerge = LayerMerge.MEAN
    alignment: Alignment = Alignment.WORD
    context: Context = Context.SENTENCE
    reproducible: bool = False
