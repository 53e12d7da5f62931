"""Join documents of one language into one string, so that many short documents cost no more than one long one.

A line feed separates two documents. For every word rule it is whitespace, like the edge of a text, so no word crosses
it. Sentence rules look further, so sentences are found in each document separately.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nlu_lite.records import Ints, Segments

SEPARATOR = "\n"
BATCH_LENGTH = 1 << 16  # characters: enough to make the cost of a batch negligible, few enough to limit memory


@dataclass(frozen=True)
class LanguageBatch:
    """Documents of one language that are segmented together.

    Attributes:
        language: The language of all documents.
        documents: int64 [D], their numbers in the corpus.
        texts: Their texts.
    """

    language: str
    documents: NDArray[np.int64]
    texts: list[str]

    @cached_property
    def text(self) -> str:
        """All texts, joined."""
        return SEPARATOR.join(self.texts)

    @cached_property
    def starts(self) -> Ints:
        """int32 [D], the offset of each document in `text`."""
        return _compute_starts(self.texts).astype(np.int32)

    @property
    def spans(self) -> list[tuple[int, int]]:
        """The span of each document in `text`."""
        return [(start, start + len(text)) for start, text in zip(self.starts.tolist(), self.texts, strict=True)]

    def build_segments(
        self, begin: Ints, end: Ints, token_sentence: Ints, token_begin: Ints, token_end: Ints
    ) -> Segments:
        """Convert offsets into `text` to segments with offsets into the documents."""
        document = np.searchsorted(self.starts, begin, side="right") - 1
        shift = self.starts[document]
        token_shift = shift[token_sentence]
        return Segments(
            self.documents[document].astype(np.int32),
            begin - shift,
            end - shift,
            token_sentence,
            token_begin - token_shift,
            token_end - token_shift,
        )


def batch_by_language(texts: Sequence[str], languages: Sequence[str]) -> Iterator[LanguageBatch]:
    r"""Put documents of one language into batches, in their order.

    Example:
        >>> [batch.text for batch in batch_by_language(["One.", "Eins.", "Two."], ["en", "de", "en"])]
        ['One.\nTwo.', 'Eins.']
    """
    members: dict[str, list[int]] = defaultdict(list)
    for document, language in enumerate(languages):
        members[language].append(document)
    for language, documents in members.items():
        own = [texts[document] for document in documents]
        numbers = _compute_starts(own) // BATCH_LENGTH  # of the batch of each document
        limits = [0, *((numbers[1:] != numbers[:-1]).nonzero()[0] + 1).tolist(), len(own)]
        for first, last in pairwise(limits):
            yield LanguageBatch(language, np.array(documents[first:last]), own[first:last])


def _compute_starts(texts: Sequence[str]) -> NDArray[np.int64]:
    lengths = np.fromiter(map(len, texts), np.int64, len(texts)) + len(SEPARATOR)
    return np.cumsum(lengths) - lengths


def merge_segments(parts: Sequence[Segments]) -> Segments:
    """Merge the segments of batches, in the order of the documents.

    Args:
        parts: For each batch, all sentences and tokens of its documents.
    """
    if not parts:
        return Segments(*(np.zeros(0, np.int32) for _ in range(6)))
    if len(parts) == 1:
        return parts[0]
    document, begin, end, token_sentence, token_begin, token_end = _concatenate(parts)
    order = np.argsort(document, kind="stable")
    place = np.empty_like(document)
    place[order] = np.arange(len(order), dtype=np.int32)
    token_sentence = place[token_sentence]
    tokens = np.argsort(token_sentence, kind="stable")
    return Segments(
        document[order], begin[order], end[order], token_sentence[tokens], token_begin[tokens], token_end[tokens]
    )


def _concatenate(parts: Sequence[Segments]) -> list[Ints]:
    """Concatenate the arrays of all parts; sentences are numbered across parts."""
    token_sentences, sentences = [], 0
    for part in parts:
        token_sentences.append(part.token_sentence + np.int32(sentences))
        sentences += len(part.sentence_begin)
    return [
        np.concatenate([part.sentence_document for part in parts]),
        np.concatenate([part.sentence_begin for part in parts]),
        np.concatenate([part.sentence_end for part in parts]),
        np.concatenate(token_sentences),
        np.concatenate([part.token_begin for part in parts]),
        np.concatenate([part.token_end for part in parts]),
    ]
