"""Where `nlu-lite predict` writes: Parquet, CSV and JSON lines, whole or not at all; and what it says at the end."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import typer

from nlu_lite.errors import MissingExtra, OptionError, SourceError
from nlu_lite.files import Existing
from nlu_lite.files.parts import writing
from nlu_lite.table import to_arrow, vector_columns

if TYPE_CHECKING:
    import pandas as pd

STDOUT = Path("-")

Write = Callable[["pd.DataFrame"], object]
"""Takes the rows of a chunk."""


class Kind(Enum):
    """What a file is; the value is the ending of its name."""

    PARQUET = ".parquet"
    CSV = ".csv"
    JSONL = ".jsonl"


@dataclass(frozen=True)
class Output:
    """A file to write, or standard output.

    Attributes:
        path: Its name; ``-`` is standard output.
        kind: What it is.
    """

    path: Path
    kind: Kind

    @property
    def is_parquet(self) -> bool:
        """Whether it can be made part by part, and gone on with."""
        return self.kind is Kind.PARQUET

    @property
    def is_stdout(self) -> bool:
        """Whether it has no name."""
        return self.path == STDOUT

    @contextmanager
    def opened(self) -> Iterator[Write]:
        """Give what writes rows; the file has its name when all are written.

        Raises:
            SourceError: There is no room, or no right to.
        """
        if self.is_stdout:
            yield lambda frame: _write_lines(frame.reset_index(), _stdout())
            _stdout().flush()
            return
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        with writing(self.path):
            try:
                with WRITERS[self.kind](part) as write:
                    yield lambda frame: write(frame.reset_index())
                part.replace(self.path)
            finally:
                part.unlink(missing_ok=True)


def find_output(path: Path | None, existing: Existing) -> Output | None:
    """Look at the name of an output before any work is done.

    Raises:
        OptionError: It has another ending, is a folder, or exists; a Parquet file that exists is looked at later,
            since a run that was killed at its end may have made it.
        MissingExtra: pyarrow is needed and not installed.
    """
    if path is None:
        return None
    if path == STDOUT:
        return as_lines()
    kinds = {kind.value: kind for kind in Kind}
    if path.suffix.lower() not in kinds:
        raise OptionError(f"output {path} ends in {path.suffix!r}", " or ".join(kinds), "Choose one of these")
    output = Output(path, kinds[path.suffix.lower()])
    if output.is_parquet and find_spec("pyarrow") is None:
        raise MissingExtra("writing Parquet needs pyarrow", remedy='Run: pip install "nlu-lite[arrow]"')
    with writing(path):
        is_folder = path.is_dir()
    if is_folder:
        raise OptionError(f"output {path} is a folder", "the name of a file", "Name a file in it")
    if existing is Existing.ERROR and path.exists() and not path.with_name(f"{path.name}.parts").is_dir():
        raise OptionError(f"output {path} exists", "a name that is free", "Remove it, or pass --replace")
    return output


def as_lines() -> Output:
    """Give standard output, for JSON lines."""
    return Output(STDOUT, Kind.JSONL)


def said(summary: Mapping[str, Any], as_json: bool) -> None:
    """Tell what was written: people on stderr, programs on stdout."""
    if as_json:
        typer.echo(json.dumps(summary))
        return
    before = f" ({summary['resumed']} of them answered before)" if summary["resumed"] else ""
    typer.echo(f"{summary['output']}: {summary['texts']} texts{before}, {summary['rows']} rows", err=True)


# --- writers ---------------------------------------------------------------------------------------------------------


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
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
def _csv(path: Path) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as file:

        def write(frame: pd.DataFrame) -> None:
            vectors = {name: [json.dumps(_plain(one)) for one in frame[name]] for name in vector_columns(frame)}
            frame.assign(**vectors).to_csv(file, index=False, header=file.tell() == 0)

        yield write


@contextmanager
def _jsonl(path: Path) -> Iterator[Write]:
    with path.open("w", encoding="utf-8") as file:
        yield lambda frame: _write_lines(frame, file)


WRITERS = {Kind.PARQUET: _parquet, Kind.CSV: _csv, Kind.JSONL: _jsonl}


def _stdout() -> TextIO:
    """Give standard output, which a caller may have closed; JSON is UTF-8 wherever it goes."""
    if sys.stdout is None:
        raise SourceError("standard output is closed", "somebody who reads it", "Write to a file: --output")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    return sys.stdout


def _write_lines(frame: pd.DataFrame, file: TextIO) -> None:
    names = [str(name) for name in frame.columns]
    for row in frame.itertuples(index=False, name=None):
        record = {name: _plain(value) for name, value in zip(names, row, strict=True)}
        file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _plain(value: Any) -> Any:
    """Give what JSON knows: numpy's values as Python's, what is missing as null, dates and the like as text."""
    import pandas as pd

    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, str | list | dict):
        return value
    if pd.isna(value):
        return None
    return value if isinstance(value, int | float) else str(value)
