"""Language codes, found by a language's name, by an older or longer code, or by a code with a region."""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches
from functools import cache
from importlib import resources

from nlu_lite.errors import LONGEST_NAME

_CODE = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_][A-Za-z0-9]{1,8})*+(?:[.@][\w.@=-]*)?")
"""A language, a script, and what makes no difference to the rules: a region, a variant, an encoding."""


def find_language_codes(name: str) -> list[str]:
    """Return the codes of the languages with exactly this name; an empty list for any other text.

    Example:
        >>> [find_language_codes(name) for name in ("German", "日本語", "zh_Hans_CN", "qq")]
        [['de'], ['ja'], ['zh'], []]
    """
    names = _load_names()
    wanted = _fold(name)
    if wanted in names:
        return list(names[wanted])
    return list(names.get(re.split(r"[-_.@]", wanted, maxsplit=1)[0], ()))


def find_code(code: str) -> str | None:
    """Return this library's code for a code of ISO 639, BCP 47 or a locale; None if it has none for that language.

    Example:
        >>> [find_code(code) for code in ("deu", "pt-BR", "zh_Hant_TW", "hi_Latn", "iw", "de_AT.UTF-8", "German")]
        ['de', 'pt', 'zh', 'hi-Latn', 'he', 'de', None]
    """
    parts = _CODE.fullmatch(code)
    if parts is None or len(code) > LONGEST_NAME:
        return None
    language, script = parts[1].lower(), (parts[2] or "").lower()
    names = _load_names()
    found = names.get(code.lower()) or names.get(f"{language}-{script}") or names.get(language) or ()
    return found[0] if len(found) == 1 and found[0] != "xx" else None


def find_nearest_languages(name: str) -> list[str]:
    """Return the codes of the languages with this name or code, or with a similar one, best first."""
    exact = find_language_codes(name)
    if exact:
        return exact
    names = _load_names()
    wanted = _fold(name)
    prefixed = [code for length in (3, 2) for code in names.get(wanted[:length], ())]
    near = get_close_matches(wanted, [other for other in names if len(other) > 3], n=3, cutoff=0.75)
    codes = get_close_matches(wanted, [other for other in names if len(other) <= 3], n=3, cutoff=0.4)
    found = [code for other in near for code in names[other]]
    rest = [*prefixed, *(code for other in codes for code in names[other])]
    return list(dict.fromkeys([*found, *rest]))[:3]


@cache
def _load_names() -> dict[str, tuple[str, ...]]:
    """Return the codes by name, without case and accents; a code is a name of its language as well."""
    lines = (resources.files("nlu_lite._util") / "data" / "language_names.tsv").read_text(encoding="utf-8").splitlines()
    found: dict[str, tuple[str, ...]] = {}
    for code, *names in (line.split("\t") for line in lines if not line.startswith("#")):
        for name in dict.fromkeys(map(_fold, [code, *names])):
            found[name] = (*found.get(name, ()), code)
    return found


def _fold(name: str) -> str:
    """Drop case and accents."""
    decomposed = unicodedata.normalize("NFKD", name[:LONGEST_NAME].strip().casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
