"""Memory of PyTorch's devices: copies to and from a GPU, and errors about too little memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nlu_lite._util.processes import computing
from nlu_lite.encoding.backends import OutOfMemory
from nlu_lite.encoding.backends.checks import first_line
from nlu_lite.records import Floats

if TYPE_CHECKING:
    import torch


class PinnedStates:
    """Hidden states that are copied from a GPU into pinned memory while it computes the next batch.

    Args:
        states: [rows, d] of each layer, on the device.
    """

    def __init__(self, states: list[torch.Tensor]) -> None:
        import torch

        shape = (len(states), *states[0].shape)
        self._pinned = torch.empty(shape, dtype=torch.float32, pin_memory=True)
        for place, rows in zip(self._pinned, states, strict=True):
            place.copy_(rows.float(), non_blocking=True)
        self._are_finite = torch.empty((), dtype=torch.bool, pin_memory=True)
        finite = torch.stack([rows.isfinite().all() for rows in states]).all()
        self._are_finite.copy_(finite, non_blocking=True)
        self._copied = torch.cuda.current_stream(states[0].device).record_event()

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if not is_finalizing():
            with computing():  # see `TorchBackend.__del__`
                self.__dict__.clear()

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """Make a numpy array own the memory through this object rather than through a tensor."""
        interface: dict[str, Any] = self._pinned.numpy().__array_interface__
        return interface

    def result(self) -> Floats:
        """See `HiddenStates.result`."""
        with computing(), translate_memory_errors():
            self._copied.synchronize()
            hidden: Floats = np.asarray(self)
        return hidden

    def are_finite(self) -> bool:
        """See `HiddenStates.are_finite`. The device has looked, since the host would take longer."""
        with computing():
            return bool(self._are_finite)


def upload(array: NDArray[np.int64], device: torch.device) -> torch.Tensor:
    """Return an array as a tensor on a device. A copy to a GPU is asynchronous, in order with earlier batches."""
    import torch

    tensor = torch.from_numpy(array)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


@contextmanager
def translate_memory_errors() -> Iterator[None]:
    """Translate errors about memory: PyTorch has a class for those of GPUs, but only messages for others."""
    import torch

    try:
        yield
    except (RuntimeError, MemoryError) as error:
        known = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED")
        expected = isinstance(error, (torch.OutOfMemoryError, MemoryError))
        if not expected and not any(words in str(error) for words in known):
            raise
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        raise OutOfMemory(first_line(error)) from error
