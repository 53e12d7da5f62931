"""Wrong usage names the nearest choice, on the command line as in Python."""

import json
import sys

import pytest
from typer.testing import CliRunner

import nlu_lite
from nlu_lite import OptionError
from nlu_lite.cli import app, main

CHOICES = [
    ("--pooling", "maen", "mean"),
    ("--pooling", "FIRST", "first"),
    ("--pooling", "first-last", "first_last"),
    ("--output-level", "docs", "document"),
    ("--output-level", "sentences", "sentence"),
    ("--missing", "skipp", "skip"),
    ("--empty", "kept", "keep"),
    ("--format", "jsonlines", "jsonl"),
    ("--dtype", "float61", "float32"),
    ("--backend", "open-vino", "openvino"),
    ("--precision", "pf16", "fp16"),
]


def told(monkeypatch, capsys, *arguments):
    """Run a command as a program would, and return the object that it writes to standard error."""
    monkeypatch.setattr(sys, "argv", ["nlu-lite", *arguments, "--json"])
    with pytest.raises(SystemExit) as raised:
        main()
    assert raised.value.code == 2
    return json.loads(capsys.readouterr().err)


@pytest.mark.parametrize(("option", "value", "near"), CHOICES)
def test_a_mistyped_choice_names_the_nearest(monkeypatch, capsys, option, value, near):
    error = told(monkeypatch, capsys, "predict", option, value, "a")
    assert error["error"] == "UsageError"
    assert near in error["nearest"]
    assert repr(value) in error["got"]
    assert error["message"].count("Nearest: ") == 1


def test_people_see_the_nearest_too():
    done = CliRunner().invoke(app, ["predict", "--pooling", "maen", "a"])
    assert done.exit_code == 2
    assert "Nearest: mean." in " ".join(done.output.replace("│", " ").split())


def test_a_choice_that_is_like_none_names_none(monkeypatch, capsys):
    error = told(monkeypatch, capsys, "predict", "--pooling", "qqqq", "a")
    assert error["nearest"] == []
    assert "Nearest" not in error["message"]


@pytest.mark.parametrize(
    ("options", "near"),
    [
        ({"output_level": "Doc"}, "document"),
        ({"output_level": "tokens"}, "token"),
        ({"missing": "SKIP"}, "skip"),
        ({"empty": "kep"}, "keep"),
        ({"split": "sentence"}, "sentences"),
        ({"as_": "pyarrow"}, "arrow"),
        ({"vectors": "Numpy"}, "numpy"),
    ],
)
def test_every_choice_of_predict_names_the_nearest(options, near):
    words = nlu_lite.load("en.tokenize")
    with pytest.raises(OptionError) as raised:
        words.predict("a", **options)
    assert raised.value.nearest[0] == near


@pytest.mark.parametrize(
    ("options", "near"),
    [
        ({"pooling": "maen"}, "mean"),
        ({"sentence_pooling": "CLS"}, "cls"),
        ({"layer_merge": "concatenate"}, "concat"),
        ({"alignment": "words"}, "word"),
        ({"context": "doc"}, "document"),
        ({"newline_breaks": "line"}, "lines"),
        ({"words": "dict"}, "dictionary"),
        ({"backend": "pytorch"}, "torch"),
        ({"precision": "FP-16"}, "fp16"),
        ({"source": "Hub"}, "hub"),
        ({"versions": "ani"}, "any"),
    ],
)
def test_every_choice_of_load_names_the_nearest(options, near):
    with pytest.raises(OptionError) as raised:
        nlu_lite.load("en.tokenize", **options)
    assert near in raised.value.nearest
