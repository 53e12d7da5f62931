"""Plain ends of sentences: the short way decides as the long one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu_lite.options import NewlineBreaks
from nlu_lite.text import sentences
from nlu_lite.text.rules import list_languages_with_rules, load_rules

PARTS = [
    *[".", ". ", ". ", "word", "Word", "WORDS", "Prof.", "prof.", "etc.", "z. B.", "Herra forseti.", "(", ")", "(see"],
    *["«", "»", "“", "”", "'", '"', "3.", "III.", "iv)", "Mai", "u. a.", "vs.", "Kings.", "Дом.", "дом.", "-", "–"],
    *[
        "!",
        "?",
        "! ",
        "? ",
        "...",
        "Yahoo!",
        "Jeopardy!",
        "。",
        "！",
        "「",
        "」",
        "《",
        "'t",
        "A",
        "I",
        "é",
        "Éa",
        "ß",
        "Dž",
        "中文",
        "كلمة",
        "שלום",
        "ქართული",
        "straße.",
    ],
    *["pkt.", "Mgr.", "of.", "NATO.", "B2.", "IV.", "S.", "no.", "Ż.", "x.", "Xprt.", "prwd.", "Hmmm.", "Třns."],
    *[
        "so.",
        "it.",
        "Th.",
        "med.",
        " .",
        "पानी.",
        "पानी!",
        "कप.",
        "बी.",
        "מים.",
        "ماء.",
        "وت.",
        "B,",
        "Աբ.",
        "Ա.",
        "։ ",
        "؟ ",
        "១។ ",
    ],
    *["e.g.", "example.com.", "@user", "#tag", "naïve.", "„", "‘", "।", "। ", "۔ ", "። ", "यह", "है", "ہے"],
]
TEXTS = st.lists(st.tuples(st.sampled_from(PARTS), st.sampled_from(["", " ", " ", " ", "\n", "  "])), max_size=25).map(
    lambda parts: "".join(map("".join, parts))
)


@given(TEXTS, st.sampled_from(sorted(list_languages_with_rules())))
@settings(max_examples=300, deadline=None)
def test_plain_ends_are_ends(text, language):
    rules = load_rules(language).sentences

    def find():
        cuts = sentences.find_sentence_cuts([(0, text)], rules, NewlineBreaks.PARAGRAPHS)
        return [sorted(offsets.tolist()) for offsets in vars(cuts).values()]

    short, sentences.find_plain_begin = sentences.find_plain_begin, lambda *_: 0
    try:
        expected = find()
    finally:
        sentences.find_plain_begin = short
    assert find() == expected


@pytest.fixture
def examined(monkeypatch):
    """The terminators about which the full rules decide."""
    runs = []
    examine = sentences.examine_terminator
    monkeypatch.setattr(sentences, "examine_terminator", lambda run, *rest: runs.append(run) or examine(run, *rest))
    return runs


def test_most_ends_are_plain(examined):
    text = "The rain came later. Nobody had expected it. We waited for Dr. Smith and others. He never came."
    cuts = sentences.find_sentence_cuts([(0, text)], load_rules("en").sentences, NewlineBreaks.PARAGRAPHS)
    assert cuts.begins.tolist()[:3] == [21, 45, 81]
    assert [text[: run.start()].split()[-1] for run in examined] == ["Dr"]


def test_the_end_of_a_paragraph_is_decided_as_that_of_a_text(examined):
    text = "Close the lid.\n\n2 hours later, ask Dr.\n\nWhy now?"
    cuts = sentences.find_sentence_cuts([(0, text)], load_rules("en").sentences, NewlineBreaks.PARAGRAPHS)
    assert [text[begin:].split()[0] for begin in sorted(set(cuts.begins.tolist()))] == ["2", "Why"]
    assert [text[: run.start()].split()[-1] for run in examined] == ["Dr"]
    assert cuts.word_periods.tolist() == [text.index("Dr.") + 2]
