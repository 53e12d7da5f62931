"""Colors and layout of figures."""

from __future__ import annotations

from typing import Any

from nlu_lite.plot.escaping import escape_label

PALETTE = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#7f3c8d",
    "#a5aa99",
)
"""Colors of groups that color-blind readers can tell apart: those of Okabe and Ito, and two more."""
GRID = "#e8e8e8"


def name_picture(title: str | None, column: str) -> str:
    """Return the title of a picture; by default the column of vectors."""
    return column if title is None else title


def build_color_bar(title: str) -> dict[str, Any]:
    """Return a color bar on the right of a plot, below the toolbar.

    Args:
        title: The escaped title.
    """
    return {"title": {"text": title}, "y": 0, "yanchor": "bottom", "len": 0.55, "thickness": 16}


def build_layout(title: str, own: dict[str, Any]) -> dict[str, Any]:
    """Return the layout that all figures share, with the values of one figure: a dict for each part."""
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "automargin": True}
    layout: dict[str, Any] = {
        "title": {"text": escape_label(title), "x": 0.02, "xanchor": "left"},
        "template": "none",
        "colorway": PALETTE,
        "hovermode": "closest",
        "hoverlabel": {"align": "left", "bgcolor": "#ffffff", "font": {"color": "#222222"}},
        "legend": {"itemsizing": "constant", "orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"},
        "margin": {"l": 60, "r": 40, "t": 60, "b": 100},
        "modebar": {"orientation": "v"},
        "xaxis": axis,
        "yaxis": axis,
    }
    return layout | {name: layout.get(name, {}) | value for name, value in own.items()}
