"""Parse single values of options."""

from __future__ import annotations

import os
import sys
from enum import Enum
from pathlib import Path
from typing import TypeVar

from nlu_lite.errors import OptionError, find_nearest_names

E = TypeVar("E", bound=Enum)


def parse_choice(kind: type[E], value: object, option: str) -> E:
    """Return the member of an enum that has a value.

    Raises:
        OptionError: The enum has no such value. The error lists all values and the nearest one.

    Example:
        >>> from nlu_lite.options import LayerMerge
        >>> parse_choice(LayerMerge, "meen", "layer_merge")
        Traceback (most recent call last):
        nlu_lite.errors.OptionError: layer_merge='meen'; expected 'mean', 'sum', 'concat'. Nearest: mean. Pass one of
        these as layer_merge.
    """
    try:
        return kind(value)
    except ValueError:
        names = [str(member.value) for member in kind]
        expected = ", ".join(map(repr, names))
        near = find_nearest_names(value, names)
        raise OptionError(f"{option}={value!r}", expected, f"Pass one of these as {option}", near) from None


def parse_flag(value: object, option: str) -> bool:
    """Return an option that is True or False.

    Raises:
        OptionError: The value has another type; the string ``"no"`` would count as true.
    """
    if isinstance(value, bool):
        return value
    raise OptionError(f"{option}={value!r}", "True or False", f"Pass {option}=True or {option}=False")


def parse_centering(center: object, components: int) -> int | None:
    """Return the number of principal components to remove after the mean; None to keep the mean.

    Raises:
        OptionError: `center` is not True or False; or components are removed without the mean.
    """
    if parse_flag(center, "center"):
        return components
    if components:
        raise OptionError(f"components={components!r} without center", "both", "Pass center=True as well")
    return None


def check_number(option: str, value: object, least: int, most: int = sys.maxsize) -> None:
    """Check that an option is an integer from `least` to `most`.

    Raises:
        OptionError: The value is not such an integer.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        limits = f"a whole number from {least} " + ("on" if most == sys.maxsize else f"to {most}")
        raise OptionError(f"{option}={value!r}", limits, "Leave it out for the default")


def parse_path(value: object, option: str, remedy: str = "Pass a str or a Path") -> Path:
    """Return an option as a path.

    Raises:
        OptionError: The value is neither a str nor a path.
    """
    if isinstance(value, str) or (isinstance(value, os.PathLike) and isinstance(os.fspath(value), str)):
        return Path(value)
    raise OptionError(f"{option} is a {type(value).__name__}", "the path of a file or folder", remedy)
