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

import sys
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, Unpack, cast

import numpy as np
import pandas as pd

from nlu_lite._util.nlu_names import Place, explain_arguments, refuse_attribute
from nlu_lite.errors import InputError, OptionError
from nlu_lite.frames import (
    center_vectors,
    compute_cosines,
    find_pipeline,
    find_sentences,
    find_vector_column,
    find_vector_columns,
    matrix,
    mean_vectors,
    render_frame,
)
from nlu_lite.options import FrameOptions, check_number, parse_centering, show_options
from nlu_lite.pipeline import Pipeline, load
from nlu_lite.plot import PictureMethods
from nlu_lite.records import Floats

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

__all__ = ["NluAccessor", "shorten_vectors"]

Frame: TypeAlias = "pd.DataFrame | pa.Table | pl.DataFrame"
"""A frame that `Pipeline.predict` returned."""


SIMILARITY = "similarity"
SENTENCE = "sentence"


def shorten_vectors() -> None:
    """Show vectors shortly in this notebook: ``[0.40, -0.06, 0.12, ... 384]``. Frames keep their values.

    Raises:
        OptionError: This is not an IPython session, such as a notebook.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        raise OptionError(
            "no IPython session is running",
            "a notebook or IPython",
            'Elsewhere, pass formatters to frame.to_string, or leave vectors out: frame.drop(columns="...")',
        )
    shell.display_formatter.formatters["text/html"].for_type(pd.DataFrame, render_frame)


@pd.api.extensions.register_dataframe_accessor("nlu")
class NluAccessor(PictureMethods):
    """Methods of ``frame.nlu``: run a pipeline on a frame, and compare and draw the vectors of a result."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    if not TYPE_CHECKING:  # type checkers would accept any name

        def __getattr__(self, name: str) -> NoReturn:
            refuse_attribute(self, "frame.nlu", name)

    @explain_arguments(Place.PREDICT)
    @show_options(FrameOptions)
    def predict(self, ref: str | Pipeline, **options: Unpack[FrameOptions]) -> pd.DataFrame:
        """Run `Pipeline.predict` on this frame, which is not modified.

        Args:
            ref: A pipeline; or references, which are loaded by each call.
            options: The options of `Pipeline.predict` except ``as_``.

        Returns:
            The result of `Pipeline.predict` as a pandas frame.

        Raises:
            NluLiteError: As for `load` and `Pipeline.predict`.
        """
        result: pd.DataFrame = _open_pipeline(ref).predict(self._frame, as_="pandas", **options)
        return result

    def matrix(self, column: str | None = None, *, copy: bool = False) -> Floats:
        """Return the vectors of the frame as one matrix, float32 [R, d], read-only unless copied.

        See `nlu_lite.matrix`.
        """
        return matrix(self._frame, column, copy=copy)

    def mean(self, by: Hashable | list[Hashable], *, column: str | None = None) -> pd.DataFrame:
        """Return the mean vector of each group of rows, with the keys of the groups as the index.

        See `nlu_lite.mean_vectors`.

        Example:
            >>> import nlu_lite.pandas
            >>> vectors = list(np.array([[0, 2], [4, 0], [2, 2]], np.float32))
            >>> frame = pd.DataFrame({"sense": ["river", "money", "river"], "word_embedding_x": vectors})
            >>> frame.nlu.similarity(frame.nlu.mean(by="sense")).round(2)
            sense  river  money
            0       0.89   0.00
            1       0.45   1.00
            2       0.95   0.71
        """
        means: pd.DataFrame = mean_vectors(self._frame, by, column)
        return means

    def similarity(
        self,
        query: str | Sequence[float] | np.ndarray[Any, Any] | Frame,
        ref: str | Pipeline | None = None,
        *,
        column: str | None = None,
        center: bool = False,
        components: int = 0,
    ) -> pd.Series[float] | pd.DataFrame:
        """Return the cosine similarity of each row with a query.

        Args:
            query: A text; a vector [d]; or a frame returned by predict, with a column of vectors of the same name.
            ref: The pipeline that computes the vector of a text at the document level, or its references. Default: the
                pipeline that returned this frame; frames derived from a result do not know it.
            column: The column of vectors. Default: the only one.
            center: Whether to remove the mean of the frame's vectors from all vectors. Cosines then spread around zero
                instead of near one; their order hardly changes. Default: False.
            components: The number of the frame's first principal components to remove as well ("all but the top", Mu
                and Viswanath, 2018); requires ``center=True``. Default: 0.

        Returns:
            float32 from -1 to 1, with the frame's index: for a text or a vector, a Series called ``similarity``; for a
            frame of Q rows, a frame of Q columns with the labels of its index, or numbers if its library has no index.
            NaN for rows whose vector is all zeros, and so has no direction.

        Raises:
            InputError: The column does not exist; the vectors of the query have another length or come from another
                model; or the query is a text, and `ref` is missing.
            OptionError: `components` is not a number from 0 to d, or requires ``center=True``; or fewer than two rows
                have vectors to center.

        Example:
            >>> import nlu_lite.pandas
            >>> frame = pd.DataFrame({"token": ["a", "b"], "word_embedding_x": list(np.eye(2, dtype=np.float32))})
            >>> frame.nlu.similarity([3, 4]).tolist()
            [0.6000000238418579, 0.800000011920929]
        """
        return self._similarity(query, ref, column, parse_centering(center, components), "similarity")

    def _similarity(
        self, query: object, ref: str | Pipeline | None, column: str | None, removed: int | None, method: str
    ) -> pd.Series[float] | pd.DataFrame:
        """Compute `similarity`; errors name `method`.

        Args:
            query: As for `similarity`.
            ref: As for `similarity`.
            column: As for `similarity`.
            removed: The number of components to remove after the mean; None keeps the mean.
            method: Name of the method that was called.
        """
        name = find_vector_column(self._frame, column)
        queries, labels = self._read_queries(query, ref, name, method)
        vectors = matrix(self._frame, name)
        if removed is not None:
            vectors, queries = center_vectors(vectors, queries, removed)
        cosines = compute_cosines(vectors, queries)
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
        center: bool = False,
        components: int = 0,
    ) -> pd.DataFrame:
        """Return the rows that are most similar to a query, best first.

        Args:
            query: As for `similarity`. A frame must have one row; if it is a row of this frame, it is left out.
            k: The maximum number of rows, at least 1. Ties keep the order of the frame. Rows without a direction are
                omitted. Default: 10.
            ref: As for `similarity`.
            column: As for `similarity`.
            center: As for `similarity`.
            components: As for `similarity`.

        Returns:
            The rows with an additional column ``similarity``. If this frame was returned by predict and its rows are
            tokens, the column ``sentence`` has their sentences.

        Raises:
            InputError: As for `similarity`; or the query has several rows, or the frame has a column ``similarity``.
            OptionError: As for `similarity`; or `k` is not an integer of at least 1.

        Example:
            >>> import nlu_lite.pandas
            >>> vectors = list(np.array([[1, 0], [0, 1], [2, 1]], np.float32))
            >>> frame = pd.DataFrame({"token": ["a", "b", "c"], "word_embedding_x": vectors})
            >>> frame.nlu.nearest(frame.iloc[[0]], k=1)[["token", "similarity"]]
              token  similarity
            2     c    0.894427
        """
        check_number("k", k, 1)
        if SIMILARITY in self._frame.columns:
            raise InputError(f"the frame already has a column {SIMILARITY!r}", "another name", "Rename the column")
        cosines = self._compare(query, ref, column, parse_centering(center, components))
        order = np.argsort(-cosines, kind="stable")
        order = order[~np.isnan(cosines[order])]
        own = self._find_row(query, column)
        order = order[order != own][:k]
        return self._add_sentences(self._frame.iloc[order].assign(**{SIMILARITY: cosines[order]}), order)

    def _compare(self, query: object, ref: str | Pipeline | None, column: str | None, removed: int | None) -> Floats:
        """Return the similarity of each row with a query of one row, float32 [R]."""
        found = self._similarity(query, ref, column, removed, "nearest")
        if isinstance(found, pd.DataFrame):
            if found.shape[1] != 1:
                got = f"the query has {found.shape[1]} rows"
                raise InputError(got, "one row", "Pass frame.iloc[[n]], or call similarity")
            found = found.iloc[:, 0]
        return found.to_numpy()

    def _find_row(self, query: object, column: str | None) -> int:
        """Return the first row with the label and the cell of a query that was selected from this frame, else -1."""
        name = find_vector_column(self._frame, column)
        cells = self._frame[name]
        if not isinstance(query, pd.DataFrame) or query[name].dtype != cells.dtype:
            return -1
        if cells.dtype == object:
            cell = query[name].iloc[0]
            is_cell = np.fromiter((one is cell for one in cells), bool, len(cells))
        else:  # such as an Arrow column, whose selections are copies
            is_cell = (matrix(self._frame, name) == matrix(query, name)).all(axis=1)
        is_query = is_cell & (self._frame.index == query.index[0])
        return int(np.argmax(is_query)) if is_query.any() else -1

    def _add_sentences(self, rows: pd.DataFrame, numbers: np.ndarray[Any, Any]) -> pd.DataFrame:
        sentences = find_sentences(self._frame)
        if sentences is None or SENTENCE in rows.columns:
            return rows
        return rows.assign(**{SENTENCE: [sentences[number] for number in numbers]})

    def _read_queries(
        self, query: object, ref: str | Pipeline | None, name: str, method: str
    ) -> tuple[Floats, pd.Index | None]:
        """Return the vectors of a query, float32 [Q, d], and the labels of its rows if it is a frame."""
        if isinstance(query, str):
            return self._encode_text(query, ref, name, method), None
        if isinstance(query, pd.DataFrame):
            if name not in query.columns:
                raise InputError(
                    f"the query has no vectors called {name!r}; its columns of vectors are "
                    f"{find_vector_columns(query)}",
                    "vectors of the same model",
                    "Compute the query with the same reference",
                )
            return matrix(query, name), query.index
        if hasattr(query, "columns"):  # a frame of Arrow or Polars
            vectors = matrix(cast("pa.Table | pl.DataFrame", query), name)
            return vectors, pd.RangeIndex(len(vectors))
        return _parse_vector(query), None

    def _find_pipeline(self, ref: str | Pipeline | None) -> Pipeline | None:
        """Return the pipeline of a reference, or the one that made this frame; None if it is not known."""
        made_by: Pipeline | None = find_pipeline(self._frame)
        return made_by if ref is None else _open_pipeline(ref)

    def _encode_text(self, text: str, ref: str | Pipeline | None, name: str, method: str) -> Floats:
        pipeline = self._find_pipeline(ref)
        if pipeline is None:
            raise InputError(
                "the query is a text, and the pipeline that made this frame is unknown",
                "the pipeline that returned the frame",
                f"Pass it: {method}(text, ref=...)",
            )
        found = pipeline.predict(text, output_level="document", progress=False)
        if name not in found.columns:
            raise InputError(
                f"the pipeline returns the columns of vectors {find_vector_columns(found)}",
                repr(name),
                "Pass the pipeline that returned the frame as ref=",
            )
        if found.empty:
            raise InputError(f"the query {text[:60]!r} has no words", "a text with words", "Pass another text")
        return matrix(found, name)


def _open_pipeline(ref: str | Pipeline) -> Pipeline:
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
