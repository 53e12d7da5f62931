"""A Hugging Face hub on loopback: the requests of huggingface_hub are served, with faults on request."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """The repositories of the server, and the faults that it simulates.

    Attributes:
        repositories: Files by name, of each repository.
        status: Status that every request gets instead of an answer, with the hub's own error code.
        cut: Number of bytes after which a file's body breaks off.
        delay: Seconds before each answer.
        renamed: Present names of repositories by old ones, to which the server redirects.
        token: What a request has to bring; None where everything is public.
        elsewhere: Another host, to which the server leads for weights; empty for none.
        requests: What was asked, method and path.
        tokens: What the requests for files brought as authorisation.
    """

    repositories: dict[str, dict[str, bytes]]
    status: tuple[int, str] | None = None
    cut: int | None = None
    delay: float = 0
    renamed: dict[str, str] = field(default_factory=dict)
    token: str | None = None
    elsewhere: str = ""
    requests: list[str] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    endpoint: str = ""

    def downloaded(self) -> set[str]:
        return {path.rpartition("/")[2] for path in self.requests if path.startswith("GET") and "/resolve/" in path}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, with_body):
        path = self.path.partition("?")[0]
        self.hub.requests.append(f"{self.command} {path}")
        time.sleep(self.hub.delay)
        if self.hub.status:
            return self.refuse(*self.hub.status, with_body)
        if self.hub.token and self.headers.get("Authorization") != f"Bearer {self.hub.token}":
            return self.refuse(401, "GatedRepo", with_body)
        for old, new in self.hub.renamed.items():
            if path.startswith("/api/models/") and f"/models/{old}/" in f"{path}/":
                return self.redirect(self.path.replace(old, new))
        if path.startswith("/api/models/"):
            return self.describe(path.removeprefix("/api/models/"), with_body)
        name, _, rest = path.strip("/").partition("/resolve/")
        _, _, file = rest.partition("/")
        files = self.hub.repositories.get(name)
        if files is None:
            return self.refuse(404, "RepoNotFound", with_body)
        self.hub.tokens.append(self.headers.get("Authorization"))
        if file not in files:
            return self.refuse(404, "EntryNotFound", with_body)
        if self.hub.elsewhere and file == "model.safetensors":
            linked = {"X-Linked-ETag": f'"{sum1(files[file])}"', "X-Linked-Size": str(len(files[file]))}
            return self.redirect(f"{self.hub.elsewhere}{self.path}", linked | {"X-Repo-Commit": COMMIT})
        return self.send(files[file], with_body, etag=sum1(files[file]))

    def describe(self, rest, with_body):
        name, _, revision = rest.partition("/revision/")
        name, _, tree = name.partition("/tree/")
        files = self.hub.repositories.get(name)
        if files is None:
            return self.refuse(404, "RepoNotFound", with_body)
        if (revision or tree.split("/")[0] or "main") not in ("main", "v1", COMMIT):
            return self.refuse(404, "RevisionNotFound", with_body)
        if tree:
            listed = [
                {"type": "file", "path": f, "size": len(d), "oid": hashlib.sha1(d).hexdigest()}
                for f, d in files.items()
            ]
            return self.send(json.dumps(listed).encode(), with_body)
        info = {"id": name, "modelId": name, "sha": COMMIT, "siblings": [{"rfilename": file} for file in files]}
        return self.send(json.dumps(info | {"private": False, "tags": [], "downloads": 0}).encode(), with_body)

    def send(self, data, with_body, etag=None):
        begin = 0
        if self.headers.get("Range"):
            begin = int(self.headers["Range"].removeprefix("bytes=").partition("-")[0])
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(data) - begin))
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        self.send_header("X-Repo-Commit", COMMIT)
        if etag:
            self.send_header("ETag", f'"{etag}"')
        self.end_headers()
        if with_body and etag and self.hub.cut is not None and len(data) > self.hub.cut:
            self.wfile.write(data[begin : self.hub.cut])
            self.close_connection = True
        elif with_body:
            self.wfile.write(data[begin:])

    def redirect(self, location, headers=None):
        self.send_response(307)
        for name, value in {"Location": location, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def refuse(self, status, code, with_body):
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        if code == "EntryNotFound":
            self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", "0")
        self.end_headers()


def sum1(data):
    return hashlib.sha1(data).hexdigest()


def tiny_files():
    """Return the files of a repository with the tiny model, and some that the library does not need."""
    folder = Path(__file__).parents[1] / "data" / "xlmroberta_weights"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return files | {"README.md": b"# A model", "pytorch_model.bin": b"never read", "onnx/model.onnx": b"never read"}


@contextmanager
def served(hub):
    """Run a hub on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"hub": hub}))
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
