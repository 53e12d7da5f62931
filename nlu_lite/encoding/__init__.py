"""Encode segments with a checkpoint into vectors of tokens, sentences and documents."""

from __future__ import annotations

from dataclasses import replace

from nlu_lite.encoding.alignment import find_runs, token_texts
from nlu_lite.encoding.architectures import open_pooler
from nlu_lite.encoding.backends import Backend
from nlu_lite.encoding.backends.choice import BackendDecision, choose_backend, name_backend, open_backend
from nlu_lite.encoding.encoder import Encoder
from nlu_lite.encoding.plan import SPECIAL_TOKEN_COUNT
from nlu_lite.encoding.pooling import average_groups, normalize_rows
from nlu_lite.encoding.subwords import open_subwords
from nlu_lite.errors import OptionError
from nlu_lite.options import EncoderSettings, check_number
from nlu_lite.records import Checkpoint

__all__ = [
    "Backend",
    "BackendDecision",
    "Encoder",
    "average_groups",
    "choose_backend",
    "find_runs",
    "name_backend",
    "normalize_rows",
    "open_backend",
    "open_encoder",
    "replace_settings",
    "token_texts",
]


def open_encoder(checkpoint: Checkpoint, backend: Backend, settings: EncoderSettings | None = None) -> Encoder:
    """Return an encoder for a model.

    Args:
        checkpoint: The configuration, weights and subword model.
        backend: The same model, open on a device.
        settings: How vectors are computed; None for the defaults.

    Raises:
        OptionError: The model has no such layer, or no window of this length.
        ModelError: The parts of the checkpoint contradict one another.
        UnsupportedReference: The library has no recipe for this kind of model.
    """
    chosen = settings or EncoderSettings()
    return Encoder(
        subwords=open_subwords(checkpoint),
        backend=backend,
        settings=chosen,
        max_length=_resolve_length(chosen.max_length, backend.positions),
        layers=_resolve_layers(chosen.layers, backend.layers),
        pooler=open_pooler(checkpoint, backend.dimension),
    )


def replace_settings(encoder: Encoder, settings: EncoderSettings) -> Encoder:
    """Return an encoder with the same weights and other settings.

    Raises:
        OptionError: The model has no such layer, or no window of this length.
    """
    backend = encoder.backend
    return replace(
        encoder,
        settings=settings,
        max_length=_resolve_length(settings.max_length, backend.positions),
        layers=_resolve_layers(settings.layers, backend.layers),
    )


def _resolve_length(asked: int | None, positions: int) -> int:
    if asked is None:
        return positions
    check_number("max_length", asked, SPECIAL_TOKEN_COUNT + 1)
    if asked > positions:
        raise OptionError(
            f"max_length={asked}",
            f"{SPECIAL_TOKEN_COUNT + 1} to {positions}, the number of the model's positions",
            "Leave it out for the longest windows",
        )
    return asked


def _resolve_layers(asked: tuple[int, ...], layers: int) -> tuple[int, ...]:
    expected = f"whole numbers from {-layers - 1} to {layers}: 0 is the embeddings, {layers} or -1 the last layer"
    remedy = "Pass layers that the model has, such as layers=(-1,)"
    if not asked or any(type(layer) is not int or not -layers - 1 <= layer <= layers for layer in asked):
        raise OptionError(f"layers={asked!r}", expected, remedy)
    found = tuple(layer % (layers + 1) for layer in asked)
    if len(set(found)) < len(found):
        raise OptionError(f"layers={asked!r}, which names a layer twice", "each layer once", remedy)
    return found
