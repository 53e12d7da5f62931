"""Frames of pandas: read, written, and turned into Arrow tables."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from nlu_lite._util.unicode import is_encodable
from nlu_lite.errors import InputError
from nlu_lite.frames.arrow import CONVERSION_ERRORS, repeat_rows, to_fixed_lists, to_objects
from nlu_lite.frames.protocols import Column
from nlu_lite.frames.views import cast_views, remove_views
from nlu_lite.options import VectorCells
from nlu_lite.records import Corpus, Floats, Ints

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

INDEX = "index"
"""Name of the column that holds an index without a name."""


@dataclass(frozen=True)
class PandasReader:
    """A pandas frame."""

    frame: pd.DataFrame

    @property
    def names(self) -> list[Hashable]:
        """See `FrameReader`."""
        return list(self.frame.columns)

    @property
    def index(self) -> pd.Index:
        """See `FrameReader`."""
        return self.frame.index

    @property
    def height(self) -> int:
        """See `FrameReader`."""
        return len(self.frame)

    def read_column(self, name: Hashable) -> list[object]:
        """See `FrameReader`."""
        return series_to_objects(self.frame[name])

    def holds_strings(self, name: Hashable) -> bool:
        """See `FrameReader`."""
        import pandas as pd
        from pandas.api import types

        column = self.frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            return types.is_string_dtype(column.cat.categories.dtype)
        if types.is_object_dtype(column.dtype):
            return types.infer_dtype(column, skipna=True) in ("string", "empty")
        return types.is_string_dtype(column.dtype)

    def drop_column(self, name: Hashable) -> pd.DataFrame:
        """See `FrameReader`."""
        kept = self.frame.drop(columns=[name])
        kept.attrs = {}  # of the whole frame, not of its rows
        return cast_frame_views(kept.set_flags(allows_duplicate_labels=True))


def series_to_objects(series: pd.Series[Any] | pd.Index) -> list[object]:
    """Return the values of a pandas Series or Index as Python's objects.

    Raises:
        InputError: As `to_objects`.
    """
    import pandas as pd

    if isinstance(series.dtype, pd.ArrowDtype):
        return to_objects(series.array.__arrow_array__(), series.name)
    found: list[object] = series.tolist()
    return found


def cast_frame_views(frame: pd.DataFrame) -> pd.DataFrame:
    """Cast the columns of a pandas frame as `cast_views` does, if they are Arrow's."""
    import pandas as pd

    for name, dtype in frame.dtypes.items():
        if isinstance(dtype, pd.ArrowDtype) and remove_views(dtype.pyarrow_dtype) != dtype.pyarrow_dtype:
            column = cast_views(frame[name].array.__arrow_array__())
            frame = frame.copy(deep=False)
            frame[name] = pd.Series(pd.arrays.ArrowExtensionArray(column), frame.index)
    return frame


@dataclass(frozen=True)
class PandasWriter:
    """Frames of pandas: vectors are objects, each a view of its row of the matrix, or an Arrow column."""

    index: pd.Index
    kept: pd.DataFrame | pa.Table | None
    cells: VectorCells

    @property
    def names(self) -> list[Any]:
        """See `FrameWriter`."""
        if self.kept is None:
            return []
        return list(self.kept.columns if hasattr(self.kept, "iloc") else self.kept.column_names)

    def write(self, document: Ints, made: Mapping[str, Column]) -> pd.DataFrame:
        """See `FrameWriter`."""
        import pandas as pd

        index = self.index.take(document)
        result = self._build_frame(made, index)
        if self.kept is None:
            return result
        kept: pd.DataFrame = (
            self.kept.iloc[document] if hasattr(self.kept, "iloc") else to_pandas(repeat_rows(self.kept, document))
        )
        # Both have the same labels in the same order, duplicates included: join by position, not by label.
        joined = pd.concat([kept.reset_index(drop=True), result.reset_index(drop=True)], axis=1)
        joined.index = index
        joined.columns.name = kept.columns.name
        return joined

    def _build_frame(self, made: Mapping[str, Column], index: pd.Index) -> pd.DataFrame:
        """Return a frame: strings as objects, whatever packages are installed, and vectors without a copy."""
        import pandas as pd

        objects = {name: values for name, values in made.items() if self._holds_objects(values)}
        cells = np.empty((len(objects), len(index)), object)
        for row, values in zip(cells, objects.values(), strict=True):
            row[:] = np.fromiter(values, object, len(values)) if _is_matrix(values) else values
        frame = pd.DataFrame(cells.T, index, _label_columns(tuple(objects)), dtype=object, copy=False)
        for place, (name, values) in enumerate(made.items()):
            if name not in objects:
                frame.insert(place, name, _build_array(values))
        return frame

    def _holds_objects(self, values: Column) -> bool:
        if _is_matrix(values):
            return self.cells is VectorCells.NUMPY
        return isinstance(values, list) or values.dtype == object


def _label_columns(names: tuple[Hashable, ...]) -> pd.Index:
    """Return the names of columns as an index, which the caller may change."""
    import pandas as pd

    is_text = all(isinstance(name, str) for name in names)
    return _build_labels(names).copy() if is_text else pd.Index(list(names))


@lru_cache
def _build_labels(names: tuple[str, ...]) -> pd.Index:
    """Return an index of strings. It is kept, since building it takes longer than the rest of a short frame."""
    import pandas as pd

    return pd.Index(list(names))


def _build_array(values: Column) -> Any:
    """Return numbers, or vectors as an Arrow column."""
    import pandas as pd

    return pd.arrays.ArrowExtensionArray(to_fixed_lists(values)) if _is_matrix(values) else values


def _is_matrix(values: Column) -> TypeGuard[Floats]:
    return isinstance(values, np.ndarray) and values.ndim == 2


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Return a table as a pandas frame of Arrow's types, except for dictionaries, which become categories."""
    import pandas as pd
    import pyarrow as pa

    def dtype(kind: pa.DataType) -> pd.ArrowDtype | None:
        return None if pa.types.is_dictionary(kind) else pd.ArrowDtype(kind)

    found: pd.DataFrame = table.to_pandas(types_mapper=dtype, ignore_metadata=True, use_threads=False)
    return found


# --- Arrow tables ----------------------------------------------------------------------------------------------------


def build_table(corpus: Corpus) -> pa.Table:
    """Return one table of the index and the caller's other columns."""
    _check_encodable(corpus)
    labels = _build_index_columns(corpus.index)
    if corpus.kept is None:
        return _convert_frame(labels)
    import pandas as pd

    if not isinstance(corpus.kept, pd.DataFrame):
        _check_unique([*labels.columns, *corpus.kept.column_names])
        table: pa.Table = corpus.kept.add_column(0, labels.columns[0], _convert_frame(labels).column(0))
        return table
    kept = corpus.kept.reset_index(drop=True)
    kept.columns = pd.Index([str(name) for name in kept.columns], dtype=object)
    _check_unique([*labels.columns, *kept.columns])
    return _convert_frame(pd.concat([labels, kept], axis=1))


def _build_index_columns(index: pd.Index) -> pd.DataFrame:
    """Return the index as columns, with the names that `reset_index` gives them."""
    import pandas as pd

    names = [str(name) for name in name_levels(index)]
    _check_unique(names)
    labels = index.to_frame(index=False)
    labels.columns = pd.Index(names, dtype=object)
    return labels


def name_levels(index: pd.Index) -> list[Hashable]:
    """Return the names of the levels of an index, with those of `reset_index` for levels without a name."""
    plain = [INDEX] if index.nlevels == 1 else [f"level_{level}" for level in range(index.nlevels)]
    return [other if name is None else name for name, other in zip(index.names, plain, strict=True)]


def _check_unique(names: list[str]) -> None:
    twice = list(dict.fromkeys(name for name in names if names.count(name) > 1))
    if twice:
        raise InputError(
            f"two columns would have the name {twice[0]!r} in Arrow, where the index is a column and names are strings",
            "unique names of columns and index levels",
            "Rename one of them, or pass keep_columns=False",
        )


def _convert_frame(frame: pd.DataFrame) -> pa.Table:
    import pyarrow as pa

    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
        return table if _has_readable_dtypes(frame) else table.replace_schema_metadata(None)
    except CONVERSION_ERRORS as error:
        name = next((name for name in frame.columns if not _is_convertible(frame[[name]])), None)
        raise InputError(
            f"Arrow cannot hold the column {name!r} ({error})",
            "columns of one type each",
            'Convert it, for example with .astype(str), pass keep_columns=False, or ask for as_="pandas"',
        ) from error


def _has_readable_dtypes(frame: pd.DataFrame) -> bool:
    """Whether pandas can parse the names of the dtypes, without which `to_pandas` of the table would fail."""
    import pandas as pd
    from pandas.api.types import pandas_dtype

    try:
        for dtype in frame.dtypes:
            if isinstance(dtype, pd.ArrowDtype):
                pandas_dtype(str(dtype))
    except (TypeError, NotImplementedError):
        return False
    return True


def _is_convertible(column: pd.DataFrame) -> bool:
    import pyarrow as pa

    try:
        pa.Table.from_pandas(column, preserve_index=False)
    except CONVERSION_ERRORS:
        return False
    return True


def _check_encodable(corpus: Corpus) -> None:
    """Refuse lone surrogates: UTF-8 cannot encode them, so Arrow cannot hold them."""
    wrong = [row for row, text in enumerate(corpus.texts) if not is_encodable(text)]
    if wrong:
        raise InputError(
            f"a lone surrogate was found in row {corpus.index[wrong[0]]!r:.60}, and Arrow holds only UTF-8",
            "texts of complete characters",
            'Repair it with text.encode(errors="replace").decode(), or ask for as_="pandas"',
        )
