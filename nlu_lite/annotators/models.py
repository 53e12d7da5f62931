"""The models of stages: found by Spark NLP's names, fetched, opened, and adapted to the parameters of a stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from nlu_lite import registry
from nlu_lite.errors import OptionError, UnknownReference, UnsupportedReference, find_nearest_names
from nlu_lite.model import Model, open_model
from nlu_lite.options import ModelOptions, TextSettings
from nlu_lite.pipeline import Pipeline
from nlu_lite.pipeline.opened import PipelineRecipe, describe_recipe, open_recipe
from nlu_lite.records import AS_STATED, Action, BucketArchive, LocalFolder, ModelSpec, SentenceRecipe
from nlu_lite.registry import ModelLayout, Row, Status
from nlu_lite.store import Access, locate_cache
from nlu_lite.store.checkpoints import load_checkpoint

COLUMN = "embeddings"


def open_pretrained(kind: str, name: str, language: str, remote_loc: str | None) -> Pipeline:
    """Open a model of Spark NLP's by its name.

    Args:
        kind: Spark NLP's class of the model.
        name: The model's name at Spark NLP.
        language: Its language.
        remote_loc: Must be None: the bucket is chosen by ``NLU_LITE_BUCKET``.

    Raises:
        OptionError: `remote_loc` is given.
        UnknownReference: The catalogue has no model of this name and language, and neither has the bucket.
        UnsupportedReference: The model is of another kind, or no repository of its weights is known.
        SourceError: Its files cannot be fetched.
    """
    if remote_loc is not None:
        got = f"remote_loc={remote_loc!r}"
        raise OptionError(got, "None", "Set the environment variable NLU_LITE_BUCKET to the address of another bucket")
    for value, option in ((name, "name"), (language, "lang")):
        if not isinstance(value, str) or not value:
            raise OptionError(f"{option}={value!r}", "a str", "Pass the name of a model and its language")
    return open_spec(find_spec(kind, name, language))


def open_folder(kind: str, path: Path, recipe: SentenceRecipe | None = None) -> Pipeline:
    """Open a model in a folder or zip of Spark NLP's, or in a folder in transformers' layout.

    Args:
        kind: Spark NLP's class of the model.
        path: The folder or zip.
        recipe: The recipe of its sentence vectors; None for that of the kind.

    Raises:
        SourceError: The files cannot be read.
        FormatError: They are damaged.
        ModelError: They hold a model of another kind.
    """
    action, sentence = _choose_action(kind)
    origin = LocalFolder(str(path))
    return open_spec(ModelSpec(str(path), "xx", path.name, kind, action, (origin,), sentence=recipe or sentence))


def open_spec(spec: ModelSpec) -> Pipeline:
    """Open a model, as `nlu_lite.load` does for a reference."""
    access, options = Access(cache=locate_cache(None)), ModelOptions()
    model = open_model(load_checkpoint(spec, access), COLUMN, options)
    return Pipeline((spec,), (model,), spec.language, TextSettings(), options, access)


def find_spec(kind: str, name: str, language: str) -> ModelSpec:
    """Return the specification of a model: the catalogue's, or else that of an archive in the bucket."""
    catalogue = registry.load_catalogue()
    rows = [row for row in catalogue.rows.values() if row.model == name and row.status is not Status.LICENSED]
    fitting = [row for row in rows if row.kind == kind and row.language == language]
    if fitting:
        return _build_spec(catalogue, fitting[0])
    _refuse_others(kind, name, language, rows)
    if ModelLayout.ARCHIVE not in registry.load_kinds()[kind].layouts:
        known = sorted({row.model for row in catalogue.rows.values() if row.kind == kind and row.language == language})
        got = f"no model {name!r} of language {language!r} for {kind} is in the catalogue"
        expected = "one of its models" + (f": {', '.join(known[:12])}" if known else "")
        remedy = "If you know its repository on the Hugging Face hub, add an entry of your own to the catalogue"
        raise UnknownReference(got, expected, remedy, find_nearest_names(name, known))
    action, sentence = _choose_action(kind)
    reference = f"{language}.{action.value}.{name}"
    return ModelSpec(reference, language, name, kind, action, (BucketArchive(name, language),), sentence=sentence)


def _build_spec(catalogue: registry.Catalogue, row: Row) -> ModelSpec:
    reason = catalogue.explain_unloadable(row)
    if reason:
        got = f"{row.model!r} ({row.kind}): {reason}"
        remedy = "If you know the repository that it was made from, add an entry of your own to the catalogue"
        raise UnsupportedReference(got, "a model whose repository is known", remedy)
    return catalogue.build_spec(row)


def _refuse_others(kind: str, name: str, language: str, rows: list[Row]) -> None:
    """Refuse a model that the catalogue has for another class or language only."""
    languages = sorted({row.language for row in rows if row.kind == kind})
    if languages:
        got = f"the model {name!r} of {kind} has no language {language!r}"
        raise UnknownReference(got, f"lang={' or '.join(map(repr, languages))}", "Pass its language as lang")
    kinds = sorted({row.kind for row in rows if row.language == language})
    if kinds:
        got = f"the model {name!r} is one of {' and '.join(kinds)}, not of {kind}"
        raise UnsupportedReference(got, f"a model of {kind}", f"Call {kinds[0]}.pretrained(...)")


def _choose_action(kind: str) -> tuple[Action, SentenceRecipe]:
    sentence = registry.load_kinds()[kind].sentence
    return (Action.EMBED, AS_STATED) if sentence is None else (Action.EMBED_SENTENCE, sentence)


class PicklablePipeline:
    """A pipeline that is opened where it is unpickled, once in each process.

    Args:
        pipeline: The pipeline.
        threads: The number of threads of each forward pass there.
    """

    def __init__(self, pipeline: Pipeline, threads: int) -> None:
        recipe = describe_recipe(pipeline)
        self.recipe = replace(recipe, options=replace(recipe.options, threads=threads))

    def __reduce__(self) -> tuple[Callable[[PipelineRecipe], Pipeline], tuple[PipelineRecipe]]:
        """Pickle the recipe."""
        return open_recipe, (self.recipe,)


def get_model(pipeline: Pipeline) -> Model:
    """Return the one model of a pipeline."""
    (model,) = pipeline.models
    return model
