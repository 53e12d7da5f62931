"""Plan which pieces the model sees together: windows of long runs, and batches of windows. Integers only."""

from __future__ import annotations

import numpy as np

from nlu_lite.records import Int64s, Ints, Windows

SPECIAL_TOKEN_COUNT = 2
"""Number of special tokens around the pieces of each window."""
LARGEST_PADDING = 0.1
"""Maximum share of padding in a batch of more than `SMALL_BATCH` pieces."""
SMALL_BATCH = 1 << 11
"""Number of pieces up to which a batch costs a GPU little more than its launch, so that padding does not matter."""


def plan_windows(run_first: Ints, capacity: int) -> Windows:
    """Cover each run of pieces with windows of at most `capacity` pieces.

    A run that fits is one window. A longer run has windows of full length, and each overlaps the next by at least half.
    Every kept piece, except at the ends of the run, therefore has a quarter of a window of context on both sides.

    Args:
        run_first: int32 [R+1]; run r has pieces ``run_first[r]`` to ``run_first[r+1]``. An empty run has no window.
        capacity: Maximum number of pieces in a window, without special tokens; at least 1.

    Returns:
        The windows, in the order of their pieces. Each piece is kept in exactly one window: the one in which it is
        closest to the middle, or the earlier of two if it is equally close.

    Example:
        >>> windows = plan_windows(np.array([0, 3, 9], np.int32), 4)
        >>> windows.first, windows.end
        (array([0, 3, 5], dtype=int32), array([3, 7, 9], dtype=int32))
        >>> windows.kept_first, windows.kept_end
        (array([0, 3, 6], dtype=int32), array([3, 6, 9], dtype=int32))
    """
    bounds = run_first.astype(np.int64)
    begins = bounds[:-1]
    lengths = bounds[1:] - begins
    if (lengths <= capacity).all():
        first, end = run_first[:-1][lengths > 0], run_first[1:][lengths > 0]
        return Windows(first, end, first, end)
    rests = np.maximum(lengths - capacity, 0)
    gaps = -(-rests // max(1, capacity // 2))
    counts = np.where(lengths > 0, gaps + 1, 0)
    run = np.repeat(np.arange(len(counts)), counts)
    number = join_ranges(np.zeros_like(counts), counts)
    start = begins[run] + rests[run] * number // np.maximum(gaps[run], 1)
    end = start + np.minimum(lengths[run], capacity)
    # The middle of a window is start + (capacity - 1) / 2. Up to half-way between two middles, a piece is closer to the
    # first.
    border = (start[:-1] + start[1:] + capacity - 1) // 2 + 1
    kept_first, kept_end = start.copy(), end.copy()
    inside = run[:-1] == run[1:]
    kept_first[1:][inside] = kept_end[:-1][inside] = border[inside]
    return Windows(*(array.astype(np.int32) for array in (start, end, kept_first, kept_end)))


def join_ranges(begin: Ints | Int64s, end: Ints | Int64s) -> Int64s:
    """Return the concatenation of ranges of integers.

    Args:
        begin: int [R].
        end: int [R], at least `begin`.

    Example:
        >>> join_ranges(np.array([5, 2, 2]), np.array([8, 2, 4]))
        array([5, 6, 7, 2, 3])
    """
    counts = (end - begin).astype(np.int64)
    ends = np.cumsum(counts)
    shift = np.repeat(begin - (ends - counts), counts)
    return shift + np.arange(len(shift))


def plan_batches(windows: Windows, budget: int) -> list[Int64s]:
    """Group windows of similar length into batches of up to `budget` pieces, longest first, to avoid padding.

    A batch of more than `SMALL_BATCH` pieces has at most the share `LARGEST_PADDING` of padding.

    Args:
        windows: The windows to encode.
        budget: Maximum number of pieces in a batch, including padding and special tokens. A longer window is a batch.

    Returns:
        The indices of the windows of each batch. Each index occurs once. Windows of equal length keep their order.

    Example:
        >>> windows = plan_windows(np.array([0, 2, 9, 12], np.int32), 510)
        >>> [numbers.tolist() for numbers in plan_batches(windows, budget=10)]
        [[1], [2, 0]]
    """
    lengths = windows.end - windows.first + SPECIAL_TOKEN_COUNT
    order = np.argsort(-lengths, kind="stable")
    batches, place = [], 0
    while place < len(order):
        chosen = order[place : place + max(1, budget // int(lengths[order[place]]))]
        chosen = chosen[: _count_dense(lengths[chosen])]
        batches.append(chosen)
        place += len(chosen)
    return batches


def _count_dense(lengths: Ints) -> int:
    """Return the number of windows, longest first, that a batch can have without too much padding."""
    positions = np.arange(1, len(lengths) + 1) * int(lengths[0])
    is_dense = np.cumsum(lengths) >= (1 - LARGEST_PADDING) * positions
    return int(np.count_nonzero(is_dense | (positions <= SMALL_BATCH)))
