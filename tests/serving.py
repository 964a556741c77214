"""An HTTP server for the time of a test, whose answers are a function of what it is asked."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`path` is as it was sent, with its query."""

    path: str
    headers: Message
    body: bytes


@dataclass(frozen=True, slots=True)
class Told:
    """`Content-Length` is added, unless it is among the headers."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def serving(
    answer: Callable[[Asked], Told],
    *,
    host: str = "127.0.0.1",
    certificate: Path | None = None,
    key: Path | None = None,
) -> Iterator[str]:
    """The server's URL, without a path; over TLS with a certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            told = answer(Asked(path=self.path, headers=self.headers, body=body))
            self.send_response(told.status)
            for name, value in {"Content-Length": str(len(told.body)), **told.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """A test's output is for what failed."""

    server = ThreadingHTTPServer((host, 0), Handler)
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http{'s' if certificate else ''}://{host}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(60)
        server.server_close()
