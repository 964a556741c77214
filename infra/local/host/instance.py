"""One instance of the host, put together: load, check, listen, drain."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import socket
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from aiohttp import web

from . import refusals, worker
from .invocations import InvocationLog, Invocations
from .keys import host_keys
from .logs import AppLog, Rows
from .queues import QueueListener, Wakeups
from .refusals import HostPlan
from .settings import AppSettings, HostOptions, host_id, read_host_json
from .storage import Account, Storage, new_session
from .timers import HOSTS_CONTAINER, TimerListener
from .web import FrontDoor

logger = logging.getLogger("host")

# What a platform gives a scaled-in instance is up to an hour; a developer's Ctrl-C should not wait that long.
DRAIN_SECONDS = 60
# After a time-out the other runs' messages are given back before the process starts anew.
_SETTLE_SECONDS = 5


class Instance:
    """`async with Instance.start(...) as instance`, then `await instance.until(stop)`."""

    def __init__(self, plan: HostPlan, options: HostOptions, settings: AppSettings, identifier: str) -> None:
        self._plan = plan
        self._options = options
        self._settings = settings
        self._host_id = identifier
        self._wakeups = Wakeups()
        self._storages: dict[Account, Storage] = {}
        self._listeners: list[QueueListener | TimerListener] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._resources = AsyncExitStack()

    @classmethod
    async def start(cls, app: Path, *, address: str, port: int, log_dir: Path | None) -> Instance:
        """Load `app` and begin. Raises StartupRefused, StorageError, OSError (port taken)."""
        settings = AppSettings()
        options = read_host_json(app, development=_is_development(settings))
        functions = await worker.load(app)
        plan = refusals.plan(functions, options, settings)
        for warning in plan.warnings:
            logger.warning("%s", warning)
        for problem in plan.errors:
            logger.error("%s", problem)
        instance = cls(plan, options, settings, host_id(settings, app))
        await instance._begin(address, port, log_dir)
        return instance

    async def until(self, stop: asyncio.Event) -> str | None:
        """Work until `stop`; returns the reason when the instance must start anew instead. Raises what broke."""
        stopping = asyncio.create_task(stop.wait())
        watched: set[asyncio.Future[Any]] = {stopping, self._calls.worker_lost, *self._tasks}
        await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if self._calls.worker_lost.done():
            return self._calls.worker_lost.result()
        for task in self._tasks:
            if task.done() and not stop.is_set():
                task.result()
                raise RuntimeError(f"the listener {task.get_name()} ended by itself")
        return None

    async def drain(self) -> None:
        """Stop polling and accepting, wait for what runs, give the locks back."""
        for listener in self._listeners:
            listener.stop()
        await self._runner.cleanup()
        seconds = _SETTLE_SECONDS if self._calls.worker_lost.done() else DRAIN_SECONDS
        try:
            await asyncio.wait_for(asyncio.gather(*self._tasks, self._calls.idle()), seconds)
        except TimeoutError:
            logger.warning("Runs were still going after %d s; their messages come back by themselves", seconds)
        await self._resources.aclose()

    async def _begin(self, address: str, port: int, log_dir: Path | None) -> None:
        storage = await self._storage(self._plan.storage)
        await storage.create_container(HOSTS_CONTAINER)
        rows = Rows(self._options.log_levels, log_dir)
        self._calls = Invocations(
            timeout=self._options.function_timeout,
            queue_output=self._put_output,
            log=InvocationLog(log_dir),
            rows=rows,
        )
        app_log = AppLog(rows, self._calls.running_here)
        logging.getLogger().addHandler(app_log)
        self._resources.callback(logging.getLogger().removeHandler, app_log)
        door = FrontDoor(
            self._plan,
            prefix=self._options.route_prefix,
            host_id=self._host_id,
            host_keys=await host_keys(storage, self._host_id),
            calls=self._calls,
            body_limit=self._settings.body_limit,
        )
        await self._listen_to_queues()
        self._listen_to_timers(storage)
        await self._serve(door, address, port)

    async def _listen_to_queues(self) -> None:
        for item in self._plan.queues:
            storage = await self._storage(item.account)
            listener = QueueListener(
                item.function, item.queue, storage, self._options.queues, self._calls, self._wakeups
            )
            self._listen(listener, listener.listen(), item.function.name)

    def _listen_to_timers(self, storage: Storage) -> None:
        for item in self._plan.timers:
            listener = TimerListener(
                item.function,
                item.schedule,
                storage,
                self._calls,
                host_id=self._host_id,
                zone=self._plan.zone,
                locks=self._options.locks,
            )
            self._listen(listener, listener.listen(), item.function.name)

    def _listen(self, listener: QueueListener | TimerListener, listening: Coroutine[Any, Any, None], name: str) -> None:
        self._listeners.append(listener)
        self._tasks.append(asyncio.create_task(listening, name=name))

    async def _serve(self, door: FrontDoor, address: str, port: int) -> None:
        self._runner = web.ServerRunner(web.Server(door.answer, access_log=None))
        await self._runner.setup()
        # Instances share one port: the kernel spreads connections, and one that dies leaves the others answering.
        await web.TCPSite(self._runner, address, port, reuse_port=hasattr(socket, "SO_REUSEPORT"), backlog=256).start()

    async def _storage(self, account: Account) -> Storage:
        if account not in self._storages:
            session = await self._resources.enter_async_context(new_session())
            self._storages[account] = Storage(account, session)
        return self._storages[account]

    async def _put_output(self, binding: Mapping[str, Any], body: bytes) -> None:
        storage = await self._storage(refusals.queue_account(binding, self._settings))
        queue = str(binding["queueName"]).lower()
        text = base64.b64encode(body).decode() if self._options.queues.base64 else body.decode()
        await storage.put_message(queue, text)
        self._wakeups.wake(queue)


def _is_development(settings: AppSettings) -> bool:
    return (settings.get("AZURE_FUNCTIONS_ENVIRONMENT") or os.environ.get("ENVIRONMENT", "")) == "Development"
