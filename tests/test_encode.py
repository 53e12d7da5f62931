"""`Pipeline.encode`: one vector for each text."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import MODEL, TEXTS

import nlu_lite
from nlu_lite import InputError, OptionError
from nlu_lite.pipeline import documents

REFERENCE = f"path:{MODEL}"
TWO = ["A cat sat. It purred!", "", "Ein Hund."]


@pytest.fixture(scope="module")
def pipeline():
    return nlu_lite.load(REFERENCE)


def test_a_vector_is_the_mean_of_its_tokens(pipeline):
    found = pipeline.encode(TWO)
    assert (found.dtype, found.shape) == (np.float32, (3, 16))
    tokens = pipeline.predict(TWO)
    for row in (0, 2):
        np.testing.assert_allclose(found[row], nlu_lite.matrix(tokens.loc[[row]]).mean(axis=0), atol=1e-6)
    assert not found[1].any()


@pytest.mark.parametrize("changes", [{}, {"sentence_pooling": "cls"}, {"layers": (0, -1), "layer_merge": "concat"}])
def test_vectors_are_those_of_predict_at_the_document_level(pipeline, changes):
    changed = pipeline.with_(**changes)
    expected = changed.predict(TEXTS, output_level="document", empty="keep")
    np.testing.assert_array_equal(changed.encode(TEXTS), nlu_lite.matrix(expected))


FORMS = {
    "list": list,
    "tuple": tuple,
    "iterator": iter,
    "array": lambda texts: np.array(texts, object),
    "pandas": pd.Series,
    "pandas index": lambda texts: pd.Series(texts, index=[5, 5, 1]),
    "pandas frame": lambda texts: pd.DataFrame({"text": texts, "other": 1}),
    "polars": lambda texts: pl.Series("text", texts),
    "polars frame": lambda texts: pl.DataFrame({"text": texts}),
    "arrow": pa.array,
    "arrow chunks": lambda texts: pa.chunked_array([texts[:1], texts[1:]]),
    "arrow table": lambda texts: pa.table({"text": texts}),
}


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_of_data_are_read(pipeline, form):
    np.testing.assert_array_equal(pipeline.encode(FORMS[form](TWO)), pipeline.encode(TWO))


def test_words_and_sentences_that_are_already_split(pipeline):
    words = [["A", "cat"], [], ["dogs"]]
    np.testing.assert_array_equal(pipeline.encode(words), pipeline.encode(["A cat", "", "dogs"]))
    split = pipeline.encode([["A cat.", "It purred"], ["Yes."]], split="sentences")
    np.testing.assert_allclose(split, pipeline.encode(["A cat. It purred", "Yes."]), atol=1e-5)


def test_a_str_is_one_row(pipeline):
    assert pipeline.encode("A cat.").shape == (1, 16)
    assert pipeline.encode(" \n").tolist() == [[0] * 16]


def test_no_texts_are_a_matrix_of_the_models_width(pipeline):
    assert pipeline.encode([]).shape == (0, 16)
    assert pipeline.with_(pooling="first_last").encode(pd.Series([], dtype=object)).shape == (0, 32)


def test_normalized_vectors_have_length_one_and_zeros_stay(pipeline):
    found = pipeline.encode(TWO, normalize=True)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1, 0, 1], atol=1e-6)
    np.testing.assert_allclose(found[0] @ pipeline.encode(TWO)[0], np.linalg.norm(pipeline.encode(TWO)[0]), rtol=1e-5)
    with pytest.raises(OptionError, match="normalize='yes'"):
        pipeline.encode(TWO, normalize="yes")


@pytest.mark.parametrize("form", ["list", "pandas frame"])
@pytest.mark.parametrize("size", [1, 7, 30])
def test_long_data_is_encoded_in_parts(pipeline, monkeypatch, form, size):
    data = {"list": [text.split() for text in TEXTS[:9]], "pandas frame": pd.DataFrame({"text": TEXTS[:9]})}[form]
    whole = pipeline.encode(data)
    monkeypatch.setattr(documents, "CHUNK", size)
    np.testing.assert_allclose(pipeline.encode(data), whole, atol=1e-5)


@settings(max_examples=15)
@given(
    st.lists(st.sampled_from(["", " ", "cat", "A cat sat.", "Ein. Hund.", "\U0001f600", "\u4eca\u5929"]), max_size=8)
)
def test_every_text_has_a_row_in_its_place(pipeline, texts):
    found = pipeline.encode(texts)
    assert found.shape == (len(texts), 16)
    assert [bool(row.any()) for row in found] == [bool(text.strip()) for text in texts]
    for row, text in zip(found, texts, strict=True):
        np.testing.assert_allclose(row, pipeline.encode(text)[0], atol=1e-5)


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_missing_texts_are_named(pipeline, missing):
    with pytest.raises(InputError, match=r"there is no text in rows 1, 3; expected a str in every row\. Fill them\.$"):
        pipeline.encode(["a", missing, "b", missing])
    with pytest.raises(InputError, match="in row 'y'"):
        pipeline.encode(pd.Series(["a", missing], index=["x", "y"], dtype=object))


@pytest.mark.parametrize("data", [None, 3, b"bytes", {"a": "b"}, ["a", 3], np.zeros((2, 2))])
def test_data_without_texts_are_an_error(pipeline, data):
    with pytest.raises(InputError) as caught:
        pipeline.encode(data)
    assert "predict" not in caught.value.got


def test_a_pipeline_needs_one_model(tmp_path):
    import shutil

    with pytest.raises(OptionError, match="the pipeline has no model"):
        nlu_lite.load("en.tokenize").encode("a")
    shutil.copytree(MODEL, tmp_path / "other")
    two = nlu_lite.load(REFERENCE, f"path:{tmp_path / 'other'}")
    with pytest.raises(OptionError, match=r"the pipeline has 2 models; .*'word_embedding_other'.*column="):
        two.encode("a")
    assert two.encode("a", column="word_embedding_other").shape == (1, 16)
    with pytest.raises(OptionError, match="Nearest: word_embedding_other"):
        two.encode("a", column="word_embedding_othr")
