"""From the options and data of a caller to a frame: parse, read, segment, compute vectors, write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nlu_lite import frames, text
from nlu_lite._util.arrays import RowAllocator, join_rows
from nlu_lite._util.processes import computing
from nlu_lite._util.progress import progress_bar
from nlu_lite.model import Model, VectorPlan
from nlu_lite.options import (
    ExtraColumns,
    FrameLibrary,
    Level,
    PredictOptions,
    PredictRequest,
    StreamOptions,
    TextSettings,
    VectorCellsName,
    parse_predict,
)
from nlu_lite.records import Action, ComponentSpec, Floats, ModelSpec, Segments, TokenTexts

PART = 1 << 20
"""Characters of texts that the host splits and encodes while the device computes: enough for several batches."""


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
    parts = _plan_parts(given, models)
    if len(parts) > 1:
        segments, matrices = _compute_parts(given, parts, request.output_level, models, settings, progress)
    else:
        segments = segment(given, settings, progress)
        matrices = _compute_whole(given.corpus.texts, segments, request.output_level, models, progress)
    columns = _describe_columns(given.corpus.texts, segments, request, models, matrices)
    with computing():
        frame = frames.build_frame(request, writer, given.corpus, segments, given.rows, columns)
    if request.library is FrameLibrary.PANDAS:
        frames.note_sentences(frame, given.corpus.texts, segments, request.output_level)
    return frame


def segment(given: frames.ParsedInput, settings: TextSettings, progress: bool | None) -> Segments:
    """Return the sentences and tokens of documents, found by the rules unless the caller has split the documents."""
    if given.segments is not None:
        return given.segments
    if given.sentences is not None:
        return text.segment_sentences(given.corpus, given.sentences, settings)
    with progress_bar(len(given.corpus.texts), "text", progress) as bar:
        return text.segment(given.corpus, settings, bar.update)


def cut_documents(given: frames.ParsedInput, characters: int) -> list[slice]:
    """Cut documents into parts of at most so many characters, or of one document."""
    lengths = np.array([len(one) for one in given.corpus.texts], np.float64)
    return list(frames.cut_rows(lengths, len(lengths), characters))


def _plan_parts(given: frames.ParsedInput, models: Sequence[Model]) -> list[slice]:
    """Return the parts in which documents are encoded: several if a device can compute one while the next is split."""
    if any(model.encoder.backend.is_asynchronous for model in models):
        return cut_documents(given, PART)
    return [slice(None)]


def _compute_parts(
    given: frames.ParsedInput,
    parts: Sequence[slice],
    level: Level,
    models: Sequence[Model],
    settings: TextSettings,
    progress: bool | None,
) -> tuple[Segments, list[Floats]]:
    """Return the segments of all parts, and the vectors of each model."""
    texts, found = given.corpus.texts, []

    def split() -> Iterator[Segments]:
        for part in parts:
            found.append(_segment_part(given, part, settings))
            yield found[-1]

    with progress_bar(None, "vector", progress) as bar:
        sizes = [sum(map(len, texts[part])) for part in parts]
        allocators = [RowAllocator(sizes) for _ in models]
        matrices = [
            _run_parts(model, texts, found or split(), level, allocator, bar.update)
            for model, allocator in zip(models, allocators, strict=True)
        ]
    return _merge_parts(texts, found, level), matrices


def _merge_parts(texts: Sequence[str], parts: Sequence[Segments], level: Level) -> Segments:
    merged = text.merge_segments(parts)
    if level is Level.TOKEN:
        merged.keep_token_texts(texts, TokenTexts.join([part.find_token_texts(texts) for part in parts]))
    return merged


def _segment_part(given: frames.ParsedInput, part: slice, settings: TextSettings) -> Segments:
    found = segment(given.cut(part.start, part.stop), settings, progress=False)
    return replace(found, sentence_document=found.sentence_document + np.int32(part.start))


def _run_parts(
    model: Model,
    texts: Sequence[str],
    parts: Iterable[Segments],
    level: Level,
    allocator: RowAllocator,
    advance: Callable[[int], object],
) -> Floats:
    """Return the vectors of all parts. While the device computes one part, the host splits and encodes the next."""
    found: list[Floats] = []
    running: VectorPlan | None = None
    for segments in parts:
        plan = model.plan_vectors(texts, segments, level, allocator.allocate)
        if running is not None:
            found.append(model.complete(running, advance))
        plan.encoding.begin()
        running = plan
    if running is not None:
        found.append(model.complete(running, advance))
    return join_rows(found)


def _compute_whole(
    texts: Sequence[str], segments: Segments, level: Level, models: Sequence[Model], progress: bool | None
) -> list[Floats]:
    """Return the vectors of each model."""
    with progress_bar(sum(model.count_steps(segments, level) for model in models), "vector", progress) as bar:
        return [model.compute_vectors(texts, segments, level, bar.update) for model in models]


def _describe_columns(
    texts: Sequence[str],
    segments: Segments,
    request: PredictRequest,
    models: Sequence[Model],
    matrices: Sequence[Floats],
) -> list[frames.VectorColumn]:
    columns = []
    for model, vectors in zip(models, matrices, strict=True):
        wanted = ExtraColumns.METADATA in request.extra_columns
        stats = model.compute_stats(texts, segments, request.output_level) if wanted else None
        columns.append(frames.VectorColumn(model.column, vectors, stats))
    return columns
