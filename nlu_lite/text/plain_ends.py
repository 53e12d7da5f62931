"""Plain ends of sentences, which most are: an ordinary word, a period, a space and a letter that is not lowercase.

A full stop that no abbreviation has, such as the danda, needs only a space and a letter after it, and an ideographic
one only a letter. An exclamation or question mark must belong to no name. At the end of a text or paragraph, it only
matters whether a period is part of the word before it. `nlu_lite.text.periods` and `nlu_lite.text.boundaries` would
decide the same, but take several times as long.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from nlu_lite.text.abbreviations import (
    LONGEST_UNLISTED,
    LOOKBEHIND,
    classify_abbreviation,
    find_word_before,
    may_be_initial,
)
from nlu_lite.text.boundaries import is_near_bracket
from nlu_lite.text.names import load_names
from nlu_lite.text.pronunciation import is_unspeakable
from nlu_lite.text.quotes import continues_after_mark, follows_opening_quote
from nlu_lite.text.rules import SentenceRules
from nlu_lite.text.spaced_forms import compile_spaced_forms

_FULL_STOPS = frozenset("।۔።॥։؟፧။។")  # part of no word when whitespace follows, except after an initial in Urdu
_LONGEST_INITIAL = 8  # characters of the name of a letter in Urdu, and one before it
_PART_END = re.compile(r"[\s۔]")
_SPACELESS_STOPS = frozenset("。！？｡")  # part of no word, and no whitespace follows
_WORD = re.compile(r"(?:[^\W\d_][\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u102b-\u103e\u17b4-\u17d3]*+)++")
_LONGEST_NAME = 40
_AFTER_ABBREVIATION = frozenset(". \n\t\u00a0")  # before the space before a word that a title may precede
_NUMBER_SOON = re.compile(r"\s(?:[A-Z][a-z]{1,4}\.\s|[A-Z]{1,3}-?)\d")  # after an abbreviation: "Nic. Eth. 1094a"
_LONGEST_LABELED = 4  # letters of an unknown abbreviation before a label
_LABEL_ENDS = frozenset(",;)")  # after a letter: "Co. B, 5th Regiment"


def find_plain_begin(
    run: re.Match[str], sentence_begin: int, bracket: int, rules: SentenceRules, special: frozenset[str]
) -> int:
    """Return where the next sentence begins if a sentence ends with a terminator; 0 if that is not plain.

    Args:
        run: The run of terminators.
        sentence_begin: The offset at which its sentence begins.
        bracket: The offset of the last opening bracket before them; negative if there is none.
        rules: The rules of the language.
        special: The words of `list_special_words`.
    """
    text, (start, end) = run.string, run.span()
    if end == len(text):
        return end if is_plain_at_end(run, sentence_begin, rules, special) else 0
    character = text[start]
    begin = start + 1 if character in _SPACELESS_STOPS else start + 2
    following = text[begin : begin + 1]
    if not following.isalpha() or following.islower() or (begin == start + 2 and text[start + 1] not in " \n"):
        return 0
    if character == ".":
        plain = (following.isupper() or not rules.full_stops) and _is_ordinary_word_before(
            text, start, sentence_begin, rules, special
        )
    elif character in "!?":
        plain = _is_no_name_before(text, start, sentence_begin)
    else:
        plain = character in _FULL_STOPS or character in _SPACELESS_STOPS
        plain = plain and not (character == "۔" and _is_urdu_abbreviation_before(text, start, rules, special))
    if not plain or character in rules.weak_terminators or _may_continue(text, start, sentence_begin, bracket, rules):
        return 0
    return 0 if continues_after_mark(text, start, end, rules) else begin


def _may_continue(text: str, start: int, sentence_begin: int, bracket: int, rules: SentenceRules) -> bool:
    """Return whether a quotation, a bracket or a form of address before a terminator may continue after it."""
    if follows_opening_quote(text, start, sentence_begin):
        return True
    if is_near_bracket(bracket, start, sentence_begin) and text.find(")", bracket, start) < 0:
        return True
    near = max(sentence_begin, start - LOOKBEHIND)
    return rules.address is not None and rules.address.search(text, near, start) is not None


def is_plain_at_end(run: re.Match[str], sentence_begin: int, rules: SentenceRules, special: frozenset[str]) -> bool:
    """Return whether the last terminator of a text or paragraph is plainly no part of the word before it."""
    if run.group() != ".":
        return True
    text, period = run.string, run.start()
    if _is_ordinary_word_before(text, period, sentence_begin, rules, special):
        return True
    word = find_word_before(text, period)
    word = word[max(0, len(word) - period + sentence_begin) :]
    before = text[max(0, period - LOOKBEHIND) : period - len(word)]
    return not word or not _is_abbreviation_at_end(word, before, rules)


@lru_cache(maxsize=4096)  # repetitive text has few different ends
def _is_abbreviation_at_end(word: str, before: str, rules: SentenceRules) -> bool:
    return "." in word or classify_abbreviation(word, before, "", rules) is not None


def _is_no_name_before(text: str, start: int, sentence_begin: int) -> bool:
    """Return whether the word before a mark is not the last word of a name such as "Yahoo!"."""
    first = max(sentence_begin, start - _LONGEST_NAME)
    space = text.rfind(" ", first, start)
    begin = space + 1 if space >= 0 else first
    if space < 0 and first > sentence_begin:
        return False
    return _is_word(text[begin:start]) and text[begin : start + 1] not in load_names()


def _is_ordinary_word_before(
    text: str, period: int, sentence_begin: int, rules: SentenceRules, special: frozenset[str]
) -> bool:
    first = max(sentence_begin, period - LOOKBEHIND)
    space = text.rfind(" ", first, period)
    word = text[space + 1 if space >= 0 else first : period]
    if space < 0:  # the first word of its sentence: what is before it may be a title
        if first > sentence_begin or rules.initials is not None or not word[:1].isupper():
            return False
    elif text[space - 1] in _AFTER_ABBREVIATION:
        return False
    if not word:  # a space is before the period
        return True
    if len(word) < 2 or not _is_word(word) or word.isupper():
        return False
    if not word.isascii() and word[-1].isascii() and find_word_before(text, period) != word:  # "中文Prof."
        return False
    if len(word) <= _LONGEST_LABELED and rules.full_stops:
        return False
    if len(word) <= _LONGEST_LABELED and text[period + 3 : period + 4] in _LABEL_ENDS:
        return False
    if len(word) <= LONGEST_UNLISTED and _NUMBER_SOON.match(text, period + 1):
        return False
    return word.lower() not in special and not is_unspeakable(word, rules) and not may_be_initial(word, rules)


def _is_word(text: str) -> bool:
    """Return whether a text consists of letters, with the combining marks of scripts that write vowels as marks."""
    return text.isalpha() or _WORD.fullmatch(text) is not None


def _is_urdu_abbreviation_before(text: str, period: int, rules: SentenceRules, special: frozenset[str]) -> bool:
    if "۔" in find_word_before(text, period):
        return True
    part = _PART_END.split(text[max(0, period - _LONGEST_INITIAL) : period])[-1]
    return part in special or (rules.initials is not None and rules.initials.fullmatch(part) is not None)


@cache
def list_special_words(rules: SentenceRules) -> frozenset[str]:
    """List the words before a period that may be abbreviations, in lowercase."""
    return rules.lowercase_abbreviations | compile_spaced_forms(rules).keys()
