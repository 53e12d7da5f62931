"""The frame of `references` and `search`. A module of its own, because it imports pandas."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import shorten

import pandas as pd

SHOWN = ("reference", "model", "dimension", "languages", "licence", "size", "loadable_by", "in_cache")
"""The columns that notebooks show: together, they fit a page."""
WIDTH = 24
"""Maximum width of a list of languages in notebooks, in characters."""


class Listing(pd.DataFrame):
    """A frame of references. It differs from other frames only in notebooks, which show the columns that fit a page."""

    @property
    def _constructor(self) -> Callable[..., Listing]:
        return Listing

    def _repr_html_(self) -> str | None:
        frame = pd.DataFrame(self)[[name for name in SHOWN if name in self]]
        if "languages" in frame:
            frame["languages"] = [shorten(text, WIDTH, placeholder=" ...") for text in frame["languages"]]
        if "size" in frame:
            frame["size"] = [f"{size / 1e6:,.0f} MB" if pd.notna(size) else "" for size in frame["size"]]
        shown: str | None = frame._repr_html_()  # type: ignore[operator]
        return shown
