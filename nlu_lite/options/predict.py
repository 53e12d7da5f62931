"""The options of `Pipeline.predict`, parsed once at the call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields
from enum import Enum
from functools import cache
from typing import Any, TypedDict, TypeVar, get_type_hints

from nlu_lite._util.extras import check_extra
from nlu_lite.errors import OptionError, UnknownOption, find_nearest_names
from nlu_lite.options.choices import (
    Empty,
    EmptyName,
    ExtraColumns,
    FrameLibrary,
    Level,
    LevelName,
    Missing,
    MissingName,
    OtherColumns,
    Split,
    SplitName,
    VectorCells,
    VectorCellsName,
)
from nlu_lite.options.parsing import check_number, parse_choice, parse_flag

F = TypeVar("F", bound=Callable[..., Any])


class PredictOptions(TypedDict, total=False):
    """The options of `Pipeline.predict` that streams, files and accessors have too."""

    output_level: LevelName | None
    positions: bool
    metadata: bool
    text_column: Hashable | None
    keep_columns: bool
    lang: str | None
    lang_column: Hashable | None
    missing: MissingName
    empty: EmptyName


class StreamOptions(PredictOptions, total=False):
    """The options of `Pipeline.stream`, whose documents may already be split."""

    split: SplitName


class TextOptions(TypedDict, total=False):
    """The options of `Pipeline.encode` that `Pipeline.predict` has too."""

    text_column: Hashable | None
    lang: str | None
    lang_column: Hashable | None
    split: SplitName


class FrameOptions(StreamOptions, total=False):
    """The options of `frame.nlu.predict`: those of `Pipeline.predict` except the library of the result."""

    vectors: VectorCellsName
    progress: bool | None


DEFAULTS: dict[str, Any] = {
    "output_level": None,
    "positions": False,
    "metadata": False,
    "text_column": None,
    "keep_columns": True,
    "lang": None,
    "lang_column": None,
    "missing": "error",
    "empty": "drop",
    "split": "words",
    "vectors": "numpy",
    "progress": None,
}
"""The defaults of `Pipeline.predict`, for the functions that pass its options on."""


@dataclass(frozen=True)
class PredictRequest:
    """The options of one call of `Pipeline.predict`.

    Attributes:
        output_level: The unit of a row of the result; also the name of its column of strings.
        lang: Language of the texts; ``"xx"`` to detect it from each text.
        extra_columns: Columns of the result besides strings and vectors.
        text_column: Name of the column of texts; None finds it.
        keep_columns: Whether the other columns of the input are kept.
        lang_column: Name of the column of language codes; None if `lang` is the language of all texts.
        missing: The treatment of None and NaN among the texts.
        empty: The rows of documents without words.
        split: The unit of the strings of a document that is already split.
        library: The library of the result.
        cells: The cells of vectors in a pandas frame.
        first_row: Number of the first row of the input, if the input has no index.
        call: The name of the method that was called, for errors.
    """

    output_level: Level = Level.TOKEN
    lang: str = "xx"
    extra_columns: ExtraColumns = ExtraColumns.NONE
    text_column: Hashable | None = None
    keep_columns: OtherColumns = OtherColumns.KEEP
    lang_column: Hashable | None = None
    missing: Missing = Missing.ERROR
    empty: Empty = Empty.DROP
    split: Split = Split.WORDS
    library: FrameLibrary = FrameLibrary.PANDAS
    cells: VectorCells = VectorCells.NUMPY
    first_row: int = 0
    call: str = "predict"


def parse_predict(
    level: Level,
    language: str,
    options: PredictOptions | StreamOptions,
    library: str = "pandas",
    cells: VectorCellsName = "numpy",
) -> PredictRequest:
    """Parse the options of `Pipeline.predict`.

    Args:
        level: The default level.
        language: The default language.
        options: The options; all are optional.
        library: The option ``as_``.
        cells: The option ``vectors``.

    Raises:
        OptionError: An option has an unknown value, or two options exclude each other.
        MissingExtra: The library of the result is not installed.

    Example:
        >>> parse_predict(Level.TOKEN, "xx", {"output_level": "document", "empty": "keep"}).empty
        <Empty.KEEP: 'keep'>
    """
    _check_names(options)
    given: dict[str, Any] = {**DEFAULTS, **options}
    name = given["output_level"]
    request = PredictRequest(
        output_level=level if name is None else parse_choice(Level, name, "output_level"),
        lang=given["lang"] or language,
        extra_columns=_parse_extra(given),
        text_column=given["text_column"],
        keep_columns=OtherColumns.KEEP if parse_flag(given["keep_columns"], "keep_columns") else OtherColumns.DROP,
        lang_column=given["lang_column"],
        missing=parse_choice(Missing, given["missing"], "missing"),
        empty=parse_choice(Empty, given["empty"], "empty"),
        split=parse_choice(Split, given["split"], "split"),
        library=parse_choice(FrameLibrary, library, "as_"),
        cells=parse_choice(VectorCells, cells, "vectors"),
    )
    _check_level(request)
    _check_installed(request)
    return request


def check_stream(chunk: int, library: str) -> None:
    """Check the options that `Pipeline.stream` has in addition to those of `Pipeline.predict`.

    Raises:
        OptionError: `chunk` is less than 1, or `library` is not a library of streams.
    """
    check_number("chunk", chunk, 1)
    if parse_choice(FrameLibrary, library, "as_") is FrameLibrary.POLARS:
        raise OptionError('as_="polars" for a stream', "'pandas' or 'arrow'", "Pass one of these as as_")


def describe_request(request: PredictRequest) -> dict[str, object]:
    """Return the options that decide the rows of a result, as JSON values.

    Example:
        >>> describe_request(PredictRequest(extra_columns=ExtraColumns.METADATA))["metadata"]
        True
    """
    omitted = ("extra_columns", "library", "cells", "first_row", "call")
    values = {field.name: getattr(request, field.name) for field in fields(request) if field.name not in omitted}
    described = {name: value.value if isinstance(value, Enum) else value for name, value in values.items()}
    return described | {str(extra.name).lower(): extra in request.extra_columns for extra in ExtraColumns}


@cache
def _list_names() -> tuple[str, ...]:
    return tuple(get_type_hints(StreamOptions))


def _check_names(options: PredictOptions | StreamOptions) -> None:
    known = _list_names()
    for name in options:
        if name not in known:
            got = f"there is no option {name!r}"
            raise UnknownOption(got, f"one of {', '.join(known)}", "Check the name", find_nearest_names(name, known))


def _parse_extra(given: Mapping[str, Any]) -> ExtraColumns:
    extra = ExtraColumns.NONE
    for member in (ExtraColumns.POSITIONS, ExtraColumns.METADATA):
        name = str(member.name).lower()
        extra |= member if parse_flag(given[name], name) else ExtraColumns.NONE
    return extra


def _check_level(request: PredictRequest) -> None:
    if request.empty is Empty.KEEP and request.output_level is Level.TOKEN:
        raise OptionError(
            'empty="keep" at the token level, where a text without words has no token',
            "the sentence or document level",
            'Pass output_level="sentence" or output_level="document", or leave empty= out',
        )


def _check_installed(request: PredictRequest) -> None:
    """Check that the library of the result is installed, before the computation starts."""
    library = request.library
    if library is FrameLibrary.POLARS:
        check_extra("polars", "polars", 'as_="polars"')
    if library is not FrameLibrary.PANDAS:
        check_extra("pyarrow", library.value, f'as_="{library.value}"')
    if request.cells is VectorCells.ARROW:
        check_extra("pyarrow", "arrow", 'vectors="arrow"')


# --- signatures ------------------------------------------------------------------------------------------------------


def show_options(options: type, before: str | None = None) -> Callable[[F], F]:
    """Return a decorator that shows a function's `**options` one by one in `help()` and completion.

    Args:
        options: The TypedDict of the options.
        before: The parameter that follows them; None appends them.

    Example:
        >>> @show_options(PredictOptions)
        ... def predict(data: object, **options: Unpack[PredictOptions]) -> None: ...
        >>> list(inspect.signature(predict).parameters)[:3]
        ['data', 'output_level', 'positions']
    """

    def show(function: F) -> F:
        signature = inspect.signature(function)
        own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
        place = len(own) if before is None else [one.name for one in own].index(before)
        own[place:place] = [_build_parameter(name, hint) for name, hint in get_type_hints(options).items()]
        function.__signature__ = signature.replace(parameters=own)  # type: ignore[attr-defined]
        return function

    return show


def _build_parameter(name: str, hint: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=DEFAULTS[name], annotation=hint)
