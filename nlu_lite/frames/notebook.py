"""Frames in notebooks: vectors as their first numbers and their length, so that other columns stay on the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from nlu_lite.frames.matrix import find_vector_columns

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 3
"""Number of values of a vector that are shown."""


def render_frame(frame: pd.DataFrame) -> str:
    """Return a frame as HTML, as pandas shows it in a notebook, with short vectors.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"token": ["a"], "word_embedding_x": [np.arange(5, dtype=np.float32)]})
        >>> "[0.00, 1.00, 2.00, ... 5]" in render_frame(frame)
        True
    """
    import pandas as pd

    most, few = pd.get_option("display.max_rows"), pd.get_option("display.min_rows")
    formatters: dict[str, Callable[[object], str]] = dict.fromkeys(find_vector_columns(frame), shorten_vector)
    return frame.to_html(
        formatters=formatters,
        max_rows=few if most and len(frame) > most else None,
        max_cols=pd.get_option("display.max_columns"),
        show_dimensions=True,
        notebook=True,
    )


def shorten_vector(vector: object) -> str:
    """Return the first values of a vector and its length; another value, such as a missing one, as pandas prints it.

    Example:
        >>> shorten_vector(np.array([0.5, -1, 2, 3], np.float32))
        '[0.50, -1.00, 2.00, ... 4]'
    """
    if not isinstance(vector, np.ndarray | list):
        return str(vector)
    values = ", ".join(f"{value:.2f}" for value in vector[:SHOWN])
    return f"[{values}, ... {len(vector)}]" if len(vector) > SHOWN else f"[{values}]"
