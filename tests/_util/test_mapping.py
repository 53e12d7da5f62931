"""Released pages of mapped files no longer count as memory of the process, and are read again on access."""

import mmap
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny import MODEL

import nlu_lite
from nlu_lite._util.mapping import release_pages
from nlu_lite.formats.tensors import map_safetensors
from nlu_lite.options import BackendName

SIZE = 1 << 22


@pytest.fixture
def file(tmp_path):
    from safetensors.numpy import save_file

    path = tmp_path / "model.safetensors"
    save_file({"whole": np.arange(SIZE, dtype=np.float32), "half": np.ones(SIZE, np.float16)}, path)
    return path


def resident(file):
    """Return the number of bytes of a mapped file that are in this process's memory."""
    lines = Path("/proc/self/smaps").read_text().splitlines()
    places = [number for number, line in enumerate(lines) if line.endswith(str(file))]
    sizes = (next(line for line in lines[place:] if line.startswith("Rss:")) for place in places)
    return sum(1024 * int(line.split()[1]) for line in sizes)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what lies in memory")
def test_pages_are_let_go_and_read_again(file):
    array = map_safetensors(file)["whole"]()
    for part in (array, array[3:], array.reshape(2, -1)[1], array[SIZE // 2 :: 2]):
        assert array.sum(dtype=np.float64) == SIZE * (SIZE - 1) / 2
        before = resident(file)
        assert before >= array.nbytes
        release_pages(part)
        span = part.nbytes * part.strides[-1] // part.itemsize
        assert span - 3 * mmap.PAGESIZE < before - resident(file) <= span


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what lies in memory")
def test_less_than_a_page_stays(file):
    array = map_safetensors(file)["whole"]()
    array.sum()
    before = resident(file)
    for part in (array[:0], array[5:9], array[1 : mmap.PAGESIZE // 4]):
        release_pages(part)
    assert resident(file) == before


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what lies in memory")
@pytest.mark.parametrize("backend", BackendName)
def test_a_model_lets_go_of_the_word_embeddings_after_each_batch(backend, own_backends, tmp_path):
    shutil.copytree(MODEL, tmp_path / "model")
    pipeline = nlu_lite.load(f"path:{tmp_path / 'model'}", backend=backend.value, cache_dir=tmp_path / "cache")
    pipeline.predict("a b")
    words = pipeline.models[0].encoder.backend._words
    words.sum()
    before = resident(tmp_path / "model" / "model.safetensors")
    pipeline.predict("c d")
    assert before - resident(tmp_path / "model" / "model.safetensors") > words.nbytes - 3 * mmap.PAGESIZE


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what lies in memory")
def test_a_tensor_that_is_widened_leaves_nothing_of_the_file_behind(file):
    array = map_safetensors(file)["half"]()
    assert array.dtype == np.float32
    assert resident(file) < array.nbytes / 4


def test_memory_of_an_arrays_own_stays():
    array = np.arange(5.0)
    for part in (array, array[1:], memoryview(array), np.frombuffer(b"12345678", np.uint8)):
        release_pages(np.asarray(part))
    np.testing.assert_array_equal(array, range(5))
