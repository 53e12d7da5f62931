"""Split words: affixes off the words of ICU's dictionary, and clitics off the words that they are attached to."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache, partial
from itertools import pairwise
from unicodedata import combining

import numpy as np

from nlu_lite.text.characters import Bools
from nlu_lite.text.icu import is_icu_word
from nlu_lite.text.rules import WordRules, load_rules

MAX_WORD = 24  # characters of a word that is split: longer ones are not words, and patterns would be slow on them
_CACHE_SIZE = 65536  # words: few words make up most of a text


def split_dictionary_words(text: str, cuts: Bools, language: str) -> None:
    """Split words of ICU's dictionary by the rules of a language, in place.

    Args:
        text: The text.
        cuts: bool [N + 1], whether a word begins or ends at each offset; changed in place.
        language: The language whose rules apply.
    """
    offsets = np.flatnonzero(cuts)
    lengths = np.diff(offsets)
    words = np.flatnonzero((lengths > 1) & (lengths <= MAX_WORD))
    for begin, end in zip(offsets[words].tolist(), offsets[words + 1].tolist(), strict=True):
        for length in _find_splits(text[begin:end], language):
            cuts[begin + length] = True


@lru_cache(maxsize=_CACHE_SIZE)
def _find_splits(word: str, language: str) -> tuple[int, ...]:
    """Return the offsets at which a word of ICU's dictionary is split."""
    rules = load_rules(language).words
    splits = _parse_splits(rules.splits).get(word)
    if splits is not None or word in rules.never_split:
        return splits or ()
    for pattern in rules.affixes:
        match = pattern.fullmatch(word)
        if match:
            return tuple(match.start(group) for group in range(2, pattern.groups + 1) if match.group(group))
    place = _find_affix(word, rules, partial(is_icu_word, language=language)) if len(word) > 2 else 0
    return (place,) if place else ()


def _find_affix(word: str, rules: WordRules, is_word: Callable[[str], bool]) -> int:
    """Return the offset at which a surname, suffix or prefix of one character is split off, or 0."""
    if len(word) == 3 and word[0] in rules.surnames and not is_word(word[:2]):
        return 1
    if word[-1] in rules.suffixes:
        # A compound of two words may end with a character that is a suffix elsewhere.
        return len(word) - (2 if is_word(word[-2:]) and not is_word(word[:-1]) else 1)
    return int(word[0] in rules.prefixes and is_word(word[1:]))


@cache
def _parse_splits(words: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """Return the offsets of the splits in each word."""
    cuts = {}
    for word in words:
        lengths = np.cumsum([len(part) for part in word.split("|")])[:-1]
        cuts[word.replace("|", "")] = tuple(lengths.tolist())
    return cuts


def split_clitics(text: str, cuts: Bools, language: str) -> None:
    """Split clitics off words, in place.

    Args:
        text: The text.
        cuts: bool [N + 1], whether a token begins or ends at each offset; changed in place.
        language: The language whose rules apply.
    """
    for begin, end in pairwise(np.flatnonzero(cuts).tolist()):
        if 2 < end - begin <= MAX_WORD:
            for length in _find_clitic_cuts(text[begin:end], language):
                cuts[begin + length] = True


@lru_cache(maxsize=_CACHE_SIZE)
def _find_clitic_cuts(word: str, language: str) -> tuple[int, ...]:
    """Return the offsets inside a word at which clitics begin and end."""
    return tuple(_match_clitics(word, load_rules(language).words, 0))


def _match_clitics(word: str, rules: WordRules, first: int) -> list[int]:
    """Return where the patterns from number `first` on split a word.

    Clitics attach in a fixed order, so only later patterns split the parts further.
    """
    if "".join(letter for letter in word if not combining(letter)) in rules.never_split:
        return []
    for number, pattern in enumerate(rules.clitics[first:], first + 1):
        match = pattern.fullmatch(word)
        if match:
            spans = [match.span(group) for group in range(1, pattern.groups + 1) if match.group(group)]
            inner = [begin + cut for begin, end in spans for cut in _match_clitics(word[begin:end], rules, number)]
            return [begin for begin, _ in spans if begin] + inner
    return []
