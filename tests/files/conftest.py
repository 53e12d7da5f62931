from pathlib import Path

import pytest

import nlu_lite

MODEL = f"path:{Path(__file__).parents[1] / 'data' / 'xlmroberta_weights'}"


@pytest.fixture(scope="session")
def pipeline():
    return nlu_lite.load(MODEL)


@pytest.fixture(scope="session")
def words():
    return nlu_lite.load("en.tokenize")
