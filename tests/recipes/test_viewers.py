"""Packages that the page on pictures names: UMAP, and TensorBoard's own reader of the projector's files."""

import re
import subprocess
import sys

import httpx
import numpy as np
import pytest

from nlu_lite.errors import InputError
from tests.plot.frames import COLUMN, tokens

pytestmark = pytest.mark.recipes
no_tensorflow = pytest.mark.filterwarnings("ignore:Tensorflow not installed:ImportWarning")
TEXTS = [" ".join(f"w{number}" for number in range(40))]


@no_tensorflow
@pytest.mark.parametrize("dimensions", [2, 3])
def test_umap_is_drawn_and_is_the_same_each_time(dimensions):
    frame = tokens(TEXTS)
    pictures = [frame.nlu.plot(method="umap", dimensions=dimensions) for _ in range(2)]
    assert pictures[0].caption == "UMAP of 40 rows"
    one, other = (picture.figure.data[0] for picture in pictures)
    assert np.isfinite(one.x).all()
    assert len(set(one.x)) == 40
    np.testing.assert_array_equal(one.y, other.y)


@no_tensorflow
def test_umap_of_few_or_equal_rows():
    frame = tokens(TEXTS)
    assert len(frame.iloc[:4].nlu.plot(method="umap").figure.data[0].x) == 4
    with pytest.raises(InputError, match="method='umap' was given 3 rows"):
        frame.iloc[:3].nlu.plot(method="umap")
    equal = frame.assign(**{COLUMN: [np.ones(4, np.float32)] * len(frame)})
    assert np.isfinite(equal.nlu.plot(method="umap").figure.data[0].x).all()


@no_tensorflow
def test_neighbours_of_many_rows_are_found_by_approximation():
    many = tokens([" ".join(f"w{number}" for number in range(4200))])  # UMAP computes all distances up to 4,096 rows
    assert np.isfinite(many.nlu.plot(method="umap", labels="token").figure.data[0].x).all()


@pytest.fixture
def tensorboard(tmp_path):
    """Return a function that opens a folder in TensorBoard on loopback and returns the address of the projector."""
    started = []

    def open_folder(folder):
        command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--host", "127.0.0.1"]
        process = subprocess.Popen([*command, "--port", "0"], stderr=subprocess.PIPE, text=True)
        started.append(process)
        line = next(line for line in process.stderr if "TensorBoard" in line and "http" in line)
        return f"{re.search(r'http://[^ ]*?:[0-9]+', line)[0]}/data/plugin/projector"

    yield open_folder
    for process in started:
        process.terminate()
        process.communicate()


def test_tensorboard_reads_the_files_of_the_projector(tensorboard, tmp_path):
    frame = tokens(["A <b>cat</b> sat.", 'البنك "رفض"!'], kind="a\tb")
    address = tensorboard(frame.nlu.to_projector(tmp_path / "projector"))
    assert httpx.get(f"{address}/runs").json() == ["."]
    [found] = httpx.get(f"{address}/info", params={"run": "."}).json()["embeddings"]
    assert (found["tensorName"], found["tensorShape"]) == (COLUMN, list(frame.nlu.matrix().shape))
    place = {"run": ".", "name": COLUMN}
    vectors = np.frombuffer(httpx.get(f"{address}/tensor", params=place).content, np.float32)
    np.testing.assert_allclose(vectors.reshape(found["tensorShape"]), frame.nlu.matrix(), rtol=1e-6)
    head, *lines = httpx.get(f"{address}/metadata", params=place).text.splitlines()
    assert head.split("\t") == ["token", "token_begin", "token_end", "kind"]
    assert [line.split("\t")[0] for line in lines] == frame["token"].tolist()
