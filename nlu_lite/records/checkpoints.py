"""Checkpoints: the weights, configuration and subword model of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from nlu_lite.records.arrays import Floats
from nlu_lite.records.specs import Card


class SubwordKind(Enum):
    """The format of a `SubwordModel`."""

    SENTENCEPIECE = "sentencepiece"  # a SentencePiece ModelProto
    TOKENIZER_JSON = "tokenizer.json"  # a file of Hugging Face `tokenizers`


@dataclass(frozen=True)
class Normalization:
    """The normalization of a text before SentencePiece reads it; a ``tokenizer.json`` has its own normalizer.

    Attributes:
        lowercase: Whether letters are lowercased.
        strip_accents: Whether accents are stripped, and doubled single quotes become double quotes, as in ALBERT.
    """

    lowercase: bool = False
    strip_accents: bool = False


@dataclass(frozen=True)
class AddedToken:
    """A token that was added to a vocabulary after it was trained, as Hugging Face `tokenizers` defines it.

    Attributes:
        content: The matched text.
        id: Its row of the embedding matrix.
        normalized: Whether it is matched in the normalized text, after normalizing the token itself.
        lstrip: Whether a match includes the white space on its left.
        rstrip: Whether a match includes the white space on its right.
        single_word: Whether it matches only where no word character precedes or follows.
        special: Whether it is one of the model's special tokens, such as ``<mask>``: no text matches it.
    """

    content: str
    id: int
    normalized: bool = True
    lstrip: bool = False
    rstrip: bool = False
    single_word: bool = False
    special: bool = False


@dataclass(frozen=True)
class SubwordModel:
    """The subword model of a checkpoint.

    Attributes:
        kind: The format of `data`.
        data: The bytes of the file.
        normalization: The normalization of a text before a SentencePiece model reads it.
        added: The tokens added to a SentencePiece model, in order of id; a ``tokenizer.json`` lists its own.
    """

    kind: SubwordKind
    data: bytes
    normalization: Normalization = Normalization()
    added: tuple[AddedToken, ...] = ()


@dataclass(frozen=True)
class Checkpoint:
    """A model's weights, configuration and subword model, independent of the file format.

    Attributes:
        config: The transformers configuration, as in ``config.json``; always has ``model_type``.
        tensors: float32 arrays by transformers' names without the prefix of a head, such as
            ``embeddings.word_embeddings.weight``. Each access may read a file and returns a new array, memory-mapped
            if the file allows it.
        subwords: The subword model.
        card: The published facts about the model, or those in its files.
    """

    config: Mapping[str, object]
    tensors: Mapping[str, Floats]
    subwords: SubwordModel
    card: Card = field(default_factory=Card)

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", MappingProxyType(dict(self.config)))
