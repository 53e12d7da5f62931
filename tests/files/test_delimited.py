"""CSV: delimiters, quotes, and columns that are not texts."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_lite import FormatError, InputError, OptionError
from nlu_lite.files import delimited, encodings
from nlu_lite.files.columns import find_text_column
from nlu_lite.files.readers import find_text_columns, find_text_files, open_tables
from nlu_lite.options import FileFormat

DELIMITERS = [",", "\t", ";", "|"]


def rows_of(path, delimiter=None, size=2, form=None):
    tables = open_tables(find_text_files(path, form, delimiter), size).tables
    rows = [row for table in tables for row in table.to_pylist()]
    return [{name: value for name, value in row.items() if name != "index"} for row in rows]


def put(tmp_path, text, name="a.csv"):
    (tmp_path / name).write_bytes(text.encode())
    return tmp_path / name


# --- delimiters ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_the_delimiter_is_found_from_the_file(tmp_path, delimiter, newline):
    lines = ["id{0}review", '1{0}"a{0}b, c; d"', '2{0}"two\nlines ""quoted"""', "3{0}plain"]
    path = put(tmp_path, newline.join(line.format(delimiter) for line in lines))
    assert rows_of(path) == [
        {"id": "1", "review": f"a{delimiter}b, c; d"},
        {"id": "2", "review": 'two\nlines "quoted"'},
        {"id": "3", "review": "plain"},
    ]


@pytest.mark.parametrize("name", ["a.tsv", "a.csv"])
def test_tabs_between_texts_with_commas(tmp_path, name):
    path = put(tmp_path, "id\treview\n1\tGood, cheap; fast\n2\tBad, dear\n", name)
    assert [row["review"] for row in rows_of(path)] == ["Good, cheap; fast", "Bad, dear"]


def test_a_single_column_needs_no_delimiter(tmp_path):
    assert rows_of(put(tmp_path, "review\nGood; cheap\n\nBad|dear\n")) == [
        {"review": "Good; cheap"},
        {"review": "Bad|dear"},
    ]
    with pytest.raises(FormatError, match="Expected 1 columns, got 2"):
        rows_of(put(tmp_path, "review\nGood, cheap\n"))


def test_other_delimiters_are_named(tmp_path):
    path = put(tmp_path, "id~review\n1~Good\n")
    assert rows_of(path, "~") == [{"id": "1", "review": "Good"}]
    assert rows_of(put(tmp_path, "id,review\n1,Good\n", "a.tsv"), ",") == [{"id": "1", "review": "Good"}]
    assert rows_of(put(tmp_path, "id\treview\n1\tGood\n", "a.txt"), None, form=FileFormat.TSV)[0]["review"] == "Good"


@pytest.mark.parametrize("delimiter", ["^", ":", "~", "/", "\x01", "\x1f"])
def test_a_delimiter_that_is_not_detected_is_asked_for(tmp_path, delimiter):
    text = f"id{delimiter}review\n1{delimiter}Good\n2{delimiter}Bad\n"
    with pytest.raises(InputError, match=r"delimited by .*delimiter=.* a single column") as caught:
        rows_of(put(tmp_path, text))
    assert repr(delimiter) in caught.value.got
    assert [row["review"] for row in rows_of(put(tmp_path, text), delimiter)] == ["Good", "Bad"]
    assert rows_of(put(tmp_path, text), ",")[0] == {f"id{delimiter}review": f"1{delimiter}Good"}


@pytest.mark.parametrize(("delimiter", "said"), [("::", "delimiter=':'"), ("¦", "Replace it by a comma")])
def test_delimiters_that_cannot_be_named_are_not_read_as_one_column(tmp_path, delimiter, said):
    with pytest.raises(InputError, match=said):
        rows_of(put(tmp_path, f"id{delimiter}review\n1{delimiter}Good\n"))


@pytest.mark.parametrize("delimiter", [",", ";", "|", "^"])
def test_a_tsv_file_without_tabs_is_not_read_as_one_column(tmp_path, delimiter):
    with pytest.raises(InputError, match=r"have a single column, or are delimited by .*delimiter="):
        rows_of(put(tmp_path, f"id{delimiter}review\n1{delimiter}Good\n", "a.tsv"))


@pytest.mark.parametrize(
    "lines",
    [
        ["text", "Note: good", "Ratio: 1"],
        ["text:", "Note: good"],
        ["Subject: body", "Good", "Note: bad"],
        ["Questions & answers?", "Why?", "Who?"],
        ["user-name", "well-known", "half-life"],
        ["f.name", "It rains.", "Yes."],
        ["id^review"],
    ],
)
def test_a_single_column_with_marks_in_its_cells_stays_one(tmp_path, lines):
    assert rows_of(put(tmp_path, "\n".join(lines) + "\n")) == [{lines[0]: line} for line in lines[1:]]


def test_delimiters_that_fit_equally_are_not_guessed(tmp_path):
    path = put(tmp_path, "price, net;amount\n1,50;3\n")
    with pytest.raises(InputError, match=r"could be delimited by any of \[',', ';'\].*delimiter="):
        rows_of(path)
    assert rows_of(path, ";") == [{"price, net": "1,50", "amount": "3"}]


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "é", "a", "\0", b";", 3, True])
def test_delimiters_that_cannot_be_are_refused(tmp_path, delimiter):
    with pytest.raises(OptionError, match="delimiter="):
        rows_of(put(tmp_path, "a,b\n1,2\n"), delimiter)


def test_a_delimiter_without_csv_is_refused(tmp_path):
    with pytest.raises(OptionError, match="for files that are not CSV"):
        rows_of(put(tmp_path, "x\n", "a.txt"), ";")


def test_each_file_of_a_folder_has_its_own_delimiter(tmp_path):
    put(tmp_path, "id,text\n1,a; b\n", "a.csv")
    put(tmp_path, "id;text\n2;c, d\n", "b.csv")
    put(tmp_path, "id\ttext\n3\te\n", "c.tsv")
    assert [row["text"] for row in rows_of(tmp_path)] == ["a; b", "c, d", "e"]


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"])), min_size=2, max_size=2)
    ),
    st.sampled_from(DELIMITERS),
    st.integers(4, 40),
)
def test_any_cells_come_back(tmp_path_factory, cells, delimiter, block):
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([["text", "other"], *cells])
    path = put(tmp_path_factory.mktemp("csv"), file.getvalue())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encodings, "BLOCK", block)
        patch.setattr(delimited, "SAMPLE", 1)
        found = rows_of(path, delimiter)
    assert [[row["text"], row["other"]] for row in found] == cells


# --- what is wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('a,b\n1,"x\n2,y\n', "a quoted field without an end, which begins in line 2"),
        ('a\nfine\n"x\n"y"\n', "a quoted field continues after its closing quote in line 4"),
        ('a,b\n1,"x"y\n', "a quoted field continues after its closing quote in line 2"),
        ('a,b\n1,"x" \n', "a quoted field continues after its closing quote in line 2"),
        ('"a,b\n1,2\n', "a quoted field without an end, which begins in line 1"),
        ("a,b\n1\0,2\n", "a NUL character is in line 2"),
        ("a,b\n1,2,3\n", "Expected 2 columns, got 3"),
        ("a,b\n1,2\n3\n", "Expected 2 columns, got 1"),
        ("a;b\n1;2\n3;4;5\n", "Expected 2 columns, got 3"),
        ("", "Empty CSV file"),
        ("\n\n", "Empty CSV file"),
        ("\ufeff", "Empty CSV file"),
    ],
)
@pytest.mark.parametrize("block", [1, 1 << 16])
def test_records_are_never_lost_in_silence(tmp_path, monkeypatch, text, said, block):
    monkeypatch.setattr(encodings, "BLOCK", block)
    with pytest.raises(FormatError, match=said):
        rows_of(put(tmp_path, text))


def test_a_header_that_is_too_long_is_said(tmp_path):
    with pytest.raises(FormatError, match="a header that is too long"):
        rows_of(put(tmp_path, '"' + "x" * 200_000 + '",b\n1,2\n'))


def test_a_quote_within_a_field_is_a_character(tmp_path):
    assert rows_of(put(tmp_path, 'text,n\n5" disk,1\n')) == [{"text": '5" disk', "n": "1"}]


@pytest.mark.parametrize("text", ["a,a\n1,2\n", "text,,\n1,2,3\n"])
def test_names_that_stand_twice_are_refused(tmp_path, text):
    with pytest.raises(InputError, match="occur twice in"):
        rows_of(put(tmp_path, text))


# --- which column is text --------------------------------------------------------------------------------------------


def found(path):
    reading = open_tables(find_text_files(path, None), 2)
    schema, texts = find_text_columns(find_text_files(path, None), 2)
    assert texts == reading.texts
    return find_text_column(schema, texts, None)


@pytest.mark.parametrize(
    "values",
    [
        ["1", "2", "3"],
        ["007", "-1.5", "+2e10"],
        ["1,234.50", "1.234,50", "1'000"],
        ["12 %", "$5", "5 €"],
        ["2020-01-31", "31.12.2020", "1/2/20"],
        ["2020-01-31T12:30:00Z", "2020-01-31 12:30:00.5+02:00", "12:30"],
        ["true", "False", ""],
        ["nan", "NA", "-inf"],
        ["", "", ""],
        ["٣", "३", "3"],
    ],
)
def test_columns_of_numbers_and_the_like_are_no_texts(tmp_path, values):
    lines = [f'"{value}",Review {n}' for n, value in enumerate(values)]
    assert found(put(tmp_path, "\n".join(["id,review", *lines]))) == "review"


@pytest.mark.parametrize("value", ["Seven.", "x", "!!!", "👍", "12 o'clock", "A-7"])
def test_one_text_makes_a_column_of_texts(tmp_path, value):
    lines = [f"{n},Good" for n in range(5)] + [f"{value},Good"]
    with pytest.raises(InputError, match=r"2 of the columns \['a', 'review'\] hold texts.*text_column="):
        found(put(tmp_path, "\n".join(["a,review", *lines])))


def test_a_column_that_is_named_or_alone_may_hold_numbers(tmp_path):
    assert found(put(tmp_path, "year\n1984\n2001\n")) == "year"
    assert found(put(tmp_path, "text,id\n1984,1\n")) == "text"
    with pytest.raises(InputError, match=r"0 of the columns \['a', 'b'\] hold texts"):
        found(put(tmp_path, "a,b\n1984,1\n"))


@pytest.mark.parametrize("keep", [True, False])
def test_a_file_of_reviews_is_predicted(words, tmp_path, keep):
    path = put(tmp_path, "id;review\n1;Good, cheap\n2;Bad\n")
    written = words.predict_file(path, tmp_path / "out.parquet", keep_columns=keep)
    assert (written.texts, written.rows) == (2, 4)


def test_names_that_the_file_does_not_have_are_not_offered(words, tmp_path):
    path = put(tmp_path, "a,b\nx,y\n")
    for options in ({}, {"text_column": "c"}, {"text_column": "a", "lang_column": "c"}, {"text_column": "index"}):
        with pytest.raises(InputError) as caught:
            words.predict_file(path, tmp_path / "out.parquet", **options)
        assert "['a', 'b']" in str(caught.value)
        assert "['index'" not in str(caught.value)
