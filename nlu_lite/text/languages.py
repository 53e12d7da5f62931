"""Language codes, and the rules that each language shares."""

from __future__ import annotations

from collections.abc import Set
from functools import cache, lru_cache
from importlib import resources

from nlu_lite._util.language_names import find_code, find_language_codes, find_nearest_languages
from nlu_lite.errors import OptionError
from nlu_lite.text.rules import list_languages_with_rules


def check_language(code: str) -> str:
    """Return the code of a language, which may be given by another code of ISO 639 or BCP 47, or by a locale.

    Raises:
        OptionError: The code is unknown; the error lists the nearest codes.

    Example:
        >>> check_language("de"), check_language("deu"), check_language("pt-BR"), check_language("zh_Hant")
        ('de', 'de', 'pt', 'zh')
    """
    known = (code if code in list_languages() else find_code(code)) if isinstance(code, str) else None
    if known is None:
        meant = find_language_codes(str(code))
        remedy = f"Pass {' or '.join(map(repr, meant))}. " if meant else ""
        raise OptionError(
            f"language {code!r} is unknown",
            "an ISO 639 code such as 'de'",
            f"{remedy}Pass 'xx' to detect the language of each text",
            find_nearest_languages(str(code)),
        )
    return known


@lru_cache(maxsize=1024)
def find_rules_language(code: str) -> str:
    """Return the language whose rules split texts in a language: the same one, or one that shares its rules.

    Example:
        >>> find_rules_language("deu"), find_rules_language("nb"), find_rules_language("lb")
        ('de', 'no', 'lb')
    """
    known = code if code in list_languages() else find_code(code) or code
    return _load_languages().get(known) or known


def describe_rules(language: str) -> str:
    """Return which rules split the texts of a language, for display.

    Example:
        >>> describe_rules("de"), describe_rules("nn"), describe_rules("lb"), describe_rules("xx")
        ('de', 'no', "Unicode's default", 'found from the text')
    """
    if language == "xx":
        return "found from the text"
    found = find_rules_language(language)
    return found if found in list_languages_with_rules() else "Unicode's default"


def list_languages() -> Set[str]:
    """Return all known language codes, ``"xx"`` included."""
    return _load_languages().keys()


@cache
def _load_languages() -> dict[str, str]:
    """Return for each known code the language that it shares the rules of; empty for its own rules."""
    lines = (resources.files("nlu_lite.text") / "data" / "languages.txt").read_text(encoding="utf-8").splitlines()
    words = (word for line in lines if not line.startswith("#") for word in line.split())
    return {code: base for code, _, base in (word.partition("=") for word in [*words, "xx"])}
