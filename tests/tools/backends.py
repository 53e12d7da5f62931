"""Backends that tests share."""

import hashlib
import json
from dataclasses import replace
from functools import wraps

import numpy as np

SMALL = 1 << 24
"""Bytes of the weights of a model that is shared at most."""
MOST = 32
"""Number of backends that are kept."""


def share_backends(open_chosen):
    """Return a function like `open_chosen` that opens each small model once for each choice of options."""
    shared = {}

    @wraps(open_chosen)
    def open_shared(checkpoint, options, *saved):
        if sum(tensor.nbytes for tensor in checkpoint.tensors.values()) > SMALL:
            return open_chosen(checkpoint, options, *saved)
        asked = (options.device, options.backend, options.precision, options.threads, options.encoder.layers, saved)
        key = (compute_key(checkpoint), repr(asked))
        if key not in shared:
            tensors = {name: np.array(tensor) for name, tensor in checkpoint.tensors.items()}
            opened = open_chosen(replace(checkpoint, tensors=tensors), options, *saved)
            while len(shared) >= MOST:
                del shared[next(iter(shared))]
            shared[key] = opened
        return shared[key]

    return open_shared


def compute_key(checkpoint):
    """Return a digest of all that a backend reads."""
    digest = hashlib.sha256(json.dumps(checkpoint.config, sort_keys=True, default=repr).encode())
    for name, tensor in sorted(checkpoint.tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tensor.shape}".encode())
        digest.update(np.ascontiguousarray(tensor))
    return digest.digest()
