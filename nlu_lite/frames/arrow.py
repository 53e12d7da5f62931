"""Arrow data, and whatever hands its data over as Arrow: Polars, DuckDB, narwhals, nanoarrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nlu_lite.errors import InputError, MissingExtra
from nlu_lite.frames.hugging_face import dataset_batches, joined
from nlu_lite.frames.messages import kind

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

STREAM, ARRAY = "__arrow_c_stream__", "__arrow_c_array__"
"""Methods of the Arrow PyCapsule interface."""


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


def series_objects(series: pd.Series[Any] | pd.Index) -> list[object]:
    """Return the values of a pandas Series or Index as Python's objects.

    Raises:
        InputError: As `to_objects`.
    """
    import pandas as pd

    if isinstance(series.dtype, pd.ArrowDtype):
        return to_objects(series.array.__arrow_array__(), series.name)
    found: list[object] = series.tolist()
    return found


def frame_without_views(frame: pd.DataFrame) -> pd.DataFrame:
    """Cast the columns of a pandas frame as `without_views` does, if they are Arrow's."""
    import pandas as pd

    for name, dtype in frame.dtypes.items():
        if isinstance(dtype, pd.ArrowDtype) and _plain(dtype.pyarrow_dtype) != dtype.pyarrow_dtype:
            column = without_views(frame[name].array.__arrow_array__())
            frame = frame.copy(deep=False)
            frame[name] = pd.Series(pd.arrays.ArrowExtensionArray(column), frame.index)
    return frame


def without_views(data: Any) -> Any:
    """Cast strings and bytes of Arrow's view types, on which few functions work, to large ones.

    Args:
        data: A table or a chunked array.
    """
    import pyarrow as pa

    if isinstance(data, pa.ChunkedArray):
        plain = _plain(data.type)
        return data if plain == data.type else data.cast(plain)
    schema = pa.schema([_plain_field(field) for field in data.schema], data.schema.metadata)
    return data if schema == data.schema else data.cast(schema)


def _plain_field(field: pa.Field) -> pa.Field:
    return field.with_type(_plain(field.type))


def _plain(kind: pa.DataType) -> pa.DataType:
    """Give the type without views, nested ones included."""
    import pyarrow as pa

    is_ = pa.types
    if is_.is_string_view(kind):
        return pa.large_string()
    if is_.is_binary_view(kind):
        return pa.large_binary()
    if is_.is_dictionary(kind):
        return pa.dictionary(kind.index_type, _plain(kind.value_type), kind.ordered)
    if is_.is_struct(kind):
        return pa.struct([_plain_field(field) for field in kind])
    return _plain_list(kind)


def _plain_list(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    is_ = pa.types
    if is_.is_fixed_size_list(kind):
        return pa.list_(_plain_field(kind.value_field), kind.list_size)
    if is_.is_large_list(kind):
        return pa.large_list(_plain_field(kind.value_field))
    if is_.is_list(kind):
        return pa.list_(_plain_field(kind.value_field))
    return kind  # views of lists stay: Arrow 26 loses lists behind an empty one when it casts them
