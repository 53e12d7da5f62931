"""Errors of the Rust library behind `tokenizers`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nlu_lite.errors import ModelError

PANIC = "PanicException"
"""The class that PyO3 raises for a panic. It is not an `Exception`, and no module exports it."""


@contextmanager
def translate_errors(got: str, expected: str, remedy: str) -> Iterator[None]:
    """Translate errors and panics of `tokenizers` into errors of this library.

    Args:
        got: The failure, as a clause; the message of `tokenizers` follows in parentheses.
        expected: See `NluLiteError`.
        remedy: See `NluLiteError`.

    Raises:
        ModelError: `tokenizers` raised an error or panicked.
    """
    try:
        yield
    except ModelError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != PANIC:
            raise
        raise ModelError(f"{got} ({error})", expected, remedy) from error
