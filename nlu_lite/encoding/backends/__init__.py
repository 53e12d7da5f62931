"""What runs the model: one file a backend, each opened on the same `Checkpoint`."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlu_lite.records import Floats


class Backend(Protocol):
    """A model that is open on a device."""

    @property
    def dimension(self) -> int:
        """Width d of a hidden state."""

    @property
    def positions(self) -> int:
        """Longest window that the model takes, special tokens included."""

    def encode(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Floats:
        """Run the model.

        Args:
            ids: int64 [windows, length].
            mask: int64 [windows, length], 1 where a piece stands, 0 where padding.

        Returns:
            float32 [windows, length, d], the last hidden state.
        """
