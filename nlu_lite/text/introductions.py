"""Introductions of a sentence that end with an abbreviation: "At 5 p. m. Ann left", "В начале XX в. Россия росла"."""

from __future__ import annotations

import re

from nlu_lite.text.abbreviations import LOOKBEHIND
from nlu_lite.text.starters import is_sentence_starter
from nlu_lite.text.terminators import Terminator

_PREPOSITION_AND_NUMBER = re.compile(  # "At 5", "En el s. III", "Nel I sec.", "В V в. до", "У 1920-х"
    r"\W*([^\W\d_]{1,4})(?:(?:\s[^\W\d_]{1,3})?\s[^\W\d_]{1,4}\.)?\s"
    r"(?:\d[\d:.,/–-]*(?:-?[^\W\d_]{1,2})?|[IVXLC]+)(?:\s[^\W\d_]{1,4}\.(?:\s[^\W\d_]{2,4}\b)?)?\s?"
)
_PREPOSITION_AND_TIME = re.compile(  # "В начале XX", "Do konca 80. rokov 20.", "На рубеже XIX–XX"
    r"\W*([^\W\d_]{1,6})\s[^\W\d_]{4,12}(?:\s[^\W\d_]{2,12})?\s(?:[IVXLC]+|[12]\d{3}(?:-х)?|\d{1,2}\.)"
    r"(?:[–-](?:[IVXLC]+|[12]\d{3}))?(?:\s[^\W\d_]{1,4}\.(?:\s[^\W\d_]{2,4}\b)?)?\s?"
)
_LONGEST_PHRASE = 48  # characters of a preposition, nouns and a time


def ends_introduction(word: str, mark: Terminator) -> bool:
    """Return whether the sentence has only a preposition and a number or time before the word that a period ends."""
    if mark.start - mark.sentence_begin > _LONGEST_PHRASE:
        return False
    spelling = r"\.\s?".join(map(re.escape, word.split(".")))
    phrase = re.sub(rf"{spelling}\Z", "", mark.text[mark.sentence_begin : mark.start])
    return _is_short_introduction(phrase, mark) or _is_phrase_of_time(phrase, mark)


def _is_short_introduction(phrase: str, mark: Terminator) -> bool:
    found = _PREPOSITION_AND_NUMBER.fullmatch(phrase) if len(phrase) < LOOKBEHIND else None
    first = found.group(1).lower() if found else ""
    return first in mark.rules.ordinary_words and first in mark.rules.sentence_starters


def _is_phrase_of_time(phrase: str, mark: Terminator) -> bool:
    """Return whether a phrase with a noun ends with a year or century, and the next word may be a name."""
    if not mark.rules.prepositions:
        return False
    found = _PREPOSITION_AND_TIME.fullmatch(phrase)
    return found is not None and found.group(1).lower() in mark.rules.prepositions and not is_sentence_starter(mark)
