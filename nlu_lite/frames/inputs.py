"""Read the caller's data into a `Corpus`, and documents that are already split into words into `Segments`."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite.errors import InputError
from nlu_lite.frames.arrow import ArrowReader, from_arrow, note_origin, to_objects
from nlu_lite.frames.columns import check_names, find_text_column, read_languages
from nlu_lite.frames.messages import (
    describe_type,
    is_foreign_frame,
    name_rows,
    refuse_distributed,
    suggest_item_remedy,
    suggest_remedy,
)
from nlu_lite.frames.pandas import PandasReader, series_to_objects
from nlu_lite.frames.presplit import build_segments, check_parts, is_split
from nlu_lite.frames.protocols import FrameReader
from nlu_lite.options import Missing, OtherColumns, PredictRequest, Split
from nlu_lite.records import Corpus, Segments

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Bools = np.ndarray[Any, np.dtype[np.bool_]]
Rows = np.ndarray[Any, np.dtype[np.int64]]

EXPECTED = (
    "a str, a list or another iterable of str or of lists of str (words), a pandas Series or DataFrame, a 1-D array, "
    "Arrow data, a Polars Series or frame, or a Dataset"
)

NO_TEXTS = (Mapping, ItemsView, bytes, bytearray, memoryview)
"""Iterable types whose items are not texts."""


@dataclass(frozen=True)
class ParsedInput:
    """The data of the caller.

    Attributes:
        corpus: The documents.
        rows: int64 [D], the row of each document in the caller's data, counted from the request's first row.
        segments: The words, if the caller has split the documents into words.
        sentences: The sentences of each document, if the caller has split the documents into sentences.
    """

    corpus: Corpus
    rows: Rows
    segments: Segments | None = None
    sentences: list[list[str]] | None = None

    def cut(self, begin: int, end: int) -> ParsedInput:
        """Return the documents from `begin` to `end`, without the other columns of the caller."""
        corpus = self.corpus
        part = Corpus(corpus.texts[begin:end], corpus.languages[begin:end], corpus.index[begin:end])
        segments = None if self.segments is None else self.segments.cut(begin, end)
        sentences = None if self.sentences is None else self.sentences[begin:end]
        return ParsedInput(part, self.rows[begin:end], segments, sentences)


def read(data: object, request: PredictRequest, check_language: Callable[[str], object]) -> ParsedInput:
    """Read the caller's data.

    Args:
        data: A str; strings in a list, tuple, iterator, generator or another iterable, a 1-D numpy array, a pandas
            Series, an Arrow array or a Polars Series; or a frame with a column of strings: of pandas, Arrow (Table,
            RecordBatch, RecordBatchReader), Polars (also lazy) or any other library with the Arrow PyCapsule interface;
            or a Dataset or IterableDataset of Hugging Face. A list of strings can replace each string: the words or the
            sentences of a document.
        request: The options of the call.
        check_language: Called with each language code; raises an error if the code is unknown.

    Raises:
        InputError: The data cannot be read.
        MissingExtra: The data are Arrow data, and pyarrow is not installed.

    Example:
        >>> given = read([["New York", "!"]], PredictRequest(lang="en"), str)
        >>> given.corpus.texts, given.segments.token_begin, given.segments.token_end
        (['New York !'], array([0, 9], dtype=int32), array([ 8, 10], dtype=int32))
    """
    import pandas as pd

    refuse_distributed(data, request.call)
    if isinstance(data, pd.DataFrame):
        return _read_sheet(PandasReader(data), request, check_language)
    found = None if isinstance(data, (str, list, tuple, pd.Series, pd.Index)) else from_arrow(data)
    if hasattr(found, "column_names"):
        return _read_sheet(ArrowReader(found), request, check_language)
    if request.text_column is not None or request.lang_column is not None:
        raise InputError(
            f"text_column or lang_column was given with {describe_type(data)}",
            "a frame, which has columns",
            "Leave them out, or pass a frame, such as pandas.DataFrame(data)",
        )
    index = data.index if isinstance(data, pd.Series) else None
    return _read_items(_collect_items(data, request.call) if found is None else to_objects(found), index, None, request)


def _read_sheet(sheet: FrameReader, request: PredictRequest, check_language: Callable[[str], object]) -> ParsedInput:
    check_names(sheet.names)
    if not sheet.names and not sheet.height and request.text_column is None:
        return _read_items([], sheet.index, None, request)
    column = find_text_column(sheet, request)
    items = sheet.read_column(column)
    kept = sheet.drop_column(column) if request.keep_columns is OtherColumns.KEEP else None
    codes = read_languages(sheet, request, _find_present(items).tolist(), check_language)
    return _read_items(items, sheet.index, kept, request, codes)


def _collect_items(data: object, call: str) -> Sequence[object]:
    import pandas as pd

    if isinstance(data, str):
        return [data]
    if isinstance(data, (list, tuple)):
        return data
    if isinstance(data, pd.Series) or (isinstance(data, pd.Index) and data.nlevels == 1):
        return series_to_objects(data)
    if isinstance(data, np.ndarray) and data.ndim == 1 and data.dtype.names is None:
        return list(data.tolist())
    if isinstance(data, (*NO_TEXTS, np.ndarray, pd.MultiIndex)) or not isinstance(data, Iterable):
        shape = f" and shape {data.shape}" if isinstance(data, np.ndarray) else ""
        raise InputError(f"{call} was given {describe_type(data)}{shape}", EXPECTED, suggest_remedy(data))
    if is_foreign_frame(data):
        raise InputError(
            f"{call} was given {describe_type(data)}, a frame that it cannot read", EXPECTED, suggest_remedy(data)
        )
    items: list[object] = []
    with note_origin(data):
        items.extend(data)
    return items


# --- texts -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class InputRows:
    """Rows of the caller's data.

    Attributes:
        items: The texts, or documents that are already split; missing ones too.
        codes: The language code of each row.
        index: The label of each row.
        kept: The other columns that are kept; None if there are none.
    """

    items: Sequence[object]
    codes: list[str]
    index: pd.Index
    kept: pd.DataFrame | pa.Table | None

    def select(self, present: Bools) -> InputRows:
        """Return the rows of a mask."""
        numbers = np.flatnonzero(present)
        kept = self.kept
        if kept is not None:
            kept = kept.iloc[numbers] if hasattr(kept, "iloc") else kept.take(numbers)
        items, codes = list(compress(self.items, present)), list(compress(self.codes, present))
        return InputRows(items, codes, self.index[present], kept)

    def build_corpus(self, texts: list[str]) -> Corpus:
        """Return the corpus of these rows."""
        return Corpus(texts, self.codes, self.index, self.kept)


def _read_items(
    items: Sequence[object],
    index: pd.Index | None,
    kept: pd.DataFrame | pa.Table | None,
    request: PredictRequest,
    codes: list[str] | None = None,
) -> ParsedInput:
    import pandas as pd

    first = request.first_row
    index = pd.RangeIndex(first, first + len(items)) if index is None else index
    rows = InputRows(items, codes or [request.lang] * len(items), index, kept)
    present = _find_present(items)
    numbers = np.flatnonzero(present) + first
    if len(numbers) < len(items):
        _check_missing(index[~present], request)
        rows = rows.select(present)
    if any(map(is_split, rows.items)) or (rows.items and request.split is Split.SENTENCES):
        return _read_split(rows, numbers, request.split)
    return ParsedInput(rows.build_corpus(_check_strings(rows.items, rows.index)), numbers)


def _check_missing(labels: pd.Index, request: PredictRequest) -> None:
    if request.missing is Missing.ERROR:
        skips = "" if request.call == "encode" else ', or pass missing="skip" to leave these rows out'
        raise InputError(f"there is no text in {name_rows(labels.tolist())}", "a str in every row", f"Fill them{skips}")


def _read_split(rows: InputRows, numbers: Rows, split: Split) -> ParsedInput:
    if split is Split.SENTENCES and not all(map(is_split, rows.items)):
        raise InputError(
            'split="sentences" was given with texts that are not split',
            "a list of lists of sentences",
            "Leave it out, or split each document",
        )
    parts = check_parts(rows.items, numbers.tolist(), split)
    corpus = rows.build_corpus([" ".join(document) for document in parts])
    if split is Split.SENTENCES:
        return ParsedInput(corpus, numbers, sentences=parts)
    return ParsedInput(corpus, numbers, segments=build_segments(parts))


def _find_present(items: Sequence[object]) -> Bools:
    return np.fromiter((not _is_missing(item) for item in items), bool, len(items))


def _is_missing(text: object) -> bool:
    """Whether a value is None, NaN, or pandas' NA or NaT."""
    if text is None:
        return True
    if isinstance(text, (str, bytes)):
        return False
    import pandas as pd

    return text is pd.NA or text is pd.NaT or (isinstance(text, (float, np.floating)) and bool(text != text))


def _check_strings(texts: Sequence[object], index: pd.Index) -> list[str]:
    """Return plain strings: a member of an enum of strings becomes its value."""
    wrong = np.fromiter((not isinstance(text, str) for text in texts), bool, len(texts))
    if wrong.any():
        first = texts[int(wrong.argmax())]
        raise InputError(
            f"{describe_type(first)} was found in {name_rows(index[wrong].tolist())}",
            "a str in every row",
            suggest_item_remedy(first),
        )
    return [str.__str__(text) for text in texts if isinstance(text, str)]
