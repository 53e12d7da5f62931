"""Records of settings, encoded as JSON values and decoded again."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from nlu_lite.options import Splitter

R = TypeVar("R")


def encode_record(record: Any) -> dict[str, Any]:
    """Return the fields of a record of settings as JSON values; fields that are records are left out."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: _encode_value(value) for name, value in values.items() if not _is_record(value)}


def _is_record(value: object) -> bool:
    return is_dataclass(value) and not callable(value)  # a splitter can be an instance of a dataclass


def _encode_value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if callable(value):
        return name_callable(value)
    return list(value) if isinstance(value, tuple) else value


def name_callable(stage: Splitter) -> str:
    """Return the module and the name of a callable."""
    return f"{getattr(stage, '__module__', '?')}.{getattr(stage, '__qualname__', type(stage).__qualname__)}"


def decode_record(kind: type[R], values: Mapping[str, Any]) -> R:
    """Return the record of JSON values; each field must be there, with a value of its type.

    Raises:
        ValueError: A field is missing or unknown, or a value has another type.
    """
    hints = get_type_hints(kind)
    differing = sorted(hints.keys() ^ values.keys())
    if differing:
        raise ValueError(f"{differing} are missing, or unknown")
    return kind(**{name: decode_value(hint, values[name]) for name, hint in hints.items()})


def decode_value(hint: Any, value: Any) -> Any:
    """Return a JSON value as its type requires: a member of an enum by its value, a tuple from a list."""
    if get_origin(hint) is UnionType:
        return value if value is None else decode_value(get_args(hint)[0], value)
    if get_origin(hint) is tuple and isinstance(value, list):
        return tuple(decode_value(get_args(hint)[0], one) for one in value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if type(value) is not hint:
        raise ValueError(f"{reprlib.repr(value)} in place of {getattr(hint, '__name__', hint)}")
    return value
