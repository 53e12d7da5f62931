"""The three ways in which an archive can be wrong, worded alike everywhere."""

from __future__ import annotations

from nlu_lite.errors import FormatError, IntegrityError, UnsupportedReference

FETCH_AGAIN = "Fetch the archive again"
OTHER_MODEL = "Use another model, or another export of this one"


def format_error(where: str, got: str, expected: str = "") -> FormatError:
    """Give the error for bytes that cannot be what the format says: `where` names file and offset or tensor."""
    return FormatError(f"{where}: {got}", expected, FETCH_AGAIN)


def checksum_error(where: str, got: str, expected: str = "") -> IntegrityError:
    """Give the error for bytes that do not have the checksum that the archive states."""
    return IntegrityError(f"{where}: {got}", expected, FETCH_AGAIN)


def unsupported_error(where: str, got: str, expected: str = "") -> UnsupportedReference:
    """Give the error for a whole archive of a kind that the library does not run."""
    return UnsupportedReference(f"{where}: {got}", expected, OTHER_MODEL)
