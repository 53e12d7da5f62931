"""A model's own subword model: strings become ids of its vocabulary, by the recipe of its architecture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from nlu_lite.errors import ModelError, UnsupportedReference
from nlu_lite.records import Checkpoint, SubwordKind

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor
    from tokenizers import Tokenizer

WORDS = "embeddings.word_embeddings.weight"
CHUNK = 1024
"""Texts that are encoded in one call: the library's objects for them are much larger than their ids."""


class Encoded(NamedTuple):
    """Pieces of one text.

    Attributes:
        ids: Their ids.
        spans: The characters of the text that each stands for; empty for what was put in.
    """

    ids: list[int]
    spans: list[tuple[int, int]]


class SubwordEncoder(Protocol):
    """What makes pieces of strings."""

    def encode(self, tokens: Sequence[str]) -> list[list[int]]:
        """Give the ids of each token, which is encoded by itself; none where it has no piece."""

    def encode_texts(self, texts: Sequence[str]) -> list[Encoded]:
        """Give the ids of each text as the model's authors encode it, special tokens not among them."""


@dataclass(frozen=True)
class Frame:
    """The ids that stand around and between pieces.

    Attributes:
        first: Id that stands before the pieces (``<s>``, ``[CLS]``).
        last: Id that stands after them (``</s>``, ``[SEP]``).
        pad: Id that fills a batch.
        unknown: Id of the unknown piece.
    """

    first: int
    last: int
    pad: int
    unknown: int


@dataclass(frozen=True)
class Subwords:
    """A model's subword encoder and the ids that frame a window."""

    encoder: SubwordEncoder
    frame: Frame

    def encode(self, tokens: Sequence[str]) -> list[list[int]]:
        """Give the ids of each token by itself; a token without pieces gets the unknown piece."""
        return [ids or [self.frame.unknown] for ids in self.encoder.encode([encodable(token) for token in tokens])]

    def encode_texts(self, texts: Sequence[str]) -> list[Encoded]:
        """Give the ids of each text, and the characters that they stand for."""
        return self.encoder.encode_texts([encodable(text) for text in texts])


def encodable(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot hold, by U+FFFD, one for one."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= sign <= "\udfff" else sign for sign in text)
    return text


# --- SentencePiece ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PieceRecipe:
    """How the ids of a SentencePiece model become those of a transformers model.

    Attributes:
        shift: What is added to an id.
        frame: The ids around and between pieces.
        drops_space: Whether a lone ``▁`` is dropped from a token's pieces, so that ``.`` is one: Spark NLP's recipe.
    """

    shift: int
    frame: Frame
    drops_space: bool


PIECE_RECIPES = {
    # fairseq's vocabularies begin with four or five signs of their own: hence the shift, and the unknown piece 3.
    "xlm-roberta": PieceRecipe(1, Frame(0, 2, 1, 3), drops_space=True),
    # Spark NLP means to drop CamemBERT's lone "▁", but looks for another id: its models have always kept it.
    "camembert": PieceRecipe(4, Frame(5, 6, 1, 3), drops_space=False),
    "albert": PieceRecipe(0, Frame(2, 3, 0, 1), drops_space=True),
    "deberta-v2": PieceRecipe(0, Frame(1, 2, 0, 3), drops_space=True),
    # BERT's kin that were distilled from XLM-RoBERTa have its vocabulary, and say nothing of it in their configuration.
    "bert": PieceRecipe(1, Frame(0, 2, 1, 3), drops_space=True),
}
"""By ``model_type``."""


class SentencePieces:
    """A SentencePiece model with its recipe."""

    def __init__(self, processor: SentencePieceProcessor, recipe: PieceRecipe) -> None:
        self._processor, self._recipe = processor, recipe
        self._unknown = processor.unk_id()
        space = processor.piece_to_id("▁")
        self._dropped = space if recipe.drops_space and space != self._unknown else None

    def encode(self, tokens: Sequence[str]) -> list[list[int]]:
        """See `SubwordEncoder`."""
        dropped, encoded = self._dropped, self._processor.encode(list(tokens), num_threads=1)
        return [self._ids([i for i in ids if i != dropped]) for ids in encoded]

    def encode_texts(self, texts: Sequence[str]) -> list[Encoded]:
        """See `SubwordEncoder`."""
        found = []
        for begin in range(0, len(texts), CHUNK):
            part = list(texts[begin : begin + CHUNK])
            encoded = self._processor.encode(part, return_type="offset_mapping", num_threads=1)
            found += [Encoded(self._ids(one["ids"]), one["offsets"]) for one in encoded]
        return found

    def _ids(self, ids: list[int]) -> list[int]:
        shift, frame = self._recipe.shift, self._recipe.frame
        return [frame.unknown if i == self._unknown else i + shift for i in ids]


def _sentence_pieces(checkpoint: Checkpoint, recipe: PieceRecipe) -> Subwords:
    pad = checkpoint.config.get("pad_token_id", recipe.frame.pad)
    if pad != recipe.frame.pad and checkpoint.config["model_type"] != "bert":
        got = f"the configuration has pad_token_id={pad!r}"
        raise ModelError(got, f"{recipe.frame.pad}, as every model of its kind has it", "Fetch the files again")
    processor = _processor(checkpoint.subwords.data)
    _check_size("SentencePiece model", processor.get_piece_size(), recipe.shift, checkpoint)
    unknown = recipe.frame.unknown if recipe.shift else processor.unk_id()
    frame = replace(recipe.frame, unknown=unknown)
    return Subwords(SentencePieces(processor, replace(recipe, frame=frame)), frame)


def _processor(data: bytes) -> SentencePieceProcessor:
    from sentencepiece import SentencePieceProcessor

    try:
        if not data:
            raise ValueError("it is empty")
        return SentencePieceProcessor(model_proto=data)
    except (RuntimeError, ValueError) as error:
        raise ModelError(
            f"the SentencePiece model cannot be read ({error})", "a ModelProto", "Fetch the model's files again"
        ) from error


# --- WordPiece and byte-level BPE -------------------------------------------------------------------------------------

SPECIAL = {
    "bert": ("[CLS]", "[SEP]", "[PAD]", "[UNK]"),
    "distilbert": ("[CLS]", "[SEP]", "[PAD]", "[UNK]"),
    "electra": ("[CLS]", "[SEP]", "[PAD]", "[UNK]"),
    "mpnet": ("<s>", "</s>", "<pad>", "[UNK]"),
    "roberta": ("<s>", "</s>", "<pad>", "<unk>"),
}
"""Names of the first, last, padding and unknown piece, by ``model_type``."""


class TokenizerPieces:
    """A tokenizer of Hugging Face `tokenizers`, without special tokens: a text that spells ``[SEP]`` is text."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def encode(self, tokens: Sequence[str]) -> list[list[int]]:
        """See `SubwordEncoder`."""
        return [one.ids for one in self._tokenizer.encode_batch_fast(list(tokens), add_special_tokens=False)]

    def encode_texts(self, texts: Sequence[str]) -> list[Encoded]:
        """See `SubwordEncoder`."""
        found = []
        for begin in range(0, len(texts), CHUNK):
            part = list(texts[begin : begin + CHUNK])
            found += [
                Encoded(one.ids, one.offsets) for one in self._tokenizer.encode_batch(part, add_special_tokens=False)
            ]
        return found


def _tokenizer_pieces(checkpoint: Checkpoint, names: tuple[str, str, str, str]) -> Subwords:
    tokenizer, special = _tokenizer(checkpoint.subwords.data)
    vocabulary = tokenizer.get_vocab() | special
    missing = [name for name in names if name not in vocabulary]
    if missing:
        raise ModelError(f"the vocabulary has no piece {missing[0]!r}", ", ".join(names), "Fetch the files again")
    _check_size("vocabulary", max(vocabulary.values()) + 1, 0, checkpoint)
    return Subwords(TokenizerPieces(tokenizer), Frame(*(vocabulary[name] for name in names)))


def _tokenizer(data: bytes) -> tuple[Tokenizer, dict[str, int]]:
    """Open a tokenizer without its special tokens, padding and cutting; give the special tokens' ids."""
    from tokenizers import Tokenizer

    try:
        parts = json.loads(data)
        added = parts.get("added_tokens") or []
        parts["added_tokens"] = [token for token in added if not token["special"]]
        parts["post_processor"] = parts["truncation"] = parts["padding"] = None
        special = {token["content"]: int(token["id"]) for token in added if token["special"]}
        return Tokenizer.from_str(json.dumps(parts)), special
    except Exception as error:  # `tokenizers` raises no other class
        raise ModelError(f"the tokenizer cannot be read ({error})", "a tokenizer.json", "Fetch it again") from error


# --- opening ----------------------------------------------------------------------------------------------------------


def open_subwords(checkpoint: Checkpoint) -> Subwords:
    """Open the subword model of a checkpoint with the recipe of its architecture.

    Raises:
        UnsupportedReference: There is no recipe for this kind of model.
        ModelError: The subword model cannot be read, or does not fit the embedding matrix.
    """
    model_type, kind = str(checkpoint.config["model_type"]), checkpoint.subwords.kind
    if model_type in PIECE_RECIPES and kind is SubwordKind.SENTENCEPIECE:
        return _sentence_pieces(checkpoint, PIECE_RECIPES[model_type])
    if model_type in SPECIAL and kind is SubwordKind.TOKENIZER_JSON:
        return _tokenizer_pieces(checkpoint, SPECIAL[model_type])
    raise UnsupportedReference(
        f"model_type {model_type!r} with a {kind.value} subword model",
        f"{', '.join(PIECE_RECIPES)} with a SentencePiece model, or {', '.join(SPECIAL)} with a tokenizer.json",
        "Use a model of one of these kinds",
    )


def _check_size(what: str, pieces: int, shift: int, checkpoint: Checkpoint) -> None:
    rows = checkpoint.tensors[WORDS].shape[0]
    if pieces + shift > rows:
        raise ModelError(
            f"the {what} has {pieces} pieces, the embedding matrix {rows} rows",
            "a row for each piece" + (f" and {shift} more" if shift else ""),
            "The files belong to two different models: fetch them again",
        )
