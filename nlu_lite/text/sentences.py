"""Find where sentences begin: after terminators, unless the rules of the language say that the sentence continues."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nlu_lite.options import NewlineBreaks
from nlu_lite.text.abbreviations import compile_spaced_forms, find_word_before
from nlu_lite.text.boundaries import ends_sentence, lacks_space, touches_next
from nlu_lite.text.periods import PeriodRole, classify_period, is_word_part
from nlu_lite.text.rules import SentenceRules
from nlu_lite.text.terminators import Terminator, examine_terminator, find_terminator_runs

NEWLINE_PATTERNS = {
    NewlineBreaks.PARAGRAPHS: r"[\n\r\f\u2029](?:(?<=\n)[^\S\n]*+\n|(?<=\r)[^\S\n\r]*+\r|(?<=[\f\u2029]))",
    NewlineBreaks.LINES: r"[\n\r\f\v\x85\u2028\u2029]",
    NewlineBreaks.NEVER: r"(?!)",
}
_LATE_CLOSER = re.compile(r"[^\S\n]{1,2}(''|[\"”»])(?=\s|$|[,.;])")


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
        scanner = _SentenceScanner(text, rules)
        scanner.scan()
        begins += [start + offset for offset in scanner.begins]
        begins += [start + match.end() for match in re.finditer(NEWLINE_PATTERNS[newline_breaks], text)]
        word_periods += [start + offset for offset in scanner.word_periods]
        detached += [start + offset for offset in scanner.detached]
    return SentenceCuts(np.array(begins, np.int64), np.array(word_periods, np.int64), np.array(detached, np.int64))


class _SentenceScanner:
    """One pass over the terminators of one text, from left to right.

    Attributes:
        begin: Where the current sentence begins.
        begins: Offsets at which the second and later sentences begin.
        word_periods: Offsets of periods that are part of the word before.
        detached: Offsets of terminators that are tokens although no whitespace follows them.
        spaced_end: The offset of the last period of the last abbreviation that was written with spaces.
        spaced_word: That abbreviation without its spaces and last period.
    """

    def __init__(self, text: str, rules: SentenceRules) -> None:
        self.text = text
        self.rules = rules
        self.spaced_forms = compile_spaced_forms(rules)
        self.begin = 0
        self.begins: list[int] = []
        self.word_periods: list[int] = []
        self.detached: list[int] = []
        self.spaced_end, self.spaced_word = -1, ""

    def scan(self) -> None:
        for run in find_terminator_runs(self.text, self.rules):
            if run.start() >= self.spaced_end:  # earlier periods of a spaced abbreviation are recorded already
                self._visit(examine_terminator(run, self.rules, self.begin))

    def _visit(self, mark: Terminator) -> None:
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
        late = self._find_late_closer(mark.closers_end)
        if ends_sentence(mark._replace(closers=mark.closers + late.strip()) if late else mark):
            self.begin = mark.closers_end + len(late or mark.gap)
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
        return self.spaced_word if mark.start == self.spaced_end else find_word_before(self.text, mark.start)

    def _find_late_closer(self, end: int) -> str:
        """Return the closing quotation mark after whitespace, with the whitespace; empty if there is none."""
        late = _LATE_CLOSER.match(self.text, end)
        if late is None or (late.group(1) == '"' and not self._is_quotation_open(end)):
            return ""
        return late.group()

    def _is_quotation_open(self, end: int) -> bool:
        """Return whether the number of straight quotation marks between the sentence's begin and `end` is odd."""
        first, last = (bisect_left(self._straight_quotes, offset) for offset in (self.begin, end))
        return (last - first) % 2 == 1

    @cached_property
    def _straight_quotes(self) -> array[int]:
        return array("q", (match.start() for match in re.finditer('"', self.text)))


def _skip_proclitic(mark: Terminator) -> Terminator:
    """Treat the uppercase letter after a lowercase proclitic as the one that follows: "'t Is"."""
    proclitic = mark.rules.proclitic
    if proclitic is None or not mark.gap:
        return mark
    match = proclitic.match(mark.text, mark.closers_end + len(mark.gap))
    return mark._replace(openers="", following=match.group(1)) if match else mark
