"""What can be chosen about sentences and words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from nlu_lite.errors import OptionError

Splitter: TypeAlias = Callable[[str], Iterable[tuple[int, int]]]
"""Takes a text and gives half-open spans of it, in order."""


class Words(Enum):
    """What finds words in scripts that write none apart."""

    ICU = "icu"  # ICU's dictionaries and this library's lists
    DICTIONARY = "dictionary"  # a package for each language, from the extra `words`


class NewlineBreaks(Enum):
    """Which line breaks end a sentence."""

    PARAGRAPHS = "paragraphs"  # an empty line, a form feed, U+2029
    LINES = "lines"  # every line break
    NEVER = "never"  # none


@dataclass(frozen=True)
class TextSettings:
    r"""How texts are to be split.

    Attributes:
        words: What finds words in scripts that write none apart.
        newline_breaks: Which line breaks end a sentence.
        keep_whole: Regular expressions; what one matches stays one token and lies in one sentence. A match that is
            empty or begins or ends on white space counts without that white space.
        sentences: Splits a text into sentences in place of the rules; None for the rules.
        tokens: Splits a sentence into tokens in place of the rules; offsets count from the sentence's begin.

    Raises:
        OptionError: A pattern of `keep_whole` is no regular expression.

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
            "Escape characters with a meaning of their own: re.escape(...)",
        ) from None
