"""Read and write folders in transformers' layout: ``config.json``, weights and subword model."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from nlu_lite.errors import FormatError, UnsupportedReference
from nlu_lite.formats.json_files import REMEDY, read_json
from nlu_lite.formats.paths import is_file
from nlu_lite.formats.placeholders import check_content
from nlu_lite.formats.sizes import check_sizes
from nlu_lite.formats.subword_files import LAYOUTS, SMALL_FILES, read_subwords, write_subwords
from nlu_lite.formats.tensors import LazyTensors, write_safetensors
from nlu_lite.formats.weights import read_weights
from nlu_lite.records import Card, Checkpoint, Floats


class TransformersFolder:
    """The format of transformers: a folder with a ``config.json``."""

    def matches(self, path: Path) -> bool:
        """Return whether `path` is a folder with a ``config.json``."""
        return is_file(path / "config.json")

    def read(self, path: Path) -> Checkpoint:
        """Read the model. ``model.safetensors`` (or its shards) takes precedence over ``pytorch_model.bin``."""
        for name in SMALL_FILES:
            check_content(path / name, "a file of a subword model")
        config = read_config(path)
        model_type = str(config["model_type"])
        tensors = _rename_tensors(path, read_weights(path), LAYOUTS[model_type].prefix)
        check_sizes(config, len(tensors), str(path / "config.json"))
        width = config.get("hidden_size")
        card = Card(dimension=width if isinstance(width, int) else None)
        return Checkpoint(config, LazyTensors(tensors), read_subwords(path, model_type), card)


def write_checkpoint(checkpoint: Checkpoint, folder: Path, advance: Callable[[int], object] | None = None) -> None:
    """Write a checkpoint in transformers' layout, tensor by tensor.

    Args:
        checkpoint: The model.
        folder: An existing folder.
        advance: Called with the number of tensors written since the last call. None to report no progress.
    """
    write_subwords(checkpoint.subwords, str(checkpoint.config["model_type"]), folder)
    write_safetensors(folder / "model.safetensors", checkpoint.tensors, advance)
    (folder / "config.json").write_text(json.dumps(dict(checkpoint.config), indent=2), encoding="utf-8")


def read_config(folder: Path) -> dict[str, object]:
    """Read and check the ``config.json`` of a folder; no other file is read.

    Raises:
        FormatError: It cannot be read.
        UnsupportedReference: The library does not run this kind of model, or the model needs code of its own.
    """
    config = read_json(folder / "config.json", dict)
    model_type = config.get("model_type")
    if not isinstance(model_type, str) or model_type not in LAYOUTS:
        raise UnsupportedReference(
            f"{folder / 'config.json'} has model_type {model_type!r}", ", ".join(LAYOUTS), "Use a model of this kind"
        )
    if config.get("auto_map"):
        raise UnsupportedReference(
            f"{folder / 'config.json'} asks for code of its own (auto_map)",
            "a model that transformers builds by itself",
            "Use another model: code in a repository is never run",
        )
    return config


def _rename_tensors(
    folder: Path, weights: Mapping[str, Callable[[], Floats]], prefix: str
) -> dict[str, Callable[[], Floats]]:
    tensors: dict[str, Callable[[], Floats]] = {}
    for name, make in weights.items():
        plain = _rename_tensor(name, prefix)
        if plain in tensors:
            raise FormatError(f"{folder} holds {plain!r} under two names", "each tensor once", REMEDY)
        tensors[plain] = make
    return tensors


def _rename_tensor(name: str, prefix: str) -> str:
    """Drop the prefix of a model with a head, and rename the layer norms of old exports."""
    plain = name.removeprefix(prefix)
    return plain.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")
