"""From the options and data of a caller to a frame: parse, read, segment, compute vectors, write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nlu_lite import frames, text
from nlu_lite._util.processes import computing
from nlu_lite._util.progress import progress_bar
from nlu_lite.model import Model
from nlu_lite.options import (
    ExtraColumns,
    Level,
    PredictOptions,
    PredictRequest,
    StreamOptions,
    TextSettings,
    VectorCellsName,
    parse_predict,
)
from nlu_lite.records import Action, ComponentSpec, Corpus, ModelSpec, Segments


def parse_request(
    components: Sequence[ModelSpec | ComponentSpec],
    language: str,
    options: PredictOptions | StreamOptions,
    library: str,
    cells: VectorCellsName,
) -> PredictRequest:
    """Parse the options of `Pipeline.predict`, with the defaults of a pipeline.

    Args:
        components: The components; without tokens among them, the default level is that of sentences.
        language: The default language.
        options: The options.
        library: The option ``as_``.
        cells: The option ``vectors``.

    Raises:
        OptionError: An option has an unknown value, or two options exclude each other.
        MissingExtra: The library of the result is not installed.
    """
    have_tokens = any(spec.action not in (Action.SENTENCE_DETECTOR, Action.EMBED_SENTENCE) for spec in components)
    request = parse_predict(Level.TOKEN if have_tokens else Level.SENTENCE, language, options, library, cells)
    if options.get("lang") is not None:
        text.check_language(request.lang)
    return request


def predict_frame(
    data: object,
    request: PredictRequest,
    models: Sequence[Model],
    settings: TextSettings,
    progress: bool | None = False,
) -> Any:
    """Run a pipeline's components over data.

    Args:
        data: The caller's data, as `Pipeline.predict` takes them.
        request: The options of the call.
        models: The models, one column of vectors each.
        settings: How texts are split.
        progress: Whether to show bars; None for a terminal or notebook only.

    Returns:
        A frame of the library in `request`.

    Raises:
        InputError: The data cannot be read, or the columns that are kept cannot be stored.
        ModelError: A model returns values that are not numbers.
    """
    given = frames.read(data, request, text.check_language)
    names = frames.name_result_columns(request, [model.column for model in models])
    writer = frames.open_writer(given.corpus, request, names)  # before the work, since it refuses columns
    segments = segment(given, settings, progress)
    columns = _compute_columns(given.corpus, segments, request, models, progress)
    with computing():
        return frames.build_frame(request, writer, given.corpus, segments, given.rows, columns)


def segment(given: frames.ParsedInput, settings: TextSettings, progress: bool | None) -> Segments:
    """Return the sentences and tokens of documents, found by the rules unless the caller has split the documents."""
    if given.segments is not None:
        return given.segments
    if given.sentences is not None:
        return text.segment_sentences(given.corpus, given.sentences, settings)
    with progress_bar(len(given.corpus.texts), "text", progress) as bar:
        return text.segment(given.corpus, settings, bar.update)


def _compute_columns(
    corpus: Corpus, segments: Segments, request: PredictRequest, models: Sequence[Model], progress: bool | None
) -> list[frames.VectorColumn]:
    columns, level, texts = [], request.output_level, corpus.texts
    with progress_bar(sum(model.count_steps(segments, level) for model in models), "vector", progress) as bar:
        for model in models:
            vectors = model.compute_vectors(texts, segments, level, bar.update)
            stats = (
                model.compute_stats(texts, segments, level) if ExtraColumns.METADATA in request.extra_columns else None
            )
            columns.append(frames.VectorColumn(model.column, vectors, stats))
    return columns
