"""Pages of mapped files that are let go no longer count as the process's, and are read again when they are used."""

import sys
from pathlib import Path

import numpy as np
import pytest

from nlu_lite.formats.tensors import map_safetensors
from nlu_lite.mapping import let_go

SIZE = 1 << 22


@pytest.fixture
def file(tmp_path):
    from safetensors.numpy import save_file

    path = tmp_path / "model.safetensors"
    save_file({"whole": np.arange(SIZE, dtype=np.float32), "half": np.ones(SIZE, np.float16)}, path)
    return path


def resident(file):
    """Bytes of a file that are mapped and in this process's memory."""
    lines = Path("/proc/self/smaps").read_text().splitlines()
    places = [number for number, line in enumerate(lines) if line.endswith(str(file))]
    sizes = (next(line for line in lines[place:] if line.startswith("Rss:")) for place in places)
    return sum(1024 * int(line.split()[1]) for line in sizes)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what lies in memory")
def test_pages_are_let_go_and_read_again(file):
    array = map_safetensors(file)["whole"]()
    for part in (array, array[3:], array.reshape(2, -1)[1]):
        assert array.sum(dtype=np.float64) == SIZE * (SIZE - 1) / 2
        assert resident(file) >= array.nbytes
        let_go(part)
        assert resident(file) < array.nbytes / 4


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what lies in memory")
def test_a_tensor_that_is_widened_leaves_nothing_of_the_file_behind(file):
    array = map_safetensors(file)["half"]()
    assert array.dtype == np.float32
    assert resident(file) < array.nbytes / 4


def test_memory_of_an_arrays_own_stays():
    array = np.arange(5.0)
    for part in (array, array[1:], memoryview(array), np.frombuffer(b"12345678", np.uint8)):
        let_go(np.asarray(part))
    np.testing.assert_array_equal(array, range(5))
