"""Token views: the text itself, each token colored by a value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from nlu_lite.errors import InputError
from nlu_lite.plot.escaping import LONGEST, shorten
from nlu_lite.plot.passages import Passages, read_passages
from nlu_lite.plot.pictures import TokenPicture

if TYPE_CHECKING:
    import pandas as pd

Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

STRONGEST = 0.8
"""The opacity of the highest value, behind which text is still read."""


def draw_tokens(
    frame: pd.DataFrame, values: pd.Series[float], pieces: Sequence[Sequence[str]] | None, title: str
) -> TokenPicture:
    """Draw the text of the first rows of a frame; see `PictureMethods.html`.

    Args:
        frame: The whole frame.
        values: The value of each row to show; NaN for none.
        pieces: The pieces of each row to show; None if not known.
        title: The title.
    """
    passages = read_passages(frame)
    numbers = np.asarray(values, np.float64)
    known = numbers[np.isfinite(numbers)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    strengths = (numbers - low) / (high - low) if high > low else np.where(np.isnan(numbers), np.nan, 1.0)
    parts = [()] * len(numbers) if pieces is None else pieces
    tips = list(map(_describe_token, passages.units[: len(numbers)], numbers.tolist(), parts))
    body = "\n".join(_render_passage(passages, rows, strengths, tips) for rows in passages.list_passages(len(numbers)))
    return TokenPicture(
        title, _describe_rows(len(numbers), len(frame), len(numbers) - len(known)), _render_scale(low, high) + body
    )


def _describe_token(unit: str, value: float, pieces: Sequence[str]) -> str:
    """Return the hover text of a token."""
    similarity = "no vector that is finite and not all zeros" if np.isnan(value) else f"similarity {value:.3f}"
    lines = [shorten(unit), similarity]
    lines += [f"pieces: {shorten(' | '.join(pieces), 2 * LONGEST)}"] if pieces else []
    return "\n".join(lines)


def _render_passage(passages: Passages, rows: range, strengths: Numbers, tips: Sequence[str]) -> str:
    parts = list(_render_tokens(passages, rows, strengths, tips))
    return f'<p dir="auto">{"".join(parts)}{escape(passages.find_rest(rows[-1]))}</p>'


def _render_tokens(passages: Passages, rows: range, strengths: Numbers, tips: Sequence[str]) -> Iterator[str]:
    for row in rows:
        yield escape(passages.find_gap(row))
        style = "" if np.isnan(strengths[row]) else f' style="--a:{strengths[row] * STRONGEST:.2f}"'
        yield f'<span{style} title="{escape(tips[row])}">{escape(passages.units[row])}</span>'


def _render_scale(low: float, high: float) -> str:
    return f'<div>{low:.2f}<i class="scale"></i>{high:.2f}</div>'


def _describe_rows(count: int, total: int, without: int) -> str:
    shown = f"{total:,} rows" if count == total else f"the first {count:,} of {total:,} rows"
    colored = f"; {without:,} rows without a color, whose vectors are zeros or not finite" if without else ""
    return f"Cosine similarity to the query; {shown}{colored}"


def choose_values(found: pd.Series[float] | pd.DataFrame) -> pd.Series[float]:
    """Return the similarities with a query of one row.

    Raises:
        InputError: The query has another number of rows.
    """
    import pandas as pd

    if isinstance(found, pd.Series):
        return found
    if found.shape[1] != 1:
        raise InputError(f"the query has {found.shape[1]} rows", "one row", "Pass frame.iloc[[n]]")
    return found.iloc[:, 0]
