"""Build a frame from arrays, at the requested level and in the requested library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from nlu_lite._util.arrays import find_distinct
from nlu_lite.errors import InputError
from nlu_lite.frames.arrow import ArrowWriter
from nlu_lite.frames.columns import name_result_columns
from nlu_lite.frames.pandas import PandasWriter, build_table
from nlu_lite.frames.polars import PolarsWriter, to_polars
from nlu_lite.frames.protocols import Column, FrameWriter
from nlu_lite.options import Empty, ExtraColumns, FrameLibrary, Level, PredictRequest
from nlu_lite.records import Bools, Corpus, Floats, Ints, Segments, TokenStats

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

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
        stats: Their statistics; None if not requested.
    """

    name: str
    vectors: Floats
    stats: TokenStats | None = None


def build_frame(
    request: PredictRequest,
    writer: FrameWriter,
    corpus: Corpus,
    segments: Segments,
    rows: NDArray[np.int64],
    columns: Sequence[VectorColumn],
) -> Any:
    """Build the result.

    Args:
        request: The options of the call.
        writer: The caller's rows, in the library of the result.
        corpus: The documents.
        segments: Their sentences and tokens.
        rows: int64 [D], the row of each document in the caller's data.
        columns: Vectors, one matrix for each model.

    Returns:
        The caller's columns, then the strings, positions, numbers, vectors and their statistics, with the names of
        `name_result_columns`. Positions and numbers are int32, numbers of documents int64, since a stream can be long.
        A document without words has no row; with ``Empty.KEEP`` it has one, whose vectors are zeros: the text itself at
        the document level, an empty sentence at its beginning at the sentence level.
    """
    spans = _find_spans(request, corpus, segments)
    made: list[Column] = [_find_texts(request.output_level, corpus, segments, spans)]
    if ExtraColumns.POSITIONS in request.extra_columns:
        made += [spans.begin, spans.end]
    if ExtraColumns.METADATA in request.extra_columns:
        made += _number_rows(request.output_level, spans, segments, rows[spans.document])
    made += [_insert_zeros(column.vectors, spans.has_words) for column in columns]
    for stats in (column.stats for column in columns if column.stats is not None):
        made += [_insert_zeros(values, spans.has_words) for values in (stats.pieces, stats.unknown, stats.windows)]
    names = name_result_columns(request, [column.name for column in columns])
    return writer.write(spans.document, dict(zip(names, made, strict=True)))


def _find_spans(request: PredictRequest, corpus: Corpus, segments: Segments) -> Spans:
    if request.output_level is Level.TOKEN:
        document = segments.sentence_document[segments.token_sentence]
        return Spans(document, segments.token_begin, segments.token_end, np.ones(len(document), bool))
    has_sentences = np.zeros(len(corpus.texts), bool)
    has_sentences[segments.sentence_document] = True
    silent = np.flatnonzero(~has_sentences if request.empty is Empty.KEEP else has_sentences[:0]).astype(np.int32)
    document = np.sort(np.concatenate([segments.sentence_document, silent]))
    if request.output_level is Level.SENTENCE:
        has_words = has_sentences[document]
        begin, end = _insert_zeros(segments.sentence_begin, has_words), _insert_zeros(segments.sentence_end, has_words)
        return Spans(document, begin, end, has_words)
    document = find_distinct(document)
    lengths = np.fromiter(map(len, corpus.texts), np.int32, len(corpus.texts))
    return Spans(document, np.zeros_like(document), lengths[document], has_sentences[document])


def _insert_zeros(values: Array, has_words: Bools) -> Array:
    """Insert zeros for rows without words: `values` has only the other rows."""
    if has_words.all():
        return values
    filled = np.zeros((len(has_words), *values.shape[1:]), values.dtype)
    filled[has_words] = values
    return filled  # type: ignore[return-value]


def _find_texts(level: Level, corpus: Corpus, segments: Segments, spans: Spans) -> Column:
    """Return the text of each row."""
    if level is Level.TOKEN:
        return segments.find_token_texts(corpus.texts).to_objects()
    places = zip(spans.document.tolist(), spans.begin.tolist(), spans.end.tolist(), strict=True)
    return [corpus.texts[document][begin:end] for document, begin, end in places]


def _number_rows(level: Level, spans: Spans, segments: Segments, document: NDArray[np.int64]) -> list[Column]:
    """Number documents as in the caller's data, sentences within their document, tokens within their sentence."""
    match level:
        case Level.TOKEN:
            sentence = _number_members(segments.sentence_document)[segments.token_sentence]
            return [document, sentence, _number_members(segments.token_sentence)]
        case Level.SENTENCE:
            return [document, _number_members(spans.document)]
        case Level.DOCUMENT:
            return [document]


def _number_members(group: Ints) -> Ints:
    """Number the members of each group from 0; `group` ascends."""
    found: Ints = (np.arange(len(group)) - np.searchsorted(group, group)).astype(np.int32)
    return found


# --- writers ---------------------------------------------------------------------------------------------------------


def open_writer(corpus: Corpus, request: PredictRequest, names: Sequence[str]) -> FrameWriter:
    """Convert the caller's rows to the library of the result, before the work begins.

    Args:
        corpus: The documents.
        request: The options of the call.
        names: Names of the columns that will be added to these rows.

    Raises:
        InputError: A column of the caller has the name of a column of the result, or the library cannot hold it.
    """
    if corpus.kept is not None:
        _check_repeatable(corpus.kept)
    writer = _build_writer(corpus, request)
    both = [name for name in writer.names if name in names]
    if both:
        raise InputError(
            f"the columns {both} of the frame have the names of columns of the result",
            "other names",
            "Rename them, or pass keep_columns=False",
        )
    return writer


def _build_writer(corpus: Corpus, request: PredictRequest) -> FrameWriter:
    match request.library:
        case FrameLibrary.PANDAS:
            return PandasWriter(corpus.index, corpus.kept, request.cells)
        case FrameLibrary.ARROW:
            return ArrowWriter(build_table(corpus))
        case FrameLibrary.POLARS:
            return PolarsWriter(to_polars(build_table(corpus)))


def _check_repeatable(kept: pd.DataFrame | pa.Table) -> None:
    """Refuse columns that Arrow cannot repeat before the vectors are computed."""
    for name, column in _find_arrow_columns(kept).items():
        import pyarrow as pa

        try:
            column.take(pa.array([0] * min(1, len(column)), pa.int64()))
        except pa.ArrowException as error:
            raise InputError(
                f"Arrow cannot repeat the column {name!r} of type {column.type} ({error})",
                "columns of other types",
                "Cast it, or pass keep_columns=False",
            ) from error


def _find_arrow_columns(kept: pd.DataFrame | pa.Table) -> dict[Any, pa.ChunkedArray]:
    import pandas as pd

    if not isinstance(kept, pd.DataFrame):
        return dict(zip(kept.column_names, kept.columns, strict=True))
    names = [name for name, dtype in kept.dtypes.items() if isinstance(dtype, pd.ArrowDtype)]
    return {name: kept[name].array.__arrow_array__() for name in names}
