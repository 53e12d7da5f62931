"""`frame.nlu.html`: the text with colored tokens."""

import re
from functools import partial

import numpy as np
import pytest
from tiny import MODEL

import nlu_lite
from nlu_lite.errors import InputError, OptionError
from tests.plot.frames import COLUMN, plain, tokens

SCRIPT = "<script>alert(1)</script>"


def texts(picture):
    """Return the text of each paragraph, as a reader sees it."""
    paragraphs = re.findall('<p dir="auto">(.*?)</p>', picture.to_html(), re.DOTALL)
    return [re.sub("(?s)<.*?>", "", one) for one in paragraphs]


def test_offsets_keep_the_spaces_of_the_text():
    found = tokens(["A cat sat.", "Dogs  bark!"]).nlu.html([1, 0, 0, 0])
    assert texts(found) == ["A cat sat.", "Dogs  bark!"]


def test_a_column_with_the_text_gives_all_of_it():
    frame = tokens(["A cat sat. "]).assign(original="A cat sat. ")
    assert texts(frame.iloc[1:2].nlu.html([1, 0, 0, 0])) == ["A cat sat. "]


@pytest.mark.parametrize(
    ("units", "text"),
    [
        (["A", "cat", ",", "(", "sat", ")", "."], "A cat, (sat)."),
        (["銀行", "は", "Python", "を", "使う", "。"], "銀行はPythonを使う。"),
        (["ธนาคาร", "ปฏิเสธ"], "ธนาคารปฏิเสธ"),
        (["البنك", "رفض", "؟"], "البنك رفض؟"),
        (["은행", "에서"], "은행 에서"),
    ],
)
def test_without_offsets_no_spaces_are_invented(units, text):
    frame = plain(tokens([" ".join("x" * len(units))])).assign(token=units)
    assert texts(frame.nlu.html([1, 0, 0, 0])) == [text]


def test_rows_out_of_order_begin_a_new_paragraph():
    assert texts(tokens(["A cat sat."]).iloc[[2, 0]].nlu.html([1, 0, 0, 0])) == ["sat", "A"]


def test_hover_has_the_similarity_and_the_pieces():
    pipeline = nlu_lite.load(f"path:{MODEL}")
    frame = pipeline.predict("Unbelievable cats.", positions=True)
    page = frame.nlu.html("cat", ref=pipeline).to_html()
    [first, *_] = re.findall('title="(.*?)"', page, re.DOTALL)
    name, similarity, pieces = first.split("\n")
    assert name == "Unbelievable"
    assert similarity == f"similarity {frame.nlu.similarity('cat', ref=pipeline).iloc[0]:.3f}"
    assert pieces.removeprefix("pieces: ").replace(" | ", "") == "Unbelievable"


def test_the_strongest_color_is_that_of_the_highest_value():
    frame = tokens()
    strengths = [float(one) for one in re.findall(r"--a:([\d.]+)", frame.nlu.html(frame.iloc[[2]])._repr_html_())]
    assert len(strengths) == 7
    assert int(np.argmax(strengths)) == 2
    assert (min(strengths), max(strengths)) == (0, 0.8)


def test_rows_without_a_direction_have_no_color_and_the_caption_says_so():
    frame = tokens()
    vectors = frame.nlu.matrix(copy=True)
    vectors[1], vectors[2] = 0, np.nan
    picture = frame.assign(**{COLUMN: list(vectors)}).nlu.html([1, 0, 0, 0])
    assert picture.caption.endswith("7 rows; 2 rows without a color, whose vectors are zeros or not finite")
    assert picture.fragment.count("no vector that is finite") == 2


def test_only_the_first_of_many_rows_are_shown_and_the_caption_says_so():
    picture = tokens().nlu.html([1, 0, 0, 0], max_rows=3)
    assert picture.caption.endswith("the first 3 of 7 rows")
    assert picture.fragment.count("<span") == 3


def test_data_are_escaped():
    frame = tokens([f"{SCRIPT}\"' x"]).assign(original=f"{SCRIPT}\"' x")
    page = frame.nlu.html([1, 0, 0, 0], title=SCRIPT).to_html()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 2


def test_one_row_is_shown():
    assert texts(tokens().iloc[:1].nlu.html([1, 0, 0, 0])) == ["A"]


def test_wrong_queries_are_errors():
    with pytest.raises(InputError, match="the query has 2 rows; expected one row"):
        tokens().nlu.html(tokens().iloc[:2])
    with pytest.raises(InputError, match="no rows"):
        tokens().iloc[:0].nlu.html([1, 0])
    with pytest.raises(InputError, match="is unknown"):
        tokens().nlu.html("a text")


def test_a_result_of_predict_knows_its_texts():
    frame = nlu_lite.load(f"path:{MODEL}").predict(["A  cat,\tyes.", "No !"])
    assert texts(frame.nlu.html(frame.iloc[[0]])) == ["A  cat,\tyes.", "No !"]
    frame["token"] = frame["token"].to_numpy()[::-1]
    assert "A  cat" not in texts(frame.nlu.html(frame.iloc[[0]]))


@pytest.mark.parametrize("components", [0, 2])
def test_removed_components_are_those_of_similarity(components):
    frame, options = tokens(), {"center": True, "components": components}
    expected = frame.nlu.similarity(frame, **options)
    np.testing.assert_allclose(frame.nlu.heatmap(**options).figure.data[0].z, expected, atol=1e-6)
    page = frame.nlu.html(frame.iloc[[2]], **options)._repr_html_()
    assert [f"{value:.3f}" for value in expected.iloc[:, 2]] == re.findall(r"similarity (-?\d\.\d+)", page)
    [trace] = frame.nlu.plot(**options).figure.data
    assert not np.allclose(trace.x, frame.nlu.plot(center=True, components=1).figure.data[0].x)


def test_components_are_removed_with_the_mean_only():
    for draw in (tokens().nlu.plot, tokens().nlu.heatmap, partial(tokens().nlu.html, [1, 0, 0, 0])):
        with pytest.raises(OptionError, match="components=1 without center"):
            draw(components=1)
        with pytest.raises(OptionError, match="components=5; expected a whole number from 0 to 4"):
            draw(center=True, components=5)


def test_centering_is_that_of_similarity():
    frame = tokens()
    page = frame.nlu.html(frame.iloc[[2]], center=True)._repr_html_()
    expected = frame.nlu.similarity(frame.iloc[[2]], center=True).iloc[:, 0]
    assert [f"{value:.3f}" for value in expected] == re.findall(r"similarity (-?\d\.\d+)", page)
    [trace] = frame.nlu.plot(center=True).figure.data
    assert not np.allclose(trace.x, frame.nlu.plot().figure.data[0].x)
    cells = frame.nlu.heatmap(center=True).figure.data[0].z
    np.testing.assert_allclose(cells, frame.nlu.similarity(frame, center=True), atol=1e-6)
