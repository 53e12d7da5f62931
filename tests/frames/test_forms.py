"""Every kind of data, level and form of result has the same rows, vectors and labels."""

import copy
from collections import deque
from pathlib import Path

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import nlu_lite

MODEL = f"path:{Path(__file__).parents[1] / 'data' / 'xlmroberta_weights'}"
ID = "xlmroberta_weights"
COLUMN = f"word_embedding_{ID}"

TEXTS = ["One two. Three!", " ", "Four, 𝒜 five."]
WORDS = [["One", "two."], [], ["New York", "𝒜"]]
SENTENCES = [["One . Two", "Three"], [], ["Four 𝒜"]]

LABELS = pd.MultiIndex.from_tuples([("a", 1), ("a", 1), ("b", 2)], names=["letter", None])
FRAME = pd.DataFrame(
    {
        "n": pd.array([1, None, 3], "Int64"),
        "review": TEXTS,
        "kind": pd.Categorical(["x", "y", "x"], categories=["y", "x"], ordered=True),
        "when": pd.to_datetime(["2020-01-01", None, "2022-02-02"]).tz_localize("Europe/Berlin"),
    },
    index=LABELS,
)
TABLE = pa.table(
    {
        "n": pa.array([1, None, 3], pa.int8()),
        "review": TEXTS,
        "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
        "when": pa.array([0, None, 5], pa.timestamp("s", "UTC")),
    }
)
POLARS = pl.DataFrame(
    {
        "n": pl.Series([1, None, 3], dtype=pl.Int8),
        "review": TEXTS,
        "kind": pl.Series(["x", "y", "x"], dtype=pl.Enum(["y", "x"])),
        "when": pl.Series([0, None, 5], dtype=pl.Datetime("ms", "UTC")),
    }
)


class Capsule:
    """An object that only exports Arrow data."""

    def __init__(self, data):
        self.__arrow_c_stream__ = data.__arrow_c_stream__


class ArrayCapsule:
    def __init__(self, data):
        self.__arrow_c_array__ = data.__arrow_c_array__


STRINGS = {
    "list": lambda: list(TEXTS),
    "tuple": lambda: tuple(TEXTS),
    "iterator": lambda: iter(TEXTS),
    "generator": lambda: (text for text in TEXTS),
    "deque": lambda: deque(TEXTS),
    "values of a dict": lambda: dict(enumerate(TEXTS)).values(),
    "keys of a dict": lambda: dict.fromkeys(TEXTS).keys(),
    "numpy str": lambda: np.array(TEXTS),
    "numpy object": lambda: np.array(TEXTS, object),
    "numpy StringDType": lambda: np.array(TEXTS, np.dtypes.StringDType()),
    "Series str": lambda: pd.Series(TEXTS),
    "Series object": lambda: pd.Series(TEXTS, dtype=object),
    "Series string": lambda: pd.Series(TEXTS, dtype="string"),
    "Series string[python]": lambda: pd.Series(TEXTS, dtype="string[python]"),
    "Series ArrowDtype": lambda: pd.Series(TEXTS, dtype=pd.ArrowDtype(pa.string())),
    "Series category": lambda: pd.Series(TEXTS, dtype="category"),
    "Index": lambda: pd.Index(TEXTS),
    "pandas array": lambda: pd.array(TEXTS),
    "Categorical": lambda: pd.Categorical(TEXTS),
    "Arrow Array": lambda: pa.array(TEXTS),
    "Arrow large_string": lambda: pa.array(TEXTS, pa.large_string()),
    "Arrow string_view": lambda: pa.array(TEXTS, pa.string_view()),
    "Arrow dictionary": lambda: pa.array(TEXTS).dictionary_encode(),
    "Arrow run_end_encoded": lambda: pa.RunEndEncodedArray.from_arrays(pa.array([1, 2, 3], pa.int32()), TEXTS),
    "Arrow slice": lambda: pa.array(["x", *TEXTS, "y"])[1:4],
    "Arrow ChunkedArray": lambda: pa.chunked_array([TEXTS[:1], TEXTS[1:]]),
    "Polars Series": lambda: pl.Series(TEXTS),
    "Polars Categorical": lambda: pl.Series(TEXTS, dtype=pl.Categorical),
    "narwhals Series": lambda: nw.from_native(pl.Series(TEXTS), series_only=True),
    "stream capsule": lambda: Capsule(pl.Series(TEXTS)),
    "array capsule": lambda: ArrayCapsule(pa.array(TEXTS)),
}
FRAMES = {
    "DataFrame": lambda: FRAME.copy(),
    "Arrow Table": lambda: TABLE,
    "Arrow RecordBatch": lambda: TABLE.to_batches()[0],
    "Arrow RecordBatchReader": lambda: TABLE.to_reader(max_chunksize=2),
    "Polars DataFrame": lambda: POLARS.clone(),
    "Polars LazyFrame": lambda: POLARS.lazy().with_columns(pl.col("n") + 0),
    "narwhals DataFrame": lambda: nw.from_native(POLARS),
    "narwhals LazyFrame": lambda: nw.from_native(POLARS.lazy()),
    "frame capsule": lambda: Capsule(POLARS),
}
SPLIT = {
    "lists": lambda parts: parts,
    "tuples": lambda parts: tuple(map(tuple, parts)),
    "generator of lists": lambda parts: (part for part in parts),
    "numpy of lists": lambda parts: np.array([*parts, None], object)[:-1],
    "Series of lists": pd.Series,
    "Series of arrays": lambda parts: pd.Series([np.array(part, object) for part in parts]),
    "DataFrame of lists": lambda parts: pd.DataFrame({"text": parts}),
    "Arrow lists": lambda parts: pa.array(parts, pa.list_(pa.string())),
    "Arrow list views": lambda parts: pa.array(parts, pa.list_view(pa.string_view())),
    "Arrow Table of lists": lambda parts: pa.table({"text": pa.array(parts, pa.large_list(pa.large_string()))}),
    "Polars lists": lambda parts: pl.Series(parts, dtype=pl.List(pl.String)),
    "Polars DataFrame of lists": lambda parts: pl.DataFrame({"text": parts}, {"text": pl.List(pl.String)}),
}
LEVELS = ["token", *(pytest.param(level, marks=pytest.mark.slow) for level in ("sentence", "document"))]
FORMS = {"pandas": pd.DataFrame, "arrow": pa.Table, "polars": pl.DataFrame}
NUMBERS = {"token": 3, "sentence": 2, "document": 1}


@pytest.fixture(scope="module")
def pipeline():
    return nlu_lite.load(MODEL, reproducible=True)


def named(level):
    """The result's columns with positions and metadata."""
    numbers = ["document_number", "sentence_number", "token_number"][: NUMBERS[level]]
    facts = [f"word_{fact}_{ID}" for fact in ("pieces", "oov", "windows")]
    return [level, f"{level}_begin", f"{level}_end", *numbers, COLUMN, *facts]


def check(result, form, expected, level):
    """Compare with the pandas frame that a plain list gives."""
    assert type(result) is FORMS[form]
    columns = {name: result[name] for name in named(level) if name != COLUMN}
    plain = {name: values.to_pylist() if form == "arrow" else values.to_list() for name, values in columns.items()}
    assert plain == {name: expected[name].tolist() for name in columns}
    np.testing.assert_array_equal(nlu_lite.matrix(result), nlu_lite.matrix(expected))
    assert nlu_lite.matrix(result).dtype == np.float32


@pytest.fixture(scope="module")
def expected_frames(pipeline):
    """The frames of a plain list, by level."""
    return {level: pipeline.predict(TEXTS, output_level=level, positions=True, metadata=True) for level in NUMBERS}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kind", STRINGS)
def test_strings(pipeline, expected_frames, kind, level, form):
    options = {"output_level": level, "positions": True, "metadata": True}
    expected, data = expected_frames[level], STRINGS[kind]()
    result = pipeline.predict(data, as_=form, **options)
    check(result, form, expected, level)
    names = result.column_names if form == "arrow" else list(result.columns)
    assert names == ["index"][: form != "pandas"] + named(level)
    labels = result.index if form == "pandas" else result["index"]
    assert list(labels.to_pylist() if form == "arrow" else labels) == expected.index.tolist()
    if "iterator" not in kind and "generator" not in kind:  # what can be looked at again is as it was
        again = data if isinstance(data, (Capsule, ArrayCapsule)) else list(data)
        assert isinstance(again, (Capsule, ArrayCapsule)) or list(map(str, again)) == TEXTS


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("level", LEVELS)
def test_one_string(pipeline, level, form):
    options = {"output_level": level, "positions": True, "metadata": True}
    result = pipeline.predict(TEXTS[0], as_=form, **options)
    check(result, form, pipeline.predict(TEXTS[:1], **options), level)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kind", FRAMES)
def test_frames(pipeline, kind, level, form):
    options = {"output_level": level, "positions": True, "metadata": True}
    expected, data = pipeline.predict(TEXTS, **options), FRAMES[kind]()
    result = pipeline.predict(data, text_column="review", as_=form, **options)
    check(result, form, expected, level)
    rows = expected.index.tolist()
    kept = ["n", "kind", "when"]
    if form == "pandas":
        assert list(result.columns) == kept + named(level)
        if kind == "DataFrame":
            pd.testing.assert_frame_equal(result[kept], FRAME[kept].iloc[rows])
        else:
            assert result.index.tolist() == rows
            assert result["kind"].dtype == "category"
            assert result["n"].dtype == pd.ArrowDtype(pa.int8())
            assert isinstance(result["when"].dtype, pd.ArrowDtype)
    labels = ["letter", "level_1"] if kind == "DataFrame" else ["index"]
    if form == "arrow":
        assert result.column_names == labels + kept + named(level)
        if kind.startswith("Arrow"):
            assert result.select(kept).to_pylist() == TABLE.select(kept).take(rows).to_pylist()
            assert [result.schema.field(name).type for name in kept] == [TABLE.schema.field(name).type for name in kept]
    if form == "polars":
        assert result.columns == labels + kept + named(level)
        if "Polars" in kind or "narwhals" in kind or "capsule" in kind:
            assert result.select(kept).equals(POLARS.select(kept)[rows])
            assert result.select(kept).schema == POLARS.select(kept).schema
    if kind == "DataFrame":
        pd.testing.assert_frame_equal(data, FRAME)
    if kind == "Polars DataFrame":
        assert data.equals(POLARS)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("split", ["words", "sentences"])
@pytest.mark.parametrize("kind", SPLIT)
def test_documents_that_are_split_already(pipeline, kind, split, level, form):
    options = {"output_level": level, "positions": True, "metadata": True, "split": split}
    parts = {"words": WORDS, "sentences": SENTENCES}[split]
    before = copy.deepcopy(parts)
    result = pipeline.predict(SPLIT[kind](parts), as_=form, **options)
    check(result, form, pipeline.predict(parts, **options), level)
    assert parts == before
    if level == "token" and split == "words":
        found = result["token"].to_pylist() if form == "arrow" else list(result["token"])
        assert found == ["One", "two.", "New York", "𝒜"]


@pytest.mark.parametrize("vectors", ["numpy", "arrow"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "data",
    [
        [],
        pd.Series([], dtype=str),
        FRAME[:0],
        TABLE[:0],
        POLARS[:0],
        pa.array([], pa.string()),
        pl.Series([], dtype=str),
    ],
    ids=["list", "Series", "DataFrame", "Table", "Polars", "Array", "Polars Series"],
)
def test_no_rows_have_all_columns_and_dtypes(pipeline, data, level, form, vectors):
    column = "review" if isinstance(data, (pd.DataFrame, pa.Table, pl.DataFrame)) else None
    options = {"output_level": level, "as_": form, "text_column": column, "metadata": True, "vectors": vectors}
    empty = pipeline.predict(data, **options)
    assert len(empty) == 0
    full = {pd.DataFrame: FRAME, pa.Table: TABLE, pl.DataFrame: POLARS}.get(type(data), TEXTS)
    full = pipeline.predict(full, **options)
    if form == "pandas":
        dtypes = [frame.dtypes.to_dict() for frame in (empty, full)]
        if isinstance(data, pl.DataFrame):  # Polars hands over no categories where there are no rows
            assert [found.pop("kind") == "category" for found in dtypes] == [True, True]
        assert dtypes[0] == dtypes[1]
    else:
        names = [name for name in full.schema.names if name != "index"] if form == "arrow" else full.columns
        assert len(names) > 4
        for name in names:
            if name not in ("index", "letter", "level_1"):  # an empty index has the dtype that its library gives it
                assert empty[name].type == full[name].type if form == "arrow" else empty[name].dtype == full[name].dtype
    if form != "pandas" or vectors == "arrow":
        assert nlu_lite.matrix(empty).shape == (0, 16)


# --- no copy ---------------------------------------------------------------------------------------------------------


def address(column):
    """Return the address of the numbers of an Arrow column of vectors, which has one chunk."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    assert len(chunks) == 1
    return chunks[0].flatten().buffers()[1].address


@pytest.mark.parametrize("form", ["numpy", "arrow cells", "arrow", "polars"])
def test_the_matrix_of_the_model_is_the_results(pipeline, form, monkeypatch):
    made = []
    vectors = type(pipeline.models[0]).compute_vectors

    def noted(*args):
        made.append(vectors(*args))
        return made[-1]

    monkeypatch.setattr(type(pipeline.models[0]), "compute_vectors", noted)
    options = {"vectors": "arrow"} if form == "arrow cells" else {"as_": {"numpy": "pandas"}.get(form, form)}
    result = pipeline.predict(TEXTS, **options)
    (matrix,) = made
    start = matrix.__array_interface__["data"][0]
    if form == "numpy":
        assert [cell.__array_interface__["data"][0] - start for cell in result[COLUMN]] == [
            row * matrix.strides[0] for row in range(len(matrix))
        ]
    elif form == "polars":
        assert address(pa.chunked_array(result[COLUMN])) == start
        assert result.schema[COLUMN] == pl.Array(pl.Float32, 16)
    else:
        column = result[COLUMN] if form == "arrow" else result[COLUMN].array.__arrow_array__()
        assert address(column) == start
        assert str(column.type) == "fixed_size_list<item: float>[16]"
    assert nlu_lite.matrix(result).__array_interface__["data"][0] == start
