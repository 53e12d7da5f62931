"""Build SentencePiece models from their parts (``sentencepiece_model.proto`` of github.com/google/sentencepiece)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from enum import IntEnum

NEWER_SCRIPTS = (
    range(0x105C0, 0x10600),  # Todhri
    range(0x11380, 0x11400),  # Tulu-Tigalari
    range(0x11900, 0x11960),  # Dives Akuru
    range(0x16100, 0x16140),  # Gurung Khema
    range(0x16D40, 0x16D80),  # Kirat Rai
)
"""Scripts newer than XLM-RoBERTa's compiled normalization map, which leaves their characters unchanged."""


class PieceType(IntEnum):
    """Values of ``ModelProto.SentencePiece.Type``."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3


def build_model(pieces: Sequence[str], scores: Sequence[float], single: Mapping[str, str]) -> bytes:
    """Build a unigram model: ``<unk>``, ``<s>``, ``</s>``, then the pieces.

    Args:
        pieces: The pieces from id 3 on.
        scores: Their scores.
        single: The normalization of each single character. Sequences of characters (``e`` and a combining accent)
            come from SentencePiece's own ``nmt_nfkc``, if both maps agree on each character of the sequence and the
            script is not newer than the map.

    Returns:
        A serialized ``ModelProto``. Its trainer specification is empty, since the defaults of the proto describe a
        unigram model with these three special pieces.
    """
    special = [_encode_piece("<unk>", 0.0, PieceType.UNKNOWN), _encode_piece("<s>", 0.0, PieceType.CONTROL)]
    special.append(_encode_piece("</s>", 0.0, PieceType.CONTROL))
    normal = [_encode_piece(piece, score, PieceType.NORMAL) for piece, score in zip(pieces, scores, strict=True)]
    return b"".join([*special, *normal, _encode_field(2, b""), _encode_field(3, _build_normalizer(single))])


def _build_normalizer(single: Mapping[str, str]) -> bytes:
    """Return a ``NormalizerSpec`` with its compiled map. By default it adds a prefix and drops extra white space."""
    import sentencepiece

    built_in = sentencepiece.SentencePieceNormalizer(rule_name="nmt_nfkc").decompile()
    newer = {source for source, target in built_in if len(source) == 1 and single.get(source) != target}
    newer |= {chr(point) for script in NEWER_SCRIPTS for point in script}
    sequences = [(source, target) for source, target in built_in if len(source) > 1 and newer.isdisjoint(source)]
    sentencepiece.set_min_log_level(1)  # otherwise compiling logs the number of characters that it loads
    normalizer = sentencepiece.SentencePieceNormalizer(norm_map=[*single.items(), *sequences])
    sentencepiece.set_min_log_level(0)
    specification: bytes = normalizer.serialized_normalizer_spec()
    return specification


def _encode_piece(piece: str, score: float, kind: PieceType) -> bytes:
    return _encode_field(
        1, _encode_field(1, piece.encode()) + b"\x15" + struct.pack("<f", score) + b"\x18" + bytes([kind])
    )


def _encode_field(number: int, value: bytes) -> bytes:
    """Return a length-delimited field (https://protobuf.dev/programming-guides/encoding)."""
    return bytes([number << 3 | 2]) + _encode_varint(len(value)) + value


def _encode_varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes([*encoded, value])
