"""From a frame back to the matrix of its vectors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite.errors import InputError, nearest_names
from nlu_lite.frames.arrow import fixed_lists, from_arrow
from nlu_lite.frames.columns import PREFIX, check_names
from nlu_lite.frames.messages import kind, rows
from nlu_lite.records import Floats

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

MAKES_VECTORS = 'nlu_lite.load("xx.embed.multilingual_e5_small_q4").predict(texts)'


def matrix(frame: pd.DataFrame | pa.Table | pl.DataFrame, column: str | None = None, *, copy: bool = False) -> Floats:
    """Return the vectors of a frame as one matrix, rows in the frame's order.

    Args:
        frame: The result of predict in any of its forms: unchanged, or filtered, sorted, concatenated, or read from a
            file that it was written to. Vectors may have become lists, as JSON and Parquet give them back, or text, as
            CSV does: ``"[0.5, -1.0]"``.
        column: Name of the column of vectors. By default the only one; vectors that are text count where no other
            column holds vectors.
        copy: Whether to return a matrix of its own, which can be changed in place. By default the matrix is read-only,
            and it shares the memory of the frame where the frame's rows are still in the order of predict.

    Returns:
        float32 [R, d], read-only unless `copy` is true. [0, 0] for a pandas frame without rows, which holds no vector
        from which d could be known.

    Raises:
        InputError: There is no such column, no column or more than one of vectors, two columns of one name, or a row
            without a vector of the same length as the others; the first such row is named.

    Example:
        >>> import pandas as pd
        >>> vectors = np.eye(3, dtype=np.float32)
        >>> frame = pd.DataFrame({"token": list("abc"), "word_embedding_x": list(vectors)})
        >>> matrix(frame)[1], matrix(frame).flags.writeable
        (array([0., 1., 0.], dtype=float32), False)
    """
    found = _matrix(frame, column)
    if copy:
        return found if found.flags.owndata else found.copy()
    found.flags.writeable = False
    return found


def _matrix(frame: object, column: str | None) -> Floats:
    import pandas as pd

    if isinstance(frame, pd.DataFrame):
        return _of_series(frame[vector_column(frame, column)])
    table = None if isinstance(frame, pd.Series) else from_arrow(frame)
    if table is None or not hasattr(table, "column_names"):
        raise InputError(
            f"matrix was given a {type(frame).__name__}", "a frame that predict returned", "Pass the whole frame"
        )
    names = _named(table.column_names)
    found = [name for name in names if _is_vectors(table.schema.field(name).type)]
    written = [name for name in names if _is_text(table.schema.field(name).type)]
    name = _chosen(table.column_names, found or written, column)
    return _of_lists(table.column(name), name)


def vector_columns(frame: pd.DataFrame) -> list[str]:
    """List the columns of vectors of a pandas frame that predict returned.

    Raises:
        InputError: Two of them have the same name.
    """
    return [name for name in _named(list(frame.columns)) if _holds_vectors(frame[name])]


def vector_column(frame: pd.DataFrame, column: str | None = None) -> str:
    """Return the name of the column that holds a pandas frame's vectors.

    Raises:
        InputError: There is no such column, or `column` is None and there is not exactly one.
    """
    found = vector_columns(frame) or [name for name in _named(list(frame.columns)) if _holds_text(frame[name])]
    return _chosen(list(frame.columns), found, column)


def _named(columns: Sequence[object]) -> list[str]:
    """Choose the columns that are named as columns of vectors are."""
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
    if column is not None:
        if column in names:
            return column
        got = f"{column!r} is no column of vectors; the columns are {names}"
        raise InputError(got, "", "Pass the name of one that holds vectors as column=", nearest_names(column, names))
    if not found:
        got = f"0 columns hold vectors; the columns are {names}"
        expected = "a column word_embedding_<id> or sentence_embedding_<id>"
        raise InputError(got, expected, f"Load a model to make vectors: {MAKES_VECTORS}; or name a column: column=...")
    if len(found) > 1:
        raise InputError(
            f"{len(found)} columns hold vectors; their names are {found}", "one column", "Name it: column=..."
        )
    return found[0]


def _holds_vectors(column: pd.Series[Any]) -> bool:
    import pandas as pd

    if isinstance(column.dtype, pd.ArrowDtype):
        return _is_vectors(column.dtype.pyarrow_dtype)
    return column.empty or any(isinstance(cell, np.ndarray) or _is_numbers(cell) for cell in column)


def _holds_text(column: pd.Series[Any]) -> bool:
    return any(isinstance(cell, str) for cell in column)


def _is_vectors(kind: pa.DataType) -> bool:
    """Whether a type can hold vectors: fixed-size lists as predict gives them, or the lists that files make of them."""
    import pyarrow as pa

    is_ = pa.types
    is_list = is_.is_fixed_size_list(kind) or is_.is_list(kind) or is_.is_large_list(kind)
    return bool(is_list and is_.is_floating(kind.value_type))


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


# --- cells -----------------------------------------------------------------------------------------------------------


def _of_series(column: pd.Series[Any]) -> Floats:
    import pandas as pd

    if isinstance(column.dtype, pd.ArrowDtype) and not _is_text(column.dtype.pyarrow_dtype):
        return _of_lists(column.array.__arrow_array__(), str(column.name))
    return _stacked(column.tolist(), column.index, str(column.name))


def _stacked(cells: Sequence[object], labels: Sequence[Any] | pd.Index, name: str) -> Floats:
    if not len(cells):
        return np.zeros((0, 0), np.float32)
    vectors: list[Any] = [_vector(cell) for cell in cells]
    for row, vector in enumerate(vectors):
        if vector is None:
            raise _no_vector(name, labels[row], cells[row])
        if vector.shape != vectors[0].shape:
            raise _differing(
                name, labels[row], f"a vector of length {len(vector)} after some of length {len(vectors[0])}"
            )
    view = _view(vectors)
    return np.stack(vectors).astype(np.float32, copy=False) if view is None else view


def _vector(cell: object) -> np.ndarray[Any, Any] | None:
    """Return the vector [d] of a cell: an array, a list of numbers, or such a list as JSON; None for anything else."""
    if isinstance(cell, np.ndarray):
        return cell if cell.ndim == 1 and cell.dtype.kind == "f" else None
    if isinstance(cell, str):
        return _parsed(cell)
    return _array(cell) if _is_numbers(cell) else None


def _parsed(text: str) -> np.ndarray[Any, Any] | None:
    try:
        cell = json.loads(text)
    except (ValueError, RecursionError):
        return None
    vector = _array(cell) if _is_numbers(cell) else None
    return vector if vector is not None and np.isfinite(vector).all() else None


def _array(numbers: Any) -> np.ndarray[Any, Any] | None:
    try:
        with np.errstate(over="ignore"):  # beyond float32
            return np.array(numbers, np.float32)
    except OverflowError:  # a whole number beyond float64
        return None


def _is_numbers(cell: object) -> bool:
    return isinstance(cell, (list, tuple)) and all(type(number) in (float, int) for number in cell)


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
    import pyarrow as pa

    if not isinstance(column, pa.ChunkedArray):
        column = pa.chunked_array([column])
    if _is_text(column.type):
        return _stacked(column.to_pylist(), range(len(column)), name)
    if not _is_vectors(column.type):
        got = f"the column {name!r} of type {column.type} holds no vectors"
        raise InputError(got, "lists of floats", "Pass the name of another column as column=")
    width = _width(column, name)
    parts = [chunk.flatten().to_numpy().reshape(len(chunk), width) for chunk in column.chunks]
    if not parts:
        return np.zeros((0, width), np.float32)
    whole = parts[0] if len(parts) == 1 else np.concatenate(parts)
    found: Floats = whole.astype(np.float32, copy=False)
    return found


def _width(column: pa.ChunkedArray, name: str) -> int:
    """Return the length of all vectors of a column, none of which has gaps."""
    import pyarrow as pa
    from pyarrow import compute

    if column.null_count:
        raise _no_vector(name, int(column.is_null().to_numpy().argmax()), None)
    if pa.types.is_fixed_size_list(column.type):
        width = int(column.type.list_size)
    else:
        lengths = compute.list_value_length(column).to_numpy()
        width = int(lengths[0]) if len(lengths) else 0
        row = int((lengths != width).argmax()) if len(lengths) else 0
        if len(lengths) and lengths[row] != width:
            raise _differing(name, row, f"a vector of length {lengths[row]} after some of length {width}")
    numbers = compute.list_flatten(column)
    if numbers.null_count:
        row = int(numbers.is_null().to_numpy().argmax()) // width
        raise _differing(name, row, "a vector in which numbers are missing")
    return width


def _no_vector(name: str, label: object, cell: object) -> InputError:
    if isinstance(cell, str):
        remedy = "Keep vectors in Parquet, or write CSV with nlu-lite predict --output, which writes all their digits"
        return _differing(name, label, f"no vector but {cell[:40]!r}, which is no list of numbers as JSON", remedy)
    return _differing(name, label, f"no vector but {kind(cell)}")


def _differing(name: str, label: object, got: str, remedy: str = "Drop the other rows") -> InputError:
    return InputError(f"{rows([label])} of the column {name!r} holds {got}", "vectors of one length", remedy)
