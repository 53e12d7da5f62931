"""The memory of the rows of Arrow data, and cuts that keep it small."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlu_lite.frames.views import cast_views

if TYPE_CHECKING:
    import pyarrow as pa


def measure_texts(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return the bytes of each text, or list of words, of a column; a text of a dictionary counts each time."""
    import pyarrow as pa

    is_dictionary = pa.types.is_dictionary(column.type)
    return measure_rows(cast_views(column.cast(column.type.value_type) if is_dictionary else column))


def measure_rows(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return the bytes that a copy of each row of a column takes; copies share dictionaries and views.

    Example:
        >>> import pyarrow as pa
        >>> measure_rows(pa.chunked_array([["one", None, "sixteen"]])).tolist()
        [3.0, 0.0, 7.0]
        >>> measure_rows(pa.chunked_array([[1.5, 2.5]])).tolist()
        [8.0, 8.0]
    """
    import pyarrow as pa
    from pyarrow import compute

    kind, is_ = column.type, pa.types
    if is_.is_string(kind) or is_.is_large_string(kind) or is_.is_binary(kind) or is_.is_large_binary(kind):
        lengths = compute.fill_null(compute.binary_length(column), 0)
        return np.asarray(lengths.to_numpy(), np.float64)
    if is_.is_primitive(kind) or is_.is_decimal(kind) or is_.is_dictionary(kind):
        return np.full(len(column), kind.bit_width / 8)
    shared = column.slice(0, 0).nbytes
    return np.array([column.slice(row, 1).nbytes - shared for row in range(len(column))], np.float64)


def cut_rows(sizes: NDArray[np.float64], rows: int, limit: float) -> Iterator[slice]:
    """Cut consecutive rows into parts of at most so many rows, and of at most so many bytes unless it is one row.

    Args:
        sizes: Bytes of each row.
        rows: Maximum number of rows of a part.
        limit: Maximum number of bytes of a part of several rows.

    Example:
        >>> [(part.start, part.stop) for part in cut_rows(np.array([1.0, 1, 1, 9, 1]), 2, 5)]
        [(0, 2), (2, 3), (3, 4), (4, 5)]
    """
    ends, first = np.cumsum(sizes), 0
    while first < len(ends):
        before = ends[first - 1] if first else 0.0
        fitting = int(np.searchsorted(ends, before + limit, side="right"))
        stop = min(max(fitting, first + 1), first + rows, len(ends))
        yield slice(first, stop)
        first = stop
