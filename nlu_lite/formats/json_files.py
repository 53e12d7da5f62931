"""JSON files of a model's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from nlu_lite.errors import FormatError

Json = TypeVar("Json", dict[str, Any], list[Any])

REMEDY = "Complete the folder, or fetch the model again"


def read_json(path: Path, kind: type[Json]) -> Json:
    """Read a JSON file that holds an object (a dict) or an array (a list).

    Raises:
        FormatError: It cannot be read, or holds something else.
    """
    expected = "a JSON object" if kind is dict else "a JSON array"
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(f"{path} cannot be read ({error})", expected, REMEDY) from error
    if not isinstance(content, kind):
        raise FormatError(f"{path} holds a {type(content).__name__}", expected, REMEDY)
    return content
