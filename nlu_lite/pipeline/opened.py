"""Pipelines without their weights: a recipe is pickled instead, and opened once in each process."""

from __future__ import annotations

import hashlib
import os
import pickle
import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from nlu_lite import registry, saving
from nlu_lite.model import open_model
from nlu_lite.options import BackendName, ModelOptions, Splitter, TextSettings
from nlu_lite.pipeline.loading import load
from nlu_lite.pipeline.pipeline import Pipeline
from nlu_lite.records import ComponentSpec, LocalFolder, ModelSpec
from nlu_lite.store import Access, locate_cache
from nlu_lite.store.cache import Cache
from nlu_lite.store.checkpoints import LoadedCheckpoint, load_checkpoint

OPENING = ("device", "backend", "precision", "threads")
"""The options of `load` that require other weights or another backend; `Pipeline.with_` changes the others."""


@dataclass(frozen=True)
class PinnedModel:
    """A model of a pipeline, with the digests of its files.

    Attributes:
        spec: The model, with the one origin that it was loaded from.
        column: Name of its column in a result.
        files: Digest of its files; None if they are copies, which may have another format.
        digest: SHA-256 of all that can change a piece or a vector.
        backend: The requested backend, from the caller or a saved pipeline; AUTO chooses again in each process.
    """

    spec: ModelSpec
    column: str
    files: str | None
    digest: str
    backend: BackendName


@dataclass(frozen=True)
class CallableStages:
    """The callables of a pipeline, which are equal if their pickles are.

    An object that is unpickled twice need not be equal to itself, nor have a hash.

    Attributes:
        sentences: The function that splits a text into sentences, or None.
        tokens: The function that splits a sentence into tokens, or None.
        digest: SHA-256 of their pickle; random if only other packages can pickle them.
    """

    sentences: Splitter | None = field(compare=False)
    tokens: Splitter | None = field(compare=False)
    digest: str


@dataclass(frozen=True)
class PipelineRecipe:
    """Everything of a pipeline except the weights: a few kB, equal for pipelines of equal content.

    Attributes:
        components: The specifications of its references.
        models: The models among them.
        language: The default language of texts.
        settings: The options of the text stages, without callables.
        stages: The callables among the text stages.
        options: The options of the models.
        access: The ways to the files.
        cache: The cache that the caller named; None for that of each process.
    """

    components: tuple[ModelSpec | ComponentSpec, ...]
    models: tuple[PinnedModel, ...]
    language: str
    settings: TextSettings
    stages: CallableStages
    options: ModelOptions
    access: Access
    cache: Cache | None

    def relocate(self, folder: Path) -> PipelineRecipe:
        """Return a recipe with the weights of a folder that `Pipeline.save` wrote with ``weights=True``."""
        models = tuple(
            replace(
                model, spec=replace(model.spec, origins=(LocalFolder(str(folder / saving.name_copy(n))),)), files=None
            )
            for n, model in enumerate(self.models)
        )
        return replace(self, models=models)


def describe_recipe(pipeline: Pipeline) -> PipelineRecipe:
    """Return the recipe of a pipeline."""
    settings = pipeline.settings
    models = tuple(
        PinnedModel(saving.pin_origin(model), model.column, model.files.digest, model.digest, model.decision.asked)
        for model in pipeline.models
    )
    return PipelineRecipe(
        pipeline.components,
        models,
        pipeline.language,
        replace(settings, sentences=None, tokens=None),
        CallableStages(settings.sentences, settings.tokens, _hash_stages(settings)),
        pipeline.options,
        pipeline.access,
        None if pipeline.access.cache == locate_cache() else pipeline.access.cache,
    )


def _hash_stages(settings: TextSettings) -> str:
    try:
        return hashlib.sha256(pickle.dumps((settings.sentences, settings.tokens))).hexdigest()
    except Exception:  # a custom object may raise any exception; cloudpickle may pickle it
        return uuid4().hex


def open_recipe(recipe: PipelineRecipe) -> Pipeline:
    """Return the pipeline of a recipe; only the first call in a process opens its models.

    Raises:
        SourceError: The files of a model are not on this machine and cannot be fetched.
        IntegrityError: The files of a model have changed since the recipe was made.
    """
    return _OPENED.open(recipe, lambda: _open(recipe))


def load_once(references: tuple[str, ...], options: Mapping[str, Any]) -> Pipeline:
    """Return the pipeline that `load` returns; of all calls for the same weights, only the first opens them.

    Args:
        references: As for `load`.
        options: The device, backend, precision and threads of `load`, and the options of `Pipeline.with_`, by name.

    Raises:
        NluLiteError: As for `load`.
    """
    opening = {name: value for name, value in options.items() if name in OPENING}
    changes = {name: value for name, value in options.items() if name not in OPENING}
    key = (registry.resolve(references), repr(sorted(opening.items())))
    return _OPENED.open(key, lambda: load(*references, **opening)).with_(**changes)


def clear_models() -> None:
    """Release the models that unpickled pipelines, `BatchMapper`, scikit-learn and spaCy keep open in this process.

    A pipeline that is still in use keeps its models; the next one that is unpickled opens its own.

    Example:
        >>> import nlu_lite
        >>> nlu_lite.clear_models()
    """
    _OPENED.clear()


class _OpenedPipelines:
    """The pipelines that this process has opened, by recipe or by reference. Safe for threads and forks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pipelines: dict[Hashable, Pipeline] = {}
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._replace_lock)

    def open(self, key: Hashable, build: Callable[[], Pipeline]) -> Pipeline:
        with self._lock:
            if key not in self._pipelines:
                self._pipelines[key] = build()
            return self._pipelines[key]

    def clear(self) -> None:
        with self._lock:
            self._pipelines.clear()

    def _replace_lock(self) -> None:
        self._lock = threading.Lock()  # another thread of the parent may have held it


_OPENED = _OpenedPipelines()


def _load_checkpoint(model: PinnedModel, access: Access) -> LoadedCheckpoint:
    loaded = load_checkpoint(model.spec, access)
    saving.check_pickled(loaded, model.files, model.digest)
    return loaded


def _open(recipe: PipelineRecipe) -> Pipeline:
    access = replace(recipe.access, cache=recipe.cache or locate_cache())
    pinned = replace(access, revision=None)  # each origin names its own
    models = tuple(
        open_model(_load_checkpoint(one, pinned), one.column, recipe.options, one.backend) for one in recipe.models
    )
    settings = replace(recipe.settings, sentences=recipe.stages.sentences, tokens=recipe.stages.tokens)
    return Pipeline(recipe.components, models, recipe.language, settings, recipe.options, access)
