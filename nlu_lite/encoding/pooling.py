"""Piece vectors become token vectors, and token vectors those of sentences and documents."""

from __future__ import annotations

from enum import Enum

import numpy as np

from nlu_lite.records import Floats, Ints, Pieces


class Pooling(Enum):
    """How a token's vector is made of those of its pieces.

    FIRST is Spark NLP's and the usual choice for tagging; LAST suits suffixing languages; MEAN and MAX look at the
    whole word; FIRST_LAST puts both ends beside each other and is twice as wide.
    """

    FIRST = "first"
    LAST = "last"
    MEAN = "mean"
    MAX = "max"
    FIRST_LAST = "first_last"


class TokenVectors:
    """The matrix of token vectors, filled window by window in any order.

    A token's pieces can be kept in two windows, so what pools over pieces accumulates.

    Attributes:
        matrix: float32 [T, d], or [T, 2d] for FIRST_LAST; complete when `finish` has been called.
    """

    def __init__(self, pieces: Pieces, dimension: int, pooling: Pooling) -> None:
        tokens = len(pieces.token_first) - 1
        self._first, self._end = pieces.token_first[:-1], pieces.token_first[1:]
        self._pooling, self._dimension = pooling, dimension
        width = dimension * 2 if pooling is Pooling.FIRST_LAST else dimension
        start = -np.inf if pooling is Pooling.MAX else 0.0
        self.matrix: Floats = np.full((tokens, width), start, np.float32)

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
                self._pick(vectors, first, self._end - 1, slice(None))
            case Pooling.FIRST_LAST:
                self._pick(vectors, first, self._first, slice(None, self._dimension))
                self._pick(vectors, first, self._end - 1, slice(self._dimension, None))
            case Pooling.MEAN | Pooling.MAX:
                self._reduce(vectors, first, np.add if self._pooling is Pooling.MEAN else np.maximum)

    def finish(self) -> Floats:
        """Give the matrix, after every piece has been added once."""
        if self._pooling is Pooling.MEAN:
            self.matrix /= (self._end - self._first)[:, None]
        return self.matrix

    def _pick(self, vectors: Floats, first: int, piece: Ints, columns: slice) -> None:
        begin, end = np.searchsorted(piece, (first, first + len(vectors)))
        self.matrix[begin:end, columns] = vectors[piece[begin:end] - first]

    def _reduce(self, vectors: Floats, first: int, operation: np.ufunc) -> None:
        begin = int(np.searchsorted(self._end, first, side="right"))
        end = int(np.searchsorted(self._first, first + len(vectors)))
        starts = np.maximum(self._first[begin:end] - first, 0)
        rows = self.matrix[begin:end]
        operation(rows, operation.reduceat(vectors, starts), out=rows)


def mean_of_groups(vectors: Floats, group: Ints, groups: int) -> Floats:
    """Average the rows of each group: tokens of a sentence, tokens of a document.

    Args:
        vectors: float32 [T, d].
        group: int32 [T], ascending; each group from 0 to `groups` - 1 has at least one row.
        groups: Number of groups.

    Returns:
        float32 [groups, d].

    Example:
        >>> mean_of_groups(np.array([[0, 2], [2, 4], [5, 5]], np.float32), np.array([0, 0, 1]), 2)
        array([[1., 3.], [5., 5.]], dtype=float32)
    """
    if not groups:
        return vectors[:0]
    firsts = np.searchsorted(group, np.arange(groups))
    counts = np.diff(np.append(firsts, len(group)))
    sums: Floats = np.add.reduceat(vectors, firsts)
    sums /= counts[:, None]
    return sums
