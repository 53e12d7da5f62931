"""Texts become ids of a vocabulary: the shared records and the interface of the subword encoders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from nlu_lite._util.processes import computing

CHUNK = 1024
"""Texts that are encoded in one call: the library's objects for them are much larger than their ids."""


T = TypeVar("T")


class EncodedText(NamedTuple):
    """Pieces of one text.

    Attributes:
        ids: Their ids.
        spans: The characters of the text that each stands for; empty for what was put in.
    """

    ids: list[int]
    spans: list[tuple[int, int]]


class SubwordEncoder(Protocol):
    """What makes pieces of strings."""

    def encode(self, tokens: Sequence[str]) -> list[list[int]]:
        """Give the ids of each token, which is encoded by itself; none where it has no piece."""

    def encode_texts(self, texts: Sequence[str]) -> list[EncodedText]:
        """Give the ids of each text as the model's authors encode it, special tokens not among them."""


@dataclass(frozen=True)
class SpecialTokens:
    """The ids of a model's special tokens.

    Attributes:
        first: Id that stands before the pieces (``<s>``, ``[CLS]``).
        last: Id that stands after them (``</s>``, ``[SEP]``).
        pad: Id that fills a batch.
        unknown: Id of the unknown piece.
    """

    first: int
    last: int
    pad: int
    unknown: int

    @property
    def ids(self) -> frozenset[int]:
        """All of them."""
        return frozenset((self.first, self.last, self.pad, self.unknown))


@dataclass(frozen=True)
class Subwords:
    """A model's subword encoder and its special tokens."""

    encoder: SubwordEncoder
    special_tokens: SpecialTokens

    def encode(self, tokens: Sequence[str]) -> list[list[int]]:
        """Give the ids of each token by itself; a token without pieces gets the unknown piece."""
        found = (ids for part in _chunks(tokens) for ids in _encode_part(self.encoder.encode, part))
        return [ids or [self.special_tokens.unknown] for ids in found]

    def encode_texts(self, texts: Sequence[str]) -> list[EncodedText]:
        """Give the ids of each text, and the characters that they stand for."""
        return [one for part in _chunks(texts) for one in _encode_part(self.encoder.encode_texts, part)]


def _encode_part(encode: Callable[[list[str]], list[T]], part: list[str]) -> list[T]:
    with computing():
        return encode(part)


def _chunks(texts: Sequence[str]) -> Iterator[list[str]]:
    for begin in range(0, len(texts), CHUNK):
        yield [replace_surrogates(text) for text in texts[begin : begin + CHUNK]]


def replace_surrogates(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot hold, by U+FFFD, one for one."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= sign <= "\udfff" else sign for sign in text)
    return text
