import struct

import numpy as np
import pytest

HIDDEN, LAYERS, WIDE, PIECES, POSITIONS = 32, 1, 64, 12, 6
NAMES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "a", "b", "▁a", "c", "▁c", "d", "<mask>"]


def shapes():
    yield "emb.word", (PIECES + 3, HIDDEN)
    yield "emb.pos", (POSITIONS, HIDDEN)
    yield "emb.type", (2, HIDDEN)
    for part in ("emb.ln", *(f"l0.{name}" for name in ("aln", "oln"))):
        yield f"{part}.w", (HIDDEN,)
        yield f"{part}.b", (HIDDEN,)
    matrices = {"q": HIDDEN, "k": HIDDEN, "v": HIDDEN, "ao": HIDDEN, "fi": WIDE, "fo": HIDDEN}
    for part, rows in matrices.items():
        yield f"l0.{part}.w", (rows, WIDE if part == "fo" else HIDDEN)
        yield f"l0.{part}.b", (rows,)


def quantised(values):
    """Quantize as the format does: blocks of 32 values, a half-precision scale, low nibbles first."""
    blocks = values.reshape(-1, 32)
    scales = (np.abs(blocks).max(axis=1) / 7).astype("<f2")
    steps = np.clip(np.rint(blocks / scales.astype(np.float32)[:, None]), -8, 7).astype(np.int8) + 8
    nibbles = (steps[:, :16] | steps[:, 16:] << 4).astype(np.uint8)
    data = b"".join(scale.tobytes() + row.tobytes() for scale, row in zip(scales, nibbles, strict=True))
    restored = (steps - 8).astype(np.float32) * scales.astype(np.float32)[:, None]
    return data, restored.reshape(values.shape)


class E5File:
    """A small file in the packaged model's format, and its values."""

    def __init__(self, seed=5):
        random = np.random.default_rng(seed)
        blob = "".join(NAMES).encode()
        ends = np.cumsum([0] + [len(name.encode()) for name in NAMES])
        mapped = [(ord("B"), "b"), (0x200D, " "), (0xFB01, "fi")]
        norm = b"".join(struct.pack("<IB", p, len(t)) + np.array([*map(ord, t)], "<u4").tobytes() for p, t in mapped)
        head = b"E5S1" + struct.pack(
            "<i7ifi5iQ", 1, HIDDEN, LAYERS, 4, WIDE, PIECES + 3, POSITIONS, 2, 1e-12, 32, PIECES, 0, 2, 1, 3, len(blob)
        )
        head += ends.astype("<u4").tobytes() + np.linspace(-1, -2, PIECES).astype("<f4").tobytes() + blob
        head += struct.pack("<iI", len(mapped), len(norm)) + norm
        parts = list(shapes())
        index = sum(2 + len(name) + 21 for name, _ in parts)
        place = len(head) + 4 + index
        entries, bodies, self.values = b"", b"", {}
        for name, shape in parts:
            values = random.normal(size=shape).astype(np.float32)
            is_matrix = name == "emb.word" or (len(shape) == 2 and name.startswith("l0"))
            data, self.values[name] = quantised(values) if is_matrix else (values.tobytes(), values)
            entry = struct.pack("<BIQQ", int(is_matrix), values.size, place + len(bodies), len(data))
            entries += struct.pack("<H", len(name)) + name.encode() + entry
            bodies += data
        self.data = head + struct.pack("<i", len(parts)) + entries + bodies
        self.described = len(head) + 4 + index  # bytes before the tensors


@pytest.fixture(scope="session")
def e5_file():
    return E5File()
