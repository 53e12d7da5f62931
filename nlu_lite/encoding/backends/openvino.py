"""The backend of OpenVINO, faster than torch on Intel and AMD processors. Its graph is built from the checkpoint.

The matrix of word embeddings is not part of the graph. OpenVINO would read all of it into memory, but a text needs only
a few rows, so it stays in the checkpoint, which maps it into memory if the file allows.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu_lite._util.cores import find_core_limit
from nlu_lite._util.mapping import release_pages
from nlu_lite._util.processes import WORKERS, computing, has_lost_threads, observe_forks, start_threads
from nlu_lite.encoding.architectures import WORDS, find_architecture
from nlu_lite.encoding.backends import CPU_BUDGET, CompilationError, ComputedStates, HiddenStates, OutOfMemory
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
"""Number of rows of the word embeddings that are read before their pages are released."""
HINTS = {Precision.FP32: "f32", Precision.BF16: "bf16"}
NAMES = {"f32": "fp32", "f16": "fp16"}
"""nlu_lite's names for OpenVINO's precisions."""
THREADS = "INFERENCE_NUM_THREADS"
TRIAL = 16
"""Number of pieces in the window of a compiled model's trial run."""
MOST_COMPILED = 2
"""Number of compiled models that are kept, for different layers: each has its own copy of the weights."""
TORCH = 'Pass backend="torch"'
PROBE = 64
"""Number of rows and columns of the matrix that tests whether this processor supports a precision."""


@dataclass(frozen=True)
class Obstacle:
    """A reason why OpenVINO cannot run a model on this machine.

    Attributes:
        reason: The reason as a clause.
        error: The error for a caller who requested OpenVINO by name.
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
        OptionError: The backend does not support the device, or it or the processor does not support the precision.
        ModelError: The parts of the checkpoint contradict one another.
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
        self._encoder, self._checkpoint = describe_encoder(checkpoint), checkpoint
        check_names(self._encoder.shapes, checkpoint.tensors)
        self.dimension, self.layers, self.positions = self._encoder.width, self._encoder.layers, self._encoder.positions
        self.budget, self.is_asynchronous = CPU_BUDGET, False
        self.name = f"openvino {openvino.__version__.split('-')[0]}, cpu, {precision.value}"
        self._words = self._encoder.tensor(checkpoint, WORDS)
        self._positions = self._encoder.tensor(checkpoint, POSITIONS).copy()
        self._types = self._encoder.tensor(checkpoint, TYPES)[0].copy() if self._encoder.kind.types else None
        self._precision = precision
        usual: tuple[int, ...] = (self.layers,)
        with computing(), _translate_errors():
            self._built = {usual: build_graph(openvino, checkpoint, self._encoder, usual)}  # looks at every tensor
        self._compiled: dict[tuple[int, ...], Any] = {}  # by layers, the last used at the end
        self._lock = Lock()  # a compiled model has one place for its results
        observe_forks(self)

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if is_finalizing():  # no other thread is left, and this module's names are gone
            return
        with computing():  # deleting a model is native code, too
            self.__dict__.clear()

    def reset_after_fork(self) -> None:
        """Compile again after a fork. The parent's models are never deleted, since that would wait for its threads."""
        for compiled in self._compiled.values():
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(compiled))
        self._compiled = {}

    def prepare(self, layers: tuple[int, ...]) -> None:
        """Compile the model up to the last of these layers (see `Backend.prepare`)."""
        _check_forked()
        with computing(), self._lock:
            self._choose_compiled(layers)

    def submit(self, batch: Batch, layers: tuple[int, ...]) -> HiddenStates:
        """Run the model (see `Backend.submit`)."""
        _check_forked()
        try:
            with computing(), self._lock:
                hidden = self._compute(batch, layers)
        except (RuntimeError, MemoryError) as error:
            if not _lacks_memory(error):
                got = f"OpenVINO cannot run the model ({_last_line(error)})"
                raise ModelError(got, "a model and a processor that it supports", TORCH) from error
            raise OutOfMemory(_last_line(error)) from error
        return ComputedStates(hidden)

    def _embed(self, ids: NDArray[np.int64]) -> Floats:
        """Add the rows of the embeddings. Pages are released, since reading a row maps many, soon the whole matrix."""
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
        states = list(self._choose_compiled(layers)(given).values())
        hidden: Floats = np.stack(states) if len(states) > 1 else states[0][None]
        return hidden

    def _choose_compiled(self, layers: tuple[int, ...]) -> Any:
        """Return the model that is compiled for these layers; only the last used ones are kept."""
        if layers in self._compiled:
            self._compiled[layers] = self._compiled.pop(layers)
        else:
            while len(self._compiled) >= MOST_COMPILED:
                del self._compiled[next(iter(self._compiled))]
            with _translate_errors():
                self._compiled[layers] = self._build(layers)
        return self._compiled[layers]

    def _build(self, layers: tuple[int, ...]) -> Any:
        # A graph is built for each choice of layers and not kept, since it would hold the weights a second time.
        graph = self._built.pop(layers, None) or build_graph(import_openvino(), self._checkpoint, self._encoder, layers)
        self._built.clear()
        compiled = _compile(graph.model, self._precision, self._settings)
        compiled(_build_trial(self._encoder))  # the first run copies the weights into OpenVINO's own layout
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


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Translate errors of OpenVINO while a graph is built and compiled."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if _lacks_memory(error):
            got = f"the compiled model does not fit into memory ({_last_line(error)})"
            raise ModelError(got, "memory for its weights", "Free memory, or choose a smaller model") from error
        got = f"OpenVINO cannot compile the model on this processor ({_last_line(error)})"
        raise CompilationError(got, "a processor and a model that it supports", TORCH) from error


def find_obstacle(checkpoint: Checkpoint, device: str, precision: Precision, threads: int | None) -> Obstacle | None:
    """Return the first reason why OpenVINO cannot run a model on this machine; None if it can.

    Args:
        checkpoint: The model.
        device: The device.
        precision: The number format.
        threads: Threads of a forward pass, as for `OpenVinoBackend`.
    """
    return (
        find_model_obstacle(checkpoint, device)
        or _find_package_obstacle()
        or _find_precision_obstacle(precision, threads)
    )


def find_model_obstacle(checkpoint: Checkpoint, device: str) -> Obstacle | None:
    """Return the first obstacle that can be found without OpenVINO; None if there is none. See `find_obstacle`."""
    return find_device_obstacle(device) or _find_fork_obstacle() or _find_kind_obstacle(checkpoint)


def _check_forked() -> None:
    obstacle = _find_fork_obstacle()
    if obstacle is not None:
        raise obstacle.error


def _find_fork_obstacle() -> Obstacle | None:
    """Refuse to compute after a fork if it could wait for a lock that a thread of the parent held."""
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


def find_device_obstacle(device: str) -> Obstacle | None:
    """Return the reason why OpenVINO cannot run models on a device; None if it can."""
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
            _try_product(precision, threads)
    except OptionError as error:
        return Obstacle(f"OpenVINO does not compute in {precision.value} on this processor", error)
    return None


def _find_kind_obstacle(checkpoint: Checkpoint) -> Obstacle | None:
    find_architecture(checkpoint)
    model_type = str(checkpoint.config["model_type"])
    if model_type not in KINDS:
        got = f'a model of the kind {model_type!r} with backend="openvino"'
        error = OptionError(got, ", ".join(KINDS), 'Pass backend="torch", and save a saved pipeline again with it')
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
    """Compile a model for a precision, and check it: OpenVINO ignores one that the processor does not support."""
    if settings.get(THREADS) != 1:
        start_threads("openvino")
    compiled = import_openvino().Core().compile_model(model, "CPU", settings)
    actual = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
    if actual != HINTS[precision]:
        raise _precision_error(precision, f"OpenVINO would compute in {NAMES.get(actual, actual)} on this processor")
    return compiled


@cache
def _try_product(precision: Precision, threads: int | None) -> None:
    """Multiply two matrices, so that an unsupported precision is refused before any text is read.

    A product that succeeds is not repeated, since the processor does not change.
    """
    openvino = import_openvino()
    from openvino import opset13 as opset

    rows = opset.parameter([-1, PROBE], np.float32)
    product = opset.matmul(rows, opset.constant(np.ones((PROBE, PROBE), np.float32)), False, False)
    try:
        compiled = _compile(openvino.Model([product], [rows]), precision, _build_settings(precision, threads))
        compiled(np.ones((2, PROBE), np.float32))
    except RuntimeError as error:  # OpenVINO and its oneDNN may detect different features if some are masked
        raise _precision_error(precision, "OpenVINO has no matrix product in it on this processor") from error


def _precision_error(precision: Precision, reason: str) -> OptionError:
    got = f'precision={precision.value!r} with backend="openvino": {reason}'
    either = 'precision="fp32", or backend="torch", which emulates bf16 slowly on any processor'
    remedy = f"Pass {either}, and save a saved pipeline again with it"
    return OptionError(got, "a precision that the processor supports", remedy)
