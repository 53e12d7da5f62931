"""A `ModelSpec` becomes verified local files."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from nlu_lite.records import ModelSpec


class Source(Protocol):
    """A place that models come from."""

    def fetch(self, spec: ModelSpec) -> Path:
        """Give the local file or folder that holds the model, verified.

        Raises:
            SourceError: The files could not be fetched.
            OfflineError: They are not here, and the network is not to be used.
            IntegrityError: Their bytes are not the published ones.
        """
