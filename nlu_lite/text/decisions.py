"""Decide about one terminator: whether a sentence begins after it, and whether it is part of the word before it."""

from __future__ import annotations

import re
from typing import NamedTuple

from nlu_lite.text.boundaries import ends_sentence, lacks_space, touches_next
from nlu_lite.text.periods import PeriodRole, classify_period, is_word_part
from nlu_lite.text.quotes import absorb_late_closer
from nlu_lite.text.spaced_forms import compile_spaced_forms
from nlu_lite.text.terminators import Terminator


class Decision(NamedTuple):
    """What the rules say about a terminator; all offsets are relative to it.

    Attributes:
        begin: Where the next sentence begins; 0 if none begins after the terminator.
        word_periods: The periods that are part of the word before.
        is_detached: Whether the terminator is a token although no whitespace follows it.
        spaced_end: Where the last period of an abbreviation with spaces is whose first the terminator is; else 0.
        spaced_word: That abbreviation without its spaces and last period.
    """

    begin: int = 0
    word_periods: tuple[int, ...] = ()
    is_detached: bool = False
    spaced_end: int = 0
    spaced_word: str = ""


def decide_terminator(mark: Terminator, spaced_word: str) -> Decision:
    """Decide about a terminator.

    Args:
        mark: The terminator.
        spaced_word: The abbreviation with spaces whose last period the terminator is; empty if it is of none.
    """
    touching = touches_next(mark)
    if touching and not lacks_space(mark):
        return Decision(word_periods=(0,) if mark.is_period and is_word_part(mark) else ())
    spaced = _match_spaced_abbreviation(mark) if mark.is_period and not spaced_word else None
    if spaced is not None:
        return _describe_spaced_abbreviation(mark, spaced)
    mark = _skip_proclitic(mark)
    word = spaced_word or _find_word_before(mark)
    role = classify_period(word, mark) if mark.is_period else PeriodRole.PUNCTUATION
    begin = 0 if role is PeriodRole.WORD_PART else _find_next_begin(mark)
    is_punctuation = role is PeriodRole.PUNCTUATION
    return Decision(begin, () if is_punctuation else (0,), touching and is_punctuation)


def _find_next_begin(mark: Terminator) -> int:
    """Return where the next sentence begins; 0 if the text around a terminator shows that the sentence continues."""
    mark = absorb_late_closer(mark) if mark.gap else mark
    return mark.gap_end - mark.start if ends_sentence(mark) else 0


def _match_spaced_abbreviation(mark: Terminator) -> re.Match[str] | None:
    """Match an abbreviation whose parts are separated by spaces from its first period to before its last."""
    if not mark.gap:
        return None
    form = compile_spaced_forms(mark.rules).get(mark.word.lower())
    return form.match(mark.text, mark.start) if form else None


def _describe_spaced_abbreviation(mark: Terminator, rest: re.Match[str]) -> Decision:
    periods = tuple(match.start() for match in re.finditer(r"\.", rest.group()))
    word = mark.word + "".join(rest.group().split())
    return Decision(0, periods, False, rest.end() - mark.start, word)


def _find_word_before(mark: Terminator) -> str:
    word = mark.word
    longest = mark.start - mark.sentence_begin  # "end.Mr." has two sentences but one run of letters and periods
    return word[len(word) - longest :] if len(word) > longest else word


def _skip_proclitic(mark: Terminator) -> Terminator:
    """Treat the uppercase letter after a lowercase proclitic as the one that follows: "'t Is"."""
    proclitic = mark.rules.proclitic
    if proclitic is None or not mark.gap:
        return mark
    match = proclitic.match(mark.text, mark.gap_end)
    return mark._replace(openers="", following=match.group(1)) if match else mark
