"""Convert the values of kept columns for JSON Lines and CSV."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa


def to_json_value(value: Any) -> Any:
    """Convert a value for JSON: dates and similar types become text, missing values None.

    Raises:
        TypeError: The value is bytes, which have no text form.

    Example:
        >>> import datetime, numpy
        >>> to_json_value([numpy.float32(0.5), datetime.date(2020, 1, 31), float("nan"), {"a": numpy.array([1])}])
        [0.5, '2020-01-31', None, {'a': [1]}]
    """
    import pandas as pd

    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        raise TypeError("bytes have no text")
    if isinstance(value, np.ndarray) and value.dtype.kind in "mM":  # their tolist returns integers
        value = pd.Series(value).tolist()
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, Mapping):
        return {str(key): to_json_value(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [to_json_value(one) for one in value]
    if pd.isna(value):
        return None
    return value if isinstance(value, int | float | str) else str(value)


def check_printable(table: pa.Table) -> None:
    """Check before the computation starts that the rows of a table can be written as JSON Lines and CSV.

    Raises:
        InputError: A column has values without a text form, such as bytes or dates after the year 9999.
    """
    import pyarrow as pa

    for name in table.column_names:
        if _is_simple(table.schema.field(name).type):
            continue
        try:
            for value in table.select([name]).to_pandas(integer_object_nulls=True)[name]:
                json.dumps(to_json_value(value))
        except (ValueError, TypeError, ArithmeticError, LookupError, NotImplementedError, pa.ArrowException) as error:
            raise InputError(
                f"the column {name!r} of type {table.schema.field(name).type} has values without a text form ({error})",
                "columns that can be written as text",
                "Write .parquet, convert the column, or pass keep_columns=False",
            ) from error


def _is_simple(kind: pa.DataType) -> bool:
    import pyarrow as pa

    is_ = pa.types
    return any(
        test(kind) for test in (is_.is_string, is_.is_large_string, is_.is_integer, is_.is_floating, is_.is_boolean)
    )
