"""Find list items: "1. Milk", "(a) Bread", "• Eggs", on lines of their own or one after another in a line.

A list starts at the beginning of the text or of a line, after a colon, or after a sentence. Its items have markers of
one style whose labels follow one another. Where an item begins, so does a sentence. The periods of its marker end none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from itertools import islice, pairwise
from string import ascii_letters, digits
from typing import NamedTuple

from nlu_lite.text.abbreviations import LOOKBEHIND, find_word_before
from nlu_lite.text.labels import LABEL, find_next_labels, is_first_label
from nlu_lite.text.rules import SentenceRules
from nlu_lite.text.spellings import SpellingSearch
from nlu_lite.text.starters import find_word_after

BULLETS = "•⁃▪▫◦‣●○■□◆◇➢➤►▶✓✔✗·∙"
_LINE_BULLETS = "・–—*+-"
_LINE_BREAKS = "\n\r\f\u2028\u2029"
_INDENT = " \t\u00a0\u3000"
_LONGEST_ITEM = 2000  # characters in which the next item is searched
_LONGEST_LINE = 60  # characters of an item that is not wrapped
_MOST_WORDS = 5  # of an item in a line that begins with a lowercase letter: clauses of a sentence are longer
_MOST_HITS = 8  # places where the next marker may be; a label that occurs more often without being one ends the list
# A word before the label is part of the marker: "Step 1:", "Part A.".
_PREFIX = r"[(（\[]?|[^\W\d_]{2,12}[^\S\n](?=\d{1,2}[^\S\n]?[:：]|[A-Z][.:])"
_ENUMERATOR = rf"({_PREFIX})({LABEL})(\.?[°º]?[)）]|\.?[°ºª]|\]|\.-|[^\S\n]?[-–:]|[.．、۔။।]|(?<=[①-⑳]))"
_SPACE_AND_BREAK = r"[^\S\n\r]*+(?:\r?\n)?[^\S\n\r]*+"
_MARKER = re.compile(
    rf"(?:([{BULLETS}]|[{_LINE_BULLETS}](?:(?<=・)|(?=[^\S\n])))[^\S\n]*+)?"
    rf"(?:{_ENUMERATOR}(?:(?=\s)|(?<=[）、．①-⑳])(?!\d)))?{_SPACE_AND_BREAK}"
)
_CLOSED = re.compile(r"[(（].*[)）]|\[\]|[^(（\[\]]*")
_PLACE = re.compile(
    rf"[{_LINE_BREAKS}:：.!?…。！？।።](?:[^\S{_LINE_BREAKS}]++|(?<=[{_LINE_BREAKS}：。！？।።]))"
    rf"(?=[(（\[①{BULLETS}{_LINE_BULLETS}]|\d|[^\W\d_]{{2,12}}[^\S\n][\dA-Z]|[^\W\d_]{{1,5}}[.:)）、．۔။।])"
)
_NEVER_FIRST = frozenset(ascii_letters + digits) - frozenset("01aAiI")  # begin no label of a first item
_DAY = re.compile(r"(?<![\d.])\d{1,2}\.\Z")
_SPACELESS = frozenset("）、．")  # closing signs of markers that no whitespace separates from the text
_LINE_END = re.compile(rf"[{_LINE_BREAKS}]")
_SENTENCE_ENDS = ':：.!?…。！？।።»”")'


class Opening(Enum):
    """Where the first item of a list is."""

    LINE = "at the beginning of the text or of a line"
    COLON = "after a colon"
    SENTENCE = "after a sentence"


class ListItem(NamedTuple):
    """The marker of a list item; empty for the line after a list.

    Attributes:
        begin: The offset of the marker.
        end: The offset after the marker and the whitespace after it.
    """

    begin: int
    end: int


class _Marker(NamedTuple):
    begin: int
    end: int
    bullet: str
    prefix: str
    label: str
    suffix: str

    @property
    def spelling(self) -> str:
        return self.prefix + self.label + self.suffix

    @property
    def is_spaceless(self) -> bool:
        return self.label[:1] in "①②" or self.suffix in _SPACELESS


def find_list_items(text: str, rules: SentenceRules) -> list[ListItem]:
    """Find the items of all lists in a text, from left to right."""
    if _match_marker(text, _find_first_character(text)) is None and not _PLACE.search(text):  # most short texts
        return []
    items: dict[int, ListItem] = {}
    finder = _MarkerFinder(text, rules)
    for place, opening in _find_places(text):
        first = finder.match_first(place, opening) if place not in items else None
        if first is not None:
            items |= {item.begin: item for item in _follow_list(finder, first, opening)}
    return sorted(items.values())


def _find_line_after(text: str, marker: _Marker) -> int:
    """Return the offset of the line after an item, such as a heading, if it begins a sentence; 0 if it does not.

    An item that is short enough for its line is not wrapped. So a line after it that is not indented and does not begin
    with a lowercase letter begins a sentence.
    """
    end = _LINE_END.search(text, marker.end, marker.end + _LONGEST_LINE)
    after = end.end() if end else len(text)
    if after == len(text) or after - marker.begin > _LONGEST_LINE or text[after - 2] in ",-":
        return 0
    following = text[after]
    return 0 if following.isspace() or following.islower() else after


def _find_places(text: str) -> Iterator[tuple[int, Opening]]:
    """Find the places where the first item of a list may begin."""
    yield _find_first_character(text), Opening.LINE
    for match in _PLACE.finditer(text):
        begin, place = match.span()
        sign = text[begin]
        if (place - begin > 2 or sign in _LINE_BREAKS) and _is_line_begin(text, place):
            yield place, Opening.LINE
        elif text[place] not in _NEVER_FIRST:
            yield place, Opening.COLON if sign in ":：" else Opening.SENTENCE


def _find_first_character(text: str) -> int:
    """Return the offset of the first character that is not whitespace."""
    return len(text) - len(text.lstrip())


def _match_marker(text: str, place: int) -> _Marker | None:
    match = _MARKER.match(text, place)
    return _read_marker(match) if match is not None and match.end() > place else None


def _read_marker(match: re.Match[str]) -> _Marker | None:
    bullet, opened, label, closed = match.groups("")
    if not (bullet or label) or ((opened or closed == "]") and not _CLOSED.fullmatch(opened + closed)):
        return None
    return _Marker._make((*match.span(), bullet, opened, label, closed))


def _may_be_first(first: _Marker, opening: Opening) -> bool:
    if opening is Opening.LINE:
        return True
    if first.bullet:
        return first.bullet in BULLETS or (first.bullet == "*" and opening is Opening.COLON)
    return is_first_label(first.label) and len(first.prefix) < 2  # a word is part of the marker on lines only


def _may_open(text: str, first: _Marker, following: _Marker | None, rules: SentenceRules) -> bool:
    if first.end >= len(text) or _follows_abbreviation(text, first, rules):
        return False
    if first.bullet or first.suffix != "." or not _is_date(text, first, rules):
        return True
    # "1. 200 g of flour", before a line with the next number
    return text[first.end].isdigit() and following is not None and _is_line_begin(text, following.begin)


def _follow_list(finder: _MarkerFinder, first: _Marker, opening: Opening) -> list[ListItem]:
    """Return the items of the list that a marker opens; none if there is not enough evidence of a list."""
    text, following = finder.text, finder.find_next(first, opening)
    if following is None and not _is_item_alone(text, first, opening):
        return []
    if not _may_open(text, first, following, finder.rules):
        return []
    markers, inline = [first], 0
    while following is not None:
        inline += not _is_line_begin(text, following.begin)
        markers.append(following)
        following = finder.find_next(following, opening)
    if inline and _looks_like_initials(text, markers):
        return []
    items = [ListItem(one.begin, one.end) for one in markers]
    if inline or opening is not Opening.LINE:
        return items
    after = {_find_line_after(text, marker) for marker in markers}.difference([0, *(one.begin for one in markers)])
    return [*(ListItem(begin, begin) for begin in after), *items]


def _is_item_alone(text: str, first: _Marker, opening: Opening) -> bool:
    """Return whether a marker without a second one is that of an item: after a colon, a sentence or an empty line."""
    if opening is not Opening.LINE or (first.bullet and first.bullet in _LINE_BULLETS):
        return opening is Opening.LINE and _find_last_character(text, first.begin) in (":", "：")
    if first.bullet:
        return True
    return first.label.isdecimal() and _find_last_character(text, first.begin) in ("", *_SENTENCE_ENDS)


def _looks_like_initials(text: str, markers: list[_Marker]) -> bool:
    """Return whether letters with periods in a line may be the initials of names: "A. Smith B. Jones"."""
    one = markers[0]
    if one.suffix != "." or not one.label.isalpha() or not one.label.isupper() or len(markers[1].label) > 1:
        return False
    pairs = list(pairwise(markers))
    if all(_is_sentence(text, this.end, that.begin) for this, that in pairs):
        return False
    return len(markers) < 3 or any(len(text[this.end : that.begin].split()) < 3 for this, that in pairs)


def _is_sentence(text: str, begin: int, end: int) -> bool:
    """Return whether a text has several words, and a terminator at its end."""
    return _find_last_character(text, end) in ".!?" and len(text[begin:end].split()) > 1


class _MarkerFinder:
    """Find the markers of the next items in a text, whatever list they belong to.

    A hit of a spelling that begins no item is examined once, and a spelling that does not occur is searched once.

    Attributes:
        text: The text.
        rules: The rules of its language.
    """

    def __init__(self, text: str, rules: SentenceRules) -> None:
        self.text = text
        self.rules = rules
        self._spellings = SpellingSearch(text)
        self._without_next: dict[str, tuple[int, int]] = {}
        self._rejected: dict[tuple[str, Opening], tuple[int, int]] = {}

    def match_first(self, place: int, opening: Opening) -> _Marker | None:
        """Return the marker at a place if a list may begin with it."""
        match = _MARKER.match(self.text, place)
        if match is None or match.end() == place:
            return None
        may_be_alone = opening is Opening.LINE and (match[1] or (match[3] or "").isdecimal())
        if not may_be_alone and self._lacks_next(match.group(), match.end()):
            return None
        marker = _read_marker(match)
        return marker if marker is not None and _may_be_first(marker, opening) else None

    def find_next(self, marker: _Marker, opening: Opening) -> _Marker | None:
        """Find the marker after another one: the same bullet, or the next label in the same style."""
        if marker.bullet:
            return self._search(marker, marker.bullet, opening)
        written = self.text[marker.begin : marker.end]
        if self._lacks_next(written, marker.end):
            return None
        first: _Marker | None = None
        spellings = _spell_next(marker.prefix, marker.label, marker.suffix)
        for wanted in spellings:
            found = self._search(marker, wanted, opening)
            if found is not None and (first is None or found.begin < first.begin):
                first = found
        if first is None:
            read = (self._spellings.find_read_end(wanted, marker.end + 1) for wanted in spellings)
            self._without_next[written] = marker.end, min(read, default=len(self.text))
        return first

    def _lacks_next(self, written: str, end: int) -> bool:
        """Return whether an earlier search showed that no next marker follows one that is written in the same way."""
        begin, read = self._without_next.get(written, (0, 0))
        return begin <= end and min(end + _LONGEST_ITEM, len(self.text)) <= read

    def _search(self, marker: _Marker, wanted: str, opening: Opening) -> _Marker | None:
        begin, most = marker.end + 1, _MOST_HITS
        first, last = self._rejected.get((wanted, opening), (0, -1))
        if first <= begin <= last:
            most -= self._spellings.count(wanted, begin, last)
        else:
            first, last = begin, begin - 1
        for hit in islice(self._spellings.find(wanted, last + 1, marker.end + _LONGEST_ITEM), max(most, 0)):
            following = self._examine(marker, hit, wanted, opening)
            if following is not None:
                return following
            last = hit
        if opening is Opening.SENTENCE:  # elsewhere the length of the item matters
            self._rejected[wanted, opening] = first, last
        return None

    def _examine(self, marker: _Marker, hit: int, wanted: str, opening: Opening) -> _Marker | None:
        """Return the marker at an offset if it is that of the item after another one."""
        following = _match_marker(self.text, hit)
        if following is None or not _is_next_item(self.text, marker, wanted, following, opening, self.rules):
            return None
        return following


@lru_cache(maxsize=4096)  # the lists of a text have the same labels
def _spell_next(prefix: str, label: str, suffix: str) -> list[str]:
    return [prefix + following + suffix for following in find_next_labels(label)]


def _is_next_item(
    text: str, marker: _Marker, wanted: str, following: _Marker, opening: Opening, rules: SentenceRules
) -> bool:
    if following.end >= len(text) or (following.bullet or following.spelling) != wanted:
        return False
    if _is_line_begin(text, following.begin):
        return True
    if len(following.prefix) > 1 or (wanted in _LINE_BULLETS and (wanted != "*" or opening is not Opening.COLON)):
        return False
    return _is_next_in_line(text, marker, following, opening, rules)


def _is_next_in_line(text: str, marker: _Marker, following: _Marker, opening: Opening, rules: SentenceRules) -> bool:
    """Return whether a marker within a line begins an item: not after a comma, and rarely before a lowercase letter."""
    before = text[following.begin - 1]
    if not (before.isspace() or following.is_spaceless or following.bullet):
        return False
    last = _find_last_character(text, following.begin)
    if last in ",;，；、،؛(-–—" or _follows_abbreviation(text, following, rules):
        return False
    if following.suffix == "." and rules.ordinals and (opening is Opening.SENTENCE or _is_date(text, following, rules)):
        return last in ".!?:"
    if text[following.end].islower() and last.isalnum() and _ends_with_conjunction(text, marker, following, rules):
        return False
    if following.label.isdecimal() or following.bullet:
        return opening is not Opening.SENTENCE or not text[following.end].islower()
    if text[following.end].islower():
        short = len(text[marker.end : following.begin].split()) <= _MOST_WORDS
        return short and opening is not Opening.SENTENCE and last.isalnum()
    return last in ".!?:" or following.label.isalpha()


def _ends_with_conjunction(text: str, marker: _Marker, following: _Marker, rules: SentenceRules) -> bool:
    """Return whether an ordinary word such as "and" is between an item and the marker of the next one."""
    *others, last = text[marker.end : following.begin].split() or [""]
    return bool(others) and last.lower() in rules.ordinary_words


def _is_line_begin(text: str, offset: int) -> bool:
    last = text[offset - 1 : offset]
    if last in _INDENT:  # also at the beginning of the text
        last = text[max(0, offset - LOOKBEHIND) : offset].rstrip(_INDENT)[-1:] or "\n"
    return last in _LINE_BREAKS


def _follows_abbreviation(text: str, marker: _Marker, rules: SentenceRules) -> bool:
    """Return whether an abbreviation is before a marker: "No. 1", the day "20. 1.", or the initial "J. K."."""
    before = text[max(0, marker.begin - LOOKBEHIND) : marker.begin].rstrip()
    if not before.endswith("."):
        return False
    if rules.ordinals and _DAY.search(before):
        return True
    word = find_word_before(before, len(before) - 1)
    return word.lower() in rules.lowercase_abbreviations or (len(word) == 1 and marker.label.isalpha())


def _find_last_character(text: str, begin: int) -> str:
    """Return the last character before an offset that is not whitespace; empty if there is none near it."""
    return text[max(0, begin - LOOKBEHIND) : begin].rstrip()[-1:]


def _is_date(text: str, marker: _Marker, rules: SentenceRules) -> bool:
    """Return whether a marker may be the ordinal of a day, since a month or a number follows."""
    word = find_word_after(text, marker.end)
    return word.lower() in rules.months or (bool(rules.ordinals) and word.isdigit())
