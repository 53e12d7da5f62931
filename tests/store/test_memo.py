import json
import os
import shutil

import pytest

from nlu_lite.store.memo import FileMemo


@pytest.fixture
def memo(tmp_path):
    return FileMemo(tmp_path / "memo")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    return path


def content(path, before=None):
    """Return a function that computes a value, and the list of its arguments."""
    calls = []

    def make(known):
        calls.append(known)
        return path.read_text()

    return make, calls


def test_a_value_is_computed_once(memo, file):
    make, calls = content(file)
    assert [memo.recall("x", {"f": file}, make) for _ in range(3)] == ["one"] * 3
    assert calls == [None]
    assert memo.recall("y", {"f": file}, make) == "one"
    assert calls == [None, None]


def rewrite(file):
    file.write_bytes(b"two")


def rewrite_with_the_old_time(file):
    stat = file.stat()
    file.write_bytes(b"two")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def exchange_with_the_old_time(file):
    stat = file.stat()
    other = file.with_name("other")
    other.write_bytes(b"two")
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(file)


def grow(file):
    with file.open("ab") as stream:
        stream.write(b"two")


@pytest.mark.parametrize("change", [rewrite, rewrite_with_the_old_time, exchange_with_the_old_time, grow])
def test_a_change_is_noticed_at_once(memo, file, change):
    make, calls = content(file)
    for _ in range(2):
        assert memo.recall("x", {"f": file}, make) == file.read_text()
    change(file)
    assert memo.recall("x", {"f": file}, make) == file.read_text()
    assert memo.recall("x", {"f": file}, make) != "one"
    assert calls == [None, "one"]  # what was known before is handed over


def test_a_copy_is_read_once(memo, file, tmp_path):
    make, calls = content(file)
    memo.recall("x", {"f": file}, make)
    copy = shutil.copy2(file, tmp_path / "copy")
    file.unlink()
    copy.replace(file)
    for _ in range(2):
        assert memo.recall("x", {"f": file}, make) == "one"
    assert calls == [None, "one"]


def test_another_file_is_a_change(memo, file):
    make, calls = content(file)
    memo.recall("x", {"f": file}, make)
    memo.recall("x", {"f": file, "g": file}, make)
    assert len(calls) == 2


def test_a_file_that_changes_while_it_is_read_is_read_again(memo, file):
    def make(before):
        value = file.read_text()
        file.write_bytes(b"more")
        return value

    assert memo.recall("x", {"f": file}, make) == "one"
    assert memo.recall("x", {"f": file}, content(file)[0]) == "more"


def test_where_nothing_can_be_written_values_are_computed_each_time(file, tmp_path):
    (tmp_path / "taken").write_text("a file")
    make, calls = content(file)
    memo = FileMemo(tmp_path / "taken" / "memo")
    assert [memo.recall("x", {"f": file}, make) for _ in range(2)] == ["one"] * 2
    assert len(calls) == 2


@pytest.mark.parametrize(
    "note",
    [b"", b"[]", b"null", b"5", b'"x"', b"{", b"\xff", b"[" * 100_000, b'{"note": {"subject": "x"}}', b'{"note": 5}'],
)
def test_a_note_that_is_damaged_is_made_again(memo, file, note):
    make, calls = content(file)
    memo.recall("x", {"f": file}, make)
    (path,) = memo.folder.iterdir()
    path.write_bytes(note)
    assert [memo.recall("x", {"f": file}, make) for _ in range(2)] == ["one"] * 2
    assert calls == [None, None]


def test_a_value_that_was_edited_is_not_believed(memo, file):
    make, calls = content(file)
    memo.recall("x", {"f": file}, make)
    (path,) = memo.folder.iterdir()
    note = json.loads(path.read_text())
    note["note"]["value"] = "another"
    path.write_text(json.dumps(note))
    assert memo.recall("x", {"f": file}, make) == "one"
    assert len(calls) == 2


def test_a_file_that_is_missing_is_an_error_of_the_system(memo, file):
    with pytest.raises(FileNotFoundError):
        memo.recall("x", {"f": file.with_name("none")}, content(file)[0])
