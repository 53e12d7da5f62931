"""Records of settings as plain values, and back."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from nlu_lite.options import Splitter

R = TypeVar("R")


def plain(record: Any) -> dict[str, Any]:
    """Turn a record of settings into values that JSON knows; records in it are left out."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: _plain_value(value) for name, value in values.items() if not hasattr(value, "__dataclass_fields__")}


def _plain_value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if callable(value):
        return name_of(value)
    return list(value) if isinstance(value, tuple) else value


def name_of(stage: Splitter) -> str:
    """Return the module and the name of a callable."""
    return f"{getattr(stage, '__module__', '?')}.{getattr(stage, '__qualname__', type(stage).__qualname__)}"


def read_record(kind: type[R], values: Mapping[str, Any]) -> R:
    """Turn plain values back into a record, all of whose fields have to be there, with values of their types."""
    hints = get_type_hints(kind)
    differing = sorted(hints.keys() ^ values.keys())
    if differing:
        raise ValueError(f"{differing} are missing, or unknown")
    return kind(**{name: read_value(hint, values[name]) for name, hint in hints.items()})


def read_value(hint: Any, value: Any) -> Any:
    """Read a value as its type says: members of an enum by their values, tuples as lists."""
    if get_origin(hint) is UnionType:
        return value if value is None else read_value(get_args(hint)[0], value)
    if get_origin(hint) is tuple and isinstance(value, list):
        return tuple(read_value(get_args(hint)[0], one) for one in value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if type(value) is not hint:
        raise ValueError(f"{reprlib.repr(value)} in the place of {getattr(hint, '__name__', hint)}")
    return value
