"""Archives of every kind, engine, number type and naming scheme are read as they were written."""

from dataclasses import replace

import numpy as np
import pytest
from sparknlp_writer import Engine, Model, Names, Norm, Number, put, repack, unpack, write_archive

from nlu_lite.errors import FormatError
from nlu_lite.formats.sparknlp import SparkNlpArchive
from nlu_lite.formats.sparknlp.kinds import KINDS

NAMES = {
    "tf_bert_model/bert": Names.OBJECT_GRAPH,
    "tfxlm_roberta_model_1/roberta": Names.GRAPH,
    "tf_camembert_for_masked_lm_3/roberta": Names.PLAIN,
    "bert": Names.GOOGLE,
    "module/bert": Names.GOOGLE,
    "m": Names.PLAIN,
}
PREFIXES = ["", "m.", "model.", "roberta.", "encoder.model."]
HEADS = {"tf_x/lm_head/dense": (16, 16), "tf_x/qa_outputs": (2, 16), "tf_x/cls.predictions.bias": (60,)}


def rounded(values, number):
    if number is Number.FLOAT16:
        return values.astype(np.float16).astype(np.float32)
    if number is Number.BFLOAT16:
        return ((values.view(np.uint32) >> 16) << 16).view(np.float32)
    return values


def assert_is(path, model):
    """Compare the checkpoint with the model that was written."""
    checkpoint = SparkNlpArchive().read(path)
    written = {name: make for name, make in model.tensors().items() if name not in model.extra}
    assert set(checkpoint.tensors) == set(written)
    for name, make in written.items():
        found = checkpoint.tensors[name]
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, rounded(make(), model.number), name)
    config = checkpoint.config
    assert config.get("num_attention_heads", config.get("n_heads")) == model.heads
    assert config.get("layer_norm_eps", model.epsilon) == model.epsilon
    assert config.get("hidden_act", config.get("activation")) == model.activation


def small(annotator, **changes):
    epsilon = 1e-12 if "Distil" in annotator else 1e-6
    return Model(annotator=annotator, epsilon=epsilon, hidden=12, heads=3, layers=2, **changes)


@pytest.mark.slow
@pytest.mark.parametrize("number", [Number.FLOAT32, Number.FLOAT16, Number.BFLOAT16])
@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize("annotator", sorted(KINDS))
def test_every_kind_engine_and_type_of_number(tmp_path, annotator, engine, number):
    model = small(annotator, number=number, types=2, activation="gelu_new")
    assert_is(write_archive(tmp_path / "a.zip", model, engine), model)


@pytest.mark.parametrize("annotator", ["AlbertEmbeddings", "BertEmbeddings", "DistilBertEmbeddings"])
@pytest.mark.parametrize("prefix", NAMES)
def test_whatever_tensorflow_calls_the_variables(tmp_path, annotator, prefix):
    model = small(annotator, names=NAMES[prefix], prefix=prefix, shards=3, extra=HEADS)
    assert_is(write_archive(tmp_path / "a.zip", model), model)


@pytest.mark.parametrize("annotator", ["AlbertEmbeddings", "RoBertaEmbeddings", "DistilBertEmbeddings"])
@pytest.mark.parametrize("norm", Norm)
@pytest.mark.parametrize("external", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_whatever_onnx_calls_the_initializers(tmp_path, annotator, norm, external, prefix):
    model = small(annotator, onnx_prefix=prefix, norm=norm, external=external, pooler=False)
    assert_is(write_archive(tmp_path / "a.zip", model, Engine.ONNX), model)


@pytest.mark.parametrize("engine", Engine)
def test_a_folder_a_zip_and_a_zip_of_the_folder(tmp_path, engine):
    model = small("BertSentenceEmbeddings")
    archive = write_archive(tmp_path / "a.zip", model, engine)
    assert_is(unpack(archive, tmp_path / "folder"), model)
    within = repack(archive, tmp_path / "b.zip", lambda name, data: data)
    assert_is(within, model)


def test_a_graph_in_a_saved_model_of_tensorflows_own(tmp_path):
    model = small("XlmRoBertaEmbeddings")
    archive = write_archive(tmp_path / "a.zip", model)

    def wrapped(name, data):
        return put(1, 1) + put(2, put(1, b"") + put(2, data)) if name == "saved_model.pb" else data

    assert_is(repack(archive, tmp_path / "b.zip", wrapped), model)


def test_a_saved_model_without_a_graph_is_named(tmp_path):
    archive = write_archive(tmp_path / "a.zip", small("BertEmbeddings"))
    bare = repack(archive, tmp_path / "b.zip", lambda name, data: put(1, 1) if name == "saved_model.pb" else data)
    with pytest.raises(FormatError, match=r"saved_model\.pb: a SavedModel with 0 graphs"):
        SparkNlpArchive().read(bare)


@pytest.mark.parametrize(("shape", "count"), [((16, 1), 1), ((16, 16), 16), ((24, 8), 8)])
@pytest.mark.parametrize("engine", Engine)
def test_heads_of_any_number(tmp_path, engine, shape, count):
    hidden, heads = shape
    model = replace(small("CamemBertEmbeddings"), hidden=hidden, heads=heads)
    assert_is(write_archive(tmp_path / "a.zip", model, engine), model)
    assert model.heads == count


def test_the_onnx_data_may_lie_beside_the_engine(tmp_path):
    model = small("XlmRoBertaEmbeddings", external=True)
    folder = unpack(write_archive(tmp_path / "a.zip", model, Engine.ONNX), tmp_path / "folder")
    engine = unpack(folder / "xlmroberta_onnx", tmp_path / "engine")
    (folder / "xlmroberta_onnx").unlink()
    write_engine(folder / "xlmroberta_onnx", engine / "model.onnx")
    (engine / "model.onnx_data").rename(folder / "xlmroberta_onnx_data")  # as Spark NLP renames it
    assert_is(folder, model)


def write_engine(out, file):
    import zipfile

    with zipfile.ZipFile(out, "w") as engine:
        engine.write(file, file.name)
