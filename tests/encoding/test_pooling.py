import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_lite.encoding.pooling import (
    RunVectors,
    TokenVectors,
    average_groups,
    find_needed_pieces,
    merge_layers,
    normalize_rows,
)
from nlu_lite.options import LayerMerge, Pooling
from nlu_lite.records import Pieces, SentencePooling, Windows

EXPECTED = {
    Pooling.FIRST: lambda rows: rows[0],
    Pooling.LAST: lambda rows: rows[-1],
    Pooling.MEAN: lambda rows: rows.mean(axis=0),
    Pooling.MAX: lambda rows: rows.max(axis=0),
    Pooling.FIRST_LAST: lambda rows: np.concatenate([rows[0], rows[-1]]),
}


def pieces_of(spans, count):
    first, end = (np.array(bounds, np.int32) for bounds in zip(*spans, strict=True))
    return Pieces(np.zeros(count, np.int32), np.array([0, count], np.int32), first, end)


def windows_of(*rows):
    """Return windows, each given by its first piece, end, first kept piece and end of kept pieces."""
    return Windows(*np.array(rows, np.int32).T)


def states_of(vectors, windows, positions):
    """Return the states at some positions where a piece has its vector as its state."""
    return vectors[windows.first[positions.window] + positions.position - 1]


@st.composite
def shared_spans(draw):
    """Spans in order, of which neighbours can share pieces, as they do where a text was encoded as a whole."""
    count = draw(st.integers(1, 15))
    firsts = sorted(draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=8)))
    ends = np.maximum.accumulate([draw(st.integers(first + 1, count)) for first in firsts])
    return count, list(zip(firsts, ends.tolist(), strict=True))


@pytest.mark.parametrize("pooling", Pooling)
@given(drawn=shared_spans(), data=st.data())
def test_any_cut_of_the_pieces_in_any_order_gives_the_same(pooling, drawn, data):
    count, tokens_of = drawn
    vectors = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32)
    cuts = sorted({0, count, *data.draw(st.lists(st.integers(0, count), max_size=5))})
    order = data.draw(st.permutations(range(len(cuts) - 1)))
    batches = data.draw(st.lists(st.integers(0, 2), min_size=len(order), max_size=len(order)))

    tokens = TokenVectors(pieces_of(tokens_of, count), 3, pooling)
    windows = windows_of(*((0, count, begin, end) for begin, end in pairwise(cuts)))
    done = 0
    for batch in dict.fromkeys(batches):
        chosen = windows.take(np.array(sorted(n for n, its in zip(order, batches, strict=True) if its == batch)))
        positions = tokens.find_positions(chosen)
        if len(positions.window):
            tokens.add(states_of(vectors, chosen, positions), chosen, positions)
        done += tokens.count_done(chosen)
    assert done == len(tokens_of)

    groups = [vectors[first:end] for first, end in tokens_of]
    np.testing.assert_allclose(tokens.finish(), [EXPECTED[pooling](rows) for rows in groups], atol=1e-6)


def most_taken(run):
    """Return the peak memory of a call in bytes, without the memory that was in use before it."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("pooling", Pooling)
def test_a_window_costs_no_more_among_many_tokens(pooling):
    bounds = np.arange(1_000_001, dtype=np.int32)
    tokens = TokenVectors(Pieces(bounds[:-1], bounds[[0, -1]], bounds[:-1], bounds[1:]), 2, pooling)
    states, windows = np.ones((4, 2), np.float32), windows_of((500_000, 500_004, 500_000, 500_004))

    def add():
        tokens.add(states, windows, tokens.find_positions(windows))
        tokens.count_done(windows)

    assert most_taken(add) < 10_000


def test_a_window_costs_no_more_among_many_runs():
    vectors = RunVectors(np.arange(1_000_001, dtype=np.int32), 2, SentencePooling.MEAN, None)
    states, windows = np.ones((3, 2), np.float32), windows_of((500_000, 500_001, 500_000, 500_001))
    assert most_taken(lambda: vectors.add(states, windows, vectors.find_positions(windows))) < 10_000


@pytest.mark.parametrize("pooling", Pooling)
@given(drawn=shared_spans())
def test_pieces_that_are_not_needed_do_not_count(pooling, drawn):
    count, tokens_of = drawn
    pieces = pieces_of(tokens_of, count)
    needed = find_needed_pieces(pieces, pooling)
    vectors = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32)
    spoilt = vectors.copy()
    spoilt[[] if needed is None else np.setdiff1d(np.arange(count), needed)] = np.nan
    results = []
    for rows in (vectors, spoilt):
        tokens = TokenVectors(pieces, 3, pooling)
        windows = windows_of((0, count, 0, count))
        positions = tokens.find_positions(windows)
        tokens.add(states_of(rows, windows, positions), windows, positions)
        results.append(tokens.finish())
    np.testing.assert_array_equal(*results)


HIDDEN = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("merge", "expected"),
    [
        (LayerMerge.MEAN, (HIDDEN[0] + HIDDEN[1]) / 2),
        (LayerMerge.SUM, HIDDEN[0] + HIDDEN[1]),
        (LayerMerge.CONCAT, np.concatenate([HIDDEN[0], HIDDEN[1]], axis=-1)),
    ],
)
def test_layers_are_merged(merge, expected):
    np.testing.assert_array_equal(merge_layers(HIDDEN, merge), expected)
    np.testing.assert_array_equal(merge_layers(HIDDEN[:1], merge), HIDDEN[0])


def test_a_long_runs_vector_is_the_mean_of_its_windows_weighted_by_their_pieces():
    windows = windows_of((0, 4, 0, 3), (2, 6, 3, 6), (6, 7, 6, 7))
    states = [np.random.default_rng(n).normal(size=(length + 2, 2)) for n, length in enumerate((4, 4, 1))]
    runs = np.array([0, 6, 7], np.int32)

    def result(pooling, pooler=None):
        vectors = RunVectors(runs, 2, pooling, pooler)
        for batch in ([0, 2], [1]):
            chosen = windows.take(np.array(batch))
            positions = vectors.find_positions(chosen)
            pairs = zip(positions.window, positions.position, strict=True)
            vectors.add(np.array([states[batch[window]][position] for window, position in pairs]), chosen, positions)
        return vectors.finish()

    first, second, alone = states
    both = np.concatenate([first[[0, 1, 2, 3, 5]], second[[0, 2, 3, 4, 5]]])
    np.testing.assert_allclose(result(SentencePooling.MEAN), [both.mean(0), alone.mean(0)], rtol=1e-5)
    np.testing.assert_allclose(result(SentencePooling.CLS), [(first[0] + second[0]) / 2, alone[0]], rtol=1e-5)
    doubled = result(SentencePooling.POOLER, lambda state: 2 * state)
    np.testing.assert_allclose(doubled, [first[0] + second[0], 2 * alone[0]], rtol=1e-5)


def test_a_row_of_zeros_is_not_divided():
    np.testing.assert_array_equal(
        normalize_rows(np.array([[3, 4], [0, 0]], np.float32)), np.array([[0.6, 0.8], [0, 0]], np.float32)
    )


@given(st.lists(st.integers(1, 4), max_size=6))
def test_mean_of_groups_is_numpys(counts):
    group = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    vectors = np.random.default_rng(1).normal(size=(len(group), 2)).astype(np.float32)
    expected = [vectors[group == number].mean(axis=0) for number in range(len(counts))]
    np.testing.assert_allclose(average_groups(vectors, group, len(counts)), np.reshape(expected, (-1, 2)), atol=1e-6)
