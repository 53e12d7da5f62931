"""Sentence starters: words that show that a sentence begins after an abbreviation or a number."""

from __future__ import annotations

import re

from nlu_lite.text.rules import SentenceRules
from nlu_lite.text.terminators import QUOTATION_MARKS, Terminator

_LETTER_AND_WORD = re.compile(r"\s*+(\w)(?:\s|['’])[^\W\d_]")
_CONTRACTION = re.compile(r"['’]([a-z]{1,2})(?!\w)")
_NUMBER = re.compile(r"\.?\s?(?:\d|[IVXLC]++(?!\w))")
_NEXT_WORD = re.compile(
    r"[\s\"“„«‘'(]*+(\w(?:(?![।॥])[\w\u200c\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0eff\u102b-\u103e\u17b4-\u17d3]){0,23})"
)


def find_word_after(text: str, begin: int) -> str:
    """Return the first word after an offset; empty if there is none."""
    word = _NEXT_WORD.match(text, begin)
    return word.group(1) if word else ""


def is_sentence_starter(mark: Terminator) -> bool:
    """Return whether the next word typically begins a sentence; a single letter may be an initial instead."""
    found = _NEXT_WORD.match(mark.text, mark.closers_end)
    if found is None or len(found.group(1)) == 1:
        return False
    rest = _CONTRACTION.match(mark.text, found.end())  # "Don't"
    word = found.group(1).lower()
    if rest is not None and f"{word}'{rest.group(1)}" in mark.rules.sentence_starters:
        return True
    if word in mark.rules.sentence_starters:
        return not _begins_name(word, mark)
    if _NUMBER.match(mark.text, found.end()) is not None:
        return _is_capitalized_abbreviation(found.group(1), mark)
    return mark.text.startswith(".", found.end()) and _is_capitalized_title(found.group(1), mark.rules)


def _begins_name(word: str, mark: Terminator) -> bool:
    """Return whether a noun after an opening quotation mark may begin the name of a thing: "im. «Завод»"."""
    quotes = not QUOTATION_MARKS.isdisjoint(mark.openers) or "„" in mark.openers
    return quotes and bool(mark.rules.ordinary_words) and word not in mark.rules.ordinary_words


def _is_capitalized_abbreviation(word: str, mark: Terminator) -> bool:
    """Return whether a word is an abbreviation before numbers that is lowercase within a sentence: "Tab. 3 shows"."""
    rules = mark.rules
    if rules.capitalization == "nouns" or word in rules.before_numbers or len(word) < 3:
        return False
    return word.istitle() and word.lower() in rules.before_numbers and word.lower() not in rules.ordinary_words


def _is_capitalized_title(word: str, rules: SentenceRules) -> bool:
    """Return whether a title that is lowercase within a sentence has a capital: Danish "Dr. Holm", not "dr. Holm"."""
    return word.istitle() and word not in rules.titles and word.lower() in rules.titles


def precedes_continuer(mark: Terminator) -> bool:
    """Return whether the next word begins no sentence, such as a postposition."""
    words = mark.rules.never_first
    return bool(words) and not mark.openers and find_word_after(mark.text, mark.closers_end).lower() in words


def is_short_sentence_starter(mark: Terminator) -> bool:
    """Return whether the next word is one letter that typically begins a sentence, before a word: "A man", "C'est"."""
    letter = _LETTER_AND_WORD.match(mark.text, mark.closers_end)
    return letter is not None and letter.group(1).lower() in mark.rules.sentence_starters
