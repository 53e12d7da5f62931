"""The outputs of `nlu-lite predict`: Parquet, CSV and JSON Lines, written completely or not at all; and the summary."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
import typer

from nlu_lite._util.atomic import write_file_atomically
from nlu_lite._util.extras import check_extra
from nlu_lite._util.os_errors import translate_write_errors
from nlu_lite.cli.cells import to_json_value
from nlu_lite.errors import OptionError, SourceError
from nlu_lite.files import check_place
from nlu_lite.frames import to_arrow

if TYPE_CHECKING:
    import pandas as pd

STDOUT = Path("-")

NESTED = (list, tuple, dict, np.ndarray)

Write = Callable[["pd.DataFrame"], object]
"""Writes the rows of a chunk."""


class OutputFormat(Enum):
    """The format of a file; the value is its extension."""

    PARQUET = ".parquet"
    CSV = ".csv"
    JSONL = ".jsonl"


@dataclass(frozen=True)
class Output:
    """A file to write, or standard output.

    Attributes:
        path: The path; ``-`` is standard output.
        format: The format.
    """

    path: Path
    format: OutputFormat

    @property
    def is_parquet(self) -> bool:
        """Whether the output is Parquet, which can be written part by part and resumed."""
        return self.format is OutputFormat.PARQUET

    @property
    def is_stdout(self) -> bool:
        """Whether the output is standard output."""
        return self.path == STDOUT

    @contextmanager
    def open(self) -> Iterator[Write]:
        """Yield a function that writes rows; the file gets its name when all rows are written.

        Raises:
            SourceError: The disk is full, or the file cannot be written.
        """
        if self.is_stdout:
            yield lambda frame: _write_lines(frame.reset_index(), _prepare_stdout())
            _prepare_stdout().flush()
            return
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        with translate_write_errors(self.path):
            part.touch(exist_ok=False)  # a file of that name is not ours
            with write_file_atomically(self.path, part), WRITERS[self.format](part) as write:
                yield lambda frame: write(frame.reset_index())


def parse_output(path: str | None) -> Output | None:
    """Parse the name of an output, and check it before the computation starts.

    Args:
        path: The name; ``-`` is standard output, ``./-`` a file.

    Raises:
        OptionError: The extension is not supported, or the path is a folder.
        SourceError: The folder of the path does not exist.
        MissingExtra: pyarrow is needed and not installed.
    """
    if path is None:
        return None
    if path == "-":
        return make_stdout()
    target = Path(path)
    formats = {form.value: form for form in OutputFormat}
    if target.suffix.lower() not in formats:
        raise OptionError(f"output {path} ends in {target.suffix!r}", " or ".join(formats), "Choose one of these")
    output = Output(target, formats[target.suffix.lower()])
    if output.is_parquet:
        check_extra("pyarrow", "arrow", "writing Parquet")
    check_place(target)
    return output


def make_stdout() -> Output:
    """Return standard output, for JSON Lines."""
    return Output(STDOUT, OutputFormat.JSONL)


def print_summary(summary: Mapping[str, Any], as_json: bool) -> None:
    """Print the summary: as text on stderr, or as JSON on stdout."""
    if as_json:
        typer.echo(json.dumps(summary))
        return
    if summary.get("unchanged"):
        counts = f"{summary['texts']} texts, {summary['rows']} rows"
        typer.echo(f"{summary['output']} is whole: an earlier run of the same command wrote it; {counts}", err=True)
        return
    before = f" ({summary['resumed']} of them in earlier runs)" if summary["resumed"] else ""
    typer.echo(f"{summary['output']}: {summary['texts']} texts{before}, {summary['rows']} rows", err=True)


# --- writers ---------------------------------------------------------------------------------------------------------


@contextmanager
def _open_parquet(path: Path) -> Iterator[Write]:
    from pyarrow import parquet

    with path.open("wb") as file:
        writers: list[parquet.ParquetWriter] = []

        def write(frame: pd.DataFrame) -> None:
            table = to_arrow(frame)
            if not writers:
                writers.append(parquet.ParquetWriter(file, table.schema))
            writers[0].write_table(table)

        try:
            yield write
        finally:
            for writer in writers:
                writer.close()


@contextmanager
def _open_csv(path: Path) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as file:

        def write(frame: pd.DataFrame) -> None:
            frame.apply(_encode_cells).to_csv(file, index=False, header=file.tell() == 0)

        yield write


def _encode_cells(column: pd.Series[Any]) -> pd.Series[Any]:
    """Write vectors, lists and records as JSON: `str` would abbreviate long ones."""
    if column.dtype != object:
        return column
    return column.map(lambda cell: json.dumps(to_json_value(cell)) if isinstance(cell, NESTED) else cell)


@contextmanager
def _open_jsonl(path: Path) -> Iterator[Write]:
    with path.open("w", encoding="utf-8") as file:
        yield lambda frame: _write_lines(frame, file)


WRITERS = {OutputFormat.PARQUET: _open_parquet, OutputFormat.CSV: _open_csv, OutputFormat.JSONL: _open_jsonl}


def _prepare_stdout() -> TextIO:
    """Return standard output, encoded in UTF-8; a caller may have closed it."""
    if sys.stdout is None:
        raise SourceError("standard output is closed", "an open stream", "Write to a file: --output")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    return sys.stdout


def _write_lines(frame: pd.DataFrame, file: TextIO) -> None:
    names = [str(name) for name in frame.columns]
    for row in frame.itertuples(index=False, name=None):
        record = {name: to_json_value(value) for name, value in zip(names, row, strict=True)}
        file.write(json.dumps(record, ensure_ascii=False) + "\n")
