"""Markers of list items, as they are written: "1.", "(a)", "•", "Step 1:"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache, cached_property, lru_cache
from string import ascii_letters, digits
from typing import NamedTuple

from nlu_lite.text.abbreviations import LOOKBEHIND, find_word_before
from nlu_lite.text.labels import LABEL, find_next_labels, is_first_label
from nlu_lite.text.rules import SentenceRules
from nlu_lite.text.starters import find_word_after

BULLETS = "•⁃▪▫◦‣●○■□◆◇➢➤►▶✓✔✗·∙"
LINE_BULLETS = "・–—*+-"  # bullets at the beginning of a line only
LINE_BREAKS = "\n\r\f\u2028\u2029"
_INDENT = " \t\u00a0\u3000"
_SPACELESS = frozenset("）、．")  # closing signs of markers that no whitespace separates from the text
# A word before the label is part of the marker: "Step 1:", "Part A.".
_PREFIX = r"[(（\[]?|[^\W\d_]{2,12}+[^\S\n](?=\d{1,2}[^\S\n]?[:：]|[A-Z][.:])"
# The most frequent suffixes are the first alternatives, to try few of them.
_ENUMERATOR = rf"({_PREFIX})({LABEL})([.)](?=\s)|\.?[°º]?[)）]|\.?[°ºª]|\]|\.-|[^\S\n]?[-–:]|[.．、۔။।]|(?<=[①-⑳]))"
_SPACE_AND_BREAK = r"[^\S\n\r]*+(?:\r?\n)?[^\S\n\r]*+"
_BULLET = rf"[{BULLETS}]|[{LINE_BULLETS}](?:(?<=・)|(?=[^\S\n]))"
_MARKER_PATTERN = (
    rf"(?:({_BULLET})[^\S\n]*+)?"
    rf"(?:{_ENUMERATOR}(?:(?=\s)|(?<=[）、．①-⑳])(?!\d)))?{_SPACE_AND_BREAK}"
)
MARKER = re.compile(_MARKER_PATTERN)
# Group 1 is a marker or empty: at the beginning of a text.
FIRST_MARKER = re.compile(rf"\s*+({_MARKER_PATTERN})")
# Where a marker may be: after a sign that ends a line, sentence or introduction.
MARKER_AFTER_SIGN = re.compile(
    rf"[{LINE_BREAKS}:：.!?…。！？।።](?:[^\S{LINE_BREAKS}]++|(?<=[{LINE_BREAKS}：。！？।።]))"
    rf"(?=[(（\[①{BULLETS}{LINE_BULLETS}]|\d|[^\W\d_]{{2,12}}+[^\S\n][\dA-Z]|[^\W\d_]{{1,5}}+[.:)）、．۔။।])"
)
_NEVER_FIRST = frozenset(ascii_letters + digits) - frozenset("01aAiI")  # begin no label of a first item
_CLOSED = re.compile(r"[(（].*[)）]|\[\]|[^(（\[\]]*")
_DAY = re.compile(r"(?<![\d.])\d{1,2}\.\Z")


class Opening(Enum):
    """Where the first item of a list is."""

    LINE = "at the beginning of the text or of a line"
    COLON = "after a colon"
    SENTENCE = "after a sentence"


@dataclass(frozen=True, eq=False)  # compared by identity: equal forms of a text are one object
class MarkerForm:
    """How a marker is written.

    Attributes:
        bullet: The bullet; empty if there is none.
        prefix: The bracket or word before the label.
        label: The label, without which a bullet may be written.
        suffix: The signs after the label.
    """

    bullet: str
    prefix: str
    label: str
    suffix: str

    @cached_property
    def spelling(self) -> str:
        """The bullet, or else the label and all that belongs to it: the text by which the marker is searched."""
        return self.bullet or self.prefix + self.label + self.suffix

    @cached_property
    def next_spellings(self) -> list[str]:
        """The spellings that the marker of the next item may have: the same bullet, or the next label."""
        if self.bullet:
            return [self.bullet]
        return [self.prefix + label + self.suffix for label in find_next_labels(self.label)]

    @cached_property
    def is_spaceless(self) -> bool:
        """Whether neither whitespace before the marker nor after it is needed."""
        return self.is_circled or self.suffix in _SPACELESS

    @cached_property
    def is_circled(self) -> bool:
        """Whether the label is a number in a circle, which is rarely anything else: "①"."""
        return self.label.isdigit() and not self.label.isdecimal()

    @cached_property
    def may_be_alone(self) -> bool:
        """Whether a list of one item on a line may have the marker."""
        return bool(self.bullet) or self.label.isdecimal()

    @cached_property
    def _is_first_label(self) -> bool:
        return is_first_label(self.label) and len(self.prefix) < 2  # a word is part of the marker on lines only

    def may_be_first(self, opening: Opening) -> bool:
        """Return whether a list may begin with the marker."""
        if opening is Opening.LINE:
            return True
        if self.bullet:
            return self.bullet in BULLETS or (self.bullet == "*" and opening is Opening.COLON)
        return self._is_first_label


class Marker(NamedTuple):
    """A marker in a text.

    Attributes:
        begin: Its offset.
        end: The offset after it and the whitespace after it.
        form: How it is written.
        is_on_line: Whether it is at the beginning of a line.
    """

    begin: int
    end: int
    form: MarkerForm
    is_on_line: bool


@cache
def compile_next_bullet(bullet: str) -> re.Pattern[str]:
    """Return a pattern of the text up to a bullet at the beginning of a line and, as group 1, the marker there."""
    sign = re.escape(bullet)
    return re.compile(rf"[^{sign}]*+(?=(?<=[{LINE_BREAKS}])(?:{_BULLET}))({_MARKER_PATTERN})")


def classify_opening(match: re.Match[str]) -> Opening | None:
    """Return where a marker after a sign is; None if no list begins there with it."""
    text, (begin, place) = match.string, match.span()
    sign = text[begin]
    if (place - begin > 2 or sign in LINE_BREAKS) and is_line_begin(text, place):
        return Opening.LINE
    if text[place] in _NEVER_FIRST:
        return None
    return Opening.COLON if sign in ":：" else Opening.SENTENCE


class MarkerReader:
    """Read the markers of one text.

    Attributes:
        text: The text.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._forms: dict[str, MarkerForm | None] = {}

    def read(self, place: int, wanted: str) -> Marker | None:
        """Return the marker at an offset if it has a spelling and is not at the end of the text."""
        text, match = self.text, MARKER.match(self.text, place)
        assert match is not None  # every part of the pattern is optional
        form, end = self.read_form(place, match.group()), match.end()
        if form is None or form.spelling != wanted or end == len(text):
            return None
        return Marker(place, end, form, text[place - 1] == "\n" or is_line_begin(text, place))

    def read_form(self, place: int, written: str) -> MarkerForm | None:
        """Return the form of the marker that is written at an offset; None if a list has no such marker."""
        try:
            return self._forms[written]
        except KeyError:
            form = self._forms[written] = _parse_form(self.text, place)
            return form


def _parse_form(text: str, place: int) -> MarkerForm | None:
    match = MARKER.match(text, place)
    assert match is not None
    bullet, opened, label, closed = match.groups("")
    if not (bullet or label) or ((opened or closed == "]") and not _CLOSED.fullmatch(opened + closed)):
        return None
    return MarkerForm(bullet, opened, label, closed)


def is_line_begin(text: str, offset: int) -> bool:
    """Return whether only whitespace is between an offset and the line break before it."""
    last = text[offset - 1 : offset]
    if last in LINE_BREAKS and last:
        return True
    if last in _INDENT:  # also at the beginning of the text
        last = text[max(0, offset - LOOKBEHIND) : offset].rstrip(_INDENT)[-1:] or "\n"
    return last in LINE_BREAKS


def read_before(text: str, begin: int) -> str:
    """Return the text near an offset and before it, without the whitespace at its end."""
    return text[begin - LOOKBEHIND if begin > LOOKBEHIND else 0 : begin].rstrip()


def follows_abbreviation(before: str, marker: Marker, rules: SentenceRules) -> bool:
    """Return whether an abbreviation is before a marker: "No. 1", the day "20. 1.", or the initial "J. K."."""
    return before.endswith(".") and _ends_with_abbreviation(before, marker.form.label.isalpha(), rules)


@lru_cache(maxsize=4096)  # dense markers have few different texts before them
def _ends_with_abbreviation(before: str, may_be_initial: bool, rules: SentenceRules) -> bool:
    if rules.ordinals and _DAY.search(before):
        return True
    word = find_word_before(before, len(before) - 1)
    return word.lower() in rules.lowercase_abbreviations or (len(word) == 1 and may_be_initial)


def is_date(text: str, marker: Marker, rules: SentenceRules) -> bool:
    """Return whether a marker may be the ordinal of a day, since a month or a number follows."""
    if not rules.ordinals and text[marker.end].isdigit():  # no month begins with a digit
        return False
    word = find_word_after(text, marker.end)
    return word.lower() in rules.months or (bool(rules.ordinals) and word.isdigit())
