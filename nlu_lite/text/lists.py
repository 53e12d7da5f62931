"""Find list items: "1. Milk", "(a) Bread", "• Eggs", on lines of their own or one after another in a line.

A list starts at the beginning of the text or of a line, after a colon, or after a sentence. Its items have markers of
one style whose labels follow one another. Where an item begins, so does a sentence. The periods of its marker end none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nlu_lite.text.markers import (
    FIRST_MARKER,
    LINE_BREAKS,
    LINE_BULLETS,
    MARKER,
    MARKER_AFTER_SIGN,
    Marker,
    MarkerForm,
    Opening,
    classify_opening,
    follows_abbreviation,
    is_date,
    read_before,
)
from nlu_lite.text.rules import SentenceRules
from nlu_lite.text.successors import SuccessorFinder

_LONGEST_LINE = 60  # characters of an item that is not wrapped
_LINE_END = re.compile(rf"\r\n|[{LINE_BREAKS}]")
_ENDS_BEFORE_ITEM = frozenset(("", *':：.!?…。！？।።»”")'))


@dataclass(frozen=True)
class ListItems:
    """The markers of the list items of a text, from left to right; that of the line after a list is empty.

    Attributes:
        begins: The offsets of the markers.
        ends: The offsets after the markers and the whitespace after them.
    """

    begins: Sequence[int] = ()
    ends: Sequence[int] = ()


_NO_ITEMS = ListItems()


def find_list_items(text: str, rules: SentenceRules) -> ListItems:
    """Find the items of all lists in a text."""
    first = FIRST_MARKER.match(text)
    if not (first and first[1]) and MARKER_AFTER_SIGN.search(text) is None:  # most short texts
        return _NO_ITEMS
    finder, ends = SuccessorFinder(text, rules), dict[int, int]()
    if first and first[1]:
        _find_list(finder, first.start(1), first[1], Opening.LINE, ends)
    hopeless, hopeless_in_line = finder.hopeless, finder.hopeless_in_line
    for match in MARKER_AFTER_SIGN.finditer(text):
        place = match.end()
        if place in ends:
            continue
        marker = MARKER.match(text, place)
        written = marker[0] if marker else ""
        if place <= hopeless.get(written, -1):
            continue
        opening = classify_opening(match)
        if opening is Opening.LINE or (opening is not None and hopeless_in_line.get(written, -1) < place):
            _find_list(finder, place, written, opening, ends)
    begins = sorted(ends)
    return ListItems(begins, [ends[begin] for begin in begins])


def _find_list(finder: SuccessorFinder, place: int, written: str, opening: Opening, ends: dict[int, int]) -> None:
    """Add the begins and ends of the items of the list that begins at a place; nothing without enough evidence."""
    text, first = finder.text, finder.read_first(place, written, opening)
    if first is None or first.end == len(text):
        return
    before = read_before(text, first.begin)
    if follows_abbreviation(before, first, finder.rules):
        return
    second, items, inline = finder.find_next(first, opening), {first.begin: first.end}, 0
    if second is None and not _is_item_alone(first.form, before[-1:], opening):
        return
    if _is_day(text, first, second, finder.rules):
        return
    if second is not None:
        inline = _follow_list(finder, second, opening, items)
        if inline and _looks_like_initials(text, first.form, second.form, items):
            return
    if not inline and opening is Opening.LINE:
        _add_lines_after(text, items, ends)
    ends |= items


def _follow_list(finder: SuccessorFinder, second: Marker, opening: Opening, items: dict[int, int]) -> int:
    """Add the items of a list from the second one on, and return how many of them are not on lines of their own."""
    following, inline = second, 0
    while True:
        inline += not following.is_on_line
        items[following.begin] = following.end
        if following.form.bullet and following.is_on_line and (run := finder.find_bullets_on_lines(following)):
            items |= run
            following = Marker(*list(run.items())[-1], following.form, True)
        found = finder.find_next(following, opening)
        if found is None:
            return inline
        following = found


def _is_item_alone(form: MarkerForm, before: str, opening: Opening) -> bool:
    """Return whether a marker without a second one is that of an item: after a colon, a sentence or an empty line.

    Args:
        form: The form of the marker.
        before: The last character before it that is not whitespace; empty if there is none near it.
        opening: Where it is.
    """
    if opening is not Opening.LINE or (form.bullet and form.bullet in LINE_BULLETS):
        return opening is Opening.LINE and before in (":", "：")
    return form.may_be_alone and (bool(form.bullet) or before in _ENDS_BEFORE_ITEM)


def _is_day(text: str, first: Marker, following: Marker | None, rules: SentenceRules) -> bool:
    """Return whether a number is the day of a date; that before "200 g" is not if the next number is on a line."""
    if first.form.bullet or first.form.suffix != "." or not is_date(text, first, rules):
        return False
    return following is None or not (following.is_on_line and text[first.end].isdigit())


def _add_lines_after(text: str, items: Mapping[int, int], ends: dict[int, int]) -> None:
    """Add the lines after items, such as a heading, that begin a sentence.

    An item that is short enough for its line is not wrapped. So a line after it that is not indented and does not begin
    with a lowercase letter begins a sentence.
    """
    search = _LINE_END.search
    for begin, end in items.items():
        line_end = search(text, end, end + _LONGEST_LINE)
        if line_end is None:
            continue
        last, after = line_end.span()
        if after in items or after == len(text) or after - begin > _LONGEST_LINE or text[last - 1] in ",-":
            continue
        if not (text[after].isspace() or text[after].islower()):
            ends[after] = after


def _looks_like_initials(text: str, first: MarkerForm, second: MarkerForm, items: Mapping[int, int]) -> bool:
    """Return whether letters with periods in a line may be the initials of names: "A. Smith B. Jones"."""
    if first.suffix != "." or not (first.label.isalpha() and first.label.isupper()) or len(second.label) > 1:
        return False
    spans = [(end, begin) for (_, end), (begin, _) in pairwise(items.items())]
    if all(_is_sentence(text, begin, end) for begin, end in spans):
        return False
    return len(items) < 3 or any(len(text[begin:end].split()) < 3 for begin, end in spans)


def _is_sentence(text: str, begin: int, end: int) -> bool:
    """Return whether a text has several words, and a terminator at its end."""
    return read_before(text, end)[-1:] in ".!?" and len(text[begin:end].split()) > 1
