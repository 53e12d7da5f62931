"""The code of a language that is called by its name, by an older or longer code, or by a code with a region."""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches
from functools import cache
from importlib import resources

from nlu_lite.errors import LONGEST_NAME


def language_codes(name: str) -> list[str]:
    """List the codes that a name of a language surely stands for; none where it is no such name.

    Example:
        >>> language_codes("German"), language_codes("日本語"), language_codes("zh_Hans_CN"), language_codes("qq")
        (['de'], ['ja'], ['zh'], [])
    """
    names = _names()
    wanted = _folded(name)
    if wanted in names:
        return list(names[wanted])
    return list(names.get(re.split(r"[-_.@]", wanted, maxsplit=1)[0], ()))


def nearest_languages(name: str) -> list[str]:
    """List the codes that a name or code stands for, or, where it is misspelt, may stand for, best first."""
    sure = language_codes(name)
    if sure:
        return sure
    names = _names()
    wanted = _folded(name)
    begun = [code for length in (3, 2) for code in names.get(wanted[:length], ())]
    near = get_close_matches(wanted, [other for other in names if len(other) > 3], n=3, cutoff=0.75)
    codes = get_close_matches(wanted, [other for other in names if len(other) <= 3], n=3, cutoff=0.4)
    found = [code for other in near for code in names[other]]
    rest = [*begun, *(code for other in codes for code in names[other])]
    return list(dict.fromkeys([*found, *rest]))[:3]


@cache
def _names() -> dict[str, tuple[str, ...]]:
    """Return the codes of each name, folded; a code is a name of its language."""
    lines = (resources.files("nlu_lite._util") / "data" / "language_names.tsv").read_text(encoding="utf-8").splitlines()
    found: dict[str, tuple[str, ...]] = {}
    for code, *names in (line.split("\t") for line in lines if not line.startswith("#")):
        for name in dict.fromkeys(map(_folded, [code, *names])):
            found[name] = (*found.get(name, ()), code)
    return found


def _folded(name: str) -> str:
    """Drop case and accents."""
    decomposed = unicodedata.normalize("NFKD", name[:LONGEST_NAME].strip().casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
