import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import nlu_lite
from nlu_lite.cli import app

pytestmark = pytest.mark.slow  # most start a process

MODEL = f"path:{Path(__file__).parents[1] / 'data' / 'xlmroberta_weights'}"
COLUMN = "word_embedding_xlmroberta_weights"


def started(*arguments, **options):
    command = [sys.executable, "-m", "nlu_lite.cli", *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, **options)


def run(*arguments, stdin=b"", check=0):
    command = [sys.executable, "-m", "nlu_lite.cli", *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, env=os.environ | {"PYTHONIOENCODING": "utf-8"})
    assert done.returncode == check, done.stderr.decode()
    return done.stdout.decode(), done.stderr.decode()


def invoked(*arguments):
    """Run a command in this process, where torch is already imported."""
    done = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done.stdout, done.stderr


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


def test_every_kind_of_file_holds_the_same(tmp_path):
    expected = nlu_lite.load(MODEL).predict(["One two.", "Ünï, “x”."], positions=True)
    for name in ("out.parquet", "out.csv", "out.jsonl"):
        invoked("predict", "--ref", MODEL, "--positions", "--output", tmp_path / name, "One two.", "Ünï, “x”.")
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
        (["--ref", "en.tokenize", "--file", "/no/such/file"], "/no/such/file does not exist"),
        (["--ref", "en.tokenize", "--output", "/no/such/out.csv", "a"], "/no/such/out.csv cannot be written"),
        (["--ref", "en.tokenize", "--file", "-"], "standard input is not UTF-8 at byte 1"),
    ],
)
def test_a_failure_is_one_line_and_code_1(arguments, said):
    out, err = run("predict", *arguments, stdin=b"a\xffb", check=1)
    assert out == ""
    assert len(err.splitlines()) == 1
    assert said in err


@pytest.mark.parametrize("arguments", [["predict", "--file", "-", "text"], ["predict", "--nope"], ["nope"]])
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


# --- files and pipes -------------------------------------------------------------------------------------------------


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "in.jsonl"
    rows = [{"text": "One two.", "n": 2**60 + 1}, {"text": "Three.", "n": None}, {"text": "Four.", "when": "today"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_pipe_becomes_parquet_and_is_told_of(tmp_path):
    out, err = run("predict", "--ref", MODEL, "-o", tmp_path / "out.parquet", stdin=b"One two.\nThree.\n")
    assert out == ""
    assert err == f"{tmp_path / 'out.parquet'}: 2 texts, 5 rows\n"
    expected = nlu_lite.load(MODEL).predict(["One two.", "Three."])
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert found["token"].tolist() == expected["token"].tolist()
    np.testing.assert_allclose(np.stack(found[COLUMN]), nlu_lite.matrix(expected), atol=1e-5)
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]


def test_a_pipe_through_to_a_pipe_is_json_lines():
    for arguments in (["-o", "-"], ["--json"], ["-o", "-", "--chunk", "1"]):
        out, err = run("predict", "--ref", "en.tokenize", *arguments, stdin=b"a b\n\nc\n")
        rows = [json.loads(line) for line in out.splitlines()]
        assert rows == [{"index": 0, "token": "a"}, {"index": 0, "token": "b"}, {"index": 2, "token": "c"}]
        assert err == ""


def test_options_of_files_reach_the_file(tmp_path, rows):
    arguments = ["--ref", MODEL, "-f", rows, "-o", tmp_path / "out.parquet", "--dtype", "float16", "--chunk", "2"]
    told = invoked("predict", *arguments, "--positions", "--output-level", "sentence", "--pooling", "mean", "-q")
    assert told == ("", "")
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert found.columns.tolist() == ["index", "n", "when", "sentence", "sentence_begin", "sentence_end", COLUMN]
    assert found[COLUMN][0].dtype == np.float16
    expected = nlu_lite.load(MODEL, pooling="mean").predict(["One two.", "Three.", "Four."], output_level="sentence")
    np.testing.assert_allclose(np.stack(found[COLUMN]), nlu_lite.matrix(expected), atol=1e-2)


def test_metadata_are_counted_through_a_pipe():
    arguments = ["--ref", "en.tokenize", "--metadata", "--json", "--chunk", "1"]
    out, _ = run("predict", *arguments, stdin=b"a b\n\nc\n")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [(row["document_number"], row["token_number"]) for row in rows] == [(0, 0), (0, 1), (2, 0)]


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
def test_columns_come_along_as_they_are(tmp_path, rows, name):
    _, err = run("predict", "--ref", "en.tokenize", "-f", rows, "-o", tmp_path / name, "--chunk", "1", "-q")
    assert err == ""
    if name.endswith("csv"):
        lines = ["index,n,when,token", "0,1152921504606846977,,One", "0,1152921504606846977,,two"]
        assert (tmp_path / name).read_text().splitlines()[:3] == lines
        return
    found = [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
    assert found[0] == {"index": 0, "token": "One", "n": 2**60 + 1, "when": None}
    assert found[-1] == {"index": 2, "token": ".", "n": None, "when": "today"}
    assert len(found) == 7


def test_a_saved_pipeline_is_run(tmp_path):
    nlu_lite.load("en.tokenize", keep_whole="New York").save(tmp_path / "saved")
    out, _ = run("predict", "--path", tmp_path / "saved", "--json", "New York!")
    assert [json.loads(line)["token"] for line in out.splitlines()] == ["New York", "!"]


def test_a_summary_is_an_object_for_programs(tmp_path, rows):
    out, err = run("predict", "--ref", "en.tokenize", "-f", rows, "-o", tmp_path / "out.parquet", "--json", "--quiet")
    assert json.loads(out) == {"output": str(tmp_path / "out.parquet"), "texts": 3, "rows": 7, "resumed": 0}
    assert err == ""


def test_the_bar_is_on_stderr(tmp_path):
    import pty
    import termios

    (tmp_path / "in.txt").write_text("One line of text.\n" * 30_000)
    arguments = ["predict", "--ref", "en.tokenize", "-f", tmp_path / "in.txt", "--chunk", "100"]
    seen = {}
    for quiet in ([], ["--quiet"]):
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 100))
        # Without a delay, since machines differ in speed.
        at_once = "from nlu_lite import cli; from nlu_lite._util import progress; progress.DELAY = 0; cli.main()"
        command = [sys.executable, "-c", at_once, *map(str, arguments), *quiet]
        with subprocess.Popen(
            [*command, "-o", str(tmp_path / f"out{len(quiet)}.parquet")], stderr=theirs, stdout=subprocess.PIPE
        ) as process:
            os.close(theirs)
            seen[bool(quiet)] = everything(ours)
            assert process.stdout.read() == b""
        assert process.returncode == 0
    assert "/30000 [" in seen[False]
    assert "text/s" in seen[False]
    assert "out0.parquet: 30000 texts, 150000 rows" in seen[False]
    assert seen[True] == ""


def everything(terminal):
    """Read a terminal until its other side is closed, which is an error on Linux."""
    data = b""
    with os.fdopen(terminal, "rb", buffering=0) as file:
        try:
            while part := file.read(4096):
                data += part
        except OSError:
            pass
    return data.decode()


def test_ctrl_c_is_told_and_the_same_command_goes_on(tmp_path):
    (tmp_path / "in.txt").write_text("".join(f"Line {n} is here.\n" for n in range(4000)))
    target = tmp_path / "out.parquet"
    arguments = ["predict", "--ref", MODEL, "-f", tmp_path / "in.txt", "-o", target, "--chunk", "20", "--lang", "en"]
    with started(*arguments) as process:
        while len(list(tmp_path.glob("out.parquet.parts/part-*.parquet"))) < 3:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        err = process.stderr.read().decode()
    assert process.returncode == 130
    assert err == "nlu-lite: interrupted; completed chunks are kept, and the same command resumes\n"
    assert not target.exists()
    _, err = invoked(*arguments)
    assert "4000 texts (" in err
    assert "of them in earlier runs), 20000 rows" in err


# --- errors ----------------------------------------------------------------------------------------------------------


def test_errors_are_objects_for_programs(tmp_path):
    out, err = run("predict", "--json", "--ref", "xx.embed.xlm_roberta_xtreme_bas", "a", check=1)
    told = json.loads(err)
    assert out == ""
    assert (told["error"], told["exit_code"]) == ("UnknownReference", 1)
    assert "xx.embed.xlm_roberta_xtreme_base" in told["nearest"]
    assert {"message", "got", "expected", "remedy"} <= set(told)
    told = json.loads(run("predict", "--json", "--ref", "en.tokenize", "--lang", "q9", "a", check=2)[1])
    assert (told["error"], told["exit_code"]) == ("OptionError", 2)


@pytest.mark.parametrize("arguments", [["predict", "--json", "--nope"], ["nope", "--json"]])
def test_wrong_usage_is_an_object_for_programs(arguments):
    told = json.loads(run(*arguments, check=2)[1])
    assert told["error"] == "UsageError"
    assert "nope" in told["message"]
    assert {"got", "expected", "remedy", "nearest", "exit_code"} <= set(told)


@pytest.mark.parametrize(
    ("redirected", "said"),
    [
        ("<&-", "standard input is closed"),
        ("-o - 'a b' >/dev/full", "standard output cannot be written or read (No space left on device)"),
        ("--json 'a b' >&-", "standard output is closed"),
        ("-f in.csv -o in.csv --replace", "in.csv is the file that is read"),
    ],
)
def test_streams_that_are_closed_or_full_are_told_in_a_line(tmp_path, redirected, said):
    (tmp_path / "in.csv").write_text("text\na\n")
    command = f"{sys.executable} -m nlu_lite.cli predict --ref en.tokenize {redirected}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
    assert (tmp_path / "in.csv").read_text() == "text\na\n"


def test_json_is_utf_8_wherever_it_goes(monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    command = [sys.executable, "-m", "nlu_lite.cli", "predict", "--ref", "en.tokenize", "日本"]
    assert json.loads(subprocess.run([*command, "--json"], capture_output=True).stdout.decode())["token"] == "日本"
    assert r"\u65e5\u672c" in subprocess.run(command, capture_output=True).stdout.decode()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "{here}/there.csv"], "there.csv exists; expected a name that is free. Remove it, or pass --replace"),
        (["-o", "{here}/there.parquet"], "there.parquet exists"),
        (["-o", "{here}/folder.parquet"], "folder.parquet is a folder"),
        (["--dtype", "float16"], "--dtype float16 without --file"),
        (["--text-column", "x", "a"], "--text-column with texts from the command line"),
        (["--drop-columns", "a"], "--drop-columns with texts"),
        (["--format", "csv"], "csv from standard input"),
        (["--path", "/no/such", "--pooling", "mean", "a"], "path= was given with references"),
    ],
)
def test_what_cannot_be_done_is_refused(tmp_path, arguments, said):
    for name in ("there.csv", "there.parquet"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "folder.parquet").mkdir()
    _, err = run("predict", "--ref", "en.tokenize", *(one.format(here=tmp_path) for one in arguments), check=2)
    assert len(err.splitlines()) == 1
    assert said in err
    assert (tmp_path / "there.csv").read_text() == "mine"


def test_an_output_may_be_replaced(tmp_path, rows):
    for name in ("out.csv", "out.parquet"):
        (tmp_path / name).write_text("old")
        run("predict", "--ref", "en.tokenize", "-f", rows, "-o", tmp_path / name, "--replace")
        assert len((tmp_path / name).read_bytes()) > 50


def test_a_failure_in_the_midst_leaves_what_was_there(tmp_path):
    (tmp_path / "out.csv").write_text("old")
    data = b"fine\n" * 10 + b"\xff\n"
    arguments = ["--ref", "en.tokenize", "-o", tmp_path / "out.csv", "--chunk", "2", "--replace"]
    _, err = run("predict", *arguments, stdin=data, check=1)
    assert "standard input is not UTF-8 at byte 50" in err
    assert (tmp_path / "out.csv").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_reader_that_goes_away_is_no_failure_to_tell():
    with started(
        "predict", "--ref", "en.tokenize", "-o", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.close()
        with pytest.raises(BrokenPipeError):
            process.stdin.write(b"a b c\n" * 500_000)
        assert process.stderr.read() == b""
    assert process.returncode == 1
