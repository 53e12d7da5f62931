"""Data that is too much for one call, or has no end: cut into chunks that are answered one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from nlu_lite.errors import InputError
from nlu_lite.table import DOCUMENT_NUMBER, Also, to_arrow

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Predict = Callable[[object], "pd.DataFrame"]
"""Answers a chunk by a frame."""

EXPECTED = "texts, lists of words, or batches: frames, Series, arrays"


class Form(Enum):
    """What a stream gives."""

    PANDAS = "pandas"
    ARROW = "arrow"


@dataclass(frozen=True)
class Chunk:
    """What is answered at once.

    Attributes:
        data: What predict takes.
        first: Number of its first row in the stream.
    """

    data: Any
    first: int

    @property
    def has_index(self) -> bool:
        """Whether rows are known by an index of their own, not by their numbers."""
        return hasattr(self.data, "iloc")


def stream(
    data: object, size: int, predict: Predict, form: Form, also: Also
) -> Iterator[pd.DataFrame] | Iterator[pa.RecordBatch]:
    """Answer data chunk by chunk, in order; no more than one chunk is held at a time.

    Args:
        data: As `chunks` takes it.
        size: Most rows of a chunk.
        predict: Answers a chunk.
        form: What is given. Arrow batches have the index as their first columns and the schema of the first of them;
            chunks without rows give none.
        also: What stands beside strings and vectors; numbers of documents are made to run through the stream.

    Raises:
        InputError: The data cannot be read; what was answered before stays good.
    """
    frames = _frames(data, size, predict, also)
    return frames if form is Form.PANDAS else _batches(frames)


def _frames(data: object, size: int, predict: Predict, also: Also) -> Iterator[pd.DataFrame]:
    for chunk in chunks(data, size):
        yield _answered(chunk, predict, also)  # given no name, so that it is not held while the next one is made


def _batches(frames: Iterator[pd.DataFrame]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    schema: pa.Schema | None = None
    for table in (to_arrow(frame.reset_index()) for frame in frames if len(frame)):
        columns = [column.combine_chunks() for column in _fitted(table, schema).columns]
        schema = schema or table.schema
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _fitted(table: pa.Table, schema: pa.Schema | None) -> pa.Table:
    """Give a table the schema of those before it."""
    import pyarrow as pa

    if schema is None or table.schema.equals(schema):
        return table
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


def chunks(data: object, size: int) -> Iterator[Chunk]:
    """Cut data into chunks.

    Args:
        data: Something to go through: texts, or lists of words, which are gathered; or batches (frames, Series,
            one-dimensional arrays, Arrow and Polars data), each of which is answered by itself, the large ones cut.
            A str or a single batch is cut likewise.
        size: Most rows of a chunk.

    Raises:
        InputError: It cannot be gone through, or something else stands in it. Where going through it raises an
            exception, what came before is given first.

    Example:
        >>> [(chunk.data, chunk.first) for chunk in chunks(iter("abc"), 2)]
        [(['a', 'b'], 0), (['c'], 2)]
    """
    if isinstance(data, str) or _is_batch(data):
        data = [data]
    if not isinstance(data, Iterable):
        raise InputError(f"stream was given a {type(data).__name__}", EXPECTED, "Pass a list or a generator")
    first = 0
    for part in _parts(data, size):
        yield Chunk(part, first)
        first += len(part)


def _parts(data: Iterable[object], size: int) -> Iterator[Any]:
    """Gather texts and lists, cut batches; what was gathered before an exception is given before it goes on."""
    waiting: list[object] = []
    try:
        for item in data:
            if not _is_batch(item):
                waiting.append(item)
                if len(waiting) < size:
                    continue
            if waiting:
                yield waiting
                waiting = []
            if _is_batch(item):
                yield from _cut(item, size)
    except Exception:
        if waiting:
            yield waiting
        raise
    if waiting:
        yield waiting


def _is_batch(item: object) -> bool:
    """Whether something is rows by itself: what pandas, numpy, Arrow and Polars have has a shape or a type."""
    if isinstance(item, str) or not hasattr(item, "__len__"):
        return False
    return any(hasattr(item, name) for name in ("shape", "type"))


def _cut(batch: Any, size: int) -> Iterator[Any]:
    if len(batch) <= size:
        yield batch
        return
    for first in range(0, len(batch), size):
        if hasattr(batch, "iloc"):
            yield batch.iloc[first : first + size]
        else:
            yield batch.slice(first, size) if hasattr(batch, "slice") else batch[first : first + size]


def _answered(chunk: Chunk, predict: Predict, also: Also) -> pd.DataFrame:
    try:
        frame = predict(chunk.data)
    except InputError as error:
        if not chunk.first or chunk.has_index:
            raise
        got = f"in the chunk that begins with row {chunk.first} of the stream, {error.got}"
        raise InputError(got, error.expected, error.remedy, error.nearest) from error
    if not chunk.has_index:
        frame.index = frame.index + chunk.first
    if Also.METADATA in also:
        frame[DOCUMENT_NUMBER] += chunk.first
    return frame
