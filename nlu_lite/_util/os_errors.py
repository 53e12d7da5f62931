"""Errors of the operating system, translated into the library's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from errno import EINVAL
from pathlib import Path

from nlu_lite.errors import NluLiteError, SourceError

WRITABLE = "a writable folder with enough free space"


def get_reason(error: OSError) -> str:
    """Return the system's reason for an error, on one line.

    Example:
        >>> get_reason(FileNotFoundError(2, "No such file or directory", "a.txt"))
        'No such file or directory'
    """
    return error.strerror or " ".join(str(error).split())


@contextmanager
def translate_os_errors(problem: str, expected: str, remedy: str) -> Iterator[None]:
    """Raise `SourceError` instead of an OSError; the library's own errors pass unchanged.

    Args:
        problem: The beginning of the message; the system's reason follows in parentheses.
        expected: What would have been right.
        remedy: What the user can do.

    Raises:
        SourceError: The block raised an OSError.

    Example:
        >>> with translate_os_errors("a.txt cannot be read", "a text file", "Check the path"):
        ...     open("/no/such/a.txt")
        Traceback (most recent call last):
        nlu_lite.errors.SourceError: a.txt cannot be read (No such file or directory); expected a text file. Check ...
    """
    try:
        yield
    except NluLiteError:  # some of these are OSErrors as well
        raise
    except OSError as error:
        raise SourceError(f"{problem} ({get_reason(error)})", expected, remedy) from error


def translate_write_errors(path: Path, remedy: str = "Choose another folder") -> AbstractContextManager[None]:
    """Raise `SourceError` instead of an OSError about a file or folder that cannot be written.

    Args:
        path: The file or folder.
        remedy: What the user can do.

    Raises:
        SourceError: The block raised an OSError.
    """
    return translate_os_errors(f"{path} cannot be written", WRITABLE, remedy)


def read_file(path: Path, expected: str, remedy: str, limit: int = -1, subject: str = "") -> bytes:
    """Return the content of a file that a user named.

    Args:
        path: The file.
        expected: What would have been right, for errors.
        remedy: What the user can do, for errors.
        limit: Maximum number of bytes to read; -1 reads all.
        subject: The subject of the error's sentence; by default the path.

    Raises:
        SourceError: The file cannot be read.
    """
    with translate_os_errors(f"{subject or path} cannot be read", expected, remedy):
        try:
            with path.open("rb") as file:
                return file.read(limit)
        except ValueError as error:  # the path has a NUL character
            raise OSError(EINVAL, str(error)) from error
