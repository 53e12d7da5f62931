"""Decide whether a period is part of the word before it, and whether a sentence may still end there."""

from __future__ import annotations

import re
from enum import Enum

from nlu_lite.text.abbreviations import (
    LOOKBEHIND,
    SHORT_WORD,
    AbbreviationKind,
    classify_abbreviation,
)
from nlu_lite.text.boundaries import find_last_bracket, is_in_brackets, precedes_bracketed_sentence
from nlu_lite.text.introductions import ends_introduction
from nlu_lite.text.ordinals import is_ordinal
from nlu_lite.text.rules import SentenceRules
from nlu_lite.text.starters import find_word_after, is_sentence_starter, is_short_sentence_starter, precedes_continuer
from nlu_lite.text.terminators import DASHES, Terminator

_ABBREVIATION = re.compile(r"[^\S\n]([A-Z][A-Za-z]{1,4})(?:(?<=[A-Z]{3})|\.)(?!\w)")
_CLOCK_TIME = re.compile(r"\d\s?[ap]\.?\s?m\Z", re.IGNORECASE)
_DETAIL_OF_TIME = re.compile(
    r"[^\S\n](?:(?:Eastern|Central|Mountain|Pacific|Atlantic|Greenwich)\s|[ECMP]T\b|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b)"
)
_TIME_ZONE = re.compile(r"[ECMP][SD]T|GMT|UTC|BST|CES?T|MET|MES?Z|MSK")
_APOSTROPHE = re.compile(r"[^\W\d_]['’]\Z")
_LABEL = re.compile(r"\s[A-HJ-Z][,;)]")  # "Co. B, 5th Regiment"
_INITIAL = re.compile(r"\s[^\W\d_](?<=[^a-z])\.")
_NAME_WITH_ARTICLE = re.compile(r"\s(?:Le|D[aeiou]|De[ls]|V[ao]n)\s[^\W\d_]")
_RANGE_OR_NUMBER = re.compile(r".*\.-(?=..)|\d++-|[^\W\d_]{2,}+-(?=[A-Z][a-z])")  # "Mon.-Fri. 9", "ex-Gen. Lee"
_LONGEST_LETTERS = 4  # of an unknown abbreviation in a script with a full stop of its own
_INFLECTION = re.compile("[ाीेोাীেোਾੀੇੋାୀେୋ][ंँਂঁ]?\\Z")  # an ending of verbs and nouns
_AHEAD = 120  # characters in which that full stop is searched
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_LAW = re.compile(r"\s[A-ZÄÖÅÆØ]{2,5}(?!\w)")  # "9 § 2 st. LAS"
_SECTION_BEFORE = re.compile(r"§[^.;:!?]{0,12}\Z")
_FIELD = re.compile(r"\s[^\W\d_](?:[^\s\d.,:;]{2,20}|[^\s\d.,:;]{1,20}\.):\s")  # "5 kg. Height: 40 cm"
_CURRENCY = re.compile(  # ISO 4217
    r"EUR|USD|GBP|JPY|CHF|CNY|RUB|RUR|UAH|BYN|KZT|KGS|UZS|MNT|AMD|AZN|GEL|TRY|PLN|CZK|HUF|RON|BGN|RSD|MKD|ALL|BAM|"
    r"SEK|NOK|DKK|ISK|INR|IDR|MYR|PHP|BRL|CAD|AUD|ZAR|KES|SKK|LTL|LVL|EEK|HRK|SIT|FIM|DEM"
)
_CENTURY = re.compile(r"\s[IVXLC]+\s[^\W\d_]{1,2}\.")  # "80-х гг. XX в."


class PeriodRole(Enum):
    """The role of a period before whitespace."""

    PUNCTUATION = "a token of its own, which may end the sentence"
    WORD_PART = "part of the word; the sentence continues"
    FINAL_WORD_PART = "part of the word, which may end the sentence"


def classify_period(word: str, mark: Terminator) -> PeriodRole:
    """Return the role of a period.

    Args:
        word: The word before the period; empty if there is none.
        mark: The period.
    """
    if not word:
        return PeriodRole.PUNCTUATION
    if is_ordinal(word, mark):
        return PeriodRole.WORD_PART
    kind = _classify_word(word, mark)
    if kind is None:
        return PeriodRole.WORD_PART if _is_unlisted_abbreviation(word, mark) else PeriodRole.PUNCTUATION
    is_last = not mark.following and not mark.openers.strip()
    if (mark.closers and not _keeps_period(kind, mark.closers)) or (is_last and len(word) == 1):
        return PeriodRole.PUNCTUATION
    if kind is AbbreviationKind.FINAL and _is_first(word, mark):
        kind = AbbreviationKind.OTHER
    may_end = is_last or (_may_end(kind, mark) and not ends_introduction(word, mark))
    return PeriodRole.FINAL_WORD_PART if may_end else PeriodRole.WORD_PART


def _is_first(word: str, mark: Terminator) -> bool:
    """Return whether a word is the first of its sentence: "Bros. Grimm"."""
    return not any(map(str.isalnum, mark.text[mark.sentence_begin : mark.start - len(word)][-LOOKBEHIND:]))


def _precedes_final(mark: Terminator) -> bool:
    """Return whether the next word is an abbreviation that ends a name or a time: "Acme Co. Ltd.", "5 a.m. EST"."""
    following = _ABBREVIATION.match(mark.text, mark.closers_end)
    if following is None:
        is_time = _CLOCK_TIME.search(mark.text, max(0, mark.start - LOOKBEHIND), mark.start) is not None
        return is_time and _DETAIL_OF_TIME.match(mark.text, mark.closers_end) is not None
    return following.group(1) in mark.rules.final or _TIME_ZONE.fullmatch(following.group(1)) is not None


def _precedes_unit(mark: Terminator) -> bool:
    """Return whether the next word is a unit of the same quantity: "5 mil. EUR"."""
    word = find_word_after(mark.text, mark.closers_end)
    return word in mark.rules.units or _CURRENCY.fullmatch(word) is not None


def is_word_part(mark: Terminator) -> bool:
    """Return whether a period before a character that is not whitespace is part of its word: "U.S.,", "3.-5. May"."""
    following = mark.following
    word = mark.word
    if word.isdigit():
        is_range = following.isdigit() and mark.openers != "" and mark.openers in DASHES
        return mark.rules.ordinals != frozenset() and (is_range or following == "/")
    if following == "," and not (mark.closers or mark.openers):
        return word.isalpha() or _classify_word(word, mark) is not None
    kind = _classify_word(word, mark) if word else None
    adjacent = mark.text[mark.end : mark.end + 1]
    if kind is None or not adjacent.isalnum():
        return kind is not None
    if kind is AbbreviationKind.TITLE:  # "Mr.Hill"
        return len(word) > 1 and adjacent.isupper() and mark.text[mark.end + 1 : mark.end + 2].islower()
    return kind is AbbreviationKind.BEFORE_NUMBER and adjacent.isdigit()


def _classify_word(word: str, mark: Terminator) -> AbbreviationKind | None:
    text = mark.text
    prefix = _RANGE_OR_NUMBER.match(word)
    last = word[prefix.end() :] if prefix else word
    listed = mark.rules.lowercase_abbreviations
    if prefix and last.lower() in listed and word.lower() not in listed:
        word = last
    begin = _find_begin(word, mark)
    before = text[max(0, begin - LOOKBEHIND) : begin]
    if len(word) == 1 and word.islower() and _APOSTROPHE.search(before):  # German "Schumann's."
        return None
    return classify_abbreviation(word, before, text[mark.end : mark.end + LOOKBEHIND], mark.rules)


def _find_begin(word: str, mark: Terminator) -> int:
    """Return the offset of the word before a terminator; there may be spaces after its inner periods."""
    begin = mark.start - len(word)
    if "." not in word or mark.text.startswith(word, begin):
        return begin
    first = word.partition(".")[0]
    found = mark.text.rfind(first, max(0, begin - word.count(".")), begin + len(first))
    return found if found >= 0 else begin


def _is_unlisted_abbreviation(word: str, mark: Terminator) -> bool:
    """Return whether an unknown word is an abbreviation, since the sentence continues in lowercase."""
    if mark.closers or mark.openers:
        return False
    if _precedes_full_stop(mark):
        return precedes_continuer(mark) or _is_short(word, mark.rules) or _may_be_initial(word, mark)
    if _LABEL.match(mark.text, mark.closers_end):
        return 1 < len(word) <= _LONGEST_LETTERS and word.islower() and word not in mark.rules.ordinary_words
    if len(word) == 1 and _may_precede_initial(word, mark):
        return True
    if not mark.precedes_lowercase:
        return False
    if len(word) == 1 and _is_first(word, mark):
        return True
    return _may_be_unlisted_abbreviation(word, mark.rules) and not mark.begins_lowercase


def _may_precede_initial(word: str, mark: Terminator) -> bool:
    """Return whether a lowercase letter is a preposition before an initial: Danish "v. J. Holm"."""
    if not word.islower() or not mark.text[mark.start - 2 : mark.start - 1].isspace():
        return False
    return _INITIAL.match(mark.text, mark.closers_end) is not None


def _is_alone_in_brackets(mark: Terminator) -> bool:
    """Return whether brackets within the sentence contain only the abbreviation: "the United States (U.S.) and".

    In a script without case, a sentence that ends after other brackets has a full stop of its own.
    """
    if mark.closers[:1] != ")":
        return False
    bracket = find_last_bracket(mark.text, max(mark.sentence_begin, mark.start - LOOKBEHIND), mark.start)
    if bracket <= mark.sentence_begin:
        return False
    return not mark.following.isupper() or len(mark.text[bracket : mark.start].split()) == 1


def _precedes_full_stop(mark: Terminator) -> bool:
    """Return whether a full stop of the script follows, so that a period is hardly one: Hindi "मे. टाटा यहाँ है।"."""
    stops = mark.rules.full_stops
    return any(mark.text.find(stop, mark.end, mark.end + _AHEAD) >= 0 for stop in stops)


def _is_short(word: str, rules: SentenceRules) -> bool:
    """Return whether a word is short and no ordinary word."""
    if word in rules.ordinary_words or word in rules.never_first or word in rules.sentence_starters:
        return False
    letters = sum(map(str.isalpha, word))
    if letters > 1 and _INFLECTION.search(word):
        return False
    return letters <= _LONGEST_LETTERS and not (word.isdigit() or _UNSPACED.match(word))


def _may_be_initial(word: str, mark: Terminator) -> bool:
    """Return whether a word may be the name of a letter, and the next word does not show that a sentence begins."""
    initials = mark.rules.initials
    return initials is not None and initials.fullmatch(word) is not None and not is_sentence_starter(mark)


def _may_be_unlisted_abbreviation(word: str, rules: SentenceRules) -> bool:
    """Return whether an unknown word before a lowercase letter may be an abbreviation."""
    return word.isalpha() and len(word) <= SHORT_WORD and word.lower() not in rules.ordinary_words


def _keeps_period(kind: AbbreviationKind, closers: str) -> bool:
    """Return whether a period before closers is part of the abbreviation: a quotation may end with its own period."""
    if kind in (AbbreviationKind.FINAL, AbbreviationKind.UNIT, AbbreviationKind.ACRONYM):
        return True
    needs_bracket = (
        AbbreviationKind.OTHER,
        AbbreviationKind.PREPOSITIVE,
        AbbreviationKind.TITLE,
        AbbreviationKind.INITIAL,
    )
    return kind in needs_bracket and closers[0] in ")]"


def _may_end(kind: AbbreviationKind, mark: Terminator) -> bool:
    """Return whether a sentence may end with an abbreviation of this kind."""
    if kind in (AbbreviationKind.TITLE, AbbreviationKind.PREPOSITIVE, AbbreviationKind.BEFORE_NUMBER):
        return False
    if _is_within_sentence(kind, mark):
        return False
    if _precedes_full_stop(mark) and not mark.following.isupper():
        return is_sentence_starter(mark)
    may_precede_name = kind is AbbreviationKind.INITIAL and mark.following.isupper()
    if not may_precede_name and _FIELD.match(mark.text, mark.closers_end):
        return True
    lowercase = mark.precedes_lowercase
    begins = mark.following.isalpha() and not lowercase
    if kind is AbbreviationKind.FINAL or (kind is AbbreviationKind.UNIT and mark.rules.capitalization != "nouns"):
        return begins or (bool(mark.openers) and not lowercase)
    if not begins or (kind is AbbreviationKind.INITIAL and _precedes_article_of_name(mark)):
        return False
    # "A" or "I" after an initial is more likely another initial.
    return is_sentence_starter(mark) or (kind is not AbbreviationKind.INITIAL and is_short_sentence_starter(mark))


def _precedes_article_of_name(mark: Terminator) -> bool:
    """Return whether a name with an article follows, as in "J. Le Goff", rather than an article and a noun."""
    article = _NAME_WITH_ARTICLE.match(mark.text, mark.closers_end)
    return article is not None and article.group()[-1].isupper()


def _is_within_sentence(kind: AbbreviationKind, mark: Terminator) -> bool:
    """Return whether brackets or the text after an abbreviation show that the sentence continues."""
    if is_in_brackets(mark) or _is_alone_in_brackets(mark):
        return True
    if mark.openers.startswith("(") and not precedes_bracketed_sentence(mark):
        return True
    if _precedes_final(mark) or _CENTURY.match(mark.text, mark.closers_end):
        return True
    if kind is AbbreviationKind.UNIT and _precedes_unit(mark):
        return True
    if _LAW.match(mark.text, mark.closers_end) and _SECTION_BEFORE.search(mark.text, mark.sentence_begin, mark.start):
        return True
    if precedes_continuer(mark) or _LABEL.match(mark.text, mark.closers_end):
        return True
    return mark.following.isdigit() and not DASHES.isdisjoint(mark.openers)  # "9 a.m. - 5 p.m."
