"""The recipe in a sentence model's files applies however the model is loaded."""

import json
import logging
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny import MODEL

import nlu_lite
from nlu_lite import annotators
from nlu_lite.errors import FormatError, OptionError, SourceError, UnsupportedReference
from nlu_lite.records import Action
from nlu_lite.store.checkpoints import convert
from tests.test_model import hidden_states

TEXTS = ["One two three.", "Tokio ist weit weg. Four!"]
KINDS = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize", "Dense": "2_Dense"}
PROMPTS = {"prompts": {"query": "query: ", "passage": "passage: "}, "default_prompt_name": "query"}
SAID = "pooling cls, alignment text, normalised, prompt 'query: '"


def state(root, *kinds, transformer="", **pooling):
    """Write the files in which sentence-transformers describes a model, by default with the first position."""
    paths = KINDS | {"Transformer": transformer}
    modules = [{"path": paths[kind], "type": f"sentence_transformers.models.{kind}"} for kind in kinds]
    (root / "1_Pooling").mkdir()
    (root / "1_Pooling" / "config.json").write_text(json.dumps(pooling or {"pooling_mode_cls_token": True}))
    (root / "config_sentence_transformers.json").write_text(json.dumps(PROMPTS))
    (root / "modules.json").write_text(json.dumps(modules))
    return root


@pytest.fixture
def folder(tmp_path):
    return state(Path(shutil.copytree(MODEL, tmp_path / "model")), "Transformer", "Pooling", "Normalize")


@pytest.fixture
def dense(tmp_path):
    return state(Path(shutil.copytree(MODEL, tmp_path / "dense")), "Transformer", "Pooling", "Dense")


def entry(tmp_path, folder, kind="XlmRoBertaEmbeddings", reference="xx.embed.mine", more=""):
    """Write a user's own entry, and return its registration."""
    lines = ["[[model]]", f'reference = "{reference}"', f'kind = "{kind}"', f'folder = "{folder}"', more]
    (tmp_path / "own.toml").write_text("\n".join(lines))
    return nlu_lite.register(tmp_path / "own.toml")


def vectors(pipeline, level="document"):
    return nlu_lite.matrix(pipeline.predict(TEXTS, output_level=level))


def expected(prompt="query: ", pooled=lambda states: states[0], texts=TEXTS):
    found = np.stack([pooled(hidden_states(text, prompt)[0]) for text in texts])
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_a_folder_gives_the_vectors_that_its_authors_state(folder):
    pipeline = nlu_lite.load(f"path:{folder}")
    np.testing.assert_allclose(vectors(pipeline), expected(), atol=1e-5)
    sentences = ["One two three.", "Tokio ist weit weg.", "Four!"]
    np.testing.assert_allclose(vectors(pipeline, "sentence"), expected(texts=sentences), atol=1e-5)
    assert pipeline.info["sentence_vectors"].tolist() == [SAID]
    assert nlu_lite.info(f"path:{folder}")["vectors of sentences"] == SAID
    shown = "sentence_pooling='cls', sentence_alignment='text', prompt='query: ', sentence_normalize=True"
    assert shown in repr(pipeline)


def test_vectors_of_tokens_stay_what_they_are(folder):
    tokens = vectors(nlu_lite.load(f"path:{folder}"), "token")
    np.testing.assert_array_equal(tokens, vectors(nlu_lite.load(f"path:{MODEL}"), "token"))
    assert not np.allclose(np.linalg.norm(tokens, axis=1), 1)


def test_a_folder_that_states_nothing_gives_the_mean_of_token_vectors():
    pipeline = nlu_lite.load(f"path:{MODEL}")
    means = [nlu_lite.matrix(pipeline.predict(text)).mean(axis=0) for text in TEXTS]
    np.testing.assert_allclose(vectors(pipeline), means, atol=1e-5)
    assert pipeline.info["sentence_vectors"].tolist() == ["the mean of its tokens' vectors"]
    with pytest.raises(OptionError, match="prompt='query: ' with models"):
        nlu_lite.load(f"path:{MODEL}", prompt="query: ")


def test_options_come_before_what_is_stated(folder):
    path, mean = f"path:{folder}", lambda states: states.mean(axis=0)
    np.testing.assert_allclose(vectors(nlu_lite.load(path, sentence_pooling="mean")), expected(pooled=mean), atol=1e-5)
    np.testing.assert_allclose(vectors(nlu_lite.load(path, prompt="passage: ")), expected("passage: "), atol=1e-5)
    np.testing.assert_allclose(vectors(nlu_lite.load(path).with_(prompt="")), expected(""), atol=1e-5)
    assert np.allclose(np.linalg.norm(vectors(nlu_lite.load(path, normalize=True), "token"), axis=1), 1)


@pytest.mark.parametrize("kinds", [("Transformer", "Pooling", "Dense"), ("Transformer",), ("Transformer", "Mine")])
def test_a_step_that_is_not_run_is_refused(tmp_path, kinds):
    KINDS.setdefault("Mine", "2_Mine")
    folder = state(Path(shutil.copytree(MODEL, tmp_path / "model")), *kinds)
    with pytest.raises(UnsupportedReference, match=f"the modules {', '.join(kinds)}; expected"):
        nlu_lite.load(f"path:{folder}")
    assert nlu_lite.info(f"path:{folder}")["vectors of sentences"].startswith("this library cannot compute them")


def test_a_pooling_that_is_not_run_is_refused(tmp_path):
    folder = state(Path(shutil.copytree(MODEL, tmp_path / "m")), "Transformer", "Pooling", pooling_mode_max_tokens=True)
    with pytest.raises(UnsupportedReference, match="asks for the pooling max_tokens"):
        nlu_lite.load(f"path:{folder}")


@pytest.mark.parametrize("data", ["[", "{}", "[" * 100_000, "[" + "9" * 5000 + "]"])
def test_damaged_statements_are_errors_at_load(folder, data):
    (folder / "modules.json").write_text(data)
    with pytest.raises(FormatError, match=r"modules\.json"):
        nlu_lite.load(f"path:{folder}")


def test_an_entry_of_a_token_model_has_the_recipe_of_its_files(folder, tmp_path):
    with entry(tmp_path, folder):
        pipeline = nlu_lite.load("xx.embed.mine")
        np.testing.assert_allclose(vectors(pipeline), expected(), atol=1e-5)
        assert not np.allclose(np.linalg.norm(vectors(pipeline, "token"), axis=1), 1)
        assert nlu_lite.info("xx.embed.mine")["vectors of sentences"] == SAID


def test_an_entry_of_a_sentence_model_has_the_recipe_of_its_files_before_its_kinds(folder, tmp_path):
    kind, reference = "XlmRoBertaSentenceEmbeddings", "xx.embed_sentence.mine"
    with entry(tmp_path, folder, kind, reference):
        np.testing.assert_allclose(vectors(nlu_lite.load(reference)), expected(), atol=1e-5)
    (folder / "modules.json").unlink()
    with entry(tmp_path, folder, kind, reference):
        assert nlu_lite.load(reference).info["sentence_vectors"].tolist() == ["pooling pooler, alignment word"]


def test_the_recipe_that_an_entry_gives_comes_before_the_files(dense, tmp_path):
    with entry(tmp_path, dense), pytest.raises(UnsupportedReference, match="Transformer, Pooling, Dense"):
        nlu_lite.load("xx.embed.mine")
    with entry(tmp_path, dense, more='sentence = { pooling = "mean" }'):
        found = nlu_lite.load("xx.embed.mine").info["sentence_vectors"].tolist()
    assert found == ["pooling mean, alignment text"]


@pytest.mark.parametrize("weights", [False, True])
def test_a_saved_pipeline_and_a_pickle_keep_the_recipe(folder, weights, tmp_path):
    pipeline = nlu_lite.load(f"path:{folder}")
    pipeline.save(tmp_path / "saved", weights=weights)
    for again in (nlu_lite.load(path=tmp_path / "saved"), pickle.loads(pickle.dumps(pipeline))):
        assert again.info["sentence_vectors"].tolist() == [SAID]
        np.testing.assert_array_equal(vectors(again), vectors(pipeline))


def test_a_converted_folder_keeps_the_recipe(folder, dense, tmp_path):
    convert(folder, tmp_path / "converted")
    converted = nlu_lite.load(f"path:{tmp_path / 'converted'}")
    np.testing.assert_array_equal(vectors(converted), vectors(nlu_lite.load(f"path:{folder}")))
    convert(MODEL, tmp_path / "plain")
    assert not (tmp_path / "plain" / "modules.json").exists()
    with pytest.raises(UnsupportedReference, match="Transformer, Pooling, Dense"):
        convert(dense, tmp_path / "refused")
    assert not (tmp_path / "refused").exists()


# --- old layouts -----------------------------------------------------------------------------------------------------


@pytest.fixture
def old(tmp_path):
    root = tmp_path / "old"
    root.mkdir()
    shutil.copytree(MODEL, root / "0_Transformer")
    return state(root, "Transformer", "Pooling", "Normalize", transformer="0_Transformer")


def test_the_root_of_an_old_layout_is_refused_with_the_folder_to_load(old):
    with pytest.raises(FormatError) as caught:
        nlu_lite.load(f"path:{old}")
    assert caught.value.remedy == f"Load path:{old / '0_Transformer'}"


def test_the_transformer_of_an_old_layout_has_the_recipe_of_its_root(old, monkeypatch):
    pipeline = nlu_lite.load(f"path:{old / '0_Transformer'}")
    np.testing.assert_allclose(vectors(pipeline), expected(), atol=1e-5)
    monkeypatch.chdir(old / "0_Transformer")
    assert nlu_lite.load("path:.").info["sentence_vectors"].tolist() == [SAID]


def test_statements_of_another_folder_are_not_heeded(old):
    (old / "0_Transformer").rename(old / "9_Other")
    assert nlu_lite.load(f"path:{old / '9_Other'}").info["sentence_vectors"].tolist() == [
        "the mean of its tokens' vectors"
    ]


# --- the hub ---------------------------------------------------------------------------------------------------------


def publish(hub, folder, name="org/stated"):
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    hub.repositories[name] = files


def test_a_repository_gives_the_vectors_that_its_authors_state(hub, folder):
    publish(hub, folder)
    pipeline = nlu_lite.load("hf:org/stated")
    np.testing.assert_allclose(vectors(pipeline), expected(), atol=1e-5)
    assert nlu_lite.info("hf:org/stated")["vectors of sentences"] == SAID
    hub.requests.clear()
    assert nlu_lite.load("hf:org/stated", offline=True).info["sentence_vectors"].tolist() == [SAID]
    assert hub.requests == []


def test_a_repository_with_a_step_that_is_not_run_is_refused_before_weights_are_fetched(hub, dense):
    publish(hub, dense)
    with pytest.raises(UnsupportedReference, match="the modules Transformer, Pooling, Dense"):
        nlu_lite.load("hf:org/stated")
    assert "model.safetensors" not in hub.downloaded()


@pytest.mark.parametrize("stated", [True, False], ids=["stated", "not stated"])
def test_what_another_library_cached_is_asked_for_its_statements(hub, folder, stated, caplog):
    from huggingface_hub import snapshot_download

    publish(hub, folder if stated else MODEL)
    snapshot_download("org/stated", allow_patterns=["*.safetensors", "config.json", "sentencepiece*"])
    with caplog.at_level(logging.WARNING, "nlu_lite"):
        offline = nlu_lite.load("hf:org/stated", offline=True)
    assert "has a modules.json" in caplog.text
    assert "nlu-lite download hf:org/stated" in caplog.text
    assert offline.info["sentence_vectors"].tolist() == ["the mean of its tokens' vectors"]
    caplog.clear()
    online = nlu_lite.load("hf:org/stated").info["sentence_vectors"].tolist()
    again = nlu_lite.load("hf:org/stated", offline=True).info["sentence_vectors"].tolist()
    assert online == again == [SAID if stated else "the mean of its tokens' vectors"]
    assert caplog.text == ""


def test_a_whole_download_of_another_program_needs_no_question(hub, caplog):
    from huggingface_hub import snapshot_download

    hub.repositories["org/tiny"][".gitattributes"] = b""
    snapshot_download("org/tiny")
    hub.requests.clear()
    assert len(nlu_lite.load("hf:org/tiny").models) == 1
    assert (hub.requests, caplog.text) == ([], "")


def test_an_old_layout_on_the_hub_is_refused_with_the_folder_to_load(hub, old):
    publish(hub, old)
    with pytest.raises(SourceError) as caught:
        nlu_lite.load("hf:org/stated")
    assert caught.value.remedy == "Run `hf download org/stated --local-dir DIR`, and load path:DIR/0_Transformer"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bert_sentence", "xlmroberta_sentence"])
def test_an_archive_of_a_sentence_model_has_the_recipe_of_its_class(tmp_path, kind):
    archive = Path(__file__).parent / "data" / "sparknlp" / f"{kind}.zip"
    texts = ["Put your text here.", "It works! Does it?"]
    stage = getattr(annotators, {"b": "BertSentenceEmbeddings", "x": "XlmRoBertaSentenceEmbeddings"}[kind[0]])
    expected = stage.load(archive)._get_pipeline().encode(texts)
    convert(archive, tmp_path / "converted")
    for reference in (f"sparknlp:{archive}", f"path:{tmp_path / 'converted'}"):
        pipeline = nlu_lite.load(reference)
        assert pipeline.info["sentence_vectors"].tolist() == ["pooling pooler, alignment word"]
        assert pipeline.predict(texts).columns.tolist()[0] == "sentence"
        np.testing.assert_allclose(pipeline.encode(texts), expected, atol=1e-5)
        pipeline.save(tmp_path / reference[:4])
        again = nlu_lite.load(path=tmp_path / reference[:4])
        assert [one.action for one in again.components] == [Action.EMBED_SENTENCE]
        np.testing.assert_array_equal(again.encode(texts), pipeline.encode(texts))
        assert pickle.loads(pickle.dumps(pipeline)).predict(texts).columns.tolist()[0] == "sentence"
