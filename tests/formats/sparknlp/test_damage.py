"""Damage of archives, case by case: each is an error that names the file, the offset or the tensor."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from sparknlp_writer import Engine, Model, Number, repack, write_archive

from nlu_lite.errors import FormatError, UnsupportedReference
from nlu_lite.formats.sparknlp import SparkNlpArchive

PACKAGE = "com.johnsnowlabs.nlp.embeddings."
LAST = "encoder.layer.1.output.dense.bias"


class WithNaN(Model):
    def tensors(self):
        return {**super().tensors(), LAST: lambda: np.full(self.hidden, np.nan, np.float32)}


TENSORS = {
    "one too few": (replace(Model(), without=(LAST,)), rf"1 tensors are missing, '{LAST}' first; expected 39"),
    "one too many": (
        Model(extra={"encoder.layer.1.foo.weight": (3, 3)}),
        r"layer\.1\.foo\.weight'.*: no (tensor|part)",
    ),
    "another shape": (Model(extra={LAST: (17,)}), rf"tensor '{LAST}': shape \(17,\); expected \(16\)"),
    "a layer apart": (Model(extra={"encoder.layer.7.output.dense.bias": (16,)}), r"encoder\.layer\.[27]\."),
    "NaN": (WithNaN(), r"tensor '.*layer\.1\.output\.dense\.bias' at \d+: NaN or infinity"),
    "int8": (Model(number=Number.INT8), r"tensor '.*' at \d+.*: numbers of "),
}


def read(path):
    checkpoint = SparkNlpArchive().read(path)
    return [checkpoint.tensors[name] for name in checkpoint.tensors]


@pytest.fixture
def whole(tmp_path):
    return write_archive(tmp_path / "whole.zip", Model())


@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize("case", TENSORS)
def test_tensors_that_are_not_the_models(tmp_path, case, engine):
    model, said = TENSORS[case]
    with pytest.raises((FormatError, UnsupportedReference), match=said):
        read(write_archive(tmp_path / "a.zip", model, engine))


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("metadata/part-00000", "expected one metadata folder"),
        ("xlmroberta_spp", "expected one SentencePiece model"),
        ("saved_model.pb", r"xlmroberta_tensorflow: it holds .*; expected a saved_model\.pb"),
        ("variables.index", r"expected one variables\.index"),
        ("variables.data-00000-of-00001", r"expected a shard variables\.data-00000-of-00001"),
    ],
)
def test_parts_that_are_missing(tmp_path, whole, gone, said):
    with pytest.raises(FormatError, match=said):
        read(repack(whole, tmp_path / "a.zip", lambda name, data: None if name == gone else data))


@pytest.mark.parametrize("name", ["DeBertaEmbeddings", "ElmoEmbeddings", "XlnetEmbeddings", "NoSuchEmbeddings"])
def test_another_kind_is_named(tmp_path, whole, name):
    metadata = json.dumps({"class": PACKAGE + name}).encode()
    other = repack(whole, tmp_path / "a.zip", lambda file, data: metadata if file.startswith("metadata") else data)
    with pytest.raises(UnsupportedReference, match=rf"a model of class '{PACKAGE}{name}'; expected one of Albert"):
        read(other)


def test_another_engine_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("metadata/part-00000", json.dumps({"class": PACKAGE + "BertEmbeddings"}))
        archive.writestr("bert_openvino", b"")
    with pytest.raises(UnsupportedReference, match="the engine 'bert_openvino' alone"):
        read(tmp_path / "a.zip")


def test_an_archive_that_is_cut_off_anywhere(tmp_path, whole):
    data = whole.read_bytes()
    for length in {*range(0, len(data), len(data) // 50), len(data) - 1, len(data) - 30}:
        (tmp_path / "a.zip").write_bytes(data[:length])
        with pytest.raises(FormatError, match="its last bytes do not contain the end of a zip"):
            read(tmp_path / "a.zip")


def test_a_zip_in_a_zip_and_a_bomb(tmp_path, whole):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a/b.zip", whole.read_bytes())
    with pytest.raises(FormatError, match="expected one metadata folder"):
        read(tmp_path / "a.zip")
    with zipfile.ZipFile(whole, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("more", bytes(8 << 20))
    with pytest.raises(FormatError, match=r"whole\.zip:more: 8388608 bytes are claimed for"):
        read(whole)
