"""Files of the Hugging Face cache that have changed since they were downloaded."""

import hashlib
import os
import shutil

import numpy as np
import pytest

import nlu_lite
from nlu_lite.errors import IntegrityError
from nlu_lite.store import snapshots
from nlu_lite.store.cache import Cache
from tests.store.hub_server import COMMIT

TEXT = "Put your text here."


@pytest.fixture
def load(hub, tmp_path):
    def load(**options):
        return nlu_lite.load("hf:org/tiny", cache_dir=tmp_path / "cache", **options)

    return load


@pytest.fixture
def folder(load, tmp_path):
    load()
    return tmp_path / "hf" / "models--org--tiny" / "snapshots" / COMMIT


def flip(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["model.safetensors", "sentencepiece.bpe.model", "config.json"])
def test_flipped_bits_are_refused(load, folder, name):
    flip(folder / name)
    with pytest.raises(IntegrityError, match=rf"{name} is not the file that the hub sent.*Delete .*blobs") as caught:
        load(offline=True)
    assert str((folder / name).resolve()) in caught.value.remedy


def test_flipped_bits_are_refused_by_who_never_saw_the_file(load, folder, tmp_path):
    flip(folder / "model.safetensors")
    shutil.rmtree(tmp_path / "cache")
    with pytest.raises(IntegrityError, match="is not the file that the hub sent"):
        load()


def test_the_remedy_helps(load, folder):
    expected = nlu_lite.matrix(load().predict(TEXT))
    path = (folder / "model.safetensors").resolve()
    flip(path)
    with pytest.raises(IntegrityError):
        load()
    path.unlink()
    np.testing.assert_array_equal(nlu_lite.matrix(load().predict(TEXT)), expected)


def test_a_file_that_was_exchanged_is_refused(load, folder):
    """A replaced file is not in the folder of blobs, and its name is not its digest."""
    (folder / "config.json").unlink()
    (folder / "config.json").write_bytes(b"{}")
    with pytest.raises(IntegrityError, match=r"config\.json is not the file that the hub sent"):
        load()


def test_files_that_do_not_change_are_not_read_again(load, folder, monkeypatch):
    def refuse(*arguments):
        raise AssertionError("a file was read")

    monkeypatch.setattr(snapshots, "_check_file", refuse)
    load(offline=True)
    os.utime(folder / "config.json")
    with pytest.raises(AssertionError, match="was read"):
        load(offline=True)


def made(folder, data, name):
    """Make a snapshot with one file as the hub's client does: a link to a blob that has the name."""
    blob = folder / "blobs" / name
    blob.parent.mkdir(parents=True)
    blob.write_bytes(data)
    snapshot = folder / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / "file").symlink_to(blob)
    return snapshot


DATA = b"some bytes"
NAMES = {
    "sha256": hashlib.sha256(DATA).hexdigest(),
    "git": hashlib.sha1(b"blob 10\0" + DATA).hexdigest(),
    "sha1": hashlib.sha1(DATA).hexdigest(),
}


@pytest.mark.parametrize("kind", NAMES)
def test_the_names_of_blobs_are_digests(tmp_path, kind):
    snapshot, cache = made(tmp_path / "model", DATA, NAMES[kind]), Cache(tmp_path / "cache")
    snapshots.check_snapshot(snapshot, cache)
    flip(snapshot / "file")
    with pytest.raises(IntegrityError, match=NAMES[kind]):
        snapshots.check_snapshot(snapshot, cache)


@pytest.mark.parametrize("name", ["etag", "0" * 32, "W-x"])
def test_a_blob_of_another_name_stays_what_it_was(tmp_path, name):
    snapshot, cache = made(tmp_path / "model", DATA, name), Cache(tmp_path / "cache")
    for _ in range(2):
        snapshots.check_snapshot(snapshot, cache)
    flip(snapshot / "file")
    with pytest.raises(IntegrityError, match=NAMES["sha256"]):
        snapshots.check_snapshot(snapshot, cache)
