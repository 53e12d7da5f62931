"""ONNX files that PyTorch itself writes, in an archive: each is read as the exported model."""

import gzip
import io
import json
import warnings
import zipfile

import numpy as np
import pytest
from sparknlp_golden import DATA
from sparknlp_writer import Engine, Model, write_archive
from tiny import hidden_states

from nlu_lite.encoding.backends.torch import TorchBackend
from nlu_lite.formats.sparknlp import SparkNlpArchive

KINDS = {
    "albert": "AlbertEmbeddings",
    "bert": "BertEmbeddings",
    "camembert": "CamemBertEmbeddings",
    "distilbert": "DistilBertEmbeddings",
    "roberta": "RoBertaEmbeddings",
    "xlm-roberta": "XlmRoBertaEmbeddings",
}
WIDTHS = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 24}
DISTILBERT = {"dim": 16, "n_layers": 2, "n_heads": 4, "hidden_dim": 24, "activation": "gelu"}
EXPORTS = [
    ("AutoModel", "eager", 12),
    ("AutoModel", "sdpa", 14),
    ("AutoModel", "eager", 17),
    ("AutoModelForMaskedLM", "sdpa", 17),
]


def build(model_type, pieces, head, attention):
    import torch
    import transformers

    sizes = DISTILBERT if model_type == "distilbert" else WIDTHS | {"layer_norm_eps": 1e-6, "hidden_act": "gelu_new"}
    extra = {"embedding_size": 8} if model_type == "albert" else {}
    config = transformers.AutoConfig.for_model(
        model_type, vocab_size=pieces, max_position_embeddings=40, return_dict=False, **sizes, **extra
    )
    torch.manual_seed(3)
    model = getattr(transformers, head).from_config(config, attn_implementation=attention)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.4)
    return model.eval()


def exported(model, opset):
    """Return the model as ONNX, and its output for the exporter's input."""
    import torch

    class Called(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask):
            return self.model(input_ids=input_ids, attention_mask=attention_mask)[0]

    ids = torch.arange(5, 19).reshape(2, 7)
    axes = {"input_ids": {0: "batch", 1: "length"}, "attention_mask": {0: "batch", 1: "length"}}
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing, and of the exporter's age
        torch.onnx.export(
            Called(),
            (ids, torch.ones_like(ids)),
            out,
            input_names=list(axes),
            dynamic_axes=axes,
            opset_version=opset,
            dynamo=False,
        )
    return out.getvalue(), ids.numpy()


def with_model(archive, onnx, out):
    """Copy an archive with another ONNX file in it."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("_onnx"):
                inner = io.BytesIO()
                with zipfile.ZipFile(inner, "w") as engine:
                    engine.writestr("model.onnx", onnx)
                data = inner.getvalue()
            new.writestr(name, data)
    return out


@pytest.mark.slow
@pytest.mark.parametrize(("head", "attention", "opset"), EXPORTS)
@pytest.mark.parametrize("model_type", KINDS)
def test_what_torch_exports_is_read(model_type, head, attention, opset, tmp_path):
    import torch

    base = write_archive(tmp_path / "base.zip", Model(annotator=KINDS[model_type], epsilon=1e-12), Engine.ONNX)
    pieces = len(SparkNlpArchive().read(base).tensors["embeddings.word_embeddings.weight"])
    model = build(model_type, pieces, head, attention)
    onnx, ids = exported(model, opset)
    checkpoint = SparkNlpArchive().read(with_model(base, onnx, tmp_path / "new.zip"))
    mask = np.ones_like(ids)
    with torch.inference_mode():
        expected = model.eval().base_model(input_ids=torch.from_numpy(ids))[0].numpy()
    [found] = hidden_states(TorchBackend(checkpoint), ids, mask, (2,))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_what_torchs_newer_exporter_writes_is_read(tmp_path):
    """`albert_dynamo` is AlbertForMaskedLM, random, by torch.onnx.export(dynamo=True, optimize=False) of torch 2.13.

    Its nodes have no paths in their names, a head's matrix is its word embeddings too, and shapes are lists of numbers.
    """
    onnx = gzip.decompress((DATA / "albert_dynamo.onnx.gz").read_bytes())
    expected = json.loads((DATA / "albert_dynamo.json").read_text(encoding="utf-8"))
    base = write_archive(tmp_path / "base.zip", Model(annotator="AlbertEmbeddings", pieces=20), Engine.ONNX)
    checkpoint = SparkNlpArchive().read(with_model(base, onnx, tmp_path / "new.zip"))
    ids = np.array(expected["ids"])
    [found] = hidden_states(TorchBackend(checkpoint), ids, np.ones_like(ids), (3,))
    np.testing.assert_allclose(found, expected["last"], atol=1e-5)
