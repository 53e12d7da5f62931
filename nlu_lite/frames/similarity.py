"""Cosine similarities of vectors, and the removal of the part that all vectors share."""

from __future__ import annotations

from typing import Any

import numpy as np

from nlu_lite.errors import InputError, OptionError
from nlu_lite.options import check_number
from nlu_lite.records import Floats


def compute_cosines(vectors: Floats, queries: Floats) -> Floats:
    """Return the cosine of each vector with each query.

    Args:
        vectors: float32 [R, d].
        queries: float32 [Q, d].

    Returns:
        float32 [R, Q], from -1 to 1; NaN for vectors that are all zeros, and so have no direction.

    Raises:
        InputError: The vectors have different lengths, or a query has no direction.

    Example:
        >>> compute_cosines(np.eye(2, dtype=np.float32), np.array([[3, 4]], np.float32)).tolist()
        [[0.6000000238418579], [0.800000011920929]]
    """
    if not len(vectors) or not len(queries):
        return np.zeros((len(vectors), len(queries)), np.float32)
    check_widths(vectors, queries)
    lengths = _compute_lengths(queries)
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise InputError("the query has no direction: it is all zeros or not finite", "a vector", "Pass another vector")
    directions = (queries / lengths[:, None]).astype(np.float32)
    with np.errstate(invalid="ignore"):  # rows of zeros become NaN
        cosines = vectors @ directions.T / _compute_lengths(vectors)[:, None]
    found: Floats = np.clip(cosines, -1, 1).astype(np.float32)
    return found


def check_widths(vectors: Floats, queries: Floats) -> None:
    """Check that queries have the length of the vectors.

    Raises:
        InputError: They have another length.
    """
    if vectors.shape[1] != queries.shape[1]:
        got = f"the vector of the query has length {queries.shape[1]}"
        raise InputError(got, f"length {vectors.shape[1]}, as in the frame", "Compute the query with the same model")


def center_vectors(vectors: Floats, queries: Floats, components: int = 0) -> tuple[Floats, Floats]:
    """Remove the part that all vectors share: their mean, and their first principal components.

    Contextual vectors point into one direction, so that all cosines are high. Without their mean, the cosines of
    unrelated words are near zero. The removal of components is called "all but the top" (Mu and Viswanath, 2018,
    https://arxiv.org/abs/1702.01417).

    Args:
        vectors: float32 [R, d]. Rows of zeros and rows that are not finite do not contribute.
        queries: float32 [Q, d], from which the mean and the components of `vectors` are removed.
        components: The number of principal components, from 0 to d.

    Returns:
        The vectors and the queries, float32. Rows of `vectors` that are all zeros remain so.

    Raises:
        InputError: The queries have another length.
        OptionError: `components` is not such a number.

    Example:
        >>> vectors = np.array([[9, 1], [9, -1]], np.float32)
        >>> center_vectors(vectors, vectors[:1])[0].tolist()
        [[0.0, 1.0], [0.0, -1.0]]
    """
    check_number("components", components, 0, vectors.shape[1] if len(vectors) else 0)
    check_widths(vectors, queries)
    has_direction = np.isfinite(vectors).all(axis=1) & vectors.any(axis=1)
    known: Floats = vectors[has_direction]
    if len(known) < 2:
        got = f"{len(known)} rows have vectors"
        raise OptionError(f"center=True, and {got}", "at least two rows with vectors", "Leave center out")
    mean = known.mean(axis=0, dtype=np.float64).astype(np.float32)
    axes = _find_axes(known - mean, components)
    centered = _remove(vectors - mean, axes)
    centered[~vectors.any(axis=1)] = 0
    return centered, _remove(queries - mean, axes)


def _find_axes(centered: Floats, count: int) -> Floats:
    """Return the first principal components as rows, float32 [count, d]."""
    if not count:
        return np.zeros((0, centered.shape[1]), np.float32)
    _, axes = np.linalg.eigh(centered.T.astype(np.float64) @ centered)
    found: Floats = axes.T[::-1][:count].astype(np.float32)
    return found


def _remove(vectors: Floats, axes: Floats) -> Floats:
    found: Floats = (vectors - vectors @ axes.T @ axes).astype(np.float32)
    return found


def _compute_lengths(vectors: Floats) -> np.ndarray[Any, np.dtype[np.float64]]:
    found: np.ndarray[Any, np.dtype[np.float64]] = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    return found
