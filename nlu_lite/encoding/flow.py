"""Run batches through the model: one is prepared while another one runs, and a batch that does not fit is halved."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from nlu_lite.encoding.backends import HiddenStates, OutOfMemory
from nlu_lite.encoding.collation import count_positions
from nlu_lite.encoding.pooling import Positions
from nlu_lite.errors import ModelError
from nlu_lite.records import Floats, Windows

AHEAD = 1
"""Number of batches that are submitted before the result of an earlier one is awaited."""
BEGUN = 8
"""Number of batches that are submitted while the host prepares the texts after them: their results need memory."""


@dataclass(frozen=True)
class Job:
    """A batch that was submitted.

    Attributes:
        windows: Its windows.
        positions: The positions whose hidden states are returned.
        hidden: Their hidden states, which the device may still be computing.
    """

    windows: Windows
    positions: Positions
    hidden: HiddenStates


class Flow:
    """Runs batches through a model, in order.

    Args:
        batches: The windows of each batch.
        submit: Submits a batch. This call, or waiting for the result, raises `OutOfMemory` if the batch does not fit.
    """

    def __init__(self, batches: Iterable[Windows], submit: Callable[[Windows], Job]) -> None:
        self._waiting, self._submit = deque(batches), submit
        self._running: deque[Job] = deque()
        self._ahead = AHEAD
        self._most: int | None = None  # number of pieces that fit into memory; None while it is unknown

    def begin(self) -> None:
        """Submit the first batches. On a device that computes asynchronously, this does not wait for their results."""
        while self._waiting and len(self._running) < BEGUN and self._start():
            pass

    def run(self) -> Iterator[tuple[Job, Floats]]:
        """Yield each batch with its hidden states, float32 [layers, rows, d].

        Raises:
            ModelError: A single window does not fit into memory.
        """
        while self._waiting or self._running:
            is_due = self._waiting and len(self._running) <= self._ahead
            if not (is_due and self._start()):
                yield from self._finish()

    def _start(self) -> bool:
        """Start the next batch, or halve it. Return False if the running batches have to finish first."""
        windows = self._waiting.popleft()
        if self._most is not None and len(windows) > 1 and count_positions(windows) > self._most:
            half = len(windows) // 2
            self._waiting.extendleft((windows.take(slice(half, None)), windows.take(slice(half))))
            return True
        try:
            self._running.append(self._submit(windows))
        except OutOfMemory as error:
            if self._running:
                self._waiting.appendleft(windows)
                return False
            self._put_back(windows, error)
        return True

    def _finish(self) -> Iterator[tuple[Job, Floats]]:
        """Yield the result of the earliest running batch, unless it did not fit."""
        job = self._running.popleft()
        try:
            hidden = job.hidden.result()
        except OutOfMemory as error:
            self._put_back(job.windows, error)
        else:
            yield job, hidden

    def _put_back(self, windows: Windows, error: OutOfMemory) -> None:
        if len(windows) > 1:
            self._most = count_positions(windows) // 2
        elif self._running:
            self._ahead = 0  # the window may fit if no other batch uses memory
        else:
            raise _window_error(windows, error) from error
        self._waiting.appendleft(windows)


def _window_error(window: Windows, error: OutOfMemory) -> ModelError:
    return ModelError(
        f"a single window of {count_positions(window)} pieces does not fit into the memory ({error})",
        "memory for one window",
        "Load the model with a smaller max_length, or on another device",
    )
