"""Plain ends of sentences, which most are: a long ordinary word, a period, a space and an uppercase letter.

`nlu_lite.text.periods` and `nlu_lite.text.boundaries` would decide the same, but take several times as long.
"""

from __future__ import annotations

from functools import cache

from nlu_lite.text.abbreviations import LOOKBEHIND, SHORT_WORD, compile_spaced_forms
from nlu_lite.text.boundaries import MAX_ASIDE
from nlu_lite.text.quotes import follows_opening_quote
from nlu_lite.text.rules import SentenceRules


def is_plain_end(text: str, period: int, sentence_begin: int, rules: SentenceRules, special: frozenset[str]) -> bool:
    """Return whether a sentence ends with a period, and the next begins after one space.

    Args:
        text: The whole text.
        period: The offset of a terminator.
        sentence_begin: The offset at which its sentence begins.
        rules: The rules of the language.
        special: The words of `list_special_words`.
    """
    if text[period : period + 2] != ". " or not text[period + 2 : period + 3].isupper() or rules.address is not None:
        return False
    space = text.rfind(" ", max(sentence_begin, period - LOOKBEHIND), period)
    word = text[space + 1 : period]
    if space < 0 or len(word) <= SHORT_WORD or not word.isalpha() or word.isupper() or word.lower() in special:
        return False
    if follows_opening_quote(text, period, sentence_begin):
        return False
    return text.rfind("(", max(sentence_begin, period - MAX_ASIDE), period) < 0


@cache
def list_special_words(rules: SentenceRules) -> frozenset[str]:
    """List the words before a period that may be abbreviations, in lowercase."""
    return rules.lowercase_abbreviations | compile_spaced_forms(rules).keys()
