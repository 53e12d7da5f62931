"""The number of PyTorch's threads, a setting of the process that is limited during forward passes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from nlu_lite._util.processes import WORKERS, has_lost_threads
from nlu_lite.errors import OptionError


class ThreadLimit:
    """Limits the number of PyTorch's threads.

    A thread adopts the number of the process when it first computes. If several threads compute at the same time, the
    first of them notes that number before it sets its own, and each restores it at its end. So neither takes the
    temporary number of the other for that of the process.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._usual = 0

    @contextmanager
    def hold(self, number: int | None, limit: int | None) -> Iterator[None]:
        """Set the number of threads during a block. A forked process has one thread.

        Args:
            number: The number; None for the usual one of the process, or for `limit` if that is less.
            limit: The number of cores that the process is limited to; None for no limit.

        Raises:
            OptionError: Several threads are requested in a process that was forked after PyTorch was imported.
        """
        if has_lost_threads("torch"):
            _check_forked(number)
            _set_number(1)  # permanently: another thread may still be computing afterwards
            yield
            return
        self._enter(number, limit)
        try:
            yield
        finally:
            self._leave()

    def _enter(self, number: int | None, limit: int | None) -> None:
        import torch

        with self._lock:
            if self._inside == 0:
                self._usual = torch.get_num_threads()
            self._inside += 1
            _set_number(number or min(self._usual, limit or self._usual))

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1
            _set_number(self._usual)


def _set_number(number: int) -> None:
    import torch

    if torch.get_num_threads() != number:
        torch.set_num_threads(number)


def _check_forked(number: int | None) -> None:
    if number is not None and number > 1:
        got = f"threads={number} in a process that was forked after PyTorch was imported"
        raise OptionError(got, "threads=1, which is also the default there", WORKERS)
