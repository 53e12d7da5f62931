"""Errors of the system and of Arrow become the library's, with the name of the file that is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nlu_lite.errors import FormatError, NluLiteError, SourceError


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Translate errors of the system.

    Args:
        name: The file, as errors call it.

    Raises:
        SourceError: The file cannot be read.
        FormatError: Arrow cannot read its content.
    """
    try:
        yield
    except NluLiteError:
        raise
    except OSError as error:
        if error.errno is None:  # Arrow's, about the content
            raise damaged(name, error) from error
        raise SourceError(f"{name} cannot be read ({error.strerror})", "a file of texts", "Check the path") from error


@contextmanager
def parsing(name: str) -> Iterator[None]:
    """Translate errors of the system and of Arrow; see `reading`."""
    import pyarrow as pa

    try:
        with reading(name):
            yield
    except (pa.ArrowException, UnicodeDecodeError, OverflowError) as error:
        raise damaged(name, error) from error


def damaged(name: str, error: Exception) -> FormatError:
    """Return the error for a file whose content cannot be read."""
    got = f"{name} cannot be read ({' '.join(str(error).split())})"
    return FormatError(got, "a whole file of its kind", "Make it again, or leave it out")
