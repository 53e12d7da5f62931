"""Numbers of footnotes directly after a terminator: "It ended.1 Then"."""

from __future__ import annotations

import re

from nlu_lite.text.abbreviations import SHORT_WORD
from nlu_lite.text.terminators import Terminator

_NOTE_NUMBER = re.compile(r"\d{1,3}(?=[^\S\n]++[^\W\d_])")


def absorb_note_number(mark: Terminator) -> Terminator:
    """Count the number of a footnote before an uppercase letter among the closing signs of the terminator."""
    number = _NOTE_NUMBER.match(mark.text, mark.closers_end) if mark.following.isdecimal() else None
    if number is None or not _follows_word(mark):
        return mark
    extended = mark.extend_closers(number.end())
    return extended if extended.following.isupper() else mark


def _follows_word(mark: Terminator) -> bool:
    """Return whether the terminator is after a lowercase word that is no abbreviation, unlike "fig.1"."""
    word = mark.word
    ordinary = len(word) >= SHORT_WORD or word in mark.rules.ordinary_words
    return ordinary and word.isalpha() and word.islower() and word not in mark.rules.lowercase_abbreviations
