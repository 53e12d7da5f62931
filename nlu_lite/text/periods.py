"""Decide whether a period is part of the word before it, and whether a sentence may still end there."""

from __future__ import annotations

from enum import Enum

from nlu_lite.text.abbreviations import (
    LOOKBEHIND,
    AbbreviationKind,
    classify_abbreviation,
    find_word_before,
    may_be_unlisted_abbreviation,
)
from nlu_lite.text.boundaries import is_in_brackets
from nlu_lite.text.ordinals import is_ordinal
from nlu_lite.text.starters import is_sentence_starter, is_short_sentence_starter
from nlu_lite.text.terminators import DASHES, Context


class PeriodRole(Enum):
    """The role of a period before whitespace."""

    PUNCTUATION = "a token of its own, which may end the sentence"
    WORD_PART = "part of the word; the sentence continues"
    FINAL_WORD_PART = "part of the word, which may end the sentence"


def classify_period(word: str, context: Context) -> PeriodRole:
    """Return the role of a period.

    Args:
        word: The word before the period; empty if there is none.
        context: The period in its sentence.
    """
    if not word:
        return PeriodRole.PUNCTUATION
    if is_ordinal(word, context):
        return PeriodRole.WORD_PART
    kind = _classify_word(word, context)
    if kind is None:
        return PeriodRole.WORD_PART if _is_unlisted_abbreviation(word, context) else PeriodRole.PUNCTUATION
    mark = context.mark
    is_last = not mark.following and not mark.openers.strip()
    if (mark.closers and not _keeps_period(kind, mark.closers)) or (is_last and len(word) == 1):
        return PeriodRole.PUNCTUATION
    return PeriodRole.FINAL_WORD_PART if is_last or _may_end(kind, context) else PeriodRole.WORD_PART


def is_word_part(context: Context) -> bool:
    """Return whether a period before a character that is not whitespace is part of its word: "U.S.,", "3.-5. May"."""
    mark, following = context.mark, context.mark.following
    word = find_word_before(context.text, mark.start)
    if word.isdigit():
        is_range = following.isdigit() and mark.openers != "" and mark.openers in DASHES
        return context.rules.ordinals != frozenset() and (is_range or following == "/")
    if following == "," and not (mark.closers or mark.openers):
        return word.isalpha() or _classify_word(word, context) is not None
    return bool(word) and not (following or " ").isalnum() and _classify_word(word, context) is not None


def _classify_word(word: str, context: Context) -> AbbreviationKind | None:
    text, mark = context.text, context.mark
    begin = mark.start - len(word)
    before = text[max(0, begin - LOOKBEHIND) : begin]
    return classify_abbreviation(word, before, text[mark.end : mark.end + LOOKBEHIND], context.rules)


def _is_unlisted_abbreviation(word: str, context: Context) -> bool:
    """Return whether an unknown word is an abbreviation, since the sentence continues in lowercase."""
    if context.mark.closers or context.mark.openers or not context.precedes_lowercase:
        return False
    return may_be_unlisted_abbreviation(word, context.rules) and not context.begins_lowercase


def _keeps_period(kind: AbbreviationKind, closers: str) -> bool:
    """Return whether a period before closers is part of the abbreviation: a quotation may end with its own period."""
    if kind in (AbbreviationKind.FINAL, AbbreviationKind.UNIT, AbbreviationKind.ACRONYM):
        return True
    needs_bracket = (AbbreviationKind.OTHER, AbbreviationKind.PREPOSITIVE, AbbreviationKind.TITLE)
    return kind in needs_bracket and closers[0] in ")]"


def _may_end(kind: AbbreviationKind, context: Context) -> bool:
    """Return whether a sentence may end with an abbreviation of this kind."""
    if kind in (AbbreviationKind.TITLE, AbbreviationKind.PREPOSITIVE, AbbreviationKind.BEFORE_NUMBER):
        return False
    if is_in_brackets(context):
        return False
    mark, lowercase = context.mark, context.precedes_lowercase
    begins = mark.following.isalpha() and not lowercase
    if kind is AbbreviationKind.FINAL or (kind is AbbreviationKind.UNIT and context.rules.capitalization != "nouns"):
        return begins or (bool(mark.openers) and not lowercase)
    if not begins:
        return False
    # "A" or "I" after an initial is more likely another initial.
    return is_sentence_starter(context) or (kind is not AbbreviationKind.INITIAL and is_short_sentence_starter(context))
