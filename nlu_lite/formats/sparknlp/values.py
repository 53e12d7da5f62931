"""Read the numbers of a file as float32 arrays, a few megabytes at a time, so that no matrix is copied."""

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
    """The types of numbers in a file, by numpy's type for their bytes. All are little-endian."""

    FLOAT32 = "<f4"
    FLOAT16 = "<f2"
    BFLOAT16 = "<u2"  # the upper half of a float32, for which numpy has no type

    @property
    def width(self) -> int:
        """The size of a number in bytes."""
        return np.dtype(self.value).itemsize


@dataclass(frozen=True)
class Extent:
    """The location of a tensor's data.

    Attributes:
        source: The file.
        offset: The first byte.
        number: The type of the numbers.
        shape: The shape of the tensor in the file.
        checksum: The masked CRC32C of the bytes. None if the format has none.
        name: The name of the tensor in error messages.
    """

    source: ByteSource
    offset: int
    number: Number
    shape: tuple[int, ...]
    checksum: int | None
    name: str

    @property
    def size(self) -> int:
        """The size of the tensor in bytes."""
        return math.prod(self.shape) * self.number.width

    @property
    def where(self) -> str:
        """The file and the tensor, for error messages."""
        return f"{self.source.name}, tensor {self.name!r} at {self.offset}"


@dataclass(frozen=True)
class Tensor:
    """A tensor that is read at each access.

    Attributes:
        extent: The location of its data.
        shape: Its shape in transformers' orientation.
        orient: The function that brings the file's array into that orientation.
    """

    extent: Extent
    shape: tuple[int, ...]
    orient: Callable[[Floats], Floats]

    def load(self) -> Floats:
        """Read the tensor: float32, C-contiguous, a new array each time.

        Raises:
            IntegrityError: Its bytes do not match their checksum in the archive.
            FormatError: It contains NaN or infinity, or cannot be read.
        """
        return np.ascontiguousarray(self.orient(read_floats(self.extent)).reshape(self.shape))


def keep_orientation(array: Floats) -> Floats:
    """Return the array unchanged."""
    return array


def transpose(array: Floats) -> Floats:
    """Transpose a matrix of shape [in, out] into torch's [out, in]."""
    return array.T


def read_floats(extent: Extent) -> Floats:
    """Read a tensor in the file's orientation, and check its numbers and its checksum."""
    check_range(extent.source, extent.offset, extent.size)
    values = np.empty(math.prod(extent.shape), np.float32)
    width, crc = extent.number.width, 0
    for begin in range(0, extent.size, CHUNK):
        data = extent.source.read_at(extent.offset + begin, min(CHUNK, extent.size - begin))
        crc = crc32c(data, crc) if extent.checksum is not None else 0
        part = values[begin // width : (begin + len(data)) // width]
        part[:] = _widen(data, extent.number)
    # The checksum is compared first: a flipped bit often causes a NaN, which would hide the real reason.
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
