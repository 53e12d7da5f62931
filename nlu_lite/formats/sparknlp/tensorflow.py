"""The TensorFlow engine: a graph and a tensor bundle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

from nlu_lite.formats.sparknlp.archive import ByteSource, name_some, read_whole, read_zip
from nlu_lite.formats.sparknlp.bundle import BundleEntry, read_bundle, read_string
from nlu_lite.formats.sparknlp.faults import format_error, unsupported_error
from nlu_lite.formats.sparknlp.graph import GraphFacts, read_graph
from nlu_lite.formats.sparknlp.kinds import ModelFamily, measure_sizes
from nlu_lite.formats.sparknlp.names import write_as_torch
from nlu_lite.formats.sparknlp.network import Network, map_names, require_one
from nlu_lite.formats.sparknlp.protobuf import as_bytes, as_text, read_fields
from nlu_lite.formats.sparknlp.values import Extent, Number, Tensor, keep_orientation, transpose
from nlu_lite.records import Floats

LARGEST_GRAPH = 128 << 20
OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
NUMBERS = {1: Number.FLOAT32, 19: Number.FLOAT16, 14: Number.BFLOAT16}
"""DataTypes of tensorflow/core/framework/types.proto."""


def read_tensorflow(source: ByteSource, family: ModelFamily) -> Network:
    """Read ``<kind>_tensorflow``.

    Raises:
        IntegrityError: A checksum does not match.
        FormatError: A part is damaged or missing, or exceeds a limit.
        UnsupportedReference: The tensors or the graph are of an unsupported kind.
    """
    members = {name.rpartition("/")[2]: member for name, member in read_zip(source).items()}
    if "saved_model.pb" not in members:
        raise format_error(source.name, f"it holds {name_some(members)}", "a saved_model.pb")
    graph = members["saved_model.pb"]
    facts = read_graph(read_whole(graph, LARGEST_GRAPH), graph.name)
    entries = _name_entries(read_bundle(members, source.name), facts, source.name)
    own = map_names(family, entries, source.name)
    tensors = {name: _build_tensor(entries[has], name) for name, has in own.items()}
    sizes = measure_sizes(family, {name: tensor.shape for name, tensor in tensors.items()}, source.name)
    hidden = sizes["H"]
    return Network(
        tensors=dict(sorted(tensors.items(), key=_find_file_position)),
        sizes=sizes,
        heads=require_one(facts.find_heads(hidden) | _find_heads(tensors, family), "the number of heads", graph.name),
        epsilon=require_one(facts.epsilons, "the layer norms' epsilon", graph.name),
        activation=require_one(facts.activations, "the activation", graph.name),
        passes=max(facts.queries.values(), default=0),
    )


def _find_file_position(item: tuple[str, Tensor]) -> tuple[str, int]:
    """Return the sort key of a tensor's position in the files, so that all are read forwards."""
    return item[1].extent.source.name, item[1].extent.offset


def _name_entries(entries: Mapping[str, BundleEntry], facts: GraphFacts, where: str) -> dict[str, BundleEntry]:
    """Return the bundle's entries by the names of their variables in torch's style."""
    names = _read_object_graph(entries[OBJECT_GRAPH]) if OBJECT_GRAPH in entries else {}
    found: dict[str, BundleEntry] = {}
    for key, entry in entries.items():
        if key == OBJECT_GRAPH:
            continue
        name = write_as_torch(names.get(key) or _find_variable(key, facts, where))
        if name in found:
            raise format_error(where, f"{entry.key!r} and {found[name].key!r} are both {name!r}", "distinct names")
        found[name] = entry
    return found


def _find_variable(key: str, facts: GraphFacts, where: str) -> str:
    """Return the variable of an entry that the object graph does not name: by its number, or else by its key."""
    plain = key.removesuffix(VALUE)
    number = plain.removeprefix("variables/")
    if not number.isdecimal():
        return plain
    if len(number) > 6 or int(number) >= len(facts.variables):
        raise format_error(where, f"{key!r}, but {len(facts.variables)} variables in the graph", "a variable for each")
    return facts.variables[int(number)]


def _read_object_graph(entry: BundleEntry) -> dict[str, str]:
    """Read a TrackableObjectGraph: the name of the variable for each key of the bundle."""
    names: dict[str, str] = {}
    for number, node in read_fields(read_string(entry), entry.where):
        for part, attribute in read_fields(as_bytes(node, "a node", entry.where), entry.where) if number == 1 else ():
            if part == 2:
                fields = dict(read_fields(as_bytes(attribute, "an attribute", entry.where), entry.where))
                key = as_text(fields.get(3, b""), "a key", entry.where)
                names[key] = as_text(fields.get(2, b""), "a name", entry.where)
    return names


def _build_tensor(entry: BundleEntry, name: str) -> Tensor:
    number = NUMBERS.get(entry.kind)
    if number is None:
        raise unsupported_error(f"{entry.where} ({name})", f"numbers of TensorFlow's type {entry.kind}", "floats")
    extent = Extent(entry.shard, entry.offset, number, entry.shape, entry.checksum, name)
    if extent.size != entry.size:
        raise format_error(extent.where, f"shape {entry.shape} in {entry.size} bytes", f"{extent.size} bytes")
    if not name.endswith(".weight") or "embeddings." in name or len(entry.shape) == 1:
        flat = (math.prod(entry.shape),) if name.endswith(".bias") else entry.shape
        return Tensor(extent, flat, keep_orientation)
    rows = _count_rows(entry.shape, name)
    return Tensor(extent, (math.prod(entry.shape) // max(rows, 1), rows), partial(_transpose_kernel, rows=rows))


def _count_rows(shape: tuple[int, ...], name: str) -> int:
    """Return the input width of a kernel: [in, out], [in, heads, width] or [heads, width, in]."""
    if len(shape) == 3:
        return shape[0] * shape[1] if "output" in name or "out_lin" in name or "attention.dense" in name else shape[0]
    return shape[0] if shape else 0


def _transpose_kernel(array: Floats, rows: int) -> Floats:
    return transpose(array.reshape(rows, -1))


def _find_heads(tensors: Mapping[str, Tensor], family: ModelFamily) -> set[int]:
    """Return the numbers of heads in the shapes of query kernels that have an axis for heads."""
    ending = f".{family.query}.weight"
    shapes = [tensor.extent.shape for name, tensor in tensors.items() if name.endswith(ending)]
    return {shape[1] for shape in shapes if len(shape) == 3}
