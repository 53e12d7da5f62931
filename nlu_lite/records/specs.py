"""What a reference names: models with their cards, origins and recipes, and text components."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias


class Action(Enum):
    """The action of a reference: its second segment."""

    EMBED = "embed"
    EMBED_SENTENCE = "embed_sentence"
    TOKENIZE = "tokenize"
    SENTENCE_DETECTOR = "sentence_detector"


@dataclass(frozen=True)
class Card:
    """What published sources state about a model; None means "not known".

    Attributes:
        title: The card's headline.
        name: The model's name at its publisher.
        annotator: The Spark NLP annotator that runs it; None if Spark NLP did not publish the model.
        task: Its purpose, in the publisher's word.
        tags: The publisher's tags, in order.
        edition: The release that made it, such as ``"Spark NLP 3.1.3"``.
        compatibility: The releases that can run it, such as ``"3.1.3+"``.
        licence: Its licence, as stated by the publisher.
        input_labels: The annotations that it reads.
        output_labels: The annotations that it writes.
        case_sensitive: Whether upper and lower case differ.
        max_sentence_length: The publisher's limit in subword pieces, special tokens included.
        dimension: Width of a vector.
        languages: Codes of the languages that it was trained or tuned on.
        description: The model in one sentence.
        sources: The origins of the model that its publisher names.
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
    """A file of an installed distribution.

    Attributes:
        distribution: Name of the distribution as pip knows it.
        extra: The extra of nlu-lite that installs it; empty if there is none.
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
    """A folder or file on this machine, named by the user."""

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
        file: File name of the archive; None if the bucket's index has to be read for it.
    """

    name: str
    language: str
    file: str | None = None


Origin: TypeAlias = InstalledFile | LocalFolder | HubRepository | BucketArchive


class SentencePooling(Enum):
    """The vector of a sentence: the mean over its pieces, the first position, or the model's own pooler."""

    MEAN = "mean"
    CLS = "cls"
    POOLER = "pooler"


class Alignment(Enum):
    """The unit of text that the subword model encodes.

    WORD encodes each token by itself, with a space before it, as Spark NLP does: no piece crosses a word boundary. TEXT
    encodes the run of text as a whole and aligns the tokens by offsets, as the models' authors do. It is closer to a
    model's training, above all in scripts without spaces between words.
    """

    WORD = "word"
    TEXT = "text"


class Authority(Enum):
    """The source that decides how vectors of sentences are made.

    GIVEN: the recipe itself, from Spark NLP, a user's entry or a model's files. AUTHORS: the recipe is the usual one of
    this kind of model, and a recipe in the model's own files takes precedence. FILES: only the model's own files; a
    model without a recipe in its files has none.
    """

    GIVEN = "given"
    AUTHORS = "authors"
    FILES = "files"


@dataclass(frozen=True)
class SentenceRecipe:
    """The way in which a sentence model computes the vector of a sentence or document.

    Attributes:
        pooling: How hidden states become one vector.
        alignment: TEXT encodes the sentence as the authors do; WORD encodes it as one token, as Spark NLP does.
        normalize: Whether the vector is divided by its Euclidean length.
        prompt: The prefix that the authors prescribe for each text.
        authority: Whether the recipe or the model's files decide.
    """

    pooling: SentencePooling
    alignment: Alignment = Alignment.TEXT
    normalize: bool = False
    prompt: str = ""
    authority: Authority = Authority.GIVEN


AS_STATED = SentenceRecipe(SentencePooling.MEAN, authority=Authority.FILES)
"""The recipe of a token model before its files are known: the recipe in its files, or none."""


@dataclass(frozen=True)
class ModelSpec:
    """A model, as a reference names it.

    Attributes:
        reference: The reference in the catalogue, or the direct reference as written.
        language: The reference's language; ``"xx"`` for multilingual models.
        name: The model's name.
        kind: Spark NLP's class of the model, such as ``"XlmRoBertaEmbeddings"``; None for direct references.
        action: EMBED for token vectors, EMBED_SENTENCE for sentence vectors.
        origins: The places of its files, in the order in which they are tried.
        card: The published facts about it.
        sentence: The recipe for vectors of sentences; `AS_STATED` until the files of a token model are known. None
            means the mean of the token vectors.
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
    """A text component, as a reference names it: TOKENIZE or SENTENCE_DETECTOR in a language."""

    reference: str
    language: str
    action: Action
