"""Frames of Polars: written. They are read as Arrow data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlu_lite.errors import InputError
from nlu_lite.frames.arrow import CANNOT, _array
from nlu_lite.frames.protocols import Column
from nlu_lite.records import Ints

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


@dataclass(frozen=True)
class PolarsWriter:
    """Frames of Polars: as Arrow's; vectors are Array(Float32, d) on the memory of the matrix."""

    frame: pl.DataFrame

    @property
    def names(self) -> list[Any]:
        """See `Writer`."""
        return list(self.frame.columns)

    def write(self, document: Ints, made: Mapping[str, Column]) -> pl.DataFrame:
        """See `Writer`."""
        import pyarrow as pa

        result = _polars(pa.table({name: _array(values) for name, values in made.items()}))
        return self.frame[document].hstack(result)


def _polars(table: pa.Table) -> pl.DataFrame:
    import polars as pl

    try:
        found = pl.from_arrow(table)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, *CANNOT) as error:
        raise InputError(
            f"Polars cannot hold the other columns ({error})",
            "columns of types that Polars has",
            'Convert them, pass keep_columns=False, or ask for as_="arrow"',
        ) from error
    if not isinstance(found, pl.DataFrame):
        raise TypeError(f"Polars made a {type(found).__name__} of a table")
    return found
