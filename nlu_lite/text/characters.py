"""A text as an array of code points with the class of each character."""

from __future__ import annotations

import unicodedata
from functools import cache, cached_property
from itertools import repeat
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nlu_lite.records import Ints

Bools: TypeAlias = NDArray[np.bool_]

REPLACEMENT = 0xFFFD
OTHER, SPACE, LETTER, DIGIT = range(4)  # values of `Characters.classes`; a combining mark counts as a letter
JOINERS = "\u200c\u200d"  # they count as letters, too
_CLASSES = {"Nd": DIGIT} | dict.fromkeys(("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me"), LETTER)
"""The class of each of Unicode's general categories; OTHER for the rest."""


class Characters:
    """A text with the character classes that the rules need.

    Attributes:
        text: The text with each lone surrogate replaced by U+FFFD, since C libraries reject surrogates; offsets are
            unchanged.
        points: uint32 [N], the code points.
        classes: uint8 [N], the class of each character: OTHER, SPACE, LETTER or DIGIT. Characters beyond the Basic
            Multilingual Plane are OTHER, since none of them is whitespace.
        nonspace: bool [N], whether a character is not whitespace in the sense of `str.isspace`.
    """

    def __init__(self, text: str) -> None:
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        surrogate = (points >= 0xD800) & (points <= 0xDFFF)
        if surrogate.any():
            points = np.where(surrogate, np.uint32(REPLACEMENT), points)
            text = points.tobytes().decode("utf-32-le")
        self.text = text
        self.points: NDArray[np.uint32] = points
        self.classes: NDArray[np.uint8] = _build_class_table()[np.minimum(points, 0xFFFF)]
        self.nonspace: Bools = self.classes != SPACE

    @cached_property
    def padded(self) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """`points` and `classes` with an element before the text and one after it: 0 and SPACE."""
        points, classes = np.zeros(len(self.points) + 2, np.uint32), np.full(len(self.points) + 2, SPACE, np.uint8)
        points[1:-1], classes[1:-1] = self.points, self.classes
        return points, classes

    def convert_utf16_offsets(self, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Convert offsets in UTF-16 code units to offsets in code points."""
        wide = self.points > 0xFFFF
        if not wide.any():
            return offsets
        units = np.concatenate([[0], np.cumsum(1 + wide)])
        return np.searchsorted(units, offsets)

    def find_space_edges(self) -> NDArray[np.int64]:
        """Return the offsets at which whitespace begins or ends."""
        edges: Bools = self.nonspace[1:] != self.nonspace[:-1]
        return edges.nonzero()[0] + 1

    def find_spans(self, cuts: Bools) -> tuple[Ints, Ints]:
        """Return the spans between cuts, trimmed of whitespace; spans of whitespace only are dropped.

        Args:
            cuts: bool [N + 1], whether a span begins or ends at an offset.

        Returns:
            Begins and ends, int32.
        """
        places, counts = self._nonspace
        edges = counts[cuts.nonzero()[0]]
        first = np.concatenate([counts[:1], edges])
        last = np.concatenate([edges, counts[-1:]])
        filled = last > first
        return places[first[filled]], places[last[filled] - 1] + np.int32(1)

    def find(self, members: str) -> NDArray[np.int64]:
        """Return the offsets of some characters, sorted."""
        return _compare(self.points, members).nonzero()[0]

    def are_among(self, places: NDArray[np.int64], members: str) -> Bools:
        """Return whether the characters at some offsets are among `members`, bool [len(places)]."""
        return _compare(self.points[places], members)

    @cached_property
    def _nonspace(self) -> tuple[Ints, Ints]:
        """The offsets of characters that are not whitespace, and int32 [N + 1], their number before each offset."""
        counts = np.zeros(len(self.points) + 1, np.int32)
        np.cumsum(self.nonspace, out=counts[1:])
        return self.nonspace.nonzero()[0].astype(np.int32), counts


def _compare(points: NDArray[np.uint32], members: str) -> Bools:
    found = np.zeros(len(points), bool)
    for first, last in _find_ranges(members):  # comparisons are many times as fast as a table
        found |= points == first if first == last else (points >= first) & (points <= last)
    return found


@cache
def _find_ranges(members: str) -> list[tuple[int, int]]:
    """Return the first and last code points of the ranges that some characters form."""
    ranges: list[tuple[int, int]] = []
    for point in sorted(map(ord, members)):
        begin = ranges.pop()[0] if ranges and ranges[-1][1] == point - 1 else point
        ranges.append((begin, point))
    return ranges


@cache
def _build_class_table() -> NDArray[np.uint8]:
    """Return the class of each character of the Basic Multilingual Plane, and OTHER for those beyond it."""
    characters = list(map(chr, range(0xFFFF)))
    classes = map(_CLASSES.get, map(unicodedata.category, characters), repeat(OTHER))
    table = np.array([*classes, OTHER], np.uint8)
    table[:-1][list(map(str.isspace, characters))] = SPACE
    table[list(map(ord, JOINERS))] = LETTER
    return table
