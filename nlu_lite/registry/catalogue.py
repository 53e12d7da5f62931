"""The catalogue: references and the facts about their models, from data files that are read at first use."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from nlu_lite.records import (
    AS_STATED,
    Action,
    Alignment,
    Authority,
    BucketArchive,
    Card,
    HubRepository,
    InstalledFile,
    LocalFolder,
    ModelSpec,
    Origin,
    SentencePooling,
    SentenceRecipe,
)


class Status(Enum):
    """The table that a reference comes from."""

    PUBLIC = "public"
    ALIAS = "alias"
    LICENSED = "licensed"
    OWN = "own"


class ModelLayout(Enum):
    """A layout of files from which a kind of model can be read."""

    ARCHIVE = "archive"  # Spark NLP's
    FOLDER = "folder"  # transformers', as on the hub


class Row(NamedTuple):
    """A reference of the catalogue.

    Attributes:
        reference: The name that a user writes.
        language: Language of the model; ``"xx"`` for several.
        action: The kind of vectors that the reference requests.
        model: Name of the model.
        kind: Spark NLP's class of the model.
        status: NLU's table of public models, aliases or licensed models; OWN for an entry that is not NLU's.
        declared_at: File and line of an entry that is not in NLU's tables; None for NLU's.
    """

    reference: str
    language: str
    action: Action
    model: str
    kind: str
    status: Status
    declared_at: str | None = None


@dataclass(frozen=True)
class ModelKind:
    """A kind of model.

    Attributes:
        description: A noun phrase.
        layouts: Layouts from which it can be read; empty for kinds that the library does not run.
        model_types: transformers' names of its architectures.
        sentence: Recipe of its sentence vectors; None for kinds that return token vectors.
    """

    description: str
    layouts: frozenset[ModelLayout] = frozenset()
    model_types: tuple[str, ...] = ()
    sentence: SentenceRecipe | None = None


@dataclass(frozen=True)
class ModelFacts:
    """The facts about a model that its row does not hold.

    Attributes:
        card: Published values, by the names of the fields of a `Card`.
        stated_by: Names of the facts that each source states.
        archive: File name of its archive in Spark NLP's bucket, if a card names it.
        hub: Repository that a card names as its unchanged origin.
        origins: Origins of the files of an entry that is not in NLU's tables; None for models of Spark NLP.
        sentence: Recipe of its sentence vectors, if it differs from its kind's.
    """

    card: Mapping[str, Any] = field(default_factory=dict)
    stated_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    archive: str | None = None
    hub: str | None = None
    origins: tuple[Origin, ...] | None = None
    sentence: SentenceRecipe | None = None


@dataclass(frozen=True)
class Catalogue:
    """References and the facts about their models.

    Attributes:
        rows: Every row by its reference.
        own: Facts about the models of entries that are not in NLU's tables, by reference.
    """

    rows: Mapping[str, Row]
    own: Mapping[str, ModelFacts] = field(default_factory=dict)

    def build_spec(self, row: Row) -> ModelSpec:
        """Return the specification of a row's model, with the origins that can be read."""
        facts, kind = self.find_facts(row), load_kinds()[row.kind]
        origins = tuple(
            origin for origin in _list_origins(row, facts) if kind.layouts & LAYOUTS_OF_ORIGIN[type(origin)]
        )
        recipe = _choose_recipe(kind, facts, origins)
        card = _build_card(row, facts)
        return ModelSpec(row.reference, row.language, row.model, row.kind, row.action, origins, card, recipe)

    def find_facts(self, row: Row) -> ModelFacts:
        """Return the facts about a row's model; empty where none are known."""
        return self.own.get(row.reference) or _load_facts().get(row.model, NO_FACTS)

    def explain_unloadable(self, row: Row) -> str:
        """Return why a row's model cannot be loaded; empty if it can be."""
        kind = load_kinds()[row.kind]
        if row.status is Status.LICENSED:
            return f"{kind.description}: a licensed model of John Snow Labs that is not public"
        if not kind.layouts:
            return f"{kind.description}, which this library does not run"
        if not self.build_spec(row).origins:
            return (
                f"{kind.description}, whose archives this library does not read; "
                "the catalogue knows no repository of these weights"
            )
        return ""

    def list_synonyms(self, row: Row) -> list[str]:
        """List the other references of the same model for the same action."""
        wanted = (row.language, row.model, row.kind, row.action)
        return [
            other.reference
            for other in self.rows.values()
            if other is not row and (other.language, other.model, other.kind, other.action) == wanted
        ]


NO_FACTS = ModelFacts()
NAME_SEGMENT = r"[a-zA-Z0-9_](?:[\w.-]*\w)?"
REPOSITORY = re.compile(rf"(?!.*(?:--|\.\.))(?=.{{1,96}}$)(?:{NAME_SEGMENT}/)?{NAME_SEGMENT}", re.ASCII)
"""A name that the hub allows for a repository."""
LAYOUTS_OF_ORIGIN: Mapping[type[Origin], frozenset[ModelLayout]] = {
    BucketArchive: frozenset({ModelLayout.ARCHIVE}),
    HubRepository: frozenset({ModelLayout.FOLDER}),
    InstalledFile: frozenset({ModelLayout.FOLDER}),
    LocalFolder: frozenset(ModelLayout),
}
"""The layouts that files of an origin can have."""


def _build_card(row: Row, facts: ModelFacts) -> Card:
    # Spark NLP's tables name the annotator of each model. Other entries have no annotator.
    annotator = {"annotator": row.kind} if facts.origins is None else {}
    stated: dict[str, Any] = {"name": row.model} | annotator | dict(facts.card)
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in stated.items()
    }
    return Card(**values)


def _list_origins(row: Row, facts: ModelFacts) -> tuple[Origin, ...]:
    """List the bucket before the hub: the archive is the model that the reference names."""
    if facts.origins is not None:
        return facts.origins
    archive = BucketArchive(row.model, row.language, facts.archive)
    return (archive, HubRepository(facts.hub)) if facts.hub else (archive,)


def _choose_recipe(kind: ModelKind, facts: ModelFacts, origins: Sequence[Origin]) -> SentenceRecipe | None:
    """Return the recipe of the entry, or else of its kind. The files of a user's own model can replace the latter."""
    if facts.sentence is not None:
        return facts.sentence
    if kind.sentence is None:
        can_state = any(isinstance(origin, HubRepository | LocalFolder) for origin in origins)
        return AS_STATED if can_state else None
    return kind.sentence if facts.origins is None else replace(kind.sentence, authority=Authority.AUTHORS)


# --- data files ------------------------------------------------------------------------------------------------------


@cache
def load_nlu_rows() -> Mapping[str, Row]:
    """Return every row of NLU's tables by its reference."""
    actions = {action.value: action for action in Action}
    statuses = {status.value: status for status in Status}
    _, *lines = read_data("references.tsv").splitlines()
    cells = [line.split("\t") for line in lines]
    return {
        reference: Row(reference, language, actions[action], model, kind, statuses[status])
        for reference, language, action, model, kind, status in cells
    }


@cache
def load_kinds() -> Mapping[str, ModelKind]:
    """Return every kind of model by its name."""
    return {name: _build_kind(**entry) for name, entry in tomllib.loads(read_data("kinds.toml")).items()}


def list_runnable_kinds() -> list[str]:
    """List the names of the kinds that the library runs."""
    return [name for name, kind in load_kinds().items() if kind.layouts]


def _build_kind(
    description: str,
    layouts: Sequence[str] = (),
    model_types: Sequence[str] = (),
    sentence: Mapping[str, Any] | None = None,
    authority: str = Authority.GIVEN.value,
) -> ModelKind:
    recipe = None if sentence is None else replace(build_recipe(**sentence), authority=Authority(authority))
    return ModelKind(description, frozenset(map(ModelLayout, layouts)), tuple(model_types), recipe)


def build_recipe(pooling: str, alignment: str = "text", normalize: bool = False, prompt: str = "") -> SentenceRecipe:
    """Return the recipe that a table of a data file describes.

    Raises:
        ValueError: The pooling or alignment is unknown.
    """
    return SentenceRecipe(SentencePooling(pooling), Alignment(alignment), normalize, prompt)


@cache
def _load_facts() -> Mapping[str, ModelFacts]:
    return {name: ModelFacts(**known) for name, known in json.loads(read_data("models.json")).items()}


def read_data(name: str) -> str:
    """Return the text of a data file."""
    return (resources.files("nlu_lite.registry") / "data" / name).read_text(encoding="utf-8")
