"""Texts and their segments become vectors: pieces, windows, batches, the model, pooling."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu_lite.encoding.alignment import align, encode_runs, find_runs, run_texts
from nlu_lite.encoding.backends import Backend, OutOfMemory
from nlu_lite.encoding.plan import SPECIAL_TOKEN_COUNT, plan_batches, plan_windows
from nlu_lite.encoding.pooling import (
    Pooler,
    RunVectors,
    TokenVectors,
    find_needed_pieces,
    merge_layers,
)
from nlu_lite.encoding.stats import count_pieces
from nlu_lite.encoding.subwords import Subwords
from nlu_lite.errors import ModelError
from nlu_lite.options import EncoderSettings, LayerMerge, Pooling
from nlu_lite.records import (
    Alignment,
    Floats,
    Ints,
    Pieces,
    Runs,
    Segments,
    SentencePooling,
    SentenceRecipe,
    TokenStats,
    Window,
)

Advance = Callable[[int], object]
States = tuple[Window, Floats]
"""A window and its hidden states, float32 [length, d], special positions included."""


@dataclass(frozen=True)
class Encoder:
    """A model that is ready to encode.

    Attributes:
        subwords: Texts to pieces.
        backend: Pieces to hidden states.
        settings: How these become vectors.
        max_length: Longest window in pieces, special tokens included.
        layers: Hidden states to use, counted from the embeddings.
        pooler: The model's own pooler, if its files have one.
    """

    subwords: Subwords
    backend: Backend
    settings: EncoderSettings
    max_length: int
    layers: tuple[int, ...]
    pooler: Pooler | None = None

    def token_vectors(self, texts: Sequence[str], segments: Segments, advance: Advance) -> Floats:
        """Give every token its vector.

        Args:
            texts: The documents.
            segments: Their sentences and tokens.
            advance: Called with the number of tokens done since the last call.

        Returns:
            float32 [T, d], one row a token.

        Raises:
            ModelError: The model gives values that are not numbers, or needs more memory than there is.
        """
        runs = find_runs(segments, self.settings.context)
        pieces = align(texts, segments, runs, self.subwords, self.settings.alignment)
        needed = find_needed_pieces(pieces, self.settings.pooling)
        done = pieces.token_end - 1 if self.settings.pooling is Pooling.LAST else pieces.token_first
        vectors = TokenVectors(pieces, self._width, self.settings.pooling)
        for states in self._encode(texts, runs, pieces, self._plan_windows(pieces, needed)):
            for window, rows in states:
                shift = 1 - window.first  # the first row belongs to <s>
                vectors.add(rows[window.kept_first + shift : window.kept_end + shift], window.kept_first)
            advance(sum(_count_anchors(done, window) for window, _ in states))
        return vectors.finish()

    def run_vectors(self, texts: Sequence[str], runs: Runs, recipe: SentenceRecipe, advance: Advance) -> Floats:
        """Give every run (sentence or document) its vector.

        Args:
            texts: The documents.
            runs: Stretches of them.
            recipe: How a sentence model does it.
            advance: Called with the number of runs done since the last call.

        Returns:
            float32 [R, d].

        Raises:
            ModelError: As for `token_vectors`.
        """
        pieces = self._find_run_pieces(texts, runs, recipe)
        pooler = self.pooler if recipe.pooling is SentencePooling.POOLER else None
        vectors = RunVectors(pieces.run_first, self._width, recipe.pooling, pooler)
        for states in self._encode(texts, runs, pieces, self._plan_windows(pieces, None)):
            for window, rows in states:
                vectors.add(rows, window)
            advance(sum(_count_anchors(pieces.run_first[:-1], window) for window, _ in states))
        return vectors.finish()

    def token_stats(self, texts: Sequence[str], segments: Segments, group: Ints) -> TokenStats:
        """Say how the vectors of tokens, or of groups of them, come about.

        Args:
            texts: The documents.
            segments: Their sentences and tokens.
            group: int32 [T], the row of each token, ascending; each row has at least one.
        """
        runs = find_runs(segments, self.settings.context)
        pieces = align(texts, segments, runs, self.subwords, self.settings.alignment)
        change = np.flatnonzero(np.diff(group, prepend=-1, append=-1))
        first, last = pieces.token_first[change[:-1]], pieces.token_end[change[1:] - 1]
        return count_pieces(pieces, first, last, self._plan_windows(pieces, None), self.subwords.special_tokens.unknown)

    def run_stats(self, texts: Sequence[str], runs: Runs, recipe: SentenceRecipe) -> TokenStats:
        """Say how the vectors of runs come about; the pieces of a prompt are among theirs."""
        pieces = self._find_run_pieces(texts, runs, recipe)
        first, end = pieces.run_first[:-1], pieces.run_first[1:]
        return count_pieces(pieces, first, end, self._plan_windows(pieces, None), self.subwords.special_tokens.unknown)

    @property
    def _width(self) -> int:
        several = len(self.layers) if self.settings.layer_merge is LayerMerge.CONCAT else 1
        return self.backend.dimension * several

    def _find_run_pieces(self, texts: Sequence[str], runs: Runs, recipe: SentenceRecipe) -> Pieces:
        if recipe.alignment is Alignment.WORD:
            ids = self.subwords.encode([recipe.prompt + text for text in run_texts(texts, runs)])
        else:
            ids = [one.ids for one in encode_runs(texts, runs, self.subwords, recipe.prompt)]
        run_first = np.cumsum([0, *map(len, ids)], dtype=np.int32)
        flat = np.fromiter((i for one in ids for i in one), np.int32, int(run_first[-1]))
        return Pieces(flat, run_first, run_first[:-1], run_first[1:])

    def _plan_windows(self, pieces: Pieces, needed: Ints | None) -> list[Window]:
        """Plan the windows; those of which no vector would be used are left out."""
        windows = plan_windows(pieces.run_first, self.max_length - SPECIAL_TOKEN_COUNT)
        return windows if needed is None else [window for window in windows if _count_anchors(needed, window)]

    def _encode(
        self, texts: Sequence[str], runs: Runs, pieces: Pieces, windows: Sequence[Window]
    ) -> Iterator[list[States]]:
        budget = 0 if self.settings.reproducible else self.backend.budget
        waiting = deque([windows[n] for n in batch.windows] for batch in plan_batches(windows, budget))
        most: int | None = None  # pieces that fit into the memory, once it is known
        while waiting:
            chosen = waiting.popleft()
            if most is not None and len(chosen) > 1 and _count_positions(chosen) > most:
                half = len(chosen) // 2
                waiting.extendleft((chosen[half:], chosen[:half]))
                continue
            try:
                yield self._compute_states(texts, runs, pieces, chosen)
            except OutOfMemory as error:
                if len(chosen) == 1:
                    raise _window_error(chosen[0], error) from error
                most = _count_positions(chosen) // 2
                waiting.appendleft(chosen)

    def _compute_states(
        self, texts: Sequence[str], runs: Runs, pieces: Pieces, windows: Sequence[Window]
    ) -> list[States]:
        ids, mask = self._collate(pieces, windows)
        hidden = self.backend.encode(ids, mask, self.layers)
        if not np.isfinite(hidden).all():
            self._refuse_bad_values(texts, runs, pieces, windows, hidden)
        merged = merge_layers(hidden, self.settings.layer_merge)
        lengths = (window.end - window.first + SPECIAL_TOKEN_COUNT for window in windows)
        return [(window, rows[:length]) for window, rows, length in zip(windows, merged, lengths, strict=True)]

    def _collate(self, pieces: Pieces, windows: Sequence[Window]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        special = self.subwords.special_tokens
        length = max(window.end - window.first for window in windows) + SPECIAL_TOKEN_COUNT
        ids = np.full((len(windows), length), special.pad, np.int64)
        mask = np.zeros_like(ids)
        for row, window in enumerate(windows):
            end = window.end - window.first + 1
            ids[row, 0], ids[row, end] = special.first, special.last
            ids[row, 1:end] = pieces.ids[window.first : window.end]
            mask[row, : end + 1] = 1
        return ids, mask

    def _refuse_bad_values(
        self, texts: Sequence[str], runs: Runs, pieces: Pieces, windows: Sequence[Window], hidden: Floats
    ) -> None:
        """Name the text and the layer whose values are no numbers; what stands at padding does not count."""
        for row, window in enumerate(windows):
            length = window.end - window.first + SPECIAL_TOKEN_COUNT
            if not np.isfinite(hidden[:, row, :length]).all():
                run = bisect_right(pieces.run_first, window.first) - 1
                text = texts[runs.document[run]][runs.begin[run] : runs.end[run]]
                layer = self._first_bad_layer(pieces, window)
                raise ModelError(
                    f"the model gives values that are not numbers in layer {layer} of {self.backend.layers}"
                    f" for document {runs.document[run]}, {text[:60]!r}",
                    "finite vectors",
                    "Its weights are damaged or of too low a precision for this text: fetch them again, or load it "
                    'with precision="fp32"',
                )

    def _first_bad_layer(self, pieces: Pieces, window: Window) -> int:
        layers = tuple(range(self.backend.layers + 1))
        hidden = self.backend.encode(*self._collate(pieces, [window]), layers)
        return next((layer for layer in layers if not np.isfinite(hidden[layer]).all()), layers[-1])


def _count_anchors(anchors: Ints, window: Window) -> int:
    """Count the tokens (or runs) whose piece is kept in a window."""
    return bisect_left(anchors, window.kept_end) - bisect_left(anchors, window.kept_first)


def _count_positions(windows: Sequence[Window]) -> int:
    """Count the pieces of a batch, padding and special tokens included."""
    return len(windows) * (max(window.end - window.first for window in windows) + SPECIAL_TOKEN_COUNT)


def _window_error(window: Window, error: OutOfMemory) -> ModelError:
    length = window.end - window.first + SPECIAL_TOKEN_COUNT
    return ModelError(
        f"a single window of {length} pieces does not fit into the memory ({error})",
        "memory for one window",
        "Load the model with a smaller max_length, or on another device",
    )
