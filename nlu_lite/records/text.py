"""Documents, and their sentences and tokens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlu_lite.records.arrays import Int64s, Ints

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


_TEXTS, _TOKEN_TEXTS = "_texts", "_token_texts"


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
class TokenTexts:
    """The texts of tokens.

    Attributes:
        strings: The texts. Equal texts of one part of the documents are one str.
        number: int64 [T], the place of each token's text in `strings`.

    Example:
        >>> part = TokenTexts.from_list(["a", "b", "a"])
        >>> part.strings, part.number.tolist(), TokenTexts.join([part, part]).to_objects().tolist()
        (['a', 'b'], [0, 1, 0], ['a', 'b', 'a', 'a', 'b', 'a'])
    """

    strings: list[str]
    number: Int64s

    @classmethod
    def from_list(cls, texts: Sequence[str]) -> TokenTexts:
        """Return the texts of tokens, given the text of each token."""
        places: defaultdict[str, int] = defaultdict(count().__next__)
        number = np.fromiter(map(places.__getitem__, texts), np.int64, len(texts))
        return cls(list(places), number)

    @classmethod
    def join(cls, parts: Sequence[TokenTexts]) -> TokenTexts:
        """Return the texts of the tokens of all parts."""
        firsts = np.cumsum([0, *(len(part.strings) for part in parts)])
        numbers = [part.number + first for part, first in zip(parts, firsts, strict=False)]
        return cls([text for part in parts for text in part.strings], np.concatenate([firsts[:0], *numbers]))

    def to_objects(self) -> NDArray[np.object_]:
        """Return the text of each token: str [T]."""
        return np.array(self.strings, object)[self.number]


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

    def find_token_texts(self, texts: Sequence[str]) -> TokenTexts:
        """Return the texts of the tokens, given the documents.

        The result is kept, since each model and the frame need it.
        """
        if self.__dict__.get(_TEXTS) is not texts:
            self.keep_token_texts(texts, TokenTexts.from_list(self._cut_tokens(texts)))
        found: TokenTexts = self.__dict__[_TOKEN_TEXTS]
        return found

    def keep_token_texts(self, texts: Sequence[str], found: TokenTexts) -> None:
        """Keep the texts of the tokens for `find_token_texts`."""
        self.__dict__.update({_TEXTS: texts, _TOKEN_TEXTS: found})  # as a cached_property does

    def _cut_tokens(self, texts: Sequence[str]) -> list[str]:
        document = self.sentence_document[self.token_sentence].tolist()
        begins, ends = self.token_begin.tolist(), self.token_end.tolist()
        return [texts[d][b:e] for d, b, e in zip(document, begins, ends, strict=True)]

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
