"""Ordinals: numbers whose trailing period does not end a sentence."""

from __future__ import annotations

import re

from nlu_lite.text.abbreviations import LOOKBEHIND, SHORT_WORD, find_word_before, precedes_cardinal
from nlu_lite.text.rules import SentenceRules
from nlu_lite.text.starters import find_word_after, is_sentence_starter, precedes_continuer
from nlu_lite.text.terminators import DASHES, Terminator

_LONGEST_ORDINAL = 3  # digits before an uppercase letter: a number of four is mostly a year
_LETTERS_OF_NUMERALS = "IVXLC"
_ROMAN_NUMERAL = re.compile(rf"[{_LETTERS_OF_NUMERALS}]+")
_SECTION = re.compile(r"[A-Z]?\d{1,3}(?:\.\d{1,3})*+")  # also "Q1. Why?"
_DECIMAL = re.compile(r"\d[:.,]\Z")
_CARDINAL_SIGN = re.compile(r"(?:[\dIVX]|\s)[-–/]\Z|\d,\s\d++,\s\Z|[%№#$€£§]\s?\Z|(?<!\d)\d{2,3}[^\S\n]\Z")
_NUMBER_AND_PERIOD = re.compile(r"\s\d{1,2}\.(?=[\s\d\-–()]|\Z|[^\W\d_])")
_YEAR_AND_MONTH = re.compile(r"(?<!\d)\d{4}\.\s?\d{1,2}\.\s?\Z")
_BOOK = re.compile(r"\s([A-Z][^\W\d_]{1,5})\.?\s\d")
_DATE_BEFORE = re.compile(r"(?<!\d)\d{1,2}\.\s?\Z")


def is_ordinal(word: str, mark: Terminator) -> bool:
    """Return whether a period makes the number before it an ordinal or the number of a list item."""
    last, rules, start = word[-1], mark.rules, mark.start
    if len(word) > 1 and not (last.isdigit() or last in _LETTERS_OF_NUMERALS):  # most words
        return False
    number = word.rpartition("-")[2]
    before = mark.text[max(mark.sentence_begin, start - LOOKBEHIND) : start - len(number)]
    is_roman = "roman" in rules.ordinals and _ROMAN_NUMERAL.fullmatch(number) is not None
    if not before.strip() and (_SECTION.fullmatch(number) or (is_roman and len(number) <= SHORT_WORD)):
        return bool(mark.following)
    if not before.strip() and word.isalpha() and len(word) == 1 and not word.islower() and word != "I":
        # the label of a paragraph: "Q. Why?"
        return bool(mark.following)
    if not rules.ordinals or not (number.isdigit() or is_roman):
        return False
    if _is_date(number, before, mark):
        return True
    if "dates" in rules.ordinals and _YEAR_AND_MONTH.search(before):
        return bool(mark.following)
    return "dates" not in rules.ordinals and _shows_ordinal(number, before, mark)


def _shows_ordinal(number: str, before: str, mark: Terminator) -> bool:
    """Return whether the next word shows that a number is an ordinal."""
    rules = mark.rules
    if mark.following == "§" or precedes_continuer(mark):
        return True
    if mark.precedes_lowercase or find_word_after(mark.text, mark.end).lower() in rules.months:
        return not _DECIMAL.search(before)
    short = not number.isdigit() or len(number) <= (_LONGEST_ORDINAL if "all" in rules.ordinals else 2)
    return short and mark.following.isupper() and not is_sentence_starter(mark) and not _is_cardinal(before, mark)


def _is_cardinal(before: str, mark: Terminator) -> bool:
    """Return whether a symbol, an abbreviation such as "No." or another number makes the number a cardinal."""
    if _DECIMAL.search(before) or _CARDINAL_SIGN.search(before):
        return True
    before = before.rstrip()
    if before.endswith("."):
        following = find_word_after(mark.text, mark.end)
        is_law = len(following) > 1 and following.isupper()  # Croatian "čl. 154. ZOO"
        previous = find_word_before(before, len(before) - 1)
        return not (is_law or _precedes_book(mark)) and precedes_cardinal(previous, mark.rules)
    word = find_word_before(before, len(before))
    return word.lower() in mark.rules.numbered or _is_name(word, before, mark.rules)


def _precedes_book(mark: Terminator) -> bool:
    """Return whether a book of the Bible follows, whose number the ordinal is: Danish "jf. 1. Mos. 1,1"."""
    book = _BOOK.match(mark.text, mark.end)
    return book is not None and book.group(1) in mark.rules.before_numbers


def _is_name(word: str, before: str, rules: SentenceRules) -> bool:
    """Return whether the word before a number is a name or a label, as in "Luna 9" and "room A 12".

    The first word of the sentence is none.
    """
    if not rules.numbered or rules.capitalization == "nouns" or len(before) == len(word):
        return False
    return word.istitle() and word.lower() not in rules.ordinary_words


def _is_date(number: str, before: str, mark: Terminator) -> bool:
    """Return whether the number is the day, month or year of a numeric date: "3. 10. 2020"."""
    if len(number) > 2 and "short" in mark.rules.ordinals:
        return False
    if not mark.following.isdigit() or not DASHES.issuperset(mark.openers.strip()):
        return False
    if mark.openers:
        return _DATE_BEFORE.search(before) is not None
    following = _NUMBER_AND_PERIOD.match(mark.text, mark.end)
    if following is not None and not _has_case(mark.text[following.end() : following.end() + 1]):
        return True
    return _DATE_BEFORE.search(before) is not None


def _has_case(letter: str) -> bool:
    return letter.isupper() or letter.islower()
