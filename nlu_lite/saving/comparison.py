"""The comparison of a loaded model with the model that was saved or pickled."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlu_lite.errors import IntegrityError
from nlu_lite.options import BackendName
from nlu_lite.records import Checkpoint, ModelSpec
from nlu_lite.store.checkpoints import LoadedCheckpoint

LAYOUT = 2
"""Version of the layout of a saved pipeline; incremented when its fields change.

A layout requires all its fields. A release that adds a field reads older layouts with the value that has the old
behaviour.
"""

ADDED_FIELDS: Mapping[int, dict[str, Any]] = {1: {"compat": None}, LAYOUT: {}}
"""The fields of settings that a layout does not have, with the values of its behaviour."""


@dataclass(frozen=True)
class SavedModel:
    """A model of a saved pipeline.

    Attributes:
        spec: The model, with the origin of its weights as the only one.
        column: The name of its column of vectors.
        sha256: The digest of the model, as its layout defines it; see `DIGESTS`.
        layout: The version of the layout of the saved pipeline.
        backend: The backend that ran it.
    """

    spec: ModelSpec
    column: str
    sha256: str
    layout: int
    backend: BackendName

    def check(self, loaded: LoadedCheckpoint) -> None:
        """Compare a loaded model with the saved one.

        Raises:
            IntegrityError: They differ.
        """
        reference = self.spec.reference
        if self.layout != LAYOUT:
            message = "The digest of %r in a pipeline of version 0.1.0 leaves out how texts are spelt: save it again"
            logging.getLogger("nlu_lite").warning(message, reference)
        digest = DIGESTS[self.layout](loaded)
        if digest != self.sha256:
            (origin,) = self.spec.origins
            raise IntegrityError(
                f"the model that {reference!r} finds at {origin} has SHA-256 {digest}",
                f"{self.sha256}, as when the pipeline was saved",
                "Put the files back. If you trust the change, make the pipeline again: "
                f"nlu_lite.load({reference!r}, ...).save(...), with weights=True to keep a copy of them",
            )


def _compute_digest_1(checkpoint: Checkpoint) -> str:
    """Return the digest of a model as version 0.1.0 defined it, without the normalization of texts."""
    digest = hashlib.sha256(json.dumps(dict(checkpoint.config), sort_keys=True, default=list).encode())
    digest.update(hashlib.sha256(checkpoint.subwords.data).digest())
    for name in sorted(checkpoint.tensors):
        tensor = np.ascontiguousarray(checkpoint.tensors[name], np.float32)
        digest.update(json.dumps([name, tensor.shape]).encode())
        digest.update(tensor.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


DIGESTS: Mapping[int, Callable[[LoadedCheckpoint], str]] = {
    1: lambda loaded: _compute_digest_1(loaded.checkpoint),
    LAYOUT: lambda loaded: loaded.digest,
}
"""The digest of a model, by the version of the layout."""


def check_pickled(loaded: LoadedCheckpoint, files: str | None, digest: str) -> None:
    """Compare a loaded model with the pickled one.

    Args:
        loaded: The model.
        files: The digest of the pickled model's files; see `ModelFiles`. None for a copy in another format.
        digest: The digest of the pickled model; see `LoadedCheckpoint`.

    Raises:
        IntegrityError: They differ.
    """
    if loaded.digest != digest or files not in (None, loaded.files.digest):
        raise IntegrityError(
            f"the files of {loaded.spec.reference!r} at {loaded.files.path} have changed since they were pickled",
            f"digest {digest}",
            "Put the files back, or pickle the pipeline again",
        )
