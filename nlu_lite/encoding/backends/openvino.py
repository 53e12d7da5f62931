"""OpenVINO: the torch model, converted once and kept; faster on Intel and AMD processors.

The matrix of word embeddings stays where the checkpoint has it, mapped where the file allows: OpenVINO would read all
of it into memory, of which a text needs a few rows. The converted model begins behind it.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from errno import ENOENT
from logging import ERROR
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu_lite._util.mapping import let_go
from nlu_lite.encoding.architectures import WORDS
from nlu_lite.encoding.backends import OutOfMemory, Precision
from nlu_lite.encoding.backends.torch import CPU_BUDGET, build_model, positions_of
from nlu_lite.errors import MissingExtra, ModelError, OptionError
from nlu_lite.records import Checkpoint, Floats

Keep = Callable[[str, Callable[[Path], None]], Path]
"""Takes a key and what fills a folder; gives the folder, filled by this call or an earlier one."""

FILE = "openvino_model.xml"
RECIPE = 2
"""Part of the key: grows with every change of what a conversion writes."""
POSITIONS = ("nlu_lite", "positions")
"""Where a converted model says how long a window it takes."""
GATHERED = 128
"""Rows of the word embeddings that are taken before their pages are let go."""
TELEMETRY = "openvino_telemetry"
HINTS = {Precision.FP32: "f32", Precision.BF16: "bf16"}
NAMES = {"f32": "fp32", "f16": "fp16"}
"""OpenVINO's names of precisions where they differ from ours."""
PROBE = 64
"""Rows and columns of the matrix that shows whether this processor computes in a precision."""
_IMPORTING = Lock()
"""One thread at a time hides what the first import must not see."""


class OpenVinoBackend:
    """A transformers model in OpenVINO on the CPU.

    Args:
        checkpoint: Configuration and weights.
        keep: Where the converted model is kept.
        device: ``"cpu"``.
        precision: FP32 or BF16.
        threads: Threads of a forward pass; None leaves OpenVINO's own number.

    Raises:
        MissingExtra: OpenVINO is not installed.
        OptionError: The device or precision is not supported, or this processor does not compute in that precision.
        ModelError: The parts of the checkpoint do not fit one another.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        keep: Keep,
        device: str = "cpu",
        precision: Precision = Precision.FP32,
        threads: int | None = None,
    ) -> None:
        openvino = _openvino()
        if device != "cpu":
            got = f'device={device!r} with backend="openvino"'
            raise OptionError(got, "cpu", 'Pass device="cpu", or backend="torch"')
        if precision not in HINTS:
            got = f'precision={precision.value!r} with backend="openvino"'
            raise OptionError(got, "fp32 or bf16", 'Pass one of these, or backend="torch" with a GPU as device')
        self._settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": HINTS[precision], "PERFORMANCE_HINT": "LATENCY"}
        self._settings |= {} if threads is None else {"INFERENCE_NUM_THREADS": threads}
        if precision is not Precision.FP32:
            _try_product(precision, self._settings)
        version = openvino.__version__.split("-")[0]
        self._file = keep(f"openvino-{version}-{RECIPE}", lambda into: _convert(checkpoint, into)) / FILE
        whole = self._whole()
        self.dimension: int = whole.outputs[0].get_partial_shape()[2].get_length()
        self.layers = len(whole.outputs) - 1
        self.positions = int(whole.get_rt_info(list(POSITIONS)).value)
        self.budget = CPU_BUDGET
        self.name = f"openvino {version}, cpu, {precision.value}"
        self._words = checkpoint.tensors[WORDS]
        self._precision = precision
        self._compiled: dict[tuple[int, ...], Any] = {}
        self._lock = Lock()  # a compiled model has one place for its results

    def encode(self, ids: NDArray[np.int64], mask: NDArray[np.int64], layers: tuple[int, ...]) -> Floats:
        """Run the model (see `Backend.encode`)."""
        try:
            with self._lock:
                model = self._model(layers)
                given = {"rows": self._rows(ids), "ids": ids, "mask": mask}
                results = model({place.any_name: given[place.any_name] for place in model.inputs})
                hidden: Floats = np.stack([results[place] for place in range(len(layers))])
        except (RuntimeError, MemoryError) as error:
            if not isinstance(error, MemoryError) and "alloc" not in str(error):
                raise
            raise OutOfMemory(str(error).splitlines()[-1] if str(error) else "no memory is left") from error
        return hidden

    def _rows(self, ids: NDArray[np.int64]) -> Floats:
        """Take rows of the word embeddings; the system maps far more than a row at a time, soon the whole matrix."""
        flat = ids.ravel()
        rows: Floats = np.empty((len(flat), self._words.shape[1]), self._words.dtype)
        for begin in range(0, len(flat), GATHERED):
            rows[begin : begin + GATHERED] = self._words[flat[begin : begin + GATHERED]]
            let_go(self._words)
        return rows.reshape(*ids.shape, -1)

    def _model(self, layers: tuple[int, ...]) -> Any:
        """Compile the model up to the layers that are asked for; others are not computed."""
        if layers not in self._compiled:
            openvino, whole = _openvino(), self._whole()
            outputs = [whole.outputs[layer].get_node().input_value(0) for layer in layers]
            part = openvino.Model(outputs, whole.get_parameters())
            self._compiled[layers] = _compile(part, self._precision, self._settings)
        return self._compiled[layers]

    def _whole(self) -> Any:
        try:
            return _openvino().Core().read_model(self._file)
        except RuntimeError as error:
            missing = None if self._file.exists() else FileNotFoundError(ENOENT, "it was removed", str(self._file))
            raise ModelError(
                f"{self._file} cannot be read ({str(error).splitlines()[0]})",
                "the model as OpenVINO converted it",
                f"Remove {self._file.parent}: it is made again",
            ) from (missing or error)


def _compile(model: Any, precision: Precision, settings: dict[str, Any]) -> Any:
    """Compile a model to compute in a precision; OpenVINO accepts one that the processor lacks, and ignores it."""
    compiled = _openvino().Core().compile_model(model, "CPU", settings)
    actual = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
    if actual != HINTS[precision]:
        raise _refused(precision, f"OpenVINO would compute in {NAMES.get(actual, actual)} on this processor")
    return compiled


def _try_product(precision: Precision, settings: dict[str, Any]) -> None:
    """Multiply two matrices, so that a precision that the processor lacks is refused before any text is read."""
    openvino = _openvino()
    from openvino import opset13 as opset

    rows = opset.parameter([-1, PROBE], np.float32)
    product = opset.matmul(rows, opset.constant(np.ones((PROBE, PROBE), np.float32)), False, False)
    compiled = _compile(openvino.Model([product], [rows]), precision, settings)
    try:
        compiled(np.ones((2, PROBE), np.float32))
    except RuntimeError as error:  # OpenVINO and its oneDNN may find different features where some are masked
        raise _refused(precision, "OpenVINO has no matrix product in it on this processor") from error


def _refused(precision: Precision, reason: str) -> OptionError:
    got = f'precision={precision.value!r} with backend="openvino": {reason}'
    either = 'precision="fp32", or backend="torch", which emulates bf16 slowly on any processor'
    remedy = f"Pass {either}; save a saved pipeline anew with one of them"
    return OptionError(got, "a precision that the processor supports", remedy)


def _openvino() -> Any:
    try:
        with _IMPORTING, _unreported():
            import openvino
    except ImportError as error:
        raise MissingExtra(
            'backend="openvino" needs openvino', remedy='Run: pip install "nlu-lite[openvino]"'
        ) from error
    return openvino


@contextmanager
def _unreported() -> Iterator[None]:
    """Hide openvino_telemetry, by which OpenVINO would report to Intel that it was imported; it has a stub instead."""
    if "openvino" in sys.modules:
        yield
        return
    before = sys.modules.get(TELEMETRY)
    sys.modules[TELEMETRY] = None  # type: ignore[assignment]  # import takes None for a module that is not there
    try:
        yield
    finally:
        del sys.modules[TELEMETRY]
        if before is not None:
            sys.modules[TELEMETRY] = before


def _convert(checkpoint: Checkpoint, folder: Path) -> None:
    """Trace the torch model, all hidden states as its outputs, and save it.

    OpenVINO's front end is called by itself: `openvino.convert_model` would report its use to Intel.
    """
    openvino = _openvino()
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    tensors = dict(checkpoint.tensors)
    model = build_model(replace(checkpoint, tensors=tensors), torch.device("cpu"), torch.float32)
    ids = torch.ones((2, 8), dtype=torch.long)
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    rows = torch.zeros((2, 8, tensors[WORDS].shape[1]), dtype=torch.float32)
    example = {"rows": rows, "ids": ids, "mask": mask}
    # The tracer would keep the casts of an autocast that the caller may be in.
    exact = torch.autocast("cpu", enabled=False)
    with torch.inference_mode(), exact, warnings.catch_warnings(), _quiet_transformers():
        # Tracing warns of constants that might be shapes; here they are not.
        warnings.simplefilter("ignore")
        decoder = TorchScriptPythonDecoder(_traceable(model), example_input=example)
    front_end = FrontEndManager().load_by_framework("pytorch")
    converted = front_end.convert(front_end.load(decoder))
    converted.set_rt_info(positions_of(model.config), list(POSITIONS))
    openvino.save_model(converted, folder / FILE, compress_to_fp16=False)
    for tensor in tensors.values():
        let_go(tensor)


def _traceable(model: Any) -> Any:
    """Give a module that takes the rows of the word embeddings beside the ids, and gives all hidden states.

    transformers' own ``inputs_embeds`` would not do: without ids, RoBERTa and its kin number positions in another way.
    """
    import torch

    class Given(torch.nn.Module):
        rows: torch.Tensor

        def forward(self, _: torch.Tensor) -> torch.Tensor:
            return self.rows

    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.given = Given()
            self.model = model
            model.embeddings.word_embeddings = self.given

        def forward(self, rows: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
            self.given.rows = rows
            output = self.model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
            states: tuple[torch.Tensor, ...] = tuple(output.hidden_states)
            return states

    return States()


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Keep transformers from speaking of losses: the tracer looks at every attribute of a model."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity(ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)
