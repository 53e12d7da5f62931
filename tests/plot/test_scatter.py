"""`frame.nlu.plot`: points, colors, labels, hover texts and what is left out."""

import json
import re
import sys

import numpy as np
import pandas as pd
import pytest

from nlu_lite.errors import InputError, MissingExtra, OptionError
from tests.plot.frames import COLUMN, tokens

SCRIPT = "<script>alert(1)</script>"


def traces(picture):
    return json.loads(picture.figure.to_json())["data"]


@pytest.mark.parametrize("method", ["pca", "tsne"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_each_row_is_a_point_and_the_same_frame_gives_the_same_picture(method, dimensions):
    frame = tokens()
    first = frame.nlu.plot(dimensions=dimensions, method=method)
    [trace] = first.figure.data
    assert len(trace.x) == len(frame)
    assert trace.type == ("scatter" if dimensions == 2 else "scatter3d")
    assert traces(first) == traces(frame.nlu.plot(dimensions=dimensions, method=method))
    assert list(trace.text) == frame["token"].tolist()


def test_the_points_of_pca_are_those_of_the_directions():
    frame = tokens(dimension=2)
    longer = frame.assign(**{COLUMN: [3e19 * vector for vector in frame[COLUMN]]})
    [one], [other] = frame.nlu.plot().figure.data, longer.nlu.plot().figure.data
    np.testing.assert_allclose(one.x, other.x, atol=1e-6)
    vectors = frame.nlu.matrix()
    expected = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    places = np.stack([one.x, one.y], axis=1)
    np.testing.assert_allclose(
        places @ places.T, (expected - expected.mean(0)) @ (expected - expected.mean(0)).T, atol=1e-6
    )


def test_hover_shows_the_token_in_its_sentence_also_for_some_rows():
    frame = tokens()
    [trace] = frame.nlu.plot(rows=frame["token"].isin(["cat", "Dogs"])).figure.data
    assert [strip(text) for text in trace.hovertext] == ["cat<br>A <b>cat</b> sat.", "Dogs<br><b>Dogs</b> bark!"]


def strip(text):
    return text.translate({0x2068: None, 0x2069: None}).replace("<b>", "", 1).replace("</b>", "", 1)


def test_colors_are_groups_or_a_scale_and_groups_have_means():
    frame = tokens(kind=["a", "b", "a", None, "b", "a", "b"])
    picture = frame.nlu.plot(color="kind", by="kind")
    names = [trace.name for trace in picture.figure.data]
    assert names == ["a", "b", "(missing)", "mean of a", "mean of b", "mean of (missing)"]
    first, mean = picture.figure.data[0], picture.figure.data[3]
    np.testing.assert_allclose(mean.x, np.mean(first.x))
    many = tokens(["a b c d e f g h i j k l m n"])
    [scale] = many.nlu.plot(color="token_begin").figure.data
    assert scale.marker.showscale
    assert list(scale.marker.color) == many["token_begin"].tolist()


def test_color_bars_leave_the_corner_of_the_toolbar_free():
    many = tokens(["a b c d e f g h i j k l m n"])
    bars = [
        many.nlu.plot(color="token_begin").figure.data[0].marker.colorbar,
        many.nlu.heatmap().figure.data[0].colorbar,
    ]
    assert [(bar.y, bar.yanchor, bar.len < 0.6) for bar in bars] == [(0, "bottom", True)] * 2


def test_three_axes_have_titles_on_two_lines_and_means_have_marks_that_fonts_have():
    figure = tokens(kind="k").nlu.plot(dimensions=3, by="kind").figure
    titles = [figure.layout.scene[f"{letter}axis"].title.text for letter in "xyz"]
    assert all(re.fullmatch(r"component \d<br>\(\d+% of the variance\)", title) for title in titles)
    assert figure.data[1].marker.symbol == "diamond"


def test_rare_values_of_a_column_with_many_share_a_color():
    frame = tokens([" ".join(f"w{n}" for n in range(40))])
    names = [trace.name for trace in frame.nlu.plot(color="token").figure.data]
    assert len(names) == 25
    assert names[-1] == "(16 other values)"


def test_many_rows_are_sampled_and_the_caption_says_so():
    frame = tokens(["a b c d e f g h"])
    picture = frame.nlu.plot(max_rows=5)
    assert len(picture.figure.data[0].x) == 5
    assert picture.caption == "PCA of a random sample of 5 of 8 rows"
    assert picture.caption in picture.to_html()


def test_rows_without_a_direction_are_left_out_and_the_caption_says_so():
    frame = tokens()
    vectors = frame.nlu.matrix(copy=True)
    vectors[1], vectors[2, 0], vectors[3, 1] = 0, np.nan, np.inf
    picture = frame.assign(**{COLUMN: list(vectors)}).nlu.plot()
    assert len(picture.figure.data[0].x) == 4
    assert picture.caption.endswith("4 rows; 3 rows left out, whose vectors are zeros or not finite")


def test_equal_vectors_and_few_dimensions_have_a_place():
    frame = tokens(dimension=1)
    for method in ("pca", "tsne"):
        [trace] = frame.nlu.plot(dimensions=3, method=method).figure.data
        assert np.isfinite([trace.x, trace.y, trace.z]).all()


def test_data_are_escaped_everywhere():
    frame = tokens([f"{SCRIPT} x y"], kind=[SCRIPT, "b", "c"]).rename(columns={"kind": SCRIPT})
    page = frame.nlu.plot(color=SCRIPT, labels=SCRIPT, by=SCRIPT, title=SCRIPT).to_html()
    page = page[page.rindex("Plotly.newPlot") :] + page[: page.index("<script")]
    assert SCRIPT not in page
    assert "<script" not in page
    assert "\\u003cscript" not in page
    assert "&lt;script&gt;" in page


def test_long_texts_are_shortened():
    frame = tokens(["x" * 100_000 + " y"])
    hover, _ = frame.nlu.plot().figure.data[0].hovertext
    assert len(hover) < 300


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"color": "kin"}, InputError, r"color='kin' is no column.*Nearest: kind"),
        ({"labels": "no"}, InputError, "labels='no' is no column"),
        ({"by": COLUMN}, InputError, "by='word_embedding_x' is a column of vectors"),
        ({"column": "no"}, InputError, "'no' is no column of vectors"),
        ({"rows": [True]}, InputError, "7 booleans, one for each row"),
        ({"rows": [[1], [1, 2]]}, InputError, "7 booleans, one for each row"),
        ({"rows": [True] + [False] * 6}, InputError, "at least two such rows"),
        ({"dimensions": 4}, OptionError, "dimensions=4; expected a whole number from 2 to 3"),
        ({"method": "pcaa"}, OptionError, r"method='pcaa'.*Nearest: pca"),
        ({"max_rows": 1}, OptionError, "max_rows=1"),
    ],
)
def test_wrong_options_are_errors(options, error, said):
    with pytest.raises(error, match=said):
        tokens(kind="k").nlu.plot(**options)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame({"token": ["a", "b"]}), "0 columns hold vectors"),
        (tokens().iloc[:1], "1 of the rows has a vector"),
        (tokens().iloc[:0], "the frame has no rows"),
        (pd.DataFrame({"token": ["a", "b"], COLUMN: [np.ones(2), np.ones(3)]}), "length 3 after some of length 2"),
        (pd.concat([tokens(), tokens()[["token"]]], axis=1), "'token'.* occur twice"),
    ],
)
def test_frames_that_cannot_be_drawn_are_errors(frame, said):
    with pytest.raises(InputError, match=said):
        frame.nlu.plot()


@pytest.mark.parametrize(
    ("missing", "options", "said"),
    [
        ("plotly.graph_objects", {}, r'a plot needs plotly.*pip install "nlu-lite\[plot\]"'),
        ("sklearn.decomposition", {}, r'needs sklearn.*pip install "nlu-lite\[plot\]"'),
        ("umap", {"method": "umap"}, "method='umap' needs umap-learn. Run: pip install umap-learn"),
    ],
)
def test_missing_packages_are_named(monkeypatch, missing, options, said):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtra, match=said):
        tokens().nlu.plot(**options)
