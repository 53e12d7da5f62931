"""Search a text for the spellings of list markers, each stretch of the text once for each spelling."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cache

_MOST_HITS = 4096  # hits of a spelling that are remembered
_READ_AHEAD = 8000  # characters after the end of a search that has been resumed


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

    def find(self, wanted: str, begin: int, end: int) -> int:
        """Return the first offset of a spelling that is within ``[begin, end)``; -1 if there is none.

        Example:
            >>> SpellingSearch("1. No2. 2. Yes").find("2.", 0, 14)
            8
        """
        stretch = self._stretches.get(wanted)
        if stretch is None or not stretch.begin <= begin <= stretch.end or len(stretch.hits) > _MOST_HITS:
            stretch = self._stretches[wanted] = _Stretch(begin, begin)
        number, last = bisect_left(stretch.hits, begin), end - len(wanted)
        if number == len(stretch.hits) and stretch.end <= last:
            self._extend(stretch, wanted, end)
        return stretch.hits[number] if number < len(stretch.hits) and stretch.hits[number] <= last else -1

    def _extend(self, stretch: _Stretch, wanted: str, end: int) -> None:
        """Search for the next hit, beyond the end if the text before the stretch's end was searched earlier."""
        limit = end + _READ_AHEAD * (stretch.end > stretch.begin)
        hit = _compile_spelling(wanted).search(self.text, stretch.end, limit)
        if hit:
            stretch.hits.append(hit.start())
        stretch.end = hit.end() if hit else max(stretch.end, min(limit, len(self.text)) - len(wanted) + 1)


@cache
def _compile_spelling(spelling: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(spelling)}(?<![^\W\u3040-\u9fff]{re.escape(spelling)})")
