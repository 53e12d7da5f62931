"""OpenVINO: the torch model, converted once and kept; faster on Intel and AMD processors."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging import ERROR
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu_lite.encoding.backends import OutOfMemory, Precision
from nlu_lite.encoding.backends.torch import CPU_BUDGET, build_model, positions_of
from nlu_lite.errors import MissingExtra, OptionError
from nlu_lite.records import Checkpoint, Floats

Keep = Callable[[str, Callable[[Path], None]], Path]
"""Takes a key and what fills a folder; gives the folder, filled by this call or an earlier one."""

FILE = "openvino_model.xml"
TELEMETRY = "openvino_telemetry"
HINTS = {Precision.FP32: "f32", Precision.BF16: "bf16"}


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
        OptionError: The device or precision is not one that is supported.
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
        model = build_model(checkpoint)  # cheap: the weights are mapped, and read only for a conversion
        self.dimension: int = model.config.hidden_size
        self.layers: int = model.config.num_hidden_layers
        self.positions = positions_of(checkpoint, model)
        self.budget = CPU_BUDGET
        self.name = f"openvino {openvino.__version__.split('-')[0]}, cpu, {precision.value}"
        folder = keep(f"openvino-{openvino.__version__.split('-')[0]}", lambda into: _convert(model, into))
        self._file = folder / FILE
        self._settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": HINTS[precision], "PERFORMANCE_HINT": "LATENCY"}
        self._settings |= {} if threads is None else {"INFERENCE_NUM_THREADS": threads}
        self._compiled: dict[tuple[int, ...], Any] = {}
        self._lock = Lock()  # a compiled model has one place for its results

    def encode(self, ids: NDArray[np.int64], mask: NDArray[np.int64], layers: tuple[int, ...]) -> Floats:
        """Run the model (see `Backend.encode`)."""
        try:
            with self._lock:
                results = self._model(layers)([ids, mask])
                hidden: Floats = np.stack([results[place] for place in range(len(layers))])
        except (RuntimeError, MemoryError) as error:
            if not isinstance(error, MemoryError) and "alloc" not in str(error):
                raise
            raise OutOfMemory(str(error).splitlines()[-1] if str(error) else "no memory is left") from error
        return hidden

    def _model(self, layers: tuple[int, ...]) -> Any:
        """Compile the model up to the layers that are asked for; others are not computed."""
        if layers not in self._compiled:
            openvino = _openvino()
            whole = openvino.Core().read_model(self._file)
            outputs = [whole.outputs[layer].get_node().input_value(0) for layer in layers]
            part = openvino.Model(outputs, whole.get_parameters())
            self._compiled[layers] = openvino.Core().compile_model(part, "CPU", self._settings)
        return self._compiled[layers]


def _openvino() -> Any:
    try:
        with _unreported():
            import openvino
    except ImportError as error:
        raise MissingExtra(
            'backend="openvino" needs openvino', remedy='Run: pip install "nlu-lite[openvino]"'
        ) from error
    return openvino


@contextmanager
def _unreported() -> Iterator[None]:
    """Hide openvino_telemetry, by which OpenVINO would report to Intel that it was imported; it has a stub instead."""
    before = sys.modules.get(TELEMETRY)
    sys.modules[TELEMETRY] = None  # type: ignore[assignment]  # import takes None for a module that is not there
    try:
        yield
    finally:
        if before is None:
            del sys.modules[TELEMETRY]
        else:
            sys.modules[TELEMETRY] = before


def _convert(model: Any, folder: Path) -> None:
    """Trace the torch model, all hidden states as its outputs, and save it.

    OpenVINO's front end is called by itself: `openvino.convert_model` would report its use to Intel.
    """
    openvino = _openvino()
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
            output = self.model(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
            states: tuple[torch.Tensor, ...] = tuple(output.hidden_states)
            return states

    ids = torch.ones((2, 8), dtype=torch.long)
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    with torch.inference_mode(), warnings.catch_warnings(), _quiet_transformers():
        # Tracing warns of constants that might be shapes; here they are not.
        warnings.simplefilter("ignore")
        decoder = TorchScriptPythonDecoder(States(), example_input={"input_ids": ids, "attention_mask": mask})
    front_end = FrontEndManager().load_by_framework("pytorch")
    converted = front_end.convert(front_end.load(decoder))
    openvino.save_model(converted, folder / FILE, compress_to_fp16=False)


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
