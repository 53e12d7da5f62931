"""What a full stop may belong to: which words are abbreviations, and what follows from each kind."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from enum import Enum
from functools import cache

from nlu_lite.text.rules import SentenceRules

LOOK_BACK = 32  # characters before a stop that may be an abbreviation
SHORT = 3  # letters of an unknown word that may be an abbreviation
_FIGURE = re.compile(r"[\s\"“„«‘'(\[]*+[\d+№]")
_COUNTED = re.compile(r"[\s\"“„«‘'(\[]*+[\d№][\d.,]*+(?:[^\S\n]++([^\W\d_]++))?")
_FIRST_WORD = re.compile(r"\W*+([^\W\d_](?=\.)|[^\W\d_]{2,})")
_NEXT_SHORT = re.compile(r"\s?([^\s.]{1,8})\.")
_ROMAN_NUMERAL = re.compile(r"[\s\"“„«‘'(\[]*+[IVXLC]+(?!\w)")
ACRONYM = re.compile(r"[^\W\d_]{1,3}(?:\.[^\W\d_]{1,3})+")
_NAMED = re.compile(r"[^\W\d_]\.-[^\W\d_]|[A-Z][a-z]?\.-?[A-Z]")
_PARTING = re.compile(r"[(\[{“”„«»‹›'’‘/–—,;:]|(?<![^\W\d_])\"|\"(?![^\W\d_])")
_NUMBER_BEFORE = re.compile(
    r"(?:[\d½¼¾](?:-?[^\W\d_]{1,3})?|(?<![^\W_])(?:[IVXLC]{2,}|[VX]))(?:\s?|\s[^\W\d_]{1,5}\.?\s)\Z"
)


class Kind(Enum):
    """Kinds of abbreviations, by what may follow."""

    TITLE = "a name follows"
    INITIAL = "it stands for a name"
    NUMBERED = "a number follows"
    UNIT = "a number stands before it"
    FINAL = "it may be the last word of a sentence"
    LEADING = "what follows completes it"
    PLAIN = "it stands inside of a sentence"
    ACRONYM = "letters with stops"


def kind_of(word: str, before: str, after: str, rules: SentenceRules) -> Kind | None:
    """Say what kind of abbreviation a word is; None for one that is none.

    Args:
        word: What stands before a full stop.
        before: What stands before the word; its end is enough.
        after: What stands after the stop; its begin is enough.
        rules: Those of the language.
    """
    low = word.lower()
    if low not in rules.shortened:
        return _unlisted(word, before, after, rules)
    if word in rules.units and _NUMBER_BEFORE.search(before):
        return Kind.UNIT
    if _listed(word, rules.titles) or _is_title_in_capitals(word, after, rules):
        return Kind.TITLE
    if len(word) == 1 and word.isupper():
        return Kind.INITIAL
    if _is_numbered(word, rules) and _is_number(word, before, after, rules):
        return Kind.NUMBERED
    kinds = ((rules.leading, Kind.LEADING), (rules.final, Kind.FINAL), (rules.abbreviations, Kind.PLAIN))
    for words, kind in kinds:
        if _listed(word, words):
            return kind
    return _unlisted(word, before, after, rules)


def _unlisted(word: str, before: str, after: str, rules: SentenceRules) -> Kind | None:
    if (len(word) == 1 and word.isupper()) or _is_initial(word, before, after, rules):
        return Kind.INITIAL
    return Kind.ACRONYM if "." in word and ACRONYM.fullmatch(word) else None


def _is_title_in_capitals(word: str, after: str, rules: SentenceRules) -> bool:
    """Whether a title and the name after it are all in capitals: DR. SMITH - but no HR. She."""
    if len(word) == 1 or not word.isupper() or word.capitalize() not in rules.titles:
        return False
    following = _FIRST_WORD.match(after)
    return following is not None and following.group(1).isupper()


def _is_number(word: str, before: str, after: str, rules: SentenceRules) -> bool:
    """Whether a number follows, or a Roman numeral; after a common word of the language ("no") it must be sure."""
    if word.lower() not in rules.known:
        return _FIGURE.match(after) is not None or _ROMAN_NUMERAL.match(after) is not None
    counted = _COUNTED.match(after)
    if counted is None:
        return False
    inside = before.rstrip()[-1:]
    if word[0].isupper() and (inside.isalnum() or inside in (",", "(")):
        return True
    following = counted.group(1) or ""
    return not following.islower() or following in rules.known


def _is_numbered(word: str, rules: SentenceRules) -> bool:
    if _listed(word, rules.numbered):
        return True
    return word.isupper() and (word.lower() in rules.numbered or word.capitalize() in rules.numbered)


def counts(word: str, rules: SentenceRules) -> bool:
    """Whether a word says that the number after it counts: No., p. - but no month, whose day may be an ordinal."""
    return _is_numbered(word, rules) and word.lower() not in rules.units and word not in rules.units


def _listed(word: str, words: frozenset[str]) -> bool:
    """Whether a word is in a list: small letters stand for a capital at the front too, capitals for themselves."""
    low = word.lower()
    return word in words or (low in words and (word[1:] == low[1:] or "." in word))


def _is_initial(word: str, before: str, after: str, rules: SentenceRules) -> bool:
    """Whether every part of a word stands for a name.

    A syllable may be a word, and so may the name of a letter: such a one does beside another or after a title alone.
    """
    if "." in word and _NAMED.fullmatch(word):
        return True
    if not rules.initials:
        return False
    left, right = before.rstrip(), _NEXT_SHORT.match(after)
    earlier = word_before(left, len(left) - 1) if left.endswith(".") else ""
    if earlier in rules.titles and rules.syllables and compiled(rules.syllables).fullmatch(word):
        return True
    if not all(_may_be_initial(part, rules) for part in word.split(".")):
        return False
    if "." in word or (word.lower() not in rules.known and compiled(rules.initials).fullmatch(word)):
        return True
    if earlier and _may_be_initial(earlier.rpartition(".")[2], rules):
        return True
    return right is not None and _may_be_initial(right.group(1), rules)


def _may_be_initial(part: str, rules: SentenceRules) -> bool:
    if compiled(rules.initials).fullmatch(part):
        return True
    return bool(rules.syllables) and part not in rules.known and compiled(rules.syllables).fullmatch(part) is not None


def may_be_short(word: str, rules: SentenceRules) -> bool:
    """Whether an unknown word may be an abbreviation, as the next word begins small."""
    return word.isalpha() and len(word) <= SHORT and word.lower() not in rules.known


def word_before(text: str, end: int) -> str:
    """The word that ends at `end`, dots inside it included; empty where it is longer than any abbreviation."""
    window = text[max(0, end - LOOK_BACK) : end]
    if not window or window[-1].isspace() or window[-1] == ".":
        return ""
    word = window.rsplit(None, 1)[-1]
    if word.isalpha():
        return word if len(word) < LOOK_BACK else ""
    return "" if len(word) == LOOK_BACK else _PARTING.split(word)[-1].strip("-")


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Give a pattern of the rules, compiled once."""
    return re.compile(pattern)


@cache
def spaced_forms(rules: SentenceRules) -> dict[str, re.Pattern[str]]:
    """Give, for the first part of each abbreviation of several, a pattern of what follows it where spaces part them.

    So ``z.B.`` of a list is known as ``z. B.`` too. Those of capitals alone are initials of a name as well, and the
    rules of initials serve them.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for word in _of_parts(rules):
        first, *others = word.split(".")
        found[first.lower()].add("".join(rf"\.\s?{re.escape(part)}" for part in others))
    return {first: re.compile(rf"(?:{'|'.join(sorted(ways, reverse=True))})(?=\.)") for first, ways in found.items()}


def _of_parts(rules: SentenceRules) -> Iterator[str]:
    for word in rules.shortened | rules.titles | rules.abbreviations | rules.leading | rules.final | rules.units:
        parts = word.split(".")
        if len(parts) > 1 and all(part.isalpha() or not part.isascii() for part in parts) and word != word.upper():
            yield word
