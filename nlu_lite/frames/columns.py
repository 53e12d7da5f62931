"""Columns: find the columns to read of the caller's frame, and name the columns of a result."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from nlu_lite.errors import InputError, find_nearest_names
from nlu_lite.frames.protocols import FrameReader
from nlu_lite.options import ExtraColumns, Level, PredictRequest
from nlu_lite.records import Action, ModelSpec

PREFIX = {Action.EMBED: "word_embedding", Action.EMBED_SENTENCE: "sentence_embedding"}


def name_vector_columns(specs: Sequence[ModelSpec]) -> list[str]:
    """Name the columns of vectors as NLU does: ``word_embedding_<id>``, ``sentence_embedding_<id>``.

    The id is the first segment of the reference's name, after language and action. Ids that collide are extended by
    further segments, and then prefixed with the language. For a reference without a name, it is the model's name.

    Example:
        >>> specs = [ModelSpec(f"en.embed.bert.{size}", "en", "m", None, Action.EMBED, ()) for size in ("l2", "l4")]
        >>> name_vector_columns(specs[:1]), name_vector_columns(specs)
        (['word_embedding_bert'], ['word_embedding_bert_l2', 'word_embedding_bert_l4'])
    """
    segments = [_split_reference(spec) for spec in specs]
    lengths = [1] * len(specs)
    while True:
        names = [_build_name(spec, parts, n) for spec, parts, n in zip(specs, segments, lengths, strict=True)]
        crowds = [[i for i, other in enumerate(names) if other == name] for name in dict.fromkeys(names)]
        growing = [i for crowd in crowds if len(crowd) > 1 for i in _choose_growing(crowd, segments, lengths)]
        if not growing:
            return _number_duplicates(names)
        for i in growing:
            lengths[i] += 1


def _choose_growing(crowd: list[int], segments: list[list[str]], lengths: list[int]) -> list[int]:
    """Choose the ids that grow: ids with segments left, else all, by the language and then the whole reference."""
    with_segments_left = [i for i in crowd if lengths[i] < len(segments[i])]
    return with_segments_left or [i for i in crowd if lengths[i] < len(segments[i]) + 2]


def _number_duplicates(names: list[str]) -> list[str]:
    """Number names that are still equal: the second ``_2``, the third ``_3``."""
    before = [names[:i].count(name) for i, name in enumerate(names)]
    return [f"{name}_{count + 1}" if count else name for name, count in zip(names, before, strict=True)]


def _split_reference(spec: ModelSpec) -> list[str]:
    if ":" in spec.reference:  # a direct one: hf:, path:, sparknlp:
        return [spec.name]
    segments = spec.reference.split(".")
    segments = segments[1:] if segments[0] == spec.language else segments
    segments = segments[1:] if segments and segments[0] == spec.action.value else segments
    return segments or [spec.name]


def _build_name(spec: ModelSpec, segments: list[str], length: int) -> str:
    if length > len(segments) + 1:
        identity = spec.reference
    elif length > len(segments):
        identity = "_".join([spec.language, *segments])
    else:
        identity = "_".join(segments[:length])
    plain = re.sub(r"\W", "_", identity)
    return f"{PREFIX[spec.action]}_{plain}"


# --- all columns -----------------------------------------------------------------------------------------------------


def name_result_columns(request: PredictRequest, vectors: Sequence[str]) -> list[str]:
    """Name the columns of a result, in order.

    Args:
        request: The options of the call.
        vectors: Names of its columns of vectors.

    Example:
        >>> extra = ExtraColumns.POSITIONS | ExtraColumns.METADATA
        >>> name_result_columns(PredictRequest(Level.SENTENCE, extra_columns=extra), ["word_embedding_x"])
        ['sentence', 'sentence_begin', 'sentence_end', 'document_number', 'sentence_number', 'word_embedding_x',
        'word_pieces_x', 'word_oov_x', 'word_windows_x']
    """
    level = request.output_level.value
    names = [level]
    if ExtraColumns.POSITIONS in request.extra_columns:
        names += [f"{level}_begin", f"{level}_end"]
    if ExtraColumns.METADATA in request.extra_columns:
        names += name_number_columns(request.output_level)
    names += vectors
    if ExtraColumns.METADATA in request.extra_columns:
        names += [fact for vector in vectors for fact in name_stats_columns(vector)]
    return names


DOCUMENT_NUMBER = "document_number"


def name_number_columns(level: Level) -> list[str]:
    """Name the columns of numbers: document, and depending on the level sentence and token."""
    depth = [Level.DOCUMENT, Level.SENTENCE, Level.TOKEN]
    return [f"{part.value}_number" for part in depth[: depth.index(level) + 1]]


def name_stats_columns(vector: str) -> list[str]:
    """Name the columns of statistics of a column of vectors: pieces, unknown pieces, windows.

    Example:
        >>> name_stats_columns("sentence_embedding_labse")
        ['sentence_pieces_labse', 'sentence_oov_labse', 'sentence_windows_labse']
    """
    kind, _, identity = vector.partition("_embedding_")
    return [f"{kind}_{fact}_{identity}" for fact in ("pieces", "oov", "windows")]


# --- the caller's columns --------------------------------------------------------------------------------------------


def check_names(names: Sequence[Any]) -> None:
    """Check that the names of columns are unique."""
    twice = list(dict.fromkeys(name for name in names if names.count(name) > 1))
    if twice:
        raise InputError(f"the column names {twice} occur twice", "unique column names", "Rename one of them")


def find_text_column(sheet: FrameReader, request: PredictRequest) -> Hashable:
    """Return the name of a frame's column of texts."""
    is_named = request.text_column is not None or "text" in sheet.names
    texts = [] if is_named else [name for name in sheet.names if sheet.holds_strings(name)]
    if not sheet.height and not texts:  # an empty column has any dtype
        texts = sheet.names
    return choose_text_column(sheet.names, texts, request.text_column)


def choose_text_column(names: Sequence[Hashable], texts: Sequence[Hashable], wanted: Hashable | None) -> Hashable:
    """Return the column of texts: the requested one, else ``text``, else the only one that can be texts.

    Args:
        names: All columns.
        texts: The columns that can be texts.
        wanted: The requested column.

    Raises:
        InputError: There is no such column, or none or several can be texts.

    Example:
        >>> choose_text_column(["id", "review"], ["review"], None)
        'review'
    """
    if wanted is not None:
        return check_exists(names, wanted, "text_column")
    if "text" in names:
        return "text"
    if len(texts) != 1:
        raise InputError(
            f"no column is called 'text', and {len(texts)} of the columns {list(names)} hold texts",
            "one column of texts",
            "Name it: text_column=...",
        )
    return texts[0]


def read_languages(
    sheet: FrameReader, request: PredictRequest, present: Sequence[bool], check_language: Callable[[str], object]
) -> list[str] | None:
    """Return the language code of each row. Rows without a text need none."""
    if request.lang_column is None:
        return None
    column = sheet.read_column(check_exists(sheet.names, request.lang_column, "lang_column"))
    codes = [code if here else "xx" for code, here in zip(column, present, strict=True)]
    strings = [code for code in codes if isinstance(code, str)]
    if len(strings) < len(codes):
        raise InputError(
            f"lang_column={request.lang_column!r} has values that are no language codes",
            "a code such as 'de' in each row",
            "Fill the gaps with 'xx', which finds the language from the text",
        )
    for code in dict.fromkeys(strings):
        check_language(code)
    return strings


def check_exists(names: Sequence[Hashable], name: Hashable, option: str) -> Hashable:
    """Return the name of a column if it is among the columns.

    Raises:
        InputError: It is not.
    """
    if name not in names:  # whole names only, and nothing need be hashable
        near = find_nearest_names(name, names)
        raise InputError(f"{option}={name!r} is no column", f"one of {list(names)}", f"Name one: {option}=...", near)
    return name
