"""Conditional random fields: the likeliest labels, and what models on file say."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_lite.text.fields import ConditionalRandomField, Feature, read_field
from nlu_lite.text.packages import locate_file

WEIGHTS = st.integers(-8, 8).map(lambda number: number / 4)


@given(st.lists(WEIGHTS, min_size=1, max_size=7), st.lists(WEIGHTS, min_size=4, max_size=4))
def test_labels_are_the_likeliest_of_all(scores, transitions):
    field = ConditionalRandomField({}, np.array(transitions).reshape(2, 2))

    def weigh(labels):
        pairs = sum(field.transitions[int(left), int(right)] for left, right in pairwise(labels))
        return pairs + sum(score for score, label in zip(scores, labels, strict=True) if label)

    assert weigh(field.label(scores)) == max(map(weigh, product([False, True], repeat=len(scores))))


def test_a_score_is_the_sum_of_the_weights_of_the_neighbors():
    field = ConditionalRandomField({"here=": {"a": 1.0}, "next=": {"a": 10.0, "b": 20.0}}, np.zeros((2, 2)))
    letters = [None, "a", "b", "c", None]
    features = [Feature("here=", 0, letters), Feature("next=", 1, letters)]
    assert field.score(features, padding=1, length=3).tolist() == [21.0, 0.0, 0.0]


def test_a_model_is_read_as_crfsuite_reads_it():
    path = locate_file("khmercut", "crf_ner_10000.crfsuite")
    field = read_field(path, "1", ["t:", "kcc[-1]t:"])
    assert field.transitions.round(6).tolist() == [[-0.974672, 1.02315], [1.103133, 0.2313]]
    assert field.weights["t:"]["K2"] == pytest.approx(2 * 0.694922, abs=2e-6)
    assert set(field.weights) == {"t:", "kcc[-1]t:"}
