"""The backend that is chosen for a model, and why; what is asked for by name is taken, or refused by name."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny import DATA, MODEL

import nlu_lite
from nlu_lite import MissingExtra, ModelError, OptionError
from nlu_lite._util import processes
from nlu_lite._util.processes import Gate
from nlu_lite.encoding.backends import openvino
from nlu_lite.encoding.backends.choice import choose_backend, open_backend, open_chosen
from nlu_lite.errors import UnsupportedReference
from nlu_lite.formats import read
from nlu_lite.options import BackendName, ModelOptions, Precision
from nlu_lite.records import Checkpoint, SubwordKind, SubwordModel
from nlu_lite.store import lockfile
from nlu_lite.store.cache import locate_cache

REFERENCE = f"path:{MODEL}"
TEXT = "Put your text here."
ALL = "OpenVINO supports this model on this CPU"


@pytest.fixture(autouse=True)
def _own_backends(own_backends):
    """Models are opened anew: what is tested here happens when they are opened."""


def configured(**config):
    return Checkpoint({"model_type": "bert", **config}, {}, SubwordModel(SubwordKind.SENTENCEPIECE, b""))


@contextmanager
def hidden_openvino():
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setitem(sys.modules, "openvino", None)
        yield


@pytest.fixture
def without_openvino():
    with hidden_openvino():
        yield


def decide(checkpoint=None, **options):
    decision = choose_backend(checkpoint or read(MODEL), ModelOptions(**options))
    assert decision.asked is BackendName.AUTO
    return decision.name.value, decision.reason


def refuse_bf16(*_):
    raise OptionError("precision='bf16' with backend=\"openvino\"", "a precision of this processor", "Pass another")


# --- the choice ------------------------------------------------------------------------------------------------------


def test_a_covered_model_on_a_cpu_runs_on_openvino():
    assert decide() == ("openvino", ALL)


@pytest.mark.parametrize("device", ["cuda", "cuda:1", "mps"])
def test_other_devices_are_torchs(device):
    assert decide(device=device) == ("torch", f"OpenVINO runs on the CPU only, and the device is {device!r}")


def test_a_kind_that_is_not_covered_is_torchs():
    checkpoint = configured(model_type="deberta-v2")
    assert decide(checkpoint) == ("torch", "OpenVINO does not run models of the kind 'deberta-v2'")
    with pytest.raises(OptionError, match=r"'deberta-v2' with backend=\"openvino\"; expected albert, .*torch"):
        open_backend(checkpoint, BackendName.OPENVINO, ModelOptions())


def test_a_kind_that_no_backend_runs_is_refused():
    with pytest.raises(UnsupportedReference, match="a model of the kind 'gpt2'; expected albert"):
        decide(configured(model_type="gpt2"))


@pytest.mark.parametrize("activation", ["relu2", "leaky_relu", "hardswish", "foo", "a\nb", 3, None])
def test_an_activation_that_is_not_covered_is_torchs(activation):
    checkpoint = configured(hidden_act=activation)
    assert decide(checkpoint) == ("torch", f"OpenVINO has no activation {activation!r}")
    with pytest.raises(ModelError, match="the configuration describes no model"):
        open_backend(checkpoint, BackendName.OPENVINO, ModelOptions())


def test_a_precision_that_the_processor_lacks_is_torchs(monkeypatch):
    monkeypatch.setattr(openvino, "_try_product", refuse_bf16)
    assert decide(precision=Precision.BF16) == ("torch", "OpenVINO does not compute in bf16 on this processor")
    pipeline = nlu_lite.load(REFERENCE, precision="bf16")
    assert pipeline.info["backend"][0].startswith("torch")
    assert pipeline.info["backend"][0].endswith("bf16")
    with pytest.raises(OptionError, match="precision='bf16' with backend=\"openvino\""):
        nlu_lite.load(REFERENCE, precision="bf16", backend="openvino")


def test_a_precision_that_no_backend_has_on_a_cpu_is_refused():
    assert decide(precision=Precision.FP16) == ("torch", "OpenVINO does not compute in fp16 on a CPU")
    with pytest.raises(OptionError, match='precision="fp16" on the CPU; expected fp32 or bf16'):
        nlu_lite.load(REFERENCE, precision="fp16")


def test_a_platform_without_openvino_is_torchs(without_openvino):
    assert decide() == ("torch", "OpenVINO is not installed")
    assert "torch" in nlu_lite.load(REFERENCE).info["backend"][0]
    with pytest.raises(MissingExtra, match=r'backend="openvino" needs openvino. Run: pip install "nlu-lite\[openvino'):
        nlu_lite.load(REFERENCE, backend="openvino")


def test_an_openvino_that_cannot_be_imported_is_named(without_openvino, monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "openvino")
    (tmp_path / "openvino.py").write_text("raise ImportError('libtbb.so.12:\\n not found')")
    monkeypatch.syspath_prepend(tmp_path)
    assert decide() == ("torch", "OpenVINO cannot be imported: libtbb.so.12: not found")


def test_a_process_that_lost_openvinos_threads_runs_torch(monkeypatch):
    gate = Gate()
    gate.lost = {"openvino"}
    monkeypatch.setattr(processes, "_GATE", gate)
    assert decide() == ("torch", "this process was forked after OpenVINO had been used with several threads")


@pytest.mark.parametrize("name", ["torch", "openvino"])
def test_a_backend_that_is_asked_for_runs(name):
    pipeline = nlu_lite.load(REFERENCE, backend=name)
    assert pipeline.info["backend"][0].startswith(name)
    assert pipeline.info["backend_reason"][0] == f"backend='{name}' was requested"


def test_a_name_that_is_none_is_refused():
    with pytest.raises(OptionError, match="backend='onnx'; expected 'auto', 'torch', 'openvino'"):
        nlu_lite.load(REFERENCE, backend="onnx")


def test_the_default_gives_torchs_vectors():
    expected = nlu_lite.matrix(nlu_lite.load(REFERENCE, backend="torch").predict(TEXT))
    np.testing.assert_allclose(nlu_lite.matrix(nlu_lite.load(REFERENCE).predict(TEXT)), expected, atol=1e-5)


# --- on other processors ---------------------------------------------------------------------------------------------

RUN = f"""
import sys, numpy, nlu_lite
pipeline = nlu_lite.load({REFERENCE!r}, precision=sys.argv[1])
numpy.save(sys.argv[2], nlu_lite.matrix(pipeline.predict({TEXT!r})))
print(pipeline.info["backend"][0].split()[0])
"""


def run(code, *arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("features", ["SSE41", pytest.param("AVX2", marks=pytest.mark.slow)])
def test_a_processor_without_wide_instructions_gives_the_same_vectors(features, tmp_path):
    masked = {"ONEDNN_MAX_CPU_ISA": features, "OV_CPU_MAX_ISA": features}
    assert run(RUN, "fp32", str(tmp_path / "out.npy"), **masked) == "openvino"
    expected = nlu_lite.matrix(nlu_lite.load(REFERENCE, backend="torch").predict(TEXT))
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, atol=1e-5)


@pytest.mark.slow
def test_bf16_on_a_processor_without_it_is_torchs(tmp_path):
    masked = {"ONEDNN_MAX_CPU_ISA": "AVX2", "OV_CPU_MAX_ISA": "AVX2"}
    assert run(RUN, "bf16", str(tmp_path / "out.npy"), **masked) == "torch"


# --- what is imported ------------------------------------------------------------------------------------------------

WEIGHTS = DATA / "release-0.1.0" / "pipelines"
MODELS = {
    "SentencePiece": ([REFERENCE], {}),
    "pooler": ([REFERENCE], {"sentence_pooling": "pooler"}),
    "WordPiece": ([f"path:{WEIGHTS / 'word_piece' / 'weights' / '0'}"], {}),
    "byte-level": ([f"path:{WEIGHTS / 'byte_level' / 'weights' / '0'}"], {}),
    "Spark NLP": ([f"sparknlp:{DATA / 'sparknlp' / 'xlmroberta.zip'}"], {}),
    "packaged": ([], {}),
}
IMPORTS = """
import json, sys, nlu_lite
for references, options in json.loads(sys.argv[1]):
    pipeline = nlu_lite.load(*references, **options)
    for level in ("token", "sentence"):
        assert len(pipeline.predict("Put your text here.", output_level=level))
    print([name for name in ("torch", "transformers") if name in sys.modules])
"""


@pytest.mark.parametrize("converted", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_neither_torch_nor_transformers_is_imported_by_default(converted, tmp_path):
    """The packaged model is converted at its first use, which takes seconds; the other models are converted here."""
    packaged = ([], {"cache_dir": str(locate_cache().root)}) if converted else MODELS["packaged"]
    models = MODELS | {"packaged": packaged}
    found = run(IMPORTS, json.dumps(list(models.values())), NLU_LITE_CACHE=str(tmp_path)).splitlines()
    assert dict(zip(MODELS, found, strict=True)) == dict.fromkeys(MODELS, "[]")


# --- what is written down --------------------------------------------------------------------------------------------


def test_a_pipeline_says_which_backend_runs_each_model_and_why(tmp_path, monkeypatch):
    shutil.copytree(MODEL, tmp_path / "other")
    settings = json.loads((tmp_path / "other" / "config.json").read_text())
    (tmp_path / "other" / "config.json").write_text(json.dumps(settings | {"hidden_act": "relu2"}))
    pipeline = nlu_lite.load(REFERENCE, f"path:{tmp_path / 'other'}")
    names, reasons = pipeline.info["backend"].str.split().str[0], pipeline.info["backend_reason"]
    assert names.tolist() == ["openvino", "torch"]
    assert reasons.tolist() == [ALL, "OpenVINO has no activation 'relu2'"]
    assert all(f"backend_reason={reason!r}" in repr(pipeline) for reason in reasons)
    pipeline.save(tmp_path / "saved")
    for found in (nlu_lite.load(path=tmp_path / "saved"), pickle.loads(pickle.dumps(pipeline))):
        assert repr(found) == repr(pipeline)


@pytest.mark.parametrize("name", ["auto", "openvino"])
def test_a_saved_pipeline_asks_for_openvino(name, tmp_path):
    nlu_lite.load(REFERENCE, backend=name).save(tmp_path / "saved")
    with hidden_openvino(), pytest.raises(MissingExtra, match='backend="openvino" needs openvino'):
        nlu_lite.load(path=tmp_path / "saved")


def test_a_saved_pipeline_asks_for_torch(tmp_path):
    with hidden_openvino():
        nlu_lite.load(REFERENCE).save(tmp_path / "saved")
    found = nlu_lite.load(path=tmp_path / "saved")
    assert found.info["backend"][0].startswith("torch")
    assert found.info["backend_reason"][0] == "the pipeline was saved with it"
    assert repr(pickle.loads(pickle.dumps(found))) == repr(found)


def test_a_saved_pipeline_that_names_no_backend_is_damaged(tmp_path):
    nlu_lite.load(REFERENCE).save(tmp_path / "saved")
    path = tmp_path / "saved" / "pipeline.json"
    values = json.loads(path.read_text())
    for wrong in ({"name": "auto"}, {"name": "onnx"}, {"name": []}, {}, None, "torch"):
        values["models"][0]["backend"] = wrong
        path.write_text(json.dumps(values))
        with pytest.raises(nlu_lite.FormatError, match="is damaged"):
            nlu_lite.load(path=path.parent)


def test_a_lock_says_which_backend_is_the_default():
    text = lockfile.make([REFERENCE], nlu_lite.load("tokenize").access)
    assert text.splitlines()[-1] == f"# Backend by default where this lock was made: openvino, since {ALL}"


def test_a_lock_made_without_openvino_says_so(without_openvino):
    text = lockfile.make([REFERENCE], nlu_lite.load("tokenize").access)
    assert text.endswith(": torch, since OpenVINO is not installed\n")


def test_a_pickled_pipeline_that_was_saved_keeps_its_backend(tmp_path):
    nlu_lite.load(REFERENCE).save(tmp_path / "saved")
    found = nlu_lite.load(path=Path(tmp_path / "saved"))
    assert found.models[0].decision.asked is BackendName.OPENVINO
    assert pickle.loads(pickle.dumps(found)).models[0].decision == found.models[0].decision


# --- compiling -------------------------------------------------------------------------------------------------------

FAILURES = [
    (MemoryError(), r"does not fit into memory \(no memory is left\)"),
    (RuntimeError("Exception from src/x.cpp:1:\nstd::bad_alloc"), r"does not fit into memory \(std::bad_alloc\)"),
    (RuntimeError("Check failed\nno kernel"), r'OpenVINO cannot compile .* \(no kernel\).*Pass backend="torch"'),
]


def fail_with(error):
    def fail(*_):
        raise error

    return fail


CASES = [(name, *failure) for name in ("auto", "openvino") for failure in FAILURES]


@pytest.mark.parametrize(("name", "error", "said"), CASES[:2] + CASES[3:])
def test_a_model_that_cannot_be_compiled_is_an_error_of_load(name, error, said, monkeypatch):
    monkeypatch.setattr(openvino, "_compile", fail_with(error))
    with pytest.raises(ModelError, match=said):
        nlu_lite.load(REFERENCE, backend=name)


@pytest.mark.parametrize("step", ["_compile", "build_graph"])
def test_torch_runs_a_model_that_openvino_cannot_compile_and_says_why(step, monkeypatch, tmp_path):
    nlu_lite.load(REFERENCE).save(tmp_path / "saved")
    expected = nlu_lite.matrix(nlu_lite.load(REFERENCE, backend="torch").predict(TEXT))
    monkeypatch.setattr(openvino, step, fail_with(FAILURES[2][0]))
    found = nlu_lite.load(REFERENCE)
    assert found.info["backend"][0].startswith("torch")
    assert found.info["backend_reason"][0] == "OpenVINO cannot compile the model on this processor (no kernel)"
    np.testing.assert_array_equal(nlu_lite.matrix(found.predict(TEXT)), expected)
    with pytest.raises(ModelError, match="no kernel"):
        nlu_lite.load(path=tmp_path / "saved")


def test_damaged_weights_are_an_error_whatever_the_backend(monkeypatch):
    checkpoint = read(MODEL)
    tensors = {name: tensor for name, tensor in checkpoint.tensors.items() if "layer.1" not in name}
    with pytest.raises(ModelError, match="the weights have 1 layers"):
        open_chosen(replace(checkpoint, tensors=tensors), ModelOptions())


def test_a_precision_that_cannot_be_compiled_is_torchs(monkeypatch):
    openvino._try_product.cache_clear()
    monkeypatch.setattr(openvino, "_compile", fail_with(RuntimeError("no kernel")))
    assert decide(precision=Precision.BF16) == ("torch", "OpenVINO does not compute in bf16 on this processor")


def test_a_precision_is_tried_once(monkeypatch):
    compile_model, compiled = openvino._compile, []
    openvino._try_product.cache_clear()
    monkeypatch.setattr(openvino, "_compile", lambda *given: compiled.append(given) or compile_model(*given))
    if nlu_lite.load(REFERENCE, precision="bf16").info["backend"][0].startswith("openvino"):
        assert len(compiled) == 2  # the trial and the model
        assert decide(precision=Precision.BF16) == ("openvino", ALL)
        assert len(compiled) == 2


@pytest.mark.parametrize(("threads", "started"), [(1, set()), (2, {"openvino"})])
def test_threads_are_noted_before_openvino_first_compiles(threads, started, monkeypatch):
    gate, noted = Gate(), []
    monkeypatch.setattr(processes, "_GATE", gate)
    openvino._try_product.cache_clear()
    core = openvino.import_openvino().Core
    compile_model = core.compile_model
    monkeypatch.setattr(core, "compile_model", lambda *given: noted.append(set(gate.started)) or compile_model(*given))
    decide(precision=Precision.BF16, threads=threads)
    assert noted == [started]


def test_a_pipeline_that_was_saved_with_torch_does_not_try_openvino(monkeypatch, tmp_path):
    nlu_lite.load(REFERENCE, backend="torch", precision="bf16").save(tmp_path / "saved")
    with hidden_openvino():
        nlu_lite.load(REFERENCE).save(tmp_path / "free")
    monkeypatch.setattr(openvino, "import_openvino", fail_with(AssertionError()))
    for name in ("saved", "free"):
        assert nlu_lite.load(path=tmp_path / name).info["backend"][0].startswith("torch")


def test_the_layers_that_are_asked_for_are_compiled_by_load(monkeypatch):
    pipeline = nlu_lite.load(REFERENCE, layers=(0, 1))
    expected = nlu_lite.matrix(nlu_lite.load(REFERENCE, layers=(0, 1), backend="torch").predict(TEXT))
    monkeypatch.setattr(openvino, "_compile", None)
    np.testing.assert_allclose(nlu_lite.matrix(pipeline.predict(TEXT)), expected, atol=1e-5)


def test_other_layers_are_compiled_by_with(monkeypatch):
    pipeline = nlu_lite.load(REFERENCE)
    other = pipeline.with_(layers=(0, 1))
    expected = nlu_lite.matrix(nlu_lite.load(REFERENCE, layers=(0, 1), backend="torch").predict(TEXT))
    monkeypatch.setattr(openvino, "_compile", fail_with(MemoryError()))
    np.testing.assert_allclose(nlu_lite.matrix(other.predict(TEXT)), expected, atol=1e-5)
    pipeline.with_(pooling="mean").predict(TEXT)
    with pytest.raises(ModelError, match="does not fit into memory"):
        pipeline.with_(layers=(1,))


def test_few_compiled_models_are_kept():
    pipeline = nlu_lite.load(REFERENCE)
    backend = pipeline.models[0].encoder.backend
    others = [pipeline.with_(layers=layers) for layers in ((0,), (1,), (0, 2))]
    first = nlu_lite.matrix(others[0].predict(TEXT))
    assert list(backend._compiled) == [(0, 2), (0,)]
    for other in (pipeline, *others):
        other.predict(TEXT)
        assert len(backend._compiled) == openvino.MOST_COMPILED
    np.testing.assert_array_equal(nlu_lite.matrix(others[0].predict(TEXT)), first)


def test_an_error_of_openvino_while_it_runs_names_the_remedy(monkeypatch):
    pipeline = nlu_lite.load(REFERENCE)
    monkeypatch.setattr(openvino.OpenVinoBackend, "_compute", fail_with(RuntimeError("Check failed\nno kernel")))
    with pytest.raises(ModelError, match=r'OpenVINO cannot run the model \(no kernel\).*Pass backend="torch"'):
        pipeline.predict(TEXT)


@pytest.mark.parametrize("name", ["torch", "openvino"])
def test_the_error_of_the_backend_comes_before_that_of_the_subword_model(name, tmp_path):
    shutil.copytree(MODEL, tmp_path / "model")
    (tmp_path / "model" / "sentencepiece.bpe.model").write_bytes(b"\x0a\x05")
    with pytest.raises(ModelError, match="SentencePiece model cannot be read"):
        nlu_lite.load(f"path:{tmp_path / 'model'}", backend=name)
    settings = json.loads((tmp_path / "model" / "config.json").read_text())
    (tmp_path / "model" / "config.json").write_text(json.dumps(settings | {"num_hidden_layers": 7}))
    with pytest.raises(ModelError, match="the weights have 2 layers"):
        nlu_lite.load(f"path:{tmp_path / 'model'}", backend=name)
