"""Find words of Vietnamese with the model of underthesea: words are joined of syllables that spaces separate.

Only the data files of underthesea are used; the package is never imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nlu_lite.records import Ints
from nlu_lite.text.characters import SPACE, Bools, Characters
from nlu_lite.text.fields import ConditionalRandomField, Feature, read_field
from nlu_lite.text.packages import MAX_RUN, locate_file, read_pickle_values

_MODEL = "pipeline/word_tokenize/models/ws_crf_vlsp2013_20230727"
_Item = TypeVar("_Item")
_REACH = 2  # the number of syllables before and after the current one that the features see

_ONE = ((-2, -2), (-1, -1), (0, 0), (1, 1), (2, 2))
_TWO = ((-2, -1), (-1, 0), (0, 1), (1, 2))
_THREE = ((-2, 0), (-1, 1), (0, 2))
# The model's features: a form of the syllables from the first to the last, relative to the current one.
_FEATURES = {
    "": (*_ONE, *_TWO, *_THREE),
    ".lower": (*_ONE, *_TWO),
    ".isdigit": ((-1, -1), (0, 0), (1, 1)),
    ".istitle": (*_ONE, (0, 1), (0, 2)),
    ".is_in_dict": (*_ONE, *_TWO, *_THREE),
}


def recut_vietnamese(characters: Characters, cuts: Bools) -> None:
    """Join syllables to words as the model of underthesea does."""
    cuts[characters.find_space_edges()] = True
    begins, ends = characters.find_spans(cuts)
    for first in range(0, len(begins), MAX_RUN):
        part = slice(first, first + MAX_RUN)
        spans = zip(begins[part].tolist(), ends[part].tolist(), strict=True)
        labels = _find_continuations([characters.text[begin:end] for begin, end in spans])
        inside = np.flatnonzero(labels) + first
        inside = inside[(inside > first) & _follow_one_space(characters, begins, ends, inside)]
        cuts[begins[inside]] = False
        cuts[ends[inside - 1]] = False


def _follow_one_space(characters: Characters, begins: Ints, ends: Ints, inside: NDArray[np.int64]) -> Bools:
    """Return whether exactly one whitespace character separates a syllable from the one before."""
    gap = begins[inside] - ends[inside - 1]
    follows: Bools = (gap == 1) & (characters.classes[ends[inside - 1]] == SPACE)
    return follows


def _find_continuations(syllables: list[str]) -> list[bool]:
    """Return whether each syllable continues the word of the syllable before."""
    field, words = _load_model()
    scores = field.score(_extract_features(syllables, words), _REACH, len(syllables))
    return field.label(scores.tolist())


def _extract_features(syllables: list[str], words: frozenset[str]) -> Iterator[Feature]:
    """Extract the features of the model for all syllables."""
    values = {key: _pad(forms) for key, forms in _compute_forms(syllables, words).items()}
    for form, windows in _FEATURES.items():
        for first, last in windows:
            yield Feature(_build_prefix(form, first, last), first, values[form, last - first])


def _compute_forms(syllables: list[str], words: frozenset[str]) -> dict[tuple[str, int], list[str]]:
    """Compute each form of one, two and three successive syllables; the key has the number of further syllables."""
    lower = [syllable.lower() for syllable in syllables]
    title = [syllable[0] == syllable[0].upper() for syllable in syllables]
    forms = {(".isdigit", 0): [str(syllable.isascii() and syllable.isdigit()) for syllable in syllables]}
    for further in range(_REACH + 1):
        forms["", further] = list(map(" ".join, _slide(syllables, further)))
        forms[".lower", further] = list(map(" ".join, _slide(lower, further)))
        forms[".istitle", further] = [str(all(window)) for window in _slide(title, further)]
        forms[".is_in_dict", further] = [str(phrase in words) for phrase in forms[".lower", further]]
    return forms


def _slide(items: list[_Item], further: int) -> Iterator[tuple[_Item, ...]]:
    """Return the windows of an item and some further ones."""
    return zip(*(items[first:] for first in range(further + 1)), strict=False)


def _pad(forms: list[str]) -> list[str]:
    """Add the values of windows that begin before the first syllable, then of windows that end after the last one."""
    return ["BOS"] * _REACH + forms + ["EOS"] * _REACH


def _build_prefix(form: str, first: int, last: int) -> str:
    return f"T[{first}]{form}=" if first == last else f"T[{first},{last}]{form}="


@cache
def _load_model() -> tuple[ConditionalRandomField, frozenset[str]]:
    """Return the model and the words of its dictionary."""
    folder = locate_file("underthesea", _MODEL)
    prefixes = [_build_prefix(form, *window) for form, windows in _FEATURES.items() for window in windows]
    field = read_field(folder / "models.bin", "I-W", prefixes)
    return field, frozenset(read_pickle_values(folder / "dictionary.bin"))
