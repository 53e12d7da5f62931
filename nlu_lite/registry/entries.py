"""Entries that are not of NLU's tables: the library's own additions, a user's TOML file, a package's.

A file holds tables ``[[model]]`` and ``[[alias]]``; docs/references.md describes their keys. All files are read with
the same checks, and each error names the file and the line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from nlu_lite.errors import FormatError
from nlu_lite.records import (
    Action,
    BucketArchive,
    Card,
    HubRepository,
    InstalledFile,
    LocalFolder,
    Origin,
    SentenceRecipe,
)
from nlu_lite.registry.catalogue import READABLE_AS, REPOSITORY, Catalogue, Facts, Row, Status, kinds, read_recipe

MODEL_REFERENCE = re.compile(r"[a-z]{2,3}\.(?:embed|embed_sentence)\.[\w.-]+", re.ASCII)
ALIAS_REFERENCE = re.compile(r"[\w.-]{1,200}", re.ASCII)
NAME = re.compile(r"[\w.-]{1,200}", re.ASCII)
ARCHIVE = re.compile(r"[\w.-]+\.zip", re.ASCII)
SHA256 = re.compile(r"[0-9a-f]{64}")
REVISION = re.compile(r"(?!.*\.\.)[\w.][\w./-]*", re.ASCII)
TEXT_COMPONENT = re.compile(r"(?:[a-z]{2,3}\.)?(?:tokenize|sentence_detector)")
LARGEST = 4 << 20
"""Bytes of a file of entries; more is no catalogue."""
REMEDY = "Correct the entry; docs/references.md describes the keys"


@dataclass(frozen=True)
class Source:
    """A file of entries.

    Attributes:
        name: What errors call it: its path.
        text: Its content.
        folder: What relative paths in it are relative to.
    """

    name: str
    text: str
    folder: Path


@dataclass(frozen=True)
class Place:
    """A table of a file, for errors: the file, which table it is, and the lines on which it stands."""

    source: Source
    table: str
    number: int

    def __str__(self) -> str:
        return self.at()

    def at(self, key: str | None = None) -> str:
        """Name the file, and the line of a key or of the table; the file alone where the line is not plain to see."""
        lines, headers = _lines(self.source.text), _headers(self.source.text, self.table)
        if self.number >= len(headers):
            return self.source.name
        begin = headers[self.number]
        end = next((n for n in range(begin, len(lines)) if lines[n].lstrip().startswith("[[")), len(lines))
        named = rf"[\"']?{re.escape(key or '')}[\"']?\s*[=\]]"
        alone, inline = rf"\s*(?:\[\s*{self.table}\.)?{named}", rf".*[{{,]\s*{named}"
        forms = (alone, inline) if key else ()
        found = (n + 1 for form in forms for n in range(begin, end) if re.match(form, lines[n]))
        return f"{self.source.name}, line {next(found, begin)}"

    def fail(self, got: str, expected: str, key: str | None = None, near: Sequence[str] = ()) -> NoReturn:
        """Raise the error for something in this table."""
        raise FormatError(f"{self.at(key)}: {got}", expected, REMEDY, near)


@lru_cache(maxsize=4)
def _lines(text: str) -> list[str]:
    """Split a file once, however many entries it has."""
    return text.split("\n")  # as TOML has it: not at other signs that end a line in Python


@lru_cache(maxsize=8)
def _headers(text: str, table: str) -> list[int]:
    """Give the lines on which tables begin, counted from 1."""
    header = re.compile(rf"\s*\[\[\s*{table}\s*\]\]")
    return [number for number, line in enumerate(_lines(text), 1) if header.match(line)]


@dataclass(frozen=True)
class ModelEntry:
    """A ``[[model]]``: its line, what is known of it, and whether it may stand in place of another reference."""

    row: Row
    facts: Facts
    shadows: bool
    place: Place


@dataclass(frozen=True)
class AliasEntry:
    """An ``[[alias]]``: another name of a reference."""

    reference: str
    of: str
    shadows: bool
    place: Place


Entry = ModelEntry | AliasEntry


def extended(catalogue: Catalogue, sources: Iterable[Source]) -> Catalogue:
    """Add the entries of files to a catalogue.

    Raises:
        FormatError: A file is no TOML, or has an entry that cannot be used; the file and the line are named.
    """
    for source in sources:
        catalogue = _with(catalogue, read(source))
    return catalogue


def read(source: Source) -> list[Entry]:
    """Read a file, each entry by itself.

    Raises:
        FormatError: As `extended`.
    """
    try:
        content = tomllib.loads(source.text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FormatError(f"{source.name} is no TOML: {error or 'nested too deeply'}", "TOML", REMEDY) from error
    _check_top(source, content)
    entries: list[Entry] = []
    for table, make in (("model", _model), ("alias", _alias)):
        for number, values in enumerate(content.get(table, ())):
            entries.append(make(Place(source, table, number), values))
    return entries


def _check_top(source: Source, content: Mapping[str, Any]) -> None:
    for key, value in content.items():
        if key not in ("model", "alias"):
            line = next((n for n, line in enumerate(_lines(source.text), 1) if key in line), 1)
            got = f"{source.name}, line {line}: {key!r} is unknown"
            raise FormatError(got, "[[model]] or [[alias]]", REMEDY, get_close_matches(key, ["model", "alias"]))
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise FormatError(f"{source.name}: {key} is no array of tables", f"[[{key}]]", REMEDY)


# --- one entry -------------------------------------------------------------------------------------------------------

TEXTS = {
    "title",
    "name",
    "annotator",
    "task",
    "edition",
    "compatibility",
    "licence",
    "description",
    "published",
    "archive",
}
LISTS = {"tags", "input_labels", "output_labels", "languages", "sources"}
NUMBERS = {"max_sentence_length", "dimension"}
CARD = {
    field.name: str if field.name in TEXTS else list if field.name in LISTS else int if field.name in NUMBERS else bool
    for field in fields(Card)
}
MODEL: Mapping[str, type] = {
    "reference": str,
    "kind": str,
    "model": str,
    "hub": str,
    "revision": str,
    "folder": str,
    "archive": str,
    "installed": dict,
    "shadows": bool,
    "card": dict,
    "sentence": dict,
}
ALIAS: Mapping[str, type] = {"reference": str, "of": str, "shadows": bool}
INSTALLED: Mapping[str, type] = {"distribution": str, "extra": str, "path": str, "sha256": str, "size": int}
SENTENCE: Mapping[str, type] = {"pooling": str, "alignment": str, "normalize": bool, "prompt": str}
WORDS = {str: "a string", bool: "true or false", int: "a whole number", list: "a list of strings", dict: "a table"}


def _model(place: Place, values: Mapping[str, Any]) -> ModelEntry:
    _check(place, values, MODEL, ("reference", "kind"))
    reference, kind = values["reference"], values["kind"]
    if not MODEL_REFERENCE.fullmatch(reference) or len(reference) > 200:
        expected = "<language>.embed.<name> or <language>.embed_sentence.<name> of ASCII letters, digits, . _ -"
        place.fail(f"{_short(reference)} is no reference of a model", expected, "reference")
    if kind not in kinds() or not kinds()[kind].reads:
        runs = [name for name, entry in kinds().items() if entry.reads]
        place.fail(f"kind {_short(kind)} is none that runs", ", ".join(runs), "kind", get_close_matches(kind, runs))
    _check(place, values.get("card", {}), CARD, (), "card")
    _check_form(place, values, "model", NAME, "a name of ASCII letters, digits, . _ -")
    language, action, *name = reference.split(".")
    row = Row(reference, language, Action(action), values.get("model", "_".join(name)), kind, Status.OWN, str(place))
    card = dict(values.get("card", {}))
    facts = Facts(
        card, {str(place): tuple(card)}, origins=_origins(place, row, values), sentence=_sentence(place, values)
    )
    return ModelEntry(row, facts, values.get("shadows", False), place)


def _origins(place: Place, row: Row, values: Mapping[str, Any]) -> tuple[Origin, ...]:
    if "revision" in values and "hub" not in values:
        place.fail("revision without hub", "a hub repository, whose revision it is", "revision")
    makers: dict[str, Callable[[Any], Origin]] = {
        "installed": lambda value: _installed(place, value),
        "folder": lambda value: _folder(place, value),
        "archive": lambda value: BucketArchive(row.model, row.language, value),
        "hub": lambda value: HubRepository(value, values.get("revision")),
    }
    origins = {name: make(values[name]) for name, make in makers.items() if name in values}
    if not origins:
        place.fail(f"{row.reference} has no source", "hub, folder, archive or installed")
    reads = kinds()[row.kind].reads
    for name, origin in origins.items():
        if not reads & READABLE_AS[type(origin)]:
            place.fail(f"models of kind {row.kind} are not read from {name}", "hub or folder", name)
    _check_form(place, values, "hub", REPOSITORY, "organisation/name")
    _check_form(place, values, "revision", REVISION, "a branch, tag or commit")
    _check_form(place, values, "archive", ARCHIVE, "the file name of a zip in Spark NLP's bucket")
    return tuple(origins.values())


def _installed(place: Place, values: Mapping[str, Any]) -> InstalledFile:
    _check(place, values, INSTALLED, ("distribution", "path", "sha256", "size"), "installed")
    _check_form(place, values, "distribution", NAME, "the name of a package as pip knows it")
    _check_form(place, values, "sha256", SHA256, "64 hexadecimal digits in small letters")
    return InstalledFile(**{"extra": "", **values})


def _folder(place: Place, value: str) -> LocalFolder:
    try:
        path = None if not value or "\0" in value else Path(value).expanduser()
    except RuntimeError:  # a user who is not known
        path = None
    if path is None:
        place.fail(f"folder is {_short(value)}", "a path to a model's folder or file", "folder")
    return LocalFolder(str(place.source.folder / path))


def _sentence(place: Place, values: Mapping[str, Any]) -> SentenceRecipe | None:
    if "sentence" not in values:
        return None
    _check(place, values["sentence"], SENTENCE, ("pooling",), "sentence")
    try:
        return read_recipe(**values["sentence"])
    except ValueError as error:
        place.fail(
            f"{error} of a sentence recipe", 'pooling "mean", "cls" or "pooler"; alignment "text" or "word"', "sentence"
        )


def _alias(place: Place, values: Mapping[str, Any]) -> AliasEntry:
    _check(place, values, ALIAS, ("reference", "of"))
    reference = values["reference"]
    if not ALIAS_REFERENCE.fullmatch(reference) or TEXT_COMPONENT.fullmatch(reference):
        expected = "ASCII letters, digits, . _ -, and not the name of a text component"
        place.fail(f"{_short(reference)} is no reference", expected, "reference")
    return AliasEntry(reference, values["of"], values.get("shadows", False), place)


def _check_form(place: Place, values: Mapping[str, Any], key: str, form: re.Pattern[str], expected: str) -> None:
    if key in values and not form.fullmatch(values[key]):
        place.fail(f"{key} is {_short(values[key])}", expected, key)


def _check(
    place: Place, values: Mapping[str, Any], known: Mapping[str, type], needed: Sequence[str], inside: str = ""
) -> None:
    """Check the keys of a table and the types of their values."""
    for key, value in values.items():
        if key not in known:
            got = f"{inside or place.table} has an unknown key {_short(key)}"
            place.fail(got, ", ".join(known), key, get_close_matches(key, list(known)))
        if not _is(value, known[key]):
            place.fail(f"{key} is {_short(value)}", WORDS[known[key]], key)
    for key in needed:
        if key not in values:
            place.fail(f"{inside or place.table} has no {key}", ", ".join(needed), inside)


def _is(value: object, kind: type) -> bool:
    if kind is list:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


# --- entries beside one another --------------------------------------------------------------------------------------


def _with(catalogue: Catalogue, entries: Sequence[Entry]) -> Catalogue:
    rows, own = dict(catalogue.rows), dict(catalogue.own)
    seen: dict[str, Place] = {}
    for entry in entries:
        _check_free(catalogue, entry, seen)
        if isinstance(entry, ModelEntry):
            rows[entry.row.reference], own[entry.row.reference] = entry.row, entry.facts
    aliases = {entry.reference: entry for entry in entries if isinstance(entry, AliasEntry)}
    for alias in _in_order(aliases):
        target, name = _target(alias, rows), alias.reference
        rows[name] = target._replace(reference=name, status=Status.ALIAS, where=str(alias.place))
        if target.reference in own:
            own[name] = own[target.reference]
        else:
            own.pop(name, None)
    return Catalogue(rows, own)


def _check_free(catalogue: Catalogue, entry: Entry, seen: dict[str, Place]) -> None:
    name = entry.row.reference if isinstance(entry, ModelEntry) else entry.reference
    if name in seen:
        entry.place.fail(f"{name!r} stands twice, first in {seen[name]}", "each reference once", "reference")
    seen[name] = entry.place
    taken = catalogue.rows.get(name)
    if taken is not None and not entry.shadows:
        where = taken.where or "the built-in catalogue"
        got = f"{name!r} stands in {where} already, for {taken.model!r}"
        entry.place.fail(got, "a new reference, or shadows = true to stand in its place", "reference")
    if taken is None and entry.shadows:
        entry.place.fail(f"{name!r} shadows nothing", "a reference that stands in the catalogue", "shadows")


def _in_order(aliases: Mapping[str, AliasEntry]) -> list[AliasEntry]:
    """Put each alias behind the one that it is an alias of."""
    ordered: dict[str, AliasEntry] = {}
    for alias in aliases.values():
        path: dict[str, AliasEntry] = {}
        following: AliasEntry | None = alias
        while following is not None and following.reference not in ordered:
            path[following.reference] = following
            if following.of in path:
                around = " -> ".join([*path, following.of])
                following.place.fail(f"aliases go in a circle: {around}", "an alias of a model", "of")
            following = aliases.get(following.of)
        ordered |= dict(reversed(path.items()))
    return list(ordered.values())


def _target(alias: AliasEntry, rows: Mapping[str, Row]) -> Row:
    if alias.of not in rows:
        near = get_close_matches(alias.of[:200], rows, n=3)
        alias.place.fail(f"{_short(alias.of)} is no reference of the catalogue", "a full reference", "of", near)
    return rows[alias.of]
