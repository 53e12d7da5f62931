"""The options of `load` that decide results, as records, parsed once at the call."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from pathlib import Path
from typing import Any, TypeAlias, TypedDict

from nlu_lite.errors import OptionError, UnknownOption, find_nearest_names
from nlu_lite.options.choices import (
    AlignmentName,
    BackendChoice,
    BackendName,
    Compat,
    CompatName,
    Context,
    ContextName,
    LayerMerge,
    LayerMergeName,
    NewlineBreaks,
    NewlineBreaksName,
    Pooling,
    PoolingName,
    Precision,
    PrecisionName,
    SentencePoolingName,
    SourceChoice,
    VersionsName,
    Words,
    WordsName,
)
from nlu_lite.options.parsing import parse_choice, parse_flag
from nlu_lite.records import Alignment, SentencePooling

Splitter: TypeAlias = Callable[[str], Iterable[tuple[int, int]]]
"""A function from a text to half-open spans of it in code points, in order."""


@dataclass(frozen=True)
class TextSettings:
    r"""How texts are split.

    Attributes:
        words: The word finder for scripts without spaces between words.
        newline_breaks: The line breaks that end a sentence.
        keep_whole: Regular expressions; a match is one token, in one sentence. Whitespace at the edges of a match is
            ignored.
        sentences: The function that splits a text into sentences; None uses the rules.
        tokens: The function that splits a sentence into tokens, with offsets into the sentence; None uses the rules.
        compat: The library whose rules are used, in place of those of the language; None uses those of the language.

    Raises:
        OptionError: A pattern of `keep_whole` is not a regular expression, or `compat` excludes another setting.

    Example:
        >>> TextSettings(keep_whole=(r"New\s+York",)).words
        <Words.ICU: 'icu'>
    """

    words: Words = Words.ICU
    newline_breaks: NewlineBreaks = NewlineBreaks.PARAGRAPHS
    keep_whole: tuple[str, ...] = ()
    sentences: Splitter | None = None
    tokens: Splitter | None = None
    compat: Compat | None = None

    def __post_init__(self) -> None:
        _check_compat(self, ("words", "newline_breaks", "keep_whole"))
        if isinstance(self.keep_whole, str):
            raise OptionError("keep_whole is a str", "a tuple of patterns", f"Pass ({self.keep_whole!r},)")
        for pattern in self.keep_whole:
            _check_pattern(pattern)


def _check_compat(record: TextSettings | EncoderSettings, names: Iterable[str]) -> None:
    """Refuse options that the library of `compat` does not have."""
    for name in names:
        value = getattr(record, name)
        if record.compat is not None and value != getattr(type(record), name):
            raise OptionError(
                f"{name}={getattr(value, 'value', value)!r} and compat={record.compat.value!r}",
                "one of them, since the library of compat has no such option",
                f"Leave {name} out",
            )


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, TypeError) as error:
        raise OptionError(
            f"keep_whole has {pattern!r}, which cannot be compiled: {error}",
            "a regular expression",
            "Escape special characters with re.escape(...)",
        ) from None


@dataclass(frozen=True)
class EncoderSettings:
    """How hidden states become vectors.

    Attributes:
        max_length: Maximum length of a window in pieces, special tokens included; None uses the limit of the model.
        pooling: The vector of a token from the vectors of its pieces.
        layers: Hidden states to use: 0 is the embeddings, -1 the last layer.
        layer_merge: The vector from several layers.
        alignment: The input of the subword model.
        context: The text that a token's vector depends on.
        reproducible: Whether each window is run separately, so that no bit of a vector depends on other texts.
        compat: The library whose maximum length is used: pieces beyond it have no vectors. None uses windows.
    """

    max_length: int | None = None
    pooling: Pooling = Pooling.FIRST
    layers: tuple[int, ...] = (-1,)
    layer_merge: LayerMerge = LayerMerge.MEAN
    alignment: Alignment = Alignment.WORD
    context: Context = Context.SENTENCE
    reproducible: bool = False
    compat: Compat | None = None


@dataclass(frozen=True)
class ModelOptions:
    """How models are run.

    Attributes:
        device: The device: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.
        backend: The library that runs models.
        precision: The number format that models compute in.
        threads: Number of threads of a forward pass on the CPU; None uses the cores that the process may use.
        encoder: How hidden states become vectors.
        sentence_pooling: The vector of a sentence; None uses each model's recipe.
        prompt: The prefix of each sentence; None uses each model's prompt.
        normalize: Whether vectors are divided by their Euclidean length.
    """

    device: str = "cpu"
    backend: BackendName = BackendName.AUTO
    precision: Precision = Precision.FP32
    threads: int | None = None
    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    sentence_pooling: SentencePooling | None = None
    prompt: str | None = None
    normalize: bool = False


# --- changes ---------------------------------------------------------------------------------------------------------


class ModelChanges(TypedDict, total=False):
    """The options of `load` that `Pipeline.with_` can change without other weights."""

    words: WordsName
    newline_breaks: NewlineBreaksName
    keep_whole: str | Sequence[str]
    sentence_splitter: Splitter | None
    tokenizer: Splitter | None
    pooling: PoolingName
    sentence_pooling: SentencePoolingName | None
    prompt: str | None
    layers: Sequence[int]
    layer_merge: LayerMergeName
    alignment: AlignmentName
    context: ContextName
    max_length: int | None
    normalize: bool
    reproducible: bool
    compat: CompatName | None


class LoadOptions(ModelChanges, total=False):
    """The options of `load`, except the folder of a saved pipeline."""

    device: str
    backend: BackendChoice
    precision: PrecisionName
    threads: int | None
    source: SourceChoice | None
    revision: str | None
    cache_dir: str | Path | None
    offline: bool | None
    lock: str | Path | None
    versions: VersionsName


CHOICES: dict[str, type[Enum]] = {
    "words": Words,
    "newline_breaks": NewlineBreaks,
    "pooling": Pooling,
    "sentence_pooling": SentencePooling,
    "layer_merge": LayerMerge,
    "alignment": Alignment,
    "context": Context,
    "compat": Compat,
}
OPTIONAL = ("sentence_pooling", "compat")
TEXT = {name: name for name in ("words", "newline_breaks", "keep_whole", "compat")}
TEXT |= {"sentence_splitter": "sentences", "tokenizer": "tokens"}
ENCODER = {field.name: field.name for field in fields(EncoderSettings)}
FLAGS = ("normalize", "reproducible")
MODEL = {name: name for name in ("sentence_pooling", "prompt", "normalize")}


def parse_changes(
    settings: TextSettings, options: ModelOptions, changes: Mapping[str, Any]
) -> tuple[TextSettings, ModelOptions]:
    """Return settings with some options changed.

    Args:
        settings: How texts are split.
        options: How models are run.
        changes: The new values by name, as in `ModelChanges`.

    Raises:
        OptionError: An option is unknown, requires `load`, has an unknown value, or is excluded by `compat`.

    Example:
        >>> parse_changes(TextSettings(), ModelOptions(), {"pooling": "mean"})[1].encoder.pooling
        <Pooling.MEAN: 'mean'>
    """
    _check_names(changes)
    values = {name: _parse(name, value) for name, value in changes.items()}
    encoder = replace(options.encoder, **_select(values, ENCODER))
    _check_compat(encoder, ("alignment", "context"))
    return replace(settings, **_select(values, TEXT)), replace(options, encoder=encoder, **_select(values, MODEL))


def _check_names(changes: Mapping[str, Any]) -> None:
    known = [*TEXT, *ENCODER, *MODEL]
    for name in changes:
        if name not in known:
            expected, nearest = f"one of {', '.join(known)}", find_nearest_names(name, known)
            if name in {field.name for field in fields(ModelOptions)}:
                got = f"{name}= needs the weights to be opened again"
                raise OptionError(got, expected, f"Call load({name}=...)", nearest)
            raise UnknownOption(f"there is no option {name!r}", expected, "Check the name", nearest)


def _parse(name: str, value: Any) -> Any:
    if name in OPTIONAL and value is None:
        return None
    if name in CHOICES:
        return parse_choice(CHOICES[name], value, name)
    if name == "keep_whole":
        return _parse_patterns(value)
    if name == "layers":
        return _parse_layers(value)
    return parse_flag(value, name) if name in FLAGS else value


def _parse_patterns(patterns: object) -> tuple[str, ...]:
    found = (patterns,) if isinstance(patterns, str) else tuple(patterns) if isinstance(patterns, Iterable) else (None,)
    if all(isinstance(pattern, str) for pattern in found):
        return found
    got = f"keep_whole={patterns!r}"
    raise OptionError(
        got, "a regular expression or a sequence of them", r'Pass a str, such as keep_whole=r"New\s+York"'
    )


def _parse_layers(layers: object) -> tuple[int, ...]:
    if isinstance(layers, Sequence) and not isinstance(layers, str):
        return tuple(layers)
    raise OptionError(f"layers={layers!r}", "a sequence of whole numbers", "Pass a tuple, such as layers=(-1,)")


def _select(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names[name]: value for name, value in values.items() if name in names}
