"""Decisions in the same neighborhood: recalling them changes no cut."""

from hypothesis import given, settings
from hypothesis import strategies as st

from nlu_lite.options import NewlineBreaks
from nlu_lite.text import neighborhoods, sentences
from nlu_lite.text.rules import list_languages_with_rules, load_rules

PARTS = [
    *["a. ", "1. ", "U.S.A. ", "word. ", "Word. ", "word ", "... ", ". . . ", "! ", "? ", "。", "字", "। ", "۔ "],
    *["z. B. ", "etc. ", "No. 5 ", "3. Mai ", "J. R. ", "(", ") ", "(a.) ", "[1] ", '"', '." ', "“", "” ", "„"],
    *["- ", "– ", "’ ", "' ", ": ", "; ", "\n", "\n\n", "Yahoo! ", "said ", "he said. ", "2020. ", "i. ", "II. ", ")"],
    *["Dr. ", "« ", " » ", ".", "Herra forseti. ", "'t Is ", "と", "」"],
]
UNITS = st.lists(st.sampled_from(PARTS), min_size=1, max_size=6).map("".join)
TEXTS = st.lists(st.tuples(UNITS, st.integers(1, 40)), min_size=1, max_size=4).map(
    lambda parts: "".join(unit * times for unit, times in parts)
)


def find(text, language):
    cuts = sentences.find_sentence_cuts([(0, text)], load_rules(language).sentences, NewlineBreaks.PARAGRAPHS)
    return [sorted(offsets.tolist()) for offsets in vars(cuts).values()]


@given(TEXTS, st.sampled_from(sorted(list_languages_with_rules())))
@settings(max_examples=200, deadline=None)
def test_recalled_decisions_are_those_of_the_rules(text, language):
    most, neighborhoods._MOST = neighborhoods._MOST, 0
    try:
        expected = find(text, language)
    finally:
        neighborhoods._MOST = most
    assert find(text, language) == expected


def test_repetitive_text_is_decided_once(monkeypatch):
    examined = []
    examine = sentences.examine_terminator
    monkeypatch.setattr(sentences, "examine_terminator", lambda run, *rest: examined.append(run) or examine(run, *rest))
    find("J. R. Smith, U.S.A. " * 200, "en")
    assert len(examined) < 100  # of 1,000
