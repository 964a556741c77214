"""Tells an Event Grid of what changed: Microsoft.Resources' events of disks, snapshots and resource groups.

An event is in the store with the change that it tells of, and stays there until the listener has taken it, so that a
simulator that is killed loses none. Nothing is kept while nobody listens. Fields are as documented; an event says that
a write or deletion succeeded, and nothing of the resource but its id.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from infra.local.arm.wire import Json, stamp
from infra.local.arm.world import Told, World

TENANT = "00000000-0000-4000-8000-0000000000aa"
PAUSE_SECONDS = 0.2
BATCH = 200
_TIMEOUT = aiohttp.ClientTimeout(total=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Where events go: an URL that takes a JSON array of them, its key, and the authority that signed for it."""

    url: str
    key: str
    authority: Path


def event(told: Told, *, id: str) -> Json:  # noqa: A002 - as the event calls it
    """The event in Event Grid's own schema."""
    subscription = told.resource_id.split("/")[2]
    word = {"write": "Write", "delete": "Delete"}[told.what]
    operation = f"{told.type}/{told.what}"
    return {
        "id": id,
        "topic": f"/subscriptions/{subscription}",
        "subject": told.resource_id,
        "eventType": f"Microsoft.Resources.Resource{word}Success",
        "eventTime": stamp(told.at),
        "dataVersion": "2",
        "metadataVersion": "1",
        "data": {
            "authorization": {"scope": told.resource_id, "action": operation},
            "claims": {"oid": told.principal} if told.principal else {},
            "correlationId": id,
            "httpRequest": {"method": "DELETE" if told.what == "delete" else "PUT"},
            "operationName": operation,
            "resourceProvider": told.type.partition("/")[0],
            "resourceUri": told.resource_id,
            "status": "Succeeded",
            "subscriptionId": subscription,
            "tenantId": TENANT,
        },
    }


class Announcer:
    """Lets time pass in the world, and carries what it has to tell to the listener."""

    def __init__(self, world: World, listener: Listener, *, clock: Callable[[], float]) -> None:
        world.has_listener = True
        self._world = world
        self._listener = listener
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled. A listener that does not answer gets everything later."""
        context = ssl.create_default_context(cafile=str(self._listener.authority))
        connector = aiohttp.TCPConnector(ssl=context)
        async with aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT, trust_env=False) as session:
            while True:
                self._world.settle(self._clock())
                self._world.commit()
                try:
                    while await self._send(session):
                        pass
                except (aiohttp.ClientError, TimeoutError) as error:
                    logging.info("arm.events wait: %r", error)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _send(self, session: aiohttp.ClientSession) -> bool:
        """Whether a batch was taken."""
        waiting = self._world.waiting_events()[:BATCH]
        if not waiting:
            return False
        body = [event(told, id=told.id) for _, told in waiting]
        async with session.post(self._listener.url, json=body, headers={"aeg-sas-key": self._listener.key}) as answer:
            answer.raise_for_status()
        self._world.forget_events([key for key, _ in waiting])
        self._world.commit()
        return True
