"""How people sign in at the local tenant: as RFC 6749, RFC 7636 and Entra's single-page applications have it."""

from __future__ import annotations

import base64
import hashlib
import json
from html.parser import HTMLParser
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

import jwt
import pytest
import requests

from infra.local.identity.browsers import CODE_SECONDS, REFRESH_SECONDS, Desk, Grant
from infra.local.identity.tokens import CENTER, CONTRIBUTOR, OPERATOR, READER, TENANT

pytestmark = pytest.mark.local_target

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPE = f"{CENTER}/.default openid profile offline_access"


class Links(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.found.append(dict(attrs)["href"])


class Browser:
    """Somebody at the sign-in of a local target, over the listener that browsers use."""

    def __init__(self, endpoints):
        self.page = endpoints["center"]
        self.base = endpoints["sign_in"]
        self.origin = self.page.removesuffix("/center/")

    def asked(self, **changes):
        usual = {
            "client_id": CENTER,
            "redirect_uri": self.page,
            "response_type": "code",
            "response_mode": "fragment",
            "scope": SCOPE,
            "state": "state & more",
            "nonce": "nonce-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**usual, **changes}.items() if value is not None}

    def authorize(self, tenant=TENANT, **changes):
        url = f"{self.base}/{tenant}/oauth2/v2.0/authorize"
        return requests.get(url, params=self.asked(**changes), timeout=60, allow_redirects=False)

    def way_back(self, **changes):
        """What the page finds behind its address after an error or a choice."""
        answer = self.authorize(**changes)
        assert answer.status_code == 302, answer.text
        address, _, fragment = answer.headers["Location"].partition("#")
        assert address == self.page
        return dict(parse_qsl(fragment))

    def code(self, **changes):
        return self.way_back(**{"principal": "operator", **changes})["code"]

    def token(self, tenant=TENANT, origin=None, **form):
        headers = {"Origin": self.origin if origin is None else origin}
        url = f"{self.base}/{tenant}/oauth2/v2.0/token"
        return requests.post(url, data=form, headers=headers, timeout=60)

    def redeem(self, code, **changes):
        form = {
            "grant_type": "authorization_code",
            "client_id": CENTER,
            "code": code,
            "redirect_uri": self.page,
            "code_verifier": VERIFIER,
        }
        return self.token(**{**form, **changes})

    def refresh(self, token, **changes):
        return self.token(**{"grant_type": "refresh_token", "client_id": CENTER, "refresh_token": token, **changes})


@pytest.fixture
def browser(target):
    return Browser(target.endpoints)


def unverified(token):
    return jwt.decode(token, options={"verify_signature": False})


def test_the_page_offers_each_role_and_leads_back_with_a_code(browser):
    page = browser.authorize()
    assert page.status_code == 200
    assert "script" not in page.text
    links = Links(page.text).found
    assert len(links) == 3
    for link, person in zip(links, (CONTRIBUTOR, OPERATOR, READER), strict=True):
        back = requests.get(urljoin(page.url, link), timeout=60, allow_redirects=False)
        found = dict(parse_qsl(back.headers["Location"].partition("#")[2]))
        assert found["state"] == "state & more"
        claims = unverified(browser.redeem(found["code"]).json()["access_token"])
        assert (claims["oid"], claims["roles"]) == (person.object_id, list(person.roles))


def test_the_tokens_are_those_of_a_person(browser, target):
    tokens = browser.redeem(browser.code()).json()
    keys = requests.get(f"{browser.base}/{TENANT}/discovery/v2.0/keys", timeout=60).json()["keys"]
    for name in ("access_token", "id_token"):
        key = jwt.PyJWK(next(key for key in keys if key["kid"] == jwt.get_unverified_header(tokens[name])["kid"]))
        claims = jwt.decode(tokens[name], key, algorithms=["RS256"], audience=CENTER)
        assert claims["iss"] == f"{target.endpoints['issuer']}/{TENANT}/v2.0"
        assert claims["sub"] != claims["oid"], "one of a person's is not its own subject"
    access, identity = unverified(tokens["access_token"]), unverified(tokens["id_token"])
    assert access["scp"] == "user_impersonation"
    assert "idtyp" not in access
    assert identity["nonce"] == "nonce-1"
    assert "scp" not in identity, "an ID token is no access token"
    assert tokens["token_type"] == "Bearer"
    assert f"{CENTER}/.default" in tokens["scope"].split()
    assert tokens["refresh_token_expires_in"] == REFRESH_SECONDS
    info = tokens["client_info"]
    assert json.loads(base64.urlsafe_b64decode(info + "=" * (-len(info) % 4))) == {
        "uid": OPERATOR.object_id,
        "utid": TENANT,
    }


def test_a_code_counts_once_and_the_second_time_ends_what_came_of_it(browser):
    code = browser.code()
    first = browser.redeem(code).json()
    again = browser.redeem(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert browser.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"code_verifier": CHALLENGE}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:1/center/"}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"client_id": OPERATOR.client_id}, "invalid_client"),
        ({"code": "made up"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
    ids=lambda value: str(value),
)
def test_who_gets_no_token_for_a_code(browser, change, error):
    answer = browser.redeem(**{"code": browser.code(), **change})
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert "access_token" not in answer.json()


def test_a_refresh_token_counts_once_and_leads_to_the_next(browser):
    first = browser.redeem(browser.code()).json()
    second = browser.refresh(first["refresh_token"]).json()
    assert unverified(second["access_token"])["oid"] == OPERATOR.object_id
    assert second["refresh_token"] != first["refresh_token"]
    assert second["refresh_token_expires_in"] <= first["refresh_token_expires_in"]
    assert browser.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert browser.refresh(second["refresh_token"]).status_code == 200


def test_without_offline_access_there_is_no_refresh_token(browser):
    assert "refresh_token" not in browser.redeem(browser.code(scope=f"{CENTER}/.default openid")).json()


@pytest.mark.parametrize(
    "redirect", ["", "http://evil.example/", "{}x", "{}?a=b", "{}#", "http://localhost:1/center/", "HTTP{}", None]
)
def test_nobody_is_sent_where_is_not_registered(browser, redirect):
    uri = redirect and redirect.format(browser.page if redirect[0] == "{" else browser.page[4:])
    answer = browser.authorize(redirect_uri=uri, principal="operator")
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_what_is_not_ours_is_told_on_the_page_as_text(browser):
    answer = browser.authorize(redirect_uri="<script>alert(1)</script>")
    assert "<script>" not in answer.text
    assert browser.authorize(client_id="another").status_code == 400
    assert browser.authorize(tenant="<b>x").status_code == 400
    assert "<b>x" not in browser.authorize(tenant="<b>x").text


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"scope": "openid api://another/.default"}, "invalid_scope"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"scope": f"{CENTER}/.default"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
    ],
    ids=lambda value: str(value),
)
def test_what_is_asked_wrongly_leads_back_with_the_error(browser, change, error):
    found = browser.way_back(**{"principal": "operator", **change})
    assert (found["error"], found["state"]) == (error, "state & more")
    assert "code" not in found


def test_only_the_roles_can_be_chosen(browser):
    for name in ("app", "stranger", "team", "nobody"):
        assert browser.authorize(principal=name).status_code == 200, "the page asks again"


def test_answers_may_be_read_by_the_page_and_by_no_other(browser):
    for origin, may in ((browser.origin, True), ("http://evil.example", False), ("null", False), ("", False)):
        answer = browser.token(origin=origin, grant_type="refresh_token", client_id=CENTER, refresh_token="none")
        assert answer.headers.get("Access-Control-Allow-Origin") == (origin if may else None)
        url = f"{browser.base}/{TENANT}/oauth2/v2.0/token"
        preflight = requests.options(url, headers={"Origin": origin}, timeout=60)
        assert preflight.status_code == 204
        assert ("Access-Control-Allow-Methods" in preflight.headers) is may


def test_signing_out_leads_back_to_the_page_only(browser):
    url = f"{browser.base}/{TENANT}/oauth2/v2.0/logout"
    back = requests.get(url, params={"post_logout_redirect_uri": browser.page}, timeout=60, allow_redirects=False)
    assert (back.status_code, back.headers["Location"]) == (302, browser.page)
    elsewhere = {"post_logout_redirect_uri": "http://evil.example/"}
    assert requests.get(url, params=elsewhere, timeout=60, allow_redirects=False).status_code == 200


def test_over_http_there_is_nothing_but_the_sign_in_and_only_for_names_of_this_machine(browser):
    assert requests.get(f"{browser.base}/_issuer/token?principal=reader&audience=x", timeout=60).status_code == 404
    url = f"{browser.base}/{TENANT}/v2.0/.well-known/openid-configuration"
    assert requests.get(url, timeout=60).status_code == 200
    assert requests.get(url, headers={"Host": "rebound.example"}, timeout=60).status_code == 421


def test_the_metadata_lead_here(browser, target):
    url = f"{target.endpoints['issuer']}/{TENANT}/v2.0/.well-known/openid-configuration"
    found = requests.get(url, verify=target.endpoints["ca_file"], timeout=60).json()
    assert found["code_challenge_methods_supported"] == ["S256"]
    page = requests.get(
        f"{found['authorization_endpoint']}?{urlencode(browser.asked())}",
        verify=target.endpoints["ca_file"],
        timeout=60,
    )
    assert len(Links(page.text).found) == 3
    assert parse_qs(urlsplit(Links(page.text).found[0]).query)["nonce"] == ["nonce-1"]


# ---------------------------------------------------------------- time


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


def test_a_code_and_a_refresh_token_end():
    clock = Clock()
    desk = Desk(redirect_uris=frozenset({"http://127.0.0.1:1/center/"}), clock=clock)
    grant = Grant(
        principal=READER,
        redirect_uri="http://127.0.0.1:1/center/",
        scope=SCOPE,
        nonce="",
        challenge=CHALLENGE,
        family="f",
        ends_at=clock.now + REFRESH_SECONDS,
    )
    code, token = desk.new_code(grant), desk.new_refresh_token(grant)
    clock.now += CODE_SECONDS
    assert desk.take_code(code) is None
    clock.now += REFRESH_SECONDS - CODE_SECONDS - 1
    token = desk.new_refresh_token(desk.take_refresh_token(token))
    clock.now += 1
    assert desk.take_refresh_token(token) is None
    assert desk.origins == {"http://127.0.0.1:1"}
