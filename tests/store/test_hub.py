import json
import os
import subprocess
import sys

import numpy as np
import pytest

import nlu_lite
from nlu_lite.errors import (
    FormatError,
    ModelError,
    OfflineError,
    OptionError,
    SourceError,
    UnknownReference,
    UnsupportedReference,
)
from nlu_lite.records import HubRepository
from nlu_lite.registry import resolve
from nlu_lite.store.cache import Cache
from nlu_lite.store.repositories import select_model_files
from nlu_lite.store.sources import Access, SourceKind, fetch
from tests.store.hub_server import COMMIT, Hub, served, tiny_files


def get(reference="hf:org/tiny", **access):
    (spec,) = resolve([reference])
    return fetch(spec, Access(Cache(None), **access))


def test_only_what_a_model_needs_is_downloaded(hub):
    fetched = get()
    assert hub.downloaded() == {"config.json", "model.safetensors", "sentencepiece.bpe.model"}
    assert sorted(path.name for path in fetched.path.iterdir()) == sorted(hub.downloaded())
    assert fetched.origin == HubRepository("org/tiny", COMMIT)


def test_bin_is_downloaded_only_where_there_are_no_safetensors(hub):
    del hub.repositories["org/tiny"]["model.safetensors"]
    get()
    assert hub.downloaded() == {"config.json", "pytorch_model.bin", "sentencepiece.bpe.model"}


def test_what_is_in_the_cache_is_used_without_a_request(hub):
    first = get()
    hub.requests.clear()
    hub.status = (500, "")
    assert get().path == first.path
    assert get(offline=True).path == first.path
    assert hub.requests == []


def test_a_revision_is_asked_for_and_remembered(hub):
    fetched = get(revision="v1")
    assert fetched.path.name == COMMIT
    hub.requests.clear()
    assert get(revision="v1").path == fetched.path
    assert get(revision=COMMIT).path == fetched.path
    assert hub.requests == []


def test_the_revision_is_recorded_and_shown(hub):
    assert nlu_lite.info("hf:org/tiny")["revision"] == "its main branch when it is fetched"
    shown = nlu_lite.load("hf:org/tiny", revision="v1").info.iloc[0]
    assert shown["source"] == f"hf:org/tiny at {COMMIT}"
    assert shown["digest"] == COMMIT
    get()
    assert nlu_lite.info("hf:org/tiny")["revision"] == COMMIT


def test_a_token_opens_what_is_gated(hub, monkeypatch):
    hub.token = "hf_secret"
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(SourceError, match="is gated") as caught:
        get()
    assert "hf_wrong" not in str(caught.value)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert get().path.name == COMMIT


def test_what_is_in_the_cache_opens_no_connection(hub, request):
    get()
    request.getfixturevalue("no_connections")
    assert len(nlu_lite.load("hf:org/tiny").predict("Put your text here.")) == 5
    with pytest.raises(OfflineError):
        nlu_lite.load("hf:org/other", offline=True)


def test_the_pipeline_runs_on_what_the_hub_gave(hub):
    from tests.store.test_installed import DATA

    ours = nlu_lite.load("hf:org/tiny").predict("Put your text here.")
    theirs = nlu_lite.load(f"path:{DATA / 'xlmroberta_weights'}").predict("Put your text here.")
    assert list(ours.columns) == ["token", "word_embedding_tiny"]
    np.testing.assert_array_equal(nlu_lite.matrix(ours), nlu_lite.matrix(theirs))


def test_a_row_of_the_catalogue_comes_from_its_hub_repository(hub, tmp_path):
    hub.repositories["FacebookAI/xlm-roberta-base"] = hub.repositories["org/tiny"]
    (spec,) = resolve(["xx.embed.xlm"])
    for source in (SourceKind.HUB, None):  # the second time it is here, so that no other place is asked
        fetched = fetch(spec, Access(Cache(tmp_path), source=source))
        assert fetched.origin == HubRepository("FacebookAI/xlm-roberta-base", COMMIT)


MISSING = ["sentencepiece.bpe.model", "config.json", "model.safetensors", "1_Pooling/config.json"]


@pytest.mark.slow
@pytest.mark.parametrize("missing", MISSING)
def test_a_download_that_was_interrupted_is_completed(hub, missing):
    modules = [{"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]
    stated = {"modules.json": json.dumps(modules).encode(), "1_Pooling/config.json": b"{}"}
    hub.repositories["org/tiny"] |= stated
    (get().path / missing).unlink()
    hub.requests.clear()
    assert (get().path / missing).read_bytes() == hub.repositories["org/tiny"][missing]


# --- what can go wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        ((404, "RepoNotFound"), UnknownReference, "the hub has no repository 'org/tiny'.*HF_TOKEN"),
        ((401, "RepoNotFound"), UnknownReference, "the hub has no repository"),
        ((403, "GatedRepo"), SourceError, "is gated.*Accept its conditions at http.*HF_TOKEN"),
        ((500, ""), SourceError, "could not be fetched from http://127"),
    ],
)
def test_the_hubs_refusals_are_explained(hub, status, error, said):
    hub.status = status
    with pytest.raises(error, match=said):
        get()


def test_a_missing_revision_is_an_error(hub):
    with pytest.raises(SourceError, match="has no revision 'v9'"):
        get(revision="v9")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ["config.json", "sentencepiece.bpe.model"],
            "has no model.safetensors or pytorch_model.bin; it",
        ),
        (["model.safetensors", "sentencepiece.bpe.model"], "has no config.json; it has"),
        (["config.json", "model.safetensors"], r"has no subword model \(sentencepiece.bpe.model, .*it has config.json"),
        ([], "has no config.json and no .* and no subword model .*it has nothing"),
    ],
)
def test_a_repository_that_lacks_files_is_an_error_before_anything_is_fetched(hub, names, said):
    files = hub.repositories["org/tiny"]
    hub.repositories["org/tiny"] = {name: files[name] for name in names}
    with pytest.raises(SourceError, match=said):
        get()
    assert hub.downloaded() == set()


@pytest.mark.parametrize("written", ["old/tiny", "tiny"])
def test_a_renamed_repository_is_an_error_that_names_the_new_one(hub, written):
    hub.renamed[written] = "org/tiny"
    with pytest.raises(UnknownReference, match=f"'{written}' has been renamed to 'org/tiny'"):
        get(f"hf:{written}")
    assert hub.downloaded() == set()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_type": "gpt2"}, "has model_type 'gpt2'; expected albert, bert"),
        ({"auto_map": {"AutoModel": "modeling.Evil"}}, r"asks for code of its own \(auto_map\).*never run"),
    ],
)
def test_a_model_that_is_not_run_is_refused_before_its_weights_are_fetched(hub, changes, said):
    files = hub.repositories["org/tiny"]
    files["config.json"] = json.dumps(json.loads(files["config.json"]) | changes).encode()
    with pytest.raises(UnsupportedReference, match=said):
        nlu_lite.load("hf:org/tiny")
    assert hub.downloaded() == {"config.json"}


def test_a_token_is_sent_to_the_hub_alone(hub, monkeypatch):
    """The hub redirects large files to other hosts; `localhost` is a different host from 127.0.0.1."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with served(Hub({"org/tiny": tiny_files()})) as other:
        hub.elsewhere = other.endpoint.replace("127.0.0.1", "localhost")
        get()
    assert [line for line in other.requests if "model.safetensors" in line]
    assert set(hub.tokens) == {"Bearer hf_secret"}
    assert set(other.tokens) == {None}


def test_a_broken_configuration_is_refused_before_weights_are_fetched(hub):
    hub.repositories["org/tiny"]["config.json"] = b"{"
    with pytest.raises(FormatError, match=r"config\.json cannot be read"):
        nlu_lite.load("hf:org/tiny")
    assert hub.downloaded() == {"config.json"}


def test_a_repository_of_another_kind_than_the_catalogue_says_is_refused(hub):
    hub.repositories["sentence-transformers/all-mpnet-base-v1"] = hub.repositories["org/tiny"]
    reference = "en.embed_sentence.mpnet.all_mpnet_base_v1"
    with pytest.raises(ModelError, match=rf"model_type 'xlm-roberta'; expected mpnet, since '{reference}' is of kind"):
        nlu_lite.load(reference, source="hub")
    assert hub.downloaded() == {"config.json"}


def test_a_download_that_breaks_off_is_an_error_and_can_be_repeated(hub, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between the library's own tries
    hub.cut = 1000
    with pytest.raises(SourceError, match="could not be fetched"):
        get()
    hub.cut = None
    assert (get().path / "model.safetensors").read_bytes() == hub.repositories["org/tiny"]["model.safetensors"]


def test_an_unreachable_hub_is_an_error(hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(SourceError, match=r"could not be fetched from http://127\.0\.0\.1:9"):
        get()


@pytest.mark.parametrize("setting", ["argument", "NLU_LITE_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_asks_nobody_and_says_how_to_fetch(hub, setting, monkeypatch):
    if setting != "argument":
        monkeypatch.setenv(setting, "1")
    said = r"incomplete in the Hugging Face cache .*nlu-lite download hf:org/tiny.*hf download org/tiny; then"
    with pytest.raises(OfflineError, match=said):
        get(offline=True if setting == "argument" else None)
    assert hub.requests == []


def test_offline_the_command_fetches_the_revision_that_is_missing(hub):
    with pytest.raises(OfflineError) as caught:
        get(revision="v1", offline=True)
    assert "hf download org/tiny --revision v1; then" in str(caught.value)
    assert "nlu-lite download" not in str(caught.value)  # which takes the main branch


@pytest.mark.parametrize(("value", "offline"), [("0", False), ("false", False), ("", False), (" Yes ", True)])
def test_the_environment_says_yes_or_no(monkeypatch, value, offline):
    monkeypatch.setenv("NLU_LITE_OFFLINE", value)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    assert Access(Cache(None)).is_offline is offline


def test_another_word_in_the_environment_is_an_error(monkeypatch):
    monkeypatch.setenv("NLU_LITE_OFFLINE", "offline")
    with pytest.raises(OptionError, match=r"NLU_LITE_OFFLINE='offline'; expected \"1\" or \"0\""):
        get()


@pytest.mark.parametrize("access", [{"revision": "v1"}, {"source": SourceKind.HUB}])
def test_options_that_do_not_fit_the_model_are_errors(access):
    with pytest.raises(OptionError):
        get("path:/tmp", **access)


def test_needed_takes_shards_with_their_index():
    shards = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    names = [*shards, "model.safetensors.index.json", "pytorch_model.bin", "vocab.txt"]
    assert select_model_files(names) == sorted([*shards, "model.safetensors.index.json", "vocab.txt"])


# --- as a user does it -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_environments_settings_hold(hub, tmp_path):
    environment = os.environ | {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "home")}
    code = "import nlu_lite; print(len(nlu_lite.load('hf:org/tiny').predict('Put your text here.')))"

    def run(**more):
        command = [sys.executable, "-c", code]
        return subprocess.run(command, env=environment | more, capture_output=True, text=True, check=True).stdout

    assert run().strip() == "5"
    hub.requests.clear()
    assert run(HF_HUB_OFFLINE="1").strip() == "5"
    assert hub.requests == []
