"""A chunk of texts becomes rows of the output."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from nlu_lite.errors import InputError, ModelError
from nlu_lite.files.columns import check_language_column, check_storable, text_column
from nlu_lite.files.readers import Reading
from nlu_lite.files.requests import Numbers, Request
from nlu_lite.files.sources import Source
from nlu_lite.frames.inputs import Columns
from nlu_lite.frames.results import matrix, repeated, to_arrow, vector_columns

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Predict = Callable[["pd.DataFrame", str], "pd.DataFrame"]
"""Processes a frame whose column of texts is named."""


@dataclass(frozen=True)
class Layout:
    """How a chunk of texts becomes rows.

    Attributes:
        text: Name of the column of texts.
        lang: Name of the column of language codes.
        kept: Names of the columns that are kept.
        made: Schema of the columns that are made.
        schema: That of all.
    """

    text: str
    lang: str | None
    kept: tuple[str, ...]
    made: pa.Schema
    schema: pa.Schema


def plan_layout(request: Request, source: Source, reading: Reading, predict: Predict) -> Layout:
    """Find out which columns there will be, by processing one text: so all parts have one schema, with rows or not.

    Raises:
        InputError: A column is missing, or cannot be kept.
    """
    import pyarrow as pa

    schema = reading.schema
    text, lang = text_column(schema, reading.texts, request.text_column), request.lang_column
    check_language_column(schema, lang)
    sample = pa.table({text: ["a"]} | ({} if lang is None else {lang: ["xx"]}))
    made = _made(_predicted(sample, text, lang, 0, predict), request.numbers).schema
    kept = [name for name in schema.names if name != text]
    if request.columns is Columns.DROP:
        kept = [name for name in kept if name in source.added]
    both = [name for name in kept if name in made.names]
    if both:
        got = f"the columns {both} of the input have the names of columns of the result"
        raise InputError(got, "other names", "Rename them, or pass keep_columns=False")
    check_storable(schema, kept)
    fields = [schema.field(name) for name in kept] + list(made)
    return Layout(text, lang, tuple(kept), made, pa.schema(fields))


def digest(chunk: pa.Table) -> str:
    """Return the SHA-256 of the values of a chunk, in the encoding of Parquet, which has one for each type."""
    from pyarrow import parquet

    data = BytesIO()
    with parquet.ParquetWriter(
        data, chunk.schema, compression="none", use_dictionary=False, write_statistics=False, data_page_version="1.0"
    ) as writer:
        writer.write_table(chunk.combine_chunks())
        pages = data.getvalue()  # the footer, which comes next, names the version of pyarrow
    return hashlib.sha256(str(chunk.schema.remove_metadata()).encode() + pages).hexdigest()


def answer(chunk: pa.Table, first: int, layout: Layout, numbers: Numbers, predict: Predict) -> pa.Table:
    """Process a chunk; the columns that are kept never leave Arrow, and so keep their types.

    Args:
        chunk: Rows of the input.
        first: Number of the first one in the whole input.
        layout: How they become rows of the output.
        numbers: The data type of the vectors.
        predict: Processes the texts.
    """
    import pyarrow as pa

    frame = _predicted(chunk, layout.text, layout.lang, first, predict)
    made = _made(frame, numbers).cast(layout.made) if len(frame) else layout.made.empty_table()
    kept = repeated(chunk.select(list(layout.kept)), frame.index.to_numpy() - first)
    return pa.table([*kept.columns, *made.columns], schema=layout.schema)


def _predicted(chunk: pa.Table, text: str, lang: str | None, first: int, predict: Predict) -> pd.DataFrame:
    """Process texts whose index numbers them through all files, so that errors name their rows."""
    import pandas as pd

    index = pd.RangeIndex(first, first + len(chunk))
    names = [text] if lang is None else [text, lang]
    return predict(
        pd.DataFrame({name: pd.Series(chunk[name].to_pylist(), index, dtype=object) for name in names}), text
    )


def _made(frame: pd.DataFrame, numbers: Numbers) -> pa.Table:
    import pyarrow as pa

    table = to_arrow(frame).replace_schema_metadata(None)
    if numbers is Numbers.FLOAT32:
        return table
    for name in vector_columns(frame):
        vectors = matrix(frame, name)
        with np.errstate(over="ignore"):
            halves = vectors.astype(np.float16)
        if not np.isfinite(halves).all():
            got = f"{name} has the value {np.abs(vectors).max():g}"
            raise ModelError(got, "at most 65504, the largest of float16", 'Pass dtype="float32"')
        cells = pa.FixedSizeListArray.from_arrays(pa.array(halves.reshape(-1)), max(1, vectors.shape[1]))
        table = table.set_column(table.schema.get_field_index(name), name, cells)
    return table
