"""Documents that the caller has split into words or sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nlu_lite.errors import InputError
from nlu_lite.frames.messages import describe_type
from nlu_lite.options import Split
from nlu_lite.records import Segments


def is_split(item: object) -> bool:
    """Whether an item is a document that is split: a list, a tuple or a 1-D array, as read from Parquet."""
    return isinstance(item, (list, tuple)) or (isinstance(item, np.ndarray) and item.ndim == 1)


def check_parts(documents: Sequence[object], rows: Sequence[int], split: Split) -> list[list[str]]:
    """Check that each document is a list of strings that are not empty.

    Args:
        documents: The documents.
        rows: Row of each in the caller's data, for the error.
        split: The kind of their strings, for the error.

    Raises:
        InputError: A document is not such a list.
    """
    return [_check_strings(document, row, split) for document, row in zip(documents, rows, strict=True)]


def _check_strings(document: Any, row: int, split: Split) -> list[str]:
    if not is_split(document):
        raise InputError(
            f"{describe_type(document)} was found in row {row} among lists of {split.value}",
            "a list of str in every row",
            "Split it too",
        )
    for place, part in enumerate(document):
        if not isinstance(part, str) or not part:
            got = "an empty str" if isinstance(part, str) else describe_type(part)
            # Rows of a table are often tuples, as databases and enumerate() return them.
            is_row = isinstance(document, tuple) and not isinstance(part, str)
            remedy = "Pass a frame: pandas.DataFrame(list(data))" if is_row else "Leave it out"
            raise InputError(
                f"{got} was found in row {row}, place {place}", f"{split.value} that are not empty", remedy
            )
    return [str.__str__(part) for part in document]


def build_segments(documents: list[list[str]]) -> Segments:
    """Return one sentence for each document, its words separated by spaces. A document without words has none."""
    counts = np.fromiter(map(len, documents), np.int32, len(documents))
    lengths = np.fromiter((len(word) for document in documents for word in document), np.int32, int(counts.sum()))
    holders = np.flatnonzero(counts).astype(np.int32)
    counts = counts[holders]
    ends = np.cumsum(lengths + 1, dtype=np.int64) - 1  # as if all words were in one document
    firsts = np.cumsum(counts) - counts
    sentence = np.repeat(np.arange(len(holders), dtype=np.int32), counts)
    ends = (ends - (ends - lengths)[firsts][sentence]).astype(np.int32)
    last = firsts + counts - 1
    return Segments(holders, np.zeros_like(holders), ends[last], sentence, ends - lengths, ends)
