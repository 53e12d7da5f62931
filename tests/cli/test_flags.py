"""Options of `load` as flags: every option has one, and each reaches the pipeline."""

import inspect
import json
from enum import Enum

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import nlu_lite
from nlu_lite.cli import app
from nlu_lite.cli.flags import LOAD_FLAGS, _parse_flags
from nlu_lite.errors import OptionError
from nlu_lite.options import LoadOptions, Pooling, PredictOptions, Words

APART = {
    "references",  # --ref
    "path",  # --path
    "sentence_splitter",  # a function
    "tokenizer",  # a function
}
OTHER_NAMES = {"keep_columns": "drop_columns"}


def list_flags():
    parameters = get_command(app).commands["predict"].params
    return {name.removeprefix("--").replace("-", "_") for one in parameters for name in one.opts}


def test_every_option_of_load_has_a_flag():
    options = set(inspect.signature(nlu_lite.load).parameters) - APART
    assert {flag.name for flag in LOAD_FLAGS} == options
    assert options <= list_flags()
    assert set(LoadOptions.__annotations__) | {"references", "path"} == options | APART


def test_every_option_of_predict_has_a_flag():
    assert {OTHER_NAMES.get(name, name) for name in PredictOptions.__annotations__} <= list_flags()


def test_choices_of_flags_are_those_of_load():
    described = {name: str(hint) for name, hint in LoadOptions.__annotations__.items()}
    choices = {
        flag.name: [member.value for member in flag.type] for flag in LOAD_FLAGS if isinstance(flag.type, type(Enum))
    }
    assert len(choices) == 11
    assert all(name in described for name in choices)
    for name, values in choices.items():
        for value in values:
            with pytest.raises(OptionError, match=f"{name}='{value}x'"):
                nlu_lite.load("de.tokenize", **{name: f"{value}x"})


def test_flags_become_the_values_of_load():
    given = {flag.name: None for flag in LOAD_FLAGS}
    given |= {"layers": "-1,-2", "normalize": True, "keep_whole": ["a b"], "pooling": Pooling.MEAN, "words": Words.ICU}
    assert _parse_flags(given) == {
        "words": "icu",
        "keep_whole": ["a b"],
        "pooling": "mean",
        "layers": (-1, -2),
        "normalize": True,
    }


def test_flags_reach_the_pipeline():
    arguments = [
        "--ref",
        "en.tokenize",
        "--keep-whole",
        "New York",
        "--keep-whole",
        "it is",
        "--newline-breaks",
        "lines",
    ]
    done = CliRunner().invoke(app, ["predict", *arguments, "--json", "--metadata", "New York\nit is so"])
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["token"], row["sentence_number"]) for row in rows] == [("New York", 0), ("it is", 1), ("so", 1)]


@pytest.mark.parametrize("text", ["", "last", "-1;-2", "1.5", ","])
def test_layers_are_whole_numbers(text):
    with pytest.raises(OptionError, match="separated by commas"):
        _parse_flags({"layers": text})
