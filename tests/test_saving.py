import copy
import json
import os
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
    """A copy of the model that a test may change and move."""
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


@pytest.fixture(scope="module")
def unopened(tmp_path_factory):
    """A saved pipeline for tests that neither compute with it nor change its model."""
    folder = tmp_path_factory.mktemp("unopened") / "saved"
    nlu_lite.load("de.tokenize", f"path:{DATA}", reproducible=True, keep_whole=["noch ein"]).save(folder)
    return folder


def changed(saved, change):
    values = json.loads((saved / "pipeline.json").read_text(encoding="utf-8"))
    change(values)
    (saved / "pipeline.json").write_text(json.dumps(values), encoding="utf-8")


LOWERCASE = {"nlu_lite_spelling": {"small_letters": True, "plain_signs": False}}


def flip(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def deep(levels):
    """Return a deeply nested list."""
    return [deep(levels - 1)] if levels else []


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
    assert (values["options"]["backend"], values["options"]["precision"]) == ("auto", "fp32")
    assert values["options"]["encoder"]["pooling"] == "mean"
    assert {"python", "nlu-lite", "icu4py", "sentencepiece", "openvino", "numpy"} <= set(values["versions"])
    assert not {"torch", "transformers"} & set(values["versions"])
    (model,) = values["models"]
    assert model["backend"] == {"name": "openvino", "reason": "OpenVINO supports this model on this CPU"}
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


@pytest.mark.slow
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
    with pytest.raises(IntegrityError, match="have changed since they were pickled"):
        pickle.loads(data)


def test_copies_share_the_weights(pipeline):
    assert copy.copy(pipeline) is pipeline
    assert copy.deepcopy({"pipeline": pipeline})["pipeline"] is pipeline


def keep_times(path, change):
    """Change a file, and restore its times."""
    stat = path.stat()
    change(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_a_pickle_is_refused_where_size_and_time_of_a_changed_file_are_as_before(pipeline, weights):
    data = pickle.dumps(pipeline)
    keep_times(weights / "model.safetensors", flip)
    with pytest.raises(IntegrityError, match="have changed since they were pickled"):
        pickle.loads(data)


def test_a_pickle_is_refused_where_a_file_of_the_hub_was_added(hub, tmp_path, monkeypatch):
    """Its commit is the same: only the content shows that the model differs."""
    monkeypatch.setenv("NLU_LITE_CACHE", str(tmp_path / "cache"))
    pipeline = nlu_lite.load("hf:org/tiny")
    data = pickle.dumps(pipeline)
    assert_same(pickle.loads(data), pipeline)
    (pipeline.models[0].files.path / "tokenizer_config.json").write_text(json.dumps(LOWERCASE))
    nlu_lite.clear_models()  # an open pipeline of the same content would be shared
    with pytest.raises(IntegrityError, match="have changed since they were pickled"):
        pickle.loads(data)


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


def other_spelling(folder):
    (folder / "tokenizer_config.json").write_text(json.dumps(LOWERCASE), encoding="utf-8")


def other_epsilon(folder):
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"layer_norm_eps": 0.1}), encoding="utf-8")


def other_weights(folder):
    flip(folder / "model.safetensors")


def other_pieces(folder):
    path = folder / "sentencepiece.bpe.model"
    path.write_bytes(path.read_bytes() + b"\x12\x00")  # an empty trainer specification, which overrides nothing


def doubled_weights(folder):
    from safetensors.numpy import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    save_file({name: tensor * np.float32(2) for name, tensor in tensors.items()}, folder / "model.safetensors")


def other_tokens(folder):
    (folder / "added_tokens.json").write_text(json.dumps({"unbelievable": 7}), encoding="utf-8")


OTHERS = [other_tokens, other_spelling, other_epsilon, other_weights, other_pieces, doubled_weights]


@pytest.mark.parametrize("change", OTHERS)
@pytest.mark.parametrize("copied", [True, False], ids=["copied", "by reference"])
def test_whatever_changes_beside_the_weights_is_refused(pipeline, weights, tmp_path, change, copied):
    pipeline.save(tmp_path / "saved", weights=copied)
    assert_same(nlu_lite.load(path=tmp_path / "saved"), pipeline)
    change(tmp_path / "saved" / "weights" / "0" if copied else weights)
    with pytest.raises(IntegrityError, match=r"as when the pipeline was saved.*make the pipeline again"):
        nlu_lite.load(path=tmp_path / "saved")


def test_the_recipe_of_a_saved_pipeline_is_not_read_again(weights, tmp_path):
    pipeline = nlu_lite.load(f"path:{weights}", reproducible=True)
    pipeline.save(tmp_path / "saved", weights=True)
    copy = tmp_path / "saved" / "weights" / "0"
    (copy / "1_Pooling").mkdir()
    (copy / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    modules = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for path, kind in kinds]
    (copy / "modules.json").write_text(json.dumps(modules))
    found = nlu_lite.load(path=tmp_path / "saved").predict(TEXT, output_level="sentence")
    expected = pipeline.predict(TEXT, output_level="sentence")
    np.testing.assert_array_equal(nlu_lite.matrix(found), nlu_lite.matrix(expected))


def test_weights_that_were_moved_away_are_missed(saved, weights):
    shutil.rmtree(weights)
    with pytest.raises(SourceError, match="does not exist"):
        nlu_lite.load(path=saved)


@pytest.mark.parametrize(
    "options",
    [{"pooling": "mean"}, {"words": "icu", "keep_whole": "a"}, {"backend": "openvino"}, {"source": "hub"}],
    ids=lambda options: next(iter(options)),
)
def test_a_saved_pipeline_has_its_own_options(unopened, options):
    with pytest.raises(OptionError, match="path= was given with"):
        nlu_lite.load(path=unopened, **options)
    with pytest.raises(OptionError, match="path= was given with"):
        nlu_lite.load("en.tokenize", path=unopened)


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (b"{", FormatError, "is not valid JSON"),
        (b"[]", FormatError, "has layout None"),
        (b'{"layout": 99}', FormatError, "has layout 99; expected 1 or 2. Install the release"),
        (b'{"layout": 1}', FormatError, "is damaged .KeyError"),
        (b"null", FormatError, "has layout None"),
        (b"5", FormatError, "has layout None"),
        (b'{"layout": true}', FormatError, "has layout True"),
        (b'{"layout": [[[[[[[[[[]]]]]]]]]]}', FormatError, r"has layout \[\[\[\[\[\["),
        (b"[" * 100_000, FormatError, "is not valid JSON"),
        (b'{"layout": ' + b"1" * 5000 + b"}", FormatError, "is not valid JSON"),
        (b"\xff", FormatError, "is not valid JSON"),
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
        lambda values: values.update(references="de.tokenize"),
        lambda values: values.update(references=[5]),
        lambda values: values.update(references=None),
        lambda values: values.update(models=5),
        lambda values: values.update(models=[5]),
        lambda values: values.update(text=[]),
        lambda values: values.update(options="x"),
        lambda values: values.update(language=["de"]),
        lambda values: values["versions"].update(icu4py=["0.9"]),
        lambda values: values["versions"].update(icu4py=deep(300)),
        lambda values: values["text"].update(words=deep(300)),
        lambda values: values["text"].update(words={}),
        lambda values: values["models"][0].update(weights="../elsewhere"),
        lambda values: values["models"][0].update(weights="weights/0\0"),
        lambda values: values["models"][0].update(weights=5),
        lambda values: values["models"][0].update(origin=5),
        lambda values: values["models"][0].update(sentence=[]),
        lambda values: values["models"][0].update(sha256=5),
    ],
)
def test_values_that_no_release_writes_are_refused(unopened, tmp_path, change):
    saved = shutil.copytree(unopened, tmp_path / "saved")
    changed(saved, change)
    with pytest.raises(FormatError, match="is damaged"):
        nlu_lite.load(path=saved)


def test_a_folder_with_a_nul_in_its_name_is_refused(tmp_path, pipeline):
    with pytest.raises(SourceError, match="cannot be read"):
        nlu_lite.load(path=f"{tmp_path}/a\0b")
    with pytest.raises(OptionError, match="NUL"):
        pipeline.save(f"{tmp_path}/a\0b")


@pytest.mark.parametrize("name", [".", "", "..", "/"])
def test_a_folder_that_is_there_under_any_name_is_left_alone(name):
    with pytest.raises(OptionError, match="there is something at"):
        nlu_lite.load("en.tokenize").save(name)


def test_a_folder_may_have_the_longest_name_that_there_is(tmp_path):
    words = nlu_lite.load("en.tokenize")
    words.save(tmp_path / ("x" * 255))
    assert nlu_lite.load(path=tmp_path / ("x" * 255)) == words
    with pytest.raises(SourceError, match=r"cannot be written .*too long"):
        words.save(tmp_path / ("x" * 256))


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
    assert "the result can differ" in caplog.text


def test_versions_that_cannot_change_a_piece_are_named(weights, tmp_path, caplog):
    pipeline = nlu_lite.load(f"path:{weights}", backend="torch")
    pipeline.save(tmp_path / "saved")
    changed(tmp_path / "saved", lambda values: values["versions"].update(torch="2.0", python="3.11.0"))
    assert_same(nlu_lite.load(path=tmp_path / "saved"), pipeline)
    assert "torch: '2.0' before" in caplog.text
    assert "last digits can differ" in caplog.text


def test_a_reproducible_pipeline_wants_the_same_numbers(saved):
    changed(saved, lambda values: values["versions"].update(openvino="2025.0"))
    with pytest.raises(FormatError, match=r"openvino: '2025.0' before"):
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
