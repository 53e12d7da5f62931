"""Files for other viewers: Parquet for embedding-atlas, and the files of TensorBoard's projector."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite._util.atomic import write_file_atomically, write_folder_atomically
from nlu_lite._util.extras import check_extra, import_extra
from nlu_lite._util.os_errors import translate_write_errors
from nlu_lite.errors import InputError, OptionError, escape_surrogates
from nlu_lite.files import check_place
from nlu_lite.frames import find_vector_column, find_vector_columns, matrix, to_arrow
from nlu_lite.plot.passages import find_unit_column, read_passages
from nlu_lite.plot.projection import Method, find_directions, project
from nlu_lite.plot.selection import check_frame
from nlu_lite.records import Floats

if TYPE_CHECKING:
    import pandas as pd

PROJECTION = ("projection_x", "projection_y")
CONTEXT = "context"
NEIGHBORS = "neighbors"
MADE = (*PROJECTION, CONTEXT, NEIGHBORS)
VECTORS, METADATA = "vectors.tsv", "metadata.tsv"
SIDE = 200
"""The number of characters of a context on each side of a token."""


@dataclass(frozen=True)
class AtlasRequest:
    """The options of a file for embedding-atlas; see `PictureMethods.to_atlas`."""

    path: Path
    method: Method
    neighbors: int
    column: str | None


def write_atlas(frame: pd.DataFrame, request: AtlasRequest) -> Path:
    """Write a frame for embedding-atlas; see `PictureMethods.to_atlas`."""
    check_extra("pyarrow", "arrow", "writing Parquet")
    check_frame(frame)
    check_place(request.path)
    taken = [name for name in MADE if name in frame.columns]
    if taken:
        raise InputError(f"the frame already has the columns {taken}", "other names", "Rename the columns")
    table = _build_table(frame, request)
    from pyarrow import parquet

    with translate_write_errors(request.path), write_file_atomically(request.path) as part:
        parquet.write_table(table, part)
    return request.path


def _build_table(frame: pd.DataFrame, request: AtlasRequest) -> Any:
    """Return the plain columns of the rows with a direction, their contexts, places and neighbors."""
    import pandas as pd

    vectors = matrix(frame, find_vector_column(frame, request.column))
    rows = np.flatnonzero(find_directions(vectors))
    places = project(vectors[rows], 2, request.method).points
    passages = read_passages(frame)
    contexts = ["".join(vars(passages.find_context(int(row), SIDE)).values()) for row in rows]
    shown = frame.drop(columns=find_vector_columns(frame)).iloc[rows].reset_index(drop=True)
    shown.columns = pd.Index([str(name) for name in shown.columns])
    table = to_arrow(shown).append_column(CONTEXT, [contexts])
    for name, values in zip(PROJECTION, places.T, strict=True):
        table = table.append_column(name, [values])
    near = _find_neighbors(vectors[rows], request.neighbors) if request.neighbors else None
    return table if near is None else table.append_column(NEIGHBORS, [near])


def _find_neighbors(vectors: Floats, count: int) -> list[dict[str, list[Any]]]:
    """Return the numbers and distances of the nearest rows of each row."""
    neighbors = import_extra("sklearn.neighbors", "plot", "a search of neighbors")
    found = neighbors.NearestNeighbors(n_neighbors=min(count + 1, len(vectors)), metric="cosine").fit(vectors)
    distances, ids = found.kneighbors(vectors)
    return [
        {"ids": near[near != row][:count].tolist(), "distances": far[near != row][:count].tolist()}
        for row, (near, far) in enumerate(zip(ids, distances, strict=True))
    ]


# --- TensorBoard -----------------------------------------------------------------------------------------------------


def write_projector(frame: pd.DataFrame, folder: Path, column: str | None) -> Path:
    """Write the files of TensorBoard's projector; see `PictureMethods.to_projector`."""
    import pandas as pd

    check_frame(frame)
    name = find_vector_column(frame, column)
    vectors = matrix(frame, name)
    if folder.exists():
        raise OptionError(f"folder {folder} exists", "a name that is free", "Remove it, or choose another name")
    plain = _move_units_first(frame.drop(columns=[*{name, *find_vector_columns(frame)}]))
    metadata = plain if len(plain.columns) else pd.DataFrame({"row": range(len(frame))})
    texts = {METADATA: _render_metadata(metadata), "projector_config.pbtxt": _render_config(str(name))}
    with translate_write_errors(folder), write_folder_atomically(folder) as part:
        pd.DataFrame(vectors).to_csv(part / VECTORS, sep="\t", header=False, index=False)
        for file, text in texts.items():
            (part / file).write_text(text, encoding="utf-8", newline="\n")
    return folder


def _move_units_first(frame: pd.DataFrame) -> pd.DataFrame:
    """Move the texts of the rows to the first column, with which the projector labels points."""
    unit = find_unit_column(frame)
    return frame if unit is None else frame[[unit, *(name for name in frame.columns if name != unit)]]


def _render_config(name: str) -> str:
    """Return the file by which TensorBoard finds the others, in protobuf's text format."""
    values = {"tensor_name": escape_surrogates(name), "tensor_path": VECTORS, "metadata_path": METADATA}
    lines = [f"  {field}: {json.dumps(value, ensure_ascii=False)}" for field, value in values.items()]
    return "\n".join(["embeddings {", *lines, "}"]) + "\n"


def _render_metadata(frame: pd.DataFrame) -> str:
    """Return a line for each row; the names of columns come first if there are several, as the projector reads it."""
    columns = [[_clean_cell(value) for value in frame[name]] for name in frame.columns]
    names = [_clean_cell(name) for name in frame.columns]
    lines = ["\t".join(row) for row in zip(*columns, strict=True)]
    return "\n".join([*(["\t".join(names)] if len(names) > 1 else []), *lines]) + "\n"


def _clean_cell(value: object) -> str:
    return escape_surrogates(" ".join(str(value).split())) or " "
