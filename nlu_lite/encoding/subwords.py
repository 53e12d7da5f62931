"""A model's own subword model: strings become ids of its vocabulary, by the recipe of its architecture."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from unicodedata import combining, normalize

from nlu_lite.encoding.architectures import WORDS
from nlu_lite.errors import ModelError, UnsupportedReference
from nlu_lite.records import Checkpoint, Spelling, SubwordKind

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor
    from tokenizers import Encoding, Tokenizer

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
        found = (ids for part in _chunks(tokens) for ids in self.encoder.encode(part))
        return [ids or [self.frame.unknown] for ids in found]

    def encode_texts(self, texts: Sequence[str]) -> list[Encoded]:
        """Give the ids of each text, and the characters that they stand for."""
        return [one for part in _chunks(texts) for one in self.encoder.encode_texts(part)]


def _chunks(texts: Sequence[str]) -> Iterator[list[str]]:
    for begin in range(0, len(texts), CHUNK):
        yield [encodable(text) for text in texts[begin : begin + CHUNK]]


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
        names: Of the first, last and padding piece, where the model has them itself; their ids there then count.
        drops_space: Whether a lone ``▁`` is dropped from a token's pieces, so that ``.`` is one: Spark NLP's recipe.
    """

    shift: int
    frame: Frame
    drops_space: bool
    names: tuple[str, ...] = ()


PIECE_RECIPES = {
    # fairseq's vocabularies begin with four or five signs of their own: hence the shift, and the unknown piece 3.
    "xlm-roberta": PieceRecipe(1, Frame(0, 2, 1, 3), drops_space=True),
    # Spark NLP means to drop CamemBERT's lone "▁", but looks for another id: its models have always kept it.
    "camembert": PieceRecipe(4, Frame(5, 6, 1, 3), drops_space=False),
    "albert": PieceRecipe(0, Frame(2, 3, 0, 1), drops_space=True, names=("[CLS]", "[SEP]", "<pad>")),
    "deberta-v2": PieceRecipe(0, Frame(1, 2, 0, 3), drops_space=True, names=("[CLS]", "[SEP]", "[PAD]")),
    # BERT's kin that were distilled from XLM-RoBERTa have its vocabulary, and say nothing of it in their configuration.
    "bert": PieceRecipe(1, Frame(0, 2, 1, 3), drops_space=True),
}
"""By ``model_type``."""


class SentencePieces:
    """A SentencePiece model with its recipe."""

    def __init__(self, processor: SentencePieceProcessor, recipe: PieceRecipe, spelling: Spelling) -> None:
        self._processor, self._recipe, self._spelling = processor, recipe, spelling
        self._unknown = processor.unk_id()
        space = processor.piece_to_id("▁")
        self._dropped = space if recipe.drops_space and space != self._unknown else None

    def encode(self, tokens: Sequence[str]) -> list[list[int]]:
        """See `SubwordEncoder`."""
        spelt = ["".join(self._signs(token)) for token in tokens]
        dropped, encoded = self._dropped, self._processor.encode(spelt, num_threads=1)
        return [self._ids([i for i in ids if i != dropped]) for ids in encoded]

    def encode_texts(self, texts: Sequence[str]) -> list[Encoded]:
        """See `SubwordEncoder`."""
        signs = [self._signs(text) for text in texts]
        spelt = ["".join(one) for one in signs]
        encoded = self._processor.encode(spelt, return_type="offset_mapping", num_threads=1)
        return [
            Encoded(self._ids(one["ids"]), one["offsets"] if isinstance(of, str) else _moved(one["offsets"], of))
            for one, of in zip(encoded, signs, strict=True)
        ]

    def _signs(self, text: str) -> str | list[str]:
        """Give what becomes of each character; the text itself where nothing is to be changed."""
        return text if self._spelling == Spelling() else respelt(text, self._spelling)

    def _ids(self, ids: list[int]) -> list[int]:
        shift, frame = self._recipe.shift, self._recipe.frame
        return [frame.unknown if i == self._unknown else i + shift for i in ids]


def respelt(text: str, spelling: Spelling) -> list[str]:
    """Give what becomes of each character of a text; of two quotes that become one, the second becomes nothing.

    Example:
        >>> respelt("Né ''", Spelling(small_letters=True, plain_signs=True))
        ['n', 'e', ' ', '"', '']
    """
    signs: Iterable[str] = text
    if spelling.plain_signs:  # https://github.com/google-research/albert/blob/master/tokenization.py, preprocess_text
        quoted = (('"', "") if len(sign) == 2 else (sign,) for sign in _SIGN.findall(text))
        signs = map(_without_accents, chain.from_iterable(quoted))
    return [sign.lower() if spelling.small_letters else sign for sign in signs]


_SIGN = re.compile("``|''|.", re.DOTALL)


def _without_accents(sign: str) -> str:
    return "".join(part for part in normalize("NFKD", sign) if not combining(part))


def _moved(spans: list[tuple[int, int]], signs: list[str]) -> list[tuple[int, int]]:
    """Give spans of a text that was spelt otherwise as spans of the text itself."""
    place = [number for number, sign in enumerate(signs) for _ in sign] + [len(signs)]
    return [(place[begin], place[end - 1] + 1 if begin < end else place[begin]) for begin, end in spans]


def _sentence_pieces(checkpoint: Checkpoint, recipe: PieceRecipe) -> Subwords:
    processor, spelling = _processor(checkpoint.subwords.data), checkpoint.subwords.spelling
    _check_size("SentencePiece model", processor.get_piece_size(), recipe.shift, checkpoint)
    frame = _frame(processor, recipe)
    pad = checkpoint.config.get("pad_token_id", frame.pad)
    if pad != frame.pad and checkpoint.config["model_type"] != "bert":
        got = f"the configuration has pad_token_id={pad!r}"
        raise ModelError(got, f"{frame.pad}, as its SentencePiece model has it", "Fetch the files again")
    return Subwords(SentencePieces(processor, replace(recipe, frame=frame), spelling), frame)


def _frame(processor: SentencePieceProcessor, recipe: PieceRecipe) -> Frame:
    """Give the ids around and between pieces: the model's own where it has such pieces, else those of the recipe."""
    if recipe.shift:
        return recipe.frame
    unknown, usual = processor.unk_id(), (recipe.frame.first, recipe.frame.last, recipe.frame.pad)
    found = map(processor.piece_to_id, recipe.names)
    first, last, pad = (its if own == unknown else own for own, its in zip(found, usual, strict=True))
    return Frame(first, last, pad, unknown)


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


# --- tokenizer.json: WordPiece, byte-level BPE and unigrams -----------------------------------------------------------

Names = tuple[str, str, str, str]
"""Of the first, last, padding and unknown piece."""

BERT_NAMES = ("[CLS]", "[SEP]", "[PAD]", "[UNK]")
FAIRSEQ_NAMES = ("<s>", "</s>", "<pad>", "<unk>")
SPECIAL: dict[str, tuple[Names, ...]] = {
    "albert": (("[CLS]", "[SEP]", "<pad>", "<unk>"),),
    "bert": (BERT_NAMES, FAIRSEQ_NAMES),  # BERT's kin that were distilled from XLM-RoBERTa
    "camembert": (FAIRSEQ_NAMES,),
    "deberta-v2": (BERT_NAMES,),
    "distilbert": (BERT_NAMES,),
    "electra": (BERT_NAMES,),
    "mpnet": (("<s>", "</s>", "<pad>", "[UNK]"),),
    "roberta": (FAIRSEQ_NAMES,),
    "xlm-roberta": (FAIRSEQ_NAMES,),
}
"""What the pieces are called, by ``model_type``; the first whose names are all in the vocabulary count."""


class TokenizerPieces:
    """A tokenizer of Hugging Face `tokenizers`, without special tokens: a text that spells ``[SEP]`` is text.

    Args:
        tokenizer: The tokenizer.
        before: What is put before a token that is encoded by itself.
        space: Id of the lone ``▁`` of a unigram model.
        dropped: The same, where that is dropped from a token's pieces (see `PieceRecipe`).
    """

    def __init__(self, tokenizer: Tokenizer, before: str, space: int | None, dropped: int | None) -> None:
        self._tokenizer, self._before, self._space, self._dropped = tokenizer, before, space, dropped

    def encode(self, tokens: Sequence[str]) -> list[list[int]]:
        """See `SubwordEncoder`."""
        apart = [self._before + token for token in tokens]
        encoded = self._tokenizer.encode_batch_fast(apart, add_special_tokens=False)
        return [[i for i in one.ids if i != self._dropped] for one in encoded]

    def encode_texts(self, texts: Sequence[str]) -> list[Encoded]:
        """See `SubwordEncoder`."""
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [Encoded(one.ids, self._spans(one)) for one in encoded]

    def _spans(self, encoded: Encoding) -> list[tuple[int, int]]:
        """Give the characters of each piece; none for a lone ``▁``, to which `tokenizers` gives its neighbour's."""
        if self._space is None:
            return encoded.offsets
        pairs = zip(encoded.ids, encoded.offsets, strict=True)
        return [(begin, begin if number == self._space else end) for number, (begin, end) in pairs]


BEFORE = {"roberta": " "}
"""What a token has before it inside a text, by ``model_type``: byte-level BPE counts the space to the word."""


def _tokenizer_pieces(checkpoint: Checkpoint, known: tuple[Names, ...]) -> Subwords:
    parts, special = _parts(checkpoint.subwords.data)
    tokenizer, around = _opened(parts | {"post_processor": None}), _around(parts)
    _check_ids(tokenizer, parts["added_tokens"])
    vocabulary = tokenizer.get_vocab()
    frame = _named(vocabulary | special, known)
    if around:
        frame = replace(frame, first=around[0], last=around[1])
    used = max(*vocabulary.values(), frame.first, frame.last, frame.pad, frame.unknown)
    _check_size("vocabulary", used + 1, 0, checkpoint)  # a special piece that no text has needs no row
    model_type = str(checkpoint.config["model_type"])
    drops_space = model_type in PIECE_RECIPES and PIECE_RECIPES[model_type].drops_space
    space = vocabulary.get("▁") if isinstance(parts["model"]["vocab"], list) else None
    pieces = TokenizerPieces(tokenizer, BEFORE.get(model_type, ""), space, space if drops_space else None)
    return Subwords(pieces, frame)


def _named(vocabulary: Mapping[str, int], known: tuple[Names, ...]) -> Frame:
    for names in known:
        if all(name in vocabulary for name in names):
            return Frame(*(vocabulary[name] for name in names))
    missing = [name for name in known[0] if name not in vocabulary]
    raise ModelError(f"the vocabulary has no piece {missing[0]!r}", ", ".join(known[0]), "Fetch the files again")


def _parts(data: bytes) -> tuple[dict[str, Any], dict[str, int]]:
    """Parse a ``tokenizer.json`` so that a text that spells a special token is text; give these tokens' ids too."""
    try:
        parts = json.loads(data)
        added = parts.get("added_tokens") or []
        special = {token["content"]: int(token["id"]) for token in added if token["special"]}
        plain = {
            "added_tokens": [token for token in added if not token["special"]],
            "model": _without(special, parts["model"]),
        }
        return parts | plain | {"truncation": None, "padding": None}, special
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise _unreadable(error) from error


def _without(special: Mapping[str, int], model: dict[str, Any]) -> dict[str, Any]:
    """Keep the special pieces of a unigram model from being found in texts, as SentencePiece does.

    They get a space in front: every space has become ``▁`` when the model sees a text.
    """
    if not isinstance(model["vocab"], list):
        return model
    hidden = {*special, model["vocab"][model["unk_id"]][0]}
    return model | {"vocab": [[f" {piece}" if piece in hidden else piece, score] for piece, score in model["vocab"]]}


def _around(parts: dict[str, Any]) -> list[int]:
    """Give the ids that the file itself puts before and after a text; none where it puts none."""
    bare = dict.fromkeys(("normalizer", "pre_tokenizer", "decoder")) | {"added_tokens": []}
    model = {"type": "WordLevel", "vocab": {"": 0}, "unk_token": ""}
    ids: list[int] = _opened(parts | bare | {"model": model}).encode("").ids
    if len(ids) not in (0, 2):
        got = f"the tokenizer puts {len(ids)} pieces around a text"
        raise UnsupportedReference(got, "one before and one after it", "Use a model of another kind")
    return ids


def _opened(parts: dict[str, Any]) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_str(json.dumps(parts))
    except Exception as error:  # `tokenizers` raises no other class
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> ModelError:
    return ModelError(f"the tokenizer cannot be read ({error})", "a tokenizer.json", "Fetch it again")


def _check_ids(tokenizer: Tokenizer, added: list[dict[str, object]]) -> None:
    """Refuse a tokenizer that numbers its added tokens anew where special ones before them are left out."""
    for token in added:
        number = tokenizer.token_to_id(str(token["content"]))
        if number != token["id"]:
            raise ModelError(
                f"the tokenizer adds {token['content']!r} with the id {token['id']}, which would become {number}",
                "added tokens that are no special ones to have ids before those of special ones",
                "Use a model whose added tokens are part of its vocabulary",
            )


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
