"""Where words begin and end: ICU's word rules (UAX 29), with its dictionaries for scripts without spaces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlu_lite.text.characters import Characters


def word_cuts(characters: Characters, language: str) -> NDArray[np.int64]:
    """Give the offsets in code points at which ICU cuts.

    Args:
        characters: The text.
        language: Whose rules count; one without rules of its own gets Unicode's default.
    """
    from icu4py.breakers import WordBreaker

    segments = WordBreaker(characters.text, "" if language == "xx" else language).segments()
    begins = np.fromiter((begin for begin, _ in segments), np.int64)
    return characters.from_utf16(begins)
