"""Pictures: shown in notebooks, and written as one HTML file that needs no network."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from nlu_lite._util.atomic import write_file_atomically
from nlu_lite._util.os_errors import translate_write_errors
from nlu_lite.errors import escape_surrogates
from nlu_lite.files import check_place
from nlu_lite.options import parse_path

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; base-uri 'none';"
    " form-action 'none'; script-src {scripts}"
)
"""The content security policy of a page: a browser refuses any request of its own accord."""
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


@dataclass(frozen=True, repr=False)
class Picture(ABC):
    """A picture of vectors. A notebook shows it; `save` writes it.

    Attributes:
        title: Its title.
        caption: The method, the number of rows, and the rows that are not shown.
    """

    title: str
    caption: str

    @abstractmethod
    def to_html(self) -> str:
        """Return the picture as one page of HTML, which loads nothing from elsewhere."""

    @abstractmethod
    def _repr_html_(self) -> str:
        """Return the picture for a notebook."""

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture as one HTML file, which a browser shows without a network. An existing file is replaced.

        Args:
            path: The file.

        Returns:
            The path.

        Raises:
            OptionError: The path is a folder or cannot be the name of a file.
            SourceError: The file cannot be written.
        """
        target = parse_path(path, "path")
        check_place(target)
        with translate_write_errors(target), write_file_atomically(target) as part:
            part.write_text(self.to_html(), encoding="utf-8")
        return target

    def __repr__(self) -> str:
        return escape_surrogates(f"{type(self).__name__}({self.title!r}: {self.caption})")


@dataclass(frozen=True, repr=False)
class FigurePicture(Picture):
    """A scatter plot or a heat map.

    Attributes:
        figure: The figure of plotly, whose layout can be changed: ``picture.figure.update_layout(...)``.
        height: The least height of its page in pixels, which is the height in a notebook.
    """

    figure: Any
    height: int

    def to_html(self) -> str:
        """See `Picture`."""
        height = f"max(calc(100vh - {FOOTER}px), {self.height - FOOTER}px)"
        drawn = self.figure.to_html(
            full_html=False, include_plotlyjs=True, config=CONFIG, div_id="picture", default_height=height
        )
        body = f"<main>{drawn}</main>\n<footer>{escape(self.caption)}</footer>"
        # The parts of plotly.js that draw in three dimensions compile functions.
        return _fill_page(self.title, FIGURE_STYLE, body, "'unsafe-inline' 'unsafe-eval'")

    def _repr_html_(self) -> str:
        page = escape(self.to_html())
        size = f"width:100%;height:{self.height}px;border:0"
        return f'<iframe sandbox="allow-scripts allow-downloads" style="{size}" srcdoc="{page}"></iframe>'

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002
        """Return the page, and the figure for notebooks that can draw it themselves."""
        figure = json.loads(self.figure.to_json())
        return {
            "application/vnd.plotly.v1+json": figure,
            "text/html": self._repr_html_(),
            "text/plain": repr(self),
        }


@dataclass(frozen=True, repr=False)
class TokenPicture(Picture):
    """A text whose tokens have colors.

    Attributes:
        fragment: The text as HTML, escaped.
    """

    fragment: str

    def to_html(self) -> str:
        """See `Picture`."""
        return _fill_page(self.title, TOKEN_PAGE_STYLE, self._repr_html_(), "'none'")

    def _repr_html_(self) -> str:
        heading = f"<h1>{escape(self.title)}</h1>"
        footer = f"<footer>{escape(self.caption)}</footer>"
        html = f'<section class="nlu-lite"><style>{TOKEN_STYLE}</style>{heading}{self.fragment}{footer}</section>'
        return escape_surrogates(html)


CONFIG = {"displaylogo": False, "responsive": True, "showSendToCloud": False, "plotlyServerURL": ""}
"""Without plotly's button that sends a figure to its server."""
FOOTER = 48
"""The height of a caption in pixels."""
FIGURE_STYLE = (
    "body{margin:0;background:#fff;color:#333;font:14px/1.4 system-ui,sans-serif}"
    "footer{padding:6px 16px 10px;font-size:12px;color:#666}"
)
TOKEN_PAGE_STYLE = (
    ":root{color-scheme:light dark}body{max-width:50em;margin:2em auto;padding:0 1em;font-family:system-ui,sans-serif}"
)
TOKEN_STYLE = (
    ".nlu-lite h1{font-size:1.1em;margin:0 0 .6em}.nlu-lite p{white-space:pre-wrap;overflow-wrap:anywhere;"
    "line-height:1.9;font-size:1.1em;margin:.3em 0}.nlu-lite span{border-radius:3px;box-decoration-break:clone;"
    "-webkit-box-decoration-break:clone;background:rgba(255,127,14,var(--a,0))}.nlu-lite span:hover{outline:1px solid}"
    ".nlu-lite footer{font-size:.85em;opacity:.75;margin-top:1em}.nlu-lite i.scale{display:inline-block;width:8em;"
    "height:.8em;margin:0 .5em;border-radius:3px;background:linear-gradient(90deg,rgba(255,127,14,0),"
    "rgba(255,127,14,.8));outline:1px solid rgba(128,128,128,.4)}"
)


def _fill_page(title: str, style: str, body: str, scripts: str) -> str:
    policy = POLICY.format(scripts=scripts)
    return escape_surrogates(PAGE.format(policy=policy, title=escape(title), style=style, body=body))
