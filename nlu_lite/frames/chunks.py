"""Run `predict` over data of any length, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nlu_lite.errors import InputError
from nlu_lite.frames.arrow import from_arrow
from nlu_lite.frames.hugging_face import iterate_dataset
from nlu_lite.frames.inputs import NO_TEXTS
from nlu_lite.frames.messages import describe_type, is_foreign_frame, refuse_distributed, suggest_remedy
from nlu_lite.options import FrameLibrary, PredictRequest

if TYPE_CHECKING:
    import pyarrow as pa

Predict = Callable[[object, PredictRequest], Any]
"""Processes a chunk."""

EXPECTED = "texts, lists of words, or batches: frames, Series, arrays, data sets"

CUTTABLE = ("iloc", "slice", "dtype")
"""Attributes of data that can be cut: of frames and Series, of Arrow and Polars data, of arrays and Index."""


@dataclass(frozen=True)
class Chunk:
    """Rows that are processed in one call.

    Attributes:
        data: The rows, as `predict` takes them.
        first: Number of the first row in the stream.
    """

    data: Any
    first: int


def stream(data: object, size: int, predict: Predict, request: PredictRequest) -> Iterator[Any]:
    """Process data chunk by chunk, in order. At most one chunk is in memory at a time.

    Args:
        data: As `cut_chunks` takes it.
        size: Maximum number of rows of a chunk.
        predict: Processes a chunk.
        request: The options of each call. Rows without an index are numbered through the stream.

    Returns:
        An iterator of frames, or of record batches if `request` asks for Arrow. Record batches have the index as
        their first columns and the schema of the first batch; there is no batch without rows.

    Raises:
        InputError: The data cannot be read. Results of earlier chunks stay valid.
    """
    # The result of a chunk gets no name, so that it is freed before the next chunk is processed.
    results = (predict(chunk.data, replace(request, first_row=chunk.first)) for chunk in cut_chunks(data, size))
    return results if request.library is FrameLibrary.PANDAS else _to_record_batches(results)


def _to_record_batches(tables: Iterator[pa.Table]) -> Iterator[pa.RecordBatch]:
    schema: pa.Schema | None = None
    for table in tables:
        if len(table):
            schema = schema or table.schema
            yield from _cast_to_schema(table, schema).combine_chunks().to_batches()


def _cast_to_schema(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a table with the schema of the tables before it."""
    import pyarrow as pa

    if table.schema.equals(schema):
        return table.replace_schema_metadata(schema.metadata)
    try:
        return table.cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        names, before = table.schema.names, schema.names
        differing = set(names) ^ set(before) or {n for n in names if table.schema.field(n).type != schema.field(n).type}
        raise InputError(
            f"the columns {sorted(differing)} of a batch are not those of the batches before it",
            "batches of one schema",
            'Give them the same types, or pass keep_columns=False or as_="pandas"',
        ) from error


def cut_chunks(data: object, size: int) -> Iterator[Chunk]:
    """Cut data into chunks.

    Args:
        data: An iterable of texts or lists of words, which are collected; or of batches (frames, Series,
            one-dimensional arrays, Arrow and Polars data), each of which is processed separately, large ones in parts.
            A lazy frame is computed as a whole, a RecordBatchReader or a data set is read batch by batch.
            A str or a single batch counts as an iterable of one item.
        size: Maximum number of rows of a chunk.

    Raises:
        InputError: The data cannot be iterated over, or has items of other types. Where iterating raises an exception,
            the items before it are processed first.

    Example:
        >>> [(chunk.data, chunk.first) for chunk in cut_chunks(iter("abc"), 2)]
        [(['a', 'b'], 0), (['c'], 2)]
    """
    first = 0
    for part in _collect_parts(_open_batches(data, size), size):
        yield Chunk(part, first)
        first += len(part)


def _open_batches(data: object, size: int) -> Iterable[object]:
    """Return texts or batches to iterate over: data that is a text or a batch itself becomes the only one."""
    refuse_distributed(data, "stream")
    batches = iterate_dataset(data, size)
    if batches is not None:
        return batches
    batch = None if _is_batch_reader(data) else _read_batch(data)
    if isinstance(data, str) or batch is not None:
        return [data if batch is None else batch]
    is_scalar = getattr(data, "shape", None) == ()
    if isinstance(data, NO_TEXTS) or not isinstance(data, Iterable) or is_scalar or is_foreign_frame(data):
        raise InputError(f"stream was given {describe_type(data)}", EXPECTED, suggest_remedy(data))
    return data


def _collect_parts(data: Iterable[object], size: int) -> Iterator[Any]:
    """Collect texts and lists, cut batches. Items collected before an exception are yielded before it is raised."""
    waiting: list[object] = []
    try:
        for item in data:
            batch = _read_batch(item)
            if batch is None:
                waiting.append(item)
                if len(waiting) < size:
                    continue
            if waiting:
                yield waiting
                waiting = []
            if batch is not None:
                yield from _cut_batch(batch, size)
    except Exception:
        if waiting:
            yield waiting
        raise
    if waiting:
        yield waiting


def _is_batch_reader(data: object) -> bool:
    """Whether data yields its batches one by one, though it could be read as a whole."""
    return hasattr(data, "read_next_batch")  # Arrow's RecordBatchReader


def _read_batch(item: object) -> Any:
    """Return a batch of rows in a form that can be cut; None for a text or a list of words."""
    if isinstance(item, (str, list, tuple)) or getattr(item, "shape", None) == ():
        return None
    if hasattr(item, "__len__") and any(hasattr(item, name) for name in CUTTABLE):
        return item
    return from_arrow(item)


def _cut_batch(batch: Any, size: int) -> Iterator[Any]:
    if len(batch) <= size:
        yield batch
        return
    for first in range(0, len(batch), size):
        if hasattr(batch, "iloc"):
            yield batch.iloc[first : first + size]
        else:
            yield batch.slice(first, size) if hasattr(batch, "slice") else batch[first : first + size]
