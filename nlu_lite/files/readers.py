"""Read files of texts as Arrow tables of a few rows each; errors name the file and the line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from nlu_lite.errors import InputError
from nlu_lite.files.columns import check_utf8, choose_text_names, find_text_names
from nlu_lite.files.delimited import open_csv, read_header
from nlu_lite.files.encodings import read_lines
from nlu_lite.files.failures import translate_parse_errors
from nlu_lite.files.jsonlines import build_table, read_objects
from nlu_lite.files.schemas import cast_table, unite_schemas
from nlu_lite.files.sources import DELIMITED, FILE, INDEX, TextFile, TextFiles, find_text_files
from nlu_lite.frames import cast_views
from nlu_lite.options import FileFormat

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "CSV_BLOCK",
    "TextTables",
    "find_text_columns",
    "find_text_files",
    "open_tables",
    "read_first_schema",
    "split_batches",
]

T = TypeVar("T")

CSV_BLOCK = 1 << 24
"""Number of bytes of a CSV file that are read at once, which is the maximum size of a record."""

Check = Callable[["pa.Table"], object]
"""Raises an error for rows that cannot be written."""


@dataclass(frozen=True)
class TextTables:
    """The rows of files.

    Attributes:
        schema: Names and types of all columns, added columns first.
        rows: Number of rows; None for a stream, whose length is unknown.
        gaps: For each column with missing values, the number of the first row without a value; empty for a stream.
        texts: Names of the columns that can be the texts.
        tables: All rows, in tables of one size that continue across files; the last one is shorter.
    """

    schema: pa.Schema
    rows: int | None
    gaps: Mapping[str, int]
    texts: tuple[str, ...]
    tables: Iterator[pa.Table]


@dataclass
class Survey:
    """The properties of files, collected in one pass.

    Attributes:
        schema: The schema of the files read so far.
        rows: Number of the rows read so far.
        gaps: See `TextTables`.
        texts: Names of the columns that contain texts.
    """

    schema: pa.Schema | None = None
    rows: int = 0
    gaps: dict[str, int] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)

    def add(self, table: pa.Table, file: TextFile) -> None:
        """Add the next rows."""
        self.schema = unite_schemas(self.schema, table.schema, file)
        for name, column in zip(table.column_names, table.columns, strict=True):
            if column.null_count:
                self.gaps.setdefault(name, self.rows + column.is_null().index(True).as_py())
        self.texts |= find_text_names(table, file, self.texts)
        self.rows += table.num_rows


# --- all of them -----------------------------------------------------------------------------------------------------


def read_first_schema(source: TextFiles) -> pa.Schema:
    """Return the schema of the first file that has columns.

    Raises:
        NluLiteError: As `open_tables`.
    """
    schemas = (next(READERS[file.format](file, 1, source.columns)).schema for file in source.files)
    first = next(schemas)
    return next((schema for schema in chain([first], schemas) if schema.names), first)


def find_text_columns(source: TextFiles, size: int) -> tuple[pa.Schema, tuple[str, ...]]:
    """Return the schema of files and the names of the columns that can be the texts.

    CSV files are read completely, because only their values show whether a column contains texts. For other formats,
    the types do.

    Raises:
        NluLiteError: As `open_tables`.
    """
    found: set[str] = set()
    for file in source.files:
        is_delimited = file.format in DELIMITED
        tables = READERS[file.format](file, size if is_delimited else 1, source.columns)
        for table in tables if is_delimited else islice(tables, 1):
            found |= find_text_names(table, file, found)
    schema = read_first_schema(source)
    return schema, choose_text_names(schema, found)


def open_tables(source: TextFiles, size: int, check: Check | None = None) -> TextTables:
    """Open files as tables.

    Files are first read completely, so that errors in them are raised before the computation starts. Streams are not.

    Args:
        source: The files.
        size: Number of rows of a table.
        check: Called with all rows of files before the computation starts, but not with those of a stream.

    Raises:
        SourceError: A file cannot be read.
        FormatError: A file is damaged.
        InputError: The columns of the files differ, or a column has values of different types.
    """
    if source.is_stream:
        return _open_stream(source, size)
    survey = Survey()
    for file in source.files:
        for table in _read_numbered(file, source, size):
            survey.add(table, file)
            if check is not None:
                check(table)
    schema = survey.schema
    texts = choose_text_names(schema, survey.texts)
    return TextTables(schema, survey.rows, survey.gaps, texts, _regroup(_read_with_schema(source, size, schema), size))


def _open_stream(source: TextFiles, size: int) -> TextTables:
    (file,) = source.files
    parts = _read_numbered(file, source, size)
    head = next(parts)
    tables = (cast_table(part, head.schema, file) for part in chain([head], parts))
    texts = choose_text_names(head.schema, find_text_names(head, file, set()))
    return TextTables(head.schema, None, {}, texts, _regroup(tables, size))


def _read_with_schema(source: TextFiles, size: int, schema: pa.Schema) -> Iterator[pa.Table]:
    for file in source.files:
        for table in _read_numbered(file, source, size):
            yield cast_table(table, schema, file)


def _read_numbered(file: TextFile, source: TextFiles, size: int) -> Iterator[pa.Table]:
    """Read a file and add the columns with the origin of each row."""
    import pyarrow as pa

    first = 0
    for table in READERS[file.format](file, size, source.columns):
        added = {INDEX: pa.array(np.arange(first, first + table.num_rows))}
        if source.root is not None:
            name = Path(file.name).relative_to(source.root).as_posix()
            added = {FILE: pa.array([name] * table.num_rows, pa.string()), **added}
        both = sorted(set(added) & set(table.column_names))
        if both:
            raise InputError(
                f"{file.name} has columns called {both}, like the result", "other names", "Rename these columns"
            )
        yield pa.table({**added, **dict(zip(table.column_names, table.columns, strict=True))})
        first += table.num_rows


def _regroup(parts: Iterable[pa.Table], size: int) -> Iterator[pa.Table]:
    """Yield the rows of tables in tables of `size` rows; the last one may be shorter."""
    import pyarrow as pa

    waiting: list[pa.Table] = []
    count = 0
    for part in parts:
        begin = 0
        while begin < part.num_rows:
            waiting.append(part.slice(begin, size - count))
            begin += waiting[-1].num_rows
            count += waiting[-1].num_rows
            if count == size:
                yield pa.concat_tables(waiting)
                waiting, count = [], 0
    if waiting:
        yield pa.concat_tables(waiting)


# --- one file --------------------------------------------------------------------------------------------------------


def split_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Split items into lists of one size; the last one may be shorter."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


# Each reader yields at least one table, so that a file without rows has a schema.


def _read_txt(file: TextFile, size: int, columns: tuple[str, ...] | None) -> Iterator[pa.Table]:
    import pyarrow as pa

    _check_columns(columns, ["text"], file)
    parts = split_batches(read_lines(file), size)
    for part in chain([next(parts, [])], parts):
        yield pa.table({"text": pa.array(part, pa.string())})


def _read_jsonl(file: TextFile, size: int, columns: tuple[str, ...] | None) -> Iterator[pa.Table]:
    parts = split_batches(read_objects(file), size)
    for part in chain([next(parts, [])], parts):
        names = tuple(dict.fromkeys(name for line in part for name in line.values))
        yield build_table(file, part, columns or names or (("text",) if part else ()))


def _read_csv(file: TextFile, size: int, columns: tuple[str, ...] | None) -> Iterator[pa.Table]:
    header = read_header(file)
    wanted = _check_columns(columns, header.names, file)
    with translate_parse_errors(file.name), open_csv(file, header, wanted, CSV_BLOCK) as reader:
        yield from _slice_batches(reader, reader.schema, size)


def _read_parquet(file: TextFile, size: int, columns: tuple[str, ...] | None) -> Iterator[pa.Table]:
    import pyarrow as pa
    from pyarrow import parquet

    with (
        translate_parse_errors(file.name),
        file.open() as raw,
        parquet.ParquetFile(raw, page_checksum_verification=True) as opened_file,
    ):
        schema = opened_file.schema_arrow
        wanted = _check_columns(columns, schema.names, file)
        part = pa.schema([schema.field(name) for name in wanted])
        for table in _slice_batches(opened_file.iter_batches(size, columns=wanted, use_threads=False), part, size):
            check_utf8(table, file.name)
            yield table


def _check_columns(columns: tuple[str, ...] | None, names: list[str], file: TextFile) -> list[str]:
    """Return the names of the columns to read, all of which must exist."""
    missing = [name for name in columns or () if name not in names]
    if missing:
        raise InputError(f"{missing[0]!r} is no column of {file.name}", f"one of {names}", "Name one of these")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"the column names {twice} occur twice in {file.name}", "unique names", "Rename a column")
    return names if columns is None else [name for name in names if name in columns]


def _slice_batches(batches: Iterable[pa.RecordBatch], schema: pa.Schema, size: int) -> Iterator[pa.Table]:
    """Yield at least one table, each of at most `size` rows, without metadata and string views."""
    import pyarrow as pa

    schema = schema.remove_metadata()
    yield cast_views(schema.empty_table())
    for batch in batches:
        table = cast_views(pa.Table.from_batches([batch]).cast(schema))
        for begin in range(0, table.num_rows, size):
            yield table.slice(begin, size)


Reader = Callable[[TextFile, int, "tuple[str, ...] | None"], Iterator["pa.Table"]]
READERS: dict[FileFormat, Reader] = {
    FileFormat.TXT: _read_txt,
    FileFormat.JSONL: _read_jsonl,
    FileFormat.CSV: _read_csv,
    FileFormat.TSV: _read_csv,
    FileFormat.PARQUET: _read_parquet,
}
