"""The front door: where requests go, what backends and callers see of each other, and what a missing backend does."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import socket
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
import requests

from infra.local.front_door import target_of
from infra.local.identity.certificates import certificates
from infra.local.parts import Part, Recipe, free_ports
from infra.local.up import PROJECT

pytestmark = pytest.mark.local_target

GROUP = "/subscriptions/s/resourceGroups/g"
VAULT = f"{GROUP}/providers/Microsoft.DataProtection/backupVaults/v"
DISK = f"{GROUP}/providers/Microsoft.Compute/disks/d"
ISSUER = "https://127.0.0.1:1"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (VAULT, "app"),
        (f"{VAULT}/backupInstances/i/recoveryPoints", "app"),
        ("/subscriptions/s/providers/Microsoft.DataProtection/backupVaults", "app"),
        ("/subscriptions/s/providers/microsoft.dataprotection/locations/l/checkFeatureSupport", "app"),
        ("/SUBSCRIPTIONS/S/PROVIDERS/MICROSOFT.DATAPROTECTION/BACKUPVAULTS", "app"),
        ("/subscriptions/s/providers/Microsoft%2EDataProtection/backupVaults", "app"),
        ("/providers/Microsoft.DataProtection/operations", "app"),
        (f"{DISK}/providers/Microsoft.DataProtection/backupInstances", "app"),
        (f"/{DISK}/providers/Microsoft.DataProtection/backupInstances", "app"),  # the SDK's double slash
        (f"{GROUP}/providers/Microsoft.DataProtection/backupVaults/providers/backupInstances/i", "app"),
        (f"{VAULT}/backupInstances/i/madeUp", "app"),
        (DISK, "arm"),
        (f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/r", "arm"),
        (f"{GROUP}/providers/Microsoft.Compute/disks/Microsoft.DataProtection", "arm"),
        (f"{GROUP}/providers/Microsoft.Compute/disks/providers/Microsoft.DataProtection/x", "arm"),
        (f"{DISK}%2Fproviders%2FMicrosoft.DataProtection%2FbackupInstances", "arm"),
        (f"{GROUP}/providers/Microsoft.DataProtectionX/backupVaults", "arm"),
        (GROUP, "arm"),
        ("/subscriptions", "arm"),
        ("/", "arm"),
        ("", "arm"),
        ("/subscriptions/s/providers/Microsoft.DataProtection", "app"),
        ("/subscriptions/s/providers/Microsoft.DataProtection/register", "app"),
        ("/subscriptions/s/providers/Microsoft.Compute", "arm"),
        ("/subscriptions/s/providers", "both"),
        ("/subscriptions/s/resources", "both"),
        (f"{GROUP}/resources", "both"),
        (f"{GROUP}/providers/Microsoft.Compute/disks/resources", "arm"),
        (f"{VAULT}/providers/Microsoft.Resources/tags/default", "app"),
        (f"{DISK}/providers/Microsoft.Resources/tags/default", "arm"),
        (f"{GROUP}/providers/Microsoft.Resources/tags/default", "arm"),
        ("/providers/Microsoft.ResourceGraph/resources", "app"),
        ("/providers/microsoft.resourcegraph/RESOURCES", "app"),
        ("/tenants", "arm"),
        ("/providers", "arm"),
        ("/admin/functions/tick", "arm"),
        ("/runtime/webhooks/eventgrid", "arm"),
        ("/metadata/endpoints", "metadata"),
        ("/METADATA/endpoints/", "metadata"),
        ("/_simulator/faults", "nowhere"),
        ("/%5Fsimulator/faults", "nowhere"),
        ("//_simulator/faults", "nowhere"),
    ],
)
def test_the_last_provider_of_the_path_decides(path, target):
    assert target_of(path) == target


# ---------------------------------------------------------------- through the running door


class Backend(BaseHTTPRequestHandler):
    """Answers with what it got, or as the header `x-wish` asks."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self._read_body()
        path = self.requestline.split(" ")[1]  # self.path has lost a second slash at its beginning
        seen = {"by": self.server.name, "method": self.command, "path": path, "headers": self.headers.items()}
        wish = self.headers.get("x-wish", "echo")
        getattr(self, f"_{wish}")(json.dumps({**seen, "length": len(body)}).encode(), body)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815 - as the library calls them

    def _read_body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _echo(self, seen, _body, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(seen)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(seen)

    def _body_back(self, _seen, body):
        self._echo(body, body, Content_Type="application/octet-stream")

    def _status(self, seen, body):
        status = int(self.headers["x-status"])
        self._echo(b"" if status in (204, 304) else seen, body, status, Location="https://elsewhere/x", Retry_After="7")

    def _compressed(self, seen, body):
        self._echo(gzip.compress(seen), body, Content_Encoding="gzip", Content_Type="application/json")

    def _headers(self, seen, _body):
        self.send_response(200)
        hops = (("Connection", "x-hop"), ("X-Hop", "1"), ("Keep-Alive", "timeout=5"))
        for name, value in (*hops, ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("x-ms-request-id", "r1")):
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _listed(self, _seen, body):
        """A list of one; the backend that `x-refusing` names refuses."""
        refuses = self.headers.get("x-refusing") == self.server.name
        answer = {"error": {"code": "No"}} if refuses else {"value": [self.server.name]}
        self._echo(json.dumps(answer).encode(), body, 403 if refuses else 200, Content_Type="application/json")

    def _slowly(self, _seen, _body):
        """Two parts; the second only once the test has seen the first."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nfirst\r\n")
        self.server.may_go_on.wait(60)
        self.wfile.write(b"6\r\nsecond\r\n0\r\n\r\n")

    def _cut(self, _seen, _body):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"half")
        self.close_connection = True

    def _mute(self, _seen, _body):
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, name):
        super().__init__(("127.0.0.1", 0), Backend)
        self.name, self.may_go_on = name, threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, *_):
        """Connections that tests break are no news."""


class Door:
    def __init__(self, url, ca, app):
        self.url, self.ca, self.app = url, ca, app
        self.host = urlsplit(url).netloc

    def call(self, path=VAULT, method="GET", *, wish="echo", headers=None, **options):
        prepared = requests.Request(method, self.url, headers={"x-wish": wish, **(headers or {})}, **options).prepare()
        prepared.url = self.url + path  # as it stands: requests would tidy it up
        with requests.Session() as session:
            return session.send(prepared, verify=str(self.ca), timeout=60, allow_redirects=False, stream=True)

    def seen(self, *arguments, **options):
        """What the backend got; its headers by their names in small letters."""
        found = self.call(*arguments, **options).json()
        return {**found, "headers": {name.lower(): value for name, value in found["headers"]}}

    def connection(self):
        trusted = ssl.create_default_context(cafile=self.ca)
        return trusted.wrap_socket(
            socket.create_connection(("127.0.0.1", urlsplit(self.url).port), timeout=60), server_hostname="127.0.0.1"
        )


@pytest.fixture(scope="module")
def open_door(tmp_path_factory):
    """`open_door(app=URL, arm=URL or None)`: the real program in front of what stands at these URLs."""
    directory = tmp_path_factory.mktemp("front-door")
    files = certificates(directory / "certificates")
    parts = []

    def start(app, arm):
        port = free_ports(1)[0]
        arguments = ["--port", str(port), "--cert", str(files.certificate), "--key", str(files.key)]
        arguments += ["--ca", str(files.authority), "--app", app, "--issuer", ISSUER, *(["--arm", arm] if arm else [])]
        parts.append(
            Part(
                Recipe(
                    name=f"door-{port}",
                    command=[sys.executable, "-m", "infra.local.front_door", *arguments],
                    environment=os.environ,
                    log=directory / f"{port}.log",
                    directory=PROJECT,
                    ready_text="front_door ready",
                )
            )
        )
        parts[-1].wait_ready(until=time.monotonic() + 60)
        return Door(f"https://127.0.0.1:{port}", files.authority, app)

    start.files = files
    yield start
    for part in parts:
        part.send(15)
        part.wait_ended(5)
    assert [part.exit_code for part in parts] == [0] * len(parts)


@pytest.fixture(scope="module")
def backends(open_door):
    app, arm = Server("app"), Server("arm")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(open_door.files.certificate, open_door.files.key)
    arm.socket = tls.wrap_socket(arm.socket, server_side=True)
    yield {"app": app, "arm": arm}
    for server in (app, arm):
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def door(open_door, backends):
    ports = {name: server.server_address[1] for name, server in backends.items()}
    return open_door(f"http://127.0.0.1:{ports['app']}", f"https://127.0.0.1:{ports['arm']}")


@pytest.fixture(scope="module")
def app_door(open_door, backends):
    return open_door(f"http://127.0.0.1:{backends['app'].server_address[1]}", None)


@pytest.mark.parametrize("path", ["/subscriptions/s/resources", f"{GROUP}/resources", "/subscriptions/s/providers"])
def test_a_list_of_which_each_backend_has_a_part_is_whole(door, path):
    assert door.call(f"{path}?api-version=1", wish="listed").json() == {"value": ["arm", "app"]}
    assert door.call(f"{path}?$skipToken=x", wish="listed").json() == {"value": ["app"]}, "only the app has pages"
    partly = door.call(path, wish="listed", headers={"x-refusing": "app"})
    assert (partly.status_code, partly.json()) == (200, {"value": ["arm"]})
    refused = door.call(path, wish="listed", headers={"x-refusing": "arm"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "No")
    assert door.call(path, wish="mute").status_code == 503


@pytest.mark.parametrize(("path", "by"), [(VAULT, "app"), (DISK, "arm"), ("/subscriptions", "arm")])
def test_both_backends_see_the_callers_host_and_https(door, path, by):
    seen = door.seen(f"{path}?api-version=1")
    assert seen["by"] == by
    assert seen["headers"]["host"] == door.host
    assert seen["headers"]["x-forwarded-proto"] == "https"
    assert seen["headers"]["x-forwarded-for"].startswith("127.0.0.1:")


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Proto", "x-forwarded-prefix", "Forwarded", "X-Original-URL",
     "X-Original-Host", "X-Real-IP", "CLIENT-IP", "X-ARR-SSL", "X-WAWS-Unencoded-URL"],
)  # fmt: skip
def test_what_a_caller_says_of_the_way_it_came_is_dropped(door, header):
    seen = door.seen(headers={header: "evil.example"})
    assert "evil.example" not in seen["headers"].values()
    assert seen["headers"]["x-forwarded-proto"] == "https"


@pytest.mark.parametrize("path", [VAULT, DISK])
def test_one_callers_cookies_are_not_sent_with_anothers_request(door, path):
    assert door.call(path, wish="headers").raw.headers.getlist("Set-Cookie")
    assert "cookie" not in door.seen(path)["headers"]


def test_everything_else_arrives_as_it_was_sent(door):
    sent = {
        "Authorization": "Bearer a.b.c",
        "x-functions-key": "k",
        "x-ms-client-request-id": "c",
        "X-MS-CLIENT-PRINCIPAL": "for the app to distrust",
        "If-Match": '"e"',
        "Accept-Encoding": "identity",
        "User-Agent": "mine",
        "Accept": "application/json",
        "Content-Type": "application/json; charset=utf-8",
    }
    seen = door.seen(method="PUT", headers=sent, data=b"{}")
    assert {name: seen["headers"].get(name.lower()) for name in sent} == sent
    assert (seen["method"], seen["length"]) == ("PUT", 2)


def test_nothing_is_added_that_the_caller_did_not_send(door):
    with door.connection() as connection:
        connection.sendall(f"GET {VAULT} HTTP/1.1\r\nHost: {door.host}\r\n\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        names = {name.lower() for name, _ in json.loads(answer.read())["headers"]}
    assert names - {"connection"} == {"host", "x-forwarded-proto", "x-forwarded-for"}


def test_headers_of_one_connection_stay_on_it(door):
    hops = {"Connection": "keep-alive, x-hop", "X-Hop": "1", "Keep-Alive": "timeout=9", "TE": "trailers",
            "Proxy-Authorization": "Basic x", "Upgrade": "h2c"}  # fmt: skip
    seen = door.seen(headers=hops)
    assert not seen["headers"].keys() & {"x-hop", "keep-alive", "te", "proxy-authorization", "upgrade"}
    answer = door.call(wish="headers")
    assert "X-Hop" not in answer.headers
    assert "Keep-Alive" not in answer.headers
    assert answer.headers["x-ms-request-id"] == "r1"
    assert answer.raw.headers.getlist("Set-Cookie") == ["a=1", "b=2"]
    assert "Content-Type" not in answer.headers, "the backend sent none"


@pytest.mark.parametrize(
    "path",
    [
        f"{VAULT}/backupInstances/a%2Fb%20c?$filter=&$skipToken=a%2Bb%3D&api-version=1",
        f"/{DISK}/providers/Microsoft.DataProtection/backupInstances?api-version=1",
        f"{VAULT}/../../x?b=2&a=1&b=1",
        f"{VAULT}/%E2%98%83/;p?q=%00",
    ],
)
def test_path_and_query_arrive_unchanged(door, path):
    assert door.seen(path)["path"] == path


@pytest.mark.parametrize("status", [200, 201, 202, 204, 302, 304, 400, 404, 409, 429, 500, 503])
def test_each_status_comes_back_with_its_headers_and_no_redirect_is_followed(door, status):
    answer = door.call(wish="status", headers={"x-status": str(status)})
    assert (answer.status_code, answer.headers["Location"]) == (status, "https://elsewhere/x")
    assert answer.headers["Retry-After"] == "7"
    assert bool(answer.content) == (status not in (204, 304))


@pytest.mark.parametrize("path", [VAULT, DISK])
def test_a_large_body_passes_in_both_directions(door, path):
    body = os.urandom(12 * 1024 * 1024)
    answer = door.call(path, "POST", wish="body_back", data=body)
    assert answer.content == body
    assert answer.headers["Content-Length"] == str(len(body))


def test_a_body_keeps_its_length_and_a_chunked_one_stays_chunked(door):
    known = door.seen(method="PUT", data=b"x" * 10)
    assert (known["headers"]["content-length"], known["headers"].get("transfer-encoding")) == ("10", None)
    chunked = door.seen(method="PUT", data=iter([b"one", b"two"]))
    assert (chunked["length"], chunked["headers"].get("content-length")) == (6, None)


def test_a_compressed_answer_stays_compressed(door):
    answer = door.call(wish="compressed")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(answer.raw.read(decode_content=False)))["by"] == "app"


def test_an_answer_is_passed_on_while_it_is_being_written(door, backends):
    parts = door.call(wish="slowly").iter_content(None)
    try:
        assert next(parts) == b"first"
    finally:
        backends["app"].may_go_on.set()
    assert b"".join(parts) == b"second"


def test_who_asks_before_it_sends_its_body_is_told_to_go_on(door):
    with door.connection() as connection:
        head = f"PUT {VAULT} HTTP/1.1\r\nHost: {door.host}\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"{}")
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        seen = json.loads(answer.read())
    assert seen["length"] == 2
    assert "expect" not in {name.lower() for name, _ in seen["headers"]}


def test_half_an_answer_is_not_made_to_look_whole(door):
    with pytest.raises(requests.exceptions.RequestException):
        assert door.call(wish="cut").content == b"half"


def test_a_backend_that_hangs_up_is_a_502_in_arms_words(door):
    answer = door.call(method="POST", wish="mute", data=b"{}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "BadGateway")
    assert answer.headers["x-ms-request-id"]


def test_a_backend_that_is_down_is_a_503_in_arms_words(open_door):
    app, arm = free_ports(2)
    door = open_door(f"http://127.0.0.1:{app}", f"https://127.0.0.1:{arm}")
    for path in (VAULT, DISK):
        answer = door.call(path, "PUT", data=b"{}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "ServiceUnavailable")
        assert str(app) not in answer.text


def test_a_backend_that_the_certificate_is_not_for_is_not_talked_to(open_door, backends):
    door = open_door("http://127.0.0.1:1", f"https://127.0.0.2:{backends['arm'].server_address[1]}")
    assert door.call(DISK).status_code == 503


@pytest.mark.parametrize("path", [VAULT, DISK, "/subscriptions", "/openapi.json", "/metadata/endpoints", "/"])
def test_without_a_simulator_the_app_has_the_door_to_itself(app_door, path):
    seen = app_door.seen(path)
    assert (seen["by"], seen["path"]) == ("app", path)
    assert seen["headers"]["x-forwarded-proto"] == "https"


def test_the_simulators_control_is_not_reachable(door):
    assert door.call("/_simulator/faults").status_code == 404
    assert door.call("/%5Fsimulator/faults", "POST", data=b"{}").status_code == 404


def test_the_metadata_tell_where_to_sign_in_and_for_what(door):
    found = door.call("/metadata/endpoints?api-version=2022-09-01").json()
    assert found["resourceManager"] == door.url
    assert found["authentication"]["loginEndpoint"] == ISSUER
    assert found["authentication"]["audiences"][0] == door.url


@pytest.mark.parametrize(
    ("method", "query", "status"),
    [("GET", "", 400), ("GET", "?api-version=2015-01-01", 400), ("POST", "?api-version=2022-09-01", 405)],
)
def test_which_metadata_there_are_not(door, method, query, status):
    answer = door.call(f"/metadata/endpoints{query}", method)
    assert answer.status_code == status
    assert answer.json()["error"]["code"]
