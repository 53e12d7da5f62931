"""Parts of a run: damaged ones are computed again, and files of others are never touched."""

import json
import os
import random
import shutil
from pathlib import Path

import pytest
from pyarrow import parquet

import nlu_lite
from nlu_lite import FormatError, InputError, IntegrityError, NluLiteError, OptionError
from nlu_lite.files import WriteOutcome, parts
from nlu_lite.files.notes import read_finished

RELEASE = Path(__file__).parents[1] / "data" / "release-0.1.0"
CHUNK = 4


def interrupt(*arguments):
    raise KeyboardInterrupt


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A finished run, and two folders of parts: of a run that ended before joining, and after it."""
    here = tmp_path_factory.mktemp("runs")
    words = nlu_lite.load("en.tokenize")
    (here / "in.txt").write_text("".join(f"Text number {n}, and more. Yes!\n" for n in range(12)))
    words.predict_file(here / "in.txt", here / "once.parquet", chunk=CHUNK)
    for method, name in (("join", "computed"), ("finish", "joined")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(parts.Parts, method, interrupt)
            with pytest.raises(KeyboardInterrupt):
                words.predict_file(here / "in.txt", here / "out.parquet", chunk=CHUNK)
        shutil.copytree(here / "out.parquet.parts", here / name)
    shutil.rmtree(here / "out.parquet.parts")
    return here


@pytest.fixture
def target(tmp_path):
    return tmp_path / "out.parquet"


@pytest.fixture
def folder(runs, target):
    """The parts of a run that only need to be joined."""
    path = target.with_name("out.parquet.parts")
    shutil.copytree(runs / "computed", path)
    return path


def resume(words, runs, target):
    return words.predict_file(runs / "in.txt", target, chunk=CHUNK)


def assert_whole(runs, target):
    assert target.read_bytes() == (runs / "once.parquet").read_bytes()
    assert not target.with_name("out.parquet.parts").exists()


# --- damage ----------------------------------------------------------------------------------------------------------


def flip(path, rng):
    data = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 1, 1, 8])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_flipped_bits_are_never_joined(words, runs, tmp_path, seed):
    """Wherever bits of a run flip, the file is correct or the run is refused."""
    rng = random.Random(seed)
    target, folder = tmp_path / "out.parquet", tmp_path / "out.parquet.parts"
    for _ in range(300 if seed else 40):
        shutil.copytree(runs / rng.choice(["computed", "joined"]), folder)
        damaged = rng.choice(sorted(path for path in folder.iterdir() if path.name != ".lock"))
        flip(damaged, rng)
        try:
            resume(words, runs, target)
            assert_whole(runs, target)
            target.unlink()
        except NluLiteError:
            assert damaged.name == "settings.json"
            shutil.rmtree(folder)


def swap(folder):
    first, second = folder / "part-000001.parquet", folder / "part-000002.parquet"
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)


def swap_with_notes(folder):
    swap(folder)
    first, second = folder / "note-000001.json", folder / "note-000002.json"
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)


def write_note(text):
    return lambda folder: (folder / "note-000002.json").write_text(text)


@pytest.mark.parametrize(
    ("damage", "resumed"),
    [
        (lambda folder: (folder / "part-000002.parquet").write_bytes(b""), 8),
        (lambda folder: os.truncate(folder / "part-000002.parquet", 100), 8),
        (lambda folder: (folder / "part-000002.parquet").unlink(), 8),
        (lambda folder: (folder / "note-000002.json").unlink(), 8),
        (lambda folder: shutil.copy(folder / "part-000001.parquet", folder / "part-000002.parquet"), 8),
        (swap, 4),
        (swap_with_notes, 4),
        *(
            (write_note(text), 8)
            for text in ("", "[]", "null", "7", "{}", '{"note": null}', "[" * 100_000, '{"a":' * 9999)
        ),
        (lambda folder: (folder / "note-000002.json").write_bytes(b"\xff\xfe"), 8),
    ],
)
def test_parts_that_are_not_whole_or_not_in_place_are_computed_again(words, runs, target, folder, damage, resumed):
    damage(folder)
    assert resume(words, runs, target).resumed == resumed
    assert_whole(runs, target)


def test_a_part_of_another_run_is_computed_again(words, runs, target, folder, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts.Parts, "join", interrupt)
        with pytest.raises(KeyboardInterrupt):
            words.predict_file(runs / "in.txt", tmp_path / "other.parquet", chunk=CHUNK, positions=True)
    for name in ("part-000002.parquet", "note-000002.json"):
        shutil.copy(tmp_path / "other.parquet.parts" / name, folder / name)
    assert resume(words, runs, target).resumed == 8
    assert_whole(runs, target)


def test_a_part_that_is_damaged_while_others_are_computed_is_not_joined(words, runs, target, folder, monkeypatch):
    join = parts.Parts.join

    def late(self, *arguments):
        os.truncate(folder / "part-000001.parquet", 100)
        join(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(parts.Parts, "join", late)
        with pytest.raises(IntegrityError, match="this part will be computed again"):
            resume(words, runs, target)
    assert not target.exists()
    assert resume(words, runs, target).resumed == 8
    assert_whole(runs, target)


@pytest.mark.parametrize("text", ["", "[]", "null", "7", "[" * 100_000])
def test_settings_that_are_damaged_are_refused(words, runs, target, folder, text):
    (folder / "settings.json").write_text(text)
    with pytest.raises(FormatError, match=r"settings\.json cannot be read.*Remove .*out\.parquet\.parts"):
        resume(words, runs, target)
    assert len(list(folder.glob("part-*"))) == 3


# --- files of others -------------------------------------------------------------------------------------------------


def put(name, data=b"mine"):
    return lambda folder: (folder / name).write_bytes(data)


@pytest.mark.parametrize(
    "fill",
    [
        put("mine.txt"),
        put("part-000001.parquet"),
        put("part-00000-3f5.snappy.parquet"),
        put("note-000001.json", b"{}"),
        put("settings.json", b'{"editor": "vi"}'),
        put("settings.json.bak"),
        put("joined.parquet"),
        put("finished"),
        put(".lock"),
        put("x.tmp"),
        lambda folder: (folder / "part-000001.parquet").mkdir(),
        lambda folder: (folder / ".lock").symlink_to(folder.parent / "elsewhere"),
    ],
)
def test_a_folder_with_files_of_others_is_refused_and_kept(words, runs, target, tmp_path, fill):
    folder = tmp_path / "out.parquet.parts"
    folder.mkdir()
    (tmp_path / "elsewhere").write_text("mine")
    fill(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with pytest.raises(OptionError, match=r"there is something at .*out\.parquet\.parts.*Move it away"):
        resume(words, runs, target)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert (tmp_path / "elsewhere").read_text() == "mine"
    assert not target.exists()


def test_something_else_in_place_of_the_folder_is_refused_and_kept(words, runs, target, tmp_path):
    folder = tmp_path / "out.parquet.parts"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "part-000001.parquet").write_text("mine")
    for place in (
        lambda: folder.write_text("mine"),
        lambda: folder.symlink_to("elsewhere"),
        lambda: folder.symlink_to("no"),
    ):
        place()
        with pytest.raises(OptionError, match="there is something at"):
            resume(words, runs, target)
        folder.unlink()
    assert (tmp_path / "elsewhere" / "part-000001.parquet").read_text() == "mine"


def test_a_file_that_somebody_puts_into_the_folder_is_kept(words, runs, target, folder, monkeypatch):
    begin = parts.Parts.begin

    def busy(self):
        begin(self)
        (folder / "mine.txt").write_text("mine")

    monkeypatch.setattr(parts.Parts, "begin", busy)
    assert resume(words, runs, target).resumed == 12
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_a_link_is_replaced_and_its_file_kept(words, runs, target, tmp_path):
    (tmp_path / "linked.parquet").write_bytes(b"mine")
    target.symlink_to("linked.parquet")
    with pytest.raises(OptionError, match=r"out\.parquet exists"):
        resume(words, runs, target)
    words.predict_file(runs / "in.txt", target, chunk=CHUNK, existing="replace")
    assert (tmp_path / "linked.parquet").read_bytes() == b"mine"
    assert not target.is_symlink()
    assert_whole(runs, target)


# --- again after the end ---------------------------------------------------------------------------------------------


def test_a_run_of_the_same_request_leaves_the_file_as_it_is(words, runs, target):
    first = resume(words, runs, target)
    assert (first.resumed, first.outcome) == (0, WriteOutcome.WRITTEN)
    before = target.stat().st_mtime_ns
    again = resume(words, runs, target)
    assert (again.texts, again.rows, again.resumed) == (first.texts, first.rows, 12)
    assert again.outcome is WriteOutcome.UNCHANGED
    assert target.stat().st_mtime_ns == before
    assert [path.name for path in target.parent.iterdir()] == ["out.parquet"]


def test_a_run_with_other_settings_or_texts_finds_that_the_file_exists(words, runs, target, tmp_path):
    resume(words, runs, target)
    data = target.read_bytes()
    with pytest.raises(OptionError, match=r"out\.parquet exists and was made with other settings \(chunk: 4 before, 5"):
        words.predict_file(runs / "in.txt", target, chunk=5)
    lines = (runs / "in.txt").read_text().splitlines(keepends=True)
    for name, changed in {"fewer": lines[:-1], "more": [*lines, "x"], "other": ["x\n", *lines[1:]]}.items():
        (tmp_path / f"{name}.txt").write_text("".join(changed))
        with pytest.raises(OptionError, match=r"out\.parquet exists and was made from other texts"):
            words.predict_file(tmp_path / f"{name}.txt", target, chunk=CHUNK)
    assert target.read_bytes() == data


def test_a_finished_file_that_was_damaged_is_not_called_whole(words, runs, target):
    rng = random.Random(2)
    data = (runs / "once.parquet").read_bytes()
    end = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    for place in [0, end - 1, len(data) - 1, *(rng.randrange(end) for _ in range(20))]:
        target.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(OptionError, match=r"out\.parquet exists"):
            resume(words, runs, target)


# --- version 0.1.0 ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["words", "vectors"])
def test_parts_of_version_0_1_0_are_refused_with_the_command_that_renews_them(tmp_path, monkeypatch, name):
    here = tmp_path / "release"
    shutil.copytree(RELEASE, here)
    monkeypatch.chdir(here)
    archive = next(here.glob("*.zip")).name
    pipeline = nlu_lite.load("en.tokenize" if name == "words" else f"sparknlp:{archive}")
    run = here / "parts" / name
    with pytest.raises(OptionError, match=r"of another version of nlu-lite.*rm -r ") as caught:
        pipeline.predict_file(run / "in.txt", run / "out.parquet", chunk=2)
    assert len(list((run / "out.parquet.parts").glob("part-*"))) == 2
    command = caught.value.remedy.split("rm -r ")[1]
    shutil.rmtree(command)
    written = pipeline.predict_file(run / "in.txt", run / "out.parquet", chunk=2)
    assert (written.texts, written.resumed) == (len((run / "in.txt").read_text().splitlines()), 0)
    assert len(parquet.read_table(run / "out.parquet")) == written.rows


def test_a_file_of_version_0_1_0_exists(words, runs, target):
    table = parquet.read_table(runs / "once.parquet")
    note = json.dumps({"chunk": CHUNK})
    parquet.write_table(table.replace_schema_metadata({b"nlu_lite": note}), target)
    with pytest.raises(OptionError, match=r"out\.parquet exists"):
        resume(words, runs, target)


# --- a run that was killed at its end ---


def test_a_finished_run_is_not_taken_for_one_of_other_texts(words, tmp_path, monkeypatch):
    source, target = tmp_path / "in.txt", tmp_path / "out.parquet"
    source.write_text("one\ntwo\n", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(parts.Parts, "finish", interrupt)
        with pytest.raises(KeyboardInterrupt):
            words.predict_file(source, target)
    source.write_text("other\ntexts\nnow\n", encoding="utf-8")
    with pytest.raises(InputError, match="the input has changed since the parts"):
        words.predict_file(source, target)


def test_a_file_that_others_made_since_is_not_written_over(words, tmp_path, monkeypatch):
    source, target = tmp_path / "in.txt", tmp_path / "out.parquet"
    source.write_text("one\ntwo\n", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(parts.Parts, "finish", interrupt)
        with pytest.raises(KeyboardInterrupt):
            words.predict_file(source, target)
    target.write_bytes(b"somebody else's")
    with pytest.raises(OptionError, match="exists"):
        words.predict_file(source, target)
    assert target.read_bytes() == b"somebody else's"
    target.unlink()
    assert words.predict_file(source, target).rows == 2


def test_a_file_that_others_make_during_the_run_is_not_written_over(words, tmp_path, monkeypatch):
    source, target = tmp_path / "in.txt", tmp_path / "out.parquet"
    source.write_text("one\ntwo\n", encoding="utf-8")
    join = parts.Parts.join

    def late(self, *arguments):
        target.write_bytes(b"somebody else's")
        return join(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(parts.Parts, "join", late)
        with pytest.raises(OptionError, match="exists since this run began"):
            words.predict_file(source, target)
    assert target.read_bytes() == b"somebody else's"


def test_a_pipe_is_no_output(words, tmp_path):
    (tmp_path / "in.txt").write_text("one\n", encoding="utf-8")
    os.mkfifo(tmp_path / "out.parquet")
    with pytest.raises(OptionError, match="is not a regular file"):
        words.predict_file(tmp_path / "in.txt", tmp_path / "out.parquet")


@pytest.mark.parametrize("step", [53, pytest.param(5, marks=pytest.mark.slow)])
def test_a_flipped_bit_of_a_finished_file_is_never_taken_for_whole(runs, target, step):
    """Bits of the footer, and some before it."""
    data = (runs / "once.parquet").read_bytes()
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    assert read_finished(runs / "once.parquet") is not None
    for bit in range(8 * (footer - 16), 8 * len(data), step):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        target.write_bytes(flipped)
        assert read_finished(target) is None


def test_a_finished_file_with_a_damaged_footer_is_refused(words, runs, target):
    data = (runs / "once.parquet").read_bytes()
    target.write_bytes(data)
    assert resume(words, runs, target).outcome is WriteOutcome.UNCHANGED
    target.write_bytes(data.replace(b"parquet-cpp-arrow", b"parquet-cpp-arroW"))  # which readers ignore
    with pytest.raises(OptionError, match="exists"):
        resume(words, runs, target)
