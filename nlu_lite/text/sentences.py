"""Find where sentences begin: after terminators, unless the rules of the language say that the sentence continues."""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from nlu_lite.options import NewlineBreaks
from nlu_lite.text.decisions import Decision, decide_terminator
from nlu_lite.text.emoticons import absorb_emoticons, find_begins_after_emoticons
from nlu_lite.text.lines import find_line_begins
from nlu_lite.text.lists import ListItem, find_list_items
from nlu_lite.text.neighborhoods import DecisionMemory, describe_neighborhood
from nlu_lite.text.notes import absorb_note_number
from nlu_lite.text.plain_ends import find_plain_begin, list_special_words
from nlu_lite.text.rules import SentenceRules
from nlu_lite.text.terminators import examine_terminator, find_terminator_runs

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
    memory = DecisionMemory()
    for start, text in texts:
        scanner = _SentenceScanner(text, rules, newline_breaks, memory)
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

    def __init__(self, text: str, rules: SentenceRules, newline_breaks: NewlineBreaks, memory: DecisionMemory) -> None:
        self.text = text
        self.rules = rules
        self.memory = memory
        self.items = find_list_items(text, rules)
        self.certain = _find_certain_begins(text, self.items, rules, newline_breaks)
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
            elif after := find_plain_begin(self.text, place, self.begin, self.rules, self.special_words):
                self.begin = after
                self.begins.append(after)
            elif place >= self.spaced_end:  # earlier periods of a spaced abbreviation are recorded already
                self._record(place, self._decide(run))

    def _decide(self, run: re.Match[str]) -> Decision:
        """Decide about a terminator, or recall the decision about another one in the same neighborhood."""
        spaced_word = self.spaced_word if run.start() == self.spaced_end else ""
        neighborhood = describe_neighborhood(self.text, run.start(), self.begin, spaced_word)
        known = self.memory.recall(neighborhood) if neighborhood else None
        if known is not None:
            return known
        mark = examine_terminator(run, self.rules, self.begin)
        mark = absorb_emoticons(mark) if mark.gap else absorb_note_number(mark)
        decision = decide_terminator(mark, spaced_word)
        if neighborhood is not None:
            self.memory.keep(neighborhood, mark, decision)
        return decision

    def _record(self, place: int, decision: Decision) -> None:
        for period in decision.word_periods:
            self.word_periods.append(place + period)
        if decision.begin:
            self.begin = place + decision.begin
            self.begins.append(self.begin)
        if decision.is_detached:
            self.detached.append(place)
        if decision.spaced_end:
            self.spaced_end, self.spaced_word = place + decision.spaced_end, decision.spaced_word


def _find_certain_begins(
    text: str, items: list[ListItem], rules: SentenceRules, newline_breaks: NewlineBreaks
) -> list[int]:
    """Find the begins of list items and lines, sorted; a marker alone on its line is not separated from its item."""
    ends = [item.end for item in items]
    begins = {item.begin for item in items}
    for begin in chain(find_line_begins(text, rules, newline_breaks), find_begins_after_emoticons(text)):
        place = bisect_left(ends, begin)
        if place == len(items) or begin <= items[place].begin:
            begins.add(begin)
    return sorted(begins)
