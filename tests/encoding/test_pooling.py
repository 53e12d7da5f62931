from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_lite.encoding.pooling import Pooling, TokenVectors, mean_of_groups
from nlu_lite.records import Pieces

EXPECTED = {
    Pooling.FIRST: lambda rows: rows[0],
    Pooling.LAST: lambda rows: rows[-1],
    Pooling.MEAN: lambda rows: rows.mean(axis=0),
    Pooling.MAX: lambda rows: rows.max(axis=0),
    Pooling.FIRST_LAST: lambda rows: np.concatenate([rows[0], rows[-1]]),
}


@pytest.mark.parametrize("pooling", Pooling)
@given(data=st.data())
def test_any_cut_of_the_pieces_in_any_order_gives_the_same(pooling, data):
    counts = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=8))
    token_first = np.cumsum([0, *counts]).astype(np.int32)
    vectors = np.random.default_rng(0).normal(size=(token_first[-1], 3)).astype(np.float32)
    cuts = sorted({0, len(vectors), *data.draw(st.lists(st.integers(0, len(vectors)), max_size=5))})
    spans = data.draw(st.permutations(list(pairwise(cuts))))

    tokens = TokenVectors(Pieces(np.zeros(len(vectors), np.int32), token_first), 3, pooling)
    for begin, end in spans:
        tokens.add(vectors[begin:end], begin)

    groups = np.split(vectors, token_first[1:-1])
    np.testing.assert_allclose(tokens.finish(), [EXPECTED[pooling](rows) for rows in groups], atol=1e-6)


@given(st.lists(st.integers(1, 4), max_size=6))
def test_mean_of_groups_is_numpys(counts):
    group = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    vectors = np.random.default_rng(1).normal(size=(len(group), 2)).astype(np.float32)
    expected = [vectors[group == number].mean(axis=0) for number in range(len(counts))]
    np.testing.assert_allclose(mean_of_groups(vectors, group, len(counts)), np.reshape(expected, (-1, 2)), atol=1e-6)
