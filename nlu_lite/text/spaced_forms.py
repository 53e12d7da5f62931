"""Find abbreviations of several parts that are written with spaces between the parts: German "z. B."."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from nlu_lite.text.rules import SentenceRules


@cache
def compile_spaced_forms(rules: SentenceRules) -> dict[str, re.Pattern[str]]:
    """Return patterns that find abbreviations of several parts where spaces separate the parts: ``z. B.``.

    Returns:
        For each first part in lowercase, a pattern of the text from its period to the last period, exclusive.
        Abbreviations of uppercase letters only are left out: they may be initials of a name, which have rules of
        their own.
    """
    ways: dict[str, set[str]] = defaultdict(set)
    for word in _iterate_multipart_abbreviations(rules):
        first, *others = word.split(".")
        ways[first.lower()].add("".join(rf"\.\s?{re.escape(part)}" for part in others))
    # The longest alternative first: the first that matches wins.
    return {first: re.compile(rf"(?:{'|'.join(sorted(rest, reverse=True))})(?=\.)") for first, rest in ways.items()}


def _iterate_multipart_abbreviations(rules: SentenceRules) -> Iterator[str]:
    lists = (rules.titles, rules.abbreviations, rules.prepositive, rules.final, rules.units)
    for word in rules.lowercase_abbreviations.union(*lists):
        parts = word.split(".")
        if len(parts) > 1 and all(part.isalpha() or not part.isascii() for part in parts) and not word.isupper():
            yield word
