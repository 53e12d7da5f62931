"""The digest of everything that can change a token, a piece or a vector.

Saved pipelines, pickles, locks and the parts of a file contain the digest of each model. A new field of a record is
part of the digest automatically.
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

EXCLUDED = (Card,)
"""Records on which no result depends: a card describes a model for readers."""
CHUNK = 1 << 20
"""Numbers of an array that are hashed before their pages are released: an array can be larger than memory."""


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_json(values: object) -> str:
    """Return the SHA-256 of values that JSON can hold, whatever the order of their keys.

    Example:
        >>> hash_json({"a": 1, "b": 2}) == hash_json({"b": 2, "a": 1})
        True
    """
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def compute_digest(value: object) -> str:
    """Return the SHA-256 of a record, or of any other value that `to_plain` accepts.

    Example:
        >>> from nlu_lite.records import Normalization
        >>> compute_digest(Normalization()) == compute_digest(Normalization(lowercase=True))
        False
    """
    return hash_json(to_plain(value))


def to_plain(value: object) -> Any:
    """Return a value in the types of JSON; different values remain different.

    A record becomes its fields. A field with its default value is left out, so that a release that adds a field does
    not change the digests of the models that do not use it. Bytes and arrays become their SHA-256. Values in the types
    of JSON are unchanged.

    Raises:
        TypeError: The value, or a part of it, has another type.

    Example:
        >>> from nlu_lite.records import SentencePooling, SentenceRecipe
        >>> to_plain(SentenceRecipe(SentencePooling.MEAN, normalize=True))
        {'pooling': 'mean', 'normalize': True}
    """
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | int | float | None):
        return value
    if isinstance(value, bytes):
        return {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    if isinstance(value, np.ndarray):
        return _describe_array(value)
    if isinstance(value, Mapping):
        return {str(key): to_plain(value[key]) for key in value}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if is_dataclass(value):
        changed = [field for field in fields(value) if _is_included(field, getattr(value, field.name))]
        return {field.name: to_plain(getattr(value, field.name)) for field in changed}
    raise TypeError(f"{type(value).__name__} has no digest")


def _is_included(field: Field[Any], value: object) -> bool:
    """Return whether the value of a field is part of the digest."""
    if isinstance(value, EXCLUDED):
        return False
    default = field.default if field.default_factory is MISSING else field.default_factory()
    return type(value) is not type(default) or value != default


def _describe_array(array: NDArray[Any]) -> dict[str, Any]:
    """Return the shape and the SHA-256 of an array; numbers are hashed as float32, whatever their type in the file."""
    found, flat = hashlib.sha256(), array.reshape(-1)
    for begin in range(0, len(flat), CHUNK):
        numbers = flat[begin : begin + CHUNK]
        found.update(np.ascontiguousarray(numbers, "<f4").view(np.uint8).data)
        release_pages(numbers)
    return {"shape": list(array.shape), "sha256": found.hexdigest()}
