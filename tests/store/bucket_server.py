"""Spark NLP's bucket on loopback: files with ETag and Range, and faults on request."""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
import time
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHUNK = 1 << 14


@dataclass
class Bucket:
    """The files of the server, and the faults that it simulates.

    Attributes:
        files: Content by file name.
        statuses: Statuses of the next responses, in order, before any request succeeds.
        cuts: Numbers of bytes after which the next bodies break off, in order.
        delay: Seconds between the chunks of a body.
        ranges: Whether Range requests are honoured.
        etags: Whether files have an ETag.
        requests: What was asked: file name and Range header, in order.
    """

    files: dict[str, bytes]
    statuses: list[int] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    delay: float = 0
    ranges: bool = True
    etags: bool = True
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    base: str = ""

    def asked(self, name: str) -> list[str | None]:
        return [asked_range for file, asked_range in self.requests if file == name]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bucket: Bucket

    def log_message(self, *args):
        pass

    def do_GET(self):
        name = self.path.rpartition("/")[2]
        self.bucket.requests.append((name, self.headers["Range"]))
        body = self.bucket.files.get(name)
        if self.bucket.statuses:
            self.start(self.bucket.statuses.pop(0), 0)
        elif body is None:
            self.start(404, 0)
        else:
            self.answer(body)

    def answer(self, body):
        etag = f'"{hashlib.md5(body).hexdigest()}"' if self.bucket.etags else None
        if etag and self.headers["If-None-Match"] == etag:
            return self.start(304, 0, ETag=etag)
        more = {"ETag": etag} if etag else {}
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
        if not asked or not self.bucket.ranges or self.headers["If-Range"] not in (None, etag):
            self.start(200, len(body), **more)
            return self.send(body)
        first = int(asked[1])
        if first >= len(body):
            return self.start(416, 0, **{"Content-Range": f"bytes */{len(body)}"})
        self.start(206, len(body) - first, **more, **{"Content-Range": f"bytes {first}-{len(body) - 1}/{len(body)}"})
        return self.send(body[first:])

    def start(self, status, length, **headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()

    def send(self, body):
        cut = self.bucket.cuts.pop(0) if self.bucket.cuts else None
        try:
            for first in range(0, len(body[:cut]), CHUNK):
                self.wfile.write(body[:cut][first : first + CHUNK])
                self.wfile.flush()
                time.sleep(self.bucket.delay)
        except OSError:  # the client has gone
            self.close_connection = True
        self.close_connection = self.close_connection or cut is not None


@contextmanager
def serving(files):
    """Serve a bucket, and yield the `Bucket`, whose `base` is the address."""
    bucket = Bucket(files)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"bucket": bucket}))
    server.daemon_threads = True
    bucket.base = f"http://127.0.0.1:{server.server_port}/public/models/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def zipped(**members):
    """Return a zip of members by name, with `__` for each `.` in a name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return content.getvalue()


def index_line(name="tiny", language="xx", library=(3, 1, 3), spark=(2, 4), **changes):
    """Return a line of metadata.json."""
    line = {
        "name": name,
        "language": language,
        "libVersion": {"parts": list(library)},
        "sparkVersion": {"parts": list(spark)},
        "readyToUse": True,
        "time": "2021-07-19T16:30:27.969Z",
        "isZipped": True,
        "category": "ml",
        "checksum": "",
    }
    return json.dumps({**line, **changes})
