"""Read data of the caller as a `Corpus`, and write arrays as a frame: in pandas, Arrow and Polars."""

from __future__ import annotations

from nlu_lite.frames.arrow import repeated
from nlu_lite.frames.chunks import stream
from nlu_lite.frames.columns import DOCUMENT_NUMBER, choose_text_column, column_names, result_names
from nlu_lite.frames.inputs import ParsedInput, read
from nlu_lite.frames.matrix import matrix, to_arrow, vector_column, vector_columns
from nlu_lite.frames.pandas import INDEX
from nlu_lite.frames.results import VectorColumn, build, open_writer
from nlu_lite.frames.views import without_views

__all__ = [
    "DOCUMENT_NUMBER",
    "INDEX",
    "ParsedInput",
    "VectorColumn",
    "build",
    "choose_text_column",
    "column_names",
    "matrix",
    "open_writer",
    "read",
    "repeated",
    "result_names",
    "stream",
    "to_arrow",
    "vector_column",
    "vector_columns",
    "without_views",
]
