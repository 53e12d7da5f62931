"""The tokens, or vectors, of each sentence of a row."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from nlu_lite.annotators.annotation import Annotation, AnnotatorType
from nlu_lite.annotators.stages import get_sentence_number, select


class SentenceGroup(NamedTuple):
    """A sentence and its tokens, or their vectors, in order."""

    sentence: Annotation
    tokens: list[Annotation]


def group_tokens(row: Sequence[Annotation], kind: str = AnnotatorType.TOKEN) -> list[SentenceGroup]:
    """Return for each sentence of a row that has any the tokens within it.

    Documents of one cell can overlap, since each begins at 0; then the numbers of the sentences decide.

    Args:
        row: The annotations of a row.
        kind: The type of annotations to group.
    """
    sentences = sorted(select(row, AnnotatorType.DOCUMENT), key=lambda one: (one.begin, one.end))
    tokens = select(row, kind)
    groups = [SentenceGroup(one, []) for one in sentences]
    if any(after.begin <= one.end for one, after in pairwise(sentences)):
        by_number = {get_sentence_number(group.sentence): group for group in groups}
        places = [by_number.get(get_sentence_number(token)) for token in tokens]
        groups.sort(key=lambda group: int(get_sentence_number(group.sentence)))
    else:
        begins = [one.begin for one in sentences]
        numbers = [bisect_right(begins, token.begin) - 1 for token in tokens]
        places = [groups[number] if number >= 0 else None for number in numbers]
    for token, group in zip(tokens, places, strict=True):
        if group is not None and group.sentence.begin <= token.begin and token.end <= group.sentence.end:
            group.tokens.append(token)
    return [group for group in groups if group.tokens]
