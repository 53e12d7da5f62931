"""The limits of downloads from the hub, which are those of the bucket."""

import json
import shutil
from contextlib import suppress

import pytest

from nlu_lite.errors import SourceError, UnknownReference
from nlu_lite.records import HubRepository
from nlu_lite.store.download import Patience
from nlu_lite.store.hub import HubSource
from nlu_lite.store.limits import Limits
from tests.store.hostile_server import OK, endless, serving, trickling, whole
from tests.store.hub_server import COMMIT

REPOSITORY = HubRepository("org/tiny")
FILES = {"config__json": b"{}", "vocab__txt": b"[UNK]", "model__safetensors": b"weights"}
HEAD = b"Connection: close\r\nX-Repo-Commit: " + COMMIT.encode() + b'\r\nETag: "%b"\r\n'


def described(**changes):
    files = [{"rfilename": name.replace("__", "."), "size": len(body)} for name, body in FILES.items()]
    info = {"id": "org/tiny", "modelId": "org/tiny", "sha": COMMIT, "siblings": files, "tags": []}
    return json.dumps(info | changes).encode()


def answers(**changes):
    """Return the response of a hub, with changes."""
    files = {
        name: whole(body, HEAD % name.encode() + b"Content-Length: %d" % len(body)) for name, body in FILES.items()
    }
    return {**files, "/api/models/org/tiny": whole(described(), b"Content-Type: application/json")} | changes


@pytest.fixture
def fetch(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between the library's own tries

    def fetched(server, rate=0, window=30.0):
        template = "{endpoint}/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template.replace("{endpoint}", server.base))
        monkeypatch.setattr(constants, "ENDPOINT", server.base)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        limits = Limits(rate=rate, window=window, unstated=1 << 20)
        return HubSource(False, lambda folder: None, (), Patience(timeout=20, limits=limits)).fetch(REPOSITORY)

    return fetched


def refused(said):
    return pytest.raises(SourceError, match=said)


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_a_repository_is_fetched(fetch):
    with serving(**answers()) as server:
        folder = fetch(server)
        assert folder.name == COMMIT
        assert (folder / "model.safetensors").read_bytes() == b"weights"
        count = len(server.requests)
        assert fetch(server) == folder
        assert len(server.requests) == count


@pytest.mark.parametrize("name", FILES)
def test_an_endless_file_is_cut_off_at_the_limit(fetch, tmp_path, name):
    with (
        serving(**answers(**{name: endless(OK + HEAD % b"x" + b"\r\n")})) as server,
        refused("sends more than 1,048,576 bytes.*HF_ENDPOINT"),
    ):
        fetch(server)
    assert size_of(tmp_path) < 2 << 20


@pytest.mark.parametrize("head", [OK + b"\r\n", OK + b"Content-Length: 1000000000\r\n\r\n"])
def test_an_endless_description_is_cut_off_at_the_limit(fetch, head):
    with (
        serving(**answers(**{"/api/models/org/tiny": endless(head, b"[" * 65536)})) as server,
        refused(r"/api/models/org/tiny\?blobs=true sends .*bytes"),
    ):
        fetch(server)


@pytest.mark.parametrize("name", ["model__safetensors", "/api/models/org/tiny"])
@pytest.mark.parametrize("head", [OK + HEAD % b"x" + b"Content-Length: 1000000\r\n\r\n", OK + HEAD % b"x" + b"X: "])
def test_a_hub_that_trickles_is_given_up(fetch, name, head):
    with (
        serving(**answers(**{name: trickling(head)})) as server,
        refused("sent less than 1,000 bytes a second.*HF_ENDPOINT"),
    ):
        fetch(server, rate=1000, window=0.2)


def test_a_compressed_file_is_refused(fetch):
    headers = HEAD % b"x" + b"Content-Encoding: gzip"
    with serving(**answers(model__safetensors=whole(b"abc", headers))) as server, refused("Content-Encoding 'gzip'"):
        fetch(server)


@pytest.mark.parametrize("name", ["model__safetensors", "/api/models/org/tiny"])
def test_redirects_have_an_end(fetch, name):
    with (
        serving(
            **answers(**{name: whole(b"", b"Location: " + name.replace("__", ".").encode(), status=b"302 Found")})
        ) as server,
        pytest.raises(SourceError),
    ):
        fetch(server)
    assert len(server.requests) < 100


def test_the_disk_needs_room_for_all_files(fetch, tmp_path, monkeypatch):
    files = [{"rfilename": name.replace("__", "."), "size": 10**6} for name in FILES]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 5, 10**6))
    api = whole(described(siblings=files))
    with (
        serving(**answers(**{"/api/models/org/tiny": api})) as server,
        refused("1,000,000 bytes free; expected 2,000,000 for the download.*HF_HOME"),
    ):
        fetch(server)
    assert not any("GET" in line and "model.safetensors" in line for line in server.requests)


DESCRIPTIONS = [
    b"", b"<html>", b"[]", b"null", b"1", b"{}", b"[" * 100_000, described(sha=None), described(sha="../.."),
    described(siblings=[{"rfilename": 3}]), described(siblings={"a": 1}), described(siblings=[None]),
    described(siblings=[{"rfilename": "config.json", "size": "x"}]), described(id=None), described(lastModified="x"),
    b'{"sha": Infinity}', b'{"sha": ' + b"9" * 5000 + b"}", b"\xff",
]  # fmt: skip


@pytest.mark.parametrize("description", DESCRIPTIONS)
def test_a_description_that_cannot_be_is_a_source_error(fetch, description):
    with (
        serving(**answers(**{"/api/models/org/tiny": whole(description)})) as server,
        pytest.raises((SourceError, UnknownReference)),
    ):
        fetch(server)


HEADERS = [
    HEAD % b"x" + b"Content-Length: " + b"9" * 5000, HEAD % b"x" + b"Content-Length: -1",
    HEAD % b"x" + b"Content-Range: bytes 0-1/" + b"9" * 5000, HEAD % b"x" + b"X-Linked-Size: " + b"9" * 5000,
    b"Content-Length: 2", b"X-Repo-Commit: x", HEAD.strip() % b"\xff", HEAD.strip() % b"", HEAD.strip() % (b"x" * 300),
    HEAD.strip() % b"../../../../evil", HEAD.strip() % b"/../evil", HEAD.strip() % b"a\x01",
]  # fmt: skip


@pytest.mark.parametrize("headers", HEADERS)
def test_headers_that_cannot_be_are_source_errors_or_do_no_harm(fetch, tmp_path, headers):
    with serving(**answers(model__safetensors=whole(b"ab", headers))) as server, suppress(SourceError):
        assert (fetch(server) / "model.safetensors").read_bytes() == b"ab"
    assert not [*tmp_path.parent.glob("evil*"), *tmp_path.glob("**/evil*")]
