"""The limits of downloads from any server that claims to be the bucket."""

import errno
import gzip
import os
import shutil
import threading

import httpx
import pytest

from nlu_lite.errors import FormatError, OptionError, SourceError
from nlu_lite.records import BucketArchive
from nlu_lite.store.bucket import BucketSource
from nlu_lite.store.cache import Cache
from nlu_lite.store.download import DownloadStatus, Patience, download, read_etag
from nlu_lite.store.limits import Limits, Pace, limit_requests, parse_size
from tests.store.bucket_server import index_line, zipped
from tests.store.hostile_server import BLOCK, OK, endless, serving, trickling, whole

FILE = "tiny_xx_3.1.3_2.4_1626712227969.zip"
ZIP = zipped(metadata="{}", weights=bytes(1000))
SMALL = Limits(rate=1000, window=0.2, unstated=1 << 20)
NO_RATE = Limits(rate=0, unstated=1 << 20)


def patience(limits=NO_RATE, attempts=2):
    return Patience(attempts, 0.001, 0.001, timeout=20, limits=limits)


def fetched(server, part, limits=NO_RATE, attempts=2, **more):
    return download(f"{server.base}/{FILE}", part, patience(limits, attempts), **more)


def refused(said):
    return pytest.raises(SourceError, match=said)


@pytest.fixture
def part(tmp_path):
    return tmp_path / "file.part"


# --- size ---


@pytest.mark.parametrize(
    "head",
    [
        OK + b"\r\n",
        OK + b'ETag: "1"\r\n\r\n',
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 206 P\r\nContent-Range: bytes 0-1/*\r\n\r\n",
    ],
)
def test_an_endless_body_of_no_stated_size_is_cut_off_at_the_limit(part, head):
    with (
        serving(endless(head)) as server,
        refused(r"sends more than 1,048,576 bytes.*UNSTATED"),
    ):
        fetched(server, part)
    assert list(part.parent.iterdir()) == []
    assert len(server.requests) == 1


def test_an_endless_chunked_body_is_cut_off_at_the_limit(part):
    chunk = b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK)
    with (
        serving(endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", chunk)) as server,
        refused("more than 1,048,576 bytes"),
    ):
        fetched(server, part)
    assert len(server.requests) == 1


@pytest.mark.parametrize("length", [None, 1 << 40])
def test_a_file_of_no_stated_size_is_fetched_below_the_limit(part, length):
    with serving(whole(b"abc")) as server:
        assert fetched(server, part) is DownloadStatus.COMPLETE
    assert part.read_bytes() == b"abc"


def test_no_more_than_the_stated_size_is_read(part):
    with serving(endless(OK + b"Content-Length: 5\r\n\r\n", b"abcdefgh")) as server:
        fetched(server, part)
    assert part.read_bytes() == b"abcde"


@pytest.mark.parametrize("stated", [True, False])
def test_the_index_has_a_limit_of_its_own(part, stated):
    head = OK + (b"Content-Length: 5000000\r\n\r\n" if stated else b"\r\n")
    with serving(endless(head)) as server, refused(r"expected at most 1,000,000|1,048,576"):
        fetched(server, part, largest=1_000_000)


def test_an_endless_index_is_a_source_error(tmp_path):
    with serving(endless()) as server:
        source = BucketSource(Cache(tmp_path), False, server.base, tmp_path / "none", patience())
        with refused("metadata.json sends more than"):
            source.fetch(BucketArchive("tiny", "xx"))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 2 << 20


def test_an_archive_is_kept_though_the_index_is_endless(tmp_path):
    archive = whole(ZIP, b"Content-Length: %d" % len(ZIP))
    with serving(endless(), **{FILE.replace(".", "__"): archive}) as server:
        source = BucketSource(Cache(tmp_path), False, server.base, tmp_path / "none", patience())
        assert source.fetch(BucketArchive("tiny", "xx", FILE)).path.read_bytes() == ZIP


@pytest.mark.parametrize("encoding", [b"gzip", b"deflate", b"br", b"x-unknown", b"gzip, gzip"])
def test_a_compressed_body_is_refused_before_it_is_read(part, encoding):
    with (
        serving(whole(gzip.compress(bytes(1 << 20)), b"Content-Encoding: " + encoding)) as server,
        refused("Content-Encoding .*expected the file as it is"),
    ):
        fetched(server, part)
    assert not part.exists()


@pytest.mark.parametrize("body", [[b"Content-Length: 0"], [b"Content-Length: 3"], []])
def test_redirects_have_an_end(part, body):
    with serving(whole(b"abc", b"Location: /again", *body, status=b"302 Found")) as server, refused("redirects"):
        fetched(server, part)
    assert len(server.requests) <= 21


def test_the_body_of_a_redirect_has_an_end(part):
    with (
        serving(endless(b"HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n")) as server,
        refused("more than 1,048,576 bytes"),
    ):
        fetched(server, part)


# --- rate ---


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (OK + b"\r\n", b"0"),
        (OK + b"Content-Length: 1000000\r\n\r\n", b"0"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n0\r\n"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),  # no byte of the body arrives
        (OK, b"X: y\r\n"),  # no end of the headers arrives
        (b"", b"H"),
    ],
)
def test_a_server_that_trickles_is_given_up(part, head, piece):
    with (
        serving(trickling(head, piece)) as server,
        refused(r"sent less than 1,000 bytes a second for 0\.2 seconds.*LEAST_RATE=0"),
    ):
        fetched(server, part, SMALL)
    assert len(server.requests) == 1


def test_what_a_slow_server_sent_is_kept(part):
    with (
        serving(trickling(OK + b'ETag: "1"\r\nContent-Length: 1000000\r\n\r\n' + bytes(1000))) as server,
        refused("sent less than 1,000 bytes"),
    ):
        fetched(server, part, SMALL)
    assert part.stat().st_size >= 1000
    assert read_etag(part) == '"1"'


def test_endless_headers_are_an_error(part):
    with serving(endless(OK, b"X: y\r\n" * 1000)) as server, refused("could not be fetched"):
        fetched(server, part)
    assert server.sent < 50 << 20


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_only_the_time_that_is_spent_waiting_counts():
    clock = Clock()
    pace = Pace(Limits(rate=10, window=30, clock=clock))
    for _ in range(10):
        pace.wait()
        clock.now += 5
        assert not pace.receive(50)
        clock.now += 1000  # a slow disk
        assert not pace.is_too_slow()


def test_the_rate_is_averaged_over_windows():
    clock = Clock()
    pace = Pace(Limits(rate=10, window=30, clock=clock))
    pace.wait()
    clock.now += 29
    assert not pace.is_too_slow()
    assert not pace.receive(300)
    pace.wait()
    clock.now += 1
    assert not pace.receive(0)  # a window with 300 bytes
    pace.wait()
    clock.now += 30
    assert pace.is_too_slow()
    assert pace.receive(299)


def test_no_least_rate_waits_for_ever():
    clock = Clock()
    pace = Pace(Limits(rate=0, window=30, clock=clock))
    pace.wait()
    clock.now += 1e6
    assert not pace.is_too_slow()


# --- space ---


def test_the_free_space_is_limit_requests_while_a_file_of_no_stated_size_comes(part, monkeypatch):
    free = iter([1 << 40, 5])
    monkeypatch.setattr("nlu_lite.store.limits.SPACE_CHECKED", 1 << 17)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 5, next(free)))
    with serving(endless()) as server, refused("has 5 bytes free; expected 131,072 for the"):
        fetched(server, part)
    assert list(part.parent.iterdir()) == []


def test_the_free_space_is_compared_with_what_is_left_to_come(part, monkeypatch):
    free = iter([1 << 40, 1 << 16])
    monkeypatch.setattr("nlu_lite.store.limits.SPACE_CHECKED", 1 << 18)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 5, next(free)))
    with (
        serving(endless(OK + b"Content-Length: 1048576\r\n\r\n")) as server,
        refused(r"has 65,536 bytes free; expected [78]\d\d,\d+ for the download"),
    ):
        fetched(server, part)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("stated", [True, False])
def test_a_disk_that_is_full_says_what_is_free_and_what_is_needed(part, monkeypatch, code, stated):
    class Full:
        def __init__(self, *arguments, **options):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def update(self, size):
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr("tqdm.auto.tqdm", Full)
    headers = [b"Content-Length: 300000"] if stated else []
    said = rf"{os.strerror(code)}; without the file, [\d,]+ bytes are free.*expected .*for the download.*NLU_LITE_CACHE"
    with serving(whole(bytes(300_000), *headers)) as server, pytest.raises(SourceError, match=said):
        fetched(server, part)
    assert not part.exists()


# --- headers and the index ---

DIGITS = b"9" * 5000


@pytest.mark.parametrize(
    "headers",
    [
        [b"Content-Length: " + DIGITS],
        [b"Content-Length: -1"],
        [b"Content-Length: 1e3"],
        [b"Content-Length: 3, 4"],
        [b"Content-Length: 3", b"Content-Length: 4"],
        [b"Content-Length: \xd9\xa3"],
        [b"Content-Length: 99999999999999999"],
        [b"Transfer-Encoding: gzip"],
        [b"no colon"],
        [b"X: \x00"],
    ],
)
def test_headers_that_cannot_be_are_source_errors(part, headers):
    with serving(whole(b"abc", *headers)) as server, pytest.raises(SourceError):
        fetched(server, part)


RANGES = [
    b"bytes %b-%b/%b" % (DIGITS, DIGITS, DIGITS),
    b"bytes 1-2/" + DIGITS,
    b"bytes -1-2/3",
    b"x",
    b"\xff",
    b"bytes 7-9/10",
]


@pytest.mark.parametrize("ranges", RANGES)
def test_ranges_that_cannot_be_are_source_errors(part, ranges):
    part.write_bytes(b"a")
    with serving(whole(b"bc", b"Content-Range: " + ranges, status=b"206 P")) as server, pytest.raises(SourceError):
        fetched(server, part)


def test_a_part_of_a_file_is_not_taken_for_the_whole(part):
    answer = whole(b"abc", b"Content-Range: bytes 0-2/10", b"Content-Length: 3", status=b"206 P")
    with serving(answer) as server, refused("3 of 10 bytes"):
        fetched(server, part, attempts=1)


STATUS_LINES = [b"HTTP/1.1 99999 X", b"HTTP/1.1 -1 X", b"220 ftp", b"\x00\xff", b"HTTP/1.1 1000 X"]


@pytest.mark.parametrize("line", STATUS_LINES)
def test_a_first_line_that_cannot_be_is_a_source_error(part, line):
    with serving([line + b"\r\n\r\nabc"]) as server, refused("could not be fetched"):
        fetched(server, part)


@pytest.mark.parametrize("location", [b"//", b"http://127.0.0.1:99999/", b"ftp://x/", b"\x01"])
def test_a_redirect_to_nowhere_is_a_source_error(part, location):
    answer = whole(b"", b"Content-Length: 0", b"Location: " + location, status=b"302 Found")
    with serving(answer) as server, pytest.raises(SourceError):
        fetched(server, part)


@pytest.mark.parametrize("etag", [b'"\xe9"', b'"' + b"x" * 5000 + b'"', b'"a b"', b"W/x", b'"', b'"a', b"", b'""'])
def test_an_etag_that_could_not_be_sent_back_is_not_kept(part, etag):
    with serving(whole(b"abc", b"ETag: " + etag, b"Content-Length: 3")) as server:
        fetched(server, part)
        assert read_etag(part) is None
        assert fetched(server, part, known_etag=None) is DownloadStatus.COMPLETE


def test_an_etag_that_was_changed_on_the_disk_is_not_sent(part):
    part.write_bytes(b"a")
    part.with_name("file.part.etag").write_text('"é\r\nX: y"', encoding="utf-8")
    assert read_etag(part) is None


@pytest.mark.parametrize(
    "change",
    [
        '"libVersion": {"parts": [Infinity]}',
        '"libVersion": {"parts": [NaN]}',
        '"libVersion": {"parts": [-1]}',
        '"libVersion": {"parts": [3.5]}',
        '"libVersion": {"parts": [true]}',
        '"libVersion": {"parts": [[3]]}',
        '"libVersion": {"parts": "31"}',
        '"libVersion": {"parts": 3}',
        '"libVersion": [3]',
        f'"libVersion": {{"parts": [{"9" * 5000}]}}',
        f'"libVersion": {{"parts": ["{"9" * 5000}"]}}',
        '"libVersion": {"parts": ["٣"]}',
        '"time": Infinity',
        '"time": "0001-01-01T00:00:00+23:59"',
        '"time": "9999-12-31T23:59:59-23:59"',
        '"time": "99999-01-01"',
        '"time": ["2021"]',
        '"language": ["xx"]',
        '"language": "x\\u0000x"',
        '"language": "../xx"',
        '"language": "' + "x" * 300 + '"',
        '"language": "\\ud800"',
        '"sparkVersion": ' + "[" * 100_000 + "]" * 100_000,
    ],
)
def test_a_line_of_the_index_that_cannot_be_is_a_format_error(tmp_path, change):
    line = index_line()[:-1] + f", {change}}}"
    with serving(whole(line.encode(errors="surrogatepass"))) as server:
        source = BucketSource(Cache(tmp_path), False, server.base, tmp_path / "none", patience())
        with pytest.raises((FormatError, SourceError)):
            source.fetch(BucketArchive("tiny", "xx"))


@pytest.mark.parametrize("name", ["a\0b", "x" * 300, "..", "/etc/passwd", "a\nb", "\ud800", ""])
def test_a_name_of_an_archive_that_cannot_be_is_a_format_error(tmp_path, name):
    with serving(whole(ZIP)) as server:
        source = BucketSource(Cache(tmp_path), False, server.base, tmp_path / "none", patience())
        with pytest.raises(FormatError, match="not a valid name of an archive"):
            source.fetch(BucketArchive("tiny", "xx", name))
    assert server.requests == []


# --- settings, other threads ---


@pytest.mark.parametrize("name", ["NLU_LITE_LEAST_RATE", "NLU_LITE_LARGEST_UNSTATED"])
@pytest.mark.parametrize("value", ["-1", "fast", "1.5", "9" * 30, "٣"])
def test_settings_that_are_no_numbers_are_option_errors(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(OptionError, match=rf"{name}=.*expected a whole number"):
        Limits()


def test_settings_of_the_environment_hold(monkeypatch):
    assert (Limits().rate, Limits().unstated) == (1000, 64 << 20)
    monkeypatch.setenv("NLU_LITE_LEAST_RATE", "0")
    monkeypatch.setenv("NLU_LITE_LARGEST_UNSTATED", "7")
    assert (Limits().rate, Limits().unstated) == (0, 7)


def test_other_threads_of_a_shared_client_are_left_alone(tmp_path):
    found = []
    with serving(whole(bytes(2000))) as server, httpx.Client() as client:
        with limit_requests(client, Limits(unstated=10), tmp_path, "Try again"):
            other = threading.Thread(target=lambda: found.append(client.get(server.base).content))
            other.start()
            other.join()
            with refused("more than 10 bytes"):
                client.get(server.base)
        assert client.get(server.base).content == bytes(2000)
        assert client.event_hooks == {"request": [], "response": []}
    assert found == [bytes(2000)]


@pytest.mark.parametrize("text", ["", "-1", "1.0", "1e3", "٣", "9" * 5000, None, "0x1"])
def test_what_is_no_number_is_none(text):
    assert parse_size(text) is None
