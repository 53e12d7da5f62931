"""Tokens and their runs become pieces: which pieces there are, and which of them belong to which token."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from nlu_lite.encoding.subwords import EncodedText, Subwords
from nlu_lite.options import Context
from nlu_lite.records import Alignment, Ints, Pieces, Runs, Segments

Int64s = NDArray[np.int64]


def find_runs(segments: Segments, context: Context) -> Runs:
    """Give what is encoded together: each sentence, or each document that has sentences."""
    document, begin, end = segments.sentence_document, segments.sentence_begin, segments.sentence_end
    if context is Context.SENTENCE:
        return Runs(document, begin, end)
    first = np.flatnonzero(np.diff(document, prepend=-1))
    last = np.append(first[1:], len(document))[: len(first)] - 1
    return Runs(document[first], begin[first], end[last])


def runs_of_tokens(segments: Segments, runs: Runs) -> Ints:
    """Give the run in which each token stands: int32 [T]."""
    if len(runs.document) == len(segments.sentence_document):
        return segments.token_sentence
    found: Ints = np.searchsorted(runs.document, segments.sentence_document[segments.token_sentence]).astype(np.int32)
    return found


def align(texts: Sequence[str], segments: Segments, runs: Runs, subwords: Subwords, alignment: Alignment) -> Pieces:
    """Encode the runs, and find the pieces of every token.

    Args:
        texts: The documents.
        segments: Their tokens.
        runs: What is encoded together.
        subwords: The model's subword encoder.
        alignment: WORD encodes each token by itself; TEXT encodes each run as a whole and gives a token the pieces that
            share a character with it, or the nearest piece where there is none.
    """
    run = runs_of_tokens(segments, runs)
    if alignment is Alignment.WORD:
        return _by_words(token_texts(texts, segments), run, len(runs.document), subwords)
    return _by_texts(encode_runs(texts, runs, subwords), segments, runs, run)


def token_texts(texts: Sequence[str], segments: Segments) -> list[str]:
    """Cut the tokens out of their documents, in order."""
    document = segments.sentence_document[segments.token_sentence].tolist()
    begins, ends = segments.token_begin.tolist(), segments.token_end.tolist()
    return [texts[d][b:e] for d, b, e in zip(document, begins, ends, strict=True)]


def run_texts(texts: Sequence[str], runs: Runs) -> list[str]:
    """Cut the runs out of their documents, in order."""
    spans = zip(runs.document.tolist(), runs.begin.tolist(), runs.end.tolist(), strict=True)
    return [texts[d][b:e] for d, b, e in spans]


def encode_runs(texts: Sequence[str], runs: Runs, subwords: Subwords, prompt: str = "") -> list[EncodedText]:
    """Encode each run as a whole; one without pieces gets the unknown piece, which stands for all of it."""
    unknown = [subwords.special_tokens.unknown]
    found = subwords.encode_texts([prompt + text for text in run_texts(texts, runs)])
    return [
        one if one.ids else EncodedText(unknown, [(0, int(length))])
        for one, length in zip(found, runs.end - runs.begin, strict=True)
    ]


def _by_words(tokens: Sequence[str], run: Ints, runs: int, subwords: Subwords) -> Pieces:
    """Equal tokens have equal pieces, so each distinct token is encoded once."""
    numbers: dict[str, int] = {}
    number = np.fromiter((numbers.setdefault(token, len(numbers)) for token in tokens), np.int64, len(tokens))
    ids, bounds = _gather(subwords.encode(list(numbers)), number)
    run_first = bounds[np.searchsorted(run, np.arange(runs + 1))]
    return Pieces(ids, run_first, bounds[:-1], bounds[1:])


def _gather(distinct: list[list[int]], number: Int64s) -> tuple[Ints, Ints]:
    """Lay out ``distinct[n]`` for each n of `number`, one after another; give the ids and the bounds of each."""
    lengths = np.fromiter(map(len, distinct), np.int64, len(distinct))
    flat = np.fromiter(chain.from_iterable(distinct), np.int32, int(lengths.sum()))
    begins = np.cumsum(lengths) - lengths
    bounds = np.zeros(len(number) + 1, np.int64)
    np.cumsum(lengths[number], out=bounds[1:])
    shift = np.repeat(begins[number] - bounds[:-1], lengths[number])
    return flat[shift + np.arange(bounds[-1])], bounds.astype(np.int32)


def _by_texts(encoded: list[EncodedText], segments: Segments, runs: Runs, run: Ints) -> Pieces:
    lengths = np.fromiter((len(one.ids) for one in encoded), np.int64, len(encoded))
    ids = np.fromiter(chain.from_iterable(one.ids for one in encoded), np.int32, int(lengths.sum()))
    spans = np.array([span for one in encoded for span in one.spans], np.int64).reshape(-1, 2)
    run_first = np.concatenate([[0], np.cumsum(lengths)])
    # All runs on one line, so that one search finds the pieces of all tokens.
    origin = np.cumsum(runs.end - runs.begin, dtype=np.int64) - (runs.end - runs.begin)
    spans += np.repeat(origin, lengths)[:, None]
    move = origin[run] - runs.begin[run]
    first = np.searchsorted(spans[:, 1], segments.token_begin + move, side="right")
    end = np.searchsorted(spans[:, 0], segments.token_end + move, side="left")
    first = np.clip(first, run_first[run], run_first[run + 1] - 1)
    end = np.maximum(end, first + 1)
    return Pieces(ids, *(array.astype(np.int32) for array in (run_first, first, end)))
