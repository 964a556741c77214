"""The contract of ports.EventSink, over the fake and over an Event Grid topic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from azure.core.credentials import AccessToken, AzureKeyCredential

from backup_core.adapters.event_grid import BATCH_COUNT, EventGridSink, LogSink
from backup_core.domain.errors import BackupError, CloudUnavailable, PermissionMissing, Throttled
from backup_core.ports import Event, EventSink
from tests.builders import NOW, VAULT
from tests.conftest import Topic, unsigned_token
from tests.fakes import FakeSink


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkBench:
    sink: EventSink
    taken: Callable[[], list[str]]  # ids of this test's events as a receiver got them, doubles included


@pytest.fixture(params=["fake", pytest.param("topic", marks=pytest.mark.local_target)])
def bench(request: pytest.FixtureRequest) -> SinkBench:
    if request.param == "fake":
        fake = FakeSink()
        return SinkBench(sink=fake, taken=lambda: [event.id for event in fake.published])
    topic: Topic = request.getfixturevalue("topic")
    before = len(topic.taken())
    return SinkBench(
        sink=EventGridSink(endpoint=topic.events_url, credential=AzureKeyCredential(topic.key)),
        taken=lambda: [event["id"] for event in topic.taken()[before:]],
    )


@pytest.fixture
def sink(topic: Topic) -> EventGridSink:
    return EventGridSink(endpoint=topic.events_url, credential=AzureKeyCredential(topic.key))


def event(number: int = 1, **fields) -> Event:
    values = {
        "id": f"event-{number}",
        "type": "DiskBackup.Job.Completed",
        "source": VAULT.resource_id,
        "subject": "backupInstances/disk-1",
        "at": NOW + timedelta(milliseconds=250),
        "content": {"jobId": "job-1", "slot": None, "missedSlots": 2, "error": {"recommendedActions": ["none"]}},
    }
    return Event(**(values | fields))


def test_events_are_delivered_in_order(bench):
    bench.sink.publish([event(1), event(2)])
    bench.sink.publish([event(3)])
    assert bench.taken() == ["event-1", "event-2", "event-3"]


def test_publishing_again_delivers_the_same_id_again(bench):
    bench.sink.publish([event(1)])
    bench.sink.publish([event(1)])
    assert bench.taken() == ["event-1", "event-1"]


def test_nothing_to_publish_is_fine(bench):
    bench.sink.publish([])
    assert bench.taken() == []


def test_more_events_than_a_batch_takes_are_all_delivered(bench):
    bench.sink.publish([event(number) for number in range(BATCH_COUNT + 5)])
    assert len(set(bench.taken())) == BATCH_COUNT + 5


def test_more_bytes_than_a_batch_takes_are_all_delivered(bench):
    bench.sink.publish([event(number, content={"note": "x" * 300_000}) for number in range(5)])
    assert len(set(bench.taken())) == 5


@pytest.mark.local_target
def test_an_event_is_a_cloud_event(sink, topic):
    sink.publish([event(77)])
    taken = next(each for each in topic.taken() if each["id"] == "event-77")
    assert taken["specversion"] == "1.0"
    assert taken["type"] == "DiskBackup.Job.Completed"
    assert taken["source"] == VAULT.resource_id
    assert taken["subject"] == "backupInstances/disk-1"
    assert taken["time"].startswith("2026-03-02T09:00:00.25")
    assert taken["data"] == dict(event().content)


@pytest.mark.local_target
def test_the_library_has_nothing_to_say_of_a_delivered_event(sink, topic, caplog):
    with caplog.at_level("WARNING"):
        sink.publish([event(79), event(80)])
    assert caplog.messages == []


@pytest.mark.local_target
def test_a_token_is_sent_when_there_is_no_key(topic):
    class Identity:
        scopes: tuple[str, ...] = ()

        def get_token(self, *scopes: str, **_: object) -> AccessToken:
            Identity.scopes = scopes
            return AccessToken(unsigned_token("app", audience="https://eventgrid.azure.net"), 4_000_000_000)

    EventGridSink(endpoint=topic.events_url, credential=Identity()).publish([event(78)])
    assert "event-78" in [each["id"] for each in topic.taken()]
    assert Identity.scopes == ("https://eventgrid.azure.net/.default",)


@pytest.mark.local_target
@pytest.mark.parametrize(
    ("status", "expected"),
    [(503, CloudUnavailable), (500, CloudUnavailable), (429, Throttled), (401, BackupError), (403, PermissionMissing)],
)
def test_a_topic_that_does_not_take_events_now_is_told_again(sink, topic, status, expected):
    topic.refuse(status, times=1)
    with pytest.raises(expected):
        sink.publish([event(status)])
    sink.publish([event(status)])
    assert [each["id"] for each in topic.taken()].count(f"event-{status}") == 1


@pytest.mark.local_target
def test_a_throttling_topic_says_when(sink, topic):
    topic.refuse(429, times=1, retry_after=7)
    with pytest.raises(Throttled) as refusal:
        sink.publish([event()])
    assert refusal.value.retry_after_seconds == 7


@pytest.mark.local_target
def test_an_event_that_the_topic_will_never_take_is_answered(sink, topic):
    topic.refuse(400, times=1)
    (refusal,) = sink.publish([event(400)])
    assert refusal.event == event(400)
    assert refusal.code
    assert "event-400" not in [each["id"] for each in topic.taken()]


@pytest.mark.local_target
def test_one_hopeless_event_does_not_take_the_good_ones_with_it(sink, topic):
    huge = event(1_001, content={"note": "x" * 1_100_000})
    topic.refuse(400, times=1)  # the first batch as a whole
    refused = sink.publish([event(1_000), event(1_002), huge])
    taken = [each["id"] for each in topic.taken()]
    assert "event-1000" in taken
    assert "event-1002" in taken
    assert "event-1001" not in taken
    assert [refusal.event.id for refusal in refused] == ["event-1001"]


@pytest.mark.local_target
def test_a_wrong_key_is_told_without_showing_it(topic):
    sink = EventGridSink(endpoint=topic.events_url, credential=AzureKeyCredential("wrong-key"))
    with pytest.raises(BackupError) as refusal:
        sink.publish([event()])
    assert refusal.value.transient
    assert "wrong-key" not in str(refusal.value)


def test_without_a_topic_events_are_logged(caplog):
    caplog.set_level("INFO")
    LogSink().publish([event(5)])
    assert "event.unsent" in caplog.text
    assert "event-5" in caplog.text
