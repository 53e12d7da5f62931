"""Subword models in a ``tokenizer.json`` of Hugging Face `tokenizers`: WordPiece, byte-level BPE and Unigram."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlu_lite.encoding.subwords.added import check_ids, check_normalized, find_file_ids, format_token, select_matchable
from nlu_lite.encoding.subwords.core import EncodedText, SpecialTokens, Subwords, TokenIds
from nlu_lite.encoding.subwords.inspection import REMEDY, check_components, component_error, shorten
from nlu_lite.encoding.subwords.rows import check_added, check_rows, warn_of_unused_rows
from nlu_lite.encoding.subwords.rust import translate_errors
from nlu_lite.encoding.subwords.special_tokens import SPECIAL_TOKEN_NAMES, find_special_tokens
from nlu_lite.encoding.subwords.vocabularies import parse_model
from nlu_lite.errors import ModelError
from nlu_lite.records import AddedToken, Checkpoint

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

HIDDEN = "\uffff\ufffe"
"""Prefix of the special pieces of a vocabulary, so that no text contains them: two code points without characters."""


@dataclass(frozen=True)
class WordEncoding:
    """How an architecture's models encode a token separately.

    Attributes:
        prefix: Text before the token: byte-level BPE treats the space before a word as part of the word.
        drops_space: Whether a lone ``▁`` is dropped from its pieces, as in Spark NLP.
    """

    prefix: str = ""
    drops_space: bool = False


@dataclass(frozen=True)
class PieceHandling:
    """Ids of pieces that need special handling.

    Attributes:
        space: The lone ``▁`` of a Unigram model.
        dropped: The same, if it is dropped from a token's pieces.
        lone: The piece that `WordEncoding.prefix` becomes if an added token follows it.
        added: The added tokens.
        renumbered: The ids in the files by the ids that `tokenizers` assigns, if they differ.
    """

    space: int | None
    dropped: int | None
    lone: int | None
    added: frozenset[int]
    renumbered: Mapping[int, int]


class TokenizerEncoder:
    """Encodes strings with Hugging Face `tokenizers`, without special tokens: a text that spells ``[SEP]`` is text.

    Args:
        tokenizer: The tokenizer.
        prefix: Text before a token that is encoded separately.
        handling: The ids of pieces that need special handling.
    """

    def __init__(self, tokenizer: Tokenizer, prefix: str, handling: PieceHandling) -> None:
        self._tokenizer, self._prefix, self._handling = tokenizer, prefix, handling

    def encode(self, tokens: Sequence[str]) -> TokenIds:
        """See `SubwordEncoder`."""
        words = [self._prefix + token for token in tokens]
        with _translate_encoding_errors():
            encoded = self._tokenizer.encode_batch_fast(words, add_special_tokens=False)
        found = TokenIds.from_lists([self._drop_lone_prefix(self._restore_ids(one.ids)) for one in encoded])
        return found if self._handling.dropped is None else found.drop(self._handling.dropped)

    def encode_texts(self, texts: Sequence[str]) -> list[EncodedText]:
        """See `SubwordEncoder`."""
        with _translate_encoding_errors():
            encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [EncodedText(self._restore_ids(one.ids), self._find_spans(one)) for one in encoded]

    def _restore_ids(self, ids: list[int]) -> list[int]:
        renumbered = self._handling.renumbered
        return [renumbered.get(i, i) for i in ids] if renumbered else ids

    def _drop_lone_prefix(self, ids: list[int]) -> list[int]:
        """Drop the piece of the prefix if an added token follows it."""
        is_lone = len(ids) > 1 and ids[0] == self._handling.lone and ids[1] in self._handling.added
        return ids[1:] if is_lone else ids

    def _find_spans(self, encoded: Encoding) -> list[tuple[int, int]]:
        """Return the span of each piece. A lone ``▁`` gets none, since `tokenizers` assigns it the next character."""
        space = self._handling.space
        if space is None:
            return encoded.offsets
        pairs = zip(encoded.ids, encoded.offsets, strict=True)
        return [(begin, begin if number == space else end) for number, (begin, end) in pairs]


def _translate_encoding_errors() -> Any:
    return translate_errors("the tokenizer cannot encode a text", "a usable tokenizer.json", REMEDY)


def open_tokenizer(checkpoint: Checkpoint, words: WordEncoding) -> Subwords:
    """Open the ``tokenizer.json`` of a checkpoint.

    Raises:
        ModelError: It cannot be read, or does not match the embedding matrix.
        UnsupportedReference: It does not add exactly one piece before and one after a text.
    """
    parts = _parse(checkpoint.subwords.data)
    check_components(parts)
    (model, vocabulary), added = parse_model(parts.get("model")), _parse_added(parts)
    special = {token.content: token.id for token in added if token.special}
    names = SPECIAL_TOKEN_NAMES[str(checkpoint.config["model_type"])]
    special_tokens = find_special_tokens(vocabulary | special, names, parts.get("post_processor"))
    _check_rows(vocabulary, special_tokens, added, checkpoint)
    tokens = select_matchable(added)
    hidden = {*special, *_find_special_pieces(special_tokens, vocabulary)}
    tokenizer = _build_tokenizer(parts, _hide_special_pieces(hidden, model), tokens)
    handling = _find_handling(tokenizer, tokens, vocabulary, words, isinstance(model["vocab"], list))
    return Subwords(TokenizerEncoder(tokenizer, words.prefix, handling), special_tokens)


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
        raise component_error("added_tokens", f"are a {type(listed).__name__}", "a list")
    return [_parse_token(value) for value in listed]


def _parse_token(value: Any) -> AddedToken:
    match value:
        case {"id": int(number), "content": str(content)} if 0 <= number < 1 << 31 and 0 < len(content) <= 1000:
            flags = {name: value[name] for name in FLAGS if name in value}
            if all(isinstance(flag, bool) for flag in flags.values()):
                return AddedToken(content, int(number), **flags)
    raise component_error("added_tokens", f"have {shorten(value)}", "an id, a content, and true or false for each flag")


def _check_rows(
    vocabulary: Mapping[str, int], special_tokens: SpecialTokens, added: Sequence[AddedToken], checkpoint: Checkpoint
) -> None:
    known = 1 + max(*vocabulary.values(), *special_tokens.ids)
    check_rows("vocabulary", known, checkpoint)  # a special piece that matches no text needs no row
    check_added(select_matchable(added), checkpoint)
    check_ids(select_matchable(added), vocabulary)
    warn_of_unused_rows(max([known, *(token.id + 1 for token in added)]), checkpoint)


def _find_special_pieces(special_tokens: SpecialTokens, vocabulary: Mapping[str, int]) -> set[str]:
    ids = special_tokens.ids
    return {piece for piece, number in vocabulary.items() if number in ids}


def _hide_special_pieces(special: set[str], model: dict[str, Any]) -> dict[str, Any]:
    """Rename the special pieces of a model, so that they never match in texts. SentencePiece does the same."""
    if isinstance(model["vocab"], list):
        hidden = {*special, model["vocab"][model["unk_id"]][0]}
        return model | {"vocab": [[_rename(piece, hidden), score] for piece, score in model["vocab"]]}
    merged = {piece for merge in model.get("merges", ()) for piece in (*merge, "".join(merge))}
    hidden = {*special, model.get("unk_token")} - merged
    unknown = {"unk_token": _rename(model["unk_token"], hidden)} if model.get("unk_token") is not None else {}
    return model | unknown | {"vocab": {_rename(piece, hidden): number for piece, number in model["vocab"].items()}}


def _rename(piece: str, hidden: set[str | None]) -> str:
    return HIDDEN + piece if piece in hidden else piece


def _build_tokenizer(parts: Mapping[str, Any], model: dict[str, Any], tokens: Sequence[AddedToken]) -> Tokenizer:
    """Build the tokenizer from the inspected components only."""
    from tokenizers import Tokenizer

    checked = {
        "version": parts.get("version", "1.0"),
        "added_tokens": [format_token(token) for token in tokens],
        "normalizer": parts.get("normalizer"),
        "pre_tokenizer": parts.get("pre_tokenizer"),
        "model": model,
    }
    with translate_errors("the tokenizer cannot be read", "a tokenizer.json", REMEDY):
        tokenizer = Tokenizer.from_str(json.dumps(checked))
        check_normalized(tokens, tokenizer)
        return tokenizer


def _find_handling(
    tokenizer: Tokenizer,
    tokens: Sequence[AddedToken],
    vocabulary: Mapping[str, int],
    words: WordEncoding,
    is_unigram: bool,
) -> PieceHandling:
    space = vocabulary.get("▁") if is_unigram else None
    return PieceHandling(
        space,
        dropped=space if words.drops_space else None,
        lone=vocabulary.get("Ġ") if words.prefix else None,
        added=frozenset(token.id for token in tokens),
        renumbered=find_file_ids(tokens, tokenizer),
    )
