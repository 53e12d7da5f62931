"""Limits on what a server sends: its size, its rate, and the room on the disk.

The bucket is asked through httpx, the hub through the client that huggingface_hub shares between all its calls, which
is of httpx or of its successor. Both are held to the same limits by hooks that act on the requests of one thread.
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
from typing import Any

from nlu_lite.errors import OptionError, SourceError

REDIRECTS = 20
"""Redirects in a row that are followed."""
GLANCES = 10
"""How often in a window the rate is looked at."""
SPACE_CHECKED = 64 << 20
"""Bytes between two looks at the free space of the disk."""
_HOOKS = threading.Lock()
"""Held while the hooks of a shared client are changed."""


class NetworkError(SourceError):
    """A server could not be reached, or sent what cannot be used; never seen by callers of the library."""


class OversizeError(NetworkError):
    """A server sends more than it may; never seen by callers of the library."""


def _number(name: str, default: int) -> int:
    value = os.environ.get(name, "").strip()
    if value and not re.fullmatch("[0-9]{1,15}", value):
        raise OptionError(f"{name}={value!r}", "a whole number from 0 on", f"Unset it for the default, {default}")
    return int(value or default)


@dataclass(frozen=True)
class Limits:
    """Limits of a download.

    Attributes:
        rate: Least bytes a second, by default ``NLU_LITE_LEAST_RATE``, else 1000; 0 for no least rate.
        window: Seconds over which the rate is averaged; only the time spent waiting for the server counts.
        unstated: Most bytes of an answer whose size the server does not state, by default
            ``NLU_LITE_LARGEST_UNSTATED``, else 64 MiB; also of redirects and refusals.
        clock: Seconds from any moment on.

    Raises:
        OptionError: One of the variables is not a whole number.
    """

    rate: int = field(default_factory=lambda: _number("NLU_LITE_LEAST_RATE", 1000))
    window: float = 30
    unstated: int = field(default_factory=lambda: _number("NLU_LITE_LARGEST_UNSTATED", 64 << 20))
    clock: Callable[[], float] = time.monotonic


class Pace:
    """The rate at which bytes arrive while they are waited for; used by two threads."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._waited, self._received = 0.0, 0
        self._since: float | None = None

    def wait(self) -> None:
        """Note that the server is waited for from now on."""
        with self._lock:
            self._since = self._limits.clock()

    def receive(self, size: int) -> bool:
        """Note that bytes arrived, and that the server is not waited for any more; return whether they were too few."""
        with self._lock:
            self._waited, self._since = self._elapsed(), None
            self._received += size
            too_slow = self._is_too_slow()
            if self._waited >= self._limits.window:
                self._waited, self._received = 0.0, 0
            return too_slow

    def is_too_slow(self) -> bool:
        """Return whether a window has passed with too few bytes."""
        with self._lock:
            return self._is_too_slow()

    def _is_too_slow(self) -> bool:
        elapsed = self._elapsed()
        return elapsed >= self._limits.window and self._received < self._limits.rate * self._limits.window

    def _elapsed(self) -> float:
        return self._waited + (0 if self._since is None else self._limits.clock() - self._since)


class Watch:
    """The requests that one thread makes, held to limits.

    Args:
        limits: The limits.
        folder: Where the answers are kept, whose disk needs room for them.
        largest: Most bytes of an answer, even where the server states its size; None for no such limit.
        remedy: What the user can do, besides trying again.
        find_fault: Return what is wrong with an answer's headers; an empty string where nothing is.
    """

    def __init__(
        self, limits: Limits, folder: Path, largest: int | None, remedy: str, find_fault: Callable[[Any], str]
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
        """Begin to wait for an answer."""
        if threading.get_ident() != self._thread:
            return
        if self.refusal is not None:  # the client tries again what was refused
            raise self.refusal
        self._url = str(request.url)
        request.headers["Accept-Encoding"] = "identity"
        request.extensions = {**request.extensions, "trace": self._trace}
        self._pace = Pace(self._limits)
        self._pace.wait()

    def on_response(self, response: Any) -> None:
        """Check the head of an answer, and have its body counted."""
        if threading.get_ident() != self._thread:
            return
        self._connection = response.extensions.get("network_stream", self._connection)
        self._pace = Pace(self._limits)
        self._redirects = self._redirects + 1 if response.has_redirect_location else 0
        fault = self._find_fault(response)
        if fault:
            self._refuse(f"{self._url} was sent with {fault}", "a file of the hub")
        if self._redirects > REDIRECTS:
            self._refuse(f"{self._url} is the end of {REDIRECTS} redirects, and redirects again", "a file")
        if response.request.method != "HEAD":
            self._check_encoding(response)
            stream, most = response.stream, self._most(response)
            response.stream = _counted(stream, self._chunks(stream, most, "Content-Length" in response.headers))

    def look_on(self, done: threading.Event) -> None:
        """Hang up on a server that is too slow; to be run in a thread of its own, since the other one waits."""
        while not done.wait(self._limits.window / GLANCES):
            if self.refusal is None and self._pace.is_too_slow():
                with suppress(SourceError):
                    self._refuse_slow()
                self._hang_up()

    def _check_encoding(self, response: Any) -> None:
        """Refuse a compressed answer: a small one may become more than any disk holds."""
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity"):
            self._refuse(f"{self._url} was sent with Content-Encoding {encoding[:40]!r}", "the file as it is")

    def _most(self, response: Any) -> int:
        """Return how many bytes an answer may have; refuse one that states more."""
        stated = whole_number(response.headers.get("Content-Length"))
        is_file = response.is_success and stated is not None
        most = (self._largest or stated or 0) if is_file else self._limits.unstated
        if stated is not None and stated > most:
            self._refuse_size(f"{stated:,} bytes", most)
        if is_file and stated:
            self._check_space(stated)
        return stated if is_file and stated is not None else most

    def _chunks(self, stream: Any, most: int, is_stated: bool) -> Iterator[bytes]:
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
        if self.refusal is not None:  # where no size is stated, the end of the connection looks like that of the file
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
        """Wake the thread that waits; closing the socket would not."""
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


def _find_no_fault(_response: Any) -> str:
    return ""


@contextmanager
def watched(
    client: Any,
    limits: Limits,
    folder: Path,
    remedy: str,
    largest: int | None = None,
    find_fault: Callable[[Any], str] = _find_no_fault,
) -> Iterator[None]:
    """Hold the requests that this thread makes through a client to limits.

    Args:
        client: One of httpx or of its successor; other threads may use it, too.
        limits: The limits.
        folder: Where the answers are kept.
        remedy: What the user can do about a server that is refused, besides trying again.
        largest: Most bytes of an answer, even where the server states its size.
        find_fault: Return what is wrong with an answer's headers; an empty string where nothing is.

    Raises:
        SourceError: The server goes beyond a limit, whatever the client makes of that.
    """
    watch, done = Watch(limits, folder, largest, remedy, find_fault), threading.Event()
    watcher = threading.Thread(target=watch.look_on, args=(done,), name="nlu_lite download", daemon=True)
    with _hooked(client, {"request": watch.on_request, "response": watch.on_response}):
        watcher.start()
        try:
            yield
        except Exception as error:
            if watch.refusal is None or error is watch.refusal:
                raise
            raise watch.refusal from error
        finally:
            done.set()
            watcher.join()


@contextmanager
def _hooked(client: Any, hooks: Mapping[str, Callable[[Any], None]]) -> Iterator[None]:
    """Add hooks to a client; lists are replaced, since other threads may be going through them."""
    with _HOOKS:
        client.event_hooks = {name: [*known, hooks[name]] for name, known in client.event_hooks.items()}
    try:
        yield
    finally:
        with _HOOKS:
            client.event_hooks = {
                name: [hook for hook in known if hook != hooks[name]] for name, known in client.event_hooks.items()
            }


def _counted(stream: Any, chunks: Iterator[bytes]) -> Any:
    """Return a stream of `chunks` that closes `stream`; clients take only streams of their own library's class."""
    base: Any = next(kind for kind in type(stream).__mro__ if kind.__name__ == "SyncByteStream")

    class Counted(base):  # type: ignore[misc]  # known when it runs
        def __iter__(self) -> Iterator[bytes]:
            yield from chunks

        def close(self) -> None:
            stream.close()

    return Counted()


def whole_number(text: str | None) -> int | None:
    """Return the number that a header states; None where it states none that could be.

    Example:
        >>> whole_number("42"), whole_number("-1"), whole_number("9" * 5000)
        (42, None, None)
    """
    return int(text) if text is not None and re.fullmatch("[0-9]{1,18}", text.strip()) else None


def check_space(folder: Path, needed: int) -> None:
    """Refuse a download for which the disk has no room.

    Raises:
        SourceError: It has less than `needed` bytes free.
    """
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if needed > free:
        raise SourceError(
            f"{folder} has {free:,} bytes free",
            f"{needed:,} for the download",
            "Free some space, or name another folder: cache_dir=... or NLU_LITE_CACHE, HF_HOME for models of the hub",
        )
