"""Compare the ids of a subword model with the rows of the embedding matrix."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from nlu_lite.encoding.architectures import WORDS
from nlu_lite.errors import ModelError
from nlu_lite.records import AddedToken, Checkpoint

PADDINGS = (8, 64, 128)
"""Multiples to which the rows of an embedding matrix are padded, since processors multiply such matrices faster."""

PUBLISHED = frozenset([128_100, 250_037, 251_000])
"""Numbers of rows of widely used models with more rows than pieces: DeBERTa v2 and v3, multilingual MiniLM (and
multilingual E5 small, which was trained from it), multilingual DeBERTa v3."""

REMEDY = "The files belong to two different models: fetch them again"


def count_rows(checkpoint: Checkpoint) -> int:
    """Return the number of rows of the embedding matrix."""
    return int(checkpoint.tensors[WORDS].shape[0])


def check_rows(what: str, pieces: int, checkpoint: Checkpoint, shift: int = 0) -> None:
    """Refuse a vocabulary with more pieces than the embedding matrix has rows.

    Args:
        what: The name of the vocabulary in the error.
        pieces: The number of its pieces.
        checkpoint: The model.
        shift: The number of rows before those of the pieces.

    Raises:
        ModelError: There are too few rows.
    """
    rows = count_rows(checkpoint)
    if pieces + shift > rows:
        expected = "a row for each piece" + (f" and {shift} more" if shift else "")
        raise ModelError(f"the {what} has {pieces} pieces, the embedding matrix {rows} rows", expected, REMEDY)


def check_added(tokens: Iterable[AddedToken], checkpoint: Checkpoint) -> None:
    """Refuse an added token that has no row.

    Raises:
        ModelError: Its id is not less than the number of rows.
    """
    rows = count_rows(checkpoint)
    for token in tokens:
        if token.id >= rows:
            raise ModelError(
                f"the added token {token.content!r} has the id {token.id}, the embedding matrix {rows} rows",
                "a row for each added token",
                "Fetch the weights that were trained with the added tokens",
            )


def warn_of_unused_rows(known: int, checkpoint: Checkpoint, masks: int = 0) -> None:
    """Log a warning if the embedding matrix has more rows than the files have pieces, apart from padding.

    Args:
        known: One more than the largest id of the known pieces.
        checkpoint: The model.
        masks: Number of special pieces after these that the files need not list, such as ``<mask>``.
    """
    rows = count_rows(checkpoint)
    padded = {-(-count // step) * step for count in (known, known + masks) for step in (1, *PADDINGS)}
    if rows > known and rows not in padded | PUBLISHED:
        logging.getLogger("nlu_lite").warning(
            "The embedding matrix has %d rows, but the subword model has pieces for %d: the last %d rows are never "
            "used. If tokens were added when the model was fine-tuned, the files that list them (tokenizer.json, "
            "added_tokens.json or tokenizer_config.json) are missing, and these words get the vectors of other pieces",
            rows,
            known,
            rows - known,
        )
