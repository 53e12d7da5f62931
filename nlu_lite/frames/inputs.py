"""Whatever the caller has becomes a `Corpus`, and for pre-split words also its `Segments`. Nothing given is changed."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Mapping, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite.errors import InputError
from nlu_lite.frames.arrow import drawn, from_arrow, series_objects, to_objects, without_views
from nlu_lite.frames.hugging_face import dataset_batches
from nlu_lite.frames.messages import is_foreign_frame, item_remedy, kind, remedy, rows
from nlu_lite.frames.presplit import is_split, parts_of, segments_of
from nlu_lite.frames.reading import Columns, Given, Missing, Reading, Split
from nlu_lite.frames.sheets import ArrowSheet, PandasSheet, Sheet, check_names, languages, text_column
from nlu_lite.records import Corpus

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = [
    "NO_TEXTS",
    "Columns",
    "Given",
    "Missing",
    "Reading",
    "Split",
    "check_names",
    "dataset_batches",
    "from_arrow",
    "is_foreign_frame",
    "kind",
    "read",
    "remedy",
    "without_views",
]

Bools = np.ndarray[Any, np.dtype[np.bool_]]

EXPECTED = (
    "a str, a list or another iterable of str or of lists of str (words), a pandas Series or DataFrame, a 1-D array, "
    "Arrow data, a Polars Series or frame, or a Dataset"
)

NO_TEXTS = (Mapping, ItemsView, bytes, bytearray, memoryview)
"""Types that can be iterated over, but give no texts."""


def read(data: object, reading: Reading) -> Given:
    """Read the caller's data.

    Args:
        data: A str; strings in a list, tuple, iterator, generator or another iterable, a 1-D numpy array, a pandas
            Series, an Arrow array or a Polars Series; or a frame with a column of strings: of pandas, Arrow (Table,
            RecordBatch, RecordBatchReader) or Polars (lazy ones too), a Dataset or IterableDataset of Hugging Face, or
            of any library that speaks the Arrow PyCapsule interface. In the place of each string a list of strings may
            stand: a document of one sentence, the strings its tokens; or a document, the strings its sentences.
        reading: How.

    Raises:
        InputError: The data cannot be read; what was got is said.
        MissingExtra: Arrow data are given, and pyarrow is not installed.

    Example:
        >>> reading = Reading(None, None, "en", str, Columns.KEEP, Missing.ERROR)
        >>> given = read([["New York", "!"]], reading)
        >>> given.corpus.texts, given.segments.token_begin, given.segments.token_end
        (['New York !'], array([0, 9], dtype=int32), array([ 8, 10], dtype=int32))
    """
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return _read_sheet(PandasSheet(data), reading)
    found = None if isinstance(data, (str, list, tuple, pd.Series, pd.Index)) else from_arrow(data)
    if hasattr(found, "column_names"):
        return _read_sheet(ArrowSheet(found), reading)
    if reading.text_column is not None or reading.lang_column is not None:
        raise InputError(
            f"text_column or lang_column was given with {kind(data)}",
            "them with a frame",
            "Leave them out, or pass a frame, such as pandas.DataFrame(data)",
        )
    index = data.index if isinstance(data, pd.Series) else None
    return _read_items(_items(data) if found is None else to_objects(found), index, None, reading)


def _read_sheet(sheet: Sheet, reading: Reading) -> Given:
    check_names(sheet.names)
    if not sheet.names and not len(sheet.index) and reading.text_column is None:
        return _read_items([], sheet.index, None, reading)
    column = text_column(sheet, reading)
    items = sheet.values(column)
    kept = sheet.without(column) if reading.columns is Columns.KEEP else None
    return _read_items(items, sheet.index, kept, reading, languages(sheet, reading, _present(items).tolist()))


def _items(data: object) -> Sequence[object]:
    import pandas as pd

    if isinstance(data, str):
        return [data]
    if isinstance(data, (list, tuple)):
        return data
    if isinstance(data, pd.Series) or (isinstance(data, pd.Index) and data.nlevels == 1):
        return series_objects(data)
    if isinstance(data, np.ndarray) and data.ndim == 1 and data.dtype.names is None:
        return list(data.tolist())
    if isinstance(data, (*NO_TEXTS, np.ndarray, pd.MultiIndex)) or not isinstance(data, Iterable):
        shape = f" and shape {data.shape}" if isinstance(data, np.ndarray) else ""
        raise InputError(f"predict was given {kind(data)}{shape}", EXPECTED, remedy(data))
    if is_foreign_frame(data):
        raise InputError(f"predict was given {kind(data)}, a frame it cannot read", EXPECTED, remedy(data))
    items: list[object] = []
    with drawn(data):
        items.extend(data)
    return items


# --- texts -----------------------------------------------------------------------------------------------------------


def _read_items(
    items: Sequence[object],
    index: pd.Index | None,
    kept: pd.DataFrame | pa.Table | None,
    reading: Reading,
    codes: list[str] | None = None,
) -> Given:
    import pandas as pd

    codes = codes or [reading.language] * len(items)
    index = pd.RangeIndex(len(items)) if index is None else index
    present = _present(items)
    numbers = np.flatnonzero(present).astype(np.int32)
    if len(numbers) < len(items):
        if reading.missing is Missing.ERROR:
            raise InputError(
                f"no text stands in {rows(index[~present].tolist())}",
                "a str in every row",
                'Fill them, or pass missing="skip" to leave these rows out',
            )
        items, codes = list(compress(items, present)), list(compress(codes, present))
        index, kept = index[present], _taken(kept, numbers)
    split = any(map(is_split, items))
    if split or (items and reading.split is Split.SENTENCES):
        return _given_parts(items, numbers, codes, index, kept, reading.split)
    return Given(Corpus(_strings(items, index), codes, index, kept), numbers)


def _given_parts(
    items: Sequence[object],
    numbers: np.ndarray[Any, np.dtype[np.int32]],
    codes: list[str],
    index: pd.Index,
    kept: pd.DataFrame | pa.Table | None,
    split: Split,
) -> Given:
    if split is Split.SENTENCES and not all(map(is_split, items)):
        raise InputError(
            'split="sentences" was given with texts that are not split',
            "a list of lists of sentences",
            "Leave it out, or split each document",
        )
    parts = parts_of(items, numbers.tolist(), split)
    corpus = Corpus([" ".join(document) for document in parts], codes, index, kept)
    if split is Split.SENTENCES:
        return Given(corpus, numbers, sentences=parts)
    return Given(corpus, numbers, segments=segments_of(parts))


def _taken(kept: pd.DataFrame | pa.Table | None, numbers: np.ndarray[Any, Any]) -> pd.DataFrame | pa.Table | None:
    if kept is None:
        return None
    return kept.iloc[numbers] if hasattr(kept, "iloc") else kept.take(numbers)


def _present(items: Sequence[object]) -> Bools:
    return np.fromiter((not _is_missing(item) for item in items), bool, len(items))


def _is_missing(text: object) -> bool:
    """None, NaN, pandas' NA and NaT: all that is nothing, or not equal to itself."""
    if text is None:
        return True
    if isinstance(text, (str, bytes)):
        return False
    import pandas as pd

    return text is pd.NA or text is pd.NaT or (isinstance(text, (float, np.floating)) and bool(text != text))


def _strings(texts: Sequence[object], index: pd.Index) -> list[str]:
    """Give exact strings: a member of an enum of strings is its value, not its name."""
    wrong = np.fromiter((not isinstance(text, str) for text in texts), bool, len(texts))
    if wrong.any():
        first = texts[int(wrong.argmax())]
        raise InputError(
            f"{kind(first)} stands in {rows(index[wrong].tolist())}", "a str in every row", item_remedy(first)
        )
    return [str.__str__(text) for text in texts if isinstance(text, str)]
