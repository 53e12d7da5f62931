"""Words of languages that write none apart, through the packages of the extra ``words``.

| language | package | licence | what it brings |
|---|---|---|---|
| ja | fugashi with unidic-lite | MIT, BSD | MeCab and UniDic's short unit words |
| vi | underthesea_core, the model of underthesea | Apache-2.0 | conditional random fields over syllables |

Chinese, Thai, Khmer, Lao and Burmese keep ICU's dictionaries: no package of them cut better where that could be
measured, see the page on languages.
"""

from __future__ import annotations

import pickletools
import re
from collections.abc import Callable
from functools import cache
from importlib import metadata, util
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nlu_lite.errors import MissingExtra
from nlu_lite.records import Ints
from nlu_lite.text.characters import SPACE, Characters

if TYPE_CHECKING:
    from nlu_lite.text.words import Bools

PACKAGES = ("fugashi", "unidic_lite", "underthesea_core", "underthesea")
LONGEST = 2000  # characters or syllables that a package is given at once


def check_dictionaries() -> None:
    """Make sure that the extra is installed.

    Raises:
        MissingExtra: A package is missing; it is named.
    """
    missing = [name for name in PACKAGES if util.find_spec(name) is None]
    if missing:
        raise MissingExtra(
            f'words="dictionary" needs {", ".join(missing)}, which is not installed',
            remedy='Run pip install "nlu-lite[words]", or leave words="icu"',
        )


def dictionary_of(language: str) -> str:
    """Say whose dictionary ``words="dictionary"`` takes for a language.

    Example:
        >>> dictionary_of("ja"), dictionary_of("th"), dictionary_of("xx")
        ('fugashi', 'ICU', 'that of the language found')
    """
    return "that of the language found" if language == "xx" else _OF.get(language, "ICU")


def dictionary_cuts(characters: Characters, language: str, cuts: Bools) -> None:
    """Cut again by the package of the language; other languages keep their cuts.

    Args:
        characters: The text.
        language: Whose package counts.
        cuts: bool [N + 1], as `nlu_lite.text.words.word_cuts` gives them; changed.
    """
    recut = _RECUT.get(language)
    if recut is not None:
        recut(characters, cuts)


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
    """The model's two parts. Its files of features and words are pickles: their strings are read, nothing is run."""
    from underthesea_core import CRFFeaturizer, CRFTagger

    folder = Path(str(metadata.distribution("underthesea").locate_file("underthesea"))) / _MODEL
    tagger = CRFTagger()
    tagger.load(str(folder / "models.bin"))
    return CRFFeaturizer(_strings(folder / "features.bin"), set(_strings(folder / "dictionary.bin"))), tagger


def _strings(path: Path) -> list[str]:
    return [argument for _, argument, _ in pickletools.genops(path.read_bytes()) if isinstance(argument, str)]


_RECUT: dict[str, Callable[[Characters, Any], None]] = {"ja": _recut_japanese, "vi": _recut_vietnamese}
_OF = {"ja": "fugashi", "vi": "underthesea_core"}
