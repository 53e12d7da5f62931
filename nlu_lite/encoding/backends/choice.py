"""Choose the backend of a model: OpenVINO for models that it supports on a CPU, or else torch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlu_lite.encoding.backends import Backend, CompilationError
from nlu_lite.encoding.bounds import resolve_layers
from nlu_lite.errors import OptionError
from nlu_lite.options import BackendName, ModelOptions
from nlu_lite.records import Checkpoint

if TYPE_CHECKING:
    from nlu_lite.encoding.backends.openvino import Obstacle


@dataclass(frozen=True)
class BackendDecision:
    """The choice of the backend of a model.

    Attributes:
        asked: The requested backend, from the caller or a saved pipeline, or AUTO.
        name: The backend that runs the model: TORCH or OPENVINO.
        reason: The reason for the choice, as a clause.
    """

    asked: BackendName
    name: BackendName
    reason: str


def name_backend(name: BackendName) -> BackendDecision:
    """Return the decision for a backend that was requested by name."""
    return BackendDecision(name, name, f"backend={name.value!r} was requested")


def choose_backend(
    checkpoint: Checkpoint, options: ModelOptions, saved: BackendName = BackendName.AUTO
) -> BackendDecision:
    """Choose the backend that runs a model.

    One that was requested by name is chosen even if it cannot run the model.

    Args:
        checkpoint: The model.
        options: Its options, of which backend, device, precision and threads are used.
        saved: The backend that ran the model when its pipeline was saved, which is chosen again on a CPU; AUTO for a
            pipeline that was not saved.

    Raises:
        UnsupportedReference: No backend runs this kind of model.
        ModelError: The configuration does not describe a model.
    """
    from nlu_lite.encoding.backends.openvino import find_model_obstacle, find_obstacle

    if options.backend is not BackendName.AUTO:
        return name_backend(options.backend)
    if saved is BackendName.AUTO or options.device != "cpu":
        return _decide(find_obstacle(checkpoint, options.device, options.precision, options.threads))
    decision = _decide(find_model_obstacle(checkpoint, options.device))
    reason = decision.reason if decision.name is saved else "the pipeline was saved with it"
    return BackendDecision(saved, saved, reason)


def check_device(options: ModelOptions) -> None:
    """Refuse options that do not fit their device, without looking for it: it may be one of another machine.

    Raises:
        OptionError: There is no such kind of device, or it does not run the requested backend or precision.
    """
    from nlu_lite.encoding.backends.openvino import find_device_obstacle
    from nlu_lite.encoding.backends.torch import check_precision

    if not isinstance(options.device, str) or not re.fullmatch(r"cpu|mps|cuda(:\d+)?", options.device, re.ASCII):
        raise OptionError(f"device={options.device!r}", "'cpu', 'cuda', 'cuda:1' or 'mps'", "Pass one of these")
    obstacle = find_device_obstacle(options.device) if options.backend is BackendName.OPENVINO else None
    if obstacle is not None:
        raise obstacle.error
    check_precision(options.device, options.precision)


def _decide(obstacle: Obstacle | None) -> BackendDecision:
    if obstacle is not None:
        return _fall_back(obstacle.reason)
    return BackendDecision(BackendName.AUTO, BackendName.OPENVINO, "OpenVINO supports this model on this CPU")


def _fall_back(reason: str) -> BackendDecision:
    return BackendDecision(BackendName.AUTO, BackendName.TORCH, reason)


def open_chosen(
    checkpoint: Checkpoint, options: ModelOptions, saved: BackendName = BackendName.AUTO
) -> tuple[BackendDecision, Backend]:
    """Choose the backend of a model (see `choose_backend`), and open it there (see `open_backend`).

    If the choice is free, and OpenVINO fails to compile the model for a reason other than memory, torch runs it.
    """
    decision = choose_backend(checkpoint, options, saved)
    try:
        return decision, open_backend(checkpoint, decision.name, options)
    except CompilationError as error:
        if decision.asked is not BackendName.AUTO:
            raise
        return _fall_back(error.got), open_backend(checkpoint, BackendName.TORCH, options)


def open_backend(checkpoint: Checkpoint, name: BackendName, options: ModelOptions) -> Backend:
    """Open a model on a backend, prepared for the requested layers.

    Raises:
        NluLiteError: See `TorchBackend`, `OpenVinoBackend` and `Backend.prepare`.
        OptionError: The model has no such layer.
    """
    backend = _open(checkpoint, name, options)
    backend.prepare(resolve_layers(options.encoder.layers, backend.layers))
    return backend


def _open(checkpoint: Checkpoint, name: BackendName, options: ModelOptions) -> Backend:
    if name is BackendName.TORCH:
        from nlu_lite.encoding.backends.torch import TorchBackend

        return TorchBackend(checkpoint, options.device, options.precision, options.threads)
    from nlu_lite.encoding.backends.openvino import OpenVinoBackend

    return OpenVinoBackend(checkpoint, options.device, options.precision, options.threads)
