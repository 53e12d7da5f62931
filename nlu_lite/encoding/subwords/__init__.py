"""A model's own subword model: strings become ids of its vocabulary, by the recipe of its architecture."""

from __future__ import annotations

from nlu_lite.encoding.subwords.core import (
    CHUNK,
    EncodedText,
    SpecialTokens,
    SubwordEncoder,
    Subwords,
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
    "normalize_characters",
    "open_subwords",
    "replace_surrogates",
]

WORD_PREFIXES = {"roberta": " "}
"""What a token has before it inside a text, by ``model_type``: byte-level BPE counts the space to the word."""


def open_subwords(checkpoint: Checkpoint) -> Subwords:
    """Open the subword model of a checkpoint with the recipe of its architecture.

    Where the embedding matrix has rows that no known piece uses, a warning of the logger ``nlu_lite`` says so.

    Raises:
        UnsupportedReference: There is no recipe for this kind of model.
        ModelError: The subword model cannot be read, or does not fit the embedding matrix.
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
