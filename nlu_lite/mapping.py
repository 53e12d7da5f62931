"""Files that are mapped into memory: pages that have been read count as the process's until they are let go."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray


def let_go(array: NDArray[Any]) -> None:
    """Let go of the pages of the mapped file in which an array lies; those still used are read again when they are.

    Does nothing to an array in memory of its own, or where the system cannot do it. What has been written into the
    array, or into another one on the same map, is lost.

    Example:
        >>> array = np.arange(3)
        >>> let_go(array)
        >>> array
        array([0, 1, 2])
    """
    owner: object = array
    while isinstance(owner, (np.ndarray, memoryview)):
        owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
    if isinstance(owner, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        owner.madvise(mmap.MADV_DONTNEED)
