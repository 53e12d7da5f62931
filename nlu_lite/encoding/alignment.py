"""Encode runs of text into pieces, and find the pieces of each token."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from nlu_lite.encoding.plan import join_ranges
from nlu_lite.encoding.subwords import EncodedText, Subwords, TokenIds
from nlu_lite.options import Context
from nlu_lite.records import Alignment, Int64s, Ints, Pieces, Runs, Segments, TokenTexts


def find_runs(segments: Segments, context: Context) -> Runs:
    """Return the spans that are encoded together: each sentence, or each document that has sentences."""
    document, begin, end = segments.sentence_document, segments.sentence_begin, segments.sentence_end
    if context is Context.SENTENCE:
        return Runs(document, begin, end)
    first = np.flatnonzero(np.diff(document, prepend=-1))
    last = np.append(first[1:], len(document))[: len(first)] - 1
    return Runs(document[first], begin[first], end[last])


def find_token_runs(segments: Segments, runs: Runs) -> Ints:
    """Return the run of each token: int32 [T]."""
    if len(runs.document) == len(segments.sentence_document):
        return segments.token_sentence
    found: Ints = np.searchsorted(runs.document, segments.sentence_document[segments.token_sentence]).astype(np.int32)
    return found


def align(texts: Sequence[str], segments: Segments, runs: Runs, subwords: Subwords, alignment: Alignment) -> Pieces:
    """Encode the runs, and find the pieces of every token.

    Args:
        texts: The documents.
        segments: Their tokens.
        runs: The spans that are encoded together.
        subwords: The model's subword encoder.
        alignment: WORD encodes each token separately. TEXT encodes each run as a whole; a token then has the pieces
            that share a character with it, or the nearest piece if no piece does.
    """
    run = find_token_runs(segments, runs)
    if alignment is Alignment.WORD:
        return _align_words(segments.find_token_texts(texts), run, len(runs.document), subwords)
    return _align_runs(encode_runs(texts, runs, subwords), segments, runs, run)


def run_texts(texts: Sequence[str], runs: Runs) -> list[str]:
    """Return the text of each run, in order."""
    spans = zip(runs.document.tolist(), runs.begin.tolist(), runs.end.tolist(), strict=True)
    return [texts[d][b:e] for d, b, e in spans]


def encode_runs(texts: Sequence[str], runs: Runs, subwords: Subwords, prompt: str = "") -> list[EncodedText]:
    """Encode each run as a whole. A run without pieces gets the unknown piece, whose span is the whole run."""
    unknown = [subwords.special_tokens.unknown]
    found = subwords.encode_texts([prompt + text for text in run_texts(texts, runs)])
    return [
        one if one.ids else EncodedText(unknown, [(0, int(length))])
        for one, length in zip(found, runs.end - runs.begin, strict=True)
    ]


def _align_words(tokens: TokenTexts, run: Ints, runs: int, subwords: Subwords) -> Pieces:
    """Encode each distinct token once, since equal tokens have equal pieces."""
    ids, bounds = _gather(subwords.encode_tokens(tokens.strings), tokens.number)
    run_first = bounds[np.searchsorted(run, np.arange(runs + 1))]
    return Pieces(ids, run_first, bounds[:-1], bounds[1:])


def _gather(distinct: TokenIds, number: Int64s) -> tuple[Ints, Ints]:
    """Concatenate the ids of token n for each n of `number`. Return the ids, and the bounds of each part."""
    ends = np.cumsum(distinct.lengths)
    begins = ends - distinct.lengths
    bounds = np.zeros(len(number) + 1, np.int32)
    np.cumsum(distinct.lengths[number], out=bounds[1:])
    return distinct.ids[join_ranges(begins[number], ends[number])], bounds


def _align_runs(encoded: list[EncodedText], segments: Segments, runs: Runs, run: Ints) -> Pieces:
    lengths = np.fromiter((len(one.ids) for one in encoded), np.int64, len(encoded))
    ids = np.fromiter(chain.from_iterable(one.ids for one in encoded), np.int32, int(lengths.sum()))
    spans = np.array([span for one in encoded for span in one.spans], np.int64).reshape(-1, 2)
    run_first = np.concatenate([[0], np.cumsum(lengths)])
    # The runs are placed one after another on one axis, so that a single search finds the pieces of all tokens.
    origin = np.cumsum(runs.end - runs.begin, dtype=np.int64) - (runs.end - runs.begin)
    spans += np.repeat(origin, lengths)[:, None]
    move = origin[run] - runs.begin[run]
    first = np.searchsorted(spans[:, 1], segments.token_begin + move, side="right")
    end = np.searchsorted(spans[:, 0], segments.token_end + move, side="left")
    first = np.clip(first, run_first[run], run_first[run + 1] - 1)
    end = np.maximum(end, first + 1)
    return Pieces(ids, *(array.astype(np.int32) for array in (run_first, first, end)))
