"""Arrays become a DataFrame at a level; all column names are made here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite.errors import InputError
from nlu_lite.records import Action, Corpus, Floats, Ints, ModelSpec, Segments

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Level(Enum):
    """What a row of the result is."""

    TOKEN = "token"
    SENTENCE = "sentence"
    DOCUMENT = "document"


@dataclass(frozen=True)
class Spans:
    """The rows of a level: int32 [R] each, in document order."""

    document: Ints
    begin: Ints
    end: Ints


@dataclass(frozen=True)
class VectorColumn:
    """A column of vectors: its name, and a float32 matrix [R, d] with a row for each row of the level."""

    name: str
    vectors: Floats


def rows(level: Level, corpus: Corpus, segments: Segments) -> Spans:
    """Give the spans that are rows at `level`; a document without sentences has no row."""
    if level is Level.TOKEN:
        document = segments.sentence_document[segments.token_sentence]
        return Spans(document, segments.token_begin, segments.token_end)
    if level is Level.SENTENCE:
        return Spans(segments.sentence_document, segments.sentence_begin, segments.sentence_end)
    document = np.unique(segments.sentence_document)
    lengths = np.fromiter(map(len, corpus.texts), np.int32, len(corpus.texts))
    return Spans(document, np.zeros_like(document), lengths[document])


def build(level: Level, corpus: Corpus, spans: Spans, columns: Sequence[VectorColumn], positions: bool) -> pd.DataFrame:
    """Put the result together.

    Args:
        level: What a row is; also the name of the column of strings.
        corpus: The documents.
        spans: The rows.
        columns: Vectors, one matrix a model.
        positions: Whether columns ``<level>_begin`` and ``<level>_end`` (int32, half-open code points) are wanted.

    Returns:
        The caller's columns, then the strings, the positions and the vectors. Strings and vectors are of dtype object:
        a cell of vectors is a view of its row of the matrix. The index is the caller's, repeated.

    Raises:
        InputError: A column of the caller's has the name of one of the result's.
    """
    import pandas as pd

    index = corpus.index[spans.document]
    made: dict[str, Any] = {level.value: _objects(_texts(corpus, spans), index)}
    if positions:
        made |= {f"{level.value}_begin": spans.begin, f"{level.value}_end": spans.end}
    made |= {column.name: _objects(column.vectors, index) for column in columns}
    result = pd.DataFrame(made, index=index)
    return result if corpus.kept is None else _beside(corpus.kept.iloc[spans.document], result)


def _texts(corpus: Corpus, spans: Spans) -> list[str]:
    places = zip(spans.document.tolist(), spans.begin.tolist(), spans.end.tolist(), strict=True)
    return [corpus.texts[document][begin:end] for document, begin, end in places]


def _objects(values: Sequence[str] | Floats, index: pd.Index) -> pd.Series[Any]:
    """One object a row: never strings of a dtype that depends on what is installed, never a copy of a vector."""
    import pandas as pd

    return pd.Series(np.fromiter(values, object, len(values)), index, dtype=object)


def _beside(kept: pd.DataFrame, result: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    both = [name for name in kept.columns if name in result.columns]
    if both:
        raise InputError(
            f"the columns {both} of the frame have the names of columns of the result",
            "other names",
            "Rename them, or pass keep_columns=False",
        )
    # Both have the same labels in the same order, duplicates included: join by place, not by label.
    joined = pd.concat([kept.reset_index(drop=True), result.reset_index(drop=True)], axis=1)
    joined.index = result.index
    joined.columns.name = kept.columns.name
    return joined


# --- names -----------------------------------------------------------------------------------------------------------

PREFIX = {Action.EMBED: "word_embedding", Action.EMBED_SENTENCE: "sentence_embedding"}


def column_names(specs: Sequence[ModelSpec]) -> list[str]:
    """Name the columns of vectors as NLU does: ``word_embedding_<id>``, ``sentence_embedding_<id>``.

    The id is the first name segment of the reference, behind language and action; ids that collide grow segment by
    segment, and then take the language in front. Without name segments it is the model's name.

    Example:
        >>> specs = [ModelSpec(f"en.embed.bert.{size}", "en", "m", None, Action.EMBED, ()) for size in ("l2", "l4")]
        >>> column_names(specs[:1]), column_names(specs)
        (['word_embedding_bert'], ['word_embedding_bert_l2', 'word_embedding_bert_l4'])
    """
    segments = [_name_segments(spec) for spec in specs]
    lengths = [1] * len(specs)
    while True:
        names = [_name(spec, parts, n) for spec, parts, n in zip(specs, segments, lengths, strict=True)]
        crowds = [[i for i, other in enumerate(names) if other == name] for name in dict.fromkeys(names)]
        growing = [i for crowd in crowds if len(crowd) > 1 for i in _growing(crowd, segments, lengths)]
        if not growing:
            return _numbered(names)
        for i in growing:
            lengths[i] += 1


def _growing(crowd: list[int], segments: list[list[str]], lengths: list[int]) -> list[int]:
    """Choose whose ids grow: those with segments left, else all, by the language and then the whole reference."""
    with_segments_left = [i for i in crowd if lengths[i] < len(segments[i])]
    return with_segments_left or [i for i in crowd if lengths[i] < len(segments[i]) + 2]


def _numbered(names: list[str]) -> list[str]:
    """Number what is called the same still: the second ``_2``, the third ``_3``."""
    before = [names[:i].count(name) for i, name in enumerate(names)]
    return [f"{name}_{count + 1}" if count else name for name, count in zip(names, before, strict=True)]


def _name_segments(spec: ModelSpec) -> list[str]:
    if ":" in spec.reference:  # a direct one: hf:, path:, sparknlp:
        return [spec.name]
    segments = spec.reference.split(".")
    segments = segments[1:] if segments[0] == spec.language else segments
    segments = segments[1:] if segments and segments[0] == spec.action.value else segments
    return segments or [spec.name]


def _name(spec: ModelSpec, segments: list[str], length: int) -> str:
    if length > len(segments) + 1:
        identity = spec.reference
    elif length > len(segments):
        identity = "_".join([spec.language, *segments])
    else:
        identity = "_".join(segments[:length])
    plain = re.sub(r"\W", "_", identity)
    return f"{PREFIX[spec.action]}_{plain}"


# --- back to a matrix ------------------------------------------------------------------------------------------------


def matrix(frame: pd.DataFrame, column: str | None = None) -> Floats:
    """Give the vectors of a frame as one matrix, rows in the frame's order.

    Args:
        frame: What predict gave, or rows of it in any order.
        column: Name of the column of vectors; None takes the only one.

    Returns:
        float32 [R, d]: a view, where the rows stand together as predict gave them, else a copy. [0, 0] for an empty
        frame, which holds no vector that would say how wide it was.

    Raises:
        InputError: There is no such column, or no or several columns of vectors.

    Example:
        >>> import pandas as pd
        >>> vectors = np.eye(3, dtype=np.float32)
        >>> matrix(pd.DataFrame({"token": list("abc"), "word_embedding_x": list(vectors)}))[1]
        array([0., 1., 0.], dtype=float32)
    """
    if not hasattr(frame, "columns"):
        raise InputError(f"matrix was given a {type(frame).__name__}", "a frame that predict gave", "Pass the frame")
    name = _vector_column(frame, column)
    cells = frame[name].tolist()
    if not cells:
        return np.zeros((0, 0), np.float32)
    shapes = {getattr(cell, "shape", None) for cell in cells}
    if len(shapes) != 1 or None in shapes:
        raise InputError(f"column {name!r} holds {_shapes(shapes)}", "vectors of one length", "Drop the other rows")
    view = _view(cells)
    return np.stack(cells) if view is None else view


def vector_columns(frame: pd.DataFrame) -> list[str]:
    """Name the columns of vectors of a frame that predict gave."""
    named = [name for name in frame.columns if isinstance(name, str) and name.startswith(tuple(PREFIX.values()))]
    return [name for name in named if frame[name].empty or isinstance(frame[name].iloc[0], np.ndarray)]


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """Turn what predict gave into an Arrow table, vectors as FixedSizeList<float32> on the same memory.

    The index is left behind; needs the extra ``arrow``.
    """
    import pyarrow as pa

    names = vector_columns(frame)
    result = pa.Table.from_pandas(frame.drop(columns=names), preserve_index=False)
    for name in names:
        vectors = matrix(frame, name)
        flat = pa.array(np.ascontiguousarray(vectors).reshape(-1))
        cells = pa.FixedSizeListArray.from_arrays(flat, max(1, vectors.shape[1]))
        result = result.append_column(name, cells)
    return result


def _vector_column(frame: pd.DataFrame, column: str | None) -> str:
    found = vector_columns(frame)
    if column is not None and column in frame.columns:
        return column
    if column is not None or len(found) != 1:
        got = f"{column!r} is no column" if column is not None else f"{len(found)} columns hold vectors"
        raise InputError(f"{got}; those of vectors are {found}", "one column", "Name it: matrix(frame, column=...)")
    return found[0]


def _shapes(shapes: set[tuple[int, ...] | None]) -> str:
    return ", ".join(sorted("no vector" if shape is None else f"vectors of shape {shape}" for shape in shapes))


def _view(cells: list[np.ndarray[Any, np.dtype[np.float32]]]) -> Floats | None:
    """The matrix whose rows the cells are, if they lie in one array, one behind another."""
    first = cells[0]
    if first.base is None or any(cell.base is not first.base for cell in cells):
        return None
    addresses = np.fromiter((cell.__array_interface__["data"][0] for cell in cells), np.int64, len(cells))
    if not first.flags.c_contiguous or (np.diff(addresses) != first.nbytes).any():
        return None
    return np.lib.stride_tricks.as_strided(first, (len(cells), *first.shape), (first.nbytes, *first.strides))
