"""Find list items: "1. Milk", "(a) Bread", "• Eggs", on lines of their own or one after another in a line.

A list starts at the beginning of the text or of a line, after a colon, or after a sentence. Its items have markers of
one style whose labels follow one another. Where an item begins, so does a sentence. The periods of its marker end none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nlu_lite.text.markers import (
    FIRST_MARKER,
    LINE_BREAKS,
    LINE_BULLETS,
    MARKER_AFTER_SIGN,
    Marker,
    MarkerForm,
    Opening,
    classify_opening,
    find_last_character,
    follows_abbreviation,
    is_date,
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
        ends |= _find_list(finder, first.start(1), first.group(1), Opening.LINE)
    hopeless, hopeless_in_line = finder.hopeless, finder.hopeless_in_line
    for match in MARKER_AFTER_SIGN.finditer(text):
        place, written = match.end(), match.group(1)
        if place <= hopeless.get(written, -1) or place in ends:
            continue
        opening = classify_opening(match)
        if opening is Opening.LINE or (opening is not None and hopeless_in_line.get(written, -1) < place):
            ends |= _find_list(finder, place, written, opening)
    begins = sorted(ends)
    return ListItems(begins, [ends[begin] for begin in begins])


def _find_list(finder: SuccessorFinder, place: int, written: str, opening: Opening) -> dict[int, int]:
    """Return the begins and ends of the items of the list that begins at a place; none if there is no list."""
    first = finder.read_first(place, written, opening)
    return {} if first is None else _follow_list(finder, first, opening)


def _follow_list(finder: SuccessorFinder, first: Marker, opening: Opening) -> dict[int, int]:
    """Return the begins and ends of the items of the list that a marker opens; none without enough evidence."""
    text = finder.text
    if first.end == len(text) or follows_abbreviation(text, first, finder.rules):
        return {}
    following = finder.find_next(first, opening)
    if following is None and not _is_item_alone(text, first, opening):
        return {}
    if _is_day(text, first, following, finder.rules):
        return {}
    second, items, inline = following, {first.begin: first.end}, 0
    while following is not None:
        inline += not following.is_on_line
        items[following.begin] = following.end
        if following.form.bullet and following.is_on_line and (run := finder.find_bullets_on_lines(following)):
            items |= run
            following = Marker(*list(run.items())[-1], following.form, True)
        following = finder.find_next(following, opening)
    if inline and second is not None and _looks_like_initials(text, first.form, second.form, items):
        return {}
    if inline or opening is not Opening.LINE:
        return items
    after = {begin: begin for begin in _find_lines_after(text, items)}
    return after | items if after else items


def _is_item_alone(text: str, first: Marker, opening: Opening) -> bool:
    """Return whether a marker without a second one is that of an item: after a colon, a sentence or an empty line."""
    form = first.form
    if opening is not Opening.LINE or (form.bullet and form.bullet in LINE_BULLETS):
        return opening is Opening.LINE and find_last_character(text, first.begin) in (":", "：")
    if form.bullet:
        return True
    return form.label.isdecimal() and find_last_character(text, first.begin) in _ENDS_BEFORE_ITEM


def _is_day(text: str, first: Marker, following: Marker | None, rules: SentenceRules) -> bool:
    """Return whether a number is the day of a date; that before "200 g" is not if the next number is on a line."""
    if first.form.bullet or first.form.suffix != "." or not is_date(text, first, rules):
        return False
    return following is None or not (following.is_on_line and text[first.end].isdigit())


def _find_lines_after(text: str, items: Mapping[int, int]) -> Iterator[int]:
    """Find the lines after items, such as a heading, that begin a sentence.

    An item that is short enough for its line is not wrapped. So a line after it that is not indented and does not begin
    with a lowercase letter begins a sentence.
    """
    for begin, end in items.items():
        line_end = _LINE_END.search(text, end, end + _LONGEST_LINE)
        if line_end is None or text[line_end.start() - 1] in ",-":
            continue
        after = line_end.end()
        if after in items or after == len(text) or after - begin > _LONGEST_LINE:
            continue
        if not (text[after].isspace() or text[after].islower()):
            yield after


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
    return find_last_character(text, end) in ".!?" and len(text[begin:end].split()) > 1
