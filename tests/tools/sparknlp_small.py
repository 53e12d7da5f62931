"""Spark NLP's own archives as trees of files, cut down to a few kilobytes: each still as Spark NLP lays it out.

Embedding matrices keep a few rows, graphs the nodes of which a reader takes notice, vocabularies a few records. What is
kept is byte for byte what Spark NLP wrote, under new lengths and checksums.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import google_crc32c
from sparknlp_golden import DATA
from sparknlp_writer import mask, put, put32, sequence_file, table, varint

from nlu_lite.formats.sparknlp.graph import EPSILON, INSIDE, QUERY, SPLIT
from nlu_lite.formats.sparknlp.hadoop import read_records
from nlu_lite.formats.sparknlp.javaobj import read_stream
from nlu_lite.formats.sparknlp.leveldb import read_table

ROWS = 8
"""Rows that are kept of an embedding matrix of words; positions stay whole."""
PIECES = 60
OBJECT_GRAPH = b"_CHECKPOINTABLE_OBJECT_GRAPH"

Field = tuple[int, int, "int | bytes"]
"""Number, wire type, and a varint's value or the bytes."""


@dataclass
class Tree:
    """An archive: files by name, the engine's zip as files of its own.

    Attributes:
        files: The outer zip's files but the engine's.
        engine: Name of the engine's zip.
        inner: That zip's files.
        unpacked: Whether it is written as a folder; else as a zip.
        inner_edit: What is done to the bytes of the engine's zip.
        outer_edit: What is done to the bytes of the outer one.
        modes: File modes of entries, by name.
        doubles: Names that get a second entry.
    """

    files: dict[str, bytes]
    engine: str
    inner: dict[str, bytes]
    unpacked: bool = False
    inner_edit: Callable[[bytes], bytes] = bytes
    outer_edit: Callable[[bytes], bytes] = bytes
    modes: dict[str, int] = field(default_factory=dict)
    doubles: list[str] = field(default_factory=list)

    def copy(self) -> Tree:
        return replace(
            self, files=dict(self.files), inner=dict(self.inner), modes=dict(self.modes), doubles=list(self.doubles)
        )

    def pack(self) -> bytes:
        engine = self.inner_edit(self.zipped(self.inner))
        return self.outer_edit(self.zipped({**self.files, self.engine: engine}))

    def zipped(self, files: Mapping[str, bytes]) -> bytes:
        out = io.BytesIO()
        with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            warnings.simplefilter("ignore")
            for name, data in files.items():
                for _ in range(2 if name in self.doubles else 1):
                    info = zipfile.ZipInfo(name)
                    info.compress_type = zipfile.ZIP_DEFLATED if len(data) < 1 << 17 else zipfile.ZIP_STORED
                    info.external_attr = self.modes.get(name, 0o100644) << 16
                    archive.writestr(info, data)
        return out.getvalue()


def open_tree(path: Path) -> Tree:
    """Read an archive's files."""
    with zipfile.ZipFile(path) as archive:
        files = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    engine = next(name for name in files if name.endswith(("_tensorflow", "_onnx")))
    with zipfile.ZipFile(io.BytesIO(files.pop(engine))) as archive:
        inner = {info.filename: archive.read(info) for info in archive.infolist()}
    return Tree(files, engine, inner)


@cache
def small(name: str) -> Tree:
    """Return a reduced copy of a golden archive."""
    tree = open_tree(DATA / f"{name}.zip")
    for file in list(tree.files):
        if file.endswith("_spp"):
            tree.files[file] = _first_pieces(tree.files[file])
            tree.files.pop(f".{file}.crc", None)
        if re.match(r"fields/(vocabulary|merges)/", file) and "crc" in file:
            del tree.files[file]
    if "fields/vocabulary/part-00000" in tree.files:
        _cut_vocabulary(tree.files)
    if "variables.index" in tree.inner:
        rows = PIECES_OF_VOCABULARY if "fields/vocabulary/part-00000" in tree.files else ROWS
        _cut_bundle(tree.inner, rows)
        tree.inner["saved_model.pb"] = _cut_graph(tree.inner["saved_model.pb"])
    else:
        tree.inner["model.onnx"] = _cut_onnx(tree.inner["model.onnx"])
    return tree


# --- protocol buffers ------------------------------------------------------------------------------------------------


def parse(data: bytes) -> list[Field]:
    """Parse a message.

    Raises:
        ValueError: It is none.
    """
    fields: list[Field] = []
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        number, wire = key >> 3, key & 7
        if not number or wire not in (0, 1, 2, 5):
            raise ValueError("no field")
        value: int | bytes
        if wire == 0:
            value, place = _varint(data, place)
        else:
            length = {1: 8, 5: 4}.get(wire, 0)
            if wire == 2:
                length, place = _varint(data, place)
            value, place = data[place : place + length], place + length
            if place > len(data):
                raise ValueError("a field beyond the end")
        fields.append((number, wire, value))
    return fields


def join(fields: list[Field]) -> bytes:
    """Serialize a message."""
    out = bytearray()
    for number, wire, value in fields:
        out += varint(number << 3 | wire)
        if isinstance(value, int):
            out += varint(value)
        else:
            out += (varint(len(value)) if wire == 2 else b"") + value
    return bytes(out)


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if place >= len(data) or shift > 63:
            raise ValueError("a number beyond the end")
        byte = data[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


def first(data: bytes, number: int, default: bytes | int = b"") -> int | bytes:
    """Return the last value of a field, which counts in protocol buffers."""
    return {n: value for n, _, value in parse(data)}.get(number, default)


# --- cutting ---------------------------------------------------------------------------------------------------------

PIECES_OF_VOCABULARY = 5100
"""Rows of embedding matrices whose vocabulary keeps its ids, which lie anywhere."""


def _first_pieces(model: bytes) -> bytes:
    fields = parse(model)
    pieces = [f for f in fields if f[0] == 1][:PIECES]
    return join(pieces + [f for f in fields if f[0] != 1])


def _records(files: Mapping[str, bytes], folder: str) -> list[bytes]:
    names = sorted(name for name in files if name.startswith(f"{folder}/part-"))
    return [record for name in names for record in read_records(files[name], name)]


def _cut_vocabulary(files: dict[str, bytes]) -> None:
    """Keep one record of merges, and the records of the vocabulary that it and the special pieces need."""
    needed = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "<s>", "<pad>", "</s>", "<unk>"}
    merges = _records(files, "fields/merges")[:1]
    for merge in (item.fields["_1"].fields for record in merges for item in read_stream(record, "merges")):
        needed |= {merge["_1"], merge["_2"], merge["_1"] + merge["_2"]}
    pieces = _records(files, "fields/vocabulary")
    kept = [r for r in pieces if needed & {item.fields["_1"] for item in read_stream(r, "vocabulary")}]
    for folder, records in (("vocabulary", kept), ("merges", merges)):
        for name in [name for name in files if name.startswith(f"fields/{folder}/")]:
            del files[name]
        if records:
            half = len(records) // 2
            files[f"fields/{folder}/part-00000"] = sequence_file(records[:half])
            files[f"fields/{folder}/part-00001"] = sequence_file(records[half:])


def _cut_bundle(inner: dict[str, bytes], rows: int) -> None:
    data = inner["variables.data-00000-of-00001"]
    entries = read_table(inner["variables.index"], "variables.index")
    out = bytearray()
    for key, entry in entries.items():
        if not key:
            continue
        offset, size = int(first(entry, 4, 0)), int(first(entry, 5, 0))
        values = data[offset : offset + size]
        shape = [int(first(v, 1, 0)) for n, _, v in parse(bytes(first(entry, 2))) if n == 2 and isinstance(v, bytes)]
        if len(shape) == 2 and shape[0] > 1000 and key != OBJECT_GRAPH:
            shape[0] = min(rows, shape[0])
            values = values[: 4 * shape[0] * shape[1]]
        entries[key] = _moved(entry, shape, len(out), values, key == OBJECT_GRAPH)
        out += values
    inner["variables.data-00000-of-00001"] = bytes(out)
    inner["variables.index"] = table(entries)


def _moved(entry: bytes, shape: list[int], offset: int, values: bytes, keep_sum: bool) -> bytes:
    dimensions = b"".join(put(2, put(1, size)) for size in shape)
    crc = first(entry, 6)
    stored = struct.unpack("<I", bytes(crc))[0] if keep_sum and isinstance(crc, bytes) else None
    total = mask(google_crc32c.value(values)) if stored is None else stored
    head = put(1, int(first(entry, 1, 0))) + put(2, dimensions) + put(4, offset) + put(5, len(values))
    return head + put32(6, total)


def _is_noticed(node: bytes) -> bool:
    name, op = str(bytes(first(node, 1)), "utf-8"), bytes(first(node, 2))
    if op in (b"VarHandleOp",) or SPLIT.match(name) or EPSILON.search(name) or QUERY.search(name):
        return True
    return op in (b"Erf", b"Tanh", b"Relu", b"Sigmoid") and INSIDE.search(name) is not None


def _cut_graph(graph: bytes) -> bytes:
    """Keep the nodes that a reader uses, and the first function that has any."""
    fields: list[Field] = []
    for number, wire, value in parse(graph):
        if number == 1 and isinstance(value, bytes) and _is_noticed(value):
            fields.append((number, wire, value))
        elif number == 2 and isinstance(value, bytes):
            functions = [(n, w, _cut_function(v)) for n, w, v in parse(value) if n == 1 and isinstance(v, bytes)]
            longest = sorted(functions, key=lambda f: -len(f[2]))[:1]
            fields.append((number, wire, join([(n, w, v) for n, w, v in longest])))
    return join(fields)


def _cut_function(function: bytes) -> bytes:
    fields = parse(function)
    return join([f for f in fields if f[0] != 3 or (isinstance(f[2], bytes) and _is_noticed(f[2]))])


def _cut_onnx(model: bytes) -> bytes:
    return join([(n, w, _cut_onnx_graph(v) if n == 7 and isinstance(v, bytes) else v) for n, w, v in parse(model)])


def _cut_onnx_graph(graph: bytes) -> bytes:
    return join([(n, w, _cut_initializer(v) if n == 5 and isinstance(v, bytes) else v) for n, w, v in parse(graph)])


def _cut_initializer(tensor: bytes) -> bytes:
    fields = parse(tensor)
    shape = [v for n, _, v in fields if n == 1]
    if not shape or shape[0] not in range(1000, 1 << 20) or len(shape) != 2:
        return tensor
    rest = [
        (n, w, v[: 4 * ROWS * int(shape[1])] if n == 9 and isinstance(v, bytes) else v) for n, w, v in fields if n != 1
    ]
    return join([(1, 0, ROWS), (1, 0, shape[1]), *rest])
