"""The files that are read: names, links, folders, and paths that are not files."""

import os
import socket

import pytest

from nlu_lite import InputError, OptionError, SourceError
from nlu_lite.files.readers import find_text_files, open_tables
from nlu_lite.options import FileFormat


def texts_of(source, form=None):
    return [row["text"] for table in open_tables(find_text_files(source, form), 2).tables for row in table.to_pylist()]


def test_a_file_called_as_standard_input_is_a_file(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-").write_text("mine\n")
    assert texts_of("./-", FileFormat.TXT) == ["mine"]
    assert texts_of(tmp_path / "-", FileFormat.TXT) == ["mine"]
    assert find_text_files("-", None).files[0].path is None
    assert words.predict_file("./-", "out.parquet", format="txt").texts == 1


@pytest.mark.parametrize("form", [FileFormat.CSV, FileFormat.TSV, FileFormat.PARQUET])
def test_a_pipe_that_must_be_read_twice_is_refused_and_not_opened(tmp_path, form):
    os.mkfifo(tmp_path / f"a.{form.value}")
    with pytest.raises(OptionError, match=f"{form.value} from the pipe .*Write it to a file first"):
        find_text_files(tmp_path / f"a.{form.value}", None)


def test_names_that_no_file_can_have_are_refused(words, tmp_path):
    for name in ("a\0b.txt", ""):
        with pytest.raises(SourceError, match="does not exist"):
            find_text_files(name, None)
    (tmp_path / "file.txt").write_text("x")
    with pytest.raises(SourceError, match="does not exist"):
        find_text_files(tmp_path / "file.txt" / "below.txt", None)
    for name in ("a\0b.parquet", "a\udce9.parquet"):
        with pytest.raises(OptionError, match="a name in UTF-8 without NUL characters"):
            words.predict_file(tmp_path / "file.txt", tmp_path / name)


def test_a_name_that_is_not_utf_8_is_read_alone_and_refused_in_a_folder(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.txt")
    path.write_text("text\n")
    assert texts_of(path) == ["text"]
    for name in ("csv", "parquet", "jsonl"):
        with pytest.raises((InputError, SourceError)):
            texts_of(path.with_suffix(f".{name}"))
    with pytest.raises(InputError, match=r"the file name b'.*caf\\xe9.txt' is not UTF-8.*convmv"):
        find_text_files(tmp_path, None)
    path.rename(tmp_path / os.fsdecode(b".caf\xe9.txt"))  # hidden files are passed over
    (tmp_path / "a.txt").write_text("a\n")
    assert texts_of(tmp_path) == ["a"]


def test_a_csv_file_whose_name_is_not_utf_8_is_read(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.csv")
    path.write_text("text,n\none,1\n")
    assert texts_of(path) == ["one"]


def test_what_is_no_file_in_a_folder_is_not_passed_over(tmp_path):
    (tmp_path / "a.txt").write_text("a\n")
    os.mkfifo(tmp_path / "b.txt")
    with pytest.raises(InputError, match=r"b\.txt is not a regular file"):
        find_text_files(tmp_path, None)
    (tmp_path / "b.txt").unlink()
    (tmp_path / "b.txt").symlink_to("nowhere")
    with pytest.raises(InputError, match=r"b\.txt is a broken link"):
        find_text_files(tmp_path, None)
    (tmp_path / "b.txt").unlink()
    (tmp_path / "b.txt").symlink_to("a.txt")
    assert texts_of(tmp_path) == ["a", "a"]


def test_a_folder_that_cannot_be_read_is_not_passed_over(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("a\n")
    (tmp_path / "closed").mkdir()
    (tmp_path / ".hidden").mkdir()
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith(("closed", ".hidden")):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SourceError, match="Permission denied"):
        find_text_files(tmp_path, None)
    (tmp_path / "closed").rmdir()
    assert texts_of(tmp_path) == ["a"]


def test_a_socket_and_a_device_are_said(tmp_path):
    assert texts_of("/dev/null") == []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        with pytest.raises(SourceError, match="cannot be read"):
            texts_of(tmp_path / "s")


@pytest.mark.parametrize("name", ["no/out.parquet", "file.txt/out.parquet"])
def test_a_folder_that_does_not_exist_is_said_before_anything_is_read(words, tmp_path, name):
    (tmp_path / "file.txt").write_text("x")
    with pytest.raises(SourceError, match=r"out\.parquet cannot be written"):
        words.predict_file(tmp_path / "file.txt", tmp_path / name)
