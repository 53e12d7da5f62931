"""Sentences and tokens of plain texts, by the rules of this library."""

from __future__ import annotations

from collections.abc import Sequence

from nlu_lite import text
from nlu_lite.annotators.parameters import Parameter, one_of
from nlu_lite.options import TextSettings
from nlu_lite.records import Corpus, Segments

COMPAT = Parameter("compat", "the library whose results are reproduced exactly: sparknlp", one_of("sparknlp"))


def segment_texts(texts: Sequence[str], languages: Sequence[str], settings: TextSettings) -> Segments:
    """Return the sentences and tokens of texts, in their order."""
    import pandas as pd

    return text.segment(Corpus(list(texts), list(languages), pd.RangeIndex(len(texts))), settings)


def find_tokens(rows: Sequence[Sequence[str]]) -> list[list[list[tuple[int, int]]]]:
    """Return the tokens of the sentences of each row, as half-open spans, by the rules of the row's language.

    Example:
        >>> find_tokens([["It rains.", "Stay in!"]])
        [[[(0, 2), (3, 8), (8, 9)], [(0, 4), (5, 7), (7, 8)]]]
    """
    languages = [text.detect(" ".join(row)) for row in rows]
    sentences = [one for row in rows for one in row]
    spread = [language for language, row in zip(languages, rows, strict=True) for _ in row]
    segments = segment_texts(sentences, spread, TextSettings(sentences=keep_whole))
    found: list[list[tuple[int, int]]] = [[] for _ in sentences]
    documents = segments.sentence_document[segments.token_sentence].tolist()
    for document, begin, end in zip(documents, segments.token_begin.tolist(), segments.token_end.tolist(), strict=True):
        found[document].append((begin, end))
    parts = iter(found)
    return [[next(parts) for _ in row] for row in rows]


def keep_whole(part: str) -> list[tuple[int, int]]:
    """Return one span: a text that is not split."""
    return [(0, len(part))]
