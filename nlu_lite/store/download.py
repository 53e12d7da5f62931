"""Large files over HTTP: streamed, resumed, tried again a bounded number of times."""

from __future__ import annotations

import errno
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from nlu_lite._util.os_errors import get_reason
from nlu_lite._util.progress import DELAY, is_interactive
from nlu_lite.errors import SourceError
from nlu_lite.store.limits import Limits, NetworkError, OversizeError, watched, whole_number

if TYPE_CHECKING:
    import httpx

CHUNK = 1 << 20
TEMPORARY = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed."""
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
REMEDY = "Try again later, or set NLU_LITE_BUCKET to a mirror"
MIRROR = "Try again later (what has come so far is kept), or set NLU_LITE_BUCKET to a mirror"


class Outcome(Enum):
    """What a download found."""

    COMPLETE = "complete"
    UNCHANGED = "unchanged"  # the server's file still has the ETag that was given


@dataclass(frozen=True)
class Patience:
    """How long to go on.

    Attributes:
        attempts: Failures in a row, without a megabyte gained between them, after which to give up.
        wait: Seconds before the second attempt; doubled before each later one.
        longest_wait: Limit of that.
        timeout: Seconds without a byte after which an attempt has failed.
        limits: Limits of what is sent; beyond one of them there is no further attempt.
    """

    attempts: int = 5
    wait: float = 0.5
    longest_wait: float = 15
    timeout: float = 20
    limits: Limits = field(default_factory=Limits)


class _TryAgainError(Exception):
    """An attempt failed in a way that may pass."""


def download(
    url: str, part: Path, patience: Patience, known_etag: str | None = None, largest: int | None = None
) -> Outcome:
    """Fetch a file; what `part` already holds of the same file is kept, if the server can go on from there.

    Args:
        url: Address of the file.
        part: Where it is written; complete when this returns. Its ETag lies beside it, see `etag_of`.
        patience: How long to go on.
        known_etag: An ETag for which nothing needs to be fetched.
        largest: Most bytes of the file; None for no limit but the size that the server states, or that of `Limits`
            where it states none.

    Raises:
        SourceError: The server does not have it, refuses it, cannot be reached, or goes beyond a limit; or the disk has
            no room for it. What came before a failing connection is kept for the next call.
        OSError: It could not be written; nothing of it is kept.
    """
    import httpx

    with _open_client(url, patience) as client:
        try:
            with watched(client, patience.limits, part.parent, REMEDY, largest):
                return _persist(lambda: _attempt(client, url, part, known_etag), part, url, patience)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise _unreachable(url, str(error) or type(error).__name__) from error
        except SourceError as error:
            if isinstance(error, OversizeError) or etag_of(part) is None:  # nobody could resume it
                discard(part)
            raise
        except OSError:
            discard(part)
            raise


def _open_client(url: str, patience: Patience) -> httpx.Client:
    """Return a client, whose proxies and certificates are those of the environment."""
    import httpx

    try:
        return httpx.Client(follow_redirects=True, timeout=patience.timeout)
    except (ValueError, OSError, ImportError, httpx.InvalidURL) as error:
        raise NetworkError(
            f"{url} could not be fetched (the settings of the network cannot be used: {_short(error)})",
            "the address of a proxy, and a file of certificates",
            "Check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR",
        ) from error


def etag_of(part: Path) -> str | None:
    """Return the ETag that came with a file; None where there was none, or only a weak one."""
    try:
        return _strong(_etag_file(part).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _strong(etag: str) -> str | None:
    """Return an ETag that can be sent back and tells one file from any other; None for another."""
    return etag if re.fullmatch(r'"[\x21\x23-\x7e]{1,500}"', etag) else None


def discard(part: Path) -> None:
    """Delete what has been fetched of a file."""
    part.unlink(missing_ok=True)
    _etag_file(part).unlink(missing_ok=True)


def _persist(attempt: Callable[[], Outcome], part: Path, url: str, patience: Patience) -> Outcome:
    failures, reached = 0, _size(part)
    while True:
        try:
            return attempt()
        except _TryAgainError as error:
            failures = 0 if _size(part) >= reached + CHUNK else failures + 1
            reached = max(reached, _size(part))
            if failures >= patience.attempts:
                raise _unreachable(url, f"{error}, {failures} times") from error
        time.sleep(min(patience.wait * 2**failures, patience.longest_wait))


def _attempt(client: httpx.Client, url: str, part: Path, known_etag: str | None) -> Outcome:
    import httpx

    try:
        with client.stream("GET", url, headers=_request_headers(part, known_etag)) as response:
            if response.status_code == 304 and known_etag:
                return Outcome.UNCHANGED
            if response.status_code == 416:
                return _beyond_the_end(response, part)
            _refuse(response, url)
            _receive(response, part)
            return Outcome.COMPLETE
    except httpx.UnsupportedProtocol:
        raise
    except httpx.TransportError as error:
        raise _TryAgainError(str(error) or type(error).__name__) from error
    except (ValueError, OverflowError) as error:  # of a header that the client itself cannot read
        raise _TryAgainError(f"its answer cannot be read: {_short(error)}") from error


def _short(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:200]


def _request_headers(part: Path, known_etag: str | None) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity"}
    if known_etag:
        headers["If-None-Match"] = known_etag
    etag = etag_of(part)
    if _size(part) and etag:  # without one nobody could tell whether the rest belongs to this beginning
        headers |= {"Range": f"bytes={_size(part)}-", "If-Range": etag}
    return headers


def _refuse(response: httpx.Response, url: str) -> None:
    status = response.status_code
    if status in TEMPORARY:
        raise _TryAgainError(f"HTTP status {status}")
    if status in (401, 403, 404, 410):
        raise NetworkError(
            f"{url} is not there, or not public (HTTP status {status})",
            "a published archive",
            "Check the name of the model, and NLU_LITE_BUCKET if it is set",
        )
    if status not in (200, 206):
        raise _unreachable(url, f"HTTP status {status}")


def _beyond_the_end(response: httpx.Response, part: Path) -> Outcome:
    """A process may have ended between the last byte and the file's placing: then nothing is left to ask for."""
    if response.headers.get("Content-Range") == f"bytes */{_size(part)}":
        return Outcome.COMPLETE
    discard(part)
    raise _TryAgainError("the server's file is shorter than what was fetched of it")


def _receive(response: httpx.Response, part: Path) -> None:
    start, total = _extent(response, part)
    if not start:
        _remember_etag(response, part)
    _write(response, part, start, total)
    if total is not None and _size(part) != total:
        raise _TryAgainError(f"{_size(part)} of {total} bytes came")


def _extent(response: httpx.Response, part: Path) -> tuple[int, int | None]:
    """Return where the answer goes on (at what is there already, or at the beginning), and the size of the file."""
    length = whole_number(response.headers.get("Content-Length"))
    if response.status_code != 206:
        return 0, length
    found = re.fullmatch(r"bytes (\d{1,18})-\d+/(\d{1,18}|\*)", response.headers.get("Content-Range", ""), re.ASCII)
    if found and int(found[1]) == _size(part):
        unstated = None if length is None else int(found[1]) + length
        return _size(part), unstated if found[2] == "*" else int(found[2])
    discard(part)
    raise _TryAgainError("the server went on at another place than asked")


def _write(response: httpx.Response, part: Path, start: int, total: int | None) -> None:
    from tqdm.auto import tqdm

    hidden = not is_interactive()
    with (
        _room(part, total),
        part.open("ab" if start else "wb") as file,
        tqdm(desc=part.stem, total=total, initial=start, unit="B", unit_scale=True, delay=DELAY, disable=hidden) as bar,
    ):
        for chunk in response.iter_raw():  # as it comes, so that nothing is lost when the connection breaks
            file.write(chunk)
            bar.update(len(chunk))


@contextmanager
def _room(part: Path, total: int | None) -> Iterator[None]:
    """Say how much room a full disk has and needs; nothing of the file is kept, since others need the room as well."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        missing = None if total is None else total - _size(part)
        discard(part)
        free = shutil.disk_usage(part.parent).free
        raise SourceError(
            f"{part.parent} cannot be written ({get_reason(error)}; without the file, {free:,} bytes are free)",
            "room for the download" if missing is None else f"{missing:,} bytes more for the download",
            "Free some space, or name another folder: cache_dir=... or NLU_LITE_CACHE",
        ) from error


def _remember_etag(response: httpx.Response, part: Path) -> None:
    etag = _strong(response.headers.get("ETag", ""))
    part.unlink(missing_ok=True)  # first, so that an old beginning never has a new ETag
    if etag is not None:
        _etag_file(part).write_text(etag, encoding="utf-8")
    else:
        _etag_file(part).unlink(missing_ok=True)


def _etag_file(part: Path) -> Path:
    return part.with_name(part.name + ".etag")


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _unreachable(url: str, reason: str) -> NetworkError:
    return NetworkError(f"{url} could not be fetched ({reason})", "an answer of the server", MIRROR)
