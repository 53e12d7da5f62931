import json
import multiprocessing
import os
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu_lite.errors import IntegrityError, OptionError, SourceError
from nlu_lite.store import cache as cache_module
from nlu_lite.store.cache import MANIFEST, Cache, locate_cache, retry_if_removed


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
    assert cache.list_folders() == []
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
    assert [(entry.key, entry.size) for entry in cache.list_folders()] == [("one", 5), ("two", 6)]
    cache.remove("one")
    assert [entry.key for entry in cache.list_folders()] == ["two"]


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
    assert cache.list_folders() == []


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
    assert locate_cache().root == tmp_path / "environment"
    assert locate_cache(tmp_path / "argument").root == tmp_path / "argument"
    monkeypatch.delenv("NLU_LITE_CACHE")
    assert locate_cache().root.name == "nlu_lite"


def test_a_folder_is_found_only_when_whole(cache):
    assert cache.find("key") is None
    path = cache.place("key", fill)
    assert cache.find("key") == path
    (path / "a").unlink()
    assert cache.find("key") is None
    with pytest.raises(IntegrityError, match="is incomplete"):
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


# --- bytes that change -----------------------------------------------------------------------------------------------


@pytest.fixture
def hashed(monkeypatch):
    """Return a list of the files that are hashed."""
    files = []
    whole = cache_module.hash_file
    monkeypatch.setattr(cache_module, "hash_file", lambda path: files.append(path.name) or whole(path))
    return files


def forget(cache):
    for path in cache.root.glob(".verified-*"):
        path.unlink()


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_folder_that_does_not_change_is_not_read_again(cache, hashed):
    cache.place("key", fill)
    hashed.clear()
    assert cache.find("key") == cache.place("key", refuse) == cache.root / "key"
    assert hashed == []


@pytest.mark.parametrize("name", ["a", "sub/b"])
def test_flipped_bits_are_found_at_once_and_the_folder_is_made_anew(cache, name, caplog):
    path = cache.place("key", fill)
    flip(path / name)
    assert cache.find("key") is None
    assert f"{path / name} has changed since it was placed" in caplog.text
    assert cache.has("key")
    assert (cache.place("key", fill) / "a").read_text() == "one"
    assert cache.find("key") == path


def test_flipped_bits_are_found_where_the_modification_time_was_restored(cache):
    path = cache.place("key", fill) / "a"
    stat = path.stat()
    flip(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert cache.find("key") is None


def test_a_copied_cache_is_read_once(cache, hashed, tmp_path):
    cache.place("key", fill)
    shutil.copytree(cache.root, tmp_path / "copy")
    copy = Cache(tmp_path / "copy")
    hashed.clear()
    for _ in range(3):
        assert copy.find("key") == copy.root / "key"
    assert sorted(hashed) == ["a", "b"]


def test_a_folder_of_version_0_1_0_is_read_once(cache, hashed):
    cache.place("key", fill)
    forget(cache)  # that version had no notes
    hashed.clear()
    for _ in range(3):
        assert cache.find("key")
    assert sorted(hashed) == ["a", "b"]


def test_a_cache_that_cannot_be_written_is_read_each_time(cache, hashed, monkeypatch):
    cache.place("key", fill)
    forget(cache)
    monkeypatch.setattr(
        "pathlib.Path.write_text", lambda *rest, **more: (_ for _ in ()).throw(OSError(30, "Read-only"))
    )
    hashed.clear()
    for _ in range(2):
        assert cache.find("key")
    assert sorted(hashed) == ["a", "a", "b", "b"]
    flip(cache.root / "key" / "a")
    assert cache.find("key") is None


def test_verify_reads_all_files_whatever_is_noted(cache, hashed):
    cache.place("key", fill)
    hashed.clear()
    cache.verify("key")
    assert sorted(hashed) == ["a", "b"]


ODD = [
    "[]",
    "null",
    "5",
    '"x"',
    "true",
    "[" * 100_000,
    '{"a":' * 100_000,
    "{}",
    '{"sizes": {}}',
    '{"sizes": [], "sha256": []}',
    '{"sizes": {"a": 3}, "sha256": null}',
    '{"sizes": 5, "sha256": {"a": 5}}',
    '{"sizes": {"a": "3"}, "sha256": {"a": "x"}}',
    '{"sizes": {"a\\u0000": 3, "../a": 3}, "sha256": {"a\\u0000": "0", "../a": "1"}}',
    "1" * 5000,
    "\udcff",
]


@pytest.mark.parametrize("manifest", ODD, ids=lambda text: text[:20])
def test_a_manifest_of_another_kind_is_that_of_no_folder(cache, manifest):
    path = cache.place("key", fill)
    (path / MANIFEST).write_bytes(manifest.encode(errors="surrogateescape"))
    assert cache.find("key") is None
    assert not cache.has("key")
    assert cache.list_folders() == []
    with pytest.raises(IntegrityError, match=r"is incomplete.*nlu-lite cache remove key"):
        cache.verify("key")
    assert (cache.place("key", fill) / "a").read_text() == "one"


def test_a_manifest_that_is_a_folder_is_that_of_no_folder(cache):
    path = cache.place("key", fill)
    (path / MANIFEST).unlink()
    (path / MANIFEST).mkdir()
    assert cache.find("key") is None
    assert cache.place("key", fill) == path


@pytest.mark.slow
@settings(max_examples=25)
@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda some: st.lists(some) | st.dictionaries(st.text(), some))
)
def test_any_manifest_is_whole_or_not(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("any") / "key"
    folder.mkdir()
    (folder / "a").write_text("one")
    (folder / MANIFEST).write_text(json.dumps({"sizes": {"a": 3}, "sha256": content}))
    assert Cache(folder.parent).find("key") is None


# --- folders that are removed ----------------------------------------------------------------------------------------


def test_what_is_removed_while_it_is_loaded_is_loaded_once_more(cache):
    seen = []

    def load():
        path = cache.place("key", fill)
        seen.append(path)
        if len(seen) == 1:
            shutil.rmtree(cache.root)
        return (path / "a").read_text()

    assert retry_if_removed(load, "name") == "one"
    assert len(seen) == 2


def test_what_is_removed_twice_is_said(cache):
    def load():
        path = cache.place("key", fill)
        shutil.rmtree(cache.root)
        return (path / "a").read_text()

    with pytest.raises(SourceError, match="a was removed while 'name' was loaded, and again"):
        retry_if_removed(load, "name")


def test_a_cache_that_is_removed_while_it_is_filled_is_made_again(cache):
    calls = []

    def removing(folder):
        calls.append(folder)
        if len(calls) == 1:
            shutil.rmtree(cache.root)
        fill(folder)

    assert retry_if_removed(lambda: cache.place("key", removing), "name") == cache.root / "key"
    assert cache.find("key")


def test_what_the_system_says_of_a_file_is_explained(tmp_path):
    with pytest.raises(SourceError, match=r"cannot be read \(Is a directory"):
        retry_if_removed(tmp_path.read_bytes, "name")


def test_another_error_is_not_tried_again():
    calls = []

    def load():
        calls.append(1)
        raise SourceError("the disk is full")

    with pytest.raises(SourceError, match="the disk is full"):
        retry_if_removed(load, "name")
    assert calls == [1]


def test_a_cache_with_a_nul_in_its_name_is_refused():
    with pytest.raises(OptionError, match="NUL"):
        locate_cache("a\0b")
