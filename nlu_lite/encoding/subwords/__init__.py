"""Encode strings into ids of a model's vocabulary, with its own subword model and the recipe of its architecture."""

from __future__ import annotations

from nlu_lite.encoding.subwords.core import (
    CHUNK,
    EncodedText,
    SpecialTokens,
    SubwordEncoder,
    Subwords,
    TokenIds,
    replace_surrogates,
)
from nlu_lite.encoding.subwords.sentencepieces import ID_MAPPINGS, normalize_characters, open_sentencepiece
from nlu_lite.encoding.subwords.special_tokens import SPECIAL_TOKEN_NAMES
from nlu_lite.encoding.subwords.tokenizer_json import WordEncoding, open_tokenizer
from nlu_lite.errors import UnsupportedReference
from nlu_lite.records import Checkpoint, SubwordKind

__all__ = [
    "CHUNK",
    "EncodedText",
    "SpecialTokens",
    "SubwordEncoder",
    "Subwords",
    "TokenIds",
    "normalize_characters",
    "open_subwords",
    "replace_surrogates",
]

WORD_PREFIXES = {"roberta": " "}
"""Prefix of a token that is encoded separately, by ``model_type``: in byte-level BPE the space is part of a word."""


def open_subwords(checkpoint: Checkpoint) -> Subwords:
    """Open the subword model of a checkpoint with the recipe of its architecture.

    If the embedding matrix has rows that no known piece uses, the logger ``nlu_lite`` logs a warning.

    Raises:
        UnsupportedReference: The library has no recipe for this kind of model.
        ModelError: The subword model cannot be read, or does not match the embedding matrix.
    """
    model_type, kind = str(checkpoint.config["model_type"]), checkpoint.subwords.kind
    if model_type in ID_MAPPINGS and kind is SubwordKind.SENTENCEPIECE:
        return open_sentencepiece(checkpoint, ID_MAPPINGS[model_type])
    if model_type in SPECIAL_TOKEN_NAMES and kind is SubwordKind.TOKENIZER_JSON:
        drops_space = model_type in ID_MAPPINGS and ID_MAPPINGS[model_type].drops_space
        return open_tokenizer(checkpoint, WordEncoding(WORD_PREFIXES.get(model_type, ""), drops_space))
    raise UnsupportedReference(
        f"model_type {model_type!r} with a {kind.value} subword model",
        f"{', '.join(ID_MAPPINGS)} with a SentencePiece model; or {', '.join(SPECIAL_TOKEN_NAMES)} with tokenizer.json",
        "Use a model of one of these kinds",
    )
