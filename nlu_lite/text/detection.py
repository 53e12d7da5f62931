"""Language identification by script, function words and letters."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from itertools import chain
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from nlu_lite.text.rules import Evidence, load_evidence_of_script

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
_ASCII_WORD = re.compile(r"[a-z]+")
_WORD = re.compile(r"[^\W\d_]++(?:[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff]++[^\W\d_]*+)*+")
_TEXTS_AT_ONCE = 256  # whose scripts are found together: limits memory
_OUTSIDE, _ASCII, _SIGN = range(len(SCRIPTS), len(SCRIPTS) + 3)  # classes of characters besides the scripts
_SIZE = len(SCRIPTS) + 3
_SCRIPT_NAMES = (*(name for name, *_ in SCRIPTS), "")
_LATIN = _SCRIPT_NAMES.index("Latin")
_VOTES = "H"  # of one language, in a packed count: a sample has fewer than 65,536 words and letters
_BITS = 8 * Struct(_VOTES).size


def detect(text: str) -> str:
    """Return a language whose rules suit a text, or ``"xx"`` if there is too little evidence.

    Example:
        >>> detect("Где ты?"), detect("12 + 3")
        ('ru', 'xx')
    """
    return detect_languages([text])[0]


def detect_languages(texts: Sequence[str]) -> list[str]:
    """Return the language of each text (see `detect`); for many short texts this is faster than one call for each.

    Example:
        >>> detect_languages(["Where are you?", "Wo bist du?"])
        ['en', 'de']
    """
    samples = [text[:SAMPLE_LENGTH] for text in texts]
    pairs = zip(samples, _find_scripts(samples), strict=True)
    return [_choose_language(script, sample.lower()) if script else "xx" for sample, script in pairs]


def _find_scripts(texts: Sequence[str]) -> list[str]:
    """Return the script of each text; empty if it has too few letters."""
    scripts = ["Latin"] * len(texts)
    others = [number for number, text in enumerate(texts) if not text.isascii()]
    for first in range(0, len(others), _TEXTS_AT_ONCE):
        numbers = others[first : first + _TEXTS_AT_ONCE]
        for number, script in zip(numbers, _compare_scripts([texts[number] for number in numbers]), strict=True):
            scripts[number] = _SCRIPT_NAMES[script]
    return scripts


def _compare_scripts(texts: Sequence[str]) -> list[int]:
    """Return the place in `SCRIPTS` of the script of each text; ``len(SCRIPTS)`` if it has too few letters."""
    counts = _count_characters(texts)
    minimum = MIN_SHARE * (counts.sum(1) - counts[:, _SIGN])
    is_ascii = counts[:, : _OUTSIDE + 1].sum(1) <= minimum  # too few characters for another script than Latin
    counts[:, _LATIN] += counts[:, _ASCII]
    enough = counts[:, : _OUTSIDE + 1] > minimum[:, None]
    enough[:, _OUTSIDE] = True
    places: list[int] = np.where(is_ascii, _LATIN, enough.argmax(1)).tolist()
    return places


def _count_characters(texts: Sequence[str]) -> NDArray[np.int64]:
    """Count the characters of each class in each text: int64 [texts, classes]."""
    points = np.minimum(np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), "<u4"), 0xFFFF)
    text = np.repeat(np.arange(len(texts)), np.fromiter(map(len, texts), np.int64, len(texts)))
    counts = np.bincount(text * _SIZE + _build_script_table()[points], minlength=len(texts) * _SIZE)
    return counts.reshape(-1, _SIZE)


@cache
def _build_script_table() -> NDArray[np.uint8]:
    """Return the class of each character of the Basic Multilingual Plane.

    It is the place of its script in `SCRIPTS`, or ``_OUTSIDE``. Characters of ASCII from "A" have the class ``_ASCII``,
    and whitespace, digits and other characters before "A" ``_SIGN``.
    """
    table = np.full(0x10000, _OUTSIDE, np.uint8)
    for place, (_, first, last) in enumerate(SCRIPTS):
        table[first : last + 1] = place
    table[0x41:0x80], table[:0x41] = _ASCII, _SIGN
    return table


def _choose_language(script: str, text: str) -> str:
    evidence = _gather_evidence(script)
    if len(evidence.languages) < 2:
        return next(iter(evidence.languages), "xx")
    is_ascii = text.isascii()
    words: Collection[str] = (_ASCII_WORD if is_ascii else _WORD).findall(text)
    letters: Collection[str] = [] if is_ascii else evidence.distinctive_letters.findall(text)
    is_short = len(words) <= SHORT_TEXT
    if is_short:
        words, letters = set(words), set(letters)
    votes = evidence.count_votes(words, letters)
    most = max(votes)
    if script == "Latin" and (most < MIN_EVIDENCE or len(words) < MIN_WORDS):
        return "xx"
    if not is_short and most >= MIN_EVIDENCE:
        return evidence.languages[votes.index(most)]
    best = (place for place, count in enumerate(votes) if count == most)
    return evidence.languages[min(best, key=evidence.prevalence.__getitem__)]


@dataclass(frozen=True, eq=False)
class _ScriptEvidence:
    """The evidence for the languages of a script.

    The votes for all languages are packed into one integer, with the same number of bits for each language. So adding
    the votes of a word is one addition, for however many languages the word is evidence.

    Attributes:
        languages: The languages, in the order in which they win a tie.
        prevalence: The place of each language among the most prevalent ones.
        handicapped: The places of the languages in other letters than usual, which need more evidence.
        distinctive_letters: Finds the letters that are evidence.
        find_votes: Returns the packed votes of a word.
        votes_of_letters: The packed votes of each letter.
        packing: Unpacks votes.
    """

    languages: tuple[str, ...]
    prevalence: tuple[int, ...]
    handicapped: tuple[int, ...]
    distinctive_letters: re.Pattern[str]
    find_votes: Callable[[str], int]
    votes_of_letters: Mapping[str, int]
    packing: Struct

    def count_votes(self, words: Iterable[str], letters: Iterable[str]) -> list[int]:
        """Count the votes for each language."""
        total = sum(map(self.find_votes, words)) + sum(map(self.votes_of_letters.__getitem__, letters))
        votes = list(self.packing.unpack(total.to_bytes(self.packing.size, "little")))
        for place in self.handicapped:
            votes[place] -= votes[place] > 0
        return votes


@cache
def _gather_evidence(script: str) -> _ScriptEvidence:
    evidence = load_evidence_of_script(script)
    languages = _rank_by_alphabet(evidence)
    prevalent = _rank_by_prevalence(evidence, script)
    words, beginnings, letters = (
        _pack_votes([getattr(evidence[language], name) for language in languages])
        for name in ("common_words", "word_beginnings", "distinctive_letters")
    )
    return _ScriptEvidence(
        tuple(languages),
        tuple(prevalent.index(language) for language in languages),
        tuple(place for place, language in enumerate(languages) if script == "Latin" and language in ROMANIZED),
        re.compile("|".join(map(re.escape, letters)) or "(?!)"),
        lru_cache(maxsize=65536)(partial(_add_votes, words, beginnings)),  # few words make up most of a text
        letters,
        Struct(f"<{len(languages)}{_VOTES}"),
    )


def _add_votes(words: Mapping[str, int], beginnings: Mapping[str, int], word: str) -> int:
    return words.get(word, 0) + beginnings.get(word[:4], 0)


def _pack_votes(evidence: Sequence[Iterable[str]]) -> dict[str, int]:
    """Return the packed votes of each item that is evidence for languages."""
    votes = dict.fromkeys(chain.from_iterable(evidence), 0)
    for place, items in enumerate(evidence):
        for item in items:
            votes[item] += 1 << (_BITS * place)
    return votes


def _rank_by_alphabet(evidence: Mapping[str, Evidence]) -> list[str]:
    """Return the languages of a script in the order in which they win a tie.

    The alphabet with the fewest letters of its own explains a text best. A language that shares the rules of another
    needs more evidence than that one, as does a language in other letters than usual.
    """
    letters = {code: sum(map(str.isalpha, one.distinctive_letters)) for code, one in evidence.items()}
    return sorted(evidence, key=lambda code: (code in ROMANIZED, letters[code], evidence[code].base))


def _rank_by_prevalence(evidence: Mapping[str, Evidence], script: str) -> list[str]:
    """Return the languages of a script, those with most texts first, and those in other letters than usual last."""
    prevalent = PREVALENT.split()
    places = {code: prevalent.index(code) if code in prevalent else len(prevalent) for code in evidence}
    return sorted(evidence, key=lambda code: (code in ROMANIZED, script != evidence[code].script[0], places[code]))
