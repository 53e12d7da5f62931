"""With ``empty="keep"``, every text has a row, even a text without words."""

import json
import shutil

import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from tiny import MODEL
from typer.testing import CliRunner

import nlu_lite
from nlu_lite import OptionError
from nlu_lite.cli import app

REFERENCE = f"path:{MODEL}"
COLUMN = "word_embedding_xlmroberta_weights"
TEXTS = ["", "One two. Three!", " \n\t", "Four.", "\u3000\u2028"]
LEVELS = ["sentence", "document"]
ROWS = {"sentence": [0, 1, 1, 2, 3, 4], "document": [0, 1, 2, 3, 4]}


@pytest.fixture(scope="module")
def pipeline():
    return nlu_lite.load(REFERENCE, reproducible=True)


def kept(pipeline, data, level, **options):
    return pipeline.predict(data, output_level=level, empty="keep", **options)


@pytest.mark.parametrize("level", LEVELS)
def test_a_text_without_words_has_one_row_of_zeros(pipeline, level):
    frame = kept(pipeline, TEXTS, level)
    vectors = nlu_lite.matrix(frame)
    has_words = np.isin(frame.index, [1, 3])
    assert frame.index.tolist() == ROWS[level]
    assert vectors.dtype == np.float32
    assert not vectors[~has_words].any()
    np.testing.assert_array_equal(vectors[has_words], nlu_lite.matrix(pipeline.predict(TEXTS, output_level=level)))
    assert all(np.shares_memory(cell, vectors) for cell in frame[COLUMN])


@pytest.mark.parametrize("level", LEVELS)
def test_the_other_rows_are_those_of_the_default(pipeline, level):
    options = {"positions": True, "metadata": True}
    frame = kept(pipeline, TEXTS, level, **options)
    default = pipeline.predict(TEXTS, output_level=level, **options)
    pd.testing.assert_frame_equal(frame[frame.index.isin([1, 3])], default)
    assert frame.dtypes.tolist() == default.dtypes.tolist()


@pytest.mark.parametrize("level", LEVELS)
def test_positions_and_metadata_of_a_row_without_words(pipeline, level):
    frame = kept(pipeline, TEXTS, level, positions=True, metadata=True)
    places = zip(frame.index, frame[f"{level}_begin"], frame[f"{level}_end"], strict=True)
    assert [TEXTS[row][begin:end] for row, begin, end in places] == frame[level].tolist()
    assert frame["document_number"].tolist() == ROWS[level]
    silent = frame[~frame.index.isin([1, 3])]
    assert silent[level].tolist() == (["", "", ""] if level == "sentence" else ["", TEXTS[2], TEXTS[4]])
    facts = silent[[name for name in frame.columns if name.startswith("word_") and name != COLUMN]]
    assert not facts.to_numpy(dtype=int).any()
    if level == "sentence":
        assert frame["sentence_number"].tolist() == [0, 0, 1, 0, 0, 0]


def test_a_row_for_a_text_without_words_is_refused_where_rows_are_tokens(pipeline):
    with pytest.raises(OptionError, match=r"has no token.*output_level=\"sentence\""):
        pipeline.predict("", empty="keep")
    with pytest.raises(OptionError, match=r"empty='kept'.*Nearest: keep"):
        pipeline.predict("", output_level="document", empty="kept")


FORMS = {
    "list": list,
    "tuple": tuple,
    "generator": iter,
    "array": lambda texts: np.array(texts, object),
    "series": lambda texts: pd.Series(texts, index=list("vwxyz")),
    "frame": lambda texts: pd.DataFrame({"text": texts, "n": range(5)}, index=list("vwxyz")),
    "arrow": lambda texts: pa.table({"text": texts, "n": range(5)}),
    "arrow array": pa.array,
    "polars": lambda texts: polars.DataFrame({"text": texts, "n": range(5)}),
    "polars series": polars.Series,
}


@pytest.mark.parametrize("as_", ["pandas", "arrow", "polars"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_data_has_a_row_for_each_text(pipeline, form, as_):
    found = kept(pipeline, FORMS[form](TEXTS), "document", as_=as_)
    assert (found["document"].to_pylist() if as_ == "arrow" else list(found["document"])) == TEXTS
    np.testing.assert_array_equal(nlu_lite.matrix(found).any(axis=1), [False, True, False, True, False])


def test_index_and_other_columns_come_along(pipeline):
    data = pd.DataFrame({"text": TEXTS, "n": pd.array([1, 2, None, 4, 5], "Int64")}, index=[7, 7, 8, 9, 9])
    frame = kept(pipeline, data, "document")
    assert frame.index.tolist() == [7, 7, 8, 9, 9]
    pd.testing.assert_series_equal(frame["n"], data["n"])
    assert frame["document"].tolist() == TEXTS


def test_one_text_without_words(pipeline):
    for text in ("", " "):
        frame = kept(pipeline, text, "sentence", positions=True)
        assert frame[["sentence", "sentence_begin", "sentence_end"]].to_numpy().tolist() == [["", 0, 0]]
        assert not nlu_lite.matrix(frame).any()


def test_documents_that_are_split_already(pipeline):
    words = kept(pipeline, [[], ["New York", "!"], []], "sentence")
    assert words["sentence"].tolist() == ["", "New York !", ""]
    sentences = kept(pipeline, [[], ["One.", "Two."]], "sentence", split="sentences")
    assert sentences["sentence"].tolist() == ["", "One.", "Two."]
    assert kept(pipeline, [[]], "document")["document"].tolist() == [""]


def test_rows_without_a_text_are_skipped_or_refused_as_ever(pipeline):
    assert kept(pipeline, ["", None, "a"], "document", missing="skip").index.tolist() == [0, 2]
    with pytest.raises(nlu_lite.InputError, match="row 1"):
        kept(pipeline, ["", None], "document")


def test_text_components_need_no_vectors():
    frame = nlu_lite.load("en.sentence_detector").predict(["", "One. Two."], empty="keep")
    assert frame["sentence"].tolist() == ["", "One.", "Two."]


@pytest.mark.parametrize("options", [{"normalize": True}, {"sentence_pooling": "mean", "prompt": "query: "}])
@pytest.mark.parametrize("level", LEVELS)
def test_zeros_stay_zeros_whatever_is_asked_for(pipeline, options, level):
    found = kept(pipeline.with_(**options), TEXTS, level)
    vectors = nlu_lite.matrix(found)
    assert np.isfinite(vectors).all()
    assert vectors.any(axis=1).tolist() == [row in (1, 3) for row in ROWS[level]]


def test_vectors_twice_as_wide_have_zeros_as_wide(pipeline):
    assert nlu_lite.matrix(kept(pipeline.with_(pooling="first_last"), ["", " "], "document")).shape == (2, 32)


def test_several_models_have_zeros_in_the_same_rows(tmp_path):
    shutil.copytree(MODEL, tmp_path / "other")
    pipeline = nlu_lite.load("en.tokenize", REFERENCE, f"path:{tmp_path / 'other'}")
    frame = kept(pipeline, TEXTS, "sentence", metadata=True)
    for column in (COLUMN, "word_embedding_other"):
        assert nlu_lite.matrix(frame, column).any(axis=1).tolist() == [row in (1, 3) for row in ROWS["sentence"]]


def test_the_accessor_passes_the_option_on(pipeline):
    import nlu_lite.pandas  # noqa: F401

    frame = pd.DataFrame({"text": TEXTS}).nlu.predict(pipeline, output_level="document", empty="keep")
    assert len(frame) == len(TEXTS)
    cosines = frame.nlu.similarity("Four.")
    assert np.isnan(cosines).tolist() == [True, False, True, False, True]
    assert frame.nlu.nearest("Four.")["document"].tolist() == ["Four.", "One two. Three!"]


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("as_", ["pandas", "arrow"])
def test_a_stream_has_a_row_for_each_text(pipeline, size, as_):
    options = {"output_level": "document", "empty": "keep", "metadata": True, "as_": as_}
    found = list(pipeline.stream(iter(TEXTS), chunk=size, **options))
    numbers = [number for piece in found for number in list(piece["document_number"])]
    assert [int(str(number)) for number in numbers] == [0, 1, 2, 3, 4]
    with pytest.raises(OptionError, match="no token"):
        pipeline.stream(TEXTS, empty="keep")


@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_file_has_a_row_for_each_text(pipeline, tmp_path, size):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.parquet"
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS), encoding="utf-8")
    written = pipeline.predict_file(source, target, chunk=size, output_level="document", empty="keep", metadata=True)
    table = parquet.read_table(target)
    assert (written.texts, written.rows) == (5, 5)
    assert table["document"].to_pylist() == TEXTS
    assert table["document_number"].to_pylist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(nlu_lite.matrix(table), nlu_lite.matrix(kept(pipeline, TEXTS, "document")))


def test_parts_made_without_these_rows_are_not_resumed_with_them(pipeline, tmp_path, monkeypatch):
    from nlu_lite.files import parts

    source, target = tmp_path / "in.txt", tmp_path / "out.parquet"
    source.write_text("One.\n\nTwo.\n", encoding="utf-8")

    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(parts.Parts, "join", stop)
        with pytest.raises(KeyboardInterrupt):
            pipeline.predict_file(source, target, chunk=1, output_level="document")
    with pytest.raises(OptionError, match="empty: 'drop' before, 'keep' now"):
        pipeline.predict_file(source, target, chunk=1, output_level="document", empty="keep")


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "out.jsonl"])
def test_the_command_line_has_the_option(tmp_path, name):
    (tmp_path / "in.txt").write_text("One.\n\nTwo.\n", encoding="utf-8")
    options = ["--output-level", "document", "--empty", "keep", "--output", tmp_path / name]
    command = ["predict", "--ref", REFERENCE, "--file", tmp_path / "in.txt", *options]
    assert CliRunner().invoke(app, list(map(str, command))).exit_code == 0
    read = {"out.parquet": pd.read_parquet, "out.csv": pd.read_csv, "out.jsonl": lambda p: pd.read_json(p, lines=True)}
    found = read[name](tmp_path / name)
    assert found["index"].tolist() == [0, 1, 2]
    assert found["document"].fillna("").tolist() == ["One.", "", "Two."]


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(st.text(max_size=12) | st.text(" \t\n\x00\x1c\u200b\u2029", max_size=3), max_size=6))
def test_the_document_level_has_as_many_rows_as_texts(pipeline, texts):
    frame = kept(pipeline, texts, "document", metadata=True)
    assert frame.index.tolist() == frame["document_number"].tolist() == list(range(len(texts)))
    assert frame["document"].tolist() == texts
    sentences = kept(pipeline, texts, "sentence", metadata=True)
    assert sorted(set(sentences["document_number"])) == list(range(len(texts)))
    assert len(sentences) == len(pipeline.predict(texts, output_level="sentence")) + sum(
        not text.strip() for text in texts
    )
