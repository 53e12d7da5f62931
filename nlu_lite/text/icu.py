"""Word boundaries of ICU: Unicode's default rules (UAX 29) and dictionaries for scripts without spaces."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from operator import itemgetter

import numpy as np

from nlu_lite.text.characters import Bools, Characters


def find_icu_cuts(characters: Characters, language: str) -> Bools:
    """Find where words begin and end; ICU applies Unicode's default to a language that it does not know.

    Returns:
        bool [N + 1], whether a word begins or ends at each offset in code points; runs of whitespace count as words.
    """
    ends = np.fromiter(map(itemgetter(1), _iterate_segments(characters.text, language)), np.int64)
    cuts = np.zeros(len(characters.points) + 1, bool)
    cuts[characters.convert_utf16_offsets(ends)] = True
    cuts[characters.find_space_edges()] = True
    cuts[[0, -1]] = True
    return cuts


@lru_cache(maxsize=65536)  # the rules ask about the same parts of words again and again
def is_icu_word(text: str, language: str) -> bool:
    """Return whether ICU has a text as one word."""
    return sum(1 for _ in _iterate_segments(text, language)) == 1


def _iterate_segments(text: str, language: str) -> Iterator[tuple[int, int]]:
    from icu4py.breakers import WordBreaker

    spans: Iterator[tuple[int, int]] = WordBreaker(text, "" if language == "xx" else language).segments()
    return spans
