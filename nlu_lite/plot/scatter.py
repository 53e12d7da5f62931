"""Scatter plots of vectors in two or three dimensions."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite._util.extras import import_extra
from nlu_lite.frames import center_vectors, find_vector_column, matrix
from nlu_lite.plot.escaping import escape_label, isolate
from nlu_lite.plot.groups import find_groups
from nlu_lite.plot.passages import Passages, list_units, read_passages
from nlu_lite.plot.pictures import FigurePicture
from nlu_lite.plot.projection import METHOD_NAMES, Method, Projection, project
from nlu_lite.plot.selection import check_frame, check_plain_column, parse_rows, select_rows
from nlu_lite.plot.style import PALETTE, build_color_bar, build_layout, name_picture
from nlu_lite.records import Int64s

if TYPE_CHECKING:
    import pandas as pd

MOST_LABELS = 60
"""The largest number of points with labels; labels of more points cover each other."""
FEW_NUMBERS = 12
"""The largest number of different numbers in a column that are groups instead of a scale."""
HEIGHT = 560
LABEL_MARGIN = 0.15
"""The room for labels on both sides of the points, as a part of their width."""
OBLIQUE = {"size": 11}
"""The font of the titles of three axes, which would cover each other on one line."""
CENTROIDS = {2: {"size": 12, "symbol": "x"}, 3: {"size": 10, "symbol": "diamond"}}
"""The marks of means, by the number of dimensions. In three, marks are characters, and few fonts have that of an x."""
CAMERA = {"eye": {"x": 1.5, "y": 1.5, "z": 1.1}, "center": {"x": 0, "y": 0, "z": -0.2}}
"""The view in which a narrow page shows three dimensions with the titles of their axes."""


@dataclass(frozen=True)
class ScatterRequest:
    """The options of a scatter plot; see `PictureMethods.plot`."""

    dimensions: int
    method: Method
    color: Hashable | None
    labels: Hashable | None
    by: Hashable | None
    rows: object
    column: str | None
    removed: int | None
    title: str | None
    max_rows: int


@dataclass(frozen=True)
class Points:
    """The points of a plot.

    Attributes:
        places: float64 [N, D].
        labels: The escaped label of each; empty strings show no label.
        hover: The escaped hover text of each.
    """

    places: np.ndarray[Any, np.dtype[np.float64]]
    labels: np.ndarray[Any, np.dtype[np.object_]]
    hover: np.ndarray[Any, np.dtype[np.object_]]

    def take(self, rows: Int64s) -> Points:
        """Return some of the points."""
        return Points(self.places[rows], self.labels[rows], self.hover[rows])


def draw_scatter(frame: pd.DataFrame, request: ScatterRequest) -> FigurePicture:
    """Draw the rows of a frame as points; see `PictureMethods.plot`."""
    check_frame(frame)
    for option in ("color", "labels", "by"):
        if (name := getattr(request, option)) is not None:
            check_plain_column(frame, name, option)
    graph = import_extra("plotly.graph_objects", "plot", "a plot")
    column = find_vector_column(frame, request.column)
    vectors = matrix(frame, column)
    if request.removed is not None:
        vectors, _ = center_vectors(vectors, vectors[:0], request.removed)
    selection = select_rows(vectors, parse_rows(frame, request.rows), request.max_rows)
    projection = project(vectors[selection.rows], request.dimensions, request.method)
    shown = frame.iloc[selection.rows]
    points = _build_points(shown, read_passages(frame), selection.rows, projection, request)
    traces = _draw_points(graph, shown, points, request) + _draw_centroids(graph, shown, points, request)
    title = name_picture(request.title, column)
    figure = graph.Figure(traces, build_layout(title, _describe_axes(projection)))
    caption = f"{METHOD_NAMES[request.method]} of {selection.caption}"
    return FigurePicture(title, caption, figure, HEIGHT)


def _build_points(
    shown: pd.DataFrame, passages: Passages, rows: Int64s, projection: Projection, request: ScatterRequest
) -> Points:
    labels = list_units(shown) if request.labels is None else shown[request.labels].tolist()
    is_labeled = request.labels is not None or len(shown) <= MOST_LABELS
    lines = [_describe_row(passages, int(row)) for row in rows]
    for name in dict.fromkeys(name for name in (request.color, request.by) if name is not None):
        values = [f"{escape_label(name)}: {isolate(escape_label(value))}" for value in shown[name]]
        lines = [f"{line}<br>{value}" for line, value in zip(lines, values, strict=True)]
    texts = [escape_label(label) if is_labeled else "" for label in labels]
    return Points(projection.points, np.array(texts, object), np.array(lines, object))


def _describe_row(passages: Passages, row: int) -> str:
    """Return the hover text of a row: the token in its sentence."""
    context = passages.find_context(row)
    token = escape_label(context.text)
    before, after = (_escape_side(side) for side in (context.before, context.after))
    head = f"<b>{isolate(token)}</b>"
    return f"{head}<br>{isolate(f'{before}<b>{token}</b>{after}')}" if before or after else head


def _escape_side(text: str) -> str:
    """Escape the text on one side of a token; the white space at its edges stays."""
    inner = escape_label(text)
    return f"{' ' * text[:1].isspace()}{inner}{' ' * text[-1:].isspace()}" if inner else ""


def _describe_axes(projection: Projection) -> dict[str, Any]:
    if len(projection.axes) > 2:
        names = [axis.replace(" (", "<br>(") for axis in projection.axes]
        return {"scene": _name_axes(names, OBLIQUE) | {"camera": CAMERA}, "margin": {"l": 10}}
    axes = _name_axes(projection.axes, {})
    places = projection.points[:, 0]
    margin = LABEL_MARGIN * (float(np.ptp(places)) or 1.0)
    axes["xaxis"]["range"] = [places.min() - margin, places.max() + margin]
    return axes


def _name_axes(names: Sequence[str], font: dict[str, int]) -> dict[str, Any]:
    return {
        f"{letter}axis": {"title": {"text": name, "font": font}} for letter, name in zip("xyz", names, strict=False)
    }


# --- traces ----------------------------------------------------------------------------------------------------------


def _draw_points(graph: Any, shown: pd.DataFrame, points: Points, request: ScatterRequest) -> list[Any]:
    size = {"size": 8 if len(shown) < 500 else 5, "opacity": 0.8}
    if request.color is None:
        return [_draw_trace(graph, points, {**size, "color": PALETTE[0]}, "")]
    values = shown[request.color]
    if _is_scale(values):
        bar = build_color_bar(escape_label(request.color))
        numbers = values.to_numpy(np.float64, na_value=np.nan)
        scale = {"color": numbers, "colorscale": "Viridis", "showscale": True, "colorbar": bar}
        return [_draw_trace(graph, points, size | scale, "")]
    groups = find_groups(values)
    return [
        _draw_trace(graph, points.take(rows), {**size, "color": color}, name)
        for name, rows, color in zip(groups.names, groups.rows, groups.colors, strict=True)
    ]


def _is_scale(values: pd.Series[Any]) -> bool:
    """Whether a column has numbers that are shown as a scale instead of groups."""
    from pandas.api import types

    is_number = types.is_numeric_dtype(values) and not types.is_bool_dtype(values)
    return is_number and not types.is_complex_dtype(values) and values.nunique() > FEW_NUMBERS


def _draw_trace(graph: Any, points: Points, marker: dict[str, Any], name: str) -> Any:
    places = dict(zip("xyz", points.places.T, strict=False))
    kind = graph.Scatter3d if len(places) == 3 else graph.Scatter
    return kind(
        **places,
        mode="markers+text" if any(points.labels) else "markers",
        text=points.labels,
        textposition="top center",
        hovertext=points.hover,
        hoverinfo="text",
        marker=marker,
        name=name,
        showlegend=bool(name),
    )


def _draw_centroids(graph: Any, shown: pd.DataFrame, points: Points, request: ScatterRequest) -> list[Any]:
    if request.by is None:
        return []
    groups = find_groups(shown[request.by])
    mark = CENTROIDS[request.dimensions]
    colors = groups.colors if request.by == request.color else ("#222222",) * len(groups.names)
    return [
        _draw_trace(graph, _find_centroid(points, rows, name), mark | {"color": color}, f"mean of {name}")
        for name, rows, color in zip(groups.names, groups.rows, colors, strict=True)
    ]


def _find_centroid(points: Points, rows: Int64s, name: str) -> Points:
    place = points.places[rows].mean(axis=0, keepdims=True)
    hover = f"<b>mean of {isolate(name)}</b><br>{len(rows):,} rows"
    return Points(place, np.array([f"<b>{name}</b>"], object), np.array([hover], object))
