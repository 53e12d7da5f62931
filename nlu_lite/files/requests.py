"""Records of files that are read and written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class WriteOutcome(Enum):
    """The outcome of a run."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"  # an earlier run of the same request had finished it


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
    outcome: WriteOutcome = WriteOutcome.WRITTEN


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
