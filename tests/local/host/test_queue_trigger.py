"""Queue functions behind the host, on Azurite: delivery, dequeue counts, poison, renewal, time-outs."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import islice, pairwise

import pytest
import requests

from infra.local.host.invocations import Outcome
from infra.local.host.logs import LogLevels, Rows
from infra.local.host.queues import QueueListener, Wakeups, back_off
from infra.local.host.settings import QueueOptions
from infra.local.host.storage import Storage, new_session, parse_connection_string, poison_queue
from infra.local.host.worker import Function
from tests.local.conftest import until, wait_for

pytestmark = pytest.mark.local_target


def runs_of(target, function):
    lines = [line for path in target.log_dir.glob("invocations-*.jsonl") for line in path.read_text().splitlines()]
    return [run for run in map(json.loads, lines) if run["function"] == function]


def test_a_message_reaches_python_with_its_metadata_and_is_deleted(queue):
    queue("greetings").put(b"hello")
    seen = json.loads(queue("seen").take(lambda body: b"hello" in body))
    assert seen["dequeue_count"] == 1
    hidden = datetime.fromisoformat(seen["hidden_until"]) - datetime.fromisoformat(seen["inserted"])
    assert timedelta(minutes=9, seconds=50) < hidden < timedelta(minutes=11)
    with pytest.raises(AssertionError, match="nothing of the wanted kind"):
        queue("greetings").take(seconds=0.5)


def test_a_failing_message_runs_as_often_as_allowed_then_goes_to_poison(queue, target):
    queue("failing").put(b"bad luck")
    buried = json.loads(queue("seen").take(lambda body: b"bad luck" in body))
    assert buried == {"buried": "bad luck", "dequeue_count": 1}
    runs = runs_of(target, "fail")
    assert [run["dequeue_count"] for run in runs] == [1, 2, 3]
    assert not any(run["ok"] for run in runs)
    starts = [datetime.fromisoformat(run["started_at"]) for run in runs]
    assert all(b - a >= timedelta(seconds=0.95) for a, b in pairwise(starts)), "visibilityTimeout"


def test_what_cannot_be_decoded_goes_to_poison_without_a_run(queue, target):
    before = len(runs_of(target, "linger"))
    queue("slow").put_raw("no base64!")
    assert queue("slow-poison").take_raw() == "no base64!"
    queue("slow").put(b"\xff\xfe")
    assert queue("slow-poison").take() == b"\xff\xfe", "no UTF-8: fails its three tries"
    assert len(runs_of(target, "linger")) == before


def test_a_run_past_the_time_limit_fails_and_the_instance_starts_anew(queue, target):
    queue("slow").put(b"30")
    timed_out = wait_for(lambda: [run for run in runs_of(target, "linger") if run["error"]])
    queue("slow").clear()
    assert "Timeout value of 0:00:03 was exceeded by function: linger" in timed_out[0]["error"]
    assert timed_out[0]["duration_ms"] < 25_000
    wait_for(lambda: answers(target.endpoints["api"]))
    queue("greetings").put(b"after the time-out")
    assert queue("seen").take(lambda body: b"after the time-out" in body)
    assert not target.crashed()


def answers(url):
    try:
        return requests.get(f"{url}/admin/host/ping", timeout=2).ok
    except (requests.ConnectionError, requests.Timeout):
        return False


# ---------------------------------------------------------------- the listener alone, with a short hold

FUNCTION = Function(name="f", id="f", bindings=({"type": "queueTrigger", "name": "message"},))


class Runs:
    """Stands for the invocations: each run takes `seconds` and ends as told."""

    def __init__(self, *, seconds=0.0, ok=True, hangs_for=timedelta(0)):
        self.seconds, self.ok, self.hangs_for = seconds, ok, hangs_for
        self.started, self.most_at_once, self._now = [], 0, 0
        self.rows = Rows(LogLevels.read({}), None)

    async def run(self, function, payload, *, reason, dequeue_count=None):
        self.started.append((payload.value.value, dequeue_count))
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        await asyncio.sleep(self.seconds)
        self._now -= 1
        return Outcome(ok=self.ok, hangs_for=self.hangs_for)


@asynccontextmanager
async def listening(target, queue, runs, *, hold=timedelta(minutes=10), wakeups=None, **options):
    async with new_session() as session:
        storage = Storage(parse_connection_string(target.endpoints["storage_connection_string"]), session)
        queue_options = QueueOptions(**{"max_polling_interval": timedelta(seconds=0.3)} | options)
        listener = QueueListener(FUNCTION, queue, storage, queue_options, runs, wakeups or Wakeups(), hold=hold)
        task = asyncio.create_task(listener.listen())
        yield storage
        listener.stop()
        await task


async def put(storage, queue, *bodies):
    for body in bodies:
        await storage.put_message(queue, base64.b64encode(body).decode())


def new_queue(suffix=""):
    return f"q-{uuid.uuid4().hex[:8]}{suffix}"


def test_a_long_run_keeps_its_message_by_renewing_it(target):
    async def scenario():
        name, runs = new_queue(), Runs(seconds=3.5)
        async with listening(target, name, runs, hold=timedelta(seconds=2)) as storage:
            await put(storage, name, b"long")
            await until(lambda: runs.started)
            await asyncio.sleep(3.2)
            assert await storage.receive(name, count=1, visibility=timedelta(seconds=1)) == ()
        return runs.started

    assert asyncio.run(scenario()) == [("long", 1)]


def test_no_more_run_at_once_than_a_batch_and_the_threshold(target):
    async def scenario():
        name, runs = new_queue(), Runs(seconds=0.1)
        async with listening(target, name, runs, batch_size=4, new_batch_threshold=2) as storage:
            await put(storage, name, *[b"x"] * 16)
            await until(lambda: len(runs.started) == 16)
        return runs

    runs = asyncio.run(scenario())
    assert (len(runs.started), runs.most_at_once <= 6, runs.most_at_once > 1) == (16, True, True)


def test_a_run_whose_worker_was_killed_for_anothers_time_out_holds_its_message_until_its_own(target):
    async def scenario():
        name, runs = new_queue(), Runs(ok=False, hangs_for=timedelta(seconds=30))
        async with listening(target, name, runs) as storage:
            await put(storage, name, b"held")
            await until(lambda: runs.started)
            await asyncio.sleep(1.5)
        return runs.started

    assert asyncio.run(scenario()) == [("held", 1)], "a failed run alone would have come again at once"


def test_whoever_listens_to_the_poison_queue_is_woken_by_what_this_host_sends_there(target):
    async def scenario():
        name, runs, wakeups = new_queue(), Runs(ok=False), Wakeups()
        woken = wakeups.register(f"{name}-poison")
        async with listening(target, name, runs, wakeups=wakeups, max_dequeue_count=1) as storage:
            await put(storage, name, b"x")
            await until(woken.is_set)
            return await storage.receive(f"{name}-poison", count=1, visibility=timedelta(seconds=1))

    assert len(asyncio.run(scenario())) == 1, "it lies there already"


def test_a_queue_that_comes_into_being_later_is_found(target):
    async def scenario():
        name, runs = new_queue(), Runs()
        async with listening(target, name, runs) as storage:
            await asyncio.sleep(0.3)
            await put(storage, name, b"late")
            await until(lambda: runs.started)
        return runs.started

    assert asyncio.run(scenario()) == [("late", 1)]


def test_stopping_waits_for_the_run_and_its_message_is_deleted(target):
    async def scenario():
        name, runs = new_queue(), Runs(seconds=0.5)
        async with listening(target, name, runs, hold=timedelta(seconds=2)) as storage:
            await put(storage, name, b"last")
            await until(lambda: runs.started)
        async with new_session() as session:
            storage = Storage(parse_connection_string(target.endpoints["storage_connection_string"]), session)
            await asyncio.sleep(2.1)
            return await storage.receive(name, count=1, visibility=timedelta(seconds=1))

    assert asyncio.run(scenario()) == ()


def test_a_failed_message_of_a_poison_queue_stays_hidden_and_gets_no_poison_of_its_own(target):
    async def scenario():
        name, runs = new_queue("-poison"), Runs(ok=False)
        async with listening(target, name, runs, max_dequeue_count=1) as storage:
            await put(storage, name, b"x")
            await until(lambda: runs.started)
            await asyncio.sleep(1)
            assert not await storage.queue_exists(f"{name}-poison")
            assert await storage.receive(name, count=1, visibility=timedelta(seconds=1)) == ()
        return runs.started

    assert asyncio.run(scenario()) == [("x", 1)]


def test_poison_queues_have_none_and_names_have_a_limit():
    assert poison_queue("work") == "work-poison"
    assert poison_queue("work-poison") is None
    assert poison_queue("w" * 57) is None


def test_waits_grow_from_100_ms_to_the_longest_interval():
    waits = [wait.total_seconds() for wait in islice(back_off(timedelta(seconds=2)), 9)]
    assert waits[0] == 0.1
    assert all(0.1 + 0.1 * 2**n * 0.8 <= waits[n + 1] <= 0.1 + 0.1 * 2**n * 1.2 for n in range(4))
    assert waits[-2:] == [2.0, 2.0]
