"""Run stages in the partitions of a frame of Spark."""

from __future__ import annotations

import os
import pickle
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nlu_lite.annotators.annotation import Annotation
from nlu_lite.annotators.arrow import build_array, read_cells
from nlu_lite.annotators.columns import GIVEN, Column, ColumnKind, Plan, Rows, plan, run
from nlu_lite.errors import NluLiteError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType, StructField

    from nlu_lite.annotators.stages import Stage

CHUNK = 256
"""Rows that are processed at once."""
TYPE_KEY = "annotatorType"
"""The key of a column's metadata in which Spark NLP states the type of annotations."""
COMPAT_KEY = "compat"


def transform_spark(stages: Sequence[Stage], frame: DataFrame) -> DataFrame:
    """Return a frame of Spark with the columns of stages, computed when an action needs it.

    Raises:
        InputError: A stage lacks a column. Errors of workers name the host and the process; Spark wraps them.
        OptionError: A parameter of a stage is missing.
    """
    from pyspark.sql.types import StructType

    planned = plan(stages, list_spark_columns(frame))
    kept = [
        field for field in frame.schema.fields if field.name not in planned.drops and field.name not in planned.writes
    ]
    written = [_build_field(name, column) for name, column in planned.writes.items()]
    task = build_task(planned, [field.name for field in kept])
    result = frame.mapInArrow(task, StructType([*kept, *written]))
    return _convert_vectors(result, planned)


def list_spark_columns(frame: DataFrame) -> dict[str, Column]:
    """Return the columns of a frame of Spark, with the types of their annotations where Spark's metadata state them."""
    return {field.name: _describe_field(field) for field in frame.schema.fields}


def _describe_field(field: StructField) -> Column:
    names = getattr(getattr(field.dataType, "elementType", None), "names", None)
    if names != list(Annotation.dataType().names):
        return GIVEN
    metadata = field.metadata or {}
    return Column(ColumnKind.ANNOTATIONS, metadata.get(TYPE_KEY), metadata.get(COMPAT_KEY))


def _build_field(name: str, column: Column) -> StructField:
    from pyspark.sql.types import StructField

    known = {TYPE_KEY: column.annotator_type, COMPAT_KEY: column.compat}
    metadata = {key: value for key, value in known.items() if value is not None}
    return StructField(name, _get_spark_type(column.kind), nullable=True, metadata=metadata)


def _get_spark_type(kind: ColumnKind) -> DataType:
    from pyspark.sql.types import ArrayType, DoubleType, FloatType, StringType, StructField, StructType

    pair = StructType([StructField("_1", StringType()), StructField("_2", StringType())])
    types: Mapping[ColumnKind, DataType] = {
        ColumnKind.ANNOTATIONS: Annotation.arrayType(),
        ColumnKind.STRING: StringType(),
        ColumnKind.STRINGS: ArrayType(StringType()),
        ColumnKind.PAIRS: ArrayType(pair),
        ColumnKind.ARRAYS: ArrayType(ArrayType(FloatType(), containsNull=False)),
        ColumnKind.VECTORS: ArrayType(ArrayType(DoubleType(), containsNull=False)),
    }
    return types[kind]


def _convert_vectors(frame: DataFrame, planned: Plan) -> DataFrame:
    """Return a frame with vectors of `pyspark.ml` in the columns that hold vectors."""
    from pyspark.ml.functions import array_to_vector
    from pyspark.sql import functions

    names = [name for name, column in planned.writes.items() if column.kind is ColumnKind.VECTORS]
    for name in names:
        frame = frame.withColumn(name, functions.transform(functions.col(name), array_to_vector))
    return frame


def build_task(planned: Plan, kept: Sequence[str]) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return a function that Spark sends to workers by value, so that a worker without this package can say so."""
    stages = tuple(stage.prepare_pickling(1) for stage in planned.stages)
    data = pickle.dumps((replace(planned, stages=stages), list(kept)))

    def task(batches: Iterable[Any]) -> Iterator[Any]:
        try:
            from nlu_lite.annotators.spark import run_partition
        except ImportError as error:
            import platform

            text = f"nlu-lite cannot be imported on host {platform.node()} ({error}): install nlu-lite[spark] there"
            raise ImportError(text) from error
        return run_partition(data, batches)

    return task


def run_partition(data: bytes, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Run pickled stages over the batches of a partition, in a worker; models are opened once in each process."""
    opened: tuple[Plan, list[str]] | None = None
    for batch in batches:
        for first in range(0, batch.num_rows, CHUNK):
            opened = opened or pickle.loads(data)
            planned, kept = opened
            yield _run_chunk(planned, kept, batch.slice(first, CHUNK))


def _run_chunk(planned: Plan, kept: list[str], batch: pa.RecordBatch) -> pa.RecordBatch:
    import pyarrow as pa

    columns = {name: read_cells(batch.column(name), column.kind) for name, column in planned.reads.items()}
    try:
        rows = run(planned.stages, Rows(columns, list(range(batch.num_rows))))
    except NluLiteError as error:
        place = f"host {platform.node()}, process {os.getpid()}: {error.got}"
        raise type(error)(place, error.expected, error.remedy, error.nearest) from error
    source = pa.array(rows.source, pa.int64())
    arrays = [batch.column(name).take(source) for name in kept]
    arrays += [build_array(column.kind, rows.columns[name]) for name, column in planned.writes.items()]
    return pa.RecordBatch.from_arrays(arrays, [*kept, *planned.writes])
