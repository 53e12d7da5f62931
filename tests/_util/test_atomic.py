"""Files and folders that appear whole or not at all."""

import pytest

from nlu_lite._util.atomic import write_file_atomically, write_folder_atomically


@pytest.mark.parametrize("name", ["a.txt", "n" * 255])
def test_a_file_appears_when_the_block_ends(tmp_path, name):
    path = tmp_path / name
    with write_file_atomically(path) as part:
        part.write_text("new")
        assert part.parent == tmp_path
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with write_file_atomically(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def fail(context, write, error):
    """Write a part of the content, then raise an error."""
    with context as part:
        write(part)
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_keeps_the_old_file_and_removes_the_new_one(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error):
        fail(write_file_atomically(path, tmp_path / "a.tmp"), lambda part: part.write_text("half"), error)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), write_file_atomically(tmp_path / "a.txt"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_appears_when_the_block_ends(tmp_path):
    folder = tmp_path / "new" / "folder"
    with write_folder_atomically(folder) as part:
        (part / "a.txt").write_text("a")
        assert not folder.exists()
    assert [path.name for path in folder.iterdir()] == ["a.txt"]
    assert list(folder.parent.iterdir()) == [folder]


def test_an_exception_removes_the_new_folder(tmp_path):
    with pytest.raises(ValueError, match="half"):
        fail(write_folder_atomically(tmp_path / "folder"), lambda part: (part / "a").mkdir(), ValueError("half"))
    assert list(tmp_path.iterdir()) == []
