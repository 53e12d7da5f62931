"""SentencePiece models, and the mapping of their ids to those of transformers' models."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING
from unicodedata import combining, normalize

import numpy as np

from nlu_lite._util.cores import find_core_limit
from nlu_lite.encoding.subwords.added import (
    AddedTokenEncoder,
    Splitter,
    build_sentencepiece_normalizer,
    check_ids,
    select_matchable,
)
from nlu_lite.encoding.subwords.charsmap import check_charsmap
from nlu_lite.encoding.subwords.core import EncodedText, SpecialTokens, SubwordEncoder, Subwords, TokenIds
from nlu_lite.encoding.subwords.rows import check_added, check_rows, warn_of_unused_rows
from nlu_lite.errors import ModelError
from nlu_lite.records import AddedToken, Checkpoint, Normalization

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor

MOST_THREADS = 4
"""Threads of one call at most, within the cores that the process may use; Python builds the ids in one thread."""
FEW = 16
"""Texts that are encoded one by one: a call for several starts a thread, which takes as long as so many short texts."""
THREADED = 256
"""Texts in a call from which threads save more time than it takes to start them."""


@dataclass(frozen=True)
class IdMapping:
    """How the ids of a SentencePiece model are mapped to those of a transformers model.

    Attributes:
        shift: The number that is added to each id.
        special_tokens: The ids of the special tokens, if the SentencePiece model does not have the names below.
        drops_space: Whether a lone ``▁`` is dropped from a token's pieces, so that ``.`` is one piece, as in Spark NLP.
        names: Names of the first, last and padding piece. If the SentencePiece model has them, its ids are used.
        masks: Number of pieces that transformers adds after the model's own, such as ``<mask>``.
    """

    shift: int
    special_tokens: SpecialTokens
    drops_space: bool
    names: tuple[str, ...] = ()
    masks: int = 1


ID_MAPPINGS = {
    # fairseq's vocabularies begin with four or five special pieces: hence the shift, and 3 for the unknown piece.
    "xlm-roberta": IdMapping(1, SpecialTokens(0, 2, 1, 3), drops_space=True),
    # Spark NLP is meant to drop CamemBERT's lone "▁", but compares another id, so its models have always kept it.
    "camembert": IdMapping(4, SpecialTokens(5, 6, 1, 3), drops_space=False),
    "albert": IdMapping(0, SpecialTokens(2, 3, 0, 1), drops_space=True, names=("[CLS]", "[SEP]", "<pad>")),
    "deberta-v2": IdMapping(0, SpecialTokens(1, 2, 0, 3), drops_space=True, names=("[CLS]", "[SEP]", "[PAD]")),
    # BERT models that were distilled from XLM-RoBERTa have its vocabulary, but their configuration does not say so.
    "bert": IdMapping(1, SpecialTokens(0, 2, 1, 3), drops_space=True),
}
"""By ``model_type``."""


class SentencePieceEncoder:
    """Encodes strings with a SentencePiece model, and maps its ids."""

    def __init__(self, processor: SentencePieceProcessor, mapping: IdMapping, normalization: Normalization) -> None:
        self._processor, self._mapping, self._normalization = processor, mapping, normalization
        self._unknown = processor.unk_id()
        self._threads = min(MOST_THREADS, find_core_limit() or os.cpu_count() or 1)
        space = processor.piece_to_id("▁")
        self._dropped = space if mapping.drops_space and space != self._unknown else None

    def encode(self, tokens: Sequence[str]) -> TokenIds:
        """See `SubwordEncoder`."""
        plain = self._normalization == Normalization()
        normal = list(tokens) if plain else ["".join(self._normalize(token)) for token in tokens]
        found = TokenIds.from_lists(self._encode_all(normal))
        if self._dropped is not None:
            found = found.drop(self._dropped)
        unknown = self._mapping.special_tokens.unknown
        mapped = np.where(found.ids == self._unknown, unknown, found.ids + self._mapping.shift)
        return TokenIds(mapped.astype(np.int32), found.lengths)

    def encode_texts(self, texts: Sequence[str]) -> list[EncodedText]:
        """See `SubwordEncoder`."""
        characters = [self._normalize(text) for text in texts]
        normal = ["".join(one) for one in characters]
        encoded = self._processor.encode(normal, return_type="offset_mapping", num_threads=self._count_threads(normal))
        return [
            EncodedText(
                self._map_ids(one["ids"]), one["offsets"] if isinstance(of, str) else _map_spans(one["offsets"], of)
            )
            for one, of in zip(encoded, characters, strict=True)
        ]

    def _encode_all(self, texts: list[str]) -> list[list[int]]:
        if len(texts) <= FEW:
            return [self._processor.encode(text) for text in texts]
        found: list[list[int]] = self._processor.encode(texts, num_threads=self._count_threads(texts))
        return found

    def _count_threads(self, texts: list[str]) -> int:
        """Return the number of threads for one call; they end with it, so that a fork between calls is safe."""
        return self._threads if len(texts) >= THREADED else 1

    def _normalize(self, text: str) -> str | list[str]:
        """Return the normalized form of each character, or the text itself if the model does not normalize."""
        return text if self._normalization == Normalization() else normalize_characters(text, self._normalization)

    def _map_ids(self, ids: list[int]) -> list[int]:
        shift, special_tokens = self._mapping.shift, self._mapping.special_tokens
        return [special_tokens.unknown if i == self._unknown else i + shift for i in ids]


def normalize_characters(text: str, normalization: Normalization) -> list[str]:
    """Return the normalized form of each character of a text. The second of two merged quotes becomes empty.

    Example:
        >>> normalize_characters("Né ''", Normalization(lowercase=True, strip_accents=True))
        ['n', 'e', ' ', '"', '']
    """
    characters: Iterable[str] = text
    if normalization.strip_accents:
        # https://github.com/google-research/albert/blob/master/tokenization.py, preprocess_text
        quoted = (('"', "") if len(found) == 2 else (found,) for found in _CHARACTER.findall(text))
        characters = map(_strip_accents, chain.from_iterable(quoted))
    return [character.lower() if normalization.lowercase else character for character in characters]


_CHARACTER = re.compile("``|''|.", re.DOTALL)


def _strip_accents(character: str) -> str:
    return "".join(part for part in normalize("NFKD", character) if not combining(part))


def _map_spans(spans: list[tuple[int, int]], characters: list[str]) -> list[tuple[int, int]]:
    """Map spans of a normalized text to spans of the original text."""
    place = [number for number, character in enumerate(characters) for _ in character] + [len(characters)]
    return [(place[begin], place[end - 1] + 1 if begin < end else place[begin]) for begin, end in spans]


def open_sentencepiece(checkpoint: Checkpoint, mapping: IdMapping) -> Subwords:
    """Open the SentencePiece model of a checkpoint.

    Raises:
        ModelError: It cannot be read, or does not match the embedding matrix or the configuration.
    """
    processor, normalization = _read_processor(checkpoint.subwords.data), checkpoint.subwords.normalization
    size = processor.get_piece_size()
    check_rows("SentencePiece model", size, checkpoint, mapping.shift)
    special_tokens = _find_special_tokens(processor, mapping)
    pad = checkpoint.config.get("pad_token_id", special_tokens.pad)
    if pad != special_tokens.pad and checkpoint.config["model_type"] != "bert":
        got = f"the configuration has pad_token_id={pad!r}"
        raise ModelError(got, f"{special_tokens.pad}, as its SentencePiece model has it", "Fetch the files again")
    added = checkpoint.subwords.added
    known = max([size + mapping.shift, *(token.id + 1 for token in added)])
    warn_of_unused_rows(known, checkpoint, mapping.masks)
    pieces = SentencePieceEncoder(processor, replace(mapping, special_tokens=special_tokens), normalization)
    return Subwords(_add_tokens(pieces, processor, mapping, checkpoint), special_tokens)


def _add_tokens(
    pieces: SentencePieceEncoder, processor: SentencePieceProcessor, mapping: IdMapping, checkpoint: Checkpoint
) -> SubwordEncoder:
    tokens, shift = select_matchable(checkpoint.subwords.added), mapping.shift
    if not tokens:
        return pieces
    check_added(tokens, checkpoint)
    check_ids(tokens, _find_competing_pieces(tokens, processor, shift))
    normalizer = None
    if any(token.normalized for token in tokens):
        normalizer = build_sentencepiece_normalizer(
            checkpoint.subwords.normalization, _read_charsmap(checkpoint.subwords.data)
        )
    return AddedTokenEncoder(pieces, Splitter(tokens, normalizer))


def _find_competing_pieces(
    tokens: Sequence[AddedToken], processor: SentencePieceProcessor, shift: int
) -> dict[str, int]:
    """Return the ids of the pieces that have the text or the id of an added token."""
    ends = range(shift, processor.get_piece_size() + shift)
    found = {processor.id_to_piece(token.id - shift): token.id for token in tokens if token.id in ends}
    numbers = {token.content: processor.piece_to_id(token.content) for token in tokens}
    found |= {piece: number + shift for piece, number in numbers.items() if number != processor.unk_id()}
    return found | {f"special piece {number}": number for number in range(shift)}


def _read_charsmap(data: bytes) -> bytes:
    """Return a model's compiled character map: field 2 of its ``NormalizerSpec``."""
    from sentencepiece import SentencePieceNormalizer

    try:
        charsmap = _read_field(SentencePieceNormalizer(model_proto=data).serialized_normalizer_spec(), 2)
        return check_charsmap(charsmap).data if charsmap else b""
    except (RuntimeError, ValueError, IndexError) as error:
        got = f"the SentencePiece model's normalizer cannot be used: {error}"
        raise ModelError(got, "a compiled character map", "Fetch the model's files again") from error


def _read_field(message: bytes, wanted: int) -> bytes:
    """Return the last length-delimited field with a number (https://protobuf.dev/programming-guides/encoding)."""
    found, place = b"", 0
    while place < len(message):
        key, place = _read_varint(message, place)
        if key & 7 == 2:
            size, place = _read_varint(message, place)
            found = message[place : place + size] if key >> 3 == wanted else found
        else:
            size = {1: 8, 5: 4}.get(key & 7) or _read_varint(message, place)[1] - place
        place += size
    return found


def _read_varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        octet = message[place]
        value |= (octet & 127) << shift
        place, shift = place + 1, shift + 7
        if octet < 128:
            return value, place


def _find_special_tokens(processor: SentencePieceProcessor, mapping: IdMapping) -> SpecialTokens:
    """Return the ids of the special tokens: the model's own if it has such pieces, or else those of the mapping."""
    if mapping.shift:
        return mapping.special_tokens
    usual = mapping.special_tokens
    unknown, defaults = processor.unk_id(), (usual.first, usual.last, usual.pad)
    found = map(processor.piece_to_id, mapping.names)
    first, last, pad = (its if own == unknown else own for own, its in zip(found, defaults, strict=True))
    return SpecialTokens(first, last, pad, unknown)


def _read_processor(data: bytes) -> SentencePieceProcessor:
    from sentencepiece import SentencePieceProcessor

    try:
        if not data:
            raise ValueError("it is empty")
        return SentencePieceProcessor(model_proto=data)
    except (RuntimeError, ValueError) as error:
        raise ModelError(
            f"the SentencePiece model cannot be read ({error})", "a ModelProto", "Fetch the model's files again"
        ) from error
