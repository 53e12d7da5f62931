"""The bucket's index, ``metadata.json``: one JSON object on each line, one line for each archive."""

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
"""The newest release of Spark NLP whose archives this library was tested with."""
SPARK = (3, 5)
"""The newest release of Spark that such archives were made with."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Version = tuple[int, ...]


@dataclass(frozen=True)
class PublishedArchive:
    """An archive as the index describes it.

    Attributes:
        file: Its file name.
        md5: MD5 of the zip, in hexadecimal; None if the index has none.
        milliseconds: The time of publication, in milliseconds since 1970.
    """

    file: str
    md5: str | None
    milliseconds: int


def resolve(index: Path, name: str, language: str) -> PublishedArchive:
    """Return the archive of a model as Spark NLP chooses it: ready, compatible, newest.

    Raises:
        SourceError: There is none; the error lists the nearest names.
        FormatError: A line about the model cannot be read.
    """
    found = [archive for line in _read_lines(index, name) if (archive := _parse_archive(line, language))]
    if not found:
        raise _build_missing_error(index, name, language)
    return max(found, key=lambda archive: archive.milliseconds)


def find_md5(index: Path, name: str, file: str) -> str | None:
    """Return the MD5 that the index states for a file; None if it states none.

    Raises:
        FormatError: A line about the model cannot be read.
    """
    for line in _read_lines(index, name):
        if line["file"] == file:
            return _parse_md5(line)
    return None


def is_compatible(asked: Version, found: Version) -> bool:
    """Return whether version `asked` can read models of version `found`: it is not newer and not more specific.

    Example:
        >>> is_compatible((3, 1, 3), (3, 1)), is_compatible((3, 1), (3, 1, 3)), is_compatible((3, 1, 3), (2, 9, 9))
        (True, False, True)
    """
    return len(found) <= len(asked) and found <= asked[: len(found)]


def _read_lines(index: Path, name: str) -> Iterator[dict[str, Any]]:
    """Parse only the lines that contain a name: the index describes tens of thousands of models."""
    with index.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if f'"{name}"' in line:
                entry = _parse_line(index, number, line)
                if entry.get("name") == name:
                    yield entry


def _parse_line(index: Path, number: int, line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
        entry["milliseconds"] = _parse_time(entry["time"])
        return {**entry, "file": _build_file_name(entry)}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise FormatError(
            f"line {number} of {index} cannot be read ({type(error).__name__}: {str(error)[:200]})",
            "a JSON object",
            "Delete it",
        ) from error


def _parse_archive(line: dict[str, Any], language: str) -> PublishedArchive | None:
    """Return the archive of a line; None if the archive is not compatible."""
    is_compatible_archive = (
        line.get("readyToUse") is True
        and line.get("language") in (None, language)
        and is_compatible(LIBRARY, _parse_version(line, "libVersion"))
        and is_compatible(SPARK, _parse_version(line, "sparkVersion"))
    )
    return PublishedArchive(line["file"], _parse_md5(line), line["milliseconds"]) if is_compatible_archive else None


def _parse_md5(line: dict[str, Any]) -> str | None:
    checksum = str(line.get("checksum") or "").lower()
    return checksum if re.fullmatch("[0-9a-f]{32}", checksum) else None


def _parse_version(line: dict[str, Any], key: str) -> Version:
    parts = (line.get(key) or {}).get("parts", [])
    if not isinstance(parts, list):
        raise TypeError(f"{key} has parts of type {type(parts).__name__}")
    return tuple(_parse_version_part(part) for part in parts)


def _parse_version_part(part: object) -> int:
    if type(part) not in (int, str) or not re.fullmatch("[0-9]{1,9}", str(part)):
        raise ValueError(f"{part!r:.50} is no part of a version")
    return int(str(part))


def _build_file_name(line: dict[str, Any]) -> str:
    versions = [".".join(map(str, _parse_version(line, key))) for key in ("libVersion", "sparkVersion")]
    parts = [line["name"], line.get("language") or "", *versions, str(line["milliseconds"])]
    return "_".join(parts) + (".zip" if line.get("isZipped") else "")


def _parse_time(time: str) -> int:
    """Parse a time in UTC such as ``2021-07-19T16:30:27.969Z`` to integer milliseconds: a float would round."""
    moment = datetime.fromisoformat(time)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _build_missing_error(index: Path, name: str, language: str) -> SourceError:
    with index.open(encoding="utf-8", errors="replace") as lines:
        names = {found[1] for line in lines if (found := re.search(r'"name"\s*:\s*"([^"]+)"', line))}
    return SourceError(
        f"the bucket's index has no archive of {name!r} in {language!r} that Spark NLP "
        f"{'.'.join(map(str, LIBRARY))} could read",
        "a published model",
        "Check the name and the language",
        get_close_matches(name, sorted(names)),
    )
