"""HTTP functions behind the host: routing, conversion, keys, admin paths."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest

from infra.local.up import BODY_LIMIT

pytestmark = pytest.mark.local_target


def test_a_request_reaches_python_as_the_host_hands_it_on(api, target):
    answer = api("POST", "/api/Echo/BoB?x=1&y=&x=2&z=a%20b", headers={"X-Mixed-Case": "V"}, data=b"body")
    seen = answer.json()
    assert (seen["method"], seen["body"]) == ("POST", "body")
    assert seen["url"] == target.endpoints["api"] + "/api/Echo/BoB?x=1&y=&x=2&z=a%20b"
    assert seen["headers"]["x-mixed-case"] == "V"
    assert seen["query"] == {"x": "1,2", "z": "a b"}, "repeated keys are joined, empty ones dropped"
    assert seen["route"] == {"name": "BoB"}, "the value keeps its case; the optional one is absent"


def test_a_response_keeps_its_status_headers_and_every_cookie(api):
    answer = api("GET", "/api/echo/x")
    assert (answer.status_code, answer.headers["X-Sample"]) == (201, "yes")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.raw.headers.getlist("Set-Cookie") == ["a=1; Path=/", "b=2"]


def test_a_body_over_the_hosts_limit_never_reaches_the_function(api):
    assert api("POST", "/api/echo/x", data=b"x" * BODY_LIMIT).json()["body"] == "x" * BODY_LIMIT
    answer = api("POST", "/api/echo/x", data=b"x" * (BODY_LIMIT + 1))
    assert (answer.status_code, answer.content) == (500, b"")


def test_a_path_is_resolved_before_it_is_routed(target):
    where = urlsplit(target.endpoints["api"])
    for path in ("/api/none/../echo/./x", "/api/none/%2e%2E/echo/x"):
        request = f"GET {path}?a=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        with socket.create_connection((where.hostname, where.port), timeout=60) as connection:
            connection.sendall(request)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["url"] == "http://x/api/echo/x?a=1"


def test_a_chunked_body_arrives_empty(target):
    where = urlsplit(target.endpoints["api"])
    request = b"POST /api/echo/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection((where.hostname, where.port), timeout=60) as connection:
        connection.sendall(request + b"4\r\nbody\r\n0\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["body"] == ""


def test_the_function_that_comes_first_by_name_takes_the_route_of_a_later_one(api):
    assert api("GET", "/api/items/recent").text == "item recent"


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/api/items/1"), ("GET", "/api/none"), ("GET", "/items/1")])
def test_a_wrong_method_or_path_is_not_found(api, method, path):
    assert api(method, path).status_code == 404


@pytest.mark.parametrize("path", ["/api/broken", "/api/nothing"])
def test_a_failed_function_is_a_500_without_a_body(api, path):
    answer = api("GET", path)
    assert (answer.status_code, answer.content) == (500, b"")


@pytest.mark.parametrize("level", ["guarded", "master"])
@pytest.mark.parametrize("headers", [{}, {"x-functions-key": "wrong"}])
def test_without_the_right_key_nobody_gets_in(api, level, headers):
    answer = api("GET", f"/api/{level}", headers=headers)
    assert (answer.status_code, answer.content) == (401, b"")


@pytest.mark.parametrize(
    ("key", "path", "status"),
    [
        ("function_key", "guarded", 200),
        ("master_key", "guarded", 200),
        ("event_grid_key", "guarded", 401),
        ("function_key", "master", 401),
        ("master_key", "master", 200),
    ],
)
def test_what_each_key_opens(api, target, key, path, status):
    value = target.endpoints[key]
    assert api("GET", f"/api/{path}", headers={"x-functions-key": value}).status_code == status
    assert api("GET", f"/api/{path}?code={value}").status_code == status


def test_the_header_beats_the_query(api, target):
    path = f"/api/guarded?code={target.endpoints['function_key']}"
    assert api("GET", path, headers={"x-functions-key": "wrong"}).status_code == 401


def test_a_disabled_function_is_there_for_the_master_key_only(api, target):
    assert api("GET", "/api/off").status_code == 404
    assert api("GET", "/api/off", headers={"x-functions-key": target.endpoints["master_key"]}).text == "still here"


def test_the_admin_paths_want_the_master_key(api, target):
    assert api("GET", "/admin/host/status").status_code == 401
    assert api("GET", "/admin/host/status?code=wrong").status_code == 401
    for key in ("function_key", "event_grid_key"):
        assert api("GET", "/admin/host/status?code=" + target.endpoints[key]).status_code == 403, "of the wrong kind"
    status = api("GET", "/admin/host/status", headers={"x-functions-key": target.endpoints["master_key"]})
    assert status.json()["state"] == "Running"


def test_a_timer_is_run_on_request(api, target, queue):
    headers = {"x-functions-key": target.endpoints["master_key"]}
    assert api("POST", "/admin/functions/Nightly", json={"input": ""}, headers=headers).status_code == 202
    assert json.loads(queue("ticks").take(lambda body: b"nightly" in body)) == {"nightly": True, "past_due": False}


@pytest.mark.parametrize("header", ["X-Name: Gr\u00fc\u00dfe", "Content-Length: 3"])
def test_a_header_that_the_host_cannot_send_is_a_500(api, header):
    answer = api("GET", "/api/headed", headers={"x-wanted": header.encode("unicode_escape").decode()})
    assert (answer.status_code, answer.content) == (500, b"")


def test_the_hosts_own_page_at_the_root_is_switched_off(api):
    answer = api("GET", "/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert api("POST", "/").status_code == 404


@pytest.mark.parametrize(("name", "status"), [("nobody", 404), ("echo", 400)])
def test_what_cannot_be_run_on_request(api, target, name, status):
    headers = {"x-functions-key": target.endpoints["master_key"]}
    assert api("POST", f"/admin/functions/{name}", json={"input": ""}, headers=headers).status_code == status
