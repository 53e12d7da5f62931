"""Hugging Face data sets: the visible data are read, and errors name the splits."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from datasets import Dataset, DatasetDict, IterableDataset, IterableDatasetDict, concatenate_datasets

import nlu_lite
from nlu_lite import InputError

TEXTS = ["One.", "", "Three four.", "Five.", "Six."]
NUMBERS = [1, 2, 3, 4, 5]


@pytest.fixture(scope="module")
def words():
    return nlu_lite.load("en.tokenize")


@pytest.fixture(scope="module")
def dataset():
    return Dataset.from_dict({"text": TEXTS, "n": NUMBERS})


def documents(pipeline, data, **options):
    frame = pipeline.predict(data, output_level="document", empty="keep", **options)
    return frame["document"].tolist()


SHOWN = {
    "as it is": (lambda one: one, [0, 1, 2, 3, 4]),
    "selected": (lambda one: one.select([3, 0, 3]), [3, 0, 3]),
    "filtered": (lambda one: one.filter(lambda row: row["n"] > 3), [3, 4]),
    "sharded": (lambda one: one.shard(2, 1), [3, 4]),
    "without rows": (lambda one: one.select([]), []),
    "selected and concatenated": (lambda one: concatenate_datasets([one.select([1]), one.select([0])]), [1, 0]),
}


@pytest.mark.parametrize("shown", SHOWN)
def test_the_rows_that_a_data_set_shows_are_read(words, dataset, shown):
    change, rows = SHOWN[shown]
    data = change(dataset)
    frame = words.predict(data, output_level="document", empty="keep")
    assert frame["document"].tolist() == [TEXTS[row] for row in rows]
    assert frame["n"].tolist() == [NUMBERS[row] for row in rows]
    assert frame.index.tolist() == list(range(len(rows)))
    streamed = [text for piece in words.stream(data, chunk=2) for text in piece["token"]]
    assert streamed == words.predict([TEXTS[row] for row in rows])["token"].tolist()


def test_shuffled_rows_are_read_in_their_order(words, dataset):
    data = dataset.shuffle(seed=3)
    assert documents(words, data) == list(data["text"]) != TEXTS


@pytest.mark.parametrize("name", ["numpy", "torch", "pandas", "polars", "arrow"])
def test_a_format_changes_no_text_and_its_columns_are_respected(words, dataset, name):
    assert documents(words, dataset.with_format(name)) == TEXTS
    frame = words.predict(dataset.with_format(name, columns=["text"]))
    assert list(frame.columns) == ["token"]
    every = words.predict(dataset.with_format(name, columns=["text"], output_all_columns=True))
    assert list(every.columns) == ["n", "token"]


def test_a_transform_is_respected(words, dataset):
    data = dataset.with_transform(lambda batch: {"text": [text.upper() for text in batch["text"]]}).select([0, 2])
    assert documents(words, data) == ["ONE.", "THREE FOUR."]
    assert [text for piece in words.stream(data, chunk=1) for text in piece["token"]][:2] == ["ONE", "."]


def test_a_column_is_read_as_texts(words, dataset):
    assert documents(words, dataset["text"]) == TEXTS
    assert documents(words, dataset.select([4, 0])["text"]) == ["Six.", "One."]
    assert documents(words, dataset[:2]["text"]) == TEXTS[:2]
    assert documents(words, dataset.to_iterable_dataset()["text"]) == TEXTS


def test_text_and_language_columns_are_named_as_for_any_frame(words):
    data = Dataset.from_dict({"review": ["Guten Tag.", None], "title": ["a", "b"], "code": ["de", "en"]})
    options = {"text_column": "review", "lang_column": "code", "missing": "skip"}
    assert words.predict(data, **options)["token"].tolist() == ["Guten", "Tag", "."]
    with pytest.raises(InputError, match="3 of the columns"):
        words.predict(data)
    with pytest.raises(InputError, match="Nearest: review"):
        words.predict(data, text_column="reveiw")


def test_documents_that_are_split_already(words):
    data = Dataset.from_dict({"text": [["New York", "!"], [], ["a"]]})
    assert words.predict(data)["token"].tolist() == ["New York", "!", "a"]


@pytest.mark.parametrize("as_", ["pandas", "arrow", "polars"])
def test_the_result_is_a_frame_of_the_library_that_is_asked_for(words, dataset, as_):
    result = words.predict(dataset, as_=as_)
    assert result.shape[0] == 9
    if as_ == "arrow":
        assert Dataset(result)["token"][:2] == ["One", "."]  # no note of other columns is left in its schema


def test_a_data_set_that_is_read_as_it_comes(words, dataset):
    iterable = dataset.to_iterable_dataset()
    assert documents(words, iterable) == TEXTS
    assert documents(words, iterable.filter(lambda row: row["n"] > 3)) == TEXTS[3:]
    assert documents(words, iterable.take(2)) == TEXTS[:2]
    made = IterableDataset.from_generator(lambda: iter([{"text": "One.", "n": None}, {"text": "Two.", "n": 2}]))
    assert documents(words, made) == ["One.", "Two."]
    assert documents(words, iterable.take(0)) == []
    mixed = IterableDataset.from_generator(lambda: iter([{"text": "One.", "n": "x"}, {"text": "Two.", "n": 2}]))
    with pytest.raises(InputError, match=r"cannot be passed to Arrow.*one type in each column"):
        words.predict(mixed)
    with pytest.raises(InputError, match="cannot be passed to Arrow"):
        next(words.stream(mixed))


def test_a_stream_takes_no_more_than_it_answers(words):
    taken = []

    def rows():
        for number in range(100):
            taken.append(number)
            yield {"text": f"Line {number}", "n": number}

    frames = words.stream(IterableDataset.from_generator(rows), chunk=2, metadata=True)
    first, second = next(frames), next(frames)
    assert first["token"].tolist() == ["Line", "0", "Line", "1"]
    assert second.index.tolist() == second["document_number"].tolist() == [2, 2, 3, 3]
    assert len(taken) < 10


def test_an_exception_of_the_data_sets_own_is_passed_on(words):
    def rows():
        yield {"text": "One."}
        raise RuntimeError("the line went dead")

    with pytest.raises(RuntimeError, match="the line went dead") as raised:
        words.predict(IterableDataset.from_generator(rows))
    assert "IterableDataset" in raised.value.__notes__[-1]


@pytest.mark.parametrize("kind", [DatasetDict, IterableDatasetDict])
def test_a_dictionary_of_splits_is_refused_with_their_names(words, dataset, kind):
    one = dataset if kind is DatasetDict else dataset.to_iterable_dataset()
    for call in (words.predict, lambda data: next(words.stream(data))):
        with pytest.raises(InputError, match=r"\['train', 'test'\].*data\['train'\]"):
            call(kind({"train": one, "test": one}))


def test_a_data_set_without_texts_is_refused(words):
    with pytest.raises(InputError, match="0 of the columns"):
        words.predict(Dataset.from_dict({"n": [1]}))
    with pytest.raises(InputError, match="a value of type int was found in row 0"):
        words.predict(Dataset.from_dict({"n": [1]}), text_column="n")


def test_vectors_that_a_data_set_holds_come_back(tmp_path):
    vectors = np.eye(3, dtype=np.float32)
    frame = pd.DataFrame({"token": list("abc"), "word_embedding_x": list(vectors)})
    frame.to_parquet(tmp_path / "vectors.parquet")
    data = Dataset(pa.Table.from_pandas(frame))
    np.testing.assert_array_equal(nlu_lite.matrix(data), vectors)
    np.testing.assert_array_equal(nlu_lite.matrix(data.select([2, 0])), vectors[[2, 0]])
