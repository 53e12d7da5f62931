"""Files on the command line: names, delimiters, outputs that exist, and remedies in its own options."""

import json
import os
import sys
import threading

import pandas as pd
import pytest

from nlu_lite import InputError, OptionError
from nlu_lite.cli import main
from nlu_lite.cli.spelling import spell_options


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run a command in this process and folder, as the console script does."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, code=0):
        monkeypatch.setattr(sys, "argv", ["nlu-lite", "predict", "--ref", "en.tokenize", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        assert (caught.value.code or 0) == code, err
        return out, err

    return run


# --- remedies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("a,b\nx,y\n", [], "Name it: --text-column ..."),
        ("a,b\nx,y\n", ["--text-column", "c"], "Name one: --text-column ..."),
        ("a,b\nx,y\n", ["--text-column", "a", "--lang-column", "c"], "Name one: --lang-column ..."),
        ("a, b;c\nx, y;z\n", [], "Name it: --delimiter ..."),
        ("text,token\nx,y\n", [], "Rename them, or pass --drop-columns"),
        ("text,code\nx,y\n", ["--output-level", "token", "--empty", "keep"], "Pass --output-level sentence or"),
    ],
)
@pytest.mark.parametrize("output", ["out.parquet", "out.csv"])
def test_remedies_name_options_of_the_command_line(run, tmp_path, content, arguments, said, output):
    if output == "out.csv" and "token" in content:
        return  # checked where frames are joined
    (tmp_path / "in.csv").write_text(content)
    failed = 2 if "--empty" in arguments else 1
    assert said in run("-f", "in.csv", "-o", output, *arguments, code=failed)[1]
    told = json.loads(run("-f", "in.csv", "-o", output, "--json", *arguments, code=failed)[1])
    assert said in told["remedy"]
    assert told["remedy"] in told["message"]


def test_missing_texts_and_outputs_that_exist_name_options(run, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"text": null}\n')
    assert "or pass --missing skip to leave" in run("-f", "in.jsonl", "-o", "out.parquet", code=1)[1]
    for name in ("there.parquet", "there.csv"):
        (tmp_path / name).write_text("mine")
        assert "Remove it, or pass --replace" in run("-f", "in.jsonl", "-o", name, code=2)[1]


@pytest.mark.parametrize(
    ("remedy", "spelled"),
    [
        ('Pass device="cpu", or backend="torch"', 'Pass --device cpu, or backend="torch"'),
        ("Call load(device=...)", "Call --device ..."),
        ('or accept other results: load(path=..., versions="any")', None),
        ("Save pipe.with_(tokens=None), and give it when it is loaded: load(path=...).with_(...)", None),
        ("Name it: predict(frame, text_column=...)", "Name it: --text-column ..."),
        ("Leave positions= out, or pass positions=True", "Leave --positions out, or pass --positions"),
        ("Free some space, or name another folder: cache_dir=... or NLU_LITE_CACHE", None),
    ],
)
def test_only_options_that_the_command_has_are_respelled(remedy, spelled):
    options = ["--device", "--text-column", "--path", "--positions"]
    error = spell_options(OptionError("got text_column=3", "something", remedy, ["near"]), options)
    assert error.remedy == (spelled or remedy)
    assert (type(error), error.got, error.nearest) == (OptionError, "got text_column=3", ("near",))


def test_errors_in_python_name_options_of_python(tmp_path):
    import nlu_lite

    (tmp_path / "in.csv").write_text("a,b\nx,y\n")
    with pytest.raises(InputError, match=r"Name it: text_column=\.\.\."):
        nlu_lite.load("en.tokenize").predict_file(tmp_path / "in.csv", tmp_path / "out.parquet")


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_called_minus_is_read(run, tmp_path):
    (tmp_path / "-").write_text("mine\n")
    assert json.loads(run("-f", "./-", "--format", "txt", "-o", "-")[0])["token"] == "mine"
    assert "output ./- ends in ''" in run("-f", "./-", "--format", "txt", "-o", "./-", code=2)[1]


@pytest.mark.parametrize("output", ["out.parquet", "out.csv", "out.jsonl"])
def test_a_pipe_is_read_once(run, tmp_path, output):
    os.mkfifo(tmp_path / "in.txt")
    thread = threading.Thread(target=lambda: (tmp_path / "in.txt").write_text("one two\nthree\n"))
    thread.start()
    assert f"{output}: 2 texts, 3 rows" in run("-f", "in.txt", "-o", output)[1]
    thread.join()


@pytest.mark.parametrize(("name", "delimiter"), [("in.csv", ";"), ("in.tsv", "\t"), ("in.csv", "~")])
def test_delimiters(run, tmp_path, name, delimiter):
    (tmp_path / name).write_text(f"id{delimiter}review\n1{delimiter}Good, cheap\n")
    more = ["--delimiter", delimiter] if delimiter == "~" else []
    rows = [json.loads(line) for line in run("-f", name, "-o", "-", *more)[0].splitlines()]
    assert [(row["id"], row["token"]) for row in rows] == [("1", "Good"), ("1", ","), ("1", "cheap")]
    assert "with texts from the command line" in run("--delimiter", ";", "text", code=2)[1]


def test_the_same_command_again_says_that_the_file_is_whole(run, tmp_path):
    (tmp_path / "in.txt").write_text("one two\nthree\n")
    assert run("-f", "in.txt", "-o", "out.parquet")[1] == "out.parquet: 2 texts, 3 rows\n"
    before = (tmp_path / "out.parquet").stat().st_mtime_ns
    said = "out.parquet is whole: an earlier run of the same command wrote it; 2 texts, 3 rows\n"
    assert run("-f", "in.txt", "-o", "out.parquet")[1] == said
    told = json.loads(run("-f", "in.txt", "-o", "out.parquet", "--json")[0])
    assert told == {"output": "out.parquet", "texts": 2, "rows": 3, "resumed": 2, "unchanged": True}
    assert run("-f", "in.txt", "-o", "out.parquet", "--quiet") == ("", "")
    assert (tmp_path / "out.parquet").stat().st_mtime_ns == before
    assert (
        "exists and was made with other settings" in run("-f", "in.txt", "-o", "out.parquet", "--positions", code=2)[1]
    )
    (tmp_path / "in.txt").write_text("one two\n")
    assert "exists and was made from other texts" in run("-f", "in.txt", "-o", "out.parquet", code=2)[1]
    assert "out.parquet exists" in run("-o", "out.parquet", "one two", code=2)[1]


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.jsonl"])
def test_a_link_is_replaced_and_its_file_kept(run, tmp_path, name):
    (tmp_path / "in.txt").write_text("one\n")
    (tmp_path / "mine").write_text("mine")
    (tmp_path / name).symlink_to("mine")
    assert "exists" in run("-f", "in.txt", "-o", name, code=2)[1]
    run("-f", "in.txt", "-o", name, "--replace")
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / name).is_symlink()


@pytest.mark.parametrize("output", ["no/out.csv", "no/out.parquet", "in.txt/out.jsonl"])
def test_a_folder_that_does_not_exist_is_said(run, tmp_path, output):
    (tmp_path / "in.txt").write_text("one\n")
    assert "cannot be written" in run("-f", "in.txt", "-o", output, code=1)[1]


def test_a_file_with_the_name_of_a_part_is_kept(run, tmp_path, monkeypatch):
    (tmp_path / "in.txt").write_text("one\n")
    part = tmp_path / f".out.csv.{os.getpid()}.part"
    part.write_text("mine")
    assert "cannot be written (File exists)" in run("-f", "in.txt", "-o", "out.csv", code=1)[1]
    assert part.read_text() == "mine"


def test_utf_16_and_latin_1(run, tmp_path):
    (tmp_path / "in.csv").write_bytes("id,text\n1,Grüße\n".encode("utf-16"))
    run("-f", "in.csv", "-o", "out.csv")
    assert pd.read_csv(tmp_path / "out.csv")["token"].tolist() == ["Grüße"]
    (tmp_path / "in.csv").write_bytes("id,text\n1,Grüße\n".encode("latin-1"))
    assert "in.csv is not UTF-8 at byte 12, in line 2" in run("-f", "in.csv", "-o", "out.jsonl", code=1)[1]
