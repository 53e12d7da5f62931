"""Read and write the subword model of a folder in transformers' layout."""

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
    encode_tokens,
    parse_tokens,
    read_added_tokens,
    read_pieces,
    replace_tokens,
)
from nlu_lite.formats.json_files import REMEDY, read_json, read_optional
from nlu_lite.formats.paths import name_files
from nlu_lite.formats.vocabularies import WordNormalization, build_tokenizer
from nlu_lite.records import AddedToken, Normalization, SubwordKind, SubwordModel


@dataclass(frozen=True)
class FolderLayout:
    """The files in which transformers saves a kind of model.

    Attributes:
        prefix: The prefix of its tensors' names if it was saved with a head.
        subwords: The file of its subword model.
        kind: The kind of that file.
        parts: The files of older exports that together replace that file.
        classes: The tokenizer classes of transformers whose `parts` can be read.
    """

    prefix: str
    subwords: str
    kind: SubwordKind
    parts: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


def _word_piece_layout(prefix: str) -> FolderLayout:
    classes = ("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MPNetTokenizer")
    return FolderLayout(prefix, TOKENIZER, SubwordKind.TOKENIZER_JSON, ("vocab.txt",), classes)


def _byte_level_layout(prefix: str) -> FolderLayout:
    classes = ("RobertaTokenizer", "GPT2Tokenizer")
    return FolderLayout(prefix, TOKENIZER, SubwordKind.TOKENIZER_JSON, ("vocab.json", "merges.txt"), classes)


def _sentence_piece_layout(prefix: str, file: str) -> FolderLayout:
    return FolderLayout(prefix, file, SubwordKind.SENTENCEPIECE)


LAYOUTS = {
    "albert": _sentence_piece_layout("albert.", "spiece.model"),
    "bert": _word_piece_layout("bert."),
    "camembert": _sentence_piece_layout("roberta.", "sentencepiece.bpe.model"),
    "deberta-v2": _sentence_piece_layout("deberta.", "spm.model"),
    "distilbert": _word_piece_layout("distilbert."),
    "electra": _word_piece_layout("electra."),
    "mpnet": _word_piece_layout("mpnet."),
    "roberta": _byte_level_layout("roberta."),
    "xlm-roberta": _sentence_piece_layout("roberta.", "sentencepiece.bpe.model"),
}
"""By ``model_type``."""

PIECES = "sentencepiece.bpe.model"
"""The subword model of BERT models with XLM-RoBERTa's vocabulary, such as multilingual-e5-small."""

NORMALIZATION = "nlu_lite_spelling"
"""The setting that stores a `Normalization`. transformers has no such setting for XLM-RoBERTa and CamemBERT."""

WRITTEN_NAMES = {"lowercase": "small_letters", "strip_accents": "plain_signs"}
"""Names of the fields of a `Normalization` in files. Version 0.1.0, which may share the cache, reads these names."""

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
"""Files of a subword model, of all kinds of model."""

NORMALIZING = ("albert", "deberta-v2")
"""Kinds whose SentencePiece tokenizer in transformers applies ``do_lower_case``. The other kinds ignore it."""


def write_subwords(subwords: SubwordModel, model_type: str, folder: Path) -> None:
    """Write a subword model and its settings, so that `read_subwords` reads it back."""
    (folder / _name_subword_file(subwords.kind, LAYOUTS[model_type])).write_bytes(subwords.data)
    (folder / SETTINGS).write_text(json.dumps(_build_settings(subwords)), encoding="utf-8")


def _name_subword_file(kind: SubwordKind, layout: FolderLayout) -> str:
    if kind is layout.kind:
        return layout.subwords
    return PIECES if kind is SubwordKind.SENTENCEPIECE else TOKENIZER


def _build_settings(subwords: SubwordModel) -> dict[str, object]:
    """Return the settings of transformers' tokenizer, which does not read them from a ``tokenizer.json``."""
    if subwords.kind is SubwordKind.SENTENCEPIECE:
        normalization = subwords.normalization
        own = {"do_lower_case": normalization.lowercase, "keep_accents": not normalization.strip_accents}
        added = {DECODER: encode_tokens(subwords.added)} if subwords.added else {}
        return {**own, NORMALIZATION: _encode_normalization(normalization), **added}
    normalizer = json.loads(subwords.data).get("normalizer")
    return {"do_lower_case": isinstance(normalizer, dict) and normalizer.get("lowercase") is True}


def _encode_normalization(normalization: Normalization) -> dict[str, bool]:
    return {WRITTEN_NAMES[name]: value for name, value in asdict(normalization).items()}


LARGEST_TOKENIZER = 1 << 26
"""Maximum size of a ``tokenizer.json``, in bytes: twice the size of the largest vocabularies."""


def read_subwords(folder: Path, model_type: str) -> SubwordModel:
    """Read a subword model from a SentencePiece file, else a ``tokenizer.json``, else the files of older exports.

    Added tokens are read from all files that can list them.

    Raises:
        FormatError: The folder has none, or a file of it is damaged.
        UnsupportedReference: The library does not read this kind of subword model.
    """
    layout = LAYOUTS[model_type]
    before = {PIECES: SubwordKind.SENTENCEPIECE} if model_type == "bert" else {}
    for name, kind in {**before, layout.subwords: layout.kind, TOKENIZER: SubwordKind.TOKENIZER_JSON}.items():
        if (folder / name).is_file():
            return (
                _read_sentencepiece(folder, name, model_type)
                if kind is SubwordKind.SENTENCEPIECE
                else _read_tokenizer_json(folder)
            )
    parts = [folder / name for name in layout.parts]
    if parts and all(part.is_file() for part in parts):
        settings = _read_settings(folder)
        _check_class(settings.get("tokenizer_class"), layout, folder)
        return _merge_added(folder, build_tokenizer(parts, _read_word_normalization(settings)))
    wanted = " or ".join(filter(None, (*dict.fromkeys((layout.subwords, TOKENIZER)), " and ".join(layout.parts))))
    raise FormatError(f"{folder} holds {name_files(folder)}", f"a subword model in {wanted}", REMEDY)


def _read_sentencepiece(folder: Path, name: str, model_type: str) -> SubwordModel:
    tokenizer = read_json(_check_size(folder / TOKENIZER), dict) if (folder / TOKENIZER).is_file() else {}
    added = read_added_tokens(folder, tokenizer)
    is_normalized = any(token.normalized and not token.special for token in added)
    if tokenizer.get("model") and is_normalized and model_type == "deberta-v2":
        # Such tokens are found in normalized text, and DeBERTa's tokenizer.json has a normalizer of its own.
        return _read_tokenizer_json(folder)
    data, normalization = (folder / name).read_bytes(), _read_normalization(folder, model_type)
    return SubwordModel(SubwordKind.SENTENCEPIECE, data, normalization, added)


def _read_tokenizer_json(folder: Path) -> SubwordModel:
    return _merge_added(folder, _check_size(folder / TOKENIZER).read_bytes())


def _check_size(path: Path) -> Path:
    size = path.stat().st_size
    if size > LARGEST_TOKENIZER:
        raise FormatError(f"{path} has {size} bytes", f"at most {LARGEST_TOKENIZER}", REMEDY)
    return path


def _merge_added(folder: Path, data: bytes) -> SubwordModel:
    """Merge the added tokens of the folder's other files into a ``tokenizer.json``. Most files list the same tokens."""
    kind = SubwordKind.TOKENIZER_JSON
    try:
        tokenizer = json.loads(data)
    except (ValueError, RecursionError):
        return SubwordModel(kind, data)  # the error is raised when it is opened, with the reason
    if not isinstance(tokenizer, dict):
        return SubwordModel(kind, data)
    added, listed = read_added_tokens(folder, tokenizer), parse_tokens(folder / TOKENIZER, tokenizer)
    pieces = read_pieces(tokenizer)
    if _select_matchable(added, pieces) == _select_matchable(listed, pieces):
        return SubwordModel(kind, data)
    return SubwordModel(kind, replace_tokens(tokenizer, added))


def _select_matchable(tokens: Iterable[AddedToken], vocabulary: set[str]) -> set[AddedToken]:
    """Return the tokens that change the tokenizer: special tokens in the vocabulary are never matched in texts."""
    return {token for token in tokens if not token.special or token.content not in vocabulary}


def _read_settings(folder: Path) -> dict[str, Any]:
    return read_optional(folder / SETTINGS)


def _read_normalization(folder: Path, model_type: str) -> Normalization:
    """Read the normalization that this module wrote, else the one that transformers' tokenizer of the model applies."""
    settings = _read_settings(folder)
    if settings.get("split_by_punct"):
        got = f"{folder / SETTINGS} has split_by_punct={settings['split_by_punct']!r}"
        raise UnsupportedReference(got, "a tokenizer without this setting", "Use another model")
    default = {} if model_type in NORMALIZING else _encode_normalization(Normalization())
    written = settings.get(NORMALIZATION, default)
    if not isinstance(written, dict) or not all(isinstance(choice, bool) for choice in written.values()):
        raise FormatError(
            f"{folder / SETTINGS} has {NORMALIZATION} = {written!r}", "true or false for each of its values", REMEDY
        )
    albert = model_type == "albert"
    own = {
        "lowercase": settings.get("do_lower_case", albert) is True,
        "strip_accents": albert and settings.get("keep_accents", False) is not True,
    }
    return Normalization(**{name: written.get(WRITTEN_NAMES[name], value) for name, value in own.items()})


def _read_word_normalization(settings: Mapping[str, object]) -> WordNormalization:
    strip = settings.get("strip_accents")
    return WordNormalization(
        lowercase=settings.get("do_lower_case", True) is not False,
        strip_accents=strip if isinstance(strip, bool) else None,
        split_ideographs=settings.get("tokenize_chinese_chars", True) is not False,
    )


def _check_class(name: object, layout: FolderLayout, folder: Path) -> None:
    """Raise an error for a vocabulary of another algorithm, such as the one of Japanese BERT models."""
    if name is not None and str(name).removesuffix("Fast") not in layout.classes:
        raise UnsupportedReference(
            f"{folder / SETTINGS} has tokenizer_class {name!r} and there is no {layout.subwords}",
            f"{layout.subwords}, or a class of {', '.join(layout.classes)}",
            f"Save the tokenizer with transformers as {layout.subwords}, or use another model",
        )
