"""Search a text for the spellings of list markers, each stretch of the text once for each spelling."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cache
from itertools import islice

_MOST_HITS = 4096  # hits of a spelling that are remembered
_READ_AHEAD = 8000  # characters after the end of a search that has been resumed
_GAP = 40  # characters between a stretch and the begin of a search that resumes it
_HITS_AHEAD = 64  # hits that such a search finds at once


@dataclass
class _Stretch:
    """A stretch of the text that has been searched for a spelling.

    Attributes:
        begin: Where the stretch begins.
        end: The offset at which the next hit may be.
        hits: The offsets of the spelling in the stretch, sorted.
    """

    begin: int
    end: int
    hits: list[int] = field(default_factory=list)


class SpellingSearch:
    """Find where spellings that no word precedes occur next; each search resumes where the last one ended.

    Without this memory, the search for a label that does not occur would read the same text after every marker.

    Attributes:
        text: The text that is searched.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._stretches: dict[str, _Stretch] = {}

    def find_next(self, wanted: str, begin: int, end: int) -> int:
        """Return the first offset of a spelling that is within ``[begin, end)``; -1 if there is none.

        Example:
            >>> SpellingSearch("1. No2. 2. Yes").find_next("2.", 0, 14)
            8
        """
        if len(wanted) == 1:  # a bullet, which is near or rare
            near = _compile_spelling(wanted).search(self.text, begin, end)
            return near.start() if near else -1
        stretch, last = self._open_stretch(wanted, begin), min(end, len(self.text)) - len(wanted)
        number = bisect_left(stretch.hits, begin)
        while number == len(stretch.hits):
            if stretch.end > last:
                return -1
            self._extend(stretch, wanted, end)
            number = bisect_left(stretch.hits, begin)
        hit = stretch.hits[number]
        return hit if hit <= last else -1

    def _open_stretch(self, wanted: str, begin: int) -> _Stretch:
        """Return the stretch in which an offset is, or that ends shortly before it, or else a new one."""
        stretch = self._stretches.get(wanted)
        if stretch is None or not stretch.begin <= begin <= stretch.end + _GAP or len(stretch.hits) > _MOST_HITS:
            stretch = self._stretches[wanted] = _Stretch(begin, begin)
        return stretch

    def find_read_end(self, wanted: str, begin: int) -> int:
        """Return the offset up to which a spelling is known not to occur from another offset on."""
        stretch = self._stretches.get(wanted)
        if stretch is None or begin < stretch.begin or (stretch.hits and stretch.hits[-1] >= begin):
            return begin
        return stretch.end + len(wanted) - 1

    def _extend(self, stretch: _Stretch, wanted: str, end: int) -> None:
        """Search for the next hit; for several hits, beyond the end, if the text before was searched earlier."""
        resumed = stretch.end > stretch.begin
        limit, most = (end + _READ_AHEAD, _HITS_AHEAD) if resumed else (end, 1)
        found = _compile_spelling(wanted).finditer(self.text, stretch.end, limit)
        hits = [hit.start() for hit in islice(found, most)]
        stretch.hits += hits
        read = hits[-1] + len(wanted) if len(hits) == most else min(limit, len(self.text)) - len(wanted) + 1
        stretch.end = max(stretch.end, read)


@cache
def _compile_spelling(spelling: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(spelling)}(?<![^\W\u3040-\u9fff]{re.escape(spelling)})")
