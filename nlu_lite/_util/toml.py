"""TOML files that people edit: every error names the file, the line and the remedy."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import GenericAlias
from typing import Any, NoReturn

from nlu_lite._util.os_errors import read_file
from nlu_lite.errors import FormatError

Types = Mapping[str, type | GenericAlias]
"""The type of each key's value: str, bool, int, dict (a table), list[str] or list[dict] (an array of tables)."""
TABLES = list[dict]  # type: ignore[type-arg]  # as a value, not as an annotation
TYPE_NAMES: Mapping[Any, str] = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    dict: "a table",
    list[str]: "a list of strings",
    TABLES: "an array of tables",
}
LONGEST_VALUE = 100
"""Maximum number of characters of a value that an error repeats."""


@dataclass(frozen=True)
class TomlFile:
    """The text of a TOML file.

    Attributes:
        name: The file's name in errors: its path.
        text: Its content.
        remedy: What the user can do about an error in it.
        folder: The folder to which its relative paths refer.
    """

    name: str
    text: str
    remedy: str
    folder: Path = Path()

    def parse(self) -> dict[str, Any]:
        """Return the content.

        Raises:
            FormatError: The text is not TOML.
        """
        try:
            return tomllib.loads(self.text)
        except (ValueError, RecursionError) as error:  # a number with thousands of digits is a plain ValueError
            reason = "nested too deeply" if isinstance(error, RecursionError) else error
            raise FormatError(f"{self.name} is not valid TOML: {reason}", remedy=self.remedy) from error

    @property
    def root(self) -> TomlTable:
        """The table of the keys that precede all headers."""
        return TomlTable(self, "", 0)


@dataclass(frozen=True)
class TomlTable:
    """One table of a file, for errors that name its lines.

    Attributes:
        file: The file.
        header: The name in the brackets above the table; empty for the root.
        number: How many tables of this header precede it in the file, or in `parent`.
        parent: The table that contains it; None for a table of the root.
    """

    file: TomlFile
    header: str
    number: int
    parent: TomlTable | None = None

    def __str__(self) -> str:
        return self.locate()

    def locate(self, key: str | None = None) -> str:
        """Return the file's name with the line of a key, else with that of the header.

        A table without a header of its own, such as an inline table, has the location of its parent, or that of the
        file alone.
        """
        begin = self._find_begin()
        if begin is None:
            return self.file.name if self.parent is None else self.parent.locate()
        line = begin if key is None else self._find_key(key, begin)
        return f"{self.file.name}, line {line}"

    def fail(self, got: str, expected: str, key: str | None = None, nearest: Sequence[str] = ()) -> NoReturn:
        """Raise the error for a value of this table.

        Raises:
            FormatError: Always.
        """
        raise FormatError(f"{self.locate(key)}: {got}", expected, self.file.remedy, nearest)

    def check(self, values: Mapping[str, Any], types: Types, required: Sequence[str], name: str = "") -> None:
        """Check the keys of a table and the types of their values.

        Args:
            values: The table.
            types: The type of each known key.
            required: The keys that have to be there.
            name: The table's name in errors; by default the header.

        Raises:
            FormatError: A key is unknown or missing, or a value has another type.
        """
        title = name or self.header or "the file"
        for key, value in values.items():
            if key not in types:
                near = get_close_matches(key, list(types))
                self.fail(f"{title} has an unknown key {abbreviate(key)}", ", ".join(types), key, near)
            if not _has_type(value, types[key]):
                self.fail(f"{key} is {abbreviate(value)}", TYPE_NAMES[types[key]], key)
        for key in required:
            if key not in values:
                self.fail(f"{title} has no {key}", ", ".join(required), name)

    def _find_begin(self) -> int | None:
        """Return the line of the header, counted from 1; None where there is no such line."""
        if not self.header:
            return 1
        headers = _find_headers(self.file.text, self.header)
        first = 0
        if self.parent is not None:
            begin, end = self.parent._find_begin(), self.parent._find_end()
            headers = [] if begin is None else headers[: bisect_left(headers, end)]
            first = 0 if begin is None else bisect_left(headers, begin)
        return headers[first + self.number] if first + self.number < len(headers) else None

    def _find_end(self) -> int:
        """Return the line after the last one of the table and of those in it."""
        headers = _find_headers(self.file.text, self.header)
        last = len(_split_lines(self.file.text)) + 1
        return headers[self.number + 1] if self.number + 1 < len(headers) else last

    def _find_key(self, key: str, begin: int) -> int:
        """Return the line of a key; that of the header where the key is hard to find."""
        lines = _split_lines(self.file.text)
        after = (n for n in range(begin if self.header else 0, len(lines)) if lines[n].lstrip().startswith("["))
        named = rf"[\"']?{re.escape(key)}[\"']?\s*[=\]]"
        if not self.header:
            end = next(after, len(lines))
            found = (n + 1 for n in range(end) if re.match(rf"\s*{named}", lines[n]))
            headers = (n + 1 for n in range(end, len(lines)) if re.match(rf"\s*\[+\s*{named}", lines[n]))
            return next(found, next(headers, begin))
        end = next((n for n in after if lines[n].lstrip().startswith("[[")), len(lines))
        alone, inline = rf"\s*(?:\[\s*{self.header}\.)?{named}", rf".*[{{,]\s*{named}"
        return next((n + 1 for form in (alone, inline) for n in range(begin, end) if re.match(form, lines[n])), begin)


def read_toml_file(path: Path, limit: int, remedy: str, subject: str = "") -> TomlFile:
    """Read the text of a TOML file.

    Args:
        path: The file.
        limit: Maximum size, in bytes.
        remedy: What the user can do about an error in it.
        subject: The subject of the error's sentence where the file cannot be read; by default the path.

    Raises:
        SourceError: The file cannot be read.
        FormatError: It is too large, or not UTF-8.
    """
    data = read_file(path, "a TOML file", "Check the path", limit + 1, subject)
    if len(data) > limit:
        raise FormatError(f"{path} is too large", f"at most {limit:,} bytes", remedy)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not UTF-8 at byte {error.start}", "UTF-8", remedy) from error
    return TomlFile(str(path), text, remedy, path.absolute().parent)


def abbreviate(value: object) -> str:
    """Return the representation of a value, cut to a length that suits an error."""
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def _has_type(value: object, kind: type | GenericAlias) -> bool:
    if isinstance(kind, GenericAlias):
        (item,) = kind.__args__
        return isinstance(value, list) and all(isinstance(one, item) for one in value)
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


@lru_cache(maxsize=4)
def _split_lines(text: str) -> list[str]:
    """Split a file once, however many tables it has."""
    return text.split("\n")  # as TOML does: other characters that end a line in Python do not end one here


@lru_cache(maxsize=8)
def _find_headers(text: str, name: str) -> list[int]:
    """Return the lines of a header, counted from 1."""
    header = re.compile(rf"\s*\[{{1,2}}\s*{re.escape(name)}\s*\]")
    return [number for number, line in enumerate(_split_lines(text), 1) if header.match(line)]
