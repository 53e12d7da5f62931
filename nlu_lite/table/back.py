"""From a frame back to the matrix of its vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite.errors import InputError
from nlu_lite.inputs import check_names, from_arrow
from nlu_lite.records import Floats
from nlu_lite.table.names import PREFIX
from nlu_lite.table.writers import fixed_lists

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


def matrix(frame: pd.DataFrame | pa.Table | pl.DataFrame, column: str | None = None) -> Floats:
    """Give the vectors of a frame as one matrix, rows in the frame's order.

    Args:
        frame: What predict gave, in any of its forms: as it was, or filtered, sorted, concatenated, or read from a
            file that it was written to, where vectors may have become lists.
        column: Name of the column of vectors; None takes the only one.

    Returns:
        float32 [R, d]: a view, where the rows stand together as predict gave them, else a copy. [0, 0] for a pandas
        frame without rows, which holds no vector that would say how wide it was.

    Raises:
        InputError: There is no such column, or no or several columns of vectors, two of one name, or a row without a
            vector.

    Example:
        >>> import pandas as pd
        >>> vectors = np.eye(3, dtype=np.float32)
        >>> matrix(pd.DataFrame({"token": list("abc"), "word_embedding_x": list(vectors)}))[1]
        array([0., 1., 0.], dtype=float32)
    """
    import pandas as pd

    if isinstance(frame, pd.DataFrame):
        return _of_series(frame[_chosen(list(frame.columns), vector_columns(frame), column)])
    table = from_arrow(frame)
    if table is None or not hasattr(table, "column_names"):
        raise InputError(f"matrix was given a {type(frame).__name__}", "a frame that predict gave", "Pass the frame")
    found = [name for name in _named(table.column_names) if _is_vectors(table.schema.field(name).type)]
    name = _chosen(table.column_names, found, column)
    return _of_lists(table.column(name), name)


def vector_columns(frame: pd.DataFrame) -> list[str]:
    """Name the columns of vectors of a pandas frame that predict gave.

    Raises:
        InputError: Two of them have the same name.
    """
    return [name for name in _named(list(frame.columns)) if _holds_vectors(frame[name])]


def _named(columns: Sequence[object]) -> list[str]:
    """Choose what is called as columns of vectors are."""
    names = [name for name in columns if isinstance(name, str) and name.startswith(tuple(PREFIX.values()))]
    check_names(names)
    return names


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """Turn a pandas frame that predict gave into an Arrow table, vectors as FixedSizeList<float32> on the same memory.

    The index is left behind; needs the extra ``arrow``.
    """
    import pyarrow as pa

    names = vector_columns(frame)
    result = pa.Table.from_pandas(frame.drop(columns=names), preserve_index=False)
    for name in names:
        result = result.append_column(name, fixed_lists(matrix(frame, name)))
    return result


def _chosen(names: list[Any], found: list[str], column: str | None) -> str:
    if column is not None and column in names:
        return column
    if column is not None or len(found) != 1:
        got = f"{column!r} is no column" if column is not None else f"{len(found)} columns hold vectors"
        raise InputError(f"{got}; those of vectors are {found}", "one column", "Name it: matrix(frame, column=...)")
    return found[0]


def _holds_vectors(column: pd.Series[Any]) -> bool:
    import pandas as pd

    if isinstance(column.dtype, pd.ArrowDtype):
        return _is_vectors(column.dtype.pyarrow_dtype)
    return column.empty or any(isinstance(cell, np.ndarray) or _is_numbers(cell) for cell in column)


def _is_vectors(kind: pa.DataType) -> bool:
    """Whether a type can hold vectors: fixed-size lists as predict gives them, or the lists that files make of them."""
    import pyarrow as pa

    is_ = pa.types
    is_list = is_.is_fixed_size_list(kind) or is_.is_list(kind) or is_.is_large_list(kind)
    return bool(is_list and is_.is_floating(kind.value_type))


# --- pandas ----------------------------------------------------------------------------------------------------------


def _of_series(column: pd.Series[Any]) -> Floats:
    import pandas as pd

    if isinstance(column.dtype, pd.ArrowDtype):
        return _of_lists(column.array.__arrow_array__(), str(column.name))
    cells = [_cell(cell) for cell in column.tolist()]
    if not cells:
        return np.zeros((0, 0), np.float32)
    kinds = {_kind(cell) for cell in cells}
    if len(kinds) != 1 or not next(iter(kinds)).startswith("vectors"):
        raise _differing(str(column.name), ", ".join(sorted(kinds)))
    view = _view(cells)
    return np.stack(cells).astype(np.float32, copy=False) if view is None else view


def _cell(cell: object) -> Any:
    """Make an array of a list of numbers, as JSON gives a vector back."""
    return np.array(cell, np.float32) if _is_numbers(cell) else cell


def _is_numbers(cell: object) -> bool:
    return isinstance(cell, list) and all(type(number) in (float, int) for number in cell)


def _kind(cell: object) -> str:
    if not isinstance(cell, np.ndarray) or cell.ndim != 1 or cell.dtype.kind != "f":
        return "no vector"
    return f"vectors of shape {cell.shape}"


def _view(cells: list[np.ndarray[Any, np.dtype[np.float32]]]) -> Floats | None:
    """The matrix whose rows the cells are, if they lie in one array, one behind another."""
    first = cells[0]
    if first.base is None or any(cell.base is not first.base or cell.dtype != np.float32 for cell in cells):
        return None
    addresses = np.fromiter((cell.__array_interface__["data"][0] for cell in cells), np.int64, len(cells))
    contiguous = all(cell.flags.c_contiguous for cell in cells)
    if not contiguous or (np.diff(addresses) != first.nbytes).any():
        return None
    return np.lib.stride_tricks.as_strided(first, (len(cells), *first.shape), (first.nbytes, *first.strides))


# --- Arrow -----------------------------------------------------------------------------------------------------------


def _of_lists(column: pa.ChunkedArray | pa.Array, name: str) -> Floats:
    if not _is_vectors(column.type):
        raise _differing(name, f"no vectors but {column.type}")
    if column.null_count:
        raise _differing(name, "rows without a vector")
    width = _width(column, name)
    chunks = getattr(column, "chunks", [column])
    if any(chunk.flatten().null_count for chunk in chunks):
        raise _differing(name, "vectors with gaps")
    parts = [chunk.flatten().to_numpy().reshape(len(chunk), width) for chunk in chunks]
    if not parts:
        return np.zeros((0, width), np.float32)
    whole = parts[0] if len(parts) == 1 else np.concatenate(parts)
    found: Floats = whole.astype(np.float32, copy=False)
    return found


def _width(column: pa.ChunkedArray | pa.Array, name: str) -> int:
    """Give the length of all vectors of a column."""
    import pyarrow as pa
    from pyarrow import compute

    if pa.types.is_fixed_size_list(column.type):
        return int(column.type.list_size)
    lengths = compute.unique(compute.list_value_length(column)).to_pylist()
    if len(lengths) > 1:
        raise _differing(name, f"vectors of {', '.join(map(str, sorted(lengths)))} numbers")
    return int(lengths[0]) if lengths else 0


def _differing(name: str, got: str) -> InputError:
    return InputError(f"column {name!r} holds {got}", "vectors of one length", "Drop the other rows")
