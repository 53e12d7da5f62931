"""Remember decisions about terminators, so that repetitive text costs little: tables, logs, forms and boilerplate.

The rules look at most `_BEFORE` characters back and `_AFTER` characters ahead, with few exceptions, which
`_is_local` and `describe_neighborhood` exclude. Two terminators with the same neighborhood have the same decision.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

from nlu_lite.text.abbreviations import LOOKBEHIND
from nlu_lite.text.boundaries import MAX_ASIDE, is_near_bracket
from nlu_lite.text.decisions import Decision
from nlu_lite.text.quotes import find_late_closer
from nlu_lite.text.terminators import DASHES, Terminator, begins_lowercase

Neighborhood: TypeAlias = tuple[str, int, int, str]
"""The text around a terminator; how much of it is before it; how far the begin of the sentence is, or what else matters
of it; and the abbreviation with spaces that the terminator ends."""

_BEFORE = 2 * LOOKBEHIND + 2  # an abbreviation and the text before it
_BEFORE_ASIDE = MAX_ASIDE + 4  # a parenthesis, and an emoticon before it
_LONGEST_MARK = 40  # characters of a terminator and all signs up to the next letter
_AFTER = MAX_ASIDE + _LONGEST_MARK + 10
_MOST = 4096  # decisions: more would take memory, and a text with so many different neighborhoods is not repetitive
_ENDS_OF_OTHER_QUOTATIONS = "“’"


class DecisionMemory:
    """The decisions about terminators of one language by neighborhood."""

    def __init__(self) -> None:
        self._decisions: dict[Neighborhood | None, Decision] = {}

    def recall(self, neighborhood: Neighborhood | None) -> Decision | None:
        """Return the decision about a terminator with the same neighborhood."""
        return self._decisions.get(neighborhood)

    def keep(self, neighborhood: Neighborhood | None, mark: Terminator, decision: Decision) -> None:
        """Remember a decision if no rule looked beyond the neighborhood."""
        if neighborhood is not None and len(self._decisions) < _MOST and _is_local(mark, neighborhood):
            self._decisions[neighborhood] = decision


def describe_neighborhood(
    text: str, start: int, sentence_begin: int, bracket: int, spaced_word: str
) -> Neighborhood | None:
    """Describe all that the rules look at; None if a rule may look beyond the neighborhood.

    Args:
        text: The whole text.
        start: The offset of a terminator.
        sentence_begin: The offset at which its sentence begins.
        bracket: The offset of the last opening bracket before it; negative if there is none.
        spaced_word: The abbreviation with spaces whose last period the terminator is, if any.
    """
    before = _BEFORE_ASIDE if is_near_bracket(bracket, start, sentence_begin) else _BEFORE
    begin = start - before
    if begin < 0:
        return None
    nearness = start - sentence_begin
    if sentence_begin < begin:
        nearness = _describe_begin(text[sentence_begin : sentence_begin + LOOKBEHIND])
    return text[begin : start + _AFTER], before, nearness, spaced_word


@lru_cache(maxsize=1024)  # all terminators of a sentence ask about the same beginning
def _describe_begin(beginning: str) -> int:
    """Return a negative number for what matters of a distant beginning: a dash, or the case of the first letter."""
    return -1 - 2 * (beginning[0] in DASHES) - begins_lowercase(beginning, 0)


def _is_local(mark: Terminator, neighborhood: Neighborhood) -> bool:
    around, _, nearness, _ = neighborhood
    if mark.gap_end + len(mark.openers) - mark.start > _LONGEST_MARK:
        return False
    last = around[-LOOKBEHIND:]
    if not last.strip(".") or last.isspace():  # an ellipsis or a gap may go on
        return False
    closer = find_late_closer(mark)
    if closer and closer in _ENDS_OF_OTHER_QUOTATIONS:
        return False
    return nearness >= 0 or (closer != '"' and DASHES.isdisjoint(mark.openers))
