"""A model of a pipeline, opened on a backend, which computes the vectors of a level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nlu_lite import encoding
from nlu_lite._util.arrays import Allocate, allocate_zeros, find_distinct
from nlu_lite._util.imports import importing
from nlu_lite._util.paths import expand_user
from nlu_lite._util.processes import computing
from nlu_lite.encoding import BackendDecision, Encoder, EncodingPlan
from nlu_lite.errors import ModelError, OptionError
from nlu_lite.options import BackendName, Context, Level, ModelOptions, check_number
from nlu_lite.records import (
    Action,
    Floats,
    Ints,
    LocalFolder,
    ModelSpec,
    Segments,
    SentencePooling,
    SentenceRecipe,
    TokenStats,
)
from nlu_lite.store.checkpoints import LoadedCheckpoint
from nlu_lite.store.sources import ModelFiles

MAXIMUM_THREADS = 1024
"""Maximum number of threads of a forward pass; a larger number is treated as a mistake."""
TORCH_BY_NAME = encoding.name_backend(BackendName.TORCH)


@dataclass(frozen=True)
class VectorPlan:
    """Texts that were encoded into pieces, and the batches that compute the vectors of a level.

    Attributes:
        encoding: The pieces and the batches.
        segments: The sentences and tokens.
        level: The level.
        recipe: The recipe for whole sentences; None for the vectors of tokens.
    """

    encoding: EncodingPlan
    segments: Segments
    level: Level
    recipe: SentenceRecipe | None = None


@dataclass(frozen=True)
class Model:
    """A model that is ready to encode.

    Attributes:
        spec: The model of the reference.
        files: Its files.
        column: The name of its column in the result.
        encoder: The encoder, which computes the vectors.
        recipe: The recipe for sentence vectors; None for the mean of the token vectors.
        normalize: Whether vectors are divided by their Euclidean length.
        digest: SHA-256 of everything that can change a piece or a vector, except options; see `LoadedCheckpoint`.
        decision: The backend that was chosen, and why.
    """

    spec: ModelSpec
    files: ModelFiles
    column: str
    encoder: Encoder
    recipe: SentenceRecipe | None = None
    normalize: bool = False
    digest: str = ""
    decision: BackendDecision = TORCH_BY_NAME

    def compute_vectors(
        self, texts: Sequence[str], segments: Segments, level: Level, advance: Callable[[int], object]
    ) -> Floats:
        """Return the vectors of a level: float32 [R, d], one row for each token, sentence or document that has tokens.

        The vector of a sentence model is repeated for the tokens of the sentence. The vectors of a token model are
        averaged, unless its files state a recipe or the user chose a sentence pooling; at the token level no recipe
        applies to them.
        """
        return self.complete(self.plan_vectors(texts, segments, level), advance)

    def plan_vectors(
        self, texts: Sequence[str], segments: Segments, level: Level, allocate: Allocate = allocate_zeros
    ) -> VectorPlan:
        """Encode texts into pieces, and plan the batches for `compute_vectors`.

        Args:
            texts: The documents.
            segments: The sentences and tokens of all of them, or of some.
            level: The level.
            allocate: Allocates the matrix of the vectors if it is the result, not a step towards it.
        """
        recipe = self._find_recipe(level)
        if recipe is None:
            is_result = level is Level.TOKEN and not self.normalize
            plan = self.encoder.plan_tokens(texts, segments, allocate if is_result else allocate_zeros)
            return VectorPlan(plan, segments, level)
        runs = encoding.find_runs(segments, _choose_context(level))
        return VectorPlan(self.encoder.plan_runs(texts, runs, recipe), segments, level, recipe)

    def complete(self, plan: VectorPlan, advance: Callable[[int], object]) -> Floats:
        """Return the vectors of a plan, as `compute_vectors` does."""
        found = self.encoder.complete(plan.encoding, advance)
        if plan.recipe is None:
            found = _average_to_level(found, plan.segments, plan.level)
        elif plan.level is Level.TOKEN:
            found = found[plan.segments.token_sentence]
        wanted = self.normalize or (plan.recipe is not None and plan.recipe.normalize)
        return encoding.normalize_rows(found) if wanted else found

    def count_steps(self, segments: Segments, level: Level) -> int:
        """Return the number of steps by which `compute_vectors` advances."""
        if self._find_recipe(level) is None:
            return len(segments.token_begin)
        return len(encoding.find_runs(segments, _choose_context(level)).document)

    def compute_stats(self, texts: Sequence[str], segments: Segments, level: Level) -> TokenStats:
        """Return the token statistics of a level: one row for each vector of `compute_vectors`."""
        recipe = self._find_recipe(level)
        if recipe is None:
            return self.encoder.token_stats(texts, segments, _number_rows(segments, level))
        found = self.encoder.run_stats(texts, encoding.find_runs(segments, _choose_context(level)), recipe)
        return found.take(segments.token_sentence) if level is Level.TOKEN else found

    def _find_recipe(self, level: Level) -> SentenceRecipe | None:
        """Return the recipe that encodes whole sentences at a level; None if tokens are encoded."""
        return None if level is Level.TOKEN and self.spec.action is Action.EMBED else self.recipe


def open_model(
    loaded: LoadedCheckpoint, column: str, options: ModelOptions, saved: BackendName = BackendName.AUTO
) -> Model:
    """Open a model on a backend.

    Args:
        loaded: The model.
        column: The name of its column in the result.
        options: The options of the model.
        saved: The backend of a saved pipeline; see `choose_backend`.

    Raises:
        ModelError: The parts of the model do not match, or it lacks a part that an option needs.
        MissingExtra: The backend is not installed.
        OptionError: The model or the backend does not support an option.
    """
    if options.threads is not None:
        check_number("threads", options.threads, 1, MAXIMUM_THREADS)
    with computing(), importing("pandas"):  # of which every result is built
        decision, encoder = encoding.open_on_backend(loaded.checkpoint, options, saved)
    recipe = _choose_recipe(loaded.spec, options)
    if recipe is not None:
        _check_recipe(loaded.spec, recipe, encoder)
    files = _resolve_folder(loaded.files)
    return Model(loaded.spec, files, column, encoder, recipe, options.normalize, loaded.digest, decision)


def check_options(options: ModelOptions) -> None:
    """Refuse options that fail in any process, wherever a model is opened with them.

    Raises:
        OptionError: The number of threads is out of range, or the device does not fit the backend or the precision.
    """
    if options.threads is not None:
        check_number("threads", options.threads, 1, MAXIMUM_THREADS)
    encoding.check_device(options)


def replace_options(model: Model, options: ModelOptions) -> Model:
    """Return a model with the same weights and other options; device, backend, precision and threads are unchanged.

    Raises:
        NluLiteError: The model does not support an option.
    """
    encoder = encoding.replace_settings(model.encoder, options.encoder)
    recipe = _choose_recipe(model.spec, options)
    if recipe is not None:
        _check_recipe(model.spec, recipe, encoder)
    return replace(model, encoder=encoder, recipe=recipe, normalize=options.normalize)


def _resolve_folder(files: ModelFiles) -> ModelFiles:
    """Return files with an absolute path of the user's folder: the working directory may change."""
    origin = files.origin
    if not isinstance(origin, LocalFolder):
        return files
    return replace(files, origin=LocalFolder(str(expand_user(origin.path).resolve())))


def check_prompt(prompt: str | None, models: Sequence[Model]) -> None:
    """Refuse a prompt that no model uses.

    Raises:
        OptionError: No model has a recipe for sentence vectors.
    """
    if prompt is not None and not any(model.recipe is not None for model in models):
        got = f"prompt={prompt!r} with models whose sentence vectors are means of token vectors"
        raise OptionError(got, "a sentence model, or a sentence_pooling", 'Pass sentence_pooling="mean" too')


def _choose_recipe(spec: ModelSpec, options: ModelOptions) -> SentenceRecipe | None:
    """Return the recipe of a model, with the pooling and the prompt of the options in place of its own."""
    recipe = spec.sentence
    if options.prompt is not None and not isinstance(options.prompt, str):
        raise OptionError(
            f"prompt={options.prompt!r}", "a str", 'Pass the text to put before each sentence, such as "query: "'
        )
    if options.sentence_pooling is not None:
        recipe = replace(recipe or SentenceRecipe(options.sentence_pooling), pooling=options.sentence_pooling)
    if recipe is not None and options.prompt is not None:
        recipe = replace(recipe, prompt=options.prompt)
    return recipe


def _check_recipe(spec: ModelSpec, recipe: SentenceRecipe, encoder: Encoder) -> None:
    if recipe.pooling is not SentencePooling.POOLER:
        return
    if encoder.pooler is None:
        got = f"the files of {spec.reference!r} have no pooler"
        raise ModelError(got, "two tensors of a pooler", 'Pass sentence_pooling="mean" or "cls"')
    if encoder.layers != (encoder.backend.layers,):
        got = f"layers={encoder.settings.layers!r} with the model's pooler"
        raise OptionError(got, "(-1,), which the pooler was trained on", 'Pass sentence_pooling="mean" or "cls"')


def _choose_context(level: Level) -> Context:
    return Context.DOCUMENT if level is Level.DOCUMENT else Context.SENTENCE


def _number_rows(segments: Segments, level: Level) -> Ints:
    """Return the row of each token at a level, in ascending order."""
    match level:
        case Level.TOKEN:
            return np.arange(len(segments.token_begin), dtype=np.int32)
        case Level.SENTENCE:
            return segments.token_sentence
        case Level.DOCUMENT:
            return segments.sentence_document[segments.token_sentence]


def _average_to_level(vectors: Floats, segments: Segments, level: Level) -> Floats:
    """Return token vectors unchanged, or their means over sentences or documents."""
    if level is Level.TOKEN:
        return vectors
    if level is Level.SENTENCE:
        return encoding.average_groups(vectors, segments.token_sentence, len(segments.sentence_begin))
    document = segments.sentence_document[segments.token_sentence]
    groups = find_distinct(document)
    return encoding.average_groups(vectors, np.searchsorted(groups, document).astype(np.int32), len(groups))
