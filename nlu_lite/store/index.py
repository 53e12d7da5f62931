"""The bucket's index, ``metadata.json``: one JSON object a line, one line an archive."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from nlu_lite.errors import FormatError, SourceError

LIBRARY = (5, 5, 3)
"""Newest release of Spark NLP whose archives this library was tested with."""
SPARK = (3, 5)
"""Newest Spark of such archives."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Version = tuple[int, ...]


@dataclass(frozen=True)
class Published:
    """An archive as the index states it.

    Attributes:
        file: Its file name.
        md5: Hexadecimal digest of the zip; None where the index has none.
        milliseconds: When it was published, since 1970.
    """

    file: str
    md5: str | None
    milliseconds: int


def resolve(index: Path, name: str, language: str) -> Published:
    """Choose the archive of a model as Spark NLP does: ready, compatible, newest.

    Raises:
        SourceError: There is none; the nearest names are given.
        FormatError: A line about the model cannot be read.
    """
    found = [entry for line in _lines_about(index, name) if (entry := _published(line, language))]
    if not found:
        raise _no_such(index, name, language)
    return max(found, key=lambda entry: entry.milliseconds)


def md5_of(index: Path, name: str, file: str) -> str | None:
    """Give the digest that the index states for a file, if it states one.

    Raises:
        FormatError: A line about the model cannot be read.
    """
    for line in _lines_about(index, name):
        if line["file"] == file:
            return _md5(line)
    return None


def is_compatible(asked: Version, found: Version) -> bool:
    """Say whether a model made with version `found` suits version `asked`: not newer, and not more specific.

    Example:
        >>> is_compatible((3, 1, 3), (3, 1)), is_compatible((3, 1), (3, 1, 3)), is_compatible((3, 1, 3), (2, 9, 9))
        (True, False, True)
    """
    return len(found) <= len(asked) and found <= asked[: len(found)]


def _lines_about(index: Path, name: str) -> Iterator[dict[str, Any]]:
    """Parse only lines that hold the name: the index describes tens of thousands of models."""
    with index.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if f'"{name}"' in line:
                entry = _parsed(index, number, line)
                if entry.get("name") == name:
                    yield entry


def _parsed(index: Path, number: int, line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
        entry["milliseconds"] = _milliseconds(entry["time"])
        return {**entry, "file": _file(entry)}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise FormatError(
            f"line {number} of {index} cannot be read ({type(error).__name__}: {str(error)[:200]})",
            "a JSON object",
            "Delete it",
        ) from error


def _published(line: dict[str, Any], language: str) -> Published | None:
    suits = (
        line.get("readyToUse") is True
        and line.get("language") in (None, language)
        and is_compatible(LIBRARY, _version(line, "libVersion"))
        and is_compatible(SPARK, _version(line, "sparkVersion"))
    )
    return Published(line["file"], _md5(line), line["milliseconds"]) if suits else None


def _md5(line: dict[str, Any]) -> str | None:
    checksum = str(line.get("checksum") or "").lower()
    return checksum if re.fullmatch("[0-9a-f]{32}", checksum) else None


def _version(line: dict[str, Any], key: str) -> Version:
    parts = (line.get(key) or {}).get("parts", [])
    if not isinstance(parts, list):
        raise TypeError(f"{key} has parts of type {type(parts).__name__}")
    return tuple(_version_part(part) for part in parts)


def _version_part(part: object) -> int:
    if type(part) not in (int, str) or not re.fullmatch("[0-9]{1,9}", str(part)):
        raise ValueError(f"{part!r:.50} is no part of a version")
    return int(str(part))


def _file(line: dict[str, Any]) -> str:
    versions = [".".join(map(str, _version(line, key))) for key in ("libVersion", "sparkVersion")]
    parts = [line["name"], line.get("language") or "", *versions, str(line["milliseconds"])]
    return "_".join(parts) + (".zip" if line.get("isZipped") else "")


def _milliseconds(time: str) -> int:
    """Read a time in UTC such as ``2021-07-19T16:30:27.969Z``; in integers, since a float would round."""
    moment = datetime.fromisoformat(time)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _no_such(index: Path, name: str, language: str) -> SourceError:
    with index.open(encoding="utf-8", errors="replace") as lines:
        names = {found[1] for line in lines if (found := re.search(r'"name"\s*:\s*"([^"]+)"', line))}
    return SourceError(
        f"the bucket's index has no archive of {name!r} in {language!r} that Spark NLP "
        f"{'.'.join(map(str, LIBRARY))} could read",
        "a published model",
        "Check the name and the language",
        get_close_matches(name, sorted(names)),
    )
