"""Cases of tokens by kind, as data: tests/data/tokens.jsonl has one JSON object a line."""

import json
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest

from nlu_lite.records import Corpus
from nlu_lite.text import segment
from nlu_lite.text.token_patterns import find_common_tokens

LINES = (Path(__file__).parents[1] / "data" / "tokens.jsonl").read_text(encoding="utf-8").splitlines()
CASES = defaultdict(list)
for line in LINES:
    CASES[json.loads(line)["kind"]].append(json.loads(line))


def tokenize(text, language):
    found = segment(Corpus([text], [language], pd.RangeIndex(1)))
    return [text[begin:end] for begin, end in zip(found.token_begin, found.token_end, strict=True)]


@pytest.mark.parametrize("kind", CASES)
def test_tokens_of_a_kind(kind):
    found = [{**case, "tokens": tokenize(case["text"], case["lang"])} for case in CASES[kind]]
    assert found == CASES[kind]


def test_entities_that_touch_are_found_once():
    """Overlapping spans would take quadratic time."""
    text = "&#39;&amp; &foo;&lt;" + "&gt;" * 50
    found = [text[begin:end] for begin, end in find_common_tokens(text) if "&" in text[begin:end]]
    assert found == ["&#39;&amp;", "&lt;" + "&gt;" * 50]
