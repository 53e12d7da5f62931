"""Attributes that a graph leaves out because they have the op's default are read as if they were present."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from sparknlp_golden import DATA
from sparknlp_writer import Engine, Model, Norm, put, put_float, repack, varint, write_archive

from nlu_lite.errors import FormatError, UnsupportedReference
from nlu_lite.formats.sparknlp import SparkNlpArchive
from nlu_lite.formats.sparknlp.attributes import ONNX, TENSORFLOW
from nlu_lite.formats.sparknlp.protobuf import read_fields

SMALL = Model(annotator="BertEmbeddings", hidden=12, heads=3, pooler=False)


def assert_equal(path, other):
    """Compare two archives, except for their metadata."""
    found, expected = SparkNlpArchive().read(path), SparkNlpArchive().read(other)
    assert dict(found.config) == dict(expected.config)
    assert set(found.tensors) == set(expected.tensors)
    for name, array in expected.tensors.items():
        np.testing.assert_array_equal(found.tensors[name], array, name)


# --- ONNX ------------------------------------------------------------------------------------------------------------


def test_the_defaults_of_onnx_are_those_of_every_version():
    from onnx import defs, helper

    schemas = [schema for schema in defs.get_all_schemas_with_history() if not schema.domain and schema.name in ONNX]
    assert {schema.name for schema in schemas} == set(ONNX)
    for schema in schemas:
        for name, value in ONNX[schema.name].items():
            stated = schema.attributes[name].default_value
            assert value == (helper.get_attribute_value(stated) if stated.type else ()), (schema.name, name)


def onnx_changed(archive, out, change):
    """Copy an archive with a changed graph: `change` is called with the ModelProto."""
    import onnx

    def changed(name, data):
        if not name.endswith(".onnx"):
            return data
        model = onnx.load_from_string(data)
        change(model.graph)
        return model.SerializeToString()

    return repack(archive, out, changed)


def filled(graph):
    """Write every attribute that has its op's default."""
    from onnx import helper

    for node in graph.node:
        present = {attribute.name for attribute in node.attribute}
        for name in ONNX.get(node.op_type, {}).keys() - present - {"perm"}:
            node.attribute.append(helper.make_attribute(name, ONNX[node.op_type][name]))


def stripped(graph):
    """Leave every attribute out that has its op's default."""
    from onnx import helper

    for node in graph.node:
        defaults = ONNX.get(node.op_type, {})
        kept = [a for a in node.attribute if defaults.get(a.name) != helper.get_attribute_value(a)]
        del node.attribute[:]
        node.attribute.extend(kept)


def with_gemm(graph):
    """Write products as Gemm, every second one with its matrix transposed."""
    from onnx import helper, numpy_helper

    matrices = {tensor.name: tensor for tensor in graph.initializer}
    products = [node for node in graph.node if node.op_type == "MatMul" and node.input[1] in matrices]
    for number, node in enumerate(products):
        tensor = matrices[node.input[1]]
        if number % 2:
            array = np.ascontiguousarray(numpy_helper.to_array(tensor).T)
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
            node.attribute.append(helper.make_attribute("transB", 1))
        node.op_type = "Gemm"
        node.attribute.extend([helper.make_attribute("alpha", 1.0), helper.make_attribute("transA", 0)])


def with_transposes(graph):
    """Transpose a matrix twice, once by the default, and pass another through a transposition that changes nothing."""
    from onnx import helper, numpy_helper

    matrices = {tensor.name: tensor for tensor in graph.initializer}
    products = [node for node in graph.node if node.op_type == "MatMul" and node.input[1] in matrices]
    added = []
    for number, node in enumerate(products):
        name, perm = node.input[1], ([1, 0], [0, 1], None)[number % 3]
        kept = node.name.strip("/").rpartition("/")[0].replace("/", ".") + ".weight"
        matrices[name].name = kept
        if perm != [0, 1]:
            array = np.ascontiguousarray(numpy_helper.to_array(matrices[name]).T)
            matrices[name].CopyFrom(numpy_helper.from_array(array, kept))
        more = {} if perm is None else {"perm": perm}
        added.append(helper.make_node("Transpose", [kept], [f"{name}_T"], f"{node.name}/T", **more))
        node.input[1] = f"{name}_T"
    for node in added:
        graph.node.insert(0, node)


@pytest.mark.parametrize("norm", Norm)
@pytest.mark.parametrize("prepare", [lambda graph: None, with_gemm, with_transposes], ids=["", "Gemm", "Transpose"])
@pytest.mark.parametrize("change", [filled, stripped])
def test_an_onnx_graph_says_the_same_without_its_defaults(norm, prepare, change, tmp_path):
    plain = write_archive(tmp_path / "a.zip", replace(SMALL, norm=norm, epsilon=1e-5), Engine.ONNX)
    prepared = onnx_changed(plain, tmp_path / "b.zip", prepare)
    assert_equal(prepared, plain)
    assert_equal(onnx_changed(prepared, tmp_path / "c.zip", change), plain)


def test_a_default_that_some_nodes_leave_out_is_no_second_value(tmp_path):
    archive = write_archive(tmp_path / "a.zip", replace(SMALL, norm=Norm.NODES, epsilon=1e-5), Engine.ONNX)

    def half(graph):
        for node in [node for node in graph.node if node.op_type == "LayerNormalization"][::2]:
            del node.attribute[:]

    assert_equal(onnx_changed(archive, tmp_path / "b.zip", half), archive)


@pytest.mark.slow
@pytest.mark.parametrize("change", [filled, stripped])
def test_a_real_onnx_archive_says_the_same_without_its_defaults(change, tmp_path):
    archive = DATA / "xlmroberta_onnx.zip"
    assert_equal(onnx_changed(archive, tmp_path / "b.zip", change), archive)


def test_a_value_of_zero_that_proto3_leaves_out_is_zero(tmp_path):
    """If the op has another default, an attribute without a value is not a missing attribute."""
    archive = write_archive(tmp_path / "a.zip", replace(SMALL, norm=Norm.NODES, epsilon=1e-5), Engine.ONNX)

    def bare(graph):
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.name == "epsilon":
                    attribute.ClearField("f")

    with pytest.raises(FormatError, match=r"epsilon of 0\.0"):
        SparkNlpArchive().read(onnx_changed(archive, tmp_path / "b.zip", bare))


@pytest.mark.parametrize(
    ("op", "name", "value", "error", "said"),
    [
        ("Gemm", "alpha", 2.0, UnsupportedReference, r"a Gemm that scales by \(2\.0, 1\.0\)"),
        ("Gemm", "beta", 0.0, UnsupportedReference, r"a Gemm that scales by \(1\.0, 0\.0\)"),
        ("Gemm", "transA", 1, UnsupportedReference, "a Gemm that scales by .* or transposes"),
        ("Gemm", "transB", 1.0, FormatError, "'transB' of Gemm is '1.0'; expected a value of type int"),
        ("Gather", "axis", 1, UnsupportedReference, "a lookup in columns"),
        ("LayerNormalization", "epsilon", 1, FormatError, "'epsilon' of LayerNormalization is '1'"),
    ],
)
def test_another_value_than_the_models_is_refused(op, name, value, error, said, tmp_path):
    from onnx import helper

    archive = write_archive(tmp_path / "a.zip", replace(SMALL, norm=Norm.NODES, epsilon=1e-5), Engine.ONNX)

    def other(graph):
        with_gemm(graph)
        for node in graph.node:
            if node.op_type == op:
                kept = [attribute for attribute in node.attribute if attribute.name != name]
                del node.attribute[:]
                node.attribute.extend([*kept, helper.make_attribute(name, value)])

    with pytest.raises(error, match=said):
        SparkNlpArchive().read(onnx_changed(archive, tmp_path / "b.zip", other))


# --- TensorFlow ------------------------------------------------------------------------------------------------------


def test_the_defaults_of_tensorflow_are_those_of_its_definitions():
    """The defaults of tensorflow/core/ops/nn_ops.cc and math_ops.cc, as float32."""
    epsilon = struct.unpack("<f", struct.pack("<f", 1e-4))[0]
    assert {op: dict(defaults) for op, defaults in TENSORFLOW.items()} == {
        "FusedBatchNorm": {"epsilon": epsilon},
        "FusedBatchNormV2": {"epsilon": epsilon},
        "FusedBatchNormV3": {"epsilon": epsilon},
        "MatMul": {"transpose_a": False, "transpose_b": False},
        "BatchMatMulV2": {"adj_x": False, "adj_y": False},
    }


def with_nodes(data, change):
    """Copy a GraphDef or SavedModel, and change every node of its graph and functions."""

    def inside(message, numbers, change):
        return b"".join(put(n, change(n, v) if n in numbers else v) for n, v in read_fields(message, "test"))

    def of_library(_, message):
        return inside(message, {1}, lambda _, function: inside(function, {3}, lambda _, node: change(node)))

    def of_graph(message):
        return inside(message, {1, 2}, lambda n, value: change(value) if n == 1 else of_library(n, value))

    if not isinstance(next(read_fields(data, "test"))[1], int):
        return of_graph(data)
    return inside(data, {2}, lambda _, meta: inside(meta, {2}, lambda _, graph: of_graph(graph)))


def tensorflow_changed(archive, out, change):
    return repack(archive, out, lambda name, data: with_nodes(data, change) if name == "saved_model.pb" else data)


def named(node):
    fields = dict(read_fields(node, "test"))
    return fields[1].decode(), fields[2].decode()


def attribute_of(name, value):
    return put(5, put(1, name) + put(2, value))


def fused(epsilon, op="FusedBatchNormV3"):
    """Return a function that turns each epsilon into a fused normalization; None leaves the attribute out."""

    def change(node):
        name, _ = named(node)
        if not name.endswith("/batchnorm/add/y"):
            return node
        attributes = b"" if epsilon is None else attribute_of("epsilon", put_float(4, epsilon))
        return put(1, name) + put(2, op) + attributes

    return change


@pytest.mark.parametrize("op", ["FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"])
def test_an_epsilon_that_was_stripped_is_the_default(op, tmp_path):
    archive = write_archive(tmp_path / "a.zip", replace(SMALL, epsilon=1e-4))
    for number, epsilon in enumerate((1e-4, None)):
        assert_equal(tensorflow_changed(archive, tmp_path / f"{number}.zip", fused(epsilon, op)), archive)


def test_an_epsilon_that_is_there_is_not_the_default(tmp_path):
    archive = write_archive(tmp_path / "a.zip", replace(SMALL, epsilon=1e-6))
    assert_equal(tensorflow_changed(archive, tmp_path / "b.zip", fused(1e-6)), archive)


@pytest.mark.parametrize("value", [b"", put(5, 0)], ids=["left out", "false"])
def test_a_product_that_turns_nothing_may_say_so(value, tmp_path):
    archive = write_archive(tmp_path / "a.zip", SMALL)

    def change(node):
        return node + attribute_of("transpose_b", value) if named(node)[1] == "MatMul" else node

    assert_equal(tensorflow_changed(archive, tmp_path / "b.zip", change), archive)


@pytest.mark.parametrize(
    ("op", "name"), [("MatMul", "transpose_a"), ("MatMul", "transpose_b"), ("BatchMatMulV2", "adj_y")]
)
def test_a_product_that_turns_its_matrix_is_refused(op, name, tmp_path):
    archive = write_archive(tmp_path / "a.zip", SMALL)

    def change(node):
        path, was = named(node)
        return put(1, path) + put(2, op) + attribute_of(name, put(5, 1)) if was == "MatMul" else node

    with pytest.raises(UnsupportedReference, match=f"{name} of {op}"):
        SparkNlpArchive().read(tensorflow_changed(archive, tmp_path / "b.zip", change))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["albert", "bert", "camembert", "distilbert", "roberta", "xlmroberta"])
def test_a_real_archive_says_the_same_with_its_defaults(name, tmp_path):
    """TensorFlow has already left out the defaults."""

    def change(node):
        op = named(node)[1]
        present = {dict(read_fields(v, "test"))[1].decode() for n, v in read_fields(node, "test") if n == 5}
        wanted = TENSORFLOW.get(op, {}).items()
        return node + b"".join(
            attribute_of(key, put(5, 0)) for key, value in wanted if value is False and key not in present
        )

    archive = DATA / f"{name}.zip"
    assert_equal(tensorflow_changed(archive, tmp_path / "b.zip", change), archive)


def test_numbers_of_a_shape_that_repeat_the_last_one_may_be_left_out(tmp_path):
    """TensorFlow stores [0, -1, 2, 2] as [0, -1, 2] of shape [4]."""
    archive = write_archive(tmp_path / "a.zip", replace(SMALL, hidden=4, heads=2))

    def change(node):
        path, op = named(node)
        if op != "Pack" or not path.endswith("Reshape/shape"):
            return node
        tensor = put(1, 3) + put(2, put(2, put(1, 4))) + put(7, b"".join(map(varint, (0, -1, 2))))
        return put(1, path) + put(2, "Const") + attribute_of("value", put(8, tensor))

    assert_equal(tensorflow_changed(archive, tmp_path / "b.zip", change), archive)


def test_a_constant_that_claims_many_numbers_is_damaged(tmp_path):
    archive = write_archive(tmp_path / "a.zip", SMALL)

    def change(node):
        path, _ = named(node)
        if not path.endswith("/batchnorm/add/y"):
            return node
        tensor = put(1, 1) + put(2, put(2, put(1, 1 << 60))) + put_float(5, 1e-5)
        return put(1, path) + put(2, "Const") + attribute_of("value", put(8, tensor))

    with pytest.raises(FormatError, match="a tensor of 1152921504606846976 numbers; expected at most 128"):
        SparkNlpArchive().read(tensorflow_changed(archive, tmp_path / "b.zip", change))
