"""Hidden states of pieces become vectors of tokens, and these, or the pieces', those of sentences and documents."""

from __future__ import annotations

from bisect import bisect_left, bisect_right  # numpy's would copy an int32 array to find an int in it
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nlu_lite.options import LayerMerge, Pooling
from nlu_lite.records import Floats, Ints, Pieces, SentencePooling, Window

Pooler = Callable[[Floats], Floats]
"""A model's own pooler: float32 [d] of the first position to float32 [d]."""


def merge_layers(hidden: Floats, merge: LayerMerge) -> Floats:
    """Make one vector of several layers'.

    Args:
        hidden: float32 [layers, windows, length, d].
        merge: How.

    Returns:
        float32 [windows, length, d], or [windows, length, layers * d] for CONCAT, in the order of the layers.
    """
    if len(hidden) == 1:
        only: Floats = hidden[0]
        return only
    match merge:
        case LayerMerge.MEAN:
            merged: Floats = hidden.mean(axis=0)
        case LayerMerge.SUM:
            merged = hidden.sum(axis=0)
        case LayerMerge.CONCAT:
            merged = np.concatenate(list(hidden), axis=-1)
    return merged


class TokenVectors:
    """The matrix of token vectors, filled window by window in any order.

    A token's pieces can be kept in two windows, so what pools over pieces accumulates.

    Attributes:
        matrix: float32 [T, d], or [T, 2d] for FIRST_LAST; complete when `finish` has been called.
    """

    def __init__(self, pieces: Pieces, dimension: int, pooling: Pooling) -> None:
        self._first, self._end, self._last = pieces.token_first, pieces.token_end, pieces.token_end - 1
        self._pooling, self._dimension = pooling, dimension
        width = dimension * 2 if pooling is Pooling.FIRST_LAST else dimension
        start = -np.inf if pooling is Pooling.MAX else 0.0
        self.matrix: Floats = np.full((len(self._first), width), start, np.float32)

    def add(self, vectors: Floats, first: int) -> None:
        """Take in the vectors of the kept pieces `first`, `first` + 1, ...

        Args:
            vectors: float32 [k, d].
            first: Number of the piece that the first row belongs to.
        """
        match self._pooling:
            case Pooling.FIRST:
                self._pick(vectors, first, self._first, slice(None))
            case Pooling.LAST:
                self._pick(vectors, first, self._last, slice(None))
            case Pooling.FIRST_LAST:
                self._pick(vectors, first, self._first, slice(None, self._dimension))
                self._pick(vectors, first, self._last, slice(self._dimension, None))
            case Pooling.MEAN | Pooling.MAX:
                self._reduce(vectors, first, np.add if self._pooling is Pooling.MEAN else np.maximum)

    def finish(self) -> Floats:
        """Give the matrix, after every piece has been added once."""
        if self._pooling is Pooling.MEAN:
            self.matrix /= (self._end - self._first)[:, None]
        return self.matrix

    def _pick(self, vectors: Floats, first: int, piece: Ints, columns: slice) -> None:
        begin, end = bisect_left(piece, first), bisect_left(piece, first + len(vectors))
        self.matrix[begin:end, columns] = vectors[piece[begin:end] - first]

    def _reduce(self, vectors: Floats, first: int, operation: np.ufunc) -> None:
        begin, end = bisect_right(self._end, first), bisect_left(self._first, first + len(vectors))
        bounds = np.stack([self._first[begin:end], self._end[begin:end]], axis=1) - first
        # A last row that no token has lets every end be an index; every second result lies between tokens.
        padded = np.concatenate([vectors, vectors[-1:]])
        rows = self.matrix[begin:end]
        operation(rows, operation.reduceat(padded, bounds.clip(0, len(vectors)).ravel())[::2], out=rows)


def find_needed_pieces(pieces: Pieces, pooling: Pooling) -> Ints | None:
    """Give the pieces whose vectors count, ascending; None where all do."""
    match pooling:
        case Pooling.FIRST:
            return pieces.token_first
        case Pooling.LAST:
            return pieces.token_end - 1
        case Pooling.FIRST_LAST:
            both: Ints = np.union1d(pieces.token_first, pieces.token_end - 1)
            return both
        case _:
            return None


class RunVectors:
    """The vectors of runs, filled window by window: of a long run the mean of its windows', weighted by their pieces.

    Args:
        run_first: int32 [R+1], the pieces of each run.
        dimension: Width d of a vector.
        pooling: Hidden states of a window to its vector.
        pooler: The model's own, for POOLER.
    """

    def __init__(self, run_first: Ints, dimension: int, pooling: SentencePooling, pooler: Pooler | None) -> None:
        self._run_first, self._pooling, self._pooler = run_first, pooling, pooler
        self._sums: Floats = np.zeros((len(run_first) - 1, dimension), np.float32)
        self._weights: NDArray[np.float32] = np.zeros((len(run_first) - 1, 1), np.float32)

    def add(self, states: Floats, window: Window) -> None:
        """Take in a window: float32 [length, d], special positions at both ends included."""
        run = bisect_right(self._run_first, window.first) - 1
        kept = states[window.kept_first - window.first + 1 : window.kept_end - window.first + 1]
        weight = len(kept) + 2 if self._pooling is SentencePooling.MEAN else len(kept)
        self._sums[run] += self._vector(states, kept) * weight
        self._weights[run] += weight

    def finish(self) -> Floats:
        """Give the matrix: float32 [R, d]."""
        return self._sums / self._weights

    def _vector(self, states: Floats, kept: Floats) -> Floats:
        if self._pooling is SentencePooling.MEAN:  # over special positions too, as the authors of such models do
            mean: Floats = (kept.sum(axis=0) + states[0] + states[-1]) / (len(kept) + 2)
            return mean
        return states[0] if self._pooler is None else self._pooler(states[0])


def normalize_rows(vectors: Floats) -> Floats:
    """Divide each row by its Euclidean length; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    result: Floats = (vectors / lengths).astype(np.float32, copy=False)
    return result


def average_groups(vectors: Floats, group: Ints, groups: int) -> Floats:
    """Average the rows of each group: tokens of a sentence, tokens of a document.

    Args:
        vectors: float32 [T, d].
        group: int32 [T], ascending; each group from 0 to `groups` - 1 has at least one row.
        groups: Number of groups.

    Returns:
        float32 [groups, d].

    Example:
        >>> average_groups(np.array([[0, 2], [2, 4], [5, 5]], np.float32), np.array([0, 0, 1]), 2)
        array([[1., 3.], [5., 5.]], dtype=float32)
    """
    if not groups:
        return vectors[:0]
    firsts = np.searchsorted(group, np.arange(groups))
    counts = np.diff(np.append(firsts, len(group)))
    sums: Floats = np.add.reduceat(vectors, firsts)
    sums /= counts[:, None]
    return sums
