"""SentencePiece's compiled maps of characters, checked as data before the Rust library follows their links.

A map is the length of a double array in bytes, the double array (darts-clone, github.com/s-yata/darts-clone), and the
texts that it leads to, each ended by NUL. The Rust library panics at a bad link, or stops the process.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np

Int64s = np.ndarray[Any, np.dtype[np.int64]]

LONGEST_KEY = 8
"""Bytes of what is looked up: characters, and groups of combining characters of less than 6 bytes."""


@dataclass(frozen=True)
class Charsmap:
    """A map whose links have been checked.

    Attributes:
        data: Its bytes.
        growth: By how much it can multiply the bytes of a text.
    """

    data: bytes
    growth: float


def decode_charsmap(value: object) -> Charsmap:
    """Decode a map from a ``tokenizer.json``, and check it.

    Raises:
        ValueError: It is no such map; says why.
    """
    if not isinstance(value, str):
        raise ValueError(f"its map is a {type(value).__name__}")
    try:
        data = base64.b64decode(value, validate=True)
    except ValueError as error:
        raise ValueError(f"its map is no base64 ({error})") from error
    if base64.b64encode(data).decode() != value:
        raise ValueError("its map is no canonical base64")
    return check_charsmap(data)


def check_charsmap(data: bytes) -> Charsmap:
    """Check that every link of a map leads into it.

    Raises:
        ValueError: One does not; says why.
    """
    size = int.from_bytes(data[:4], "little")
    if len(data) < 4 or not 0 < size <= len(data) - 4 or size % 4:
        raise ValueError(f"its map has {len(data)} bytes and states an array of {size}")
    units = np.frombuffer(data, "<u4", size // 4, 4).astype(np.int64)
    targets = np.arange(len(units)) ^ (units >> 10 << ((units & 0x200) >> 6))
    inner = units >> 31 == 0  # a unit with the highest bit is a value, which no label leads to
    out = targets | 0xFF >= len(units)
    if out[0] or (inner & out).any():  # a search begins at the first unit, whatever it is
        raise ValueError("its map has links that lead out of its array")
    leaves = inner & (units >> 8 & 1 == 1)
    values = np.where(leaves, units[np.where(leaves, targets, 0)] & 0x7FFF_FFFF, 0)
    lengths = _measure_texts(data[4 + size :], values)
    depths = _measure_depths(units, targets, inner)
    found = leaves & (depths > 0)
    return Charsmap(data, float((lengths[found] / depths[found]).max(initial=1)))


def _measure_texts(texts: bytes, values: Int64s) -> Int64s:
    """Return the bytes of the text that each value leads to."""
    texts.decode()  # UnicodeDecodeError is a ValueError
    if (values > len(texts)).any():
        raise ValueError("its map has values that lead out of its texts")
    octets = np.frombuffer(texts + b"\0", np.uint8)
    if (octets[values] & 0xC0 == 0x80).any():
        raise ValueError("its map has values that lead into the middle of a character")
    ends = np.flatnonzero(octets == 0)
    return ends[np.searchsorted(ends, values)] - values


def _measure_depths(units: Int64s, targets: Int64s, inner: np.ndarray[Any, np.dtype[np.bool_]]) -> Int64s:
    """Return how many bytes of a text lead to each unit; 0 where none do, or more than are ever looked up."""
    depths = np.zeros(len(units), np.int64)
    sources = np.arange(len(units)) ^ (units & 0xFF)  # where the search stood before it followed a unit's label
    reached = np.zeros(len(units), bool)
    reached[targets[0]] = True
    for depth in range(1, LONGEST_KEY + 1):
        following = inner & reached[sources] & (depths == 0)
        depths[following] = depth
        reached[:] = False
        reached[targets[following]] = True
    return depths
