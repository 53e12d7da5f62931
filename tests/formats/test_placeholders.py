"""Files that replace the real ones, and names that no file can have: each error says which."""

import io
import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from safetensors.torch import load_file
from sparknlp_writer import Engine, Model, unpack, write_archive

import nlu_lite
from nlu_lite.errors import FormatError, NluLiteError, OptionError, SourceError, UnsupportedReference, escape_surrogates
from nlu_lite.formats import read, read_recipe
from nlu_lite.records import AS_STATED
from nlu_lite.store.cache import locate_cache
from nlu_lite.store.checkpoints import convert
from nlu_lite.store.lockfile import make
from nlu_lite.store.sources import Access

MODEL = Path(__file__).parents[1] / "data" / "xlmroberta_weights"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 90868376\n"
PAGE = b"\n<!DOCTYPE html><html><head><title>Sign in</title></head></html>"
FILES = ("config.json", "model.safetensors", "sentencepiece.bpe.model")
OTHERS = ("tokenizer.json", "tokenizer_config.json", "added_tokens.json", "vocab.txt", "vocab.json", "merges.txt")
STATEMENTS = ("modules.json", "1_Pooling/config.json", "config_sentence_transformers.json", "sentence_bert_config.json")
IN_PLACE = [(POINTER, "is a Git LFS pointer", "git lfs pull"), (PAGE, "is an HTML page", "/resolve/"), (b"", "", "")]
KINDS = pytest.mark.parametrize(("data", "said", "remedy"), IN_PLACE, ids=["pointer", "page", "empty"])


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(MODEL, tmp_path / "model"))


def with_statements(folder):
    modules = [
        {"path": path, "type": f"sentence_transformers.models.{kind}"}
        for kind, path in (("Transformer", ""), ("Pooling", "1_Pooling"))
    ]
    (folder / "1_Pooling").mkdir()
    contents = (modules, {"pooling_mode_cls_token": True}, {}, {})
    for name, content in zip(STATEMENTS, contents, strict=True):
        (folder / name).write_text(json.dumps(content))
    return folder


def assert_refused(path, said, remedy, name=None):
    with pytest.raises(NluLiteError) as caught:
        nlu_lite.load(f"path:{path}")
    assert not said or f"{name or path} {said}" in caught.value.got
    assert remedy in caught.value.remedy


@KINDS
@pytest.mark.parametrize("name", [*FILES, *OTHERS, *STATEMENTS])
def test_a_placeholder_of_any_file_is_named(folder, name, data, said, remedy):
    with_statements(folder)
    (folder / name).write_bytes(data)
    assert_refused(folder, said, remedy, folder / name)


@KINDS
def test_a_placeholder_of_a_pytorch_file_is_named(folder, data, said, remedy):
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(data)
    assert_refused(folder, said, remedy, folder / "pytorch_model.bin")


@KINDS
@pytest.mark.parametrize("ending", ["safetensors", "bin"])
def test_a_placeholder_of_a_shard_or_of_its_index_is_named(folder, ending, data, said, remedy):
    import torch

    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    stem = "model" if ending == "safetensors" else "pytorch_model"
    shard, index = folder / f"{stem}-1-of-1.{ending}", folder / f"{stem}.{ending}.index.json"
    torch.save(tensors, shard)
    index.write_text(json.dumps({"weight_map": dict.fromkeys(tensors, shard.name)}))
    for path in (shard, index):
        before = path.read_bytes()
        path.write_bytes(data)
        assert_refused(folder, said, remedy, path)
        path.write_bytes(before)


@KINDS
@pytest.mark.parametrize("name", ["archive.zip", "e5-small-q4.bin", "model"])
def test_a_placeholder_of_an_archive_is_named(tmp_path, name, data, said, remedy):
    (tmp_path / name).write_bytes(data)
    assert_refused(tmp_path / name, said, remedy)


@pytest.mark.parametrize("name", ["bert_tensorflow", "metadata/part-00000", "fields/vocabulary/part-00000"])
def test_a_placeholder_in_a_folder_of_spark_nlp_is_named(tmp_path, name):
    model = Model(annotator="BertEmbeddings")
    folder = unpack(write_archive(tmp_path / "a.zip", model, Engine.TENSORFLOW), tmp_path / "folder")
    (folder / name).write_bytes(POINTER)
    assert_refused(folder, "is a Git LFS pointer", "git lfs pull", folder / name)


def test_what_is_not_read_may_be_a_placeholder(folder):
    for name in ("README.md", "pytorch_model.bin", "tf_model.h5"):
        (folder / name).write_bytes(POINTER)
    assert len(nlu_lite.load(f"path:{folder}").models) == 1


@pytest.mark.parametrize("name", STATEMENTS)
@pytest.mark.parametrize("make_it", [lambda p: p.symlink_to("nowhere"), lambda p: p.mkdir()], ids=["link", "folder"])
def test_a_statement_that_cannot_be_read_is_not_taken_for_none(folder, name, make_it):
    with_statements(folder)
    (folder / name).unlink()
    make_it(folder / name)
    with pytest.raises(FormatError, match=name):
        nlu_lite.load(f"path:{folder}")


def test_a_saved_pipeline_is_no_model_and_the_other_way_round(folder, tmp_path):
    nlu_lite.load(f"path:{folder}").save(tmp_path / "saved")
    with pytest.raises(FormatError) as caught:
        nlu_lite.load(f"path:{tmp_path / 'saved'}")
    assert caught.value.remedy == f"Load it with load(path={str(tmp_path / 'saved')!r})"


@pytest.mark.parametrize("name", FILES[:1] + STATEMENTS)
@pytest.mark.parametrize("data", [b"[" * 200_000, b'{"a":' * 200_000, b"[" + b"9" * 10_000 + b"]", b"\xff\xfe{"])
def test_json_that_cannot_be_parsed_is_named(folder, name, data):
    with_statements(folder)
    (folder / name).write_bytes(data)
    with pytest.raises(FormatError, match=r"cannot be read|holds a"):
        nlu_lite.load(f"path:{folder}")


# --- names -----------------------------------------------------------------------------------------------------------

NAMES = ["a" * 300, "a" * 5000, "x\0y", "\ud800", "\udcff", "../x", "/etc/passwd", "", ".", "..", "x/" * 5000]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_shard_of_any_name_is_refused(folder, name):
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"x": name}}))
    with pytest.raises(FormatError) as caught:
        read(folder)
    assert len(str(caught.value).encode()) < 2000


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
@pytest.mark.parametrize("place", [0, 1])
def test_a_module_of_any_name_is_refused(folder, name, place):
    with_statements(folder)
    modules = json.loads((folder / "modules.json").read_text())
    modules[place]["path"] = name
    (folder / "modules.json").write_text(json.dumps(modules))
    if place == 0 and name == "":
        assert read_recipe(folder, AS_STATED) is not None
        return
    with pytest.raises((FormatError, UnsupportedReference)) as caught:
        read_recipe(folder, AS_STATED)
    assert str(caught.value).encode()
    (folder / "config.json").unlink()
    with pytest.raises(FormatError):
        read(folder)


@pytest.mark.parametrize("name", ["x\0y", "a" * 300], ids=["NUL", "overlong"])
def test_a_target_that_no_file_can_have_is_refused(name, tmp_path):
    for write in (nlu_lite.load("en.tokenize").save, lambda target: convert(MODEL, Path(target))):
        with pytest.raises((SourceError, OptionError), match=r"cannot be written|has a NUL"):
            write(str(tmp_path / name))


@pytest.fixture
def odd(tmp_path):
    """Return a folder whose name is not UTF-8, with a model that also contains such a file."""
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/m\xff\xfe")
    try:
        shutil.copytree(MODEL, folder)
        Path(folder, os.fsdecode(b"\xff.txt")).touch()
    except OSError:
        pytest.skip("this file system has names in UTF-8 alone")
    return folder


def test_a_folder_whose_name_is_not_utf_8_loads_and_is_shown(odd, tmp_path):
    pipeline = nlu_lite.load(f"path:{odd}")
    shown = escape_surrogates(odd)
    assert "\\udcff" in shown
    assert pipeline.info["files"].tolist() == [shown]
    for text in (repr(pipeline), pipeline._repr_html_(), repr(nlu_lite.info(f"path:{odd}"))):
        assert shown in text
        assert text.encode()
    pipeline.save(tmp_path / "saved")
    assert nlu_lite.load(path=tmp_path / "saved").predict("a b").equals(pipeline.predict("a b"))


def test_errors_about_such_a_folder_can_be_written(odd):
    Path(odd, "sentencepiece.bpe.model").unlink()
    with pytest.raises(FormatError) as caught:
        nlu_lite.load(f"path:{odd}")
    assert "\\udcff" in str(caught.value)
    assert io.TextIOWrapper(io.BytesIO(), "utf-8").write(str(caught.value))


def test_a_lock_holds_no_name_that_is_not_utf_8(odd):
    with pytest.raises(FormatError, match=r"the name .* is not UTF-8; expected a name that a lock can hold"):
        make([f"path:{odd}"], Access(locate_cache(None)))


def test_a_zip_in_which_a_name_has_a_nul_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("metadata/part-0000X", b"{}")
    data = (tmp_path / "a.zip").read_bytes().replace(b"part-0000X", b"part-0000\0")
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(FormatError, match=r"the name 'metadata/part-0000\\x00'"):
        read(tmp_path / "a.zip")


@pytest.mark.parametrize("name", ["1_Pooling/config.json", "config.json"])
def test_a_file_that_is_missing_for_good_is_named(folder, name):
    with_statements(folder)
    (folder / name).unlink()
    with pytest.raises(FormatError, match=r"it is missing|which is not a model"):
        nlu_lite.load(f"path:{folder}")
