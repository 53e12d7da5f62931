"""The settings of segmentation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from nlu_lite.errors import OptionError

Splitter: TypeAlias = Callable[[str], Iterable[tuple[int, int]]]
"""Takes a text and returns half-open spans of it in code points, in order."""


class Words(Enum):
    """The word finder for scripts without spaces between words."""

    ICU = "icu"  # ICU's dictionaries and the lists of this library
    DICTIONARY = "dictionary"  # a package for each language, from the extra `words`


class NewlineBreaks(Enum):
    """Which line breaks end a sentence."""

    PARAGRAPHS = "paragraphs"  # an empty line, a form feed, U+2029
    LINES = "lines"  # every line break
    NEVER = "never"  # none


@dataclass(frozen=True)
class TextSettings:
    r"""How texts are split.

    Attributes:
        words: The word finder for scripts without spaces between words.
        newline_breaks: Which line breaks end a sentence.
        keep_whole: Regular expressions; a match is one token, in one sentence. Whitespace at the edges of a match is
            ignored.
        sentences: Splits a text into sentences instead of the rules; None for the rules.
        tokens: Splits a sentence into tokens instead of the rules; offsets are relative to the sentence.

    Raises:
        OptionError: A pattern of `keep_whole` is not a regular expression.

    Example:
        >>> TextSettings(keep_whole=(r"New\s+York",)).words
        <Words.ICU: 'icu'>
    """

    words: Words = Words.ICU
    newline_breaks: NewlineBreaks = NewlineBreaks.PARAGRAPHS
    keep_whole: tuple[str, ...] = ()
    sentences: Splitter | None = None
    tokens: Splitter | None = None

    def __post_init__(self) -> None:
        if isinstance(self.keep_whole, str):
            raise OptionError("keep_whole is a str", "a tuple of patterns", f"Pass ({self.keep_whole!r},)")
        for pattern in self.keep_whole:
            _check_pattern(pattern)


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, TypeError) as error:
        raise OptionError(
            f"keep_whole has {pattern!r}, which cannot be compiled: {error}",
            "a regular expression",
            "Escape special characters with re.escape(...)",
        ) from None
