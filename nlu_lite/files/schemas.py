"""Unite the columns of several files in one schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlu_lite.errors import InputError
from nlu_lite.files.sources import TextFile
from nlu_lite.options import FileFormat

if TYPE_CHECKING:
    import pyarrow as pa


def unite_schemas(before: pa.Schema | None, schema: pa.Schema, file: TextFile) -> pa.Schema:
    """Return the united schema of a file and the files before it.

    Raises:
        InputError: The file has different columns, or types that cannot be united.
    """
    import pyarrow as pa

    if before is None or before.equals(schema):
        return schema
    if file.format is not FileFormat.JSONL:  # objects may omit names
        _check_names(before, schema, file)
    try:
        return pa.unify_schemas([before, schema], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise build_schema_error(file, str(error)) from error


def _check_names(before: pa.Schema, schema: pa.Schema, file: TextFile) -> None:
    differing = sorted(set(before.names) ^ set(schema.names))
    if differing:
        got = f"{file.name} differs from the files before it in the columns {differing}"
        raise InputError(got, "the same columns in each file", "Read the files separately, or pass keep_columns=False")


def cast_table(table: pa.Table, schema: pa.Schema, file: TextFile) -> pa.Table:
    """Cast a table to the schema of all files.

    Raises:
        InputError: The table has additional columns, or values of other types.
    """
    import pyarrow as pa

    if table.schema.equals(schema):
        return table
    unknown = sorted(set(table.column_names) - set(schema.names))
    if unknown:
        raise build_schema_error(file, f"the columns {unknown} are missing in the first rows")
    for name in schema.names:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows))
    try:
        return table.select(schema.names).cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise build_schema_error(file, str(error)) from error


def build_schema_error(file: TextFile, reason: str) -> InputError:
    """Return the error for columns that cannot be united."""
    return InputError(
        f"the columns of {file.name} do not go together ({' '.join(reason.split())})",
        "values of one type in each column",
        "Convert the values, or pass keep_columns=False",
    )
