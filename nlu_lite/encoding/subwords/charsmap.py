"""Check SentencePiece's compiled character maps before the Rust library follows their links.

A map consists of the length of a double array in bytes, the double array (darts-clone, github.com/s-yata/darts-clone),
and the texts that it refers to, each terminated by NUL. At a bad link the Rust library panics or ends the process.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np

Int64s = np.ndarray[Any, np.dtype[np.int64]]

LONGEST_KEY = 8
"""Maximum length of a key, in bytes: a character, or a group of combining characters of less than 6 bytes."""


@dataclass(frozen=True)
class Charsmap:
    """A map whose links have been checked.

    Attributes:
        data: The bytes of the map.
        growth: The factor by which it can multiply the number of bytes of a text.
    """

    data: bytes
    growth: float


def decode_charsmap(value: object) -> Charsmap:
    """Decode a map from a ``tokenizer.json``, and check it.

    Raises:
        ValueError: It is not a valid map; the message gives the reason.
    """
    if not isinstance(value, str):
        raise ValueError(f"its map is a {type(value).__name__}")
    try:
        data = base64.b64decode(value, validate=True)
    except ValueError as error:
        raise ValueError(f"its map is not base64 ({error})") from error
    if base64.b64encode(data).decode() != value:
        raise ValueError("its map is not canonical base64")
    return check_charsmap(data)


def check_charsmap(data: bytes) -> Charsmap:
    """Check that every link of a map points inside the map.

    Raises:
        ValueError: A link does not; the message gives the reason.
    """
    size = int.from_bytes(data[:4], "little")
    if len(data) < 4 or not 0 < size <= len(data) - 4 or size % 4:
        raise ValueError(f"its map has {len(data)} bytes and states an array of {size}")
    units = np.frombuffer(data, "<u4", size // 4, 4).astype(np.int64)
    targets = np.arange(len(units)) ^ (units >> 10 << ((units & 0x200) >> 6))
    inner = units >> 31 == 0  # a unit with the highest bit set is a value, which no label leads to
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
    """Return the number of bytes of the text that each value refers to."""
    texts.decode()  # UnicodeDecodeError is a ValueError
    if (values > len(texts)).any():
        raise ValueError("its map has values that lead out of its texts")
    octets = np.frombuffer(texts + b"\0", np.uint8)
    if (octets[values] & 0xC0 == 0x80).any():
        raise ValueError("its map has values that lead into the middle of a character")
    ends = np.flatnonzero(octets == 0)
    return ends[np.searchsorted(ends, values)] - values


def _measure_depths(units: Int64s, targets: Int64s, inner: np.ndarray[Any, np.dtype[np.bool_]]) -> Int64s:
    """Return the number of key bytes that lead to each unit. 0 if no key does, or only a key that is too long."""
    depths = np.zeros(len(units), np.int64)
    sources = np.arange(len(units)) ^ (units & 0xFF)  # the unit before the label was followed
    reached = np.zeros(len(units), bool)
    reached[targets[0]] = True
    for depth in range(1, LONGEST_KEY + 1):
        following = inner & reached[sources] & (depths == 0)
        depths[following] = depth
        reached[:] = False
        reached[targets[following]] = True
    return depths
