"""Check sentences that the caller passes, and spans that a callable of the caller's returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from nlu_lite.errors import InputError
from nlu_lite.records import Ints, Segments


def check_spans(spans: Iterable[tuple[int, int]], text: str, source: str) -> tuple[Ints, Ints]:
    """Check that spans cover a text, and return them as arrays, trimmed of whitespace.

    Args:
        spans: Half-open spans in code points; spans of whitespace only are dropped.
        text: The text that the spans refer to.
        source: What returned the spans, for errors.

    Returns:
        Begins and ends, int32.

    Raises:
        InputError: A span is not a pair of int, overlaps another, is out of order or outside the text, or a character
            that is not whitespace is in no span.

    Example:
        >>> check_spans([(0, 3), (3, 5)], "Hi you", "the tokenizer")
        Traceback (most recent call last):
        nlu_lite.errors.InputError: the tokenizer left out 'u' at 5; expected spans that cover every character that is
        not whitespace. Return (begin, end) pairs ...
    """
    pairs: list[tuple[int, int]] = []
    place = 0
    for begin, end in _check_pairs(spans, source):
        if not place <= begin <= end <= len(text):
            raise _build_error(source, f"gave the span ({begin}, {end}) after {place} in a text of length {len(text)}")
        _check_gap(text, place, begin, source)
        piece = text[begin:end]
        if piece.strip():
            pairs.append((begin + len(piece) - len(piece.lstrip()), begin + len(piece.rstrip())))
        place = end
    _check_gap(text, place, len(text), source)
    array = np.array(pairs, np.int32).reshape(-1, 2)
    return np.ascontiguousarray(array[:, 0]), np.ascontiguousarray(array[:, 1])


def _check_pairs(spans: object, source: str) -> list[tuple[int, int]]:
    try:
        pairs = [(begin, end) for begin, end in spans]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise _build_error(source, f"gave {spans!r:.60}") from None
    for pair in pairs:
        if not all(isinstance(offset, (int, np.integer)) for offset in pair):
            raise _build_error(source, f"gave the span {pair!r}")
    return [(int(begin), int(end)) for begin, end in pairs]


def _check_gap(text: str, begin: int, end: int, source: str) -> None:
    gap = text[begin:end]
    if gap.strip():
        offset = begin + len(gap) - len(gap.lstrip())
        raise _build_error(source, f"left out {text[offset]!r} at {offset}")


def _build_error(source: str, problem: str) -> InputError:
    return InputError(
        f"{source} {problem}",
        "spans that cover every character that is not whitespace",
        "Return (begin, end) pairs of int in order: half-open, in code points",
    )


def check_sentences(documents: Sequence[Sequence[str]]) -> list[str]:
    """Check documents that are lists of sentences, and return their texts: the sentences, joined by one space.

    Raises:
        InputError: A document is not a list, or a sentence is not a str or is only whitespace.
    """
    for row, document in enumerate(documents):
        if not isinstance(document, (list, tuple)):
            raise InputError(
                f"row {row} is a value of type {type(document).__name__}",
                "a list of sentences",
                "Put the sentence into a list",
            )
        for place, sentence in enumerate(document):
            _check_sentence(sentence, f"sentence {place} of row {row}")
    return [" ".join(document) for document in documents]


def _check_sentence(sentence: object, name: str) -> None:
    if not isinstance(sentence, str):
        raise InputError(f"{name} is a value of type {type(sentence).__name__}", "a str", "Convert it, or leave it out")
    if not sentence.strip():
        raise InputError(f"{name} is empty or only whitespace", "a sentence with text", "Leave it out")


def restore_documents(segments: Segments, documents: Sequence[Sequence[str]]) -> Segments:
    """Convert segments of sentences that were segmented as documents to segments of the actual documents.

    Args:
        segments: The segments; every document is one sentence.
        documents: For each actual document its sentences.
    """
    counts = np.fromiter(map(len, documents), np.int64, len(documents))
    document = np.repeat(np.arange(len(documents), dtype=np.int32), counts)
    lengths = np.fromiter((len(sentence) for one in documents for sentence in one), np.int64, int(counts.sum()))
    starts = np.cumsum(lengths + 1) - lengths - 1
    first = np.repeat(np.cumsum(counts) - counts, counts)
    shift = (starts - starts[first]).astype(np.int32)
    return Segments(
        document,
        segments.sentence_begin + shift,
        segments.sentence_end + shift,
        segments.token_sentence,
        segments.token_begin + shift[segments.token_sentence],
        segments.token_end + shift[segments.token_sentence],
    )


def keep_as_one_sentence(text: str) -> list[tuple[int, int]]:
    """Split a text into one sentence: the whole text."""
    return [(0, len(text))]
