"""Checks of the arguments of `nlu-lite predict`, before the pipeline is loaded."""

from __future__ import annotations

import sys

import typer

from nlu_lite.cli.outputs import Output
from nlu_lite.errors import InputError, OptionError
from nlu_lite.files import check_free
from nlu_lite.options import Existing, FileRequest, OtherColumns, VectorDtype


def choose_source(texts: list[str] | None, file: str | None) -> str:
    """Return the file to read; standard input by default, unless it is a terminal."""
    if file is None and not texts and not (sys.stdin is not None and sys.stdin.isatty()):
        return "-"
    if (file is None) == (not texts):
        raise typer.BadParameter("pass either texts or --file", param_hint="TEXT...")
    return "-" if file is None else file


def check_options(
    texts: list[str] | None, request: FileRequest, output: Output | None, dtype: VectorDtype | None
) -> None:
    """Refuse options that would have no effect."""
    columns: dict[str, object] = {"--format": request.format, "--delimiter": request.delimiter}
    columns |= {"--text-column": request.predict.text_column, "--lang-column": request.predict.lang_column}
    given = [name for name, value in columns.items() if value is not None]
    given += ["--drop-columns"] if request.predict.keep_columns is OtherColumns.DROP else []
    if texts and given:
        raise OptionError(f"{given[0]} with texts from the command line", "this option with --file", "Leave it out")
    if dtype is not None and (texts or output is None or not output.is_parquet):
        raise OptionError(
            f"--dtype {dtype.value} without --file and a Parquet output", "this option with both", "Leave it out"
        )


def check_output(request: FileRequest, output: Output, texts: list[str] | None) -> None:
    """Refuse an output that exists, unless an earlier run of the same command may have written it."""
    if output.is_parquet and not texts:
        check_free(request)
    elif request.existing is Existing.ERROR and (output.path.exists() or output.path.is_symlink()):
        raise OptionError(f"output {output.path} exists", "a name that is free", "Remove it, or pass --replace")


def decode_arguments(texts: list[str] | None) -> tuple[str, ...]:
    """Return the texts of the command line, whose bytes must be UTF-8."""
    try:
        return tuple(text.encode(errors="surrogateescape").decode() for text in texts or ())
    except UnicodeDecodeError as error:
        got = f"an argument is not UTF-8 at byte {error.start}"
        raise InputError(got, "UTF-8", "Convert it, for example with iconv -t UTF-8") from error
