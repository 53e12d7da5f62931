"""The groups of a column's values: rows, names and colors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite.errors import escape_surrogates
from nlu_lite.plot.escaping import escape_label
from nlu_lite.plot.style import PALETTE
from nlu_lite.records import Int64s

if TYPE_CHECKING:
    import pandas as pd

MOST_GROUPS = 24
"""The largest number of groups in a legend; rows of other values are one group more."""
MISSING = "(missing)"
OTHER_COLOR = "#bbbbbb"


@dataclass(frozen=True)
class Groups:
    """Groups of rows.

    Attributes:
        names: Their names, escaped.
        rows: int64, the rows of each.
        colors: The color of each.
    """

    names: tuple[str, ...]
    rows: tuple[Int64s, ...]
    colors: tuple[str, ...]


def find_groups(values: pd.Series[Any]) -> Groups:
    """Group rows by a column's values: in order of their first rows, or of their categories.

    If there are more than 24 values, the rows of all but the 24 most frequent are one group.
    """
    import pandas as pd

    known = values.notna().tolist()
    texts = [escape_surrogates(str(value)) if here else MISSING for value, here in zip(values, known, strict=True)]
    numbers, names = pd.factorize(np.array(texts, object))
    order = _order_groups(values, list(names), np.bincount(numbers))
    rows = [np.flatnonzero(numbers == number).astype(np.int64) for number in order]
    labels = [escape_label(names[number]) for number in order]
    colors = [PALETTE[place % len(PALETTE)] for place in range(len(order))]
    is_other = np.ones(len(names), bool)
    is_other[order] = False
    others = np.flatnonzero(is_other[numbers]).astype(np.int64)
    if len(others):
        rows, labels = [*rows, others], [*labels, f"({len(names) - len(order)} other values)"]
        colors = [*colors, OTHER_COLOR]
    return Groups(tuple(labels), tuple(rows), tuple(colors))


def _order_groups(values: pd.Series[Any], names: list[str], counts: np.ndarray[Any, Any]) -> list[int]:
    """Return the numbers of the groups that have a color of their own, in order."""
    import pandas as pd

    kept = np.argsort(-counts, kind="stable")[:MOST_GROUPS].tolist()
    if isinstance(values.dtype, pd.CategoricalDtype):
        places = {str(name): place for place, name in enumerate(values.cat.categories)}
        return sorted(kept, key=lambda number: places.get(names[number], len(places)))
    if pd.api.types.is_numeric_dtype(values):
        return sorted(kept, key=lambda number: (names[number] == MISSING, _to_number(names[number])))
    return sorted(kept)


def _to_number(name: str) -> float:
    try:
        return float(name)
    except ValueError:
        return 0.0
