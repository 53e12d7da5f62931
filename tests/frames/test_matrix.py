"""The result of `matrix` is writable only if it is a copy, and vectors are read back from text."""

import json

import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest
from pyarrow import csv, parquet
from tiny import MODEL
from typer.testing import CliRunner

import nlu_lite
from nlu_lite import InputError
from nlu_lite.cli import app

REFERENCE = f"path:{MODEL}"
COLUMN = "word_embedding_xlmroberta_weights"
TEXTS = ["One two.", "", "Ünï, “x”."]


@pytest.fixture(scope="module")
def pipeline():
    return nlu_lite.load(REFERENCE)


SHAPES = {
    "as it was": lambda frame: frame,
    "a slice": lambda frame: frame[1:4],
    "one row": lambda frame: frame[:1],
    "no row": lambda frame: frame[:0],
    "every second row": lambda frame: frame[::2],
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "options",
    [{}, {"vectors": "arrow"}, {"as_": "arrow"}, {"as_": "polars"}],
    ids=["numpy", "cells", "arrow", "polars"],
)
def test_a_matrix_cannot_change_the_frame(pipeline, options, shape):
    frame = pipeline.predict(TEXTS, **options)
    if options.get("as_") == "arrow":
        part = {"as it was": frame, "a slice": frame[1:4], "one row": frame[:1], "no row": frame[:0]}.get(shape)
        part = frame.take([0, 2, 4]) if part is None else part
    else:
        part = SHAPES[shape](frame)
    before = nlu_lite.matrix(frame, copy=True)
    vectors = nlu_lite.matrix(part)
    assert not vectors.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        vectors *= 0
    own = nlu_lite.matrix(part, copy=True)
    assert own.flags.writeable
    assert own.flags.c_contiguous
    np.testing.assert_array_equal(own, vectors)
    own += 7
    np.testing.assert_array_equal(nlu_lite.matrix(frame), before)


def test_a_matrix_of_rows_that_were_gathered_is_read_only_too(pipeline):
    frame = pipeline.predict(TEXTS)
    for other in (frame[::-1], pd.concat([frame, frame]), frame.sample(frac=1, random_state=0)):
        assert not nlu_lite.matrix(other).flags.writeable
        assert nlu_lite.matrix(other, copy=True).flags.writeable


def test_a_matrix_as_it_was_shares_the_memory_of_the_frame_and_a_copy_does_not(pipeline):
    frame = pipeline.predict(TEXTS)
    cell = frame[COLUMN].iloc[0]
    assert np.shares_memory(nlu_lite.matrix(frame), cell)
    assert not np.shares_memory(nlu_lite.matrix(frame, copy=True), cell)


def test_the_accessor_has_the_same_matrix(pipeline):
    import nlu_lite.pandas  # noqa: F401

    frame = pipeline.predict(TEXTS)
    assert not frame.nlu.matrix().flags.writeable
    assert frame.nlu.matrix(copy=True).flags.writeable


# --- what the command line writes ------------------------------------------------------------------------------------

READERS = {
    "csv by pandas": ("out.csv", pd.read_csv),
    "csv by pandas, with Arrow's types": ("out.csv", lambda path: pd.read_csv(path, dtype_backend="pyarrow")),
    "csv by pandas, as objects": ("out.csv", lambda path: pd.read_csv(path, dtype=object)),
    "csv by Polars": ("out.csv", polars.read_csv),
    "csv by Arrow": ("out.csv", csv.read_csv),
    "JSON lines by pandas": ("out.jsonl", lambda path: pd.read_json(path, lines=True)),
    "JSON lines by Polars": ("out.jsonl", polars.read_ndjson),
    "JSON lines by json": (
        "out.jsonl",
        lambda path: pd.DataFrame(map(json.loads, path.read_text("utf-8").split("\n")[:-1])),
    ),
    "Parquet by pandas": ("out.parquet", pd.read_parquet),
    "Parquet by Arrow": ("out.parquet", parquet.read_table),
    "Parquet by Polars": ("out.parquet", polars.read_parquet),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    (folder / "in.txt").write_text("".join(f"{text}\n" for text in TEXTS), encoding="utf-8")
    for name in ("out.csv", "out.jsonl", "out.parquet"):
        command = ["predict", "--ref", REFERENCE, "--file", folder / "in.txt", "--output", folder / name]
        assert CliRunner().invoke(app, list(map(str, command))).exit_code == 0
    return folder


@pytest.mark.parametrize("reader", READERS)
def test_vectors_come_back_from_what_the_command_line_wrote(pipeline, written, reader):
    name, read = READERS[reader]
    found = nlu_lite.matrix(read(written / name))
    assert found.dtype == np.float32
    assert not found.flags.writeable
    np.testing.assert_allclose(found, nlu_lite.matrix(pipeline.predict(TEXTS)), atol=1e-6)


def test_every_digit_comes_back_from_csv(written):
    expected = nlu_lite.matrix(pd.read_parquet(written / "out.parquet"))
    np.testing.assert_allclose(nlu_lite.matrix(pd.read_csv(written / "out.csv")), expected, atol=1e-6)
    vectors = np.array([[1e-38, 3.4028235e38, -0.1], [np.pi, 2**-24, 16777217]], np.float32)
    text = pd.DataFrame({"word_embedding_x": [json.dumps(vector.tolist()) for vector in vectors]})
    np.testing.assert_array_equal(nlu_lite.matrix(text), vectors)


def test_a_frame_from_csv_can_be_compared(pipeline, written):
    import nlu_lite.pandas  # noqa: F401

    frame = pd.read_csv(written / "out.csv")
    words = pipeline.predict(TEXTS)
    assert frame.nlu.nearest(words.iloc[[0]], k=1)["token"].tolist() == ["One"]
    np.testing.assert_allclose(frame.nlu.similarity(frame), words.nlu.similarity(words), atol=1e-5)


MALFORMED = [
    "[0.1 0.2]",
    "[0.1, ..., 0.2]",
    "[0.1, 0.2",
    "0.1, 0.2",
    "[0.1, NaN]",
    "[0.1, Infinity]",
    "[0.1, 1e39]",
    "[0.1, null]",
    '[0.1, "0.2"]',
    "[0.1, true]",
    "[[0.1, 0.2]]",
    '{"a": 1}',
    "0.1",
    "",
    "[0.1, " + "9" * 400 + "]",
    "[0.1, " + "9" * 5000 + "]",
    "[" * 100_000,
    "array([0.1, 0.2])",
]


@pytest.mark.parametrize("text", MALFORMED, ids=range(len(MALFORMED)))
def test_text_that_is_no_vector_is_refused_and_the_row_named(text):
    cells = ["[0.1, 0.2]", text, "[0.3, 0.4]"]
    frame = pd.DataFrame({"token": list("abc"), "word_embedding_x": cells}, index=["u", "v", "w"])
    with pytest.raises(InputError, match="row 'v' of the column 'word_embedding_x' holds no vector"):
        nlu_lite.matrix(frame)
    for other in (pa.table({"word_embedding_x": cells}), polars.DataFrame({"word_embedding_x": cells})):
        with pytest.raises(InputError, match="row 1 of the column"):
            nlu_lite.matrix(other)


def test_vectors_of_different_lengths_are_refused_and_the_row_named():
    for cells in ([[1.0, 2.0], [1.0]], ["[1, 2]", "[1]"], [np.ones(2, np.float32), np.ones(1, np.float32)]):
        frame = pd.DataFrame({"word_embedding_x": cells}, index=[5, 6])
        with pytest.raises(InputError, match=r"row 6 of the column .* length 1 after some of length 2"):
            nlu_lite.matrix(frame)
    with pytest.raises(InputError, match=r"row 1 of the column .* length 1"):
        nlu_lite.matrix(pa.table({"word_embedding_x": [[1.0, 2.0], [1.0]]}))
    with pytest.raises(InputError, match=r"row 2 of the column .*numbers are missing"):
        nlu_lite.matrix(pa.table({"word_embedding_x": [[1.0], [2.0], [None]]}))
    with pytest.raises(InputError, match=r"row 1 of the column .* holds no vector but None"):
        nlu_lite.matrix(pa.table({"word_embedding_x": [[1.0], None]}))


def test_vectors_that_are_text_count_only_beside_none_that_are_not(pipeline):
    frame = pipeline.predict("One two.").assign(word_embedding_old="[1.0, 2.0]")
    assert nlu_lite.matrix(frame).shape == (3, 16)
    assert nlu_lite.matrix(frame, "word_embedding_old").shape == (3, 2)


# --- frames without vectors ------------------------------------------------------------------------------------------


def test_a_frame_without_vectors_is_refused_with_the_call_that_makes_them():
    words = nlu_lite.load("en.tokenize")
    for as_ in ("pandas", "arrow", "polars"):
        with pytest.raises(InputError, match=r"'token'\].*nlu_lite.load\(.*\).predict\(") as raised:
            nlu_lite.matrix(words.predict("A text.", as_=as_))
        assert "column=" in raised.value.remedy


def test_a_mistyped_column_is_refused_with_the_nearest(pipeline):
    frame = pipeline.predict("A text.")
    with pytest.raises(InputError, match=f"Nearest: {COLUMN}"):
        nlu_lite.matrix(frame, "word_embedding_xlmroberta_weight")
    with pytest.raises(InputError, match="'token' holds no vector but 'A'"):
        nlu_lite.matrix(frame, "token")
    with pytest.raises(InputError, match=r"'token' of type .*string holds no vector|holds no vector but 'A'"):
        nlu_lite.matrix(pipeline.predict("A text.", as_="arrow"), "token")


@pytest.mark.parametrize(
    "data", [[1.0], {"word_embedding_x": [[1.0]]}, np.eye(2), "a", pd.Series([[1.0]]), pd.DataFrame]
)
def test_what_is_no_frame_is_refused(data):
    with pytest.raises(InputError, match=r"matrix was given a .*Pass the whole frame"):
        nlu_lite.matrix(data)


@pytest.mark.parametrize("number", [1e39, -1e300, 10**40])
@pytest.mark.parametrize("cell", [np.float64, list, tuple, str, "arrow"])
def test_numbers_beyond_float32_are_refused_and_the_row_named(number, cell):
    rows = [[0.5, -1.0], [2.0, number], [number, 3.0]]
    if cell == "arrow":
        frame = pa.table({"word_embedding_x": pa.array([[float(value) for value in row] for row in rows])})
    else:
        cells = [np.array(row, float) if cell is np.float64 else cell(row) for row in rows]
        frame = pd.DataFrame({"word_embedding_x": cells})
    with pytest.raises(InputError, match="row 1 of the column 'word_embedding_x' holds no vector of float32"):
        nlu_lite.matrix(frame)


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_infinite_vectors_and_those_without_a_value_stay_as_they_are(value):
    found = nlu_lite.matrix(pd.DataFrame({"word_embedding_x": [np.array([value, 3.4e38])]}))
    np.testing.assert_array_equal(found, np.array([[value, 3.4e38]], np.float32))
