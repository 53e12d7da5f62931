"""Columns of files: find the columns of texts, and check the columns that are kept."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from nlu_lite.errors import InputError
from nlu_lite.files.delimited import holds_text
from nlu_lite.files.sources import DELIMITED, FILE, INDEX, TextFile
from nlu_lite.frames import choose_text_column

if TYPE_CHECKING:
    import pyarrow as pa


def select_own_fields(schema: pa.Schema) -> list[pa.Field]:
    """Return the columns of the files, without the added columns; files without rows may have none."""
    return [field for field in schema if field.name not in (INDEX, FILE)]


# --- texts -----------------------------------------------------------------------------------------------------------


def find_text_names(table: pa.Table, file: TextFile, known: set[str]) -> set[str]:
    """Return the names of the columns that contain texts in these rows.

    Args:
        table: Rows of a file.
        file: The file. In CSV, where every column has strings, the values decide; in other formats, the type.
        known: Names of columns that are known to contain texts, and need no check.
    """
    names = [
        field.name for field in select_own_fields(table.schema) if field.name not in known and _is_string(field.type)
    ]
    return {name for name in names if file.format not in DELIMITED or holds_text(table.column(name))}


def choose_text_names(schema: pa.Schema, found: set[str]) -> tuple[str, ...]:
    """Return the names of the columns that can be the texts.

    Args:
        schema: The schema of the files.
        found: Names of the columns that contain texts. If there are none, a single column of strings counts as
            texts, and so do columns without any value.
    """
    import pyarrow as pa

    fields = select_own_fields(schema)
    strings = [field.name for field in fields if _is_string(field.type)]
    if len(fields) == len(strings) == 1:
        return tuple(strings)
    return tuple(
        [name for name in strings if name in found]
        or ([] if strings else [field.name for field in fields if pa.types.is_null(field.type)])
    )


def find_text_column(schema: pa.Schema, texts: Sequence[str], name: Hashable | None) -> str:
    """Return the name of the column of texts: the requested one, or ``text``, or else the only column of texts.

    Args:
        schema: The schema of the files.
        texts: Names of the columns that can be the texts.
        name: The requested column; None finds it.

    Raises:
        InputError: The column does not exist or has another type, or no column or several can be the texts.
    """
    names = [field.name for field in select_own_fields(schema)]
    if not names:
        return str(name or "text")
    found = str(choose_text_column(names, texts, name))
    if found in texts or _is_string(schema.field(found).type):
        return found
    got = f"the column of texts, {found!r}, is of type {schema.field(found).type}"
    raise InputError(got, f"one of {list(texts) or names}", "Name one: text_column=...")


def check_language_column(schema: pa.Schema, name: Hashable | None) -> None:
    """Check that the files have the column of language codes.

    Raises:
        InputError: The column does not exist.
    """
    names = [field.name for field in select_own_fields(schema)]
    if name is not None and names and name not in names:
        got = f"the column of language codes, {name!r}, does not exist"
        raise InputError(got, f"one of {names}", "Name one: lang_column=...")


def _is_string(kind: pa.DataType) -> bool:
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


# --- columns that are kept -------------------------------------------------------------------------------------------


def check_utf8(table: pa.Table, name: str) -> None:
    """Check the strings of a Parquet file, into which other programs may have written arbitrary bytes.

    Raises:
        InputError: A string is not UTF-8.
    """
    import pyarrow as pa

    for column in table.column_names:
        try:
            table.column(column).validate(full=True)
        except pa.ArrowInvalid as error:
            raise InputError(
                f"the column {column!r} of {name} holds invalid values ({error})",
                "strings in UTF-8",
                "Write the column again with the type binary if its values are bytes, or pass keep_columns=False",
            ) from error


def check_storable(schema: pa.Schema, names: Iterable[str]) -> None:
    """Check before the computation starts that columns can be repeated and written to Parquet.

    Raises:
        InputError: Parquet or Arrow does not support the type of a column.
    """
    import pyarrow as pa
    from pyarrow import parquet

    for name in names:
        empty, file = pa.schema([schema.field(name)]).empty_table(), BytesIO()
        try:
            with parquet.ParquetWriter(file, empty.schema) as writer:
                writer.write_table(empty.take(pa.array([], pa.int64())))
            parquet.read_schema(file)  # fails where lists or records are nested too deeply
        except (pa.ArrowException, OSError) as error:
            got = f"Parquet cannot hold the column {name!r} of type {schema.field(name).type!s:.60} ({error})"
            raise InputError(got, "columns of other types", "Convert it, or pass keep_columns=False") from error
