"""Add entries to a catalogue, one file after another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from nlu_lite._util.toml import TomlFile, TomlTable, abbreviate
from nlu_lite.registry.catalogue import Catalogue, Row, Status
from nlu_lite.registry.entries import AliasEntry, CatalogueEntry, ModelEntry, read_entries


def extend_catalogue(catalogue: Catalogue, files: Iterable[TomlFile]) -> Catalogue:
    """Return a catalogue with the entries of files added.

    Raises:
        FormatError: A file is not TOML, or an entry cannot be used; the error names the file and the line.
    """
    for file in files:
        catalogue = _add_entries(catalogue, read_entries(file))
    return catalogue


def _add_entries(catalogue: Catalogue, entries: Sequence[CatalogueEntry]) -> Catalogue:
    rows, own = dict(catalogue.rows), dict(catalogue.own)
    seen: dict[str, TomlTable] = {}
    for entry in entries:
        _check_unique(entry, seen)
        _check_shadowing(entry, catalogue.rows.get(entry.reference))
        seen[entry.reference] = entry.table
        if isinstance(entry, ModelEntry):
            rows[entry.reference], own[entry.reference] = entry.row, entry.facts
    aliases = {entry.reference: entry for entry in entries if isinstance(entry, AliasEntry)}
    for alias in _sort_aliases(aliases):
        target, name = _find_target(alias, rows), alias.reference
        rows[name] = target._replace(reference=name, status=Status.ALIAS, declared_at=str(alias.table))
        if target.reference in own:
            own[name] = own[target.reference]
        else:
            own.pop(name, None)
    return Catalogue(rows, own)


def _check_unique(entry: CatalogueEntry, seen: Mapping[str, TomlTable]) -> None:
    name = entry.reference
    if name in seen:
        got = f"{name!r} is declared twice, first in {seen[name]}"
        entry.table.fail(got, "each reference once", "reference")


def _check_shadowing(entry: CatalogueEntry, row: Row | None) -> None:
    """Refuse an entry that replaces a reference without ``shadows``, or has ``shadows`` but replaces none."""
    name = entry.reference
    if row is not None and not entry.shadows:
        where = row.declared_at or "the built-in catalogue"
        got = f"{name!r} is already declared in {where}, for {row.model!r}"
        entry.table.fail(got, "a new reference, or shadows = true to replace the other one", "reference")
    if row is None and entry.shadows:
        entry.table.fail(f"{name!r} shadows nothing", "a reference that the catalogue already has", "shadows")


def _sort_aliases(aliases: Mapping[str, AliasEntry]) -> list[AliasEntry]:
    """Sort each alias after the alias that it refers to, so that its target exists when it is added."""
    ordered: dict[str, AliasEntry] = {}
    for alias in aliases.values():
        path: dict[str, AliasEntry] = {}
        following: AliasEntry | None = alias
        while following is not None and following.reference not in ordered:
            path[following.reference] = following
            if following.of in path:
                circle = " -> ".join([*path, following.of])
                following.table.fail(f"the aliases form a circle: {circle}", "an alias of a model", "of")
            following = aliases.get(following.of)
        ordered |= dict(reversed(path.items()))
    return list(ordered.values())


def _find_target(alias: AliasEntry, rows: Mapping[str, Row]) -> Row:
    if alias.of not in rows:
        near = get_close_matches(alias.of[:200], rows, n=3)
        alias.table.fail(f"{abbreviate(alias.of)} is not in the catalogue", "a full reference", "of", near)
    return rows[alias.of]
