"""Records of reading and writing files."""

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
    UNCHANGED = "unchanged"  # an earlier run of the same request had completed the file


@dataclass(frozen=True)
class Written:
    """A completed output file.

    Attributes:
        path: The file.
        texts: Number of texts that were read.
        rows: Number of rows in the file.
        resumed: Number of texts that earlier runs had processed.
        outcome: Whether the file was written, or had already been completed.
    """

    path: Path
    texts: int
    rows: int
    resumed: int
    outcome: WriteOutcome = WriteOutcome.WRITTEN


@dataclass(frozen=True)
class Batches:
    """Texts in batches.

    Attributes:
        batches: Lists of texts, or frames.
        text_column: The column of texts in the frames; None for lists.
        rows: Number of texts; None for a stream.
    """

    batches: Iterator[list[str]] | Iterator[pd.DataFrame]
    text_column: str | None
    rows: int | None
