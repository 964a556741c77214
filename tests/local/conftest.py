"""The local target with the sample app, started once per session, and small clients for it."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.local.up import LocalTarget

SAMPLE_APP = Path(__file__).parent / "host" / "sample_app"
SAMPLE_SETTINGS = {
    "GREETING_QUEUE": "greetings",
    "TICK": "*/2 * * * * *",
    "AzureWebJobs_switched_off_Disabled": "true",
    "AzureWebJobs.unwanted.Disabled": "1",
}


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTarget]:
    """One host with the sample app on Azurite, with identity and Event Grid endpoints, without the ARM simulator."""
    directory = tmp_path_factory.mktemp("local-target")
    with LocalTarget.start(dir=directory, app=SAMPLE_APP, env=SAMPLE_SETTINGS, arm=False) as started:
        yield started


@pytest.fixture
def queue(target: LocalTarget) -> Callable[[str], QueueProbe]:
    return lambda name: QueueProbe(target.endpoints["storage_connection_string"], name)


@pytest.fixture
def api(target: LocalTarget) -> Callable[..., requests.Response]:
    """`api("GET", "/api/...", headers=...)`: a request to the host."""

    def request(method: str, path: str, **options: Any) -> requests.Response:
        return requests.request(method, target.endpoints["api"] + path, timeout=60, **options)

    return request


class QueueProbe:
    """A queue seen through Microsoft's own client."""

    def __init__(self, connection: str, name: str) -> None:
        from azure.core.exceptions import ResourceExistsError
        from azure.storage.queue import QueueClient

        self._client = QueueClient.from_connection_string(connection, name)
        try:
            self._client.create_queue()
        except ResourceExistsError:
            self._client.get_queue_properties()

    def put(self, body: bytes) -> None:
        self.put_raw(base64.b64encode(body).decode())

    def put_raw(self, text: str) -> None:
        self._client.send_message(text)

    def clear(self) -> None:
        self._client.clear_messages()

    def take(self, wanted: Callable[[bytes], bool] = lambda _: True, *, seconds: float = 60) -> bytes:
        """Receive and delete messages until one is `wanted`; its body."""
        return base64.b64decode(self.take_raw(lambda text: wanted(base64.b64decode(text)), seconds=seconds))

    def take_raw(self, wanted: Callable[[str], bool] = lambda _: True, *, seconds: float = 60) -> str:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            message = self._client.receive_message()
            if message is None:
                time.sleep(0.1)
                continue
            self._client.delete_message(message)
            if wanted(message.content):
                return str(message.content)
        raise AssertionError(f"nothing of the wanted kind came to {self._client.queue_name} in {seconds} s")


def wait_for(condition: Callable[[], Any], *, seconds: float = 60) -> Any:
    """The first true value of `condition`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(f"it did not happen in {seconds} s")


async def until(condition: Callable[[], Any], *, seconds: float = 60) -> None:
    """The same beside what runs in this process."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.01)
