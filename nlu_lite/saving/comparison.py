"""A model that is found, compared with the one that was saved or pickled."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from nlu_lite.errors import IntegrityError
from nlu_lite.options import BackendName
from nlu_lite.records import Checkpoint, ModelSpec
from nlu_lite.store.checkpoints import LoadedCheckpoint

LAYOUT = 2
"""Number of the layout of a saved pipeline; grows when its fields change.

All fields of a layout have to be there. A release that adds a field reads older layouts as if it had the
value that does what they did.
"""


@dataclass(frozen=True)
class SavedModel:
    """A model of a saved pipeline.

    Attributes:
        spec: What its reference stands for; its one origin is where the weights are.
        column: Name of its column of vectors.
        sha256: Digest of the model, as its layout makes it; see `DIGESTS`.
        layout: Number of the layout that the pipeline was saved in.
        backend: The backend that ran it.
    """

    spec: ModelSpec
    column: str
    sha256: str
    layout: int
    backend: BackendName


def _digest_of_layout_1(checkpoint: Checkpoint) -> str:
    """Return the digest of a model as version 0.1.0 made it, which leaves out how texts are spelt."""
    digest = hashlib.sha256(json.dumps(dict(checkpoint.config), sort_keys=True, default=list).encode())
    digest.update(hashlib.sha256(checkpoint.subwords.data).digest())
    for name in sorted(checkpoint.tensors):
        tensor = np.ascontiguousarray(checkpoint.tensors[name], np.float32)
        digest.update(json.dumps([name, tensor.shape]).encode())
        digest.update(tensor.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


DIGESTS: Mapping[int, Callable[[LoadedCheckpoint], str]] = {
    1: lambda found: _digest_of_layout_1(found.checkpoint),
    LAYOUT: lambda found: found.digest,
}
"""By the number of the layout, how the digest of a model is made."""


def checked(model: SavedModel) -> Callable[[LoadedCheckpoint], None]:
    """Return a function that compares the model that is found with the one that was saved.

    It raises `IntegrityError` if they differ.
    """

    def check(found: LoadedCheckpoint) -> None:
        reference = model.spec.reference
        if model.layout != LAYOUT:
            message = "The digest of %r in a pipeline of version 0.1.0 leaves out how texts are spelt: save it again"
            logging.getLogger("nlu_lite").warning(message, reference)
        digest = DIGESTS[model.layout](found)
        if digest != model.sha256:
            (origin,) = model.spec.origins
            raise IntegrityError(
                f"the model that {reference!r} finds at {origin} has SHA-256 {digest}",
                f"{model.sha256}, as when the pipeline was saved",
                "Put the files back. If you trust the change, make the pipeline again: "
                f"nlu_lite.load({reference!r}, ...).save(...), with weights=True to keep a copy of them",
            )

    return check


def same(files: str, digest: str) -> Callable[[LoadedCheckpoint], None]:
    """Return a function that compares the model that is found with the one that was pickled.

    It raises `IntegrityError` if they differ.

    Args:
        files: The digest of its files; see `ModelFiles`.
        digest: The digest of the model; see `LoadedCheckpoint`.
    """

    def check(found: LoadedCheckpoint) -> None:
        if (found.files.digest, found.digest) != (files, digest):
            raise IntegrityError(
                f"the files of {found.spec.reference!r} at {found.files.path} are not those that were pickled",
                f"digest {digest}",
                "Put them back, or pickle the pipeline anew",
            )

    return check
