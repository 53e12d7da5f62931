"""Errors of the system and of Arrow become the library's, with the name of the file that is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nlu_lite._util.os_errors import translate_os_errors
from nlu_lite.errors import FormatError, NluLiteError


@contextmanager
def translate_read_errors(name: str) -> Iterator[None]:
    """Translate errors of the system.

    Args:
        name: The file, as errors call it.

    Raises:
        SourceError: The file cannot be read.
        FormatError: Arrow cannot read its content.
    """
    with translate_os_errors(f"{name} cannot be read", "a file of texts", "Check the path"):
        try:
            yield
        except OSError as error:
            if error.errno is None and not isinstance(error, NluLiteError):  # Arrow's, about the content
                raise build_content_error(name, error) from error
            raise


@contextmanager
def translate_parse_errors(name: str) -> Iterator[None]:
    """Translate errors of the system and of Arrow; see `translate_read_errors`."""
    import pyarrow as pa

    try:
        with translate_read_errors(name):
            yield
    except (pa.ArrowException, UnicodeDecodeError, OverflowError) as error:
        raise build_content_error(name, error) from error


def build_content_error(name: str, error: Exception) -> FormatError:
    """Return the error for a file whose content cannot be read."""
    got = f"{name} cannot be read ({' '.join(str(error).split())})"
    return FormatError(got, "a whole file of its kind", "Make it again, or leave it out")
