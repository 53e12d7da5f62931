"""Data of the caller become a `Corpus`, and arrays become a frame: in pandas, Arrow and Polars."""

from __future__ import annotations

from nlu_lite.frames.columns import DOCUMENT_NUMBER, column_names, result_names
from nlu_lite.frames.inputs import Columns, Given, Missing, Reading, Split, read
from nlu_lite.frames.layout import Also, Cells, Empty, Form, Layout, Level, check_installed, check_rows
from nlu_lite.frames.matrix import matrix, to_arrow, vector_columns
from nlu_lite.frames.results import VectorColumn, build
from nlu_lite.frames.writers import INDEX, open_writer, repeated

__all__ = [
    "DOCUMENT_NUMBER",
    "INDEX",
    "Also",
    "Cells",
    "Columns",
    "Empty",
    "Form",
    "Given",
    "Layout",
    "Level",
    "Missing",
    "Reading",
    "Split",
    "VectorColumn",
    "build",
    "check_installed",
    "check_rows",
    "column_names",
    "matrix",
    "open_writer",
    "read",
    "repeated",
    "result_names",
    "to_arrow",
    "vector_columns",
]
