"""What runs the model: one file a backend, each opened on the same `Checkpoint`."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlu_lite.records import Floats

CPU_BUDGET = 512
"""Pieces in a batch on a CPU: enough to fill the matrix products, small enough to stay in its caches."""


class OutOfMemory(Exception):
    """A batch did not fit into the device's memory."""


class Backend(Protocol):
    """A model that is open on a device."""

    @property
    def name(self) -> str:
        """What it is and runs on, for people: ``"torch 2.13.0, cpu, bf16"``."""

    @property
    def dimension(self) -> int:
        """Width d of a hidden state."""

    @property
    def layers(self) -> int:
        """Number L of layers; hidden states are numbered from 0 (the embeddings) to L."""

    @property
    def positions(self) -> int:
        """Longest window that the model takes, special tokens included."""

    @property
    def budget(self) -> int:
        """Pieces in a batch, padding included, that suit the device."""

    def encode(self, ids: NDArray[np.int64], mask: NDArray[np.int64], layers: tuple[int, ...]) -> Floats:
        """Run the model.

        Args:
            ids: int64 [windows, length].
            mask: int64 [windows, length], 1 where a piece stands, 0 where padding.
            layers: Hidden states to give, 0 to L.

        Returns:
            float32 [layers, windows, length, d].

        Raises:
            OutOfMemory: The batch is too large.
        """
