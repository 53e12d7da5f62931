import logging

import pytest

from nlu_lite.errors import IntegrityError, OfflineError, OptionError, SourceError, UnknownReference
from nlu_lite.records import Action, BucketArchive, HubRepository, LocalFolder, ModelSpec
from nlu_lite.store.cache import Cache, build_model_key
from nlu_lite.store.hub import HubSource
from nlu_lite.store.sources import Access, ArchiveRetention, SourceKind, discard, fetch
from tests.store.bucket_server import serving, zipped

FILE = "tiny_xx_3.1.3_2.4_1626712227969.zip"
ARCHIVE = BucketArchive("tiny", "xx", FILE)
REPOSITORY = HubRepository("org/tiny")
ZIP = zipped(metadata="{}")


def spec(*origins):
    return ModelSpec("xx.embed.tiny", "xx", "tiny", None, Action.EMBED, origins)


@pytest.fixture
def bucket(monkeypatch, tmp_path):
    with serving({FILE: ZIP}) as bucket:
        monkeypatch.setenv("NLU_LITE_BUCKET", bucket.base)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.delenv("NLU_LITE_OFFLINE", raising=False)
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        yield bucket


@pytest.fixture
def access(tmp_path):
    return Access(Cache(tmp_path / "cache"))


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub that has a snapshot, is offline, or fails, as the test sets it."""
    answers = {"fetch": tmp_path / "commit"}

    def answer(self, origin):
        if self.offline and "here" not in answers:
            raise OfflineError("the repository is not here", "its files", "Fetch it")
        if isinstance(answers["fetch"], Exception):
            raise answers["fetch"]
        return answers["fetch"]

    monkeypatch.setattr(HubSource, "fetch", answer)
    return answers


def test_the_bucket_comes_first(bucket, access, hub):
    fetched = fetch(spec(ARCHIVE, REPOSITORY), access)
    assert fetched.path.read_bytes() == ZIP
    assert fetched.origin == ARCHIVE


def test_what_is_on_this_machine_is_used_without_a_connection(bucket, access, hub):
    hub["here"] = True
    assert fetch(spec(ARCHIVE, REPOSITORY), access).origin == HubRepository("org/tiny", "commit")
    assert bucket.requests == []


def test_an_origin_that_lacks_the_model_is_passed_over_aloud(bucket, access, hub, caplog):
    bucket.files.clear()
    with caplog.at_level(logging.WARNING, "nlu_lite"):
        fetched = fetch(spec(ARCHIVE, REPOSITORY), access)
    assert fetched.origin == HubRepository("org/tiny", "commit")
    assert "org/tiny" in caplog.text
    assert f"{FILE} does not exist, or is not public" in caplog.text


def test_when_all_fail_the_error_tells_of_each(bucket, access, hub):
    bucket.files.clear()
    hub["fetch"] = UnknownReference("the hub has no repository 'org/tiny'")
    with pytest.raises(
        SourceError, match=rf"{FILE} does not exist, or is not public.*; and the hub has no repository 'org/tiny'"
    ):
        fetch(spec(ARCHIVE, REPOSITORY), access)


def test_a_bad_repository_does_not_keep_from_the_bucket(bucket, access, hub):
    hub["here"] = True
    hub["fetch"] = UnknownReference("'org/' is no name of a repository")
    assert fetch(spec(REPOSITORY, ARCHIVE), access).origin == ARCHIVE


def test_one_failure_is_raised_as_it_is(bucket, access, hub):
    hub["fetch"] = UnknownReference("the hub has no repository 'org/tiny'")
    with pytest.raises(UnknownReference):
        fetch(spec(REPOSITORY), access)


def test_wrong_bytes_are_never_passed_over(bucket, access, hub):
    bucket.files[FILE] = b"sign in"
    with pytest.raises(IntegrityError):
        fetch(spec(ARCHIVE, REPOSITORY), access)


@pytest.mark.parametrize("setting", ["NLU_LITE_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_nothing_is_asked_and_the_error_names_each(bucket, access, hub, monkeypatch, setting):
    monkeypatch.setenv(setting, "1")
    with pytest.raises(OfflineError, match=rf"{FILE} is neither in.*; and the repository is not here"):
        fetch(spec(ARCHIVE, REPOSITORY), access)
    assert bucket.requests == []


def test_a_place_or_a_revision_chooses_the_hub(bucket, access, hub):
    for changed in (Access(access.cache, source=SourceKind.HUB), Access(access.cache, revision="v1")):
        assert fetch(spec(ARCHIVE, REPOSITORY), changed).origin == HubRepository("org/tiny", "commit")
    assert bucket.requests == []


def test_a_place_or_a_revision_that_the_model_lacks_is_an_error(access, tmp_path):
    with pytest.raises(OptionError, match="has no source 'hub'; expected bucket"):
        fetch(spec(ARCHIVE), Access(access.cache, source=SourceKind.HUB))
    with pytest.raises(OptionError, match="source has no revisions"):
        fetch(spec(LocalFolder(str(tmp_path))), Access(access.cache, revision="v1"))


def test_an_archive_is_discarded_once_converted_unless_it_is_to_be_kept(bucket, access):
    fetched = fetch(spec(ARCHIVE), access)
    discard(fetched, Access(access.cache, archives=ArchiveRetention.KEEP))
    assert fetched.path.exists()
    converted = access.cache.place(build_model_key(fetched.digest), lambda folder: (folder / "x").write_text("x"))
    discard(fetched, access)
    assert not fetched.path.exists()
    again = fetch(spec(ARCHIVE), access)
    assert (again.path, again.origin) == (converted, ARCHIVE)
    discard(again, access)
    assert converted.is_dir()
    assert bucket.asked(ARCHIVE.file) == [None]


def test_what_the_user_named_is_never_discarded(access, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    discard(fetch(spec(LocalFolder(str(folder))), access), access)
    assert folder.is_dir()
