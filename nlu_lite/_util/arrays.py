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
