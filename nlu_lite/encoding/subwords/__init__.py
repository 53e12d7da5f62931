"""A model's own subword model: strings become ids of its vocabulary, by the recipe of its architecture."""

from __future__ import annotations

from nlu_lite.encoding.subwords.core import CHUNK, Encoded, Frame, SubwordEncoder, Subwords, encodable
from nlu_lite.encoding.subwords.framing import SPECIAL
from nlu_lite.encoding.subwords.sentencepieces import PIECE_RECIPES, open_sentencepiece, respelt
from nlu_lite.encoding.subwords.tokenizer_json import Habits, open_tokenizer
from nlu_lite.errors import UnsupportedReference
from nlu_lite.records import Checkpoint, SubwordKind

__all__ = ["CHUNK", "Encoded", "Frame", "SubwordEncoder", "Subwords", "encodable", "open_subwords", "respelt"]

BEFORE = {"roberta": " "}
"""What a token has before it inside a text, by ``model_type``: byte-level BPE counts the space to the word."""


def open_subwords(checkpoint: Checkpoint) -> Subwords:
    """Open the subword model of a checkpoint with the recipe of its architecture.

    Where the embedding matrix has rows that no known piece uses, a warning of the logger ``nlu_lite`` says so.

    Raises:
        UnsupportedReference: There is no recipe for this kind of model.
        ModelError: The subword model cannot be read, or does not fit the embedding matrix.
    """
    model_type, kind = str(checkpoint.config["model_type"]), checkpoint.subwords.kind
    if model_type in PIECE_RECIPES and kind is SubwordKind.SENTENCEPIECE:
        return open_sentencepiece(checkpoint, PIECE_RECIPES[model_type])
    if model_type in SPECIAL and kind is SubwordKind.TOKENIZER_JSON:
        drops_space = model_type in PIECE_RECIPES and PIECE_RECIPES[model_type].drops_space
        return open_tokenizer(checkpoint, Habits(BEFORE.get(model_type, ""), drops_space))
    raise UnsupportedReference(
        f"model_type {model_type!r} with a {kind.value} subword model",
        f"{', '.join(PIECE_RECIPES)} with a SentencePiece model, or {', '.join(SPECIAL)} with a tokenizer.json",
        "Use a model of one of these kinds",
    )
