import datetime
import io
import json
import sys

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from nlu_lite import FormatError, InputError, OptionError, SourceError
from nlu_lite.files import readers
from nlu_lite.files.readers import find_text_files, open_tables, read_first_schema
from nlu_lite.options import FileFormat

ROWS = [{"text": "One.", "n": 1}, {"text": "Zwei, drei.\n", "n": 2}, {"text": 'Ünï "x"', "n": None}]


def all_rows(path, size=2, form=None):
    reading = open_tables(find_text_files(path, form), size)
    tables = list(reading.tables)
    assert all(table.schema.equals(reading.schema) for table in tables)
    assert [len(table) for table in tables[:-1]] == [size] * (len(tables) - 1)
    rows = [row for table in tables for row in table.to_pylist()]
    assert reading.rows in (None, len(rows))
    return rows


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


# --- what is read ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 100])
def test_lines_are_texts(tmp_path, size):
    (tmp_path / "a.txt").write_bytes("\ufeffOne.\r\n\nTwo\u2028x\r.\n".encode())
    assert [row["text"] for row in all_rows(tmp_path / "a.txt", size)] == ["One.", "", "Two\u2028x\r."]
    assert [row["index"] for row in all_rows(tmp_path / "a.txt", size)] == [0, 1, 2]


@given(st.lists(st.text(st.characters(exclude_characters="\r\n\ufeff", exclude_categories=["Cs"]))), st.booleans())
def test_any_lines_come_back(tmp_path_factory, lines, ended):
    path = tmp_path_factory.mktemp("lines") / "a.txt"
    text = "\n".join(lines) + "\n" * (bool(lines) and (ended or lines[-1] == ""))
    path.write_bytes(text.encode())
    assert [row["text"] for row in all_rows(path, 3)] == lines


def test_objects_of_json_keep_their_values(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", [*ROWS, {"n": 4, "text": "x", "more": [1, 2]}])
    assert all_rows(path) == [
        *({"index": n, **row, "more": None} for n, row in enumerate(ROWS)),
        {"index": 3, "text": "x", "n": 4, "more": [1, 2]},
    ]


def test_numbers_of_json_take_the_widest_type(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": "a", "n": 1}, {"text": "b", "n": None}, {"text": "c", "n": 0.5}])
    assert [row["n"] for row in all_rows(path, 1)] == [1.0, None, 0.5]


def test_csv_is_read_as_strings(tmp_path):
    text = 'text,number,when\n"a, ""b""\nc",007,2020-01-01\nd,123456789012345678901234567890,\n,NA,x\n'
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    rows = [{name: value for name, value in row.items() if name != "index"} for row in all_rows(tmp_path / "a.csv")]
    assert rows == [
        {"text": 'a, "b"\nc', "number": "007", "when": "2020-01-01"},
        {"text": "d", "number": "123456789012345678901234567890", "when": ""},
        {"text": "", "number": "NA", "when": "x"},
    ]


def test_parquet_keeps_its_types(tmp_path):
    table = pa.table(
        {
            "text": pa.array(["a", "b", "a", None], pa.large_string()).dictionary_encode(),
            "when": pa.array([datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)] * 4, pa.timestamp("ms", "UTC")),
            "big": pa.array([2**63, None, 0, 1], pa.uint64()),
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=3)
    reading = open_tables(find_text_files(tmp_path / "a.parquet", None), 3)
    found = pa.concat_tables(list(reading.tables))
    assert found.drop_columns("index").to_pydict() == table.to_pydict()
    assert found.schema.field("when").type == pa.timestamp("ms", "UTC")
    assert found.schema.field("big").type == pa.uint64()
    assert dict(reading.gaps) == {"text": 3, "big": 1}


def test_folders_are_read_in_the_order_of_names(tmp_path):
    (tmp_path / "b.txt").write_text("b0\nb1\n")
    (tmp_path / "a").mkdir()
    write_jsonl(tmp_path / "a" / "x.jsonl", [{"text": "a0"}])
    (tmp_path / "_SUCCESS").write_text("")
    (tmp_path / ".hidden").write_text("")
    rows = all_rows(tmp_path, 2)
    assert [tuple(row.values()) for row in rows] == [("a/x.jsonl", 0, "a0"), ("b.txt", 0, "b0"), ("b.txt", 1, "b1")]


@pytest.mark.parametrize("form", [None, FileFormat.TXT, FileFormat.JSONL])
def test_standard_input_is_read_once(monkeypatch, form):
    data = b'{"text": "a"}\n{"text": "b"}\n{"text": "c"}\n'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    texts = [row["text"] for row in all_rows("-", 2, form)]
    assert texts == (["a", "b", "c"] if form is FileFormat.JSONL else data.decode().splitlines())


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.csv", "a.parquet"])
def test_files_without_rows_have_columns(tmp_path, name):
    (tmp_path / name).write_text("text\n" if name == "a.csv" else "")
    if name == "a.parquet":
        parquet.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / name)
    assert all_rows(tmp_path / name) == []
    names = [] if name == "a.jsonl" else ["text"]
    assert read_first_schema(find_text_files(tmp_path / name, None)).names == names
    assert open_tables(find_text_files(tmp_path / name, None), 2).schema.names == ["index", *names]


def test_files_without_rows_add_no_column(tmp_path):
    (tmp_path / "a.jsonl").write_text("")
    write_jsonl(tmp_path / "b.jsonl", [{"body": "x"}])
    assert read_first_schema(find_text_files(tmp_path, None)).names == ["body"]
    assert open_tables(find_text_files(tmp_path, None), 2).schema.names == ["file", "index", "body"]


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "kind", "said"),
    [
        ("a.txt", b"ab\nc\xffd\n", InputError, "a.txt is not UTF-8 at byte 4"),
        ("a.jsonl", b'{"text": "a"}\n{"text": \n', FormatError, "line 2 of .* cannot be read as JSON"),
        ("a.jsonl", b'["a"]\n', InputError, "line 1 of .* is a list"),
        ("a.jsonl", b'{"text": "a", "text": "b"}\n', FormatError, "the name 'text' occurs twice"),
        ("a.jsonl", b'{"text": "a", "n": 1}\n{"text": "b", "n": "x"}\n', InputError, "do not go together"),
        ("a.jsonl", b'{"text": "a"}\n{"text": "a"}\n{"text": 1}\n', InputError, "do not go together"),
        (
            "a.jsonl",
            b'{"text": "a", "n": 99999999999999999999}\n',
            InputError,
            "'n' in line 1.*the integer 9+;.*a string",
        ),
        ("a.jsonl", b'{"text": "a\\ud800"}\n', InputError, "'text' in line 1 .*a lone surrogate.*Remove"),
        (
            "a.jsonl",
            b'{"text": "a"}\n\n{"text": "b", "n": %d}\n' % 10**49,
            InputError,
            r"'n' in line 3.*1000000000\.\.\. of 50 digits.*a string",
        ),
        ("a.jsonl", b'{"text": "a", "n": %s}\n' % (b"1" * 5000), FormatError, "5000 digits; write it as a string"),
        ("a.jsonl", b'{"text": "a", "n": [1, {"x": %d}]}\n' % -(2**64), InputError, "'n' in line 1.*a string"),
        (
            "a.jsonl",
            b'{"text": "a", "n": {"x": 1}}\n{"n": {"x": "\\udfff"}}\n',
            InputError,
            "'n' in line 2 .*surrogate",
        ),
        ("a.jsonl", b'{"text": "a"}\n{"te\\ud800xt": "b"}\n', InputError, "in line 2 .*a lone surrogate"),
        ("a.jsonl", b'{"text": "a", "index": 1}\n', InputError, r"columns called \['index'\]"),
        ("a.csv", b"", FormatError, "Empty CSV file"),
        ("a.csv", b"a,b\n1,2\n3\n", FormatError, "Expected 2 columns, got 1"),
        ("a.csv", b"a,a\n1,2\n", InputError, r"the column names \['a'\] occur twice"),
        ("a.csv", b"a,b\nx,\xff\n", InputError, "a.csv is not UTF-8 at byte 6, in line 2"),
        ("a.parquet", b"PAR1 cut off", FormatError, "a.parquet cannot be read"),
        ("a.pdf", b"", InputError, "ends in '.pdf'"),
        ("a.txt.gz", b"", InputError, r"ends in '.gz'.*Unpack it"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(tmp_path, name, data, kind, said):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(kind, match=said):
        all_rows(tmp_path / name)


def test_a_parquet_file_that_was_cut_off_is_damaged(tmp_path):
    parquet.write_table(pa.table({"text": [str(n) for n in range(1000)]}), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    for end in (len(whole) - 1, len(whole) // 2, 4):
        (tmp_path / "a.parquet").write_bytes(whole[:end])
        with pytest.raises(FormatError, match="cannot be read"):
            all_rows(tmp_path / "a.parquet")
    (tmp_path / "a.parquet").write_bytes(whole[:8] + bytes(200) + whole[208:])
    with pytest.raises(FormatError, match="cannot be read"):
        all_rows(tmp_path / "a.parquet")


def test_files_of_other_columns_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("text,n\na,1\n")
    (tmp_path / "b.csv").write_text("text,m\na,1\n")
    with pytest.raises(InputError, match=r"b.csv differs from the files before it in the columns \['m', 'n'\]"):
        all_rows(tmp_path)


def test_a_column_that_comes_up_late_in_standard_input_is_refused(monkeypatch):
    data = b'{"text": "a"}\n{"text": "b", "n": 1}\n'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    with pytest.raises(InputError, match=r"the columns \['n'\] are missing in the first rows"):
        all_rows("-", 1, FileFormat.JSONL)


def test_paths_that_hold_nothing_are_refused(tmp_path):
    with pytest.raises(SourceError, match=r"cannot be read .File name too long"):
        find_text_files(tmp_path / ("x" * 300 + ".txt"), None)
    with pytest.raises(SourceError, match="does not exist"):
        find_text_files(tmp_path / "nope.txt", None)
    with pytest.raises(InputError, match="contains no file"):
        find_text_files(tmp_path, None)
    with pytest.raises(OptionError, match="csv from standard input"):
        find_text_files("-", FileFormat.CSV)


def test_a_row_longer_than_a_block_of_csv_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "CSV_BLOCK", 64)
    (tmp_path / "a.csv").write_text("text\n" + "x" * 300 + "\n")
    with pytest.raises(FormatError, match=r"a\.csv cannot be read"):
        all_rows(tmp_path / "a.csv")
