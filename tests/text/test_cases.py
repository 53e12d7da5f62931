"""Cases of sentence segmentation, labelled by kind; `python benchmarks/segment.py cases FILE` prints the failures."""

import json
from collections import defaultdict
from itertools import chain
from pathlib import Path

import pandas as pd
import pytest

from nlu_lite.options import NewlineBreaks, TextSettings
from nlu_lite.records import Corpus
from nlu_lite.text import segment

FILE = Path(__file__).parents[1] / "data" / "sentences.jsonl"


def read_cases():
    kinds = defaultdict(list)
    for line in FILE.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        kinds[case["kind"]].append(case)
    return kinds


CASES = read_cases()


def split(cases, newlines):
    """Return the sentences of each case."""
    corpus = Corpus([case["text"] for case in cases], [case["lang"] for case in cases], pd.RangeIndex(len(cases)))
    found = segment(corpus, TextSettings(newline_breaks=NewlineBreaks(newlines)))
    sentences = [[] for _ in cases]
    for document, begin, end in zip(found.sentence_document, found.sentence_begin, found.sentence_end, strict=True):
        sentences[document].append(cases[document]["text"][begin:end])
    return sentences


@pytest.mark.parametrize("kind", sorted(CASES))
def test_sentences_of_each_kind(kind):
    """A case that is expected to fail fails: where two readings are right, the file has the other one."""
    wrong = []
    for newlines in ("paragraphs", "lines"):
        cases = [case for case in CASES[kind] if case.get("newlines", "paragraphs") == newlines]
        for case, found in zip(cases, split(cases, newlines) if cases else [], strict=True):
            if (found == case["sentences"]) is ("expected" in case):
                wrong.append((case["lang"], case["sentences"], found))
    assert wrong == []


def test_sentences_of_cases_cover_their_texts():
    for case in (case for cases in CASES.values() for case in cases):
        assert "".join("".join(case["sentences"]).split()) == "".join(case["text"].split())


@pytest.mark.parametrize("newlines", ["paragraphs", "lines"])
def test_line_breaks_of_windows_change_no_sentence(newlines):
    cases = [case for case in chain(*CASES.values()) if "\n" in case["text"] and "\r" not in case["text"]]
    windows = [case | {"text": case["text"].replace("\n", "\r\n")} for case in cases]
    expected = [[sentence.replace("\n", "\r\n") for sentence in found] for found in split(cases, newlines)]
    assert split(windows, newlines) == expected
