"""Errors of the Rust library behind `tokenizers`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nlu_lite.errors import ModelError

PANIC = "PanicException"
"""The class that PyO3 raises for a panic: no `Exception`, and in no module from which it could be imported."""


@contextmanager
def translate_errors(got: str, expected: str, remedy: str) -> Iterator[None]:
    """Turn errors and panics of `tokenizers` into errors of this library.

    Args:
        got: What failed, as a clause; the library's message follows in parentheses.
        expected: See `NluLiteError`.
        remedy: See `NluLiteError`.

    Raises:
        ModelError: The library raised an error, or panicked.
    """
    try:
        yield
    except ModelError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != PANIC:
            raise
        raise ModelError(f"{got} ({error})", expected, remedy) from error
