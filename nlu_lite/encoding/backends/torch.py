"""PyTorch: transformers builds the architecture from the configuration, the checkpoint's arrays become its weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nlu_lite.errors import ModelError, OptionError
from nlu_lite.records import Checkpoint, Floats

if TYPE_CHECKING:
    import torch

# RoBERTa numbers positions from the padding id plus one, so this many rows of its position matrix are never used.
RESERVED_POSITIONS = 2

SETTINGS = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "hidden_act",
    "max_position_embeddings",
    "type_vocab_size",
    "layer_norm_eps",
    "pad_token_id",
)
"""All of a configuration that the forward pass depends on; nothing else of a file's is handed on."""


class TorchBackend:
    """A transformers model in fp32 on a device of PyTorch.

    Args:
        checkpoint: Configuration and weights; arrays are taken over without a copy on the CPU.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.
        threads: Threads of a forward pass on the CPU; None leaves PyTorch's own number.

    Raises:
        OptionError: There is no such device.
        ModelError: Weights are missing, or have other shapes than the configuration says.
    """

    def __init__(self, checkpoint: Checkpoint, device: str = "cpu", threads: int | None = None) -> None:
        self._device = _device(device)
        self._threads = threads
        self._model = _model(checkpoint).to(self._device)
        self.dimension: int = self._model.config.hidden_size
        self.positions: int = self._model.config.max_position_embeddings - RESERVED_POSITIONS

    def encode(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Floats:
        """Run the model (see `Backend.encode`)."""
        import torch

        with torch.inference_mode(), _threads(self._threads):
            # Without padding no mask is needed, and attention without one is faster.
            attended = None if mask.all() else torch.from_numpy(mask).to(self._device)
            output = self._model(input_ids=torch.from_numpy(ids).to(self._device), attention_mask=attended)
            hidden: Floats = output.last_hidden_state.float().cpu().numpy()
        return hidden


@contextmanager
def _threads(number: int | None) -> Iterator[None]:
    """Set PyTorch's threads, which are process-wide, around a call."""
    import torch

    before = torch.get_num_threads()
    if number is None or number == before:
        yield
        return
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _device(name: str) -> torch.device:
    import torch

    here = ["cpu"]
    here += ["cuda", *(f"cuda:{n}" for n in range(torch.cuda.device_count()))] if torch.cuda.is_available() else []
    here += ["mps"] if torch.backends.mps.is_available() else []
    if name not in here:
        raise OptionError(f"device {name!r} is not here", ", ".join(here), 'Pass one of these, such as device="cpu"')
    return torch.device(name)


def _model(checkpoint: Checkpoint) -> Any:  # transformers' own types do not hold under mypy
    import torch
    from transformers import AutoConfig, AutoModel

    build: Any = AutoModel
    settings = {name: checkpoint.config[name] for name in SETTINGS if name in checkpoint.config}
    try:
        config = AutoConfig.for_model(str(checkpoint.config["model_type"]), **settings, dtype="float32")
        with torch.device("meta"):
            model = build.from_config(config, add_pooling_layer=False, attn_implementation="sdpa")
    except Exception as error:  # whatever transformers makes of values that it does not expect
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"the configuration describes no model ({reason})", "that of an XLM-RoBERTa model", "Fetch it again"
        ) from error
    wanted = model.state_dict()
    _check_names(set(wanted) - set(checkpoint.tensors))
    _check_layers(set(checkpoint.tensors) - set(wanted))
    weights = {name: _tensor(name, checkpoint.tensors[name], tuple(like.shape)) for name, like in wanted.items()}
    model.load_state_dict(weights, assign=True)
    _fill_buffers(model)
    return model.eval()


def _check_names(missing: set[str]) -> None:
    if missing:
        raise ModelError(
            f"{len(missing)} tensors are missing, the first is {min(missing)!r}",
            "every tensor of the architecture that the configuration names",
            "The files are incomplete or belong to another architecture: fetch them again",
        )


def _check_layers(unused: set[str]) -> None:
    """Heads and poolers may be left over, layers not: without them the vectors would be others."""
    layers = {name for name in unused if name.startswith("encoder.layer.")}
    if layers:
        raise ModelError(
            f"the weights have {min(layers)!r}, of which the configuration says nothing",
            "as many layers in both",
            "Configuration and weights belong to different models: fetch them again",
        )


def _tensor(name: str, array: Floats, shape: tuple[int, ...]) -> torch.Tensor:
    import torch

    if array.shape != shape:
        raise ModelError(
            f"tensor {name!r} has shape {array.shape}",
            f"{shape}, as the configuration says",
            "Configuration and weights belong to different models: fetch them again",
        )
    return torch.from_numpy(array)


def _fill_buffers(model: Any) -> None:
    """Give the buffers that no file holds (position numbers, token types) the values that the code computes."""
    import torch

    for name, buffer in model.named_buffers():
        if not buffer.is_meta:
            continue
        module = model.get_submodule(name.rpartition(".")[0])
        values = torch.arange(buffer.shape[-1]) if name.endswith("position_ids") else torch.zeros(buffer.shape[-1])
        module.register_buffer(name.rpartition(".")[2], values.long().expand(buffer.shape), persistent=False)
