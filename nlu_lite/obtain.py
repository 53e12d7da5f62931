"""A reference's model becomes a `Checkpoint` on this machine: fetched, looked at, converted once, kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

from nlu_lite import formats, registry, sources
from nlu_lite.cache import model_key, writing
from nlu_lite.errors import ModelError, OptionError
from nlu_lite.progress import progress_bar
from nlu_lite.records import AS_STATED, Checkpoint, LocalFolder, ModelSpec
from nlu_lite.sources import Access, Fetched


def _accept(_fetched: Fetched) -> None:
    """Find nothing wrong."""


def obtain(spec: ModelSpec, access: Access, check: Callable[[Fetched], None] = _accept) -> tuple[Fetched, Checkpoint]:
    """Fetch and read a model; what cannot be memory-mapped as it lies is converted once and kept in the cache.

    Args:
        spec: The model.
        access: What may be used to get at its files.
        check: Called with the files before anything of them is read; what it raises keeps them from being read.

    Raises:
        SourceError: The files could not be fetched, or not be kept.
        FormatError: They are damaged.
        UnsupportedReference: They hold a kind of model that the library does not run.
        ModelError: They are not the model of which the catalogue speaks.
    """
    fetched = sources.fetch(spec, replace(access, inspect=partial(_inspect, spec)))
    check(fetched)
    if formats.is_mapped(fetched.path):
        return fetched, _as_stated(spec, formats.read(fetched.path), fetched.path)

    def fill(folder: Path) -> None:
        _write(_as_stated(spec, formats.read(fetched.path), fetched.path), folder)

    folder = access.cache.place(model_key(fetched.digest), fill)
    checkpoint = _as_stated(spec, formats.read(folder), folder)
    sources.discard(fetched, access)
    return (fetched if fetched.path.exists() else replace(fetched, path=folder)), checkpoint


def with_recipe(spec: ModelSpec, fetched: Fetched) -> ModelSpec:
    """Give a model the recipe for vectors of sentences that its files state, unless one was given.

    Raises:
        FormatError: They cannot be read.
        UnsupportedReference: They ask for a step that the library does not do.
    """
    return spec if spec.sentence is None else replace(spec, sentence=formats.stated(fetched.path, spec.sentence))


def download(references: Sequence[str], access: Access) -> list[tuple[ModelSpec, Path]]:
    """Fetch the models of references, and convert what has to be converted, so that loading them needs no network.

    Returns:
        Each model with the folder in which it now lies.

    Raises:
        NluLiteError: As `obtain`; or a reference cannot be resolved.
    """
    specs = [spec for spec in registry.resolve(references) if isinstance(spec, ModelSpec)]
    return [(spec, _place(spec, access)) for spec in specs]


def convert(archive: Path, folder: Path) -> None:
    """Write a model, in whatever format it is, as a folder in transformers' layout.

    Args:
        archive: A model directory of Spark NLP or its zip, or any other model that can be read.
        folder: What is to be made; it may not exist yet. It appears whole or not at all.

    Raises:
        OptionError: There is something at `folder`.
        SourceError: There is nothing at `archive`, or `folder` cannot be written.
        FormatError: The archive is damaged.
        UnsupportedReference: It holds a kind of model that the library does not run, or states steps for vectors of
            sentences that the library does not run.
    """
    path = sources.FolderSource().fetch(LocalFolder(str(archive)))
    if folder.exists() or folder.is_symlink():
        raise OptionError(f"there is something at {folder}", "a folder that does not exist yet", "Choose another name")
    checkpoint, recipe = formats.read(path), formats.stated(path, AS_STATED)
    part = folder.with_name(f".{folder.name}.{uuid4().hex}")
    try:
        with writing(folder):
            part.mkdir(parents=True)
            _write(checkpoint, part)
            if recipe is not None:
                formats.write_statements(recipe, part)
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _place(spec: ModelSpec, access: Access) -> Path:
    fetched, _ = obtain(spec, access)
    return access.cache.find(model_key(fetched.digest)) or fetched.path


def _write(checkpoint: Checkpoint, folder: Path) -> None:
    with progress_bar(len(checkpoint.tensors), "tensor", None) as bar:
        formats.write_checkpoint(checkpoint, folder, bar.update)


def _as_stated(spec: ModelSpec, checkpoint: Checkpoint, path: Path) -> Checkpoint:
    """Refuse files that are not the model of which the catalogue speaks."""
    stated = {"annotator": spec.kind, "dimension": spec.card.dimension}
    for name, value in stated.items():
        found = getattr(checkpoint.card, name)
        if value is not None and found is not None and found != value:
            raise ModelError(
                f"{path} has {name} {found}",
                f"{value}, as the catalogue says of {spec.reference!r}",
                "The files belong to another model: remove them and fetch them again",
            )
    _check_type(spec, checkpoint.config["model_type"], path)
    return checkpoint


def _inspect(spec: ModelSpec, folder: Path) -> None:
    """Refuse a model by its description, before its weights are downloaded."""
    _check_type(spec, formats.read_config(folder)["model_type"], folder / "config.json")
    if spec.sentence is not None:
        formats.stated(folder, spec.sentence)


def _check_type(spec: ModelSpec, model_type: object, path: Path) -> None:
    expected = registry.kinds()[spec.kind].model_types if spec.kind is not None else (model_type,)
    if model_type not in expected:
        raise ModelError(
            f"{path} has model_type {model_type!r}",
            f"{' or '.join(map(str, expected))}, since {spec.reference!r} is of kind {spec.kind}",
            "The files belong to another model: correct the entry if it is yours, or load the files themselves",
        )
