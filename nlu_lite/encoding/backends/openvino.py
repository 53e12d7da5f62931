"""OpenVINO: a graph of its operations, built from the checkpoint; faster than torch on Intel and AMD processors.

The matrix of word embeddings stays where the checkpoint has it, mapped where the file allows: OpenVINO would read all
of it into memory, of which a text needs a few rows. The graph begins behind it.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu_lite._util.cores import find_core_limit
from nlu_lite._util.mapping import release_pages
from nlu_lite._util.processes import WORKERS, computing, has_lost_threads, observe_forks, start_threads
from nlu_lite.encoding.architectures import WORDS, find_architecture
from nlu_lite.encoding.backends import CPU_BUDGET, ComputedStates, HiddenStates, OutOfMemory
from nlu_lite.encoding.backends.checks import check_names
from nlu_lite.encoding.backends.graph import (
    EMBEDDED,
    MASK,
    ROWS,
    add_embeddings,
    build_graph,
    find_activation,
    number_positions,
)
from nlu_lite.encoding.backends.kinds import KINDS, POSITIONS, TYPES, EncoderDescription, describe_encoder
from nlu_lite.encoding.backends.package import import_openvino
from nlu_lite.errors import MissingExtra, ModelError, NluLiteError, OptionError
from nlu_lite.options import Precision
from nlu_lite.records import Batch, Checkpoint, Floats

GATHERED = 128
"""Rows of the word embeddings that are taken before their pages are released."""
HINTS = {Precision.FP32: "f32", Precision.BF16: "bf16"}
NAMES = {"f32": "fp32", "f16": "fp16"}
"""OpenVINO's names of precisions where they differ from ours."""
THREADS = "INFERENCE_NUM_THREADS"
TRIAL = 16
"""Pieces of the window that a compiled model is tried on."""
PROBE = 64
"""Rows and columns of the matrix that shows whether this processor computes in a precision."""


@dataclass(frozen=True)
class Obstacle:
    """Why OpenVINO cannot run a model here.

    Attributes:
        reason: The reason as a clause.
        error: The error for a caller who asked for OpenVINO by name.
    """

    reason: str
    error: NluLiteError


class OpenVinoBackend:
    """A transformers model in OpenVINO on the CPU.

    Args:
        checkpoint: Configuration and weights.
        device: ``"cpu"``.
        precision: FP32 or BF16.
        threads: Threads of a forward pass; None for the cores that the process is limited to, or, where it may use the
            whole machine, OpenVINO's own number.

    Raises:
        MissingExtra: OpenVINO is not installed.
        OptionError: The device or precision is not supported, or this processor does not compute in that precision.
        ModelError: The parts of the checkpoint do not fit one another.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: str = "cpu",
        precision: Precision = Precision.FP32,
        threads: int | None = None,
    ) -> None:
        obstacle = find_obstacle(checkpoint, device, precision, threads)
        if obstacle is not None:
            raise obstacle.error
        openvino = import_openvino()
        self._settings = _build_settings(precision, threads)
        if self._settings.get(THREADS) != 1:
            start_threads("openvino")
        self._encoder, self._checkpoint = describe_encoder(checkpoint), checkpoint
        check_names(self._encoder.shapes, checkpoint.tensors)
        self.dimension, self.layers, self.positions = self._encoder.width, self._encoder.layers, self._encoder.positions
        self.budget = CPU_BUDGET
        self.name = f"openvino {openvino.__version__.split('-')[0]}, cpu, {precision.value}"
        self._words = self._encoder.tensor(checkpoint, WORDS)
        self._positions = self._encoder.tensor(checkpoint, POSITIONS).copy()
        self._types = self._encoder.tensor(checkpoint, TYPES)[0].copy() if self._encoder.kind.types else None
        self._precision = precision
        usual: tuple[int, ...] = (self.layers,)
        self._built = {usual: build_graph(openvino, checkpoint, self._encoder, usual)}  # looks at every tensor
        self._compiled: dict[tuple[int, ...], Any] = {}
        self._lock = Lock()  # a compiled model has one place for its results
        observe_forks(self)

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if is_finalizing():  # no thread is left, and no name of this module
            return
        with computing():  # deleting a model is native code, too
            self.__dict__.clear()

    def reset_after_fork(self) -> None:
        """Compile anew after a fork; a model of the parent is never deleted, which would wait for its threads."""
        for compiled in self._compiled.values():
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(compiled))
        self._compiled = {}

    def compile(self, layers: tuple[int, ...]) -> None:
        """Compile the model up to these layers, so that the first text does not wait for it.

        Raises:
            ModelError: The memory is too small, or OpenVINO cannot compile the model on this processor.
        """
        try:
            with computing(), self._lock:
                self._compiled[layers] = self._build(layers)
        except (RuntimeError, MemoryError) as error:
            raise _compile_error(error) from error

    def submit(self, batch: Batch, layers: tuple[int, ...]) -> HiddenStates:
        """Run the model (see `Backend.submit`)."""
        _check_forked()
        try:
            with computing(), self._lock:
                hidden = self._compute(batch, layers)
        except (RuntimeError, MemoryError) as error:
            if not _lacks_memory(error):
                raise
            raise OutOfMemory(_last_line(error)) from error
        return ComputedStates(hidden)

    def _embed(self, ids: NDArray[np.int64]) -> Floats:
        """Add up rows of the embeddings; the system maps far more than a row at a time, soon the whole matrix."""
        flat = ids.ravel()
        rows: Floats = np.empty((len(flat), self._words.shape[1]), np.float32)
        for begin in range(0, len(flat), GATHERED):
            rows[begin : begin + GATHERED] = self._words[flat[begin : begin + GATHERED]]
            release_pages(self._words)
        words = rows.reshape(*ids.shape, -1)
        return add_embeddings(words, self._positions, self._types, number_positions(ids, self._encoder.padding))

    def _compute(self, batch: Batch, layers: tuple[int, ...]) -> Floats:
        given: dict[str, NDArray[Any]] = {
            EMBEDDED: self._embed(batch.ids),
            MASK: batch.mask.astype(np.float32),
            ROWS: batch.rows,
        }
        results = self._run(layers, given)
        hidden: Floats = np.stack([results[place] for place in range(len(layers))])
        return hidden

    def _run(self, layers: tuple[int, ...], given: dict[str, NDArray[Any]]) -> Any:
        """Run the model up to the layers that are asked for; others are not computed."""
        if layers not in self._compiled:
            self._compiled[layers] = self._build(layers)
        return self._compiled[layers](given)

    def _build(self, layers: tuple[int, ...]) -> Any:
        # A graph is built anew for each choice of layers: kept, it would hold the weights beside the compiled ones.
        graph = self._built.pop(layers, None) or build_graph(import_openvino(), self._checkpoint, self._encoder, layers)
        self._built.clear()
        compiled = _compile(graph.model, self._precision, self._settings)
        compiled(_build_trial(self._encoder))  # the first run copies the weights into an order of OpenVINO's own
        for tensor in graph.tensors:
            release_pages(tensor)
        return compiled


def _build_trial(encoder: EncoderDescription) -> dict[str, NDArray[Any]]:
    """Return the input of one short window."""
    return {
        EMBEDDED: np.zeros((1, TRIAL, encoder.embedding), np.float32),
        MASK: np.ones((1, TRIAL), np.float32),
        ROWS: np.arange(TRIAL, dtype=np.int64),
    }


def _lacks_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or "alloc" in str(error)


def _last_line(error: Exception) -> str:
    return str(error).splitlines()[-1] if str(error) else "no memory is left"


def _compile_error(error: Exception) -> ModelError:
    if _lacks_memory(error):
        got = f"the compiled model does not fit into memory ({_last_line(error)})"
        return ModelError(got, "memory for its weights", "Free memory, or choose a smaller model")
    got = f"OpenVINO cannot compile the model on this processor ({_last_line(error)})"
    return ModelError(got, "a processor and a model that it supports", 'Pass backend="torch"')


def find_obstacle(checkpoint: Checkpoint, device: str, precision: Precision, threads: int | None) -> Obstacle | None:
    """Return the first reason why OpenVINO cannot run a model here; None if it can.

    Args:
        checkpoint: The model.
        device: The device.
        precision: The number format.
        threads: Threads of a forward pass, as for `OpenVinoBackend`.
    """
    return (
        _find_device_obstacle(device)
        or _find_fork_obstacle()
        or _find_kind_obstacle(checkpoint)
        or _find_package_obstacle()
        or _find_precision_obstacle(precision, threads)
    )


def _check_forked() -> None:
    obstacle = _find_fork_obstacle()
    if obstacle is not None:
        raise obstacle.error


def _find_fork_obstacle() -> Obstacle | None:
    """Find what would wait, now and then, for a lock that a thread of the parent held."""
    if not has_lost_threads("openvino"):
        return None
    reason = "this process was forked after OpenVINO had been used with several threads"
    got = 'backend="openvino" in a process that was forked after OpenVINO had been used with several threads'
    expected = 'another start method, threads=1 before the fork, or backend="torch"'
    return Obstacle(reason, OptionError(got, expected, WORKERS))


def _find_package_obstacle() -> Obstacle | None:
    try:
        import_openvino()
    except MissingExtra as error:
        cause = error.__cause__
        is_absent = isinstance(cause, ModuleNotFoundError) and cause.name == "openvino"
        reason = "OpenVINO is not installed" if is_absent else f"OpenVINO cannot be imported: {cause}"
        return Obstacle(" ".join(reason.split()), error)
    return None


def _find_device_obstacle(device: str) -> Obstacle | None:
    if device == "cpu":
        return None
    got = f'device={device!r} with backend="openvino"'
    error = OptionError(got, "cpu", 'Pass device="cpu", or backend="torch"')
    return Obstacle(f"OpenVINO runs on the CPU only, and the device is {device!r}", error)


def _find_precision_obstacle(precision: Precision, threads: int | None) -> Obstacle | None:
    if precision is Precision.FP32:
        return None
    if precision not in HINTS:
        got = f'precision={precision.value!r} with backend="openvino"'
        error = OptionError(got, "fp32 or bf16", 'Pass one of these, or backend="torch" with a GPU as device')
        return Obstacle(f"OpenVINO does not compute in {precision.value} on a CPU", error)
    try:
        with computing():
            _try_product(precision, _build_settings(precision, threads))
    except OptionError as error:
        return Obstacle(f"OpenVINO does not compute in {precision.value} on this processor", error)
    return None


def _find_kind_obstacle(checkpoint: Checkpoint) -> Obstacle | None:
    find_architecture(checkpoint)
    model_type = str(checkpoint.config["model_type"])
    if model_type not in KINDS:
        got = f'a model of the kind {model_type!r} with backend="openvino"'
        error = OptionError(got, ", ".join(KINDS), 'Pass backend="torch"; save a saved pipeline anew with it')
        return Obstacle(f"OpenVINO does not run models of the kind {model_type!r}", error)
    encoder = describe_encoder(checkpoint)
    try:
        find_activation(encoder)
    except ModelError as error:
        return Obstacle(f"OpenVINO has no activation {encoder.settings['hidden_act']!r}", error)
    return None


def _build_settings(precision: Precision, threads: int | None) -> dict[str, Any]:
    settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": HINTS[precision], "PERFORMANCE_HINT": "LATENCY"}
    number = find_core_limit() if threads is None else threads
    return settings if number is None else settings | {THREADS: number}


def _compile(model: Any, precision: Precision, settings: dict[str, Any]) -> Any:
    """Compile a model to compute in a precision; OpenVINO accepts one that the processor lacks, and ignores it."""
    compiled = import_openvino().Core().compile_model(model, "CPU", settings)
    actual = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
    if actual != HINTS[precision]:
        raise _precision_error(precision, f"OpenVINO would compute in {NAMES.get(actual, actual)} on this processor")
    return compiled


def _try_product(precision: Precision, settings: dict[str, Any]) -> None:
    """Multiply two matrices, so that a precision that the processor lacks is refused before any text is read."""
    openvino = import_openvino()
    from openvino import opset13 as opset

    rows = opset.parameter([-1, PROBE], np.float32)
    product = opset.matmul(rows, opset.constant(np.ones((PROBE, PROBE), np.float32)), False, False)
    compiled = _compile(openvino.Model([product], [rows]), precision, settings)
    try:
        compiled(np.ones((2, PROBE), np.float32))
    except RuntimeError as error:  # OpenVINO and its oneDNN may find different features where some are masked
        raise _precision_error(precision, "OpenVINO has no matrix product in it on this processor") from error


def _precision_error(precision: Precision, reason: str) -> OptionError:
    got = f'precision={precision.value!r} with backend="openvino": {reason}'
    either = 'precision="fp32", or backend="torch", which emulates bf16 slowly on any processor'
    remedy = f"Pass {either}; save a saved pipeline anew with one of them"
    return OptionError(got, "a precision that the processor supports", remedy)
