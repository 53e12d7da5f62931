"""The options of `load` as the caller writes them become records; unknown values are refused with the nearest known."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from enum import Enum
from pathlib import Path
from typing import Any, TypedDict, TypeVar

from nlu_lite.encoding import Context, EncoderSettings, LayerMerge, Pooling
from nlu_lite.errors import OptionError, nearest_names
from nlu_lite.model import ModelOptions
from nlu_lite.records import Alignment, SentencePooling
from nlu_lite.text import NewlineBreaks, Splitter, TextSettings, Words

E = TypeVar("E", bound=Enum)


class Changes(TypedDict, total=False):
    """Options that need no other weights; see `load`."""

    words: str
    newline_breaks: str
    keep_whole: str | Sequence[str]
    sentence_splitter: Splitter | None
    tokenizer: Splitter | None
    pooling: str
    sentence_pooling: str | None
    prompt: str | None
    layers: Sequence[int]
    layer_merge: str
    alignment: str
    context: str
    max_length: int | None
    normalize: bool
    reproducible: bool


CHOICES: dict[str, type[Enum]] = {
    "words": Words,
    "newline_breaks": NewlineBreaks,
    "pooling": Pooling,
    "sentence_pooling": SentencePooling,
    "layer_merge": LayerMerge,
    "alignment": Alignment,
    "context": Context,
}
TEXT = {name: name for name in ("words", "newline_breaks", "keep_whole")}
TEXT |= {"sentence_splitter": "sentences", "tokenizer": "tokens"}
ENCODER = {field.name: field.name for field in fields(EncoderSettings)}
MODEL = {name: name for name in ("sentence_pooling", "prompt", "normalize")}


def changed(
    settings: TextSettings, options: ModelOptions, changes: Mapping[str, Any]
) -> tuple[TextSettings, ModelOptions]:
    """Give records in which some options are others.

    Args:
        settings: How texts are split.
        options: How models are run.
        changes: As `Changes` names them.

    Raises:
        OptionError: An option is unknown, needs other weights, or has an unknown value.

    Example:
        >>> changed(TextSettings(), ModelOptions(), {"pooling": "mean"})[1].encoder.pooling
        <Pooling.MEAN: 'mean'>
    """
    _check_names(changes)
    values = {name: _converted(name, value) for name, value in changes.items()}
    encoder = replace(options.encoder, **_renamed(values, ENCODER))
    return replace(settings, **_renamed(values, TEXT)), replace(options, encoder=encoder, **_renamed(values, MODEL))


def choice(kind: type[E], value: str, option: str) -> E:
    """Give the member of an enum that has a value.

    Raises:
        OptionError: There is none; those that there are are named.
    """
    try:
        return kind(value)
    except ValueError:
        names = [str(member.value) for member in kind]
        remedy = f"Pass one of these as {option}"
        near = nearest_names(value, names)
        raise OptionError(f"{option}={value!r}", ", ".join(map(repr, names)), remedy, near) from None


def check_path(value: object, option: str, remedy: str = "Pass a str or a Path") -> Path:
    """Return an option as a path.

    Raises:
        OptionError: It is neither a str nor a path.
    """
    if isinstance(value, str) or (isinstance(value, os.PathLike) and isinstance(os.fspath(value), str)):
        return Path(value)
    raise OptionError(f"{option} is a {type(value).__name__}", "the path of a file or folder", remedy)


def _check_names(changes: Mapping[str, Any]) -> None:
    known = [*TEXT, *ENCODER, *MODEL]
    for name in changes:
        if name not in known:
            fixed = name in {field.name for field in fields(ModelOptions)}
            got = f"{name}= needs the weights to be opened anew" if fixed else f"there is no option {name!r}"
            remedy = f"Call load({name}=...)" if fixed else "Check the name"
            raise OptionError(got, f"one of {', '.join(known)}", remedy, nearest_names(name, known))


def _converted(name: str, value: Any) -> Any:
    if name == "sentence_pooling" and value is None:
        return None
    if name in CHOICES:
        return choice(CHOICES[name], value, name)
    if name == "keep_whole":
        return _patterns(value)
    if name == "layers":
        return _layers(value)
    return value


def _patterns(patterns: object) -> tuple[str, ...]:
    found = (patterns,) if isinstance(patterns, str) else tuple(patterns) if isinstance(patterns, Iterable) else (None,)
    if all(isinstance(pattern, str) for pattern in found):
        return found
    got = f"keep_whole={patterns!r}"
    raise OptionError(
        got, "a regular expression or a sequence of them", r'Pass a str, such as keep_whole=r"New\s+York"'
    )


def _layers(layers: object) -> tuple[int, ...]:
    if isinstance(layers, Sequence) and not isinstance(layers, str):
        return tuple(layers)
    raise OptionError(f"layers={layers!r}", "a sequence of whole numbers", "Pass a tuple, such as layers=(-1,)")


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names[name]: value for name, value in values.items() if name in names}
