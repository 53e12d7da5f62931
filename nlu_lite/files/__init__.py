"""Files of texts become a Parquet file of vectors: part by part, so that a killed run goes on where it stood."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite.errors import InputError, MissingExtra, ModelError, OptionError
from nlu_lite.files.parts import Parts, writing
from nlu_lite.files.readers import FILE, INDEX, Format, Source, batched, find, lines, opened, peek
from nlu_lite.inputs import Columns, Missing
from nlu_lite.progress import progress_bar, skip
from nlu_lite.table import matrix, to_arrow, vector_columns

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["Existing", "Format", "Numbers", "Request", "Written", "predict_file", "read_batches"]

Predict = Callable[["pd.DataFrame", str], "pd.DataFrame"]
"""Answers a frame whose column of texts is named."""


class Numbers(Enum):
    """In what numbers vectors are written."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"


class Existing(Enum):
    """What to do where the output exists."""

    ERROR = "error"
    REPLACE = "replace"


@dataclass(frozen=True)
class Request:
    """What is to be done with a file.

    Attributes:
        source: Where texts are read.
        target: The Parquet file to write.
        format: What `source` is; None goes by its name.
        text_column: Column of texts; None looks for one.
        lang_column: Column of language codes.
        columns: Whether the other columns come along.
        missing: What to do with rows without a text.
        chunk: Number of texts that are answered at once.
        numbers: In what numbers vectors are written.
        existing: What to do where the output exists.
    """

    source: str | Path
    target: Path
    format: Format | None = None
    text_column: str | None = None
    lang_column: str | None = None
    columns: Columns = Columns.KEEP
    missing: Missing = Missing.ERROR
    chunk: int = 1024
    numbers: Numbers = Numbers.FLOAT32
    existing: Existing = Existing.ERROR


@dataclass(frozen=True)
class Written:
    """A file that was written.

    Attributes:
        path: The file.
        texts: Number of texts that were read.
        rows: Number of rows in the file.
        resumed: Number of the texts that an earlier run had answered.
    """

    path: Path
    texts: int
    rows: int
    resumed: int


@dataclass(frozen=True)
class Batches:
    """Texts that are being read.

    Attributes:
        batches: Lists of texts, or frames.
        text_column: The frames' column of texts; None where there are lists.
        rows: Number of texts; None for standard input.
    """

    batches: Iterator[list[str]] | Iterator[pd.DataFrame]
    text_column: str | None
    rows: int | None


@dataclass(frozen=True)
class Layout:
    """How a chunk of texts becomes rows.

    Attributes:
        text: Name of the column of texts.
        lang: Name of the column of language codes.
        kept: Names of the columns that come along.
        made: Schema of the columns that are made.
        schema: That of all.
    """

    text: str
    lang: str | None
    kept: tuple[str, ...]
    made: pa.Schema
    schema: pa.Schema


def predict_file(request: Request, predict: Predict, settings: Mapping[str, Any], progress: bool | None) -> Written:
    """Answer the texts of files by rows of a Parquet file.

    Args:
        request: What is to be done.
        predict: Answers a chunk.
        settings: All that decides the answers, in values that JSON knows; parts that were made with others are not
            gone on with.
        progress: Whether to show a bar; None where somebody looks on.

    Raises:
        InputError: The texts cannot be read, or have changed since the parts were made.
        OptionError: The output cannot be written there, or the parts were made with other settings.
        SourceError: The output cannot be written.
        FormatError: A file is damaged.
        MissingExtra: pyarrow is not installed.
    """
    _check_installed()
    source = find(request.source, request.format)
    _check_target(request, source)
    parts = Parts(request.target, {**settings, **_described(request)})
    with parts.opened():
        parts.check()
        if parts.is_finished:
            parts.finish()
            return _finished(request.target)
        _check_free(request)
        return _write(request, _selected(request, source), parts, predict, progress)


def read_batches(request: Request) -> Batches:
    """Read files for those who write something else than Parquet, or nothing.

    Lines of text need no pyarrow. The index of frames numbers the texts of each file; a folder's files are named in the
    column ``file``.

    Raises:
        NluLiteError: As `predict_file`.
    """
    source = find(request.source, request.format)
    _check_other(request.target, source)
    named = request.text_column or request.lang_column
    if source.root is None and source.files[0][1] is Format.TXT and not named:
        path = source.files[0][0]
        rows = None if source.is_stream else sum(1 for _ in lines(path))
        return Batches(batched(lines(path), request.chunk), None, rows)
    _check_installed()
    reading = opened(_selected(request, source), request.chunk)
    text = _text_column(reading.schema, request.text_column)
    _check_gaps(reading.gaps.get(text), request.missing)
    return Batches(map(_frame, reading.tables), text, reading.rows)


def _frame(table: pa.Table) -> pd.DataFrame:
    """Give the frame of a table; whole numbers among which values are missing do not become floats."""
    frame: pd.DataFrame = table.to_pandas(integer_object_nulls=True)
    return frame.set_index(INDEX).rename_axis(None)


# --- what is asked for -----------------------------------------------------------------------------------------------


def _check_installed() -> None:
    if find_spec("pyarrow") is None:
        raise MissingExtra("files need pyarrow", remedy='Run: pip install "nlu-lite[arrow]"')


def _described(request: Request) -> dict[str, Any]:
    return {
        "text_column": request.text_column,
        "lang_column": request.lang_column,
        "keep_columns": request.columns is Columns.KEEP,
        "chunk": request.chunk,
        "vectors": request.numbers.value,
    }


def _check_target(request: Request, source: Source) -> None:
    with writing(request.target):
        _check_place(request.target, source)


def _check_place(target: Path, source: Source) -> None:
    if target.suffix.lower() != ".parquet":
        raise OptionError(f"output {target} ends in {target.suffix!r}", ".parquet", "Choose a name that ends so")
    if target.is_dir():
        raise OptionError(f"output {target} is a folder", "the name of a file", "Name a file in it")
    _check_other(target, source)
    if source.root is not None and target.resolve().is_relative_to(source.root.resolve()):
        got = f"output {target} lies in the folder {source.root} that is read"
        raise OptionError(got, "another folder", "Write it elsewhere")


def _check_other(target: Path, source: Source) -> None:
    """Refuse to write over what is read."""
    if any(target.exists() and path.exists() and target.samefile(path) for path, _ in source.files):
        raise OptionError(f"output {target} is the file that is read", "another file", "Choose another name")


def _check_free(request: Request) -> None:
    if request.existing is Existing.ERROR and (request.target.exists() or request.target.is_symlink()):
        raise OptionError(
            f"output {request.target} exists", "a name that is free", 'Remove it, or pass existing="replace"'
        )


def _selected(request: Request, source: Source) -> Source:
    """Leave out what is not to come along."""
    if request.columns is Columns.KEEP:
        return source
    text = request.text_column
    if text is None:
        text = "text" if source.is_stream else _text_column(peek(source), None)
    return replace(source, columns=(text,) if request.lang_column is None else (text, request.lang_column))


def _text_column(schema: pa.Schema, name: str | None) -> str:
    """Give the column of texts: the one that is named, else ``text``, else the only one of strings."""
    import pyarrow as pa

    fields = _given(schema)
    if not fields:
        return name or "text"
    strings = [field.name for field in fields if _holds_strings(field.type)]
    strings = strings or [field.name for field in fields if pa.types.is_null(field.type)]  # all of them missing
    wanted = name or ("text" if "text" in schema.names else None)
    if wanted is None and len(strings) == 1:
        return str(strings[0])
    if wanted in strings:
        return str(wanted)
    if wanted is None:
        got = f"no column is called 'text', and {len(strings)} of {schema.names} hold strings"
        raise InputError(got, "one column of texts", "Name it: text_column=...")
    kind = f"is of type {schema.field(wanted).type}" if wanted in schema.names else "is not there"
    raise InputError(f"the column of texts, {wanted!r}, {kind}", f"one of {strings}", "Name one: text_column=...")


def _given(schema: pa.Schema) -> list[pa.Field]:
    """Give the input's own columns; files without rows may not tell them."""
    return [field for field in schema if field.name not in (INDEX, FILE)]


def _holds_strings(kind: pa.DataType) -> bool:
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


# --- chunk by chunk --------------------------------------------------------------------------------------------------


def _write(request: Request, source: Source, parts: Parts, predict: Predict, progress: bool | None) -> Written:
    reading = opened(source, request.chunk)
    layout = _layout(request, source, reading.schema, predict)
    _check_gaps(reading.gaps.get(layout.text), request.missing)
    parts.begin()
    texts = resumed = rows = number = 0
    with progress_bar(reading.rows, "text", progress) as bar:
        for number, chunk in enumerate(reading.tables, 1):
            digest = _digest(chunk)
            part = parts.find(number)
            if part is None:
                part = parts.write(number, _rows(chunk, texts, layout, request.numbers, predict), digest)
                bar.update(len(chunk))
            else:
                _check_same(part.digest == digest, texts, texts + len(chunk), parts)
                skip(bar, len(chunk))
                resumed += len(chunk)
            texts += len(chunk)
            rows += part.rows
    _check_same(parts.count() == number, texts, None, parts)
    parts.join(number, layout.schema)
    return Written(request.target, texts, rows, resumed)


def _finished(target: Path) -> Written:
    """Tell of a file that an earlier run had made but for its name."""
    from pyarrow import parquet

    metadata = parquet.read_metadata(target)
    return Written(target, 0, metadata.num_rows, 0)


def _check_same(same: bool, first: int, end: int | None, parts: Parts) -> None:
    if not same:
        what = f"rows {first} to {end - 1}" if end is not None else f"its end, now after {first} rows"
        raise InputError(
            f"the input has changed since the parts in {parts.folder} were made, at {what}",
            "the same texts in the same order, to go on",
            f"Put the input back, or remove {parts.folder} to begin anew",
        )


def _check_gaps(row: int | None, missing: Missing) -> None:
    """Refuse before work begins what predict would refuse in the midst of it."""
    if row is not None and missing is Missing.ERROR:
        raise InputError(
            f"no text stands in row {row} of the input",
            "a text in every row",
            'Fill it, or pass missing="skip" to leave such rows out',
        )


def _digest(chunk: pa.Table) -> str:
    """Give what tells the values of a chunk from any others."""
    return hashlib.sha256(json.dumps(chunk.to_pydict(), default=str).encode()).hexdigest()


def _layout(request: Request, source: Source, schema: pa.Schema, predict: Predict) -> Layout:
    """Find out which columns there will be, by answering one text: so all parts have one schema, with rows or not."""
    import pyarrow as pa

    text = _text_column(schema, request.text_column)
    lang = request.lang_column
    if lang is not None and lang not in schema.names and _given(schema):
        got = f"the column of languages, {lang!r}, is not there"
        raise InputError(got, f"one of {schema.names}", "Name one: lang_column=...")
    sample = pa.table({text: ["a"]} | ({} if lang is None else {lang: ["xx"]}))
    made = _made(_predicted(sample, text, lang, 0, predict), request.numbers).schema
    kept = [name for name in schema.names if name != text]
    if request.columns is Columns.DROP:
        kept = [name for name in kept if name in source.added]
    both = [name for name in kept if name in made.names]
    if both:
        got = f"the columns {both} of the input have the names of columns of the result"
        raise InputError(got, "other names", "Rename them, or pass keep_columns=False")
    _check_storable([schema.field(name) for name in kept])
    fields = [schema.field(name) for name in kept] + list(made)
    return Layout(text, lang, tuple(kept), made, pa.schema(fields))


def _check_storable(fields: Sequence[pa.Field]) -> None:
    """Refuse before work begins what Parquet could not hold when the vectors are there."""
    import pyarrow as pa
    from pyarrow import parquet

    for field in fields:
        try:
            parquet.ParquetWriter(BytesIO(), pa.schema([field])).close()
        except pa.ArrowNotImplementedError as error:
            got = f"Parquet cannot hold the column {field.name!r} of type {field.type} ({error})"
            raise InputError(got, "columns of other types", "Mend it, or pass keep_columns=False") from error


def _rows(chunk: pa.Table, first: int, layout: Layout, numbers: Numbers, predict: Predict) -> pa.Table:
    """Answer a chunk; the columns that come along are never anything but Arrow's, and so keep their types."""
    import pyarrow as pa

    frame = _predicted(chunk, layout.text, layout.lang, first, predict)
    made = _made(frame, numbers).cast(layout.made) if len(frame) else layout.made.empty_table()
    kept = chunk.select(list(layout.kept)).take(pa.array(frame.index.to_numpy() - first))
    return pa.table([*kept.columns, *made.columns], schema=layout.schema)


def _predicted(chunk: pa.Table, text: str, lang: str | None, first: int, predict: Predict) -> pd.DataFrame:
    """Answer texts whose index numbers them through all files, so that errors name their rows."""
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
