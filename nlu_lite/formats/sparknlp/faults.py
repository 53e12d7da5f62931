"""The three errors of an archive, with the same remedy everywhere."""

from __future__ import annotations

from nlu_lite.errors import FormatError, IntegrityError, UnsupportedReference

FETCH_AGAIN = "Fetch the archive again"
OTHER_MODEL = "Use another model, or another export of this one"


def format_error(where: str, got: str, expected: str = "") -> FormatError:
    """Return the error for bytes that break the format. `where` names the file and the offset or tensor."""
    return FormatError(f"{where}: {got}", expected, FETCH_AGAIN)


def checksum_error(where: str, got: str, expected: str = "") -> IntegrityError:
    """Return the error for bytes that do not match their checksum in the archive."""
    return IntegrityError(f"{where}: {got}", expected, FETCH_AGAIN)


def unsupported_error(where: str, got: str, expected: str = "") -> UnsupportedReference:
    """Return the error for an intact archive that the library cannot run."""
    return UnsupportedReference(f"{where}: {got}", expected, OTHER_MODEL)
