"""Local files become a `Checkpoint`: bytes in, arrays out; nothing that a file says is ever run."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from nlu_lite.records import Checkpoint


class Format(Protocol):
    """A layout of model files on disk."""

    def matches(self, path: Path) -> bool:
        """Say whether `path` (a file or a folder) looks like this format; opens as little as possible."""

    def read(self, path: Path) -> Checkpoint:
        """Read the model at `path`.

        Raises:
            FormatError: The files are damaged, incomplete, or contradict one another.
            UnsupportedReference: The files are whole, but hold a kind of model that the library does not run.
        """
