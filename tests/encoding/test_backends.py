"""Every backend returns transformers' hidden states, whatever the options."""

import _thread
import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from processor import refused
from tiny import MODEL, TEXTS, nothing, open_tiny, segments_of, segments_of_words, token_vectors

from nlu_lite.encoding.backends import ComputedStates, OutOfMemory
from nlu_lite.encoding.backends.openvino import OpenVinoBackend
from nlu_lite.encoding.backends.torch import _EXACT, TorchBackend, _set_exact
from nlu_lite.errors import ModelError, OptionError
from nlu_lite.formats import read
from nlu_lite.options import Context, LayerMerge, Pooling, Precision
from nlu_lite.records import Alignment

CHECKPOINT = read(MODEL)


@pytest.fixture(scope="module", params=[TorchBackend, OpenVinoBackend], ids=["torch", "openvino"])
def open_backend(request):
    def open_it(precision=Precision.FP32, checkpoint=CHECKPOINT):
        return request.param(checkpoint, precision=precision)

    return open_it


@pytest.fixture(scope="module")
def backend(open_backend):
    """One that compiles each choice of layers once."""
    return open_backend()


@cache
def states(model, *ids):
    """Return all hidden states of one window in transformers: [layers + 1, length, d]."""
    import torch

    with torch.inference_mode():
        output = model(torch.tensor([ids]), output_hidden_states=True)
    return np.stack([state[0].numpy() for state in output.hidden_states])


@pytest.fixture(scope="module")
def reference():
    import torch
    from transformers import XLMRobertaModel

    return XLMRobertaModel.from_pretrained(MODEL, dtype=torch.float32).eval()


LAYERS = [
    ((-1,), LayerMerge.MEAN),
    ((0, -1), LayerMerge.CONCAT),
    ((1, 2), LayerMerge.MEAN),
    ((0, 1, 2), LayerMerge.SUM),
]
MERGED = {LayerMerge.MEAN: lambda s: s.mean(0), LayerMerge.SUM: lambda s: s.sum(0), LayerMerge.CONCAT: np.hstack}
POOLED = {
    Pooling.FIRST: lambda rows: rows[0],
    Pooling.LAST: lambda rows: rows[-1],
    Pooling.MEAN: lambda rows: rows.mean(0),
    Pooling.MAX: lambda rows: rows.max(0),
    Pooling.FIRST_LAST: lambda rows: np.concatenate([rows[0], rows[-1]]),
}


@pytest.mark.parametrize("pooling", Pooling)
@pytest.mark.parametrize(("layers", "merge"), LAYERS)  # few are compiled at once, so they change last
def test_poolings_and_layers_are_those_of_transformers_states(backend, reference, layers, merge, pooling):
    words = [text.split() for text in TEXTS[:12]]
    texts, segments = segments_of_words(words)
    encoder = open_tiny(backend=backend, layers=layers, layer_merge=merge, pooling=pooling)
    expected = []
    for document in words:
        pieces = encoder.subwords.encode(document)
        hidden = states(reference, 0, *(i for one in pieces for i in one), 2)
        merged = MERGED[merge](hidden[list(layers)])
        bounds = np.cumsum([1, *map(len, pieces)])
        expected += [POOLED[pooling](merged[a:b]) for a, b in pairwise(bounds)]
    np.testing.assert_allclose(encoder.token_vectors(texts, segments, nothing), expected, atol=1e-5)


@pytest.mark.parametrize(("alignment", "context"), list(product(Alignment, Context)))
def test_alignments_and_contexts_agree_between_backends(backend, alignment, context):
    texts = [" ".join(TEXTS[n : n + 5]) for n in range(0, len(TEXTS), 5)]
    found = token_vectors(open_tiny(backend=backend, alignment=alignment, context=context), texts)
    expected = token_vectors(open_tiny(alignment=alignment, context=context), texts)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_text_alignment_is_transformers_on_the_text_as_a_whole(backend, reference):
    texts, segments = segments_of_words([["Hello", "world"], ["東京", "都"]])
    encoder = open_tiny(backend=backend, alignment=Alignment.TEXT)
    found = encoder.token_vectors(texts, segments, nothing)
    expected = []
    for text, firsts in zip(texts, [(0, 6), (0, 3)], strict=True):
        [(ids, spans)] = encoder.subwords.encode_texts([text])
        hidden = states(reference, 0, *ids, 2)[-1]
        expected += [hidden[1 + next(n for n, (_, end) in enumerate(spans) if end > first)] for first in firsts]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_document_as_context_changes_what_a_token_sees(backend):
    texts = ["One here. Two there."]
    wide = token_vectors(open_tiny(backend=backend, context=Context.DOCUMENT), texts)
    narrow = token_vectors(open_tiny(backend=backend), texts)
    assert np.abs(wide - narrow).max() > 1e-3
    alone = token_vectors(open_tiny(backend=backend, context=Context.DOCUMENT), ["One here."])
    np.testing.assert_allclose(alone, narrow[:3], atol=1e-5)


def test_reproducible_vectors_are_the_same_bit_for_bit_in_any_company(backend):
    encoder = open_tiny(backend=backend, reproducible=True)
    whole = [token_vectors(encoder, [text]) for text in TEXTS]
    order = np.random.default_rng(3).permutation(len(TEXTS))
    shuffled = token_vectors(encoder, [TEXTS[n] for n in order])
    assert shuffled.tobytes() == np.concatenate([whole[n] for n in order]).tobytes()
    halves = [token_vectors(encoder, TEXTS[:33]), token_vectors(encoder, TEXTS[33:])]
    assert np.concatenate(halves).tobytes() == np.concatenate(whole).tobytes()


def test_batches_differ_from_single_sentences_in_last_digits_only(backend):
    together = token_vectors(open_tiny(backend=backend), TEXTS)
    alone = token_vectors(open_tiny(backend=backend, reproducible=True), TEXTS)
    assert np.abs(together - alone).max() <= 5e-6


def test_bf16_is_near_where_it_is_computed(open_backend):
    if lacks(open_backend, Precision.BF16):
        return
    ours = token_vectors(open_tiny(backend=open_backend(Precision.BF16)), TEXTS)
    exact = token_vectors(open_tiny(), TEXTS)
    cosine = (ours * exact).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(exact, axis=1)
    assert ours.dtype == np.float32
    assert np.abs(ours - exact).max() > 1e-3
    assert cosine.mean() >= 0.9999
    assert cosine.min() >= 0.9995  # of 16 numbers; with real weights it is nearer, see test_models.py


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.BF16])
def test_a_backend_says_what_it_is(open_backend, precision):
    if lacks(open_backend, precision):
        return
    backend = open_backend(precision)
    assert backend.name.endswith(f", cpu, {precision.value}")
    assert backend.name.split()[0] in {"torch", "openvino"}
    assert (backend.dimension, backend.layers, backend.positions) == (16, 2, 512)


def lacks(open_backend, precision):
    backend = open_backend().name.split()[0]
    return refused(lambda: open_backend(precision), backend, precision.value)


MASKS = [
    pytest.param({"ONEDNN_MAX_CPU_ISA": "AVX2"}, marks=pytest.mark.slow),
    pytest.param({"OV_CPU_MAX_ISA": "AVX2"}, marks=pytest.mark.slow),
    {"ONEDNN_MAX_CPU_ISA": "AVX2", "OV_CPU_MAX_ISA": "AVX2"},
]
"""Under all of the last one's variables OpenVINO computes as on a processor with AVX2 alone."""
ASK = f"""
from pathlib import Path
from nlu_lite.encoding.backends.openvino import OpenVinoBackend, Precision
from nlu_lite.formats import read
from processor import openvino_computes_in_bf16
try:
    OpenVinoBackend(read(Path({str(MODEL)!r})), precision=Precision.BF16)
    exit(str(openvino_computes_in_bf16()) + " opened")
except Exception as error:
    exit(str(openvino_computes_in_bf16()) + " " + type(error).__name__)
"""


@pytest.mark.parametrize("mask", MASKS, ids="+".join)
def test_openvino_refuses_bf16_on_a_processor_without_it(mask):
    path = os.pathsep.join([str(Path(__file__).parents[1] / "tools"), *sys.path])
    environment = os.environ | mask | {"PYTHONPATH": path}
    asked = subprocess.run([sys.executable, "-c", ASK], env=environment, check=False, capture_output=True, text=True)
    assert asked.stderr.strip() in {"True opened", "False OptionError"} - ({"True opened"} if len(mask) > 1 else set())


def test_a_model_that_compiles_to_another_precision_is_refused(monkeypatch):
    backend = OpenVinoBackend(CHECKPOINT)
    monkeypatch.setattr("nlu_lite.encoding.backends.openvino.HINTS", {Precision.FP32: "f64"})
    with pytest.raises(OptionError, match=r"precision='fp32' .* OpenVINO would compute in fp32 on this processor"):
        token_vectors(open_tiny(backend=backend), TEXTS)


def test_a_process_that_allows_less_than_fp32_gets_fp32():
    import torch

    expected = token_vectors(open_tiny(), TEXTS)
    before = torch.get_float32_matmul_precision()
    try:
        for allowed in ("high", "medium"):
            torch.set_float32_matmul_precision(allowed)
            with torch.autocast("cpu", torch.bfloat16):
                np.testing.assert_array_equal(token_vectors(open_tiny(), TEXTS), expected)
            assert torch.get_float32_matmul_precision() == allowed
    finally:
        torch.set_float32_matmul_precision(before)


def test_products_stay_exact_until_the_last_thread_is_done():
    import torch

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        with ExitStack() as first, ExitStack() as second:
            first.enter_context(_EXACT.hold())
            second.enter_context(_EXACT.hold())
            first.close()
            assert _set_exact() == []
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)


def test_a_copy_in_another_precision_is_made_of_all_rows(monkeypatch):
    import torch

    monkeypatch.setattr("nlu_lite.encoding.backends.torch.COPIED", 7)
    weights = TorchBackend(CHECKPOINT, precision=Precision.BF16).model.state_dict()
    products = {name for name, tensor in weights.items() if tensor.dtype == torch.bfloat16}
    assert {name for name in weights if ".dense." in name or ".self." in name} == products
    for name, tensor in weights.items():
        assert torch.equal(tensor, torch.from_numpy(CHECKPOINT.tensors[name]).to(tensor.dtype)), name


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_the_word_embeddings_are_held_once(dtype, tmp_path):
    from safetensors.numpy import save_file

    shutil.copytree(MODEL, tmp_path, dirs_exist_ok=True)
    save_file({name: array.astype(dtype) for name, array in CHECKPOINT.tensors.items()}, tmp_path / "model.safetensors")
    backend = TorchBackend(read(tmp_path))
    assert np.shares_memory(backend._words, backend.model.embeddings.word_embeddings.weight.detach().numpy())


# --- memory ----------------------------------------------------------------------------------------------------------


class Small:
    """A backend whose device takes only so many pieces at once."""

    def __init__(self, most):
        self.inner, self.most, self.seen = TorchBackend(CHECKPOINT), most, []

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def submit(self, batch, layers):
        self.seen.append(batch.ids.shape)
        if batch.ids.size > self.most:
            raise OutOfMemory("too many")
        return self.inner.submit(batch, layers)


def test_a_batch_that_does_not_fit_is_halved_and_so_are_those_after_it():
    small = Small(200)
    found = token_vectors(open_tiny(backend=small), TEXTS)
    np.testing.assert_allclose(found, token_vectors(open_tiny(), TEXTS), atol=5e-6)
    failed = [number for number, (rows, length) in enumerate(small.seen) if rows * length > 200]
    assert failed == [0, 1]


MEMORY_ERRORS = [
    MemoryError(),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
]


@pytest.mark.parametrize("error", MEMORY_ERRORS, ids=["python", "cpu", "cublas"])
def test_what_torch_says_of_memory_is_understood(error, monkeypatch):
    backend = TorchBackend(CHECKPOINT)
    run = backend.model.forward

    def forward(input_ids, **options):
        if len(input_ids) > 2:
            raise error
        return run(input_ids=input_ids, **options)

    monkeypatch.setattr(backend.model, "forward", forward)
    found = token_vectors(open_tiny(backend=backend), TEXTS)
    np.testing.assert_allclose(found, token_vectors(open_tiny(), TEXTS), atol=5e-6)


def test_an_error_that_is_none_of_memory_is_not_hidden(monkeypatch):
    backend = TorchBackend(CHECKPOINT)

    def forward(**_):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(backend.model, "forward", forward)
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        token_vectors(open_tiny(backend=backend), ["a b"])


def test_short_windows_run_together_again_after_long_ones_did_not_fit():
    texts = [" ".join(["word"] * 80)] * 8 + ["a b"] * 64
    small = Small(200)
    found = token_vectors(open_tiny(backend=small), texts)
    np.testing.assert_allclose(found, token_vectors(open_tiny(), texts), atol=5e-6)
    assert max(rows for rows, length in small.seen if length < 80) > 8


def test_a_single_window_that_does_not_fit_is_an_error():
    with pytest.raises(ModelError, match=r"a single window of \d+ pieces does not fit into the memory .too many"):
        token_vectors(open_tiny(backend=Small(0)), ["a b"])


# --- what is told to others -------------------------------------------------------------------------------------------


OPEN = """
from nlu_lite.encoding.backends.openvino import OpenVinoBackend
from nlu_lite.formats import read
from nlu_lite.encoding import open_encoder
from nlu_lite.records import Batch
import numpy as np
backend = OpenVinoBackend(read(MODEL))
backend.submit(Batch(np.array([[0, 5, 2]]), np.ones((1, 3), np.int64), np.arange(3)), (2,)).result()
assert not {"torch", "transformers"} & sys.modules.keys()
"""


def reports(code, home):
    """Whether code loads what reports to Intel, in a process of its own; nothing can be sent."""
    offline = "import sys, socket; from pathlib import Path; socket.socket.connect = socket.getaddrinfo = None"
    tests = Path(__file__).parents[1]
    search = f"sys.path[:0] = {[str(tests / 'tools'), str(tests.parent)]!r}\nMODEL = Path({str(MODEL)!r})"
    asked = 'print("openvino_telemetry" in sys.modules, any(Path.home().glob("intel")))'
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    run = [sys.executable, "-c", "\n".join([offline, search, code, asked])]
    return subprocess.run(run, env=environment, cwd=home, check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.slow
def test_openvino_is_imported_and_runs_without_torch_and_without_a_report(tmp_path):
    assert reports(OPEN, tmp_path) == ["False", "False"]


@pytest.mark.slow
def test_openvino_by_itself_would_report(tmp_path):
    assert reports("import openvino", tmp_path)[0] == "True"


# --- being stopped ---------------------------------------------------------------------------------------------------


@contextmanager
def heeded(number):
    """Heed a signal also in a shell's background jobs, which begin with Ctrl-C ignored."""
    handler = signal.signal(number, signal.default_int_handler)
    yield
    signal.signal(number, handler)


def test_ctrl_c_stops_within_a_batch_and_breaks_nothing(open_backend, monkeypatch):
    backend = open_backend()
    encoder, run, batches = open_tiny(backend=backend), backend.submit, []

    def interrupted(batch, layers):
        batches.append(batch.ids.size)
        if len(batches) == 2:
            _thread.interrupt_main(signal.SIGINT)  # as Ctrl-C does, without a detour through the kernel
        return run(batch, layers)

    before = token_vectors(encoder, TEXTS)
    with monkeypatch.context() as patch:
        patch.setattr(backend, "submit", interrupted)
        with heeded(signal.SIGINT), pytest.raises(KeyboardInterrupt):
            token_vectors(encoder, TEXTS * 10)
    assert len(batches) == 2
    np.testing.assert_array_equal(token_vectors(encoder, TEXTS), before)


# --- bad options -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [(), (3,), (-4,), (1.0,), ("1",), (True,), (0, -3), (1, 1)])
def test_layers_that_the_model_does_not_have_are_errors(layers):
    with pytest.raises(OptionError, match=r"layers=.*expected (whole numbers from -3 to 2|each layer once)"):
        open_tiny(layers=layers)


def test_precisions_and_devices_that_a_backend_lacks_are_errors():
    with pytest.raises(OptionError, match='precision="fp16" on the CPU; expected fp32 or bf16'):
        TorchBackend(CHECKPOINT, precision=Precision.FP16)
    with pytest.raises(OptionError, match="precision='fp16' with backend=\"openvino\"; expected fp32 or bf16"):
        OpenVinoBackend(CHECKPOINT, precision=Precision.FP16)
    with pytest.raises(OptionError, match="device='cuda' with backend=\"openvino\"; expected cpu"):
        OpenVinoBackend(CHECKPOINT, "cuda")


def test_values_that_are_not_numbers_name_text_and_layer(open_backend):
    def spoilt(name):
        values = CHECKPOINT.tensors[name].copy()
        values[:] = np.nan
        return values

    name = "encoder.layer.1.output.dense.bias"
    broken = replace(CHECKPOINT, tensors=dict(CHECKPOINT.tensors) | {name: spoilt(name)})
    encoder = open_tiny(broken, open_backend(checkpoint=broken))
    with pytest.raises(ModelError, match=r"not numbers in layer 2 of 2 for document 0, 'a b'"):
        encoder.token_vectors(["a b"], segments_of(["a b"]), nothing)


@pytest.mark.parametrize("error", [OutOfMemory("full"), ModelError("the compiled model does not fit into memory")])
def test_values_that_are_not_numbers_name_the_text_if_memory_is_too_small_to_find_the_layer(error, monkeypatch):
    backend = TorchBackend(CHECKPOINT)
    submit = backend.submit

    def compute_last(batch, layers):
        if len(layers) > 1:
            raise error
        hidden = submit(batch, layers).result()
        return ComputedStates(np.full_like(hidden, np.nan))

    monkeypatch.setattr(backend, "submit", compute_last)
    with pytest.raises(ModelError, match=r"not numbers for document 0, 'a b'"):
        token_vectors(open_tiny(backend=backend), ["a b"])
