"""Interfaces that the readers and writers of each library implement."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from nlu_lite.records import Ints

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Column: TypeAlias = "list[str] | np.ndarray[Any, Any]"
"""Strings, numbers [R], or vectors: float32 [R, d]."""


class FrameReader(Protocol):
    """Reads a frame of one library."""

    @property
    def names(self) -> list[Hashable]:
        """Names of the columns."""

    @property
    def index(self) -> pd.Index | None:
        """Labels of the rows; None if the library has none."""

    @property
    def height(self) -> int:
        """Number of rows."""

    def read_column(self, name: Hashable) -> list[object]:
        """Return a column as Python objects."""

    def holds_strings(self, name: Hashable) -> bool:
        """Whether a column can hold the texts. A column that is empty or has only missing values can."""

    def drop_column(self, name: Hashable) -> pd.DataFrame | pa.Table | None:
        """Return the other columns."""


class FrameWriter(Protocol):
    """Builds a frame of the caller's rows and the columns of the result."""

    @property
    def names(self) -> list[Any]:
        """Names of the caller's columns that are kept."""

    def write(self, document: Ints, made: Mapping[str, Column]) -> Any:
        """Return the caller's rows with the columns of the result.

        Args:
            document: int32 [R], for each row of the result, the caller's row, counted among the rows with a text.
            made: The columns of the result.
        """
