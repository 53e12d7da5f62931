"""Find words of Khmer and Burmese: runs of letters are cut between syllables.

| language | package | licence | method |
|---|---|---|---|
| km | the model of khmercut | Apache-2.0 | conditional random fields over syllables |
| my | the word list of myWord, in pymyanlp | MIT | the frequencies of 124,676 words |

Only the data files of khmercut and pymyanlp are used; the packages are never imported. Cuts at the edges of a run, and
at digits and punctuation, stay as they are.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import chain, compress, groupby, pairwise

import numpy as np

from nlu_lite.text.characters import Bools, Characters
from nlu_lite.text.fields import ConditionalRandomField, Feature, read_field
from nlu_lite.text.packages import MAX_RUN, locate_file, read_pickle_values


def _find_syllable_borders(first_letter: re.Pattern[str], text: str, begin: int, end: int) -> list[int]:
    """Return the offsets at which the syllables of a run begin, and the offset at which the run ends."""
    return [begin, *(match.start() for match in first_letter.finditer(text, begin + 1, end)), end]


# --- Khmer ------------------------------------------------------------------------------------------------------------

_KHMER = re.compile(rf"[\u1780-\u17d3\u17dd]{{2,{MAX_RUN}}}")
_KHMER_SYLLABLE = re.compile(r"[\u1780-\u17b3](?<!\u17d2.)")  # a letter that is not a subscript of the one before

# The model's features: a prefix, and the first and last syllable (exclusive) relative to the current one.
_NGRAM_FEATURES = (
    ("kcc:", 0, 1),
    ("kcc[-1]:", -1, 0),
    ("kcc[-1:0]:", -1, 1),
    ("kcc[-2]:", -2, -1),
    ("kcc[-2:-1]:", -2, 0),
    ("kcc[-2:0]:", -2, 1),
    ("kcc[-3]:", -3, -2),
    ("kcc[-3:-2]:", -3, -1),
    ("kcc[-3:-1]:", -3, 0),
    ("kcc[-3:0]:", -3, 1),
    ("kcc[+1]:", 1, 2),
    ("kcc[+1:0]:", 0, 2),
    ("kcc[+2]:", 2, 3),
    ("kcc[+1:+2]:", 1, 3),
    ("kcc[0:+2]:", 0, 3),
    ("kcc[+3]:", 3, 4),
    ("kcc[+2:+3]:", 2, 4),
    ("kcc[+1:+3]:", 1, 4),
    ("kcc[0:+3]:", 0, 4),
)
_TYPE_FEATURES = (
    ("t:", 0),
    ("kcc[-1]t:", -1),
    ("kcc[-2]t:", -2),
    ("kcc[-3]t:", -3),
    ("kcc[+1]t:", 1),
    ("kcc[+2]t:", 2),
    ("kcc[+3]t:", 3),
)
_REACH = 3  # the number of syllables before and after the current one that the features see
_BATCH_LENGTH = 50_000  # letters whose features are in memory together


def recut_khmer(characters: Characters, cuts: Bools) -> None:
    """Cut runs of Khmer letters as khmercut's model does."""
    text = characters.text
    for _, batch in groupby(_KHMER.finditer(text), lambda run: run.start() // _BATCH_LENGTH):
        runs = [_find_syllable_borders(_KHMER_SYLLABLE, text, *run.span()) for run in batch]
        for borders in runs:
            cuts[borders[0] + 1 : borders[-1]] = False
        cuts[list(_find_khmer_begins(text, runs))] = True


def _find_khmer_begins(text: str, runs: list[list[int]]) -> Iterator[int]:
    """Find the offsets inside some runs at which words begin; each run is a list of the borders of its syllables."""
    field = _load_khmer_field()
    padding: list[tuple[int, int]] = [(0, 0)] * _REACH  # no feature reaches across it to another run
    syllables = [*padding, *chain.from_iterable([*pairwise(borders), *padding] for borders in runs)]
    scores = field.score(_extract_features(text, syllables), _REACH, len(syllables) - 2 * _REACH).tolist()
    first = 0
    for borders in runs:
        labels = field.label(scores[first : first + len(borders) - 1])
        yield from compress(borders[1:-1], labels[1:])
        first += len(borders) - 1 + _REACH


def _extract_features(text: str, syllables: list[tuple[int, int]]) -> Iterator[Feature]:
    """Extract the features of the model for all syllables.

    A run that begins with a letter has the features that khmercut extracts. The types that khmercut has for a vowel or
    another mark before the first letter are left out.
    """
    ngrams = {length: _list_ngrams(text, syllables, length) for length in range(1, _REACH + 2)}
    for prefix, first, end in _NGRAM_FEATURES:
        yield Feature(prefix, first, ngrams[end - first])
    sizes = [end - begin for begin, end in syllables]
    types = [None if not size else "C" if size == 1 else f"K{size}" for size in sizes]
    for prefix, step in _TYPE_FEATURES:
        yield Feature(prefix, step, types)
    padded = [None, *("" if not size else None for size in sizes), None]
    yield Feature("BOS", 0, padded)
    yield Feature("EOS", 2, padded)


def _list_ngrams(text: str, syllables: list[tuple[int, int]], length: int) -> list[str | None]:
    """List the texts of some successive syllables from each syllable on; None if they contain padding."""
    real = np.array([end > 0 for _, end in syllables])
    whole = np.all([real[first : len(real) - length + 1 + first] for first in range(length)], axis=0).tolist()
    begins, ends = (begin for begin, _ in syllables), (end for _, end in syllables[length - 1 :])
    return [text[begin:end] if one else None for begin, end, one in zip(begins, ends, whole, strict=False)]


@cache
def _load_khmer_field() -> ConditionalRandomField:
    prefixes = [prefix for prefix, *_ in (*_NGRAM_FEATURES, *_TYPE_FEATURES)]
    return read_field(locate_file("khmercut", "crf_ner_10000.crfsuite"), "1", [*prefixes, "BOS", "EOS"])


# --- Burmese ----------------------------------------------------------------------------------------------------------

_BURMESE = re.compile(rf"[\u1000-\u103f\u104c-\u104f]{{2,{MAX_RUN}}}")
# A letter that is not a subscript of the one before, has no subscript, and does not close a syllable. A tone mark
# (U+1037) may precede the mark that closes it.
_BURMESE_SYLLABLE = re.compile(r"[\u1000-\u102a\u103f\u104c-\u104f](?<!\u1039.)(?!\u1037?[\u1039\u103a])")

# The cost of a word is its negative log frequency plus a constant, so the cheapest words are the likeliest. The
# constant is 14 and not ln(12 million), the size of the counted corpus: with the latter, long words win too often. It
# was tuned on sentences outside the evaluation data of the documentation page on languages.
_COST_OF_COUNT_ONE = 14.0
_COST_OF_UNKNOWN = 16.0  # of a syllable that is not in the list
_MAX_SYLLABLES = 9  # of a word


def recut_burmese(characters: Characters, cuts: Bools) -> None:
    """Cut runs of Burmese letters into the likeliest words by a unigram model."""
    for run in _BURMESE.finditer(characters.text):
        text = _normalize_tone_order(run.group())
        ends = list(_find_cheapest_ends(text, _find_syllable_borders(_BURMESE_SYLLABLE, text, 0, len(text))))
        cuts[run.start() + 1 : run.end()] = False
        cuts[[run.start() + end for end in ends[1:]]] = True


def _find_cheapest_ends(run: str, borders: list[int]) -> Iterator[int]:
    """Return the ends of the words with the lowest total cost (Viterbi), from the last to the first."""
    costs = _load_burmese_costs()
    least, begins = [0.0], [0]
    for end in range(1, len(borders)):
        ways = [(least[end - 1] + costs.get(run[borders[end - 1] : borders[end]], _COST_OF_UNKNOWN), end - 1)]
        for begin in range(max(end - _MAX_SYLLABLES, 0), end - 1):
            cost = costs.get(run[borders[begin] : borders[end]])
            if cost is not None:
                ways.append((least[begin] + cost, begin))
        cost, begin = min(ways)
        least.append(cost)
        begins.append(begin)
    place = len(borders) - 1
    while place:
        yield borders[place]
        place = begins[place]


def _normalize_tone_order(text: str) -> str:
    """Put a tone mark before the mark that closes a syllable, as NFC does; the word list has both orders."""
    return text.replace("\u103a\u1037", "\u1037\u103a")


@cache
def _load_burmese_costs() -> dict[str, float]:
    """Return the cost of each word; the list has each word before its count."""
    values = read_pickle_values(locate_file("pymyanlp", "lib/myword/models/unigram-word.bin"))
    counts: Counter[str] = Counter()
    for word, count in zip(values[::2], values[1::2], strict=True):
        counts[_normalize_tone_order(word)] += count
    return {word: _COST_OF_COUNT_ONE - math.log(count) for word, count in counts.items()}
