"""The methods of ``frame.nlu`` that draw pictures and write files for other viewers."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nlu_lite.frames import find_vector_column
from nlu_lite.options import check_number, parse_centering, parse_choice, parse_path
from nlu_lite.plot.escaping import shorten
from nlu_lite.plot.exports import AtlasRequest, write_atlas, write_projector
from nlu_lite.plot.heatmap import draw_heatmap
from nlu_lite.plot.pictures import FigurePicture, TokenPicture
from nlu_lite.plot.pieces import split_into_pieces
from nlu_lite.plot.projection import Method
from nlu_lite.plot.scatter import ScatterRequest, draw_scatter
from nlu_lite.plot.selection import check_frame
from nlu_lite.plot.tokens import choose_values, draw_tokens

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from nlu_lite.pipeline import Pipeline

MethodName = Literal["pca", "tsne", "umap"]
LARGEST = 50_000
"""The largest number of points of a plot, which a browser still moves."""
LARGEST_MAP = 1000
"""The largest number of rows on one side of a heat map."""


class PictureMethods(ABC):
    """Pictures of a frame: a class of which ``frame.nlu`` is a part."""

    _frame: pd.DataFrame

    @abstractmethod
    def similarity(
        self,
        query: str | Sequence[float] | np.ndarray[Any, Any] | pd.DataFrame | pa.Table | pl.DataFrame,
        ref: str | Pipeline | None = None,
        *,
        column: str | None = None,
        center: bool = False,
        components: int = 0,
    ) -> pd.Series[float] | pd.DataFrame:
        """Return the cosine similarity of each row with a query."""

    @abstractmethod
    def _find_pipeline(self, ref: str | Pipeline | None) -> Pipeline | None:
        """Return the pipeline of a reference, or the one that made the frame; None if it is not known."""

    def plot(
        self,
        *,
        dimensions: Literal[2, 3] = 2,
        method: MethodName = "pca",
        color: Hashable | None = None,
        labels: Hashable | None = None,
        by: Hashable | None = None,
        rows: Sequence[bool] | np.ndarray[Any, Any] | pd.Series[bool] | None = None,
        column: str | None = None,
        center: bool = False,
        components: int = 0,
        title: str | None = None,
        max_rows: int = 5000,
    ) -> FigurePicture:
        """Return a scatter plot of the vectors: a point for each row, whose hover text is the token in its sentence.

        Only the directions of vectors count, as for `similarity`. The same frame gives the same picture. Rows whose
        vectors are all zeros or not finite are left out; the caption says so. Needs the extra ``plot``.

        Args:
            dimensions: 2 or 3.
            method: ``"pca"``, the directions of the largest variance; ``"tsne"``, which keeps neighbours together; or
                ``"umap"``, which does so too and needs the package umap-learn.
            color: The column whose values are the colors: a scale for more than 12 different numbers, else groups.
            labels: The column of labels. Default: the tokens if there are at most 60 points, otherwise no labels.
            by: The column whose values are groups, of each of which the mean is marked.
            rows: The rows to show, as in ``frame["token"] == "bank"``; their sentences come from the whole frame.
                Default: all.
            column: The column of vectors. Default: the only one.
            center: Whether to remove the mean of the frame's vectors first, as for `similarity`. Default: False.
            components: The number of principal components to remove as well, as for `similarity`. Default: 0.
            title: The title. Default: the column of vectors.
            max_rows: The largest number of points, from 2 to 50,000. Of more rows, a random sample is shown, which the
                caption says.

        Returns:
            A picture, which notebooks show, and whose `save` writes one HTML file.

        Raises:
            InputError: A column does not exist; or fewer than two rows have vectors.
            OptionError: An option has an invalid value.
            MissingExtra: plotly, scikit-learn, or for UMAP umap-learn is not installed.
        """
        check_number("dimensions", dimensions, 2, 3)
        check_number("max_rows", max_rows, 2, LARGEST)
        chosen = parse_choice(Method, method, "method")
        removed = parse_centering(center, components)
        request = ScatterRequest(dimensions, chosen, color, labels, by, rows, column, removed, title, max_rows)
        return draw_scatter(self._frame, request)

    def heatmap(
        self,
        other: pd.DataFrame | None = None,
        *,
        column: str | None = None,
        center: bool = False,
        components: int = 0,
        title: str | None = None,
        max_rows: int = 200,
    ) -> FigurePicture:
        """Return a heat map of the cosine similarity of each row with each row of the same or another frame.

        With another frame, such as the translation of a sentence, circles mark the pairs of rows of which each is the
        most similar one of the other. Rows without a direction are left out, as by `plot`. Needs the extra ``plot``.

        Args:
            other: A frame of pandas whose column of vectors has the same name. Default: this frame.
            column: The column of vectors. Default: the only one.
            center: Whether to remove the mean of the frame's vectors first, as for `similarity`. Default: False.
            components: The number of principal components to remove as well, as for `similarity`. Default: 0.
            title: The title. Default: the column of vectors.
            max_rows: The largest number of rows of each frame, from 1 to 1000. Of more rows, a random sample is shown.

        Returns:
            A picture, as `plot` returns it.

        Raises:
            InputError: A frame has no rows, no such column, or no row with a direction; or the vectors have different
                lengths.
            OptionError: An option has an invalid value.
            MissingExtra: plotly is not installed.
        """
        check_number("max_rows", max_rows, 1, LARGEST_MAP)

        def compare(left: pd.DataFrame, top: pd.DataFrame) -> Any:
            accessor = type(self)(left)  # type: ignore[call-arg]
            return accessor.similarity(top, column=name, center=center, components=components).to_numpy()

        check_frame(self._frame)
        name = find_vector_column(self._frame, column)
        return draw_heatmap(self._frame, other, name, title, max_rows, compare)

    def html(
        self,
        query: str | Sequence[float] | np.ndarray[Any, Any] | pd.DataFrame,
        ref: str | Pipeline | None = None,
        *,
        column: str | None = None,
        center: bool = False,
        components: int = 0,
        title: str | None = None,
        max_rows: int = 2000,
    ) -> TokenPicture:
        """Return the text of the frame, in which each token is colored by its similarity to a query.

        The hover text of a token is its similarity and, if the pipeline is known, its pieces. The text between tokens
        is exact if the frame has their offsets (``positions=True``); otherwise tokens are joined as usual in their
        script. Needs no extra.

        Args:
            query: A text, a vector or a frame of one row, as for `similarity`.
            ref: As for `similarity`.
            column: The column of vectors. Default: the only one.
            center: Whether to remove the mean of the frame's vectors first, as for `similarity`. Default: False.
            components: The number of principal components to remove as well, as for `similarity`. Default: 0.
            title: The title. Default: the query, if it is a text.
            max_rows: The largest number of rows, from 1 to 50,000. Of more rows, the first are shown.

        Returns:
            A picture, which notebooks show, and whose `save` writes one HTML file.

        Raises:
            InputError: As for `similarity`; or the query has several rows, or the frame has none.
            OptionError: An option has an invalid value.
        """
        check_number("max_rows", max_rows, 1, LARGEST)
        check_frame(self._frame)
        name = find_vector_column(self._frame, column)
        pipeline = self._find_pipeline(ref)
        found = self.similarity(query, pipeline, column=name, center=center, components=components)
        values = choose_values(found)
        shown = self._frame.iloc[:max_rows]
        pieces = None
        if pipeline is not None and "token" in shown.columns:
            pieces = split_into_pieces(pipeline, name, [str(token) for token in shown["token"]])
        heading = f"Similarity to {shorten(query)!r}" if isinstance(query, str) else f"Similarity of {name}"
        return draw_tokens(self._frame, values.iloc[:max_rows], pieces, title or heading)

    def to_atlas(
        self,
        path: str | os.PathLike[str],
        *,
        method: MethodName = "pca",
        neighbors: int = 0,
        column: str | None = None,
    ) -> Path:
        """Write a Parquet file for embedding-atlas, and return its path. An existing file is replaced.

        The file has the columns of the frame without vectors, and: ``context``, each token with its sentence;
        ``projection_x`` and ``projection_y``; and ``neighbors``, the row numbers (``ids``) and cosine distances
        (``distances``) of the nearest rows, nearest first. Rows without a direction are left out. Needs the extras
        ``plot`` and ``arrow``.

        Args:
            path: The file.
            method: As for `plot`.
            neighbors: The number of neighbours of each row; 0 writes no such column. The time of the search grows with
                the square of the number of rows. Default: 0.
            column: The column of vectors. Default: the only one.

        Raises:
            InputError: As for `plot`; or the frame already has one of these columns.
            OptionError: An option has an invalid value.
            SourceError: The file cannot be written.
            MissingExtra: scikit-learn, pyarrow, or for UMAP umap-learn is not installed.
        """
        check_number("neighbors", neighbors, 0, 1000)
        target = parse_path(path, "path")
        return write_atlas(self._frame, AtlasRequest(target, parse_choice(Method, method, "method"), neighbors, column))

    def to_projector(self, folder: str | os.PathLike[str], *, column: str | None = None) -> Path:
        """Write a new folder with the files of TensorBoard's projector, and return its path.

        ``vectors.tsv`` has a vector in each line; ``metadata.tsv`` has the other columns, that of the texts first. Tabs
        and line breaks of their values become spaces. ``projector_config.pbtxt`` names both files:
        ``tensorboard --logdir FOLDER`` finds them.

        Args:
            folder: The folder, which must not exist.
            column: The column of vectors. Default: the only one.

        Raises:
            InputError: The column does not exist, or the frame has no rows.
            OptionError: The folder exists.
            SourceError: The folder cannot be written.
        """
        return write_projector(self._frame, parse_path(folder, "folder"), column)
