"""The rows of a frame that a picture shows, and what its caption says of the others."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nlu_lite.errors import InputError
from nlu_lite.frames import check_exists, check_names, find_vector_columns
from nlu_lite.plot.projection import find_directions, sample_rows
from nlu_lite.records import Bools, Floats, Int64s

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Selection:
    """Rows to show.

    Attributes:
        rows: int64 [N], their numbers, ascending.
        candidates: The number of rows from which they were sampled.
        undirected: The number of rows that are left out because their vectors have no direction.
    """

    rows: Int64s
    candidates: int
    undirected: int

    @property
    def caption(self) -> str:
        """The number of rows shown, and the rows that are not."""
        count = f"{len(self.rows):,} rows"
        if len(self.rows) < self.candidates:
            count = f"a random sample of {len(self.rows):,} of {self.candidates:,} rows"
        left_out = f"; {self.undirected:,} rows left out, whose vectors are zeros or not finite"
        return count + (left_out if self.undirected else "")


def select_rows(vectors: Floats, wanted: Bools, most: int) -> Selection:
    """Select the wanted rows whose vectors have a direction, and sample them if they are too many."""
    has_direction = find_directions(vectors)
    candidates = np.flatnonzero(wanted & has_direction).astype(np.int64)
    return Selection(sample_rows(candidates, most), len(candidates), int((wanted & ~has_direction).sum()))


def parse_rows(frame: pd.DataFrame, rows: object) -> Bools:
    """Return for each row of a frame whether a caller wants it.

    Args:
        frame: The frame.
        rows: None for all; or a boolean for each row.

    Raises:
        InputError: `rows` is something else.
    """
    if rows is None:
        return np.ones(len(frame), bool)
    try:
        found = np.asarray(rows)
    except ValueError:  # a ragged list
        found = np.empty(0, object)
    if found.shape != (len(frame),) or found.dtype != bool:
        got = f"rows is a {type(rows).__name__} of shape {found.shape} and type {found.dtype}"
        expected = f"{len(frame)} booleans, one for each row"
        raise InputError(got, expected, 'Pass a condition: rows=frame["token"] == "bank"')
    return found


def check_frame(frame: pd.DataFrame) -> None:
    """Check that a value is a pandas frame with rows, and columns with different names.

    Raises:
        InputError: It is not.
    """
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise InputError(f"the frame is a {type(frame).__name__}", "a frame of pandas", "Call its method to_pandas()")
    check_names(list(frame.columns))
    if frame.empty:
        raise InputError("the frame has no rows", "a frame that predict returned, with rows", "Pass a text with words")


def check_plain_column(frame: pd.DataFrame, name: Hashable, option: str) -> None:
    """Check that a column exists and holds no vectors.

    Raises:
        InputError: It does not exist, or holds vectors.
    """
    check_exists(list(frame.columns), name, option)
    if name in find_vector_columns(frame):
        raise InputError(f"{option}={name!r} is a column of vectors", "a column of plain values", "Name another column")
