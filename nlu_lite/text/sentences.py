"""Where sentences begin: at the stops of a text, where the rules of its language do not speak against it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlu_lite.text.abbreviations import (
    LOOK_BACK,
    SHORT,
    Kind,
    compiled,
    counts,
    kind_of,
    may_be_short,
    spaced_forms,
    word_before,
)
from nlu_lite.text.rules import SentenceRules
from nlu_lite.text.settings import NewlineBreaks

STOPS = ".!?…‼⁇⁈⁉。．！？｡।॥؟۔։።፧፨᙮។៕။᠃᠉꓿⸮"
TIGHT = "。！？｡"  # after these the next sentence begins without a space
CLOSERS = "\"'”’»)]}›」』）】〉》｣›］｝"
OPENERS = "\"'“‘„‚«»‹›(\\[{「『（【〈《｢–—−\\-¿¡*•·`"
PARAGRAPHS = {
    NewlineBreaks.PARAGRAPHS: r"[\n\r\f\u2029](?:(?<=\n)[^\S\n]*+\n|(?<=\r)[^\S\n\r]*+\r|(?<=[\f\u2029]))",
    NewlineBreaks.LINES: r"[\n\r\f\v\x85\u2028\u2029]",
    NewlineBreaks.NEVER: r"(?!)",
}
GOING_ON = ",;:)]}%/"
ASIDE = 150  # characters of what stands in brackets inside a sentence
FACE = re.compile(
    r"[:;=8<xX](?:(?<=[:;=8])(?<![\w:;=].)['’]?-?[()\[\]DPpOo3/\\|*](?![\w/])|(?<=<)3(?!\d)|(?<=[xX])(?<!\w.)D(?!\w))"
)


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
        self.spaced = spaced_forms(rules)
        self.begin = 0
        self.begins: list[int] = []
        self.words: list[int] = []
        self.apart: list[int] = []
        self.counted = self.quotes = 0
        self.last_of_spaced, self.joined = -1, ""

    def walk(self) -> None:
        for found in _stop_pattern(self.rules.stops + self.rules.weak).finditer(self.text):
            if found.start() < self.last_of_spaced:
                continue
            after = _AFTER.match(self.text, found.end())
            assert after is not None
            self._look_at(_Stop(found.start(), found.end(), self.text[found.end() - 1], *after.group(1, 2, 3, 4)))

    def _look_at(self, stop: _Stop) -> None:
        follows_at_once = not stop.gap and stop.following != "" and not self._is_tight(stop)
        if follows_at_once and not self._is_forgotten(stop):
            if stop.is_single:
                self._inner_stop(stop)
            return
        stop = self._past_clitic(stop)
        if stop.is_single and (self._begins_spaced(stop) or self._belongs(stop)):
            return
        if follows_at_once and self.words[-1:] != [stop.start]:
            self.apart.append(stop.start)
        late = self._late_closer(stop.end + len(stop.closed))
        if self._ends(stop._replace(closed=stop.closed + late.strip()) if late else stop):
            self._end_at(stop.end + len(stop.closed) + len(late or stop.gap))

    def _end_at(self, offset: int) -> None:
        self.begin = self.counted = offset
        self.quotes = 0
        self.begins.append(offset)

    def _past_clitic(self, stop: _Stop) -> _Stop:
        """Take the capital behind a small clitic for what follows: 't Is."""
        if not self.rules.begins or not stop.gap:
            return stop
        clitic = compiled(self.rules.begins).match(self.text, stop.end + len(stop.closed) + len(stop.gap))
        return stop._replace(opener="", following=clitic.group(1)) if clitic else stop

    def _is_tight(self, stop: _Stop) -> bool:
        """Whether a sentence can begin without white space, as in scripts without it."""
        return stop.sign in TIGHT or ("\u3041" <= stop.following <= "\u9fff" and stop.sign in "!?")

    def _is_forgotten(self, stop: _Stop) -> bool:
        """Whether the white space before a sentence was forgotten: a small letter stands before the stop."""
        if stop.closed or stop.opener or not stop.following.isupper() or self.rules.case == "none":
            return False
        before, after = self.text[max(0, stop.start - 2) : stop.start], self.text[stop.end + 1 : stop.end + 2]
        forgotten = before.isalpha() and before.islower() and (after.islower() or after.isspace())
        return forgotten and not _is_address(self.text, stop.start)

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
            return bool(stop.gap) and stop.following.isupper() and self._opened(stop) < 0
        if stop.following and not stop.opener and stop.following in (GOING_ON if stop.gap else GOING_ON + STOPS):
            return False
        if stop.closed and rules.goes_on and compiled(rules.goes_on).match(self.text, stop.end + len(stop.closed)):
            return False
        if rules.quoted == "continues" and quoted and _QUOTES.isdisjoint(stop.opener):
            return False
        if self._is_in_brackets(stop):
            return False
        return not self._is_small(stop.following) or self._ends_before_small(stop)

    def _is_in_brackets(self, stop: _Stop) -> bool:
        """Whether a bracket that was opened inside the sentence is still open: what stands in it ends no sentence."""
        opened = self._opened(stop)
        return opened >= 0 and self.text[max(self.begin, stop.start - ASIDE) : opened].strip() != ""

    def _opened(self, stop: _Stop) -> int:
        """Where the bracket stands that is open at a stop and closed soon after it; -1 where there is none."""
        first = max(self.begin, stop.start - ASIDE)
        opened = self.text.rfind("(", first, stop.start)
        if opened > 0 and not self.text[opened - 1].isspace():
            faces = {face.end() - 1 for face in FACE.finditer(self.text, first, opened + 2)}
            while opened in faces:
                opened = self.text.rfind("(", first, opened)
        if opened < 0 or ")" in self.text[opened : stop.end + len(stop.closed)]:
            return -1
        return opened if _CLOSED_SOON.match(self.text, stop.end) else -1

    def _ends_before_small(self, stop: _Stop) -> bool:
        """What is in quotes or brackets, or has a dash after it, goes on: "Why?" - he asked."""
        if stop.closed or stop.sign == "…" or not _DASHES.isdisjoint(stop.opener):
            return False
        if stop.sign in "!?":
            return self.rules.lowercase != "continues"
        word = word_before(self.text, stop.start) if stop.is_single else ""
        long = len(word) > SHORT or self._began_small()
        return stop.sign != "." or (long and word.isalpha() and not word.isupper())

    def _began_small(self) -> bool:
        """Whether this sentence began with a small letter: then the writer may give capitals to none."""
        first = _FIRST_LETTER.search(self.text, self.begin, self.begin + LOOK_BACK)
        return first is not None and first.group().islower()

    def _inner_stop(self, stop: _Stop) -> None:
        """Keep a stop with its word where no white space follows, as in ``U.S.,`` and ``3.-5. May``."""
        word, following = word_before(self.text, stop.start), stop.following
        if word.isdigit():
            ranged = following.isdigit() and stop.opener != "" and stop.opener in _DASHES
            belongs = self.rules.ordinals != frozenset() and (ranged or following == "/")
        elif following == "," and not (stop.closed or stop.opener):
            belongs = word.isalpha() or self._kind(word, stop) is not None
        else:
            belongs = bool(word) and not (following or " ").isalnum() and self._kind(word, stop) is not None
        if belongs:
            self.words.append(stop.start)

    def _is_small(self, following: str) -> bool:
        return self.rules.case == "two" and following.islower()

    def _begins_spaced(self, stop: _Stop) -> bool:
        """Note an abbreviation whose parts are written with spaces, from its first stop on."""
        if stop.start == self.last_of_spaced or not stop.gap:
            return False
        word = word_before(self.text, stop.start)
        form = self.spaced.get(word.lower())
        found = form.match(self.text, stop.start) if form else None
        if found is None:
            return False
        self.words += [stop.start + match.start() for match in re.finditer(r"\.", found.group())]
        self.last_of_spaced, self.joined = found.end(), word + "".join(found.group().split())
        return True

    def _kind(self, word: str, stop: _Stop) -> Kind | None:
        begin = stop.start - len(word)
        before = self.text[max(0, begin - LOOK_BACK) : begin]
        return kind_of(word, before, self.text[stop.end : stop.end + LOOK_BACK], self.rules)

    def _belongs(self, stop: _Stop) -> bool:
        """Whether a full stop belongs to its word and ends no sentence; noted where it belongs to the word."""
        word = self.joined if stop.start == self.last_of_spaced else word_before(self.text, stop.start)
        if not word:
            return False
        if self._is_ordinal(word, stop):
            self.words.append(stop.start)
            return True
        kind = self._kind(word, stop)
        last = not stop.following and not stop.opener.strip()
        if kind is None:
            return self._is_unknown(word, stop)
        if (stop.closed and not _stays_closed(kind, stop.closed)) or (last and len(word) == 1):
            return False
        self.words.append(stop.start)
        return not last and not self._may_end(kind, stop)

    def _is_unknown(self, word: str, stop: _Stop) -> bool:
        """Whether a word that no list has is an abbreviation, since the sentence goes on; then its stop is noted."""
        if stop.closed or stop.opener or not self._is_small(stop.following) or not may_be_short(word, self.rules):
            return False
        if self._began_small():
            return False
        self.words.append(stop.start)
        return True

    def _may_end(self, kind: Kind, stop: _Stop) -> bool:
        """Whether an abbreviation ends its sentence too."""
        if kind in (Kind.TITLE, Kind.LEADING, Kind.NUMBERED) or self._is_in_brackets(stop):
            return False
        begins = stop.following.isalpha() and not self._is_small(stop.following)
        if kind is Kind.FINAL or (kind is Kind.UNIT and self.rules.capitals != "nouns"):
            return begins or (bool(stop.opener) and not self._is_small(stop.following))
        return begins and (self._is_starter(stop) or (kind is not Kind.INITIAL and self._is_short_starter(stop)))

    def _is_starter(self, stop: _Stop) -> bool:
        """Whether the next word is one that begins sentences, and no initial."""
        word = _word_after(self.text, stop.end + len(stop.closed))
        return len(word) > 1 and word.lower() in self.rules.starters

    def _is_short_starter(self, stop: _Stop) -> bool:
        """Whether the next word is a single letter that begins sentences, a word follows it: A man, I went."""
        found = _LETTER_AND_WORD.match(self.text, stop.end + len(stop.closed))
        return found is not None and found.group(1).lower() in self.rules.starters

    def _is_ordinal(self, word: str, stop: _Stop) -> bool:
        """Whether the stop makes an ordinal or numbers an item of a list."""
        number, rules = word.rpartition("-")[2], self.rules
        if not (number.isdigit() or ("roman" in rules.ordinals and _ROMAN.fullmatch(number))):
            return False
        before = self.text[max(self.begin, stop.start - LOOK_BACK) : stop.start - len(number)]
        listed = len(number) <= SHORT and not before.strip()
        if listed or not rules.ordinals:
            return listed and bool(stop.following)
        if _is_date(self.text, before, stop):
            return True
        return "dates" not in rules.ordinals and self._is_counting(number, before, stop)

    def _is_counting(self, number: str, before: str, stop: _Stop) -> bool:
        """Whether what follows says that a number is an ordinal."""
        rules = self.rules
        if self._is_small(stop.following) or _word_after(self.text, stop.end).lower() in rules.months:
            return not _DECIMAL.search(before)
        short = "all" in rules.ordinals or not number.isdigit() or len(number) <= 2
        return short and stop.following.isupper() and not self._is_starter(stop) and not self._is_cardinal(before)

    def _is_cardinal(self, before: str) -> bool:
        """Whether what stands before a number says that it counts: a sign, No., another number."""
        if _DECIMAL.search(before) or _COUNTED.search(before):
            return True
        before = before.rstrip()
        return before.endswith(".") and counts(word_before(before, len(before) - 1), self.rules)


def _is_date(text: str, before: str, stop: _Stop) -> bool:
    """Whether a number with a stop is the day, month or year of a date in figures: 3. 10. 2020."""
    if not stop.following.isdigit() or stop.opener:
        return False
    number = _NUMBER_AND_STOP.match(text, stop.end)
    if number is not None and not _has_case(text[number.end() : number.end() + 1]):
        return True
    return _DATE_BEFORE.search(before) is not None


def _has_case(letter: str) -> bool:
    return letter.isupper() or letter.islower()


def _stays_closed(kind: Kind, closed: str) -> bool:
    """Whether an abbreviation keeps its stop before closing signs; a quotation may end with a stop of its own."""
    if kind in (Kind.FINAL, Kind.UNIT, Kind.ACRONYM):
        return True
    return kind in (Kind.PLAIN, Kind.LEADING, Kind.TITLE) and closed[0] in ")]"


_AFTER = re.compile(
    rf"((?:''|[{re.escape(CLOSERS)}]|[“«‘](?=[\s.,;:!?…{re.escape(CLOSERS)}–—-]|\Z))*+)"
    rf"(\s*+)((?:,,|[{OPENERS}\s])*+)(.?)",
    re.DOTALL,
)
_LATE_CLOSER = re.compile(r"[^\S\n]{1,2}(''|[\"”»])(?=\s|$|[,.;])")
_FIRST_LETTER = re.compile(r"[^\W\d_]")
_ROMAN = re.compile(r"[IVXLC]+")
_DASHES = frozenset("-–—−")
_QUOTES = frozenset("\"'“”‘’»›」』«")
_DECIMAL = re.compile(r"\d[:.,]\Z")
_COUNTED = re.compile(r"\d[-–]\Z|[%№#$€£§]\s?\Z")
_NUMBER_AND_STOP = re.compile(r"\s\d{1,2}\.(?=[\s\d\-–)]|\Z|[^\W\d_])")
_DATE_BEFORE = re.compile(r"(?<!\d)\d{1,2}\.\s?\Z")
_CLOSED_SOON = re.compile(rf"[^()\n]{{0,{ASIDE}}}\)")


@cache
def _stop_pattern(more: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(STOPS + more)}]++")


def _is_address(text: str, place: int) -> bool:
    """Whether a stop stands in what looks like an address of the web or of mail."""
    around = text[max(0, place - LOOK_BACK) : place].split()[-1:] + text[place : place + LOOK_BACK].split()[:1]
    return any(sign in part for part in around for sign in ("/", "@", "www.", "_"))


def _word_after(text: str, begin: int) -> str:
    found = _NEXT.match(text, begin)
    return found.group(1) if found else ""


_LETTER_AND_WORD = re.compile(r"\s*+(\w)\s[^\W\d_]")
_NEXT = re.compile(r"[\s\"“„«‘'(]*+(\w(?:(?![।॥])[\w\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff]){0,23})")
