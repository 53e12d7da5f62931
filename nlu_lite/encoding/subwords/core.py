"""The records that all subword encoders share, and their interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from nlu_lite._util.processes import computing

CHUNK = 1024
"""Number of texts per call of an encoder, since a library's objects for them are much larger than their ids."""


T = TypeVar("T")


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

    def encode(self, tokens: Sequence[str]) -> list[list[int]]:
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
        found = (ids for part in _split_chunks(tokens) for ids in _encode_part(self.encoder.encode, part))
        return [ids or [self.special_tokens.unknown] for ids in found]

    def encode_texts(self, texts: Sequence[str]) -> list[EncodedText]:
        """Return the pieces of each text, and the characters that they cover."""
        return [one for part in _split_chunks(texts) for one in _encode_part(self.encoder.encode_texts, part)]


def _encode_part(encode: Callable[[list[str]], list[T]], part: list[str]) -> list[T]:
    with computing():
        return encode(part)


def _split_chunks(texts: Sequence[str]) -> Iterator[list[str]]:
    for begin in range(0, len(texts), CHUNK):
        yield [replace_surrogates(text) for text in texts[begin : begin + CHUNK]]


def replace_surrogates(text: str) -> str:
    """Replace each lone surrogate, which UTF-8 cannot encode, by U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= c <= "\udfff" else c for c in text)
    return text
