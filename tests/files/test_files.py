import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

import nlu_lite
from nlu_lite import FormatError, InputError, ModelError, OptionError, SourceError
from nlu_lite.files import WriteOutcome, parts
from nlu_lite.model import Model
from tests.files.conftest import MODEL

COLUMN = "word_embedding_xlmroberta_weights"
TEXTS = ["One two.", "", "Three four five! Six.", "Ünï, “x”.", "Seven eight.", "Nine."]


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text("".join(f"{text}\n" for text in TEXTS), encoding="utf-8")
    return path


@pytest.fixture
def target(tmp_path):
    return tmp_path / "out.parquet"


def folder_of(target):
    return target.with_name("out.parquet.parts")


def vectors(table, name=COLUMN):
    return np.stack(table[name].to_pandas())


# --- what is written -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("level", ["token", "sentence", "document"])
def test_the_file_holds_what_predict_gives(pipeline, source, target, size, level):
    written = pipeline.predict_file(source, target, chunk=size, output_level=level, positions=True)
    table = parquet.read_table(target)
    expected = pipeline.predict(TEXTS, output_level=level, positions=True)
    assert (written.path, written.texts, written.rows, written.resumed) == (target, len(TEXTS), len(expected), 0)
    assert table.column_names == ["index", level, f"{level}_begin", f"{level}_end", COLUMN]
    assert table.schema.field(COLUMN).type == pa.list_(pa.float32(), 16)
    assert table["index"].to_pylist() == expected.index.tolist()
    assert table[level].to_pylist() == expected[level].tolist()
    np.testing.assert_allclose(vectors(table), nlu_lite.matrix(expected), atol=1e-5)
    assert sorted(path.name for path in target.parent.iterdir()) == ["in.txt", "out.parquet"]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_the_file_holds_the_metadata_that_predict_gives(pipeline, source, target, size):
    pipeline.predict_file(source, target, chunk=size, metadata=True)
    found, expected = parquet.read_table(target).to_pandas(), pipeline.predict(TEXTS, metadata=True)
    facts = [name for name in expected.columns if name != COLUMN]
    assert found[facts].to_dict("list") == expected[facts].to_dict("list")
    assert found["document_number"].unique().tolist() == [0, 2, 3, 4, 5]


def test_a_chunk_is_a_row_group_and_the_settings_are_noted(pipeline, source, target):
    pipeline.predict_file(source, target, chunk=3, lang="en")
    file = parquet.ParquetFile(target)
    assert file.num_row_groups == 2
    note = json.loads(file.schema_arrow.metadata[b"nlu_lite"])
    assert (note["chunk"], note["lang"], note["pipeline"]["references"]) == (3, "en", [MODEL])


def test_pandas_and_polars_read_the_file(pipeline, source, target):
    import polars

    pipeline.predict_file(source, target)
    tokens = pipeline.predict(TEXTS)["token"].tolist()
    assert pd.read_parquet(target)["token"].tolist() == tokens
    assert polars.read_parquet(target)["token"].to_list() == tokens


def test_half_floats_are_the_vectors_rounded(pipeline, source, target):
    pipeline.predict_file(source, target, chunk=2, dtype="float16")
    table = parquet.read_table(target)
    assert table.schema.field(COLUMN).type == pa.list_(pa.float16(), 16)
    frames = pd.concat(pipeline.stream(TEXTS, chunk=2))
    np.testing.assert_array_equal(vectors(table), nlu_lite.matrix(frames).astype(np.float16))


def test_other_columns_come_along_with_their_types(words, tmp_path, target):
    data = pa.table(
        {
            "n": pa.array([1, None, 3], pa.int8()),
            "text": ["a b", "", "c"],
            "tags": pa.array([["x"], None, []], pa.list_(pa.string())),
            "kind": pa.array(["p", "q", "p"]).dictionary_encode(),
        }
    )
    parquet.write_table(data, tmp_path / "in.parquet")
    words.predict_file(tmp_path / "in.parquet", target, chunk=2)
    table = parquet.read_table(target)
    assert table.column_names == ["index", "n", "tags", "kind", "token"]
    assert table.schema.field("n").type == pa.int8()
    assert pa.types.is_dictionary(table.schema.field("kind").type)
    assert table.drop_columns("kind").to_pylist() == [
        {"index": 0, "n": 1, "tags": ["x"], "token": "a"},
        {"index": 0, "n": 1, "tags": ["x"], "token": "b"},
        {"index": 2, "n": 3, "tags": [], "token": "c"},
    ]
    words.predict_file(tmp_path / "in.parquet", target, keep_columns=False, existing="replace")
    assert parquet.read_table(target).column_names == ["index", "token"]


def test_a_folder_names_its_files(words, tmp_path, target):
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text("One.\n")
    (folder / "b.csv").write_text("text\nTwo.\nThree.\n")
    words.predict_file(folder, target, chunk=2)
    rows = [tuple(row.values()) for row in parquet.read_table(target).to_pylist()]
    assert rows == [
        *[("a.txt", 0, "One"), ("a.txt", 0, "."), ("b.csv", 0, "Two"), ("b.csv", 0, ".")],
        *[("b.csv", 1, "Three"), ("b.csv", 1, ".")],
    ]


def test_a_column_may_name_the_language(tmp_path, target):
    texts = ["Das ist z.B. Ihr Hund. Ja."] * 2
    rows = [{"body": text, "code": code} for text, code in zip(texts, ["de", "xx"], strict=True)]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)))
    detector = nlu_lite.load("xx.sentence_detector")
    detector.predict_file(tmp_path / "in.jsonl", target, text_column="body", lang_column="code")
    expected = detector.predict(pd.DataFrame(rows), text_column="body", lang_column="code")
    table = parquet.read_table(target)
    assert table["sentence"].to_pylist() == expected["sentence"].tolist()
    assert table["code"].to_pylist() == expected["code"].tolist()


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_no_words_give_a_file_without_rows(pipeline, source, target, text):
    source.write_text(text)
    written = pipeline.predict_file(source, target, chunk=1)
    table = parquet.read_table(target)
    assert written.rows == len(table) == 0
    assert table.schema.field(COLUMN).type == pa.list_(pa.float32(), 16)


@pytest.mark.parametrize("options", [{}, {"text_column": "body", "lang_column": "code"}, {"keep_columns": False}])
def test_objects_of_which_there_is_none_give_a_file_without_rows(words, tmp_path, target, options):
    (tmp_path / "in.jsonl").write_text("\n")
    assert words.predict_file(tmp_path / "in.jsonl", target, **options).rows == 0
    assert parquet.read_table(target).column_names == ["index", "token"]


@pytest.mark.parametrize("line", ["{}", '{"text": null}', '{"n": null}'])
def test_an_object_without_a_text_is_not_passed_over(words, tmp_path, target, line):
    (tmp_path / "in.jsonl").write_text(f"{line}\n")
    with pytest.raises(InputError, match="there is no text in row 0 of the input"):
        words.predict_file(tmp_path / "in.jsonl", target)
    assert words.predict_file(tmp_path / "in.jsonl", target, missing="skip").texts == 1


def test_missing_texts_are_refused_before_work_begins_or_skipped(words, tmp_path, target):
    (tmp_path / "in.jsonl").write_text('{"text": "a"}\n{"text": null}\n{"text": "b"}\n')
    with pytest.raises(InputError, match="there is no text in row 1 of the input"):
        words.predict_file(tmp_path / "in.jsonl", target)
    assert not folder_of(target).exists()
    words.predict_file(tmp_path / "in.jsonl", target, missing="skip", chunk=2)
    assert parquet.read_table(target)["index"].to_pylist() == [0, 2]


def test_the_bar_tells_rate_and_time_left(words, source, target, capsys, monkeypatch):
    clock = iter(range(0, 100_000, 10))
    monkeypatch.setattr("tqdm.std.time", lambda: next(clock))
    words.predict_file(source, target, chunk=2, progress=True)
    bar = capsys.readouterr().err
    assert "2/6" in bar
    assert "s/text" in bar
    assert "<" in bar.split("2/6")[1]
    words.predict_file(source, target, existing="replace", progress=False)
    assert capsys.readouterr().err == ""


# --- going on --------------------------------------------------------------------------------------------------------


def broken_after(pipeline, monkeypatch, chunks, error):
    """Make predict fail after some chunks."""
    predict, calls = type(pipeline)._predict, []

    def failing(self, data, *options):
        calls.append(data)
        if len(calls) > chunks + 1:  # the first call finds the columns of the result
            raise error
        return predict(self, data, *options)

    monkeypatch.setattr(type(pipeline), "_predict", failing)


def started(pipeline, source, target, monkeypatch, **options):
    with monkeypatch.context() as patch:
        broken_after(pipeline, patch, 2, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            pipeline.predict_file(source, target, chunk=2, **options)
    assert not target.exists()
    assert len(list(folder_of(target).glob("part-*.parquet"))) == 2


def test_after_ctrl_c_the_parts_can_be_read_and_the_same_call_goes_on(pipeline, source, target, tmp_path, monkeypatch):
    started(pipeline, source, target, monkeypatch)
    done = pa.concat_tables([parquet.read_table(path) for path in sorted(folder_of(target).glob("part-*"))])
    assert done["index"].to_pylist() == [0, 0, 0, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3]
    times = {path: path.stat().st_mtime_ns for path in folder_of(target).glob("part-*")}
    with monkeypatch.context() as patch:
        patch.setattr(parts.Parts, "join", lambda *arguments: None)
        pipeline.predict_file(source, target, chunk=2)
    assert times.items() <= {path: path.stat().st_mtime_ns for path in folder_of(target).glob("part-*")}.items()
    assert pipeline.predict_file(source, target, chunk=2).resumed == 6
    pipeline.predict_file(source, tmp_path / "once.parquet", chunk=2)
    assert target.read_bytes() == (tmp_path / "once.parquet").read_bytes()
    assert not folder_of(target).exists()


SCRIPT = f"""
import sys, nlu_lite
pipeline = nlu_lite.load({MODEL!r})
print("loaded", flush=True)
pipeline.predict_file(sys.argv[1], sys.argv[2], chunk=50, lang="en")
"""


@pytest.mark.slow
def test_after_sigkill_the_same_call_gives_what_one_run_gives(pipeline, tmp_path, target):
    source = tmp_path / "in.txt"
    source.write_text("".join(f"Sentence number {n} has its own length{' and more' * (n % 7)}.\n" for n in range(2400)))
    command = [sys.executable, "-c", SCRIPT, str(source)]
    kills = 0
    for enough in (3, 10, 30):
        process = subprocess.Popen([*command, str(target)], stdout=subprocess.PIPE)
        while process.poll() is None and len(list(folder_of(target).glob("part-*.parquet"))) < enough:
            time.sleep(0.005)
        process.kill()
        kills += process.wait() == -signal.SIGKILL
        process.stdout.close()
        assert not target.exists()
    assert kills == 3
    whole = list(folder_of(target).glob("part-*.parquet"))
    assert len(whole) >= 30
    assert all(len(parquet.read_table(path)) for path in whole)
    subprocess.run([*command, str(target)], check=True, capture_output=True)
    pipeline.predict_file(source, tmp_path / "once.parquet", chunk=50, lang="en")
    once, killed = parquet.read_table(tmp_path / "once.parquet"), parquet.read_table(target)
    assert killed.equals(once)
    assert sorted(set(once["index"].to_pylist())) == list(range(2400))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt", "once.parquet", "out.parquet"]


def test_other_settings_are_refused_and_named(pipeline, source, target, monkeypatch):
    started(pipeline, source, target, monkeypatch)
    with pytest.raises(OptionError, match=r"chunk: 2 before, 3 now"):
        pipeline.predict_file(source, target, chunk=3)
    with pytest.raises(OptionError, match=r"output_level: 'token' before, 'sentence' now; positions: False before"):
        pipeline.predict_file(source, target, chunk=2, output_level="sentence", positions=True)
    other = nlu_lite.load(MODEL, pooling="mean")
    with pytest.raises(OptionError, match=r"pipeline.options.encoder.pooling: 'first' before, 'mean' now\)"):
        other.predict_file(source, target, chunk=2)
    assert pipeline.predict_file(source, target, chunk=2).resumed == 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [lines[1], lines[0], *lines[2:]], "rows 0 to 1"),
        (lambda lines: [*lines[:3], "Other.", *lines[4:]], "rows 2 to 3"),
        (lambda lines: lines[:2], "its end, now after 2 rows"),
        (lambda lines: lines[:3], "rows 2 to 2"),
    ],
    ids=["order", "a text", "shorter", "shorter within a chunk"],
)
def test_an_input_that_changed_is_refused(words, source, target, monkeypatch, change, said):
    started(words, source, target, monkeypatch)
    source.write_text("".join(f"{line}\n" for line in change(TEXTS)), encoding="utf-8")
    with pytest.raises(InputError, match=f"the input has changed .* at {said}"):
        words.predict_file(source, target, chunk=2)


def test_an_input_that_grew_gives_all_of_it(words, source, target, tmp_path, monkeypatch):
    started(words, source, target, monkeypatch)
    with source.open("a") as file:
        file.write("Ten.\n")
    assert words.predict_file(source, target, chunk=2).texts == 7
    words.predict_file(source, tmp_path / "once.parquet", chunk=2)
    assert target.read_bytes() == (tmp_path / "once.parquet").read_bytes()


def test_a_part_that_is_not_whole_is_made_again(words, source, target, tmp_path, monkeypatch):
    started(words, source, target, monkeypatch)
    part = folder_of(target) / "part-000001.parquet"
    part.write_bytes(part.read_bytes()[:-5])
    (folder_of(target) / "part-000003.parquet.tmp").write_bytes(b"half")
    assert words.predict_file(source, target, chunk=2).resumed == 2
    words.predict_file(source, tmp_path / "once.parquet", chunk=2)
    assert target.read_bytes() == (tmp_path / "once.parquet").read_bytes()


@pytest.mark.parametrize("killed", ["before the name", "after the name", "while removing"])
def test_a_run_killed_at_its_end_is_finished(words, source, target, monkeypatch, killed):
    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if killed == "before the name":
            patch.setattr(parts.Parts, "finish", stop)
        else:
            patch.setattr(Path, "unlink", lambda path, **more: stop() if path.name == parts.SETTINGS else None)
        with pytest.raises(KeyboardInterrupt):
            words.predict_file(source, target, chunk=2)
    written = words.predict_file(source, target, chunk=2)
    assert (written.rows, written.texts, written.resumed, written.outcome) == (20, 6, 6, WriteOutcome.UNCHANGED)
    assert len(parquet.read_table(target)) == 20
    assert not folder_of(target).exists()


def test_parts_without_their_settings_are_refused(words, source, target, monkeypatch):
    started(words, source, target, monkeypatch)
    (folder_of(target) / parts.SETTINGS).write_text("{")
    with pytest.raises(FormatError, match=r"settings\.json cannot be read"):
        words.predict_file(source, target, chunk=2)


def test_a_second_process_is_refused(words, source, target, monkeypatch):
    begin = parts.Parts.begin

    def twice(self):
        begin(self)
        with pytest.raises(OptionError, match="another process is writing"):
            words.predict_file(source, target)

    monkeypatch.setattr(parts.Parts, "begin", twice)
    assert words.predict_file(source, target).rows == 20


# --- places that cannot be written -----------------------------------------------------------------------------------


def test_an_output_that_exists_is_refused_or_replaced(words, source, target):
    target.write_bytes(b"mine")
    with pytest.raises(OptionError, match=r'out.parquet exists.*existing="replace"'):
        words.predict_file(source, target)
    assert target.read_bytes() == b"mine"
    assert not folder_of(target).exists()
    words.predict_file(source, target, existing="replace")
    assert len(parquet.read_table(target)) == 20


def test_other_outputs_are_refused(words, source, target, tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a")
    (tmp_path / "dir.parquet").mkdir()
    with pytest.raises(OptionError, match="is a folder"):
        words.predict_file(source, tmp_path / "dir.parquet")
    with pytest.raises(OptionError, match=r"ends in '\.csv'"):
        words.predict_file(source, tmp_path / "out.csv")
    with pytest.raises(OptionError, match="is in the folder"):
        words.predict_file(tmp_path / "texts", tmp_path / "texts" / "out.parquet")
    for name in ("no/out.parquet", "x" * 300 + ".parquet"):
        with pytest.raises(SourceError, match="cannot be written"):
            words.predict_file(source, tmp_path / name)
    folder_of(target).mkdir()
    (folder_of(target) / "mine.txt").write_text("mine")
    with pytest.raises(OptionError, match="there is something at"):
        words.predict_file(source, target)
    assert (folder_of(target) / "mine.txt").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_is_full_or_read_only_keeps_what_is_done(words, source, target, tmp_path, monkeypatch, number):
    write, calls = parquet.write_table, []

    def failing(table, path, **options):
        calls.append(path)
        if len(calls) == 2:
            Path(path).write_bytes(b"half a part")
            raise OSError(number, os.strerror(number))
        write(table, path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(parquet, "write_table", failing)
        with pytest.raises(SourceError, match=f"{os.strerror(number)}.*is kept in .*out.parquet.parts") as caught:
            words.predict_file(source, target, chunk=2)
    assert "run the same again" in str(caught.value)
    assert sorted(path.name for path in folder_of(target).glob("part*")) == ["part-000001.parquet"]
    assert words.predict_file(source, target, chunk=2).resumed == 2
    words.predict_file(source, tmp_path / "once.parquet", chunk=2)
    assert target.read_bytes() == (tmp_path / "once.parquet").read_bytes()


def test_a_read_only_folder_is_said_at_once(words, source, target, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(SourceError, match="Read-only file system"):
        words.predict_file(source, target)


@pytest.mark.slow
def test_a_limit_on_the_size_of_files_is_a_full_disk(pipeline, tmp_path, target):
    source = tmp_path / "in.txt"
    source.write_text("".join(f"Sentence number {n}.\n" for n in range(3000)))
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY)); {SCRIPT}"
    done = subprocess.run([sys.executable, "-c", limit, str(source), str(target)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "nlu_lite.errors.SourceError" in done.stderr
    assert "File too large" in done.stderr
    assert not target.exists()
    whole = list(folder_of(target).glob("part-*"))
    assert len(whole) == 60  # each part is small enough, the whole is not
    assert sum(len(parquet.read_table(path)) for path in whole) == 12_000
    assert pipeline.predict_file(source, target, chunk=50, lang="en").resumed == 3000
    assert len(parquet.read_table(target)) == 12_000
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


# --- other bad input -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"chunk": 0}, "chunk=0"),
        ({"dtype": "float64"}, "dtype='float64'; expected 'float32', 'float16'"),
        ({"existing": "append"}, "existing='append'"),
        ({"format": "xlsx"}, "format='xlsx'"),
        ({"output_level": "tokens"}, "output_level='tokens'"),
        ({"lang": "q9"}, "'q9' is unknown"),
        ({"missing": "drop"}, "missing='drop'"),
    ],
)
def test_unknown_options_are_refused(words, source, target, options, said):
    with pytest.raises(OptionError, match=said):
        words.predict_file(source, target, **options)
    assert not folder_of(target).exists()


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("a,b\nx,y\n", {}, "no column is called 'text', and 2 of"),
        ("a,b\nx,y\n", {"text_column": "c"}, r"'c' is no column; expected one of \['a', 'b'\]"),
        ("a,b\nx,y\n", {"text_column": "a", "lang_column": "c"}, "the column of language codes, 'c', does not exist"),
        ("text,token\nx,y\n", {}, r"the columns \['token'\] of the input have the names of columns of the result"),
        ("text,code\nx,q9\n", {"lang_column": "code"}, "'q9' is unknown"),
    ],
)
def test_columns_that_do_not_fit_are_refused(words, tmp_path, target, text, options, said):
    (tmp_path / "in.csv").write_text(text)
    with pytest.raises((InputError, OptionError), match=said):
        words.predict_file(tmp_path / "in.csv", target, **options)
    assert not folder_of(target).exists()


def test_what_parquet_cannot_hold_is_refused_before_work_begins(words, tmp_path, target):
    (tmp_path / "in.jsonl").write_text('{"text": "a", "m": {}}\n')
    with pytest.raises(InputError, match=r"Parquet cannot hold the column 'm' of type struct<> .*keep_columns=False"):
        words.predict_file(tmp_path / "in.jsonl", target)
    assert not folder_of(target).exists()
    assert words.predict_file(tmp_path / "in.jsonl", target, keep_columns=False).rows == 1


def test_the_file_that_is_read_is_not_written_over(words, tmp_path):
    pd.DataFrame({"text": ["a"]}).to_parquet(tmp_path / "in.parquet")
    (tmp_path / "link.parquet").symlink_to(tmp_path / "in.parquet")
    for name in ("in.parquet", "link.parquet"):
        with pytest.raises(OptionError, match=f"{name} is the file that is read"):
            words.predict_file(tmp_path / "in.parquet", tmp_path / name, existing="replace")
    assert pd.read_parquet(tmp_path / "in.parquet")["text"].tolist() == ["a"]


def test_a_column_of_numbers_is_no_text(words, tmp_path, target):
    (tmp_path / "in.jsonl").write_text('{"text": 1}\n')
    with pytest.raises(InputError, match="the column of texts, 'text', is of type int64"):
        words.predict_file(tmp_path / "in.jsonl", target)


def test_columns_that_do_not_go_together_may_be_left_out(words, tmp_path, target):
    (tmp_path / "in.jsonl").write_text('{"text": "a", "n": 1}\n{"text": "b", "n": "x"}\n')
    with pytest.raises(InputError, match="pass keep_columns=False"):
        words.predict_file(tmp_path / "in.jsonl", target)
    words.predict_file(tmp_path / "in.jsonl", target, keep_columns=False)
    assert parquet.read_table(target)["token"].to_pylist() == ["a", "b"]


def test_vectors_too_large_for_half_floats_are_refused(pipeline, source, target, monkeypatch):
    compute = Model.compute_vectors
    monkeypatch.setattr(Model, "compute_vectors", lambda self, *arguments: compute(self, *arguments) * np.float32(1e6))
    with pytest.raises(ModelError, match="the largest of float16"):
        pipeline.predict_file(source, target, dtype="float16")


def test_files_without_pyarrow_name_the_extra(words, source, target, monkeypatch):
    monkeypatch.setattr("nlu_lite._util.extras.find_spec", lambda name: None)
    with pytest.raises(nlu_lite.MissingExtra, match=r"nlu-lite\[arrow\]"):
        words.predict_file(source, target)
