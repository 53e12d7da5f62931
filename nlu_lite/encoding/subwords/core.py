"""The records that all subword encoders share, and their interface."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import NamedTuple, Protocol

import numpy as np

from nlu_lite._util.processes import computing
from nlu_lite._util.unicode import is_encodable
from nlu_lite.records import Int64s, Ints

CHUNK = 640
"""Number of texts per call of an encoder, since a library's objects for them are much larger than their ids.

Python searches for reference cycles after 700 new lists, which takes time and finds none here.
"""


@dataclass(frozen=True)
class TokenIds:
    """The ids of the pieces of tokens, one token after another.

    Attributes:
        ids: int32 [P].
        lengths: int64 [T], the number of ids of each token.

    Example:
        >>> found = TokenIds.from_lists([[5, 7], [], [5]])
        >>> found.lengths, found.drop(7).to_lists(), found.fill(3).to_lists()
        (array([2, 0, 1]), [[5], [], [5]], [[5, 7], [3], [5]])
    """

    ids: Ints
    lengths: Int64s

    @classmethod
    def from_lists(cls, lists: Sequence[Sequence[int]]) -> TokenIds:
        """Return the ids in lists, one list per token."""
        lengths = np.fromiter(map(len, lists), np.int64, len(lists))
        return cls(np.fromiter(chain.from_iterable(lists), np.int32, int(lengths.sum())), lengths)

    @classmethod
    def join(cls, parts: Sequence[TokenIds]) -> TokenIds:
        """Return the ids of the tokens of all parts."""
        if len(parts) == 1:
            return parts[0]
        empty = cls.from_lists([])
        ids, lengths = [empty.ids, *(one.ids for one in parts)], [empty.lengths, *(one.lengths for one in parts)]
        return cls(np.concatenate(ids), np.concatenate(lengths))

    def to_lists(self) -> list[list[int]]:
        """Return the ids as lists, one list per token."""
        ids = self.ids.tolist()
        return [ids[begin:end] for begin, end in pairwise([0, *np.cumsum(self.lengths).tolist()])]

    def drop(self, dropped: int) -> TokenIds:
        """Return the ids without every occurrence of one id."""
        kept = self.ids != dropped
        if kept.all():
            return self
        token = np.repeat(np.arange(len(self.lengths)), self.lengths)
        return TokenIds(self.ids[kept], np.bincount(token[kept], minlength=len(self.lengths)))

    def fill(self, unknown: int) -> TokenIds:
        """Return the ids, with the unknown id for each token that has no id."""
        is_empty = self.lengths == 0
        if not is_empty.any():
            return self
        places = np.cumsum(self.lengths)[is_empty]
        return TokenIds(np.insert(self.ids, places, unknown), np.maximum(self.lengths, 1))


class EncodedText(NamedTuple):
    """Pieces of one text.

    Attributes:
        ids: Their ids.
        spans: The characters of the text that each piece covers; empty for an inserted piece.
    """

    ids: list[int]
    spans: list[tuple[int, int]]


class SubwordEncoder(Protocol):
    """Encodes strings into ids of pieces."""

    def encode(self, tokens: Sequence[str]) -> TokenIds:
        """Return the ids of each token, encoded separately; no ids for a token without pieces."""

    def encode_texts(self, texts: Sequence[str]) -> list[EncodedText]:
        """Return the pieces of each text as the model's authors encode it, without special tokens."""


@dataclass(frozen=True)
class SpecialTokens:
    """The ids of a model's special tokens.

    Attributes:
        first: Id before the pieces of a window (``<s>``, ``[CLS]``).
        last: Id after them (``</s>``, ``[SEP]``).
        pad: Id of the padding.
        unknown: Id of the unknown piece.
    """

    first: int
    last: int
    pad: int
    unknown: int

    @property
    def ids(self) -> frozenset[int]:
        """All four ids."""
        return frozenset((self.first, self.last, self.pad, self.unknown))


@dataclass(frozen=True)
class Subwords:
    """A model's subword encoder and its special tokens."""

    encoder: SubwordEncoder
    special_tokens: SpecialTokens

    def encode(self, tokens: Sequence[str]) -> list[list[int]]:
        """Return the ids of each token, encoded separately. A token without pieces gets the unknown piece."""
        return self.encode_tokens(tokens).to_lists()

    def encode_tokens(self, tokens: Sequence[str]) -> TokenIds:
        """Return the ids of `encode` in one array."""
        found = []
        for part in _split_chunks(tokens):
            with computing():
                found.append(self.encoder.encode(part))
        return TokenIds.join(found).fill(self.special_tokens.unknown)

    def encode_texts(self, texts: Sequence[str]) -> list[EncodedText]:
        """Return the pieces of each text, and the characters that they cover."""
        found: list[EncodedText] = []
        for part in _split_chunks(texts):
            with computing():
                found += self.encoder.encode_texts(part)
        return found


def _split_chunks(texts: Sequence[str]) -> Iterator[list[str]]:
    for begin in range(0, len(texts), CHUNK):
        part = list(texts[begin : begin + CHUNK])
        yield part if is_encodable("".join(part)) else [replace_surrogates(text) for text in part]


def replace_surrogates(text: str) -> str:
    """Replace each lone surrogate, which UTF-8 cannot encode, by U+FFFD."""
    if is_encodable(text):
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= c <= "\udfff" else c for c in text)
