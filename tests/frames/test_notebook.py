"""Frames in notebooks: vectors are short, and other columns stay."""

import re

import numpy as np
import pandas as pd
import pytest

import nlu_lite
import nlu_lite.pandas
from nlu_lite.errors import OptionError
from nlu_lite.frames import render_frame

VECTORS = np.arange(400, dtype=np.float32).reshape(100, 4) / 8


def table(count):
    columns = {"token": [f"t{n}" for n in range(count)], "word_embedding_x": list(VECTORS[:count]), "note": "<b>"}
    return pd.DataFrame(columns)


def cells(html):
    return re.findall(r"<td>(.*?)</td>", html)


def test_vectors_are_short_and_other_cells_are_those_of_pandas():
    frame = table(3)
    shown = cells(render_frame(frame))
    assert shown[:3] == ["t0", "[0.00, 0.12, 0.25, ... 4]", "&lt;b&gt;"]
    others = frame.drop(columns="word_embedding_x")
    assert cells(render_frame(others)) == cells(others._repr_html_())


def test_long_frames_are_cut_as_by_pandas():
    html = render_frame(table(100))
    assert "100 rows × 3 columns" in html
    assert len(cells(html)) == len(cells(table(100)._repr_html_()))


def test_missing_vectors_stay():
    frame = table(2)
    frame.loc[1, "word_embedding_x"] = None
    assert cells(render_frame(frame))[4] in ("None", "nan", "NaN")


def test_a_notebook_shows_short_vectors_on_request():
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    try:
        formatter = shell.display_formatter.formatters["text/html"]
        nlu_lite.pandas.shorten_vectors()
        assert "[0.00, 0.12, 0.25, ... 4]" in formatter(table(3))
        formatter.pop(pd.DataFrame)
    finally:
        InteractiveShell.clear_instance()


def test_elsewhere_the_remedy_is_named():
    with pytest.raises(OptionError, match="no IPython session is running"):
        nlu_lite.pandas.shorten_vectors()
