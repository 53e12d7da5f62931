"""Language codes, and language identification by script, function words and letters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from functools import cache, lru_cache
from importlib import resources
from itertools import chain, repeat
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlu_lite._util.language_names import find_code, find_language_codes, find_nearest_languages
from nlu_lite.errors import OptionError
from nlu_lite.text.rules import list_languages_with_rules, load_evidence_of_script

SCRIPTS = (
    ("Kana", 0x3040, 0x30FF),  # before Han: Japanese text has ideographs too
    ("Hangul", 0xAC00, 0xD7AF),
    ("Han", 0x4E00, 0x9FFF),
    ("Thai", 0x0E00, 0x0E7F),
    ("Lao", 0x0E80, 0x0EFF),
    ("Myanmar", 0x1000, 0x109F),
    ("Khmer", 0x1780, 0x17FF),
    ("Georgian", 0x10A0, 0x10FF),
    ("Devanagari", 0x0900, 0x097F),
    ("Bengali", 0x0980, 0x09FF),
    ("Gurmukhi", 0x0A00, 0x0A7F),
    ("Gujarati", 0x0A80, 0x0AFF),
    ("Oriya", 0x0B00, 0x0B7F),
    ("Tamil", 0x0B80, 0x0BFF),
    ("Telugu", 0x0C00, 0x0C7F),
    ("Kannada", 0x0C80, 0x0CFF),
    ("Malayalam", 0x0D00, 0x0D7F),
    ("Sinhala", 0x0D80, 0x0DFF),
    ("Ethiopic", 0x1200, 0x139F),
    ("Armenian", 0x0530, 0x058F),
    ("Arabic", 0x0600, 0x06FF),
    ("Hebrew", 0x0590, 0x05FF),
    ("Greek", 0x0370, 0x03FF),
    ("Cyrillic", 0x0400, 0x04FF),
    ("Latin", 0x0041, 0x024F),
)
"""Scripts with their first and last code point. The script of a text is the first with at least `MIN_SHARE`."""

MIN_SHARE = 0.3  # of the letters: Japanese text may have fewer kana than ideographs
MIN_EVIDENCE = 2  # function words and letters, where several languages share a script: one alone may be a loanword
SAMPLE_LENGTH = 3000  # characters that are examined: more of them hardly ever change the result
_BEGINNING = itemgetter(slice(4))
_WORD = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff]+[^\W\d_]*)*")


def check_language(code: str) -> str:
    """Return the code of a language, which may be given by another code of ISO 639 or BCP 47, or by a locale.

    Raises:
        OptionError: The code is unknown; the error lists the nearest codes.

    Example:
        >>> check_language("de"), check_language("deu"), check_language("pt-BR"), check_language("zh_Hant")
        ('de', 'de', 'pt', 'zh')
    """
    known = (code if code in list_languages() else find_code(code)) if isinstance(code, str) else None
    if known is None:
        meant = find_language_codes(str(code))
        remedy = f"Pass {' or '.join(map(repr, meant))}. " if meant else ""
        raise OptionError(
            f"language {code!r} is unknown",
            "an ISO 639 code such as 'de'",
            f"{remedy}Pass 'xx' to detect the language of each text",
            find_nearest_languages(str(code)),
        )
    return known


@lru_cache(maxsize=1024)
def find_rules_language(code: str) -> str:
    """Return the language whose rules split texts in a language: the same one, or one that shares its rules.

    Example:
        >>> find_rules_language("deu"), find_rules_language("nb"), find_rules_language("lb")
        ('de', 'no', 'lb')
    """
    known = code if code in list_languages() else find_code(code) or code
    return _load_languages().get(known) or known


def describe_rules(language: str) -> str:
    """Return which rules split the texts of a language, for display.

    Example:
        >>> describe_rules("de"), describe_rules("nn"), describe_rules("lb"), describe_rules("xx")
        ('de', 'no', "Unicode's default", 'found from the text')
    """
    if language == "xx":
        return "found from the text"
    found = find_rules_language(language)
    return found if found in list_languages_with_rules() else "Unicode's default"


def list_languages() -> Set[str]:
    """Return all known language codes, ``"xx"`` included."""
    return _load_languages().keys()


@cache
def _load_languages() -> dict[str, str]:
    """Return for each known code the language that it shares the rules of; empty for its own rules."""
    lines = (resources.files("nlu_lite.text") / "data" / "languages.txt").read_text(encoding="utf-8").splitlines()
    words = (word for line in lines if not line.startswith("#") for word in line.split())
    return {code: base for code, _, base in (word.partition("=") for word in [*words, "xx"])}


def detect(text: str) -> str:
    """Return a language whose rules suit a text, or ``"xx"`` if there is too little evidence.

    Example:
        >>> detect("Где ты?"), detect("12 + 3")
        ('ru', 'xx')
    """
    sample = text[:SAMPLE_LENGTH]
    script = _find_script(sample)
    return _choose_language(script, sample.lower()) if script else "xx"


def _find_script(text: str) -> str:
    """Return the script of a text; empty if it has too few letters."""
    if text.isascii():
        points = np.frombuffer(text.encode(), "u1")
    else:
        points = np.minimum(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4"), 0xFFFF)
    counts = np.bincount(_build_script_table()[points], minlength=len(SCRIPTS) + 2)
    *in_scripts, _, signs = counts.tolist()
    minimum = MIN_SHARE * (len(points) - signs)
    return next((script for (script, *_), count in zip(SCRIPTS, in_scripts, strict=True) if count > minimum > 0), "")


@cache
def _build_script_table() -> NDArray[np.uint8]:
    """Return the index in `SCRIPTS` of each character of the Basic Multilingual Plane.

    A character in no script has the index ``len(SCRIPTS)``; whitespace, digits and other characters before "A" have
    the one after it.
    """
    table = np.full(0x10000, len(SCRIPTS), np.uint8)
    table[:0x41] = len(SCRIPTS) + 1
    for place, (_, first, last) in enumerate(SCRIPTS):
        table[first : last + 1] = place
    return table


def _choose_language(script: str, text: str) -> str:
    candidates = _rank_candidates(script)
    if len(candidates) < 2:
        return next(iter(candidates), "xx")
    index, words = _index_evidence(script), _WORD.findall(text)
    letters = "" if text.isascii() else text
    votes = Counter(
        chain.from_iterable(
            chain(
                map(index.common_words.get, words, repeat(())),
                map(index.word_beginnings.get, map(_BEGINNING, words), repeat(())),
                map(index.letters.get, letters, repeat(())),
            )
        )
    )
    counts = list(map(votes.get, candidates, repeat(0)))
    most = max(counts)
    return candidates[counts.index(most)] if most >= MIN_EVIDENCE or script != "Latin" else "xx"


@cache
def _rank_candidates(script: str) -> tuple[str, ...]:
    """Return the languages of a script in the order in which they win a tie.

    The alphabet with the fewest letters of its own explains a text best. A language that shares the rules of another
    needs more evidence than that one.
    """
    evidence = load_evidence_of_script(script)
    letters = {code: sum(map(str.isalpha, one.distinctive_letters)) for code, one in evidence.items()}
    return tuple(sorted(evidence, key=lambda code: (letters[code], evidence[code].base)))


class _EvidenceIndex(NamedTuple):
    """The languages of a script by the evidence for them."""

    common_words: Mapping[str, tuple[str, ...]]
    word_beginnings: Mapping[str, tuple[str, ...]]
    letters: Mapping[str, tuple[str, ...]]


@cache
def _index_evidence(script: str) -> _EvidenceIndex:
    evidence = load_evidence_of_script(script)
    return _EvidenceIndex(
        _invert((language, one.common_words) for language, one in evidence.items()),
        _invert((language, one.word_beginnings) for language, one in evidence.items()),
        _invert((language, one.distinctive_letters) for language, one in evidence.items()),
    )


def _invert(evidence: Iterable[tuple[str, Iterable[str]]]) -> dict[str, tuple[str, ...]]:
    languages: dict[str, tuple[str, ...]] = {}
    for language, items in evidence:
        for item in items:
            languages[item] = (*languages.get(item, ()), language)
    return languages
