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


class Sheet(Protocol):
    """A frame of any library."""

    @property
    def names(self) -> list[Hashable]:
        """Names of the columns."""

    @property
    def index(self) -> pd.Index | None:
        """Labels of the rows; None where the library has none."""

    @property
    def height(self) -> int:
        """Number of rows."""

    def values(self, name: Hashable) -> list[object]:
        """Give a column as Python's objects."""

    def holds_strings(self, name: Hashable) -> bool:
        """Whether a column can be the texts; one that is empty or all missing can."""

    def without(self, name: Hashable) -> pd.DataFrame | pa.Table | None:
        """Give the other columns."""


class Writer(Protocol):
    """What makes a frame of the caller's rows and the columns of the result."""

    @property
    def names(self) -> list[Any]:
        """Names of the columns that the caller's rows bring along."""

    def write(self, document: Ints, made: Mapping[str, Column]) -> Any:
        """Put the result beside the caller's rows.

        Args:
            document: int32 [R], the caller's row (among those that have a text) of each row of the result.
            made: The columns of the result.
        """
