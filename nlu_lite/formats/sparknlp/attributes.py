"""The attributes of ops that the readers use, with their defaults.

Exporters leave out attributes that have the default of the op: TensorFlow when it saves (``strip_default_attrs``),
ONNX's optimizers when they rewrite a node. The defaults are copied from the definitions of the ops. Readers get every
attribute through this module, so that none is read without its default.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import TypeVar

from nlu_lite.formats.sparknlp.faults import format_error

Default = bool | int | float | bytes | tuple[float, ...]
Defaults = Mapping[str, Mapping[str, Default]]
D = TypeVar("D", bool, int, float, bytes, tuple[float, ...])


def _round_to_float32(value: float) -> float:
    """Round to float32, the type of attributes in a file."""
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded


_BATCH_NORM: Mapping[str, Default] = {"epsilon": _round_to_float32(1e-4)}

TENSORFLOW: Defaults = {
    # tensorflow/core/ops/nn_ops.cc
    "FusedBatchNorm": _BATCH_NORM,
    "FusedBatchNormV2": _BATCH_NORM,
    "FusedBatchNormV3": _BATCH_NORM,
    # tensorflow/core/ops/math_ops.cc
    "MatMul": {"transpose_a": False, "transpose_b": False},
    "BatchMatMulV2": {"adj_x": False, "adj_y": False},
}
ONNX: Defaults = {  # https://onnx.ai/onnx/operators, the same in all versions of an op that have the attribute
    "Gather": {"axis": 0},
    "Gelu": {"approximate": b"none"},
    "Gemm": {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0},
    "LayerNormalization": {"epsilon": _round_to_float32(1e-5)},
    "Transpose": {"perm": ()},  # the axes in reverse order
}


def read_attribute(defaults: Defaults, op: str, name: str, found: object, kind: type[D], where: str) -> D:
    """Return an attribute's value, or its op's default.

    Args:
        defaults: `TENSORFLOW` or `ONNX`.
        op: The op, a key of the defaults.
        name: The attribute, a key of the op's defaults.
        found: The value in the graph. None if it is left out.
        kind: The type of the attribute.
        where: The name of the node in error messages.

    Raises:
        FormatError: The value has another type.

    Example:
        >>> [read_attribute(ONNX, "Gemm", "transB", found, int, "a.onnx") for found in (None, 1)]
        [0, 1]
    """
    value = defaults[op][name] if found is None else found
    if not isinstance(value, kind):
        got = f"the attribute {name!r} of {op} is {str(value)[:40]!r}"
        raise format_error(where, got, f"a value of type {kind.__name__}")
    return value
