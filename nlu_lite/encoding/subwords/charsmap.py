"""SentencePiece's compiled maps of characters, checked as data before the Rust library follows their links.

A map is the length of a double array in bytes, the double array (darts-clone, github.com/s-yata/darts-clone), and the
texts that it leads to, each ended by NUL. The Rust library panics at a bad link, or stops the process.
"""

from __future__ import annotations

import base64
import binascii

import numpy as np

LONGEST_TEXT = 64
"""Bytes that a character can become; Unicode's own longest compatibility form has 33."""


def parse_charsmap(value: object) -> bytes:
    """Decode a map from a ``tokenizer.json``, and check it.

    Raises:
        ValueError: It is no such map; says why.
    """
    if not isinstance(value, str):
        raise ValueError(f"its map is a {type(value).__name__}")
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"its map is no base64 ({error})") from error
    if base64.b64encode(data).decode() != value:
        raise ValueError("its map is no canonical base64")
    check_charsmap(data)
    return data


def check_charsmap(data: bytes) -> None:
    """Check that every link of a map leads into it.

    Args:
        data: The map.

    Raises:
        ValueError: One does not; says why.
    """
    size = int.from_bytes(data[:4], "little")
    if len(data) < 4 or not 0 < size <= len(data) - 4 or size % 4:
        raise ValueError(f"its map has {len(data)} bytes and states an array of {size}")
    units = np.frombuffer(data, "<u4", size // 4, 4).astype(np.int64)
    targets = np.arange(len(units)) ^ (units >> 10 << ((units & 0x200) >> 6))
    inner = units >> 31 == 0  # a unit with the highest bit is a value, which no label leads to
    if (inner & (targets | 0xFF >= len(units))).any():
        raise ValueError("its map has links that lead out of its array")
    values = units[targets[inner & (units >> 8 & 1 == 1)]] & 0x7FFF_FFFF
    _check_texts(data[4 + size :], values)


def _check_texts(texts: bytes, values: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
    texts.decode()  # UnicodeDecodeError is a ValueError
    if max(map(len, texts.split(b"\0"))) > LONGEST_TEXT:
        raise ValueError(f"its map makes more than {LONGEST_TEXT} bytes of a character")
    if (values > len(texts)).any():
        raise ValueError("its map has values that lead out of its texts")
    octets = np.frombuffer(texts + b"\0", np.uint8)
    if (octets[values] & 0xC0 == 0x80).any():
        raise ValueError("its map has values that lead into the middle of a character")


def longest_text(data: bytes) -> int:
    """Return the bytes of the longest text that a checked map leads to."""
    return max(map(len, data[4 + int.from_bytes(data[:4], "little") :].split(b"\0")))
