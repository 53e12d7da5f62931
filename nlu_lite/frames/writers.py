"""Frames of three libraries: the caller's rows are taken over before the work begins, the result is put beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from nlu_lite.errors import InputError
from nlu_lite.options import FrameLibrary, PredictRequest, VectorCells
from nlu_lite.records import Corpus, Floats, Ints

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

INDEX = "index"
"""What an index without a name is called where it is a column."""

Column: TypeAlias = "list[str] | np.ndarray[Any, Any]"
"""Strings, numbers [R], or vectors: float32 [R, d]."""


class Writer(Protocol):
    """What makes a frame of the caller's rows and the columns of the result."""

    @property
    def names(self) -> list[Any]:
        """Names of the columns that the caller's rows bring along."""

    def write(self, document: Ints, made: Mapping[str, Column]) -> Any:
        """Put the result beside the caller's rows.

        Args:
            document: int32 [R], the caller's row (among those that have a text) of each row of the result.
            made: The columns of the result.
        """


def open_writer(corpus: Corpus, request: PredictRequest, names: Sequence[str]) -> Writer:
    """Take the caller's rows over into the library of the result, before the work begins.

    Args:
        corpus: The documents.
        request: The options of the call.
        names: Names of the columns that will be put beside these rows.

    Raises:
        InputError: A column of the caller's has the name of one of the result's, or the library cannot hold it.
    """
    if corpus.kept is not None:
        _check_repeatable(corpus.kept)
    writer = _writer(corpus, request)
    both = [name for name in writer.names if name in names]
    if both:
        raise InputError(
            f"the columns {both} of the frame have the names of columns of the result",
            "other names",
            "Rename them, or pass keep_columns=False",
        )
    return writer


def _writer(corpus: Corpus, request: PredictRequest) -> Writer:
    match request.library:
        case FrameLibrary.PANDAS:
            return PandasWriter(corpus.index, corpus.kept, request.cells)
        case FrameLibrary.ARROW:
            return ArrowWriter(_sheet(corpus))
        case FrameLibrary.POLARS:
            return PolarsWriter(_polars(_sheet(corpus)))


def _check_repeatable(kept: pd.DataFrame | pa.Table) -> None:
    """Refuse now what Arrow could not repeat when the vectors are there."""
    for name, column in _arrow_columns(kept).items():
        import pyarrow as pa

        try:
            column.take(pa.array([0] * min(1, len(column)), pa.int64()))
        except pa.ArrowException as error:
            raise InputError(
                f"Arrow cannot repeat the column {name!r} of type {column.type} ({error})",
                "columns of other types",
                "Cast it, or pass keep_columns=False",
            ) from error


def _arrow_columns(kept: pd.DataFrame | pa.Table) -> dict[Any, pa.ChunkedArray]:
    import pandas as pd

    if not isinstance(kept, pd.DataFrame):
        return dict(zip(kept.column_names, kept.columns, strict=True))
    names = [name for name, dtype in kept.dtypes.items() if isinstance(dtype, pd.ArrowDtype)]
    return {name: kept[name].array.__arrow_array__() for name in names}


# --- pandas ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PandasWriter:
    """Frames of pandas: vectors are objects, each a view of its row of the matrix, or an Arrow column."""

    index: pd.Index
    kept: pd.DataFrame | pa.Table | None
    cells: VectorCells

    @property
    def names(self) -> list[Any]:
        """See `Writer`."""
        if self.kept is None:
            return []
        return list(self.kept.columns if hasattr(self.kept, "iloc") else self.kept.column_names)

    def write(self, document: Ints, made: Mapping[str, Column]) -> pd.DataFrame:
        """See `Writer`."""
        import pandas as pd

        index = self.index[document]
        result = pd.DataFrame({name: self._series(values, index) for name, values in made.items()}, index=index)
        if self.kept is None:
            return result
        kept: pd.DataFrame = (
            self.kept.iloc[document] if hasattr(self.kept, "iloc") else _to_pandas(repeated(self.kept, document))
        )
        # Both have the same labels in the same order, duplicates included: join by place, not by label.
        joined = pd.concat([kept.reset_index(drop=True), result.reset_index(drop=True)], axis=1)
        joined.index = index
        joined.columns.name = kept.columns.name
        return joined

    def _series(self, values: Column, index: pd.Index) -> pd.Series[Any]:
        """Never strings of a dtype that depends on what is installed, never a copy of a vector."""
        import pandas as pd

        if isinstance(values, np.ndarray) and values.ndim == 1:
            return pd.Series(values, index)
        if isinstance(values, np.ndarray) and self.cells is VectorCells.ARROW:
            return pd.Series(pd.arrays.ArrowExtensionArray(fixed_lists(values)), index)
        return pd.Series(np.fromiter(values, object, len(values)), index, dtype=object)


def _to_pandas(table: pa.Table) -> pd.DataFrame:
    """Keep Arrow's types, but for dictionaries, which are what pandas calls categories."""
    import pandas as pd
    import pyarrow as pa

    def dtype(kind: pa.DataType) -> pd.ArrowDtype | None:
        return None if pa.types.is_dictionary(kind) else pd.ArrowDtype(kind)

    found: pd.DataFrame = table.to_pandas(types_mapper=dtype, ignore_metadata=True)
    return found


# --- Arrow -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ArrowWriter:
    """Tables of Arrow: the index comes first; vectors are FixedSizeList<float32> on the memory of the matrix."""

    table: pa.Table

    @property
    def names(self) -> list[Any]:
        """See `Writer`."""
        return list(self.table.column_names)

    def write(self, document: Ints, made: Mapping[str, Column]) -> pa.Table:
        """See `Writer`."""
        table = repeated(self.table, document)
        for name, values in made.items():
            table = table.append_column(name, _array(values))
        return table


def fixed_lists(vectors: Floats) -> pa.FixedSizeListArray:
    """Give a matrix as Arrow's FixedSizeList<float32>, on the same memory where its rows lie one behind another."""
    import pyarrow as pa

    flat = pa.array(np.ascontiguousarray(vectors).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, max(1, vectors.shape[1]))


def repeated(table: pa.Table, rows: Ints) -> pa.Table:
    """Give rows of a table, in halves where the strings of a column would grow beyond what one Arrow array holds."""
    import pyarrow as pa

    try:
        return table.take(rows)
    except pa.ArrowInvalid:
        if len(rows) < 2:
            raise
    middle = len(rows) // 2
    return pa.concat_tables([repeated(table, rows[:middle]), repeated(table, rows[middle:])])


def _array(values: Column) -> pa.Array:
    import pyarrow as pa

    if isinstance(values, np.ndarray):
        return pa.array(values) if values.ndim == 1 else fixed_lists(values)
    return pa.array(values, pa.string())


def _sheet(corpus: Corpus) -> pa.Table:
    """Make one table of the index and the other columns."""
    _check_encodable(corpus)
    labels = _labels(corpus.index)
    if corpus.kept is None:
        return _from_pandas(labels)
    import pandas as pd

    if not isinstance(corpus.kept, pd.DataFrame):
        _check_unique([*labels.columns, *corpus.kept.column_names])
        table: pa.Table = corpus.kept.add_column(0, labels.columns[0], _from_pandas(labels).column(0))
        return table
    kept = corpus.kept.reset_index(drop=True)
    kept.columns = pd.Index([str(name) for name in kept.columns], dtype=object)
    _check_unique([*labels.columns, *kept.columns])
    return _from_pandas(pd.concat([labels, kept], axis=1))


def _labels(index: pd.Index) -> pd.DataFrame:
    """Give the index as columns, called as `reset_index` calls them."""
    import pandas as pd

    plain = [INDEX] if index.nlevels == 1 else [f"level_{level}" for level in range(index.nlevels)]
    names = [other if name is None else str(name) for name, other in zip(index.names, plain, strict=True)]
    _check_unique(names)
    labels = index.to_frame(index=False)
    labels.columns = pd.Index(names, dtype=object)
    return labels


def _check_unique(names: list[str]) -> None:
    twice = list(dict.fromkeys(name for name in names if names.count(name) > 1))
    if twice:
        raise InputError(
            f"two columns would be called {twice[0]!r} in Arrow, to which the index is a column and names are strings",
            "column names that differ, from those of the index too",
            "Rename one of them, or pass keep_columns=False",
        )


def _from_pandas(frame: pd.DataFrame) -> pa.Table:
    import pyarrow as pa

    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
        return table if _comes_back(frame) else table.replace_schema_metadata(None)
    except CANNOT as error:
        name = next((name for name in frame.columns if not _fits(frame[[name]])), None)
        raise InputError(
            f"Arrow cannot hold the column {name!r} ({error})",
            "columns of one type each",
            'Convert it, for example with .astype(str), pass keep_columns=False, or ask for as_="pandas"',
        ) from error


def _comes_back(frame: pd.DataFrame) -> bool:
    """Whether pandas can read the names of its dtypes, by which `to_pandas` brings them back; else it would fail."""
    import pandas as pd
    from pandas.api.types import pandas_dtype

    try:
        for dtype in frame.dtypes:
            if isinstance(dtype, pd.ArrowDtype):
                pandas_dtype(str(dtype))
    except (TypeError, NotImplementedError):
        return False
    return True


CANNOT = (ValueError, TypeError, OverflowError, NotImplementedError)
"""What Arrow raises at a column that it cannot hold; its own errors are among these."""


def _fits(column: pd.DataFrame) -> bool:
    import pyarrow as pa

    try:
        pa.Table.from_pandas(column, preserve_index=False)
    except CANNOT:
        return False
    return True


def _check_encodable(corpus: Corpus) -> None:
    """Refuse lone surrogates, which UTF-8 and so Arrow cannot hold."""
    wrong = [row for row, text in enumerate(corpus.texts) if not text.isascii() and not _encodable(text)]
    if wrong:
        raise InputError(
            f"a lone surrogate stands in row {corpus.index[wrong[0]]!r:.60}, and Arrow holds UTF-8 alone",
            "texts of whole characters",
            'Repair it with text.encode(errors="replace").decode(), or ask for as_="pandas"',
        )


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# --- Polars ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PolarsWriter:
    """Frames of Polars: as Arrow's; vectors are Array(Float32, d) on the memory of the matrix."""

    frame: pl.DataFrame

    @property
    def names(self) -> list[Any]:
        """See `Writer`."""
        return list(self.frame.columns)

    def write(self, document: Ints, made: Mapping[str, Column]) -> pl.DataFrame:
        """See `Writer`."""
        import pyarrow as pa

        result = _polars(pa.table({name: _array(values) for name, values in made.items()}))
        return self.frame[document].hstack(result)


def _polars(table: pa.Table) -> pl.DataFrame:
    import polars as pl

    try:
        found = pl.from_arrow(table)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, *CANNOT) as error:
        raise InputError(
            f"Polars cannot hold the other columns ({error})",
            "columns of types that Polars has",
            'Convert them, pass keep_columns=False, or ask for as_="arrow"',
        ) from error
    if not isinstance(found, pl.DataFrame):
        raise TypeError(f"Polars made a {type(found).__name__} of a table")
    return found
