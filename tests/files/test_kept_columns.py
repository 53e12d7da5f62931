"""Columns of every type of Arrow: kept as they are, or refused by name before any work is done."""

import datetime
import decimal
import json

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from nlu_lite import InputError, NluLiteError
from nlu_lite.cli import app


def of(kind, value):
    """An array of a value that Python may not have, and a missing value."""
    return pa.array([value, None], pa.int32() if pa.types.is_date(kind) else pa.int64()).cast(kind)


def invalid_utf8(size=1):
    offsets = pa.array([0, size], pa.int32()).buffers()[1]
    return pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(b"\xff" * size)])


STRINGS = {
    "large_string": pa.array(["a", None], pa.large_string()),
    "string_view": pa.array(["a", None], pa.string_view()),
    "dictionary": pa.array(["a", None]).dictionary_encode(),
}
ODD = {
    "binary": pa.array([b"\xff", None]),
    "binary_view": pa.array([b"\xff", None], pa.binary_view()),
    "fixed_size_binary": pa.array([b"\xff", None], pa.binary(1)),
    "timestamp_far": of(pa.timestamp("us"), 2**62),
    "timestamp_before": of(pa.timestamp("ms"), -(2**62)),
    "timestamp_far_utc": pa.array([2**60, None], pa.timestamp("us", "UTC")),
    "timestamp_ns": pa.array([2**62 + 1, None], pa.timestamp("ns")),
    "timestamp_zone": pa.array([0, None], pa.timestamp("us", "Nowhere/Bad")),
    "timestamp_offset": pa.array([0, None], pa.timestamp("us", "+25:00")),
    "date32_max": of(pa.date32(), 2**31 - 1),
    "date32_min": of(pa.date32(), -(2**31)),
    "time64": pa.array([1, None], pa.time64("ns")),
    "duration_s": of(pa.duration("s"), 2**62),
    "duration_ns": of(pa.duration("ns"), 2**62),
    "decimal128": pa.array([decimal.Decimal("1.5"), None], pa.decimal128(38, 5)),
    "decimal256": pa.array([decimal.Decimal("1.5"), None], pa.decimal256(76, 5)),
    "half": pa.array([1.5, None]).cast(pa.float16()),
    "null": pa.nulls(2),
    "list_view": pa.array([[1], None], pa.list_view(pa.int64())),
    "list_of_views": pa.array([["a"], None], pa.list_(pa.string_view())),
    "large_list": pa.array([[1], None], pa.large_list(pa.int64())),
    "list_date": pa.array([[2**31 - 1], None], pa.list_(pa.date32())),
    "struct": pa.array([{"a": 2**62}, None], pa.struct([("a", pa.timestamp("us"))])),
    "map": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
    "uuid": pa.array([b"0" * 16, None], pa.uuid()),
    "json": pa.array(["1", None], pa.json_()),
    "tensor": pa.ExtensionArray.from_storage(
        pa.fixed_shape_tensor(pa.int32(), [2]), pa.array([[1, 2], None], pa.list_(pa.int32(), 2))
    ),
}
IN_MEMORY = {
    "interval": pa.array([pa.MonthDayNano([1, 2, 3]), None]),
    "run_end_encoded": pa.RunEndEncodedArray.from_arrays([1, 2], ["a", None]),
    "union": pa.UnionArray.from_sparse(pa.array([0, 0], pa.int8()), [pa.array([1, 2])]),
}
COLUMNS = STRINGS | ODD
STRINGS_OR_WORDS = ("null", "json", "list_of_views", "run_end_encoded")
NO_TEXTS = {name: column for name, column in (ODD | IN_MEMORY).items() if name not in STRINGS_OR_WORDS}
NO_TEXTS["invalid UTF-8"] = invalid_utf8()


def table_of(column):
    return pa.table({"text": ["One two.", "Three."], "kept": column})


def as_stored(column):
    """Return the stored numbers of a column, which can be compared if Python has no such values."""
    if isinstance(column.type, pa.BaseExtensionType):
        return column.cast(column.type.storage_type)
    return column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column


@pytest.mark.parametrize("name", COLUMNS)
def test_parquet_keeps_every_column(words, tmp_path, name):
    parquet.write_table(table_of(COLUMNS[name]), tmp_path / "in.parquet")
    source = parquet.read_table(tmp_path / "in.parquet")["kept"]
    for _ in range(2):  # the second time the file is there already
        assert words.predict_file(tmp_path / "in.parquet", tmp_path / "out.parquet", chunk=1).rows == 5
    result = parquet.read_table(tmp_path / "out.parquet")
    first, last = source.slice(0, 1), source.slice(1, 1)
    if "view" in name and name != "list_view":  # views of strings become plain
        first, last = (one.cast(result.schema.field("kept").type) for one in (first, last))
    expected = pa.chunked_array([*first.chunks * 3, *last.chunks * 2])
    assert as_stored(result["kept"].combine_chunks()).equals(as_stored(expected.combine_chunks()))


@pytest.mark.parametrize("ending", ["csv", pytest.param("jsonl", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", COLUMNS)
def test_text_formats_keep_a_column_or_refuse_it_by_name(tmp_path, name, ending):
    parquet.write_table(table_of(COLUMNS[name]), tmp_path / "in.parquet")
    output = tmp_path / f"out.{ending}"
    command = ["predict", "--ref", "en.tokenize", "-f", str(tmp_path / "in.parquet"), "-o", str(output), "-q"]
    done = CliRunner().invoke(app, command)
    if done.exit_code == 0:
        assert len(output.read_text().splitlines()) == 5 + (ending == "csv")
        return
    assert isinstance(done.exception, InputError)
    assert "'kept'" in str(done.exception)
    assert "keep_columns=False" in done.exception.remedy
    assert not output.exists()
    assert CliRunner().invoke(app, [*command, "--drop-columns"]).exit_code == 0


def test_text_formats_keep_these_values(tmp_path):
    table = pa.table(
        {
            "text": ["One."],
            "when": pa.array([0], pa.timestamp("us", "UTC")),
            "day": [datetime.date(2020, 1, 31)],
            "amount": pa.array([decimal.Decimal("1.50")], pa.decimal128(9, 2)),
            "list": [list(range(2000))],
            "days": [[datetime.date(2020, 1, 31)]],
            "times": pa.array([[1_500_000_000]], pa.list_(pa.timestamp("ns"))),
            "record": [{"a": decimal.Decimal("1.5"), "b": [None]}],
        }
    )
    parquet.write_table(table, tmp_path / "in.parquet")
    for ending in ("jsonl", "csv"):
        output = str(tmp_path / f"out.{ending}")
        command = ["predict", "--ref", "en.tokenize", "-f", str(tmp_path / "in.parquet"), "-o", output, "-q"]
        assert CliRunner().invoke(app, command).exit_code == 0
    row = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])
    assert row == {
        "index": 0,
        "when": "1970-01-01 00:00:00+00:00",
        "day": "2020-01-31",
        "amount": "1.50",
        "list": list(range(2000)),
        "days": ["2020-01-31"],
        "times": ["1970-01-01 00:00:01.500000"],
        "record": {"a": "1.5", "b": [None]},
        "token": "One",
    }
    cells = pd.read_csv(tmp_path / "out.csv").iloc[0]
    assert json.loads(cells["list"]) == row["list"]
    assert (json.loads(cells["days"]), json.loads(cells["record"])) == (row["days"], row["record"])


@pytest.mark.parametrize("name", ODD)
def test_no_other_type_is_text(words, tmp_path, name):
    parquet.write_table(pa.table({"text": ["x"], "odd": ODD[name].slice(0, 1)}), tmp_path / "in.parquet")
    with pytest.raises(InputError, match="the column of texts, 'odd', is of type"):
        words.predict_file(tmp_path / "in.parquet", tmp_path / "out.parquet", text_column="odd")


@pytest.mark.parametrize("name", STRINGS)
@pytest.mark.parametrize("named", [{}, {"text_column": "body"}])
def test_every_type_of_strings_is_text(words, tmp_path, name, named):
    parquet.write_table(pa.table({"n": [1], "body": STRINGS[name].slice(0, 1)}), tmp_path / "in.parquet")
    assert words.predict_file(tmp_path / "in.parquet", tmp_path / "out.parquet", **named).rows == 1


@pytest.mark.parametrize("column", ["text", "kept"])
def test_strings_that_are_not_utf_8_are_refused(words, tmp_path, column):
    table = pa.table({"text": pa.array(["x"]), "kept": pa.array(["y"])})
    table = table.set_column(table.column_names.index(column), column, invalid_utf8())
    parquet.write_table(table, tmp_path / "in.parquet")
    with pytest.raises(InputError, match=f"the column '{column}' of .*in.parquet holds invalid values"):
        words.predict_file(tmp_path / "in.parquet", tmp_path / "out.parquet")


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_what_is_nested_too_deeply_for_parquet_is_refused_before_work_begins(words, tmp_path, opening, closing):
    rows = f'{{"text": "a", "n": {opening * 120}1{closing * 120}}}\n'
    (tmp_path / "in.jsonl").write_text(rows)
    with pytest.raises(InputError, match=r"Parquet cannot hold the column 'n' .*too deeply nested.*keep_columns=False"):
        words.predict_file(tmp_path / "in.jsonl", tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet.parts").exists()
    assert words.predict_file(tmp_path / "in.jsonl", tmp_path / "out.parquet", keep_columns=False).rows == 1


# --- predict ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_", ["pandas", "arrow", "polars"])
@pytest.mark.parametrize("name", COLUMNS | IN_MEMORY)
@pytest.mark.parametrize("form", ["arrow", "pandas"])
def test_predict_keeps_a_column_or_refuses_it(words, name, form, as_):
    data = table_of((COLUMNS | IN_MEMORY)[name])
    if form == "pandas":
        data = data.to_pandas(types_mapper=lambda kind: None if pa.types.is_dictionary(kind) else pd.ArrowDtype(kind))
    if not kept(words, data, as_):
        with pytest.raises(InputError, match=r"keep_columns=False"):
            words.predict(data, as_=as_)
        assert len(words.predict(data, as_=as_, keep_columns=False)) == 5


def kept(words, data, as_):
    try:
        result = words.predict(data, as_=as_)
    except NluLiteError:
        return False
    return len(result) == 5 and "kept" in (result.column_names if as_ == "arrow" else result.columns)


@pytest.mark.parametrize("name", NO_TEXTS)
def test_predict_takes_no_other_type_for_texts(words, name):
    column = NO_TEXTS[name].slice(0, 1)
    table = pa.table({"odd": column, "text": ["x"]})
    for data, named in ((table, {"text_column": "odd"}), (column, {})):
        with pytest.raises(InputError):
            words.predict(data, **named)
    with pytest.raises(InputError):
        words.predict(pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([column]))))
