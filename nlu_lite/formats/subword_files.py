"""The subword model of a folder in transformers' layout: read from the files that hold it, and written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nlu_lite.errors import FormatError, UnsupportedReference
from nlu_lite.formats.added_tokens import (
    DECODER,
    SETTINGS,
    TOKENIZER,
    listed_tokens,
    read_added_tokens,
    vocabulary_of,
    with_tokens,
    written_tokens,
)
from nlu_lite.formats.json_files import REMEDY, read_json, read_optional
from nlu_lite.formats.paths import present
from nlu_lite.formats.vocabularies import WordNormalization, from_parts
from nlu_lite.records import AddedToken, Normalization, SubwordKind, SubwordModel


@dataclass(frozen=True)
class Layout:
    """How transformers saves a model.

    Attributes:
        prefix: What stands before the names of its tensors when it was saved with a head.
        subwords: The file of its subword model.
        kind: What that file holds.
        parts: Files of older exports that hold the same in parts.
        classes: transformers' tokenizers that read these parts as they are read here.
    """

    prefix: str
    subwords: str
    kind: SubwordKind
    parts: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


def _word_piece(prefix: str) -> Layout:
    classes = ("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MPNetTokenizer")
    return Layout(prefix, TOKENIZER, SubwordKind.TOKENIZER_JSON, ("vocab.txt",), classes)


def _byte_level(prefix: str) -> Layout:
    classes = ("RobertaTokenizer", "GPT2Tokenizer")
    return Layout(prefix, TOKENIZER, SubwordKind.TOKENIZER_JSON, ("vocab.json", "merges.txt"), classes)


def _sentence_piece(prefix: str, file: str) -> Layout:
    return Layout(prefix, file, SubwordKind.SENTENCEPIECE)


LAYOUTS = {
    "albert": _sentence_piece("albert.", "spiece.model"),
    "bert": _word_piece("bert."),
    "camembert": _sentence_piece("roberta.", "sentencepiece.bpe.model"),
    "deberta-v2": _sentence_piece("deberta.", "spm.model"),
    "distilbert": _word_piece("distilbert."),
    "electra": _word_piece("electra."),
    "mpnet": _word_piece("mpnet."),
    "roberta": _byte_level("roberta."),
    "xlm-roberta": _sentence_piece("roberta.", "sentencepiece.bpe.model"),
}
"""By ``model_type``."""

PIECES = "sentencepiece.bpe.model"
"""BERT's kin with XLM-RoBERTa's subword model, such as multilingual-e5-small, have this file."""

NORMALIZATION = "nlu_lite_spelling"
"""The setting that keeps a `Normalization`: transformers' tokenizers of XLM-RoBERTa and CamemBERT have none for it."""

WRITTEN_NAMES = {"lowercase": "small_letters", "strip_accents": "plain_signs"}
"""The fields of a `Normalization` as they are written: version 0.1.0, which may share the cache, reads these names."""

SMALL_FILES = (
    TOKENIZER,
    SETTINGS,
    PIECES,
    "spiece.model",
    "spm.model",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "added_tokens.json",
    "special_tokens_map.json",
)
"""Files of a subword model that are looked at whatever the kind of the model."""

NORMALIZING = ("albert", "deberta-v2")
"""Kinds whose SentencePiece tokenizer in transformers heeds ``do_lower_case``; the others ignore it."""


def write_subwords(subwords: SubwordModel, model_type: str, folder: Path) -> None:
    """Write a subword model and its settings, from which `read_subwords` reads the same."""
    (folder / _subword_file(subwords.kind, LAYOUTS[model_type])).write_bytes(subwords.data)
    (folder / SETTINGS).write_text(json.dumps(_written_settings(subwords)), encoding="utf-8")


def _subword_file(kind: SubwordKind, layout: Layout) -> str:
    if kind is layout.kind:
        return layout.subwords
    return PIECES if kind is SubwordKind.SENTENCEPIECE else TOKENIZER


def _written_settings(subwords: SubwordModel) -> dict[str, object]:
    """Give what transformers' tokenizer asks its settings for, not the normalizer of a tokenizer.json."""
    if subwords.kind is SubwordKind.SENTENCEPIECE:
        normalization = subwords.normalization
        own = {"do_lower_case": normalization.lowercase, "keep_accents": not normalization.strip_accents}
        added = {DECODER: written_tokens(subwords.added)} if subwords.added else {}
        return {**own, NORMALIZATION: _written_normalization(normalization), **added}
    normalizer = json.loads(subwords.data).get("normalizer")
    return {"do_lower_case": isinstance(normalizer, dict) and normalizer.get("lowercase") is True}


def _written_normalization(normalization: Normalization) -> dict[str, bool]:
    return {WRITTEN_NAMES[name]: value for name, value in asdict(normalization).items()}


LARGEST_TOKENIZER = 1 << 26
"""Bytes of a ``tokenizer.json``; those of the largest vocabularies have half as many."""


def read_subwords(folder: Path, model_type: str) -> SubwordModel:
    """Read a subword model from SentencePiece's own file, else a ``tokenizer.json``, else the files of older exports.

    Tokens that were added to it are read from all files that can list them.

    Raises:
        FormatError: There is none, or a file of it is damaged.
        UnsupportedReference: It is of a kind that the library does not run.
    """
    layout = LAYOUTS[model_type]
    before = {PIECES: SubwordKind.SENTENCEPIECE} if model_type == "bert" else {}
    for name, kind in {**before, layout.subwords: layout.kind, TOKENIZER: SubwordKind.TOKENIZER_JSON}.items():
        if (folder / name).is_file():
            return _sentencepiece(folder, name, model_type) if kind is SubwordKind.SENTENCEPIECE else _json(folder)
    parts = [folder / name for name in layout.parts]
    if parts and all(part.is_file() for part in parts):
        settings = _tokenizer_settings(folder)
        _check_class(settings.get("tokenizer_class"), layout, folder)
        return _with_added(folder, from_parts(parts, _word_normalization(settings)))
    wanted = " or ".join(filter(None, (*dict.fromkeys((layout.subwords, TOKENIZER)), " and ".join(layout.parts))))
    raise FormatError(f"{folder} holds {present(folder)}", f"a subword model in {wanted}", REMEDY)


def _sentencepiece(folder: Path, name: str, model_type: str) -> SubwordModel:
    tokenizer = read_json(_bounded(folder / TOKENIZER), dict) if (folder / TOKENIZER).is_file() else {}
    added = read_added_tokens(folder, tokenizer)
    data, normalization = (folder / name).read_bytes(), _read_normalization(folder, model_type)
    return SubwordModel(SubwordKind.SENTENCEPIECE, data, normalization, added)


def _json(folder: Path) -> SubwordModel:
    return _with_added(folder, _bounded(folder / TOKENIZER).read_bytes())


def _bounded(path: Path) -> Path:
    size = path.stat().st_size
    if size > LARGEST_TOKENIZER:
        raise FormatError(f"{path} has {size} bytes", f"at most {LARGEST_TOKENIZER}", REMEDY)
    return path


def _with_added(folder: Path, data: bytes) -> SubwordModel:
    """Add the tokens that other files of the folder list to those of a ``tokenizer.json``; most list the same."""
    kind = SubwordKind.TOKENIZER_JSON
    try:
        tokenizer = json.loads(data)
    except (ValueError, RecursionError):
        return SubwordModel(kind, data)  # opening it says why it cannot be used
    if not isinstance(tokenizer, dict):
        return SubwordModel(kind, data)
    added, listed = read_added_tokens(folder, tokenizer), listed_tokens(folder / TOKENIZER, tokenizer)
    pieces = vocabulary_of(tokenizer)
    if _relevant(added, pieces) == _relevant(listed, pieces):
        return SubwordModel(kind, data)
    return SubwordModel(kind, with_tokens(tokenizer, added))


def _relevant(tokens: Iterable[AddedToken], vocabulary: set[str]) -> set[AddedToken]:
    """Return the tokens that say more than the vocabulary does: special pieces of it are never matched anyway."""
    return {token for token in tokens if not token.special or token.content not in vocabulary}


def _tokenizer_settings(folder: Path) -> dict[str, Any]:
    return read_optional(folder / SETTINGS)


def _read_normalization(folder: Path, model_type: str) -> Normalization:
    """Read the normalization that this module wrote, else the one that transformers' tokenizer of the model applies."""
    settings = _tokenizer_settings(folder)
    if settings.get("split_by_punct"):
        got = f"{folder / SETTINGS} has split_by_punct={settings['split_by_punct']!r}"
        raise UnsupportedReference(got, "a tokenizer that leaves this to SentencePiece", "Use another model")
    default = {} if model_type in NORMALIZING else _written_normalization(Normalization())
    written = settings.get(NORMALIZATION, default)
    if not isinstance(written, dict) or not all(isinstance(choice, bool) for choice in written.values()):
        raise FormatError(f"{folder / SETTINGS} has {NORMALIZATION} = {written!r}", "true or false for each", REMEDY)
    albert = model_type == "albert"
    own = {
        "lowercase": settings.get("do_lower_case", albert) is True,
        "strip_accents": albert and settings.get("keep_accents", False) is not True,
    }
    return Normalization(**{name: written.get(WRITTEN_NAMES[name], value) for name, value in own.items()})


def _word_normalization(settings: Mapping[str, object]) -> WordNormalization:
    strip = settings.get("strip_accents")
    return WordNormalization(
        lowercase=settings.get("do_lower_case", True) is not False,
        strip_accents=strip if isinstance(strip, bool) else None,
        split_ideographs=settings.get("tokenize_chinese_chars", True) is not False,
    )


def _check_class(name: object, layout: Layout, folder: Path) -> None:
    """Refuse a vocabulary that another algorithm reads, such as that of Japanese BERT models."""
    if name is not None and str(name).removesuffix("Fast") not in layout.classes:
        raise UnsupportedReference(
            f"{folder / SETTINGS} has tokenizer_class {name!r} and there is no {layout.subwords}",
            f"{layout.subwords}, or a class of {', '.join(layout.classes)}",
            f"Save the tokenizer with transformers as {layout.subwords}, or use another model",
        )
