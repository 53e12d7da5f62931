"""The rules of Spark NLP's `SentenceDetector`, in the order in which they are applied.

A rule marks a text: it puts breaks and brackets into it, and replaces characters that end no sentence, so that no later
rule finds them. Java's classes are ASCII, so the patterns are too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

BREAK = "\uf050"
"""The end of a sentence, unless it is in brackets."""
OPEN, CLOSE = "\uf056", "\uf057"
"""The brackets."""
ELLIPSIS = "\uf058"
"""Three periods."""
KEPT = "\uf059"
"""A period, an exclamation or a question mark that is not to be found again."""
CUSTOM = "\uf05a"
"""A break in place of a bound that the user set."""
MARKS = BREAK + OPEN + CLOSE + ELLIPSIS + KEPT + CUSTOM

BRACKET = OPEN + r"\g<0>" + CLOSE
NO_LINE_END = "[^\n\r\x85\u2028\u2029]"

# fmt: off
ABBREVIATIONS = (
    "adj", "aug", "bros", "btw", "co", "col", "corp", "cpl", "dec", "del", "dept", "dist", "dr", "e.g", "etc",
    "exp", "feb", "fy", "hr", "i.e", "id", "inc", "jan", "jr", "jul", "jun", "lt", "ltd", "mar", "may", "min",
    "mr", "mrs", "ms", "no", "nov", "oct", "ok", "p", "plz", "prof", "px", "rep", "sec", "sep", "sept", "sr",
    "st", "u.s", "ver", "vs",
)
# fmt: on
BEFORE_NAMES = ("dr", "mr", "ms", "mt", "prof", "st")
BEFORE_NUMBERS = ("no", "p", "px")


@dataclass(frozen=True)
class Rule:
    """A rule.

    Attributes:
        pattern: Its matches are replaced.
        replacement: The template that replaces them, or a function that returns it.
    """

    pattern: re.Pattern[str]
    replacement: str | Callable[[re.Match[str]], str]

    def apply(self, text: str) -> str:
        """Return a text with each match replaced."""
        return self.pattern.sub(self.replacement, text)


def _list_rules(replacement: str | Callable[[re.Match[str]], str], *patterns: str) -> list[Rule]:
    return [Rule(re.compile(pattern, re.ASCII), replacement) for pattern in patterns]


@cache
def list_item_rules() -> Sequence[Rule]:
    """Return the rules for list items: ``(a)``, ``1.``, ``1.)``. A sentence begins before each."""
    numbers = rf"(?:\s|^)-?\d{{1,2}}\.\s|(?:\s|^)\d{{1,2}}\.\)|s-\d{{1,2}}\.\)|^-\d{{1,2}}{NO_LINE_END}\)"
    return _list_rules(BREAK + BRACKET, r"\([a-z]+\)|^[a-z]+\)", numbers)


@cache
def number_rules() -> Sequence[Rule]:
    """Return the rules for periods in and after numbers."""
    return _list_rules(KEPT, r"\.(?=\d)", r"(?<=\d)\.(?=\S)", r"(?:(?<=^\d)|(?<=^\d\d))\.(?=\s\S|\))")


@cache
def initial_rules() -> Sequence[Rule]:
    """Return the rules for abbreviations of single letters, such as ``U.S.``, ``p.m.`` and ``J.``."""
    # Java's \b is a boundary of Unicode words, although its \w is ASCII.
    initials = r"(?<!(?u:\w))(?<![\u0300-\u036f])[a-zA-Z](?:\.[a-zA-Z])+(?:\.(?!\s[A-Z]))*"
    return [
        *_list_rules(BRACKET, initials, r"(?i)p\.m\.*", r"(?i)a\.m\.*"),
        *_list_rules(KEPT, r"\.(?='s(?:\s|\$|\Z))", r"(?<=Co)\.(?=\sKG)", r"(?:(?<=^[A-Z])|(?<=\s[A-Z]))\.(?=\s)"),
    ]


@cache
def abbreviation_rules() -> Sequence[Rule]:
    """Return the rules for English abbreviations."""
    word = r"\s(?:[a-z]|I\s|I'm|I'll|\d)"
    inside, at_start = (_follow(ABBREVIATIONS, edge) for edge in (r"\s", "^"))
    return _list_rules(
        KEPT,
        rf"\.(?=\s|:\d){_follow_either(BEFORE_NAMES)}",
        rf"\.(?=\s\d|\s+\(){_follow_either(BEFORE_NUMBERS)}",
        rf"\.(?:(?=[.:?-]|{word}){inside}|(?=[.:?]|{word}){at_start})",
        rf"\.(?=,){_follow_either(ABBREVIATIONS)}",
    )


def _follow_either(words: Iterable[str]) -> str:
    words = tuple(words)
    return "(?:" + "|".join(_follow(words, edge) for edge in (r"\s", "^")) + ")"


def _follow(words: Iterable[str], edge: str) -> str:
    """Return a pattern that matches after a period that follows one of these words at an edge."""
    # Spark NLP does not escape the period of "e.g", "i.e" and "u.s".
    found = (rf"(?<={edge}(?i:{word.replace('.', NO_LINE_END)})\.)" for word in words)
    return f"(?:{'|'.join(found)})"


@cache
def other_rules() -> Sequence[Rule]:
    """Return the rules for marks, ellipses, quotations and, last, every other period and semicolon."""
    inside = r"[\w\s?!.,]+"
    # Each run of characters is searched once, however many marks it has: the time grows with the length of a text.
    marks = r"(?<![!?])(?:(?<=\S)[!?]|[!?]{2})[!?]*+(?=\s|\Z|\$)"
    quotation = r"(?:(?<=\s)|^)(?:('[\w\s?!.,|']+'\W)|'[\w\s?!.,|']*)"
    return [
        *_list_rules(r"\g<0>" + BREAK, marks),
        *_list_rules(KEPT, r"(?<=\w)\.(?=\w)", r"(?<=[A-z]°)\.(?=\s*\d)"),
        *_list_rules(ELLIPSIS + BREAK, r"\.{3}(?=\s+[A-Z])", r"(?<=\S)\.{3}(?=\.\s[A-Z])"),
        *_list_rules(_protect_quotation, quotation),
        *_list_rules(BRACKET, f'"{inside}"', rf"\[{inside}\]", rf"\({inside}\)"),
        *_list_rules(KEPT, r"""\?(?=['"])""", r"""!(?=['"])""", r"!(?=,?\s[a-z])"),
        *_list_rules(KEPT + BREAK, r"[.;]"),
    ]


def _protect_quotation(match: re.Match[str]) -> str:
    """Return a quotation in brackets, or the text after an apostrophe that opens none."""
    return f"{OPEN}{match[0]}{CLOSE}" if match[1] else match[0]
