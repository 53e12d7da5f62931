"""Frames of Polars: written. They are read as Arrow data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlu_lite.errors import InputError
from nlu_lite.frames.arrow import CONVERSION_ERRORS, to_array
from nlu_lite.frames.protocols import Column
from nlu_lite.records import Ints

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


@dataclass(frozen=True)
class PolarsWriter:
    """Frames of Polars: as Arrow's; vectors are Array(Float32, d) in the memory of the matrix."""

    frame: pl.DataFrame

    @property
    def names(self) -> list[Any]:
        """See `FrameWriter`."""
        return list(self.frame.columns)

    def write(self, document: Ints, made: Mapping[str, Column]) -> pl.DataFrame:
        """See `FrameWriter`."""
        import pyarrow as pa

        result = to_polars(pa.table({name: to_array(values) for name, values in made.items()}))
        return self.frame[document].hstack(result)


def to_polars(table: pa.Table) -> pl.DataFrame:
    """Return an Arrow table as a frame of Polars.

    Raises:
        InputError: Polars cannot hold a column.
    """
    import polars as pl

    try:
        found = pl.from_arrow(table)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, *CONVERSION_ERRORS) as error:
        raise InputError(
            f"Polars cannot hold the other columns ({error})",
            "columns of types that Polars has",
            'Convert them, pass keep_columns=False, or ask for as_="arrow"',
        ) from error
    if not isinstance(found, pl.DataFrame):
        raise TypeError(f"Polars converted a table to a {type(found).__name__}")
    return found
