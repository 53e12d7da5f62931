"""The records that the rooms hand to one another: frozen, plain values and numpy arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Ints: TypeAlias = NDArray[np.int32]
Floats: TypeAlias = NDArray[np.float32]
Bools: TypeAlias = NDArray[np.bool_]

# --- what a reference means ------------------------------------------------------------------------------------------


class Action(Enum):
    """What a reference asks for: its second segment."""

    EMBED = "embed"
    EMBED_SENTENCE = "embed_sentence"
    TOKENIZE = "tokenize"
    SENTENCE_DETECTOR = "sentence_detector"


@dataclass(frozen=True)
class Card:
    """What published sources state of a model; None is "not known".

    Attributes:
        title: The card's headline.
        name: The model's name at its publisher.
        annotator: The Spark NLP annotator that runs it; None where the model was not published by Spark NLP.
        task: What it is for, in the publisher's word.
        tags: The publisher's tags, in order.
        edition: The release that it was made with, such as ``"Spark NLP 3.1.3"``.
        compatibility: The releases that it works with, such as ``"3.1.3+"``.
        licence: As stated by the publisher.
        input_labels: The annotations that it reads.
        output_labels: The annotations that it writes.
        case_sensitive: Whether upper and lower case differ.
        max_sentence_length: The publisher's limit in pieces, special tokens included.
        dimension: Width of a vector.
        languages: Language codes that it was trained or tuned on.
        description: What the model is, in a sentence.
        sources: Where the publisher says that the model comes from.
        published: Date of publication, ISO 8601.
        archive: Address or file name of the published archive.
    """

    title: str | None = None
    name: str | None = None
    annotator: str | None = None
    task: str | None = None
    tags: tuple[str, ...] | None = None
    edition: str | None = None
    compatibility: str | None = None
    licence: str | None = None
    input_labels: tuple[str, ...] | None = None
    output_labels: tuple[str, ...] | None = None
    case_sensitive: bool | None = None
    max_sentence_length: int | None = None
    dimension: int | None = None
    languages: tuple[str, ...] | None = None
    description: str | None = None
    sources: tuple[str, ...] | None = None
    published: str | None = None
    archive: str | None = None


@dataclass(frozen=True)
class InstalledFile:
    """A file that an installed distribution carries.

    Attributes:
        distribution: Name of the distribution as pip knows it.
        extra: The extra of nlu-lite that installs it; empty where there is none.
        path: The file's path as the distribution's RECORD lists it.
        sha256: Its published digest, hexadecimal.
        size: Its published size in bytes.
    """

    distribution: str
    extra: str
    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class LocalFolder:
    """A folder or file on this machine that the user named."""

    path: str


@dataclass(frozen=True)
class HubRepository:
    """A model repository on the Hugging Face hub; `revision` None means its main branch."""

    repository: str
    revision: str | None = None


@dataclass(frozen=True)
class BucketArchive:
    """An archive in Spark NLP's public bucket.

    Attributes:
        name: The model's name there.
        language: The model's language there.
        file: File name of the archive; None where the bucket's index has to be asked.
    """

    name: str
    language: str
    file: str | None = None


Origin: TypeAlias = InstalledFile | LocalFolder | HubRepository | BucketArchive


class SentencePooling(Enum):
    """How a sentence's vector is made: the mean over its pieces, the first position, or the model's own pooler."""

    MEAN = "mean"
    CLS = "cls"
    POOLER = "pooler"


class Alignment(Enum):
    """What is given to the subword model.

    WORD is Spark NLP's: each token by itself, as if a space stood before it; a vector is then surely its word's. TEXT
    is what the models' authors do: the run of text as a whole, tokens aligned by offsets; closer to how a model was
    trained, above all where words are not written apart.
    """

    WORD = "word"
    TEXT = "text"


class Authority(Enum):
    """Whose word on the vectors of sentences holds.

    GIVEN is the recipe's own: Spark NLP's, that of a user's entry, or what was read from a model's files. AUTHORS means
    that the recipe is what models of a kind usually have, and that what the model's own files state comes first. FILES
    means that only the model's own files can state a recipe; a model whose files state none has none.
    """

    GIVEN = "given"
    AUTHORS = "authors"
    FILES = "files"


@dataclass(frozen=True)
class SentenceRecipe:
    """How a sentence model makes the vector of a sentence or document.

    Attributes:
        pooling: Hidden states to a vector.
        alignment: TEXT encodes the sentence as the authors do, WORD as if it were one token: Spark NLP's way.
        normalize: Whether the vector is divided by its Euclidean length.
        prompt: What the authors ask to be put before a text.
        authority: Whether the recipe holds, or what the model's files state before it.
    """

    pooling: SentencePooling
    alignment: Alignment = Alignment.TEXT
    normalize: bool = False
    prompt: str = ""
    authority: Authority = Authority.GIVEN


AS_STATED = SentenceRecipe(SentencePooling.MEAN, authority=Authority.FILES)
"""The recipe of a model of token vectors before its files are known: the recipe that these state, else none."""


@dataclass(frozen=True)
class ModelSpec:
    """A model that a reference stands for.

    Attributes:
        reference: As it stands in the catalogue, or the direct reference as written.
        language: The reference's language; ``"xx"`` for many.
        name: The model's name.
        kind: Spark NLP's class for it, such as ``"XlmRoBertaEmbeddings"``; None for direct references.
        action: EMBED for token vectors, EMBED_SENTENCE for sentence vectors.
        origins: Where its files are, in the order in which they are tried.
        card: What is published about it.
        sentence: How it makes vectors of sentences; `AS_STATED` until the files of a token model are known. None for
            the mean of the token vectors.
    """

    reference: str
    language: str
    name: str
    kind: str | None
    action: Action
    origins: tuple[Origin, ...]
    card: Card = field(default_factory=Card)
    sentence: SentenceRecipe | None = None


@dataclass(frozen=True)
class ComponentSpec:
    """A text component that a reference stands for: TOKENIZE or SENTENCE_DETECTOR in a language."""

    reference: str
    language: str
    action: Action


# --- texts and their parts -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Corpus:
    """The documents of one call.

    Attributes:
        texts: D documents.
        languages: Language code of each; ``"xx"`` where it is to be found from the text.
        index: D labels, the input's own.
        kept: The caller's other columns, D rows: a pandas frame with the same index, or an Arrow table; None where
            there are none.
    """

    texts: list[str]
    languages: list[str]
    index: pd.Index
    kept: pd.DataFrame | pa.Table | None = None


@dataclass(frozen=True)
class Segments:
    """Sentences and tokens as half-open spans of code points: ``text[begin:end]`` is the token, always.

    Sentences stand in document order, tokens in sentence order. Each sentence begins and ends on a character that is
    not white space, the sentences cover each such character once, and each lies in exactly one token.

    Attributes:
        sentence_document: int32 [S], the sentence's document.
        sentence_begin: int32 [S], offset into the document.
        sentence_end: int32 [S].
        token_sentence: int32 [T], the token's sentence.
        token_begin: int32 [T], offset into the document (not into the sentence).
        token_end: int32 [T].
    """

    sentence_document: Ints
    sentence_begin: Ints
    sentence_end: Ints
    token_sentence: Ints
    token_begin: Ints
    token_end: Ints


# --- models ----------------------------------------------------------------------------------------------------------


class SubwordKind(Enum):
    """How the bytes of a `SubwordModel` are to be read."""

    SENTENCEPIECE = "sentencepiece"  # a SentencePiece ModelProto
    TOKENIZER_JSON = "tokenizer.json"  # of Hugging Face `tokenizers`


@dataclass(frozen=True)
class Normalization:
    """How a text is normalized before SentencePiece reads it; a ``tokenizer.json`` has a normalizer of its own.

    Attributes:
        lowercase: Whether letters are lowercased.
        strip_accents: Whether accents are stripped, and doubled single quotes become double quotes, as in ALBERT.
    """

    lowercase: bool = False
    strip_accents: bool = False


@dataclass(frozen=True)
class AddedToken:
    """A token that was added to a vocabulary after it was trained, as Hugging Face `tokenizers` defines it.

    Attributes:
        content: The text that it matches.
        id: Its row of the embedding matrix.
        normalized: Whether it is matched in the normalized text, and normalized itself before.
        lstrip: Whether it takes the white space on its left.
        rstrip: Whether it takes the white space on its right.
        single_word: Whether it matches only where no word character precedes or follows.
        special: Whether it belongs to the model's framing, such as ``<mask>``: no text matches it.
    """

    content: str
    id: int
    normalized: bool = True
    lstrip: bool = False
    rstrip: bool = False
    single_word: bool = False
    special: bool = False


@dataclass(frozen=True)
class SubwordModel:
    """The subword model that belongs to a checkpoint.

    Attributes:
        kind: How `data` is to be read.
        data: Its bytes.
        normalization: How a text is normalized before a SentencePiece model reads it.
        added: The tokens added to a SentencePiece model, by id; a ``tokenizer.json`` lists its own.
    """

    kind: SubwordKind
    data: bytes
    normalization: Normalization = Normalization()
    added: tuple[AddedToken, ...] = ()


@dataclass(frozen=True)
class Checkpoint:
    """A model's weights and all that is needed to run them, whatever format they came in.

    Attributes:
        config: The transformers configuration, as in ``config.json``; ``model_type`` is always there.
        tensors: float32 arrays by transformers' names without the prefix of a head, such as
            ``embeddings.word_embeddings.weight``. Reading one may read a file: each access gives the
            array anew, memory-mapped where the file allows.
        subwords: The subword model.
        card: What is published about the model, or what the files say of themselves.
    """

    config: Mapping[str, object]
    tensors: Mapping[str, Floats]
    subwords: SubwordModel
    card: Card = field(default_factory=Card)

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", MappingProxyType(dict(self.config)))


@dataclass(frozen=True)
class Runs:
    """Stretches of the documents that are encoded by themselves: sentences, or whole documents.

    Attributes:
        document: int32 [R], the run's document.
        begin: int32 [R], offset into the document.
        end: int32 [R].
    """

    document: Ints
    begin: Ints
    end: Ints


@dataclass(frozen=True)
class Pieces:
    """Subword pieces of all runs, and which of them are whose.

    Attributes:
        ids: int32 [P], ids of the model's vocabulary.
        run_first: int32 [R+1]: run r has pieces ``ids[run_first[r]:run_first[r+1]]``.
        token_first: int32 [T]: token i has pieces ``ids[token_first[i]:token_end[i]]``, at least one. Neighbours can
            share a piece where a text was encoded as a whole.
        token_end: int32 [T].
    """

    ids: Ints
    run_first: Ints
    token_first: Ints
    token_end: Ints


@dataclass(frozen=True)
class Window:
    """A run of pieces that the model sees at once.

    Attributes:
        first: First piece.
        end: End of the pieces.
        kept_first: First piece whose vector is taken from this window.
        kept_end: End of those; each piece is kept in exactly one window, the one in which it stands most centrally.
    """

    first: int
    end: int
    kept_first: int
    kept_end: int


@dataclass(frozen=True)
class Batch:
    """Windows that are encoded together.

    Attributes:
        windows: Numbers of the windows.
        length: Pieces in the longest of them, special tokens not counted.
    """

    windows: tuple[int, ...]
    length: int


@dataclass(frozen=True)
class TokenStats:
    """How the vectors of a level were computed.

    Attributes:
        pieces: int32 [R], number of pieces of a row's text.
        unknown: bool [R], whether one of them is the vocabulary's unknown piece.
        windows: int32 [R], number of windows that the text encoded with the row was cut into: 1 where it fits.
    """

    pieces: Ints
    unknown: Bools
    windows: Ints

    def take(self, rows: Ints) -> TokenStats:
        """Return the statistics of some rows, in their order."""
        return TokenStats(self.pieces[rows], self.unknown[rows], self.windows[rows])
