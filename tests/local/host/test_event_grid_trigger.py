"""The Event Grid webhook of the host."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.local_target


@pytest.fixture
def deliver(api, target):
    """`deliver(kind, body)`: what Event Grid sends to the webhook."""

    def send(kind, body, *, function="on_event", key=None):
        path = f"/runtime/webhooks/eventgrid?functionName={function}&code={key or target.endpoints['event_grid_key']}"
        return api("POST", path, data=json.dumps(body), headers={"aeg-event-type": kind})

    return send


def event(name: str, subject: str = "good") -> dict:
    return {"id": name, "subject": subject, "eventType": "t", "data": {"n": 1}, "dataVersion": "1",
            "eventTime": "2026-01-01T00:00:00Z", "topic": "x"}  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        [{"id": "1", "data": {"validationCode": "c-0-d-e"}}],
        {"id": "1", "data": {"validationCode": "c-0-d-e"}},
        {"id": "1", "data": '{"validationCode": "c-0-d-e"}'},
    ],
)
def test_a_subscription_is_validated_in_either_schema(deliver, body):
    answer = deliver("SubscriptionValidation", body)
    assert (answer.status_code, answer.json()) == (200, {"validationResponse": "c-0-d-e"})


def test_each_event_of_a_batch_is_one_run(deliver, queue):
    assert deliver("notification", [event("one"), event("two")]).status_code == 202
    seen = queue("seen")
    ids = {json.loads(seen.take(lambda body: b'"event"' in body))["event"] for _ in range(2)}
    assert ids == {"one", "two"}


def test_one_bad_event_fails_the_batch(deliver):
    answer = deliver("Notification", [event("three"), event("four", "bad")])
    assert (answer.status_code, "a bad event" in answer.text) == (500, True)


def test_an_unsubscription_is_taken(deliver):
    assert deliver("Unsubscribe", {}).status_code == 202


@pytest.mark.parametrize("body", [[], {"data": "no JSON"}, [{"data": {}}]])
def test_a_validation_without_a_code_is_a_bad_request(deliver, body):
    assert deliver("SubscriptionValidation", body).status_code == 400


def test_what_else_is_refused(deliver, target):
    assert deliver("Celebration", []).status_code == 400
    assert deliver("Notification", [event("x")], key="wrong").status_code == 401
    assert deliver("Notification", [event("x")], key=target.endpoints["function_key"]).status_code == 403, "wrong kind"
    assert deliver("Notification", [event("x")], function="On_Event").status_code == 404, "its case counts"
    stranger = deliver("Notification", [event("x")], function="nobody")
    assert (stranger.status_code, stranger.text) == (404, "cannot find function: 'nobody'")
    assert deliver("Notification", [event("x")], function="greet").status_code == 404


def test_malformed_json_is_an_error_of_the_host(api, target):
    path = f"/runtime/webhooks/eventgrid?functionName=on_event&code={target.endpoints['event_grid_key']}"
    assert api("POST", path, data="{", headers={"aeg-event-type": "Notification"}).status_code == 500


def test_a_subscription_with_the_cloud_event_schema_asks_with_options(api, target):
    path = f"/runtime/webhooks/eventgrid?functionName=on_event&code={target.endpoints['event_grid_key']}"
    answer = api("OPTIONS", path, headers={"WebHook-Request-Origin": "eventgrid.azure.net"})
    assert (answer.status_code, answer.headers["WebHook-Allowed-Origin"]) == (200, "eventgrid.azure.net")
