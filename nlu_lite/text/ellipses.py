"""Ellipses: periods with or without spaces between them, and whether a sentence may end with them."""

from __future__ import annotations

import re

from nlu_lite.text.abbreviations import LOOKBEHIND, find_word_before
from nlu_lite.text.starters import find_word_after, is_sentence_starter
from nlu_lite.text.terminators import Terminator

_PERIODS_OF_ELLIPSIS = 3
_ELLIPSES = frozenset(("...", "…", "……"))
_PAGE_NUMBER = re.compile(r"[^\S\n]*+(?:\d{1,4}|[ivxlc]{1,6})[^\S\n]*+(?:\n|\Z)")
_BRACKETS = {")": "(", "]": "[", "）": "（", "】": "【"}


def continues_after_ellipsis(mark: Terminator) -> bool:
    """Return whether an ellipsis shows by its form that the sentence continues.

    In brackets an ellipsis represents omitted words, as do three periods with spaces around them, and any ellipsis
    with spaces around it in a script without case. A fourth period ends the sentence. Periods may also lead to the page
    number in a table of contents, or the speaker may repeat a word. No sentence consists of an ellipsis alone.
    """
    if is_alone_in_brackets(mark):
        return True
    if mark.is_period:
        return False
    if _begins_sentence(mark) or _is_omission(mark) or _is_dot_leader(mark):
        return True
    return not (mark.closers or mark.openers) and (_is_stammer(mark) or _is_before_noun(mark))


def is_alone_in_brackets(mark: Terminator) -> bool:
    """Return whether brackets contain only the terminator: "[...]", "(!)"."""
    text = mark.text
    after = text[mark.end : mark.end + 2].lstrip()[:1]
    return after in _BRACKETS and text[max(0, mark.start - 2) : mark.start].rstrip()[-1:] == _BRACKETS[after]


def _begins_sentence(mark: Terminator) -> bool:
    before = mark.text[mark.sentence_begin : min(mark.start, mark.sentence_begin + LOOKBEHIND)]
    is_ellipsis = mark.text[mark.start : mark.end] in _ELLIPSES
    return is_ellipsis and mark.following.isalnum() and not any(map(str.isalnum, before))


def _is_omission(mark: Terminator) -> bool:
    if mark.character not in ".…" or not mark.text[mark.start - 1 : mark.start].isspace():
        return False
    run = mark.text[mark.start : mark.end]
    if mark.precedes_caseless and not mark.closers and not mark.openers:
        return run in _ELLIPSES
    spaced = any(character.isspace() for character in run)
    return spaced and run.count(".") == _PERIODS_OF_ELLIPSIS


def _is_dot_leader(mark: Terminator) -> bool:
    """Return whether periods lead to a page number at the end of the line: "1.1 Methods ..... 9"."""
    periods = mark.text.count(".", mark.start, mark.end)
    return periods >= _PERIODS_OF_ELLIPSIS and _PAGE_NUMBER.match(mark.text, mark.end) is not None


def _is_stammer(mark: Terminator) -> bool:
    """Return whether an ellipsis separates a word from its repetition: "I... I know"."""
    if mark.character not in ".…":
        return False
    word = mark.word
    return bool(word) and word.lower() == find_word_after(mark.text, mark.end).lower()


def _is_before_noun(mark: Terminator) -> bool:
    """Return whether a noun continues the sentence where nouns are capitalized: "Das ist ein … Problem"."""
    if mark.rules.capitalization != "nouns" or mark.character not in ".…" or not mark.following.isupper():
        return False
    noun, ordinary = find_word_after(mark.text, mark.end), mark.rules.ordinary_words
    if noun.lower() in ordinary or is_sentence_starter(mark):
        return False
    return mark.text.startswith(f"{noun},", mark.gap_end) or _find_word_before(mark).lower() in ordinary


def _find_word_before(mark: Terminator) -> str:
    """Return the word before an ellipsis; there may be whitespace between them."""
    before = mark.text[max(mark.sentence_begin, mark.start - LOOKBEHIND) : mark.start].rstrip()
    return find_word_before(before, len(before))
