"""Decide whether a terminator that is part of no word ends its sentence."""

from __future__ import annotations

import re

from nlu_lite.text.abbreviations import LOOKBEHIND, SHORT_WORD, find_word_before
from nlu_lite.text.terminators import DASHES, QUOTATION_MARKS, TERMINATORS, Context
from nlu_lite.text.token_patterns import EMOTICON

_SPACELESS = "。！？｡"  # the next sentence begins without whitespace
_CONTINUERS = ",;:)]}%/"
_MAX_ASIDE = 150  # characters of a parenthesis inside a sentence; a longer one rarely closes, and limits the search
_CLOSED_SOON = re.compile(rf"[^()\n]{{0,{_MAX_ASIDE}}}\)")


def ends_sentence(context: Context) -> bool:
    """Return whether a terminator that is part of no word ends its sentence."""
    mark = context.mark
    if mark.character in context.rules.weak_terminators:
        return bool(mark.gap) and mark.following.isupper() and _find_open_bracket(context) < 0
    if _continues_after(context) or is_in_brackets(context):
        return False
    return not context.precedes_lowercase or _ends_before_lowercase(context)


def _continues_after(context: Context) -> bool:
    """Return whether the text after a terminator shows that the sentence continues."""
    mark, rules = context.mark, context.rules
    continuers = _CONTINUERS if mark.gap else _CONTINUERS + TERMINATORS
    if mark.following and not mark.openers and mark.following in continuers:
        return True
    if mark.closers and rules.continuation is not None and rules.continuation.match(context.text, mark.closers_end):
        return True
    after_quotation = not QUOTATION_MARKS.isdisjoint(mark.closers) and QUOTATION_MARKS.isdisjoint(mark.openers)
    return after_quotation and rules.after_quotation == "continues"


def _ends_before_lowercase(context: Context) -> bool:
    """Return whether a sentence ends before a lowercase letter.

    A quotation or parenthesis does not end it, nor does a terminator before a dash: "Why?" - he asked.
    """
    mark = context.mark
    if mark.closers or mark.character == "…" or not DASHES.isdisjoint(mark.openers):
        return False
    if mark.character in "!?":
        return context.rules.lowercase_after_question != "continues"
    if mark.character != ".":
        return True
    word = find_word_before(context.text, mark.start) if mark.is_period else ""
    return word.isalpha() and not word.isupper() and (len(word) > SHORT_WORD or context.begins_lowercase)


def is_in_brackets(context: Context) -> bool:
    """Return whether the terminator is inside a parenthesis that began after the begin of the sentence."""
    bracket = _find_open_bracket(context)
    return bracket >= 0 and context.text[max(context.begin, context.mark.start - _MAX_ASIDE) : bracket].strip() != ""


def _find_open_bracket(context: Context) -> int:
    """Return the offset of the bracket that is open at the terminator and closes soon after it; -1 if there is none."""
    text, mark = context.text, context.mark
    first = max(context.begin, mark.start - _MAX_ASIDE)
    bracket = text.rfind("(", first, mark.start)
    if bracket > 0 and not text[bracket - 1].isspace():
        mouths = {match.end() - 1 for match in EMOTICON.finditer(text, first, bracket + 2)}
        while bracket in mouths:
            bracket = text.rfind("(", first, bracket)
    if bracket < 0 or ")" in text[bracket : mark.closers_end]:
        return -1
    return bracket if _CLOSED_SOON.match(text, mark.end) else -1


def touches_next(context: Context) -> bool:
    """Return whether a character follows directly, in a script that writes whitespace between sentences."""
    mark = context.mark
    if mark.gap or not mark.following or mark.character in _SPACELESS:
        return False
    return not ("\u3041" <= mark.following <= "\u9fff" and mark.character in "!?")


def lacks_space(context: Context) -> bool:
    """Return whether the writer left out the whitespace between two sentences: "came.He"."""
    text, mark = context.text, context.mark
    if mark.closers or mark.openers or not mark.following.isupper() or context.rules.case == "unicameral":
        return False
    before, after = text[max(0, mark.start - 2) : mark.start], text[mark.end + 1 : mark.end + 2]
    likely = before.isalpha() and before.islower() and (after.islower() or after.isspace())
    return likely and not _is_in_address(text, mark.start)


def _is_in_address(text: str, offset: int) -> bool:
    """Return whether an offset is inside a web or e-mail address."""
    around = text[max(0, offset - LOOKBEHIND) : offset].split()[-1:] + text[offset : offset + LOOKBEHIND].split()[:1]
    return any(sign in part for part in around for sign in ("/", "@", "www.", "_"))
