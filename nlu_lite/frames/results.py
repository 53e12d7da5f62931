"""Arrays become a frame at a level, in the library that is asked for; and frames a matrix again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from nlu_lite.frames.columns import DOCUMENT_NUMBER, column_names, result_names
from nlu_lite.frames.layout import Also, Cells, Empty, Form, Layout, Level, check_installed, check_rows
from nlu_lite.frames.matrix import matrix, to_arrow, vector_column, vector_columns
from nlu_lite.frames.writers import INDEX, Column, Writer, open_writer, repeated
from nlu_lite.records import Corpus, Floats, Ints, Segments, TokenStats

__all__ = [
    "DOCUMENT_NUMBER",
    "INDEX",
    "Also",
    "Cells",
    "Empty",
    "Form",
    "Layout",
    "Level",
    "VectorColumn",
    "Writer",
    "build",
    "check_installed",
    "check_rows",
    "column_names",
    "matrix",
    "open_writer",
    "repeated",
    "result_names",
    "to_arrow",
    "vector_column",
    "vector_columns",
]


Bools = np.ndarray[Any, np.dtype[np.bool_]]
Array = TypeVar("Array", bound=np.ndarray[Any, Any])


@dataclass(frozen=True)
class Spans:
    """The rows of a level, in document order.

    Attributes:
        document: int32 [R], the document of each.
        begin: int32 [R], its offset into the document.
        end: int32 [R].
        has_words: bool [R], false for the one row of a document without words.
    """

    document: Ints
    begin: Ints
    end: Ints
    has_words: Bools


@dataclass(frozen=True)
class VectorColumn:
    """A column of vectors.

    Attributes:
        name: Its name.
        vectors: float32 [R, d], a row for each row of the level that has words.
        stats: How they came about; None where that is not asked for.
    """

    name: str
    vectors: Floats
    stats: TokenStats | None = None


def build(
    layout: Layout,
    writer: Writer,
    corpus: Corpus,
    segments: Segments,
    numbers: Ints,
    columns: Sequence[VectorColumn],
) -> Any:
    """Put the result together.

    Args:
        layout: What it looks like.
        writer: The caller's rows, in the library of the result.
        corpus: The documents.
        segments: Their sentences and tokens.
        numbers: int32 [D], the row of the caller's data in which each document stood.
        columns: Vectors, one matrix a model.

    Returns:
        The caller's columns, then the strings, positions, numbers, vectors, and the stats about these, called as
        `result_names` says; positions and numbers are int32, those of documents int64, since streams count on. A
        document without words has no row; with ``Empty.KEEP`` it has one, whose vectors are zeros: the text itself at
        the document level, an empty sentence at its beginning at the sentence level.
    """
    spans = _rows(layout, corpus, segments)
    made: list[Column] = [_texts(corpus, spans)]
    if Also.POSITIONS in layout.also:
        made += [spans.begin, spans.end]
    if Also.METADATA in layout.also:
        made += _numbers(layout.level, spans, segments, numbers[spans.document].astype(np.int64))
    made += [_filled(column.vectors, spans.has_words) for column in columns]
    for stats in (column.stats for column in columns if column.stats is not None):
        made += [_filled(values, spans.has_words) for values in (stats.pieces, stats.unknown, stats.windows)]
    names = result_names(layout, [column.name for column in columns])
    return writer.write(spans.document, dict(zip(names, made, strict=True)))


def _rows(layout: Layout, corpus: Corpus, segments: Segments) -> Spans:
    if layout.level is Level.TOKEN:
        document = segments.sentence_document[segments.token_sentence]
        return Spans(document, segments.token_begin, segments.token_end, np.ones(len(document), bool))
    texts = np.arange(len(corpus.texts), dtype=np.int32)
    silent = np.setdiff1d(texts, segments.sentence_document) if layout.empty is Empty.KEEP else texts[:0]
    if layout.level is Level.SENTENCE:
        document = np.sort(np.concatenate([segments.sentence_document, silent]))
        has_words = np.isin(document, silent, invert=True)
        begin, end = _filled(segments.sentence_begin, has_words), _filled(segments.sentence_end, has_words)
        return Spans(document, begin, end, has_words)
    document = np.union1d(segments.sentence_document, silent)
    lengths = np.fromiter(map(len, corpus.texts), np.int32, len(corpus.texts))
    return Spans(document, np.zeros_like(document), lengths[document], np.isin(document, silent, invert=True))


def _filled(values: Array, has_words: Bools) -> Array:
    """Put zeros where a row has no words: `values` has the other rows."""
    if has_words.all():
        return values
    filled = np.zeros((len(has_words), *values.shape[1:]), values.dtype)
    filled[has_words] = values
    return filled  # type: ignore[return-value]


def _texts(corpus: Corpus, spans: Spans) -> list[str]:
    places = zip(spans.document.tolist(), spans.begin.tolist(), spans.end.tolist(), strict=True)
    return [corpus.texts[document][begin:end] for document, begin, end in places]


def _numbers(level: Level, spans: Spans, segments: Segments, document: Ints) -> list[Column]:
    """Number documents as in the caller's data, sentences within their document, tokens within their sentence."""
    match level:
        case Level.TOKEN:
            sentence = _place(segments.sentence_document)[segments.token_sentence]
            return [document, sentence, _place(segments.token_sentence)]
        case Level.SENTENCE:
            return [document, _place(spans.document)]
        case Level.DOCUMENT:
            return [document]


def _place(group: Ints) -> Ints:
    """Number the members of each group from 0; `group` ascends."""
    found: Ints = (np.arange(len(group)) - np.searchsorted(group, group)).astype(np.int32)
    return found
