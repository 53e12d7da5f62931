"""JSON Lines files: read objects, and build tables from them; errors name the line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlu_lite._util.unicode import is_encodable
from nlu_lite.errors import FormatError, InputError
from nlu_lite.files.encodings import read_lines
from nlu_lite.files.schemas import build_schema_error
from nlu_lite.files.sources import TextFile

if TYPE_CHECKING:
    import pyarrow as pa

INT64 = range(-(1 << 63), 1 << 63)
"""The integers of Arrow's type int64."""

LONGEST_INTEGER = 4300
"""Maximum number of digits; Python reads no longer integers, because the time grows with the square of the length."""


@dataclass(frozen=True)
class JsonLine:
    """A line with an object.

    Attributes:
        number: Its number in the file, from 1.
        values: The values of the object by name.
    """

    number: int
    values: dict[str, Any]


def read_objects(file: TextFile) -> Iterator[JsonLine]:
    """Yield the objects of a file; empty lines are skipped.

    Raises:
        SourceError: The file cannot be read.
        FormatError: A line is not JSON.
        InputError: A line is not UTF-8, or its value is not an object.
    """
    for number, line in enumerate(read_lines(file), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, object_pairs_hook=_build_object, parse_int=_parse_integer)
        except (ValueError, RecursionError) as error:
            got = f"line {number} of {file.name} cannot be read as JSON ({error})"
            raise FormatError(got, "a JSON object on each line", "Correct the line") from error
        if not isinstance(value, dict):
            got = f"line {number} of {file.name} is a {type(value).__name__}"
            raise InputError(got, 'an object such as {"text": "..."}', "Correct the line")
        yield JsonLine(number, value)


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the name {max(names, key=names.count)!r} occurs twice")
    return values


def _parse_integer(digits: str) -> int:
    if len(digits) > LONGEST_INTEGER:
        raise ValueError(f"an integer has {len(digits)} digits; write it as a string")
    return int(digits)


def build_table(file: TextFile, lines: Sequence[JsonLine], names: Sequence[str]) -> pa.Table:
    """Build a table with a row for each object; a name that an object lacks is a missing value.

    Raises:
        InputError: A column has values that Arrow cannot store.
    """
    import pyarrow as pa

    try:
        return pa.table({name: pa.array([line.values.get(name) for line in lines]) for name in names})
    except (pa.ArrowException, OverflowError, UnicodeEncodeError, RecursionError) as error:
        for line in lines:
            _check_storable(file, line, names)
        raise build_schema_error(file, str(error)) from error


def _check_storable(file: TextFile, line: JsonLine, names: Sequence[str]) -> None:
    """Refuse a lone surrogate and an integer of more than 64 bits: no change to other values would help."""
    for name, value in line.values.items():
        place = f"the value of {name!r} in line {line.number} of {file.name}"
        for scalar in _list_scalars({name: value} if name in names else {}):
            if isinstance(scalar, str) and not is_encodable(scalar):
                remedy = r"Remove the surrogate, or replace it with \ufffd"
                raise InputError(f"{place} contains a lone surrogate", "characters of Unicode", remedy)
            if isinstance(scalar, int) and scalar not in INT64:
                expected = "integers from -2**63 to 2**63 - 1"
                raise InputError(f"{place} contains {_name_integer(scalar)}", expected, "Write it as a string")


def _list_scalars(value: object) -> Iterator[object]:
    """Yield the values in lists and objects, and the names in objects."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value
        else:
            yield value


def _name_integer(integer: int) -> str:
    digits = str(integer)
    return f"the integer {digits}" if len(digits) < 25 else f"the integer {digits[:10]}... of {len(digits)} digits"
