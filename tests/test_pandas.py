"""`frame.nlu`: predict from a frame, and compare the vectors of the result."""

import numpy as np
import pandas as pd
import pytest
from tiny import MODEL

import nlu_lite
from nlu_lite.errors import InputError, OptionError

REFERENCE = f"path:{MODEL}"
COLUMN = "word_embedding_xlmroberta_weights"
FRAME = pd.DataFrame({"review": ["A cat.", "A dog!"], "stars": [5, 1]}, index=["x", "y"])


@pytest.fixture(scope="module", autouse=True)
def accessor():
    import nlu_lite.pandas

    return nlu_lite.pandas.NluAccessor


@pytest.fixture(scope="module")
def pipeline():
    return nlu_lite.load(REFERENCE)


@pytest.fixture
def words(pipeline):
    return FRAME.nlu.predict(pipeline, text_column="review")


def plane(**columns):
    return pd.DataFrame({"token": list("abcd"), "word_embedding_x": list(PLANE), **columns}, index=[7, 7, 8, 9])


PLANE = np.array([[1, 0], [0, 2], [-3, 0], [0, 0]], np.float32)


def test_predict_is_that_of_the_pipeline(pipeline, words):
    before = FRAME.copy(deep=True)
    pd.testing.assert_frame_equal(words, pipeline.predict(FRAME, text_column="review"))
    pd.testing.assert_frame_equal(FRAME, before)
    assert words["stars"].tolist() == [5, 5, 5, 1, 1, 1]


def test_predict_loads_a_reference(pipeline, words):
    loaded = FRAME.nlu.predict(REFERENCE, text_column="review")
    pd.testing.assert_frame_equal(loaded, words)


def test_the_matrix_is_that_of_the_frame(words):
    np.testing.assert_array_equal(words.nlu.matrix(), nlu_lite.matrix(words))
    assert words.iloc[[2, 0]].nlu.matrix().tolist() == words.nlu.matrix()[[2, 0]].tolist()


def test_similarity_to_a_vector_is_the_cosine():
    found = plane().nlu.similarity([3, 4])
    assert found.name == "similarity"
    assert found.index.tolist() == [7, 7, 8, 9]
    np.testing.assert_allclose(found[:3], [0.6, 0.8, -0.6], rtol=1e-6)
    assert np.isnan(found.iloc[3])  # a row of zeros has no direction


def test_similarity_to_a_frame_has_a_column_for_each_of_its_rows():
    frame = plane()
    found = frame.nlu.similarity(frame.iloc[[0, 2]])
    assert found.columns.tolist() == [7, 8]
    np.testing.assert_allclose(found.to_numpy()[:3], [[1, -1], [0, 0], [-1, 1]])


def test_similarity_to_a_frame_of_another_library_is_the_same(pipeline, words):
    expected = words.nlu.similarity(words)
    for form in ("arrow", "polars"):
        found = words.nlu.similarity(pipeline.predict(FRAME, text_column="review", as_=form))
        assert found.columns.tolist() == list(range(6))
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(InputError, match="'word_embedding_x' is no column"):
        plane().nlu.similarity(pipeline.predict("a", as_="arrow"))
    assert words.nlu.similarity(words.iloc[:0]).shape == (6, 0)


def test_similarity_to_a_text_asks_the_pipeline_that_made_the_frame(pipeline, words):
    [query] = nlu_lite.matrix(pipeline.predict("A cat.", output_level="document"))
    vectors = words.nlu.matrix()
    expected = vectors @ query / np.linalg.norm(vectors, axis=1) / np.linalg.norm(query)
    np.testing.assert_allclose(words.nlu.similarity("A cat."), expected, atol=1e-6)
    later = words[words["stars"] == 5]
    np.testing.assert_allclose(later.nlu.similarity("A cat.", ref=pipeline), expected[:3], atol=1e-6)
    for method in ("similarity", "nearest"):
        with pytest.raises(InputError, match=rf"that made this frame is unknown.*Pass it: {method}\(text, ref="):
            getattr(later.nlu, method)("A cat.")


def test_nearest_rows_come_first():
    found = plane(n=[1, 2, 3, 4]).nlu.nearest([3, 4], k=2)
    assert found["n"].tolist() == [2, 1]
    np.testing.assert_allclose(found["similarity"], [0.8, 0.6], rtol=1e-6)
    assert plane(n=[1, 2, 3, 4]).nlu.nearest([3, 4])["n"].tolist() == [2, 1, 3]


def test_a_word_is_nearest_to_itself(words):
    for row in range(len(words)):
        assert words.nlu.nearest(words.nlu.matrix()[row], k=1)["token"].iloc[0] == words["token"].iloc[row]


def test_a_row_of_the_frame_is_left_out_of_its_own_result(words):
    for row in range(len(words)):
        query = words.iloc[[row]]
        found = words.nlu.nearest(query)
        assert len(found) == len(words) - 1
        others = [number for number in range(len(words)) if number != row]
        assert sorted(found["token"]) == sorted(words["token"].iloc[others])
    twice = plane().iloc[[0, 1, 0]]
    assert twice.nlu.nearest(twice.iloc[[0]], k=3)["token"].tolist() == ["a", "b"]  # its equal stays


def test_the_sentence_of_a_token_is_shown(pipeline, words):
    found = words.nlu.nearest(words.iloc[[0]], k=6)
    expected = {"x": "A cat.", "y": "A dog!"}
    assert found["sentence"].tolist() == [expected[label] for label in found.index]
    text = "  One two.  Three four!  "
    frame = pipeline.predict(text)
    assert frame.nlu.nearest("One", k=9).sort_index(kind="stable")["sentence"].nunique() == 2
    assert set(frame.nlu.nearest("One", k=9)["sentence"]) == {"One two.", "Three four!"}
    assert "sentence" not in frame.iloc[:3].nlu.nearest("One", ref=pipeline).columns  # a derived frame
    assert pipeline.predict(text, output_level="document").nlu.nearest("One").columns[-1] == "similarity"


def test_a_result_of_the_pipeline_knows_it(pipeline):
    frame = pipeline.predict(["A cat.", "A dog!"])
    np.testing.assert_array_equal(frame.nlu.similarity("A cat."), frame.nlu.similarity("A cat.", ref=pipeline))


def test_centered_similarity_leaves_out_what_all_vectors_share():
    shared = PLANE[:3] + np.float32(10)
    frame = pd.DataFrame(
        {"token": list("abcd"), "word_embedding_x": [*shared.astype(np.float32), np.zeros(2, np.float32)]}
    )
    query = shared[0]
    assert frame.nlu.similarity(query)[:3].min() > 0.9
    centered = shared - shared.mean(axis=0)
    expected = centered @ centered[0] / np.linalg.norm(centered, axis=1) / np.linalg.norm(centered[0])
    np.testing.assert_allclose(frame.nlu.similarity(query, center=True)[:3], expected, atol=1e-5)
    assert np.isnan(frame.nlu.similarity(query, center=True)[3])
    np.testing.assert_allclose(np.abs(frame.nlu.similarity(query, center=True, components=1)[:3]), 1, atol=1e-4)
    assert frame.nlu.nearest(query, k=1, center=True)["token"].tolist() == ["a"]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"components": 1}, OptionError, "without center"),
        ({"center": True, "components": 3}, OptionError, "components=3"),
        ({"center": True, "components": -1}, OptionError, "components=-1"),
        ({"center": "yes"}, OptionError, "center='yes'"),
    ],
)
def test_wrong_centering_is_an_error(options, error, said):
    for method in (plane().nlu.similarity, plane().nlu.nearest):
        with pytest.raises(error, match=said):
            method([1, 0], **options)
    with pytest.raises(OptionError, match="at least two rows"):
        plane().iloc[:1].nlu.similarity([1, 0], center=True)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ([1, 2, 3], "the vector of the query has length 3; expected length 2"),
        ([0, 0], "no direction"),
        ([np.nan, 1], "no direction"),
        ([[1, 2]], r"a list of shape \(1, 2\)"),
        ([[1], [1, 2]], "the query is a list"),
        (None, "a NoneType"),
        (pd.DataFrame({"token": ["a"]}), "no vectors called 'word_embedding_x'"),
    ],
)
def test_what_is_no_query_is_said(query, said):
    with pytest.raises(InputError, match=said):
        plane().nlu.similarity(query)


def test_the_column_must_be_clear():
    two = plane(word_embedding_y=list(PLANE))
    with pytest.raises(InputError, match=r"2 columns hold vectors; .*word_embedding_y"):
        two.nlu.similarity([1, 0])
    assert two.nlu.similarity([1, 0], column="word_embedding_y").iloc[0] == 1
    with pytest.raises(InputError, match="'z' is no column of vectors"):
        two.nlu.similarity([1, 0], column="z")


def test_nearest_refuses_what_it_cannot_answer():
    with pytest.raises(OptionError, match="k=0"):
        plane().nlu.nearest([1, 0], k=0)
    with pytest.raises(InputError, match="the query has 2 rows; expected one"):
        plane().nlu.nearest(plane().iloc[:2])
    with pytest.raises(InputError, match="has a column 'similarity'"):
        plane(similarity=[1, 2, 3, 4]).nlu.nearest([1, 0])


def test_a_text_without_words_or_of_another_model_is_an_error(pipeline, words):
    with pytest.raises(InputError, match="has no words"):
        words.nlu.similarity(" ")
    with pytest.raises(InputError, match="expected 'word_embedding_x'"):
        plane().nlu.similarity("a cat", ref=pipeline)


def test_no_rows_have_no_similarity():
    assert plane().iloc[:0].nlu.similarity([1, 0]).empty
    assert plane().iloc[:0].nlu.nearest([1, 0]).empty
