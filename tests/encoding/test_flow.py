"""Batches in flight: their order, what runs at the same time, and what does not fit."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import TEXTS, open_tiny, segments_of, token_vectors

from nlu_lite.encoding.backends import OutOfMemory
from nlu_lite.encoding.flow import AHEAD, BEGUN, Flow, Job
from nlu_lite.encoding.plan import plan_windows
from nlu_lite.errors import ModelError
from nlu_lite.records import Windows


@dataclass
class Device:
    """A device that computes asynchronously: what it does is written down, and done when its result is awaited."""

    at_submission: int = 10**9
    at_result: int = 10**9
    log: list = field(default_factory=list)
    running: int = 0

    def submit(self, windows):
        size = int((windows.end - windows.first).sum())
        self.log.append(("submit", size, self.running))
        if size > self.at_submission:
            raise OutOfMemory("too many to submit")
        self.running += 1
        return Job(windows, None, Awaited(self, windows, size))

    def results(self):
        return [size for event, size, _ in self.log if event == "result"]


@dataclass
class Awaited:
    device: Device
    windows: Windows
    size: int

    def result(self):
        self.device.running -= 1
        self.device.log.append(("result", self.size, self.device.running))
        if self.size > self.device.at_result:
            raise OutOfMemory("too many to compute")
        return self.windows.first


def batches_of(*counts):
    """Return batches of so many windows of one piece."""
    windows = plan_windows(np.arange(sum(counts) + 1, dtype=np.int32), 1)
    return [windows.take(numbers) for numbers in np.split(np.arange(sum(counts)), np.cumsum(counts)[:-1])]


def test_a_batch_is_submitted_before_the_result_of_the_one_in_front_is_awaited():
    device = Device()
    for job, _ in Flow(batches_of(3, 2, 1), device.submit).run():
        device.log.append(("pool", len(job.windows), device.running))
    assert [(event, size) for event, size, _ in device.log] == [
        ("submit", 3), ("submit", 2), ("result", 3), ("pool", 3),
        ("submit", 1), ("result", 2), ("pool", 2),
        ("result", 1), ("pool", 1),
    ]  # fmt: skip
    assert max(running for *_, running in device.log) == AHEAD
    assert [running for event, _, running in device.log if event == "pool"] == [1, 1, 0]  # the device is at work


limits = st.integers(1, 20) | st.just(10**9)


@given(st.lists(st.integers(1, 16), min_size=1, max_size=6), limits, limits)
def test_every_window_is_computed_once_whatever_fits(counts, at_submission, at_result):
    device = Device(at_submission, at_result)
    found = [hidden for _, hidden in Flow(batches_of(*counts), device.submit).run()]
    assert sorted(np.concatenate(found).tolist()) == list(range(sum(counts)))
    assert max(map(len, found)) <= min(at_submission, at_result)
    assert device.running == 0


def test_a_batch_that_does_not_fit_is_tried_again_when_nothing_else_runs():
    device = Device(at_submission=4)
    list(Flow(batches_of(4, 6, 2), device.submit).run())
    assert device.log[:4] == [("submit", 4, 0), ("submit", 6, 1), ("result", 4, 0), ("submit", 6, 0)]
    assert device.results() == [4, 3, 3, 2]


@pytest.mark.parametrize("limit", [{"at_submission": 0}, {"at_result": 0}])
def test_a_window_that_never_fits_is_an_error(limit):
    flow = Flow(batches_of(3, 2), Device(**limit).submit)
    with pytest.raises(ModelError, match=r"a single window of 3 pieces does not fit into the memory \(too many"):
        list(flow.run())


class Late:
    """The tiny model on a device that computes when a result is awaited."""

    def __init__(self, inner, most):
        self.inner, self.most, self.running = inner, most, []

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def submit(self, batch, layers):
        self.running.append(batch)
        return Pending(self, batch, layers)


@dataclass
class Pending:
    backend: Late
    batch: object
    layers: tuple

    def result(self):
        assert self.backend.running.pop(0) is self.batch
        if self.batch.ids.size > self.backend.most:
            raise OutOfMemory("too many")
        return self.backend.inner.submit(self.batch, self.layers).result()

    def are_finite(self):
        return True


@pytest.mark.parametrize("most", [10**9, 200])
@pytest.mark.parametrize("budget", [64, 512])
def test_vectors_do_not_depend_on_when_they_are_computed(most, budget):
    encoder = open_tiny()
    late = Late(encoder.backend, most)
    late.budget = budget
    done = []
    found = open_tiny(backend=late).token_vectors(TEXTS, segments_of(TEXTS), done.append)
    np.testing.assert_allclose(found, token_vectors(encoder, TEXTS), atol=5e-6)
    assert sum(done) == len(found)
    assert not late.running


@pytest.mark.parametrize("count", [0, 1, BEGUN, BEGUN + 3])
def test_the_first_batches_begin_without_waiting(count):
    device = Device()
    flow = Flow(batches_of(*[1] * count) if count else [], device.submit)
    flow.begin()
    assert [event for event, *_ in device.log] == ["submit"] * min(count, BEGUN)
    assert len(list(flow.run())) == count
    assert max((running for *_, running in device.log), default=0) <= BEGUN


def test_what_does_not_fit_while_batches_begin_is_halved_or_waits():
    device = Device(at_submission=2)
    flow = Flow(batches_of(4, 2, 5), device.submit)
    flow.begin()
    assert not device.results()
    assert [len(hidden) for _, hidden in flow.run()] == [2, 2, 2, 2, 1, 2]
