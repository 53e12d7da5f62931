"""The segmentation rules of each language, loaded from ``data/rules/<language>.toml``.

``data/rules/README.md`` explains every key of these files. The records below have one field for each key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib import resources
from typing import Any, TypeAlias

from nlu_lite._util.toml import TomlFile, TomlTable

FOLDER = "data/rules"
REMEDY = f"See {FOLDER}/README.md for the keys and their values"

_CASED_SCRIPTS = frozenset(("Greek", "Cyrillic", "Armenian"))

Parser: TypeAlias = Callable[[Any], Any]
"""Turns the value of a key in a rule file into the value of the field."""


@dataclass(frozen=True)
class Evidence:
    """The table ``[language]``: evidence that a text is in a language."""

    base: str = ""
    script: tuple[str, ...] = ()
    common_words: frozenset[str] = frozenset()
    word_beginnings: frozenset[str] = frozenset()
    distinctive_letters: str = ""


@dataclass(frozen=True, eq=False)  # compared by identity: the hash of all fields would be slow, and caches need it
class SentenceRules:
    """The table ``[sentences]``."""

    terminators: str = ""
    weak_terminators: str = ""
    full_stops: str = ""
    weak_after: re.Pattern[str] | None = None
    short_introduction: str = "continues"
    titles: frozenset[str] = frozenset()
    abbreviations: frozenset[str] = frozenset()
    prepositive: frozenset[str] = frozenset()
    final: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    before_numbers: frozenset[str] = frozenset()
    compound_ends: tuple[str, ...] = ()
    sentence_starters: frozenset[str] = frozenset()
    never_first: frozenset[str] = frozenset()
    months: frozenset[str] = frozenset()
    numbered: frozenset[str] = frozenset()
    prepositions: frozenset[str] = frozenset()
    ordinals: frozenset[str] = frozenset()
    syllabic: frozenset[str] = frozenset()
    abbreviation_ends: re.Pattern[str] | None = None
    unusual_ends: re.Pattern[str] | None = None
    initials: re.Pattern[str] | None = None
    initial_syllables: re.Pattern[str] | None = None
    case: str = "bicameral"
    lowercase_after_question: str = "begins"
    lowercase_after_period: str = "begins"
    after_quotation: str = "begins"
    continuation: re.Pattern[str] | None = None
    continuation_after_mark: re.Pattern[str] | None = None
    final_ellipsis: re.Pattern[str] | None = None
    address: re.Pattern[str] | None = None
    speech_verbs: frozenset[str] = frozenset()
    proclitic: re.Pattern[str] | None = None
    capitalization: str = "names"
    ordinary_words: frozenset[str] = frozenset()

    @cached_property
    def listed_abbreviations(self) -> frozenset[str]:
        """Abbreviations of every kind, as written in the lists."""
        lists = (self.abbreviations, self.prepositive, self.final, self.units, self.before_numbers)
        return self.titles.union(*lists)

    @cached_property
    def lowercase_abbreviations(self) -> frozenset[str]:
        """Abbreviations of every kind in lowercase: one lookup rules out most words of a text."""
        return frozenset(word.lower() for word in self.listed_abbreviations)


@dataclass(frozen=True)
class WordRules:
    """The table ``[words]``."""

    join: tuple[str, ...] = ()
    runs: str = ".!?…-=_*~'`,#+<>&|/\\^"
    abbreviation_period: str = "attached"
    elisions: frozenset[str] = frozenset()
    token_patterns: tuple[re.Pattern[str], ...] = ()
    attach_left: tuple[re.Pattern[str], ...] = ()
    never_split: frozenset[str] = frozenset()
    clitics: tuple[re.Pattern[str], ...] = ()
    words_with_spaces: frozenset[str] = frozenset()
    splits: tuple[str, ...] = ()
    affixes: tuple[re.Pattern[str], ...] = ()
    surnames: str = ""
    suffixes: str = ""
    prefixes: str = ""
    keep_together: tuple[re.Pattern[str], ...] = ()
    single_character_words: str = ""


@dataclass(frozen=True)
class Rules:
    """The rules of a language."""

    language: str
    evidence: Evidence
    sentences: SentenceRules
    words: WordRules


@cache
def list_languages_with_rules() -> frozenset[str]:
    """Return the codes of all languages that have a rule file, ``"xx"`` included."""
    folder = resources.files("nlu_lite.text") / FOLDER
    return frozenset(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


@cache
def load_rules(language: str) -> Rules:
    """Load the rules of a language; a language without a rule file has the rules of ``"xx"``.

    Example:
        >>> "Dr" in load_rules("de").sentences.titles
        True
    """
    name = language if language in list_languages_with_rules() else "xx"
    rules = parse_rules(_read_file(name), language, f"{name}.toml")
    if name == "xx":
        return rules
    return _add_international_names(rules) if "Latin" in rules.evidence.script else _add_latin_abbreviations(rules)


def _read_file(name: str) -> str:
    return (resources.files("nlu_lite.text") / FOLDER / f"{name}.toml").read_text(encoding="utf-8")


def _add_international_names(rules: Rules) -> Rules:
    """Add capitalized titles and forms of companies to the rules of a language in Latin script: "Mr.", "Inc."."""
    own, default = rules.sentences, load_rules("xx").sentences
    known = own.lowercase_abbreviations | own.ordinary_words | own.sentence_starters
    added: dict[str, Any] = {}
    for name in ("titles", "final"):
        words = {word for word in getattr(default, name) if word[0].isupper() and word.lower() not in known}
        added[name] = getattr(own, name) | words
    return replace(rules, sentences=replace(own, **added))


def _add_latin_abbreviations(rules: Rules) -> Rules:
    """Add Latin abbreviations to the rules of a language in another script: its texts contain "No." and "Dr."."""
    own, default = rules.sentences, load_rules("xx").sentences
    final = "abbreviations" if _CASED_SCRIPTS.isdisjoint(rules.evidence.script) else "final"
    added: dict[str, Any] = {}
    for name in ("titles", "final", "abbreviations", "before_numbers"):
        key = final if name == "final" else name  # where no capital shows that a sentence begins, a particle may follow
        words = {word for word in getattr(default, name) if word.lower() not in own.lowercase_abbreviations}
        added[key] = added.get(key, getattr(own, key)) | words
    return replace(rules, sentences=replace(own, **added))


@cache
def load_evidence_of_script(script: str) -> Mapping[str, Evidence]:
    """Return the evidence for all languages that are written in a script, in the order of their codes.

    Their other rules are not parsed: those of all languages of the Latin script take a quarter of a second, and a text
    needs those of one language.

    Example:
        >>> list(load_evidence_of_script("Devanagari"))
        ['hi', 'mr', 'ne', 'sa']
    """
    evidence = _load_evidence()
    return {language: one for language, one in evidence.items() if script in one.script}


@cache
def _load_evidence() -> Mapping[str, Evidence]:
    return {name: _parse_evidence(_read_file(name), f"{name}.toml") for name in sorted(list_languages_with_rules())}


def parse_rules(text: str, language: str, source: str) -> Rules:
    r"""Parse the text of a rule file.

    Args:
        text: TOML.
        language: The language code of the rules.
        source: The name of the file, for errors.

    Raises:
        FormatError: The text is not TOML, a table or key is unknown, or a value does not suit its key; the error names
            the line.

    Example:
        >>> parse_rules("[words]\njoin = 'a-a'", "de", "de.toml").words.join
        ('a-a',)
    """
    file = TomlFile(source, text, REMEDY)
    tables = file.parse()
    file.root.check(tables, dict.fromkeys(_PARSERS, dict), ())
    evidence, sentences, words = (_parse_table(file, name, tables) for name in _PARSERS)
    found = Evidence(**evidence)
    base = load_rules(found.base) if found.base else _DEFAULTS
    sentences = _add_common_words(sentences, base.sentences, found.common_words)
    return Rules(language, found, replace(base.sentences, **sentences), replace(base.words, **words))


def _parse_evidence(text: str, source: str) -> Evidence:
    """Parse the table ``[language]`` of a rule file (see `parse_rules`)."""
    file = TomlFile(source, text, REMEDY)
    return Evidence(**_parse_table(file, "language", file.parse()))


def _parse_table(file: TomlFile, name: str, tables: Mapping[str, Any]) -> dict[str, Any]:
    table, values, parsers = TomlTable(file, name, 0), tables.get(name, {}), _PARSERS[name]
    types = {key: list[str] if parse is _parse_patterns else str for key, parse in parsers.items()}
    table.check(values, types, (), f"[{table.header}]")
    return {key: _parse_value(table, key, value, parsers[key]) for key, value in values.items()}


def _parse_value(table: TomlTable, key: str, value: Any, parse: Parser) -> Any:
    try:
        return parse(value)
    except (ValueError, re.error) as error:
        table.fail(f"{key} cannot be used: {error}", "", key)


def _add_common_words(table: dict[str, Any], base: SentenceRules, common: frozenset[str]) -> dict[str, Any]:
    """Treat function words as sentence starters, and as ordinary words, which are not abbreviations."""
    ordinary = common | table.get("ordinary_words", base.ordinary_words)
    return {"sentence_starters": common | base.sentence_starters} | table | {"ordinary_words": ordinary}


def _build_choice_parser(*choices: str) -> Parser:
    def parse(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"it is {value!r}, not one of {', '.join(map(repr, choices))}")
        return str(value)

    return parse


def _parse_ordinals(text: str) -> frozenset[str]:
    return frozenset(map(_build_choice_parser("short", "all", "roman", "dates"), text.split()))


def _parse_words(words: str) -> frozenset[str]:
    return frozenset(word.lower() for word in words.split())


def _parse_abbreviations(words: str) -> frozenset[str]:
    """Keep abbreviations as written; those with inner periods match in any case, so add them in lowercase."""
    listed = words.split()
    return frozenset([*listed, *(word.lower() for word in listed if "." in word)])


def _parse_patterns(patterns: list[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


def _parse_sequence(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _parse_characters(text: str) -> str:
    return "".join(text.split())


def _parse_lines(text: str) -> frozenset[str]:
    return frozenset(" ".join(line.lower().split()) for line in text.splitlines() if line.strip())


_DEFAULTS = Rules("xx", Evidence(), SentenceRules(), WordRules())
_EVIDENCE_PARSERS: Mapping[str, Parser] = {
    "base": str,
    "script": _parse_sequence,
    **dict.fromkeys(("common_words", "word_beginnings"), _parse_words),
    "distinctive_letters": str,
}
_SENTENCE_PARSERS: Mapping[str, Parser] = {
    **dict.fromkeys(("terminators", "weak_terminators", "full_stops"), str),
    **dict.fromkeys(
        ("lowercase_after_question", "after_quotation"),
        _build_choice_parser("begins", "continues"),
    ),
    "short_introduction": _build_choice_parser("continues", "ends"),
    "lowercase_after_period": _build_choice_parser("begins", "consistent", "continues"),
    "case": _build_choice_parser("bicameral", "unicameral"),
    "capitalization": _build_choice_parser("names", "nouns"),
    "ordinals": _parse_ordinals,
    "compound_ends": _parse_sequence,
    **dict.fromkeys(
        (
            *(
                "abbreviation_ends",
                "unusual_ends",
                "initials",
                "initial_syllables",
                "address",
                "proclitic",
                "weak_after",
            ),
            *("continuation", "continuation_after_mark", "final_ellipsis"),
        ),
        re.compile,
    ),
    **dict.fromkeys(("titles", "prepositive", "before_numbers"), _parse_abbreviations),
    **dict.fromkeys(("units", "final", "abbreviations"), _parse_abbreviations),
    **dict.fromkeys(
        ("ordinary_words", "sentence_starters", "never_first", "syllabic", "months", "numbered", "prepositions"),
        _parse_words,
    ),
    "speech_verbs": _parse_words,
}
_WORD_PARSERS: Mapping[str, Parser] = {
    **dict.fromkeys(("join", "splits"), _parse_sequence),
    "runs": str,
    "abbreviation_period": _build_choice_parser("attached", "separate"),
    **dict.fromkeys(("elisions", "never_split"), _parse_words),
    **dict.fromkeys(("token_patterns", "attach_left", "clitics", "affixes", "keep_together"), _parse_patterns),
    **dict.fromkeys(("single_character_words", "surnames", "suffixes", "prefixes"), _parse_characters),
    "words_with_spaces": _parse_lines,
}
_PARSERS = {"language": _EVIDENCE_PARSERS, "sentences": _SENTENCE_PARSERS, "words": _WORD_PARSERS}
"""The parsers of the keys of each table."""
