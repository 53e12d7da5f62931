"""Plain ends of sentences, which most are: a long ordinary word, a period, a space and an uppercase letter.

A full stop that no abbreviation has, such as the danda, needs only a space and a letter after it.
`nlu_lite.text.periods` and `nlu_lite.text.boundaries` would decide the same, but take several times as long.
"""

from __future__ import annotations

import re
from functools import cache

from nlu_lite.text.abbreviations import LOOKBEHIND, SHORT_WORD, compile_spaced_forms
from nlu_lite.text.boundaries import MAX_ASIDE
from nlu_lite.text.quotes import follows_opening_quote
from nlu_lite.text.rules import SentenceRules

_FULL_STOPS = "।۔።"  # part of no word when whitespace follows, except after an initial in Urdu
_LONGEST_INITIAL = 8  # characters of the name of a letter in Urdu, and one before it
_PART_END = re.compile(r"[\s۔]")


def is_plain_end(text: str, period: int, sentence_begin: int, rules: SentenceRules, special: frozenset[str]) -> bool:
    """Return whether a sentence ends with a period, and the next begins after one space.

    Args:
        text: The whole text.
        period: The offset of a terminator.
        sentence_begin: The offset at which its sentence begins.
        rules: The rules of the language.
        special: The words of `list_special_words`.
    """
    following = text[period + 2 : period + 3]
    if text[period + 1 : period + 2] != " " or not following.isalpha() or following.islower():
        return False
    if text[period] == ".":
        plain = following.isupper() and _is_ordinary_word_before(text, period, sentence_begin, special)
    else:
        plain = text[period] in _FULL_STOPS and text[period] not in rules.weak_terminators
        plain = plain and not (text[period] == "۔" and _is_initial_before(text, period, rules))
    if not plain or rules.address is not None or follows_opening_quote(text, period, sentence_begin):
        return False
    return text.rfind("(", max(sentence_begin, period - MAX_ASIDE), period) < 0


def _is_ordinary_word_before(text: str, period: int, sentence_begin: int, special: frozenset[str]) -> bool:
    space = text.rfind(" ", max(sentence_begin, period - LOOKBEHIND), period)
    word = text[space + 1 : period]
    if space < 0 or len(word) <= SHORT_WORD or not word.isalpha() or word.isupper():
        return False
    return word.lower() not in special


def _is_initial_before(text: str, period: int, rules: SentenceRules) -> bool:
    if rules.initials is None:
        return False
    part = _PART_END.split(text[max(0, period - _LONGEST_INITIAL) : period])[-1]
    return rules.initials.fullmatch(part) is not None


@cache
def list_special_words(rules: SentenceRules) -> frozenset[str]:
    """List the words before a period that may be abbreviations, in lowercase."""
    return rules.lowercase_abbreviations | compile_spaced_forms(rules).keys()
