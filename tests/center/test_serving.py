"""What is answered for the page: each file once, what browsers may do with it, and nothing beside it."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

from backup_core.api.routes import ROUTES
from backup_core.center.blueprint import center_blueprint
from backup_core.settings import SettingsInvalid, SignIn, SignInMode
from infra.local.host.routes import Route, RouteTable, parse_template, resolved

TENANT, CLIENT = "00000000-0000-4000-8000-0000000000ff", "77777777-aaaa-4aaa-8aaa-777777777777"
SIGN_IN = SignIn(mode=SignInMode.ENTRA, tenant_id=TENANT, audiences=("api://x", CLIENT.upper()))
SCRIPT = b"console.log('center')\n" * 40
PAGE = b"<!doctype html><title>Backup Center</title>"


class Services:
    def __init__(self, found: SignIn | Exception = SIGN_IN) -> None:
        self.found = found

    def sign_in(self) -> SignIn:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class Site:
    """The functions behind the host's routes."""

    def __init__(self, built: Path, found: SignIn | Exception = SIGN_IN) -> None:
        app = func.FunctionApp()
        app.register_functions(center_blueprint(Services(found), built))
        functions = {each.get_function_name(): each for each in app.get_functions()}
        self._functions = {name: each.get_user_function() for name, each in functions.items()}
        self._routes = RouteTable(
            _routes({name: each.get_raw_bindings() for name, each in functions.items()}), prefix=""
        )

    def send(self, method: str, path: str, **headers: str) -> func.HttpResponse | None:
        found = self._routes.find(method, resolved(path))
        if found is None:
            return None
        named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        request = func.HttpRequest(
            method=method, url=f"https://app{path}", headers=named, route_params=dict(found[1]), body=b""
        )
        return self._functions[found[0].function](request)

    def get(self, path: str, **headers: str) -> func.HttpResponse:
        answer = self.send("GET", path, **headers)
        assert answer is not None, f"the host finds no route for {path}"
        return answer


def _routes(functions: Mapping[str, Iterable[str]]) -> list[Route]:
    """By the bindings of each function, as the worker tells the host of them."""
    found = []
    for name, bindings in functions.items():
        for binding in map(json.loads, bindings):
            if binding["type"] == "httpTrigger":
                methods = frozenset(str(method).upper() for method in binding.get("methods", ()))
                template = parse_template(binding["route"] or name)
                found.append(Route(function=name, template=template, methods=methods))
    return found


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "center"
    for name, content in {"index.html": PAGE, "favicon.svg": b"<svg/>", "assets/index-Ab12.js": SCRIPT}.items():
        path = folder / f"{name}.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content, mtime=0))
    (tmp_path / "secret.txt.gz").write_bytes(gzip.compress(b"secret"))
    return folder


def test_the_home_page_leads_to_the_center(built: Path) -> None:
    answer = Site(built).get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/center/")


@pytest.mark.parametrize(
    "path", ["/center", "/center/", "/center/disks", "/center/disks/sub/group/vault/data.js", "/center/%C3%BC%20<b>"]
)
def test_every_path_that_is_no_file_is_the_page_and_asked_for_each_time(built: Path, path: str) -> None:
    answer = Site(built).get(path)
    assert (answer.status_code, answer.get_body()) == (200, PAGE)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"


def test_a_hashed_file_is_kept_for_ever_and_sent_as_it_was_packed(built: Path) -> None:
    answer = Site(built).get("/center/assets/index-Ab12.js", Accept_Encoding="gzip, deflate, br")
    assert gzip.decompress(answer.get_body()) == SCRIPT
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert "Content-Length" not in answer.headers, "the real host answers 500 to one that the app sets"


@pytest.mark.parametrize(
    ("accepted", "packs"),
    [
        ("", False),
        ("br", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0.0, *", False),
        ("gzip;q=high", False),
        ("GZIP", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("*;q=0", False),
        (",;,", False),
    ],
)
def test_who_takes_no_gzip_gets_plain_bytes(built: Path, accepted: str, packs: bool) -> None:
    answer = Site(built).get("/center/assets/index-Ab12.js", Accept_Encoding=accepted)
    assert ("Content-Encoding" in answer.headers) is packs
    assert (answer.get_body() == SCRIPT) is not packs


@pytest.mark.parametrize("path", ["/center/", "/center/assets/index-Ab12.js", "/center/favicon.svg"])
@pytest.mark.parametrize("wanted", ["{}", 'W/{}, "other"', "*"])
def test_what_a_browser_has_is_not_sent_again(built: Path, path: str, wanted: str) -> None:
    site = Site(built)
    first = site.get(path, Accept_Encoding="gzip")
    again = site.get(path, Accept_Encoding="gzip", If_None_Match=wanted.format(first.headers["ETag"]))
    assert (again.status_code, again.get_body()) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary", "Content-Type", "Content-Security-Policy"):
        assert again.headers[name] == first.headers[name]


def test_another_content_or_coding_has_another_tag(built: Path) -> None:
    before = Site(built).get("/center/", Accept_Encoding="gzip").headers["ETag"]
    assert Site(built).get("/center/").headers["ETag"] != before
    (built / "index.html.gz").write_bytes(gzip.compress(PAGE + b"new"))
    changed = Site(built).get("/center/", Accept_Encoding="gzip", If_None_Match=before)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != before


def test_head_says_what_get_says_without_the_content(built: Path) -> None:
    site = Site(built)
    for path in ("/", "/center/", "/center/config.json", "/center/assets/index-Ab12.js", "/center/assets/none.js"):
        head = site.send("HEAD", path)
        assert head is not None
        full = site.get(path)
        assert head.get_body() == b""
        assert (head.status_code, dict(head.headers)) == (full.status_code, dict(full.headers))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_the_host_s_404(built: Path, method: str) -> None:
    assert Site(built).send(method, "/center/") is None
    assert Site(built).send(method, "/") is None


@pytest.mark.parametrize(
    "path",
    [
        "/center/../secret.txt",
        "/center/%2e%2e/secret.txt",
        "/center/..%2fsecret.txt",
        "/center/assets/..%2f..%2fsecret.txt",
        "/center/assets/..%2findex.html",
        "/center/assets/%2e%2e%5c..%5csecret.txt",
        "/center//etc/passwd",
        "/center/assets//etc/passwd",
        "/center/assets/index-Ab12.js.gz",
        "/center/assets/",
        "/center/assets/INDEX-AB12.JS",
        "/center/assets/index-Ab12.js%00.html",
    ],
)
def test_no_path_reaches_what_was_not_built(built: Path, path: str) -> None:
    answer = Site(built).send("GET", path)
    if answer is not None:
        assert b"secret" not in answer.get_body()
        assert answer.get_body() == PAGE or answer.status_code == 404


def test_an_absent_asset_is_not_the_page(built: Path) -> None:
    """A page of an older release asks for files that are gone: markup instead would only hide that."""
    answer = Site(built).get("/center/assets/index-Old0.js")
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", "/center/", "/center/config.json", "/center/assets/x.js", "/center/favicon.svg"])
def test_every_answer_carries_the_policy(built: Path, path: str) -> None:
    headers = Site(built).get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert policy["connect-src"] == "'self' https://login.microsoftonline.com"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_without_built_files_the_page_says_how_to_build_them(tmp_path: Path) -> None:
    answer = Site(tmp_path / "none").get("/center/disks")
    assert answer.status_code == 503
    assert b"<code>make dashboard</code>" in answer.get_body()
    assert Site(tmp_path / "none").get("/center/config.json").status_code == 200


# ---------------------------------------------------------------- config.json


def configured(built: Path, found: SignIn | Exception) -> tuple[Any, str]:
    site = Site(built, found)
    answer = site.get("/center/config.json")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    return json.loads(answer.get_body()), answer.headers["Content-Security-Policy"]


def test_the_page_is_told_how_to_sign_in(built: Path) -> None:
    found, _ = configured(built, SIGN_IN)
    authority = f"https://login.microsoftonline.com/{TENANT}"
    auth = {"clientId": CLIENT, "authority": authority, "knownAuthorities": ["login.microsoftonline.com"]}
    assert found == {"signIn": "entra", "msal": {"auth": auth}, "scopes": [f"{CLIENT}/.default"]}


def test_where_browsers_sign_in_elsewhere_they_are_told_its_endpoints(built: Path) -> None:
    sign_in = SignIn(
        mode=SignInMode.ENTRA,
        tenant_id=TENANT,
        audiences=(CLIENT,),
        authority="https://127.0.0.1:1",
        browser_url="http://127.0.0.1:2",
    )
    found, policy = configured(built, sign_in)
    metadata = json.loads(found["msal"]["auth"]["authorityMetadata"])
    assert metadata["issuer"] == f"https://127.0.0.1:1/{TENANT}/v2.0"
    assert metadata["token_endpoint"] == f"http://127.0.0.1:2/{TENANT}/oauth2/v2.0/token"
    assert "connect-src 'self' http://127.0.0.1:2;" in policy


def test_with_function_keys_there_is_no_sign_in(built: Path) -> None:
    found, policy = configured(built, SignIn(mode=SignInMode.FUNCTION_KEY))
    assert found == {"signIn": "functionKey"}
    assert "connect-src 'self';" in policy


def test_without_a_client_id_the_page_says_what_is_missing(built: Path) -> None:
    found, _ = configured(built, SignIn(mode=SignInMode.ENTRA, tenant_id=TENANT, audiences=("api://x",)))
    assert found["signIn"] == "notConfigured"
    assert "DISKBACKUP_ENTRA_AUDIENCE" in found["faults"][0]


def test_strangers_are_not_told_what_faulty_settings_say(built: Path) -> None:
    found, _ = configured(built, SettingsInvalid(["DISKBACKUP_ACCESS_SCOPES '/subscriptions/secret' is none"]))
    assert found["signIn"] == "notConfigured"
    assert "secret" not in json.dumps(found)


@pytest.mark.parametrize(
    "authority", ["https://login.x;script-src *", "https://a b", "https://ü.example", "https://a@b"]
)
def test_an_authority_that_would_change_the_policy_stays_out_of_it(built: Path, authority: str) -> None:
    sign_in = SignIn(mode=SignInMode.ENTRA, tenant_id=TENANT, audiences=(CLIENT,), authority=authority)
    _, policy = configured(built, sign_in)
    assert "connect-src 'self';" in policy
    assert policy.isascii()


# ---------------------------------------------------------------- beside the API


def test_the_center_takes_no_request_from_any_other_function() -> None:
    """The host tries functions by name: each route of the app is sampled, and finds its own function."""
    code = (
        "import json, function_app\n"
        "found = function_app.app.get_functions()\n"  # once for each process
        "print(json.dumps({each.get_function_name(): each.get_raw_bindings() for each in found}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    routes = _routes(json.loads(done.stdout))
    table = RouteTable(routes, prefix="")
    assert {"center_home", "center_page"} < {route.function for route in routes}
    for route in routes:
        path = "/" + "/".join("x-1" if "{" in part else part for part in route.template.text.split("/") if part)
        for method in route.methods or {"GET"}:
            found = table.find(method, path)
            assert found is not None
            assert found[0].function == route.function, path
    assert not [route.name for route in ROUTES if route.template.lower().startswith("center")]


def test_loading_the_app_reads_no_file_of_the_page_and_imports_none_of_its_parts() -> None:
    code = "import sys, function_app; print(*[name for name in sys.modules if name.startswith('backup_core.center')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["backup_core.center", "backup_core.center.blueprint"]
