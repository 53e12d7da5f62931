"""Language codes, and language identification by script, function words and letters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Set
from functools import cache, lru_cache
from importlib import resources
from itertools import chain, repeat
from typing import Any, NamedTuple

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

PREVALENT = """
en es de fr pt ru it ar hi zh ja nl pl tr fa vi id uk bn cs ko sv ro el hu he da fi no bg sk th hr sr ur ta te mr lt sl
et lv ca ms tl sw az uz kk be ka hy mk ml gu kn pa sq eu gl is af bs ne si my km am mn ky
"""
"""The languages of most texts, roughly in the order of their number."""

MIN_SHARE = 0.3  # of the letters: Japanese text may have fewer kana than ideographs
ROMANIZED = ("bn-Latn", "hi-Latn", "ta-Latn", "te-Latn", "ur-Latn")
MIN_WORDS = 2  # in Latin script: one word may be a name or a loanword
SHORT_TEXT = 3  # words: in so few, equal evidence says little, so the most prevalent language is the likeliest
MIN_EVIDENCE = 2  # function words and letters, where several languages share a script: one alone may be a loanword
SAMPLE_LENGTH = 3000  # characters that are examined: more of them hardly ever change the result
_SIGNS = bytes(range(0x41))  # before "A"
_ASCII_WORD = re.compile(r"[a-z]+")
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
    script = "Latin" if _is_mostly_ascii(sample) else _find_script(sample)
    return _choose_language(script, sample.lower()) if script else "xx"


def _is_mostly_ascii(text: str) -> bool:
    """Return whether too few characters are not ASCII for a script other than Latin."""
    ascii_part = text.encode("ascii", "ignore")
    others = len(text) - len(ascii_part)
    return others == 0 or others <= MIN_SHARE * (len(ascii_part.translate(None, _SIGNS)) + others)


def _find_script(text: str) -> str:
    """Return the script of a text; empty if it has too few letters."""
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
    table[: len(_SIGNS)] = len(SCRIPTS) + 1
    for place, (_, first, last) in enumerate(SCRIPTS):
        table[first : last + 1] = place
    return table


def _choose_language(script: str, text: str) -> str:
    candidates = _rank_by_alphabet(script)
    if len(candidates) < 2:
        return next(iter(candidates), "xx")
    is_ascii = text.isascii()
    words: Collection[str] = (_ASCII_WORD if is_ascii else _WORD).findall(text)
    letters: Collection[str] = [] if is_ascii else _compile_distinctive_letters(script).findall(text)
    is_short = len(words) <= SHORT_TEXT
    if is_short:
        words, letters = set(words), set(letters)
    votes = _count_votes(script, words, letters)
    most = max(votes.values(), default=0)
    if script == "Latin" and (most < MIN_EVIDENCE or len(words) < MIN_WORDS):
        return "xx"
    ranks = _rank_by_prevalence(script) if is_short or most < MIN_EVIDENCE else candidates
    best = [language for language, count in votes.items() if count == most] or candidates
    return min(best, key=ranks.__getitem__)


def _count_votes(script: str, words: Iterable[str], letters: Iterable[str]) -> Counter[str]:
    """Count the evidence for each language; a language in other letters than usual needs more of it than others."""
    evidence = chain(
        map(_find_languages_of_word, words, repeat(script)),
        map(_index_evidence(script).letters.__getitem__, letters),
    )
    votes = Counter(chain.from_iterable(evidence))
    for language in ROMANIZED if script == "Latin" else ():
        if language in votes:
            votes[language] -= 1
    return votes


@cache
def _compile_distinctive_letters(script: str) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, _index_evidence(script).letters)) or "(?!)")


@lru_cache(maxsize=65536)  # few words make up most of a text
def _find_languages_of_word(word: str, script: str) -> tuple[str, ...]:
    """Return the languages that a word is evidence for."""
    index = _index_evidence(script)
    return index.common_words.get(word, ()) + index.word_beginnings.get(word[:4], ())


@cache
def _rank_by_alphabet(script: str) -> Mapping[str, int]:
    """Return the order in which the languages of a script win a tie.

    The alphabet with the fewest letters of its own explains a text best. A language that shares the rules of another
    needs more evidence than that one, as does a language in other letters than usual.
    """
    evidence = load_evidence_of_script(script)
    letters = {code: sum(map(str.isalpha, one.distinctive_letters)) for code, one in evidence.items()}
    return _rank(evidence, lambda code: (code in ROMANIZED, letters[code], evidence[code].base))


@cache
def _rank_by_prevalence(script: str) -> Mapping[str, int]:
    """Return the languages of a script, those with most texts first, and those in other letters than usual last."""
    evidence, prevalent = load_evidence_of_script(script), PREVALENT.split()
    places = {code: prevalent.index(code) if code in prevalent else len(prevalent) for code in evidence}
    return _rank(evidence, lambda code: (code in ROMANIZED, script != evidence[code].script[0], places[code]))


def _rank(languages: Iterable[str], key: Callable[[str], Any]) -> Mapping[str, int]:
    return {language: place for place, language in enumerate(sorted(languages, key=key))}


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
