"""Find where sentences begin: after terminators, unless the rules of the language say that the sentence continues."""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from nlu_lite.options import NewlineBreaks
from nlu_lite.text.decisions import Decision, decide_terminator
from nlu_lite.text.emoticons import absorb_emoticons, find_begins_after_emoticons
from nlu_lite.text.lines import find_line_begins
from nlu_lite.text.lists import ListItems, find_list_items
from nlu_lite.text.neighborhoods import DecisionMemory, Neighborhood, describe_neighborhood
from nlu_lite.text.notes import absorb_note_number
from nlu_lite.text.plain_ends import find_plain_begin, is_plain_at_end, list_special_words
from nlu_lite.text.rules import SentenceRules
from nlu_lite.text.terminators import examine_terminator, find_terminator_runs

_WIDEST_BREAK = 8  # characters between paragraphs
_OPENING_BRACKET = re.compile(r"[(（]")
_NO_ITEM = sys.maxsize, sys.maxsize
_BEGIN_SIGN = re.compile(r"[\n\r\f\v\x85\u2028\u2029§:;](?:(?<=[^:;])|[-)DP])")  # of a line, a law or an emoticon


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
    scanner = _SentenceScanner(rules)
    for start, text in texts:
        items = find_list_items(text, rules)
        scanner.scan(start, text, items, _find_certain_begins(text, items, rules, newline_breaks))
    found = (scanner.begins, scanner.word_periods, scanner.detached)
    return SentenceCuts(*(np.array(offsets, np.int64) for offsets in found))


class _SentenceScanner:
    """Find the sentences of each text from left to right, by their terminators.

    List items and lines begin at offsets that no terminator shows, and are found first: a bracket or quotation mark
    before the beginning of a sentence is not open in it.

    Attributes:
        begins: Offsets at which sentences begin, in all texts together.
        word_periods: Offsets of periods that are part of the word before.
        detached: Offsets of terminators that are tokens although no whitespace follows them.
        start: The offset of the current text; the offsets below are relative to it.
        begin: Where the current sentence begins.
        brackets: The offsets of the opening brackets after `next_bracket`.
        bracket: The offset of the last opening bracket before the current terminator; -1 if there is none.
        next_bracket: The offset of the next one.
        spaced_end: The offset of the last period of the last abbreviation that was written with spaces.
        spaced_word: That abbreviation without its spaces and last period.
        is_repetitive: Whether the last decision was recalled.
        neighborhood: The neighborhood of the last terminator about which the rules or the memory decided.
    """

    def __init__(self, rules: SentenceRules) -> None:
        self.rules = rules
        self.special_words = list_special_words(rules)
        self.memory = DecisionMemory()
        self.begins: list[int] = []
        self.word_periods: list[int] = []
        self.detached: list[int] = []
        self.is_repetitive = False
        self.neighborhood: Neighborhood | None = None

    def scan(self, start: int, text: str, items: ListItems, certain: Sequence[int]) -> None:
        """Decide about the terminators of a text between list items and other certain begins, both sorted."""
        self.start, self.text, self.begin, self.spaced_end, self.spaced_word = start, text, 0, -1, ""
        self.brackets = chain(map(re.Match.start, _OPENING_BRACKET.finditer(text)), repeat(sys.maxsize))
        self.bracket, self.next_bracket = -1, next(self.brackets)
        if certain:
            self.begins += [start + offset for offset in certain]
            self._scan_between(items, certain)
            return
        for run in find_terminator_runs(text, self.rules):
            self._examine(run, run.start())

    def _scan_between(self, items: ListItems, certain: Sequence[int]) -> None:
        passed, markers = iter([*certain, sys.maxsize]), chain(zip(items.begins, items.ends, strict=True), [_NO_ITEM])
        begin, (marker, marker_end) = next(passed), next(markers)
        add_word_period = self.word_periods.append
        for run in find_terminator_runs(self.text, self.rules):
            place = run.start()
            if begin <= place:
                while (following := next(passed)) <= place:
                    begin = following
                self.begin, begin = max(self.begin, begin), following
            while marker_end <= place:
                marker, marker_end = next(markers)
            if marker <= place:
                add_word_period(self.start + place)
            elif not self._is_plainly_last(run, begin):
                self._examine(run, place)

    def _is_plainly_last(self, run: re.Match[str], begin: int) -> bool:
        """Return whether only whitespace follows before a certain begin, so that the sentence ends in any case."""
        end = run.end()
        if begin - end > _WIDEST_BREAK or run.start() <= self.spaced_end or not self.text[end:begin].isspace():
            return False
        return is_plain_at_end(run, self.begin, self.rules, self.special_words)

    def _examine(self, run: re.Match[str], place: int) -> None:
        """Decide about a terminator; in repetitive text, an earlier decision is likelier than a plain end."""
        if place < self.spaced_end:  # an earlier period of a spaced abbreviation is recorded already
            return
        while self.next_bracket < place:
            self.bracket, self.next_bracket = self.next_bracket, next(self.brackets)
        decision = self._recall(place) if self.is_repetitive else None
        if decision is None and place > self.spaced_end:
            after = find_plain_begin(run, self.begin, self.bracket, self.rules, self.special_words)
            if after:
                self.is_repetitive = False
                self._begin_sentence(after)
                return
        self._record(place, decision or self._decide(run, place))

    def _recall(self, place: int) -> Decision | None:
        """Return the decision about another terminator in the same neighborhood."""
        spaced_word = self.spaced_word if place == self.spaced_end else ""
        self.neighborhood = describe_neighborhood(self.text, place, self.begin, self.bracket, spaced_word)
        return self.memory.recall(self.neighborhood)

    def _begin_sentence(self, begin: int) -> None:
        if begin < len(self.text):
            self.begin = begin
            self.begins.append(self.start + begin)

    def _decide(self, run: re.Match[str], place: int) -> Decision:
        """Recall a decision, or decide by the rules."""
        decision = None if self.is_repetitive else self._recall(place)
        self.is_repetitive = decision is not None
        if decision is None:
            mark = examine_terminator(run, self.rules, self.begin)
            mark = absorb_emoticons(mark)
            mark = mark if mark.gap else absorb_note_number(mark)
            decision = decide_terminator(mark, self.spaced_word if place == self.spaced_end else "")
            self.memory.keep(self.neighborhood, mark, decision)
        return decision

    def _record(self, place: int, decision: Decision) -> None:
        for period in decision.word_periods:
            self.word_periods.append(self.start + place + period)
        if decision.begin:
            self._begin_sentence(place + decision.begin)
        if decision.is_detached:
            self.detached.append(self.start + place)
        if decision.spaced_end:
            self.spaced_end, self.spaced_word = place + decision.spaced_end, decision.spaced_word


def _find_certain_begins(
    text: str, items: ListItems, rules: SentenceRules, newline_breaks: NewlineBreaks
) -> Sequence[int]:
    """Find the begins of list items and lines, sorted; a marker alone on its line is not separated from its item."""
    if not items.begins and not _BEGIN_SIGN.search(text):
        return ()
    begins = set(items.begins)
    found = set(chain(find_line_begins(text, rules, newline_breaks), find_begins_after_emoticons(text)))
    for begin in found - begins:
        place = bisect_left(items.ends, begin)
        if place == len(items.ends) or begin <= items.begins[place]:
            begins.add(begin)
    return sorted(begins)
