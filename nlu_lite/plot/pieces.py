"""The pieces into which a model's subword encoder splits tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nlu_lite.pipeline import Pipeline


def split_into_pieces(pipeline: Pipeline, column: str, tokens: Sequence[str]) -> list[list[str]] | None:
    """Return the pieces of each token, as parts of the token; None if no model of the pipeline makes the column."""
    model = next((model for model in pipeline.models if model.column == column), None)
    if model is None:
        return None
    encoded = model.encoder.subwords.encode_texts(tokens)
    return [
        [token[begin:end] for begin, end in one.spans if end > begin]
        for token, one in zip(tokens, encoded, strict=True)
    ]
