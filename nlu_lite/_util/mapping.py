"""Memory-mapped files: the pages that have been read count as the process's memory until they are released."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds
from numpy.typing import NDArray


def release_pages(array: NDArray[Any]) -> None:
    """Release the memory of a memory-mapped array; pages that are used again are read again.

    Does nothing to an array that is not memory-mapped, or on a system that cannot release pages. The first and the last
    page of the array are kept, since other arrays may share them. Changes to the array are lost.

    Example:
        >>> array = np.arange(3)
        >>> release_pages(array)
        >>> array
        array([0, 1, 2])
    """
    mapped = _find_map(array)
    if mapped is None or not array.size or not hasattr(mmap, "MADV_DONTNEED"):
        return
    start, _ = byte_bounds(np.frombuffer(mapped, np.uint8))
    low, high = byte_bounds(array)
    begin, end = -(-(low - start) // mmap.PAGESIZE), (high - start) // mmap.PAGESIZE
    if begin < end:
        mapped.madvise(mmap.MADV_DONTNEED, begin * mmap.PAGESIZE, (end - begin) * mmap.PAGESIZE)


def _find_map(array: NDArray[Any]) -> mmap.mmap | None:
    """Return the memory map that holds an array; None for an array that is not memory-mapped."""
    owner: object = array
    while isinstance(owner, (np.ndarray, memoryview)):
        owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
    return owner if isinstance(owner, mmap.mmap) else None
