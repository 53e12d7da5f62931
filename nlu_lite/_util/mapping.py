"""Files that are mapped into memory: pages that have been read count as the process's until they are let go."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds
from numpy.typing import NDArray


def let_go(array: NDArray[Any]) -> None:
    """Let go of the pages of the mapped file in which an array lies; those still used are read again when they are.

    Does nothing to an array in memory of its own, or where the system cannot do it. Pages in which the array begins or
    ends stay, for others may share them. What has been written into the array is lost.

    Example:
        >>> array = np.arange(3)
        >>> let_go(array)
        >>> array
        array([0, 1, 2])
    """
    mapped = _map_of(array)
    if mapped is None or not array.size or not hasattr(mmap, "MADV_DONTNEED"):
        return
    start, _ = byte_bounds(np.frombuffer(mapped, np.uint8))
    low, high = byte_bounds(array)
    begin, end = -(-(low - start) // mmap.PAGESIZE), (high - start) // mmap.PAGESIZE
    if begin < end:
        mapped.madvise(mmap.MADV_DONTNEED, begin * mmap.PAGESIZE, (end - begin) * mmap.PAGESIZE)


def _map_of(array: NDArray[Any]) -> mmap.mmap | None:
    owner: object = array
    while isinstance(owner, (np.ndarray, memoryview)):
        owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
    return owner if isinstance(owner, mmap.mmap) else None
