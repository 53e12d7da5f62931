"""Names of columns, from the request to the frame: the cases of `tests/data/columns.json`."""

import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from tiny import MODEL, open_tiny

import nlu_lite
from nlu_lite.model import Model
from nlu_lite.records import LocalFolder
from nlu_lite.store.sources import ModelFiles

CASES = json.loads((Path(__file__).parents[1] / "data" / "columns.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def encoder():
    return open_tiny()


@pytest.fixture
def tiny_models(monkeypatch, encoder):
    """Replace every model by the tiny model, so that any reference can be loaded."""

    def open_model(loaded, column, *_):
        spec = loaded.spec
        return Model(spec, ModelFiles(MODEL, LocalFolder(str(MODEL)), "0"), column, encoder, spec.sentence)

    monkeypatch.setattr("nlu_lite.pipeline.loading.load_checkpoint", lambda spec, access: SimpleNamespace(spec=spec))
    monkeypatch.setattr("nlu_lite.pipeline.loading.open_model", open_model)


@pytest.mark.parametrize("form", ["pandas", "arrow", "polars"])
@pytest.mark.parametrize("case", CASES, ids=[case["rule"] for case in CASES])
def test_columns_are_called_as_the_golden_file_says(case, form, tiny_models):
    pipeline = nlu_lite.load(*case["request"])
    result = pipeline.predict("One two. Three.", as_=form, **case.get("options", {}))
    names = result.column_names if form == "arrow" else list(result.columns)
    assert names == ["index"][: form != "pandas"] + case["columns"]


def test_the_callers_columns_stand_in_front(tiny_models):
    frame = pd.DataFrame({"b": [1], "text": ["One"], "a": [2]})
    found = nlu_lite.load("en.embed.bert").predict(frame)
    assert list(found.columns) == ["b", "a", "token", "word_embedding_bert"]
