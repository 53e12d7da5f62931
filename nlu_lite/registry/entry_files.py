"""Files of entries, and the lines of their tables and keys, which errors name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

from nlu_lite.errors import FormatError

MAXIMUM_SIZE = 4 << 20
"""Maximum size of a file of entries, in bytes."""
REMEDY = "Correct the entry; docs/references.md describes the keys"


@dataclass(frozen=True)
class EntryFile:
    """A file of entries.

    Attributes:
        name: The path, for errors.
        text: The content.
        folder: The folder that relative paths in the file are relative to.
    """

    name: str
    text: str
    folder: Path


@dataclass(frozen=True)
class EntryTable:
    """A ``[[model]]`` or ``[[alias]]`` of a file, counted from 0."""

    file: EntryFile
    name: str
    number: int

    def __str__(self) -> str:
        return self.locate()

    def locate(self, key: str | None = None) -> str:
        """Return the file and the line of a key or of the table; the file alone if the line cannot be determined."""
        lines, headers = _split_lines(self.file.text), _find_headers(self.file.text, self.name)
        if self.number >= len(headers):
            return self.file.name
        begin = headers[self.number]
        end = next((n for n in range(begin, len(lines)) if lines[n].lstrip().startswith("[[")), len(lines))
        numbers = (n + 1 for form in self._patterns(key) for n in range(begin, end) if re.match(form, lines[n]))
        return f"{self.file.name}, line {next(numbers, begin)}"

    def fail(self, got: str, expected: str, key: str | None = None, near: Sequence[str] = ()) -> NoReturn:
        """Raise the error for a mistake in this table."""
        raise FormatError(f"{self.locate(key)}: {got}", expected, REMEDY, near)

    def _patterns(self, key: str | None) -> tuple[str, ...]:
        """Return patterns of the lines that can hold a key: a line of its own, then an inline table."""
        if not key:
            return ()
        named = rf"[\"']?{re.escape(key)}[\"']?\s*[=\]]"
        return rf"\s*(?:\[\s*{self.name}\.)?{named}", rf".*[{{,]\s*{named}"


def find_line_of(file: EntryFile, key: str) -> int:
    """Return the first line that has a key of the top level; 1 if none has."""
    return next((number for number, line in enumerate(_split_lines(file.text), 1) if key in line), 1)


def shorten(value: object) -> str:
    """Return a value's representation, of 100 characters at most."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


@lru_cache(maxsize=4)
def _split_lines(text: str) -> list[str]:
    """Split a file once, however many entries it has."""
    return text.split("\n")  # TOML ends lines here only; str.splitlines ends them at other characters too


@lru_cache(maxsize=8)
def _find_headers(text: str, name: str) -> list[int]:
    """Return the lines of the tables' headers, counted from 1."""
    header = re.compile(rf"\s*\[\[\s*{name}\s*\]\]")
    return [number for number, line in enumerate(_split_lines(text), 1) if header.match(line)]
