"""A text as an array of code points: which are white space, letters, digits, and where UTF-16 offsets lie."""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nlu_lite.records import Ints

REPLACEMENT = 0xFFFD
OTHER, SPACE, LETTER, DIGIT = range(4)  # what `Characters.classes` tells apart; a mark counts as a letter


class Characters:
    """A text with what the rules need to know of its characters.

    Attributes:
        text: The text with each lone surrogate replaced by U+FFFD, which libraries in C can take; offsets are the same.
        points: uint32 [N], its code points.
        classes: uint8 [N], the class of each: OTHER, SPACE, LETTER or DIGIT; beyond the first plane all are OTHER, for
            no white space lies there.
        filled: bool [N], whether a character is something else than white space, as `str.isspace` says.
    """

    def __init__(self, text: str) -> None:
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        surrogate = (points >= 0xD800) & (points <= 0xDFFF)
        if surrogate.any():
            points = np.where(surrogate, np.uint32(REPLACEMENT), points)
            text = points.tobytes().decode("utf-32-le")
        self.text = text
        self.points: NDArray[np.uint32] = points
        self.classes: NDArray[np.uint8] = _classes()[np.minimum(points, 0xFFFF)]
        self.filled: NDArray[np.bool_] = self.classes != SPACE

    def from_utf16(self, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Turn offsets in UTF-16 code units into offsets in code points."""
        wide = self.points > 0xFFFF
        if not wide.any():
            return offsets
        units = np.concatenate([[0], np.cumsum(1 + wide)])
        return np.searchsorted(units, offsets)

    def edges(self) -> NDArray[np.int64]:
        """Give the offsets at which white space begins or ends."""
        return np.flatnonzero(self.filled[1:] != self.filled[:-1]) + 1

    def between(self, cuts: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """Give what lies between cuts without the white space around it; what is white space alone falls away.

        Args:
            cuts: bool [N + 1], whether something begins or ends at an offset.

        Returns:
            Begins and ends, int32.
        """
        part = np.cumsum(cuts[:-1], dtype=np.int32)
        places = np.flatnonzero(self.filled)
        of = part[places]
        if not len(places):
            return np.zeros(0, np.int32), np.zeros(0, np.int32)
        change = np.flatnonzero(of[1:] != of[:-1])
        begins = np.concatenate([places[:1], places[change + 1]])
        ends = np.concatenate([places[change], places[-1:]]) + 1
        return begins.astype(np.int32), ends.astype(np.int32)


@cache
def _classes() -> NDArray[np.uint8]:
    return np.array([_class(chr(point)) for point in range(0xFFFF)] + [OTHER], np.uint8)


def _class(character: str) -> int:
    if character.isspace():
        return SPACE
    kind = unicodedata.category(character)
    if kind == "Nd":
        return DIGIT
    return LETTER if kind[0] in "LM" or character in "\u200c\u200d" else OTHER
