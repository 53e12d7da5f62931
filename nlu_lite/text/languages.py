"""Language codes, and a language for a text of which nothing is known."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib import resources

import numpy as np

from nlu_lite.errors import OptionError
from nlu_lite.text.characters import Characters

SCRIPTS = (
    ("ja", 0x3040, 0x30FF),  # hiragana and katakana, before the Chinese characters that stand among them
    ("ko", 0xAC00, 0xD7AF),
    ("zh", 0x4E00, 0x9FFF),
    ("th", 0x0E00, 0x0E7F),
    ("lo", 0x0E80, 0x0EFF),
    ("my", 0x1000, 0x109F),
    ("km", 0x1780, 0x17FF),
    ("ka", 0x10A0, 0x10FF),
    ("hi", 0x0900, 0x097F),
    ("bn", 0x0980, 0x09FF),
    ("ta", 0x0B80, 0x0BFF),
    ("te", 0x0C00, 0x0C7F),
    ("ml", 0x0D00, 0x0D7F),
    ("ar", 0x0600, 0x06FF),
    ("he", 0x0590, 0x05FF),
    ("el", 0x0370, 0x03FF),
    ("ru", 0x0400, 0x04FF),
)
"""Blocks of Unicode, and a language whose rules serve texts in them."""

MOSTLY = 0.3  # of the letters: Japanese can be written with fewer kana than Chinese characters
SAMPLE = 2000  # characters that are looked at


def check_language(code: str) -> str:
    """Give the code back if it is one that can be asked for.

    Raises:
        OptionError: It is unknown; the nearest are named.
    """
    if code not in known_languages():
        raise OptionError(
            f"language {code!r} is unknown",
            "a code of ISO 639 such as 'de'",
            "Pass 'xx' to find the language from the text",
            get_close_matches(str(code)[:20], known_languages(), cutoff=0.4),
        )
    return code


@cache
def known_languages() -> frozenset[str]:
    """Give all codes that can be asked for."""
    lines = (resources.files("nlu_lite.text") / "data" / "languages.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(code for line in lines if not line.startswith("#") for code in line.split()) | {"xx"}


def detect(text: str) -> str:
    """Give a language whose rules serve the text; ``"xx"`` where it shows none.

    Example:
        >>> detect("Где ты?"), detect("12 + 3")
        ('ru', 'xx')
    """
    return find_language(Characters(text))


def find_language(characters: Characters) -> str:
    """Give a language whose rules serve the text, by its script; ``"xx"`` where the script tells none."""
    points = characters.points[:SAMPLE][characters.filled[:SAMPLE]]
    letters = np.count_nonzero(points >= 0x41)
    for language, first, last in SCRIPTS:
        if np.count_nonzero((points >= first) & (points <= last)) > MOSTLY * letters:
            return language
    return "xx"
