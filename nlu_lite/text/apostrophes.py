"""Apostrophes at the edge of a word: part of the word, unless two of them enclose a quotation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlu_lite.text.characters import DIGIT, LETTER, SPACE, Bools, Characters

MAX_QUOTATION = 300  # characters between two marks that enclose a quotation; marks farther apart are unrelated

_APOSTROPHES = "'’"
_OPENERS = "`‘‚"
_CURLY = "’‘‚"


def attach_edge_apostrophes(characters: Characters, cuts: Bools) -> None:
    """Attach apostrophes to the word before or after them, in place: ``'em``, ``lovin'``, ``dogs'``.

    An apostrophe before a word may open a quotation that one after a word closes. Such a pair is left alone, and so are
    an apostrophe that a token contains already, and those in scripts without case, where words have no apostrophes.
    No quotation crosses a line feed, since that may separate documents.

    Args:
        characters: The text.
        cuts: bool [N + 1], whether a token begins or ends at each offset; changed in place.
    """
    if not any(apostrophe in characters.text for apostrophe in _APOSTROPHES):
        return
    marks, before, after = _find_single_marks(characters, cuts)
    opens = _is_word(after) | (before == SPACE) | characters.are_among(marks, _OPENERS)
    alone = _find_unpaired(characters.text, marks, opens) & characters.are_among(marks, _APOSTROPHES)
    for mark in marks[alone & opens].tolist():  # an uppercase letter may begin a sentence whose end is out of sight
        following = characters.text[mark + 1 : mark + 2]
        cuts[mark + 1] &= not (following.islower() or following.isdecimal())
    for mark in marks[alone & ~opens].tolist():
        cuts[mark] &= not _is_cased_or_digit(characters.text[mark - 1 : mark])


def _find_single_marks(
    characters: Characters, cuts: Bools
) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]:
    """Find the single quotation marks and apostrophes that are tokens at the edge of a word.

    Returns:
        Their offsets, and the classes of the characters before and after them; beyond the text is whitespace.
    """
    marks = characters.find(_APOSTROPHES + _OPENERS)
    points, classes = characters.padded
    before, after = classes[marks], classes[marks + 2]
    doubled = (points[marks] == points[marks + 1]) | (points[marks + 2] == points[marks + 1])
    single = cuts[marks] & cuts[marks + 1] & ~doubled & ~(_is_word(before) & _is_word(after))
    return marks[single], before[single], after[single]


def _is_word(classes: NDArray[np.uint8]) -> Bools:
    word: Bools = (classes == LETTER) | (classes == DIGIT)
    return word


def _find_unpaired(text: str, marks: NDArray[np.int64], opens: Bools) -> Bools:
    """Return whether each mark is outside a pair of an opening and a closing mark; pairs may be nested."""
    unpaired = np.ones(len(marks), bool)
    opened: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    for number, (place, begins) in enumerate(zip(marks.tolist(), opens.tolist(), strict=True)):
        waiting = opened[text[place] in _CURLY]
        if begins:
            waiting.append((number, place))
        elif waiting and place - waiting[-1][1] <= MAX_QUOTATION and "\n" not in text[waiting[-1][1] : place]:
            unpaired[[number, waiting.pop()[0]]] = False
    return unpaired


def _is_cased_or_digit(character: str) -> bool:
    return character.islower() or character.isupper() or character.isdecimal()
