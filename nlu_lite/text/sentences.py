"""Find where sentences begin: after terminators, unless the rules of the language say that the sentence continues."""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu_lite.options import NewlineBreaks
from nlu_lite.text.abbreviations import compile_spaced_forms, find_word_before
from nlu_lite.text.boundaries import ends_sentence, lacks_space, touches_next
from nlu_lite.text.lines import find_line_begins
from nlu_lite.text.lists import ListItem, find_list_items
from nlu_lite.text.notes import absorb_note_number
from nlu_lite.text.periods import PeriodRole, classify_period, is_word_part
from nlu_lite.text.plain_ends import is_plain_end, list_special_words
from nlu_lite.text.quotes import absorb_late_closer
from nlu_lite.text.rules import SentenceRules
from nlu_lite.text.terminators import Terminator, examine_terminator, find_terminator_runs

_NO_ITEM = ListItem(sys.maxsize, sys.maxsize)


@dataclass(frozen=True)
class SentenceCuts:
    """Where sentences begin, and which periods belong to words.

    Attributes:
        begins: int64, offsets at which a sentence begins.
        word_periods: int64, offsets of periods that are part of the word before.
        detached_terminators: int64, offsets of terminators that are tokens although no whitespace follows them.
    """

    begins: NDArray[np.int64]
    word_periods: NDArray[np.int64]
    detached_terminators: NDArray[np.int64]


def find_sentence_cuts(
    texts: Iterable[tuple[int, str]], rules: SentenceRules, newline_breaks: NewlineBreaks
) -> SentenceCuts:
    """Find where sentences begin, in code points.

    Args:
        texts: Pairs of an offset and a text; the offset is added to the offsets found in the text.
        rules: The rules of the language of all texts.
        newline_breaks: Which line breaks end a sentence.
    """
    begins: list[int] = []
    word_periods: list[int] = []
    detached: list[int] = []
    for start, text in texts:
        scanner = _SentenceScanner(text, rules, newline_breaks)
        scanner.scan()
        begins += [start + offset for offset in scanner.begins]
        word_periods += [start + offset for offset in scanner.word_periods]
        detached += [start + offset for offset in scanner.detached]
    return SentenceCuts(np.array(begins, np.int64), np.array(word_periods, np.int64), np.array(detached, np.int64))


class _SentenceScanner:
    """Find the sentences of one text in three passes: list items, lines, and terminators from left to right.

    The first two passes find begins that no terminator shows. The third knows them, since a bracket or quotation mark
    before the beginning of a sentence is not open in it.

    Attributes:
        begin: Where the current sentence begins.
        begins: Offsets at which the second and later sentences begin, in no order.
        word_periods: Offsets of periods that are part of the word before.
        detached: Offsets of terminators that are tokens although no whitespace follows them.
        spaced_end: The offset of the last period of the last abbreviation that was written with spaces.
        spaced_word: That abbreviation without its spaces and last period.
    """

    def __init__(self, text: str, rules: SentenceRules, newline_breaks: NewlineBreaks) -> None:
        self.text = text
        self.rules = rules
        self.items = find_list_items(text, rules)
        self.certain = _find_certain_begins(text, self.items, rules, newline_breaks)
        self.spaced_forms = compile_spaced_forms(rules)
        self.special_words = list_special_words(rules)
        self.begin = 0
        self.begins: list[int] = list(self.certain)
        self.word_periods: list[int] = []
        self.detached: list[int] = []
        self.spaced_end, self.spaced_word = -1, ""

    def scan(self) -> None:
        passed, items = iter([*self.certain, sys.maxsize]), iter([*self.items, _NO_ITEM])
        begin, item = next(passed), next(items)
        for run in find_terminator_runs(self.text, self.rules):
            place = run.start()
            while begin <= place:
                self.begin, begin = max(self.begin, begin), next(passed)
            while item.end <= place:
                item = next(items)
            if item.begin <= place:
                self.word_periods.append(place)
            elif is_plain_end(self.text, place, self.begin, self.rules, self.special_words):
                self.begin = place + 2
                self.begins.append(self.begin)
            elif place >= self.spaced_end:  # earlier periods of a spaced abbreviation are recorded already
                self._visit(examine_terminator(run, self.rules, self.begin))

    def _visit(self, mark: Terminator) -> None:
        mark = mark if mark.gap else absorb_note_number(mark)
        touching = touches_next(mark)
        if touching and not lacks_space(mark):
            if mark.is_period and is_word_part(mark):
                self.word_periods.append(mark.start)
            return
        spaced = self._match_spaced_abbreviation(mark) if mark.is_period else None
        if spaced is None:
            self._visit_last(_skip_proclitic(mark), touching)
        else:
            self._record_spaced_abbreviation(spaced)

    def _visit_last(self, mark: Terminator, touching: bool) -> None:
        """Visit a terminator after which a sentence may begin."""
        role = classify_period(self._find_word_before(mark), mark) if mark.is_period else PeriodRole.PUNCTUATION
        if role is not PeriodRole.PUNCTUATION:
            self.word_periods.append(mark.start)
        elif touching:
            self.detached.append(mark.start)
        if role is not PeriodRole.WORD_PART:
            self._visit_candidate(mark)

    def _visit_candidate(self, mark: Terminator) -> None:
        """End the sentence after a terminator unless the text around it shows that the sentence continues."""
        mark = absorb_late_closer(mark) if mark.gap else mark
        if ends_sentence(mark):
            self.begin = mark.closers_end + len(mark.gap)
            self.begins.append(self.begin)

    def _match_spaced_abbreviation(self, mark: Terminator) -> re.Match[str] | None:
        """Match an abbreviation whose parts are separated by spaces from its first period to before its last."""
        if mark.start == self.spaced_end or not mark.gap:
            return None
        form = self.spaced_forms.get(find_word_before(self.text, mark.start).lower())
        return form.match(self.text, mark.start) if form else None

    def _record_spaced_abbreviation(self, rest: re.Match[str]) -> None:
        self.word_periods += [rest.start() + match.start() for match in re.finditer(r"\.", rest.group())]
        self.spaced_word = find_word_before(self.text, rest.start()) + "".join(rest.group().split())
        self.spaced_end = rest.end()

    def _find_word_before(self, mark: Terminator) -> str:
        if mark.start == self.spaced_end:
            return self.spaced_word
        word = find_word_before(self.text, mark.start)
        longest = mark.start - mark.sentence_begin  # "end.Mr." has two sentences but one run of letters and periods
        return word[len(word) - longest :] if len(word) > longest else word


def _find_certain_begins(
    text: str, items: list[ListItem], rules: SentenceRules, newline_breaks: NewlineBreaks
) -> list[int]:
    """Find the begins of list items and lines, sorted; a marker alone on its line is not separated from its item."""
    ends = [item.end for item in items]
    begins = {item.begin for item in items}
    for begin in find_line_begins(text, rules, newline_breaks):
        place = bisect_left(ends, begin)
        if place == len(items) or begin <= items[place].begin:
            begins.add(begin)
    return sorted(begins)


def _skip_proclitic(mark: Terminator) -> Terminator:
    """Treat the uppercase letter after a lowercase proclitic as the one that follows: "'t Is"."""
    proclitic = mark.rules.proclitic
    if proclitic is None or not mark.gap:
        return mark
    match = proclitic.match(mark.text, mark.closers_end + len(mark.gap))
    return mark._replace(openers="", following=match.group(1)) if match else mark
