"""What holds of a model on a GPU; deselected where there is none."""

from itertools import product

import numpy as np
import pytest
from tiny import MODEL, TEXTS, nothing, open_tiny, segments_of, token_vectors

import nlu_lite
from nlu_lite.encoding.backends import OutOfMemory
from nlu_lite.encoding.backends.torch import LARGEST_BUDGET, TorchBackend
from nlu_lite.errors import ModelError, OptionError
from nlu_lite.formats import read
from nlu_lite.options import Context, LayerMerge, Pooling, Precision
from nlu_lite.records import Alignment, Batch

pytestmark = pytest.mark.gpu
CHECKPOINT = read(MODEL)
MEGABYTE = 1 << 20


@pytest.fixture
def gpu():
    return TorchBackend(CHECKPOINT, "cuda")


def cosines(left, right):
    return (left * right).sum(1) / (np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1))


@pytest.mark.parametrize(("pooling", "alignment", "context"), list(product(Pooling, Alignment, Context)))
def test_a_gpu_gives_the_cpus_vectors(gpu, pooling, alignment, context):
    options = {"pooling": pooling, "alignment": alignment, "context": context, "max_length": 40}
    expected = token_vectors(open_tiny(**options), TEXTS)
    np.testing.assert_allclose(token_vectors(open_tiny(backend=gpu, **options), TEXTS), expected, atol=1e-5)


@pytest.mark.parametrize("merge", LayerMerge)
def test_a_gpu_gives_the_cpus_layers(gpu, merge):
    options = {"layers": (0, 1, 2), "layer_merge": merge}
    expected = token_vectors(open_tiny(**options), TEXTS)
    np.testing.assert_allclose(token_vectors(open_tiny(backend=gpu, **options), TEXTS), expected, atol=1e-5)


def test_a_process_that_allows_less_than_fp32_gets_fp32(gpu):
    import torch

    expected, before = token_vectors(open_tiny(backend=gpu), TEXTS), torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        with torch.autocast("cuda", torch.bfloat16):
            np.testing.assert_array_equal(token_vectors(open_tiny(backend=gpu), TEXTS), expected)
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize(("precision", "least"), [(Precision.BF16, 0.9998), (Precision.FP16, 0.99999)])
def test_lower_precisions_are_near(gpu, precision, least):
    lower = token_vectors(open_tiny(backend=TorchBackend(CHECKPOINT, "cuda", precision)), TEXTS)
    assert lower.dtype == np.float32
    assert cosines(lower, token_vectors(open_tiny(backend=gpu), TEXTS)).min() > least


@pytest.mark.parametrize("precision", Precision)
def test_reproducible_vectors_are_the_same_bit_for_bit_in_any_company(precision):
    encoder = open_tiny(backend=TorchBackend(CHECKPOINT, "cuda", precision), reproducible=True)
    together = np.split(token_vectors(encoder, TEXTS[::-1]), np.cumsum([counted(text) for text in TEXTS[::-1]])[:-1])
    for text, vectors in zip(TEXTS[::-1], together, strict=True):
        np.testing.assert_array_equal(token_vectors(encoder, [text]), vectors)


def counted(text):
    return len(segments_of([text]).token_begin)


@pytest.mark.filterwarnings("ignore:Synchronization debug mode")
@pytest.mark.parametrize("precision", Precision)
def test_a_batch_is_submitted_without_waiting_for_the_device(precision):
    import torch

    backend = TorchBackend(CHECKPOINT, "cuda", precision)
    ids = np.array([[0, 5, 6, 7, 2], [0, 8, 2, 1, 1]])
    batch = Batch(ids, (ids != 1).astype(np.int64), np.array([1, 2, 6]))
    expected = backend.submit(batch, (0, 2)).result()  # the first batch loads libraries, which waits
    before = torch.cuda.get_sync_debug_mode()
    try:
        torch.cuda.set_sync_debug_mode("error")
        hidden = backend.submit(batch, (0, 2))
    finally:
        torch.cuda.set_sync_debug_mode(before)
    np.testing.assert_array_equal(hidden.result(), expected)


def test_pipelines_say_that_a_gpu_runs():
    pipeline = nlu_lite.load(f"path:{MODEL}", device="cuda", precision="fp16")
    assert "cuda, fp16" in pipeline.info["backend"].iloc[0]
    expected = nlu_lite.matrix(nlu_lite.load(f"path:{MODEL}").predict(TEXTS))
    assert cosines(nlu_lite.matrix(pipeline.predict(TEXTS)), expected).min() > 0.9999


def test_a_device_beyond_those_that_are_here_is_an_error():
    with pytest.raises(OptionError, match=r"device 'cuda:99' is not here; expected cpu, cuda, cuda:0"):
        TorchBackend(CHECKPOINT, "cuda:99")


# --- memory ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def little_memory():
    """Limit this process to 24 MB more than it uses; PyTorch allocates 2 or 20 MB at once."""
    import torch

    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 24 * MEGABYTE) / total)
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)
    torch.cuda.empty_cache()


def test_a_batch_that_does_not_fit_is_halved(gpu, little_memory, monkeypatch):
    run, failed = gpu.submit, []

    def submit(batch, layers):
        try:
            return run(batch, layers)
        except OutOfMemory:
            failed.append(batch.ids.size)
            raise

    monkeypatch.setattr(gpu, "submit", submit)
    monkeypatch.setattr("nlu_lite.encoding.backends.torch.LARGEST_BUDGET", 1 << 16)
    texts = TEXTS * 200
    found = token_vectors(open_tiny(backend=gpu), texts)
    assert failed
    np.testing.assert_allclose(found, token_vectors(open_tiny(), texts), atol=1e-5)


def test_batches_are_as_large_as_free_memory_allows(gpu):
    import torch

    assert gpu.budget == LARGEST_BUDGET
    free, _ = torch.cuda.mem_get_info()
    taken = torch.empty(free - 16 * MEGABYTE, dtype=torch.uint8, device="cuda")
    less = gpu.budget
    del taken
    assert less < LARGEST_BUDGET
    assert gpu.budget == LARGEST_BUDGET  # what PyTorch keeps for later is free too
    torch.cuda.empty_cache()


def test_values_that_are_not_numbers_are_an_error(gpu):
    gpu.model.encoder.layer[0].output.dense.bias.data.fill_(float("nan"))
    with pytest.raises(ModelError, match=r"not numbers in layer 1 of 2 for document 0, 'a b'"):
        open_tiny(backend=gpu).token_vectors(["a b"], segments_of(["a b"]), nothing)
