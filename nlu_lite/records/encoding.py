"""Runs of text, their subword pieces, and the windows and batches in which a model sees them."""

from __future__ import annotations

from dataclasses import dataclass

from nlu_lite.records.arrays import Bools, Ints


@dataclass(frozen=True)
class Runs:
    """Sections of the documents that are encoded separately: sentences, or whole documents.

    Attributes:
        document: int32 [R], number of the run's document.
        begin: int32 [R], offset into the document.
        end: int32 [R].
    """

    document: Ints
    begin: Ints
    end: Ints


@dataclass(frozen=True)
class Pieces:
    """Subword pieces of all runs, and the pieces of each token.

    Attributes:
        ids: int32 [P], ids of the model's vocabulary.
        run_first: int32 [R+1]: run r has pieces ``ids[run_first[r]:run_first[r+1]]``.
        token_first: int32 [T]: token i has pieces ``ids[token_first[i]:token_end[i]]``, at least one. Adjacent tokens
            can share a piece if a text was encoded as a whole.
        token_end: int32 [T].
    """

    ids: Ints
    run_first: Ints
    token_first: Ints
    token_end: Ints


@dataclass(frozen=True)
class Window:
    """Consecutive pieces that the model sees at once.

    Attributes:
        first: First piece.
        end: End of the pieces.
        kept_first: First piece whose vector is taken from this window.
        kept_end: End of the pieces taken from it. Each piece is taken from the one window in which it is most central.
    """

    first: int
    end: int
    kept_first: int
    kept_end: int


@dataclass(frozen=True)
class Batch:
    """Windows that are encoded together.

    Attributes:
        windows: Numbers of the windows.
        length: Pieces in the longest window, special tokens not counted.
    """

    windows: tuple[int, ...]
    length: int


@dataclass(frozen=True)
class TokenStats:
    """Statistics of the rows of a level.

    Attributes:
        pieces: int32 [R], number of pieces of a row's text.
        unknown: bool [R], whether a piece is the vocabulary's unknown piece.
        windows: int32 [R], number of windows of the run that contains the row; 1 if the run fits into one window.
    """

    pieces: Ints
    unknown: Bools
    windows: Ints

    def take(self, rows: Ints) -> TokenStats:
        """Return the statistics of some rows, in their order."""
        return TokenStats(self.pieces[rows], self.unknown[rows], self.windows[rows])
