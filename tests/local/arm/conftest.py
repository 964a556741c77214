"""A simulator in this process, over real HTTPS, with a clock that tests can move, or as a process; clients for both."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest
import requests
from azure.core.credentials import AccessToken
from azure.mgmt.compute import ComputeManagementClient

from infra.local.arm import seed
from infra.local.arm.gateway import Gateway
from infra.local.arm.seed import APP, FIRST, OPERATOR
from infra.local.arm.server import Server
from infra.local.arm.world import World
from tests.conftest import unsigned_token

ROOT = Path(__file__).resolve().parents[3]
VERSION = "2026-03-02"
QUICK = 0.02


class CertificateFiles(Protocol):
    certificate: Path
    key: Path
    trusted: Path


@dataclass
class Clock:
    """The real time, or where it `stands`, moved by what tests added."""

    added: float = 0.0
    stands: float | None = None

    def __call__(self) -> float:
        return (time.time() if self.stands is None else self.stands) + self.added


@dataclass(frozen=True)
class Token:
    """A credential of one principal, as the SDK wants it."""

    principal: str

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken(unsigned_token(self.principal), int(time.time()) + 3_600)


@dataclass
class Simulator:
    """A running simulator. Paths given to `call` are ARM paths; to `control`, what follows /_simulator/."""

    base_url: str
    trusted: Path
    clock: Clock = field(default_factory=Clock)

    def client(self, principal: str = APP, subscription: str = FIRST) -> ComputeManagementClient:
        return ComputeManagementClient(
            Token(principal),
            subscription,
            base_url=self.base_url,
            connection_verify=str(self.trusted),
            polling_interval=QUICK,
            retry_total=0,
        )

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        principal: str | None = OPERATOR,
        version: str | None = VERSION,
        **headers: str,
    ) -> requests.Response:
        sent = dict(headers)
        if principal is not None:
            # A token issued at the simulator's time: the clock may have been moved past an hour.
            sent["Authorization"] = f"Bearer {unsigned_token(principal, at=self.clock())}"
        separator = "&" if "?" in path else "?"
        url = path if path.startswith("https:") else self.base_url + path
        url += f"{separator}api-version={version}" if version and "api-version=" not in path else ""
        return requests.request(method, url, json=body, headers=sent, verify=str(self.trusted), timeout=60)

    def control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        url = f"{self.base_url}/_simulator/{path}"
        answer = requests.request(method, url, json=body, verify=str(self.trusted), timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def set(self, **settings: Any) -> None:
        self.control("PUT", "settings", settings)

    def fault(self, kind: str, **wish: Any) -> int:
        return int(self.control("POST", "faults", {"kind": kind, **wish})["id"])

    def ledger(self, what: str = "") -> list[dict[str, Any]]:
        return [entry for entry in self.control("GET", "ledger")["entries"] if entry["what"].startswith(what)]

    def wait_for(self, answer: requests.Response) -> dict[str, Any]:
        """The operation of a 202, once it has ended."""
        assert answer.status_code == 202, answer.text
        self.clock.added += 10
        return dict(self.call("GET", answer.headers["Azure-AsyncOperation"]).json())

    def pass_time(self, seconds: float) -> None:
        self.clock.added += seconds

    def stop_time(self) -> None:
        """Only `pass_time` moves the clock from now on: how busy the machine is changes nothing."""
        self.clock.stands = time.time()


@pytest.fixture
def simulator(authority: CertificateFiles, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator with its seed, fifty times as fast as by default."""
    clock = Clock()
    world = World(tmp_path / "arm", seed=1)
    seed.fill(world, now=clock())
    world.set(world.settings.changed({"time_scale": QUICK, "retry_after_on_accept": None}))
    world.commit()
    server = Server(Gateway(world, clock=clock), certificate=authority.certificate, key=authority.key)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    base_url = asyncio.run_coroutine_threadsafe(server.start("127.0.0.1", 0), loop).result(60)
    yield Simulator(base_url, authority.trusted, clock)
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(60)
    loop.close()


Started = tuple[subprocess.Popen[str], Simulator]


@pytest.fixture
def start_process(authority: CertificateFiles, tmp_path: Path) -> Iterator[Callable[..., Started]]:
    """Starts the simulator as a process, on the state that it has, with more options and environment."""
    processes: list[subprocess.Popen[str]] = []

    def begin(*options: str, **environment: str) -> Started:
        tls = ["--cert", str(authority.certificate), "--key", str(authority.key)]
        where = ["--state-dir", str(tmp_path / "arm"), "--port", "0"]
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.arm", *tls, *where, *options],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline().split()
        assert line[:2] == ["arm", "ready"]
        return process, Simulator(line[2], authority.trusted)

    yield begin
    for process in processes:
        process.kill()
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()
