"""Where sentences begin: sentencex, which knows the abbreviations of some 300 languages."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlu_lite.text.characters import Characters


def sentence_cuts(characters: Characters, language: str) -> NDArray[np.int64]:
    """Give the offsets in code points at which a sentence begins.

    Args:
        characters: The text.
        language: Whose abbreviations and stops count; one without rules of its own gets sentencex's default.
    """
    import sentencex

    boundaries = sentencex.get_sentence_boundaries(language, characters.text)
    return np.fromiter((boundary["start_index"] for boundary in boundaries), np.int64, len(boundaries))
