"""Runs of text, their subword pieces, and the windows and batches in which a model sees them."""

from __future__ import annotations

from dataclasses import dataclass

from nlu_lite.records.arrays import Bools, Int64s, Ints


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
class Windows:
    """Sections of consecutive pieces that the model sees together, in the order of their pieces.

    Attributes:
        first: int32 [W], first piece.
        end: int32 [W], end of the pieces.
        kept_first: int32 [W], first piece whose vector comes from this window.
        kept_end: int32 [W], end of these pieces. The vector of a piece comes from the window in which the piece is
            closest to the middle.
    """

    first: Ints
    end: Ints
    kept_first: Ints
    kept_end: Ints

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.first)

    def take(self, numbers: Int64s | Bools | slice) -> Windows:
        """Return some windows, in their order."""
        return Windows(self.first[numbers], self.end[numbers], self.kept_first[numbers], self.kept_end[numbers])


@dataclass(frozen=True)
class Batch:
    """Windows as the model takes them, padded to the longest, and the positions whose hidden states are needed.

    Attributes:
        ids: int64 [windows, length], ids of the model's vocabulary, including special tokens and padding.
        mask: int64 [windows, length], 1 at a piece or special token, 0 at padding.
        rows: int64 [rows], indices ``window * length + position`` of the hidden states to return, in this order.
    """

    ids: Int64s
    mask: Int64s
    rows: Int64s


@dataclass(frozen=True)
class TokenStats:
    """Statistics of the rows of a level.

    Attributes:
        pieces: int32 [R], number of pieces of a row's text.
        unknown: bool [R], whether a piece is the vocabulary's unknown piece.
        windows: int32 [R], number of windows of the run that contains the row; 1 if the run fits into one window, 0
            for a token that is cut off.
        first: int32 [R], id of the first piece, as the model has it; -1 for a token that is cut off.
    """

    pieces: Ints
    unknown: Bools
    windows: Ints
    first: Ints

    def take(self, rows: Ints) -> TokenStats:
        """Return the statistics of some rows, in their order."""
        return TokenStats(self.pieces[rows], self.unknown[rows], self.windows[rows], self.first[rows])
