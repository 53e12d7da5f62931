"""Arrow data, and whatever hands its data over as Arrow: Polars, DuckDB, narwhals, nanoarrow."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite.errors import InputError, MissingExtra
from nlu_lite.frames.hugging_face import dataset_batches, joined
from nlu_lite.frames.messages import kind
from nlu_lite.frames.protocols import Column
from nlu_lite.frames.views import without_views
from nlu_lite.records import Floats, Ints

if TYPE_CHECKING:
    import pyarrow as pa

STREAM, ARRAY = "__arrow_c_stream__", "__arrow_c_array__"
"""Methods of the Arrow PyCapsule interface."""

CANNOT = (ValueError, TypeError, OverflowError, NotImplementedError)
"""What Arrow raises at a column that it cannot hold; its own errors are among these."""


@dataclass(frozen=True)
class ArrowSheet:
    """An Arrow table."""

    table: pa.Table

    @property
    def names(self) -> list[Hashable]:
        """See `Sheet`."""
        return list(self.table.column_names)

    @property
    def index(self) -> None:
        """See `Sheet`."""
        return

    @property
    def height(self) -> int:
        """See `Sheet`."""
        return int(self.table.num_rows)

    def values(self, name: Hashable) -> list[object]:
        """See `Sheet`."""
        return to_objects(self.table.column(name), name)

    def holds_strings(self, name: Hashable) -> bool:
        """See `Sheet`."""
        import pyarrow as pa

        found = self.table.schema.field(name).type
        found = found.value_type if pa.types.is_dictionary(found) else found
        return bool(pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_null(found))

    def without(self, name: Hashable) -> pa.Table | None:
        """See `Sheet`; a table without columns would have no rows either."""
        return self.table.drop_columns([name]) if self.table.num_columns > 1 else None


def from_arrow(data: object) -> pa.Table | pa.ChunkedArray | None:
    """Read what hands over Arrow data, or is a data set of Hugging Face; a lazy frame is computed.

    Returns:
        A table where `data` is a frame, an array where it is a column, None where it is neither. Strings of Arrow's
        view types, on which few functions work, become large ones.

    Raises:
        InputError: It holds what Arrow cannot hold, or is a dictionary of splits.
        MissingExtra: It needs pyarrow, which is not installed.
    """
    if isinstance(data, type):
        return None
    data = _computed(data)
    batches = dataset_batches(data)
    if batches is not None:
        with drawn(data):
            return without_views(joined(data, batches))
    if not hasattr(data, STREAM) and not hasattr(data, ARRAY):
        return None
    try:
        import pyarrow as pa
    except ImportError as error:
        remedy = 'Run: pip install "nlu-lite[arrow]"'
        raise MissingExtra(f"reading {kind(data)} needs pyarrow", remedy=remedy) from error
    try:
        with drawn(data):
            return without_views(_imported(data))
    except pa.ArrowException as error:
        remedy = "Convert these columns to types that Arrow has, or drop them"
        raise InputError(f"{kind(data)} cannot be passed to Arrow ({error})", remedy=remedy) from error


@contextmanager
def drawn(data: object) -> Iterator[None]:
    """Say of an exception of the caller's own data where it came from; it stays what it is."""
    try:
        yield
    except Exception as error:
        error.add_note(f"Raised by {kind(data)} while predict was drawing its texts; nothing was predicted.")
        raise


def _computed(data: Any) -> Any:
    if type(data).__name__ != "LazyFrame" or type(data).__module__.partition(".")[0] not in ("polars", "narwhals"):
        return data
    with drawn(data):
        return data.collect()


def _imported(data: Any) -> pa.Table | pa.ChunkedArray:
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
    """Refuse Python's objects, of which Polars hands over the addresses as if they were bytes."""
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


# --- results ----------------------------------------------------------------------------------------------------------


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
