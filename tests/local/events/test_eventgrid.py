"""The Event Grid topic, through Microsoft's publisher client and by hand."""

from __future__ import annotations

import time
import uuid

import jwt
import pytest
import requests

from infra.local.events.eventgrid import AUDIENCE, Mode

pytestmark = pytest.mark.local_target

BATCH = "application/cloudevents-batch+json; charset=utf-8"


@pytest.fixture
def topic(target):
    return Topic(target.endpoints)


class Topic:
    def __init__(self, endpoints):
        self.url, self.key = endpoints["eventgrid"], endpoints["eventgrid_key"]
        self._session = requests.Session()
        self._session.trust_env = False  # other tests of this process may trust another authority
        self._session.trust_env = False  # a CA of this machine's environment would win over ours
        self._session.verify = endpoints["ca_file"]
        self.set_mode()

    def post(self, content, *, headers=None, content_type=BATCH):
        given = {"aeg-sas-key": self.key} if headers is None else headers
        return self._session.post(
            f"{self.url}/api/events", json=content, headers={**given, "Content-Type": content_type}, timeout=60
        )

    def events(self, kind):
        return [r["event"] for r in self._session.get(f"{self.url}/_topic/events?type={kind}", timeout=60).json()]

    def set_mode(self, **mode):
        return self._session.put(f"{self.url}/_topic/mode", json=mode, timeout=60)


def event(kind="t", **changes):
    return {"id": "1", "source": "/s", "type": kind, "specversion": "1.0", "data": {"n": 1}} | changes


def bearer(audience=AUDIENCE, *, issued=None):
    expires = int(time.time() if issued is None else issued) + 3600
    token = jwt.encode({"aud": audience, "exp": expires}, "the topic reads tokens, it does not check signatures")
    return {"Authorization": f"Bearer {token}"}


def test_the_publisher_client_with_a_managed_identity_is_taken_unchanged(target, topic, monkeypatch):
    from azure.core.messaging import CloudEvent
    from azure.eventgrid import EventGridPublisherClient
    from azure.identity import ManagedIdentityCredential

    monkeypatch.setenv("IDENTITY_ENDPOINT", target.endpoints["identity"])
    monkeypatch.setenv("IDENTITY_HEADER", target.endpoints["app_identity_header"])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", target.endpoints["ca_file"])
    kind = f"client.{uuid.uuid4()}"
    client = EventGridPublisherClient(f"{topic.url}/api/events", ManagedIdentityCredential())
    client.send([CloudEvent(source="/s", type=kind, data={"n": n}, subject="disk") for n in (1, 2)])
    assert [(e["data"]["n"], e["subject"]) for e in topic.events(kind)] == [(1, "disk"), (2, "disk")]


@pytest.mark.parametrize(
    "headers",
    [{}, {"aeg-sas-key": "wrong"}, {"Authorization": "Bearer rubbish"}, bearer("https://management.azure.com"),
     bearer(issued=0)],
    ids=["nothing", "wrong key", "no token", "other audience", "expired"],
)  # fmt: skip
def test_who_is_not_let_in(topic, headers):
    answer = topic.post([event("stranger")], headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "Unauthorized")
    assert topic.events("stranger") == []


@pytest.mark.parametrize(
    "content",
    [[event("bad", id="")], [event("bad", specversion="0.3")], [{"type": "bad"}], ["bad"], event("bad")],
)
def test_what_is_no_array_of_events_is_a_bad_request_and_nothing_is_kept(topic, content):
    assert topic.post(content).status_code == 400
    assert topic.events("bad") == []


def test_one_event_is_taken_in_its_own_content_type(topic):
    assert topic.post(event("single"), content_type="application/cloudevents+json").status_code == 200
    assert len(topic.events("single")) == 1
    assert topic.post([event("plain")], content_type="application/json").status_code == 415


def test_more_than_a_megabyte_is_too_much(topic):
    answer = topic.post([event("big", data="x" * 1024 * 1024)])
    assert (answer.status_code, topic.events("big")) == (413, [])


@pytest.mark.parametrize("mode", [{"refuse": 200}, {"refuse": "never"}, {"sulk": True}, {"for": []}])
def test_a_senseless_mode_is_refused(topic, mode):
    assert topic.set_mode(**mode).status_code == 400


def test_a_mode_counts_down_and_ends():
    mode = Mode(refuse=503, remaining=2)
    assert mode.after_one() == Mode(refuse=503, remaining=1)
    assert mode.after_one().after_one() == Mode()
    assert Mode(refuse=503).after_one() == Mode(refuse=503)
