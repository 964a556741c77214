"""Timers behind the host, on Azurite: firing, past due, the status blob, one host at a time."""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from infra.local.host.invocations import Outcome
from infra.local.host.ncrontab import parse_schedule
from infra.local.host.settings import LockOptions
from infra.local.host.storage import Storage, new_session, parse_connection_string
from infra.local.host.timers import HOSTS_CONTAINER, TimerListener
from infra.local.host.worker import Function
from tests.local.conftest import until

pytestmark = pytest.mark.local_target

HOURLY = "0 0 * * * *"
EVERY_SECOND = "* * * * * *"


def test_a_timer_fires_again_and_again_without_status_when_oftener_than_each_minute(queue):
    ticks = queue("ticks")
    ticks.clear()
    for _ in range(2):
        tick = json.loads(ticks.take(lambda body: b"status" in body))
        assert tick["past_due"] is False
        assert not tick["status"], "such a timer is not monitored"


# ---------------------------------------------------------------- the listener alone


class Runs:
    """Stands for the invocations and remembers what each run was told."""

    def __init__(self, *, ok=True, seconds=0.0):
        self.ok, self.seconds, self.seen, self.at = ok, seconds, [], []

    async def run(self, function, payload, *, reason, dequeue_count=None):
        self.at.append(datetime.now(UTC))
        self.seen.append(json.loads(payload.value.value))
        await asyncio.sleep(self.seconds)
        return Outcome(ok=self.ok, error=None if self.ok else "boom")


class Timer:
    """One timer's blobs on Azurite, and the listeners for it."""

    def __init__(self, storage, schedule, **trigger):
        self.storage, self.host_id = storage, uuid.uuid4().hex
        binding = {"type": "timerTrigger", "name": "timer", "schedule": schedule, **trigger}
        self._function = Function(name="t", id="t", bindings=(binding,))
        self._schedule = parse_schedule(schedule)
        self._status = f"{HOSTS_CONTAINER}/timers/{self.host_id}/Host.Functions.t/status"

    async def record(self, *, last, next_, updated):
        content = {"Last": last.isoformat(), "Next": next_.isoformat(), "LastUpdated": updated.isoformat()}
        await self.storage.write_blob(self._status, json.dumps(content).encode())

    async def status(self):
        content = await self.storage.read_blob(self._status)
        return {name: datetime.fromisoformat(text) for name, text in json.loads(content or "{}").items()}

    async def next_is(self, moment):
        async with asyncio.timeout(60):
            while (await self.status()).get("Next") != moment:  # noqa: ASYNC110 - a blob tells nobody
                await asyncio.sleep(0.05)

    @asynccontextmanager
    async def fired_by(self, runs):
        locks = LockOptions(period=timedelta(seconds=15), retry_interval=timedelta(seconds=0.1))
        listener = TimerListener(
            self._function, self._schedule, self.storage, runs, host_id=self.host_id, zone=UTC, locks=locks
        )
        task = asyncio.create_task(listener.listen())
        yield task
        listener.stop()
        await task


def play(target, scenario, schedule):
    async def on_azurite():
        async with new_session() as session:
            storage = Storage(parse_connection_string(target.endpoints["storage_connection_string"]), session)
            return await scenario(Timer(storage, schedule))

    return asyncio.run(on_azurite())


def this_hour():
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def test_a_first_start_records_the_next_run_and_runs_nothing(target):
    async def scenario(timer):
        runs = Runs()
        async with timer.fired_by(runs):
            await timer.next_is(this_hour() + timedelta(hours=1))
        return runs.seen

    assert play(target, scenario, HOURLY) == []


def test_missed_runs_are_made_up_by_one_past_due_run(target):
    async def scenario(timer):
        missed = this_hour() - timedelta(hours=5)
        await timer.record(last=missed - timedelta(hours=1), next_=missed, updated=missed - timedelta(hours=1))
        runs = Runs()
        async with timer.fired_by(runs):
            await until(lambda: runs.seen)
        async with timer.fired_by(runs):  # a restart finds nothing missed
            await asyncio.sleep(0.4)
        return runs.seen, await timer.status()

    seen, status = play(target, scenario, HOURLY)
    assert [run["IsPastDue"] for run in seen] == [True]
    assert seen[0]["ScheduleStatus"]["Next"] == (this_hour() - timedelta(hours=5)).isoformat()
    assert seen[0]["Schedule"] == {"AdjustForDST": True}
    assert status["Next"] > datetime.now(UTC)


def test_a_changed_schedule_is_not_past_due(target):
    async def scenario(timer):
        past = this_hour() - timedelta(hours=5)
        await timer.record(last=past, next_=past + timedelta(minutes=7), updated=past)
        runs = Runs()
        async with timer.fired_by(runs):
            await timer.next_is(this_hour() + timedelta(hours=1))
        return runs.seen

    assert play(target, scenario, HOURLY) == []


def test_a_failed_run_does_not_stop_the_schedule_and_ticks_come_on_the_second(target):
    async def scenario(timer):
        runs = Runs(ok=False)
        async with timer.fired_by(runs):
            await asyncio.sleep(5.1)
        return runs.at

    at = play(target, scenario, EVERY_SECOND)
    assert len(at) >= 2
    assert min(moment.microsecond for moment in at) < 500_000, "a busy machine is late, and not always"
    assert len({moment.second for moment in at}) == len(at), "none fires twice"


def test_runs_of_one_timer_never_overlap(target):
    async def scenario(timer):
        runs = Runs(seconds=1.4)
        async with timer.fired_by(runs):
            await until(lambda: len(runs.at) == 3)
        return runs.at

    at = play(target, scenario, EVERY_SECOND)
    assert all(later - earlier >= timedelta(seconds=1.4) for earlier, later in pairwise(at))


def test_a_timer_is_fired_by_one_host_and_taken_over_when_that_host_stops(target):
    async def scenario(timer):
        first, second = Runs(), Runs()
        async with timer.fired_by(first):
            await until(lambda: first.seen)
            async with timer.fired_by(second):
                so_far = len(first.seen)
                await until(lambda: len(first.seen) == so_far + 2)
                alone = len(second.seen)
        async with timer.fired_by(second):
            await until(lambda: second.seen)
        return alone

    assert play(target, scenario, EVERY_SECOND) == 0
