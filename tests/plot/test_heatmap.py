"""`frame.nlu.heatmap`: tokens by tokens, of one frame or two."""

import numpy as np
import pandas as pd
import pytest

from nlu_lite.errors import InputError, OptionError
from tests.plot.frames import COLUMN, tokens


def test_cells_are_the_similarities():
    frame = tokens()
    [cells] = frame.nlu.heatmap().figure.data
    np.testing.assert_allclose(cells.z, frame.nlu.similarity(frame), atol=1e-6)


def test_two_frames_are_aligned():
    frame = tokens()
    other = frame.iloc[[3, 0]].assign(token=["b", "<b>"])
    picture = frame.nlu.heatmap(other)
    cells, pairs = picture.figure.data
    assert np.shape(cells.z) == (7, 2)
    assert sorted(zip(pairs.y, pairs.x, strict=True)) == [(0, 1), (3, 0)]
    assert "&lt;b&gt;" in cells.hovertext[0][1]
    assert "7 rows with 2 rows" in picture.caption


def test_tokens_that_occur_twice_have_cells_of_their_own():
    frame = tokens(["the cat the"])
    figure = frame.nlu.heatmap().figure
    assert np.shape(figure.data[0].z) == (3, 3)
    assert len(figure.layout.xaxis.ticktext) == 3


def test_rows_are_left_out_or_sampled_and_the_caption_says_so():
    frame = tokens()
    vectors = frame.nlu.matrix(copy=True)
    vectors[0] = 0
    frame = frame.assign(**{COLUMN: list(vectors)})
    assert "6 rows; 1 rows left out" in frame.nlu.heatmap().caption
    picture = frame.nlu.heatmap(max_rows=3)
    assert np.shape(picture.figure.data[0].z) == (3, 3)
    assert "a random sample of 3 of 6 rows" in picture.caption


def test_one_row_is_drawn():
    assert tokens().iloc[:1].nlu.heatmap().figure.data[0].z.tolist() == [[1]]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (tokens(dimension=3), "length 3"),
        (pd.DataFrame({"token": ["a"]}), "is no column of vectors"),
        (["a"], "the frame is a list"),
        (tokens().iloc[:0], "no rows"),
        (tokens().assign(**{COLUMN: [np.zeros(4, np.float32)] * 7}), "no row has a vector"),
    ],
)
def test_other_frames_that_cannot_be_compared_are_errors(other, said):
    with pytest.raises(InputError, match=said):
        tokens().nlu.heatmap(other)


def test_the_size_is_limited():
    with pytest.raises(OptionError, match="max_rows=1001"):
        tokens().nlu.heatmap(max_rows=1001)
