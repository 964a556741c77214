"""Clients of Azure: however many subscriptions requests make up, few clients and few connections."""

from __future__ import annotations

import ssl
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.rest import HttpRequest

from backup_core.adapters import clients
from backup_core.adapters.clients import ComputeClients
from infra.local.identity.certificates import certificates


class Identity:
    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken("token", 2**31)


class Arm:
    """An HTTPS server that counts connections and answers every request, with a cookie."""

    def __init__(self, certificate: str, key: str) -> None:
        arm = self
        self.connections = 0
        self.cookies: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                arm.connections += 1

            def do_GET(self) -> None:
                arm.cookies += self.headers.get_all("Cookie") or []
                self.send_response(200)
                self.send_header("Set-Cookie", "who=somebody")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def arm(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Arm]:
    files = certificates(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(files.authority))
    started = Arm(str(files.certificate), str(files.key))
    yield started
    started.server.shutdown()
    started.server.server_close()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def ask(made: ComputeClients, url: str, subscription: str) -> None:
    client = made.of(subscription)
    client.send_request(HttpRequest("GET", f"{url}/subscriptions/{subscription}")).raise_for_status()


def test_made_up_subscriptions_share_one_connection_and_few_clients(arm: Arm) -> None:
    made = ComputeClients(endpoint=arm.url, scope="x/.default", credential=Identity())
    before = open_files()
    for _ in range(150):
        ask(made, arm.url, str(uuid.uuid4()))
    assert arm.connections == 1
    assert open_files() - before <= 4
    assert len(made._kept) == clients.KEPT


def test_no_cookie_of_one_subscription_is_sent_with_another(arm: Arm) -> None:
    made = ComputeClients(endpoint=arm.url, scope="x/.default", credential=Identity())
    for _ in range(3):
        ask(made, arm.url, str(uuid.uuid4()))
    assert arm.cookies == []


def test_a_client_goes_on_after_it_was_let_go(arm: Arm) -> None:
    made = ComputeClients(endpoint=arm.url, scope="x/.default", credential=Identity())
    first = made.of("s-0")
    for number in range(1, clients.KEPT + 1):
        made.of(f"s-{number}")
    assert made.of("s-0") is not first, "the one that was asked for longest ago went"
    first.send_request(HttpRequest("GET", f"{arm.url}/x")).raise_for_status()
    ask(made, arm.url, "s-1")


def test_who_is_asked_for_often_stays(arm: Arm) -> None:
    made = ComputeClients(endpoint=arm.url, scope="x/.default", credential=Identity())
    busy = made.of("busy")
    for number in range(3 * clients.KEPT):
        made.of(f"s-{number}")
        assert made.of("busy") is busy


def test_as_many_threads_as_the_app_has_use_as_many_connections_at_most(arm: Arm) -> None:
    made = ComputeClients(endpoint=arm.url, scope="x/.default", credential=Identity())
    threads = [
        threading.Thread(target=lambda: [ask(made, arm.url, str(uuid.uuid4())) for _ in range(5)])
        for _ in range(clients.CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert arm.connections <= clients.CONNECTIONS
