from itertools import pairwise
from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nlu_lite.encoding.plan import LARGEST_PADDING, SMALL_BATCH, SPECIAL_TOKEN_COUNT, plan_batches, plan_windows
from nlu_lite.records import Windows

run_lengths = st.lists(st.integers(0, 60), max_size=12)


class Window(NamedTuple):
    first: int
    end: int
    kept_first: int
    kept_end: int


def planned(lengths: list[int], capacity: int) -> Windows:
    return plan_windows(np.cumsum([0, *lengths]).astype(np.int32), capacity)


def windows_of(lengths: list[int], capacity: int) -> list[Window]:
    windows = planned(lengths, capacity)
    columns = (windows.first, windows.end, windows.kept_first, windows.kept_end)
    assert {column.dtype for column in columns} == {np.dtype(np.int32)}
    return [Window(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


@given(run_lengths, st.integers(1, 20))
def test_every_piece_is_kept_once_in_order(lengths, capacity):
    kept = [piece for w in windows_of(lengths, capacity) for piece in range(w.kept_first, w.kept_end)]
    assert kept == list(range(sum(lengths)))


@given(run_lengths, st.integers(1, 20))
def test_no_window_is_too_long_or_crosses_a_run(lengths, capacity):
    bounds = np.cumsum([0, *lengths])
    for window in windows_of(lengths, capacity):
        assert 0 < window.end - window.first <= capacity
        assert window.first <= window.kept_first < window.kept_end <= window.end
        run = np.searchsorted(bounds, window.first, side="right")
        assert window.end <= bounds[run]


@given(run_lengths, st.integers(1, 20))
def test_a_piece_is_kept_where_it_stands_most_centrally(lengths, capacity):
    windows = windows_of(lengths, capacity)

    def off_centre(piece: int, window: Window) -> int:
        return abs(2 * piece - window.first - window.end + 1)

    for window in windows:
        for piece in range(window.kept_first, window.kept_end):
            holders = [other for other in windows if other.first <= piece < other.end]
            assert off_centre(piece, window) == min(off_centre(piece, other) for other in holders)


@given(st.integers(4, 40), st.integers(1, 200))
def test_windows_over_a_long_run_overlap_by_half(capacity, beyond):
    windows = windows_of([capacity + beyond], capacity)
    for left, right in pairwise(windows):
        assert left.end - right.first >= capacity // 2


@given(run_lengths, st.integers(1, 20), st.integers(1, 100))
def test_batches_hold_each_window_once_within_the_budget(lengths, capacity, budget):
    windows = planned(lengths, capacity)
    batches = plan_batches(windows, budget)
    assert sorted(number for batch in batches for number in batch.tolist()) == list(range(len(windows)))
    for batch in batches:
        sizes = (windows.end - windows.first)[batch] + SPECIAL_TOKEN_COUNT
        assert len(sizes) == 1 or len(sizes) * sizes.max() <= budget


@given(st.lists(st.integers(1, 300), max_size=500), st.integers(512, 1 << 14))
def test_a_large_batch_has_little_padding(lengths, budget):
    windows = planned(lengths, 510)
    for batch in plan_batches(windows, budget):
        sizes = (windows.end - windows.first)[batch] + SPECIAL_TOKEN_COUNT
        positions = len(sizes) * sizes.max()
        assert positions <= SMALL_BATCH or positions - sizes.sum() <= LARGEST_PADDING * positions


def test_sentences_of_a_corpus_are_few_batches_with_little_padding():
    lengths = np.random.default_rng(0).lognormal(3.1, 0.8, 8000).astype(int) + 1
    windows = planned(lengths.tolist(), 510)
    batches = [(windows.end - windows.first)[batch] + SPECIAL_TOKEN_COUNT for batch in plan_batches(windows, 1 << 14)]
    positions = sum(len(sizes) * sizes.max() for sizes in batches)
    assert sum(sizes.sum() for sizes in batches) > (1 - LARGEST_PADDING) * positions
    assert len(batches) < 2 * positions / (1 << 14)


def test_a_short_run_is_one_window():
    assert windows_of([3, 0, 5], 5) == [Window(0, 3, 0, 3), Window(3, 8, 3, 8)]


def test_nothing_to_encode_plans_nothing():
    assert windows_of([], 5) == [] == windows_of([0, 0], 5)
    assert plan_batches(planned([], 5), 512) == []
