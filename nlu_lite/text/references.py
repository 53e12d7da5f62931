"""Abbreviations in references to books and law reports."""

from __future__ import annotations

import re

from nlu_lite.text.rules import SentenceRules

_CHAIN_AFTER = re.compile(r"\s([A-Z][a-z]{1,4})\.\s\d")
_CHAIN_BEFORE = re.compile(r"\s[A-Z][a-z]{1,4}\.\s\Z")
_SERIES = re.compile(r"\s(?:[23]d|[4-9]th)\s\d")  # of a law reporter: "9 So. 2d 101"
_DIGIT_AFTER = re.compile(r"\s\d")


def is_in_chain(word: str, before: str, after: str, rules: SentenceRules) -> bool:
    """Return whether a word is one of several short ones before a number: "Nic. Eth. 1094a"."""
    if not word.istitle() or not before[-1:].isspace():
        return False
    following = _CHAIN_AFTER.match(after)
    if following is not None:
        known = rules.lowercase_abbreviations, rules.sentence_starters
        return all(following.group(1).lower() not in words for words in known)
    return _CHAIN_BEFORE.search(before) is not None and _DIGIT_AFTER.match(after) is not None


def precedes_series(after: str) -> bool:
    """Return whether the series of a law report follows, whose name the word before is: "9 So. 2d 101"."""
    return _SERIES.match(after) is not None
