import json

import pytest
from typer.testing import CliRunner

import nlu_lite
from nlu_lite.cli import app
from tests.cli.test_predict import run


def told(*arguments):
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout, done.stderr


def test_search_prints_a_line_a_reference_the_best_first():
    out, err = told("search", "xtreme")
    assert out.split() == ["xx.embed.xlm_roberta_xtreme_base", "bucket", "XlmRoBertaEmbeddings"]
    assert err == ""


def test_search_takes_several_words_a_language_and_a_kind():
    out, _ = told("search", "camel", "lab", "--language", "ar", "--kind", "BertEmbeddings")
    lines = out.splitlines()
    assert lines
    assert all(line.startswith("ar.embed.") and line.endswith("BertEmbeddings") for line in lines)


def test_search_says_how_many_more_there_are_and_when_there_are_none():
    out, err = told("search", "bert")
    assert len(out.splitlines()) == 40
    assert "more: more words, --language or --kind narrow the search." in err
    out, err = told("search", "quite unlikely words")
    assert (out, err) == ("", "No reference matches. Fewer words, or parts of words, find more.\n")


@pytest.mark.parametrize("command", [["search", "e5"], ["references", "--kind", "E5Embeddings"]])
def test_json_lines_hold_the_frame(command):
    out, _ = told(*command, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    expected = nlu_lite.search("e5") if command[0] == "search" else nlu_lite.search(kind="E5Embeddings")
    assert sorted(row["reference"] for row in rows) == sorted(expected["reference"])
    assert list(rows[0]) == list(expected.columns)


def test_references_lists_all():
    out, _ = told("references", "--json")
    assert len(out.splitlines()) == len(nlu_lite.references())
    assert "not loadable" in told("references", "--language", "gd")[0]


def test_info_prints_the_card():
    out, _ = told("info", "bert")
    assert "not the same             en.bert: bert_base_uncased (BertEmbeddings)" in out.splitlines()
    out, _ = told("info", "bert", "--json")
    assert json.loads(out) == nlu_lite.info("bert").to_dict()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["info", "xx.embed.xlmm"], 1, "Nearest: xx.embed.xlm,"),
        pytest.param(
            ["search", "bert", "--language", "qq"], 2, "no model has the language 'qq'", marks=pytest.mark.slow
        ),
        pytest.param(["info"], 2, "Missing argument", marks=pytest.mark.slow),
    ],
)
def test_failures_are_told_in_a_line(arguments, code, said):
    out, err = run(*arguments, check=code)
    assert out == ""
    assert said in err
