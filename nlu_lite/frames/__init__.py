"""Read data of the caller as a `Corpus`, and write arrays as a frame: in pandas, Arrow and Polars."""

from __future__ import annotations

from nlu_lite.frames.arrow import repeat_rows
from nlu_lite.frames.chunks import stream
from nlu_lite.frames.columns import (
    DOCUMENT_NUMBER,
    check_exists,
    check_names,
    choose_text_column,
    name_result_columns,
    name_stats_columns,
    name_vector_columns,
)
from nlu_lite.frames.inputs import ParsedInput, read
from nlu_lite.frames.matrix import find_vector_column, find_vector_columns, matrix, to_arrow
from nlu_lite.frames.means import mean_vectors
from nlu_lite.frames.notebook import render_frame
from nlu_lite.frames.origins import find_pipeline, find_sentences, note_pipeline, note_sentences
from nlu_lite.frames.pandas import INDEX
from nlu_lite.frames.results import VectorColumn, build_frame, open_writer
from nlu_lite.frames.similarity import center_vectors, compute_cosines
from nlu_lite.frames.sizes import cut_rows, measure_rows, measure_texts
from nlu_lite.frames.views import cast_views

__all__ = [
    "DOCUMENT_NUMBER",
    "INDEX",
    "ParsedInput",
    "VectorColumn",
    "build_frame",
    "cast_views",
    "center_vectors",
    "check_exists",
    "check_names",
    "choose_text_column",
    "compute_cosines",
    "cut_rows",
    "find_pipeline",
    "find_sentences",
    "find_vector_column",
    "find_vector_columns",
    "matrix",
    "mean_vectors",
    "measure_rows",
    "measure_texts",
    "name_result_columns",
    "name_stats_columns",
    "name_vector_columns",
    "note_pipeline",
    "note_sentences",
    "open_writer",
    "read",
    "render_frame",
    "repeat_rows",
    "stream",
    "to_arrow",
]
