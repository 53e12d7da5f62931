"""A pipeline as plain values: described, written to a folder, read back and compared."""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from nlu_lite import formats, registry
from nlu_lite._util.atomic import write_folder_atomically
from nlu_lite._util.os_errors import read_file, translate_write_errors
from nlu_lite._util.paths import check_new_folder
from nlu_lite.errors import FormatError, IntegrityError, OptionError
from nlu_lite.model import Model
from nlu_lite.options import BackendName, EncoderSettings, ModelOptions, SavedWeights, TextSettings, Versions
from nlu_lite.records import (
    BucketArchive,
    ComponentSpec,
    HubRepository,
    InstalledFile,
    LocalFolder,
    ModelSpec,
    Origin,
    SentenceRecipe,
)
from nlu_lite.saving.comparison import DIGESTS, LAYOUT, SavedModel, checked, same
from nlu_lite.saving.values import name_of, plain, read_record, read_value
from nlu_lite.saving.versions import check_versions, differences, present_versions
from nlu_lite.store.checkpoints import load_checkpoint
from nlu_lite.store.sources import Access

__all__ = [
    "FILE",
    "REMEDY",
    "Opened",
    "Saved",
    "SavedModel",
    "checked",
    "described",
    "differences",
    "pinned",
    "plain",
    "read",
    "same",
    "save",
]

FILE = "pipeline.json"
ORIGINS: dict[str, type[Origin]] = {
    kind.__name__: kind for kind in (InstalledFile, LocalFolder, HubRepository, BucketArchive)
}
REMEDY = "Save the pipeline anew"

Spec = ModelSpec | ComponentSpec


class Opened(Protocol):
    """What is needed of a pipeline."""

    @property
    def components(self) -> tuple[Spec, ...]:
        """What its references stand for."""

    @property
    def models(self) -> tuple[Model, ...]:
        """The models among them."""

    @property
    def language(self) -> str:
        """Language of texts for which no other is told."""

    @property
    def settings(self) -> TextSettings:
        """How texts are split."""

    @property
    def options(self) -> ModelOptions:
        """How models are run."""

    @property
    def access(self) -> Access:
        """How files are got at."""


@dataclass(frozen=True)
class Saved:
    """A pipeline that was read back.

    Attributes:
        components: What its references stand for.
        models: The models among them.
        language: Language of texts for which no other is told.
        settings: How texts are split.
        options: How models are run, but for device and threads, which are the machine's.
    """

    components: tuple[Spec, ...]
    models: tuple[SavedModel, ...]
    language: str
    settings: TextSettings
    options: ModelOptions


# --- in words --------------------------------------------------------------------------------------------------------


def described(pipeline: Opened) -> dict[str, Any]:
    """Say in values that JSON knows what decides the result of a pipeline."""
    return {
        "references": [spec.reference for spec in pipeline.components],
        "language": pipeline.language,
        "text": plain(pipeline.settings),
        "options": {**plain(pipeline.options), "encoder": plain(pipeline.options.encoder)},
        "digests": [model.digest for model in pipeline.models],
        "backends": [model.decision.name.value for model in pipeline.models],
        "versions": present_versions(pipeline.settings, [model.decision.name for model in pipeline.models]),
    }


# --- to a folder -----------------------------------------------------------------------------------------------------


def save(pipeline: Opened, folder: Path, weights: SavedWeights) -> None:
    """Write a pipeline to a folder that does not exist yet; it appears whole or not at all.

    Raises:
        OptionError: There is something at `folder`, or a stage is a callable.
        SourceError: The folder cannot be written, or the files of a model are not here any more.
        IntegrityError: The files of a model are not those that were loaded.
    """
    _refuse_callables(pipeline.settings)
    with translate_write_errors(folder):
        check_new_folder(folder)
        with write_folder_atomically(folder) as part:
            models = [_save_model(model, pipeline.access, part, n, weights) for n, model in enumerate(pipeline.models)]
            text = json.dumps({"layout": LAYOUT, **described(pipeline), "models": models}, indent=2)
            (part / FILE).write_text(text + "\n", encoding="utf-8")


def _refuse_callables(settings: TextSettings) -> None:
    for name, stage in (("sentence_splitter", settings.sentences), ("tokenizer", settings.tokens)):
        if stage is not None:
            raise OptionError(
                f"{name}={name_of(stage)} is a callable, which cannot be written as data",
                "stages of the library",
                f"Save pipe.with_({name}=None), and give the callable when it is loaded: load(path=...).with_(...)",
            )


def _save_model(model: Model, access: Access, folder: Path, number: int, weights: SavedWeights) -> dict[str, Any]:
    spec = pinned(model)
    found = load_checkpoint(spec, replace(access, revision=None))  # the origin names its own
    if (found.files.digest, found.digest) != (model.files.digest, model.digest):
        raise IntegrityError(
            f"the files of {spec.reference!r} at {found.files.path} have changed since they were loaded",
            "those that the pipeline runs",
            "Load the pipeline again",
        )
    copy = None
    if weights is SavedWeights.COPY:
        copy = f"weights/{number}"
        (folder / copy).mkdir(parents=True)
        formats.write_checkpoint(found.checkpoint, folder / copy)
    (origin,) = spec.origins
    return {
        "reference": spec.reference,
        "column": model.column,
        "origin": {"kind": type(origin).__name__, **asdict(origin)},
        "weights": copy,
        "sha256": model.digest,
        "backend": {"name": model.decision.name.value, "reason": model.decision.reason},
        "sentence": None if spec.sentence is None else plain(spec.sentence),
    }


def pinned(model: Model) -> ModelSpec:
    """Give what a model's reference stands for with the one origin that it came from."""
    return replace(model.spec, origins=(model.files.origin,))


# --- and back --------------------------------------------------------------------------------------------------------


def read(folder: Path, versions: Versions) -> Saved:
    """Read a saved pipeline; its weights are looked at when they are opened.

    Raises:
        SourceError: There is none.
        FormatError: It is damaged, of a later release, or was saved beside other versions.
        BadReference: A reference is not known any more.
    """
    values = _values(folder)
    layout = values["layout"]
    with _understanding(folder):
        settings = read_record(TextSettings, values["text"])
        options = _options(values["options"])
        components = registry.resolve(read_value(tuple[str, ...], values["references"]))
        specs = [spec for spec in components if isinstance(spec, ModelSpec)]
        models = tuple(
            _model(spec, one, folder, layout, options.backend)
            for spec, one in zip(specs, values["models"], strict=True)
        )
        language = read_value(str, values["language"])
        before = {name: read_value(str | None, version) for name, version in values["versions"].items()}
    now = present_versions(settings, [model.backend for model in models])
    check_versions(folder, before, now, versions, options)
    pins = {model.spec.reference: model.spec for model in models}
    pinned_components = tuple(pins.get(spec.reference, spec) for spec in components)
    return Saved(pinned_components, models, language, settings, options)


def _values(folder: Path) -> dict[str, Any]:
    path = folder / FILE
    data = read_file(path, "the folder of a saved pipeline", "Check the path")
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is no JSON ({error})", "what Pipeline.save writes", REMEDY) from error
    layout = values.get("layout") if isinstance(values, dict) else None
    if type(layout) is not int or layout not in DIGESTS:
        known = " or ".join(map(str, DIGESTS))
        raise FormatError(f"{path} has layout {reprlib.repr(layout)}", known, "Install the release that saved it")
    return dict(values)


@contextmanager
def _understanding(folder: Path) -> Iterator[None]:
    """Explain values that `save` does not write."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        if isinstance(error, FormatError | OptionError):
            raise
        reason = f"{type(error).__name__}: {error}"
        raise FormatError(f"{folder / FILE} is damaged ({reason})", "what Pipeline.save writes", REMEDY) from error


def _options(values: dict[str, Any]) -> ModelOptions:
    """Read all but device and threads: these are the machine's."""
    here = {name: getattr(ModelOptions(), name) for name in ("device", "threads")}
    return read_record(ModelOptions, {**values, **here, "encoder": read_record(EncoderSettings, values["encoder"])})


def _model(
    spec: ModelSpec, values: dict[str, Any], folder: Path, layout: int, common_backend: BackendName
) -> SavedModel:
    stored = dict(values["origin"])
    origin = read_record(ORIGINS[stored.pop("kind")], stored)
    if values["weights"] is not None:
        origin = LocalFolder(str(folder.resolve() / _copy(values["weights"])))
    sentence = None if values["sentence"] is None else read_record(SentenceRecipe, values["sentence"])
    if values["reference"] != spec.reference:
        raise ValueError(f"a model of {reprlib.repr(values['reference'])} in the place of {spec.reference!r}")
    saved = replace(spec, origins=(origin,), sentence=sentence)
    # Version 0.1.0 ran all models of a pipeline on one backend.
    backend = BackendName(values["backend"]["name"]) if layout == LAYOUT else common_backend
    if backend is BackendName.AUTO:
        raise ValueError("no name of a backend")
    return SavedModel(saved, read_value(str, values["column"]), read_value(str, values["sha256"]), layout, backend)


def _copy(name: object) -> str:
    """Return the name of a folder of copied weights; no other name is ever read."""
    if not isinstance(name, str) or not re.fullmatch(r"weights/\d{1,9}", name, re.ASCII):
        raise ValueError(f"weights in {reprlib.repr(name)}")
    return name
