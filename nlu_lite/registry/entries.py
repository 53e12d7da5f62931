"""Entries of TOML files: the library's own additions, a user's file, a package's.

A file holds ``[[model]]`` and ``[[alias]]`` tables; docs/references.md describes their keys. All files pass the same
checks, and each error names the file and the line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from nlu_lite._util.toml import TABLES, TomlFile, TomlTable, abbreviate
from nlu_lite.records import (
    Action,
    BucketArchive,
    HubRepository,
    InstalledFile,
    LocalFolder,
    Origin,
    SentenceRecipe,
)
from nlu_lite.registry.catalogue import (
    LAYOUTS_OF_ORIGIN,
    ModelFacts,
    Row,
    Status,
    build_recipe,
    list_runnable_kinds,
    load_kinds,
)
from nlu_lite.registry.entry_checks import (
    ALIAS_KEYS,
    ALIAS_REFERENCE,
    CARD_KEYS,
    INSTALLED_KEYS,
    MODEL_KEYS,
    MODEL_REFERENCE,
    SENTENCE_KEYS,
    TEXT_COMPONENT,
    check_patterns,
)


@dataclass(frozen=True)
class ModelEntry:
    """A ``[[model]]``: its row, the facts about it, and whether it may replace another reference."""

    row: Row
    facts: ModelFacts
    shadows: bool
    table: TomlTable

    @property
    def reference(self) -> str:
        """The reference that the entry declares."""
        return self.row.reference


@dataclass(frozen=True)
class AliasEntry:
    """An ``[[alias]]``: another name of a reference."""

    reference: str
    of: str
    shadows: bool
    table: TomlTable


CatalogueEntry = ModelEntry | AliasEntry


def read_entries(file: TomlFile) -> list[CatalogueEntry]:
    """Read the entries of a file, each independently of the others.

    Raises:
        FormatError: The file is not TOML, or an entry cannot be used; the error names the file and the line.
    """
    content = file.parse()
    file.root.check(content, {"model": TABLES, "alias": TABLES}, ())
    entries: list[CatalogueEntry] = []
    for name, read in (("model", _read_model), ("alias", _read_alias)):
        for number, values in enumerate(content.get(name, ())):
            entries.append(read(TomlTable(file, name, number), values))
    return entries


# --- one entry -------------------------------------------------------------------------------------------------------


def _read_model(table: TomlTable, values: Mapping[str, Any]) -> ModelEntry:
    table.check(values, MODEL_KEYS, ("reference", "kind"))
    _check_reference(table, values["reference"])
    _check_kind(table, values["kind"])
    table.check(values.get("card", {}), CARD_KEYS, (), "card")
    check_patterns(table, values, "model")
    row = _build_row(table, values)
    card = dict(values.get("card", {}))
    origins, sentence = _read_origins(table, row, values), _read_sentence(table, values)
    facts = ModelFacts(card, {str(table): tuple(card)}, origins=origins, sentence=sentence)
    return ModelEntry(row, facts, values.get("shadows", False), table)


def _check_reference(table: TomlTable, reference: str) -> None:
    if not MODEL_REFERENCE.fullmatch(reference) or len(reference) > 200:
        expected = "<language>.embed.<name> or <language>.embed_sentence.<name> in ASCII letters, digits, '.', '_', '-'"
        table.fail(f"{abbreviate(reference)} is not a reference of a model", expected, "reference")


def _check_kind(table: TomlTable, kind: str) -> None:
    runnable = list_runnable_kinds()
    if kind not in runnable:
        got = f"kind {abbreviate(kind)} is not one that the library runs"
        table.fail(got, ", ".join(runnable), "kind", get_close_matches(kind, runnable))


def _build_row(table: TomlTable, values: Mapping[str, Any]) -> Row:
    reference = values["reference"]
    language, action, *name = reference.split(".")
    model = values.get("model", "_".join(name))
    return Row(reference, language, Action(action), model, values["kind"], Status.OWN, str(table))


def _read_origins(table: TomlTable, row: Row, values: Mapping[str, Any]) -> tuple[Origin, ...]:
    if "revision" in values and "hub" not in values:
        table.fail("revision is given without hub", "a hub repository that has this revision", "revision")
    # Files on this machine come first. The archive precedes the hub, as for Spark NLP's own models.
    builders: dict[str, Callable[[Any], Origin]] = {
        "installed": lambda value: _read_installed(table, value),
        "folder": lambda value: _read_folder(table, value),
        "archive": lambda value: BucketArchive(row.model, row.language, value),
        "hub": lambda value: HubRepository(value, values.get("revision")),
    }
    origins = {name: build(values[name]) for name, build in builders.items() if name in values}
    if not origins:
        table.fail(f"{row.reference} has no source", "hub, folder, archive or installed")
    _check_layouts(table, row, origins)
    check_patterns(table, values, "hub", "revision", "archive")
    return tuple(origins.values())


def _check_layouts(table: TomlTable, row: Row, origins: Mapping[str, Origin]) -> None:
    layouts = load_kinds()[row.kind].layouts
    for name, origin in origins.items():
        if not layouts & LAYOUTS_OF_ORIGIN[type(origin)]:
            table.fail(f"models of kind {row.kind} cannot be read from {name}", "hub or folder", name)


def _read_installed(table: TomlTable, values: Mapping[str, Any]) -> InstalledFile:
    table.check(values, INSTALLED_KEYS, ("distribution", "path", "sha256", "size"), "installed")
    check_patterns(table, values, "distribution", "sha256")
    return InstalledFile(**{"extra": "", **values})


def _read_folder(table: TomlTable, value: str) -> LocalFolder:
    try:
        path = None if not value or "\0" in value else Path(value).expanduser()
    except RuntimeError:  # the user of ~user is unknown
        path = None
    if path is None:
        table.fail(f"folder is {abbreviate(value)}", "a path to a model's folder or file", "folder")
    return LocalFolder(str(table.file.folder / path))


def _read_sentence(table: TomlTable, values: Mapping[str, Any]) -> SentenceRecipe | None:
    if "sentence" not in values:
        return None
    table.check(values["sentence"], SENTENCE_KEYS, ("pooling",), "sentence")
    try:
        return build_recipe(**values["sentence"])
    except ValueError as error:
        expected = 'pooling "mean", "cls" or "pooler" and alignment "text" or "word"'
        table.fail(f"{error} in the table sentence", expected, "sentence")


def _read_alias(table: TomlTable, values: Mapping[str, Any]) -> AliasEntry:
    table.check(values, ALIAS_KEYS, ("reference", "of"))
    reference = values["reference"]
    if not ALIAS_REFERENCE.fullmatch(reference) or TEXT_COMPONENT.fullmatch(reference):
        expected = "ASCII letters, digits, '.', '_', '-', and not the name of a text component"
        table.fail(f"{abbreviate(reference)} cannot be used as a reference", expected, "reference")
    return AliasEntry(reference, values["of"], values.get("shadows", False), table)
