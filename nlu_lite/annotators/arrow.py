"""Cells of stages as Arrow arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite.annotators.annotation import FIELDS, Annotation
from nlu_lite.annotators.columns import ColumnKind
from nlu_lite.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa


def get_type(kind: ColumnKind) -> pa.DataType:
    """Return the Arrow type of a kind of column."""
    import pyarrow as pa

    vector = pa.list_(pa.float32())
    types = {
        ColumnKind.ANNOTATIONS: pa.list_(get_annotation_type()),
        ColumnKind.STRING: pa.string(),
        ColumnKind.STRINGS: pa.list_(pa.string()),
        ColumnKind.PAIRS: pa.list_(pa.struct([("_1", pa.string()), ("_2", pa.string())])),
        ColumnKind.ARRAYS: pa.list_(vector),
        ColumnKind.VECTORS: pa.list_(pa.list_(pa.float64())),
    }
    return types[kind]


def get_annotation_type() -> pa.StructType:
    """Return the Arrow type of an annotation."""
    import pyarrow as pa

    text, number = pa.string(), pa.int32()
    types = (text, number, number, text, pa.map_(text, text), pa.list_(pa.float32()))
    return pa.struct(list(zip(FIELDS, types, strict=True)))


def build_array(kind: ColumnKind, cells: Sequence[Any]) -> pa.Array:
    """Return the cells of a column as an array of the type of its kind."""
    import pyarrow as pa

    match kind:
        case ColumnKind.ANNOTATIONS:
            return pa.ListArray.from_arrays(
                _count_offsets(cells), _build_structs([one for cell in cells for one in cell])
            )
        case ColumnKind.ARRAYS | ColumnKind.VECTORS:
            dtype = np.float32 if kind is ColumnKind.ARRAYS else np.float64
            return pa.ListArray.from_arrays(
                _count_offsets(cells), _build_vectors([v for cell in cells for v in cell], dtype)
            )
        case ColumnKind.PAIRS:
            cells = [[{"_1": name, "_2": value} for name, value in cell] for cell in cells]
    return pa.array(cells, get_type(kind))


def _count_offsets(cells: Sequence[Any]) -> pa.Array:
    import pyarrow as pa

    lengths = np.fromiter(map(len, cells), np.int64, len(cells))
    return pa.array(np.append(0, np.cumsum(lengths)), pa.int32())


def _build_structs(annotations: Sequence[Annotation]) -> pa.StructArray:
    import pyarrow as pa

    kind = get_annotation_type()
    values: dict[str, Any] = {name: [one[name] for one in annotations] for name in FIELDS}
    values["metadata"] = [list(one.items()) for one in values["metadata"]]
    arrays = [pa.array(values[field.name], field.type) for field in list(kind)[:-1]]
    return pa.StructArray.from_arrays([*arrays, _build_vectors(values["embeddings"], np.float32)], fields=list(kind))


def _build_vectors(vectors: Sequence[Any], dtype: type[np.floating[Any]]) -> pa.ListArray:
    import pyarrow as pa

    parts = [np.asarray(vector, dtype) for vector in vectors]
    return pa.ListArray.from_arrays(_count_offsets(parts), pa.array(np.concatenate([np.zeros(0, dtype), *parts])))


def read_cells(column: pa.ChunkedArray | pa.Array, kind: ColumnKind) -> list[Any]:
    """Return the cells of a column: annotations, or the values of the caller's."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if kind is not ColumnKind.ANNOTATIONS:
        return list(array.to_pylist())
    structs = pc.list_flatten(array)
    if not pa.types.is_struct(structs.type) or {field.name for field in structs.type} != set(FIELDS):
        raise InputError(f"a column is of type {array.type}", "a column of annotations", "Set the input columns")
    annotations = _read_structs(structs)
    ends = np.cumsum(pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)).tolist()
    return [annotations[begin:end] for begin, end in pairwise([0, *ends])]


def _read_structs(structs: pa.StructArray) -> list[Annotation]:
    names = [field.name for field in structs.type]
    arrays = dict(zip(names, structs.flatten(), strict=True))
    values = {name: arrays[name].to_pylist() for name in FIELDS[:4]}
    metadata = [_read_map(one) for one in arrays["metadata"].to_pylist()]
    columns = [*values.values(), metadata, _read_vectors(arrays["embeddings"])]
    return [Annotation(*one) for one in zip(*columns, strict=True)]


def _read_map(value: Any) -> dict[str, str]:
    """Return a map: pairs in Arrow, structs of a key and a value in Polars."""
    if value is None or isinstance(value, Mapping):
        return {name: one for name, one in (value or {}).items() if one is not None}
    return dict((one["key"], one["value"]) if isinstance(one, Mapping) else one for one in value)


def _read_vectors(lists: pa.ListArray) -> list[Any]:
    import pyarrow.compute as pc

    flat = pc.list_flatten(lists).to_numpy(zero_copy_only=False)
    ends = np.cumsum(pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)).tolist()
    return [flat[begin:end] for begin, end in pairwise([0, *ends])]
