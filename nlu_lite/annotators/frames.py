"""Run stages over frames: of pandas, Arrow, Polars and Spark. The result is of the same kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from nlu_lite.annotators.annotation import FIELDS, Annotation
from nlu_lite.annotators.arrow import build_array, read_cells
from nlu_lite.annotators.assembler import is_missing
from nlu_lite.annotators.columns import GIVEN, Column, ColumnKind, Plan, Rows, plan, run
from nlu_lite.errors import InputError
from nlu_lite.frames import check_names

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from nlu_lite.annotators.stages import Stage


REMEDY = "Put the texts into a column of such a frame, or call LightPipeline.annotate"
CONVERSIONS = {"LazyFrame": "Call frame.collect()", "RecordBatch": "Call pyarrow.Table.from_batches([batch])"}
"""The remedy for other frames, by the name of their class."""


class FrameAdapter(Protocol):
    """Reads the columns of a frame, and writes others."""

    def list_columns(self) -> dict[str, Column]:
        """Return the columns, with the types of their annotations where they are known."""

    def read(self, name: str, kind: ColumnKind) -> list[Any]:
        """Return the cells of a column."""

    def write(self, plan: Plan, rows: Rows) -> Any:
        """Return a frame with the columns of a plan."""


def transform_frame(stages: Sequence[Stage], frame: Any) -> Any:
    """Return a frame with the columns of stages.

    Raises:
        InputError: It is no frame, or a stage lacks a column.
        OptionError: A parameter of a stage is missing.
    """
    if is_spark(frame):
        from nlu_lite.annotators.spark import transform_spark

        return transform_spark(stages, frame)
    adapter = open_frame(frame)
    planned = plan(stages, adapter.list_columns())
    columns = {name: adapter.read(name, one.kind) for name, one in planned.reads.items()}
    return adapter.write(planned, run(planned.stages, Rows(columns, list(range(len(frame))))))


def check_frame(stages: Sequence[Stage], frame: Any) -> None:
    """Check that stages find their columns in a frame.

    Raises:
        InputError: It is no frame, or a stage lacks a column.
        OptionError: A parameter of a stage is missing.
    """
    if is_spark(frame):
        from nlu_lite.annotators.spark import list_spark_columns

        plan(stages, list_spark_columns(frame))
    else:
        plan(stages, open_frame(frame).list_columns())


def is_spark(frame: Any) -> bool:
    """Whether a value is a DataFrame of Spark."""
    return hasattr(frame, "mapInArrow")


def open_frame(frame: Any) -> FrameAdapter:
    """Return the adapter of a frame in memory.

    Raises:
        InputError: It is no frame of pandas, Arrow or Polars.
    """
    adapters: dict[tuple[str, str], type[Any]] = {
        ("pandas", "DataFrame"): PandasAdapter,
        ("pyarrow", "Table"): ArrowAdapter,
        ("polars", "DataFrame"): PolarsAdapter,
    }
    for kind in type(frame).__mro__:
        adapter = adapters.get((kind.__module__.partition(".")[0], kind.__name__))
        if adapter is not None:
            found: FrameAdapter = adapter(frame)
            return found
    name = type(frame).__name__
    expected = "a DataFrame of pandas, Polars or Spark, or a Table of Arrow"
    raise InputError(f"a value of type {name}", expected, CONVERSIONS.get(name, REMEDY))


class PandasAdapter:
    """Frames of pandas. The cells of annotations are lists of `Annotation`."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def list_columns(self) -> dict[str, Column]:
        """See `FrameAdapter`."""
        check_names(list(self._frame.columns))
        names = [name for name in self._frame.columns if isinstance(name, str)]
        return {name: _describe_cells(self._frame[name]) for name in names}

    def read(self, name: str, kind: ColumnKind) -> list[Any]:
        """See `FrameAdapter`."""
        cells = self._frame[name].tolist()
        return [to_annotations(cell) for cell in cells] if kind is ColumnKind.ANNOTATIONS else cells

    def write(self, plan: Plan, rows: Rows) -> pd.DataFrame:
        """See `FrameAdapter`."""
        import pandas as pd

        result = self._frame.drop(columns=[*plan.drops, *(name for name in plan.writes if name in self._frame)])
        if rows.source != list(range(len(result))):
            result = result.iloc[rows.source]
        new = {name: pd.Series(_box(rows.columns[name]), result.index, dtype=object) for name in plan.writes}
        return pd.concat([result, pd.DataFrame(new, index=result.index)], axis=1)


class ArrowAdapter:
    """Tables of Arrow."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def list_columns(self) -> dict[str, Column]:
        """See `FrameAdapter`."""
        check_names(self._table.column_names)
        return {name: _describe_array(self._table.column(name)) for name in self._table.column_names}

    def read(self, name: str, kind: ColumnKind) -> list[Any]:
        """See `FrameAdapter`."""
        return read_cells(self._table.column(name), kind)

    def write(self, plan: Plan, rows: Rows) -> pa.Table:
        """See `FrameAdapter`."""
        replaced = [name for name in self._table.column_names if name in plan.drops or name in plan.writes]
        result = self._table.drop_columns(replaced)
        if rows.source != list(range(len(self._table))):
            result = result.take(rows.source)
        for name, column in plan.writes.items():
            result = result.append_column(name, build_array(column.kind, rows.columns[name]))
        return result


class PolarsAdapter:
    """Frames of Polars, whose maps are lists of structs with a key and a value."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def list_columns(self) -> dict[str, Column]:
        """See `FrameAdapter`."""
        return {name: _describe_array(self._frame.get_column(name).to_arrow()) for name in self._frame.columns}

    def read(self, name: str, kind: ColumnKind) -> list[Any]:
        """See `FrameAdapter`."""
        return read_cells(self._frame.get_column(name).to_arrow(), kind)

    def write(self, plan: Plan, rows: Rows) -> pl.DataFrame:
        """See `FrameAdapter`."""
        import polars as pl

        kept = [name for name in self._frame.columns if name not in plan.drops and name not in plan.writes]
        result = self._frame.select(kept)
        if rows.source != list(range(len(self._frame))):
            result = result[rows.source]
        arrays = {name: build_array(column.kind, rows.columns[name]) for name, column in plan.writes.items()}
        return result.with_columns([pl.Series(name, pl.from_arrow(array)) for name, array in arrays.items()])


def to_annotations(cell: Any) -> list[Annotation]:
    """Return the annotations of a cell, which can hold annotations, mappings or Rows of Spark.

    Raises:
        InputError: It holds something else.
    """
    if is_missing(cell):
        return []
    try:
        return [one if isinstance(one, Annotation) else Annotation.fromRow(one) for one in cell]
    except (TypeError, KeyError, AttributeError, InputError) as error:
        got = f"a cell of a column of annotations is {cell!r:.80}"
        raise InputError(got, "a list of annotations", "Set the input columns of the stage") from error


def _describe_cells(cells: pd.Series) -> Column:
    """Return the kind of a column of pandas by its first cell that is not empty."""
    first = next((cell for cell in cells if not is_missing(cell) and not _is_empty_list(cell)), None)
    if first is None:
        return Column(ColumnKind.UNKNOWN)
    one = first[0] if isinstance(first, (list, np.ndarray)) else None
    if isinstance(one, Mapping) and set(FIELDS) <= set(one):
        return Column(ColumnKind.ANNOTATIONS, one["annotatorType"])
    return GIVEN


def _is_empty_list(cell: Any) -> bool:
    return isinstance(cell, (list, np.ndarray)) and not len(cell)


def _describe_array(column: pa.ChunkedArray | pa.Array) -> Column:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    value = kind.value_type if pa.types.is_list(kind) or pa.types.is_large_list(kind) else None
    if value is None or not pa.types.is_struct(value) or [field.name for field in value] != list(FIELDS):
        return GIVEN
    types = pc.struct_field(pc.list_flatten(column), FIELDS[0])
    return Column(ColumnKind.ANNOTATIONS, types[0].as_py() if len(types) else None)


def _box(cells: Sequence[Any]) -> np.ndarray[Any, Any]:
    """Return cells as an array of objects, so that pandas takes no list apart."""
    boxed = np.empty(len(cells), object)
    for number, cell in enumerate(cells):
        boxed[number] = cell
    return boxed
