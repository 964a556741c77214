"""A timer trigger's listener: one at a time across all hosts, past due once, never stopped by a failed run.

The rules are those of the timers extension (TimerListener.cs, ScheduleMonitor.cs) and of the SDK's singleton listener.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo

import aiohttp

from . import payloads
from .invocations import Invocations
from .ncrontab import Schedule, is_oftener_than_each_minute
from .payloads import TimerStatus
from .settings import LockOptions
from .storage import Storage, StorageError
from .worker import Function

logger = logging.getLogger("host.timers")

HOSTS_CONTAINER = "azure-webjobs-hosts"
_UNREACHABLE = (StorageError, aiohttp.ClientError, TimeoutError)


class Lock:
    """A blob lease that one host holds at a time, renewed at half-time."""

    def __init__(self, storage: Storage, path: str, period: timedelta) -> None:
        self._storage = storage
        self._path = path
        self._seconds = int(period.total_seconds())
        self._lease: str | None = None

    async def acquire(self) -> bool:
        try:
            self._lease = await self._acquire()
        except _UNREACHABLE as error:
            logger.warning("The lock %s could not be asked for: %s", self._path, error)
            self._lease = None
        return self._lease is not None

    async def keep(self) -> None:
        """Renew until the lease is lost; then return."""
        kept = asyncio.get_running_loop().time()
        while self._lease and asyncio.get_running_loop().time() - kept < self._seconds:
            await asyncio.sleep(self._seconds / 2)
            try:
                await self._storage.renew_lease(self._path, self._lease)
                kept = asyncio.get_running_loop().time()
            except _UNREACHABLE as error:
                logger.warning("The lock %s could not be renewed: %s", self._path, error)
                if isinstance(error, StorageError) and error.status < 500:
                    return

    async def release(self) -> None:
        lease, self._lease = self._lease, None
        if lease:
            try:
                await self._storage.release_lease(self._path, lease)
            except _UNREACHABLE as error:
                logger.warning("The lock %s could not be released, it ends by itself: %s", self._path, error)

    async def _acquire(self) -> str | None:
        try:
            return await self._storage.acquire_lease(self._path, seconds=self._seconds)
        except StorageError as error:
            if error.status != 404:
                raise
        await self._storage.write_blob(self._path, b"", only_if_new=True)
        return await self._storage.acquire_lease(self._path, seconds=self._seconds)


class TimerListener:
    """One timer function, fired here only while this host holds its lock."""

    def __init__(
        self,
        function: Function,
        schedule: Schedule,
        storage: Storage,
        invocations: Invocations,
        *,
        host_id: str,
        zone: tzinfo,
        locks: LockOptions,
    ) -> None:
        lookup_name = f"Host.Functions.{function.name}"
        self._function = function
        self._schedule = schedule
        self._storage = storage
        self._invocations = invocations
        self._zone = zone
        self._retry_seconds = locks.retry_interval.total_seconds()
        self._lock = Lock(storage, f"{HOSTS_CONTAINER}/locks/{host_id}/{lookup_name}.Listener", locks.period)
        self._status_path = f"{HOSTS_CONTAINER}/timers/{host_id}/{lookup_name}/status"
        self._monitored = not is_oftener_than_each_minute(schedule, datetime.now(UTC))
        self._stopping = asyncio.Event()

    async def listen(self) -> None:
        """Fire until stop(): wait for the lock, keep it, fire meanwhile, and start over when it is lost."""
        while not self._stopping.is_set():
            if await self._lock.acquire():
                logger.info("Timer '%s' is fired by this host", self._function.name)
                await self._fire_while_locked()
                await self._lock.release()
            else:
                await self._stopped_within(self._retry_seconds)

    def stop(self) -> None:
        self._stopping.set()

    async def _fire_while_locked(self) -> None:
        keeping = asyncio.create_task(self._lock.keep())
        firing = asyncio.create_task(self._fire(keeping))
        try:
            await firing
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _fire(self, keeping: asyncio.Task[None]) -> None:
        now = datetime.now(UTC)
        status, past_due = await self._opening(now)
        if past_due:
            status = await self._run(status, datetime.now(UTC), past_due=True, scheduled=False)
        while not await self._stopped_until(status.next, keeping):
            status = await self._run(status, datetime.now(UTC), past_due=False, scheduled=True)

    async def _opening(self, now: datetime) -> tuple[TimerStatus, bool]:
        """The status to start from, and whether a run was missed while no host was there."""
        fresh = TimerStatus(last=None, next=self._schedule.next_after(now), last_updated=now)
        if not self._monitored:
            return fresh, False
        recorded = await self._read_status()
        if recorded is None:
            await self._write_status(fresh)
            return fresh, False
        expected = self._schedule.next_after(recorded.last or recorded.last_updated)
        if recorded.next != expected:  # the schedule was changed: nothing is past due
            recorded = replace(fresh, next=expected if expected > now else fresh.next)
            await self._write_status(recorded)
        return recorded, now > recorded.next

    async def _run(self, status: TimerStatus, now: datetime, *, past_due: bool, scheduled: bool) -> TimerStatus:
        payload = payloads.timer(status if self._monitored else None, past_due=past_due, zone=self._zone)
        await self._invocations.run(self._function, payload, reason=f"Timer fired at {now.isoformat()}")
        # A tick a little early (clock skew) counts as its scheduled time, lest it fire twice.
        fired = max(now, status.next) if scheduled else now
        after = TimerStatus(last=fired, next=self._schedule.next_after(fired), last_updated=fired)
        if self._monitored:
            await self._write_status(after)
        return after

    async def _stopped_until(self, moment: datetime, keeping: asyncio.Task[None]) -> bool:
        """Wait for `moment`; True when stop() or the loss of the lock comes first."""
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            while not (self._stopping.is_set() or keeping.done()):
                left = (moment - datetime.now(UTC)).total_seconds()
                if left <= 0:
                    return False
                # In steps, so that a changed clock is noticed.
                await asyncio.wait({stopping, keeping}, timeout=min(left, 60), return_when=asyncio.FIRST_COMPLETED)
            return True
        finally:
            stopping.cancel()

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _read_status(self) -> TimerStatus | None:
        try:
            content = await self._storage.read_blob(self._status_path)
            return TimerStatus.from_json(json.loads(content)) if content else None
        except (*_UNREACHABLE, ValueError, KeyError) as error:
            logger.warning("The status of timer '%s' cannot be read: %s", self._function.name, error)
            return None

    async def _write_status(self, status: TimerStatus) -> None:
        try:
            await self._storage.write_blob(self._status_path, json.dumps(status.as_json(UTC)).encode())
        except _UNREACHABLE as error:
            logger.warning("The status of timer '%s' cannot be written: %s", self._function.name, error)
