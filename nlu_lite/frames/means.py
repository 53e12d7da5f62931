"""Means of the vectors of groups of rows."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from nlu_lite.errors import InputError
from nlu_lite.frames.arrow import ArrowWriter, from_arrow
from nlu_lite.frames.columns import check_exists, check_names
from nlu_lite.frames.matrix import read_vector_column
from nlu_lite.frames.messages import name_rows
from nlu_lite.frames.pandas import PandasWriter, name_levels, to_pandas
from nlu_lite.frames.polars import PolarsWriter, to_polars
from nlu_lite.frames.protocols import FrameWriter
from nlu_lite.options import VectorCells
from nlu_lite.records import Floats, Ints

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

Frame = TypeVar("Frame", "pd.DataFrame", "pa.Table", "pl.DataFrame")
"""A frame that predict returned; the result is of the same library."""


@dataclass(frozen=True)
class RowGroups:
    """Rows that have the same keys.

    Attributes:
        order: int32 [R], the rows of the first group, then those of the second, and so on.
        begin: int32 [G], the place of each group in `order`.
    """

    order: Ints
    begin: Ints

    @property
    def first(self) -> Ints:
        """The first row of each group, int32 [G]."""
        return self.order[self.begin]

    def average(self, vectors: Floats) -> Floats:
        """Return the mean of each group, float32 [G, d], computed in float64."""
        if not len(self.begin):
            return vectors[:0]
        sums = np.add.reduceat(vectors[self.order], self.begin, dtype=np.float64)
        counts = np.diff(self.begin, append=len(self.order))
        found: Floats = (sums / counts[:, None]).astype(np.float32)
        return found


def mean_vectors(frame: Frame, by: Hashable | list[Hashable], column: str | None = None) -> Frame:
    """Return the mean vector of each group of rows.

    Args:
        frame: A frame of pandas, Arrow or Polars, as `matrix` takes it.
        by: The column whose values name the groups, or a list of columns. For a pandas frame, a level of the index can
            replace a column; an index without a name is called ``"index"``.
        column: The column of vectors. Default: the only one.

    Returns:
        A frame of the same library, a row for each group in the order of their first rows, with the mean as a vector of
        float32 in the column of vectors. Keys are the index of a pandas frame and the first columns of the others.
        Missing keys are a group of their own. Vectors of zeros, which texts without words have, count.

    Raises:
        InputError: A column does not exist, its values cannot be compared, or a row has no vector, a vector of another
            length or with NaN or infinity. The error names the rows.

    Example:
        >>> import pandas as pd
        >>> vectors = np.array([[0, 2], [4, 0], [2, 2]], np.float32)
        >>> frame = pd.DataFrame({"sense": ["river", "money", "river"], "word_embedding_x": list(vectors)})
        >>> mean_vectors(frame, "sense")
              word_embedding_x
        sense
        river       [1.0, 2.0]
        money       [4.0, 0.0]
    """
    import pandas as pd

    name, vectors = read_vector_column(frame, column)
    _check_finite(vectors, frame.index if isinstance(frame, pd.DataFrame) else pd.RangeIndex(len(vectors)), name)
    read = _read_pandas if isinstance(frame, pd.DataFrame) else _read_arrow
    keys, writer = read(frame, _list_keys(by))
    groups = _find_groups(keys)
    means: Frame = writer.write(groups.first, {name: groups.average(vectors)})
    return means


def _read_pandas(frame: Any, names: list[Any]) -> tuple[pd.DataFrame, FrameWriter]:
    """Return the keys of each row, and the writer of the result."""
    index = _build_index(frame, names)
    return index.to_frame(index=False), PandasWriter(index, None, VectorCells.NUMPY)


def _read_arrow(frame: object, names: list[Any]) -> tuple[pd.DataFrame, FrameWriter]:
    """Return the keys of each row of a frame of Arrow or Polars, and the writer of the result."""
    table = cast("pa.Table", from_arrow(frame))
    kept = table.select([check_exists(table.column_names, name, "by") for name in names])
    is_polars = type(frame).__module__.partition(".")[0] == "polars"
    return to_pandas(kept), PolarsWriter(to_polars(kept)) if is_polars else ArrowWriter(kept)


def _build_index(frame: pd.DataFrame, names: list[Any]) -> pd.Index:
    """Return the keys of each row, columns or levels of the index, as an index."""
    import pandas as pd

    levels, columns = name_levels(frame.index), list(frame.columns)
    check_names(columns)
    keys = [
        frame.index.get_level_values(levels.index(name))
        if name in levels and name not in columns
        else pd.Index(frame[check_exists(columns, name, "by")], tupleize_cols=False)
        for name in names
    ]
    return keys[0].rename(names[0]) if len(keys) == 1 else pd.MultiIndex.from_arrays(keys, names=names)


def _list_keys(by: object) -> list[Any]:
    names = by if isinstance(by, list) else [by]
    if not names:
        raise InputError("by is an empty list", "a column, or a list of columns", "Name a column: by=...")
    check_names(names)
    return names


def _find_groups(keys: pd.DataFrame) -> RowGroups:
    """Find the rows that have the same keys, missing ones included, in the order of their first rows."""
    import pandas as pd

    keys.columns = pd.RangeIndex(keys.shape[1])  # names can be of any kind
    try:
        number = keys.groupby(list(keys.columns), sort=False, dropna=False, observed=True).ngroup().to_numpy()
    except TypeError as error:
        got = f"the columns of by have values that cannot be compared ({error})"
        raise InputError(got, "strings, numbers or other plain values", "Name other columns: by=...") from error
    order = np.argsort(number, kind="stable").astype(np.int32)
    begin = np.flatnonzero(np.diff(number[order], prepend=-1)).astype(np.int32)
    return RowGroups(order, begin)


def _check_finite(vectors: Floats, labels: pd.Index, name: str) -> None:
    wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(wrong):
        rows = name_rows(labels[wrong].tolist())
        got = f"{rows} of the column {name!r} hold vectors with NaN or infinity"
        raise InputError(got, "vectors of finite numbers", "Drop these rows")
