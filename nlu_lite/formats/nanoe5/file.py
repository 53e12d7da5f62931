"""The packaged model's file, read from front to back, and its header."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu_lite.errors import FormatError

MAGIC = b"E5S1"
VALUES = 32
"""Number of values in a quantized block."""

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
"""The first pieces; the last piece is ``<mask>``."""

REMEDY = 'Install the file again: pip install --force-reinstall "nlu-lite[embedded]"'


@dataclass(frozen=True)
class E5Header:
    """The numbers of the header, in the order of the file."""

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


class E5Reader:
    """The file, read from front to back. Each length is compared with the number of remaining bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.data: NDArray[np.uint8] = np.memmap(path, np.uint8, mode="c").view(np.ndarray)
        except (OSError, ValueError) as error:
            raise FormatError(f"{path} cannot be read ({error})", "the packaged model", REMEDY) from error
        self.place = 0

    def take(self, count: int, name: str, dtype: Any = "u1") -> NDArray[Any]:
        """Return the next `count` values; errors call them `name`."""
        size = count * np.dtype(dtype).itemsize
        self.check_room(size, name)
        part = self.data[self.place : self.place + size]
        self.place += size
        return np.frombuffer(part, dtype)

    def check_room(self, size: int, name: str) -> None:
        """Check that at least `size` bytes remain."""
        left = len(self.data) - self.place
        if not 0 <= size <= left:
            raise self.error(f"{name} of {size} bytes", f"at most the remaining {left} bytes")

    def unpack(self, layout: struct.Struct, name: str) -> tuple[Any, ...]:
        """Return the next values of a layout."""
        return layout.unpack(self.take(layout.size, name).tobytes())

    def error(self, got: str, expected: str) -> FormatError:
        """Return an error that names the current position in the file."""
        return FormatError(f"{self.path} has {got} at byte {self.place}", expected, REMEDY)


def read_header(reader: E5Reader) -> E5Header:
    """Read and check the magic and the header."""
    if reader.take(len(MAGIC), "the magic").tobytes() != MAGIC:
        reader.place = 0
        raise reader.error("another magic", repr(MAGIC))
    header = E5Header(*reader.unpack(HEADER, "the header"))
    if header.version != 1 or header.block != VALUES:
        raise reader.error(
            f"version {header.version} and blocks of {header.block}", f"version 1 and blocks of {VALUES}"
        )
    _check_sizes(reader, header)
    return header


def _check_sizes(reader: E5Reader, header: E5Header) -> None:
    sizes = (header.hidden, header.layers, header.heads, header.feed_forward, header.positions, header.token_types)
    special = (header.bos, header.pad, header.eos, header.unknown)
    if min(sizes) < 1 or header.hidden % header.heads or special != (0, 1, 2, 3):
        raise reader.error(f"the sizes {sizes} and special ids {special}", "the sizes and ids of XLM-RoBERTa")
    if not len(SPECIAL) + 2 <= header.pieces <= header.vocabulary:
        raise reader.error(f"{header.pieces} pieces and {header.vocabulary} rows", "a row for each piece")
    if not 0 < header.epsilon < 1:
        raise reader.error(f"the epsilon {header.epsilon}", "a small positive number")
