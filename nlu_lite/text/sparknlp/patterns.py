"""Regular expressions of Java, compiled by the package `regex`."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from nlu_lite.errors import OptionError

if TYPE_CHECKING:
    import regex

Pattern: TypeAlias = "regex.Pattern[str]"

CLASSES = {"s": r" \t\n\v\f\r", "w": "a-zA-Z0-9_", "d": "0-9"}
"""The members of the classes that are ASCII in Java."""
ESCAPES = (
    {name: f"[{members}]" for name, members in CLASSES.items()}  # a class within a class is allowed
    | {name.upper(): f"[^{members}]" for name, members in CLASSES.items()}
    | {"z": r"\Z"}
)


@cache
def compile_java(pattern: str) -> Pattern:
    r"""Compile a regular expression of Java.

    ``\s``, ``\w`` and ``\d`` are ASCII; ``\p{L}``, ``\z``, ``\Q...\E`` and classes within classes work as in Java.

    Raises:
        OptionError: It cannot be compiled.

    Example:
        >>> compile_java(r"[\p{L}\w]+'").findall("l'une d'été")
        ["l'", "d'"]
    """
    import regex

    try:
        return regex.compile(_translate(pattern), regex.VERSION1)
    except (regex.error, TypeError) as error:
        raise OptionError(
            f"the pattern {pattern!r}, which cannot be compiled: {error}",
            "a regular expression of Java",
            "Escape special characters with a backslash",
        ) from None


def quote(text: str) -> str:
    r"""Return a pattern of Java that matches a text.

    Example:
        >>> quote("a-]")
        'a\\-\\]'
    """
    return "".join(character if character.isalnum() else "\\" + character for character in text)


def _translate(pattern: str) -> str:
    """Return a pattern of Java as `regex` writes it."""
    plain = re.sub(r"\\Q(.*?)(?:\\E|\Z)", lambda match: quote(match[1]), pattern, flags=re.DOTALL)
    return re.sub(r"\\(.)", lambda match: ESCAPES.get(match[1], match[0]), plain, flags=re.DOTALL)
