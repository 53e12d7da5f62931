import gc
import weakref
from pathlib import Path

import narwhals as nw
import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest

import nlu_lite
from nlu_lite import InputError, OptionError
from nlu_lite.frames import chunks as streams

MODEL = f"path:{Path(__file__).parents[1] / 'data' / 'xlmroberta_weights'}"
COLUMN = "word_embedding_xlmroberta_weights"
TEXTS = ["One two.", "", "Three four five!", "Six.", "Seven eight."]


@pytest.fixture(scope="module")
def pipeline():
    return nlu_lite.load(MODEL, reproducible=True)


@pytest.fixture(scope="module")
def words():
    return nlu_lite.load("en.tokenize")


def joined(frames):
    return pd.concat(list(frames))


def assert_same(found, expected):
    assert found.index.tolist() == expected.index.tolist()
    pd.testing.assert_frame_equal(
        found.drop(columns=[COLUMN]).reset_index(drop=True), expected.drop(columns=[COLUMN]).reset_index(drop=True)
    )
    np.testing.assert_array_equal(nlu_lite.matrix(found), nlu_lite.matrix(expected))


# --- what comes out --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("level", ["token", "sentence", "document"])
def test_a_stream_gives_what_one_call_gives(pipeline, size, level):
    frames = pipeline.stream(iter(TEXTS), chunk=size, output_level=level, positions=True)
    assert_same(joined(frames), pipeline.predict(TEXTS, output_level=level, positions=True))


@pytest.mark.parametrize("size", [1, 2, 100])
def test_numbers_of_documents_run_through_the_stream(pipeline, size):
    assert_same(joined(pipeline.stream(iter(TEXTS), chunk=size, metadata=True)), pipeline.predict(TEXTS, metadata=True))
    data = pd.DataFrame({"text": TEXTS}, index=list("aabbc"))
    assert_same(joined(pipeline.stream(data, chunk=size, metadata=True)), pipeline.predict(data, metadata=True))


def test_a_column_of_the_callers_is_not_taken_for_numbers(words):
    data = pd.DataFrame({"text": ["a", "b"], "document_number": [7, 7]})
    assert joined(words.stream(data, chunk=1))["document_number"].tolist() == [7, 7]


def test_lists_of_words_and_sentences_are_numbered_through(words):
    split = [["New York", "!"], [], ["is", "big"]]
    frame = joined(words.stream(iter(split), chunk=2))
    assert (frame["token"].tolist(), frame.index.tolist()) == (["New York", "!", "is", "big"], [0, 0, 2, 2])
    frame = joined(words.stream(split, chunk=1, split="sentences", output_level="sentence"))
    assert frame.index.tolist() == [0, 0, 2, 2]


def test_frames_are_cut_and_keep_their_index_and_columns(pipeline):
    data = pd.DataFrame({"text": TEXTS, "n": pd.array([1, None, 3, 4, 5], "Int64")}, index=list("aabbc"))
    assert_same(joined(pipeline.stream(data, chunk=2)), pipeline.predict(data))
    halves = [data.iloc[:3], data.iloc[3:]]
    assert_same(joined(pipeline.stream(iter(halves), chunk=100)), pipeline.predict(data))
    assert_same(joined(pipeline.stream(data["text"], chunk=4)), pipeline.predict(data["text"]))


def test_texts_and_batches_may_follow_one_another(words):
    frames = list(words.stream(iter(["a", "b", pd.Series(["c"], index=[9]), "d"]), chunk=10))
    assert [frame["token"].tolist() for frame in frames] == [["a", "b"], ["c"], ["d"]]
    assert [frame.index.tolist() for frame in frames] == [[0, 1], [9], [3]]


@pytest.mark.parametrize(
    "batch",
    [
        np.array(TEXTS, dtype=object),
        pa.array(TEXTS),
        pa.chunked_array([TEXTS[:1], TEXTS[1:]]),
        pa.table({"text": TEXTS}),
        pa.RecordBatch.from_pydict({"text": TEXTS}),
        polars.Series(TEXTS),
        polars.DataFrame({"text": TEXTS}),
    ],
    ids=lambda batch: f"{type(batch).__module__}.{type(batch).__name__}",
)
def test_batches_of_every_library_are_cut_by_rows(batch):
    found = list(streams.cut_chunks(batch, 2))
    assert [(len(chunk.data), chunk.first) for chunk in found] == [(2, 0), (2, 2), (1, 4)]
    assert [type(chunk.data) for chunk in found] == [type(batch)] * 3


class Capsule:
    """An object that exports Arrow data, and has no length."""

    def __init__(self, data):
        self.__arrow_c_stream__ = data.__arrow_c_stream__


FRAME = polars.DataFrame({"text": TEXTS, "n": range(5)})


@pytest.mark.parametrize("data", [FRAME.lazy(), Capsule(FRAME), nw.from_native(FRAME)], ids=["lazy", "capsule", "nw"])
@pytest.mark.parametrize("form", ["pandas", "arrow"])
def test_what_hands_over_arrow_data_is_cut_by_rows(words, data, form):
    for given in (data, [data]):
        parts = words.stream(given, chunk=2, as_=form)
        assert [list(map(int, part["n"])) for part in parts] == [[0, 0, 0], [2, 2, 2, 2, 3, 3], [4, 4, 4]]


def test_a_reader_is_read_batch_by_batch(words):
    taken = []

    def batches():
        for n in range(3):
            taken.append(n)
            yield pa.record_batch({"text": [f"a{n}"]})

    frames = words.stream(pa.RecordBatchReader.from_batches(pa.schema({"text": pa.string()}), batches()))
    assert (next(frames).index.tolist(), taken) == ([0], [0])
    assert [frame.index.tolist() for frame in frames] == [[1], [2]]


def test_one_text_is_one_row(words):
    assert joined(words.stream("One two."))["token"].tolist() == ["One", "two", "."]
    assert joined(words.stream([np.str_("One")]))["token"].tolist() == ["One"]


def test_nothing_gives_nothing(words):
    assert list(words.stream([])) == []
    assert [len(frame) for frame in words.stream(pd.DataFrame({"text": []}))] == [0]


def test_arrow_batches_have_one_schema(pipeline):
    texts = ["", "", *TEXTS]
    batches = list(pipeline.stream(texts, chunk=2, as_="arrow", positions=True))
    assert [type(batch) for batch in batches] == [pa.RecordBatch] * 3
    table = pa.Table.from_batches(batches)
    expected = pipeline.predict(texts, positions=True)
    assert table.schema.names == ["index", "token", "token_begin", "token_end", COLUMN]
    assert table.schema.field(COLUMN).type == pa.list_(pa.float32(), 16)
    assert table["index"].to_pylist() == expected.index.tolist()
    assert table["token"].to_pylist() == expected["token"].tolist()
    np.testing.assert_array_equal(np.stack(table[COLUMN].to_pandas()), nlu_lite.matrix(expected))


@pytest.mark.parametrize("size", [1, 2, 100])
def test_numbers_run_through_arrow_batches(pipeline, size):
    batches = pipeline.stream(iter(TEXTS), chunk=size, as_="arrow", metadata=True)
    found, expected = pa.Table.from_batches(batches), pipeline.predict(TEXTS, as_="arrow", metadata=True)
    assert found.schema.equals(expected.schema, check_metadata=True)
    assert found.drop_columns(COLUMN).equals(expected.drop_columns(COLUMN))
    data = pd.DataFrame({"text": TEXTS}, index=pd.Index(list("aabbc"), name="key"))
    found = pa.Table.from_batches(pipeline.stream(data, chunk=size, as_="arrow", metadata=True))
    assert found["key"].to_pylist() == [data.index[n] for n in expected["index"].to_pylist()]
    assert found["document_number"].equals(expected["document_number"])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (pd.DataFrame({"text": ["a"]}, index=pd.Index([1], name="token")), r"\['token'\] of the frame"),
        (pd.DataFrame({"text": ["a"], "kept": [1j]}), "Arrow cannot hold the column 'kept'"),
        (["\ud800"], "a lone surrogate was found in row 0"),
    ],
)
def test_what_arrow_cannot_hold_is_said_as_predict_says_it(words, data, said):
    with pytest.raises(InputError, match=said):
        next(words.stream(data, as_="arrow"))


def test_columns_without_values_take_the_type_of_those_before(words):
    halves = [pd.DataFrame({"text": ["a"], "note": ["x"]}), pd.DataFrame({"text": ["b"], "note": [None]})]
    table = pa.Table.from_batches(words.stream(halves, as_="arrow"))
    assert table["note"].to_pylist() == ["x", None]


# --- memory and order ------------------------------------------------------------------------------------------------


def test_no_more_is_taken_than_is_answered(words):
    taken = []

    def endless():
        while True:
            taken.append(f"Text {len(taken)}")
            yield taken[-1]

    frames = words.stream(endless(), chunk=3)
    assert taken == []
    assert next(frames)["token"].tolist() == ["Text", "0", "Text", "1", "Text", "2"]
    assert len(taken) == 3
    next(frames)
    assert len(taken) == 6


@pytest.mark.slow
def test_what_was_given_is_let_go(pipeline):
    alive = []
    for frame in pipeline.stream(iter(TEXTS * 4), chunk=2):
        alive.append(weakref.ref(frame[COLUMN].iloc[0].base))
        del frame
        gc.collect()
        assert [matrix() for matrix in alive] == [None] * len(alive)
    assert len(alive) == 10


# --- bad input -------------------------------------------------------------------------------------------------------


def test_an_exception_of_the_data_comes_after_what_came_before(words):
    def broken():
        yield from ["a", "b", "c"]
        raise RuntimeError("the line went dead")

    frames = words.stream(broken(), chunk=2)
    assert [next(frames)["token"].tolist(), next(frames)["token"].tolist()] == [["a", "b"], ["c"]]
    with pytest.raises(RuntimeError, match="the line went dead"):
        next(frames)


def test_options_are_refused_at_once(words):
    for options in ({"chunk": 0}, {"chunk": "5"}, {"as_": "list"}, {"output_level": "tokens"}, {"lang": "q9"}):
        with pytest.raises(OptionError, match=next(iter(options)) if "lang" not in options else "q9"):
            words.stream(iter("ab"), **options)


@pytest.mark.parametrize("data", [5, None, object(), {"a": "b"}, {"a": "b"}.items(), b"a", np.array("a")])
def test_what_has_no_order_of_texts_is_refused(words, data):
    with pytest.raises(InputError, match=r"stream was given (None|a value of type)"):
        next(words.stream(data))


def test_a_bad_text_says_in_which_chunk_it_stands(words):
    frames = words.stream(iter(["a", "b", "c", b"d"]), chunk=2)
    assert next(frames)["token"].tolist() == ["a", "b"]
    with pytest.raises(InputError, match=r"a value of type bytes was found in row"):
        next(frames)


def test_batches_that_do_not_fit_one_another_are_refused(words):
    halves = [pd.DataFrame({"text": ["a"], "n": [1]}), pd.DataFrame({"text": ["b"], "n": ["x"]})]
    batches = words.stream(halves, as_="arrow")
    assert next(batches).num_rows == 1
    with pytest.raises(InputError, match=r"the columns \['n'\] of a batch are not those"):
        next(batches)
