"""Collate windows of pieces into the arrays that a model takes."""

from __future__ import annotations

import numpy as np

from nlu_lite.encoding.plan import SPECIAL_TOKEN_COUNT, join_ranges
from nlu_lite.encoding.pooling import Positions
from nlu_lite.encoding.subwords import SpecialTokens
from nlu_lite.records import Batch, Ints, Windows


def collate(ids: Ints, windows: Windows, special_tokens: SpecialTokens, positions: Positions) -> Batch:
    """Return one row of ids for each window, between the special tokens, padded to the longest window.

    Args:
        ids: int32 [P], the ids of all pieces.
        windows: At least one window.
        special_tokens: The ids around the pieces, and of the padding.
        positions: The positions in these windows whose hidden states are needed.

    Example:
        >>> windows = Windows(*np.array([[0, 2], [2, 3], [0, 2], [2, 3]], np.int32))
        >>> positions = Positions(np.array([0, 1]), np.array([1, 1]))
        >>> batch = collate(np.array([7, 8, 9], np.int32), windows, SpecialTokens(0, 2, 1, 3), positions)
        >>> batch.ids
        array([[0, 7, 8, 2],
               [0, 9, 2, 1]])
        >>> batch.mask
        array([[1, 1, 1, 1],
               [1, 1, 1, 0]])
        >>> batch.rows
        array([1, 5])
    """
    counts = (windows.end - windows.first).astype(np.int64)
    length = int(counts.max()) + SPECIAL_TOKEN_COUNT
    collated = np.full((len(windows), length), special_tokens.pad, np.int64)
    first = np.arange(len(windows)) * length  # index of each window's first position
    flat = collated.ravel()
    flat[first] = special_tokens.first
    flat[join_ranges(first + 1, first + 1 + counts)] = ids[join_ranges(windows.first, windows.end)]
    flat[first + 1 + counts] = special_tokens.last
    mask = (np.arange(length) < counts[:, None] + SPECIAL_TOKEN_COUNT).astype(np.int64)
    return Batch(collated, mask, positions.window * length + positions.position)


def find_all_positions(windows: Windows) -> Positions:
    """Return every position of each window, special tokens included."""
    counts = (windows.end - windows.first).astype(np.int64) + SPECIAL_TOKEN_COUNT
    return Positions(np.repeat(np.arange(len(windows)), counts), join_ranges(np.zeros_like(counts), counts))


def count_positions(windows: Windows) -> int:
    """Count the positions of a batch, including padding and special tokens."""
    return len(windows) * (int((windows.end - windows.first).max()) + SPECIAL_TOKEN_COUNT)
