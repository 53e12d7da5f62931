"""A pipeline as JSON values: described, written to a folder, read back and compared."""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from nlu_lite import formats, registry
from nlu_lite._util.atomic import write_folder_atomically
from nlu_lite._util.os_errors import read_file, translate_write_errors
from nlu_lite._util.paths import check_new_folder
from nlu_lite.errors import FormatError, IntegrityError, NluLiteError, OptionError
from nlu_lite.model import Model
from nlu_lite.options import BackendName, EncoderSettings, ModelOptions, SavedWeights, TextSettings, Versions
from nlu_lite.records import (
    BucketArchive,
    Checkpoint,
    ComponentSpec,
    HubRepository,
    InstalledFile,
    LocalFolder,
    ModelSpec,
    Origin,
    SentenceRecipe,
)
from nlu_lite.saving.comparison import ADDED_FIELDS, DIGESTS, LAYOUT, SavedModel, check_pickled
from nlu_lite.saving.values import decode_record, decode_value, encode_record, name_callable
from nlu_lite.saving.versions import check_versions, get_versions, list_differences
from nlu_lite.store.checkpoints import load_checkpoint
from nlu_lite.store.sources import Access

__all__ = [
    "FILE",
    "REMEDY",
    "OpenPipeline",
    "SavedModel",
    "SavedPipeline",
    "check_pickled",
    "describe_pipeline",
    "encode_record",
    "is_unchanged",
    "list_differences",
    "name_copy",
    "pin_origin",
    "read",
    "save",
]

FILE = "pipeline.json"
ORIGINS: dict[str, type[Origin]] = {
    kind.__name__: kind for kind in (InstalledFile, LocalFolder, HubRepository, BucketArchive)
}
REMEDY = "Save the pipeline again"

Spec = ModelSpec | ComponentSpec


class OpenPipeline(Protocol):
    """The parts of an open pipeline that are saved and displayed."""

    @property
    def components(self) -> tuple[Spec, ...]:
        """The components of its references."""

    @property
    def models(self) -> tuple[Model, ...]:
        """The models among the components."""

    @property
    def language(self) -> str:
        """The language of texts without a language of their own."""

    @property
    def settings(self) -> TextSettings:
        """The settings of sentences and tokens."""

    @property
    def options(self) -> ModelOptions:
        """The options of the models."""

    @property
    def access(self) -> Access:
        """Where files may come from."""


@dataclass(frozen=True)
class SavedPipeline:
    """A pipeline that was read from a folder.

    Attributes:
        components: The components of its references.
        models: The models among the components.
        language: The language of texts without a language of their own.
        settings: The settings of sentences and tokens.
        options: The options of the models; device and threads have their default values.
    """

    components: tuple[Spec, ...]
    models: tuple[SavedModel, ...]
    language: str
    settings: TextSettings
    options: ModelOptions


# --- description -----------------------------------------------------------------------------------------------------


def describe_pipeline(pipeline: OpenPipeline) -> dict[str, Any]:
    """Return everything that decides the result of a pipeline, as JSON values."""
    return {
        "references": [spec.reference for spec in pipeline.components],
        "language": pipeline.language,
        "text": encode_record(pipeline.settings),
        "options": {**encode_record(pipeline.options), "encoder": encode_record(pipeline.options.encoder)},
        "digests": [model.digest for model in pipeline.models],
        "backends": [model.decision.name.value for model in pipeline.models],
        "versions": get_versions(pipeline.settings, [model.decision.name for model in pipeline.models]),
    }


# --- writing -----------------------------------------------------------------------------------------------------


def save(pipeline: OpenPipeline, folder: Path, weights: SavedWeights) -> None:
    """Write a pipeline to a new folder, which appears whole or not at all.

    Raises:
        OptionError: There is something at `folder`, or a stage is a callable.
        SourceError: The folder cannot be written, or the files of a model no longer exist.
        IntegrityError: The files of a model have changed since they were loaded.
    """
    _refuse_callables(pipeline.settings)
    with translate_write_errors(folder):
        check_new_folder(folder)
        with write_folder_atomically(folder) as part:
            models = [_save_model(model, pipeline.access, part, n, weights) for n, model in enumerate(pipeline.models)]
            text = json.dumps({"layout": LAYOUT, **describe_pipeline(pipeline), "models": models}, indent=2)
            (part / FILE).write_text(text + "\n", encoding="utf-8")


def _refuse_callables(settings: TextSettings) -> None:
    for name, stage in (("sentence_splitter", settings.sentences), ("tokenizer", settings.tokens)):
        if stage is not None:
            raise OptionError(
                f"{name}={name_callable(stage)} is a callable, which cannot be written as data",
                "stages of the library",
                f"Save pipe.with_({name}=None), and pass the callable after loading: load(path=...).with_(...)",
            )


def _save_model(model: Model, access: Access, folder: Path, number: int, weights: SavedWeights) -> dict[str, Any]:
    spec, checkpoint = pin_origin(model), _load_unchanged(model, access)
    copy = None
    if weights is SavedWeights.COPY:
        copy = name_copy(number)
        (folder / copy).mkdir(parents=True)
        formats.write_checkpoint(checkpoint, folder / copy)
    (origin,) = spec.origins
    return {
        "reference": spec.reference,
        "column": model.column,
        "origin": {"kind": type(origin).__name__, **asdict(origin)},
        "weights": copy,
        "sha256": model.digest,
        "backend": {"name": model.decision.name.value, "reason": model.decision.reason},
        "sentence": None if spec.sentence is None else encode_record(spec.sentence),
    }


def name_copy(number: int) -> str:
    """Return the path of the weights of a model within the folder of a pipeline that was saved with its weights."""
    return f"weights/{number}"


def _load_unchanged(model: Model, access: Access) -> Checkpoint:
    """Return the checkpoint of an open model, read again from its files.

    Raises:
        IntegrityError: The files have changed since the model was opened.
    """
    loaded = load_checkpoint(pin_origin(model), replace(access, revision=None))  # the origin has its own revision
    if (loaded.files.digest, loaded.digest) != (model.files.digest, model.digest):
        raise IntegrityError(
            f"the files of {model.spec.reference!r} at {loaded.files.path} have changed since they were loaded",
            "the files that the pipeline runs",
            "Load the pipeline again",
        )
    return loaded.checkpoint


def is_unchanged(pipeline: OpenPipeline) -> bool:
    """Return whether the models' files are unchanged since the pipeline was opened."""
    try:
        for model in pipeline.models:
            _load_unchanged(model, pipeline.access)
    except NluLiteError:
        return False
    return True


def pin_origin(model: Model) -> ModelSpec:
    """Return the spec of a model with the origin of its files as the only one."""
    return replace(model.spec, origins=(model.files.origin,))


# --- reading --------------------------------------------------------------------------------------------------------


def read(folder: Path, versions: Versions) -> SavedPipeline:
    """Read a saved pipeline; its weights are compared when they are opened.

    Raises:
        SourceError: The folder has no saved pipeline.
        FormatError: It is damaged, or was saved by a later release or with other versions of packages.
        BadReference: A reference is unknown.
    """
    values = _read_values(folder)
    layout = values["layout"]
    with _translate_damage(folder):
        settings = decode_record(TextSettings, ADDED_FIELDS[layout] | values["text"])
        options = _decode_options(values["options"], ADDED_FIELDS[layout])
        components = registry.resolve(decode_value(tuple[str, ...], values["references"]))
        specs = [spec for spec in components if isinstance(spec, ModelSpec)]
        models = tuple(
            _decode_model(spec, one, folder, layout, options.backend)
            for spec, one in zip(specs, values["models"], strict=True)
        )
        language = decode_value(str, values["language"])
        before = {name: decode_value(str | None, version) for name, version in values["versions"].items()}
    now = get_versions(settings, [model.backend for model in models])
    check_versions(folder, before, now, versions, options)
    pins = {model.spec.reference: model.spec for model in models}
    pinned_components = tuple(pins.get(spec.reference, spec) for spec in components)
    return SavedPipeline(pinned_components, models, language, settings, options)


def _read_values(folder: Path) -> dict[str, Any]:
    path = folder / FILE
    data = read_file(path, "the folder of a saved pipeline", "Check the path")
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is not valid JSON ({error})", "a file that Pipeline.save wrote", REMEDY) from error
    layout = values.get("layout") if isinstance(values, dict) else None
    if type(layout) is not int or layout not in DIGESTS:
        known = " or ".join(map(str, DIGESTS))
        raise FormatError(f"{path} has layout {reprlib.repr(layout)}", known, "Install the release that saved it")
    return dict(values)


@contextmanager
def _translate_damage(folder: Path) -> Iterator[None]:
    """Raise `FormatError` instead of the errors of values that `save` does not write."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        if isinstance(error, FormatError | OptionError):
            raise
        reason = f"{type(error).__name__}: {error}"
        raise FormatError(
            f"{folder / FILE} is damaged ({reason})", "a file that Pipeline.save wrote", REMEDY
        ) from error


def _decode_options(values: dict[str, Any], added: Mapping[str, Any]) -> ModelOptions:
    """Return the options with the default device and threads, which depend on the machine."""
    here = {name: getattr(ModelOptions(), name) for name in ("device", "threads")}
    encoder = decode_record(EncoderSettings, added | values["encoder"])
    return decode_record(ModelOptions, {**values, **here, "encoder": encoder})


def _decode_model(
    spec: ModelSpec, values: dict[str, Any], folder: Path, layout: int, common_backend: BackendName
) -> SavedModel:
    stored = dict(values["origin"])
    origin = decode_record(ORIGINS[stored.pop("kind")], stored)
    if values["weights"] is not None:
        origin = LocalFolder(str(folder.resolve() / _check_copy_name(values["weights"])))
    sentence = None if values["sentence"] is None else decode_record(SentenceRecipe, values["sentence"])
    if values["reference"] != spec.reference:
        raise ValueError(f"a model of {reprlib.repr(values['reference'])} in place of {spec.reference!r}")
    saved = replace(spec, origins=(origin,), sentence=sentence)
    # Version 0.1.0 ran all models of a pipeline on one backend.
    backend = BackendName(values["backend"]["name"]) if layout == LAYOUT else common_backend
    if backend is BackendName.AUTO:
        raise ValueError("no name of a backend")
    return SavedModel(saved, decode_value(str, values["column"]), decode_value(str, values["sha256"]), layout, backend)


def _check_copy_name(name: object) -> str:
    """Return the name of a folder of copied weights; any other name is an error."""
    if not isinstance(name, str) or not re.fullmatch(r"weights/\d{1,9}", name, re.ASCII):
        raise ValueError(f"weights in {reprlib.repr(name)}")
    return name
