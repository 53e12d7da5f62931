"""Unreadable data are errors: no data are partly read, or mistaken for other data."""

import decimal
import enum
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import nlu_lite
import nlu_lite.nlu as nlu
from nlu_lite.errors import InputError, MissingExtra
from tests.frames.test_inputs import read


class Broken(Exception):
    pass


def broken():
    yield "one"
    yield "two"
    raise Broken("the line is dead")


def test_what_a_generator_raises_is_passed_on_with_a_note():
    with pytest.raises(Broken, match="the line is dead") as caught:
        read(broken())
    assert caught.value.__notes__ == [
        "Raised by a value of type generator while predict was reading its texts; nothing was predicted."
    ]


def test_what_an_arrow_reader_raises_is_passed_on_with_a_note():
    def batches():
        yield pa.record_batch({"text": ["one"]})
        raise Broken("the line is dead")

    reader = pa.RecordBatchReader.from_batches(pa.schema({"text": pa.string()}), batches())
    with pytest.raises(Broken, match="the line is dead") as caught:
        read(reader)
    assert "RecordBatchReader" in caught.value.__notes__[0]


def test_what_a_lazy_frame_raises_is_passed_on_with_a_note():
    lazy = pl.LazyFrame({"text": ["a"]}).select(pl.col("nope"))
    with pytest.raises(pl.exceptions.ColumnNotFoundError) as caught:
        read(lazy)
    assert "LazyFrame" in caught.value.__notes__[-1]


def test_ctrl_c_is_not_touched():
    def interrupted():
        yield "one"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(interrupted())


class Name(str, enum.Enum):  # noqa: UP042 - str() of one is its name, which is the point
    FIRST = "one two"


class Loud(str):
    def __str__(self):
        return self.upper()


@pytest.mark.parametrize("data", [[Name.FIRST], [Loud("one two")], [np.str_("one two")]])
def test_a_kind_of_str_is_its_value(data):
    (text,) = read(data).corpus.texts
    assert (type(text), text) == (str, "one two")
    words = read([data]).corpus.texts
    assert words == ["one two"]


HUGE = 10**5000  # longer than Python writes


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([10**30], "a value of type int was found in row 0"),
        ([HUGE, "a"], "a value of type int was found in row 0"),
        (np.array([HUGE, "a"], object), "a value of type int was found in row 0"),
        (pd.DataFrame({"text": [10**30, "a"]}), "a value of type int was found in row 0"),
        (
            pd.Series(["a", 5], index=[HUGE, -HUGE], dtype=object),
            r"a value of type int was found in row \(a value of type",
        ),
        (pd.Series(["a", None, 5.5, b"x"], dtype=object), "there is no text in row 1"),
        (pd.Series(["a", 5.5, b"x"], dtype=object), "a value of type float was found in rows 1, 2"),
        (np.array([b"a"]), r"a value of type bytes was found in row 0.*decode"),
        (pa.array([b"a"]), r"a value of type bytes was found in row 0.*decode"),
        (pl.Series([b"a"]), r"a value of type bytes was found in row 0.*decode"),
        (bytearray(b"a"), "predict was given a value of type bytearray"),
        (memoryview(b"a"), "predict was given a value of type memoryview"),
        (np.array([1.5]), "a value of type float was found in row 0"),
        (pa.array([1, 2]), "a value of type int was found in rows 0, 1"),
        (pl.Series([True]), "a value of type bool was found in row 0"),
        (range(2), "a value of type int was found in rows 0, 1"),
        (np.array([["a", "b"]]), r"a value of type ndarray and shape \(1, 2\)"),
        (np.array("a"), r"a value of type ndarray and shape \(\)"),
        (np.array([("a", "b")], [("x", "U1"), ("y", "U1")]), "a value of type ndarray"),
        (pd.MultiIndex.from_tuples([("a", "b")]), "a value of type MultiIndex"),
        ({"a": "b"}.items(), r"a value of type dict_items.*pandas.Series\(data\)"),
        (pa.table({"text": [decimal.Decimal(1)]}), "a value of type Decimal was found in row 0"),
        (pa.array([{"a": "b"}]), "a value of type dict was found in row 0"),
        (pl.DataFrame, "a value of type type"),
        (pd.DataFrame(index=[1, 2]), r"0 of the columns \[\] hold texts"),
        ([pd.DataFrame({"text": ["a"]})], "a value of type DataFrame was found in row 0"),
        ([["a", ["b"]]], "a value of type list was found in row 0, place 1"),
        ([np.array([["a"]])], "a value of type ndarray was found in row 0"),
        ([["a", np.array(["b", "c"])]], "a value of type ndarray was found in row 0, place 1"),
        (pd.DataFrame({"text": ["a"]}).groupby("text"), "a value of type DataFrame was found in row 0, place 1"),
        ([pd.Series(["a"])], r"a value of type Series was found in row 0.*Convert it with list"),
        (pa.array([["a"], ["b", None]]), "None was found in row 1, place 1"),
        (pl.DataFrame({"text": ["a"], "o": pl.Series([object()], dtype=pl.Object)}), "cannot be passed to Arrow"),
        (pl.Series([object()], dtype=pl.Object), "cannot be passed to Arrow"),
        (pl.DataFrame({"text": ["a"], "o": pl.Series([1], dtype=pl.Int128)}), "cannot be passed to Arrow"),
        (pl.Series([{"a": "b"}]), "a value of type dict was found in row 0"),
    ],
)
def test_what_is_no_text_is_said(data, said):
    with pytest.raises(InputError, match=said):
        read(data)


@pytest.mark.parametrize(
    ("module", "remedy"),
    [
        ("pyspark.sql.dataframe", r"nlu_lite\.spark\.predict\(data, pipeline\)"),
        ("pyspark.sql.connect.dataframe", r"nlu_lite\.spark\.predict\(data, pipeline\)"),
        ("ray.data.dataset", r"nlu_lite\.ray\.predict\(data, pipeline, workers=\.\.\.\)"),
        ("dask.dataframe", r"data\.map_partitions with Pipeline\.mapper"),
        ("daft.dataframe.dataframe", r"stream\(data\.to_arrow_iter\(\)"),
    ],
)
def test_frames_of_engines_are_never_collected(module, remedy):
    frame, pipeline = type("DataFrame", (), {"__module__": module, "columns": ["text"]})(), nlu_lite.load("en.tokenize")
    calls = (pipeline.predict, lambda data: list(pipeline.stream(data)), nlu.to_nlu_pipe(pipeline).predict)
    for call in calls:
        with pytest.raises(InputError, match=rf"of {module.partition('.')[0]}, which it would collect.*{remedy}"):
            call(frame)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame([["a", 1, 2]], columns=["text", "n", "n"]),
        pd.DataFrame([["a", "b"]], columns=["text", "text"]),
        pa.table([pa.array(["a"]), pa.array([1]), pa.array([2])], names=["text", "n", "n"]),
        pa.record_batch([pa.array(["a"]), pa.array(["b"])], names=["text", "text"]),
    ],
)
def test_columns_of_the_same_name_are_refused(frame):
    with pytest.raises(InputError, match="occur twice"):
        read(frame)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame({"text": []}),
        pd.DataFrame({"a": [], "text": []}),
        pa.table({}),
        pa.table({"text": pa.array([], pa.int8())}),
        pl.DataFrame(),
        pl.DataFrame({"text": []}),
        pl.LazyFrame(),
        pa.RecordBatchReader.from_batches(pa.schema({"text": pa.string()}), []),
        pa.chunked_array([], pa.string()),
    ],
)
def test_frames_without_rows_are_empty(frame):
    given = read(frame)
    assert (given.corpus.texts, len(given.rows), len(given.corpus.index)) == ([], 0, 0)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pa.array([1]), "0 of the columns"),
        (pa.array(["x"]), "2 of the columns"),
        (pa.array(["x"]).dictionary_encode(), "2 of the columns"),
    ],
)
def test_an_arrow_tables_column_of_texts_must_be_clear(column, said):
    other = pa.array(["y"]) if said[0] == "2" else pa.array([2])
    with pytest.raises(InputError, match=said):
        read(pa.table({"a": column, "b": other}))
    assert read(pa.table({"a": column, "text": other.cast(pa.string())})).corpus.kept.column_names == ["a"]


def test_missing_texts_of_a_table_are_named_or_left_out_with_their_rows():
    from nlu_lite.options import Missing

    table = pa.table({"text": ["a", None, "c"], "n": [1, 2, 3]})
    with pytest.raises(InputError, match="there is no text in row 1"):
        read(table)
    given = read(table, missing=Missing.SKIP)
    assert given.corpus.kept.to_pydict() == {"n": [1, 3]}
    assert (given.rows.tolist(), given.corpus.index.tolist()) == ([0, 2], [0, 2])


def test_languages_are_read_from_a_table():
    table = pa.table({"text": ["a", "b"], "code": pa.array(["de", "fr"]).dictionary_encode()})
    assert read(table, lang_column="code").corpus.languages == ["de", "fr"]
    with pytest.raises(InputError, match="no language codes"):
        read(pa.table({"text": ["a"], "code": [None]}), lang_column="code")


@pytest.mark.parametrize("data", [pl.Series(["a"]), pl.LazyFrame({"text": ["a"]})])
def test_what_needs_pyarrow_says_so(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"needs pyarrow.*nlu-lite\[arrow\]"):
        read(data)


def test_strings_and_lists_need_no_arrow(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for data in ("a", ["a"], iter(["a"]), np.array(["a"]), pd.Series(["a"], dtype=object)):
        assert read(data).corpus.texts == ["a"]
