"""Where sentences begin: at the stops of a text, where the rules of its language do not speak against it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlu_lite.text.rules import SentenceRules
from nlu_lite.text.settings import NewlineBreaks

STOPS = ".!?…‼⁇⁈⁉。．！？｡।॥؟۔։᙮។៕၊။᠃᠉꓿⸮"
TIGHT = "。！？｡"  # after these the next sentence begins without a space
CLOSERS = "\"'”’»)]}›」』）】〉》｣›］｝"
OPENERS = "\"'“‘„‚«»‹›(\\[{「『（【〈《｢–—−\\-¿¡*•·`"
PARAGRAPHS = {
    NewlineBreaks.PARAGRAPHS: r"[\n\r\f\u2029](?:(?<=\n)[^\S\n]*+\n|(?<=\r)[^\S\n\r]*+\r|(?<=[\f\u2029]))",
    NewlineBreaks.LINES: r"[\n\r\f\v\x85\u2028\u2029]",
    NewlineBreaks.NEVER: r"(?!)",
}
GOING_ON = ",;:)]}%/"
LOOK_BACK = 32  # characters before a stop that may be an abbreviation


@dataclass(frozen=True)
class Cuts:
    """What is known of a text's sentences.

    Attributes:
        begins: int64, offsets at which a sentence begins.
        stops_of_words: int64, offsets of full stops that belong to the word before.
        stops_apart: int64, offsets of stops that do not, though no white space follows.
    """

    begins: NDArray[np.int64]
    stops_of_words: NDArray[np.int64]
    stops_apart: NDArray[np.int64]


class _Stop(NamedTuple):
    """A run of stops and what follows it: closing signs, white space, opening signs, and a character."""

    start: int
    end: int
    sign: str
    closed: str
    gap: str
    opener: str
    following: str

    @property
    def is_single(self) -> bool:
        return self.sign == "." and self.end - self.start == 1


def sentence_cuts(texts: Iterable[tuple[int, str]], rules: SentenceRules, newline_breaks: NewlineBreaks) -> Cuts:
    """Find where sentences begin, in code points.

    Args:
        texts: Each with the offset that is added to what is found in it.
        rules: Those of their language.
        newline_breaks: Which line breaks end a sentence.
    """
    begins: list[int] = []
    words: list[int] = []
    apart: list[int] = []
    for start, text in texts:
        finder = _Finder(text, rules)
        finder.walk()
        begins += [start + offset for offset in finder.begins]
        begins += [start + match.end() for match in re.finditer(PARAGRAPHS[newline_breaks], text)]
        words += [start + offset for offset in finder.words]
        apart += [start + offset for offset in finder.apart]
    return Cuts(np.array(begins, np.int64), np.array(words, np.int64), np.array(apart, np.int64))


class _Finder:
    """One walk over the stops of one text."""

    def __init__(self, text: str, rules: SentenceRules) -> None:
        self.text = text
        self.rules = rules
        self.begin = 0
        self.begins: list[int] = []
        self.words: list[int] = []
        self.apart: list[int] = []
        self.counted = self.quotes = 0

    def walk(self) -> None:
        for found in _stop_pattern(self.rules.stops + self.rules.weak).finditer(self.text):
            after = _AFTER.match(self.text, found.end())
            assert after is not None
            self._look_at(_Stop(found.start(), found.end(), self.text[found.end() - 1], *after.group(1, 2, 3, 4)))

    def _look_at(self, stop: _Stop) -> None:
        if not stop.gap and stop.following and not self._is_tight(stop):
            if stop.is_single:
                self._acronym_stop(stop.start, stop.following or stop.opener)
            return
        if stop.is_single and self._belongs(stop.start, stop.closed, stop.opener, stop.following):
            return
        late = self._late_closer(stop.end + len(stop.closed))
        if self._ends(stop._replace(closed=stop.closed + late.strip()) if late else stop):
            ends = stop.end + len(stop.closed) + len(late or stop.gap)
            self.begin = self.counted = ends
            self.quotes = 0
            self.begins.append(ends)

    def _is_tight(self, stop: _Stop) -> bool:
        """Whether a sentence can begin without white space: in scripts without it, or where it was forgotten."""
        if stop.sign in TIGHT or ("\u3041" <= stop.following <= "\u9fff" and stop.sign in "!?"):
            return True
        if stop.closed or stop.opener or not stop.following.isupper() or self.rules.case == "none":
            return False
        before, after = self.text[max(0, stop.start - 2) : stop.start], self.text[stop.end + 1 : stop.end + 2]
        forgotten = before.isalpha() and before.islower() and (after.islower() or after.isspace())
        if forgotten and not _is_address(self.text, stop.start):
            self.apart.append(stop.start)
            return True
        return False

    def _late_closer(self, end: int) -> str:
        """A closing quote after white space, with that white space; empty where there is none."""
        late = _LATE_CLOSER.match(self.text, end)
        return late.group() if late and (late.group(1) != '"' or self._is_open(end)) else ""

    def _is_open(self, end: int) -> bool:
        """Whether a straight quote was opened in this sentence; counted on from where it was last asked."""
        self.quotes += self.text.count('"', self.counted, end)
        self.counted = end
        return self.quotes % 2 == 1

    def _ends(self, stop: _Stop) -> bool:
        """Whether a stop that belongs to no word ends its sentence."""
        rules = self.rules
        quoted = not _QUOTES.isdisjoint(stop.closed)
        if stop.sign in rules.weak:
            return bool(stop.gap) and stop.following.isupper()
        if stop.following and not stop.opener and stop.following in (GOING_ON if stop.gap else GOING_ON + STOPS):
            return False
        if stop.closed and rules.goes_on and _compiled(rules.goes_on).match(self.text, stop.end + len(stop.closed)):
            return False
        if rules.quoted == "continues" and quoted and _QUOTES.isdisjoint(stop.opener):
            return False
        return not self._is_small(stop.following) or self._ends_before_small(stop)

    def _ends_before_small(self, stop: _Stop) -> bool:
        """What is in quotes or brackets, or has a dash after it, goes on: "Why?" - he asked."""
        if stop.closed or stop.sign == "…" or not _DASHES.isdisjoint(stop.opener):
            return False
        if stop.sign in "!?":
            return self.rules.lowercase != "continues"
        word = _word_before(self.text, stop.start) if stop.is_single else ""
        return stop.sign != "." or (len(word) > 3 and word.isalpha() and not word.isupper())

    def _acronym_stop(self, start: int, following: str) -> None:
        """Keep the last stop of ``U.S.`` before a comma with its word."""
        word = _word_before(self.text, start)
        if word and not (following or " ").isalnum() and self._is_abbreviation(word):
            self.words.append(start)

    def _is_abbreviation(self, word: str) -> bool:
        low = word.lower()
        rules = self.rules
        listed = low in rules.titles or low in rules.abbreviations or low in rules.final or low in rules.numbered
        return listed or self._is_initial(word) or _ACRONYM.fullmatch(word) is not None

    def _is_initial(self, word: str) -> bool:
        if (len(word) == 1 and word.isupper()) or _NAMED.fullmatch(word):
            return True
        return bool(self.rules.initials) and _compiled(self.rules.initials).fullmatch(word) is not None

    def _is_small(self, following: str) -> bool:
        return self.rules.case == "two" and following.islower()

    def _belongs(self, start: int, closed: str, opener: str, following: str) -> bool:
        """Whether a full stop belongs to its word; then it is noted, and whether it ends a sentence is said."""
        word = _word_before(self.text, start)
        if not word:
            return False
        if self._is_ordinal(word, start, following):
            self.words.append(start)
            return True
        if not self._is_abbreviation(word):
            return False
        if closed and not _ACRONYM.fullmatch(word) and word.lower() not in self.rules.final:
            return False
        last = not following and not opener.strip()
        if not (last and len(word) == 1):
            self.words.append(start)
        return not last and not self._may_end(word, opener, following, start)

    def _may_end(self, word: str, opener: str, following: str, start: int) -> bool:
        """Whether an abbreviation ends its sentence too."""
        low, rules = word.lower(), self.rules
        if low in rules.titles or (len(word) == 1 and word.isupper()):
            return False
        if low in rules.numbered:
            return not following.isdigit() and (following.isupper() or bool(opener)) and low not in rules.abbreviations
        if low in rules.final:
            return following.isupper() or (bool(opener) and not self._is_small(following))
        if low in rules.abbreviations or self._is_initial(word):
            return False
        return following.isupper() and _word_after(self.text, start + 1).lower() in rules.starters

    def _is_ordinal(self, word: str, start: int, following: str) -> bool:
        """Whether the stop makes an ordinal or numbers an item of a list."""
        if not (word.isdigit() or ("roman" in self.rules.ordinals and _ROMAN.fullmatch(word))):
            return False
        before = self.text[max(self.begin, start - LOOK_BACK) : start - len(word)]
        listed = len(word) <= 3 and not before.strip()
        if listed or not self.rules.ordinals:
            return listed and bool(following)
        if self._is_small(following) or _word_after(self.text, start + 1).lower() in self.rules.months:
            return True
        short = "all" in self.rules.ordinals or not word.isdigit() or len(word) <= 2
        return short and following.isupper()


_AFTER = re.compile(rf"((?:''|[{re.escape(CLOSERS)}])*+)(\s*+)((?:,,|[{OPENERS}\s])*+)(.?)", re.DOTALL)
_LATE_CLOSER = re.compile(r"[^\S\n]{1,2}(''|[\"”»])(?=\s|$|[,.;])")
_ACRONYM = re.compile(r"[^\W\d_]{1,3}(?:\.[^\W\d_]{1,3})+")
_NAMED = re.compile(r"[^\W\d_]\.-[^\W\d_]|[A-Z][a-z]?\.-?[A-Z]")
_ROMAN = re.compile(r"[IVXLC]+")
_DASHES = frozenset("-–—−")
_QUOTES = frozenset("\"'“”‘’»›」』")


@cache
def _stop_pattern(more: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(STOPS + more)}]++")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _word_before(text: str, end: int) -> str:
    """The word that ends at `end`, dots inside it included; empty where it is longer than any abbreviation."""
    if not end or text[end - 1].isspace():
        return ""
    window = text[max(0, end - LOOK_BACK) : end]
    word = window.rsplit(None, 1)[-1]
    if len(word) == LOOK_BACK or word.endswith("."):
        return ""
    return _PARTING.split(word)[-1].strip("-")


_PARTING = re.compile(r"[(\[{\"“”„«»‹›'’‘/–—,;:]")


def _is_address(text: str, place: int) -> bool:
    """Whether a stop stands in what looks like an address of the web or of mail."""
    around = text[max(0, place - LOOK_BACK) : place].split()[-1:] + text[place : place + LOOK_BACK].split()[:1]
    return any(sign in part for part in around for sign in ("/", "@", "www.", "_"))


def _word_after(text: str, begin: int) -> str:
    found = _NEXT.match(text, begin)
    return found.group(1) if found else ""


_NEXT = re.compile(r"[\s\"“„«‘'(]*+(\w{1,24})")
