"""Texts and their segments become one vector a token: pieces, windows, batches, the model, pooling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu_lite.encoding.backends import Backend
from nlu_lite.encoding.plan import FRAME, plan_batches, plan_windows
from nlu_lite.encoding.pooling import Pooling, TokenVectors
from nlu_lite.encoding.subwords import Subwords
from nlu_lite.errors import ModelError
from nlu_lite.records import Batch, Floats, Ints, Pieces, Segments, Window

BUDGET = 512
"""Pieces in a batch on a CPU: enough to fill the matrix products, small enough to stay in its caches."""


@dataclass(frozen=True)
class Encoder:
    """A model that is ready to encode.

    Attributes:
        subwords: Tokens to pieces.
        backend: Pieces to hidden states.
        max_length: Longest window in pieces, special tokens included.
        pooling: Pieces' vectors to a token's.
    """

    subwords: Subwords
    backend: Backend
    max_length: int
    pooling: Pooling = Pooling.FIRST

    def token_vectors(self, texts: Sequence[str], segments: Segments, advance: Callable[[int], object]) -> Floats:
        """Encode every token within its sentence.

        Args:
            texts: The documents.
            segments: Their sentences and tokens.
            advance: Called with the number of tokens done since the last call.

        Returns:
            float32 [T, d], one row a token.

        Raises:
            ModelError: The model gives values that are not numbers.
        """
        pieces = self.subwords.pieces(token_texts(texts, segments))
        windows = plan_windows(_run_first(pieces, segments), self.max_length - FRAME)
        vectors = TokenVectors(pieces, self.backend.dimension, self.pooling)
        for batch in plan_batches(windows, BUDGET):
            chosen = [windows[number] for number in batch.windows]
            hidden = self._encode(pieces, chosen, batch)
            for window, rows in zip(chosen, hidden, strict=True):
                offset = 1 - window.first  # the first row belongs to <s>
                vectors.add(rows[window.kept_first + offset : window.kept_end + offset], window.kept_first)
            advance(_tokens_begun(pieces.token_first, chosen))
        return vectors.finish()

    def _encode(self, pieces: Pieces, windows: Sequence[Window], batch: Batch) -> Floats:
        ids, mask = self._frame(pieces, windows, batch.length + FRAME)
        hidden = self.backend.encode(ids, mask)
        if not np.isfinite(hidden[mask.astype(bool)]).all():
            raise ModelError(
                "the model gives values that are not numbers",
                "finite vectors",
                "Its weights are damaged or of too low a precision for this text: fetch them again",
            )
        return hidden

    def _frame(
        self, pieces: Pieces, windows: Sequence[Window], length: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        ids = np.full((len(windows), length), self.subwords.pad, np.int64)
        mask = np.zeros_like(ids)
        for row, window in enumerate(windows):
            end = window.end - window.first + 1
            ids[row, 0], ids[row, end] = self.subwords.first, self.subwords.last
            ids[row, 1:end] = pieces.ids[window.first : window.end]
            mask[row, : end + 1] = 1
        return ids, mask


def token_texts(texts: Sequence[str], segments: Segments) -> list[str]:
    """Cut the tokens out of their documents, in order."""
    document = segments.sentence_document[segments.token_sentence].tolist()
    begins, ends = segments.token_begin.tolist(), segments.token_end.tolist()
    return [texts[d][b:e] for d, b, e in zip(document, begins, ends, strict=True)]


def _run_first(pieces: Pieces, segments: Segments) -> Ints:
    """Give the first piece of each sentence, and the end: int32 [S+1]."""
    sentences = np.arange(len(segments.sentence_document) + 1, dtype=np.int32)
    first: Ints = pieces.token_first[np.searchsorted(segments.token_sentence, sentences)]
    return first


def _tokens_begun(token_first: Ints, windows: Sequence[Window]) -> int:
    """Count the tokens whose first piece is kept in one of the windows."""
    borders = np.searchsorted(token_first[:-1], [(window.kept_first, window.kept_end) for window in windows])
    return int((borders[:, 1] - borders[:, 0]).sum())
