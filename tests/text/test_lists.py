"""Lists: what the search remembers and skips changes no item, and dense markers are read a limited number of times."""

from contextlib import ExitStack
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu_lite.options import NewlineBreaks
from nlu_lite.text import sentences
from nlu_lite.text.lists import find_list_items
from nlu_lite.text.markers import MarkerReader
from nlu_lite.text.rules import load_rules
from nlu_lite.text.sentences import find_sentence_cuts
from nlu_lite.text.spellings import SpellingSearch
from nlu_lite.text.successors import SuccessorFinder

PARTS = [
    *["1. ", "2. ", "3. ", "1) ", "2) ", "(a) ", "(b) ", "a. ", "b. ", "A. ", "B. ", "i. ", "ii. ", "א. ", "ב. ", "①"],
    *["• ", "•", "- ", "* ", "・", "\n• ", "\n- ", "\n1. ", "\n2. ", "\n", "\r\n", "  ", "x", "word ", "Word ", ": "],
    *[", ", "and ", "字", "Step 1: ", "Step 2: ", "No. ", "2.5 ", "\n\n", "Dr. ", "\u2028", "②", ". "],
]
UNITS = st.tuples(st.lists(st.sampled_from(PARTS), max_size=9).map("".join), st.integers(1, 9))
TEXTS = st.lists(UNITS, max_size=5).map(lambda parts: "".join(part * times for part, times in parts))
BULLETS = ["•\n", "• a\n", "- a\n", "・あ\n"]
LABELS = ["1)\n", "A.\n", "A. B. ", "i. ii. iii. ", "a.\nb.\nc.\n", "x: 1. a 2. b; ", "א. ב. "]
SEARCHES = (MarkerReader, "read"), (SpellingSearch, "find_next"), (SpellingSearch, "_extend")


def find_items(text, language="en"):
    items = find_list_items(text, load_rules(language).sentences)
    return list(zip(items.begins, items.ends, strict=True))


@given(TEXTS, st.sampled_from(["en", "de", "he", "ja", "xx"]))
@settings(max_examples=200, deadline=None)
def test_items_are_those_of_a_search_without_memory(text, language):
    with (
        patch.object(SuccessorFinder, "_lacks_next", lambda *_: False),
        patch.object(SuccessorFinder, "find_bullets_on_lines", lambda *_: {}),
        patch.object(SuccessorFinder, "_recall_rejected", lambda _, wanted, begin: (begin, [])),
    ):
        expected = find_items(text, language)
    assert find_items(text, language) == expected


def count_searches(text):
    with ExitStack() as stack:
        calls = [
            stack.enter_context(patch.object(owner, name, autospec=True, side_effect=getattr(owner, name)))
            for owner, name in SEARCHES
        ]
        find_items(text)
        return sum(call.call_count for call in calls)


@pytest.mark.parametrize("unit", [*BULLETS, *LABELS])
def test_the_number_of_searches_grows_with_the_length(unit):
    assert count_searches(unit * 1600) <= 4 * count_searches(unit * 400) + 100


@pytest.mark.parametrize("unit", [*BULLETS, "A.\n", "A. "])
def test_dense_markers_are_not_searched_one_by_one(unit):
    assert count_searches(unit * 1000) < 100


@pytest.mark.parametrize("unit", ["A.\n", "1. ", "U.S.A. ", "... ", '"a." ', "! "])
def test_repetitive_text_is_recalled_before_anything_else(unit):
    rules = load_rules("en").sentences
    with patch.object(sentences, "find_plain_begin", side_effect=sentences.find_plain_begin) as plain:
        find_sentence_cuts([(0, unit * 500)], rules, NewlineBreaks.PARAGRAPHS)
    assert plain.call_count < 150
