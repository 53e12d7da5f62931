"""The parts of an ONNX file: nodes and initializers (onnx/onnx.proto of github.com/onnx/onnx)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nlu_lite.formats.sparknlp.archive import ByteSource
from nlu_lite.formats.sparknlp.attributes import ONNX, D, read_attribute
from nlu_lite.formats.sparknlp.faults import format_error, unsupported_error
from nlu_lite.formats.sparknlp.values import Extent, Number

NUMBERS = {1: Number.FLOAT32, 10: Number.FLOAT16, 16: Number.BFLOAT16}
QUANTIZED = {2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 21: "uint4", 22: "int4"}


@dataclass(frozen=True)
class Initializer:
    """A TensorProto.

    Attributes:
        name: Its name in the graph.
        kind: Its DataType.
        shape: Its shape.
        source: The file with its data.
        offset: The first byte of its data.
        size: The size of its data in bytes.
        values: The numbers of a small tensor. None for a large one.
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
        """The file and the tensor, for error messages."""
        return f"{self.source.name}, tensor {self.name!r} at {self.offset}"

    def locate(self) -> Extent:
        """Return the location of the tensor's data.

        Raises:
            UnsupportedReference: Its numbers are not floats.
            FormatError: Its shape does not match its size.
        """
        number = NUMBERS.get(self.kind)
        if number is None:
            kind = QUANTIZED.get(self.kind, f"ONNX's type {self.kind}")
            raise unsupported_error(self.where, f"numbers of {kind}", "floats: quantized models are not supported")
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
        op: The type of its operator.
        domain: The domain of the operator. Empty for ONNX's own.
        inputs: The names of its inputs.
        outputs: The names of its outputs.
        attributes: Its attributes: numbers, strings, or the tensor of a Constant.
        path: The module that it belongs to. Empty if the file does not name one.
        where: Its name in error messages.
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
            FormatError: The value has another type.
        """
        return read_attribute(ONNX, self.op, name, self.attributes.get(name), kind, self.where)


@dataclass
class OnnxGraph:
    """The parts of an ONNX file that a reader of weights needs."""

    nodes: list[OnnxNode] = field(default_factory=list)
    tensors: dict[str, Initializer] = field(default_factory=dict)
