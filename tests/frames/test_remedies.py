"""Data that are not texts are refused with a remedy that works."""

import io
from collections import Counter, UserDict
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

import nlu_lite
from nlu_lite import InputError

TEXTS = ["One.", "Two three."]
RECORDS = [{"text": "One.", "n": 1}, {"text": "Two three.", "n": 2}]


@pytest.fixture(scope="module")
def words():
    return nlu_lite.load("en.tokenize")


async def _texts():
    yield "One."


class Foreign:
    """A frame of an unknown library: iterating over it yields the names of its columns."""

    columns = ("text", "n")

    def __iter__(self):
        return iter(self.columns)


# the data, and the remedy: an expression of it that is taken, or the beginning of a sentence
REFUSED = {
    "texts by key": (dict(zip("ab", TEXTS, strict=True)), "pandas.Series(data)"),
    "columns": ({"text": TEXTS, "n": [1, 2]}, "pandas.DataFrame(data)"),
    "a record": ({"text": "One.", "n": 1}, "pandas.DataFrame([data])"),
    "a view of a dict": (MappingProxyType({"a": "One."}), "list(data.values())"),
    "a user's dict": (UserDict({"a": "One."}), "list(data.values())"),
    "an empty dict": ({}, "pandas.DataFrame(data)"),
    "items": ({"a": "One."}.items(), "list(data.values())"),
    "counts": (Counter(TEXTS), "pandas.DataFrame([data])"),
    "records": (RECORDS, "pandas.DataFrame(list(data))"),
    "records of a generator": (iter(RECORDS), "pandas.DataFrame(list(data))"),
    "records of a Series": (pd.Series(RECORDS), "pandas.DataFrame(list(data))"),
    "bytes": (b"One.", "text.decode('utf-8')"),
    "a list of bytes": ([b"One."], "text.decode('utf-8')"),
    "a memoryview": (memoryview(b"One."), "bytes(text).decode('utf-8')"),
    "a path": (Path("texts.txt"), "path.read_text(encoding='utf-8')"),
    "a list of paths": ([Path("a.txt")], "predict_file("),
    "no dimension": (np.array("One."), "array.item()"),
    "two dimensions": (np.array([TEXTS]), "array.ravel()"),
    "records of numpy": (np.array([("One.", 1)], [("text", "U4"), ("n", int)]), "pandas.DataFrame(array)"),
    "an index of levels": (pd.MultiIndex.from_arrays([TEXTS, [1, 2]]), "index.get_level_values(0)"),
    "an asynchronous generator": (_texts(), "[text async for text in data]"),
    "a function": (lambda: TEXTS, "Call it, and pass what it returns"),
    "a number": (5, "str(...)"),
    "a list of numbers": ([1.5], "str(...)"),
    "rows of a table": (enumerate(TEXTS), "pandas.DataFrame(list(data))"),
    "a list of frames": ([pd.DataFrame({"text": TEXTS})], "Pass the frame by itself"),
    "None": (None, "Pass one of these"),
    "a type": (str, "Pass one of these"),
    "a frame of another library": (Foreign(), "Convert it to a frame of pandas, Arrow or Polars"),
    "a file of bytes": (io.BytesIO(b"One."), "text.decode('utf-8')"),
    "a list of sets": ([{"One."}], "list(...)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_remedy_suits_what_was_given(words, name):
    data, remedy = REFUSED[name]
    with pytest.raises(InputError) as raised:
        words.predict(data)
    assert remedy in raised.value.remedy, raised.value.remedy
    assert raised.value.got


@pytest.mark.parametrize("name", ["texts by key", "columns", "a record", "a view of a dict", "items", "records"])
def test_the_remedy_works(words, name):
    data, remedy = REFUSED[name]
    data = dict(data) if name == "items" else data
    repaired = eval(remedy, {"pandas": pd, "data": data, "list": list})
    assert words.predict(repaired)["token"].tolist()[:2] == ["One", "."]


@pytest.mark.parametrize("name", ["texts by key", "columns", "items", "bytes", "a path", "no dimension", "None"])
def test_a_stream_has_the_same_remedies(words, name):
    data, remedy = REFUSED[name]
    with pytest.raises(InputError, match="stream was given") as raised:
        next(words.stream(data))
    assert remedy in raised.value.remedy


def test_a_column_of_a_list_of_records_is_not_looked_for(words):
    with pytest.raises(InputError, match=r"pandas.DataFrame\(data\)"):
        words.predict(RECORDS, text_column="text")


@pytest.mark.parametrize("kind", [set, frozenset, lambda texts: dict.fromkeys(texts).keys()])
def test_sets_and_keys_are_taken_in_their_order(words, kind):
    data = kind(TEXTS)
    expected = words.predict(list(data), metadata=True)
    pd.testing.assert_frame_equal(words.predict(data, metadata=True), expected)
    assert [token for piece in words.stream(data, chunk=1) for token in piece["token"]] == expected["token"].tolist()


@pytest.mark.parametrize(
    "data",
    [
        dict(enumerate(TEXTS)).values(),
        io.StringIO("One.\nTwo three."),
        np.ma.masked_array(np.array([*TEXTS, "x"], object), [False, False, True]),
        pd.Index(TEXTS),
        np.array(TEXTS, np.dtypes.StringDType()),
    ],
    ids=["values", "lines", "masked", "index", "strings"],
)
def test_other_iterables_of_texts_are_taken(words, data):
    assert words.predict(data, missing="skip")["token"].tolist() == ["One", ".", "Two", "three", "."]


def test_a_mistyped_column_names_the_nearest(words):
    frame = pd.DataFrame({"review": TEXTS, "Language": ["en", "en"]})
    with pytest.raises(InputError, match=r"text_column='Reviews' is no column.*Nearest: review"):
        words.predict(frame, text_column="Reviews")
    with pytest.raises(InputError, match="Nearest: Language"):
        words.predict(frame, text_column="review", lang_column="language")
