"""Translate errors of the operating system and of Arrow, and add the name of the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nlu_lite._util.os_errors import translate_os_errors
from nlu_lite.errors import FormatError, NluLiteError


@contextmanager
def translate_read_errors(name: str) -> Iterator[None]:
    """Translate errors of the operating system.

    Args:
        name: Name of the file in errors.

    Raises:
        SourceError: The file cannot be read.
        FormatError: Arrow cannot read its content.
    """
    with translate_os_errors(f"{name} cannot be read", "a file of texts", "Check the path"):
        try:
            yield
        except OSError as error:
            if error.errno is None and not isinstance(error, NluLiteError):  # an error of Arrow about the content
                raise build_content_error(name, error) from error
            raise


@contextmanager
def translate_parse_errors(name: str) -> Iterator[None]:
    """Translate errors of the operating system, as `translate_read_errors` does, and of Arrow."""
    import pyarrow as pa

    try:
        with translate_read_errors(name):
            yield
    except (pa.ArrowException, UnicodeDecodeError, OverflowError) as error:
        raise build_content_error(name, error) from error


def build_content_error(name: str, error: Exception) -> FormatError:
    """Return the error for a file with invalid content."""
    got = f"{name} cannot be read ({' '.join(str(error).split())})"
    return FormatError(got, "a valid file of this format", "Create the file again, or leave it out")
