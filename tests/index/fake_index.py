"""A package index on loopback: the simple API over files that a test puts there."""

from __future__ import annotations

import hashlib
import html
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from packaging.utils import canonicalize_name


@dataclass
class File:
    """A file of a project."""

    name: str
    data: bytes
    uploaded: str = "2020-01-01T00:00:00Z"
    requires_python: str = ""
    yanked: str | None = None
    sha256: str = ""
    """What the listing says; the true digest when empty."""


@dataclass
class FakeIndex:
    """What is served, and how badly."""

    root: str = "simple"
    """The path below which the projects are."""
    url: str = ""
    """The simple API's root, once it is served."""
    projects: dict[str, list[File]] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before every answer."""
    down_after: int | None = None
    """From this request on every answer is a closed connection."""
    status: int = 200
    """Every answer's status, when it is not 200."""
    requests: list[str] = field(default_factory=list)

    def add(self, file: tuple[str, bytes], **facts: str) -> None:
        """Put a wheel or an sdist there; ``facts`` are the fields of ``File``."""
        name, data = file
        project = name.partition("-")[0] if name.endswith(".whl") else name.rpartition("-")[0]
        found = self.projects.setdefault(canonicalize_name(project), [])
        found.append(File(name=name, data=data, **facts))

    def page(self, project: str) -> bytes:
        """The listing of one project (PEP 503, with the upload times that PyPI's mirrors add)."""
        rows = []
        for file in self.projects[project]:
            digest = file.sha256 or hashlib.sha256(file.data).hexdigest()
            facts = {
                "data-upload-time": file.uploaded,
                "data-requires-python": file.requires_python,
            }
            if file.yanked is not None:
                facts["data-yanked"] = file.yanked or "yanked"
            given = " ".join(f'{k}="{html.escape(v)}"' for k, v in facts.items() if v)
            rows.append(f'<a href="/files/{file.name}#sha256={digest}" {given}>{file.name}</a><br>')
        return ("<!DOCTYPE html><html><body>\n" + "\n".join(rows) + "\n</body></html>").encode()

    def file(self, name: str) -> bytes | None:
        """A file's bytes."""
        found = (f.data for files in self.projects.values() for f in files if f.name == name)
        return next(found, None)


@contextmanager
def serve(index: FakeIndex) -> Iterator[FakeIndex]:
    """Serve on a free port of loopback for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            index.requests.append(self.path)
            if index.down_after is not None and len(index.requests) > index.down_after:
                self.close_connection = True
                self.connection.close()
                return
            time.sleep(index.delay)
            parts = self.path.strip("/").split("/")
            project = parts[1] if len(parts) > 1 and parts[0] == index.root else ""
            if index.status != 200:
                self.answer(index.status, b"trouble", "text/plain")
            elif project in index.projects:
                self.answer(200, index.page(project), "text/html")
            elif parts[0] == "files" and (data := index.file(parts[-1])) is not None:
                self.answer_file(data)
            else:
                self.answer(404, b"not found", "text/plain")

        do_HEAD = do_GET

        def answer_file(self, data: bytes) -> None:
            wanted = self.headers.get("Range", "")
            if not wanted.startswith("bytes="):
                self.answer(200, data, "application/octet-stream")
                return
            first, _, last = wanted[6:].partition("-")
            start = int(first) if first else max(0, len(data) - int(last))
            end = min(len(data), int(last) + 1) if first and last else len(data)
            self.answer(
                206,
                data[start:end],
                "application/octet-stream",
                {"Content-Range": f"bytes {start}-{end - 1}/{len(data)}"},
            )

        def answer(
            self, status: int, body: bytes, kind: str, more: dict[str, str] | None = None
        ) -> None:
            self.send_response(status)
            headers = {"Content-Type": kind, "Content-Length": str(len(body)), **(more or {})}
            for key, value in {"Accept-Ranges": "bytes", **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that went away is part of the tests."""

    server = Server(("127.0.0.1", 0), Handler)
    index.url = f"http://127.0.0.1:{server.server_address[1]}/{index.root}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
