"""The columns of NLU's frames."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from nlu_lite.frames import name_stats_columns
from nlu_lite.options import Level
from nlu_lite.pipeline import Pipeline

NUMBERS = ("document_number", "sentence_number", "token_number")


def find_text_column(data: object) -> Hashable | None:
    """Return the first column of a frame without a column ``text``; None for other data."""
    if isinstance(data, pd.DataFrame) and len(data.columns) and "text" not in data.columns:
        first: Hashable = data.columns[0]
        return first
    return None


def close_positions(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose ends are inclusive, as in NLU."""
    level = next(level.value for level in Level if level.value in frame)
    return frame.assign(**{f"{level}_end": frame[f"{level}_end"] - 1})


def sort_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose columns are in alphabetical order, as in NLU."""
    return frame[sorted(frame.columns, key=str)]


def add_metadata(
    frame: pd.DataFrame, vectors: list[str], documents: pd.DataFrame, sentences: pd.DataFrame
) -> pd.DataFrame:
    """Replace the columns of ``metadata=True`` by NLU's.

    Args:
        frame: A result at any level, with these columns.
        vectors: The columns of vectors.
        documents: The result at the document level, with these columns.
        sentences: The result at the sentence level, with these columns.

    Returns:
        The frame with ``origin_index``; ``document``, its text; ``sentence``, above or below the sentence level a list
        of the sentences of the document; ``token_origin_sentence``, the number of the sentence as a string; and for
        each column of vectors ``<column>_is_OOV``, ``"true"`` or ``"false"``.
    """
    number = frame["document_number"]
    added: dict[str, Any] = {"origin_index": frame.index.to_numpy()}
    if Level.DOCUMENT.value not in frame:
        added["document"] = number.map(documents.set_index("document_number")["document"]).to_numpy()
    if Level.SENTENCE.value not in frame:
        added["sentence"] = number.map(sentences.groupby("document_number")["sentence"].agg(list)).to_numpy()
    if Level.TOKEN.value in frame:
        added["token_origin_sentence"] = frame["sentence_number"].astype(str).to_numpy()
    stats = {vector: name_stats_columns(vector) for vector in vectors}
    for vector, (_, unknown, _) in stats.items():
        added[f"{vector}_is_OOV"] = frame[unknown].map({True: "true", False: "false"}).to_numpy()
    left_out = [*NUMBERS, *(name for names in stats.values() for name in names)]
    return frame.drop(columns=left_out, errors="ignore").assign(**added)


def predict_texts(pipeline: Pipeline, data: object, level: Level, column: Hashable | None) -> pd.DataFrame:
    """Return the texts of a level with their numbers, without other columns."""
    return pipeline.predict(
        data,
        output_level=level.value,
        metadata=True,
        text_column=column,
        keep_columns=False,
        missing="skip",
        progress=False,
    )
