"""Find the marker of the next list item: the same bullet, or the next label in the same style."""

from __future__ import annotations

from bisect import bisect_left

from nlu_lite.text.markers import (
    LINE_BULLETS,
    Marker,
    MarkerForm,
    MarkerReader,
    Opening,
    compile_next_bullet,
    follows_abbreviation,
    is_date,
    read_before,
)
from nlu_lite.text.rules import SentenceRules
from nlu_lite.text.spellings import SpellingSearch

_LONGEST_ITEM = 2000  # characters in which the next item is searched
_MOST_WORDS = 5  # of an item in a line that begins with a lowercase letter: clauses of a sentence are longer
_CONJUNCTIONS = frozenset(("と", "や", "及び", "または", "和", "与", "與", "或", "及", "와", "과", "및", "또는"))
_MOST_HITS = 8  # places where the next marker may be; a label that occurs more often without being one ends the list


class SuccessorFinder:
    """Find the markers of the next items in a text, whatever list they belong to.

    A hit of a spelling that begins no item is examined once, and a spelling that does not occur is searched once.

    Attributes:
        text: The text.
        rules: The rules of its language.
        hopeless: For markers as they are written, the last offset at which no list begins with them, nor before it.
        hopeless_in_line: The same for lists that do not begin at the beginning of a line.
    """

    def __init__(self, text: str, rules: SentenceRules) -> None:
        self.text = text
        self.rules = rules
        self.hopeless: dict[str, int] = {"": len(text)}
        self.hopeless_in_line: dict[str, int] = {}
        self._reader = MarkerReader(text)
        self._spellings = SpellingSearch(text)
        self._with_next: dict[MarkerForm, int] = {}
        self._without_next: dict[MarkerForm, tuple[int, int]] = {}
        self._rejected: dict[str, tuple[int, list[int]]] = {}

    def read_first(self, place: int, written: str, opening: Opening) -> Marker | None:
        """Return the marker that is written at a place if a list may begin with it."""
        form, end = self._reader.read_form(place, written), place + len(written)
        if form is None:
            self.hopeless[written] = len(self.text)
            return None
        if form.bullet:
            return Marker(place, end, form, opening is Opening.LINE) if form.may_be_first(opening) else None
        is_line = opening is Opening.LINE
        if not (is_line or form.may_be_first(opening)):
            self.hopeless_in_line[written] = len(self.text)
            return None
        if not (is_line and form.may_be_alone) and self._lacks_next(form, end):
            self._mark_hopeless(form, written)
            return None
        return Marker(place, end, form, is_line)

    def _mark_hopeless(self, form: MarkerForm, written: str) -> None:
        """Remember up to where no list of several items begins with a marker, since no next one is in reach."""
        read = self._without_next[form][1]
        hopeless = self.hopeless_in_line if form.may_be_alone else self.hopeless
        hopeless[written] = read if read == len(self.text) else read - _LONGEST_ITEM - len(written)

    def find_next(self, marker: Marker, opening: Opening) -> Marker | None:
        """Find the marker of the item after that of another one."""
        form = marker.form
        if form.bullet:
            return self._search(marker, form.bullet, opening)
        if self._lacks_next(form, marker.end):
            return None
        first: Marker | None = None
        for wanted in form.next_spellings:
            found = self._search(marker, wanted, opening)
            if found is not None and (first is None or found.begin < first.begin):
                first = found
        return first

    def find_bullets_on_lines(self, marker: Marker) -> dict[int, int]:
        """Return the begins and ends of the next markers with a bullet, as long as each one is at the begin of a line.

        `find_next` would find the same markers one by one.
        """
        spans: dict[int, int] = {}
        pattern, end = compile_next_bullet(marker.form.bullet), marker.end
        while match := pattern.match(self.text, end + 1, end + _LONGEST_ITEM):
            begin, next_end = match.span(1)
            if next_end == match.endpos or self._reader.read_form(begin, match[1]) is None:
                break
            spans[begin] = end = next_end
        return spans

    def _lacks_next(self, form: MarkerForm, end: int) -> bool:
        """Return whether no spelling of the next marker is in reach; a found one is not searched again at once."""
        if end < self._with_next.get(form, 0):
            return False
        begin, read = self._without_next.get(form, (end, -1))
        if begin <= end and (end + _LONGEST_ITEM <= read or read == len(self.text)):
            return True
        if any(self._spellings.find_next(wanted, end + 1, end + _LONGEST_ITEM) >= 0 for wanted in form.next_spellings):
            self._with_next[form] = end + _LONGEST_ITEM
            return False
        ends = [self._spellings.find_read_end(wanted, end + 1) for wanted in form.next_spellings]
        self._without_next[form] = end, min(ends, default=len(self.text))
        return True

    def _search(self, marker: Marker, wanted: str, opening: Opening) -> Marker | None:
        begin, limit = marker.end + 1, marker.end + _LONGEST_ITEM
        first, rejected = self._recall_rejected(wanted, begin) if opening is Opening.SENTENCE else (begin, [])
        most = _MOST_HITS - len(rejected) + bisect_left(rejected, begin)
        place = rejected[-1] + 1 if rejected else begin
        while most > 0 and (hit := self._spellings.find_next(wanted, place, limit)) >= 0:
            following = self._reader.read(hit, wanted)
            if following and (following.is_on_line or self._is_next_in_line(marker, following, wanted, opening)):
                return following
            rejected = [*rejected[1 - _MOST_HITS :], hit]
            place, most = hit + 1, most - 1
        if opening is Opening.SENTENCE and rejected:  # elsewhere the length of the item matters
            self._rejected[wanted] = first, rejected
        return None

    def _recall_rejected(self, wanted: str, begin: int) -> tuple[int, list[int]]:
        """Return the last hits that earlier searches rejected, and the begin of these searches."""
        first, rejected = self._rejected.get(wanted, (begin, []))
        return (first, rejected) if rejected and first <= begin <= rejected[-1] else (begin, [])

    def _is_next_in_line(self, marker: Marker, following: Marker, wanted: str, opening: Opening) -> bool:
        """Return whether a marker in a line begins an item: not after a comma, and rarely before a lowercase letter."""
        text, rules, form = self.text, self.rules, following.form
        if len(form.prefix) > 1 or (wanted in LINE_BULLETS and (wanted != "*" or opening is not Opening.COLON)):
            return False
        before = text[following.begin - 1]
        if not (before.isspace() or form.is_spaceless or form.bullet):
            return False
        leading = read_before(text, following.begin)
        last = leading[-1:]
        if last in ",;，；、،؛(-–—" or follows_abbreviation(leading, following, rules):
            return False
        if form.suffix == "." and rules.ordinals and (opening is Opening.SENTENCE or is_date(text, following, rules)):
            return last in ".!?:"
        is_lowercase = text[following.end].islower()
        if is_lowercase and last.isalnum() and self._ends_with_conjunction(marker, following):
            return False
        if form.is_circled:
            item = text[marker.end : following.begin]
            return len(item) > 1 and item.strip() not in _CONJUNCTIONS
        if form.label.isdecimal() or form.bullet:
            return opening is not Opening.SENTENCE or not is_lowercase
        if is_lowercase:
            short = len(text[marker.end : following.begin].split()) <= _MOST_WORDS
            return short and opening is not Opening.SENTENCE and last.isalnum()
        return last in ".!?:" or form.label.isalpha()

    def _ends_with_conjunction(self, marker: Marker, following: Marker) -> bool:
        """Return whether an ordinary word such as "and" is between an item and the marker of the next one."""
        *others, last = self.text[marker.end : following.begin].split() or [""]
        return bool(others) and last.lower() in self.rules.ordinary_words
