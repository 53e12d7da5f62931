"""Sentence terminators with the text around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from nlu_lite.text.abbreviations import LOOKBEHIND, find_word_before
from nlu_lite.text.rules import SentenceRules

TERMINATORS = ".!?…‼⁇⁈⁉。．！？｡।॥؟۔։።፧፨᙮។៕။᠃᠉꓿⸮།༎܀܁܂᥄᥅᪨᪩᭞᭟᰻᰼᱾᱿꘎꘏꛳꛷꣎꣏꩝꩞꩟꫰꫱꯫"
CLOSERS = "\"'`”’»)]}›」』）】〉》｣›］｝"
OPENERS = "\"'“‘„‚«»‹›(\\[{「『（【〈《｢–—−\\-¿¡*•·`"
QUOTATION_MARKS = frozenset("\"'“”‘’»›」』«")
DASHES = frozenset("-–—−")
_AFTER_CLOSERS = rf"(\s*+)((?:,,|[{OPENERS}\s])*+)(.?)"
_AFTER = re.compile(
    rf"((?:''|\[\d{{1,3}}\]|(?<=[.!?…])(?:\(\d{{1,3}}\)|[*†‡]{{1,3}}+)(?=\s|\Z)|[{re.escape(CLOSERS)}¹²³⁰-⁹]|[“«‘](?=[\s.,;:!?…‘{re.escape(CLOSERS)}–—¹²³⁰-⁹-]|\Z))*+){_AFTER_CLOSERS}",
    re.DOTALL,
)
_GAP = re.compile(_AFTER_CLOSERS, re.DOTALL)
_SPACED_PERIODS = r"(?:(?<=\.)(?:[^\S\n]\.(?![\w.]))++)?"
_FIRST_LETTER = re.compile(r"[^\W_]")


class Terminator(NamedTuple):
    """A run of sentence terminators in its sentence, and the text after it.

    Attributes:
        text: The whole text.
        rules: The rules of the language.
        sentence_begin: The offset at which the sentence begins.
        start: The offset of the run.
        end: The offset after the run.
        character: The last character of the run.
        is_period: Whether the run is a single period.
        word: The word before the run, with its inner periods.
        closers: The closing quotation marks and brackets directly after the run.
        closers_end: The offset after the closers.
        gap: The whitespace after the closers.
        gap_end: The offset after the gap.
        openers: The opening quotation marks, brackets and dashes after the gap.
        following: The first character after the openers; empty at the end of the text.
    """

    text: str
    rules: SentenceRules
    sentence_begin: int
    start: int
    end: int
    character: str
    is_period: bool
    word: str
    closers: str
    closers_end: int
    gap: str
    gap_end: int
    openers: str
    following: str

    @property
    def precedes_lowercase(self) -> bool:
        """Whether a lowercase letter follows, which shows that the sentence continues."""
        return self.rules.case == "bicameral" and self.following.islower()

    @property
    def precedes_caseless(self) -> bool:
        """Whether a letter of a script without letter cases follows."""
        return self.following.isalpha() and self.following.lower() == self.following.upper()

    @property
    def begins_lowercase(self) -> bool:
        """Whether the sentence began with a lowercase letter: then the writer may capitalize no sentence."""
        return begins_lowercase(self.text, self.sentence_begin)

    def extend_closers(self, end: int) -> Terminator:
        """Count the text up to an offset among the closers."""
        text = self.text
        gap, openers, following = read_after(text, end)
        closers = text[self.end : end]
        return self._replace(
            closers=closers, closers_end=end, gap=gap, gap_end=end + len(gap), openers=openers, following=following
        )


def begins_lowercase(text: str, begin: int) -> bool:
    """Return whether the first letter or digit after an offset is a lowercase letter."""
    first = _FIRST_LETTER.search(text, begin, begin + LOOKBEHIND)
    return first is not None and first.group().islower()


def find_terminator_runs(text: str, rules: SentenceRules) -> Iterator[re.Match[str]]:
    """Find the runs of sentence terminators in a text, from left to right."""
    return _compile_run(rules.terminators + rules.weak_terminators).finditer(text)


def examine_terminator(run: re.Match[str], rules: SentenceRules, sentence_begin: int) -> Terminator:
    """Return a run of sentence terminators with the text after it."""
    text, (start, end) = run.string, run.span()
    after = _AFTER.match(text, end)
    assert after is not None
    closers, gap, openers, following = after.groups()
    closers_end, character, word = end + len(closers), text[end - 1], find_word_before(text, start)
    gap_end, is_period = closers_end + len(gap), character == "." and end - start == 1
    return Terminator(
        text,
        rules,
        sentence_begin,
        start,
        end,
        character,
        is_period,
        word,
        closers,
        closers_end,
        gap,
        gap_end,
        openers,
        following,
    )


def read_after(text: str, begin: int) -> tuple[str, str, str]:
    """Return the whitespace after an offset, the openers after it, and the first character after these."""
    after = _GAP.match(text, begin)
    assert after is not None
    return after.group(1), after.group(2), after.group(3)


@cache
def _compile_run(extra: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(TERMINATORS + extra)}]++{_SPACED_PERIODS}")
