"""`download`, `convert` and `cache`, as the shell sees them; archives come from a bucket on loopback."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from sparknlp_golden import TOKENS, archive
from sparknlp_writer import Model, Number, write_archive
from typer.testing import CliRunner

import nlu_lite
from nlu_lite.cli import app, main
from nlu_lite.formats import read
from tests.cli.test_predict import run
from tests.store.bucket_server import index_line, serving

pytestmark = pytest.mark.slow  # most start a process

FILE = "xlm_roberta_xtreme_base_xx_3.1.3_2.4_1626712227969.zip"
REFERENCE = "xx.embed.xlm_roberta_xtreme_base"
WIDE = Model(hidden=768, layers=1, heads=12, inner=32, pieces=120, positions=64)


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    return write_archive(tmp_path_factory.mktemp("archive") / FILE, WIDE).read_bytes()


@pytest.fixture
def bucket(wide, tmp_path, monkeypatch):
    """The bucket with the one model, an empty home, and an empty cache in ``tmp_path / "cache"``."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NLU_LITE_CACHE", str(tmp_path / "cache"))
    for name in ("NLU_LITE_OFFLINE", "HF_HUB_OFFLINE", "NLU_LITE_ARCHIVES"):
        monkeypatch.delenv(name, raising=False)
    with serving({FILE: wide}) as bucket:
        monkeypatch.setenv("NLU_LITE_BUCKET", bucket.base)
        yield bucket


def call(*arguments):
    """Run a command in this process, and return the lines of its standard output, each split at tabs."""
    done = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return [line.split("\t") for line in done.stdout.splitlines()]


def fail(*arguments):
    """Run a command that fails with an error of the library, and return the error."""
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert isinstance(done.exception, nlu_lite.NluLiteError), done.output
    return done.exception


# --- download --------------------------------------------------------------------------------------------------------


def test_download_fetches_and_converts_once(bucket):
    ((reference, folder),) = call("download", REFERENCE, "de.tokenize")
    assert reference == REFERENCE
    assert call("download", REFERENCE) == [[REFERENCE, folder]]
    assert bucket.asked(FILE) == [None]
    assert nlu_lite.load(f"path:{folder}").predict("x").shape == (1, 2)
    assert nlu_lite.load(REFERENCE, offline=True).predict("x").shape == (1, 2)


def test_an_archive_is_kept_on_request(bucket, tmp_path):
    call("download", REFERENCE, "--keep-archive", "--cache-dir", tmp_path / "other")
    assert (tmp_path / "other" / f"archive-{FILE.removesuffix('.zip')}" / FILE).is_file()
    assert not (tmp_path / "cache").exists()


def test_what_has_no_model_is_said(bucket):
    done = CliRunner().invoke(app, ["download", "de.tokenize"])
    assert (done.exit_code, done.stdout) == (0, "")
    assert "nothing to download" in done.stderr


def test_a_download_that_fails_is_one_line_and_code_1(bucket, tmp_path):
    bucket.statuses = [404]
    _, err = run("download", REFERENCE, check=1)
    assert len(err.splitlines()) == 1
    assert f"{FILE} does not exist, or is not public (HTTP status 404)" in err
    _, err = run("download", "xx.embed.xlm_roberta_xtreme_bas", check=1)
    assert "Nearest: xx.embed.xlm_roberta_xtreme_base" in err
    assert call("cache", "list") == []


# --- convert ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*TOKENS, "xlmroberta_onnx", "bert_sentence", "xlmroberta_sentence"])
def test_transformers_loads_what_is_converted(tmp_path, name):
    import torch
    from transformers import AutoModel

    assert call("convert", archive(name), tmp_path / "out") == [[str(tmp_path / "out")]]
    state = AutoModel.from_pretrained(tmp_path / "out").state_dict()
    tensors = read(archive(name)).tensors
    assert tensors.keys() - state.keys() == set()
    for tensor in tensors:
        assert torch.equal(state[tensor], torch.from_numpy(tensors[tensor])), tensor


@pytest.mark.parametrize("name", ["xlmroberta", "camembert", "bert", "distilbert", "roberta"])
def test_transformers_tokenizer_gives_the_ids_of_the_archive(tmp_path, name):
    from transformers import AutoTokenizer

    from nlu_lite.encoding.subwords import open_subwords

    call("convert", archive(name), tmp_path / "out")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    subwords = open_subwords(read(archive(name)))
    # Our RoBERTa puts a space before every token, as Spark NLP does; transformers' only where the text has one.
    text = " Put" if name == "roberta" else "Put"
    ((*expected,),) = subwords.encode(["Put"])
    assert tokenizer(text)["input_ids"] == [subwords.special_tokens.first, *expected, subwords.special_tokens.last]


@pytest.mark.parametrize("sensitive", [True, False])
def test_transformers_tokenizer_knows_whether_letters_are_small(tmp_path, sensitive):
    from transformers import AutoTokenizer

    model = Model(annotator="BertEmbeddings", types=2, prefix="bert", settings={"caseSensitive": sensitive})
    call("convert", write_archive(tmp_path / "a.zip", model), tmp_path / "out")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert tokenizer.tokenize("aA") == (["[UNK]"] if sensitive else ["a", "##a"])


def test_what_cannot_be_converted_is_said_and_nothing_is_left(tmp_path):
    tiny = write_archive(tmp_path / "int8.zip", replace(Model(), number=Number.INT8))
    (tmp_path / "there").mkdir()
    (tmp_path / "text.txt").write_text("x")
    assert "type 6" in str(fail("convert", tiny, tmp_path / "out"))
    assert "Nearest" in str(fail("convert", tmp_path / "int9.zip", tmp_path / "out"))
    assert "there is something at" in str(fail("convert", archive("bert"), tmp_path / "there"))
    assert "is not a model" in str(fail("convert", tmp_path / "text.txt", tmp_path / "out"))
    assert "cannot be written" in str(fail("convert", archive("bert"), tmp_path / "text.txt" / "out"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["int8.zip", "text.txt", "there"]


def test_exit_codes(tmp_path, monkeypatch, capsys):
    for arguments, code in [
        (["convert", str(archive("bert")), str(tmp_path)], 2),  # there is something
        (["convert", str(tmp_path / "none"), str(tmp_path / "out")], 1),
        (["convert", "one"], 2),
        (["cache", "remove"], 2),
    ]:
        monkeypatch.setattr("sys.argv", ["nlu-lite", *arguments])
        with pytest.raises(SystemExit) as error:
            main()
        assert error.value.code == code, arguments
        assert capsys.readouterr().err


# --- cache -----------------------------------------------------------------------------------------------------------


def test_an_empty_cache_is_no_error(bucket):
    assert call("cache", "list") == call("cache", "verify") == call("cache", "remove", "--all") == []


def test_the_cache_is_listed_with_what_is_known(bucket, wide):
    call("download", REFERENCE)
    digest = hashlib.sha256(wide).hexdigest()
    ((key, size, origin),) = call("cache", "list")
    assert key == f"model-{digest}"
    assert size.endswith(" MB")
    assert origin == f"{FILE} (not verified by the publisher)"


def test_what_the_publisher_vouches_for_is_said(bucket, wide, tmp_path):
    line = index_line("tiny", checksum=hashlib.md5(wide).hexdigest())
    bucket.files |= {"metadata.json": line.encode(), "tiny_xx_3.1.3_2.4_1626712227969.zip": wide}
    from nlu_lite.records import BucketArchive
    from nlu_lite.store.bucket import BucketSource
    from nlu_lite.store.cache import Cache

    BucketSource(Cache(tmp_path / "cache")).fetch(BucketArchive("tiny", "xx"))
    ((key, _, origin),) = call("cache", "list")
    assert key == "archive-tiny_xx_3.1.3_2.4_1626712227969"
    assert origin.endswith("(verified by the publisher's MD5)")


def test_damage_is_found_and_removed(bucket, tmp_path):
    call("download", REFERENCE, "--keep-archive")
    kept, model = (key for key, *_ in call("cache", "list"))
    assert call("cache", "verify") == [[kept, "whole"], [model, "whole"]]
    weights = tmp_path / "cache" / model / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    done = CliRunner().invoke(app, ["cache", "verify"])
    assert isinstance(done.exception, nlu_lite.IntegrityError)
    assert "1 damaged in" in str(done.exception)
    assert done.stdout.splitlines()[0] == f"{kept}\twhole"
    assert "model.safetensors has changed since it was placed" in done.stdout.splitlines()[1]
    assert call("cache", "verify", kept) == [[kept, "whole"]]
    weights.write_bytes(b"")
    assert call("cache", "list")[1][:2] == [model, "not whole"]
    assert "1 damaged" in str(fail("cache", "verify", model))
    assert call("cache", "remove", model) == [[model, "removed"]]
    assert [key for key, *_ in call("cache", "list")] == [kept]
    assert call("cache", "remove", "--all") == [[kept, "removed"]]
    vectors = nlu_lite.matrix(nlu_lite.load(REFERENCE).predict("x"))
    assert np.isfinite(vectors).all()


def test_a_key_that_is_not_there_names_the_nearest(bucket, tmp_path):
    call("download", REFERENCE)
    ((key, *_),) = call("cache", "list")
    for command in ("verify", "remove"):
        assert f"Nearest: {key}" in str(fail("cache", command, key[:-1]))
        assert isinstance(fail("cache", command, "../cache"), nlu_lite.SourceError)
    assert "--all" in str(fail("cache", "remove", key, "--all"))
    assert (tmp_path / "cache" / key).is_dir()


# --- info ------------------------------------------------------------------------------------------------------------


def test_info_says_who_vouches_for_the_bytes(bucket, tmp_path):
    for _ in range(2):
        info = nlu_lite.load(REFERENCE).info
        assert info["verified"].tolist() == ["not verified by the publisher"]
    local = nlu_lite.load(f"sparknlp:{archive('bert')}").info
    assert local["verified"].tolist() == [None]
    record = json.loads((tmp_path / "cache" / ".archives" / f"{FILE}.json").read_text(encoding="utf-8"))
    assert record["md5"] is None
