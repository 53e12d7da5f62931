"""The backend of PyTorch: transformers builds the architecture, and the checkpoint's arrays become its weights."""

from __future__ import annotations

import os
import sys
from collections import ChainMap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite._util.cores import find_core_limit
from nlu_lite._util.mapping import release_pages
from nlu_lite._util.processes import WORKERS, computing
from nlu_lite.encoding.architectures import ARCHITECTURES, SETTINGS, WORDS, find_architecture
from nlu_lite.encoding.backends import CPU_BUDGET, ComputedStates, HiddenStates
from nlu_lite.encoding.backends.checks import check_names, check_shape, configuration_error, first_line
from nlu_lite.encoding.backends.fused import FusedEncoder
from nlu_lite.encoding.backends.kinds import KINDS, describe_encoder
from nlu_lite.encoding.backends.memory import PinnedStates, translate_memory_errors, upload
from nlu_lite.encoding.backends.threads import ThreadLimit
from nlu_lite.errors import ModelError, OptionError
from nlu_lite.options import Precision
from nlu_lite.records import Batch, Checkpoint, Floats

if TYPE_CHECKING:
    import torch

LARGEST_BUDGET = 1 << 14
"""Maximum number of pieces in a batch on a GPU: enough to keep it busy, few enough to pool during the next batch."""
COPIED = 1 << 13
"""Number of rows of a matrix that are copied to a device or another precision at once."""


class TorchBackend:
    """A transformers model on a device of PyTorch.

    Args:
        checkpoint: Configuration and weights. On the CPU in fp32 the arrays are used without a copy.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.
        precision: The type of numbers to compute with.
        threads: Threads of a forward pass on the CPU; None for PyTorch's own number, or the cores that the process is
            limited to if these are fewer; and for one in a process that was forked after PyTorch was imported.

    Raises:
        OptionError: The device does not exist, or does not support the precision.
        ModelError: Weights are missing, or their shapes contradict the configuration.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: str = "cpu",
        precision: Precision = Precision.FP32,
        threads: int | None = None,
    ) -> None:
        self._limited = partial(_THREADS.hold, threads, find_core_limit())
        with computing(), self._limited():
            self._open(checkpoint, device, precision)
        self._process = os.getpid()

    def _open(self, checkpoint: Checkpoint, device: str, precision: Precision) -> None:
        self._device = _find_device(device)
        self._dtype = _find_dtype(self._device, precision)
        # On the CPU the model uses the checkpoint's word embeddings in place. A second access might return a copy.
        self._words = checkpoint.tensors.get(WORDS) if self._device.type == "cpu" else None
        if self._words is not None:
            tensors = ChainMap({WORDS: self._words}, checkpoint.tensors)  # type: ignore[arg-type]  # it is only read
            checkpoint = replace(checkpoint, tensors=tensors)
        self.model = build_model(checkpoint, self._device, self._dtype)
        self._fused = fuse(self.model, checkpoint) if self._device.type == "cuda" else None
        self._precision = precision
        self.dimension: int = self.model.config.hidden_size
        self.layers: int = self.model.config.num_hidden_layers
        self.positions = count_positions(self.model.config)

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if is_finalizing():  # no other thread is left, and this module's names are gone
            return
        with computing():  # deleting a tensor is native code, too
            self.__dict__.clear()

    @property
    def name(self) -> str:
        """See `Backend.name`."""
        import torch

        return f"torch {torch.__version__}, {self._device}, {self._precision.value}"

    @property
    def budget(self) -> int:
        """Return the budget (see `Backend.budget`): on a GPU the pieces that fit into half of its free memory."""
        import torch

        if self._device.type != "cuda":
            return CPU_BUDGET
        free, _ = torch.cuda.mem_get_info(self._device)
        # Memory that PyTorch has cached is free for it, although not for the driver.
        free += torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(self._device)
        inner = getattr(self.model.config, "intermediate_size", 4 * self.dimension)
        piece = (16 * self.dimension + 4 * inner) * self._dtype.itemsize
        return min(max(CPU_BUDGET, free // 2 // piece), LARGEST_BUDGET)

    @property
    def is_asynchronous(self) -> bool:
        """Whether the device is a GPU of CUDA (see `Backend.is_asynchronous`)."""
        return self._device.type == "cuda"

    def submit(self, batch: Batch, layers: tuple[int, ...]) -> HiddenStates:
        """Run the model (see `Backend.submit`)."""
        if self._device.type != "cpu" and self._process != os.getpid():
            got = f"the model is on the device {str(self._device)!r} of the process that this one was forked from"
            raise OptionError(got, 'device="cpu" before a fork', WORKERS)
        with computing(), translate_memory_errors():
            hidden = self._compute(batch, layers)
        if self._words is not None:
            release_pages(self._words)  # a text needs few rows; otherwise the whole matrix would soon be in memory
        return hidden

    def prepare(self, layers: tuple[int, ...]) -> None:
        """See `Backend.prepare`. PyTorch runs every layer without preparation."""

    def _compute(self, batch: Batch, layers: tuple[int, ...]) -> HiddenStates:
        """Compute the rows. On a CPU no tensor outlives this call, since deleting a tensor runs native code, too."""
        import torch

        with torch.inference_mode(), self._limited():
            states = self._run(batch, layers)
            if self._device.type == "cuda":
                return PinnedStates(states)
            hidden = np.empty((len(layers), len(batch.rows), self.dimension), np.float32)
            for place, rows in enumerate(states):
                torch.from_numpy(hidden[place]).copy_(rows)
        return ComputedStates(hidden)

    def _run(self, batch: Batch, layers: tuple[int, ...]) -> list[torch.Tensor]:
        """Run the model, and gather the rows on the device: [rows, d] of each layer."""
        import torch

        # On the CPU this matches the types of the weights in `build_model`; elsewhere it ends the caller's autocast.
        wanted = self._device.type == "cpu" and self._dtype != torch.float32
        mixed = torch.autocast(self._device.type, self._dtype, enabled=wanted)
        with mixed, _EXACT.hold():
            if self._fused is not None:
                return self._fused.run(batch, layers)
            output = self.model(
                input_ids=upload(batch.ids, self._device),
                attention_mask=self._build_mask(batch),
                output_hidden_states=layers != (self.layers,),
            )
        rows = upload(batch.rows, self._device)
        chosen = [output.last_hidden_state if n == self.layers else output.hidden_states[n] for n in layers]
        return [state.flatten(0, 1).index_select(0, rows) for state in chosen]

    def _build_mask(self, batch: Batch) -> torch.Tensor | None:
        """Return the attention mask. Without padding none is needed, and attention without a mask is faster."""
        return None if batch.mask.all() else upload(batch.mask, self._device)


class _ExactProducts:
    """Makes PyTorch multiply fp32 matrices in fp32.

    `torch.set_float32_matmul_precision` and similar settings allow TF32 or bf16 in the whole process, which would
    contradict `precision`. The first thread that needs exact products overrides the settings, the last one restores
    them.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._restore: list[Callable[[], None]] = []

    @contextmanager
    def hold(self) -> Iterator[None]:
        with self._lock:
            if self._inside == 0:
                self._restore = _set_exact()
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    for restore in self._restore:
                        restore()


_EXACT = _ExactProducts()
_THREADS = ThreadLimit()


def _set_exact() -> list[Callable[[], None]]:
    """Turn on exact products, and return the functions that undo it."""
    import torch

    if not hasattr(torch.backends.mkldnn, "matmul"):  # before PyTorch 2.9
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")
        return [partial(torch.set_float32_matmul_precision, before)]
    undo: list[Callable[[], None]] = []
    for products in (torch.backends.mkldnn.matmul, torch.backends.cuda.matmul):
        if products.fp32_precision not in ("none", "ieee"):
            undo.append(partial(setattr, products, "fp32_precision", products.fp32_precision))
            products.fp32_precision = "ieee"
    return undo


def _find_device(name: str) -> torch.device:
    import torch

    here = ["cpu"]
    here += ["cuda", *(f"cuda:{n}" for n in range(torch.cuda.device_count()))] if torch.cuda.is_available() else []
    here += ["mps"] if torch.backends.mps.is_available() else []
    if name not in here:
        raise OptionError(f"device {name!r} is not here", ", ".join(here), 'Pass one of these, such as device="cpu"')
    return torch.device(name)


def check_precision(device: str, precision: Precision) -> None:
    """Refuse a precision that a kind of device does not support.

    Raises:
        OptionError: It is fp16 on the CPU.
    """
    if precision is Precision.FP16 and device == "cpu":
        raise OptionError('precision="fp16" on the CPU', "fp32 or bf16", 'Pass precision="bf16", or a GPU as device')


def _find_dtype(device: torch.device, precision: Precision) -> torch.dtype:
    import torch

    check_precision(device.type, precision)
    return {Precision.FP32: torch.float32, Precision.BF16: torch.bfloat16, Precision.FP16: torch.float16}[precision]


def count_positions(config: Any) -> int:
    """Return the maximum length of a window for a configuration of transformers."""
    reserved = ARCHITECTURES[config.model_type].reserved_positions
    if reserved is None and not isinstance(config.pad_token_id, int):
        got = f"the configuration has pad_token_id={config.pad_token_id!r}"
        raise ModelError(got, "a number, from which positions are counted", "Fetch it again")
    positions: int = config.max_position_embeddings - (config.pad_token_id + 1 if reserved is None else reserved)
    return positions


def build_model(checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype) -> Any:
    """Build transformers' model with the checkpoint's arrays as its weights. It is typed as Any for mypy.

    On the CPU only matrix products have a lower precision than fp32. Sums and normalization between them stay in fp32,
    which costs little and keeps the vectors closer to those in fp32. `TorchBackend.submit` relies on that.
    """
    import torch

    model = _empty_model(checkpoint)
    wanted = model.state_dict()
    check_names(wanted, checkpoint.tensors)
    exact = set(wanted) - _find_product_weights(model) if device.type == "cpu" else set()
    dtypes = {name: torch.float32 if name in exact else dtype for name in wanted}
    weights = {
        name: _place(check_shape(name, checkpoint.tensors[name], tuple(like.shape)), device, dtypes[name])
        for name, like in wanted.items()
    }
    model.load_state_dict(weights, assign=True)
    _fill_buffers(model, device)
    return model.eval()


def fuse(model: Any, checkpoint: Checkpoint) -> FusedEncoder | None:
    """Return an encoder with a model's weights that launches fewer operations; None if its kind is not described."""
    if checkpoint.config["model_type"] not in KINDS:
        return None
    return FusedEncoder(model.state_dict(keep_vars=True), describe_encoder(checkpoint))


def _find_product_weights(model: Any) -> set[str]:
    """Return the names of the weights of matrix products."""
    import torch

    linear = [(name, module) for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)]
    return {f"{name}.{weight}" for name, module in linear for weight, _ in module.named_parameters()}


def _empty_model(checkpoint: Checkpoint) -> Any:
    import torch
    from transformers import AutoConfig, AutoModel

    build: Any = AutoModel
    model_type, architecture = str(checkpoint.config["model_type"]), find_architecture(checkpoint)
    settings = {name: checkpoint.config[name] for name in SETTINGS if name in checkpoint.config}
    try:
        config = AutoConfig.for_model(model_type, **settings, dtype="float32")
        with torch.device("meta"):
            return build.from_config(config, **architecture.options())
    except Exception as error:  # transformers raises any class for unexpected values
        raise configuration_error(model_type, first_line(error)) from error


def _place(array: Floats, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """Return an array as a tensor, in place if possible, or else as a copy whose source pages are released."""
    import torch

    tensor = torch.from_numpy(array)
    if (device.type, dtype) == ("cpu", tensor.dtype):
        return tensor
    placed = torch.empty(tensor.shape, device=device, dtype=dtype)
    for begin in range(0, len(tensor), COPIED):
        placed[begin : begin + COPIED] = tensor[begin : begin + COPIED]
        release_pages(array)
    return placed


def _fill_buffers(model: Any, device: torch.device) -> None:
    """Fill the buffers that are not in files, position numbers and token types, with computed values."""
    import torch

    for name, buffer in model.named_buffers():
        if not buffer.is_meta:
            continue
        module = model.get_submodule(name.rpartition(".")[0])
        if not name.endswith(("position_ids", "token_type_ids")):
            got = f"this version of transformers has an unknown buffer {name!r} in the architecture"
            raise ModelError(got, "position_ids and token_type_ids alone", "Install transformers 5.23")
        values = torch.arange(buffer.shape[-1]) if name.endswith("position_ids") else torch.zeros(buffer.shape[-1])
        filled = values.long().to(device).expand(buffer.shape)
        module.register_buffer(name.rpartition(".")[2], filled, persistent=False)
