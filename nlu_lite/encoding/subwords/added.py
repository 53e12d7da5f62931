"""Added tokens: words with their own rows of the embedding matrix, in addition to the trained vocabulary."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from nlu_lite.encoding.subwords.core import EncodedText, SubwordEncoder, TokenIds
from nlu_lite.encoding.subwords.rust import translate_errors
from nlu_lite.errors import ModelError
from nlu_lite.records import AddedToken, Normalization

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

REMEDY = "Save the tokenizer again with transformers"


def select_matchable(tokens: Iterable[AddedToken]) -> list[AddedToken]:
    """Return the tokens that can match in texts. A special token never does: a text that spells it is plain text."""
    return [token for token in tokens if not token.special]


def check_ids(tokens: Sequence[AddedToken], vocabulary: Mapping[str, int]) -> None:
    """Refuse added tokens that contradict the vocabulary or one another.

    Args:
        tokens: The tokens that can match in texts.
        vocabulary: The id of each piece of the model.

    Raises:
        ModelError: A token has the id of another token or piece, or a different id in the vocabulary.
    """
    taken = {number: piece for piece, number in vocabulary.items()} if tokens else {}
    for token in tokens:
        name, number = f"the added token {token.content!r}", vocabulary.get(token.content, token.id)
        if number != token.id:
            raise ModelError(f"{name} has the id {token.id}, in the vocabulary {number}", "one id for a token", REMEDY)
        if taken.setdefault(token.id, token.content) != token.content:
            got = f"{name} has the id {token.id}, which {taken[token.id]!r} has as well"
            raise ModelError(got, "an id of its own for each token", REMEDY)


def format_token(token: AddedToken) -> dict[str, object]:
    """Return a token as a ``tokenizer.json`` lists it."""
    flags = {name: getattr(token, name) for name in ("normalized", "lstrip", "rstrip", "single_word", "special")}
    return {"id": token.id, "content": token.content, **flags}


def check_normalized(tokens: Sequence[AddedToken], tokenizer: Tokenizer) -> None:
    """Refuse added tokens that normalization makes empty or equal, since the match would be arbitrary.

    Raises:
        ModelError: A normalized token is empty or equals another one.
    """
    seen: dict[tuple[bool, str], str] = {}
    normalizer = tokenizer.normalizer
    for token in tokens:
        normal = normalizer.normalize_str(token.content) if token.normalized and normalizer else token.content
        if not normal:
            got = f"normalization leaves nothing of the added token {token.content!r}"
            raise ModelError(got, "a text that is not empty", REMEDY)
        if seen.setdefault((token.normalized, normal), token.content) != token.content:
            other = seen[token.normalized, normal]
            got = f"the added tokens {other!r} and {token.content!r} are both {normal!r} after normalization"
            raise ModelError(got, "tokens that differ after normalization", REMEDY)


def find_file_ids(tokens: Sequence[AddedToken], tokenizer: Tokenizer) -> dict[int, int]:
    """Return the ids in the files by the ids that `tokenizers` assigns, for the tokens whose ids differ.

    `tokenizers` renumbers added tokens consecutively after the vocabulary, whatever ids a file states.
    """
    given = {tokenizer.token_to_id(token.content): token.id for token in tokens}
    return {number: stated for number, stated in given.items() if number is not None and number != stated}


class TextPart(NamedTuple):
    """A part of a text: an added token, or the text between two of them.

    Attributes:
        begin: Offset of its first character.
        end: Offset after its last character.
        id: Id of the added token; None for other text.
    """

    begin: int
    end: int
    id: int | None


class Splitter:
    """Splits texts at added tokens, which `tokenizers` itself finds.

    Args:
        tokens: The tokens, none of them special.
        normalizer: The normalizer of texts and of tokens with the flag `normalized`, as in a ``tokenizer.json``; None
            for no normalization.
    """

    def __init__(self, tokens: Sequence[AddedToken], normalizer: dict[str, Any] | None) -> None:
        self._tokenizer = _build_tokenizer(tokens, normalizer)
        check_normalized(tokens, self._tokenizer)
        self._ids = {self._tokenizer.token_to_id(token.content): token.id for token in tokens}

    def split(self, texts: Sequence[str]) -> list[list[TextPart]]:
        """Return the parts of each text, in order. An empty text has none."""
        with translate_errors("the added tokens cannot be searched for", "a usable normalizer", REMEDY):
            found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [list(self._find_parts(text, one)) for text, one in zip(texts, found, strict=True)]

    def _find_parts(self, text: str, encoding: Encoding) -> Iterator[TextPart]:
        """Yield the added tokens and the text between them, whose edges normalization may have dropped."""
        end = 0
        for number, (begin, stop) in zip(encoding.ids, encoding.offsets, strict=True):
            if number in self._ids:
                if begin > end:
                    yield TextPart(end, begin, None)
                yield TextPart(begin, stop, self._ids[number])
                end = stop
        if len(text) > end:
            yield TextPart(end, len(text), None)


def _build_tokenizer(tokens: Sequence[AddedToken], normalizer: dict[str, Any] | None) -> Tokenizer:
    """Return a tokenizer that knows only the added tokens. All other text is its unknown piece."""
    from tokenizers import Tokenizer

    model = {"type": "WordLevel", "vocab": {"": 0}, "unk_token": ""}
    listed = [format_token(token) for token in tokens]
    parts = {"version": "1.0", "added_tokens": listed, "normalizer": normalizer, "model": model}
    with translate_errors("the added tokens cannot be used", "tokens that `tokenizers` can match", REMEDY):
        return Tokenizer.from_str(json.dumps(parts))


class AddedTokenEncoder:
    """Encodes added tokens as themselves, and the text between them with another encoder."""

    def __init__(self, encoder: SubwordEncoder, splitter: Splitter) -> None:
        self._encoder, self._splitter = encoder, splitter

    def encode(self, tokens: Sequence[str]) -> TokenIds:
        """See `SubwordEncoder`."""
        divided = self._splitter.split(tokens)
        rest = iter(self._encoder.encode(_collect_texts(tokens, divided)).to_lists())
        ids = ((next(rest) if part.id is None else [part.id] for part in parts) for parts in divided)
        return TokenIds.from_lists([list(chain.from_iterable(lists)) for lists in ids])

    def encode_texts(self, texts: Sequence[str]) -> list[EncodedText]:
        """See `SubwordEncoder`."""
        divided = self._splitter.split(texts)
        rest = iter(self._encoder.encode_texts(_collect_texts(texts, divided)))
        return [_join([(part, next(rest) if part.id is None else None) for part in parts]) for parts in divided]


def _collect_texts(texts: Sequence[str], divided: Sequence[Sequence[TextPart]]) -> list[str]:
    pairs = zip(texts, divided, strict=True)
    return [text[part.begin : part.end] for text, parts in pairs for part in parts if part.id is None]


def _join(parts: Iterable[tuple[TextPart, EncodedText | None]]) -> EncodedText:
    """Join the pieces of a text's parts, and shift their spans to the offsets of the text."""
    ids: list[int] = []
    spans: list[tuple[int, int]] = []
    for part, encoded in parts:
        found = EncodedText([part.id or 0], [(0, part.end - part.begin)]) if encoded is None else encoded
        ids += found.ids
        spans += [(begin + part.begin, end + part.begin) for begin, end in found.spans]
    return EncodedText(ids, spans)


def build_sentencepiece_normalizer(normalization: Normalization, charsmap: bytes) -> dict[str, Any] | None:
    """Return the normalizer that transformers passes to `tokenizers` for a SentencePiece model.

    Args:
        normalization: How texts are normalized before SentencePiece reads them.
        charsmap: The model's own compiled character map; empty if it has none.
    """
    quotes = [{"type": "Replace", "pattern": {"String": quote}, "content": '"'} for quote in ("``", "''")]
    steps: list[dict[str, Any]] = []
    if normalization.strip_accents:
        steps += [*quotes, {"type": "NFKD"}, {"type": "StripAccents"}]
    if normalization.lowercase:
        steps.append({"type": "Lowercase"})
    if charsmap:
        steps.append({"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap).decode()})
    return {"type": "Sequence", "normalizers": steps} if steps else None
