"""The rules of a language, read from its file in ``data/rules``: what they may say, and what each means.

A file holds three tables, all optional, with these keys (lists of words are strings, split at white space):

``[language]``, how the language is known from a text
    ``script``: what it is written in. ``common``: words that stand in nearly every text. ``letters``: letters that
    its neighbours in the script do without.

``[sentences]``
    ``stops``: characters that end sentences beside the common ones. ``weak``: characters that end one before a
    capital. ``titles``: abbreviations that a name follows: they never end a sentence. ``leading``: abbreviations that
    what follows completes (e.g., cf., vs.): nor do they. ``abbreviations``: others; they end one before a word of
    ``starters`` alone. ``final``: abbreviations that may end one before a capital. ``units``: abbreviations after a
    number, which may end one too. ``numbered``: abbreviations before a number: they end none. Small letters in a list
    stand for a capital at the front too, a capital for itself alone: ``Sat`` is no ``sat``; what has stops inside
    (``z.B``) is known with spaces after them and in any case; ``units`` are known as they are written alone. No word
    stands in two of ``titles``, ``leading``, ``final`` and ``abbreviations``. ``starters``: words that begin a
    sentence; at rest the common ones. ``capitals``: ``"nouns"`` where a capital is no sign of a sentence after a
    unit. ``ordinals``: ``"short"`` where a number of one or two digits and a stop is an ordinal, ``"all"`` where any
    number is, ``"roman"`` for Roman numerals, ``"dates"`` for numbers in dates alone. ``months``: words before which
    any number with a stop is a date. ``initials``: pattern of what stands for a name beside single capitals.
    ``syllables``: pattern of what does so beside another initial or after a title alone. ``known``: words that look
    like initials or numbered ones and are none for sure; the common ones are known too. ``begins``: pattern of a
    small clitic that begins a sentence; its group is the capital after it. ``case``: ``"none"`` where small letters
    begin sentences too. ``lowercase``: ``"continues"`` where a question before a small letter goes on. ``quoted``:
    ``"continues"`` where a sentence goes on after a quotation that ends with a stop. ``goes_on``: pattern of what
    follows a closing quote when the sentence goes on.

``[words]``
    ``join``: joints, three signs each: what stands left, the joint, what stands right. ``a`` is a letter, ``0`` a
    digit, ``_`` white space or an edge, ``.`` any other sign, and another sign itself. ``a-a`` keeps ``well-known``
    whole, ``a-_`` keeps the hyphen of ``pre-``. ``runs``: signs of which several in a row are one word. ``stops``:
    ``"apart"`` where the stop of an abbreviation is a word of its own. ``elided``: words that lose their last vowel
    before an apostrophe and are words of their own; ``*`` for all that no space follows. ``one``: patterns; a match is
    one word, or each of its groups where it has some. ``tail``: patterns of what belongs to the word before. ``whole``:
    words that are never cut by ``elided``, ``clitics`` or what is said of affixes here. ``clitics``: patterns for a
    whole word, in the order in which clitics stand; each group is a word, and is looked at by the patterns after it.
    ``compounds``: words written with spaces, one a line. ``apart``: words that ICU's dictionary has as one, with ``|``
    where they are cut. ``affixes``: patterns for such a word; each group is a word. Characters that are cut off such a
    word of three or more where no pattern fits: ``surnames``, off the front of three, unless ICU has the first two as a
    word; ``suffixes``, off the end, but where ICU has the last two as a word and not what stands before the last, these
    two are cut off; ``prefixes``, off the front of what ICU has as a word. ``alone``: characters that are words by
    themselves; other Chinese characters that ICU leaves single in a row are one word. ``glue``: patterns in whose
    matches nothing is cut.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

FOLDER = "data/rules"


@dataclass(frozen=True)
class Evidence:
    """The table ``[language]`` of a language."""

    script: str = ""
    common: frozenset[str] = frozenset()
    letters: str = ""


@dataclass(frozen=True)
class SentenceRules:
    """The table ``[sentences]`` of a language."""

    stops: str = ""
    weak: str = ""
    titles: frozenset[str] = frozenset()
    abbreviations: frozenset[str] = frozenset()
    leading: frozenset[str] = frozenset()
    final: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    numbered: frozenset[str] = frozenset()
    starters: frozenset[str] = frozenset()
    months: frozenset[str] = frozenset()
    ordinals: frozenset[str] = frozenset()
    initials: str = ""
    syllables: str = ""
    case: str = "two"
    lowercase: str = "begins"
    quoted: str = "ends"
    goes_on: str = ""
    begins: str = ""
    capitals: str = "names"
    known: frozenset[str] = frozenset()

    @cached_property
    def shortened(self) -> frozenset[str]:
        """All abbreviations, in small letters: few words are any."""
        lists = (self.titles, self.abbreviations, self.leading, self.final, self.units, self.numbered)
        return frozenset(word.lower() for words in lists for word in words)


@dataclass(frozen=True)
class WordRules:
    """The table ``[words]`` of a language."""

    join: tuple[str, ...] = ()
    runs: str = ".!?…-=_*~'`,#+<>&|/\\^"
    stops: str = "joined"
    elided: frozenset[str] = frozenset()
    one: tuple[re.Pattern[str], ...] = ()
    tail: tuple[re.Pattern[str], ...] = ()
    whole: frozenset[str] = frozenset()
    clitics: tuple[re.Pattern[str], ...] = ()
    compounds: frozenset[str] = frozenset()
    apart: tuple[str, ...] = ()
    affixes: tuple[re.Pattern[str], ...] = ()
    surnames: str = ""
    suffixes: str = ""
    prefixes: str = ""
    glue: tuple[re.Pattern[str], ...] = ()
    alone: str = ""


@dataclass(frozen=True)
class Rules:
    """The rules of a language."""

    language: str
    evidence: Evidence
    sentences: SentenceRules
    words: WordRules


@cache
def languages_with_rules() -> frozenset[str]:
    """Give the codes of all languages that have rules of their own."""
    folder = resources.files("nlu_lite.text") / FOLDER
    return frozenset(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


@cache
def rules_of(language: str) -> Rules:
    """Read the rules of a language; one without a file has the rules of ``xx``, which hold for any.

    Example:
        >>> "Dr" in rules_of("de").sentences.titles
        True
    """
    name = language if language in languages_with_rules() else "xx"
    file = resources.files("nlu_lite.text") / FOLDER / f"{name}.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    evidence = _evidence(table.get("language", {}))
    return Rules(
        language,
        evidence,
        _sentences(table.get("sentences", {}), evidence.common),
        _words(table.get("words", {})),
    )


@cache
def written_in(script: str) -> tuple[Rules, ...]:
    """Give the rules of all languages that are written in a script, by code."""
    rules = (rules_of(language) for language in sorted(languages_with_rules()))
    return tuple(one for one in rules if one.evidence.script == script)


def _evidence(table: dict[str, str]) -> Evidence:
    return Evidence(table.get("script", ""), _folded(table.get("common", "")), table.get("letters", ""))


def _sentences(table: dict[str, Any], common: frozenset[str]) -> SentenceRules:
    """Common words are those of grammar: no abbreviations, and good to begin a sentence with."""
    values = {key: _SENTENCE_KEYS.get(key, _shortened)(value) for key, value in table.items()}
    known = common | values.pop("known", frozenset())
    return SentenceRules(**{"starters": common, "known": known} | values)


def _words(table: dict[str, Any]) -> WordRules:
    return WordRules(**{key: _WORD_KEYS[key](value) for key, value in table.items()})


def _folded(words: str) -> frozenset[str]:
    return frozenset(word.lower() for word in words.split())


def _shortened(words: str) -> frozenset[str]:
    """Abbreviations as they are written; those with stops inside them in small letters too."""
    listed = words.split()
    return frozenset([*listed, *(word.lower() for word in listed if "." in word)])


def _patterns(patterns: list[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _characters(text: str) -> str:
    return "".join(text.split())


def _compounds(text: str) -> frozenset[str]:
    return frozenset(" ".join(line.lower().split()) for line in text.splitlines() if line.strip())


_PLAIN = ("stops", "weak", "initials", "syllables", "case", "lowercase", "quoted", "goes_on", "begins", "capitals")
_SENTENCE_KEYS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_PLAIN, str),
    **dict.fromkeys(("known", "starters", "months", "ordinals"), _folded),
}
_WORD_KEYS: dict[str, Callable[[Any], Any]] = {
    "join": _split,
    "runs": str,
    "stops": str,
    "elided": _folded,
    "one": _patterns,
    "tail": _patterns,
    "whole": _folded,
    "clitics": _patterns,
    "compounds": _compounds,
    "apart": _split,
    "affixes": _patterns,
    "glue": _patterns,
    **dict.fromkeys(("alone", "surnames", "suffixes", "prefixes"), _characters),
}
