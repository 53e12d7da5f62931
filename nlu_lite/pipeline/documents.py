"""One vector for each text: `Pipeline.encode`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nlu_lite import frames, text
from nlu_lite._util.arrays import find_distinct
from nlu_lite._util.progress import progress_bar
from nlu_lite.errors import OptionError, find_nearest_names
from nlu_lite.model import Model
from nlu_lite.options import Level, PredictRequest, TextSettings
from nlu_lite.pipeline.prediction import cut_documents, segment
from nlu_lite.records import Floats

CHUNK = 500_000
"""Characters of texts whose token vectors are in memory at the same time."""


def choose_model(models: Sequence[Model], column: str | None) -> Model:
    """Return the model that computes a column; None for the only model.

    Raises:
        OptionError: There is no such column, or `column` is None and there is not exactly one model.
    """
    names = [model.column for model in models]
    if not names:
        got = "the pipeline has no model"
        raise OptionError(got, "a pipeline with a model", 'Load one: load("xx.embed.multilingual_e5_small_q4")')
    if column is None and len(names) > 1:
        raise OptionError(f"the pipeline has {len(names)} models", f"one of {names}", "Name one: column=...")
    if column is not None and column not in names:
        near = find_nearest_names(column, names)
        raise OptionError(f"column={column!r}", f"one of {names}", "Name one of these", near)
    return models[0] if column is None else models[names.index(column)]


def encode_documents(
    data: object, request: PredictRequest, model: Model, settings: TextSettings, progress: bool | None = False
) -> Floats:
    """Return the vector of each document: float32 [D, d], zeros for documents without words.

    Args:
        data: The caller's data, as `Pipeline.predict` takes them.
        request: The options of the call.
        model: The model.
        settings: How texts are split.
        progress: Whether to show a bar; None for a terminal or notebook only.

    Raises:
        InputError: The data cannot be read, or a text is missing.
        ModelError: The model returns values that are not numbers.
    """
    given = frames.read(data, request, text.check_language)
    with progress_bar(len(given.corpus.texts), "text", progress) as bar:
        parts = [
            _encode(given.cut(part.start, part.stop), model, settings, bar.update)
            for part in cut_documents(given, CHUNK) or [slice(0, 0)]
        ]
    return np.concatenate(parts)


def _encode(
    given: frames.ParsedInput, model: Model, settings: TextSettings, advance: Callable[[int], object]
) -> Floats:
    texts = given.corpus.texts
    segments = segment(given, settings, progress=False)
    vectors = model.compute_vectors(texts, segments, Level.DOCUMENT, lambda _: None)
    found = np.zeros((len(texts), vectors.shape[1]), np.float32)
    found[find_distinct(segments.sentence_document)] = vectors
    advance(len(texts))
    return found
