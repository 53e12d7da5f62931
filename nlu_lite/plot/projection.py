"""Reduce vectors to the two or three dimensions of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from nlu_lite._util.extras import import_extra
from nlu_lite.errors import InputError, MissingExtra
from nlu_lite.records import Bools, Floats, Int64s

SEED = 0
PERPLEXITY = 30.0
"""t-SNE's number of neighbours, of which few rows have fewer."""
NEIGHBORS = 15
"""The number of neighbours of UMAP."""
FLAT = 1e-4
"""The standard deviation of t-SNE's first points, as its authors advise."""


class Method(Enum):
    """A method of reducing dimensions."""

    PCA = "pca"
    TSNE = "tsne"
    UMAP = "umap"


METHOD_NAMES = {Method.PCA: "PCA", Method.TSNE: "t-SNE", Method.UMAP: "UMAP"}


@dataclass(frozen=True)
class Projection:
    """Points of a picture.

    Attributes:
        points: float64 [R, D].
        axes: The names of the axes.
    """

    points: np.ndarray[Any, np.dtype[np.float64]]
    axes: tuple[str, ...]


def find_directions(vectors: Floats) -> Bools:
    """Return whether each row has a direction: it is finite and not all zeros."""
    found: Bools = np.logical_and(np.isfinite(vectors).all(axis=1), vectors.any(axis=1))
    return found


def sample_rows(rows: Int64s, most: int) -> Int64s:
    """Return a random sample of rows, in their order; always the same one."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(SEED).choice(rows, most, replace=False))


def project(vectors: Floats, dimensions: int, method: Method) -> Projection:
    """Reduce vectors to points; the same vectors give the same points.

    Args:
        vectors: float32 [R, d], all with a direction. Only their directions count, as for cosines.
        dimensions: 2 or 3.
        method: The method.

    Raises:
        InputError: There are fewer than two rows, or fewer than UMAP needs.
        MissingExtra: scikit-learn or, for UMAP, umap-learn is not installed.
    """
    if len(vectors) < 2:
        got = f"{len(vectors)} of the rows has a vector" if len(vectors) else "no row has a vector"
        raise InputError(f"{got} that is finite and not all zeros", "at least two such rows", "Pass more rows")
    scaled = vectors / np.abs(vectors).max(axis=1, keepdims=True)  # squares could exceed the range of float32
    directions = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
    if method is Method.UMAP:
        return _project_with_umap(directions, dimensions)
    found = _project_with_pca(directions, dimensions)
    return found if method is Method.PCA else _project_with_tsne(directions, found.points)


def _project_with_pca(directions: Floats, dimensions: int) -> Projection:
    decomposition = import_extra("sklearn.decomposition", "plot", "a projection")
    kept = min(dimensions, *directions.shape)
    pca = decomposition.PCA(kept, svd_solver="full" if len(directions) < directions.shape[1] else "covariance_eigh")
    with np.errstate(invalid="ignore", divide="ignore"):  # equal rows have no variance
        points = pca.fit_transform(directions.astype(np.float64))
        shares = np.nan_to_num(pca.explained_variance_ratio_)
    missing = dimensions - kept
    shares = np.append(shares, np.zeros(missing))
    axes = tuple(f"component {n} ({share:.0%} of the variance)" for n, share in enumerate(shares, 1))
    return Projection(np.pad(points, ((0, 0), (0, missing))), axes)


def _project_with_tsne(directions: Floats, start: np.ndarray[Any, np.dtype[np.float64]]) -> Projection:
    manifold = import_extra("sklearn.manifold", "plot", "a projection")
    dimensions = start.shape[1]
    spread = start[:, 0].std()
    tsne = manifold.TSNE(
        dimensions,
        perplexity=min(PERPLEXITY, (len(start) - 1) / 3),
        metric="cosine",
        init=(start / spread * FLAT if spread > 0 else start).astype(np.float32),
        random_state=SEED,
    )
    return Projection(tsne.fit_transform(directions).astype(np.float64), _name_axes(Method.TSNE, dimensions))


def _project_with_umap(directions: Floats, dimensions: int) -> Projection:
    least = dimensions + 2
    if len(directions) < least:
        raise InputError(
            f"method='umap' was given {len(directions)} rows with a vector", f"at least {least}", "Pass method='pca'"
        )
    try:
        import umap
    except ImportError as error:
        remedy = "Run: pip install umap-learn; or pass method='tsne'"
        raise MissingExtra("method='umap' needs umap-learn", remedy=remedy) from error
    neighbors = min(NEIGHBORS, len(directions) - 1)
    reducer = umap.UMAP(neighbors, dimensions, metric="cosine", random_state=SEED, n_jobs=1)
    return Projection(np.asarray(reducer.fit_transform(directions), np.float64), _name_axes(Method.UMAP, dimensions))


def _name_axes(method: Method, dimensions: int) -> tuple[str, ...]:
    return tuple(f"{METHOD_NAMES[method]} {n}" for n in range(1, dimensions + 1))
