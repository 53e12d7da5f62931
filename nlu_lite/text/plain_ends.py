"""Plain ends of sentences, which most are: a long ordinary word, a period, a space and an uppercase letter.

A full stop that no abbreviation has, such as the danda, needs only a space and a letter after it, and an ideographic
one only a letter. An exclamation or question mark must belong to no name. At the end of the text, it only matters
whether a period is part of the word before it. `nlu_lite.text.periods` and `nlu_lite.text.boundaries` would decide the
same, but take several times as long.
"""

from __future__ import annotations

import re
from functools import cache

from nlu_lite.text.abbreviations import (
    LOOKBEHIND,
    SHORT_WORD,
    classify_abbreviation,
    find_word_before,
)
from nlu_lite.text.boundaries import MAX_ASIDE, find_last_bracket
from nlu_lite.text.names import load_names
from nlu_lite.text.pronunciation import is_unspeakable
from nlu_lite.text.quotes import continues_after_mark, follows_opening_quote
from nlu_lite.text.rules import SentenceRules
from nlu_lite.text.spaced_forms import compile_spaced_forms

_FULL_STOPS = "।۔።"  # part of no word when whitespace follows, except after an initial in Urdu
_LONGEST_INITIAL = 8  # characters of the name of a letter in Urdu, and one before it
_PART_END = re.compile(r"[\s۔]")
_SPACELESS_STOPS = "。！？｡"  # part of no word, and no whitespace follows
_LONGEST_NAME = 40


def find_plain_begin(run: re.Match[str], sentence_begin: int, rules: SentenceRules, special: frozenset[str]) -> int:
    """Return where the next sentence begins if a sentence ends with a terminator; 0 if that is not plain.

    Args:
        run: The run of terminators.
        sentence_begin: The offset at which its sentence begins.
        rules: The rules of the language.
        special: The words of `list_special_words`.
    """
    text, (start, end) = run.string, run.span()
    if end == len(text):
        return end if run.group() != "." or _is_plain_at_end_of_text(text, start, sentence_begin, rules, special) else 0
    character = text[start]
    begin = start + 1 if character in _SPACELESS_STOPS else start + 2
    following = text[begin : begin + 1]
    if not following.isalpha() or following.islower() or (begin == start + 2 and text[start + 1] != " "):
        return 0
    if character == ".":
        plain = following.isupper() and _is_ordinary_word_before(text, start, sentence_begin, rules, special)
    elif character in "!?":
        plain = _is_no_name_before(text, start, sentence_begin)
    else:
        plain = character in _FULL_STOPS or character in _SPACELESS_STOPS
        plain = plain and not (character == "۔" and _is_urdu_abbreviation_before(text, start, rules, special))
    if not plain or character in rules.weak_terminators or rules.address is not None:
        return 0
    if continues_after_mark(text, start, end, rules):
        return 0
    if follows_opening_quote(text, start, sentence_begin):
        return 0
    return begin if find_last_bracket(text, max(sentence_begin, start - MAX_ASIDE), start) < 0 else 0


def _is_plain_at_end_of_text(
    text: str, period: int, sentence_begin: int, rules: SentenceRules, special: frozenset[str]
) -> bool:
    """Return whether the last period of a text is no part of the word before it."""
    if _is_ordinary_word_before(text, period, sentence_begin, rules, special):
        return True
    word = find_word_before(text, period)
    word = word[max(0, len(word) - period + sentence_begin) :]
    before = text[max(0, period - LOOKBEHIND) : period - len(word)]
    return not word or ("." not in word and classify_abbreviation(word, before, "", rules) is None)


def _is_no_name_before(text: str, start: int, sentence_begin: int) -> bool:
    """Return whether the word before a mark is not the last word of a name such as "Yahoo!"."""
    space = text.rfind(" ", max(sentence_begin, start - _LONGEST_NAME), start)
    return space >= 0 and text[space + 1 : start].isalpha() and text[space + 1 : start + 1] not in load_names()


def _is_ordinary_word_before(
    text: str, period: int, sentence_begin: int, rules: SentenceRules, special: frozenset[str]
) -> bool:
    space = text.rfind(" ", max(sentence_begin, period - LOOKBEHIND), period)
    word = text[space + 1 : period]
    if space < 0 or len(word) <= SHORT_WORD or not word.isalpha() or word.isupper() or text[space - 1] == ".":
        return False
    return word.lower() not in special and not is_unspeakable(word, rules)


def _is_urdu_abbreviation_before(text: str, period: int, rules: SentenceRules, special: frozenset[str]) -> bool:
    part = _PART_END.split(text[max(0, period - _LONGEST_INITIAL) : period])[-1]
    return part in special or (rules.initials is not None and rules.initials.fullmatch(part) is not None)


@cache
def list_special_words(rules: SentenceRules) -> frozenset[str]:
    """List the words before a period that may be abbreviations, in lowercase."""
    return rules.lowercase_abbreviations | compile_spaced_forms(rules).keys()
