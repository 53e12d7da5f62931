"""Build a ``tokenizer.json`` of Hugging Face `tokenizers` from a vocabulary and merges."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nlu_lite.errors import FormatError

LONGEST_WORD = 100
"""Maximum length of a word, in characters. BERT encodes a longer word as the unknown piece."""


@dataclass(frozen=True)
class WordNormalization:
    """How a text is normalized before WordPiece reads it. The defaults are BERT's.

    Attributes:
        lowercase: Whether letters are lowercased.
        strip_accents: Whether accents are stripped. None strips them if letters are lowercased.
        split_ideographs: Whether each Chinese character is a word.
    """

    lowercase: bool = True
    strip_accents: bool | None = None
    split_ideographs: bool = True


def build_tokenizer(parts: Sequence[Path], normalization: WordNormalization) -> bytes:
    """Build a tokenizer from the files of older exports: ``vocab.txt``, or ``vocab.json`` and ``merges.txt``.

    Args:
        parts: The files, in this order.
        normalization: How texts are normalized before a WordPiece model reads them.

    Raises:
        FormatError: A file cannot be read.
    """
    try:
        texts = [part.read_text(encoding="utf-8") for part in parts]
        if len(parts) == 1:
            pieces = _split_lines(texts[0])
            return build_word_piece({piece: number for number, piece in enumerate(pieces)}, normalization)
        lines = [line for line in _split_lines(texts[1]) if line and not line.startswith("#version")]
        return build_byte_level_bpe(json.loads(texts[0]), [_split_merge(line) for line in lines])
    except (OSError, ValueError, RecursionError) as error:
        names = " and ".join(str(part) for part in parts)
        raise FormatError(f"{names} cannot be read ({error})", "a vocabulary", "Fetch the model again") from error


def _split_lines(text: str) -> list[str]:
    """Split at line feeds only, since pieces can contain other line separators."""
    return text.removesuffix("\n").split("\n")


def _split_merge(line: str) -> tuple[str, str]:
    first, second = line.split(" ")
    return first, second


def build_word_piece(
    vocabulary: Mapping[str, int], normalization: WordNormalization, longest: int = LONGEST_WORD
) -> bytes:
    """Build a WordPiece tokenizer.

    Args:
        vocabulary: Id of each piece.
        normalization: How texts are normalized.
        longest: Maximum length of a word, in characters. A longer word becomes the unknown piece.
    """
    model = {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": longest,
        "vocab": vocabulary,
    }
    normalizer = {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": normalization.split_ideographs,
        "strip_accents": normalization.strip_accents,
        "lowercase": normalization.lowercase,
    }
    return _assemble(
        model, normalizer, {"type": "BertPreTokenizer"}, {"type": "WordPiece", "prefix": "##", "cleanup": True}
    )


def build_byte_level_bpe(vocabulary: Mapping[str, int], merges: Sequence[tuple[str, str]]) -> bytes:
    """Build a byte-level BPE tokenizer from the id of each piece and the merges in the order of their ranks.

    As in RoBERTa's own tokenizer, no space is added before a text. The caller adds one before a single word.
    """
    model = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": "",
        "end_of_word_suffix": "",
        "fuse_unk": False,
        "byte_fallback": False,
        "vocab": vocabulary,
        "merges": merges,
    }
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return _assemble(model, None, level, level)


def _assemble(model: object, normalizer: object, pre_tokenizer: object, decoder: object) -> bytes:
    """Assemble a tokenizer from its parts.

    No token is declared special, so that ``[SEP]`` in a text is plain text. Ids are looked up in the vocabulary.
    """
    parts = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": None,
        "decoder": decoder,
        "model": model,
    }
    return json.dumps(parts, ensure_ascii=False).encode()
