"""Ellipses: periods with or without spaces between them, and whether a sentence may end with them."""

from __future__ import annotations

from nlu_lite.text.terminators import Terminator

_PERIODS_OF_ELLIPSIS = 3
_BRACKETS = {")": "(", "]": "[", "）": "（", "】": "【"}


def continues_after_ellipsis(mark: Terminator) -> bool:
    """Return whether an ellipsis shows by its form that the sentence continues.

    In brackets an ellipsis stands for omitted words, as do three periods with spaces around them. A fourth period ends
    the sentence.
    """
    return is_alone_in_brackets(mark) or _is_omission(mark)


def is_alone_in_brackets(mark: Terminator) -> bool:
    """Return whether brackets contain only the terminator: "[...]", "(!)"."""
    text = mark.text
    after = text[mark.end : mark.end + 2].lstrip()[:1]
    return after in _BRACKETS and text[max(0, mark.start - 2) : mark.start].rstrip()[-1:] == _BRACKETS[after]


def _is_omission(mark: Terminator) -> bool:
    if mark.character != "." or mark.is_period:
        return False
    run = mark.text[mark.start : mark.end]
    spaced = any(character.isspace() for character in run)
    return spaced and run.count(".") == _PERIODS_OF_ELLIPSIS and mark.text[mark.start - 1 : mark.start].isspace()
