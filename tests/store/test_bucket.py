import errno
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile

import pytest

from nlu_lite.errors import FormatError, IntegrityError, OfflineError, SourceError
from nlu_lite.records import BucketArchive
from nlu_lite.store.bucket import BucketSource, check_zip
from nlu_lite.store.cache import Cache, build_model_key
from nlu_lite.store.download import Patience
from tests.store.bucket_server import index_line, serving, zipped

FILE = "tiny_xx_3.1.3_2.4_1626712227969.zip"
ORIGIN = BucketArchive("tiny", "xx", FILE)
UNNAMED = BucketArchive("tiny", "xx")
QUICK = Patience(attempts=3, wait=0.001, timeout=5)
WEIGHTS = random.Random(1).randbytes(3 << 20)
ZIP = zipped(metadata="{}", weights=WEIGHTS)


@pytest.fixture
def bucket():
    with serving({FILE: ZIP, "metadata.json": index_line().encode()}) as bucket:
        yield bucket


@pytest.fixture
def source(bucket, tmp_path):
    return BucketSource(Cache(tmp_path / "cache"), False, bucket.base, tmp_path / "pretrained", QUICK)


def offline(source):
    return BucketSource(source.cache, True, source.base, source.pretrained, source.patience)


def is_whole(local):
    return local.path.read_bytes() == ZIP and local.digest == hashlib.sha256(ZIP).hexdigest()


def left_over(source):
    """Return the files in the cache that are not complete folders, records or locks."""
    names = [path.name for path in source.cache.root.rglob("*") if path.is_file()]
    return sorted(name for name in names if name.endswith((".part", ".etag")) and "metadata" not in name)


# --- whole, slow, cut off ---


def test_an_archive_is_fetched_once_then_offline(source, bucket):
    assert is_whole(source.fetch(ORIGIN))
    assert is_whole(source.fetch(ORIGIN))
    assert is_whole(offline(source).fetch(ORIGIN))
    assert bucket.requests == [(FILE, None), ("metadata.json", None)]  # the index for its MD5 alone
    assert left_over(source) == []


def test_a_slow_server_is_waited_for(source, bucket):
    bucket.delay = 0.002
    assert is_whole(source.fetch(ORIGIN))


def test_a_server_that_falls_silent_is_given_up(bucket, tmp_path):
    bucket.delay = 1
    silent = BucketSource(Cache(tmp_path / "c"), False, bucket.base, tmp_path, Patience(2, 0.001, 1, timeout=0.05))
    with pytest.raises(SourceError, match=r"could not be fetched \(timed out, 2 times\)"):
        silent.fetch(ORIGIN)


def test_a_download_that_broke_off_goes_on_where_it_was(source, bucket):
    bucket.cuts = [1 << 20, 1 << 20]
    assert is_whole(source.fetch(ORIGIN))
    assert bucket.asked(FILE) == [None, f"bytes={1 << 20}-", f"bytes={2 << 20}-"]


def test_nothing_is_lost_however_early_a_connection_breaks(source, bucket):
    bucket.cuts = [100_000, 50_000]
    assert is_whole(source.fetch(ORIGIN))
    assert bucket.asked(FILE) == [None, "bytes=100000-", "bytes=150000-"]


def test_what_a_failed_download_fetched_is_kept_for_the_next(source, bucket):
    bucket.cuts = [2 << 20, 0, 0, 0]
    with pytest.raises(SourceError, match=r"3 times.*the downloaded part is kept"):
        source.fetch(ORIGIN)
    assert source.cache.list_folders() == []
    with pytest.raises(OfflineError):
        offline(source).fetch(ORIGIN)
    assert is_whole(source.fetch(ORIGIN))
    assert bucket.asked(FILE)[-1] == f"bytes={2 << 20}-"


@pytest.mark.parametrize("refusal", ["ranges", "etags"])
def test_where_nothing_can_be_resumed_it_begins_again(source, bucket, refusal):
    setattr(bucket, refusal, False)
    bucket.cuts = [1 << 20]
    assert is_whole(source.fetch(ORIGIN))


def test_another_file_under_the_same_name_is_not_glued_to_the_beginning_of_the_first(source, bucket):
    bucket.files[FILE] = zipped(metadata="{}", weights=bytes(3 << 20))
    bucket.cuts = [2 << 20, 0, 0, 0]
    with pytest.raises(SourceError):
        source.fetch(ORIGIN)
    bucket.files[FILE] = ZIP
    assert is_whole(source.fetch(ORIGIN))


def test_an_end_without_a_placing_is_not_fetched_again(source, bucket, monkeypatch):
    def killed(*rest):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Cache, "place", killed)
        with pytest.raises(KeyboardInterrupt):
            source.fetch(ORIGIN)
    assert is_whole(source.fetch(ORIGIN))
    assert bucket.asked(FILE) == [None, f"bytes={len(ZIP)}-"]


# --- statuses ---


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_status_that_may_pass_is_tried_again(source, bucket, status):
    bucket.statuses = [status, status]
    assert is_whole(source.fetch(ORIGIN))
    assert len(bucket.asked(FILE)) == 3


@pytest.mark.parametrize("status", [500, 503])
def test_but_not_for_ever(source, bucket, status):
    bucket.statuses = [status] * 9
    with pytest.raises(SourceError, match=rf"HTTP status {status}, 3 times.*NLU_LITE_BUCKET"):
        source.fetch(ORIGIN)
    assert len(bucket.asked(FILE)) == 3


@pytest.mark.parametrize("status", [403, 404])
def test_what_is_not_there_is_said_at_once(source, bucket, status):
    bucket.statuses = [status]
    with pytest.raises(SourceError, match=rf"{FILE} does not exist, or is not public \(HTTP status {status}\)"):
        source.fetch(ORIGIN)
    assert len(bucket.requests) == 1


def test_an_unexpected_status_is_an_error(source, bucket):
    bucket.statuses = [418]
    with pytest.raises(SourceError, match="HTTP status 418"):
        source.fetch(ORIGIN)


@pytest.mark.parametrize("base", ["http://127.0.0.1:9/models", "ftp://127.0.0.1/models", "nonsense", "http://[::1"])
def test_a_base_that_gives_no_answer_is_an_error(source, base):
    elsewhere = BucketSource(source.cache, False, base, source.pretrained, QUICK)
    with pytest.raises(SourceError, match="could not be fetched"):
        elsewhere.fetch(ORIGIN)


def test_the_base_is_set_by_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("NLU_LITE_BUCKET", raising=False)
    assert BucketSource(Cache(tmp_path)).base.startswith("https://s3.amazonaws.com/auxdata.johnsnowlabs.com/")
    monkeypatch.setenv("NLU_LITE_BUCKET", "http://127.0.0.1/mirror")
    assert BucketSource(Cache(tmp_path)).base == "http://127.0.0.1/mirror"


# --- bytes that are wrong ---


def corrupt(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("content", [corrupt(ZIP), ZIP[: 1 << 20], b"<html>sign in</html>", b""])
def test_what_is_no_whole_zip_is_refused_and_not_kept(source, bucket, content):
    bucket.files[FILE] = content
    with pytest.raises(IntegrityError, match=r"is not a complete zip|is damaged at 'weights'"):
        source.fetch(ORIGIN)
    assert source.cache.list_folders() == []
    assert left_over(source) == []
    bucket.files[FILE] = ZIP
    assert is_whole(source.fetch(ORIGIN))


@pytest.mark.parametrize("origin", [ORIGIN, UNNAMED])
def test_a_wrong_md5_is_refused(source, bucket, origin):
    bucket.files["metadata.json"] = index_line(checksum="0" * 32).encode()
    with pytest.raises(IntegrityError, match=r"has MD5 [0-9a-f]{32}; expected 0{32} as the index states"):
        source.fetch(origin)
    assert source.cache.list_folders() == []
    assert left_over(source) == []


@pytest.mark.parametrize("origin", [ORIGIN, UNNAMED])
def test_the_record_says_whether_the_publisher_verified_it(source, bucket, origin):
    md5 = hashlib.md5(ZIP).hexdigest()
    bucket.files["metadata.json"] = index_line(checksum=md5.upper()).encode()
    source.fetch(origin)
    record = source.archives.get_record(FILE)
    assert (record.file, record.size, record.md5, record.url) == (FILE, len(ZIP), md5, bucket.base + FILE)


def test_where_the_index_cannot_be_had_an_older_one_does(source, bucket):
    md5 = hashlib.md5(ZIP).hexdigest()
    bucket.files["metadata.json"] = index_line(checksum=md5).encode()
    source.archives.discard(source.fetch(ORIGIN))
    del bucket.files["metadata.json"]
    assert is_whole(source.fetch(ORIGIN))
    assert source.archives.get_record(FILE).md5 == md5


@pytest.mark.parametrize("index", [None, b'not JSON: "tiny"', b""])
def test_an_archive_that_the_catalogue_names_needs_no_index(source, bucket, index):
    del bucket.files["metadata.json"]
    bucket.files |= {"metadata.json": index} if index is not None else {}
    assert is_whole(source.fetch(ORIGIN))
    assert source.archives.get_record(FILE).md5 is None


def test_without_an_md5_the_first_download_is_what_counts(source, bucket):
    local = source.fetch(ORIGIN)
    assert source.archives.get_record(FILE).md5 is None
    source.archives.discard(local)
    bucket.files[FILE] = zipped(metadata="{}", weights="others")
    with pytest.raises(IntegrityError, match=r"differs from the first download.*delete .*\.zip\.json"):
        source.fetch(ORIGIN)
    bucket.files[FILE] = ZIP
    assert is_whole(source.fetch(ORIGIN))


def test_an_archive_that_changed_in_the_cache_is_refused(source):
    path = source.fetch(ORIGIN).path
    path.write_bytes(corrupt(ZIP))
    with pytest.raises(IntegrityError, match="differs from the first download"):
        source.fetch(ORIGIN)


def test_a_half_deleted_archive_is_fetched_again(source, bucket):
    path = source.fetch(ORIGIN).path
    os.truncate(path, 1000)
    assert is_whole(source.fetch(ORIGIN))
    assert len(bucket.asked(FILE)) == 2


@pytest.mark.parametrize("name", ["../up", "/etc/up", "a/../../up", "C:\\up", "..\\up", "\\up"])
def test_names_that_lead_out_of_the_zip_are_refused(tmp_path, name):
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, "x")
    with pytest.raises(FormatError, match="leaves the archive"):
        check_zip(path, "bad.zip")


def test_links_second_names_and_bombs_are_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive:
        archive.writestr("a", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", "2")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(65 << 20))
    for name, said in [("link", "a link"), ("twice", "a duplicate name"), ("bomb", "claims 68,157,440 bytes in")]:
        with pytest.raises(FormatError, match=said):
            check_zip(tmp_path / f"{name}.zip", name)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compression_that_spark_nlp_does_not_use_is_damage(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w", method) as archive:
        archive.writestr("metadata", "{}")
    with pytest.raises(IntegrityError, match=f"'metadata' is compressed by method {method}"):
        check_zip(tmp_path / "bad.zip", "bad.zip")


def test_a_member_that_begins_before_its_zip_is_damage(tmp_path):
    data = bytearray(zipped(metadata="{}", weights=WEIGHTS))
    end = data.rindex(b"PK\5\6")
    data[end + 16 : end + 20] = (len(data) + 5).to_bytes(4, "little")
    (tmp_path / "bad.zip").write_bytes(data)
    with pytest.raises(IntegrityError, match=r"is not a complete zip \('metadata' begins at -\d+\)"):
        check_zip(tmp_path / "bad.zip", "bad.zip")


# --- the index ---


def test_the_newest_ready_compatible_archive_is_chosen(source, bucket):
    lines = [
        index_line(time="2020-01-01T00:00:00.000Z"),
        index_line(),
        index_line(time="2022-01-01T00:00:00.000Z", readyToUse=False),
        index_line(time="2022-01-01T00:00:00.000Z", language="en"),
        index_line(time="2022-01-01T00:00:00.000Z", name="tiny2"),
        index_line(time="2022-01-01T00:00:00.000Z", library=(9, 0, 0)),
        index_line(time="2022-01-01T00:00:00.000Z", spark=(4, 0)),
        "{ a line about another model that cannot be read",
    ]
    bucket.files["metadata.json"] = "\n".join([*lines, ""]).encode()
    assert source.fetch(UNNAMED).path.name == FILE
    assert is_whole(offline(source).fetch(UNNAMED))


def test_the_index_is_fetched_again_only_when_it_changed(source, bucket):
    bucket.files["metadata.json"] = "\n".join([index_line(), index_line("other")]).encode()
    source.fetch(UNNAMED)
    bucket.files[FILE.replace("tiny", "other")] = ZIP
    etag = (source.cache.root / ".archives" / "metadata.json.etag").read_text()
    index = source.cache.root / ".archives" / "metadata.json"
    stamp = index.stat().st_mtime_ns
    source.fetch(BucketArchive("other", "xx"))
    assert index.stat().st_mtime_ns == stamp  # 304: kept
    bucket.files["metadata.json"] += b"\n" + index_line("third").encode()
    bucket.files[FILE.replace("tiny", "third")] = ZIP
    source.fetch(BucketArchive("third", "xx"))
    assert (source.cache.root / ".archives" / "metadata.json.etag").read_text() != etag


def test_a_model_that_the_index_lacks_names_the_nearest(source):
    with pytest.raises(SourceError, match=r"no archive of 'tinyy' in 'xx'.*Nearest: tiny"):
        source.fetch(BucketArchive("tinyy", "xx"))


@pytest.mark.parametrize(
    "line",
    ['{"name":"tiny"', '["tiny"]', '{"name":"tiny"}', index_line(time="yesterday"), index_line(library=("x",))],
)
def test_a_line_about_the_model_that_cannot_be_read_is_named(source, bucket, line):
    bucket.files["metadata.json"] = f"\n{line}\n".encode()
    with pytest.raises(FormatError, match=r"line 2 of .*metadata\.json cannot be read"):
        source.fetch(UNNAMED)


def test_a_name_in_the_index_cannot_lead_out_of_the_cache(source, bucket):
    bucket.files["metadata.json"] = index_line(name="../tiny").encode()
    with pytest.raises(FormatError, match="not a valid name of an archive"):
        source.fetch(BucketArchive("../tiny", "xx"))


# --- Spark NLP's own cache, conversion, offline ---


@pytest.mark.parametrize("origin", [ORIGIN, UNNAMED])
def test_what_spark_nlp_fetched_is_read_in_place(source, bucket, origin):
    for stem in (FILE.removesuffix(".zip"), "tiny_xx_3.1.3_2.4_1", "tiny_en_3.1.3_2.4_2726712227969"):
        (source.pretrained / stem / "metadata").mkdir(parents=True)
        (source.pretrained / stem / "metadata" / "part-00000").write_text("{}")
    (source.pretrained / "tiny_xx_3.1.3_2.4_3626712227969").mkdir()  # no model: Spark NLP was stopped half-way
    local = offline(source).fetch(origin)
    assert local.path == source.pretrained / FILE.removesuffix(".zip")
    (local.path / "weights").write_text("more")
    assert source.fetch(origin).digest != local.digest
    source.archives.discard(local)
    assert local.path.is_dir()
    assert bucket.requests == []


def test_the_zip_goes_after_conversion_and_the_converted_model_is_found(source, bucket):
    local = source.fetch(ORIGIN)
    converted = source.cache.place(build_model_key(local.digest), lambda folder: (folder / "x").write_text("converted"))
    source.archives.discard(local)
    assert not local.path.exists()
    for origin in (ORIGIN, UNNAMED):
        again = offline(source).fetch(origin)
        assert (again.path, again.digest) == (converted, local.digest)
    source.archives.discard(again)
    assert converted.is_dir()
    shutil.rmtree(converted)
    assert is_whole(source.fetch(ORIGIN))
    assert len(bucket.asked(FILE)) == 2


@pytest.mark.parametrize("origin", [ORIGIN, UNNAMED])
def test_offline_the_error_names_what_is_missing(source, bucket, origin):
    with pytest.raises(OfflineError, match=r"tiny.*is neither in .*cache nor in .*pretrained.*Load it once"):
        offline(source).fetch(origin)
    assert bucket.requests == []


# --- disks ---


def test_too_little_space_is_said_before_the_download(source, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 5, 5))
    with pytest.raises(SourceError, match=r"has 5 bytes free; expected [\d,]+ for the download"):
        source.fetch(ORIGIN)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_fails_is_said_and_nothing_stays(source, monkeypatch, code):
    def fail(response, part, start, total):
        part.write_bytes(b"half")
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr("nlu_lite.store.download._write", fail)
        with pytest.raises(SourceError, match=rf"{os.strerror(code)}.*NLU_LITE_CACHE"):
            source.fetch(ORIGIN)
    assert left_over(source) == []
    assert is_whole(source.fetch(ORIGIN))


def test_a_cache_that_cannot_be_made_is_said(source, tmp_path):
    (tmp_path / "file").write_text("x")
    blocked = BucketSource(Cache(tmp_path / "file"), False, source.base, source.pretrained, QUICK)
    with pytest.raises(SourceError, match="cannot be written"):
        blocked.fetch(ORIGIN)


# --- processes ---

CHILD = """
import json, sys
from pathlib import Path
from nlu_lite.store.cache import Cache
from nlu_lite.records import BucketArchive
from nlu_lite.store.bucket import BucketSource
root, base, name, language, file = sys.argv[1:]
local = BucketSource(Cache(Path(root)), base=base, pretrained=Path(root)).fetch(BucketArchive(name, language, file))
print(json.dumps([str(local.path), local.digest]))
"""


def child(source, before=""):
    command = [sys.executable, "-c", before + CHILD, str(source.cache.root), source.base, "tiny", "xx", FILE]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_of_two_processes_one_downloads(source, bucket):
    bucket.delay = 0.005
    results = [process.communicate(timeout=60)[0] for process in [child(source), child(source)]]
    assert results[0] == results[1]
    assert json.loads(results[0])[1] == hashlib.sha256(ZIP).hexdigest()
    assert bucket.asked(FILE) == [None]


@pytest.mark.slow
def test_after_a_kill_in_the_middle_the_next_load_goes_on(source, bucket):
    bucket.delay = 0.02
    process = child(source)
    part = source.cache.root / ".archives" / f"{FILE}.part"
    until = time.monotonic() + 30
    while time.monotonic() < until and not (part.is_file() and part.stat().st_size >= 1 << 20):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    assert source.cache.list_folders() == []
    bucket.delay = 0
    assert is_whole(source.fetch(ORIGIN))
    (first, again) = bucket.asked(FILE)
    assert first is None
    assert 1 << 20 <= int(again.removeprefix("bytes=").removesuffix("-")) < len(ZIP)


@pytest.mark.slow
def test_a_limit_on_file_sizes_is_said_and_nothing_stays(source, bucket):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
    process = child(source, limit)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "SourceError" in said
    assert "File too large" in said
    assert source.cache.list_folders() == []
    assert left_over(source) == []
    assert is_whole(source.fetch(ORIGIN))
