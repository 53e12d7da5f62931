"""Sentences and words that the caller brings, or a callable of the caller's gives: checked, never trusted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from nlu_lite.errors import InputError
from nlu_lite.records import Ints, Segments


def checked_spans(spans: Iterable[tuple[int, int]], text: str, giver: str) -> tuple[Ints, Ints]:
    """Give spans as arrays, without the white space at their edges, if they cover the text as spans must.

    Args:
        spans: Half-open, in code points; spans of white space alone fall away.
        text: What they are of.
        giver: Who gave them, for the error.

    Returns:
        Begins and ends, int32.

    Raises:
        InputError: They are no pairs of int, overlap, go back, lie outside, or leave out a character.

    Example:
        >>> checked_spans([(0, 3), (3, 5)], "Hi you", "it")
        Traceback (most recent call last):
        nlu_lite.errors.InputError: it left out 'u' at 5; expected spans that cover every character that is not white
        space. Return (begin, end) pairs ...
    """
    pairs: list[tuple[int, int]] = []
    place = 0
    for span in _pairs(spans, giver):
        begin, end = span
        if not place <= begin <= end <= len(text):
            raise _wrong(giver, f"gave the span ({begin}, {end}) after {place} in a text of length {len(text)}")
        _check_skipped(text, place, begin, giver)
        piece = text[begin:end]
        if piece.strip():
            pairs.append((begin + len(piece) - len(piece.lstrip()), begin + len(piece.rstrip())))
        place = end
    _check_skipped(text, place, len(text), giver)
    array = np.array(pairs, np.int32).reshape(-1, 2)
    return np.ascontiguousarray(array[:, 0]), np.ascontiguousarray(array[:, 1])


def _pairs(spans: object, giver: str) -> list[tuple[int, int]]:
    try:
        pairs = [(begin, end) for begin, end in spans]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise _wrong(giver, f"gave {spans!r:.60}") from None
    for pair in pairs:
        if not all(isinstance(offset, (int, np.integer)) for offset in pair):
            raise _wrong(giver, f"gave the span {pair!r}")
    return [(int(begin), int(end)) for begin, end in pairs]


def _check_skipped(text: str, begin: int, end: int, giver: str) -> None:
    skipped = text[begin:end]
    if skipped.strip():
        offset = begin + len(skipped) - len(skipped.lstrip())
        raise _wrong(giver, f"left out {text[offset]!r} at {offset}")


def _wrong(giver: str, what: str) -> InputError:
    return InputError(
        f"{giver} {what}",
        "spans that cover every character that is not white space",
        "Return (begin, end) pairs of int in order: half-open, in code points",
    )


def checked_sentences(documents: Sequence[Sequence[str]]) -> list[str]:
    """Give each document's text, its sentences joined by one space.

    Raises:
        InputError: Something is no str, or white space alone.
    """
    for row, document in enumerate(documents):
        if not isinstance(document, (list, tuple)):
            raise InputError(f"row {row} holds {type(document).__name__}", "a list of sentences", "Put it into a list")
        for place, sentence in enumerate(document):
            if not isinstance(sentence, str) or not sentence.strip():
                got = "white space alone" if isinstance(sentence, str) else type(sentence).__name__
                where = f"row {row}, place {place}"
                raise InputError(f"{got} stands in {where}", "sentences that are not empty", "Leave it out")
    return [" ".join(document) for document in documents]


def shifted(tokens: Segments, documents: Sequence[Sequence[str]]) -> Segments:
    """Turn segments in which each sentence is a document into those of the documents that they make up."""
    counts = np.fromiter(map(len, documents), np.int64, len(documents))
    document = np.repeat(np.arange(len(documents), dtype=np.int32), counts)
    lengths = np.fromiter((len(sentence) for one in documents for sentence in one), np.int64, int(counts.sum()))
    starts = np.cumsum(lengths + 1) - lengths - 1
    first = np.repeat(np.cumsum(counts) - counts, counts)
    shift = (starts - starts[first]).astype(np.int32)
    return Segments(
        document,
        tokens.sentence_begin + shift,
        tokens.sentence_end + shift,
        tokens.token_sentence,
        tokens.token_begin + shift[tokens.token_sentence],
        tokens.token_end + shift[tokens.token_sentence],
    )


def whole(text: str) -> list[tuple[int, int]]:
    """Split nothing: a text is one sentence."""
    return [(0, len(text))]
