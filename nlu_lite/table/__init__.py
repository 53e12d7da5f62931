"""Arrays become a frame at a level, in the library that is asked for; and frames a matrix again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlu_lite.encoding import Facts
from nlu_lite.records import Corpus, Floats, Ints, Segments
from nlu_lite.table.back import matrix, to_arrow, vector_columns
from nlu_lite.table.layout import Also, Cells, Form, Layout, Level, check_installed
from nlu_lite.table.names import DOCUMENT_NUMBER, column_names, result_names
from nlu_lite.table.writers import INDEX, Column, Writer, open_writer

__all__ = [
    "DOCUMENT_NUMBER",
    "INDEX",
    "Also",
    "Cells",
    "Form",
    "Layout",
    "Level",
    "VectorColumn",
    "Writer",
    "build",
    "check_installed",
    "column_names",
    "matrix",
    "open_writer",
    "result_names",
    "to_arrow",
    "vector_columns",
]


@dataclass(frozen=True)
class Spans:
    """The rows of a level: int32 [R] each, in document order."""

    document: Ints
    begin: Ints
    end: Ints


@dataclass(frozen=True)
class VectorColumn:
    """A column of vectors.

    Attributes:
        name: Its name.
        vectors: float32 [R, d], a row for each row of the level.
        facts: How they came about; None where that is not asked for.
    """

    name: str
    vectors: Floats
    facts: Facts | None = None


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
        The caller's columns, then the strings, positions, numbers, vectors, and the facts about these, called as
        `result_names` says; positions and numbers are int32, those of documents int64, since streams count on. A
        document without sentences has no row.
    """
    spans = _rows(layout.level, corpus, segments)
    made: list[Column] = [_texts(corpus, spans)]
    if Also.POSITIONS in layout.also:
        made += [spans.begin, spans.end]
    if Also.METADATA in layout.also:
        made += _numbers(layout.level, segments, numbers[spans.document].astype(np.int64))
    made += [column.vectors for column in columns]
    for facts in (column.facts for column in columns if column.facts is not None):
        made += [facts.pieces, facts.unknown, facts.windows]
    names = result_names(layout, [column.name for column in columns])
    return writer.write(spans.document, dict(zip(names, made, strict=True)))


def _rows(level: Level, corpus: Corpus, segments: Segments) -> Spans:
    if level is Level.TOKEN:
        document = segments.sentence_document[segments.token_sentence]
        return Spans(document, segments.token_begin, segments.token_end)
    if level is Level.SENTENCE:
        return Spans(segments.sentence_document, segments.sentence_begin, segments.sentence_end)
    document = np.unique(segments.sentence_document)
    lengths = np.fromiter(map(len, corpus.texts), np.int32, len(corpus.texts))
    return Spans(document, np.zeros_like(document), lengths[document])


def _texts(corpus: Corpus, spans: Spans) -> list[str]:
    places = zip(spans.document.tolist(), spans.begin.tolist(), spans.end.tolist(), strict=True)
    return [corpus.texts[document][begin:end] for document, begin, end in places]


def _numbers(level: Level, segments: Segments, document: Ints) -> list[Column]:
    """Number documents as in the caller's data, sentences within their document, tokens within their sentence."""
    sentence, token = _place(segments.sentence_document), _place(segments.token_sentence)
    match level:
        case Level.TOKEN:
            return [document, sentence[segments.token_sentence], token]
        case Level.SENTENCE:
            return [document, sentence]
        case Level.DOCUMENT:
            return [document]


def _place(group: Ints) -> Ints:
    """Number the members of each group from 0; `group` ascends."""
    found: Ints = (np.arange(len(group)) - np.searchsorted(group, group)).astype(np.int32)
    return found
