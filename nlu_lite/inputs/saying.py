"""How errors name what they found."""

from __future__ import annotations

from collections.abc import Sequence


def kind(value: object) -> str:
    """Name the type of a value."""
    return "None" if value is None else f"a value of type {type(value).__name__}"


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
    try:
        return f"{label!r:.60}"
    except ValueError:  # Python writes no int of more than 4300 digits
        return f"({kind(label)})"
