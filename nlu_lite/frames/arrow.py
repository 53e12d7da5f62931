"""Arrow data: read (from Polars, DuckDB, narwhals and nanoarrow too) and written."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite._util.extras import import_extra
from nlu_lite.errors import InputError
from nlu_lite.frames.hugging_face import concatenate_batches, iterate_dataset
from nlu_lite.frames.messages import describe_type
from nlu_lite.frames.protocols import Column
from nlu_lite.frames.views import cast_views
from nlu_lite.records import Floats, Ints

if TYPE_CHECKING:
    import pyarrow as pa

STREAM, ARRAY = "__arrow_c_stream__", "__arrow_c_array__"
"""Methods of the Arrow PyCapsule interface."""

CONVERSION_ERRORS = (ValueError, TypeError, OverflowError, NotImplementedError)
"""Exceptions that Arrow raises for a column that it cannot hold; its own errors are subclasses of them."""


@dataclass(frozen=True)
class ArrowReader:
    """An Arrow table."""

    table: pa.Table

    @property
    def names(self) -> list[Hashable]:
        """See `FrameReader`."""
        return list(self.table.column_names)

    @property
    def index(self) -> None:
        """See `FrameReader`."""
        return

    @property
    def height(self) -> int:
        """See `FrameReader`."""
        return int(self.table.num_rows)

    def read_column(self, name: Hashable) -> list[object]:
        """See `FrameReader`."""
        return to_objects(self.table.column(name), name)

    def holds_strings(self, name: Hashable) -> bool:
        """See `FrameReader`."""
        import pyarrow as pa

        found = self.table.schema.field(name).type
        found = found.value_type if pa.types.is_dictionary(found) else found
        return bool(pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_null(found))

    def drop_column(self, name: Hashable) -> pa.Table | None:
        """See `FrameReader`; a table without columns would have no rows either."""
        return self.table.drop_columns([name]) if self.table.num_columns > 1 else None


def from_arrow(data: object) -> pa.Table | pa.ChunkedArray | None:
    """Read a data set of Hugging Face, or data that exports Arrow data; a lazy frame is computed.

    Returns:
        A table if `data` is a frame, an array if it is a column, None if it is neither. Strings of Arrow's view types,
        which few functions can process, become large ones.

    Raises:
        InputError: It holds values that Arrow cannot hold, or is a dictionary of splits.
        MissingExtra: It needs pyarrow, which is not installed.
    """
    if isinstance(data, type):
        return None
    data = _collect_lazy(data)
    batches = iterate_dataset(data)
    if batches is not None:
        with note_origin(data):
            return cast_views(concatenate_batches(data, batches))
    if not hasattr(data, STREAM) and not hasattr(data, ARRAY):
        return None
    pa = import_extra("pyarrow", "arrow", f"reading {describe_type(data)}")
    try:
        with note_origin(data):
            return cast_views(_import(data))
    except pa.ArrowException as error:
        remedy = "Convert these columns to types that Arrow has, or drop them"
        raise InputError(f"{describe_type(data)} cannot be passed to Arrow ({error})", remedy=remedy) from error


@contextmanager
def note_origin(data: object) -> Iterator[None]:
    """Add a note with the origin to an exception of the caller's own data; its type is kept."""
    try:
        yield
    except Exception as error:
        error.add_note(f"Raised by {describe_type(data)} while predict was reading its texts; nothing was predicted.")
        raise


def _collect_lazy(data: Any) -> Any:
    if type(data).__name__ != "LazyFrame" or type(data).__module__.partition(".")[0] not in ("polars", "narwhals"):
        return data
    with note_origin(data):
        return data.collect()


def _import(data: Any) -> pa.Table | pa.ChunkedArray:
    import pyarrow as pa

    if isinstance(data, pa.RecordBatchReader):
        return data.read_all()
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if isinstance(data, (pa.Table, pa.ChunkedArray)):
        return data
    if isinstance(data, pa.Array):
        return pa.chunked_array([data])
    _check_objects(data)
    column = pa.chunked_array(data) if hasattr(data, STREAM) else pa.chunked_array([pa.array(data)])
    is_frame = pa.types.is_struct(column.type) and not hasattr(data, "dtype")  # a Series has one
    return pa.Table.from_struct_array(column) if is_frame else column


def _check_objects(data: Any) -> None:
    """Refuse Python objects: Polars exports their addresses as if they were bytes."""
    import pyarrow as pa

    schema = getattr(data, "schema", None)
    dtypes = schema if isinstance(schema, Mapping) else {"it": getattr(data, "dtype", None)}
    objects = [name for name, dtype in dtypes.items() if str(dtype) == "Object"]
    if objects:
        raise pa.ArrowTypeError(f"Python's objects in {', '.join(objects)}")


def to_objects(column: pa.ChunkedArray, name: object = None) -> list[object]:
    """Return the values of a column as Python's objects.

    Args:
        column: The column.
        name: Its name, for the error.

    Raises:
        InputError: Python has no such values: dates after the year 9999, unknown time zones, invalid UTF-8.
    """
    import pyarrow as pa

    try:
        found: list[object] = column.to_pylist()
    except (pa.ArrowException, ValueError, ArithmeticError, LookupError) as error:
        where = "the data" if name is None else f"the column {name!r}"
        got = f"{where} of type {column.type} has values that Python cannot hold ({error})"
        raise InputError(got, "strings in UTF-8, or lists of them", "Name a column of texts, or convert it") from error
    return found


# --- results ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ArrowWriter:
    """Tables of Arrow: the index comes first; vectors are FixedSizeList<float32> in the memory of the matrix."""

    table: pa.Table

    @property
    def names(self) -> list[Any]:
        """See `FrameWriter`."""
        return list(self.table.column_names)

    def write(self, document: Ints, made: Mapping[str, Column]) -> pa.Table:
        """See `FrameWriter`."""
        table = repeat_rows(self.table, document)
        for name, values in made.items():
            table = table.append_column(name, to_array(values))
        return table


def to_fixed_lists(vectors: Floats) -> pa.FixedSizeListArray:
    """Return a matrix as Arrow's FixedSizeList<float32>, in the same memory if its rows are contiguous."""
    import pyarrow as pa

    flat = pa.array(np.ascontiguousarray(vectors).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, max(1, vectors.shape[1]))


def repeat_rows(table: pa.Table, rows: Ints) -> pa.Table:
    """Return rows of a table, in halves if the strings of a column would exceed the capacity of an Arrow array."""
    import pyarrow as pa

    try:
        return table.take(rows)
    except pa.ArrowInvalid:
        if len(rows) < 2:
            raise
    middle = len(rows) // 2
    return pa.concat_tables([repeat_rows(table, rows[:middle]), repeat_rows(table, rows[middle:])])


def to_array(values: Column) -> pa.Array:
    """Return a column of a result as an Arrow array."""
    import pyarrow as pa

    if isinstance(values, np.ndarray) and values.ndim == 2:
        return to_fixed_lists(values)
    is_text = isinstance(values, list) or values.dtype == object
    return pa.array(values, pa.string() if is_text else None)
