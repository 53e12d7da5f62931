"""Language codes, and a language for a text of which nothing is known."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from importlib import resources
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from nlu_lite.errors import OptionError
from nlu_lite.text.characters import Characters
from nlu_lite.text.rules import languages_with_rules, written_in

SCRIPTS = (
    ("Kana", 0x3040, 0x30FF),  # before the Chinese characters that stand among them
    ("Hangul", 0xAC00, 0xD7AF),
    ("Han", 0x4E00, 0x9FFF),
    ("Thai", 0x0E00, 0x0E7F),
    ("Lao", 0x0E80, 0x0EFF),
    ("Myanmar", 0x1000, 0x109F),
    ("Khmer", 0x1780, 0x17FF),
    ("Georgian", 0x10A0, 0x10FF),
    ("Devanagari", 0x0900, 0x097F),
    ("Bengali", 0x0980, 0x09FF),
    ("Tamil", 0x0B80, 0x0BFF),
    ("Telugu", 0x0C00, 0x0C7F),
    ("Malayalam", 0x0D00, 0x0D7F),
    ("Arabic", 0x0600, 0x06FF),
    ("Hebrew", 0x0590, 0x05FF),
    ("Greek", 0x0370, 0x03FF),
    ("Cyrillic", 0x0400, 0x04FF),
    ("Latin", 0x0041, 0x024F),
)
"""Blocks of Unicode: a text is in the first of which it has enough."""

MOSTLY = 0.3  # of the letters: Japanese can be written with fewer kana than Chinese characters
SAMPLE = 3000  # characters that are looked at
WORD = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f\u0900-\u097f]+[^\W\d_]*)*")
LEAST = 2  # words and letters that speak for a language, where several share the script


def check_language(code: str) -> str:
    """Give the code back if it is one that can be asked for.

    Raises:
        OptionError: It is unknown; the nearest are named.
    """
    if not isinstance(code, str) or code not in known_languages():
        raise OptionError(
            f"language {code!r} is unknown",
            "a code of ISO 639 such as 'de'",
            "Pass 'xx' to find the language from the text",
            _nearest(str(code)[:20].lower()),
        )
    return code


def _nearest(code: str) -> list[str]:
    """Names and longer codes of languages often begin with the code."""
    begun = [code[:length] for length in (3, 2) if code[:length] in known_languages()]
    return list(dict.fromkeys([*begun, *get_close_matches(code, known_languages(), cutoff=0.4)]))[:3]


def rules_for(language: str) -> str:
    """Say whose rules split texts of a language.

    Example:
        >>> rules_for("de"), rules_for("lb"), rules_for("xx")
        ('de', "Unicode's default", 'found from the text')
    """
    if language == "xx":
        return "found from the text"
    return language if language in languages_with_rules() else "Unicode's default"


@cache
def known_languages() -> frozenset[str]:
    """Give all codes that can be asked for."""
    lines = (resources.files("nlu_lite.text") / "data" / "languages.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(code for line in lines if not line.startswith("#") for code in line.split()) | {"xx"}


def detect(text: str) -> str:
    """Give a language whose rules serve the text, by its script and its common words; ``"xx"`` where none shows.

    Example:
        >>> detect("Где ты?"), detect("12 + 3")
        ('ru', 'xx')
    """
    characters = Characters(text[:SAMPLE])
    points = characters.points[characters.filled]
    enough = MOSTLY * np.count_nonzero(points >= 0x41)
    found = np.bincount(_scripts()[np.minimum(points, 0xFFFF)], minlength=len(SCRIPTS)).tolist()
    for (script, *_), count in zip(SCRIPTS, found, strict=False):  # the last count is of what is in no script
        if count > enough > 0:
            return _of_script(script, characters.text.lower())
    return "xx"


@cache
def _scripts() -> NDArray[np.uint8]:
    """Give the place in `SCRIPTS` of each character of the first plane; one more than the last where there is none."""
    table = np.full(0x10000, len(SCRIPTS), np.uint8)
    for place, (_, first, last) in enumerate(SCRIPTS):
        table[first : last + 1] = place
    return table


def _of_script(script: str, text: str) -> str:
    candidates = [rules.language for rules in written_in(script)]
    if len(candidates) == 1:
        return candidates[0]
    common, letters = _common(script), _letters(script)
    speaking = chain.from_iterable(map(common.get, WORD.findall(text), repeat(())))
    found = Counter(chain(speaking, *(letters[letter] for letter in text if letter in letters)))
    best = max(candidates, key=found.__getitem__, default="xx")
    return best if found[best] >= LEAST or (best != "xx" and script != "Latin") else "xx"


@cache
def _common(script: str) -> dict[str, tuple[str, ...]]:
    """Give the languages of a script that each of their common words speaks for."""
    return _inverted((rules.language, rules.evidence.common) for rules in written_in(script))


@cache
def _letters(script: str) -> dict[str, tuple[str, ...]]:
    """Give the languages of a script that each of their own letters speaks for."""
    return _inverted((rules.language, rules.evidence.letters) for rules in written_in(script))


def _inverted(signs: Iterable[tuple[str, Iterable[str]]]) -> dict[str, tuple[str, ...]]:
    languages: dict[str, tuple[str, ...]] = {}
    for language, own in signs:
        for sign in own:
            languages[sign] = (*languages.get(sign, ()), language)
    return languages
