"""The catalogue: NLU's references and what is known of their models. Data files, read when first asked for."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import resources
from typing import Any

from nlu_lite.records import (
    Action,
    Alignment,
    BucketArchive,
    Card,
    HubRepository,
    InstalledFile,
    ModelSpec,
    Origin,
    SentencePooling,
    SentenceRecipe,
)


class Status(Enum):
    """How a reference stands in NLU's tables."""

    PUBLIC = "public"
    ALIAS = "alias"
    LICENSED = "licensed"


@dataclass(frozen=True)
class Row:
    """A line of the catalogue.

    Attributes:
        reference: As NLU knows it.
        language: Language of the model; ``"xx"`` for many.
        model: Name of the model.
        kind: Spark NLP's class for it.
        status: Whether anybody can have it.
    """

    reference: str
    language: str
    model: str
    kind: str
    status: Status

    @property
    def action(self) -> Action:
        """What the reference asks for."""
        return Action.EMBED_SENTENCE if "embed_sentence" in self.reference.split(".")[:2] else Action.EMBED


@dataclass(frozen=True)
class Kind:
    """A kind of model.

    Attributes:
        what: What it is, in words.
        runs: Whether the library runs it.
        sentence: How it makes vectors of sentences; None for kinds that give vectors of tokens.
    """

    what: str
    runs: bool = False
    sentence: SentenceRecipe | None = None


@cache
def rows() -> Mapping[str, Row]:
    """Give every line by its reference."""
    _, *lines = _data("references.tsv").read_text(encoding="utf-8").splitlines()
    cells = [line.split("\t") for line in lines]
    return {
        reference: Row(reference, language, model, kind, Status(status))
        for reference, language, model, kind, status in cells
    }


@cache
def kinds() -> Mapping[str, Kind]:
    """Give every kind of model by its name."""
    return {name: _kind(**entry) for name, entry in _toml("kinds.toml").items()}


def _kind(what: str, runs: bool = False, sentence: Mapping[str, Any] | None = None) -> Kind:
    return Kind(what, runs, None if sentence is None else _recipe(**sentence))


def _recipe(pooling: str, alignment: str = "text", normalize: bool = False, prompt: str = "") -> SentenceRecipe:
    return SentenceRecipe(SentencePooling(pooling), Alignment(alignment), normalize, prompt)


def model_spec(row: Row) -> ModelSpec:
    """Put together what is known of a line's model."""
    known = _models().get(row.model, {})
    stated: dict[str, Any] = {"name": row.model, "annotator": row.kind}
    stated |= {
        name: tuple(value) if isinstance(value, list) else value for name, value in known.get("card", {}).items()
    }
    origins = _origins(row, known)
    recipe = kinds()[row.kind].sentence
    return ModelSpec(row.reference, row.language, row.model, row.kind, row.action, origins, Card(**stated), recipe)


def _origins(row: Row, known: Mapping[str, Any]) -> tuple[Origin, ...]:
    """Give the bucket before the hub: the archive is the model that the reference names."""
    if "installed" in known:
        return (InstalledFile(**known["installed"]),)
    archive = BucketArchive(row.model, row.language, known.get("archive"))
    return (archive, HubRepository(known["hub"])) if "hub" in known else (archive,)


@cache
def _models() -> Mapping[str, Mapping[str, Any]]:
    return _toml("models.toml")


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(_data(name).read_text(encoding="utf-8"))


def _data(name: str) -> resources.abc.Traversable:
    return resources.files("nlu_lite.registry") / "data" / name
