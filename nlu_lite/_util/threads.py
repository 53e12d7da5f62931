"""Calls in other threads, or in this one if no thread can start."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def submit(pool: Executor, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> Future[T]:
    """Start a call in a pool of threads.

    No thread can start once the main thread has ended, although other threads may still run, or if the system has too
    many threads. Then the call is made at once.

    Args:
        pool: The pool.
        function: The function.
        args: Its arguments.
        options: Its arguments by name.

    Example:
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> with ThreadPoolExecutor(1) as pool:
        ...     submit(pool, max, 3, 5).result()
        5
    """
    try:
        return pool.submit(function, *args, **options)
    except RuntimeError:
        return _call(function, *args, **options)


def _call(function: Callable[P, T], *args: P.args, **options: P.kwargs) -> Future[T]:
    done: Future[T] = Future()
    try:
        done.set_result(function(*args, **options))
    except Exception as error:
        done.set_exception(error)
    return done
