"""How data are to be read, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum

from nlu_lite.records import Corpus, Ints, Segments


class Missing(Enum):
    """What to do with None and NaN among the texts."""

    ERROR = "error"
    SKIP = "skip"


class Split(Enum):
    """What the strings of a list of lists are."""

    WORDS = "words"
    SENTENCES = "sentences"


class Columns(Enum):
    """Which of a frame's columns come along."""

    KEEP = "keep"
    DROP = "drop"


@dataclass(frozen=True)
class Reading:
    """How a frame is to be read.

    Attributes:
        text_column: Name of the column of texts; None looks for one.
        lang_column: Name of the column of language codes; None where `language` holds for all.
        language: Language of the texts; ``"xx"`` where it is to be found from each.
        check_language: Called with each code of `lang_column`; raises where the code is unknown.
        columns: Whether other columns come along.
        missing: What to do with None and NaN.
        split: What the strings of a list of lists are.
    """

    text_column: Hashable | None
    lang_column: Hashable | None
    language: str
    check_language: Callable[[str], object]
    columns: Columns
    missing: Missing
    split: Split = Split.WORDS


@dataclass(frozen=True)
class Given:
    """What the caller gave.

    Attributes:
        corpus: The documents.
        rows: int32 [D], the row of the caller's data in which each document stood.
        segments: Where the caller split them into words.
        sentences: The sentences of each document, where the caller split them into sentences.
    """

    corpus: Corpus
    rows: Ints
    segments: Segments | None = None
    sentences: list[list[str]] | None = None
