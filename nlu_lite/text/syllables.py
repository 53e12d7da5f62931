"""Words of Khmer and Burmese: runs of letters are cut again, between syllables alone.

| language | package | licence | what it brings |
|---|---|---|---|
| km | the model of khmercut, python-crfsuite | Apache-2.0, MIT | conditional random fields over syllables |
| my | the word list of myWord, in pymyanlp | MIT | how often each of 124,676 words was seen |

khmercut and pymyanlp are there for their files, and never imported. What is no letter of the script, such as digits and
stops, and where a run begins and ends, stays as it was.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any

from nlu_lite.text.packages import LONGEST, file_of, pickled

if TYPE_CHECKING:
    from nlu_lite.text.characters import Characters
    from nlu_lite.text.words import Bools


def _borders(begin: re.Pattern[str], run: str) -> list[int]:
    """Where the syllables of a run begin, and its end."""
    return [0, *(match.start() for match in begin.finditer(run, 1)), len(run)]


# --- Khmer ------------------------------------------------------------------------------------------------------------

_KHMER = re.compile(rf"[\u1780-\u17d3\u17dd]{{2,{LONGEST}}}")
_KHMER_SYLLABLE = re.compile(r"[\u1780-\u17b3](?<!\u17d2.)")  # a letter, not written under the one before

# What the model was trained to look at: its names for syllables and rows of them, counted from the one in question.
_ROWS = (
    ("kcc", 0, 1),
    ("kcc[-1]", -1, 0),
    ("kcc[-1:0]", -1, 1),
    ("kcc[-2]", -2, -1),
    ("kcc[-2:-1]", -2, 0),
    ("kcc[-2:0]", -2, 1),
    ("kcc[-3]", -3, -2),
    ("kcc[-3:-2]", -3, -1),
    ("kcc[-3:-1]", -3, 0),
    ("kcc[-3:0]", -3, 1),
    ("kcc[+1]", 1, 2),
    ("kcc[+1:0]", 0, 2),
    ("kcc[+2]", 2, 3),
    ("kcc[+1:+2]", 1, 3),
    ("kcc[0:+2]", 0, 3),
    ("kcc[+3]", 3, 4),
    ("kcc[+2:+3]", 2, 4),
    ("kcc[+1:+3]", 1, 4),
    ("kcc[0:+3]", 0, 4),
)
_KINDS = (
    ("t", 0),
    ("kcc[-1]t", -1),
    ("kcc[-2]t", -2),
    ("kcc[-3]t", -3),
    ("kcc[+1]t", 1),
    ("kcc[+2]t", 2),
    ("kcc[+3]t", 3),
)


def recut_khmer(characters: Characters, cuts: Bools) -> None:
    """Cut runs of Khmer letters as khmercut's model does."""
    tagger, alone = _khmer()
    for run in _KHMER.finditer(characters.text):
        borders = _borders(_KHMER_SYLLABLE, run.group())
        clues = list(_clues(run.group(), borders))
        with alone:  # a tagger holds what it is asked
            tags = tagger.tag(clues)
        begun = [border for border, tag in zip(borders[1:-1], tags[1:], strict=True) if tag == "1"]
        cuts[run.start() + 1 : run.end()] = False
        cuts[[run.start() + border for border in begun]] = True


def _clues(run: str, borders: list[int]) -> Iterator[list[str]]:
    """Give what the model looks at, syllable by syllable.

    A run that begins with a letter gets what khmercut would give; the kinds that it has for a vowel or another mark
    before any letter are left out.
    """
    last = len(borders) - 1
    kinds = ["C" if end - begin == 1 else f"K{end - begin}" for begin, end in pairwise(borders)]
    for here in range(last):
        rows = [
            f"{name}:{run[borders[here + first] : borders[here + end]]}"
            for name, first, end in _ROWS
            if here + first >= 0 and here + end <= last
        ]
        beside = [f"{name}:{kinds[here + step]}" for name, step in _KINDS if 0 <= here + step < last]
        yield rows + beside + ["BOS"] * (here == 0) + ["EOS"] * (here == last - 1)


@cache
def _khmer() -> tuple[Any, Lock]:
    from pycrfsuite import Tagger

    tagger = Tagger()
    tagger.open(str(file_of("khmercut", "crf_ner_10000.crfsuite")))
    return tagger, Lock()


# --- Burmese ----------------------------------------------------------------------------------------------------------

_BURMESE = re.compile(rf"[\u1000-\u103f\u104c-\u104f]{{2,{LONGEST}}}")
# A letter, neither written under the one before, nor over the next, nor the end of a syllable, which may have a tone
# (U+1037) before the sign that says so.
_BURMESE_SYLLABLE = re.compile(r"[\u1000-\u102a\u103f\u104c-\u104f](?<!\u1039.)(?!\u1037?[\u1039\u103a])")

# A word costs the logarithm of how rare it is, so the cheapest words are the likeliest. One seen once costs 14: less
# than ln(12 million), as many as the list has counted, since its longer words would win too often; chosen on other
# sentences than those that the page on languages gives figures for.
_SEEN_ONCE = 14.0
_UNSEEN = 16.0  # a syllable that is no word of the list
_MOST = 9  # syllables of a word


def recut_burmese(characters: Characters, cuts: Bools) -> None:
    """Cut runs of Burmese letters into the words that are likeliest by themselves."""
    for run in _BURMESE.finditer(characters.text):
        text = _in_one_order(run.group())
        ends = list(_likeliest(text, _borders(_BURMESE_SYLLABLE, text)))
        cuts[run.start() + 1 : run.end()] = False
        cuts[[run.start() + end for end in ends[1:]]] = True


def _likeliest(run: str, borders: list[int]) -> Iterator[int]:
    """Give where the words end that cost least together, from the last to the first."""
    costs = _burmese()
    least, begins = [0.0], [0]
    for end in range(1, len(borders)):
        ways = [(least[end - 1] + costs.get(run[borders[end - 1] : borders[end]], _UNSEEN), end - 1)]
        for begin in range(max(end - _MOST, 0), end - 1):
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


def _in_one_order(text: str) -> str:
    """Put a tone before the sign that ends a syllable, as normalised text has it; the list has words in both orders."""
    return text.replace("\u103a\u1037", "\u1037\u103a")


@cache
def _burmese() -> dict[str, float]:
    """What each word costs: the list has each word before its number."""
    said = pickled(file_of("pymyanlp", "lib/myword/models/unigram-word.bin"))
    counts: Counter[str] = Counter()
    for word, count in zip(said[::2], said[1::2], strict=True):
        counts[_in_one_order(word)] += count
    return {word: _SEEN_ONCE - math.log(count) for word, count in counts.items()}
