"""Where words begin and end: ICU's word rules (UAX 29) and dictionaries, mended by the rules of a language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import pairwise
from unicodedata import combining

import numpy as np
from numpy.typing import NDArray

from nlu_lite.text.characters import DIGIT, LETTER, OTHER, SPACE, Characters
from nlu_lite.text.rules import WordRules, rules_of

Bools = NDArray[np.bool_]

ANYWHERE = re.compile(
    r"(?:https?|ftp)://[^\s<>\"“”»)\]]*[^\s<>\"“”»)\].,;:!?'’]"
    r"|www\.[^\s<>\"“”»)\]]*[^\s<>\"“”»)\].,;:!?'’]"
)
MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+|(?<![\w.])@\w{1,64}")
TAG = re.compile(r"(?<![\w&])#[^\W\d]\w*+")
FACE = re.compile(r"(?<![\w:;=])[:;=8]['’]?-?[()\[\]DPpOo3/\\|*](?![\w/])|<3(?!\d)|(?<!\w)[xX]D(?!\w)")
NUMBER = re.compile(r"(?<![\w.,/:-])\d{1,4}(?::\d{1,4})++")
ENTITY = re.compile(r"(?:&(?:#\d{1,6}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});)++")


def word_cuts(characters: Characters, language: str, stops_of_words: NDArray[np.int64]) -> Bools:
    """Find where words begin and end.

    Args:
        characters: The text.
        language: Whose rules count; ICU gives one without rules of its own Unicode's default.
        stops_of_words: Offsets of full stops that belong to the word before.

    Returns:
        bool [N + 1], whether something begins or ends at each offset in code points; white space begins and ends
        something unless it stands inside a word.
    """
    rules = rules_of(language).words
    cuts = icu_cuts(characters, language)
    _join_runs(characters, cuts, rules.runs)
    for joint in rules.join:
        _join(characters, cuts, *joint)
    cuts[stops_of_words] = rules.stops == "apart"
    cuts[stops_of_words + 1] = True
    _elide(characters, cuts, rules)
    if rules.apart:
        _take_apart(characters.text, cuts, rules.apart)
    for begin, end in _spans(characters.text, rules):
        one_token(cuts, begin, end)
    if rules.clitics:
        _detach(characters.text, cuts, language)
    if rules.compounds:
        _compound(characters.text, cuts, rules.compounds)
    return cuts


def icu_cuts(characters: Characters, language: str) -> Bools:
    """Give ICU's cuts with those around white space: bool [N + 1]."""
    from icu4py.breakers import WordBreaker

    segments = WordBreaker(characters.text, "" if language == "xx" else language).segments()
    begins = np.fromiter((begin for begin, _ in segments), np.int64)
    cuts = np.zeros(len(characters.points) + 1, bool)
    cuts[characters.from_utf16(begins)] = True
    cuts[characters.edges()] = True
    cuts[[0, -1]] = True
    return cuts


def one_token(cuts: Bools, begin: int, end: int) -> None:
    """Make ``[begin, end)`` one token."""
    cuts[begin + 1 : end] = False
    cuts[[begin, end]] = True


def _join_runs(characters: Characters, cuts: Bools, runs: str) -> None:
    points = characters.points
    same = points[1:] == points[:-1]
    both = same & _in_table(runs)[np.minimum(points[1:], 0xFFFF)]
    cuts[1:-1] &= ~both
    if "!" in runs and "?" in runs:
        mark = _in_table("!?")[np.minimum(points, 0xFFFF)]
        cuts[1:-1] &= ~(mark[1:] & mark[:-1])


@cache
def _in_table(members: str) -> Bools:
    table = np.zeros(0x10000, bool)
    table[[ord(member) for member in members]] = True
    return table


_SIDES = {"a": LETTER, "0": DIGIT, "_": SPACE, ".": OTHER}


def _join(characters: Characters, cuts: Bools, left: str, joint: str, right: str) -> None:
    """Join a character to what stands beside it, where both sides are as a rule says."""
    places = np.flatnonzero(characters.points == ord(joint))
    if not len(places):
        return
    here = _stands(characters, places - 1, left) & _stands(characters, places + 1, right)
    places = places[here]
    if left != "_":
        cuts[places] = False
    if right != "_":
        cuts[places + 1] = False


def _stands(characters: Characters, places: NDArray[np.int64], sign: str) -> Bools:
    """Whether what a rule's sign means stands at each place; beyond the text's edges stands white space."""
    inside = (places >= 0) & (places < len(characters.points))
    at = np.where(inside, places, 0)
    if sign not in _SIDES:
        literal: Bools = inside & (characters.points[at] == ord(sign))
        return literal
    found: Bools = np.where(inside, characters.classes[at] == _SIDES[sign], sign == "_")
    return found


def _elide(characters: Characters, cuts: Bools, rules: WordRules) -> None:
    if not rules.elided or not ("'" in characters.text or "’" in characters.text):
        return
    for match in _elision(rules.elided).finditer(characters.text):
        one_token(cuts, *match.span())
    if rules.whole:
        for match in _any_of(rules.whole).finditer(characters.text):
            one_token(cuts, *match.span())


@cache
def _elision(words: frozenset[str]) -> re.Pattern[str]:
    if "*" in words:
        return re.compile(r"(?<![\w'’])[^\W\d_]{1,24}+['’](?=\w)")
    return re.compile(rf"(?<![\w'’])(?:{'|'.join(sorted(words))})['’](?=[\w«\"“(])", re.IGNORECASE)


@cache
def _any_of(words: frozenset[str]) -> re.Pattern[str]:
    alternatives = "|".join(re.escape(word).replace("'", "['’]") for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE)


def _spans(text: str, rules: WordRules) -> Iterator[tuple[int, int]]:
    """Give what is one token: addresses, tags, faces, numbers and what the language's patterns say."""
    for trigger, pattern in _COMMON:
        if trigger is None or trigger in text:
            yield from (match.span() for match in pattern.finditer(text))
    for pattern in rules.one:
        for match in pattern.finditer(text):
            groups = range(1, pattern.groups + 1) if pattern.groups else (0,)
            yield from (match.span(group) for group in groups if match.start(group) < match.end(group))


_COMMON = (("&", ENTITY), (None, NUMBER), (None, FACE), ("@", MAIL), ("#", TAG), (None, ANYWHERE))


def _take_apart(text: str, cuts: Bools, apart: tuple[str, ...]) -> None:
    """Cut tokens that ICU's dictionary has as one word."""
    parts = _parts(apart)
    offsets = np.flatnonzero(cuts)
    short = np.flatnonzero((np.diff(offsets) > 1) & (np.diff(offsets) <= max(map(len, parts))))
    for begin, end in zip(offsets[short].tolist(), offsets[short + 1].tolist(), strict=True):
        for length in parts.get(text[begin:end], ()):
            cuts[begin + length] = True


@cache
def _parts(apart: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """Give the inner cuts of each word."""
    cuts = {}
    for word in apart:
        lengths = np.cumsum([len(part) for part in word.split("|")])[:-1]
        cuts[word.replace("|", "")] = tuple(lengths.tolist())
    return cuts


def _detach(text: str, cuts: Bools, language: str) -> None:
    """Cut clitics off."""
    for begin, end in pairwise(np.flatnonzero(cuts).tolist()):
        if 2 < end - begin <= LONGEST:
            for length in _clitic_cuts(text[begin:end], language):
                cuts[begin + length] = True


@lru_cache(maxsize=65536)
def _clitic_cuts(word: str, language: str) -> tuple[int, ...]:
    """Give the offsets inside a word at which clitics end and begin; words come again and again."""
    return tuple(_inner_cuts(word, rules_of(language).words, 0))


def _inner_cuts(word: str, rules: WordRules, first: int) -> list[int]:
    """What a pattern has cut off is looked at by the patterns after it alone: clitics have an order."""
    if "".join(letter for letter in word if not combining(letter)) in rules.whole:
        return []
    for number, pattern in enumerate(rules.clitics[first:], first + 1):
        match = pattern.fullmatch(word)
        if match:
            spans = [match.span(group) for group in range(1, pattern.groups + 1) if match.group(group)]
            inner = [begin + cut for begin, end in spans for cut in _inner_cuts(word[begin:end], rules, number)]
            return [begin for begin, _ in spans if begin] + inner
    return []


LONGEST = 24  # letters of a word that may have clitics
MOST_SYLLABLES = 4


def _compound(text: str, cuts: Bools, compounds: frozenset[str]) -> None:
    """Join words that are written with spaces: from the left, the longest first."""
    syllables = [(match.start(), match.end()) for match in _SYLLABLE.finditer(text)]
    lowered = text.lower() if len(text.lower()) == len(text) else text
    place = 0
    while place < len(syllables):
        length = _longest(lowered, syllables, place, compounds)
        if length > 1:
            one_token(cuts, syllables[place][0], syllables[place + length - 1][1])
        place += length


_SYLLABLE = re.compile(r"[^\W\d_]++")


def _longest(text: str, syllables: list[tuple[int, int]], place: int, compounds: frozenset[str]) -> int:
    begin = syllables[place][0]
    for length in range(min(MOST_SYLLABLES, len(syllables) - place), 1, -1):
        end = syllables[place + length - 1][1]
        if end - begin <= LONGEST + LONGEST and text[begin:end] in compounds:
            return length
    return 1
