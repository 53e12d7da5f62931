"""How errors name what they found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np


def kind(value: object) -> str:
    """Name the type of a value."""
    return "None" if value is None else f"a value of type {type(value).__name__}"


def remedy(value: object) -> str:
    """Say how a value becomes a text, or texts."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "Decode it: text.decode('utf-8')"
    if isinstance(value, Iterable):
        return "Convert it with list(...)"
    return "Pass one of these" if value is None else "Convert it with str(...)"


def rows(labels: Sequence[object], most: int = 5) -> str:
    """Name rows by their labels, the first few of many.

    Example:
        >>> rows([3]), rows(list("abcdefg"), most=2)
        ('row 3', "rows 'a', 'b' and 5 more")
    """
    shown = ", ".join(map(_label, labels[:most]))
    more = f" and {len(labels) - most} more" if len(labels) > most else ""
    return f"{'row' if len(labels) == 1 else 'rows'} {shown}{more}"


def _label(label: object) -> str:
    label = label.item() if isinstance(label, np.generic) else label
    try:
        return f"{label!r:.60}"
    except ValueError:  # Python writes no int of more than 4300 digits
        return f"({kind(label)})"
