import copy
import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nlu_lite
from nlu_lite import FormatError, IntegrityError, OptionError, SourceError, saving

DATA = Path(__file__).parent / "data" / "xlmroberta_weights"
TEXT = "Put your unbelievable text here. Und noch ein Satz."


@pytest.fixture
def weights(tmp_path):
    """A model of the test's own, to be changed and moved."""
    return shutil.copytree(DATA, tmp_path / "model", copy_function=shutil.copyfile)


@pytest.fixture
def pipeline(weights):
    return nlu_lite.load(
        "de.tokenize", f"path:{weights}", pooling="mean", layers=(-2, -1), reproducible=True, keep_whole=["noch ein"]
    )


@pytest.fixture
def saved(pipeline, tmp_path):
    pipeline.save(tmp_path / "saved")
    return tmp_path / "saved"


def changed(saved, change):
    values = json.loads((saved / "pipeline.json").read_text(encoding="utf-8"))
    change(values)
    (saved / "pipeline.json").write_text(json.dumps(values), encoding="utf-8")


def assert_same(found, expected):
    one, other = found.predict(TEXT, positions=True), expected.predict(TEXT, positions=True)
    assert one.columns.tolist() == other.columns.tolist()
    assert one["token"].tolist() == other["token"].tolist()
    np.testing.assert_array_equal(nlu_lite.matrix(one), nlu_lite.matrix(other))
    assert found.settings == expected.settings
    assert found.options == expected.options


# --- there and back --------------------------------------------------------------------------------------------------


def test_a_saved_pipeline_gives_the_same(pipeline, saved):
    found = nlu_lite.load(path=saved)
    assert_same(found, pipeline)
    assert repr(found) == repr(pipeline)
    assert sorted(path.name for path in saved.iterdir()) == ["pipeline.json"]
    assert_same(nlu_lite.load(path=saved).with_(pooling="first"), pipeline.with_(pooling="first"))


def test_what_decides_the_result_is_written_down(saved, weights):
    values = json.loads((saved / "pipeline.json").read_text(encoding="utf-8"))
    assert values["references"] == ["de.tokenize", f"path:{weights}"]
    assert values["text"]["keep_whole"] == ["noch ein"]
    assert (values["options"]["backend"], values["options"]["precision"]) == ("torch", "fp32")
    assert values["options"]["encoder"]["pooling"] == "mean"
    assert {"python", "nlu-lite", "icu4py", "sentencepiece", "torch", "numpy"} <= set(values["versions"])
    (model,) = values["models"]
    assert model["origin"] == {"kind": "LocalFolder", "path": str(weights)}
    assert len(model["sha256"]) == 64


SCRIPT = """
import sys, numpy, nlu_lite
frame = nlu_lite.load(path=sys.argv[1], offline=True).predict(sys.argv[2])
numpy.save(sys.argv[3], nlu_lite.matrix(frame))
"""


@pytest.mark.slow
def test_copied_weights_go_elsewhere_with_the_folder(pipeline, weights, tmp_path):
    pipeline.save(tmp_path / "saved", weights=True)
    expected = nlu_lite.matrix(pipeline.predict(TEXT))
    del pipeline
    elsewhere = tmp_path / "far" / "away"
    elsewhere.parent.mkdir()
    (tmp_path / "saved").rename(elsewhere)
    shutil.rmtree(weights)
    command = [sys.executable, "-c", SCRIPT, str(elsewhere), TEXT, str(tmp_path / "found.npy")]
    subprocess.run(command, check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "found.npy"), expected)


def test_a_relative_path_is_found_from_anywhere(weights, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pipeline = nlu_lite.load("path:model", reproducible=True)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    pipeline.save("saved")
    assert_same(nlu_lite.load(path="saved"), pipeline)
    assert_same(pickle.loads(pickle.dumps(pipeline)), pipeline)


def test_text_components_need_no_weights(tmp_path):
    pipeline = nlu_lite.load("th.tokenize", newline_breaks="lines")
    pipeline.save(tmp_path / "saved", weights=True)
    found = nlu_lite.load(path=tmp_path / "saved")
    assert found == pipeline
    assert found.predict("ไปกิน")["token"].tolist() == ["ไป", "กิน"]


@pytest.mark.slow
def test_the_packaged_model_is_saved_by_reference(tmp_path):
    pipeline = nlu_lite.load(reproducible=True)
    pipeline.save(tmp_path / "saved")
    assert_same(nlu_lite.load(path=tmp_path / "saved"), pipeline)


# --- pickles ---------------------------------------------------------------------------------------------------------


def test_a_pickle_has_no_weights_and_gives_the_same(pipeline):
    data = pickle.dumps(pipeline)
    assert len(data) < 10_000
    assert_same(pickle.loads(data), pipeline)


def test_a_pickle_of_weights_that_changed_is_refused(pipeline, weights):
    data = pickle.dumps(pipeline)
    (weights / "config.json").write_text((weights / "config.json").read_text() + " ")
    with pytest.raises(IntegrityError, match="are not those that were pickled"):
        pickle.loads(data)


def test_copies_share_the_weights(pipeline):
    assert copy.copy(pipeline) is pipeline
    assert copy.deepcopy({"pipeline": pipeline})["pipeline"] is pipeline


# --- what is refused -------------------------------------------------------------------------------------------------


def test_a_folder_that_exists_is_left_alone(pipeline, saved, tmp_path):
    before = (saved / "pipeline.json").read_bytes()
    with pytest.raises(OptionError, match="there is something at"):
        pipeline.save(saved)
    assert (saved / "pipeline.json").read_bytes() == before
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OptionError, match="there is something at"):
        pipeline.save(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_disk_that_cannot_be_written_leaves_nothing(pipeline, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saving.formats, "write_checkpoint", full)
    with pytest.raises(SourceError, match=r"cannot be written .No space left on device"):
        pipeline.save(tmp_path / "saved", weights=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


def test_a_callable_cannot_be_saved(tmp_path):
    pipeline = nlu_lite.load("en.tokenize", tokenizer=lambda sentence: [(0, len(sentence))])
    with pytest.raises(OptionError, match=r"tokenizer=.*is a callable"):
        pipeline.save(tmp_path / "saved")
    assert list(tmp_path.iterdir()) == []


def test_weights_that_changed_since_loading_are_not_saved(pipeline, weights, tmp_path):
    (weights / "config.json").write_text((weights / "config.json").read_text() + " ")
    with pytest.raises(IntegrityError, match="have changed since they were loaded"):
        pipeline.save(tmp_path / "saved")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


def test_other_weights_are_refused(saved, weights):
    from safetensors.numpy import load_file, save_file

    tensors = load_file(weights / "model.safetensors")
    name = next(name for name in sorted(tensors) if name.endswith("LayerNorm.bias"))
    tensors[name] = tensors[name] + np.float32(1e-3)
    save_file(tensors, weights / "model.safetensors")
    with pytest.raises(IntegrityError, match="as when the pipeline was saved"):
        nlu_lite.load(path=saved)


def test_weights_that_were_moved_away_are_missed(saved, weights):
    shutil.rmtree(weights)
    with pytest.raises(SourceError, match="does not exist"):
        nlu_lite.load(path=saved)


@pytest.mark.parametrize(
    "options",
    [{"pooling": "mean"}, {"words": "icu", "keep_whole": "a"}, {"backend": "openvino"}, {"source": "hub"}],
    ids=lambda options: next(iter(options)),
)
def test_a_saved_pipeline_has_its_own_options(saved, options):
    with pytest.raises(OptionError, match="path= was given with"):
        nlu_lite.load(path=saved, **options)
    with pytest.raises(OptionError, match="path= was given with"):
        nlu_lite.load("en.tokenize", path=saved)


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (b"{", FormatError, "is no JSON"),
        (b"[]", FormatError, "has layout None"),
        (b'{"layout": 99}', FormatError, "has layout 99; expected 1. Install the release"),
        (b'{"layout": 1}', FormatError, "is damaged .KeyError"),
    ],
)
def test_a_damaged_note_is_refused(tmp_path, data, error, said):
    (tmp_path / "pipeline.json").write_bytes(data)
    with pytest.raises(error, match=said):
        nlu_lite.load(path=tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values["text"].update(words="dictonary"),
        lambda values: values["text"].update(colour="red"),
        lambda values: values["models"].clear(),
        lambda values: values["models"][0]["origin"].update(kind="Elsewhere"),
        lambda values: values["options"].pop("encoder"),
        lambda values: values.update(versions=5),
        lambda values: values.update(language="fr"),
        lambda values: values["text"].update(sentences="mine"),
        lambda values: values["text"].update(keep_whole=[5]),
        lambda values: values["options"].update(precision=None),
        lambda values: values["options"].update(normalize=1),
        lambda values: values["options"]["encoder"].update(layers=5),
        lambda values: values["options"]["encoder"].pop("pooling"),
        lambda values: values["models"][0]["origin"].update(path=None),
        lambda values: values["models"][0].update(column=None),
    ],
)
def test_values_that_no_release_writes_are_refused(saved, change):
    changed(saved, change)
    with pytest.raises(FormatError, match="is damaged"):
        nlu_lite.load(path=saved)


def test_nothing_there_is_said(tmp_path):
    with pytest.raises(SourceError, match=r"pipeline.json cannot be read \(No such file"):
        nlu_lite.load(path=tmp_path / "nowhere")


# --- versions --------------------------------------------------------------------------------------------------------


def test_other_rules_of_words_or_pieces_are_refused_unless_accepted(saved, pipeline, caplog):
    changed(saved, lambda values: values["versions"].update(icu4py="0.9", sentencepiece="0.1"))
    with pytest.raises(
        FormatError, match=r"icu4py: '0.9' before.*sentencepiece: '0.1' before.*versions=\"any\""
    ) as caught:
        nlu_lite.load(path=saved)
    assert "icu4py==0.9 sentencepiece==0.1" in str(caught.value)
    assert_same(nlu_lite.load(path=saved, versions="any"), pipeline)
    assert "its result can be another" in caplog.text


def test_versions_that_cannot_change_a_piece_are_named(weights, tmp_path, caplog):
    pipeline = nlu_lite.load(f"path:{weights}")
    pipeline.save(tmp_path / "saved")
    changed(tmp_path / "saved", lambda values: values["versions"].update(torch="2.0", python="3.11.0"))
    assert_same(nlu_lite.load(path=tmp_path / "saved"), pipeline)
    assert "torch: '2.0' before" in caplog.text
    assert "last digits can differ" in caplog.text


def test_a_reproducible_pipeline_wants_the_same_numbers(saved):
    changed(saved, lambda values: values["versions"].update(torch="2.0"))
    with pytest.raises(FormatError, match=r"torch: '2.0' before"):
        nlu_lite.load(path=saved)


def test_versions_belong_to_a_saved_pipeline(saved):
    with pytest.raises(OptionError, match="without path="):
        nlu_lite.load("en.tokenize", versions="any")
    with pytest.raises(OptionError, match="versions='old'"):
        nlu_lite.load(path=saved, versions="old")


# --- backends, locks and archives ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("copied", [False, True], ids=["by reference", "copied"])
def test_the_backend_and_precision_are_kept(weights, tmp_path, copied):
    pipeline = nlu_lite.load(f"path:{weights}", backend="openvino", reproducible=True, cache_dir=tmp_path / "cache")
    pipeline.save(tmp_path / "saved", weights=copied)
    found = nlu_lite.load(path=tmp_path / "saved", cache_dir=tmp_path / "cache")
    assert found.models[0].encoder.backend.name == pipeline.models[0].encoder.backend.name
    assert_same(found, pipeline)
    assert "openvino" in json.loads((tmp_path / "saved" / "pipeline.json").read_text())["versions"]


def test_a_model_of_spark_nlp_is_saved_with_its_weights(tmp_path):
    archive = shutil.copyfile(DATA.parent / "sparknlp" / "roberta.zip", tmp_path / "roberta.zip")
    pipeline = nlu_lite.load(f"sparknlp:{archive}", cache_dir=tmp_path / "cache", reproducible=True)
    pipeline.save(tmp_path / "saved", weights=True)
    archive.unlink()
    shutil.rmtree(tmp_path / "cache")
    assert_same(nlu_lite.load(path=tmp_path / "saved", cache_dir=tmp_path / "cache"), pipeline)


def test_a_lock_has_no_place_beside_a_saved_pipeline(saved):
    with pytest.raises(OptionError, match="path= and a lock"):
        nlu_lite.load(path=saved, lock="models.lock")
