"""Matrices of consecutive parts: the rows of the result are those of the parts, copied or not."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu_lite._util import arrays
from nlu_lite._util.arrays import SPARE, RowAllocator, join_rows, set_rows


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=6))
def test_joined_rows_are_those_of_the_parts(parts):
    counts, sizes = zip(*parts, strict=True)
    allocator = RowAllocator(sizes)
    parts = [allocator.allocate(count, 3) for count in counts]
    assert all(part.shape == (count, 3) and not part.any() for part, count in zip(parts, counts, strict=True))
    for number, part in enumerate(parts):
        part[:] = number
    assert join_rows(parts)[:, 0].tolist() == np.repeat(np.arange(len(counts)), counts).tolist()


def test_parts_of_similar_size_are_not_copied():
    allocator = RowAllocator([500, 500, 400])
    parts = [allocator.allocate(count, 4) for count in (100, int(100 * (1 + SPARE)), 80)]
    base = parts[0].base
    assert join_rows(parts).base is base


def test_a_long_first_part_does_not_multiply_the_memory():
    allocator = RowAllocator([10**6, *[10] * 1000])
    assert len(allocator.allocate(10**5, 1).base) < 2 * 10**5


def test_memory_that_the_system_refuses_is_allocated_part_by_part(monkeypatch):
    def allocate(rows, width):
        if rows > 5:
            raise MemoryError
        return np.zeros((rows, width), np.float32)

    monkeypatch.setattr(arrays, "allocate_zeros", allocate)
    allocator = RowAllocator([10, 10])
    parts = [allocator.allocate(5, 2), allocator.allocate(4, 2)]
    assert [len(part) for part in parts] == [5, 4]
    assert len(join_rows(parts)) == 9


def test_the_only_part_has_no_spare_rows():
    matrix = RowAllocator([50]).allocate(7, 2)
    assert join_rows([matrix]) is matrix
    assert matrix.base is None or matrix.base.shape == (7, 2)


def test_rows_of_other_matrices_are_copied():
    whole = np.arange(12, dtype=np.float32).reshape(6, 2)
    for parts in ([whole[2:4], whole[:2]], [whole[:2], whole[3:5]], [whole[:2], np.ones((1, 2), np.float32)]):
        expected = np.concatenate(parts)
        found = join_rows(list(parts))
        np.testing.assert_array_equal(found, expected)
        assert not np.shares_memory(found, whole)


@given(st.integers(0, 40), st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_rows_are_set_in_any_number_of_threads(count, random):
    matrix, expected = (np.zeros((50, 3), np.float32) for _ in range(2))
    places, rows = np.array(random.sample(range(50), count), np.int64), np.arange(3 * count, dtype=np.float32)
    expected[places] = rows.reshape(count, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "THREAD_BYTES", 100)  # eight rows for each thread
        set_rows(matrix, places, rows.reshape(count, 3))
    np.testing.assert_array_equal(matrix, expected)


def test_rows_are_set_after_the_end_of_the_main_thread():
    code = (
        "import threading, numpy as np; from nlu_lite._util import arrays; arrays.THREAD_BYTES = 8\n"
        "def work():\n"
        "    threading.main_thread().join()\n"
        "    matrix = np.zeros((9, 2), np.float32)\n"
        "    arrays.set_rows(matrix, np.arange(9), np.ones((9, 2), np.float32))\n"
        "    print(matrix.sum())\n"
        "threading.Thread(target=work).start()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("18.0", "")
