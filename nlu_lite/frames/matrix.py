"""Read the vectors of a frame as a matrix."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite.errors import InputError, find_nearest_names
from nlu_lite.frames.arrow import from_arrow, to_fixed_lists
from nlu_lite.frames.columns import PREFIX, check_names
from nlu_lite.frames.messages import describe_type, name_rows
from nlu_lite.records import Floats

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

MAKES_VECTORS = 'nlu_lite.load("xx.embed.multilingual_e5_small_q4").predict(texts)'


def matrix(frame: pd.DataFrame | pa.Table | pl.DataFrame, column: str | None = None, *, copy: bool = False) -> Floats:
    """Return the vectors of a frame as one matrix, rows in the frame's order.

    Args:
        frame: A frame of pandas, Arrow or Polars that predict returned. Its rows may have been filtered, sorted or
            concatenated. It may have been written to a file and read again: vectors may be lists, as in JSON and
            Parquet, or text such as ``"[0.5, -1.0]"``, as in CSV.
        column: The column of vectors. Default: the only one. Vectors as text count if no other column has vectors.
        copy: Whether to return a writable copy. Default: False, which returns a read-only matrix; it shares the memory
            of the frame if the rows are in the order of predict.

    Returns:
        float32 [R, d]. [0, 0] for a pandas frame without rows, from which d is not known.

    Raises:
        InputError: The column does not exist, or several columns have vectors; two columns have the same name; or a row
            has no vector, a vector of another length, or a number that exceeds the range of float32. The error names
            the first such row.

    Example:
        >>> import pandas as pd
        >>> vectors = np.eye(3, dtype=np.float32)
        >>> frame = pd.DataFrame({"token": list("abc"), "word_embedding_x": list(vectors)})
        >>> matrix(frame)[1], matrix(frame).flags.writeable
        (array([0., 1., 0.], dtype=float32), False)
    """
    _, found = read_vector_column(frame, column)
    if copy:
        return found if found.flags.owndata else found.copy()
    found.flags.writeable = False
    return found


def read_vector_column(frame: object, column: str | None) -> tuple[str, Floats]:
    """Return the name of a frame's column of vectors, and its vectors, float32 [R, d].

    Raises:
        InputError: As for `matrix`.
    """
    import pandas as pd

    if isinstance(frame, pd.DataFrame):
        name = find_vector_column(frame, column)
        return name, _read_series(frame[name])
    table = None if isinstance(frame, pd.Series) else from_arrow(frame)
    if table is None or not hasattr(table, "column_names"):
        raise InputError(
            f"matrix was given a {type(frame).__name__}", "a frame that predict returned", "Pass the whole frame"
        )
    names = _list_vector_names(table.column_names)
    found = [name for name in names if _is_vectors(table.schema.field(name).type)]
    written = [name for name in names if _is_text(table.schema.field(name).type)]
    name = _choose_vector_column(table.column_names, found or written, column)
    return name, _read_lists(table.column(name), name)


def find_vector_columns(frame: pd.DataFrame) -> list[str]:
    """List the columns of vectors of a pandas frame that predict returned.

    Raises:
        InputError: Two of them have the same name.
    """
    return [name for name in _list_vector_names(list(frame.columns)) if _holds_vectors(frame[name])]


def find_vector_column(frame: pd.DataFrame, column: str | None = None) -> str:
    """Return the name of the column that holds a pandas frame's vectors.

    Raises:
        InputError: There is no such column, or `column` is None and there is not exactly one.
    """
    found = find_vector_columns(frame) or [
        name for name in _list_vector_names(list(frame.columns)) if _holds_text(frame[name])
    ]
    return _choose_vector_column(list(frame.columns), found, column)


def _list_vector_names(columns: Sequence[object]) -> list[str]:
    """Return the names that a column of vectors can have."""
    names = [name for name in columns if isinstance(name, str) and name.startswith(tuple(PREFIX.values()))]
    check_names(names)
    return names


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """Return a pandas frame of predict as an Arrow table, vectors as FixedSizeList<float32> in the same memory.

    The index is dropped. Needs the extra ``arrow``.
    """
    import pyarrow as pa

    names = find_vector_columns(frame)
    result = pa.Table.from_pandas(frame.drop(columns=names), preserve_index=False)
    for name in names:
        result = result.append_column(name, to_fixed_lists(matrix(frame, name)))
    return result


def _choose_vector_column(names: list[Any], found: list[str], column: str | None) -> str:
    if column is not None:
        if column in names:
            return column
        got = f"{column!r} is no column of vectors; the columns are {names}"
        raise InputError(
            got, "", "Pass the name of one that holds vectors as column=", find_nearest_names(column, names)
        )
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
    """Whether a type can hold vectors: fixed-size lists, as predict returns them, or lists, as files store them."""
    import pyarrow as pa

    is_ = pa.types
    is_list = is_.is_fixed_size_list(kind) or is_.is_list(kind) or is_.is_large_list(kind)
    return bool(is_list and is_.is_floating(kind.value_type))


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


# --- cells -----------------------------------------------------------------------------------------------------------


def _read_series(column: pd.Series[Any]) -> Floats:
    import pandas as pd

    if isinstance(column.dtype, pd.ArrowDtype) and not _is_text(column.dtype.pyarrow_dtype):
        return _read_lists(column.array.__arrow_array__(), str(column.name))
    return _stack(column.tolist(), column.index, str(column.name))


def _stack(cells: Sequence[object], labels: Sequence[Any] | pd.Index, name: str) -> Floats:
    if not len(cells):
        return np.zeros((0, 0), np.float32)
    vectors: list[Any] = [_parse_cell(cell) for cell in cells]
    for row, vector in enumerate(vectors):
        if vector is None:
            raise _build_missing_error(name, labels[row], cells[row])
        if vector.shape != vectors[0].shape:
            raise _build_vector_error(
                name, labels[row], f"a vector of length {len(vector)} after some of length {len(vectors[0])}"
            )
    view = _view_rows(vectors)
    return _to_float32(np.stack(vectors), labels, name) if view is None else view


def _to_float32(vectors: np.ndarray[Any, Any], labels: Sequence[Any] | pd.Index, name: str) -> Floats:
    """Return vectors [R, d] as float32.

    Raises:
        InputError: A finite number exceeds the range of float32.
    """
    with np.errstate(over="ignore"):
        found: Floats = vectors.astype(np.float32, copy=False)
    if found is not vectors:
        exceeds = np.isfinite(vectors) & np.isinf(found)
        if exceeds.any():
            row = int(exceeds.any(axis=1).argmax())
            got = f"no vector of float32: {vectors[row][exceeds[row]][0]:g} exceeds its range"
            remedy = "Scale the vectors, or drop this row"
            raise InputError(
                f"{name_rows([labels[row]])} of the column {name!r} holds {got}", "numbers of float32", remedy
            )
    return found


def _parse_cell(cell: object) -> np.ndarray[Any, Any] | None:
    """Return the vector [d] of a cell: an array, a list of numbers, or such a list as JSON; None for anything else."""
    if isinstance(cell, np.ndarray):
        return cell if cell.ndim == 1 and cell.dtype.kind == "f" else None
    if isinstance(cell, str):
        return _parse_json(cell)
    return _to_floats(cell) if _is_numbers(cell) else None


def _parse_json(text: str) -> np.ndarray[Any, Any] | None:
    try:
        cell = json.loads(text)
    except (ValueError, RecursionError):
        return None
    vector = _to_floats(cell) if _is_numbers(cell) else None
    return vector if vector is not None and np.isfinite(vector).all() else None


def _to_floats(numbers: Any) -> np.ndarray[Any, Any] | None:
    try:
        return np.array(numbers, np.float64)
    except OverflowError:  # an integer beyond float64
        return None


def _is_numbers(cell: object) -> bool:
    return isinstance(cell, (list, tuple)) and all(type(number) in (float, int) for number in cell)


def _view_rows(cells: list[np.ndarray[Any, np.dtype[np.float32]]]) -> Floats | None:
    """Return the matrix whose rows are the cells if these are contiguous rows of one array, else None."""
    first = cells[0]
    if first.base is None or any(cell.base is not first.base or cell.dtype != np.float32 for cell in cells):
        return None
    addresses = np.fromiter((cell.__array_interface__["data"][0] for cell in cells), np.int64, len(cells))
    contiguous = all(cell.flags.c_contiguous for cell in cells)
    if not contiguous or (np.diff(addresses) != first.nbytes).any():
        return None
    return np.lib.stride_tricks.as_strided(first, (len(cells), *first.shape), (first.nbytes, *first.strides))


# --- Arrow -----------------------------------------------------------------------------------------------------------


def _read_lists(column: pa.ChunkedArray | pa.Array, name: str) -> Floats:
    import pyarrow as pa

    if not isinstance(column, pa.ChunkedArray):
        column = pa.chunked_array([column])
    if _is_text(column.type):
        return _stack(column.to_pylist(), range(len(column)), name)
    if not _is_vectors(column.type):
        got = f"the column {name!r} of type {column.type} holds no vectors"
        raise InputError(got, "lists of floats", "Pass the name of another column as column=")
    width = _check_width(column, name)
    parts = [chunk.flatten().to_numpy().reshape(len(chunk), width) for chunk in column.chunks]
    if not parts:
        return np.zeros((0, width), np.float32)
    whole = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return _to_float32(whole, range(len(whole)), name)


def _check_width(column: pa.ChunkedArray, name: str) -> int:
    """Return the length of the vectors of a column, after checking that it is the same and that none has gaps."""
    import pyarrow as pa
    from pyarrow import compute

    if column.null_count:
        raise _build_missing_error(name, int(column.is_null().to_numpy().argmax()), None)
    if pa.types.is_fixed_size_list(column.type):
        width = int(column.type.list_size)
    else:
        lengths = compute.list_value_length(column).to_numpy()
        width = int(lengths[0]) if len(lengths) else 0
        row = int((lengths != width).argmax()) if len(lengths) else 0
        if len(lengths) and lengths[row] != width:
            raise _build_vector_error(name, row, f"a vector of length {lengths[row]} after some of length {width}")
    numbers = compute.list_flatten(column)
    if numbers.null_count:
        row = int(numbers.is_null().to_numpy().argmax()) // width
        raise _build_vector_error(name, row, "a vector in which numbers are missing")
    return width


def _build_missing_error(name: str, label: object, cell: object) -> InputError:
    if isinstance(cell, str):
        remedy = "Keep vectors in Parquet, or write CSV with nlu-lite predict --output, which writes all their digits"
        return _build_vector_error(
            name, label, f"no vector but {cell[:40]!r}, which is no list of numbers as JSON", remedy
        )
    return _build_vector_error(name, label, f"no vector but {describe_type(cell)}")


def _build_vector_error(name: str, label: object, got: str, remedy: str = "Drop the other rows") -> InputError:
    return InputError(f"{name_rows([label])} of the column {name!r} holds {got}", "vectors of one length", remedy)
