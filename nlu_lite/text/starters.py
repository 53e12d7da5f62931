"""Sentence starters: words that show that a sentence begins after an abbreviation or a number."""

from __future__ import annotations

import re

from nlu_lite.text.terminators import Terminator

_LETTER_AND_WORD = re.compile(r"\s*+(\w)(?:\s|['’])[^\W\d_]")
_NEXT_WORD = re.compile(
    r"[\s\"“„«‘'(]*+(\w(?:(?![।॥])[\w\u200c\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff]){0,23})"
)


def find_word_after(text: str, begin: int) -> str:
    """Return the first word after an offset; empty if there is none."""
    word = _NEXT_WORD.match(text, begin)
    return word.group(1) if word else ""


def is_sentence_starter(mark: Terminator) -> bool:
    """Return whether the next word typically begins a sentence; a single letter may be an initial instead."""
    word = find_word_after(mark.text, mark.closers_end)
    return len(word) > 1 and word.lower() in mark.rules.sentence_starters


def is_short_sentence_starter(mark: Terminator) -> bool:
    """Return whether the next word is one letter that typically begins a sentence, before a word: "A man", "C'est"."""
    letter = _LETTER_AND_WORD.match(mark.text, mark.closers_end)
    return letter is not None and letter.group(1).lower() in mark.rules.sentence_starters
