import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nlu_lite

MODEL = f"path:{Path(__file__).parents[1] / 'data' / 'xlmroberta_weights'}"
COLUMN = "word_embedding_xlmroberta_weights"


def run(*arguments, stdin=b"", check=0):
    command = [sys.executable, "-m", "nlu_lite.cli", *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, env=os.environ | {"PYTHONIOENCODING": "utf-8"})
    assert done.returncode == check, done.stderr.decode()
    return done.stdout.decode(), done.stderr.decode()


def test_texts_are_printed_as_a_table():
    out, err = run("predict", "--ref", "de.tokenize", "--positions", "Guten Tag!")
    assert out.splitlines()[0].split() == ["token", "token_begin", "token_end"]
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["0", "Guten", "0", "5"],
        ["0", "Tag", "6", "9"],
        ["0", "!", "9", "10"],
    ]
    assert err == ""


def test_the_version_is_printed():
    assert run("--version")[0].strip() == nlu_lite.__version__


def test_help_has_examples():
    out, _ = run("predict", "--help")
    assert 'nlu-lite predict "Put your text here."' in out


@pytest.mark.parametrize("through", ["file", "stdin"])
def test_a_file_has_a_document_on_each_line(tmp_path, through):
    data = "One.\r\n\nTwo\u2028x.\n".encode()
    (tmp_path / "texts.txt").write_bytes(data)
    name, stdin = ("-", data) if through == "stdin" else (tmp_path / "texts.txt", b"")
    run("predict", "--ref", "en.tokenize", "--file", name, "--output", tmp_path / "out.jsonl", stdin=stdin)
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]
    assert [(row["index"], row["token"]) for row in rows] == [(0, "One"), (0, "."), (2, "Two"), (2, "x"), (2, ".")]


@pytest.mark.slow
def test_every_kind_of_file_holds_the_same(tmp_path):
    expected = nlu_lite.load(MODEL).predict(["One two.", "Ünï, “x”."], positions=True)
    for name in ("out.parquet", "out.csv", "out.jsonl"):
        run("predict", "--ref", MODEL, "--positions", "--output", tmp_path / name, "One two.", "Ünï, “x”.")
    frames = {
        "parquet": pd.read_parquet(tmp_path / "out.parquet"),
        "csv": pd.read_csv(tmp_path / "out.csv", converters={COLUMN: json.loads}),
        "jsonl": pd.DataFrame(map(json.loads, (tmp_path / "out.jsonl").read_text(encoding="utf-8").split("\n")[:-1])),
    }
    for frame in frames.values():
        assert list(frame.columns) == ["index", "token", "token_begin", "token_end", COLUMN]
        assert frame["token"].tolist() == expected["token"].tolist()
        assert frame["index"].tolist() == expected.index.tolist()
        np.testing.assert_allclose(np.stack(frame[COLUMN]), nlu_lite.matrix(expected), rtol=1e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.jsonl", "out.parquet"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ref", "xx.embed.xlm_roberta_xtreme_bas", "a"], "Nearest: xx.embed.xlm_roberta_xtreme_base"),
        (["--ref", "en.tokenize", "--file", "/no/such/file"], "/no/such/file cannot be read"),
        (["--ref", "en.tokenize", "--output", "/no/such/out.csv", "a"], "/no/such/out.csv cannot be written"),
        (["--ref", "en.tokenize", "--file", "-"], "standard input is not UTF-8 at byte 1"),
    ],
)
def test_a_failure_is_one_line_and_code_1(arguments, said):
    out, err = run("predict", *arguments, stdin=b"a\xffb", check=1)
    assert out == ""
    assert len(err.splitlines()) == 1
    assert said in err


@pytest.mark.parametrize(
    "arguments", [["predict"], ["predict", "--file", "-", "text"], ["predict", "--nope"], ["nope"]]
)
def test_wrong_usage_is_code_2(arguments):
    _, err = run(*arguments, check=2)
    assert "Usage" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--output", "out.txt", "a"], "ends in '.txt'; expected .parquet or .csv or .jsonl"),
        (["--lang", "q9", "a"], "language 'q9' is unknown"),
    ],
)
def test_options_with_wrong_values_are_wrong_usage(arguments, said):
    _, err = run("predict", "--ref", "en.tokenize", *arguments, check=2)
    assert len(err.splitlines()) == 1
    assert said in err
