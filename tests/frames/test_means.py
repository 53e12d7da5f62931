"""Means of the vectors of groups."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nlu_lite
import nlu_lite.pandas
from nlu_lite import InputError, mean_vectors

VECTORS = np.array([[0, 2], [4, 0], [2, 2], [6, 6]], np.float32)
KEYS = {"sense": ["river", "money", "river", "money"], "year": [2, 1, 1, 1]}
NAME = "word_embedding_x"


def in_pandas(vectors=VECTORS, **keys):
    return pd.DataFrame({**(keys or KEYS), NAME: list(vectors)})


def in_arrow(vectors=VECTORS, **keys):
    width = vectors.shape[1]
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), width)
    return pa.table({**(keys or KEYS), NAME: lists})


def in_polars(vectors=VECTORS, **keys):
    return pl.from_arrow(in_arrow(vectors, **keys))


LIBRARIES = {"pandas": in_pandas, "arrow": in_arrow, "polars": in_polars}


def as_rows(means):
    """Return the keys and the means of a result, of any library."""
    if isinstance(means, pd.DataFrame):
        return means.index.tolist(), nlu_lite.matrix(means).tolist()
    table = means if isinstance(means, pa.Table) else means.to_arrow()
    columns = [table.column(name).to_pylist() for name in table.column_names[:-1]]
    return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True)), nlu_lite.matrix(means).tolist()


@pytest.mark.parametrize("library", LIBRARIES)
def test_means_are_in_the_order_of_the_first_rows(library):
    frame = LIBRARIES[library]()
    means = mean_vectors(frame, "sense")
    assert isinstance(means, type(frame))
    assert as_rows(means) == (["river", "money"], [[1, 2], [5, 3]])
    assert nlu_lite.matrix(means).dtype == np.float32
    pairs = as_rows(mean_vectors(frame, ["sense", "year"]))
    assert pairs == ([("river", 2), ("money", 1), ("river", 1)], [[0, 2], [5, 3], [2, 2]])


MISSING = {
    "None": (["a", None, "a", None], ["a", None]),
    "numbers": ([1.5, None, 1.5, None], [1.5, None]),
    "flags": ([True, None, True, None], [True, None]),
    "dates": ([datetime.date(2020, 1, 1), None] * 2, [datetime.date(2020, 1, 1), None]),
}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("kind", MISSING)
def test_missing_keys_are_a_group(library, kind):
    values, expected = MISSING[kind]
    keys, rows = as_rows(mean_vectors(LIBRARIES[library](key=values), "key"))
    assert [None if pd.isna(key) else key for key in keys] == expected
    assert rows == [[1, 2], [5, 3]]


def test_categories_without_rows_have_no_group():
    frame = in_pandas(key=pd.Categorical(["a", "b", "a", None], ["c", "b", "a"]))
    assert as_rows(mean_vectors(frame, "key"))[0][:2] == ["a", "b"]
    assert len(mean_vectors(frame, "key")) == 3
    assert as_rows(mean_vectors(in_arrow(key=pa.array(["a", "b", "a", "b"]).dictionary_encode()), "key"))[0] == [
        "a",
        "b",
    ]


def test_levels_of_the_index_are_keys():
    frame = in_pandas().set_axis([7, 7, 8, 8])
    assert as_rows(mean_vectors(frame, "index")) == ([7, 8], [[2, 1], [4, 4]])
    named = in_pandas().set_index(["sense", "year"])
    assert as_rows(mean_vectors(named, "year"))[0] == [2, 1]
    both = in_pandas().assign(index=list("abab")).set_axis([7, 7, 8, 8])
    assert as_rows(mean_vectors(both, "index"))[0] == ["a", "b"]


def test_frames_of_predict_and_their_means_are_compared():
    frame = nlu_lite.pandas.pd.DataFrame({"sense": KEYS["sense"], NAME: list(VECTORS)})
    pd.testing.assert_frame_equal(frame.nlu.mean(by="sense"), mean_vectors(frame, "sense"))
    assert frame.nlu.similarity(frame.nlu.mean("sense")).columns.tolist() == ["river", "money"]


def test_one_of_several_columns_is_averaged():
    frame = in_pandas().assign(word_embedding_y=list(VECTORS * 2))
    assert as_rows(frame.nlu.mean("sense", column="word_embedding_y"))[1] == [[2, 4], [10, 6]]
    with pytest.raises(InputError, match="2 columns hold vectors"):
        mean_vectors(frame, "sense")


@pytest.mark.parametrize("library", LIBRARIES)
def test_frames_without_rows(library):
    empty = LIBRARIES[library]()[:0] if library != "arrow" else in_arrow().slice(0, 0)
    assert len(mean_vectors(empty, "sense")) == 0


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-9, 9, width=32)), min_size=1, max_size=12))
def test_means_are_those_of_numpy(rows):
    keys, values = zip(*rows, strict=True)
    vectors = np.array([[value, 1] for value in values], np.float32)
    for build in LIBRARIES.values():
        found, means = as_rows(mean_vectors(build(vectors, key=list(keys)), "key"))
        assert found == list(dict.fromkeys(keys))
        for key, mean in zip(found, means, strict=True):
            np.testing.assert_allclose(mean, vectors[np.array(keys) == key].mean(axis=0), atol=1e-5)


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", LIBRARIES)
def test_columns_that_do_not_exist_are_named(library):
    with pytest.raises(InputError, match=r"by='sens' is no column.*Nearest: sense"):
        mean_vectors(LIBRARIES[library](), "sens")
    with pytest.raises(InputError, match="by is an empty list"):
        mean_vectors(LIBRARIES[library](), [])
    with pytest.raises(InputError, match="occur twice"):
        mean_vectors(LIBRARIES[library](), ["sense", "sense"])
    with pytest.raises(InputError, match="'z' is no column"):
        mean_vectors(LIBRARIES[library](), "sense", "z")


def test_rows_without_vectors_are_named():
    frame = in_pandas()
    frame.at[2, NAME] = None
    with pytest.raises(InputError, match="row 2 of the column 'word_embedding_x' holds no vector but None"):
        mean_vectors(frame, "sense")
    table = in_arrow().set_column(2, NAME, pa.array([[1.0], None, [2.0], [3.0]], pa.list_(pa.float32(), 1)))
    with pytest.raises(InputError, match="row 1 of the column"):
        mean_vectors(table, "sense")
    with pytest.raises(InputError, match="a vector of length 1 after some of length 2"):
        mean_vectors(in_pandas([*VECTORS[:3], np.ones(1, np.float32)]), "sense")


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_rows_with_numbers_that_are_not_finite_are_named(library, value):
    vectors = VECTORS.copy()
    vectors[[1, 3], 0] = value
    with pytest.raises(InputError, match=r"rows 1, 3 of the column 'word_embedding_x' hold vectors with NaN"):
        mean_vectors(LIBRARIES[library](vectors), "sense")


def test_values_that_cannot_be_compared_are_an_error():
    with pytest.raises(InputError, match="values that cannot be compared"):
        mean_vectors(in_pandas(key=[["a"], ["b"], [], []]), "key")
    with pytest.raises(InputError, match="values that cannot be compared"):
        mean_vectors(in_pandas(), NAME)


@pytest.mark.parametrize("frame", [None, [1], pd.Series([1.0]), pd.DataFrame({"a": [1]})])
def test_frames_without_vectors_are_an_error(frame):
    with pytest.raises(InputError):
        mean_vectors(frame, "a")
