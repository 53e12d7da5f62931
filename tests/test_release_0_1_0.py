"""Files of version 0.1.0 load, or are refused with the command that renews them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import nlu_lite
from nlu_lite import FormatError, IntegrityError
from nlu_lite.store import lockfile as locking
from nlu_lite.store.cache import Cache

RELEASE = Path(__file__).parent / "data" / "release-0.1.0"
EXPECTED = json.loads((RELEASE / "expected.json").read_text(encoding="utf-8"))
TEXT = EXPECTED["text"]
PIPELINES = [name for name in EXPECTED if name != "text"]
MODELS = {"path:model": "folder", "hf:org/tiny": "hub", "de.embed.house": "archive"}


@pytest.fixture
def release(tmp_path, monkeypatch):
    """A copy of the files, whose absolute paths point into the copy."""
    here = tmp_path / "release"
    shutil.copytree(RELEASE, here, copy_function=shutil.copyfile)
    for path in here.glob("pipelines/*/pipeline.json"):
        path.write_text(path.read_text(encoding="utf-8").replace("@HERE@", str(here)), encoding="utf-8")
    monkeypatch.chdir(here)
    monkeypatch.setenv("NLU_LITE_CACHE", str(here / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    with nlu_lite.register(here / "catalogue.toml"):
        yield here


def assert_expected(pipeline, name):
    found = nlu_lite.matrix(pipeline.predict(TEXT))
    np.testing.assert_allclose(found, np.array(EXPECTED[name], np.float32), atol=2e-5)


# --- pipelines -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_loads(release, hub, name):
    if name == "hub":
        nlu_lite.load("hf:org/tiny")  # fetches it: the pipeline is loaded without a network
    assert_expected(nlu_lite.load(path=release / "pipelines" / name, versions="any", offline=True), name)


def test_a_pipeline_with_weights_of_its_own_loads_elsewhere(release, tmp_path):
    (release / "pipelines" / "copied").rename(tmp_path / "elsewhere")
    shutil.rmtree(release / "model")
    assert_expected(nlu_lite.load(path=tmp_path / "elsewhere", versions="any"), "copied")


def test_a_pipeline_that_was_saved_without_a_recipe_stays_without(release):
    """Version 0.1.0 ignored the files; its pipelines keep their vectors."""
    nlu_lite.load(path="pipelines/copied", versions="any")
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    modules = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for path, kind in kinds]
    for folder in (release / "model", release / "pipelines" / "copied" / "weights" / "0"):
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
        (folder / "modules.json").write_text(json.dumps(modules))
    expected = np.array(EXPECTED["copied"], np.float32)
    means = [expected[:6].mean(0), expected[6:].mean(0)]
    for name in ("copied", "folder"):
        pipeline = nlu_lite.load(path=f"pipelines/{name}", versions="any")
        found = nlu_lite.matrix(pipeline.predict(TEXT, output_level="sentence"))
        np.testing.assert_allclose(found, means, atol=2e-5)


def test_a_pipeline_is_renewed_by_saving_it(release, caplog):
    pipeline = nlu_lite.load(path="pipelines/copied", versions="any")
    assert "leaves out how texts are spelt: save it again" in caplog.text
    pipeline.save("renewed", weights=True)
    caplog.clear()
    assert_expected(nlu_lite.load(path="renewed"), "copied")
    assert "save it again" not in caplog.text


def test_a_pipeline_of_other_versions_is_refused_with_the_command_that_accepts_them(release):
    path = release / "pipelines" / "copied" / "pipeline.json"
    path.write_text(path.read_text().replace('"nlu-lite": "0.1.0"', '"nlu-lite": "0.0.9"'))
    with pytest.raises(FormatError) as caught:
        nlu_lite.load(path=path.parent)
    assert f'nlu_lite.load(path={str(path.parent)!r}, versions="any")' in caught.value.remedy


def test_other_weights_are_refused(release):
    path = release / "pipelines" / "copied" / "weights" / "0" / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(IntegrityError, match=r"as when the pipeline was saved.*nlu_lite\.load\('path:model', \.\.\."):
        nlu_lite.load(path="pipelines/copied", versions="any")


# --- locks and the cache ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reference", MODELS)
def test_a_lock_is_taken_back(release, hub, reference):
    assert_expected(nlu_lite.load(reference, lock="models.lock"), MODELS[reference])


@pytest.mark.slow
@pytest.mark.parametrize("reference", MODELS)
def test_a_lock_is_verified_and_renewed(release, hub, reference):
    nlu_lite.load(reference)
    access = nlu_lite.load(reference).access
    lock = locking.read("models.lock")
    assert lock.version == "0.1.0"
    lock.get_model(reference).verify(access)
    Path("new.lock").write_text(locking.make([reference], access), encoding="utf-8")
    new = locking.read("new.lock").get_model(reference)
    assert new.digest is not None
    assert new.files == lock.get_model(reference).files
    assert_expected(nlu_lite.load(reference, lock="new.lock"), MODELS[reference])


def test_other_bytes_are_refused_with_the_command_that_renews_the_lock(release):
    path = release / "model" / "tokenizer_config.json"
    path.write_bytes(path.read_bytes().replace(b"true", b"null", 1))
    with pytest.raises(IntegrityError, match=r"tokenizer_config\.json has .*nlu-lite lock path:model > models\.lock"):
        nlu_lite.load("path:model", lock="models.lock")


@pytest.mark.parametrize("name", ["archive", "folder", "hub"])
@pytest.mark.parametrize(
    "value",
    [
        None,
        "../..",
        *(pytest.param(one, marks=pytest.mark.slow) for one in (5, "", "a\0b", [], {}, "\udcff", "x" * 300)),
    ],
)
def test_other_values_of_an_origin_are_refused_or_change_nothing(release, hub, name, value):
    path = release / "pipelines" / name / "pipeline.json"
    for key in json.loads(path.read_text())["models"][0]["origin"]:
        values = json.loads(path.read_text())
        values["models"][0]["origin"][key] = value
        (release / "pipeline.json").write_text(json.dumps(values))
        try:
            assert_expected(nlu_lite.load(path=release, versions="any", offline=True), name)
        except nlu_lite.NluLiteError as error:
            assert error.remedy  # noqa: PT017


@pytest.mark.parametrize("reference", ["de.embed.house", "sparknlp:house_de_1.0.0_2.4_1700000000000.zip"])
def test_a_converted_model_of_the_cache_is_used_as_it_is(release, reference):
    (folder,) = release.glob("cache/model-*")
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert_expected(nlu_lite.load(reference, offline=True), "archive")
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    Cache(release / "cache").verify(folder.name)


def test_a_converted_model_that_has_changed_is_not_used(release):
    (path,) = release.glob("cache/model-*/model.safetensors")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert_expected(nlu_lite.load("sparknlp:house_de_1.0.0_2.4_1700000000000.zip"), "archive")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(nlu_lite.OfflineError, match=r"where model-.* has changed since it was placed"):
        nlu_lite.load("de.embed.house", offline=True)
