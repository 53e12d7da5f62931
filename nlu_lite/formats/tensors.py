"""Read safetensors files through a memory map, and write them tensor by tensor."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu_lite._util.mapping import release_pages
from nlu_lite.errors import FormatError
from nlu_lite.records import Floats

DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "F64": np.dtype("<f8"),
}


class LazyTensors(Mapping[str, Floats]):
    """Tensors that are loaded at each access, so that they are never all in memory.

    Args:
        loaders: The function that loads each tensor, by name.
    """

    def __init__(self, loaders: Mapping[str, Callable[[], Floats]]) -> None:
        self._loaders = dict(loaders)

    def __getitem__(self, name: str) -> Floats:
        return self._loaders[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaders)

    def __len__(self) -> int:
        return len(self._loaders)


def map_safetensors(path: Path) -> dict[str, Callable[[], Floats]]:
    """Map a safetensors file into memory (https://github.com/huggingface/safetensors#format).

    The map is private, so that the file never changes. Arrays must not be changed either: pages may be read from the
    file again at any time.

    Args:
        path: The file.

    Returns:
        By name, a function for each tensor of floating-point numbers. It returns float32: a view of the map, or a copy
        of a tensor of another type. Tensors of integers (buffers of old exports) are left out.

    Raises:
        FormatError: The file is damaged.
    """
    header, data = _map_file(path)

    def view(entry: dict[str, Any]) -> Floats:
        begin, end = entry["data_offsets"]
        array = _widen(data[begin:end], entry["dtype"]).reshape(entry["shape"])
        if entry["dtype"] != "F32":
            release_pages(data[begin:end])
        return array

    floats = {name: entry for name, entry in header.items() if name != "__metadata__" and entry["dtype"] in DTYPES}
    return {name: partial(view, entry) for name, entry in floats.items()}


def _map_file(path: Path) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    from safetensors import SafetensorError, safe_open

    try:
        # The library checks lengths, offsets and overlaps, so that the code below need not.
        with safe_open(path, framework="numpy"):
            pass
        data: NDArray[np.uint8] = np.memmap(path, np.uint8, mode="c").view(np.ndarray)
    except (SafetensorError, OSError, ValueError) as error:
        raise FormatError(
            f"{path} is damaged ({error})", "a valid safetensors file", "Delete it and fetch it again"
        ) from error
    length = 8 + int(data[:8].view("<u8")[0])
    return json.loads(data[8:length].tobytes()), data[length:]


def _widen(data: NDArray[np.uint8], dtype: str) -> Floats:
    if dtype == "BF16":  # numpy has no such type: it is the upper half of a float32
        return np.frombuffer(np.frombuffer(data, "<u2").astype("<u4") << 16, np.float32)
    return np.require(np.frombuffer(data, DTYPES[dtype]), np.float32, ["A"])


def write_safetensors(
    path: Path, tensors: Mapping[str, Floats], advance: Callable[[int], object] | None = None
) -> None:
    """Write tensors one after another, so that only one is in memory at a time.

    The header comes first in the file, but a shape is known only after its tensor has been loaded. Space for the header
    is therefore reserved and then padded with blanks, as the format allows. `advance` is called with 1 after each
    tensor.
    """
    room = 64 + sum(len(_encode_json(name)) + 160 for name in tensors)
    room += -room % 8
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    place = 0
    with path.open("wb") as file:
        file.seek(8 + room)
        for name in tensors:
            array = np.asarray(tensors[name], "<f4", order="C")
            header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": (place, place + array.nbytes)}
            file.write(array.data)
            place += array.nbytes
            if advance is not None:
                advance(1)
        file.seek(0)
        file.write(room.to_bytes(8, "little"))
        file.write(_encode_json(header).ljust(room))


def _encode_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
