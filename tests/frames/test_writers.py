"""Columns of the caller's frame are kept, or refused before the work begins."""

import datetime
import importlib.util

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import nlu_lite
from nlu_lite.errors import InputError, MissingExtra, OptionError
from nlu_lite.frames import arrow

TEXTS = ["a b", "", "c"]
ROWS = [0, 0, 2]


@pytest.fixture(scope="module")
def words():
    return nlu_lite.load("en.tokenize")


COLUMNS = {
    "int": [1, 2, 3],
    "int with gaps": pd.array([1, None, 3], "Int64"),
    "bool with gaps": pd.array([True, None, False], "boolean"),
    "float": [1.5, np.nan, np.inf],
    "string": pd.array(["x", None, "z"], "string"),
    "str": pd.array(["x", None, "z"], "str"),
    "object": ["x", None, "z"],
    "category": pd.Categorical(["x", None, "x"], categories=["y", "x"], ordered=True),
    "datetime": pd.to_datetime(["2020-01-01", None, "2022-01-01"]),
    "datetime of a zone": pd.to_datetime(["2020-01-01", None, "2022-01-01"]).tz_localize("Asia/Tokyo"),
    "timedelta": pd.to_timedelta([1, 2, None], unit="s"),
    "period": pd.period_range("2020", periods=3, freq="M"),
    "interval": pd.interval_range(0, 3),
    "arrow": pd.array([1, None, 3], pd.ArrowDtype(pa.int16())),
    "arrow list": pd.array([[1], None, []], pd.ArrowDtype(pa.list_(pa.int8()))),
    "sparse": pd.arrays.SparseArray([0, 0, 1]),
    "complex": [1j, 2j, 3j],
    "objects of all kinds": [1, "x", None],
    "huge ints": [10**40, 1, 2],
    "lists": [[1], [2, 3], None],
    "dicts": [{"a": 1}, None, {"a": 2}],
    "dates": [datetime.date(2020, 1, 1), None, datetime.date(2021, 1, 1)],
}
NOT_IN_ARROW = {"sparse", "complex", "objects of all kinds", "huge ints"}


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns_of_every_dtype_are_kept_in_pandas(words, kind):
    frame = pd.DataFrame({"text": TEXTS, "kept": COLUMNS[kind]}, index=["p", "p", "q"])
    before = frame.copy(deep=True)
    result = words.predict(frame)
    pd.testing.assert_frame_equal(result[["kept"]], frame[["kept"]].iloc[ROWS])
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns_of_every_dtype_are_kept_in_arrow_or_refused_by_name(words, kind):
    frame = pd.DataFrame({"text": TEXTS, "kept": COLUMNS[kind]})
    if kind in NOT_IN_ARROW:
        with pytest.raises(InputError, match=r"Arrow cannot hold the column 'kept' \(.*keep_columns=False"):
            words.predict(frame, as_="arrow")
        assert words.predict(frame, as_="arrow", keep_columns=False).num_rows == 3
        return
    result = words.predict(frame, as_="arrow")
    expected = pa.Table.from_pandas(frame[["kept"]], preserve_index=False)
    assert result.schema.field("kept").type == expected.schema.field("kept").type
    assert result["kept"].to_pylist() == expected.take(ROWS)["kept"].to_pylist() or kind == "float"
    again = result.to_pandas()["kept"]
    if kind not in ("object", "lists", "dicts", "dates", "arrow list"):  # what pandas itself brings back
        pd.testing.assert_series_equal(again, frame["kept"].iloc[ROWS].reset_index(drop=True))


@pytest.mark.parametrize("form", ["arrow", "polars"])
@pytest.mark.parametrize(
    ("index", "names"),
    [
        (pd.RangeIndex(3), ["index"]),
        (pd.Index(["x", "x", "y"], name="key"), ["key"]),
        (pd.Index([1, 2, 3], name=7), ["7"]),
        (pd.MultiIndex.from_tuples([("a", 1), ("a", 1), ("b", 2)]), ["level_0", "level_1"]),
        (pd.MultiIndex.from_tuples([("a", 1), ("a", 1), ("b", 2)], names=["u", None]), ["u", "level_1"]),
        (pd.DatetimeIndex(["2020-01-01"] * 3, name="day"), ["day"]),
        (pd.CategoricalIndex(["x", "x", "y"]), ["index"]),
    ],
)
def test_the_index_becomes_columns(words, index, names, form):
    result = words.predict(pd.DataFrame({"text": TEXTS}, index=index), as_=form)
    assert list(result.column_names if form == "arrow" else result.columns) == [*names, "token"]
    found = list(
        zip(*(list(result[name].to_pylist() if form == "arrow" else result[name]) for name in names), strict=True)
    )
    expected = index[ROWS].tolist()
    assert found == ([(label,) for label in expected] if index.nlevels == 1 else expected)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame({"text": ["a"], "index": [1]}), "the name 'index'"),
        (pd.DataFrame({"text": ["a"], 1: [1], "1": [2]}), "the name '1'"),
        (pd.DataFrame({"text": ["a"], "key": [1]}, index=pd.Index([0], name="key")), "the name 'key'"),
        (
            pd.DataFrame({"text": ["a"]}, index=pd.MultiIndex.from_tuples([(1, 2)], names=["level_1", None])),
            "the name 'level_1'",
        ),
        (pa.table({"text": ["a"], "index": [1]}), "the name 'index'"),
        (pl.DataFrame({"text": ["a"], "index": [1]}), "the name 'index'"),
    ],
)
def test_two_columns_of_one_name_are_refused(words, frame, said):
    assert len(words.predict(frame)) == 1  # in pandas these names differ
    with pytest.raises(InputError, match=said):
        words.predict(frame, as_="arrow")


@pytest.mark.parametrize("form", ["pandas", "arrow", "polars"])
@pytest.mark.parametrize("name", ["token", "token_end", "document_number"])
@pytest.mark.parametrize("library", [pd.DataFrame, pa.table, pl.DataFrame])
def test_a_column_that_would_stand_twice_is_refused_before_the_work(words, library, name, form, monkeypatch):
    frame = library({"text": ["a"], name: [1]})
    monkeypatch.setattr("nlu_lite.text.segment", lambda *_: pytest.fail("the work began"))
    with pytest.raises(InputError, match=rf"\['{name}'\] of the frame have the names"):
        words.predict(frame, as_=form, positions=True, metadata=True)


def test_names_that_are_no_strings_become_strings_in_arrow(words):
    frame = pd.DataFrame({("text", "x"): ["a"], ("n", 1): [5]})
    result = words.predict(frame, text_column=("text", "x"), as_="arrow")
    assert result.column_names == ["index", "('n', 1)", "token"]
    assert words.predict(frame, text_column=("text", "x"))[("n", 1)].tolist() == [5]


@pytest.mark.parametrize("form", ["arrow", "polars"])
def test_lone_surrogates_are_refused_before_the_work(words, form, monkeypatch):
    monkeypatch.setattr("nlu_lite.text.segment", lambda *_: pytest.fail("the work began"))
    data = pd.Series(["fine ä", "bad \ud800"], index=["x", "y"], dtype=object)
    with pytest.raises(InputError, match=r"a lone surrogate was found in row 'y'.*as_=\"pandas\""):
        words.predict(data, as_=form)


@pytest.mark.parametrize("column", [[pa.scalar(1, pa.decimal256(40))], pa.array([["x"]], pa.list_view(pa.string()))])
def test_what_polars_cannot_hold_is_refused(words, column, capfd):
    table = pa.table({"text": ["a"], "kept": column})
    assert words.predict(table, as_="arrow").num_rows == 1
    with pytest.raises(InputError, match="Polars cannot hold the other columns"):
        words.predict(table, as_="polars")


def test_what_arrow_cannot_repeat_is_refused(words):
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([1], pa.int32()), pa.array([1]))
    with pytest.raises(InputError, match="Arrow cannot repeat the column 'kept' of type run_end_encoded"):
        words.predict(pa.table({"text": ["a"], "kept": runs}))


def test_metadata_of_arrow_fields_are_kept(words):
    schema = pa.schema(
        [pa.field("text", pa.string()), pa.field("n", pa.int8(), metadata={"unit": "m"})], {"made": "here"}
    )
    result = words.predict(pa.table({"text": ["a b"], "n": [1]}, schema=schema), as_="arrow")
    assert (result.schema.metadata, result.schema.field("n").metadata) == ({b"made": b"here"}, {b"unit": b"m"})


def test_attributes_and_flags_of_a_frame_do_not_stand_in_the_way(words):
    frame = pd.DataFrame({"text": TEXTS}).set_flags(allows_duplicate_labels=False)
    frame.attrs["what"] = object()
    for form in ("pandas", "arrow"):
        assert len(words.predict(frame, as_=form)) == 3
    assert frame.flags.allows_duplicate_labels is False


def test_rows_are_repeated_in_parts_where_one_array_cannot_hold_them(monkeypatch):
    table = pa.table({"s": ["a", "b", None]})

    class Small:
        """A table of at most three rows, as an Arrow array has at most 2 GB."""

        def take(self, rows):
            if len(rows) > 3:
                raise pa.ArrowInvalid("offset overflow")
            return table.take(rows)

    rows = np.array([0, 0, 1, 2, 1, 1, 0, 2], np.int32)
    assert arrow.repeat_rows(Small(), rows).to_pylist() == table.take(rows).to_pylist()


@pytest.mark.parametrize(
    ("options", "package", "extra"),
    [
        ({"as_": "polars"}, "polars", "polars"),
        ({"as_": "polars"}, "pyarrow", "polars"),
        ({"as_": "arrow"}, "pyarrow", "arrow"),
        ({"vectors": "arrow"}, "pyarrow", "arrow"),
    ],
)
def test_forms_without_their_package_are_refused_before_the_data_are_read(words, options, package, extra, monkeypatch):
    monkeypatch.setattr("nlu_lite._util.extras.find_spec", lambda name: None if name == package else importlib.util)
    with pytest.raises(MissingExtra, match=rf"needs {package}.*nlu-lite\[{extra}\]"):
        words.predict(iter(lambda: pytest.fail("the data were read"), None), **options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"as_": "pandsa"}, r"as_='pandsa'; expected 'pandas', 'arrow', 'polars'. Nearest: pandas"),
        ({"as_": None}, "as_=None"),
        ({"vectors": "list"}, "vectors='list'; expected 'numpy', 'arrow'"),
    ],
)
def test_unknown_forms_name_those_that_there_are(words, options, said):
    with pytest.raises(OptionError, match=said):
        words.predict("a", **options)


def test_a_name_of_the_columns_of_one_result_is_not_that_of_another(words):
    first = words.predict("One two.")
    first.columns.name = "changed"
    assert words.predict("One two.").columns.name is None
