"""Tokens become subword pieces: ids of the model's own vocabulary, each token encoded by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from nlu_lite.errors import ModelError, UnsupportedReference
from nlu_lite.records import Checkpoint, Pieces, SubwordKind

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Subwords:
    """A model's subword encoder and the ids that frame a window.

    Attributes:
        encode: Strings to ids, one list each; an empty list where a string has no piece.
        first: Id that stands before the pieces (``<s>``).
        last: Id that stands after them (``</s>``).
        pad: Id that fills a batch.
        unknown: Id of the unknown piece.
    """

    encode: Callable[[Sequence[str]], list[list[int]]]
    first: int
    last: int
    pad: int
    unknown: int

    def pieces(self, tokens: Sequence[str]) -> Pieces:
        """Encode each token by itself; a token without pieces gets the unknown piece.

        Equal tokens have equal pieces, so each distinct token is encoded once.
        """
        numbers: dict[str, int] = {}
        number = np.fromiter((numbers.setdefault(t, len(numbers)) for t in tokens), np.int64, len(tokens))
        distinct = [ids or [self.unknown] for ids in self.encode([_encodable(token) for token in numbers])]
        return _gather(distinct, number)


def _encodable(token: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot hold, by U+FFFD, one for one."""
    return token if token.isascii() else token.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _gather(distinct: list[list[int]], number: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Pieces:
    """Lay out ``distinct[n]`` for each n of `number`, one after another."""
    lengths = np.fromiter(map(len, distinct), np.int64, len(distinct))
    flat = np.fromiter(chain.from_iterable(distinct), np.int32, int(lengths.sum()))
    begins = np.cumsum(lengths) - lengths
    token_first = np.zeros(len(number) + 1, np.int64)
    np.cumsum(lengths[number], out=token_first[1:])
    shift = np.repeat(begins[number] - token_first[:-1], lengths[number])
    ids = flat[shift + np.arange(token_first[-1])]
    return Pieces(ids=ids, token_first=token_first.astype(np.int32))


def open_subwords(checkpoint: Checkpoint) -> Subwords:
    """Open the subword model of a checkpoint with the recipe of its architecture.

    Raises:
        UnsupportedReference: There is no recipe for this kind of model.
        ModelError: The vocabulary does not fit the embedding matrix.
    """
    model_type = checkpoint.config["model_type"]
    if model_type != "xlm-roberta" or checkpoint.subwords.kind is not SubwordKind.SENTENCEPIECE:
        raise UnsupportedReference(
            f"model_type {model_type!r} with a {checkpoint.subwords.kind.value} subword model",
            "xlm-roberta with a SentencePiece model",
            "Use an XLM-RoBERTa model",
        )
    return _xlm_roberta(checkpoint)


def _xlm_roberta(checkpoint: Checkpoint) -> Subwords:
    """Ids are SentencePiece's plus one, unknown 0 becomes 3, and a lone ``▁`` is dropped.

    The shift comes from fairseq, whose vocabulary begins ``<s> <pad> </s> <unk>``; dropping the lone ``▁`` is Spark
    NLP's recipe for single tokens, so that ``.`` is one piece.
    """
    if checkpoint.config.get("pad_token_id", 1) != 1:
        got = f"the configuration has pad_token_id={checkpoint.config['pad_token_id']!r}"
        raise ModelError(got, "1, as every XLM-RoBERTa model has it", "Fetch the files again")
    processor = _processor(checkpoint.subwords.data)
    space, unknown = processor.piece_to_id("▁"), processor.unk_id()
    rows = checkpoint.tensors["embeddings.word_embeddings.weight"].shape[0]
    if processor.get_piece_size() + 1 > rows:
        raise ModelError(
            f"the SentencePiece model has {processor.get_piece_size()} pieces, the embedding matrix {rows} rows",
            "a row for each piece and one more",
            "The files belong to two different models: fetch them again",
        )

    def encode(tokens: Sequence[str]) -> list[list[int]]:
        encoded = processor.encode(list(tokens), num_threads=1)
        return [[3 if i == unknown else i + 1 for i in ids if i != space or i == unknown] for ids in encoded]

    return Subwords(encode, first=0, last=2, pad=1, unknown=3)


def _processor(data: bytes) -> SentencePieceProcessor:
    from sentencepiece import SentencePieceProcessor

    try:
        if not data:
            raise ValueError("it is empty")
        return SentencePieceProcessor(model_proto=data)
    except (RuntimeError, ValueError) as error:
        raise ModelError(
            f"the SentencePiece model cannot be read ({error})", "a ModelProto", "Fetch the model's files again"
        ) from error
