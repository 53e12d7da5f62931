"""Files of texts become Arrow tables of a few rows each; what is wrong with a file is said with its name and place."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import numpy as np

from nlu_lite.errors import FormatError, InputError, OptionError, SourceError

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")

STDIN = Path("-")
INDEX, FILE = "index", "file"
"""Columns that are put in: a text's number in its file, counted from 0, and its file if there is a folder of them."""

CSV_BLOCK = 1 << 24
"""Bytes of a CSV file that are read at once; no row may be longer."""


class Format(Enum):
    """What a file of texts is; the value is the ending of its name."""

    TXT = "txt"  # a text on each line
    JSONL = "jsonl"  # a JSON object on each line
    CSV = "csv"  # with a line of names; every column is read as strings
    PARQUET = "parquet"


PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
"""Endings of files that have to be unpacked first."""


@dataclass(frozen=True)
class Source:
    """Files that are read one after another.

    Attributes:
        files: Their paths with their formats, in order; the path ``-`` is standard input.
        root: The folder that they were found in; None for a single file.
        columns: Those that are read; None for all.
    """

    files: tuple[tuple[Path, Format], ...]
    root: Path | None = None
    columns: tuple[str, ...] | None = None

    @property
    def added(self) -> tuple[str, ...]:
        """Names of the columns that are put in."""
        return (INDEX,) if self.root is None else (FILE, INDEX)

    @property
    def is_stream(self) -> bool:
        """Whether it can be read only once."""
        return self.files[0][0] == STDIN


@dataclass(frozen=True)
class Reading:
    """Files that are being read.

    Attributes:
        schema: Names and types of all columns, those that are put in first.
        rows: Number of texts; None for standard input, of which nobody knows before its end.
        gaps: The first row without a value in each column that has one, as far as it is known.
        tables: All rows in tables of one size, the last one of fewer, across the ends of files.
    """

    schema: pa.Schema
    rows: int | None
    gaps: Mapping[str, int]
    tables: Iterator[pa.Table]


# --- which files -----------------------------------------------------------------------------------------------------


def find(path: str | Path, form: Format | None) -> Source:
    """Find the files to read.

    Args:
        path: A file, a folder (all files in it and in its folders, by name; names that begin with ``.`` or ``_`` are
            passed over), or ``"-"`` for standard input.
        form: What the files are; None goes by the endings of their names, and takes standard input for lines of text.

    Raises:
        SourceError: There is nothing at `path`.
        InputError: The folder holds no file, or one of another kind.
        OptionError: Standard input cannot be read as `form`.
    """
    path = Path(path)
    if path == STDIN:
        if form in (Format.CSV, Format.PARQUET):
            raise OptionError(f"{form.value} from standard input", "txt or jsonl", "Write it to a file first")
        return Source(((STDIN, form or Format.TXT),))
    with _reading(path):
        exists = path.exists()
    if not exists:
        raise SourceError(f"{path} does not exist", "a file or folder of texts", "Check the path")
    if not path.is_dir():
        return Source(((path, form or _format(path)),))
    files = [file for file in sorted(path.rglob("*")) if file.is_file() and not _is_hidden(file.relative_to(path))]
    if not files:
        raise InputError(f"the folder {path} holds no file", f"files that end in {_endings()}", "Check the path")
    return Source(tuple((file, form or _format(file)) for file in files), path)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def _format(path: Path) -> Format:
    try:
        return Format(path.suffix.lower().removeprefix("."))
    except ValueError:
        packed = path.suffix.lower() in PACKED
        remedy = "Unpack it" if packed else "Rename it, move it away, or say what it is: format=..."
        raise InputError(f"{path} ends in {path.suffix!r}", _endings(), remedy) from None


def _endings() -> str:
    return ", ".join(f".{form.value}" for form in Format)


# --- all of them -----------------------------------------------------------------------------------------------------


def peek(source: Source) -> pa.Schema:
    """Give the schema of the first rows of files, passing over those of which no column is known.

    Raises:
        NluLiteError: As `opened`.
    """
    schemas = (next(READERS[form](path, 1, source.columns)).schema for path, form in source.files)
    first = next(schemas)
    return next((schema for schema in chain([first], schemas) if schema.names), first)


def opened(source: Source, size: int) -> Reading:
    """Begin to read files.

    All but standard input are read once as a whole before: whatever is wrong with one is known before work begins.

    Args:
        source: The files.
        size: Rows of a table.

    Raises:
        SourceError: A file cannot be read.
        FormatError: A file is damaged.
        InputError: Files have other columns than those before them, or values of types that do not go together.
    """
    if source.is_stream:
        ((path, form),) = source.files
        parts = _numbered(path, form, source, size)
        head = next(parts)
        fitted = (_with_schema(part, head.schema, path) for part in chain([head], parts))
        return Reading(head.schema, None, {}, _regrouped(fitted, size))
    schema, rows, gaps = _survey(source, size)
    return Reading(schema, rows, gaps, _regrouped(_fitted(source, size, schema), size))


def _survey(source: Source, size: int) -> tuple[pa.Schema, int, dict[str, int]]:
    schema, rows = None, 0
    gaps: dict[str, int] = {}
    for path, form in source.files:
        for table in _numbered(path, form, source, size):
            schema = _united(schema, table.schema, path, form)
            for name, column in zip(table.column_names, table.columns, strict=True):
                if column.null_count:
                    gaps.setdefault(name, rows + column.is_null().index(True).as_py())
            rows += table.num_rows
    return schema, rows, gaps


def _fitted(source: Source, size: int, schema: pa.Schema) -> Iterator[pa.Table]:
    for path, form in source.files:
        for table in _numbered(path, form, source, size):
            yield _with_schema(table, schema, path)


def _numbered(path: Path, form: Format, source: Source, size: int) -> Iterator[pa.Table]:
    """Put the columns in that say where a row comes from."""
    import pyarrow as pa

    first = 0
    for table in READERS[form](path, size, source.columns):
        added = {INDEX: pa.array(np.arange(first, first + table.num_rows))}
        if source.root is not None:
            name = path.relative_to(source.root).as_posix()
            added = {FILE: pa.array([name] * table.num_rows, pa.string()), **added}
        both = sorted(set(added) & set(table.column_names))
        if both:
            raise InputError(
                f"{_called(path)} has columns called {both}, which the result has too", "other names", "Rename them"
            )
        yield pa.table({**added, **dict(zip(table.column_names, table.columns, strict=True))})
        first += table.num_rows


def _regrouped(parts: Iterable[pa.Table], size: int) -> Iterator[pa.Table]:
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


# --- schemas ---------------------------------------------------------------------------------------------------------


def _united(before: pa.Schema | None, schema: pa.Schema, path: Path, form: Format) -> pa.Schema:
    import pyarrow as pa

    if before is None or before.equals(schema):
        return schema
    if form is not Format.JSONL:  # whose objects may leave names out
        _check_names(before, schema, path)
    try:
        return pa.unify_schemas([before, schema], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise _unfitting(path, str(error)) from error


def _check_names(before: pa.Schema, schema: pa.Schema, path: Path) -> None:
    differing = sorted(set(before.names) ^ set(schema.names))
    if differing:
        got = f"{path} differs from the files before it in the columns {differing}"
        raise InputError(got, "the same columns in each file", "Read them apart, or pass keep_columns=False")


def _with_schema(table: pa.Table, schema: pa.Schema, path: Path) -> pa.Table:
    import pyarrow as pa

    if table.schema.equals(schema):
        return table
    unknown = sorted(set(table.column_names) - set(schema.names))
    if unknown:
        raise _unfitting(path, f"the columns {unknown} came up after the first rows")
    for name in schema.names:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows))
    try:
        return table.select(schema.names).cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise _unfitting(path, str(error)) from error


def _unfitting(path: Path, reason: str) -> InputError:
    return InputError(
        f"the columns of {_called(path)} do not go together ({' '.join(reason.split())})",
        "values of one type in each column",
        "Mend them, or pass keep_columns=False",
    )


# --- one file --------------------------------------------------------------------------------------------------------


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut into lists of one size, the last one shorter."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def lines(path: Path) -> Iterator[str]:
    r"""Give the lines of UTF-8; they end at ``\n`` or ``\r\n``, not at all that Unicode calls a line's end."""
    place = 0
    with _opened(path) as file:
        for line in file:
            try:
                text = line.decode()
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{_called(path)} is not UTF-8 at byte {place + error.start}",
                    "UTF-8",
                    "Convert it, for example with iconv -t UTF-8",
                ) from error
            yield (text if place else text.removeprefix("\ufeff")).removesuffix("\n").removesuffix("\r")
            place += len(line)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    if path == STDIN:
        if sys.stdin is None:
            raise SourceError("standard input is closed", "texts", "Name a file, or pass texts through a pipe")
        yield sys.stdin.buffer
        return
    with _reading(path), path.open("rb") as file:
        yield file


# Each reader gives at least one table, so that a file without rows has a schema too.


def _read_txt(path: Path, size: int, columns: tuple[str, ...] | None) -> Iterator[pa.Table]:
    import pyarrow as pa

    _check_columns(columns, ["text"], path)
    parts = batched(lines(path), size)
    for part in chain([next(parts, [])], parts):
        yield pa.table({"text": pa.array(part, pa.string())})


def _read_jsonl(path: Path, size: int, columns: tuple[str, ...] | None) -> Iterator[pa.Table]:
    parts = batched(_objects(path), size)
    for part in chain([next(parts, [])], parts):
        names = tuple(dict.fromkeys(name for values in part for name in values))
        yield _table(path, part, columns or names or (("text",) if part else ()))


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines(path), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, object_pairs_hook=_pairs)
        except (ValueError, RecursionError) as error:
            got = f"line {number} of {_called(path)} is no JSON ({error})"
            raise FormatError(got, "a JSON object on each line", "Mend the file") from error
        if not isinstance(value, dict):
            got = f"line {number} of {_called(path)} holds a {type(value).__name__}"
            raise InputError(got, 'an object such as {"text": "..."}', "Mend the file")
        yield value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the name {max(names, key=names.count)!r} stands twice")
    return values


def _table(path: Path, objects: list[dict[str, Any]], names: tuple[str, ...]) -> pa.Table:
    import pyarrow as pa

    try:
        return pa.table({name: pa.array([values.get(name) for values in objects]) for name in names})
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError) as error:
        raise _unfitting(path, str(error)) from error


def _read_csv(path: Path, size: int, columns: tuple[str, ...] | None) -> Iterator[pa.Table]:
    """Read every column as strings, so that no leading zero and no large number changes."""
    import pyarrow as pa
    from pyarrow import csv

    options = {
        "parse_options": csv.ParseOptions(newlines_in_values=True),
        "read_options": csv.ReadOptions(block_size=CSV_BLOCK, use_threads=False),
    }
    with _parsing(path):
        with csv.open_csv(path, **options) as reader:
            names = reader.schema.names
        wanted = _check_columns(columns, names, path)
        types = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), include_columns=wanted)
        with csv.open_csv(path, convert_options=types, **options) as reader:
            yield from _sliced(reader, reader.schema, size)


def _read_parquet(path: Path, size: int, columns: tuple[str, ...] | None) -> Iterator[pa.Table]:
    import pyarrow as pa
    from pyarrow import parquet

    with _parsing(path), parquet.ParquetFile(path) as file:
        schema = file.schema_arrow
        wanted = _check_columns(columns, schema.names, path)
        part = pa.schema([schema.field(name) for name in wanted])
        yield from _sliced(file.iter_batches(size, columns=wanted), part, size)


def _check_columns(columns: tuple[str, ...] | None, names: list[str], path: Path) -> list[str]:
    """Give the columns that are wanted, all of which must be there."""
    missing = [name for name in columns or () if name not in names]
    if missing:
        raise InputError(f"{missing[0]!r} is no column of {path}", f"one of {names}", "Name one of these")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"the column names {twice} stand twice in {path}", "names that differ", "Rename one")
    return names if columns is None else [name for name in names if name in columns]


def _sliced(batches: Iterable[pa.RecordBatch], schema: pa.Schema, size: int) -> Iterator[pa.Table]:
    """Give tables of at most `size` rows, and one at least, without what other libraries noted in the schema."""
    import pyarrow as pa

    schema = schema.remove_metadata()
    yield schema.empty_table()
    for batch in batches:
        table = pa.Table.from_batches([batch]).cast(schema)
        for begin in range(0, table.num_rows, size):
            yield table.slice(begin, size)


Reader = Callable[[Path, int, "tuple[str, ...] | None"], Iterator["pa.Table"]]
READERS: dict[Format, Reader] = {
    Format.TXT: _read_txt,
    Format.JSONL: _read_jsonl,
    Format.CSV: _read_csv,
    Format.PARQUET: _read_parquet,
}


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Explain what the system says of a file that cannot be read."""
    try:
        yield
    except SourceError:
        raise
    except OSError as error:
        if error.errno is None:  # Arrow's, of what is in the file
            raise _damaged(path, error) from error
        raise SourceError(f"{path} cannot be read ({error.strerror})", "a file of texts", "Check the path") from error


@contextmanager
def _parsing(path: Path) -> Iterator[None]:
    """Explain what Arrow says, too."""
    import pyarrow as pa

    try:
        with _reading(path):
            yield
    except pa.ArrowInvalid as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> FormatError:
    got = f"{path} cannot be read ({' '.join(str(error).split())})"
    return FormatError(got, "a whole file of its kind", "Make it again, or leave it out")


def _called(path: Path) -> str:
    return "standard input" if path == STDIN else str(path)
