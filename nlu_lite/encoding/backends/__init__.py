"""What runs the model: one file a backend, each opened on the same `Checkpoint`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nlu_lite.records import Batch, Floats

CPU_BUDGET = 512
"""Pieces in a batch on a CPU: enough to fill the matrix products, small enough to stay in its caches."""


class OutOfMemory(Exception):
    """A batch did not fit into the device's memory."""


class HiddenStates(Protocol):
    """The hidden states of a batch that was submitted."""

    def result(self) -> Floats:
        """Wait for the hidden states, and return them; call it once.

        Returns:
            float32 [layers, rows, d], in the order of the layers and of the batch's rows.

        Raises:
            OutOfMemory: The batch is too large.
        """


@dataclass(frozen=True)
class ComputedStates:
    """The hidden states of a device that computes at once.

    Attributes:
        hidden: float32 [layers, rows, d].
    """

    hidden: Floats

    def result(self) -> Floats:
        """See `HiddenStates.result`."""
        return self.hidden


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

    def submit(self, batch: Batch, layers: tuple[int, ...]) -> HiddenStates:
        """Run the model on a batch; a GPU computes while the caller goes on, a CPU at once.

        Args:
            batch: The windows, and the rows that are asked for; others are left out where that saves time.
            layers: Numbers of the hidden states to return, 0 to L.

        Raises:
            OutOfMemory: The batch is too large.
        """
