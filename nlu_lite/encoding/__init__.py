"""Encode segments with a checkpoint into vectors of tokens, sentences and documents."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from nlu_lite._util.threads import submit
from nlu_lite.encoding.alignment import find_runs
from nlu_lite.encoding.architectures import open_pooler
from nlu_lite.encoding.backends import Backend
from nlu_lite.encoding.backends.choice import (
    BackendDecision,
    check_device,
    choose_backend,
    name_backend,
    open_chosen,
)
from nlu_lite.encoding.bounds import resolve_layers, resolve_length
from nlu_lite.encoding.encoder import Encoder, EncodingPlan
from nlu_lite.encoding.pooling import average_groups, normalize_rows
from nlu_lite.encoding.subwords import Subwords, open_subwords
from nlu_lite.options import BackendName, EncoderSettings, ModelOptions
from nlu_lite.records import Checkpoint

__all__ = [
    "Backend",
    "BackendDecision",
    "Encoder",
    "EncodingPlan",
    "average_groups",
    "check_device",
    "choose_backend",
    "find_runs",
    "name_backend",
    "normalize_rows",
    "open_encoder",
    "open_on_backend",
    "replace_settings",
]


def open_on_backend(
    checkpoint: Checkpoint, options: ModelOptions, saved: BackendName = BackendName.AUTO
) -> tuple[BackendDecision, Encoder]:
    """Choose a backend for a model, and return the choice and an encoder that is ready for its first text.

    SentencePiece reads its model without Python's lock, for half a second if it has 250,000 pieces. Meanwhile the
    backend is opened in this thread.

    Raises:
        NluLiteError: As `open_chosen` and `open_encoder` say; an error of the backend comes first.
    """
    with ThreadPoolExecutor(1) as pool:
        subwords = submit(pool, open_subwords, checkpoint)
        decision, backend = open_chosen(checkpoint, options, saved)
        return decision, _build_encoder(checkpoint, backend, options.encoder, subwords.result())


def open_encoder(checkpoint: Checkpoint, backend: Backend, settings: EncoderSettings | None = None) -> Encoder:
    """Return an encoder for a model on a backend that is open.

    Args:
        checkpoint: The configuration, weights and subword model.
        backend: The same model, open on a device.
        settings: How vectors are computed; None for the defaults.

    Raises:
        OptionError: The model has no such layer, or no window of this length.
        ModelError: The parts of the checkpoint contradict one another.
        UnsupportedReference: The library has no recipe for this kind of model.
    """
    return _build_encoder(checkpoint, backend, settings or EncoderSettings(), open_subwords(checkpoint))


def _build_encoder(checkpoint: Checkpoint, backend: Backend, settings: EncoderSettings, subwords: Subwords) -> Encoder:
    return Encoder(
        subwords=subwords,
        backend=backend,
        settings=settings,
        max_length=resolve_length(settings, backend.positions, checkpoint.card.max_sentence_length),
        published_length=checkpoint.card.max_sentence_length,
        layers=resolve_layers(settings.layers, backend.layers),
        pooler=open_pooler(checkpoint, backend.dimension),
    )


def replace_settings(encoder: Encoder, settings: EncoderSettings) -> Encoder:
    """Return an encoder with the same weights and other settings.

    Raises:
        OptionError: The model has no such layer, or no window of this length.
        ModelError: The model cannot be compiled for these layers.
    """
    backend = encoder.backend
    layers = resolve_layers(settings.layers, backend.layers)
    length = resolve_length(settings, backend.positions, encoder.published_length)
    if layers != encoder.layers:
        backend.prepare(layers)
    return replace(encoder, settings=settings, max_length=length, layers=layers)
