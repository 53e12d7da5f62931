"""Compute vectors from texts and their segments: pieces, windows, batches, the model, pooling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

import numpy as np

from nlu_lite._util.arrays import Allocate, allocate_zeros, find_distinct
from nlu_lite.encoding.alignment import align, encode_runs, find_runs, run_texts
from nlu_lite.encoding.backends import Backend, OutOfMemory
from nlu_lite.encoding.collation import collate, find_all_positions
from nlu_lite.encoding.cut import cut_runs, restore_rows
from nlu_lite.encoding.flow import Flow, Job
from nlu_lite.encoding.plan import SPECIAL_TOKEN_COUNT, plan_batches, plan_windows
from nlu_lite.encoding.pooling import Pooler, RunVectors, TokenVectors, Vectors, merge_layers
from nlu_lite.encoding.stats import count_pieces, mark_cut
from nlu_lite.encoding.subwords import Subwords, TokenIds
from nlu_lite.errors import ModelError
from nlu_lite.options import EncoderSettings, LayerMerge
from nlu_lite.records import (
    Alignment,
    Bools,
    Floats,
    Ints,
    Pieces,
    Runs,
    Segments,
    SentencePooling,
    SentenceRecipe,
    TokenStats,
    Windows,
)

Advance = Callable[[int], object]


@dataclass(frozen=True)
class EncodingPlan:
    """Texts that were encoded into pieces, and the batches that compute their vectors.

    Attributes:
        texts: The documents.
        runs: The spans that are encoded together.
        pieces: The pieces of all runs that the model sees.
        vectors: The matrix that is filled.
        kept: Whether the model sees each token; None for vectors of runs.
        flow: The batches, some of which the device may already compute.
    """

    texts: Sequence[str]
    runs: Runs
    pieces: Pieces
    vectors: Vectors
    kept: Bools | None
    flow: Flow

    def begin(self) -> None:
        """Submit the first batches to a device that computes asynchronously."""
        self.flow.begin()


@dataclass(frozen=True)
class Encoder:
    """A model that is ready to encode.

    Attributes:
        subwords: Encodes texts into pieces.
        backend: Computes hidden states from pieces.
        settings: How vectors are computed from hidden states.
        max_length: Maximum length of a window in pieces, including special tokens.
        published_length: Maximum length of a sentence that the publisher set; None if no file states it.
        layers: Numbers of the layers that are used; 0 is the embeddings.
        pooler: The model's own pooler, if its files have one.
    """

    subwords: Subwords
    backend: Backend
    settings: EncoderSettings
    max_length: int
    published_length: int | None
    layers: tuple[int, ...]
    pooler: Pooler | None = None

    def token_vectors(self, texts: Sequence[str], segments: Segments, advance: Advance) -> Floats:
        """Return the vector of every token.

        Args:
            texts: The documents.
            segments: Their sentences and tokens.
            advance: Called with the number of tokens that were completed since the last call.

        Returns:
            float32 [T, d], one row per token. A token that is cut off, which only `Compat.SPARKNLP` does, has NaN.

        Raises:
            ModelError: The model computes NaN or infinity, or needs more memory than is available.
        """
        return self.complete(self.plan_tokens(texts, segments), advance)

    def plan_tokens(
        self, texts: Sequence[str], segments: Segments, allocate: Allocate = allocate_zeros
    ) -> EncodingPlan:
        """Encode tokens into pieces, and plan the batches for `token_vectors`, whose matrix `allocate` returns."""
        runs = find_runs(segments, self.settings.context)
        pieces, kept = self._cut(align(texts, segments, runs, self.subwords, self.settings.alignment))
        vectors = TokenVectors(pieces, self._width, self.settings.pooling, allocate)
        return EncodingPlan(texts, runs, pieces, vectors, kept, self._plan_flow(vectors, pieces))

    def run_vectors(self, texts: Sequence[str], runs: Runs, recipe: SentenceRecipe, advance: Advance) -> Floats:
        """Return the vector of every run (a sentence or a document).

        Args:
            texts: The documents.
            runs: Spans of the documents.
            recipe: The recipe of a sentence model.
            advance: Called with the number of runs that were completed since the last call.

        Returns:
            float32 [R, d], one row per run.

        Raises:
            ModelError: See `token_vectors`.
        """
        return self.complete(self.plan_runs(texts, runs, recipe), advance)

    def plan_runs(self, texts: Sequence[str], runs: Runs, recipe: SentenceRecipe) -> EncodingPlan:
        """Encode runs into pieces, and plan the batches for `run_vectors`."""
        pieces, _ = self._cut(self._find_run_pieces(texts, runs, recipe))
        pooler = self.pooler if recipe.pooling is SentencePooling.POOLER else None
        vectors = RunVectors(pieces.run_first, self._width, recipe.pooling, pooler)
        return EncodingPlan(texts, runs, pieces, vectors, None, self._plan_flow(vectors, pieces))

    def complete(self, plan: EncodingPlan, advance: Advance) -> Floats:
        """Run all batches of a plan, and return its vectors: float32 [R, d].

        Args:
            plan: The plan, of `plan_tokens` or `plan_runs`. It is completed once.
            advance: Called with the number of vectors that were completed since the last call.

        Raises:
            ModelError: See `token_vectors`.
        """
        for job, hidden in plan.flow.run():
            if not job.hidden.are_finite():
                self._refuse_bad_values(plan, job, hidden)
            plan.vectors.add(merge_layers(hidden, self.settings.layer_merge), job.windows, job.positions)
            advance(plan.vectors.count_done(job.windows))
        found = plan.vectors.finish()
        if plan.kept is None:
            return found
        advance(int(np.count_nonzero(~plan.kept)))
        return restore_rows(found, plan.kept)

    def token_stats(self, texts: Sequence[str], segments: Segments, group: Ints) -> TokenStats:
        """Return the statistics of the vectors of tokens, or of groups of tokens.

        Args:
            texts: The documents.
            segments: Their sentences and tokens.
            group: int32 [T], the group of each token, ascending; each group has at least one token.
        """
        runs = find_runs(segments, self.settings.context)
        pieces = align(texts, segments, runs, self.subwords, self.settings.alignment)
        change = np.flatnonzero(np.diff(group, prepend=-1, append=-1))
        first, last = pieces.token_first[change[:-1]], pieces.token_end[change[1:] - 1]
        stats = count_pieces(pieces, first, last, self._plan_windows(pieces), self.subwords.special_tokens.unknown)
        return stats if self.settings.compat is None else mark_cut(stats, self._cut(pieces)[1], change[:-1])

    def run_stats(self, texts: Sequence[str], runs: Runs, recipe: SentenceRecipe) -> TokenStats:
        """Return the statistics of the vectors of runs. The pieces of a prompt count."""
        pieces = self._find_run_pieces(texts, runs, recipe)
        first, end = pieces.run_first[:-1], pieces.run_first[1:]
        stats = count_pieces(pieces, first, end, self._plan_windows(pieces), self.subwords.special_tokens.unknown)
        kept = np.ones(len(first), bool)
        return stats if self.settings.compat is None else mark_cut(stats, kept, np.arange(len(first)))

    @property
    def _width(self) -> int:
        several = len(self.layers) if self.settings.layer_merge is LayerMerge.CONCAT else 1
        return self.backend.dimension * several

    def _find_run_pieces(self, texts: Sequence[str], runs: Runs, recipe: SentenceRecipe) -> Pieces:
        if recipe.alignment is Alignment.WORD:
            found = self.subwords.encode_tokens([recipe.prompt + text for text in run_texts(texts, runs)])
        else:
            found = TokenIds.from_lists([one.ids for one in encode_runs(texts, runs, self.subwords, recipe.prompt)])
        run_first = np.append(0, np.cumsum(found.lengths)).astype(np.int32)
        return Pieces(found.ids, run_first, run_first[:-1], run_first[1:])

    def _cut(self, pieces: Pieces) -> tuple[Pieces, Bools]:
        """Return the pieces that the model sees, and whether it sees each token."""
        if self.settings.compat is None:
            return pieces, np.ones(len(pieces.token_first), bool)
        return cut_runs(pieces, self.max_length - SPECIAL_TOKEN_COUNT)

    def _plan_windows(self, pieces: Pieces) -> Windows:
        return plan_windows(pieces.run_first, self.max_length - SPECIAL_TOKEN_COUNT)

    def _plan_flow(self, vectors: Vectors, pieces: Pieces) -> Flow:
        """Plan the batches that compute the hidden states that the vectors need."""
        windows = self._plan_windows(pieces)
        windows = windows.take(
            find_distinct(vectors.find_positions(windows).window)
        )  # only the windows that are needed
        budget = 0 if self.settings.reproducible else self.backend.budget
        batches = [windows.take(np.sort(numbers)) for numbers in plan_batches(windows, budget)]
        return Flow(batches, partial(self._submit, vectors, pieces))

    def _submit(self, vectors: Vectors, pieces: Pieces, windows: Windows) -> Job:
        positions = vectors.find_positions(windows)
        batch = collate(pieces.ids, windows, self.subwords.special_tokens, positions)
        return Job(windows, positions, self.backend.submit(batch, self.layers))

    def _refuse_bad_values(self, plan: EncodingPlan, job: Job, hidden: Floats) -> NoReturn:
        """Raise an error that names the text and the layer of the first row with NaN or infinity."""
        row = np.flatnonzero(~np.isfinite(hidden).all(axis=(0, 2)))[:1]
        window, runs, pieces = job.windows.take(job.positions.window[row]), plan.runs, plan.pieces
        run = int(np.searchsorted(pieces.run_first, window.first[0], side="right")) - 1
        text = plan.texts[runs.document[run]][runs.begin[run] : runs.end[run]]
        raise ModelError(
            f"the model gives values that are not numbers{self._locate_bad_layer(pieces, window)}"
            f" for document {runs.document[run]}, {text[:60]!r}",
            "finite vectors",
            "Its weights are damaged or of too low a precision for this text: fetch them again, or load it "
            'with precision="fp32"',
        )

    def _locate_bad_layer(self, pieces: Pieces, window: Windows) -> str:
        """Return the first layer in which a window has NaN or infinity, for an error; empty if memory is too small."""
        count = self.backend.layers
        batch = collate(pieces.ids, window, self.subwords.special_tokens, find_all_positions(window))
        try:
            hidden = self.backend.submit(batch, tuple(range(count + 1))).result()
        except (OutOfMemory, ModelError):  # the states of all layers need more memory than those of one
            return ""
        bad = (layer for layer, states in enumerate(hidden) if not np.isfinite(states).all())
        return f" in layer {next(bad, count)} of {count}"
