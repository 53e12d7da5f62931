"""Statistics of vectors: the numbers of pieces and windows, and whether pieces are unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nlu_lite.records import Bools, Int64s, Ints, Pieces, TokenStats, Windows


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
        >>> found = count_pieces(pieces, runs[:-1], runs[1:], windows, 3)
        >>> found.pieces, found.unknown, found.windows, found.first
        (array([3, 1]...), array([ True, False]), array([2, 1]...), array([5, 7]...))
    """
    before = np.concatenate([[0], np.cumsum(pieces.ids == unknown)])
    windows_before = np.searchsorted(windows.first, pieces.run_first)  # number of windows before each run
    begin_run = np.searchsorted(pieces.run_first, first, side="right") - 1
    end_run = np.searchsorted(pieces.run_first, end, side="left")
    return TokenStats(
        (end - first).astype(np.int32),
        before[end] > before[first],
        (windows_before[end_run] - windows_before[begin_run]).astype(np.int32),
        pieces.ids[first],
    )


def mark_cut(stats: TokenStats, kept: Bools, begins: Int64s) -> TokenStats:
    """Return the statistics of rows whose runs were cut: one window, or none for a row without a token that is left.

    Args:
        stats: The statistics of the rows without the cut.
        kept: bool [T], whether each token is left.
        begins: int [R], the first token of each row, ascending.

    Example:
        >>> one, two = np.array([4, 9], np.int32), np.array([2, 2], np.int32)
        >>> stats = TokenStats(np.array([3, 1], np.int32), one < 5, two, one)
        >>> found = mark_cut(stats, np.array([True, False, False]), np.array([0, 2]))
        >>> found.windows, found.first
        (array([1, 0]...), array([ 4, -1]...))
    """
    if not len(begins):
        return stats
    has_vector: Bools = np.logical_or.reduceat(kept, begins)
    first = np.where(kept[begins], stats.first, np.int32(-1))
    return replace(stats, windows=has_vector.astype(np.int32), first=first)
