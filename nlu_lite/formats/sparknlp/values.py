"""Numbers in a file become float32 arrays, a few megabytes at a time, so that no second copy of a matrix exists."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from nlu_lite.formats.sparknlp.archive import ByteSource, check_range
from nlu_lite.formats.sparknlp.faults import checksum_error, format_error
from nlu_lite.formats.sparknlp.leveldb import crc32c, mask_crc
from nlu_lite.records import Floats

CHUNK = 4 << 20


class Number(Enum):
    """How a number lies in the file: numpy's type for its bytes, all little-endian."""

    FLOAT32 = "<f4"
    FLOAT16 = "<f2"
    BFLOAT16 = "<u2"  # the upper half of a float32, for which numpy has no type

    @property
    def width(self) -> int:
        """Bytes of a number."""
        return np.dtype(self.value).itemsize


@dataclass(frozen=True)
class Extent:
    """Where a tensor's numbers lie.

    Attributes:
        source: The file.
        offset: Their first byte.
        number: Their type.
        shape: The tensor's shape as the file has it.
        checksum: The masked CRC32C of the bytes; None where the format states none.
        name: What errors call the tensor.
    """

    source: ByteSource
    offset: int
    number: Number
    shape: tuple[int, ...]
    checksum: int | None
    name: str

    @property
    def size(self) -> int:
        """Bytes of the tensor."""
        return math.prod(self.shape) * self.number.width

    @property
    def where(self) -> str:
        """The file and the tensor, for errors."""
        return f"{self.source.name}, tensor {self.name!r} at {self.offset}"


@dataclass(frozen=True)
class Tensor:
    """A tensor that is read when it is asked for.

    Attributes:
        extent: Where it lies.
        shape: Its shape in transformers' orientation.
        turn: What brings the file's array into that orientation.
    """

    extent: Extent
    shape: tuple[int, ...]
    turn: Callable[[Floats], Floats]

    def load(self) -> Floats:
        """Read the tensor: float32, C-contiguous, a new array each time.

        Raises:
            IntegrityError: Its bytes have another checksum than the archive states.
            FormatError: It holds NaN or infinity, or cannot be read.
        """
        return np.ascontiguousarray(self.turn(read_floats(self.extent)).reshape(self.shape))


def keep_orientation(array: Floats) -> Floats:
    """Leave an array as the file has it."""
    return array


def transpose(array: Floats) -> Floats:
    """Turn a matrix that maps rows into torch's, which maps columns."""
    return array.T


def read_floats(extent: Extent) -> Floats:
    """Read a tensor as the file has it, and check it on the way."""
    check_range(extent.source, extent.offset, extent.size)
    values = np.empty(math.prod(extent.shape), np.float32)
    width, crc = extent.number.width, 0
    for begin in range(0, extent.size, CHUNK):
        data = extent.source.read_at(extent.offset + begin, min(CHUNK, extent.size - begin))
        crc = crc32c(data, crc) if extent.checksum is not None else 0
        part = values[begin // width : (begin + len(data)) // width]
        part[:] = _widen(data, extent.number)
    # A flipped bit often gives a NaN too: the checksum tells the truer reason.
    if extent.checksum is not None and mask_crc(crc) != extent.checksum:
        raise checksum_error(extent.where, f"CRC32C {mask_crc(crc):#010x}", f"{extent.checksum:#010x}")
    if not all(np.isfinite(values[begin : begin + CHUNK]).all() for begin in range(0, len(values), CHUNK)):
        raise format_error(extent.where, "NaN or infinity among its numbers", "finite weights")
    return values.reshape(extent.shape)


def _widen(data: bytes, number: Number) -> NDArray[np.floating]:
    stored = np.frombuffer(data, number.value)
    if number is Number.BFLOAT16:
        return (stored.astype(np.uint32) << 16).view(np.float32)
    return stored
