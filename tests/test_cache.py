import multiprocessing
import os

import pytest

from nlu_lite.cache import MANIFEST, Cache, default_cache
from nlu_lite.errors import IntegrityError, SourceError


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def fill(folder):
    (folder / "a").write_text("one")
    (folder / "sub").mkdir()
    (folder / "sub" / "b").write_text("two")


def refuse(folder):
    raise AssertionError("filled again")


def test_a_folder_is_made_once(cache):
    path = cache.place("key", fill)
    assert (path / "sub" / "b").read_text() == "two"
    assert cache.place("key", refuse) == path


def test_nothing_stays_of_a_folder_that_could_not_be_filled(cache):
    def fail(folder):
        fill(folder)
        raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        cache.place("key", fail)
    assert cache.entries() == []
    assert [path.name for path in cache.root.iterdir() if path.is_dir()] == []
    assert cache.place("key", fill).is_dir()


@pytest.mark.parametrize("harm", ["missing", "cut", "manifest", "added"])
def test_a_damaged_folder_is_made_anew(cache, harm):
    path = cache.place("key", fill)
    if harm == "missing":
        (path / "a").unlink()
    elif harm == "cut":
        (path / "a").write_text("o")
    elif harm == "manifest":
        (path / MANIFEST).write_text("{")
    else:
        (path / "c").write_text("more")
    again = cache.place("key", fill)
    assert sorted(item.name for item in again.iterdir()) == sorted(["a", "sub", MANIFEST])
    assert (again / "a").read_text() == "one"


def test_entries_have_their_sizes(cache):
    cache.place("two", fill)
    cache.place("one", lambda folder: (folder / "x").write_bytes(b"12345"))
    assert [(entry.key, entry.size) for entry in cache.entries()] == [("one", 5), ("two", 6)]
    cache.remove("one")
    assert [entry.key for entry in cache.entries()] == ["two"]


def test_verify_finds_a_change_of_the_same_length(cache):
    path = cache.place("key", fill)
    cache.verify("key")
    (path / "a").write_text("eno")
    with pytest.raises(IntegrityError, match="has changed"):
        cache.verify("key")


def test_a_cache_that_cannot_be_written_is_an_error(cache, monkeypatch):
    def full(folder):
        raise OSError(28, "No space left on device")

    with pytest.raises(SourceError, match=r"No space left on device.*NLU_LITE_CACHE"):
        cache.place("key", full)
    assert cache.entries() == []


def test_a_file_in_place_of_the_cache_is_an_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SourceError, match="cannot be written"):
        Cache(tmp_path / "file").place("key", fill)


def slowly(folder):
    import time

    (folder / str(os.getpid())).write_text("x")
    time.sleep(0.3)


def place_slowly(root, results):
    results.put(sorted(path.name for path in Cache(root).place("key", slowly).iterdir()))


@pytest.mark.slow
def test_of_several_processes_one_makes_the_folder(tmp_path):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [context.Process(target=place_slowly, args=(tmp_path, results)) for _ in range(3)]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 2  # one file of one process, and the manifest


def test_the_cache_is_where_one_says(tmp_path, monkeypatch):
    monkeypatch.setenv("NLU_LITE_CACHE", str(tmp_path / "environment"))
    assert default_cache().root == tmp_path / "environment"
    assert default_cache(tmp_path / "argument").root == tmp_path / "argument"
    monkeypatch.delenv("NLU_LITE_CACHE")
    assert default_cache().root.name == "nlu_lite"


def test_a_folder_is_found_only_when_whole(cache):
    assert cache.find("key") is None
    path = cache.place("key", fill)
    assert cache.find("key") == path
    (path / "a").unlink()
    assert cache.find("key") is None
    with pytest.raises(IntegrityError, match="is not whole"):
        cache.verify("key")


@pytest.mark.parametrize("key", ["kex", "..", "", "/", ".key.lock"])
def test_only_folders_of_the_cache_are_verified_and_removed(cache, key):
    cache.place("key", fill)
    for action in (cache.verify, cache.remove):
        with pytest.raises(SourceError, match="has no folder"):
            action(key)
    assert cache.find("key")


def test_a_key_that_is_not_there_names_the_nearest(cache):
    cache.place("model-one", fill)
    with pytest.raises(SourceError, match="Nearest: model-one"):
        cache.remove("model-onw")


def test_what_a_killed_process_left_is_removed(cache):
    cache.root.mkdir()
    left = cache.root / f".key.{'0' * 32}"
    other = cache.root / f".key.more.{'0' * 32}"
    for folder in (left, other):
        folder.mkdir()
        (folder / "half").write_text("x")
    cache.place("key", fill)
    assert not left.exists()
    assert other.exists()  # of another key, which may be at work


def test_a_cache_that_cannot_be_written_still_gives_what_it_has(cache, monkeypatch):
    path = cache.place("key", fill)
    monkeypatch.setattr("pathlib.Path.mkdir", lambda *rest, **more: (_ for _ in ()).throw(OSError(30, "Read-only")))
    assert cache.place("key", refuse) == path
    with pytest.raises(SourceError, match=r"Read-only.*NLU_LITE_CACHE"):
        cache.place("other", fill)
