"""Safe exits and forks of a process whose threads run native code.

PyTorch, OpenVINO, `tokenizers` and Arrow release Python's global lock while they compute. A daemon thread that acquires
the lock again while the process exits aborts the process. A fork copies the native locks, and Python 3.11's locks of
cached properties, in their present state, held by threads that do not exist in the child. Calls of these libraries and
the segmentation of texts are made inside `computing`; an exit and a fork wait until no other thread is inside.

Arrow's own threads may free a buffer of Python, for which they acquire the lock, after the call that used the buffer
has returned. Arrow reads and converts such buffers with ``use_threads=False``.
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
"""Maximum seconds that an exit or a fork waits for other threads."""
WORKERS = 'Start workers with multiprocessing.get_context("spawn") or "forkserver", or load with threads=1'


class ForkObserver(Protocol):
    """An object that a forked process cannot use in the state of its parent."""

    def reset_after_fork(self) -> None:
        """Release the resources of the parent's threads; called in the forked process."""


class Gate:
    """Admits threads that compute, unless the process is about to exit or to fork."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._inside: dict[int, int] = {}  # by thread, how deep
        self._is_ending = self._is_forking = self._is_registered = False
        self.is_torn = False
        self.started: set[str] = set()
        self.lost: set[str] = set()
        self.observers: WeakSet[ForkObserver] = WeakSet()

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Prevent an exit and a fork during the block; wait if one is about to happen."""
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
        """Return whether the current thread may enter; a daemon thread may not once the process exits."""
        return not self._is_forking and not (self._is_ending and threading.current_thread().daemon)

    def _are_others_outside(self) -> bool:
        return not self._inside.keys() - {threading.get_ident()}

    def _register(self) -> None:
        """Observe the exit and the forks of this process, from the first computation on."""
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
        self._changed.acquire()  # until after the fork, so that its owner in the child is the thread that exists there
        self._is_forking = True
        self._changed.wait_for(self._are_others_outside, LONGEST_WAIT)

    def _after_fork(self) -> None:
        self._is_forking = False
        self._changed.notify_all()
        self._changed.release()

    def _after_fork_in_child(self) -> None:
        me = threading.get_ident()
        self.is_torn = self.is_torn or not self._are_others_outside()
        self.lost |= self.started | ({"torch"} & sys.modules.keys())  # other code may have started PyTorch's threads
        self.started = set()
        self._inside = {me: self._inside[me]} if me in self._inside else {}
        self._is_forking = self._is_ending = False
        self._changed = threading.Condition(threading.RLock())
        for observer in list(self.observers):
            observer.reset_after_fork()


_GATE = Gate()


@contextmanager
def computing() -> Iterator[None]:
    """Allow native code in the block, for no longer than a batch; several threads may enter, and blocks may nest.

    Raises:
        ModelError: This process was forked while another thread computed for longer than a minute.
    """
    with _GATE.inside():
        if _GATE.is_torn:
            got = "this process was forked while another thread of its parent was computing"
            raise ModelError(got, "a fork while no model is used", WORKERS)
        yield


def observe_forks(observer: ForkObserver) -> None:
    """Call `reset_after_fork` in every process that is forked from this one, for as long as the object lives."""
    _GATE.observers.add(observer)


def start_threads(library: str) -> None:
    """Record that a library has threads of its own from now on, which a forked process will not have."""
    _GATE.started.add(library)


def has_lost_threads(library: str) -> bool:
    """Return whether this process was forked from one in which a library had, or may have had, threads of its own.

    Args:
        library: ``"torch"``, whose threads any code may have started since its import, or ``"openvino"``.
    """
    return library in _GATE.lost


def _is_forked_by_multiprocessing() -> bool:
    """Return whether the parent may have used PyTorch before it used this library."""
    forks = multiprocessing.get_start_method(allow_none=True) in (None, "fork") and sys.platform == "linux"
    return multiprocessing.parent_process() is not None and forks and "torch" in sys.modules
