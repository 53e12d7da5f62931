"""Texts of errors: types of values, rows, and remedies."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, ItemsView, Iterable, Mapping, Sequence

import numpy as np

from nlu_lite.errors import InputError


def describe_type(value: object) -> str:
    """Name the type of a value."""
    return "None" if value is None else f"a value of type {type(value).__name__}"


REMEDIES = (
    ((type, type(None)), "Pass one of these"),
    (memoryview, "Decode it: bytes(text).decode('utf-8')"),
    ((bytes, bytearray), "Decode it: text.decode('utf-8')"),
    (os.PathLike, "Pass its text: path.read_text(encoding='utf-8'), or call predict_file(path, 'vectors.parquet')"),
    (ItemsView, "Pass list(data.values()), or pandas.Series(data), whose index is the keys"),
    (AsyncIterable, "Collect its texts first: [text async for text in data]"),
)
"""Remedies that turn values of these types into texts."""


def suggest_remedy(value: object) -> str:
    """Return the remedy that turns a value into a text, or texts."""
    if isinstance(value, Mapping):
        return _suggest_for_mapping(value)
    if isinstance(value, np.ndarray):
        return _suggest_for_array(value)
    for types, text in REMEDIES:
        if isinstance(value, types):
            return text
    if hasattr(value, "get_level_values"):
        return "Pass one of its levels: index.get_level_values(0)"
    if is_foreign_frame(value):
        return "Convert it to a frame of pandas, Arrow or Polars"
    if isinstance(value, Iterable) or (hasattr(value, "__getitem__") and hasattr(value, "__len__")):
        return "Convert it with list(...)"
    return "Call it, and pass what it returns" if callable(value) else "Convert it with str(...)"


def suggest_item_remedy(item: object) -> str:
    """Return the remedy for data with an item that is no text."""
    if is_foreign_frame(item):
        return "Pass the frame by itself, or several of them to stream"
    return "Pass a frame: pandas.DataFrame(list(data))" if isinstance(item, Mapping) else suggest_remedy(item)


def _suggest_for_mapping(data: Mapping[object, object]) -> str:
    """Suggest the pandas object that fits a dictionary: texts by their keys, one record, or columns."""
    if data and all(isinstance(value, str) for value in data.values()):
        return "Pass list(data.values()), or pandas.Series(data), whose index is the keys"
    record = any(isinstance(value, str) or not isinstance(value, Iterable) for value in data.values())
    return "Pass a frame: pandas.DataFrame([data])" if record else "Pass a frame: pandas.DataFrame(data)"


def _suggest_for_array(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> str:
    if array.dtype.names:
        return "Pass a frame: pandas.DataFrame(array)"
    return "Pass array.ravel(), or list(array) where each row is a list of words" if array.ndim else "Pass array.item()"


def is_foreign_frame(value: object) -> bool:
    """Whether a value has columns: iterating over it would return their names instead of texts."""
    columns = getattr(value, "columns", None)
    return columns is not None and not callable(columns)


DISTRIBUTED = {
    "pyspark": "Call nlu_lite.spark.predict(data, pipeline), which runs in its partitions",
    "ray": "Call nlu_lite.ray.predict(data, pipeline, workers=...), which runs on its workers",
    "dask": "Call data.map_partitions with Pipeline.mapper, as the documentation shows",
    "daft": 'Call stream(data.to_arrow_iter(), as_="arrow")',
}
"""Packages of frames that are computed on many machines, and the calls that do not collect them on this one."""


def refuse_distributed(data: object, call: str) -> None:
    """Refuse a frame of Spark, Ray, Dask or Daft, which would be collected in this process.

    Args:
        data: The data of the caller.
        call: The name of the function that was called.

    Raises:
        InputError: It is one.
    """
    package = type(data).__module__.partition(".")[0]
    if package in DISTRIBUTED and not isinstance(data, str):
        got = f"{call} was given {describe_type(data)} of {package}, which it would collect in this process"
        raise InputError(got, "data that is in memory", DISTRIBUTED[package])


def name_rows(labels: Sequence[object], most: int = 5) -> str:
    """Name rows by their labels, the first few of many.

    Example:
        >>> name_rows([3]), name_rows(list("abcdefg"), most=2)
        ('row 3', "rows 'a', 'b' and 5 more")
    """
    shown = ", ".join(map(_format_label, labels[:most]))
    more = f" and {len(labels) - most} more" if len(labels) > most else ""
    return f"{'row' if len(labels) == 1 else 'rows'} {shown}{more}"


def _format_label(label: object) -> str:
    label = label.item() if isinstance(label, np.generic) else label
    try:
        return f"{label!r:.60}"
    except ValueError:  # Python writes no int of more than 4300 digits
        return f"({describe_type(label)})"
