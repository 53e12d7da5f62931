"""Heat maps of cosine similarities: tokens by tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite._util.extras import import_extra
from nlu_lite.errors import InputError
from nlu_lite.frames import find_vector_column, matrix
from nlu_lite.plot.escaping import escape_label, isolate
from nlu_lite.plot.passages import list_units
from nlu_lite.plot.pictures import FigurePicture
from nlu_lite.plot.selection import Selection, check_frame, parse_rows, select_rows
from nlu_lite.plot.style import build_color_bar, build_layout, name_picture
from nlu_lite.records import Floats

if TYPE_CHECKING:
    import pandas as pd

FEW_TICKS = 16
"""The largest number of tokens above a heat map that have room for slanted labels."""
MOST_TICKS = 80
"""The largest number of tokens on an axis with labels."""
CELL, LEAST, MOST = 18, 420, 1600
"""The height of a row in pixels, and the limits of the height of a picture."""
COLORS = "YlGnBu"

Compare = Callable[["pd.DataFrame", "pd.DataFrame"], Floats]
"""Returns the cosine similarities of the rows of two frames, float32 [R, Q]."""


@dataclass(frozen=True)
class Side:
    """One side of a heat map.

    Attributes:
        frame: The rows that are shown.
        labels: The text of each.
        selection: The selection of the rows.
    """

    frame: pd.DataFrame
    labels: Sequence[str]
    selection: Selection


def draw_heatmap(
    frame: pd.DataFrame, other: pd.DataFrame | None, column: str | None, title: str | None, most: int, compare: Compare
) -> FigurePicture:
    """Draw the similarities of the rows of a frame with those of another; see `PictureMethods.heatmap`."""
    graph = import_extra("plotly.graph_objects", "plot", "a heat map")
    name = find_vector_column(frame, column)
    left = _select_side(frame, name, most)
    top = left if other is None else _select_side(other, name, most)
    cosines = compare(left.frame, top.frame)
    traces = [_draw_cells(graph, cosines, left, top)]
    traces += [] if other is None else [_draw_pairs(graph, cosines)]
    shown = name_picture(title, name)
    figure = graph.Figure(traces, build_layout(shown, _describe_axes(left, top)))
    height = min(max(len(left.labels) * CELL + 160, LEAST), MOST)
    return FigurePicture(shown, _describe_sides(left, top), figure, height)


def _select_side(frame: pd.DataFrame, name: str, most: int) -> Side:
    check_frame(frame)
    vectors = matrix(frame, name)
    selection = select_rows(vectors, parse_rows(frame, None), most)
    if not len(selection.rows):
        raise InputError("no row has a vector that is finite and not all zeros", "one such row", "Pass more rows")
    shown = frame.iloc[selection.rows]
    return Side(shown, [escape_label(unit) for unit in list_units(shown)], selection)


def _describe_sides(left: Side, top: Side) -> str:
    if left is top:
        return f"Cosine similarity of {left.selection.caption}"
    pairs = "circles mark pairs that are each other's most similar token"
    return f"Cosine similarity of {left.selection.caption} with {top.selection.caption}; {pairs}"


def _draw_cells(graph: Any, cosines: Floats, left: Side, top: Side) -> Any:
    hover = [
        [
            f"<b>{isolate(one)}</b> – <b>{isolate(other)}</b><br>{cosine:.3f}"
            for other, cosine in zip(top.labels, row, strict=True)
        ]
        for one, row in zip(left.labels, cosines, strict=True)
    ]
    bar = build_color_bar("cosine")
    return graph.Heatmap(z=cosines, hovertext=hover, hoverinfo="text", colorscale=COLORS, colorbar=bar, xgap=1, ygap=1)


def _draw_pairs(graph: Any, cosines: Floats) -> Any:
    """Mark the pairs of which each is the other's most similar one: an alignment of two sentences."""
    best = cosines.argmax(axis=1)
    rows = np.flatnonzero(cosines.argmax(axis=0)[best] == np.arange(len(cosines)))
    ring = {"symbol": "circle-open", "size": 10, "color": "#d55e00", "line": {"width": 2}}
    return graph.Scatter(x=best[rows], y=rows, mode="markers", marker=ring, hoverinfo="skip", showlegend=False)


def _describe_axes(left: Side, top: Side) -> dict[str, Any]:
    shared = {"showgrid": False, "zeroline": False}
    across = (
        shared | _label_ticks(top.labels) | {"side": "top", "tickangle": -90 if len(top.labels) > FEW_TICKS else -45}
    )
    return {
        "xaxis": across,
        "yaxis": shared | _label_ticks(left.labels) | {"autorange": "reversed"},
        "margin": {"t": 130, "b": 20},
    }


def _label_ticks(labels: Sequence[str]) -> dict[str, Any]:
    """Label the cells by number, since two cells can have the same text."""
    if len(labels) > MOST_TICKS:
        return {"showticklabels": False}
    return {"tickvals": list(range(len(labels))), "ticktext": [isolate(label) for label in labels]}
