"""Cut runs at a maximum length, as Spark NLP does, instead of covering them with windows."""

from __future__ import annotations

import numpy as np

from nlu_lite.encoding.plan import join_ranges
from nlu_lite.records import Bools, Floats, Pieces


def cut_runs(pieces: Pieces, capacity: int) -> tuple[Pieces, Bools]:
    """Drop the pieces of each run beyond a number of pieces, and the tokens that begin with a dropped piece.

    Args:
        pieces: The pieces of all runs.
        capacity: The maximum number of pieces of a run, without special tokens.

    Returns:
        The pieces that are left, with the tokens that are left; and whether each token is left, bool [T].

    Example:
        >>> runs, tokens = np.array([0, 4, 5], np.int32), np.array([0, 1, 3, 4, 5], np.int32)
        >>> cut, kept = cut_runs(Pieces(np.array([5, 6, 7, 8, 9], np.int32), runs, tokens[:-1], tokens[1:]), 2)
        >>> cut.ids, cut.run_first, cut.token_first, cut.token_end, kept.astype(int)
        (array([5, 6, 9]...), array([0, 2, 3]...), array([0, 1, 2]...), array([1, 2, 3]...), array([1, 1, 0, 1]))
    """
    begin, end = pieces.run_first[:-1], pieces.run_first[1:]
    limit = np.minimum(end, begin + capacity)
    ids = pieces.ids[join_ranges(begin, limit)]
    run_first = np.append(0, np.cumsum(limit - begin)).astype(np.int32)
    run = np.searchsorted(pieces.run_first, pieces.token_first, side="right") - 1
    kept: Bools = pieces.token_first < limit[run]
    run = run[kept]
    shift = begin[run] - run_first[run]
    token_first = pieces.token_first[kept] - shift
    token_end = np.minimum(pieces.token_end[kept], limit[run]) - shift
    return Pieces(ids, run_first, token_first, token_end), kept


def restore_rows(vectors: Floats, kept: Bools) -> Floats:
    """Return a matrix with a row of NaN for each token that has no vector.

    Example:
        >>> restore_rows(np.array([[1, 2]], np.float32), np.array([True, False]))
        array([[ 1.,  2.],
               [nan, nan]], dtype=float32)
    """
    if kept.all():
        return vectors
    found: Floats = np.full((len(kept), vectors.shape[1]), np.nan, np.float32)
    found[kept] = vectors
    return found
