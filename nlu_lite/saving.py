"""A pipeline as plain values: described, written to a folder, read back and compared."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import reprlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from enum import Enum
from importlib import metadata
from pathlib import Path
from platform import python_version
from types import UnionType
from typing import Any, Protocol, TypeVar, get_args, get_origin, get_type_hints
from uuid import uuid4

import numpy as np

from nlu_lite import formats, registry
from nlu_lite.encoding import BackendName, EncoderSettings
from nlu_lite.errors import FormatError, IntegrityError, OptionError, SourceError
from nlu_lite.models import Model, ModelOptions
from nlu_lite.obtain import Obtained, obtain_identified
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
from nlu_lite.sources import Access
from nlu_lite.text import WORD_PACKAGES, Splitter, TextSettings, Words

FILE = "pipeline.json"
LAYOUT = 2
"""Number of the layout of a saved pipeline; grows when its fields change, all of which have to be there."""

ORIGINS: dict[str, type[Origin]] = {
    kind.__name__: kind for kind in (InstalledFile, LocalFolder, HubRepository, BucketArchive)
}
TEXT_PACKAGES = ("nlu-lite", "icu4py")
PIECE_PACKAGES = ("sentencepiece", "tokenizers")
NUMBER_PACKAGES = ("numpy", "torch", "transformers")
REMEDY = "Save the pipeline anew"

R = TypeVar("R")
Spec = ModelSpec | ComponentSpec


class Weights(Enum):
    """What becomes of the weights of a pipeline that is saved."""

    REFERENCE = "reference"  # where they came from, and their digest
    COPY = "copy"  # the weights themselves


class Versions(Enum):
    """What to do with a pipeline that was saved beside other versions of what it runs on."""

    SAME = "same"  # refuse those that can change a token or a piece
    ANY = "any"  # name them


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
class SavedModel:
    """A model of a saved pipeline.

    Attributes:
        spec: What its reference stands for; its one origin is where the weights are.
        column: Name of its column of vectors.
        sha256: Digest of the model, as its layout makes it; see `DIGESTS`.
        layout: Number of the layout that the pipeline was saved in.
    """

    spec: ModelSpec
    column: str
    sha256: str
    layout: int


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
        "versions": _versions(pipeline.settings, pipeline.options, bool(pipeline.models)),
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Name the settings that differ, with both values.

    Example:
        >>> differences({"chunk": 1, "text": {"words": "icu"}}, {"chunk": 1, "text": {"words": "dictionary"}})
        ["text.words: 'icu' before, 'dictionary' now"]
    """
    found = []
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name), now.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += differences(old, new, f"{prefix}{name}.")
        elif old != new:
            found.append(f"{prefix}{name}: {old!r} before, {new!r} now")
    return found


def _digest_of_layout_1(checkpoint: Checkpoint) -> str:
    """Return the digest of a model as version 0.1.0 made it, which leaves out how texts are spelt."""
    digest = hashlib.sha256(json.dumps(dict(checkpoint.config), sort_keys=True, default=list).encode())
    digest.update(hashlib.sha256(checkpoint.subwords.data).digest())
    for name in sorted(checkpoint.tensors):
        tensor = np.ascontiguousarray(checkpoint.tensors[name], np.float32)
        digest.update(json.dumps([name, tensor.shape]).encode())
        digest.update(tensor.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


DIGESTS: Mapping[int, Callable[[Obtained], str]] = {
    1: lambda found: _digest_of_layout_1(found.checkpoint),
    LAYOUT: lambda found: found.identity.model,
}
"""By the number of the layout, how the digest of a model is made."""


# --- to a folder -----------------------------------------------------------------------------------------------------


def save(pipeline: Opened, folder: Path, weights: Weights) -> None:
    """Write a pipeline to a folder that does not exist yet; it appears whole or not at all.

    Raises:
        OptionError: There is something at `folder`, or a stage is a callable.
        SourceError: The folder cannot be written, or the files of a model are not here any more.
        IntegrityError: The files of a model are not those that were loaded.
    """
    _refuse_callables(pipeline.settings)
    if "\0" in str(folder):
        raise OptionError(f"{str(folder)!r} has a NUL character", "the path of a folder", "Choose another name")
    part = folder.with_name(f".{uuid4().hex}")  # no longer than the name of the folder may be
    with _writing(folder):
        if folder.exists() or folder.is_symlink():
            got = f"there is something at {folder}"
            raise OptionError(got, "a folder that does not exist yet", "Choose another name")
        try:
            part.mkdir(parents=True)
            models = [_save_model(model, pipeline.access, part, n, weights) for n, model in enumerate(pipeline.models)]
            text = json.dumps({"layout": LAYOUT, **described(pipeline), "models": models}, indent=2)
            (part / FILE).write_text(text + "\n", encoding="utf-8")
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _refuse_callables(settings: TextSettings) -> None:
    for name, stage in (("sentence_splitter", settings.sentences), ("tokenizer", settings.tokens)):
        if stage is not None:
            raise OptionError(
                f"{name}={_name(stage)} is a callable, which cannot be written as data",
                "stages of the library",
                f"Save pipe.with_({name}=None), and give the callable when it is loaded: load(path=...).with_(...)",
            )


def _save_model(model: Model, access: Access, folder: Path, number: int, weights: Weights) -> dict[str, Any]:
    spec = pinned(model)
    found = obtain_identified(spec, replace(access, revision=None))  # the origin names its own
    if (found.fetched.digest, found.identity.model) != (model.fetched.digest, model.digest):
        raise IntegrityError(
            f"the files of {spec.reference!r} at {found.fetched.path} have changed since they were loaded",
            "those that the pipeline runs",
            "Load the pipeline again",
        )
    copy = None
    if weights is Weights.COPY:
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
        "sentence": None if spec.sentence is None else plain(spec.sentence),
    }


def pinned(model: Model) -> ModelSpec:
    """Give what a model's reference stands for with the one origin that it came from."""
    return replace(model.spec, origins=(model.fetched.origin,))


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
        settings = _record(TextSettings, values["text"])
        options = _options(values["options"])
        components = registry.resolve(_value(tuple[str, ...], values["references"]))
        specs = [spec for spec in components if isinstance(spec, ModelSpec)]
        models = tuple(_model(spec, one, folder, layout) for spec, one in zip(specs, values["models"], strict=True))
        language = _value(str, values["language"])
        before = {name: _value(str | None, version) for name, version in values["versions"].items()}
    _check_versions(folder, before, _versions(settings, options, bool(models)), versions, options)
    pins = {model.spec.reference: model.spec for model in models}
    pinned_components = tuple(pins.get(spec.reference, spec) for spec in components)
    return Saved(pinned_components, models, language, settings, options)


def checked(model: SavedModel) -> Callable[[Obtained], None]:
    """Return a function that compares the model that is found with the one that was saved.

    It raises `IntegrityError` if they differ.
    """

    def check(found: Obtained) -> None:
        reference = model.spec.reference
        if model.layout != LAYOUT:
            message = "The digest of %r in a pipeline of version 0.1.0 leaves out how texts are spelt: save it again"
            logging.getLogger("nlu_lite").warning(message, reference)
        digest = DIGESTS[model.layout](found)
        if digest != model.sha256:
            (origin,) = model.spec.origins
            raise IntegrityError(
                f"the model that {reference!r} finds at {origin} has SHA-256 {digest}",
                f"{model.sha256}, as when the pipeline was saved",
                "Put the files back. If you trust the change, make the pipeline again: "
                f"nlu_lite.load({reference!r}, ...).save(...), with weights=True to keep a copy of them",
            )

    return check


def same(files: str, digest: str) -> Callable[[Obtained], None]:
    """Return a function that compares the model that is found with the one that was pickled.

    It raises `IntegrityError` if they differ.

    Args:
        files: The digest of its files; see `Fetched`.
        digest: The digest of the model; see `Identity`.
    """

    def check(found: Obtained) -> None:
        if (found.fetched.digest, found.identity.model) != (files, digest):
            raise IntegrityError(
                f"the files of {found.spec.reference!r} at {found.fetched.path} are not those that were pickled",
                f"digest {digest}",
                "Put them back, or pickle the pipeline anew",
            )

    return check


def _values(folder: Path) -> dict[str, Any]:
    path = folder / FILE
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # a NUL in the name
        got = f"{path} cannot be read ({getattr(error, 'strerror', None) or error})"
        raise SourceError(got, "the folder of a saved pipeline", "Check the path") from error
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
    return _record(ModelOptions, {**values, **here, "encoder": _record(EncoderSettings, values["encoder"])})


def _model(spec: ModelSpec, values: dict[str, Any], folder: Path, layout: int) -> SavedModel:
    stored = dict(values["origin"])
    origin = _record(ORIGINS[stored.pop("kind")], stored)
    if values["weights"] is not None:
        origin = LocalFolder(str(folder.resolve() / _copy(values["weights"])))
    sentence = None if values["sentence"] is None else _record(SentenceRecipe, values["sentence"])
    if values["reference"] != spec.reference:
        raise ValueError(f"a model of {reprlib.repr(values['reference'])} in the place of {spec.reference!r}")
    saved = replace(spec, origins=(origin,), sentence=sentence)
    return SavedModel(saved, _value(str, values["column"]), _value(str, values["sha256"]), layout)


def _copy(name: object) -> str:
    """Return the name of a folder of copied weights; no other name is ever read."""
    if not isinstance(name, str) or not re.fullmatch(r"weights/\d{1,9}", name, re.ASCII):
        raise ValueError(f"weights in {reprlib.repr(name)}")
    return name


# --- versions --------------------------------------------------------------------------------------------------------


def _versions(settings: TextSettings, options: ModelOptions, models: bool) -> dict[str, str | None]:
    """Give the versions of what can have a part in a result."""
    packages = [*TEXT_PACKAGES, *(WORD_PACKAGES if settings.words is Words.DICTIONARY else ())]
    if models:
        packages += [*PIECE_PACKAGES, *NUMBER_PACKAGES]
        packages += ["openvino"] if options.backend is BackendName.OPENVINO else []
    return {"python": python_version()} | {name: _version(name) for name in packages}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _check_versions(
    folder: Path, before: dict[str, str | None], now: dict[str, str | None], versions: Versions, options: ModelOptions
) -> None:
    """Refuse what can change a token or a piece, or a bit where bits were asked for; name the rest."""
    matters = {*TEXT_PACKAGES, *PIECE_PACKAGES, *WORD_PACKAGES}
    if options.encoder.reproducible:
        matters |= {*NUMBER_PACKAGES, "openvino"}
    differing = {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}
    refused = {name for name in differing & matters if versions is Versions.SAME}
    if refused:
        listed = differences(_only(before, refused), _only(now, refused))
        pins = " ".join(f"{name}=={before[name]}" for name in sorted(refused) if before.get(name))
        raise FormatError(
            f"the pipeline was saved beside other versions ({'; '.join(listed)}), which can change its result",
            "the same versions",
            f"Install {pins or 'what it was saved with'}, or accept other results: "
            f'nlu_lite.load(path={str(folder)!r}, versions="any")',
        )
    if differing:
        listed = differences(_only(before, differing), _only(now, differing))
        what = "its result can be another" if differing & matters else "last digits can differ"
        logging.getLogger("nlu_lite").warning("Saved beside other versions (%s): %s", "; ".join(listed), what)


def _only(versions: dict[str, str | None], names: set[str]) -> dict[str, str | None]:
    return {name: versions.get(name) for name in sorted(names)}


# --- records and plain values ----------------------------------------------------------------------------------------


def plain(record: Any) -> dict[str, Any]:
    """Turn a record of settings into values that JSON knows; records in it are left out."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: _plain_value(value) for name, value in values.items() if not hasattr(value, "__dataclass_fields__")}


def _plain_value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if callable(value):
        return _name(value)
    return list(value) if isinstance(value, tuple) else value


def _name(stage: Splitter) -> str:
    return f"{getattr(stage, '__module__', '?')}.{getattr(stage, '__qualname__', type(stage).__qualname__)}"


def _record(kind: type[R], values: Mapping[str, Any]) -> R:
    """Turn plain values back into a record, all of whose fields have to be there, with values of their types."""
    hints = get_type_hints(kind)
    differing = sorted(hints.keys() ^ values.keys())
    if differing:
        raise ValueError(f"{differing} are missing, or unknown")
    return kind(**{name: _value(hint, values[name]) for name, hint in hints.items()})


def _value(hint: Any, value: Any) -> Any:
    """Read a value as its type says: members of an enum by their values, tuples as lists."""
    if get_origin(hint) is UnionType:
        return value if value is None else _value(get_args(hint)[0], value)
    if get_origin(hint) is tuple and isinstance(value, list):
        return tuple(_value(get_args(hint)[0], one) for one in value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if type(value) is not hint:
        raise ValueError(f"{reprlib.repr(value)} in the place of {getattr(hint, '__name__', hint)}")
    return value


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Explain what the system says of a folder that cannot be written."""
    try:
        yield
    except SourceError:
        raise
    except OSError as error:
        got = f"{folder} cannot be written ({error.strerror or error})"
        raise SourceError(got, "a folder with room that can be written", "Choose another") from error
