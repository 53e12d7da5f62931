"""Subword models of Hugging Face `tokenizers`: WordPiece, byte-level BPE and unigrams in a ``tokenizer.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlu_lite.encoding.subwords.added import check_ids, check_normalized, declared, matchable, renumbering
from nlu_lite.encoding.subwords.core import Encoded, Frame, Subwords
from nlu_lite.encoding.subwords.framing import SPECIAL, find_frame
from nlu_lite.encoding.subwords.inspection import REMEDY, check_components, refused, shown
from nlu_lite.encoding.subwords.rows import check_added, check_rows, warn_of_unused_rows
from nlu_lite.encoding.subwords.rust import contained
from nlu_lite.encoding.subwords.vocabularies import parse_model
from nlu_lite.errors import ModelError
from nlu_lite.records import AddedToken, Checkpoint

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

HIDDEN = "\uffff\ufffe"
"""Put before special pieces of a vocabulary, so that no text has them: two code points that are no characters."""


@dataclass(frozen=True)
class Habits:
    """How an architecture's models see a token that is encoded by itself.

    Attributes:
        before: What is put before it: byte-level BPE counts the space before a word to the word.
        drops_space: Whether a lone ``▁`` is dropped from its pieces: Spark NLP's recipe.
    """

    before: str = ""
    drops_space: bool = False


@dataclass(frozen=True)
class Ids:
    """Ids of pieces that are treated in a way of their own.

    Attributes:
        space: The lone ``▁`` of a unigram model.
        dropped: The same, where that is dropped from a token's pieces.
        lone: What `Habits.before` becomes where an added token follows, which keeps the space to itself.
        added: The added tokens.
        renumbered: The ids that the files state, by those that `tokenizers` gives, where they differ.
    """

    space: int | None
    dropped: int | None
    lone: int | None
    added: frozenset[int]
    renumbered: Mapping[int, int]


class TokenizerPieces:
    """A tokenizer of Hugging Face `tokenizers`, without special tokens: a text that spells ``[SEP]`` is text.

    Args:
        tokenizer: The tokenizer.
        before: What is put before a token that is encoded by itself.
        ids: Ids of pieces that are treated in a way of their own.
    """

    def __init__(self, tokenizer: Tokenizer, before: str, ids: Ids) -> None:
        self._tokenizer, self._before, self._special = tokenizer, before, ids

    def encode(self, tokens: Sequence[str]) -> list[list[int]]:
        """See `SubwordEncoder`."""
        apart = [self._before + token for token in tokens]
        with _encoding():
            encoded = self._tokenizer.encode_batch_fast(apart, add_special_tokens=False)
        dropped = self._special.dropped
        return [[i for i in self._word(self._stated(one.ids)) if i != dropped] for one in encoded]

    def encode_texts(self, texts: Sequence[str]) -> list[Encoded]:
        """See `SubwordEncoder`."""
        with _encoding():
            encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [Encoded(self._stated(one.ids), self._spans(one)) for one in encoded]

    def _stated(self, ids: list[int]) -> list[int]:
        renumbered = self._special.renumbered
        return [renumbered.get(i, i) for i in ids] if renumbered else ids

    def _word(self, ids: list[int]) -> list[int]:
        """Drop the space that was put before an added token."""
        is_lone = len(ids) > 1 and ids[0] == self._special.lone and ids[1] in self._special.added
        return ids[1:] if is_lone else ids

    def _spans(self, encoded: Encoding) -> list[tuple[int, int]]:
        """Give the characters of each piece; none for a lone ``▁``, to which `tokenizers` gives its neighbour's."""
        space = self._special.space
        if space is None:
            return encoded.offsets
        pairs = zip(encoded.ids, encoded.offsets, strict=True)
        return [(begin, begin if number == space else end) for number, (begin, end) in pairs]


def _encoding() -> Any:
    return contained("the tokenizer cannot encode a text", "a usable tokenizer.json", REMEDY)


def open_tokenizer(checkpoint: Checkpoint, habits: Habits) -> Subwords:
    """Open the ``tokenizer.json`` of a checkpoint.

    Raises:
        ModelError: It cannot be read, or does not fit the embedding matrix.
        UnsupportedReference: It puts other than one piece before and one after a text.
    """
    parts = _parse(checkpoint.subwords.data)
    check_components(parts)
    (model, vocabulary), added = parse_model(parts.get("model")), _parse_added(parts)
    special = {token.content: token.id for token in added if token.special}
    frame = find_frame(vocabulary | special, SPECIAL[str(checkpoint.config["model_type"])], parts.get("post_processor"))
    _check_rows(vocabulary, frame, added, checkpoint)
    tokens = matchable(added)
    tokenizer = _opened(parts, _hiding({*special, *_names(frame, vocabulary)}, model), tokens)
    ids = _ids(tokenizer, tokens, vocabulary, habits, isinstance(model["vocab"], list))
    return Subwords(TokenizerPieces(tokenizer, habits.before, ids), frame)


def _parse(data: bytes) -> dict[str, Any]:
    try:
        parts = json.loads(data)
    except (ValueError, RecursionError, MemoryError) as error:
        raise ModelError(f"the tokenizer cannot be read ({error})", "a tokenizer.json", REMEDY) from error
    if not isinstance(parts, dict):
        raise ModelError(f"the tokenizer cannot be read: it is a {type(parts).__name__}", "a tokenizer.json", REMEDY)
    return parts


FLAGS = ("normalized", "lstrip", "rstrip", "single_word", "special")


def _parse_added(parts: Mapping[str, Any]) -> list[AddedToken]:
    listed = parts.get("added_tokens") or []
    if not isinstance(listed, list):
        raise refused("added_tokens", f"are a {type(listed).__name__}", "a list")
    return [_parse_token(value) for value in listed]


def _parse_token(value: Any) -> AddedToken:
    match value:
        case {"id": int(number), "content": str(content)} if 0 <= number < 1 << 31 and 0 < len(content) <= 1000:
            flags = {name: value[name] for name in FLAGS if name in value}
            if all(isinstance(flag, bool) for flag in flags.values()):
                return AddedToken(content, int(number), **flags)
    raise refused("added_tokens", f"have {shown(value)}", "an id, a content, and true or false for each flag")


def _check_rows(
    vocabulary: Mapping[str, int], frame: Frame, added: Sequence[AddedToken], checkpoint: Checkpoint
) -> None:
    known = 1 + max(max(vocabulary.values()), frame.first, frame.last, frame.pad, frame.unknown)
    check_rows("vocabulary", known, checkpoint)  # a special piece that no text has needs no row
    check_added(matchable(added), checkpoint)
    check_ids(matchable(added), vocabulary)
    warn_of_unused_rows(max([known, *(token.id + 1 for token in added)]), checkpoint)


def _names(frame: Frame, vocabulary: Mapping[str, int]) -> set[str]:
    ids = {frame.first, frame.last, frame.pad, frame.unknown}
    return {piece for piece, number in vocabulary.items() if number in ids}


def _hiding(special: set[str], model: dict[str, Any]) -> dict[str, Any]:
    """Keep the special pieces of a model from being found in texts, as SentencePiece does: rename them."""
    if isinstance(model["vocab"], list):
        hidden = {*special, model["vocab"][model["unk_id"]][0]}
        return model | {"vocab": [[_renamed(piece, hidden), score] for piece, score in model["vocab"]]}
    merged = {piece for merge in model.get("merges", ()) for piece in (*merge, "".join(merge))}
    hidden = {*special, model.get("unk_token")} - merged
    unknown = {"unk_token": _renamed(model["unk_token"], hidden)} if model.get("unk_token") is not None else {}
    return model | unknown | {"vocab": {_renamed(piece, hidden): number for piece, number in model["vocab"].items()}}


def _renamed(piece: str, hidden: set[str | None]) -> str:
    return HIDDEN + piece if piece in hidden else piece


def _opened(parts: Mapping[str, Any], model: dict[str, Any], tokens: Sequence[AddedToken]) -> Tokenizer:
    """Hand over what has been looked through, and nothing else."""
    from tokenizers import Tokenizer

    checked = {
        "version": parts.get("version", "1.0"),
        "added_tokens": [declared(token) for token in tokens],
        "normalizer": parts.get("normalizer"),
        "pre_tokenizer": parts.get("pre_tokenizer"),
        "model": model,
    }
    with contained("the tokenizer cannot be read", "a tokenizer.json", REMEDY):
        tokenizer = Tokenizer.from_str(json.dumps(checked))
        check_normalized(tokens, tokenizer)
        return tokenizer


def _ids(
    tokenizer: Tokenizer, tokens: Sequence[AddedToken], vocabulary: Mapping[str, int], habits: Habits, is_unigram: bool
) -> Ids:
    space = vocabulary.get("▁") if is_unigram else None
    return Ids(
        space,
        dropped=space if habits.drops_space else None,
        lone=vocabulary.get("Ġ") if habits.before else None,
        added=frozenset(token.id for token in tokens),
        renumbered=renumbering(tokens, tokenizer),
    )
