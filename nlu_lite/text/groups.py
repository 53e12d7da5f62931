"""Documents of one language in one string, so that many short ones cost no more than a long one.

A line feed stands between two documents. No word reaches over it, and for every rule of words it is what the edge of a
text is: white space. Sentences look further, so they are found in each document by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nlu_lite.records import Ints, Segments

SEPARATOR = "\n"
LENGTH = 1 << 16  # characters after which a group is full


@dataclass(frozen=True)
class Group:
    """Documents that are segmented together.

    Attributes:
        language: Whose rules count for all of them.
        numbers: int64 [D], which documents of the corpus they are.
        texts: Their texts.
    """

    language: str
    numbers: NDArray[np.int64]
    texts: list[str]

    @cached_property
    def text(self) -> str:
        """All texts in one."""
        return SEPARATOR.join(self.texts)

    @cached_property
    def starts(self) -> Ints:
        """int32 [D], where each document begins in it."""
        return _starts(self.texts).astype(np.int32)

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Where each document begins and ends in it."""
        return [(start, start + len(text)) for start, text in zip(self.starts.tolist(), self.texts, strict=True)]

    def parted(self, begin: Ints, end: Ints, token_sentence: Ints, token_begin: Ints, token_end: Ints) -> Segments:
        """Give what was found in the group as offsets into the documents."""
        document = np.searchsorted(self.starts, begin, side="right") - 1
        shift = self.starts[document]
        token_shift = shift[token_sentence]
        return Segments(
            self.numbers[document].astype(np.int32),
            begin - shift,
            end - shift,
            token_sentence,
            token_begin - token_shift,
            token_end - token_shift,
        )


def grouped(texts: Sequence[str], languages: Sequence[str]) -> Iterator[Group]:
    r"""Put documents of one language together, in their order, until a group is full.

    Example:
        >>> [group.text for group in grouped(["One.", "Eins.", "Two."], ["en", "de", "en"])]
        ['One.\nTwo.', 'Eins.']
    """
    of_language: dict[str, list[int]] = defaultdict(list)
    for number, language in enumerate(languages):
        of_language[language].append(number)
    for language, members in of_language.items():
        full = np.flatnonzero(np.diff(_starts([texts[number] for number in members]) // LENGTH)) + 1
        for numbers in np.split(np.array(members), full):
            yield Group(language, numbers, [texts[number] for number in numbers.tolist()])


def _starts(texts: Sequence[str]) -> NDArray[np.int64]:
    lengths = np.fromiter(map(len, texts), np.int64, len(texts)) + len(SEPARATOR)
    return np.cumsum(lengths) - lengths


def in_order(parts: Sequence[Segments]) -> Segments:
    """Put the segments of groups into the order of their documents.

    Args:
        parts: Each with all sentences and tokens of its documents.
    """
    if not parts:
        return Segments(*(np.zeros(0, np.int32) for _ in range(6)))
    document, begin, end, token_sentence, token_begin, token_end = _joined(parts)
    order = np.argsort(document, kind="stable")
    place = np.empty_like(document)
    place[order] = np.arange(len(order), dtype=np.int32)
    token_sentence = place[token_sentence]
    tokens = np.argsort(token_sentence, kind="stable")
    return Segments(
        document[order], begin[order], end[order], token_sentence[tokens], token_begin[tokens], token_end[tokens]
    )


def _joined(parts: Sequence[Segments]) -> list[Ints]:
    before, sentences = [], 0
    for part in parts:
        before.append(part.token_sentence + np.int32(sentences))
        sentences += len(part.sentence_begin)
    return [
        np.concatenate([part.sentence_document for part in parts]),
        np.concatenate([part.sentence_begin for part in parts]),
        np.concatenate([part.sentence_end for part in parts]),
        np.concatenate(before),
        np.concatenate([part.token_begin for part in parts]),
        np.concatenate([part.token_end for part in parts]),
    ]
