"""Documents, and their sentences and tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nlu_lite.records.arrays import Ints

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class Corpus:
    """The documents of one call.

    Attributes:
        texts: D documents.
        languages: Language code of each document; ``"xx"`` if it has to be detected from the text.
        index: D labels, those of the input.
        kept: The caller's other columns, D rows: a pandas frame with the same index, or an Arrow table; None if
            there are none.
    """

    texts: list[str]
    languages: list[str]
    index: pd.Index
    kept: pd.DataFrame | pa.Table | None = None


@dataclass(frozen=True)
class Segments:
    """Sentences and tokens as half-open spans of code points: ``text[begin:end]`` is always the token.

    Sentences are in document order, tokens in sentence order. Each sentence begins and ends with a character that is
    not white space. Each such character belongs to exactly one sentence and exactly one token. The segments of another
    library's rules (`Compat`) have that library's white space.

    Attributes:
        sentence_document: int32 [S], number of the sentence's document.
        sentence_begin: int32 [S], offset into the document.
        sentence_end: int32 [S].
        token_sentence: int32 [T], number of the token's sentence.
        token_begin: int32 [T], offset into the document (not into the sentence).
        token_end: int32 [T].
    """

    sentence_document: Ints
    sentence_begin: Ints
    sentence_end: Ints
    token_sentence: Ints
    token_begin: Ints
    token_end: Ints

    def cut(self, begin: int, end: int) -> Segments:
        """Return the sentences and tokens of the documents from `begin` to `end`, whose numbers begin with 0."""
        first, last = np.searchsorted(self.sentence_document, (begin, end))
        sentences = slice(first, last)
        tokens = slice(*np.searchsorted(self.token_sentence, (first, last)))
        return Segments(
            self.sentence_document[sentences] - np.int32(begin),
            self.sentence_begin[sentences],
            self.sentence_end[sentences],
            self.token_sentence[tokens] - np.int32(first),
            self.token_begin[tokens],
            self.token_end[tokens],
        )
