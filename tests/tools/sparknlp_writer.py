"""Writes archives as Spark NLP saves them, of any size, with given or random weights: for tests and measurements.

Only what a reader looks at is written: the graphs hold the nodes that name variables, heads, epsilon and activation,
and compute nothing.

    python tests/tools/sparknlp_writer.py OUT.zip --hidden 768 --layers 12 --heads 12 --pieces 250002
"""

from __future__ import annotations

import argparse
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np

from nlu_lite.formats.sparknlp.kinds import KINDS, AnnotatorKind, ModelFamily, Vocabulary

Tensors = Mapping[str, Callable[[], np.ndarray]]

# --- the wire formats ------------------------------------------------------------------------------------------------


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes([*encoded, value])


def put(number: int, value: int | str | bytes) -> bytes:
    """Write a protobuf field: a number as a varint, anything else with its length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def put32(number: int, value: int) -> bytes:
    return varint(number << 3 | 5) + struct.pack("<I", value)


def put_float(number: int, value: float) -> bytes:
    return varint(number << 3 | 5) + struct.pack("<f", value)


def mask(crc: int) -> int:
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def table(entries: Mapping[bytes, bytes], per_block: int = 16) -> bytes:
    """Write a LevelDB table."""
    out, index = bytearray(), {}
    keys = sorted(entries)
    for begin in range(0, len(keys), per_block):
        part = keys[begin : begin + per_block]
        index[part[-1]] = append_block(out, block({key: entries[key] for key in part}))
    meta = append_block(out, block({}))
    footer = meta + append_block(out, block(index))
    return bytes(out) + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def block(entries: Mapping[bytes, bytes]) -> bytes:
    out, last = bytearray(), b""
    for key, value in entries.items():
        shared = next((i for i, (a, b) in enumerate(zip(key, last, strict=False)) if a != b), min(len(key), len(last)))
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    return bytes(out) + struct.pack("<II", 0, 1)


def append_block(out: bytearray, data: bytes) -> bytes:
    """Append a block with its trailer, and return its handle."""
    handle = varint(len(out)) + varint(len(data))
    out += data + b"\0"
    out += struct.pack("<I", mask(google_crc32c.value(data + b"\0")))
    return handle


# --- what is written -------------------------------------------------------------------------------------------------


class Number(Enum):
    """How weights are stored: the numbers of the types in TensorFlow and ONNX."""

    FLOAT32 = (1, 1)
    FLOAT16 = (19, 10)
    BFLOAT16 = (14, 16)
    INT8 = (6, 3)

    def pack(self, values: np.ndarray) -> bytes:
        if self is Number.BFLOAT16:
            return (np.ascontiguousarray(values, "<f4").view("<u4") >> 16).astype("<u2").tobytes()
        return values.astype({1: "<f4", 19: "<f2", 6: "i1"}[self.value[0]]).tobytes()


class Names(Enum):
    """The source of the names of a bundle's variables."""

    OBJECT_GRAPH = "object graph"
    GRAPH = "the graph's variables, by number"
    PLAIN = "keys of the bundle"
    GOOGLE = "keys of the bundle, as Google's BERT has them"


class Norm(Enum):
    """The normalization and activation of an ONNX graph."""

    DECOMPOSED = "decomposed"
    NODES = "LayerNormalization and Gelu"


@dataclass(frozen=True)
class Model:
    """The content of an archive. `tensors` are random if None."""

    annotator: str = "XlmRoBertaEmbeddings"
    hidden: int = 16
    layers: int = 2
    heads: int = 2
    inner: int = 32
    pieces: int = 60
    positions: int = 40
    types: int = 1
    embedding: int = 8
    epsilon: float = 1e-5
    activation: str = "gelu"
    number: Number = Number.FLOAT32
    shards: int = 1
    names: Names = Names.OBJECT_GRAPH
    prefix: str = "tfxlm_roberta_model/roberta"
    onnx_prefix: str = "m."
    norm: Norm = Norm.DECOMPOSED
    external: bool = False
    pooler: bool = True
    seed: int = 1
    compression: int = zipfile.ZIP_DEFLATED
    extra: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=lambda: {"caseSensitive": True, "maxSentenceLength": 128})

    @property
    def kind(self) -> AnnotatorKind:
        return KINDS[self.annotator]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return transformers' names of the tensors, and their shapes."""
        sizes = {"V": self.pieces, "P": self.positions, "T": self.types}
        sizes |= {"E": self.embedding, "H": self.hidden, "I": self.inner}
        family = self.kind.family
        names = [*family.fixed, *family.pooler] if self.pooler else [*family.fixed]
        names += [prefix + part for prefix in layer_prefixes(family, self.layers) for part in family.layer]
        shapes = {name: tuple(sizes[letter] for letter in family.find_shape(name)) for name in names}
        return {name: shape for name, shape in (shapes | dict(self.extra)).items() if name not in self.without}

    def tensors(self) -> Tensors:
        """Return the random weights, each of which is created on access."""
        return {name: maker(shape, self.seed + n) for n, (name, shape) in enumerate(self.shapes().items())}


def layer_prefixes(family: ModelFamily, layers: int) -> list[str]:
    if family.layer_prefix.count("#") == 2:  # ALBERT: one shared layer
        return [family.layer_prefix.replace("#", "0")]
    return [family.layer_prefix.replace("#", str(n)) for n in range(layers)]


def maker(shape: tuple[int, ...], seed: int) -> Callable[[], np.ndarray]:
    return lambda: np.random.default_rng(seed).normal(0, 0.05, shape).astype(np.float32)


# --- TensorFlow ------------------------------------------------------------------------------------------------------


def variable_name(name: str, model: Model) -> str:
    """Return TensorFlow's name of a tensor."""
    path = name.replace(".", "/")
    for part in ("layer", "albert_layer_groups", "albert_layers"):
        path = path.replace(f"{part}/", f"{part}_._" if model.names is not Names.GOOGLE else f"{part}_")
    head, _, last = path.rpartition("/")
    if "_embeddings/" in path:
        table = "" if model.names is Names.GOOGLE else "/weight" if "word" in path else "/embeddings"
        path = head + table
    elif "orm/" in path or "layer_norm/" in path:
        path = f"{head}/{'gamma' if last == 'weight' else 'beta'}"
    elif last == "weight":
        path = f"{head}/kernel"
    return f"{model.prefix}/{path}"


def is_kernel(name: str, shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and "embeddings." not in name


def write_bundle(out: zipfile.ZipFile, model: Model, tensors: Tensors) -> list[str]:
    """Write shards and index, and return the names of the variables in order."""
    shapes = model.shapes()
    keys = {name: bundle_key(n, name, model) for n, name in enumerate(tensors)}
    names = {name: variable_name(name, model) for name in tensors}
    entries = {b"": put(1, model.shards) + put(3, put(1, 1))}
    for shard in range(model.shards):
        with out.open(f"variables.data-{shard:05d}-of-{model.shards:05d}", "w", force_zip64=True) as file:
            place = 0
            for name in list(tensors)[shard :: model.shards]:
                values = tensors[name]()
                turned = values.T if is_kernel(name, shapes[name]) else values
                data = model.number.pack(turned)
                entries[keys[name].encode()] = entry(model.number.value[0], turned.shape, shard, place, data)
                file.write(data)
                place += len(data)
            if shard == 0 and model.names is Names.OBJECT_GRAPH:
                data, crc = object_graph({names[name]: key for name, key in keys.items()})
                shape = put(3, shard) + put(4, place) + put(5, len(data)) + put32(6, mask(crc))
                entries[b"_CHECKPOINTABLE_OBJECT_GRAPH"] = put(1, 7) + put(2, b"") + shape
                file.write(data)
    out.writestr("variables.index", table(entries))
    return list(names.values())


def bundle_key(number: int, name: str, model: Model) -> str:
    numbered = model.names in (Names.OBJECT_GRAPH, Names.GRAPH)
    return f"variables/{number}/.ATTRIBUTES/VARIABLE_VALUE" if numbered else variable_name(name, model)


def entry(kind: int, shape: tuple[int, ...], shard: int, offset: int, data: bytes) -> bytes:
    dimensions = b"".join(put(2, put(1, size)) for size in shape)
    place = put(3, shard) + put(4, offset) + put(5, len(data))
    return put(1, kind) + put(2, dimensions) + place + put32(6, mask(google_crc32c.value(data)))


def object_graph(keys: Mapping[str, str]) -> tuple[bytes, int]:
    """Write a tensor of one string, a TrackableObjectGraph; return it and its CRC32C."""
    nodes = (put(1, put(2, put(1, "VARIABLE_VALUE") + put(2, name) + put(3, key))) for name, key in keys.items())
    text = b"".join(nodes)
    lengths = google_crc32c.value(struct.pack("<I", len(text)))
    check = struct.pack("<I", mask(lengths))
    crc = google_crc32c.extend(google_crc32c.extend(lengths, check), text)
    return varint(len(text)) + check + text, crc


def graph(model: Model, variables: list[str]) -> bytes:
    """Write a GraphDef: the variables, and a function with the constants that a reader uses."""
    nodes = b"".join(put(1, put(1, name) + put(2, "VarHandleOp")) for name in variables)
    inner = b"".join(put(3, node) for node in function_nodes(model))
    signature = put(1, put(1, "__inference_serving_1"))
    return nodes + put(2, put(1, signature + inner))


def function_nodes(model: Model) -> Iterator[bytes]:
    path = model.prefix.rpartition("/")[2] or "model"
    inside = "transformer" if model.kind.family.model_type == "distilbert" else "encoder"
    for n in range(model.layers):
        layer = f"{path}/{inside}/layer_._{n}"
        split = f"{layer}/attention/self/Reshape/shape"
        for axis, size in ((1, -1), (2, model.heads), (3, model.hidden // model.heads)):
            yield constant(f"{split}/{axis}", put(1, 3) + put(2, b"") + put(7, varint(size)))
        yield (
            put(1, split)
            + put(2, "Pack")
            + b"".join(put(3, x) for x in ("a", f"{split}/1", f"{split}/2", f"{split}/3"))
        )
        epsilon = put(1, 1) + put(2, b"") + put(5, struct.pack("<f", model.epsilon))
        yield constant(f"{layer}/output/LayerNorm/batchnorm/add/y", epsilon)
        op = {"gelu": "Erf", "gelu_new": "Tanh", "relu": "Relu", "silu": "Sigmoid"}[model.activation]
        yield put(1, f"{layer}/intermediate/Gelu/{op}") + put(2, op)
        yield put(1, f"{layer}/attention/query/Tensordot_{n}/MatMul") + put(2, "MatMul")


def constant(name: str, tensor: bytes) -> bytes:
    return put(1, name) + put(2, "Const") + put(5, put(1, "value") + put(2, put(8, tensor)))


# --- ONNX ------------------------------------------------------------------------------------------------------------


def write_onnx(out: zipfile.ZipFile, model: Model, tensors: Tensors) -> None:
    """Write model.onnx, and model.onnx_data next to it if the data are external."""
    nodes = b"".join(put(1, node) for node in onnx_nodes(model, tensors))
    if not model.external:
        sizes = {name: len(onnx_tensor(name, model, b"")) for name in tensors}
        total = len(nodes) + sum(framed(sizes[name], payload(model, name)) for name in tensors)
        with out.open("model.onnx", "w", force_zip64=True) as file:
            file.write(put(1, 7) + varint(7 << 3 | 2) + varint(total) + nodes)
            for name in tensors:
                data = onnx_data(name, model, tensors)
                head = onnx_tensor(name, model, b"")
                whole = len(head) + 1 + len(varint(len(data))) + len(data)
                file.write(varint(5 << 3 | 2) + varint(whole) + head + varint(9 << 3 | 2) + varint(len(data)))
                file.write(data)
        return
    place, initializers = 0, b""
    with out.open("model.onnx_data", "w", force_zip64=True) as file:
        for name in tensors:
            data = onnx_data(name, model, tensors)
            pairs = {"location": "model.onnx_data", "offset": str(place), "length": str(len(data))}
            lines = b"".join(put(13, put(1, key) + put(2, value)) for key, value in pairs.items())
            initializers += put(5, onnx_tensor(name, model, lines + put(14, 1)))
            file.write(data)
            place += len(data)
    out.writestr("model.onnx", put(1, 7) + put(7, nodes + initializers))


def payload(model: Model, name: str) -> int:
    width = {Number.FLOAT32: 4, Number.INT8: 1}.get(model.number, 2)
    return int(np.prod(model.shapes()[name])) * width


def framed(head: int, data: int) -> int:
    whole = head + 1 + len(varint(data)) + data
    return 1 + len(varint(whole)) + whole


def onnx_data(name: str, model: Model, tensors: Tensors) -> bytes:
    values = tensors[name]()
    return model.number.pack(values.T if is_kernel(name, values.shape) else values)


def onnx_tensor(name: str, model: Model, rest: bytes) -> bytes:
    """Write a TensorProto without its data. Matrices of products lose their names and are transposed."""
    shape = model.shapes()[name]
    turned = shape[::-1] if is_kernel(name, shape) else shape
    return (
        b"".join(put(1, size) for size in turned)
        + put(2, model.number.value[1])
        + put(8, value_name(name, model))
        + rest
    )


def value_name(name: str, model: Model) -> str:
    if is_kernel(name, model.shapes()[name]):
        return f"onnx::MatMul_{sum(map(ord, name)) * 1000 + list(model.shapes()).index(name)}"
    return model.onnx_prefix + name


def onnx_node(op: str, name: str, inputs: list[str], output: str, attributes: bytes = b"", domain: str = "") -> bytes:
    ends = b"".join(put(1, x) for x in inputs) + put(2, output)
    return ends + put(3, name) + put(4, op) + attributes + (put(7, domain) if domain else b"")


def onnx_constant(name: str, kind: int, values: list[float]) -> bytes:
    data = struct.pack(f"<{len(values)}{'f' if kind == 1 else 'q'}", *values)
    shape = put(1, len(values)) if kind == 7 else b""
    tensor = shape + put(2, kind) + put(9, data)
    return onnx_node("Constant", name, [], name, put(5, put(1, "value") + put(5, tensor) + put(20, 4)))


def onnx_nodes(model: Model, tensors: Tensors) -> Iterator[bytes]:
    family = model.kind.family
    root = "/" + model.onnx_prefix.replace(".", "/")
    for name in tensors:
        module, _, last = name.rpartition(".")
        value = value_name(name, model)
        if last != "weight":
            continue
        path = root + module.replace("layer/", "layer.").replace(".", "/").replace("/layer/", "/layer.")
        if is_kernel(name, model.shapes()[name]):
            yield from onnx_dense(model, path, value, f"{model.onnx_prefix}{module}.bias", module, family)
        elif "_embeddings" in name:
            yield onnx_node("Gather", f"{path}/Gather", [value, "input_ids"], f"{path}/Gather_output_0")
        else:
            yield from onnx_norm(model, path, value, f"{model.onnx_prefix}{module}.bias")


def onnx_dense(model, path, matrix, bias, module, family) -> Iterator[bytes]:
    yield onnx_node("MatMul", f"{path}/MatMul", ["x", matrix], f"{path}/MatMul_output_0")
    yield onnx_node("Add", f"{path}/Add", [bias, f"{path}/MatMul_output_0"], f"{path}/Add_output_0")
    if module.endswith(family.query):
        for name, value in (("heads", model.heads), ("width", model.hidden // model.heads)):
            yield onnx_constant(f"{path}/{name}", 7, [value])
        parts = ["batch", "length", f"{path}/heads", f"{path}/width"]
        yield onnx_node("Concat", f"{path}/Concat", parts, f"{path}/Concat_output_0")
        yield onnx_node("Reshape", f"{path}/Reshape", [f"{path}/Add_output_0", f"{path}/Concat_output_0"], f"{path}/r")
    if module.endswith(family.feed_forward):
        yield from onnx_activation(model, path)


def onnx_activation(model: Model, path: str) -> Iterator[bytes]:
    is_tanh = model.activation == "gelu_new"
    if model.norm is Norm.NODES:
        attributes = put(5, put(1, "approximate") + put(4, "tanh") + put(20, 3)) if is_tanh else b""
        yield onnx_node("Gelu", f"{path}/Gelu", [f"{path}/Add_output_0"], f"{path}/g", attributes)
        return
    op = {"gelu": "Erf", "gelu_new": "Tanh", "relu": "Relu", "silu": "Sigmoid"}[model.activation]
    yield onnx_node("Div", f"{path}/Div", [f"{path}/Add_output_0", "sqrt2"], f"{path}/Div_output_0")
    yield onnx_node(op, f"{path}/{op}", [f"{path}/Div_output_0"], f"{path}/g")


def onnx_norm(model: Model, path: str, weight: str, bias: str) -> Iterator[bytes]:
    if model.norm is Norm.NODES:
        epsilon = put(5, put(1, "epsilon") + put_float(2, model.epsilon) + put(20, 1))
        yield onnx_node("LayerNormalization", f"{path}/LN", ["x", weight, bias], f"{path}/LN_output_0", epsilon)
        return
    yield onnx_constant(f"{path}/eps", 1, [model.epsilon])
    yield onnx_node("Add", f"{path}/Add", ["variance", f"{path}/eps"], f"{path}/Add_output_0")
    yield onnx_node("Sqrt", f"{path}/Sqrt", [f"{path}/Add_output_0"], f"{path}/Sqrt_output_0")
    yield onnx_node("Mul", f"{path}/Mul", [f"{path}/Sqrt_output_0", weight], f"{path}/Mul_output_0")
    yield onnx_node("Add", f"{path}/Add_1", [f"{path}/Mul_output_0", bias], f"{path}/Add_1_output_0")


# --- vocabularies ----------------------------------------------------------------------------------------------------


def sentencepiece_model(pieces: int) -> bytes:
    """Write a unigram model: three special pieces, ASCII's characters, `▁`, and made-up words."""
    characters = ["▁", *map(chr, range(33, 127))]
    words = [f"▁{''.join(chr(97 + int(d)) for d in f'{n:07d}')}" for n in range(max(0, pieces - 3 - len(characters)))]
    normal = [*characters, *words][: max(0, pieces - 3)]
    special = [piece("<unk>", 0.0, 2), piece("<s>", 0.0, 3), piece("</s>", 0.0, 3)]
    listed = [piece(text, -5.0 - n / 1e4, 1) for n, text in enumerate(normal)]
    return b"".join([*special, *listed]) + put(2, put(3, 1)) + put(3, put(1, "identity") + put(3, 1))


def piece(text: str, score: float, kind: int) -> bytes:
    return put(1, put(1, text) + put_float(2, score) + put(3, kind))


def java_pairs(pairs: list[tuple[Any, int]]) -> bytes:
    """Write an array of Scala tuples as Java serializes it, without back references."""
    items = b"".join(java_tuple(first, java_integer(second)) for first, second in pairs)
    return b"\xac\xed\0\5\x75" + java_class("[Lscala.Tuple2;", []) + struct.pack(">i", len(pairs)) + items


def java_class(name: str, fields: list[tuple[str, str]]) -> bytes:
    text = struct.pack(">H", len(name)) + name.encode()
    out = b"\x72" + text + b"\0" * 8 + b"\2" + struct.pack(">H", len(fields))
    for kind, label in fields:
        out += kind[:1].encode() + struct.pack(">H", len(label)) + label.encode()
        out += java_string(kind) if kind[0] in "L[" else b""
    return out + b"\x78\x70"


def java_string(text: str) -> bytes:
    data = b"".join(java_unit(unit) for unit in np.frombuffer(text.encode("utf-16-le"), "<u2").tolist())
    return b"\x74" + struct.pack(">H", len(data)) + data


def java_unit(unit: int) -> bytes:
    return b"\xc0\x80" if unit == 0 else chr(unit).encode("utf-8", "surrogatepass")


def java_tuple(first: Any, second: bytes) -> bytes:
    fields = [("Ljava/lang/Object;", "_1"), ("Ljava/lang/Object;", "_2")]
    inner = java_tuple(first[0], java_string(first[1])) if isinstance(first, tuple) else java_string(first)
    return b"\x73" + java_class("scala.Tuple2", fields) + inner + second


def java_integer(value: int) -> bytes:
    return b"\x73" + java_class("java.lang.Integer", [("I", "value")]) + struct.pack(">i", value)


def sequence_file(records: list[bytes]) -> bytes:
    names = b"".join(
        bytes([len(name)]) + name.encode()
        for name in ("org.apache.hadoop.io.NullWritable", "org.apache.hadoop.io.BytesWritable")
    )
    marker = bytes(range(16))
    out = b"SEQ\6" + names + b"\0\0" + struct.pack(">i", 0) + marker
    for n, record in enumerate(records):
        out += b"\xff\xff\xff\xff" + marker if n % 3 == 2 else b""
        out += struct.pack(">iii", len(record) + 4, 0, len(record)) + record
    return out


def vocabulary_files(model: Model) -> dict[str, bytes]:
    if model.kind.vocabulary is Vocabulary.SENTENCEPIECE:
        count = model.pieces - {"xlm-roberta": 2, "camembert": 5}.get(model.kind.family.model_type, 0)
        return {f"{model.kind.family.model_type.replace('-', '')}_spp": sentencepiece_model(count)}
    if model.kind.vocabulary is Vocabulary.WORDPIECE:
        pieces = [
            "[PAD]",
            "[UNK]",
            "[CLS]",
            "[SEP]",
            *map(chr, range(97, 123)),
            *(f"##{chr(n)}" for n in range(97, 123)),
        ]
        return parts("fields/vocabulary", [(text, n) for n, text in enumerate(pieces[: model.pieces])])
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "Ġ", *map(chr, range(97, 123)), "Ġa"]
    merges = parts("fields/merges", [(("Ġ", "a"), 0)])
    return parts("fields/vocabulary", [(text, n) for n, text in enumerate(pieces)]) | merges


def parts(folder: str, pairs: list[tuple[Any, int]]) -> dict[str, bytes]:
    records = [java_pairs(pairs[begin : begin + 10]) for begin in range(0, len(pairs), 10)]
    half = len(records) // 2
    return {
        f"{folder}/part-00000": sequence_file(records[half:]),
        f"{folder}/part-00001": sequence_file(records[:half]),
    }


# --- archives --------------------------------------------------------------------------------------------------------


class Engine(Enum):
    """The engine of an archive."""

    TENSORFLOW = "tensorflow"
    ONNX = "onnx"


def write_archive(path: Path, model: Model, engine: Engine = Engine.TENSORFLOW) -> Path:
    """Write the zip of a model directory, one tensor at a time."""
    tensors = model.tensors()
    short = model.kind.family.model_type.replace("-", "")
    with zipfile.ZipFile(path, "w", model.compression, compresslevel=1) as outer:
        outer.writestr("metadata/part-00000", json.dumps(metadata(model)))
        for name, data in vocabulary_files(model).items():
            outer.writestr(name, data)
        with (
            outer.open(f"{short}_{engine.value}", "w", force_zip64=True) as file,
            zipfile.ZipFile(file, "w", model.compression, compresslevel=1) as inner,
        ):
            if engine is Engine.ONNX:
                write_onnx(inner, model, tensors)
            else:
                inner.writestr("saved_model.pb", graph(model, write_bundle(inner, model, tensors)))
    return path


def metadata(model: Model) -> dict[str, Any]:
    return {
        "class": f"com.johnsnowlabs.nlp.embeddings.{model.annotator}",
        "sparkVersion": "3.3.4",
        "uid": "WRITTEN_1",
        "paramMap": dict(model.settings),
        "defaultParamMap": {"dimension": model.hidden, "batchSize": 8},
    }


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack an archive that this module wrote."""
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder)
    return folder


def repack(archive: Path, out: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """Copy an archive with both its zips, and change files, or leave out those for which `change` returns None."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            is_zip = data[:4] == b"PK\3\4"
            changed = repacked(data, change) if is_zip else change(info.filename, data)
            if changed is not None:
                new.writestr(info.filename, changed)
    return out


def repacked(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for info in old.infolist():
            changed = change(info.filename, old.read(info))
            if changed is not None:
                new.writestr(info.filename, changed)
    return buffer.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--engine", choices=[engine.value for engine in Engine], default="tensorflow")
    parser.add_argument("--annotator", choices=sorted(KINDS), default="XlmRoBertaEmbeddings")
    parser.add_argument("--stored", action="store_const", const=zipfile.ZIP_STORED, default=zipfile.ZIP_DEFLATED)
    for name, value in {"hidden": 16, "layers": 2, "heads": 2, "inner": 32, "pieces": 60, "positions": 514}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    options = vars(parser.parse_args())
    model = Model(compression=options.pop("stored"))
    out, engine = options.pop("out"), Engine(options.pop("engine"))
    write_archive(out, replace(model, **options), engine)


if __name__ == "__main__":
    main()
