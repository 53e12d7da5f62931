"""Data that is too much for one call, or has no end: cut into chunks that are answered one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from nlu_lite.errors import InputError
from nlu_lite.frames.inputs import NO_TEXTS, dataset_batches, from_arrow, is_foreign_frame, kind, remedy
from nlu_lite.frames.results import DOCUMENT_NUMBER, INDEX, Also

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Predict = Callable[[object], "pd.DataFrame | pa.Table"]
"""Answers a chunk."""

EXPECTED = "texts, lists of words, or batches: frames, Series, arrays, data sets"

CUTTABLE = ("iloc", "slice", "dtype")
"""Attributes of what can be cut: of frames and Series, of Arrow and Polars data, of arrays and Index."""


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
        predict: Answers a chunk, by a frame or a table as `form` says.
        form: What is given. Arrow batches have the index as their first columns and the schema of the first of them;
            chunks without rows give none.
        also: What stands beside strings and vectors; numbers of documents are made to run through the stream.

    Raises:
        InputError: The data cannot be read; what was answered before stays good.
    """
    answers = _answers(data, size, predict, also)
    return answers if form is Form.PANDAS else _batches(answers)


def _answers(data: object, size: int, predict: Predict, also: Also) -> Iterator[Any]:
    for chunk in chunks(data, size):
        yield _answered(chunk, predict, also)  # given no name, so that it is not held while the next one is made


def _batches(tables: Iterator[pa.Table]) -> Iterator[pa.RecordBatch]:
    schema: pa.Schema | None = None
    for table in tables:
        if len(table):
            schema = schema or table.schema
            yield from _fitted(table, schema).combine_chunks().to_batches()


def _fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Give a table the schema of those before it."""
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


def chunks(data: object, size: int) -> Iterator[Chunk]:
    """Cut data into chunks.

    Args:
        data: Something to go through: texts, or lists of words, which are gathered; or batches (frames, Series,
            one-dimensional arrays, Arrow and Polars data), each of which is answered by itself, the large ones cut.
            A lazy frame is computed as a whole, a RecordBatchReader or a data set read batch by batch.
            A str or a single batch is cut likewise.
        size: Most rows of a chunk.

    Raises:
        InputError: It cannot be gone through, or something else stands in it. Where going through it raises an
            exception, what came before is given first.

    Example:
        >>> [(chunk.data, chunk.first) for chunk in chunks(iter("abc"), 2)]
        [(['a', 'b'], 0), (['c'], 2)]
    """
    first = 0
    for part in _parts(_iterable(data, size), size):
        yield Chunk(part, first)
        first += len(part)


def _iterable(data: object, size: int) -> Iterable[object]:
    """Return texts or batches to iterate over: data that is a text or a batch itself becomes the only one."""
    batches = dataset_batches(data, size)
    if batches is not None:
        return batches
    batch = None if _gives_batches(data) else _batch(data)
    if isinstance(data, str) or batch is not None:
        return [data if batch is None else batch]
    is_scalar = getattr(data, "shape", None) == ()
    if isinstance(data, NO_TEXTS) or not isinstance(data, Iterable) or is_scalar or is_foreign_frame(data):
        raise InputError(f"stream was given {kind(data)}", EXPECTED, remedy(data))
    return data


def _parts(data: Iterable[object], size: int) -> Iterator[Any]:
    """Gather texts and lists, cut batches; what was gathered before an exception is given before it goes on."""
    waiting: list[object] = []
    try:
        for item in data:
            batch = _batch(item)
            if batch is None:
                waiting.append(item)
                if len(waiting) < size:
                    continue
            if waiting:
                yield waiting
                waiting = []
            if batch is not None:
                yield from _cut(batch, size)
    except Exception:
        if waiting:
            yield waiting
        raise
    if waiting:
        yield waiting


def _gives_batches(data: object) -> bool:
    """Whether something hands over its batches one by one, though it could all of them at once."""
    return hasattr(data, "read_next_batch")  # Arrow's RecordBatchReader


def _batch(item: object) -> Any:
    """Give what is rows by itself, in a form that can be cut; None for a text or a list of words."""
    if isinstance(item, (str, list, tuple)) or getattr(item, "shape", None) == ():
        return None
    if hasattr(item, "__len__") and any(hasattr(item, name) for name in CUTTABLE):
        return item
    return from_arrow(item)


def _cut(batch: Any, size: int) -> Iterator[Any]:
    if len(batch) <= size:
        yield batch
        return
    for first in range(0, len(batch), size):
        if hasattr(batch, "iloc"):
            yield batch.iloc[first : first + size]
        else:
            yield batch.slice(first, size) if hasattr(batch, "slice") else batch[first : first + size]


def _answered(chunk: Chunk, predict: Predict, also: Also) -> Any:
    try:
        answer = predict(chunk.data)
    except InputError as error:
        if not chunk.first or chunk.has_index:
            raise
        got = f"in the chunk that begins with row {chunk.first} of the stream, {error.got}"
        raise InputError(got, error.expected, error.remedy, error.nearest) from error
    numbers = [DOCUMENT_NUMBER] if Also.METADATA in also else []
    if hasattr(answer, "iloc"):
        return _moved_frame(answer, numbers, chunk)
    return _moved_table(answer, numbers if chunk.has_index else [INDEX, *numbers], chunk.first)


def _moved_frame(frame: pd.DataFrame, numbers: Sequence[str], chunk: Chunk) -> pd.DataFrame:
    """Let numbers run through the stream, those of rows too where they have no labels."""
    if not chunk.has_index:
        frame.index = frame.index + chunk.first
    for name in numbers:
        frame[name] += chunk.first
    return frame


def _moved_table(table: pa.Table, numbers: Sequence[str], by: int) -> pa.Table:
    from pyarrow import compute

    for name in numbers:
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, compute.add(table.column(place), by))
    return table
