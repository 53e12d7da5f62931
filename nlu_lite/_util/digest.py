"""One digest of everything that can change a token, a piece or a vector.

Saved pipelines, pickles, locks and the parts of a file hold the digest of each model. A new field of a record is part
of the digest automatically.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu_lite._util.mapping import release_pages
from nlu_lite.records import Card

LEFT_OUT = (Card,)
"""Records that no result depends on: a card says for readers what is published about a model."""
CHUNK = 1 << 20
"""Numbers of an array that are read before their pages are released: a matrix can be larger than the memory."""


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: object) -> str:
    """Return the SHA-256 of a record, or of anything else that `plain` takes.

    Example:
        >>> from nlu_lite.records import Normalization
        >>> digest(Normalization()) == digest(Normalization(lowercase=True))
        False
    """
    return hashlib.sha256(json.dumps(plain(value), sort_keys=True).encode()).hexdigest()


def plain(value: object) -> Any:
    """Return a value as JSON can hold it; different values stay different.

    A record becomes its fields. A field with its default is left out, so that a release that adds a field does not
    change the digests of the models that do not use it. Bytes and arrays become their SHA-256. What JSON holds already
    stays as it is.

    Raises:
        TypeError: The value, or something in it, is of another type.

    Example:
        >>> from nlu_lite.records import SentencePooling, SentenceRecipe
        >>> plain(SentenceRecipe(SentencePooling.MEAN, normalize=True))
        {'pooling': 'mean', 'normalize': True}
    """
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | int | float | None):
        return value
    if isinstance(value, bytes):
        return {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    if isinstance(value, np.ndarray):
        return _plain_array(value)
    if isinstance(value, Mapping):
        return {str(key): plain(value[key]) for key in value}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if is_dataclass(value):
        changed = [field for field in fields(value) if _counts(field, getattr(value, field.name))]
        return {field.name: plain(getattr(value, field.name)) for field in changed}
    raise TypeError(f"{type(value).__name__} has no digest")


def _counts(field: Field[Any], value: object) -> bool:
    """Say whether the value of a field is in the digest."""
    if isinstance(value, LEFT_OUT):
        return False
    default = field.default if field.default_factory is MISSING else field.default_factory()
    return type(value) is not type(default) or value != default


def _plain_array(array: NDArray[Any]) -> dict[str, Any]:
    """Return shape and SHA-256 of an array, the numbers as float32, whatever the file that they come from holds."""
    found, flat = hashlib.sha256(), array.reshape(-1)
    for begin in range(0, len(flat), CHUNK):
        numbers = flat[begin : begin + CHUNK]
        found.update(np.ascontiguousarray(numbers, "<f4").view(np.uint8).data)
        release_pages(numbers)
    return {"shape": list(array.shape), "sha256": found.hexdigest()}
