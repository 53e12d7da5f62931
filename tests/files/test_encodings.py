"""Encodings of text files: byte order marks are respected, and errors name the position of invalid bytes."""

import codecs
import io
import json
import os
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_lite import InputError
from nlu_lite.files import encodings
from nlu_lite.files.readers import find_text_files, open_tables
from nlu_lite.options import FileFormat

TEXTS = ["Grüße, “Welt”.", "日本語 🙂", "plain"]
MARKED = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


def content(form, texts):
    if form == "jsonl":
        return "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
    if form == "txt":
        return "".join(f"{text}\n" for text in texts)
    delimiter = "\t" if form == "tsv" else ","
    return f"id{delimiter}text\n" + "".join(f'{n}{delimiter}"{text}"\n' for n, text in enumerate(texts))


def texts_of(path, form=None):
    return [row["text"] for table in open_tables(find_text_files(path, form), 2).tables for row in table.to_pylist()]


@pytest.mark.parametrize("form", ["txt", "jsonl", "csv", "tsv"])
@pytest.mark.parametrize("encoding", MARKED)
def test_a_byte_order_mark_says_the_encoding(tmp_path, form, encoding):
    path = tmp_path / f"a.{form}"
    path.write_bytes(MARKED[encoding] + content(form, TEXTS).encode(encoding))
    assert texts_of(path) == TEXTS


@given(
    # Without NUL: after the mark of UTF-16-LE it would make that of UTF-32-LE.
    st.lists(st.text(st.characters(exclude_characters="\0\r\n\ufeff", exclude_categories=["Cs"]), min_size=1)),
    st.sampled_from(sorted(MARKED)),
    st.integers(4, 9),
)
def test_blocks_may_end_anywhere(lines, encoding, size):
    data = MARKED[encoding] + "".join(f"{line}\n" for line in lines).encode(encoding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encodings, "BLOCK", size)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert list(encodings.read_lines(find_text_files("-", None).files[0])) == lines


@pytest.mark.parametrize("form", ["txt", "jsonl", "csv", "tsv"])
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "iso-8859-15", "gbk", "shift-jis"])
def test_other_encodings_are_named_with_their_place(tmp_path, form, encoding):
    text = "Grüße" if encoding not in ("gbk", "shift-jis") else "日本"
    data = content(form, ["plain", "still plain", f"now {text}"])
    place = data.index(text[0] if text[0] != "G" else "ü")
    path = tmp_path / f"a.{form}"
    path.write_bytes(data.encode(encoding))
    line = data[:place].count("\n") + 1
    said = rf"a\.{form} is not UTF-8 at byte {place}, in line {line} .*iconv -f WINDOWS-1252 -t UTF-8"
    with pytest.raises(InputError, match=said):
        texts_of(path)


def test_the_place_is_that_in_the_file_however_long(tmp_path):
    data = b"x" * 99 + b"\n"
    (tmp_path / "a.txt").write_bytes(data * 5000 + b"abc\xe9\n")
    with pytest.raises(InputError, match=r"at byte 500003, in line 5001 "):
        texts_of(tmp_path / "a.txt")
    (tmp_path / "a.txt").write_bytes(codecs.BOM_UTF16_LE + "ab\n".encode("utf-16-le") * 40_000 + b"\x00\xd8a\x00")
    with pytest.raises(InputError, match=r"is not UTF-16-LE at byte 240002, in line 40001 "):
        texts_of(tmp_path / "a.txt")


@pytest.mark.parametrize("data", [b"\xff", b"\xff\xfea", b"ok\n\xc3", codecs.BOM_UTF32_LE + b"\x00\x00\x11\x00"])
def test_what_is_cut_off_or_invalid_is_refused(tmp_path, data):
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(InputError, match=r"is not UTF-"):
        texts_of(tmp_path / "a.txt")


@pytest.mark.parametrize("form", ["txt", "csv", "jsonl"])
@pytest.mark.parametrize(("encoding", "said"), [("utf-16-le", "UTF-16LE"), ("utf-16-be", "UTF-16BE")])
def test_utf_16_without_a_mark_is_not_read_as_characters_between_nuls(tmp_path, form, encoding, said):
    (tmp_path / f"a.{form}").write_bytes(content(form, ["Only ASCII.", "More of it."]).encode(encoding))
    with pytest.raises(InputError, match=rf"looks like {said} without a byte order mark.*iconv -f {said}"):
        texts_of(tmp_path / f"a.{form}")


def test_lines_in_front_of_a_wrong_byte_are_given(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\ntwo\nth\xffree\n")))
    lines, seen = encodings.read_lines(find_text_files("-", None).files[0]), []
    with pytest.raises(InputError, match="standard input is not UTF-8 at byte 10, in line 3"):
        seen.extend(lines)
    assert seen == ["one", "two"]


# --- pipes -----------------------------------------------------------------------------------------------------------


def feed(path, data):
    thread = threading.Thread(target=lambda: path.write_bytes(data))
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("name", "form", "data"),
    [
        ("a.txt", None, b"one\ntwo\n"),
        ("a.jsonl", None, b'{"text": "one"}\n{"text": "two"}\n'),
        ("63", None, b"one\ntwo\n"),
        ("63", FileFormat.JSONL, b'{"text": "one"}\n{"text": "two"}\n'),
        ("a.txt", None, codecs.BOM_UTF16_LE + "one\ntwo\n".encode("utf-16-le")),
    ],
)
def test_a_pipe_is_read_once(tmp_path, name, form, data):
    path = tmp_path / name
    os.mkfifo(path)
    thread = feed(path, data)
    reading = open_tables(find_text_files(path, form), 1)
    assert reading.rows is None
    assert [row["text"] for table in reading.tables for row in table.to_pylist()] == ["one", "two"]
    thread.join()


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_pipe_may_deliver_byte_by_byte(at_once):
    here, there = os.pipe()
    data = codecs.BOM_UTF16_LE + "é\nü\n".encode("utf-16-le")

    def write():
        with os.fdopen(there, "wb", buffering=0) as file:
            for place in range(0, len(data), at_once):
                file.write(data[place : place + at_once])

    thread = threading.Thread(target=write)
    thread.start()
    assert texts_of(f"/dev/fd/{here}") == ["é", "ü"]
    thread.join()
    os.close(here)


def test_a_predicted_pipe_is_whole(words, tmp_path):
    os.mkfifo(tmp_path / "in.txt")
    for _ in range(2):  # the second time the file is there already
        thread = feed(tmp_path / "in.txt", b"one two\nthree\n")
        written = words.predict_file(tmp_path / "in.txt", tmp_path / "out.parquet", chunk=1)
        thread.join()
        assert (written.texts, written.rows) == (2, 3)
