"""Run a pipeline in the partitions of a frame of Spark."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Unpack

from pyspark import SparkFiles
from pyspark.ml.functions import array_to_vector
from pyspark.sql import functions
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    CharType,
    DataType,
    FloatType,
    IntegerType,
    LongType,
    NullType,
    StringType,
    StructField,
    StructType,
    VarcharType,
)

from nlu_lite.errors import InputError
from nlu_lite.options import PredictOptions, parse_choice, show_options
from nlu_lite.pipeline import BatchMapper, Pipeline, load
from nlu_lite.pipeline.mapper import load_mapper

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

__all__ = ["predict"]

SparkVectorsName: TypeAlias = Literal["array", "ml"]


class SparkVectors(Enum):
    """The Spark type of vectors: array<float>, or the vectors of `pyspark.ml`."""

    ARRAY = "array"
    ML = "ml"


@show_options(PredictOptions)
def predict(
    df: DataFrame,
    pipeline: Pipeline | str,
    *,
    vectors: SparkVectorsName = "array",
    chunk: int = 256,
    threads: int = 1,
    device: str | None = None,
    archive: str | None = None,
    **options: Unpack[PredictOptions],
) -> DataFrame:
    """Run `Pipeline.predict` over a frame of Spark, in its partitions.

    Args:
        df: The frame, of Spark 3.5 or 4.
        pipeline: A pipeline, or references as `load` takes them, which are loaded in the driver with the defaults.
        vectors: ``"array"`` for vectors of type array<float>, or ``"ml"`` for those of `pyspark.ml`.
        chunk: Maximum number of texts that are processed at once.
        threads: Threads of a forward pass in each worker process.
        device: The device of the workers, as for `load`. Default: that of the pipeline.
        archive: Name of an archive that ``SparkContext.addArchive`` unpacks on each worker, with the folder that
            ``pipeline.save(..., weights=True)`` wrote. Default: weights come from where the driver found them.
        options: The options of `Pipeline.mapper`.

    Returns:
        A frame of Spark, computed when an action needs it: the columns that are kept, in their order and with their
        types, then those of the mapper's schema. The order of rows within a partition is that of the input.

    Raises:
        InputError: `df` is not a Spark DataFrame, there is no column of texts, or a column has the name of a column of
            the result. Errors of workers name the host, the process and the row; Spark wraps them when an action runs.
        OptionError: An option has an unknown value.
    """
    found = _read_fields(df)
    cells = parse_choice(SparkVectors, vectors, "vectors")
    opened = load(pipeline) if isinstance(pipeline, str) else pipeline
    mapper = opened.mapper(_plan_schema(found), chunk=chunk, threads=threads, device=device, **options)
    fields = {field.name: field for field in found}
    kept = [fields[name] for name in mapper.kept]
    computed = [_convert_field(field) for field in list(mapper.schema)[len(kept) :]]
    _check_case(df, kept, computed)
    result = df.mapInArrow(build_task(mapper, archive), StructType([*kept, *computed]))
    if cells is SparkVectors.ARRAY:
        return result
    names = [field.name for field in computed if isinstance(field.dataType, ArrayType)]
    return result.withColumns({name: array_to_vector(functions.col(name)) for name in names})


def _read_fields(df: DataFrame) -> list[StructField]:
    if not hasattr(df, "mapInArrow"):
        got = f"predict was given a value of type {type(df).__name__}"
        raise InputError(got, "a DataFrame of Spark", "Call Pipeline.predict for data in memory")
    return list(df.schema.fields)


def _check_case(df: DataFrame, kept: Iterable[StructField], computed: Iterable[StructField]) -> None:
    """Refuse columns that Spark could not tell from those of the result, since it ignores the case of names."""
    if df.sparkSession.conf.get("spark.sql.caseSensitive") == "true":
        return
    names = {field.name.lower() for field in computed}
    clashing = [field.name for field in kept if field.name.lower() in names]
    if clashing:
        got = f"the columns {clashing} have the names of columns of the result, whose case Spark ignores"
        raise InputError(got, "other names", "Rename them, or pass keep_columns=False")


def _plan_schema(fields: Iterable[StructField]) -> pa.Schema:
    """Return an Arrow schema, with the types of columns of strings.

    Other types can depend on the settings of Spark, such as the time zone; the batches show them.
    """
    import pyarrow as pa
    from pyspark.sql.pandas.types import to_arrow_type

    def convert(kind: DataType) -> pa.DataType:
        if isinstance(kind, NullType):
            return pa.null()
        if isinstance(kind, ArrayType) and isinstance(kind.elementType, StringType):
            return pa.list_(pa.string())
        if isinstance(kind, (StringType, CharType, VarcharType)):
            return pa.string()
        try:
            return to_arrow_type(kind)
        except Exception:  # releases of Spark differ in the types that they convert without a batch
            return pa.binary()

    return pa.schema([(field.name, convert(field.dataType)) for field in fields])


def _convert_field(field: pa.Field) -> StructField:
    """Return the field of Spark for a computed column, none of which has nulls."""
    import pyarrow as pa

    types = {pa.string(): StringType(), pa.int32(): IntegerType(), pa.int64(): LongType(), pa.bool_(): BooleanType()}
    kind = types.get(field.type) or ArrayType(FloatType(), containsNull=False)
    return StructField(field.name, kind, nullable=False)


def build_task(
    mapper: BatchMapper, archive: str | None = None
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return a function that Spark sends to workers by value, so that a worker without this package can say so."""
    data = pickle.dumps(mapper)

    def run(batches: Iterable[Any]) -> Iterator[Any]:
        try:
            from nlu_lite.spark.frames import run_partition
        except ImportError as error:
            import platform

            text = f"nlu-lite cannot be imported on host {platform.node()} ({error}): install nlu-lite[spark] there"
            raise ImportError(text) from error
        return run_partition(data, archive, batches)

    return run


def run_partition(data: bytes, archive: str | None, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Run a pickled mapper in a worker; kept columns have the types of the first batch."""
    waiting = iter(batches)
    for first in waiting:
        mapper = load_mapper(data).adopt_types(first.schema)
        mapper = mapper if archive is None else mapper.relocate(SparkFiles.get(archive))
        yield from mapper(chain([first], waiting))
