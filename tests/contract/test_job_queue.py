"""The contract of ports.JobQueue, over the fake and over Queue Storage, read back as the Functions host reads it."""

from __future__ import annotations

import base64
import contextlib
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from azure.core.exceptions import ResourceExistsError

from backup_core.adapters.storage_queue import StorageQueue
from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.messages import (
    BACKUP,
    QUEUES,
    REQUESTS,
    RETENTION,
    ExpirePoints,
    Message,
    ObserveBackup,
    Sendable,
    StartBackup,
    decode,
)
from backup_core.ports import JobQueue
from infra.local.parts import free_ports
from tests.builders import NOW, VAULT
from tests.fakes import FakeClock, FakeQueue, poison_queue


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueBench:
    queue: JobQueue
    visible: Callable[[type[Message]], list[Message]]  # what a host would be given now
    wait: Callable[[float], object]  # let so many seconds pass
    poison: Callable[[str], int]  # how many messages of a queue lie in its poison queue, held ones among them


@pytest.fixture(params=["fake", pytest.param("queues", marks=pytest.mark.local_target)])
def bench(request: pytest.FixtureRequest) -> QueueBench:
    return _fake_bench() if request.param == "fake" else _storage_bench(request.getfixturevalue("azurite"))


def _fake_bench() -> QueueBench:
    clock = FakeClock()
    queue = FakeQueue(clock)

    def visible(kind: type[Message]) -> list[Message]:
        return [each.message for each in queue.due() if isinstance(each.message, kind)]

    return QueueBench(
        queue=queue,
        visible=visible,
        wait=lambda seconds: clock.advance(seconds=seconds),
        poison=lambda name: sum(each.queue == poison_queue(name) for each in queue.waiting()),
    )


def _storage_bench(connection_string: str) -> QueueBench:
    from azure.storage.queue import QueueServiceClient

    service = QueueServiceClient.from_connection_string(connection_string)

    def visible(kind: type[Message]) -> list[Message]:
        peeked = itertools.chain.from_iterable(_peeked(service, queue) for queue in QUEUES)
        messages = [decode(base64.b64decode(text), get_args(Sendable)) for text in peeked]
        return [each for each in messages if isinstance(each, kind)]

    def poison(queue: str) -> int:
        counted = service.get_queue_client(poison_queue(queue)).get_queue_properties().approximate_message_count
        return counted or 0

    return QueueBench(
        queue=StorageQueue(connection_string=connection_string), visible=visible, wait=time.sleep, poison=poison
    )


def _peeked(service: Any, queue: str) -> list[str]:
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return [each.content for each in service.get_queue_client(queue).peek_messages(max_messages=32)]
    except ResourceNotFoundError:
        return []


def start(job_id: str = "job-1", **fields) -> StartBackup:
    return StartBackup(vault=VAULT, instance_name="disk-1", job_id=job_id, **fields)


def test_a_message_arrives_as_it_was_sent(bench):
    sent = start(slot=NOW, missed_slots=(NOW - timedelta(hours=4),), missed_count=1, watch_due_at=NOW, revision=3)
    bench.queue.send(sent)
    assert bench.visible(StartBackup) == [sent]


def test_odd_characters_arrive(bench):
    sent = StartBackup(vault=VAULT, instance_name="Übergröße <&> 😀", job_id="job")
    bench.queue.send(sent)
    assert bench.visible(StartBackup) == [sent]


def test_each_kind_arrives_as_what_it_was(bench):
    observe = ObserveBackup(vault=VAULT, instance_name="disk-1", job_id="job-1", operation_url="https://x/y?a=b&c=d")
    expire = ExpirePoints(vault=VAULT, instance_name="disk-1", due_at=NOW)
    bench.queue.send(observe)
    bench.queue.send(expire)
    assert bench.visible(ObserveBackup) == [observe]
    assert bench.visible(ExpirePoints) == [expire]
    assert bench.visible(StartBackup) == []


def test_messages_come_in_order_and_doubles_stay_two(bench):
    for job_id in ("a", "b", "b", "c"):
        bench.queue.send(start(job_id))
    assert [each.job_id for each in bench.visible(StartBackup)] == ["a", "b", "b", "c"]


def test_a_delayed_message_is_not_visible_before_its_time(bench):
    bench.queue.send(start("late"), delay=timedelta(seconds=2))
    bench.queue.send(start("now"))
    assert [each.job_id for each in bench.visible(StartBackup)] == ["now"]
    bench.wait(2.5)
    assert {each.job_id for each in bench.visible(StartBackup)} == {"now", "late"}


def test_many_messages_are_sent_at_once_each_after_its_delay(bench):
    late = timedelta(minutes=10)
    bench.queue.send_all([(start(f"job-{number}"), late if number % 2 else timedelta(0)) for number in range(40)])
    assert {each.job_id for each in bench.visible(StartBackup)} == {f"job-{number}" for number in range(0, 40, 2)}


def test_nothing_to_send_is_fine(bench):
    bench.queue.send_all([])
    assert bench.visible(StartBackup) == []


def test_a_delay_of_a_week_is_the_longest(bench):
    bench.queue.send(start(), delay=timedelta(days=7))
    assert bench.visible(StartBackup) == []
    for wrong in (timedelta(days=7, seconds=1), timedelta(seconds=-1)):
        with pytest.raises(ValueError, match="put off"):
            bench.queue.send(start(), delay=wrong)


@pytest.mark.local_target
def test_a_message_never_expires_and_a_fraction_of_a_second_is_rounded_up(azurite):
    from azure.storage.queue import QueueServiceClient

    StorageQueue(connection_string=azurite).send(start(), delay=timedelta(milliseconds=200))
    client = QueueServiceClient.from_connection_string(azurite).get_queue_client(start().queue)
    assert client.peek_messages() == []
    time.sleep(1.1)
    (message,) = client.peek_messages()
    assert message.expires_on is None or message.expires_on > datetime.now(UTC) + timedelta(days=365 * 50)


def test_a_storage_that_does_not_answer_is_unavailable():
    (port,) = free_ports(1)
    endpoint = f"http://127.0.0.1:{port}/test0"
    queue = StorageQueue(connection_string=f"AccountName=test0;AccountKey=c2VjcmV0;QueueEndpoint={endpoint};")
    with pytest.raises(CloudUnavailable) as refusal:
        queue.send(start())
    assert "c2VjcmV0" not in str(refusal.value)


@pytest.fixture
def poisoned(bench: QueueBench, request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Puts a text into a poison queue, as the host moves it there."""
    if isinstance(bench.queue, FakeQueue):
        fake = bench.queue
        return lambda queue, text: fake.put_text(poison_queue(queue), text)
    from azure.storage.queue import QueueServiceClient

    service = QueueServiceClient.from_connection_string(request.getfixturevalue("azurite"))

    def put(queue: str, text: str) -> None:
        client = service.get_queue_client(poison_queue(queue))
        with contextlib.suppress(ResourceExistsError):
            client.create_queue()
        client.send_message(base64.b64encode(text.encode()).decode())

    return put


def test_poison_messages_are_given_out_once_and_gone_when_they_are_forgotten(
    bench: QueueBench, poisoned: Callable[[str, str], None]
) -> None:
    assert bench.queue.poisoned(RETENTION) == ()
    for text in ("one", "two"):
        poisoned(RETENTION, text)
    found = bench.queue.poisoned(RETENTION)
    assert [(each.queue, each.text) for each in found] == [(RETENTION, b"one"), (RETENTION, b"two")]
    assert bench.queue.poisoned(RETENTION) == ()
    assert bench.queue.poisoned(REQUESTS) == ()
    assert bench.poison(RETENTION) == 2
    for each in found * 2:
        bench.queue.forget(each)
    assert bench.poison(RETENTION) == 0


@pytest.mark.local_target
def test_a_poison_message_that_is_not_base64_is_given_out_as_it_is(azurite: str) -> None:
    from azure.storage.queue import QueueServiceClient

    client = QueueServiceClient.from_connection_string(azurite).get_queue_client(poison_queue(BACKUP))
    with contextlib.suppress(ResourceExistsError):
        client.create_queue()
    client.send_message("no base64!")
    assert [each.text for each in StorageQueue(connection_string=azurite).poisoned(BACKUP)] == [b"no base64!"]


def test_a_mark_is_kept_beside_the_queues_and_the_last_one_counts(bench: QueueBench) -> None:
    bench.queue.send(ExpirePoints(vault=VAULT, instance_name="disk-1", due_at=NOW))
    bench.queue.leave_mark("installation 2026-03-02T09:00:00+00:00")
    bench.queue.leave_mark("installation 2026-03-02T09:01:00+00:00")
    assert bench.queue.read_mark() == "installation 2026-03-02T09:01:00+00:00"
