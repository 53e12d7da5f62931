"""`nlu-lite plot`."""

import sys

import pandas as pd
import pytest
from tiny import MODEL

import nlu_lite
from nlu_lite.cli import main


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vectors")
    source = folder / "texts.jsonl"
    source.write_text('{"text": "A cat sat.", "kind": "x"}\n{"text": "Dogs bark!", "kind": "y"}\n', encoding="utf-8")
    nlu_lite.load(f"path:{MODEL}").predict_file(source, folder / "v.parquet", positions=True)
    return folder / "v.parquet"


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run a command in this process and folder, as the console script does."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, code=0):
        monkeypatch.setattr(sys, "argv", ["nlu-lite", "plot", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        err = capsys.readouterr().err
        assert (caught.value.code or 0) == code, err
        return err

    return run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--color", "kind", "--dimensions", "3", "--method", "tsne", "--center", "--components", "1"],
            "t-SNE of 7 rows",
        ),
        (["--kind", "heatmap", "--max-rows", "3"], "a random sample of 3 of 7 rows"),
        (["--query", "cat"], "Cosine similarity to the query; 7 rows"),
        (["--query", "cat", "--ref", f"path:{MODEL}", "--title", "Cats"], "7 rows"),
    ],
)
def test_a_page_is_written(run, tmp_path, vectors, arguments, said):
    assert said in run(vectors, "-o", "page.html", *arguments)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert said in page


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--color", "kinds"], 1, r"color='kinds' is no column"),
        (["--kind", "heatmap", "--color", "kind"], 2, "--color with --kind heatmap"),
        (["--ref", "x"], 2, "--ref with --kind scatter"),
        (["--kind", "tokens"], 2, "Pass --query TEXT"),
        (["--dimensions", "4"], 2, "dimensions"),
        (["--query", "cat", "--ref", "en.tokenize"], 1, "expected 'word_embedding_xlmroberta_weights'"),
    ],
)
def test_wrong_options_are_errors(run, vectors, arguments, code, said):
    assert said in run(vectors, "-o", "page.html", *arguments, code=code)


def test_the_options_of_the_file_are_those_of_the_query(run, tmp_path, vectors):
    pipeline = nlu_lite.load(f"path:{MODEL}", pooling="mean")
    pipeline.predict_file(vectors.with_name("texts.jsonl"), tmp_path / "m.parquet")
    assert "made with other options" in run("m.parquet", "-o", "page.html", "--query", "cat", code=2)
    pipeline.save(tmp_path / "saved")
    assert "7 rows" in run("m.parquet", "-o", "page.html", "--query", "cat", "--path", "saved")


def test_files_that_cannot_be_drawn_are_errors(run, tmp_path, vectors):
    (tmp_path / "no.parquet").write_bytes(b"PAR1 and more")
    assert "is no Parquet file" in run("no.parquet", "-o", "page.html", code=1)
    assert "cannot be read" in run("none.parquet", "-o", "page.html", code=1)
    pd.DataFrame({"token": ["a"]}).to_parquet(tmp_path / "plain.parquet")
    assert "0 columns hold vectors" in run("plain.parquet", "-o", "page.html", code=1)
    assert "ends in '.png'" in run(vectors, "-o", "page.png", code=2)
    (tmp_path / "page.html").touch()
    assert "exists" in run(vectors, "-o", "page.html", code=2)
    run(vectors, "-o", "page.html", "--replace")
