"""The parts of an ONNX file: nodes and initializers (onnx/onnx.proto of github.com/onnx/onnx)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nlu_lite.formats.sparknlp.archive import ByteSource
from nlu_lite.formats.sparknlp.attributes import ONNX, D, read_attribute
from nlu_lite.formats.sparknlp.faults import format_error, unsupported_error
from nlu_lite.formats.sparknlp.values import Extent, Number

NUMBERS = {1: Number.FLOAT32, 10: Number.FLOAT16, 16: Number.BFLOAT16}
QUANTISED = {2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 21: "uint4", 22: "int4"}


@dataclass(frozen=True)
class Initializer:
    """A TensorProto.

    Attributes:
        name: Its name in the graph.
        kind: Its DataType.
        shape: Its shape.
        source: The file that holds its numbers.
        offset: Their first byte.
        size: Their bytes.
        values: The numbers themselves, of a small tensor; None of a large one.
    """

    name: str
    kind: int
    shape: tuple[int, ...]
    source: ByteSource
    offset: int
    size: int
    values: tuple[float, ...] | None

    @property
    def where(self) -> str:
        """File and tensor, for errors."""
        return f"{self.source.name}, tensor {self.name!r} at {self.offset}"

    def extent(self) -> Extent:
        """Give the tensor's place.

        Raises:
            UnsupportedReference: Its numbers are no floats.
            FormatError: Its shape does not fit its bytes.
        """
        number = NUMBERS.get(self.kind)
        if number is None:
            kind = QUANTISED.get(self.kind, f"ONNX's type {self.kind}")
            raise unsupported_error(self.where, f"numbers of {kind}", "floats: quantised models are not read")
        extent = Extent(self.source, self.offset, number, self.shape, None, self.name)
        if extent.size != self.size:
            raise format_error(self.where, f"shape {self.shape} in {self.size} bytes", f"{extent.size} bytes")
        return extent


Attribute = float | bytes | tuple[float, ...] | Initializer
"""A number, a string, numbers, or a tensor."""


@dataclass(frozen=True)
class OnnxNode:
    """A NodeProto.

    Attributes:
        name: Its name, often a path of modules.
        op: What it does.
        domain: Whose op that is; empty for ONNX's own.
        inputs: Names of what it takes.
        outputs: Names of what it gives.
        attributes: Its attributes: numbers, strings, or the tensor of a Constant.
        path: The module that made it, as far as the file says so; empty where it does not.
        where: What errors call it.
    """

    name: str
    op: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute]
    path: str = ""
    where: str = ""

    def read_attribute(self, name: str, kind: type[D]) -> D:
        """Return an attribute's value, or its op's default.

        Raises:
            FormatError: The value is of another type.
        """
        return read_attribute(ONNX, self.op, name, self.attributes.get(name), kind, self.where)


@dataclass
class OnnxGraph:
    """What an ONNX file holds, as far as a reader of weights needs it."""

    nodes: list[OnnxNode] = field(default_factory=list)
    tensors: dict[str, Initializer] = field(default_factory=dict)
