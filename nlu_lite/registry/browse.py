"""The rows of `references` and `search` and the fields of `info`, as plain values.

This module does not know the cache, the rules of languages or the files of models: the functions of an `Environment`
answer questions about them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from nlu_lite.errors import NluLiteError, escape_surrogates
from nlu_lite.records import (
    Authority,
    BucketArchive,
    Card,
    ComponentSpec,
    HubRepository,
    InstalledFile,
    ModelSpec,
    Origin,
    SentenceRecipe,
)
from nlu_lite.registry.catalogue import Catalogue, Row, Status, load_kinds
from nlu_lite.registry.lookup import Lookup

COLUMNS = (
    "reference",
    "language",
    "action",
    "kind",
    "model",
    "dimension",
    "languages",
    "licence",
    "size",
    "loadable_by",
    "source",
    "why_not",
    "in_cache",
)
"""Names of the values of `list_row`."""
TABLES = {
    Status.PUBLIC: "NLU 5.4.0, its table of public models",
    Status.ALIAS: "NLU 5.4.0, its table of aliases",
    Status.LICENSED: "NLU 5.4.0, its table of licensed models",
}
LABELS = {
    "name": "name at its publisher",
    "max_sentence_length": "maximum sentence length",
    "description": "what it is",
    "sources": "sources named",
}
"""Labels of the fields of a card whose names do not explain themselves."""

InfoField = tuple[str, str | None]


@dataclass(frozen=True)
class Environment:
    """Functions of other rooms.

    Attributes:
        name_place: Returns the value of ``load(source=)`` for an origin.
        find_files: Returns the file or folder of a model's origin on this machine; None if it is not there.
        describe_rules: Describes the rules that split texts in a language.
        read_recipe: Returns the recipe that a model's files state, given the recipe of the catalogue.
    """

    name_place: Callable[[Origin], str]
    find_files: Callable[[ModelSpec, Origin], Path | None]
    describe_rules: Callable[[str], str]
    read_recipe: Callable[[Path, SentenceRecipe], SentenceRecipe | None]


def list_row(catalogue: Catalogue, row: Row, environment: Environment) -> tuple[object, ...]:
    """Return the values of a reference, in the order of `COLUMNS`."""
    reason = catalogue.explain_unloadable(row)
    spec = catalogue.build_spec(row)
    origins = () if reason else spec.origins
    places = ", ".join(map(environment.name_place, origins))
    source = describe_origin(origins[0]) if origins else ""
    found = next((path for origin in origins if (path := environment.find_files(spec, origin))), None)
    card, size = spec.card, None if found is None else _measure_size(found)
    names = (row.reference, row.language, row.action.value, row.kind, row.model)
    facts = (card.dimension, ", ".join(card.languages or ()), card.licence or "", size)
    return *names, *facts, places, source, reason, found is not None


def _measure_size(path: Path) -> int:
    """Return the size of a file, or of the files of a folder, in bytes."""
    return path.stat().st_size if path.is_file() else sum(file.stat().st_size for file in _list_files(path))


def _list_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def list_fields(lookup: Lookup, environment: Environment) -> list[InfoField]:
    """Return the fields of `info`; the value of a field is None if no source states it."""
    spec = lookup.spec
    if isinstance(spec, ComponentSpec):
        return _list_component_fields(lookup, spec, environment)
    return [
        *_list_identity(lookup, spec, environment),
        *_list_loading(lookup, spec, environment),
        *_list_other_uses(lookup, spec),
        *_list_card(lookup, spec),
    ]


def describe_origin(origin: Origin) -> str:
    """Return the address of an origin, or its name if it has no address."""
    if isinstance(origin, HubRepository):
        return f"hf:{origin.repository}" + (f" at {origin.revision}" if origin.revision else "")
    if isinstance(origin, BucketArchive):
        return origin.file or f"{origin.name} ({origin.language}), its newest archive"
    return f"the package {origin.distribution}" if isinstance(origin, InstalledFile) else escape_surrogates(origin.path)


def describe_recipe(recipe: SentenceRecipe | None, normalize: bool = False) -> str:
    """Describe how sentence vectors are computed.

    Args:
        recipe: The recipe; None for the mean of the token vectors.
        normalize: Whether vectors are normalized even if the recipe does not say so.

    Example:
        >>> describe_recipe(None, normalize=True)
        "the mean of its tokens' vectors, normalised"
    """
    if recipe is None:
        parts = ["the mean of its tokens' vectors"]
    else:
        parts = [f"pooling {recipe.pooling.value}", f"alignment {recipe.alignment.value}"]
    parts += ["normalised"] if normalize or (recipe is not None and recipe.normalize) else []
    return ", ".join(parts + ([f"prompt {recipe.prompt!r}"] if recipe is not None and recipe.prompt else []))


# --- components ------------------------------------------------------------------------------------------------------


def _list_component_fields(lookup: Lookup, spec: ComponentSpec, environment: Environment) -> list[InfoField]:
    return [
        ("reference", spec.reference),
        ("look-up", _describe_lookup(lookup)),
        ("action", spec.action.value),
        ("language", spec.language),
        ("sentences and words", environment.describe_rules(spec.language)),
        ("loads", "yes: rules of this library, without a model"),
        ("use", _write_use(spec.reference)),
    ]


def _describe_lookup(lookup: Lookup) -> str:
    reference = lookup.spec.reference
    if reference == lookup.written:
        return "as written"
    return f"{lookup.written!r} is not a reference by itself: with {reference.partition('.')[0]}. in front"


def _write_use(reference: str) -> str:
    return f'nlu_lite.load("{reference}").predict("""Put your text here.""")'


# --- models ----------------------------------------------------------------------------------------------------------


def _list_identity(lookup: Lookup, spec: ModelSpec, environment: Environment) -> list[InfoField]:
    row = lookup.row
    synonyms = [] if row is None else lookup.catalogue.list_synonyms(row)
    others = "\n".join(f"{other.reference}: {other.model} ({other.kind})" for other in lookup.others)
    description = None if row is None else load_kinds()[row.kind].description
    return [
        ("reference", spec.reference),
        ("look-up", _describe_lookup(lookup)),
        ("also called", ", ".join(synonyms) or "nothing else"),
        ("not the same", others or "no other reference is so called"),
        ("stands in", _describe_table(row)),
        ("action", spec.action.value),
        ("kind", None if spec.kind is None else f"{spec.kind}: {description}"),
        ("model", spec.name),
        ("language", spec.language),
        ("sentences and words", environment.describe_rules(spec.language)),
    ]


def _describe_table(row: Row | None) -> str:
    if row is None:
        return "no catalogue: a direct reference"
    return row.declared_at or TABLES[row.status]


def _list_loading(lookup: Lookup, spec: ModelSpec, environment: Environment) -> list[InfoField]:
    reason = "" if lookup.row is None else lookup.catalogue.explain_unloadable(lookup.row)
    if reason:
        return [("loads", f"no: {reason}")]
    name = environment.name_place
    places = "\n".join(f"{name(origin)}: {describe_origin(origin)}" for origin in spec.origins)
    paths = {origin: path for origin in spec.origins if (path := environment.find_files(spec, origin))}
    return [
        ("loads", "yes, from the first of these that has it\n" + places),
        ("use", _write_use(spec.reference)),
        ("in cache", "\n".join(f"{name(origin)}: {path}" for origin, path in paths.items()) or "no"),
        ("revision", _describe_revision(spec.origins, paths)),
        ("vectors of sentences", _describe_stated(spec.sentence, next(iter(paths.values()), None), environment)),
    ]


def _describe_revision(origins: Sequence[Origin], paths: Mapping[Origin, Path]) -> str:
    """Return the commit of a hub repository on this machine: the name of its snapshot's folder."""
    hubs = [origin for origin in origins if isinstance(origin, HubRepository)]
    if not hubs:
        return "none: it does not come from a hub repository"
    snapshots = [paths[origin] for origin in hubs if origin in paths]
    return snapshots[0].name if snapshots else hubs[0].revision or "its main branch when it is fetched"


def _describe_stated(recipe: SentenceRecipe | None, files: Path | None, environment: Environment) -> str:
    """Describe the recipe that the model's files state, unless the catalogue's takes precedence."""
    if recipe is None or recipe.authority is Authority.GIVEN:
        return describe_recipe(recipe)
    if files is None:
        usual = describe_recipe(None if recipe.authority is Authority.FILES else recipe)
        return f"{usual}; a recipe that the model's files state takes precedence"
    try:
        return describe_recipe(environment.read_recipe(files, recipe))
    except NluLiteError as error:
        return f"this library cannot compute them: {error.got}"


def _list_other_uses(lookup: Lookup, spec: ModelSpec) -> list[InfoField]:
    is_of_nlu = lookup.row is not None and lookup.row.declared_at is None
    in_nlu = f'nlu.load("{spec.reference}").predict("""Put your text here.""")'
    return [
        ("use in Spark NLP", _write_use_in_spark(spec)),
        ("use through NLU", in_nlu if is_of_nlu else None),
    ]


def _write_use_in_spark(spec: ModelSpec) -> str | None:
    card = spec.card
    if not (card.annotator and card.input_labels and card.output_labels):
        return None
    inputs = ", ".join(f'"{label}"' for label in sorted(card.input_labels))
    columns = f'.setInputCols({inputs}).setOutputCol("{card.output_labels[0]}")'
    return f'{card.annotator}.pretrained("{spec.name}", "{spec.language}"){columns}'


def _list_card(lookup: Lookup, spec: ModelSpec) -> list[InfoField]:
    """Return every field of the card, and the sources that state them."""
    stated_by = {} if lookup.row is None else lookup.catalogue.find_facts(lookup.row).stated_by
    lines = [f"{source}: {', '.join(names)}" for source, names in stated_by.items() if names]
    names = [field.name for field in fields(Card)]
    card = [(LABELS.get(name, name.replace("_", " ")), _format(getattr(spec.card, name))) for name in names]
    return [*card, ("facts from", "\n".join(lines) or None)]


def _format(value: object) -> str | None:
    if isinstance(value, tuple):
        return ("\n" if any("://" in str(part) for part in value) else ", ").join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return None if value is None else str(value)
