"""CSV files: detect the delimiter, check the quotes, read every column as strings."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice
from typing import TYPE_CHECKING

from nlu_lite.errors import FormatError, InputError
from nlu_lite.files.encodings import open_buffered, open_utf8
from nlu_lite.files.sources import TextFile
from nlu_lite.options import FileFormat

if TYPE_CHECKING:
    import pyarrow as pa

DELIMITERS = (",", "\t", ";", "|")
"""The delimiters that are detected."""

UNUSUAL_DELIMITERS = (*"^:~#@!$%&*+=/\\<>?`¦§¬¶¤", "\x01", "\x1c", "\x1d", "\x1e", "\x1f")
"""The delimiters that are not detected. Marks within words, such as the hyphen, and brackets are not delimiters."""

SAMPLE, SAMPLE_RECORDS = 1 << 15, 100
"""The number of bytes, and the maximum number of records, from which the delimiter is detected."""

LONGEST_HEADER = 1 << 20
"""Maximum size of a header in bytes."""

SIGNS = r"[\p{Nd}\p{Sc}\s.,'’_+\-−/:%()#*]*"
NOT_TEXT = (
    r"^\s*(?:"
    rf"{SIGNS}\p{{Nd}}{SIGNS}(?:[eE][+\-]?\p{{Nd}}+)?"  # 7, 1.5e3, 1'000,00, 12 %, 3/4/2020, 12:30
    r"|\p{Nd}{4}-\p{Nd}{2}-\p{Nd}{2}[Tt ][\p{Nd}:.,]+ ?(?:[Zz]|UTC|[+\-][\p{Nd}:]+)?"  # ISO 8601
    r"|(?i:true|false|[+\-]?(?:nan|inf|infinity)|n/?a|null|none|-)?"
    r")\s*$"
)
"""Values that are not texts: numbers, dates, times, booleans, and markers of missing values."""


@dataclass(frozen=True)
class CsvHeader:
    """The beginning of a CSV file.

    Attributes:
        names: Names of the columns.
        delimiter: The delimiter.
    """

    names: list[str]
    delimiter: str


@contextmanager
def open_csv(file: TextFile, header: CsvHeader, columns: list[str], block_size: int) -> Iterator[pa.RecordBatchReader]:
    """Open a CSV file. All columns are read as strings, so that leading zeros and large numbers do not change.

    Args:
        file: The file.
        header: Its header.
        columns: Names of the columns to read.
        block_size: The number of bytes that are parsed at once, which is the maximum size of a record.

    Raises:
        SourceError: The file cannot be read.
        InputError: The file is not UTF-8.
        FormatError: The file contains NUL characters, or quotes that do not enclose a field.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    types = dict.fromkeys(header.names, pa.string())
    with open_utf8(file) as blocks, open_buffered(_check_quotes(blocks, header.delimiter, file.name)) as text:
        yield arrow_csv.open_csv(
            text,
            parse_options=arrow_csv.ParseOptions(delimiter=header.delimiter, newlines_in_values=True),
            read_options=arrow_csv.ReadOptions(block_size=block_size, use_threads=False),
            convert_options=arrow_csv.ConvertOptions(column_types=types, include_columns=columns),
        )


def holds_text(column: pa.ChunkedArray) -> bool:
    """Whether a column of strings has a value that is not a number, a date, a boolean or a marker of a missing value.

    Example:
        >>> import pyarrow as pa
        >>> [holds_text(pa.chunked_array([values])) for values in (["7", "1.5e3", "", "2020-01-31"], ["7", "Seven."])]
        [False, True]
    """
    from pyarrow import compute

    return not compute.all(compute.match_substring_regex(column, NOT_TEXT), min_count=0).as_py()


# --- header and delimiter --------------------------------------------------------------------------------------------


def read_header(file: TextFile) -> CsvHeader:
    """Read the names of the columns, and detect the delimiter unless `file` has one.

    Raises:
        SourceError: The file cannot be read.
        InputError: The file is not UTF-8, or the delimiter is in doubt.
        FormatError: The file has no header.
    """
    sample, is_whole = _read_sample(file)
    delimiter = file.delimiter or (
        "\t" if file.format is FileFormat.TSV else _detect_delimiter(sample, is_whole, file.name)
    )
    names = next(iter(_parse_records(sample, delimiter)), None)
    if names is None:
        reason = "a header that is too long" if sample.strip() else "Empty CSV file"
        raise FormatError(f"{file.name} cannot be read ({reason})", "a header", "Add one, or leave the file out")
    if file.delimiter is None and len(names) == 1:
        _check_single_column(sample, is_whole, delimiter, file.name)
    return CsvHeader(names, delimiter)


def _check_single_column(sample: str, is_whole: bool, delimiter: str, name: str) -> None:
    """Refuse a single column that another delimiter would split evenly: its cells would be read as texts."""
    for other in (*DELIMITERS, *UNUSUAL_DELIMITERS):
        records = _parse_sample(sample, other, is_whole)
        if len(records) > 1 and records[0][0] and records[0][-1] and _are_even(records):
            named = f"Pass delimiter={other!r}" if other.isascii() else "Replace it by a comma"
            raise InputError(
                f"the records of {name} have a single column, or are delimited by {other!r}",
                "a delimiter that is detected without doubt",
                f"{named}, or pass delimiter={delimiter!r} for a single column",
            )


def _read_sample(file: TextFile) -> tuple[str, bool]:
    """Return the beginning of a file, at least one line, and whether it is the whole file."""
    head = b""
    with open_utf8(file) as blocks:
        for block in blocks:
            head += block
            if len(head) >= LONGEST_HEADER or (b"\n" in head and len(head) >= SAMPLE):
                return head.decode(), False
    return head.decode(), True


def _detect_delimiter(sample: str, is_whole: bool, name: str) -> str:
    """Return the delimiter that splits the header and each record into the same number of columns, at least two."""
    fitting = [delimiter for delimiter in DELIMITERS if _are_even(_parse_sample(sample, delimiter, is_whole))]
    if len(fitting) > 1:
        raise InputError(
            f"the columns of {name} could be delimited by any of {fitting}", "one of these", "Name it: delimiter=..."
        )
    return fitting[0] if fitting else _guess_delimiter(sample)


def _parse_sample(sample: str, delimiter: str, is_whole: bool) -> list[list[str]]:
    records = list(islice(_parse_records(sample, delimiter), SAMPLE_RECORDS))
    if len(records) > 1 and not is_whole and len(records) < SAMPLE_RECORDS:
        records.pop()  # it may be incomplete
    return records


def _are_even(records: list[list[str]]) -> bool:
    """Whether all records have the same number of columns, at least two."""
    return bool(records) and len(records[0]) > 1 and len({len(record) for record in records}) == 1


def _guess_delimiter(sample: str) -> str:
    """Return the delimiter with the most columns in the header; if none fits, the parser will name the record."""
    counts = {delimiter: len(next(iter(_parse_records(sample, delimiter)), [])) for delimiter in DELIMITERS}
    return max(counts, key=lambda delimiter: counts[delimiter])


def _parse_records(sample: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from (record for record in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if record)
    except csv.Error:  # such as a field that exceeds the module's limit
        return


# --- quotes ----------------------------------------------------------------------------------------------------------


class QuoteState(Enum):
    """The place of the next byte."""

    OUTSIDE = auto()  # outside of quotes
    INSIDE = auto()
    AFTER = auto()  # after a quote inside, which ends the field or begins a doubled quote


class QuoteChecker:
    """Finds quotes that a lenient parser would misread.

    After an unclosed quote, Arrow reads the rest of the file as one field, and so loses records without an error.
    """

    def __init__(self, delimiter: str, name: str) -> None:
        self._ends = delimiter.encode() + b"\r\n"
        self._name = name
        self._state = QuoteState.OUTSIDE
        self._last = b"\n"
        self._lines = 1  # number of the first line of the next block
        self._quote = (b"", 0, 1)  # a block, an offset into it, and the number of its first line

    def check(self, block: bytes) -> None:
        """Check the next block.

        Raises:
            FormatError: A quoted field continues after its closing quote, or the block has a NUL character.
        """
        if b"\0" in block:
            raise self._make_error(
                "a NUL character is", block, block.index(b"\0"), "Remove it, or convert UTF-16 to UTF-8"
            )
        place = 0
        while place < len(block):
            place = self._step(block, place)
        self._last = block[-1:] or self._last
        self._lines += block.count(b"\n")

    def finish(self) -> None:
        """Check the end of the file.

        Raises:
            FormatError: A quoted field is not closed.
        """
        if self._state is QuoteState.INSIDE:
            block, place, lines = self._quote
            line = lines + block.count(b"\n", 0, place)
            raise FormatError(
                f"{self._name} has a quoted field without an end, which begins in line {line}",
                'a quote (") at the end of the field',
                'Add it, or write a literal quote as a doubled quote in a quoted field: """..."',
            )

    def _step(self, block: bytes, place: int) -> int:
        """Go past the next quote, and return the new offset."""
        if self._state is QuoteState.AFTER:
            return self._step_after_quote(block, place)
        found = block.find(b'"', place)
        if found < 0:
            return len(block)
        if self._state is QuoteState.INSIDE:
            self._state = QuoteState.AFTER
        elif (block[found - 1 : found] if found else self._last) in self._ends:
            self._state, self._quote = QuoteState.INSIDE, (block, found, self._lines)
        return found + 1

    def _step_after_quote(self, block: bytes, place: int) -> int:
        if block[place] == ord('"'):
            self._state = QuoteState.INSIDE
            return place + 1
        if block[place] not in self._ends:
            remedy = 'Double each quote inside a quoted field: ""'
            raise self._make_error("a quoted field continues after its closing quote", block, place, remedy)
        self._state = QuoteState.OUTSIDE
        return place

    def _make_error(self, got: str, block: bytes, place: int, remedy: str) -> FormatError:
        line = self._lines + block.count(b"\n", 0, place)
        return FormatError(f"{got} in line {line} of {self._name}", "CSV according to RFC 4180", remedy)


def _check_quotes(blocks: Iterator[bytes], delimiter: str, name: str) -> Iterator[bytes]:
    checker = QuoteChecker(delimiter, name)
    for block in blocks:
        checker.check(block)
        yield block
    checker.finish()
