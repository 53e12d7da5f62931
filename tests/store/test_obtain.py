"""From a reference to a converted model in the cache: the bucket, folders and zips that Spark NLP saved."""

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain
from zipfile import ZIP_DEFLATED, ZIP_STORED

import numpy as np
import pytest
from sparknlp_writer import Engine, Model, Number, unpack, write_archive

import nlu_lite
from nlu_lite import registry
from nlu_lite.errors import FormatError, IntegrityError, ModelError, OfflineError, SourceError, UnsupportedReference
from nlu_lite.store import lockfile as locking
from nlu_lite.store.bucket import BucketSource
from nlu_lite.store.cache import Cache
from nlu_lite.store.checkpoints import convert, download, load_checkpoint
from nlu_lite.store.sources import Access, ArchiveRetention
from tests.store.bucket_server import serving

FILE = "xlm_roberta_xtreme_base_xx_3.1.3_2.4_1626712227969.zip"
REFERENCE = "xx.embed.xlm_roberta_xtreme_base"
WIDE = Model(hidden=768, layers=1, heads=12, inner=32, pieces=120, positions=64, compression=ZIP_STORED)
"""As wide as the card of the model says, and otherwise as small and as quick to write and read as it can be."""
TINY = replace(WIDE, hidden=16, heads=2, compression=ZIP_DEFLATED)


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    return write_archive(tmp_path_factory.mktemp("archive") / FILE, WIDE)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home and an empty cache; returns the cache."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NLU_LITE_CACHE", str(tmp_path / "cache"))
    for name in ("NLU_LITE_OFFLINE", "HF_HUB_OFFLINE", "NLU_LITE_ARCHIVES"):
        monkeypatch.delenv(name, raising=False)
    return Cache(tmp_path / "cache")


@pytest.fixture
def bucket(home, wide, monkeypatch):
    with serving({FILE: wide.read_bytes()}) as bucket:
        monkeypatch.setenv("NLU_LITE_BUCKET", bucket.base)
        yield bucket


def keys(cache):
    return sorted(entry.key.partition("-")[0] for entry in cache.list_folders())


# --- the bucket ------------------------------------------------------------------------------------------------------


def test_the_model_at_the_heart_comes_from_the_bucket_once(bucket, home):
    pipeline = nlu_lite.load(REFERENCE)
    frame = pipeline.predict("Put your text here.")
    assert frame["token"].tolist() == ["Put", "your", "text", "here", "."]
    assert list(frame.columns) == ["token", "word_embedding_xlm_roberta_xtreme_base"]
    vectors = nlu_lite.matrix(frame)
    assert vectors.shape == (5, 768)
    assert np.isfinite(vectors).all()
    assert bucket.asked(FILE) == [None]
    assert keys(home) == ["model"]  # the zip is gone
    bucket.requests.clear()

    again = nlu_lite.load(REFERENCE).predict("Put your text here.")
    offline = nlu_lite.load(REFERENCE, offline=True).predict("Put your text here.")
    np.testing.assert_array_equal(nlu_lite.matrix(again), vectors)
    np.testing.assert_array_equal(nlu_lite.matrix(offline), vectors)
    assert bucket.requests == []


@pytest.mark.slow
def test_of_many_that_load_at_once_one_fetches_and_all_load(bucket, home):
    bucket.delay = 0.001
    with ThreadPoolExecutor(4) as pool:
        loads = [pool.submit(load_checkpoint, *registry.resolve([REFERENCE]), Access(home)) for _ in range(4)]
        folders = {load.result().files.path for load in loads}
    assert len(folders) == 1
    assert bucket.asked(FILE) == [None]
    assert keys(home) == ["model"]


def test_an_archive_that_another_process_converts_meanwhile_is_found(bucket, home, monkeypatch):
    """Another process stores the model and deletes the archive between two searches of the cache."""
    source = BucketSource(home)
    [spec] = registry.resolve([REFERENCE])
    local = source.fetch(spec.origins[0])
    find, looks = Cache.find, []

    def meanwhile(cache, key):
        looks.append(key)
        if len(looks) == 2:  # this process has seen that there is no model, and now looks for the archive
            load_checkpoint(spec, Access(home))
        return find(cache, key)

    monkeypatch.setattr(Cache, "find", meanwhile)
    found = BucketSource(home, offline=True).fetch(spec.origins[0])
    assert found.digest == local.digest
    assert found.path.name.startswith("model-")


def test_the_vectors_are_transformers_own(bucket):
    from sparknlp_golden import build_model, run

    from nlu_lite.formats import read

    pipeline = nlu_lite.load(REFERENCE)
    model = build_model(read(pipeline.models[0].files.path))
    pieces = pipeline.models[0].encoder.subwords.encode(["Put", "your", "."])
    ids = [0, *chain.from_iterable(pieces), 2]
    states, _ = run(model, [ids], [[1] * len(ids)])
    firsts = [1 + sum(map(len, pieces[:number])) for number in range(3)]
    vectors = nlu_lite.matrix(pipeline.predict([["Put", "your", "."]]))
    np.testing.assert_allclose(vectors, states[0][firsts], atol=1e-5)


@pytest.mark.slow
def test_an_archive_is_locked_by_its_own_digest_and_other_bytes_are_refused(bucket, home, tmp_path):
    lock = tmp_path / "models.lock"
    lock.write_text(locking.make([REFERENCE], Access(home)), encoding="utf-8")
    data = bucket.files[FILE]
    (model,) = locking.read(lock).models.values()
    assert (model.source, model.name) == ("bucket", FILE)
    assert model.files == {FILE: (hashlib.sha256(data).hexdigest(), len(data))}
    assert len(nlu_lite.load(REFERENCE, lock=lock, offline=True).predict("Some text.")) == 3
    shutil.rmtree(home.root)
    bucket.files[FILE] = write_archive(tmp_path / "other.zip", replace(WIDE, seed=8)).read_bytes()
    with pytest.raises(IntegrityError, match=f"{FILE} has .* bytes .*; expected a file that has {len(data):,} bytes"):
        nlu_lite.load(REFERENCE, lock=lock)


@pytest.mark.slow
def test_a_process_without_network_finds_what_another_fetched(bucket, home):
    nlu_lite.load(REFERENCE)
    code = f"import nlu_lite; print(nlu_lite.load({REFERENCE!r}).predict('Put your text here.').shape)"
    environment = os.environ | {"NLU_LITE_BUCKET": "http://127.0.0.1:9/", "NLU_LITE_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "(5, 2)", done.stderr


def test_offline_without_the_archive_is_an_error_that_says_where_it_is(bucket):
    with pytest.raises(OfflineError, match=FILE):
        nlu_lite.load(REFERENCE, offline=True)
    assert bucket.requests == []


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (TINY, "has dimension 16; expected 768, as the catalogue says of 'xx.embed.xlm_roberta_xtreme_base'"),
        (
            replace(WIDE, annotator="BertEmbeddings"),
            "has annotator BertEmbeddings; expected XlmRoBertaEmbeddings, as the catalogue says",
        ),
    ],
)
def test_an_archive_that_contradicts_the_catalogue_is_refused(bucket, home, tmp_path, model, said):
    bucket.files[FILE] = write_archive(tmp_path / "other.zip", model).read_bytes()
    for _ in range(2):
        with pytest.raises(ModelError, match=said):
            nlu_lite.load(REFERENCE)
        assert keys(home) == ["archive"]


def test_a_converted_model_that_contradicts_the_catalogue_is_refused(bucket, home, wide, tmp_path):
    """The same bytes may have been converted under another name, which the catalogue does not have."""
    tiny = write_archive(tmp_path / "tiny.zip", TINY)
    nlu_lite.load(f"sparknlp:{tiny}")
    bucket.files[FILE] = tiny.read_bytes()
    with pytest.raises(ModelError, match="has dimension 16"):
        nlu_lite.load(REFERENCE)


def test_an_archive_is_kept_where_that_is_asked_for(bucket, home, monkeypatch):
    monkeypatch.setenv("NLU_LITE_ARCHIVES", "keep")
    nlu_lite.load(REFERENCE)
    assert keys(home) == ["archive", "model"]


def test_an_archive_that_is_not_read_stays_unconverted(bucket, home, tmp_path):
    bucket.files[FILE] = write_archive(tmp_path / "other.zip", replace(TINY, number=Number.INT8)).read_bytes()
    with pytest.raises(UnsupportedReference, match="numbers of TensorFlow's type 6"):
        nlu_lite.load(REFERENCE)
    assert keys(home) == ["archive"]


def test_download_converts_and_says_where_the_model_lies(bucket, home):
    ((spec, folder),) = download([REFERENCE, "de.tokenize"], Access(home, archives=ArchiveRetention.KEEP))
    assert spec.reference == REFERENCE
    assert json.loads((folder / "config.json").read_text(encoding="utf-8"))["hidden_size"] == 768
    assert keys(home) == ["archive", "model"]
    assert nlu_lite.load(REFERENCE, offline=True).predict("x").shape == (1, 2)


def test_spark_nlps_own_cache_is_read_in_place(home, wide, tmp_path):
    folder = unpack(wide, tmp_path / "home" / "cache_pretrained" / FILE.removesuffix(".zip"))
    before = sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))
    assert nlu_lite.load(REFERENCE, offline=True).predict("x").shape == (1, 2)
    assert sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*")) == before


# --- what the user names ---------------------------------------------------------------------------------------------


def test_a_folder_and_its_zip_give_the_same(home, tmp_path):
    archive = write_archive(tmp_path / "tiny_xx.zip", TINY)
    folder = unpack(archive, tmp_path / "tiny_xx")
    frames = [nlu_lite.load(f"sparknlp:{path}").predict("Some text.") for path in (archive, folder)]
    assert [list(frame.columns) for frame in frames] == [["token", "word_embedding_tiny_xx"]] * 2
    np.testing.assert_array_equal(*map(nlu_lite.matrix, frames))
    assert archive.is_file()  # the user's own is never removed
    assert folder.is_dir()


def test_a_path_where_nothing_is_names_what_is_near(home, tmp_path):
    write_archive(tmp_path / "tiny_xx.zip", TINY)
    with pytest.raises(SourceError, match=r"does not exist.*Nearest: .*tiny_xx\.zip"):
        nlu_lite.load(f"sparknlp:{tmp_path / 'tiny_xy.zip'}")


def test_what_is_no_model_is_an_error(home, tmp_path):
    (tmp_path / "x.zip").write_bytes(b"PK\3\4 and no more")
    with pytest.raises(FormatError, match=r"x\.zip"):
        nlu_lite.load(f"sparknlp:{tmp_path / 'x.zip'}")
    assert keys(home) == []


# --- convert ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", Engine)
def test_a_converted_folder_is_what_transformers_loads(tmp_path, engine):
    import torch
    from transformers import AutoModel

    from nlu_lite.formats import read

    archive = write_archive(tmp_path / "tiny.zip", TINY, engine)
    convert(archive, tmp_path / "out")
    model = AutoModel.from_pretrained(tmp_path / "out")
    tensors = read(archive).tensors
    state = model.state_dict()
    assert set(tensors) <= set(state)
    for name, tensor in tensors.items():
        assert torch.equal(state[name], torch.from_numpy(tensor)), name
    frames = [
        nlu_lite.load(name, cache_dir=tmp_path / "cache").predict("Some text.")
        for name in (f"path:{tmp_path / 'out'}", f"sparknlp:{archive}")
    ]
    np.testing.assert_array_equal(*map(nlu_lite.matrix, frames))


def test_a_failed_conversion_leaves_nothing(tmp_path):
    archive = write_archive(tmp_path / "tiny.zip", replace(TINY, number=Number.INT8))
    with pytest.raises(UnsupportedReference):
        convert(archive, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.zip"]


def test_a_folder_that_is_there_is_never_written_into(tmp_path):
    archive = write_archive(tmp_path / "tiny.zip", TINY)
    with pytest.raises(nlu_lite.OptionError, match="there is something at"):
        convert(archive, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.zip"]


# --- conversions that break off ---------------------------------------------------------------------------------------

CONVERT = """
import os, resource, signal, sys
from nlu_lite import formats
from nlu_lite.store.cache import locate_cache
from nlu_lite.store.checkpoints import download
from nlu_lite.store.sources import Access
{before}
download([sys.argv[1]], Access(locate_cache()))
"""
KILLED = """
whole, written = formats.write_checkpoint, []
def stop(_):
    written.append(1)
    if len(written) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
formats.write_checkpoint = lambda checkpoint, folder, advance: whole(checkpoint, folder, stop)
"""
SMALL_FILES = "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 18, 1 << 18))"


def converting(archive, before):
    command = [sys.executable, "-c", CONVERT.format(before=before), f"sparknlp:{archive}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
def test_after_a_kill_in_the_middle_of_a_conversion_the_next_load_works(home, wide):
    killed = converting(wide, KILLED)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert list(home.root.rglob("*.safetensors"))  # it was in the middle
    assert home.list_folders() == []
    assert len(nlu_lite.load(f"sparknlp:{wide}").predict("Put your text here.")) == 5
    assert keys(home) == ["model"]


@pytest.mark.slow
def test_a_limit_on_file_sizes_ends_a_conversion_with_an_error(home, wide):
    ended = converting(wide, SMALL_FILES)
    assert ended.returncode == 1
    assert "SourceError" in ended.stderr
    assert "File too large" in ended.stderr
    assert home.list_folders() == []
    assert list(home.root.rglob("*.safetensors")) == []
    assert len(nlu_lite.load(f"sparknlp:{wide}").predict("Put your text here.")) == 5


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_fails_during_a_conversion_is_said_and_nothing_stays(home, wide, monkeypatch, code):
    from nlu_lite import formats

    def fail(_checkpoint, folder, _advance):
        (folder / "model.safetensors").write_bytes(b"half")
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(formats, "write_checkpoint", fail)
        with pytest.raises(SourceError, match=os.strerror(code)):
            nlu_lite.load(f"sparknlp:{wide}")
    assert home.list_folders() == []
    assert len(nlu_lite.load(f"sparknlp:{wide}").predict("Put your text here.")) == 5


def test_a_folder_that_cannot_be_made_is_said(home, tmp_path):
    archive = write_archive(tmp_path / "tiny.zip", TINY)
    convert(archive, tmp_path / ("x" * 255))
    with pytest.raises(SourceError, match="cannot be written"):
        convert(archive, tmp_path / ("x" * 256))
    with pytest.raises(nlu_lite.OptionError, match="NUL"):
        convert(archive, tmp_path / "a\0b")


# --- a cache that changes, or is removed -----------------------------------------------------------------------------


def flip(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def vectors(reference, **options):
    return nlu_lite.matrix(nlu_lite.load(reference, **options).predict("Some text."))


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "sentencepiece.bpe.model"])
def test_flipped_bits_of_a_converted_model_give_no_other_vectors(home, tmp_path, name, caplog):
    reference = f"sparknlp:{write_archive(tmp_path / 'tiny.zip', TINY)}"
    expected = vectors(reference)
    (folder,) = home.root.glob("model-*")
    flip(folder / name)
    np.testing.assert_array_equal(vectors(reference), expected)
    assert f"{folder / name} has changed" in caplog.text
    home.verify(folder.name)


@pytest.mark.parametrize("name", ["tokenizer_config.json", "tokenizer.json", "added_tokens.json", "modules.json"])
def test_files_put_into_a_converted_model_give_no_other_vectors(home, tmp_path, name):
    reference = f"sparknlp:{write_archive(tmp_path / 'tiny.zip', TINY)}"
    expected = vectors(reference)
    (folder,) = home.root.glob("model-*")
    (folder / name).write_text('{"nlu_lite_spelling": {"small_letters": true, "plain_signs": true}}')
    np.testing.assert_array_equal(vectors(reference), expected)


def test_a_converted_model_whose_archive_is_gone_is_fetched_again_or_missed(bucket, home):
    expected = vectors(REFERENCE)
    (folder,) = home.root.glob("model-*")
    flip(folder / "model.safetensors")
    with pytest.raises(OfflineError, match=rf"where {folder.name} has changed since it was placed"):
        nlu_lite.load(REFERENCE, offline=True)
    np.testing.assert_array_equal(vectors(REFERENCE), expected)
    assert len(bucket.asked(FILE)) == 2


@pytest.mark.slow
def test_openvino_reads_the_weights_of_now_and_keeps_nothing(home, tmp_path):
    """Only the bytes of the changed weights differ, not their time or size."""
    archive = write_archive(tmp_path / "tiny.zip", TINY)
    convert(archive, tmp_path / "model")
    before = vectors(f"path:{tmp_path / 'model'}", backend="openvino")
    path = tmp_path / "model" / "model.safetensors"
    stat, data = path.stat(), bytearray(path.read_bytes())
    data[-16:] = bytes(16)
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    after = vectors(f"path:{tmp_path / 'model'}", backend="openvino")
    np.testing.assert_allclose(after, vectors(f"path:{tmp_path / 'model'}"), atol=1e-5)
    assert np.abs(after - before).max() > 1e-3
    assert keys(home) == []


@pytest.fixture
def removing(home, monkeypatch):
    """Remove the cache a number of times before its model is read."""
    from nlu_lite import formats

    read = formats.read

    def remove(times):
        left = [times]

        def reading(path):
            if home.root in path.parents and left[0]:
                left[0] -= 1
                shutil.rmtree(home.root)
            return read(path)

        monkeypatch.setattr(formats, "read", reading)

    return remove


def test_a_cache_that_is_removed_while_a_model_loads_is_made_again(home, tmp_path, removing):
    reference = f"sparknlp:{write_archive(tmp_path / 'tiny.zip', TINY)}"
    expected = vectors(reference)
    removing(1)
    np.testing.assert_array_equal(vectors(reference), expected)


def test_a_cache_that_is_removed_again_and_again_is_said(home, tmp_path, removing):
    reference = f"sparknlp:{write_archive(tmp_path / 'tiny.zip', TINY)}"
    removing(2)
    with pytest.raises(SourceError, match=r"was removed while 'sparknlp:.*' was loaded, and again at the second"):
        nlu_lite.load(reference)


def test_a_model_of_the_bucket_is_fetched_again_where_the_cache_is_removed(bucket, home, removing):
    removing(1)
    assert vectors(REFERENCE).shape == (3, 768)
    assert len(bucket.asked(FILE)) == 2
