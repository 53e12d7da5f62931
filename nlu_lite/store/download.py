"""Downloads of large files over HTTP: streamed, resumed, and retried a limited number of times."""

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
from nlu_lite.store.limits import Limits, NetworkError, OversizeError, limit_requests, parse_size

if TYPE_CHECKING:
    import httpx

CHUNK = 1 << 20
RETRIABLE_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP statuses after which the same request may succeed."""
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
REMEDY = "Try again later, or set NLU_LITE_BUCKET to a mirror"
RESUME_REMEDY = "Try again later (the downloaded part is kept), or set NLU_LITE_BUCKET to a mirror"


class DownloadStatus(Enum):
    """The result of a download."""

    COMPLETE = "complete"
    UNCHANGED = "unchanged"  # the server's file still has the known ETag


@dataclass(frozen=True)
class Patience:
    """How long to retry.

    Attributes:
        attempts: Number of failures in a row after which to give up; a megabyte of progress restarts the count.
        wait: Seconds before the second attempt; doubled before each later one.
        longest_wait: Maximum of these seconds.
        timeout: Seconds without a byte after which an attempt fails.
        limits: Limits of the answers; an answer beyond one of them is not requested again.
    """

    attempts: int = 5
    wait: float = 0.5
    longest_wait: float = 15
    timeout: float = 20
    limits: Limits = field(default_factory=Limits)


class _RetriableError(Exception):
    """An attempt failed, and the next one may succeed."""


def download(
    url: str, part: Path, patience: Patience, known_etag: str | None = None, largest: int | None = None
) -> DownloadStatus:
    """Download a file; resume where `part` ends, if the server supports it.

    Args:
        url: The address of the file.
        part: The file to write; complete when the function returns. Its ETag is in a file next to it, see `read_etag`.
        patience: How long to retry.
        known_etag: The ETag of a file that need not be downloaded again.
        largest: Maximum size in bytes; None for the size that the server states, or that of `Limits` if it states none.

    Raises:
        SourceError: The server does not have the file, refuses it, cannot be reached, or exceeds a limit; or the disk
            has no space for it. After a failed connection, the next call resumes.
        OSError: The file cannot be written; its part is deleted.
    """
    import httpx

    with _open_client(url, patience) as client:
        try:
            with limit_requests(client, patience.limits, part.parent, REMEDY, largest):
                return _retry(lambda: _attempt(client, url, part, known_etag), part, url, patience)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise _build_network_error(url, str(error) or type(error).__name__) from error
        except SourceError as error:
            if isinstance(error, OversizeError) or read_etag(part) is None:  # without an ETag it cannot be resumed
                discard(part)
            raise
        except OSError:
            discard(part)
            raise


def _open_client(url: str, patience: Patience) -> httpx.Client:
    """Return a client with the proxies and certificates of the environment."""
    import httpx

    try:
        return httpx.Client(follow_redirects=True, timeout=patience.timeout)
    except (ValueError, OSError, ImportError, httpx.InvalidURL) as error:
        raise NetworkError(
            f"{url} could not be fetched (the settings of the network cannot be used: {_abbreviate(error)})",
            "the address of a proxy, and a file of certificates",
            "Check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR",
        ) from error


def read_etag(part: Path) -> str | None:
    """Return the ETag of a downloaded file; None if the server sent none, or only a weak one."""
    try:
        return _parse_etag(_etag_path(part).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _parse_etag(etag: str) -> str | None:
    """Return a strong ETag, which identifies a file; None for any other text."""
    return etag if re.fullmatch(r'"[\x21\x23-\x7e]{1,500}"', etag) else None


def discard(part: Path) -> None:
    """Delete a download, complete or not, and its ETag."""
    part.unlink(missing_ok=True)
    _etag_path(part).unlink(missing_ok=True)


def move_download(part: Path, path: Path) -> None:
    """Move a download and its ETag; the ETag is moved last, so that an old ETag never belongs to a new file."""
    etag = read_etag(part)
    discard(path)
    part.replace(path)
    if etag is not None:
        _etag_path(path).write_text(etag, encoding="utf-8")
    discard(part)


def _retry(attempt: Callable[[], DownloadStatus], part: Path, url: str, patience: Patience) -> DownloadStatus:
    failures, reached = 0, _get_size(part)
    while True:
        try:
            return attempt()
        except _RetriableError as error:
            failures = 0 if _get_size(part) >= reached + CHUNK else failures + 1
            reached = max(reached, _get_size(part))
            if failures >= patience.attempts:
                raise _build_network_error(url, f"{error}, {failures} times") from error
        time.sleep(min(patience.wait * 2**failures, patience.longest_wait))


def _attempt(client: httpx.Client, url: str, part: Path, known_etag: str | None) -> DownloadStatus:
    import httpx

    try:
        with client.stream("GET", url, headers=_build_headers(part, known_etag)) as response:
            if response.status_code == 304 and known_etag:
                return DownloadStatus.UNCHANGED
            if response.status_code == 416:
                return _handle_invalid_range(response, part)
            _check_status(response, url)
            _receive(response, part)
            return DownloadStatus.COMPLETE
    except httpx.UnsupportedProtocol:
        raise
    except httpx.TransportError as error:
        raise _RetriableError(str(error) or type(error).__name__) from error
    except (ValueError, OverflowError) as error:  # the client cannot parse a header
        raise _RetriableError(f"its answer cannot be read: {_abbreviate(error)}") from error


def _abbreviate(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:200]


def _build_headers(part: Path, known_etag: str | None) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity"}
    if known_etag:
        headers["If-None-Match"] = known_etag
    etag = read_etag(part)
    if _get_size(part) and etag:  # without an ETag, the rest could be of another file
        headers |= {"Range": f"bytes={_get_size(part)}-", "If-Range": etag}
    return headers


def _check_status(response: httpx.Response, url: str) -> None:
    status = response.status_code
    if status in RETRIABLE_STATUSES:
        raise _RetriableError(f"HTTP status {status}")
    if status in (401, 403, 404, 410):
        raise NetworkError(
            f"{url} does not exist, or is not public (HTTP status {status})",
            "a published archive",
            "Check the name of the model, and NLU_LITE_BUCKET if it is set",
        )
    if status not in (200, 206):
        raise _build_network_error(url, f"HTTP status {status}")


def _handle_invalid_range(response: httpx.Response, part: Path) -> DownloadStatus:
    """Accept a part that is complete: a process may have been killed between the last byte and the move."""
    if response.headers.get("Content-Range") == f"bytes */{_get_size(part)}":
        return DownloadStatus.COMPLETE
    discard(part)
    raise _RetriableError("the server's file is shorter than the downloaded part")


def _receive(response: httpx.Response, part: Path) -> None:
    start, total = _parse_range(response, part)
    if not start:
        _write_etag(response, part)
    _write(response, part, start, total)
    if total is not None and _get_size(part) != total:
        raise _RetriableError(f"{_get_size(part)} of {total} bytes arrived")


def _parse_range(response: httpx.Response, part: Path) -> tuple[int, int | None]:
    """Return the offset of an answer (the size of the part, or 0), and the size of the whole file."""
    length = parse_size(response.headers.get("Content-Length"))
    if response.status_code != 206:
        return 0, length
    found = re.fullmatch(r"bytes (\d{1,18})-\d+/(\d{1,18}|\*)", response.headers.get("Content-Range", ""), re.ASCII)
    if found and int(found[1]) == _get_size(part):
        unstated = None if length is None else int(found[1]) + length
        return _get_size(part), unstated if found[2] == "*" else int(found[2])
    discard(part)
    raise _RetriableError("the server resumed at another offset than requested")


def _write(response: httpx.Response, part: Path, start: int, total: int | None) -> None:
    from tqdm.auto import tqdm

    hidden = not is_interactive()
    with (
        _explain_full_disk(part, total),
        part.open("ab" if start else "wb") as file,
        tqdm(desc=part.stem, total=total, initial=start, unit="B", unit_scale=True, delay=DELAY, disable=hidden) as bar,
    ):
        for chunk in response.iter_raw():  # at once, so that nothing is lost when the connection breaks
            file.write(chunk)
            bar.update(len(chunk))


@contextmanager
def _explain_full_disk(part: Path, total: int | None) -> Iterator[None]:
    """State how much space a full disk has and needs; the part is deleted, since others need the space as well."""
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        missing = None if total is None else total - _get_size(part)
        discard(part)
        free = shutil.disk_usage(part.parent).free
        raise SourceError(
            f"{part.parent} cannot be written ({get_reason(error)}; without the file, {free:,} bytes are free)",
            "space for the download" if missing is None else f"{missing:,} bytes more for the download",
            "Free some space, or name another folder: cache_dir=... or NLU_LITE_CACHE",
        ) from error


def _write_etag(response: httpx.Response, part: Path) -> None:
    etag = _parse_etag(response.headers.get("ETag", ""))
    discard(part)  # first, so that an old part never has a new ETag
    if etag is not None:
        _etag_path(part).write_text(etag, encoding="utf-8")


def _etag_path(part: Path) -> Path:
    return part.with_name(part.name + ".etag")


def _get_size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _build_network_error(url: str, reason: str) -> NetworkError:
    return NetworkError(f"{url} could not be fetched ({reason})", "an answer of the server", RESUME_REMEDY)
