"""Which pieces the model sees together: windows over long runs, batches of windows. Integers only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from nlu_lite.records import Batch, Ints, Window

SPECIAL_TOKEN_COUNT = 2
"""Special tokens that stand around each window's pieces."""


def plan_windows(run_first: Ints, capacity: int) -> list[Window]:
    """Cover each run of pieces by windows of at most `capacity` pieces.

    A run that fits is one window. A longer one gets windows of full length, each overlapping the next by at least half,
    so that every kept piece but those at the run's ends sees a quarter of a window on either side.

    Args:
        run_first: int32 [R+1]; run r has pieces ``run_first[r]`` to ``run_first[r+1]``. Empty runs get no window.
        capacity: Pieces in a window, special tokens not counted; at least 1.

    Returns:
        Windows in the order of their pieces; each piece is kept in exactly one, the one in whose middle it stands most
        nearly (the earlier of two that are equally near).

    Example:
        >>> import numpy as np
        >>> [(w.first, w.end, w.kept_first, w.kept_end) for w in plan_windows(np.array([0, 3, 9]), 4)]
        [(0, 3, 0, 3), (3, 7, 3, 6), (5, 9, 6, 9)]
    """
    bounds = run_first.tolist()
    windows: list[Window] = []
    for first, end in pairwise(bounds):
        if end - first > capacity:
            windows.extend(_overlapping(first, end, capacity))
        elif end > first:
            windows.append(Window(first, end, first, end))
    return windows


def _overlapping(first: int, end: int, capacity: int) -> Iterator[Window]:
    rest, step = end - first - capacity, max(1, capacity // 2)
    gaps = -(-rest // step)
    starts = [first + rest * number // gaps for number in range(gaps + 1)]
    # Window i's middle is start + (capacity - 1) / 2: up to half-way between two middles a piece is nearer the first.
    borders = [(left + right + capacity - 1) // 2 + 1 for left, right in pairwise(starts)]
    for start, kept_first, kept_end in zip(starts, [first, *borders], [*borders, end], strict=True):
        yield Window(start, start + capacity, kept_first, kept_end)


def plan_batches(windows: Sequence[Window], budget: int) -> list[Batch]:
    """Group windows of like length, so that little is padding: longest first, up to `budget` pieces.

    Args:
        windows: What is to be encoded.
        budget: Pieces in a batch, padding and special tokens included; a longer window has a batch of its own.

    Returns:
        Batches that hold each window once. Ties keep the windows' order.

    Example:
        >>> import numpy as np
        >>> windows = plan_windows(np.array([0, 2, 9, 12]), 510)
        >>> [(batch.windows, batch.length) for batch in plan_batches(windows, budget=10)]
        [((1,), 7), ((2, 0), 3)]
    """
    order = sorted(range(len(windows)), key=lambda number: windows[number].first - windows[number].end)
    batches, place = [], 0
    while place < len(order):
        window = windows[order[place]]
        length = window.end - window.first
        size = max(1, budget // (length + SPECIAL_TOKEN_COUNT))
        batches.append(Batch(tuple(order[place : place + size]), length))
        place += size
    return batches
