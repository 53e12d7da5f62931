"""`Annotation` is Spark NLP's: a span with a string, metadata and a vector."""

import pickle
from copy import deepcopy

import numpy as np
import pyarrow as pa
import pytest

from nlu_lite import InputError, MissingExtra
from nlu_lite.annotators import Annotation, start
from nlu_lite.annotators.functions import map_annotations, map_annotations_strict

VECTOR = np.array([1.5, -2], np.float32)


def build(**changes):
    fields = {"annotatorType": "token", "begin": 0, "end": 4, "result": "Hello", "metadata": {"sentence": "0"}}
    return Annotation(**{**fields, "embeddings": VECTOR, **changes})


def test_fields_are_attributes_and_items():
    one = build()
    assert (one.annotatorType, one.begin, one.end, one.result) == ("token", 0, 4, "Hello")
    assert one.metadata == {"sentence": "0"}
    assert one["result"] == "Hello"
    assert list(one) == ["annotatorType", "begin", "end", "result", "metadata", "embeddings"]
    one.result = "Bye"
    assert one["result"] == "Bye"
    for use in (lambda: one.ending, lambda: setattr(one, "ending", 1)):
        with pytest.raises(AttributeError, match="ending"):
            use()


def test_equal_annotations_have_equal_fields():
    assert build() == build() == build(embeddings=[1.5, -2.0])
    assert build() == deepcopy(build()) == pickle.loads(pickle.dumps(build()))
    changes = {
        "annotatorType": "document",
        "begin": 1,
        "end": 5,
        "result": "hello",
        "metadata": {},
        "embeddings": [1.5],
    }
    for name, value in changes.items():
        assert build() != build(**{name: value})
    assert build() != "Hello"
    with pytest.raises(TypeError, match="unhashable"):
        hash(build())


def test_a_copy_has_another_result():
    one = build()
    assert one.copy("hi") == build(result="hi")
    assert one.copy() == one
    assert one.copy() is not one


def test_it_prints_like_spark_nlps():
    assert str(build()) == repr(build()) == "Annotation(token, 0, 4, Hello, {'sentence': '0'}, [1.5, -2.0])"
    assert repr(build(embeddings=[])).endswith("{'sentence': '0'}, [])")


def test_it_becomes_a_struct_of_arrow():
    values = pa.array([[build()]]).to_pylist()
    assert values == [[{**build(), "embeddings": [1.5, -2.0]}]]


def test_without_spark_rows_and_types_need_the_extra(monkeypatch):
    monkeypatch.setattr("nlu_lite._util.extras.find_spec", lambda name: None)
    mapping = (lambda: map_annotations(list, None), lambda: map_annotations_strict(list))
    for call in (Annotation.dataType, Annotation.arrayType, lambda: Annotation.toRow(build()), start, *mapping):
        with pytest.raises(MissingExtra, match=r"nlu-lite\[spark\]"):
            call()


def test_items_are_fields_in_the_order_of_a_row():
    one = build()
    assert [one[place] for place in range(4)] == ["token", 0, 4, "Hello"]
    assert list(one[-1]) == [1.5, -2]
    assert one.asDict() == dict(one)
    with pytest.raises(KeyError, match="ending"):
        one["ending"]


@pytest.mark.parametrize("row", [None, {}, "token", {"annotatorType": "token", "begin": 0}])
def test_a_row_without_the_fields_is_refused(row):
    with pytest.raises(InputError, match=r"annotatorType, begin, end"):
        Annotation.fromRow(row)
