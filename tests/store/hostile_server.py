"""A server on loopback whose responses are arbitrary bytes: well-formed or not, endless, or slow."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import repeat
from time import sleep

OK = b"HTTP/1.1 200 OK\r\n"
BLOCK = b"0" * (1 << 16)


@dataclass
class Hostile:
    """The responses: those of `answers` by the end of the path, or else `answer`.

    Attributes:
        answer: Pieces of the answer; a float is a pause of so many seconds.
        answers: Answers by the end of the path.
        sent: Bytes sent so far.
        requests: Request lines.
    """

    answer: object = ()
    answers: dict[str, object] = field(default_factory=dict)
    sent: int = 0
    requests: list[str] = field(default_factory=list)
    base: str = ""

    def serve(self, connection):
        with connection, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                more = connection.recv(1 << 16)
                if not more:
                    return
                head += more
                if head.startswith(b"\x16"):  # a client that expects TLS
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    return
            line = head.decode("latin-1").splitlines()[0]
            self.requests.append(line)
            method, path = line.split()[:2]
            pieces = next(
                (self.answers[end] for end in self.answers if path.partition("?")[0].endswith(end)), self.answer
            )
            self._send(connection, pieces() if callable(pieces) else pieces, method == "HEAD")

    def _send(self, connection, pieces, only_head):
        sent = b""
        for piece in pieces:
            if isinstance(piece, float):
                sleep(piece)
                continue
            connection.sendall(piece)
            self.sent += len(piece)
            sent = (sent + piece)[-(1 << 16) :]
            if only_head and b"\r\n\r\n" in sent:
                return


def endless(head=OK + b"\r\n", piece=BLOCK):
    """Respond with `head`, and then with `piece` forever."""

    def pieces():
        yield head
        yield from repeat(piece)

    return pieces


def trickling(head=OK, piece=b"0", pause=0.02):
    """Respond with `head`, and then with `piece` after each pause, forever."""

    def pieces():
        yield head
        while True:
            yield piece
            yield pause

    return pieces


def whole(body, *headers, status=b"200 OK"):
    """Respond with a body and these headers, and close the connection."""
    return [
        b"HTTP/1.1 " + status + b"\r\nConnection: close\r\n",
        *(header + b"\r\n" for header in headers),
        b"\r\n",
        body,
    ]


@contextmanager
def serving(answer=(), **answers):
    """Run the server, and yield the `Hostile`, whose `base` is its address. `__` in names of answers means a dot."""
    hostile = Hostile(answer, {name.replace("__", "."): pieces for name, pieces in answers.items()})
    listener = socket.create_server(("127.0.0.1", 0))
    hostile.base = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def accept():
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=hostile.serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield hostile
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
