"""The path of a GPU, simulated on the CPU: what is uploaded, computed ahead, and copied into pinned memory."""

import gc
import weakref
from dataclasses import dataclass

import numpy as np
import pytest
from tiny import MODEL, TEXTS, open_tiny, token_vectors

from nlu_lite.encoding.backends.memory import PinnedStates
from nlu_lite.encoding.backends.torch import TorchBackend
from nlu_lite.formats import read
from nlu_lite.options import LayerMerge, Pooling


@dataclass
class Stream:
    """A stream whose copies are done when its event is awaited."""

    recorded: int = 0
    awaited: int = 0

    def record_event(self):
        self.recorded += 1
        return self

    def synchronize(self):
        self.awaited += 1


@pytest.fixture
def stream(monkeypatch):
    """Let PyTorch pin memory and record events without a GPU."""
    import torch

    stream, allocate = Stream(), torch.empty

    def empty(*shape, pin_memory=False, **options):
        return allocate(*shape, **options)

    monkeypatch.setattr(torch, "empty", empty)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: stream)
    return stream


@pytest.fixture
def gpu(stream, monkeypatch):
    import torch

    backend = TorchBackend(read(MODEL))
    backend._device = torch.device("cuda")
    monkeypatch.setattr(TorchBackend, "budget", 512)
    monkeypatch.setattr("nlu_lite.encoding.backends.torch.upload", lambda array, device: torch.from_numpy(array))
    return backend


@pytest.mark.parametrize("options", [{}, {"pooling": Pooling.MEAN}, {"layers": (0, 2), "layer_merge": LayerMerge.SUM}])
def test_the_path_of_a_gpu_gives_the_cpus_vectors(gpu, stream, options):
    expected = token_vectors(open_tiny(**options), TEXTS)
    np.testing.assert_allclose(token_vectors(open_tiny(backend=gpu, **options), TEXTS), expected, atol=1e-6)
    assert stream.recorded == stream.awaited > 1


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_hidden_states_are_float32_in_memory_that_the_array_keeps(stream, dtype):
    import torch

    layers = [torch.arange(6, dtype=getattr(torch, dtype)).reshape(3, 2) + layer for layer in range(2)]
    states = PinnedStates(layers)
    assert (stream.recorded, stream.awaited) == (1, 0)
    hidden, owner = states.result(), weakref.ref(states)
    assert stream.awaited == 1
    del states
    gc.collect()
    assert owner() is not None
    assert hidden.dtype == np.float32
    assert hidden.tolist() == [[[0, 1], [2, 3], [4, 5]], [[1, 2], [3, 4], [5, 6]]]
    del hidden
    gc.collect()
    assert owner() is None
