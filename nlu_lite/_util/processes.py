"""The end of a process, and its forks: neither may come while another thread is in the middle of native code.

PyTorch, OpenVINO, `tokenizers` and Arrow compute without Python's lock. A daemon thread that wants it back when the
process ends aborts it, and a fork copies their own locks as they are, held by threads that the child does not have.
Whoever calls them does so within `computing`; the end of the process and a fork wait until nobody else does.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from weakref import WeakSet

from nlu_lite.errors import ModelError

LONGEST_WAIT = 60.0
"""Seconds that the end of the process, or a fork, waits for computation in other threads."""
WORKERS = 'Start workers with multiprocessing.get_context("spawn") or "forkserver", or load with threads=1'


class Heir(Protocol):
    """An object that a forked process cannot use as its parent left it."""

    def disinherit(self) -> None:
        """Give up, in the forked process, what belongs to the parent's threads."""


class Gate:
    """Lets threads compute, unless the process is about to end or to fork."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._inside: dict[int, int] = {}  # by thread, how deep
        self._is_ending = self._is_forking = self._is_registered = False
        self.is_torn = False
        self.started: set[str] = set()
        self.lost: set[str] = set()
        self.heirs: WeakSet[Heir] = WeakSet()

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Keep the process from ending and from forking; wait while it is about to."""
        me = threading.get_ident()
        with self._changed:
            self._register()
            if me not in self._inside:
                self._changed.wait_for(self._is_open)
            self._inside[me] = self._inside.get(me, 0) + 1
        try:
            yield
        finally:
            with self._changed:
                self._inside[me] -= 1
                if not self._inside[me]:
                    del self._inside[me]
                self._changed.notify_all()

    def _is_open(self) -> bool:
        """Return whether a thread may begin: of daemon threads, none does once the process ends."""
        return not self._is_forking and not (self._is_ending and threading.current_thread().daemon)

    def _are_others_outside(self) -> bool:
        return not self._inside.keys() - {threading.get_ident()}

    def _register(self) -> None:
        """Watch the end and the forks of this process, from the first computation on."""
        if self._is_registered:
            return
        self._is_registered = True
        self.lost |= {"torch"} if _is_forked_by_multiprocessing() else set()
        atexit.register(self._end)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._before_fork, after_in_parent=self._after_fork, after_in_child=self._after_fork_in_child
            )

    def _end(self) -> None:
        with self._changed:
            self._is_ending = True
            self._changed.wait_for(self._are_others_outside, LONGEST_WAIT)

    def _before_fork(self) -> None:
        self._changed.acquire()  # until after the fork, so that the child finds it held by the thread that it has
        self._is_forking = True
        self._changed.wait_for(self._are_others_outside, LONGEST_WAIT)

    def _after_fork(self) -> None:
        self._is_forking = False
        self._changed.notify_all()
        self._changed.release()

    def _after_fork_in_child(self) -> None:
        me = threading.get_ident()
        self.is_torn = self.is_torn or not self._are_others_outside()
        self.lost |= self.started | ({"torch"} & sys.modules.keys())  # others may have started PyTorch's threads
        self.started = set()
        self._inside = {me: self._inside[me]} if me in self._inside else {}
        self._is_forking = self._is_ending = False
        self._changed = threading.Condition(threading.RLock())
        for heir in list(self.heirs):
            heir.disinherit()


_GATE = Gate()


@contextmanager
def computing() -> Iterator[None]:
    """Call native code within, for no longer than a batch takes; threads may do so at the same time, and nest it.

    Raises:
        ModelError: This process was forked while another thread computed for longer than a minute.
    """
    with _GATE.inside():
        if _GATE.is_torn:
            got = "this process was forked while another thread of its parent was computing"
            raise ModelError(got, "a fork while no model is used", WORKERS)
        yield


def watch_forks(heir: Heir) -> None:
    """Have `disinherit` called in every process that is forked from this one, for as long as the object lives."""
    _GATE.heirs.add(heir)


def start_threads(library: str) -> None:
    """Note that a library has threads of its own from now on, which a forked process will not have."""
    _GATE.started.add(library)


def has_lost_threads(library: str) -> bool:
    """Return whether this process was forked from one in which a library had, or may have had, threads of its own.

    Args:
        library: ``"torch"``, whose threads anybody may have started once it was imported, or ``"openvino"``.
    """
    return library in _GATE.lost


def _is_forked_by_multiprocessing() -> bool:
    """Return whether the parent may have used PyTorch by itself before this library was used at all."""
    forks = multiprocessing.get_start_method(allow_none=True) in (None, "fork") and sys.platform == "linux"
    return multiprocessing.parent_process() is not None and forks and "torch" in sys.modules
