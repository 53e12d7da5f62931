"""The memory of the rows of Arrow data, and cuts that keep it small."""

import datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_lite.frames import cut_rows, measure_rows, measure_texts

LONG = "a" * 1000
COLUMNS = {
    "strings": pa.array(["", LONG, None]),
    "large": pa.array([b"", LONG.encode(), None], pa.large_binary()),
    "lists": pa.array([[], [LONG], None]),
    "structs": pa.array([{"a": ""}, {"a": LONG}, None]),
    "maps": pa.array([[], [("a", LONG)], None], pa.map_(pa.string(), pa.string())),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_the_sizes_of_rows_are_those_of_their_values(name):
    column = pa.chunked_array([COLUMNS[name], COLUMNS[name]])
    for sizes in (measure_rows(column)[:3], measure_rows(column.slice(3))):
        assert sizes[0] < 20
        assert 1000 <= sizes[1] < 1030
        assert sizes[2] < 20


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, None], pa.int8()),
        pa.array([True, None]),
        pa.array([datetime.datetime(2020, 1, 2), None]),
        pa.array([Decimal("1.5"), None]),
        pa.nulls(2),
        pa.array([[1.0, 2.0], None], pa.list_(pa.float32(), 2)),
        pa.array([LONG, None]).dictionary_encode(),
        pa.array([LONG, None], pa.string_view()),
    ],
)
def test_values_of_a_fixed_size_and_shared_ones_are_small(values):
    sizes = measure_rows(pa.chunked_array([values]))
    assert sizes.shape == (2,)
    assert np.all(sizes <= 20)


def test_texts_of_dictionaries_and_views_count_each_time():
    for cast in (pa.string_view(), pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int8(), pa.large_string())):
        assert measure_texts(pa.chunked_array([pa.array([LONG] * 2).cast(cast)])).tolist() == [1000, 1000]


@given(st.lists(st.floats(0, 10)), st.integers(1, 5), st.floats(0, 20))
def test_parts_are_complete_and_small(sizes, rows, limit):
    parts = list(cut_rows(np.array(sizes), rows, limit))
    assert [row for part in parts for row in range(part.start, part.stop)] == list(range(len(sizes)))
    for part in parts:
        size = part.stop - part.start
        assert size == 1 or (size <= rows and sum(sizes[part]) <= limit + 1e-9)
