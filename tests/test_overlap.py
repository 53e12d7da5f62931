"""While a device computes a part of the texts, the host splits and encodes the next part."""

import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Event

import numpy as np
import pandas as pd
import pytest
from tiny import MODEL, TEXTS

import nlu_lite
from nlu_lite import InputError, ModelError
from nlu_lite.encoding.backends import Backend, ComputedStates
from nlu_lite.encoding.flow import BEGUN
from nlu_lite.pipeline import prediction
from nlu_lite.records import Segments

WAIT = 60
"""Seconds after which a test fails that would otherwise never end."""


@dataclass
class Device:
    """A device that computes batches one after another in a thread of its own."""

    inner: Backend
    thread: ThreadPoolExecutor
    may_compute: Event = field(default_factory=Event)
    unread: int = 0
    most_unread: int = 0
    is_asynchronous = True

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def submit(self, batch, layers):
        self.unread += 1
        self.most_unread = max(self.most_unread, self.unread)
        return Submitted(self, self.thread.submit(self._compute, batch, layers))

    def _compute(self, batch, layers):
        assert self.may_compute.wait(WAIT)
        return self.inner.submit(batch, layers).result()


@dataclass
class Submitted:
    device: Device
    states: Future

    def result(self):
        self.device.unread -= 1
        return self.states.result()

    def are_finite(self):
        return bool(np.isfinite(self.states.result()).all())


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    other = shutil.copytree(MODEL, tmp_path_factory.mktemp("models") / "other")
    return nlu_lite.load(f"path:{MODEL}", f"path:{other}")


@pytest.fixture
def pipeline(model, monkeypatch):
    """The model on a device; texts are processed in parts of some sentences."""
    monkeypatch.setattr(prediction, "PART", 150)
    with ThreadPoolExecutor(1) as thread:
        device = Device(model.models[0].encoder.backend, thread)
        device.may_compute.set()
        models = [replace(one, encoder=replace(one.encoder, backend=device)) for one in model.models]
        yield replace(model, models=tuple(models))


def split_parts(monkeypatch, do):
    """Call a function with the number of each part before it is split."""
    segment, parts = prediction.segment, []

    def observe(given, settings, progress):
        parts.append(given)
        do(len(parts))
        return segment(given, settings, progress)

    monkeypatch.setattr(prediction, "segment", observe)
    return parts


def test_the_next_part_is_split_while_the_device_computes(pipeline, monkeypatch):
    device = pipeline.models[0].encoder.backend
    device.may_compute.clear()
    seen = []

    def observe(number):
        seen.append((number, device.unread > 0, device.may_compute.is_set()))
        if number == 2:
            device.may_compute.set()  # nothing is computed before the second part is split

    parts = split_parts(monkeypatch, observe)
    pipeline.predict(TEXTS)
    assert seen[:2] == [(1, False, False), (2, True, False)]
    assert len(parts) > 5
    assert all(waiting for _, waiting, _ in seen[1:])
    assert device.most_unread <= BEGUN
    assert device.unread == 0


@pytest.mark.parametrize("level", ["token", "sentence", "document"])
def test_the_result_is_that_of_one_part(pipeline, model, level):
    texts = ["", *TEXTS, " ", "One. Two, three!", *TEXTS[:9], ""]
    options = {"output_level": level, "positions": True, "metadata": True}
    found, expected = pipeline.predict(texts, **options), model.predict(texts, **options)
    vectors = [column for column in found.columns if "embedding" in column]
    pd.testing.assert_frame_equal(found.drop(columns=vectors), expected.drop(columns=vectors))
    for column in vectors:
        np.testing.assert_allclose(nlu_lite.matrix(found, column), nlu_lite.matrix(expected, column), atol=5e-6)


def test_reproducible_vectors_are_those_of_one_part(pipeline, model):
    found = pipeline.with_(reproducible=True).predict(TEXTS, as_="arrow")
    assert found.equals(model.with_(reproducible=True).predict(TEXTS, as_="arrow"))


@pytest.mark.parametrize("options", [{}, {"split": "sentences"}])
def test_texts_that_are_already_split_are_the_same_in_parts(pipeline, model, options):
    documents = [text.split() for text in TEXTS]
    found, expected = pipeline.predict(documents, **options), model.predict(documents, **options)
    assert found["token"].tolist() == expected["token"].tolist()
    assert found.index.tolist() == expected.index.tolist()


def test_an_error_names_the_document_in_the_whole_data(pipeline, monkeypatch):
    device = pipeline.models[0].encoder.backend
    inner = device.inner.submit
    last = len(TEXTS) - 1

    def spoil(batch, layers):
        hidden = inner(batch, layers).result()
        return ComputedStates(np.full_like(hidden, np.nan) if len(parts) > 5 else hidden)

    parts = split_parts(monkeypatch, lambda _: None)
    monkeypatch.setattr(device, "inner", replace_submit(device.inner, spoil))
    with pytest.raises(ModelError, match=r"not numbers in layer 0 of 2 for document (\d+), ") as error:
        pipeline.predict(TEXTS)
    document = int(str(error.value).partition("document ")[2].partition(",")[0])
    assert 5 < document <= last
    assert repr(TEXTS[document][:60])[1:10] in str(error.value)


def replace_submit(backend, submit):
    class Spoilt:
        def __getattr__(self, name):
            return submit if name == "submit" else getattr(backend, name)

    return Spoilt()


def test_an_error_of_a_later_part_is_raised_as_it_is(pipeline, monkeypatch):
    def fail(number):
        if number == 3:
            raise InputError("the third part is bad")

    split_parts(monkeypatch, fail)
    with pytest.raises(InputError, match="the third part is bad"):
        pipeline.predict(TEXTS)


def test_one_text_is_one_part(pipeline, monkeypatch):
    parts = split_parts(monkeypatch, lambda _: None)
    assert len(pipeline.predict("One word.")) == 3
    assert len(pipeline.predict([])) == 0
    assert len(parts) == 2


def test_the_tokens_of_a_part_are_cut_once_for_all_models_and_the_frame(pipeline, monkeypatch):
    cut, calls = Segments._cut_tokens, []

    def observe(segments, texts):
        calls.append(len(segments.token_begin))
        return cut(segments, texts)

    monkeypatch.setattr(Segments, "_cut_tokens", observe)
    parts = split_parts(monkeypatch, lambda _: None)
    found = pipeline.predict(TEXTS)
    assert len(calls) == len(parts)
    assert sum(calls) == len(found)
