"""The backends that run a model, one file each. All are opened on the same `Checkpoint`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nlu_lite.errors import ModelError
from nlu_lite.records import Batch, Floats

CPU_BUDGET = 512
"""Pieces in a batch on a CPU: enough for efficient matrix products, few enough to stay in its caches."""


class OutOfMemory(Exception):
    """A batch did not fit into the device's memory."""


class CompilationError(ModelError):
    """The backend cannot compile a model on this processor, for a reason other than memory; another backend may."""


class HiddenStates(Protocol):
    """The hidden states of a batch that was submitted."""

    def result(self) -> Floats:
        """Wait for the hidden states, and return them. Call this once.

        Returns:
            float32 [layers, rows, d], in the order of the layers and of the batch's rows.

        Raises:
            OutOfMemory: The batch is too large.
        """

    def are_finite(self) -> bool:
        """Return whether no hidden state is NaN or infinity, once `result` has returned."""


@dataclass(frozen=True)
class ComputedStates:
    """The hidden states of a device that computes synchronously.

    Attributes:
        hidden: float32 [layers, rows, d].
    """

    hidden: Floats

    def result(self) -> Floats:
        """See `HiddenStates.result`."""
        return self.hidden

    def are_finite(self) -> bool:
        """See `HiddenStates.are_finite`."""
        return bool(np.isfinite(self.hidden).all())


class Backend(Protocol):
    """A model that is open on a device."""

    @property
    def name(self) -> str:
        """The backend, its version, device and precision, for display: ``"torch 2.13.0, cpu, bf16"``."""

    @property
    def dimension(self) -> int:
        """Width d of a hidden state."""

    @property
    def layers(self) -> int:
        """Number L of layers. Hidden states are numbered from 0 (the embeddings) to L."""

    @property
    def positions(self) -> int:
        """Maximum length of a window, including special tokens."""

    @property
    def budget(self) -> int:
        """Number of pieces in a batch, including padding, that suits the device."""

    @property
    def is_asynchronous(self) -> bool:
        """Whether `submit` returns before the hidden states are computed, so that the host can work meanwhile."""

    def prepare(self, layers: tuple[int, ...]) -> None:
        """Compile the model for these layers if the backend compiles models, so that the first text does not wait.

        Raises:
            ModelError: The model cannot be compiled.
            OptionError: The process was forked, and cannot use the backend.
        """

    def submit(self, batch: Batch, layers: tuple[int, ...]) -> HiddenStates:
        """Run the model on a batch: asynchronously on a GPU, synchronously on a CPU.

        Args:
            batch: The windows, and the rows whose hidden states are needed. Others are not computed if that saves time.
            layers: Numbers of the hidden states to return, 0 to L.

        Raises:
            OutOfMemory: The batch is too large.
        """
