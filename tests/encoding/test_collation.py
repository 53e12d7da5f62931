"""Windows become arrays in which every position can be found again."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nlu_lite.encoding.collation import collate, count_positions, find_all_positions
from nlu_lite.encoding.plan import join_ranges, plan_windows
from nlu_lite.encoding.pooling import Positions, RunVectors, TokenVectors
from nlu_lite.encoding.subwords import SpecialTokens
from nlu_lite.options import Pooling
from nlu_lite.records import Pieces, SentencePooling

SPECIAL = SpecialTokens(first=-1, last=-2, pad=-3, unknown=-4)
run_lengths = st.lists(st.integers(0, 20), min_size=1, max_size=6).filter(any)


def windows_of(lengths, capacity):
    return plan_windows(np.cumsum([0, *lengths]).astype(np.int32), capacity)


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 4)), max_size=6))
def test_ranges_are_joined_in_order(ranges):
    begin, count = np.array(ranges, np.int64).reshape(-1, 2).T
    expected = [number for first, size in ranges for number in range(first, first + size)]
    assert join_ranges(begin, begin + count).tolist() == expected


@given(run_lengths, st.integers(1, 9))
def test_a_batch_holds_the_pieces_of_each_window_between_special_tokens(lengths, capacity):
    windows, ids = windows_of(lengths, capacity), np.arange(sum(lengths), dtype=np.int32)
    batch = collate(ids, windows, SPECIAL, find_all_positions(windows))
    rows = [[-1, *range(first, end), -2] for first, end in zip(windows.first, windows.end, strict=True)]
    longest = max(map(len, rows))
    assert batch.ids.tolist() == [row + [-3] * (longest - len(row)) for row in rows]
    assert batch.mask.tolist() == [[1] * len(row) + [0] * (longest - len(row)) for row in rows]
    assert batch.rows.tolist() == np.flatnonzero(batch.mask).tolist()
    assert count_positions(windows) == batch.ids.size
    assert {batch.ids.dtype, batch.mask.dtype, batch.rows.dtype} == {np.dtype(np.int64)}


@given(run_lengths, st.integers(1, 9), st.sampled_from(Pooling))
def test_the_rows_of_tokens_are_those_of_their_needed_pieces(lengths, capacity, pooling):
    bounds = np.cumsum([0, *lengths]).astype(np.int32)
    first = np.arange(0, bounds[-1], 2, dtype=np.int32)
    pieces = Pieces(np.arange(bounds[-1], dtype=np.int32), bounds, first, np.minimum(first + 2, bounds[-1]))
    vectors, windows = TokenVectors(pieces, 3, pooling), windows_of(lengths, capacity)
    batch = collate(pieces.ids, windows, SPECIAL, vectors.find_positions(windows))
    last = pieces.token_end - 1
    needed = {Pooling.FIRST: first, Pooling.LAST: last, Pooling.FIRST_LAST: np.union1d(first, last)}
    assert batch.ids.ravel()[batch.rows].tolist() == needed.get(pooling, pieces.ids).tolist()


@given(run_lengths, st.integers(1, 9), st.sampled_from(SentencePooling))
def test_the_rows_of_runs_are_the_first_positions_or_those_of_a_mean(lengths, capacity, pooling):
    windows = windows_of(lengths, capacity)
    vectors = RunVectors(np.cumsum([0, *lengths]).astype(np.int32), 3, pooling, None)
    ids = np.arange(sum(lengths), dtype=np.int32)
    batch = collate(ids, windows, SPECIAL, vectors.find_positions(windows))
    found = batch.ids.ravel()[batch.rows].tolist()
    if pooling is SentencePooling.MEAN:
        kept = zip(windows.kept_first, windows.kept_end, strict=True)
        assert found == [number for first, end in kept for number in (-1, *range(first, end), -2)]
    else:
        assert found == [-1] * len(windows)


def test_rows_count_the_positions_of_windows_in_front():
    windows = windows_of([3, 1], 9)
    batch = collate(np.arange(4, dtype=np.int32), windows, SPECIAL, Positions(np.array([0, 1]), np.array([2, 0])))
    assert batch.rows.tolist() == [2, 5]
