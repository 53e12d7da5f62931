"""``frame.nlu`` for every pandas frame: importing this module registers it.

Example:
    >>> import pandas as pd
    >>> import nlu_lite.pandas
    >>> frame = pd.DataFrame({"review": ["Good!", "Bad."], "stars": [5, 1]})
    >>> frame.nlu.predict("en.tokenize")
       stars token
    0      5  Good
    0      5     !
    1      1   Bad
    1      1     .
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, Unpack, cast

import numpy as np
import pandas as pd

from nlu_lite.errors import InputError
from nlu_lite.frames import find_vector_column, find_vector_columns, matrix
from nlu_lite.options import FrameOptions, check_number, show_options
from nlu_lite.pipeline import Pipeline, load
from nlu_lite.records import Floats

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

__all__ = ["NluAccessor"]

Frame: TypeAlias = "pd.DataFrame | pa.Table | pl.DataFrame"
"""A result of predict."""


SIMILARITY = "similarity"
MADE_BY = "_nlu_lite_pipeline"
"""Attribute of a frame that holds the pipeline that made it."""


@pd.api.extensions.register_dataframe_accessor("nlu")
class NluAccessor:
    """Methods of ``frame.nlu``: predict from a frame's texts, and compare the vectors of a result."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    @show_options(FrameOptions)
    def predict(self, ref: str | Pipeline, **options: Unpack[FrameOptions]) -> pd.DataFrame:
        """Return what `Pipeline.predict` returns for this frame, which is not changed.

        Args:
            ref: References as `load` takes them; or a pipeline, which is loaded once for many frames.
            options: The options of `Pipeline.predict`: ``text_column`` (by default ``text``, else the only column of
                strings), ``output_level``, ``positions``, ``metadata``, ``keep_columns``, ``lang``, ``lang_column``,
                ``missing``, ``empty``, ``split``, ``vectors`` and ``progress``.

        Raises:
            NluLiteError: As `load` and `Pipeline.predict` say.
        """
        pipeline = _load_once(ref)
        result = pipeline.predict(self._frame, as_="pandas", **options)
        # Not in `attrs`: pandas copies these to each frame made of this one, and writes them to files.
        object.__setattr__(result, MADE_BY, pipeline)
        return result

    def matrix(self, column: str | None = None, *, copy: bool = False) -> Floats:
        """Return the vectors of the frame as one matrix, float32 [R, d], read-only unless copied.

        See `nlu_lite.matrix`.
        """
        return matrix(self._frame, column, copy=copy)

    def similarity(
        self,
        query: str | Sequence[float] | np.ndarray[Any, Any] | Frame,
        ref: str | Pipeline | None = None,
        *,
        column: str | None = None,
    ) -> pd.Series[float] | pd.DataFrame:
        """Return the cosine of each row's vector to a query.

        Args:
            query: A text; a vector [d]; or a result of predict, such as a row of this one, with vectors of the
                same column.
            ref: The pipeline that made the frame, or its references, as for `predict`. It makes the vector of a text,
                at the level of documents. By default the pipeline that a result of ``frame.nlu.predict`` remembers;
                frames made from such a result remember none.
            column: Name of the column of vectors; None takes the only one.

        Returns:
            float32 from -1 to 1 with the frame's index: a Series named ``similarity`` for a text or a vector; for a
            frame of Q rows a frame of Q columns, named as its index (or numbered, if its library has none). A row
            whose vector is all zeros has no direction: NaN.

        Raises:
            InputError: There is no such column, the query is of another length or of another model, or it is a
                text and there is no `ref`.

        Example:
            >>> import nlu_lite.pandas
            >>> frame = pd.DataFrame({"token": ["a", "b"], "word_embedding_x": list(np.eye(2, dtype=np.float32))})
            >>> frame.nlu.similarity([3, 4]).tolist()
            [0.6000000238418579, 0.800000011920929]
        """
        return self._similarity(query, ref, column, "similarity")

    def _similarity(
        self, query: object, ref: str | Pipeline | None, column: str | None, method: str
    ) -> pd.Series[float] | pd.DataFrame:
        """Compute `similarity` for the method that errors name."""
        name = find_vector_column(self._frame, column)
        queries, labels = self._queries(query, ref, name, method)
        cosines = _compute_cosines(matrix(self._frame, name), queries)
        if labels is None:
            return pd.Series(cosines[:, 0], self._frame.index, name=SIMILARITY)
        return pd.DataFrame(cosines, self._frame.index, labels)

    def nearest(
        self,
        query: str | Sequence[float] | np.ndarray[Any, Any] | Frame,
        k: int = 10,
        ref: str | Pipeline | None = None,
        *,
        column: str | None = None,
    ) -> pd.DataFrame:
        """Return the rows whose vectors are nearest to a query by cosine, the nearest first.

        Args:
            query: As for `similarity`; a frame of one row.
            k: How many rows; all if there are fewer. Equally near rows stay in the frame's order. Rows without
                a direction are left out.
            ref: As for `similarity`.
            column: As for `similarity`.

        Returns:
            Rows of the frame with a further column ``similarity``.

        Raises:
            InputError: As for `similarity`; or the query has several rows, or the frame has a column ``similarity``.
            OptionError: `k` is not an integer of at least 1.
        """
        check_number("k", k, 1)
        if SIMILARITY in self._frame.columns:
            raise InputError(f"the frame has a column {SIMILARITY!r}", "another name", "Rename it")
        found = self._similarity(query, ref, column, "nearest")
        if isinstance(found, pd.DataFrame):
            if found.shape[1] != 1:
                raise InputError(
                    f"the query is {found.shape[1]} rows", "one", "Pass frame.iloc[[n]], or call similarity"
                )
            found = found.iloc[:, 0]
        cosines = found.to_numpy()
        order = np.argsort(-cosines, kind="stable")
        order = order[~np.isnan(cosines[order])][:k]
        return self._frame.iloc[order].assign(**{SIMILARITY: cosines[order]})

    def _queries(
        self, query: object, ref: str | Pipeline | None, name: str, method: str
    ) -> tuple[Floats, pd.Index | None]:
        """Return the vectors of a query [Q, d], and the labels of its rows if it is a frame."""
        if isinstance(query, str):
            return self._vector_of(query, ref, name, method), None
        if isinstance(query, pd.DataFrame):
            if name not in query.columns:
                raise InputError(
                    f"the query has no vectors called {name!r} but {find_vector_columns(query)}",
                    "vectors of the same model",
                    "Make it with the same reference",
                )
            return matrix(query, name), query.index
        if hasattr(query, "columns"):  # a frame of Arrow or Polars
            vectors = matrix(cast("pa.Table | pl.DataFrame", query), name)
            return vectors, pd.RangeIndex(len(vectors))
        return _parse_vector(query), None

    def _vector_of(self, text: str, ref: str | Pipeline | None, name: str, method: str) -> Floats:
        made_by: Pipeline | None = self._frame.__dict__.get(MADE_BY)
        pipeline = made_by if ref is None else _load_once(ref)
        if pipeline is None:
            raise InputError(
                "the query is a text, and the pipeline that made this frame is unknown",
                "the pipeline that made it",
                f"Pass it: {method}(text, ref=...)",
            )
        found = pipeline.predict(text, output_level="document", progress=False)
        if name not in found.columns:
            raise InputError(
                f"the pipeline gives {find_vector_columns(found)}",
                repr(name),
                "Pass as ref= the pipeline that made the frame",
            )
        if found.empty:
            raise InputError(f"the query {text[:60]!r} has no words", "a text", "Pass one with words")
        return matrix(found, name)


def _load_once(ref: str | Pipeline) -> Pipeline:
    return ref if isinstance(ref, Pipeline) else load(ref)


def _parse_vector(query: object) -> Floats:
    try:
        found = np.asarray(query)
    except ValueError:  # a ragged list
        found = np.empty(0, object)
    if found.ndim != 1 or found.dtype.kind not in "fiu":
        got = f"a {type(query).__name__}" + (f" of shape {found.shape}" if found.size else "")
        raise InputError(f"the query is {got}", "a text, a vector of numbers or a frame", "Pass one of these")
    with np.errstate(over="ignore"):  # a value beyond float32 has no direction
        vector: Floats = found.astype(np.float32)[None]
    return vector


def _compute_cosines(vectors: Floats, queries: Floats) -> Floats:
    """Return float32 [R, Q]: vectors [R, d] against queries [Q, d]."""
    if not len(vectors) or not len(queries):
        return np.zeros((len(vectors), len(queries)), np.float32)
    if vectors.shape[1] != queries.shape[1]:
        got = f"the query is {queries.shape[1]} wide"
        raise InputError(got, f"a width of {vectors.shape[1]}, the width of the vectors", "Make it with the same model")
    lengths = _compute_lengths(queries)
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise InputError("the query has no direction: it is all zeros or not finite", "a vector", "Pass another")
    directions = (queries / lengths[:, None]).astype(np.float32)
    with np.errstate(invalid="ignore"):  # rows of zeros have no direction: NaN
        cosines = vectors @ directions.T / _compute_lengths(vectors)[:, None]
    found: Floats = np.clip(cosines, -1, 1).astype(np.float32)
    return found


def _compute_lengths(vectors: Floats) -> np.ndarray[Any, np.dtype[np.float64]]:
    found: np.ndarray[Any, np.dtype[np.float64]] = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    return found
