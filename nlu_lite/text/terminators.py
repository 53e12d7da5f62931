"""Sentence terminators with the text around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from nlu_lite.text.abbreviations import LOOKBEHIND
from nlu_lite.text.rules import SentenceRules

TERMINATORS = ".!?…‼⁇⁈⁉。．！？｡।॥؟۔։።፧፨᙮។៕။᠃᠉꓿⸮"
CLOSERS = "\"'”’»)]}›」』）】〉》｣›］｝"
OPENERS = "\"'“‘„‚«»‹›(\\[{「『（【〈《｢–—−\\-¿¡*•·`"
QUOTATION_MARKS = frozenset("\"'“”‘’»›」』«")
DASHES = frozenset("-–—−")
_AFTER = re.compile(
    rf"((?:''|[{re.escape(CLOSERS)}]|[“«‘](?=[\s.,;:!?…{re.escape(CLOSERS)}–—-]|\Z))*+)"
    rf"(\s*+)((?:,,|[{OPENERS}\s])*+)(.?)",
    re.DOTALL,
)
_FIRST_LETTER = re.compile(r"[^\W\d_]")


class Terminator(NamedTuple):
    """A run of sentence terminators and the text after it.

    Attributes:
        start: The offset of the run.
        end: The offset after the run.
        character: The last character of the run.
        closers: The closing quotation marks and brackets directly after the run.
        gap: The whitespace after the closers.
        openers: The opening quotation marks, brackets and dashes after the gap.
        following: The first character after the openers; empty at the end of the text.
    """

    start: int
    end: int
    character: str
    closers: str
    gap: str
    openers: str
    following: str

    @property
    def is_period(self) -> bool:
        """Whether the run is a single period."""
        return self.character == "." and self.end - self.start == 1

    @property
    def closers_end(self) -> int:
        """The offset after the closers."""
        return self.end + len(self.closers)


class Context(NamedTuple):
    """A terminator in its sentence.

    Attributes:
        text: The whole text.
        begin: The offset at which the sentence begins.
        mark: The terminator.
        rules: The rules of the language.
    """

    text: str
    begin: int
    mark: Terminator
    rules: SentenceRules

    @property
    def precedes_lowercase(self) -> bool:
        """Whether a lowercase letter follows, which shows that the sentence continues."""
        return self.rules.case == "bicameral" and self.mark.following.islower()

    @property
    def begins_lowercase(self) -> bool:
        """Whether the sentence began with a lowercase letter: then the writer may capitalize no sentence."""
        first = _FIRST_LETTER.search(self.text, self.begin, self.begin + LOOKBEHIND)
        return first is not None and first.group().islower()


def find_terminators(text: str, rules: SentenceRules) -> Iterator[Terminator]:
    """Find the runs of sentence terminators in a text, from left to right."""
    for run in _compile_run(rules.terminators + rules.weak_terminators).finditer(text):
        after = _AFTER.match(text, run.end())
        assert after is not None
        yield Terminator(run.start(), run.end(), text[run.end() - 1], *after.group(1, 2, 3, 4))


@cache
def _compile_run(extra: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(TERMINATORS + extra)}]++")
