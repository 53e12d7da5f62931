"""The recipe for the pieces of tokens of each kind of model, and each defect of Spark NLP 3.4.4.

`Recipe.pieces` is what is right: every token is encoded by itself, whole. A `Defect` turns on one thing that Spark NLP
does otherwise; with all defects of a kind turned on, the recipe gives Spark NLP's own pieces, mask and tokens.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

LONGEST = 128


class Defect(Enum):
    """The defects of Spark NLP 3.4.4."""

    SURROGATES = "characters beyond U+FFFF reach SentencePiece as two surrogates, which no vocabulary has"
    UNKNOWN_IS_HIDDEN = "the unknown piece has the id of padding, and is masked out"
    NO_CLS = "[CLS], [SEP] and [pad] are looked up in a SentencePiece model that lacks them: all are the unknown piece"
    OFFSET_TWICE = "CamemBERT's offset 4 is added twice to the id of the piece to drop, so that '▁a' is dropped instead"
    FIRST_PART = "of a token that the basic tokenizer splits, only the first part is encoded"
    ACCENTS = "accents are stripped from cased models too, and Hangul falls apart into its letters"
    FORMAT_CHARACTERS = "format characters are left in, control characters split a token"
    PUNCTUATION = "punctuation is what has PUNCTUATION in its Unicode name, not what is of that category"
    BYTES = "byte-level BPE takes UTF-16 units for bytes: above U+00FF the token is unknown, below it a byte is missing"
    SPACE_AFTERWARDS = "pieces are merged without the space before the word, which is put before the first piece after"
    SPECIAL_TEXT = "text that spells a special token becomes that token"
    NO_PIECE = "a token without pieces is dropped"
    CUT = "what lies beyond 126 pieces is dropped, and the 127th piece has the vector of the end"
    STRAY = "a token without characters gives a lone space piece, whose vector goes to the document's first token"
    FIRST_IS_HIDDEN = "the mask hides id 0, which is <s>, and shows padding"


@dataclass(frozen=True)
class Pieces:
    """Pieces of a token. `owner` is the token that gets the vector of the first piece; None if it is lost."""

    ids: list[int]
    owner: int | None


@dataclass(frozen=True)
class Sequence:
    """The input of the model: ids, mask, and the position of the vector of each token that has one."""

    ids: list[int]
    mask: list[int]
    places: dict[int, int]


def build(first: int, last: int, tokens: Iterable[Pieces], hidden: Collection[int], cut: bool) -> Sequence:
    """Concatenate pieces between the first and the last special token."""
    flat: list[int] = []
    places: dict[int, int] = {}
    for token in tokens:
        if token.ids and token.owner is not None and len(flat) < (127 if cut else len(flat) + 1):
            places[token.owner] = len(flat) + 1
        flat += token.ids
    ids = [first, *(flat[: LONGEST - 2] if cut else flat), last]
    return Sequence(ids, [int(i not in hidden) for i in ids], places)


def java_utf8(text: str) -> str:
    """Replace each surrogate by a character that no vocabulary has: SentencePiece cannot read Java's encoding of it."""
    return "".join("\ue000\ue000" if ord(c) > 0xFFFF else c for c in text)


class SentencePieceRecipe:
    """XLM-RoBERTa, CamemBERT, ALBERT.

    ids: XLM-R SentencePiece's plus 1, CamemBERT's plus 4, ALBERT's own; unknown is 3 with the first two. A lone `▁` is
    dropped from XLM-R's and ALBERT's pieces. CamemBERT's keep it: Spark NLP means to drop it, but never does.
    """

    def __init__(self, checkpoint):
        from sentencepiece import SentencePieceProcessor

        self.model = SentencePieceProcessor(model_proto=checkpoint.subwords.data)
        self.kind = checkpoint.config["model_type"]
        self.offset = {"xlm-roberta": 1, "camembert": 4, "albert": 0}[self.kind]
        self.frame = checkpoint.config["bos_token_id"], checkpoint.config["eos_token_id"]

    def defects(self):
        own = {"xlm-roberta": {Defect.UNKNOWN_IS_HIDDEN}, "camembert": {Defect.UNKNOWN_IS_HIDDEN, Defect.OFFSET_TWICE}}
        common = {Defect.SURROGATES, Defect.NO_PIECE, Defect.CUT}
        return common | own.get(self.kind, {Defect.NO_CLS})

    def sequence(self, tokens, begins, defects):
        tokens = tokens[: LONGEST - 2] if Defect.CUT in defects else tokens
        unknown = self.model.unk_id()
        first, last = (unknown, unknown) if Defect.NO_CLS in defects else self.frame
        hidden = {unknown} if Defect.NO_CLS in defects else set()
        if Defect.UNKNOWN_IS_HIDDEN in defects:
            hidden = {unknown + self.offset}
        pieces = [Pieces(self.pieces(token, defects), n) for n, token in enumerate(tokens)]
        return build(first, last, pieces, hidden, Defect.CUT in defects)

    def sentence(self, text, defects):
        """Return the pieces of a sentence that is encoded as a whole; XLM-R's also drops each lone `▁`."""
        return [self.frame[0], *self.pieces(text, defects)[: LONGEST - 2], self.frame[1]]

    def pieces(self, token, defects):
        text = java_utf8(token) if Defect.SURROGATES in defects else token
        unknown = self.model.unk_id()
        dropped = {"camembert": None}.get(self.kind, self.model.piece_to_id("▁"))
        if Defect.OFFSET_TWICE in defects:
            dropped = self.model.piece_to_id("▁") + self.offset
        ids = [i for i in self.model.encode(text) if i != dropped]
        right = 3 if self.offset else unknown
        found = [right if i == unknown else i + self.offset for i in ids]
        if Defect.UNKNOWN_IS_HIDDEN in defects:
            found = [i + self.offset for i in ids]
        return found if found or Defect.NO_PIECE in defects else [right]


class TokenizerRecipe:
    """The base of the kinds with a tokenizer JSON."""

    first, last, unknown = "", "", ""

    def __init__(self, checkpoint):
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_str(checkpoint.subwords.data.decode())
        self.vocabulary = self.tokenizer.get_vocab()
        self.model = json.loads(checkpoint.subwords.data)["model"]

    def sequence(self, tokens, begins, defects):
        pieces = list(self.all_pieces(tokens, begins, defects))
        frame = self.vocabulary[self.first], self.vocabulary[self.last]
        hidden = {self.vocabulary["<pad>"]} if Defect.SPECIAL_TEXT in defects else set()
        return build(*frame, pieces, hidden, Defect.CUT in defects)

    def all_pieces(self, tokens, begins, defects):
        for number, token in enumerate(tokens):
            ids = self.pieces(token, defects)
            yield Pieces(ids or ([] if Defect.NO_PIECE in defects else [self.vocabulary[self.unknown]]), number)


class WordPieceRecipe(TokenizerRecipe):
    """BERT and DistilBERT: the tokenizer JSON encodes each token separately."""

    first, last, unknown = "[CLS]", "[SEP]", "[UNK]"

    def defects(self):
        own = {Defect.FIRST_PART, Defect.ACCENTS, Defect.FORMAT_CHARACTERS, Defect.PUNCTUATION}
        return own | {Defect.NO_PIECE, Defect.CUT}

    def pieces(self, token, defects):
        if not set(defects) & {Defect.ACCENTS, Defect.FIRST_PART, Defect.FORMAT_CHARACTERS, Defect.PUNCTUATION}:
            return self.tokenizer.encode(token, add_special_tokens=False).ids
        words = basic(token, defects)
        return [i for word in (words[:1] if Defect.FIRST_PART in defects else words) for i in self.word(word)]

    def sentence(self, text, defects):
        """Return the pieces of a sentence that is encoded as a whole."""
        ids = self.pieces(text, defects - {Defect.FIRST_PART})[: LONGEST - 2]
        return [self.vocabulary[self.first], *ids, self.vocabulary[self.last]]

    def word(self, word):
        """Return the longest piece at the beginning of the word, then of the rest, or else the unknown piece."""
        ids, begin, end = [], 0, len(word)
        while begin < len(word):
            piece = ("##" if begin else "") + word[begin:end]
            if piece in self.vocabulary:
                ids.append(self.vocabulary[piece])
                begin, end = end, len(word)
            elif (end := end - 1) == begin:
                return [self.vocabulary[self.unknown]]
        return ids if len(word) <= 200 else [self.vocabulary[self.unknown]]


def basic(token, defects):
    """Split a token as BERT's BasicTokenizer does, with those defects of Spark NLP that are in `defects`."""
    words, word = [], ""
    for character in token:
        apart = is_punctuation(character, defects) or is_chinese(character)
        filtered = is_filtered(character, defects)
        if apart or character.isspace() or (filtered and Defect.FORMAT_CHARACTERS in defects):
            words += [word, character if apart else ""]
            word = ""
        elif not filtered:
            word += character
    words = [strip_accents(w) if Defect.ACCENTS in defects else w for w in [*words, word]]
    return [w for w in words if w]


def is_filtered(character, defects):
    category = unicodedata.category(character)
    return (
        character in "\0\ufffd" or category == "Cc" or (category[0] == "C" and Defect.FORMAT_CHARACTERS not in defects)
    )


def is_punctuation(character, defects):
    if character.isascii() and character.isprintable() and not character.isalnum() and character != " ":
        return True
    if Defect.PUNCTUATION in defects:
        return ord(character) < 0x10000 and "PUNCTUATION" in unicodedata.name(character, "")
    return unicodedata.category(character).startswith("P")


def is_chinese(character):
    return any(a <= ord(character) <= b for a, b in ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0xF900, 0xFAFF)))


def strip_accents(text):
    return "".join(c for c in unicodedata.normalize("NFD", text) if not 0x300 <= ord(c) <= 0x36F)


class ByteLevelRecipe(TokenizerRecipe):
    """RoBERTa: byte-level BPE encodes each token separately, with a space before it."""

    first, last, unknown = "<s>", "</s>", "<unk>"
    special = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    contractions = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")

    def defects(self):
        return {
            Defect.BYTES,
            Defect.SPACE_AFTERWARDS,
            Defect.SPECIAL_TEXT,
            Defect.FIRST_PART,
            Defect.CUT,
            Defect.STRAY,
        }

    def all_pieces(self, tokens, begins, defects):
        for number, token in enumerate(tokens):
            ids = self.pieces(token, defects)
            stray = Defect.STRAY in defects and not token.strip("".join(map(chr, range(33))))
            owner = (begins.index(0) if 0 in begins else None) if stray else number
            yield Pieces([self.vocabulary["Ġ"]] if stray else ids, owner)

    def pieces(self, token, defects):
        if Defect.SPECIAL_TEXT in defects and token in self.special:
            return [self.vocabulary[token]]
        if Defect.SPACE_AFTERWARDS not in defects:
            return self.tokenizer.encode(f" {token}", add_special_tokens=False).ids
        return self.spark_pieces(self.head(token))

    def head(self, token):
        for contraction in self.contractions:
            if token.startswith(contraction):
                return contraction
        kinds = [unicodedata.category(c)[0] if unicodedata.category(c)[0] in "LN" else "x" for c in token]
        length = next((i for i, kind in enumerate(kinds) if kind != kinds[0]), len(token))
        return token[:length]

    def spark_pieces(self, word):
        try:
            parts = [byte_characters()[ord(c)] for c in word]
        except KeyError:
            return [self.vocabulary[self.unknown]]
        parts = self.merged(parts)
        parts[0] = parts[0] if "Ġ" in parts[0] else "Ġ" + parts[0]
        return [self.vocabulary.get(part, self.vocabulary[self.unknown]) for part in parts]

    def merged(self, parts):
        ranks = {tuple(pair): rank for rank, pair in enumerate(self.model["merges"])}
        while len(parts) > 1:
            pair = min(pairwise(parts), key=lambda p: ranks.get(p, len(ranks)))
            if pair not in ranks:
                break
            merged, i = [], 0
            while i < len(parts):
                both = tuple(parts[i : i + 2]) == pair
                merged.append("".join(pair) if both else parts[i])
                i += 2 if both else 1
            parts = merged
        return parts


def byte_characters():
    """Return the characters that represent bytes in byte-level BPE."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(257) if b not in plain]
    return {b: chr(b) for b in plain} | {b: chr(256 + n) for n, b in enumerate(others)}


RECIPES = {
    "xlm-roberta": SentencePieceRecipe,
    "camembert": SentencePieceRecipe,
    "albert": SentencePieceRecipe,
    "bert": WordPieceRecipe,
    "distilbert": WordPieceRecipe,
    "roberta": ByteLevelRecipe,
}


def open_recipe(checkpoint):
    """Open the recipe of a checkpoint's architecture."""
    return RECIPES[checkpoint.config["model_type"]](checkpoint)
