"""Pictures in notebooks and as files, and files for other viewers."""

import numpy as np
import pandas as pd
import pytest

from nlu_lite.errors import InputError, OptionError, SourceError
from tests.plot.frames import COLUMN, tokens


def pictures():
    frame = tokens()
    return [frame.nlu.plot(), frame.nlu.heatmap(), frame.nlu.html([1, 0, 0, 0])]


def test_a_file_is_one_page_that_allows_no_request(tmp_path):
    for picture in pictures():
        page = picture.save(tmp_path / "page.html").read_text(encoding="utf-8")
        assert page == picture.to_html()
        assert page.count("<!DOCTYPE html>") == 1
        assert "default-src 'none'" in page
        assert "<link" not in page


def test_notebooks_show_pictures():
    scatter, _, text = pictures()
    bundle = scatter._repr_mimebundle_()
    assert bundle["application/vnd.plotly.v1+json"]["data"][0]["type"] == "scatter"
    assert bundle["text/html"].startswith("<iframe sandbox=")
    assert "<script" not in bundle["text/html"]  # all of it is in the attribute srcdoc, escaped
    assert text._repr_html_().startswith('<section class="nlu-lite">')
    assert repr(text).startswith("TokenPicture('Similarity of word_embedding_x'")


def test_lone_surrogates_can_be_written(tmp_path):
    frame = tokens(["a b"])
    frame["token"] = pd.Series(["a\ud800", "b"], frame.index, object)
    for picture in (frame.nlu.plot(color="token"), frame.nlu.heatmap(), frame.nlu.html([1, 0, 0, 0])):
        picture.save(tmp_path / "page.html")


def test_files_that_cannot_be_written_are_errors(tmp_path):
    picture = pictures()[2]
    with pytest.raises(OptionError, match="is a folder"):
        picture.save(tmp_path)
    with pytest.raises(SourceError, match="cannot be written"):
        picture.save(tmp_path / "no" / "page.html")
    with pytest.raises(OptionError, match="path is a int"):
        picture.save(3)


def test_atlas_has_places_contexts_and_neighbors(tmp_path):
    frame = tokens(kind="k")
    vectors = frame.nlu.matrix(copy=True)
    vectors[1] = 0
    frame = frame.assign(**{COLUMN: list(vectors)})
    found = pd.read_parquet(frame.nlu.to_atlas(tmp_path / "a.parquet", neighbors=2))
    assert found.columns.tolist() == [
        *("token", "token_begin", "token_end", "kind"),
        *("context", "projection_x", "projection_y", "neighbors"),
    ]
    assert len(found) == 6
    assert found["context"][0] == "A cat sat."
    [trace] = frame.nlu.plot().figure.data
    np.testing.assert_allclose(found["projection_x"], trace.x)
    expected = frame.drop(index=[]).iloc[[0, 2, 3, 4, 5, 6]].reset_index(drop=True)
    nearest = expected.nlu.similarity(expected).to_numpy()[0].argsort()[::-1][1:3]
    assert found["neighbors"][0]["ids"].tolist() == nearest.tolist()
    with pytest.raises(InputError, match="already has the columns"):
        frame.assign(context="").nlu.to_atlas(tmp_path / "b.parquet")


def test_projector_has_a_line_for_each_row(tmp_path):
    frame = tokens(kind="a\tb\nc")
    folder = frame.nlu.to_projector(tmp_path / "projector")
    vectors = np.loadtxt(folder / "vectors.tsv", delimiter="\t", dtype=np.float32)
    np.testing.assert_array_equal(vectors, frame.nlu.matrix())
    lines = (folder / "metadata.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["token\ttoken_begin\ttoken_end\tkind", "A\t0\t1\ta b c"]
    assert len(lines) == 8
    config = (folder / "projector_config.pbtxt").read_text(encoding="utf-8")
    assert [line.strip() for line in config.splitlines()[1:-1]] == [
        'tensor_name: "word_embedding_x"',
        'tensor_path: "vectors.tsv"',
        'metadata_path: "metadata.tsv"',
    ]
    last = frame[["kind", "token", COLUMN]].nlu.to_projector(tmp_path / "last")
    assert (last / "metadata.tsv").read_text(encoding="utf-8").startswith("token\tkind\nA\t")
    only = frame[["token", COLUMN]].nlu.to_projector(tmp_path / "one")
    assert (only / "metadata.tsv").read_text(encoding="utf-8").splitlines() == frame["token"].tolist()
    with pytest.raises(OptionError, match="exists"):
        frame.nlu.to_projector(folder)
