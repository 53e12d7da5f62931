"""The check of a zip archive, before any of its content is used."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from pathlib import Path

from nlu_lite.errors import FormatError, IntegrityError

MAXIMUM_GROWTH = 50
"""Maximum ratio of the content to the zip; weights hardly compress, so a larger ratio shows a zip bomb."""
ALWAYS_ALLOWED = 64 << 20
"""Size in bytes that the content may have whatever the ratio."""
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    EOFError,
    NotImplementedError,
    RuntimeError,  # an encrypted member
)
"""The exceptions of zipfile for bytes that are not a complete zip."""


def check_zip(path: Path, name: str) -> None:
    """Check a zip without unpacking it: the names, the sizes and the checksums of its members.

    Args:
        path: The zip.
        name: Its name in errors.

    Raises:
        IntegrityError: It is not a zip, or is damaged.
        FormatError: It has an absolute name, a name with ``..``, a link, a name twice, or far too much content.
    """
    remedy = "Try again; if the error remains, the published archive itself is damaged"
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive.infolist(), path.stat().st_size, name)
            damaged = archive.testzip()
    except FormatError:
        raise
    except UNREADABLE as error:
        raise IntegrityError(f"{name} is not a complete zip ({error})", "a zip", remedy) from error
    if damaged is not None:
        raise IntegrityError(f"{name} is damaged at {damaged!r}", "its own CRC-32", remedy)


def _check_members(members: list[zipfile.ZipInfo], size: int, name: str) -> None:
    claimed = sum(member.file_size for member in members)
    if claimed > max(ALWAYS_ALLOWED, MAXIMUM_GROWTH * size):
        raise FormatError(f"{name} claims {claimed:,} bytes in {size:,}", "weights", "Do not use this archive")
    seen: set[str] = set()
    for member in members:
        _check_storage(member, size)
        if member.filename in seen or _is_unsafe(member):
            problem = "a link, a duplicate name, or a path that leaves the archive"
            got = f"{name} contains {member.filename!r}, which is {problem}"
            raise FormatError(got, "plain files", "Do not use this archive")
        seen.add(member.filename)


def _check_storage(member: zipfile.ZipInfo, size: int) -> None:
    if not 0 <= member.header_offset < size:
        raise zipfile.BadZipFile(f"{member.filename!r} begins at {member.header_offset}")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile(f"{member.filename!r} is compressed by method {member.compress_type}")


def _is_unsafe(member: zipfile.ZipInfo) -> bool:
    """Return whether a member is a link, or has a path that leads out of the archive."""
    path = member.filename
    is_absolute = path.startswith(("/", "\\")) or re.match("[A-Za-z]:", path) is not None
    return is_absolute or ".." in re.split(r"[/\\]", path) or stat.S_ISLNK(member.external_attr >> 16)
