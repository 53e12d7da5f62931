"""The catalogue: references and what is known of their models. Data files, read when first asked for."""

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
    """How a reference came to be in the catalogue."""

    PUBLIC = "public"
    ALIAS = "alias"
    LICENSED = "licensed"
    OWN = "own"


class Reads(Enum):
    """A form in which a kind of model can be read."""

    ARCHIVE = "archive"  # as Spark NLP saves it
    FOLDER = "folder"  # transformers' layout, as on the hub


class Row(NamedTuple):
    """A line of the catalogue.

    Attributes:
        reference: As a user writes it.
        language: Language of the model; ``"xx"`` for many.
        action: What the reference asks for.
        model: Name of the model.
        kind: Spark NLP's class for it.
        status: Where it stands: in NLU's tables of public models, of aliases, of licensed models, or elsewhere.
        where: File and line of an entry that is not of NLU's tables; None for those.
    """

    reference: str
    language: str
    action: Action
    model: str
    kind: str
    status: Status
    where: str | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of model.

    Attributes:
        what: What it is, in words.
        reads: In which forms it can be read; none for kinds that the library does not run.
        model_types: What transformers calls its architectures.
        sentence: How it makes vectors of sentences; None for kinds that give vectors of tokens.
    """

    what: str
    reads: frozenset[Reads] = frozenset()
    model_types: tuple[str, ...] = ()
    sentence: SentenceRecipe | None = None


@dataclass(frozen=True)
class Facts:
    """What is known of a model beyond its line.

    Attributes:
        card: What sources state, by the names of a `Card`.
        stated_by: Which source states which of it: names of facts by source.
        archive: File name of its archive in Spark NLP's bucket, where a card names it.
        hub: Repository that a card names as its unchanged origin.
        origins: Where the files of an entry that is not of NLU's tables are; None for models of Spark NLP.
        sentence: How it makes vectors of sentences, where its kind does not say.
    """

    card: Mapping[str, Any] = field(default_factory=dict)
    stated_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    archive: str | None = None
    hub: str | None = None
    origins: tuple[Origin, ...] | None = None
    sentence: SentenceRecipe | None = None


@dataclass(frozen=True)
class Catalogue:
    """References and what is known of their models.

    Attributes:
        rows: Every line by its reference.
        own: What is known of the models of entries that are not of NLU's tables, by reference.
    """

    rows: Mapping[str, Row]
    own: Mapping[str, Facts] = field(default_factory=dict)

    def spec(self, row: Row) -> ModelSpec:
        """Put together what is known of a line's model; its origins are those that can be read."""
        facts = self.facts(row)
        stated: dict[str, Any] = {"name": row.model} | _annotator(row, facts) | dict(facts.card)
        kind = kinds()[row.kind]
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in stated.items()
        }
        card = Card(**values)
        origins = tuple(origin for origin in _origins(row, facts) if kind.reads & READABLE_AS[type(origin)])
        recipe = _recipe(kind, facts, origins)
        return ModelSpec(row.reference, row.language, row.model, row.kind, row.action, origins, card, recipe)

    def facts(self, row: Row) -> Facts:
        """Give what is known of a line's model."""
        return self.own.get(row.reference) or _models().get(row.model, NOTHING)

    def why_not(self, row: Row) -> str:
        """Say why a line's model cannot be loaded; empty where it can be."""
        kind = kinds()[row.kind]
        if row.status is Status.LICENSED:
            return f"{kind.what}: a licensed model of John Snow Labs that is not public"
        if not kind.reads:
            return f"{kind.what}, which this library does not run"
        if not self.spec(row).origins:
            return (
                f"{kind.what}, of which this library reads no archives; "
                "the catalogue knows no repository of these weights"
            )
        return ""

    def same(self, row: Row) -> list[str]:
        """List the other references of the same model for the same action."""
        wanted = (row.language, row.model, row.kind, row.action)
        return [
            other.reference
            for other in self.rows.values()
            if other is not row and (other.language, other.model, other.kind, other.action) == wanted
        ]


NOTHING = Facts()
PART = r"[a-zA-Z0-9_](?:[\w.-]*\w)?"
REPOSITORY = re.compile(rf"(?!.*(?:--|\.\.))(?=.{{1,96}}$)(?:{PART}/)?{PART}", re.ASCII)
"""What the hub allows as the name of a repository."""
READABLE_AS: Mapping[type[Origin], frozenset[Reads]] = {
    BucketArchive: frozenset({Reads.ARCHIVE}),
    HubRepository: frozenset({Reads.FOLDER}),
    InstalledFile: frozenset({Reads.FOLDER}),
    LocalFolder: frozenset(Reads),
}
"""In which of the forms what comes from a place can be."""


def _annotator(row: Row, facts: Facts) -> dict[str, str]:
    """Spark NLP's tables name the annotator of each model; other entries are not of Spark NLP."""
    return {"annotator": row.kind} if facts.origins is None else {}


def _origins(row: Row, facts: Facts) -> tuple[Origin, ...]:
    """Give the bucket before the hub: the archive is the model that the reference names."""
    if facts.origins is not None:
        return facts.origins
    archive = BucketArchive(row.model, row.language, facts.archive)
    return (archive, HubRepository(facts.hub)) if facts.hub else (archive,)


def _recipe(kind: Kind, facts: Facts, origins: Sequence[Origin]) -> SentenceRecipe | None:
    """Return the recipe of an entry, else that of its kind, which the files of a user's own model can replace."""
    if facts.sentence is not None:
        return facts.sentence
    if kind.sentence is None:
        can_state = any(isinstance(origin, HubRepository | LocalFolder) for origin in origins)
        return AS_STATED if can_state else None
    return kind.sentence if facts.origins is None else replace(kind.sentence, authority=Authority.AUTHORS)


# --- data files ------------------------------------------------------------------------------------------------------


@cache
def nlu_rows() -> Mapping[str, Row]:
    """Give every line of NLU's tables by its reference."""
    actions = {action.value: action for action in Action}
    statuses = {status.value: status for status in Status}
    _, *lines = read_data("references.tsv").splitlines()
    cells = [line.split("\t") for line in lines]
    return {
        reference: Row(reference, language, actions[action], model, kind, statuses[status])
        for reference, language, action, model, kind, status in cells
    }


@cache
def kinds() -> Mapping[str, Kind]:
    """Give every kind of model by its name."""
    return {name: _kind(**entry) for name, entry in tomllib.loads(read_data("kinds.toml")).items()}


def _kind(
    what: str,
    reads: Sequence[str] = (),
    model_types: Sequence[str] = (),
    sentence: Mapping[str, Any] | None = None,
    authority: str = Authority.GIVEN.value,
) -> Kind:
    recipe = None if sentence is None else replace(read_recipe(**sentence), authority=Authority(authority))
    return Kind(what, frozenset(map(Reads, reads)), tuple(model_types), recipe)


def read_recipe(pooling: str, alignment: str = "text", normalize: bool = False, prompt: str = "") -> SentenceRecipe:
    """Make a recipe of what a data file says of it.

    Raises:
        ValueError: There is no such pooling or alignment.
    """
    return SentenceRecipe(SentencePooling(pooling), Alignment(alignment), normalize, prompt)


@cache
def _models() -> Mapping[str, Facts]:
    return {name: Facts(**known) for name, known in json.loads(read_data("models.json")).items()}


def read_data(name: str) -> str:
    """Give the text of a data file."""
    return (resources.files("nlu_lite.registry") / "data" / name).read_text(encoding="utf-8")
