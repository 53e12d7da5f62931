"""Limits on the answers of a server: their size, their rate, and the space that they need on the disk.

Requests to the bucket use httpx. Requests to the hub use the client that huggingface_hub shares between all its calls,
which is one of httpx or of its successor. Hooks on the client apply the same limits to the requests of one thread.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from nlu_lite.errors import OptionError, SourceError

MAXIMUM_REDIRECTS = 20
"""Maximum number of consecutive redirects."""
CHECKS_PER_WINDOW = 10
"""Number of times that the rate is checked in a window."""
SPACE_CHECKED = 64 << 20
"""Number of bytes between two checks of the free space of the disk."""
_HOOKS_LOCK = threading.Lock()
"""Held while the hooks of a shared client are changed."""


class NetworkError(SourceError):
    """A server cannot be reached, or its answer cannot be used; callers of the library see `SourceError`."""


class OversizeError(NetworkError):
    """An answer is too large; callers of the library see `SourceError`."""


def _read_number(name: str, default: int) -> int:
    value = os.environ.get(name, "").strip()
    if value and not re.fullmatch("[0-9]{1,15}", value):
        raise OptionError(
            f"{name}={value!r}", "a whole number that is not negative", f"Unset it for the default, {default}"
        )
    return int(value or default)


@dataclass(frozen=True)
class Limits:
    """Limits of a download.

    Attributes:
        rate: Minimum number of bytes per second, by default ``NLU_LITE_LEAST_RATE``, else 1000; 0 for no minimum.
        window: Seconds over which the rate is averaged; only the time spent waiting for the server counts.
        unstated: Maximum size in bytes of an answer whose size the server does not state, by default
            ``NLU_LITE_LARGEST_UNSTATED``, else 64 MiB; the maximum of redirects and of error pages as well.
        clock: Returns seconds since an arbitrary moment.

    Raises:
        OptionError: One of the variables is not a whole number.
    """

    rate: int = field(default_factory=lambda: _read_number("NLU_LITE_LEAST_RATE", 1000))
    window: float = 30
    unstated: int = field(default_factory=lambda: _read_number("NLU_LITE_LARGEST_UNSTATED", 64 << 20))
    clock: Callable[[], float] = time.monotonic


FindFault: TypeAlias = Callable[[Any], str]
"""Returns the fault in the headers of an answer, or an empty string."""


class Pace:
    """The rate at which bytes arrive while a thread waits for them; used by two threads."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._waited, self._received = 0.0, 0
        self._since: float | None = None

    def wait(self) -> None:
        """Record that a thread begins to wait for the server."""
        with self._lock:
            self._since = self._limits.clock()

    def receive(self, size: int) -> bool:
        """Record that bytes arrived and that the wait is over; return whether the rate is too low."""
        with self._lock:
            self._waited, self._since = self._get_elapsed(), None
            self._received += size
            too_slow = self._is_too_slow()
            if self._waited >= self._limits.window:
                self._waited, self._received = 0.0, 0
            return too_slow

    def is_too_slow(self) -> bool:
        """Return whether the rate over a window is too low."""
        with self._lock:
            return self._is_too_slow()

    def _is_too_slow(self) -> bool:
        elapsed = self._get_elapsed()
        return elapsed >= self._limits.window and self._received < self._limits.rate * self._limits.window

    def _get_elapsed(self) -> float:
        return self._waited + (0 if self._since is None else self._limits.clock() - self._since)


class RequestMonitor:
    """Applies limits to the requests of one thread.

    Args:
        limits: The limits.
        folder: The folder that stores the answers; its disk needs space for them.
        largest: Maximum size of an answer in bytes, even if the server states its size; None for no such limit.
        remedy: What the user can do, apart from a retry.
        find_fault: Returns the fault in the headers of an answer, or an empty string; None for no check.
    """

    def __init__(
        self, limits: Limits, folder: Path, largest: int | None, remedy: str, find_fault: FindFault | None
    ) -> None:
        self.refusal: SourceError | None = None
        self._limits, self._folder, self._largest, self._remedy = limits, folder, largest, remedy
        self._find_fault = find_fault
        self._thread = threading.get_ident()
        self._pace = Pace(limits)
        self._connection: Any = None
        self._url = ""
        self._redirects = 0

    def on_request(self, request: Any) -> None:
        """Record that the thread waits for an answer."""
        if threading.get_ident() != self._thread:
            return
        if self.refusal is not None:  # the client retries a refused request
            raise self.refusal
        self._url = str(request.url)
        request.headers["Accept-Encoding"] = "identity"
        request.extensions = {**request.extensions, "trace": self._trace}
        self._pace = Pace(self._limits)
        self._pace.wait()

    def on_response(self, response: Any) -> None:
        """Check the headers of an answer, and count the bytes of its body."""
        if threading.get_ident() != self._thread:
            return
        self._connection = response.extensions.get("network_stream", self._connection)
        self._pace = Pace(self._limits)
        self._redirects = self._redirects + 1 if response.has_redirect_location else 0
        fault = self._find_fault(response) if self._find_fault is not None else ""
        if fault:
            self._refuse(f"{self._url} was sent with {fault}", "a file of the hub")
        if self._redirects > MAXIMUM_REDIRECTS:
            self._refuse(f"{self._url} redirects again after {MAXIMUM_REDIRECTS} redirects", "a file")
        if response.request.method != "HEAD":
            self._check_encoding(response)
            stream, most = response.stream, self._find_maximum(response)
            chunks = self._count_chunks(stream, most, "Content-Length" in response.headers)
            response.stream = _wrap_stream(stream, chunks)

    def monitor_rate(self, done: threading.Event) -> None:
        """Close the connection to a slow server; runs in a thread of its own, since the other thread waits."""
        while not done.wait(self._limits.window / CHECKS_PER_WINDOW):
            if self.refusal is None and self._pace.is_too_slow():
                with suppress(SourceError):
                    self._refuse_slow()
                self._hang_up()

    def _check_encoding(self, response: Any) -> None:
        """Refuse a compressed answer: a small one may expand beyond the size of any disk."""
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity"):
            self._refuse(f"{self._url} was sent with Content-Encoding {encoding[:40]!r}", "the file as it is")

    def _find_maximum(self, response: Any) -> int:
        """Return the maximum size of an answer in bytes; refuse an answer that states a larger size."""
        stated = parse_size(response.headers.get("Content-Length"))
        is_file = response.is_success and stated is not None
        most = (self._largest or stated or 0) if is_file else self._limits.unstated
        if stated is not None and stated > most:
            self._refuse_size(f"{stated:,} bytes", most)
        if is_file and stated:
            self._check_space(stated)
        return stated if is_file and stated is not None else most

    def _count_chunks(self, stream: Any, most: int, is_stated: bool) -> Iterator[bytes]:
        received, checked = 0, 0
        self._pace.wait()
        for chunk in stream:
            if self._pace.receive(len(chunk)):
                self._refuse_slow()
            received += len(chunk)
            if received > most:
                self._refuse_size(f"more than {most:,} bytes", most)
            if received - checked >= SPACE_CHECKED:
                checked = received
                self._check_space(most - received if is_stated else SPACE_CHECKED)
            yield chunk
            self._pace.wait()
        if self.refusal is not None:  # without a stated size, a closed connection looks like the end of the file
            raise self.refusal
        self._pace.receive(0)

    def _check_space(self, needed: int) -> None:
        try:
            check_space(self._folder, needed)
        except SourceError as error:
            self.refusal = error
            raise

    def _trace(self, event: str, details: Mapping[str, Any]) -> None:
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._connection = details["return_value"]

    def _hang_up(self) -> None:
        """Wake the waiting thread; closing the socket would not wake it."""
        connected = self._connection.get_extra_info("socket") if self._connection is not None else None
        if connected is not None:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def _refuse_slow(self) -> None:
        rate, window = self._limits.rate, self._limits.window
        self._refuse(
            f"{self._url} could not be fetched (it sent less than {rate:,} bytes a second for {window:g} seconds)",
            "a faster server",
            f"{self._remedy}; where the connection itself is that slow, set NLU_LITE_LEAST_RATE=0",
        )

    def _refuse_size(self, got: str, most: int) -> None:
        unstated = most == self._limits.unstated
        more = "; if it is that large, set NLU_LITE_LARGEST_UNSTATED to more bytes" if unstated else ""
        self.refusal = OversizeError(f"{self._url} sends {got}", f"at most {most:,}", f"{self._remedy}{more}")
        raise self.refusal

    def _refuse(self, got: str, expected: str, remedy: str = "") -> None:
        self.refusal = NetworkError(got, expected, remedy or self._remedy)
        raise self.refusal


@contextmanager
def limit_requests(
    client: Any,
    limits: Limits,
    folder: Path,
    remedy: str,
    largest: int | None = None,
    find_fault: FindFault | None = None,
) -> Iterator[None]:
    """Apply limits to the requests that this thread makes through a client.

    Args:
        client: A client of httpx or of its successor; other threads may use it as well.
        limits: The limits.
        folder: The folder that stores the answers.
        remedy: What the user can do about a refused server, apart from a retry.
        largest: Maximum size of an answer in bytes, even if the server states its size.
        find_fault: Returns the fault in the headers of an answer, or an empty string; None for no check.

    Raises:
        SourceError: An answer exceeds a limit; the client's own exception is its cause.
    """
    monitor, done = RequestMonitor(limits, folder, largest, remedy, find_fault), threading.Event()
    thread = threading.Thread(target=monitor.monitor_rate, args=(done,), name="nlu_lite download", daemon=True)
    with _add_hooks(client, {"request": monitor.on_request, "response": monitor.on_response}):
        thread.start()
        try:
            yield
        except Exception as error:
            if monitor.refusal is None or error is monitor.refusal:
                raise
            raise monitor.refusal from error
        finally:
            done.set()
            thread.join()


@contextmanager
def _add_hooks(client: Any, hooks: Mapping[str, Callable[[Any], None]]) -> Iterator[None]:
    """Add hooks to a client; the lists are replaced, since other threads may iterate over them."""
    with _HOOKS_LOCK:
        client.event_hooks = {name: [*known, hooks[name]] for name, known in client.event_hooks.items()}
    try:
        yield
    finally:
        with _HOOKS_LOCK:
            client.event_hooks = {
                name: [hook for hook in known if hook != hooks[name]] for name, known in client.event_hooks.items()
            }


def _wrap_stream(stream: Any, chunks: Iterator[bytes]) -> Any:
    """Return a stream of `chunks` that closes `stream`; a client accepts only streams of its own library's class."""
    base: Any = next(kind for kind in type(stream).__mro__ if kind.__name__ == "SyncByteStream")

    class CountedStream(base):  # type: ignore[misc]  # the base is known at run time only
        def __iter__(self) -> Iterator[bytes]:
            yield from chunks

        def close(self) -> None:
            stream.close()

    return CountedStream()


def parse_size(text: str | None) -> int | None:
    """Return the size in bytes that a header states; None if there is no valid size.

    Example:
        >>> parse_size("42"), parse_size("-1"), parse_size("9" * 5000)
        (42, None, None)
    """
    return int(text) if text is not None and re.fullmatch("[0-9]{1,18}", text.strip()) else None


def check_space(folder: Path, needed: int) -> None:
    """Check that the disk has space for a download.

    Raises:
        SourceError: It has less than `needed` bytes of free space.
    """
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if needed > free:
        raise SourceError(
            f"{folder} has {free:,} bytes free",
            f"{needed:,} for the download",
            "Free some space, or name another folder: cache_dir=... or NLU_LITE_CACHE, HF_HOME for models of the hub",
        )
