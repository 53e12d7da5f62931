"""Spark NLP's functions over columns of annotations of Spark: `map_annotations` and others.

In a frame of pandas, apply a function to the column: ``frame["token"].map(function)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nlu_lite._util.extras import check_extra
from nlu_lite.annotators.annotation import Annotation
from nlu_lite.annotators.frames import is_spark
from nlu_lite.annotators.spark import TYPE_KEY
from nlu_lite.errors import InputError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType

__all__ = [
    "explode_annotations_col",
    "filter_by_annotations_col",
    "map_annotations",
    "map_annotations_array",
    "map_annotations_col",
    "map_annotations_cols",
    "map_annotations_strict",
]

Change = Callable[[list[Annotation]], Any]
"""A function from the annotations of a cell to annotations, or to a value of another type."""


def map_annotations(f: Change, output_type: DataType) -> Any:
    """Return a UDF of Spark that applies a function to the annotations of each cell.

    Args:
        f: The function; a null is an empty list.
        output_type: Spark's type of the result: ``Annotation.arrayType()``, ``ArrayType(StringType())``, or
            ``IntegerType()`` if the function counts the annotations, for instance.

    Raises:
        MissingExtra: The extra ``spark`` is not installed.
    """
    check_extra("pyspark", "spark", "map_annotations")
    from pyspark.sql.functions import udf

    return udf(lambda cell: _convert(f(_read(cell))), output_type)


def map_annotations_array(f: Change, output_type: DataType) -> Any:
    """Return a UDF of Spark that applies a function to the annotations of an array of cells, as one list.

    Args:
        f: The function.
        output_type: Spark's type of the result.

    Raises:
        MissingExtra: The extra ``spark`` is not installed.
    """
    check_extra("pyspark", "spark", "map_annotations_array")
    from pyspark.sql.functions import udf

    return udf(lambda cells: _convert(f([one for cell in cells or () for one in _read(cell)])), output_type)


def map_annotations_strict(f: Change) -> Any:
    """Return a UDF of Spark that applies a function from annotations to annotations to each cell.

    Raises:
        MissingExtra: The extra ``spark`` is not installed.
    """
    return map_annotations(f, Annotation.arrayType())


def map_annotations_col(
    dataframe: DataFrame,
    f: Change,
    column: str,
    output_column: str,
    annotatyon_type: str,
    output_type: DataType | None = None,
) -> DataFrame:
    """Return a frame with the result of a function over the annotations of a column.

    Args:
        dataframe: A frame of Spark.
        f: The function.
        column: The column that is read.
        output_column: The column that is written.
        annotatyon_type: The type of its annotations, for the stages that read it. The spelling is Spark NLP's.
        output_type: Spark's type of the column. Default: that of annotations.

    Raises:
        InputError: `dataframe` is not a frame of Spark.
    """
    _check_frame(dataframe)
    result = map_annotations(f, output_type or Annotation.arrayType())(column)
    return dataframe.withColumn(output_column, result.alias(output_column, metadata={TYPE_KEY: annotatyon_type}))


def map_annotations_cols(
    dataframe: DataFrame,
    f: Change,
    columns: Sequence[str],
    output_column: str,
    annotatyon_type: str,
    output_type: DataType | None = None,
) -> DataFrame:
    """Return a frame with the result of a function over the annotations of several columns, as one list.

    Args:
        dataframe: A frame of Spark.
        f: The function.
        columns: The columns that are read.
        output_column: The column that is written.
        annotatyon_type: The type of its annotations, for the stages that read it.
        output_type: Spark's type of the column. Default: that of annotations.

    Raises:
        InputError: `dataframe` is not a frame of Spark.
    """
    _check_frame(dataframe)
    from pyspark.sql.functions import array

    result = map_annotations_array(f, output_type or Annotation.arrayType())(array(*columns))
    return dataframe.withColumn(output_column, result.alias(output_column, metadata={TYPE_KEY: annotatyon_type}))


def filter_by_annotations_col(dataframe: DataFrame, f: Callable[[list[Annotation]], bool], column: str) -> DataFrame:
    """Return the rows of a frame for whose annotations a function returns True.

    Args:
        dataframe: A frame of Spark.
        f: The function from the annotations of a cell.
        column: The column of annotations.

    Raises:
        InputError: `dataframe` is not a frame of Spark.
    """
    _check_frame(dataframe)
    from pyspark.sql.functions import udf

    return dataframe.filter(udf(lambda cell: bool(f(_read(cell))), "boolean")(column))


def explode_annotations_col(dataframe: DataFrame, column: str, output_column: str) -> DataFrame:
    """Return a frame with a row for each annotation of a column.

    Args:
        dataframe: A frame of Spark.
        column: The column of annotations.
        output_column: The column of single annotations.

    Raises:
        InputError: `dataframe` is not a frame of Spark.
    """
    _check_frame(dataframe)
    from pyspark.sql.functions import explode

    return dataframe.withColumn(output_column, explode(column))


def _check_frame(frame: object) -> None:
    if not is_spark(frame):
        got = f"dataframe is a value of type {type(frame).__name__}"
        remedy = "Apply the function to the column of another frame: frame[column].map(function)"
        raise InputError(got, "a DataFrame of Spark", remedy)


def _read(cell: Iterable[Any] | None) -> list[Annotation]:
    return [Annotation.fromRow(one) for one in cell or ()]


def _convert(value: Any) -> Any:
    """Return a value as Spark takes it, with a Row in place of each annotation.

    Example:
        >>> _convert("one two"), _convert(2), _convert(map(str.upper, ["one"]))
        ('one two', 2, ['ONE'])
    """
    if isinstance(value, Annotation):
        return Annotation.toRow(value)
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        return value
    return [Annotation.toRow(one) if isinstance(one, Annotation) else one for one in value]
