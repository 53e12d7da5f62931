"""Statistics of vectors: the numbers of pieces and windows, and whether pieces are unknown."""

from __future__ import annotations

import numpy as np

from nlu_lite.records import Ints, Pieces, TokenStats, Windows


def count_pieces(pieces: Pieces, first: Ints, end: Ints, windows: Windows, unknown: int) -> TokenStats:
    """Return the statistics of spans of pieces.

    Args:
        pieces: The pieces of all runs.
        first: int32 [R], first piece of each row.
        end: int32 [R], end of the pieces of each row, greater than `first`.
        windows: All windows, in the order of their pieces.
        unknown: Id of the unknown piece.

    Example:
        >>> runs = np.array([0, 3, 4], np.int32)
        >>> pieces = Pieces(np.array([5, 3, 9, 7], np.int32), runs, runs[:-1], runs[1:])
        >>> windows = Windows(*np.array([[0, 1, 3], [2, 3, 4], [0, 1, 3], [1, 3, 4]], np.int32))
        >>> count_pieces(pieces, runs[:-1], runs[1:], windows, 3)
        TokenStats(pieces=array([3, 1], dtype=int32), unknown=array([ True, False]), windows=array([2, 1], dtype=int32))
    """
    before = np.concatenate([[0], np.cumsum(pieces.ids == unknown)])
    windows_before = np.searchsorted(windows.first, pieces.run_first)  # number of windows before each run
    begin_run = np.searchsorted(pieces.run_first, first, side="right") - 1
    end_run = np.searchsorted(pieces.run_first, end, side="left")
    return TokenStats(
        (end - first).astype(np.int32),
        before[end] > before[first],
        (windows_before[end_run] - windows_before[begin_run]).astype(np.int32),
    )
