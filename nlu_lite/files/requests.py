"""What is asked of files, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from nlu_lite.files.sources import Format
from nlu_lite.frames.inputs import Columns, Missing

if TYPE_CHECKING:
    import pandas as pd


class Numbers(Enum):
    """The data type of the vectors that are written."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"


class Existing(Enum):
    """What to do where the output exists."""

    ERROR = "error"
    REPLACE = "replace"


class Outcome(Enum):
    """What became of a file."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"  # an earlier run of the same request had finished it


@dataclass(frozen=True)
class Request:
    """What is to be done with a file.

    Attributes:
        source: Where texts are read; the string ``"-"`` is standard input.
        target: The Parquet file to write.
        format: The format of `source`; None goes by its name.
        text_column: Column of texts; None looks for one.
        lang_column: Column of language codes.
        columns: Whether the other columns are kept.
        missing: What to do with rows without a text.
        chunk: Number of texts that are processed at once.
        numbers: The data type of the vectors that are written.
        existing: What to do where the output exists.
        delimiter: The delimiter of CSV files; None detects it.
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
    delimiter: str | None = None


@dataclass(frozen=True)
class Written:
    """A file that was written.

    Attributes:
        path: The file.
        texts: Number of texts that were read.
        rows: Number of rows in the file.
        resumed: Number of the texts that earlier runs had processed.
        outcome: Whether there was anything left to do.
    """

    path: Path
    texts: int
    rows: int
    resumed: int
    outcome: Outcome = Outcome.WRITTEN


@dataclass(frozen=True)
class Batches:
    """Texts that are being read.

    Attributes:
        batches: Lists of texts, or frames.
        text_column: The frames' column of texts; None where there are lists.
        rows: Number of texts; None for a stream.
    """

    batches: Iterator[list[str]] | Iterator[pd.DataFrame]
    text_column: str | None
    rows: int | None
