"""Operations on numpy arrays that are safe in threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from nlu_lite._util.threads import submit

MOST_THREADS = 4
"""Maximum number of threads that set rows."""
THREAD_BYTES = 1 << 21
"""Number of bytes for which a thread is worth its start."""
SPARE = 0.25
"""Share of additional memory for parts that have more rows than expected."""
Allocate = Callable[[int, int], NDArray[np.float32]]
"""Takes numbers of rows and columns, and returns zeros."""
Integer = TypeVar("Integer", bound=np.signedinteger[Any])


def find_distinct(values: NDArray[Integer]) -> NDArray[Integer]:
    """Return the distinct values of an array, ascending, as `numpy.unique` does.

    `numpy.unique`, which numpy's other set routines call, acquires Python's global lock in a C++ destructor (numpy 2.3
    and newer). A daemon thread in it aborts the process if the process exits meanwhile.

    Example:
        >>> find_distinct(np.array([3, 1, 3, 2, 1])).tolist(), find_distinct(np.array([], np.int32)).tolist()
        ([1, 2, 3], [])
    """
    ordered = np.sort(values)
    is_first = np.ones(len(ordered), bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_first]


def allocate_zeros(rows: int, width: int) -> NDArray[np.float32]:
    """Return zeros, float32 [rows, width]."""
    return np.zeros((rows, width), np.float32)


class RowAllocator:
    """Allocates the matrices of consecutive parts next to each other, so that `join_rows` need not copy them.

    The first part decides the memory for all: `SPARE` more than if the rows of the others were in proportion to their
    sizes. Memory that no row uses is never touched. If it is too little, the remaining parts get memory of their own,
    and are copied in the end.

    Args:
        sizes: The size of each part, in any unit: the number of its characters, for instance.

    Example:
        >>> allocator = RowAllocator([30, 10])
        >>> one, two = allocator.allocate(3, 4), allocator.allocate(1, 4)
        >>> join_rows([one, two]).base is one.base
        True
    """

    def __init__(self, sizes: Iterable[int]) -> None:
        self._sizes = deque(sizes)
        self._free: NDArray[np.float32] | None = None

    def allocate(self, rows: int, width: int) -> NDArray[np.float32]:
        """Return zeros, float32 [rows, width]. Every part has the same width."""
        rows_per_unit = rows / max(self._sizes.popleft(), 1)
        if self._free is None or len(self._free) < rows:
            others = sum(self._sizes) * rows_per_unit
            self._free = _allocate_up_to(rows + int(others * (1 + SPARE)), rows, width)
        taken, self._free = self._free[:rows], self._free[rows:]
        return taken


def _allocate_up_to(most: int, least: int, width: int) -> NDArray[np.float32]:
    """Return zeros, float32 [most, width], or [least, width] if the system refuses so much memory."""
    try:
        return allocate_zeros(most, width)
    except MemoryError:
        return allocate_zeros(least, width)


def join_rows(matrices: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return all rows as one matrix. The list is emptied, so that each matrix can be freed once it is copied.

    Matrices that a `RowAllocator` placed next to each other are not copied.

    Example:
        >>> join_rows([np.ones((1, 2), np.float32), np.zeros((2, 2), np.float32)]).sum(axis=1).tolist()
        [2.0, 0.0, 0.0]
    """
    if len(matrices) == 1:
        return matrices.pop()
    base = _find_common_base(matrices)
    if base is not None:
        found = base[: sum(map(len, matrices))]
        matrices.clear()
        return found
    joined, end = np.empty((sum(map(len, matrices)), matrices[0].shape[1]), np.float32), 0
    matrices.reverse()
    while matrices:
        part = matrices.pop()
        joined[end : end + len(part)] = part
        end += len(part)
    return joined


def set_rows(matrix: NDArray[np.float32], places: NDArray[np.int64], rows: NDArray[np.float32]) -> None:
    """Set rows of a matrix: ``matrix[places] = rows``. Many rows are set by several threads.

    Writing to a new matrix takes time mostly because its memory is mapped page by page.

    Args:
        matrix: float32 [R, d].
        places: int64 [n], each once.
        rows: float32 [n, d].

    Example:
        >>> matrix = np.zeros((3, 1), np.float32)
        >>> set_rows(matrix, np.array([2, 0]), np.array([[5], [7]], np.float32))
        >>> matrix.ravel().tolist()
        [7.0, 0.0, 5.0]
    """

    def set_part(part: slice) -> None:
        matrix[places[part]] = rows[part]

    count = min(MOST_THREADS, 1 + rows.nbytes // THREAD_BYTES)
    if count == 1:
        set_part(slice(None))
        return
    bounds = np.linspace(0, len(places), count + 1).astype(int).tolist()
    parts = [slice(begin, end) for begin, end in pairwise(bounds)]
    with ThreadPoolExecutor(count) as threads:
        for call in [submit(threads, set_part, part) for part in parts]:
            call.result()


def _find_common_base(matrices: list[NDArray[np.float32]]) -> NDArray[np.float32] | None:
    """Return the array whose first rows are these matrices, one after another; None if there is none."""
    base: NDArray[np.float32] | None = matrices[0].base
    if base is None or base.shape[1:] != matrices[0].shape[1:]:
        return None
    place = base.ctypes.data
    for part in matrices:
        if part.base is not base or part.ctypes.data != place or not part.flags.c_contiguous:
            return None
        place += part.nbytes
    return base
