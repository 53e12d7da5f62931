"""Pool hidden states of pieces into vectors of tokens, and these or the hidden states into vectors of sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlu_lite._util.arrays import Allocate, allocate_zeros, find_distinct, set_rows
from nlu_lite.encoding.plan import SPECIAL_TOKEN_COUNT, join_ranges
from nlu_lite.options import LayerMerge, Pooling
from nlu_lite.records import Floats, Int64s, Ints, Pieces, SentencePooling, Windows

Pooler = Callable[[Floats], Floats]
"""A model's own pooler: from hidden states of first positions, float32 [k, d], to float32 [k, d]."""


def merge_layers(hidden: Floats, merge: LayerMerge) -> Floats:
    """Merge the hidden states of several layers into one vector per row.

    Args:
        hidden: float32 [layers, rows, d].
        merge: The operation.

    Returns:
        float32 [rows, d], or [rows, layers * d] for CONCAT, in the order of the layers.
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


@dataclass(frozen=True)
class Positions:
    """Positions in windows.

    Attributes:
        window: int64 [K], index of the window, ascending.
        position: int64 [K], position in the window, ascending within a window; 0 is the first special token.
    """

    window: Int64s
    position: Int64s


class Vectors(Protocol):
    """A matrix of vectors, filled with the hidden states of windows in any order."""

    def find_positions(self, windows: Windows) -> Positions:
        """Return the positions whose hidden states are needed."""

    def add(self, states: Floats, windows: Windows, positions: Positions) -> None:
        """Add the hidden states of these positions, float32 [K, d]. Each window is added once."""

    def count_done(self, windows: Windows) -> int:
        """Return the number of vectors that these windows complete, for progress reports."""

    def finish(self) -> Floats:
        """Return the matrix. Every window must have been added."""


class TokenVectors:
    """The vectors of tokens.

    A token's pieces can be kept in two windows, so poolings over pieces accumulate.

    Args:
        pieces: The pieces of each token.
        dimension: Width d of a hidden state.
        pooling: How the hidden states of a token's pieces are pooled.
        allocate: Allocates the matrix, with zeros.

    Attributes:
        matrix: float32 [T, d], or [T, 2d] for FIRST_LAST; complete after `finish`.
        needed: The pieces whose hidden states are used, ascending; None if all are.
    """

    def __init__(self, pieces: Pieces, dimension: int, pooling: Pooling, allocate: Allocate = allocate_zeros) -> None:
        self._first, self._end, self._last = pieces.token_first, pieces.token_end, pieces.token_end - 1
        self._pooling, self._dimension = pooling, dimension
        width = dimension * 2 if pooling is Pooling.FIRST_LAST else dimension
        self.matrix: Floats = allocate(len(self._first), width)
        if pooling is Pooling.MAX:
            self.matrix[:] = -np.inf
        self.needed = find_needed_pieces(pieces, pooling)

    def find_positions(self, windows: Windows) -> Positions:
        """Return the positions of the needed pieces that the windows keep (see `Vectors`)."""
        pieces: Ints | Int64s
        if self.needed is None:
            pieces, counts = join_ranges(windows.kept_first, windows.kept_end), windows.kept_end - windows.kept_first
        else:
            begin, end = (np.searchsorted(self.needed, bound) for bound in (windows.kept_first, windows.kept_end))
            pieces, counts = self.needed[join_ranges(begin, end)], end - begin
        window = np.repeat(np.arange(len(windows)), counts)
        return Positions(window, pieces - windows.first[window] + 1)  # the first position is that of a special token

    def add(self, states: Floats, windows: Windows, positions: Positions) -> None:
        """Add hidden states (see `Vectors`). The windows must be in the order of their pieces."""
        pieces = (windows.first[positions.window] + positions.position - 1).astype(np.int32)
        match self._pooling:
            case Pooling.FIRST:
                self._pick(states, pieces, self._first, slice(None))
            case Pooling.LAST:
                self._pick(states, pieces, self._last, slice(None))
            case Pooling.FIRST_LAST:
                self._pick(states, pieces, self._first, slice(None, self._dimension))
                self._pick(states, pieces, self._last, slice(self._dimension, None))
            case Pooling.MEAN:
                self._reduce(states, pieces, np.add)
            case Pooling.MAX:
                self._reduce(states, pieces, np.maximum)

    def count_done(self, windows: Windows) -> int:
        """Count completed tokens (see `Vectors`): a token counts with its first piece, or with its last for LAST."""
        anchors = self._last if self._pooling is Pooling.LAST else self._first
        return _count_within(anchors, windows)

    def finish(self) -> Floats:
        """See `Vectors`."""
        if self._pooling is Pooling.MEAN:
            self.matrix /= (self._end - self._first)[:, None]
        return self.matrix

    def _pick(self, states: Floats, pieces: Ints, piece: Ints, columns: slice) -> None:
        """Set the vector of each token to the state of its piece. Adjacent tokens can share a piece."""
        begin, end = np.searchsorted(piece, pieces), np.searchsorted(piece, pieces, side="right")
        counts = end - begin
        rows = states if (counts == 1).all() else np.repeat(states, counts, axis=0)
        set_rows(self.matrix[:, columns], join_ranges(begin, end), rows)

    def _reduce(self, states: Floats, pieces: Ints, operation: np.ufunc) -> None:
        """Reduce the states of each token's pieces, which are ascending and contiguous."""
        tokens = self._find_touched(pieces)
        bounds = np.searchsorted(pieces, np.stack([self._first[tokens], self._end[tokens]], axis=1))
        # The additional last row makes every end a valid index. Every second result is the reduction between tokens.
        padded = np.concatenate([states, states[-1:]])
        self.matrix[tokens] = operation(self.matrix[tokens], operation.reduceat(padded, bounds.ravel())[::2])

    def _find_touched(self, pieces: Ints) -> Int64s:
        """Return the tokens that have at least one of these pieces, ascending."""
        cuts = np.flatnonzero(np.diff(pieces) != 1) + 1
        firsts, ends = pieces[np.append(0, cuts)], pieces[np.append(cuts - 1, -1)] + 1
        begin = np.searchsorted(self._end, firsts, side="right")
        found: Int64s = find_distinct(join_ranges(begin, np.searchsorted(self._first, ends)))
        return found


def find_needed_pieces(pieces: Pieces, pooling: Pooling) -> Ints | None:
    """Return the pieces whose hidden states are used, ascending, each once; None if all are."""
    match pooling:
        case Pooling.FIRST:
            chosen = pieces.token_first
        case Pooling.LAST:
            chosen = pieces.token_end - 1
        case Pooling.FIRST_LAST:
            chosen = np.concatenate([pieces.token_first, pieces.token_end - 1])
        case _:
            return None
    found: Ints = find_distinct(chosen)
    return found


class RunVectors:
    """The vectors of runs. A long run has the mean of its windows' vectors, weighted by the pieces that each keeps.

    Args:
        run_first: int32 [R+1], the pieces of each run.
        dimension: Width d of a vector.
        pooling: How the hidden states of a window are pooled.
        pooler: The model's own pooler, for POOLER.
    """

    def __init__(self, run_first: Ints, dimension: int, pooling: SentencePooling, pooler: Pooler | None) -> None:
        self._run_first, self._begins, self._pooling, self._pooler = run_first, run_first[:-1], pooling, pooler
        self._sums: Floats = np.zeros((len(run_first) - 1, dimension), np.float32)
        self._weights: NDArray[np.float32] = np.zeros((len(run_first) - 1, 1), np.float32)

    def find_positions(self, windows: Windows) -> Positions:
        """Return the special tokens and the kept pieces for MEAN, or else the first position (see `Vectors`)."""
        number = np.arange(len(windows))
        if self._pooling is not SentencePooling.MEAN:
            return Positions(number, np.zeros_like(number))
        begin, end = windows.kept_first - windows.first, windows.kept_end - windows.first + SPECIAL_TOKEN_COUNT
        window, position = np.repeat(number, end - begin), join_ranges(begin, end)
        bounds = np.cumsum(end - begin)
        position[bounds - (end - begin)] = 0
        position[bounds - 1] = windows.end - windows.first + 1
        return Positions(window, position)

    def add(self, states: Floats, windows: Windows, positions: Positions) -> None:
        """See `Vectors`."""
        run = np.searchsorted(self._run_first, windows.first, side="right") - 1
        weights = (windows.kept_end - windows.kept_first).astype(np.float32)[:, None]
        if self._pooling is SentencePooling.MEAN:  # includes the special tokens, as in the authors' own code
            weights += SPECIAL_TOKEN_COUNT
            sums = np.add.reduceat(states, np.searchsorted(positions.window, np.arange(len(windows))))
        else:
            sums = (states if self._pooler is None else self._pooler(states)) * weights
        np.add.at(self._sums, run, sums)
        np.add.at(self._weights, run, weights)

    def count_done(self, windows: Windows) -> int:
        """Count completed runs (see `Vectors`): a run counts with its first piece."""
        return _count_within(self._begins, windows)

    def finish(self) -> Floats:
        """See `Vectors`."""
        return self._sums / self._weights


def _count_within(pieces: Ints, windows: Windows) -> int:
    """Count how many of these pieces, which are ascending, the windows keep."""
    ends = np.searchsorted(pieces, windows.kept_end)
    return int((ends - np.searchsorted(pieces, windows.kept_first)).sum())


def normalize_rows(vectors: Floats) -> Floats:
    """Divide each row by its Euclidean length. A row of zeros is unchanged."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    result: Floats = (vectors / lengths).astype(np.float32, copy=False)
    return result


def average_groups(vectors: Floats, group: Ints, groups: int) -> Floats:
    """Average the rows of each group: tokens of a sentence, tokens of a document.

    Args:
        vectors: float32 [T, d]. Rows of NaN, those of tokens that are cut off, are left out.
        group: int32 [T], ascending; each group from 0 to `groups` - 1 has at least one row.
        groups: Number of groups.

    Returns:
        float32 [groups, d]; NaN for a group with no other rows.

    Example:
        >>> average_groups(np.array([[0, 2], [2, 4], [5, 5]], np.float32), np.array([0, 0, 1]), 2)
        array([[1., 3.], [5., 5.]], dtype=float32)
    """
    if not groups:
        return vectors[:0]
    missing = np.isnan(vectors[:, 0])
    if missing.any():
        return _average_rest(vectors[~missing], group[~missing], groups)
    firsts = np.searchsorted(group, np.arange(groups))
    counts = np.diff(np.append(firsts, len(group)))
    sums: Floats = np.add.reduceat(vectors, firsts)
    sums /= counts[:, None]
    return sums


def _average_rest(vectors: Floats, group: Ints, groups: int) -> Floats:
    """Average the rows of groups that can be without rows."""
    found: Floats = np.full((groups, vectors.shape[1]), np.nan, np.float32)
    present = find_distinct(group)
    found[present] = average_groups(vectors, np.searchsorted(present, group).astype(np.int32), len(present))
    return found
