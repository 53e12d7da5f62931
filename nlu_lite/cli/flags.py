"""The options of `load` as flags of the command line: one table, from which the flags of a command are made."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import typer

from nlu_lite.errors import OptionError
from nlu_lite.options import (
    BackendName,
    Compat,
    Context,
    LayerMerge,
    LoadOptions,
    NewlineBreaks,
    Pooling,
    Precision,
    Versions,
    Words,
)
from nlu_lite.records import Alignment, SentencePooling

R = TypeVar("R")


@dataclass(frozen=True)
class LoadFlag:
    """An option of `load`.

    Attributes:
        name: Its name in Python; `-` replaces `_` on the command line.
        type: The type of its value: an enum, a type, or a list of a type for a flag that can be repeated. A flag of
            type bool has no value.
        help: Its description.
        metavar: The placeholder of its value; None uses the type.
        least: The least value of an int.
    """

    name: str
    type: Any
    help: str
    metavar: str | None = None
    least: int | None = None

    @property
    def parameter(self) -> inspect.Parameter:
        """The parameter of a typer command. Its default None means that the flag is not on the command line."""
        spelling = f"--{self.name.replace('_', '-')}"
        option = typer.Option(spelling, help=self.help, metavar=self.metavar, min=self.least)
        kind = inspect.Parameter.KEYWORD_ONLY
        return inspect.Parameter(self.name, kind, default=None, annotation=Annotated[self.type | None, option])


LOAD_FLAGS = (
    LoadFlag("device", str, "The device: cpu, cuda, cuda:1 or mps. Default: cpu."),
    LoadFlag("backend", BackendName, "The library that runs models. Default: auto."),
    LoadFlag("precision", Precision, "The number format of the computation. Default: fp32."),
    LoadFlag(
        "threads", int, "The number of threads of a forward pass on the CPU. Default: the available cores.", least=1
    ),
    LoadFlag("words", Words, "The word finder for scripts without spaces. Default: icu."),
    LoadFlag("newline_breaks", NewlineBreaks, "The line breaks that end a sentence. Default: paragraphs."),
    LoadFlag("keep_whole", list[str], "A regular expression whose matches stay one token; can be repeated.", "PATTERN"),
    LoadFlag("pooling", Pooling, "The vector of a token from its pieces. Default: first."),
    LoadFlag(
        "sentence_pooling", SentencePooling, "The vector of a sentence. Default: the recipe of the model's publisher."
    ),
    LoadFlag("prompt", str, "The prefix of each sentence. Default: the prefix that the model's authors prescribe."),
    LoadFlag("layers", str, "The hidden states to use, such as -1,-2; 0 is the embeddings. Default: -1.", "NUMBERS"),
    LoadFlag("layer_merge", LayerMerge, "The merge of several layers. Default: mean."),
    LoadFlag("alignment", Alignment, "The input of the subword model: each word, or the whole text. Default: word."),
    LoadFlag("context", Context, "The text that the vector of a token depends on. Default: sentence."),
    LoadFlag("max_length", int, "The maximum length of a window in pieces. Default: the limit of the model.", least=1),
    LoadFlag("normalize", bool, "Divide vectors by their Euclidean length."),
    LoadFlag("reproducible", bool, "Make each vector independent of other texts, bit for bit. Slower."),
    LoadFlag("compat", Compat, "The library whose sentences, tokens and maximum length are reproduced. Default: none."),
    LoadFlag("source", str, "The only source of models: installed, folder, hub or bucket. Default: all, in order."),
    LoadFlag("revision", str, "The branch, tag or commit of a hub repository. Default: its main branch."),
    LoadFlag("cache_dir", Path, "The folder of the cache. Default: NLU_LITE_CACHE, or the user's cache folder.", "DIR"),
    LoadFlag("offline", bool, "Use only files on this machine."),
    LoadFlag("lock", Path, "A lock file, with which models must agree."),
    LoadFlag("versions", Versions, "Refuse or accept a saved pipeline of other versions of packages. Default: same."),
)
"""Every option of `load` whose value can be written on the command line, in the order of the help."""


def add_load_flags(command: Callable[..., R]) -> Callable[..., R]:
    """Return a command with the flags of `load`, which it receives as one dict: its first argument.

    Args:
        command: A function whose first parameter takes the options; the others are those of a typer command.
    """

    def run(**values: Any) -> R:
        given = {flag.name: values.pop(flag.name) for flag in LOAD_FLAGS}
        return command(_parse_flags(given), **values)

    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    parameters = [*own, *(flag.parameter for flag in LOAD_FLAGS)]
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _parse_flags(values: dict[str, Any]) -> LoadOptions:
    """Return the options on the command line, with the values that `load` takes."""
    given = {name: getattr(value, "value", value) for name, value in values.items() if value not in (None, [])}
    if "layers" in given:
        given["layers"] = _parse_layers(given["layers"])
    return cast("LoadOptions", given)


def _parse_layers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise OptionError(
            f"--layers {text}", "whole numbers, separated by commas", "Pass, say, --layers -1,-2"
        ) from None
