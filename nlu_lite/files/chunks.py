"""Process a chunk of texts into rows of the output."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from nlu_lite.errors import InputError, ModelError
from nlu_lite.files.columns import check_language_column, check_storable, find_text_column
from nlu_lite.files.readers import TextTables
from nlu_lite.files.sources import TextFiles
from nlu_lite.frames import INDEX, matrix, repeat_rows
from nlu_lite.options import FileRequest, OtherColumns, PredictRequest, VectorDtype

if TYPE_CHECKING:
    import pyarrow as pa

Predict = Callable[["pa.Table", PredictRequest], "pa.Table"]
"""Processes a chunk."""


@dataclass(frozen=True)
class OutputLayout:
    """The columns of the output.

    Attributes:
        request: The options of each chunk, with the name of the column of texts.
        kept: Names of the columns of the input that are kept.
        computed: Schema of the columns that are computed.
        schema: Schema of all columns.
    """

    request: PredictRequest
    kept: tuple[str, ...]
    computed: pa.Schema
    schema: pa.Schema


def plan_layout(request: FileRequest, source: TextFiles, reading: TextTables, predict: Predict) -> OutputLayout:
    """Determine the columns of the output by processing one text, so that all parts have the same schema.

    Raises:
        InputError: A column is missing or cannot be kept.
    """
    import pyarrow as pa

    schema, options = reading.schema, request.predict
    text = find_text_column(schema, reading.texts, options.text_column)
    lang = options.lang_column
    check_language_column(schema, lang)
    options = replace(options, text_column=text, keep_columns=OtherColumns.DROP)
    sample = pa.table({text: ["a"]} | ({} if lang is None else {lang: ["xx"]}))
    computed = _compute(sample, 0, options, request.dtype, predict).drop_columns([INDEX]).schema
    kept = [name for name in schema.names if name != text]
    if request.predict.keep_columns is OtherColumns.DROP:
        kept = [name for name in kept if name in source.origin_columns]
    both = [name for name in kept if name in computed.names]
    if both:
        got = f"the columns {both} of the input have the names of columns of the result"
        raise InputError(got, "other names", "Rename them, or pass keep_columns=False")
    check_storable(schema, kept)
    fields = [schema.field(name) for name in kept] + list(computed)
    return OutputLayout(options, tuple(kept), computed, pa.schema(fields))


def hash_chunk(chunk: pa.Table) -> str:
    """Return the SHA-256 of the values of a chunk in Parquet's encoding, which covers every type."""
    from pyarrow import parquet

    data = BytesIO()
    with parquet.ParquetWriter(
        data, chunk.schema, compression="none", use_dictionary=False, write_statistics=False, data_page_version="1.0"
    ) as writer:
        writer.write_table(chunk.combine_chunks())
        pages = data.getvalue()  # without the footer, which contains the version of pyarrow
    return hashlib.sha256(str(chunk.schema.remove_metadata()).encode() + pages).hexdigest()


def process_chunk(chunk: pa.Table, first: int, layout: OutputLayout, dtype: VectorDtype, predict: Predict) -> pa.Table:
    """Return the rows of the output for a chunk.

    Args:
        chunk: Rows of the input.
        first: Number of the first row in the whole input.
        layout: The columns of the output.
        dtype: The data type of the vectors.
        predict: Processes the texts.
    """
    import pyarrow as pa

    table = _compute(chunk, first, layout.request, dtype, predict)
    rows = table.column(INDEX).to_numpy() - first
    computed = table.drop_columns([INDEX]).cast(layout.computed)
    kept = repeat_rows(chunk.select(list(layout.kept)), rows)
    return pa.table([*kept.columns, *computed.columns], schema=layout.schema)


def _compute(chunk: pa.Table, first: int, options: PredictRequest, dtype: VectorDtype, predict: Predict) -> pa.Table:
    """Process texts; their rows are numbered through all files, so that errors name the row of the input."""
    names = [options.text_column] if options.lang_column is None else [options.text_column, options.lang_column]
    table = predict(chunk.select(names), replace(options, first_row=first)).replace_schema_metadata(None)
    return table if dtype is VectorDtype.FLOAT32 else _convert_to_float16(table)


def _convert_to_float16(table: pa.Table) -> pa.Table:
    """Return the table with vectors in float16."""
    import pyarrow as pa

    for name in [field.name for field in table.schema if pa.types.is_fixed_size_list(field.type)]:
        vectors = matrix(table, name)
        with np.errstate(over="ignore"):
            halves = vectors.astype(np.float16)
        if np.isinf(halves).any():  # NaN is the vector of a token that is cut off
            got = f"{name} has the value {np.nanmax(np.abs(vectors)):g}"
            raise ModelError(got, "at most 65504, the largest of float16", 'Pass dtype="float32"')
        cells = pa.FixedSizeListArray.from_arrays(pa.array(halves.reshape(-1)), max(1, vectors.shape[1]))
        table = table.set_column(table.schema.get_field_index(name), name, cells)
    return table
