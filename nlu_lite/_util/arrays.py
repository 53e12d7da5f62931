"""Operations on numpy arrays that are safe in threads."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Integer = TypeVar("Integer", bound=np.signedinteger[Any])


def find_distinct(values: NDArray[Integer]) -> NDArray[Integer]:
    """Return the distinct values of an array, ascending, as `numpy.unique` does.

    `numpy.unique` takes Python's lock back in a C++ destructor (numpy 2.3 and newer). If the process ends meanwhile, a
    daemon thread in it aborts the process.

    Example:
        >>> find_distinct(np.array([3, 1, 3, 2, 1])).tolist(), find_distinct(np.array([], np.int32)).tolist()
        ([1, 2, 3], [])
    """
    ordered = np.sort(values)
    is_first = np.ones(len(ordered), bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_first]


def join_rows(matrices: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return all rows as one matrix. The list is emptied, so that each matrix can be freed once it is copied.

    Example:
        >>> join_rows([np.ones((1, 2), np.float32), np.zeros((2, 2), np.float32)]).sum(axis=1).tolist()
        [2.0, 0.0, 0.0]
    """
    if len(matrices) == 1:
        return matrices.pop()
    joined, end = np.empty((sum(map(len, matrices)), matrices[0].shape[1]), np.float32), 0
    matrices.reverse()
    while matrices:
        part = matrices.pop()
        joined[end : end + len(part)] = part
        end += len(part)
    return joined
