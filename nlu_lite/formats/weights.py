"""Read the weights of a folder in transformers' layout, from one file or from shards."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from nlu_lite.errors import FormatError
from nlu_lite.formats.json_files import REMEDY, read_json
from nlu_lite.formats.paths import is_file, name_files
from nlu_lite.formats.placeholders import check_content
from nlu_lite.formats.tensors import map_safetensors
from nlu_lite.records import Floats

if TYPE_CHECKING:
    import torch

LONGEST_NAME = 255
"""Maximum length of a file name in an error message, in characters."""

Loaders: TypeAlias = dict[str, Callable[[], Floats]]
"""The function that loads each tensor, by name."""


def read_weights(folder: Path) -> Loaders:
    """Read the weights of a folder: ``model.safetensors`` (or its shards), else ``pytorch_model.bin``.

    Returns:
        By name, a function for each tensor of floating-point numbers, which returns it as float32.

    Raises:
        FormatError: The folder has no weights, or they are damaged.
    """
    readers = {"model.safetensors": map_safetensors, "pytorch_model.bin": _load_bin}
    for name, read in readers.items():
        if is_file(folder / name):
            return _read_weights(folder / name, read)
        index = folder / f"{name}.index.json"
        if is_file(index):
            return {name: make for part in _find_shards(index) for name, make in _read_weights(part, read).items()}
    raise FormatError(
        f"{folder} holds {name_files(folder)}", "weights in model.safetensors or pytorch_model.bin", REMEDY
    )


def _read_weights(path: Path, read: Callable[[Path], Loaders]) -> Loaders:
    check_content(path, "weights")
    return read(path)


def _find_shards(index: Path) -> list[Path]:
    names = read_json(index, dict).get("weight_map")
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise FormatError(f"{index} has no weight_map", "the name of each tensor's file", REMEDY)
    shards = [index.parent / name for name in sorted(set(names.values()))]
    for shard in shards:
        if shard.parent != index.parent or not is_file(shard):
            raise FormatError(
                f"{index} names {shard.name[:LONGEST_NAME]!r}, which is not in the folder",
                "all shards of the index",
                REMEDY,
            )
    return shards


def _load_bin(path: Path) -> Loaders:
    """Load a PyTorch file as data: `weights_only` raises an error for anything but tensors."""
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=_is_zip(path))
    except Exception as error:  # PyTorch documents none; damaged bytes raise TypeError, AssertionError, IndexError...
        # PyTorch's own message is left out: it suggests allowing the file to run code.
        reason = type(error).__name__
        raise FormatError(f"{path} cannot be read as weights ({reason})", "a state dict of tensors", REMEDY) from error
    if not isinstance(state, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in state.values()):
        raise FormatError(f"{path} holds no state dict", "a state dict of tensors", REMEDY)
    floats = {str(name): tensor for name, tensor in state.items() if tensor.is_floating_point()}
    for name, tensor in floats.items():
        _check_stored(path, name, tensor)
    return {name: partial(_to_float32, tensor) for name, tensor in floats.items()}


def _check_stored(path: Path, name: str, tensor: torch.Tensor) -> None:
    """Raise an error for a tensor with more values than the file, by strides of 0: its copy could fill the memory."""
    import torch

    if tensor.layout is not torch.strided or tensor.is_meta:
        raise FormatError(f"{path} holds {name!r} as {tensor.layout} on {tensor.device}", "plain weights", REMEDY)
    stored = tensor.untyped_storage().nbytes() // tensor.element_size()
    if tensor.numel() > stored:
        raise FormatError(f"{path} holds {name!r} of shape {tuple(tensor.shape)}", f"at most {stored} values", REMEDY)


def _to_float32(tensor: torch.Tensor) -> Floats:
    array: Floats = tensor.detach().float().contiguous().numpy()
    return array


def _is_zip(path: Path) -> bool:
    """Return whether the file is a zip. PyTorch's older files are not, and cannot be memory-mapped."""
    with path.open("rb") as file:
        return file.read(2) == b"PK"
