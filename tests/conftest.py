"""The local target for tests: Azurite, the disk simulator and the Event Grid topic, each started when first asked for.

Each test process (pytest-xdist's too) has its own, on free ports, and ends it. Every test gets a storage account of its
own in the shared Azurite, and its own resource groups in the shared simulator: nothing needs to be cleaned up.
"""

from __future__ import annotations

import base64
import gc
import itertools
import json
import logging
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from infra.local.parts import free_ports

# The same examples each time: a red run means a change, not luck. HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

ROOT = Path(__file__).resolve().parent.parent
# Whole files go to workers. Some mostly wait, for real processes and for minutes to pass: the others run beside them.
# In both what takes longest stands first, for begun last it would be waited for alone.
WAITING = ("tests/e2e/", "tests/chaos/", "tests/local/", "tests/contract/", "tests/package/", "tests/verify/")
SLOWEST_FIRST = (
    "tests/e2e/test_verify.py",
    "tests/e2e/test_tag_rules.py",
    "tests/e2e/test_every_method.py",
    "tests/e2e/test_commands.py",
    "tests/e2e/test_local_target.py",
    "tests/contract/test_disk_cloud.py",
    "tests/chaos/test_chaos.py",
    "tests/local/host/test_queue_trigger.py",
    "tests/local/test_up.py",
    "tests/e2e/test_front_door.py",
    "tests/package/test_proof.py",
    "tests/e2e/test_no_secrets_in_logs.py",
    "tests/workflows/test_proofs.py",
    "tests/simulation/test_troubles.py",
    "tests/simulation/test_previewed.py",
    "tests/workflows/test_moving.py",
    "tests/workflows/test_interruptions.py",
    "tests/workflows/test_side_by_side.py",
    "tests/api/test_nonsense.py",
    "tests/workflows/test_dispatch.py",
)
# Tests that go together, apart from the rest of their file, for the first of them takes long. It does not go by itself:
# a worker is given its next file before its last test, and that file would wait for it.
_COMMANDS, _WALK = "tests/e2e/test_commands.py", "tests/api/test_schema_walk.py"
APART: tuple[tuple[str, ...], ...] = (
    (f"{_COMMANDS}::test_the_page_on_moving_in", f"{_COMMANDS}::test_a_curl_command"),
    (f"{_COMMANDS}::test_a_recovery_point_is_copied", f"{_COMMANDS}::test_what_azure_has_billed"),
    *((f"{_WALK}::test_a_wide_walk[{part}]", f"{_WALK}::test_a_deep_walk[{part}]") for part in range(6)),
)
# Folders whose files share what takes seconds to start, or to build: one worker.
TOGETHER = ("tests/local/host/", "tests/contract/", "tests/package/")
WAITERS = 6  # workers that do nothing but wait, where there are more: gw0 to gw5
AZURITE = ROOT / "infra" / "local" / "node_modules" / ".bin" / "azurite"
ACCOUNTS = 600  # storage accounts that Azurite is told of: one per test
ACCOUNT_KEY = base64.b64encode(b"a key for tests, open to all " * 2).decode()
APP_PRINCIPAL = "11111111-1111-4111-8111-111111111111"  # who the simulator's seed gives the app's roles to
TOPIC_KEY = "a key for tests"
_STARTING_SECONDS = 90


def pytest_sessionstart(session: pytest.Session) -> None:
    """Nobody asked for a log file: pytest writes one nevertheless, into nothing, and words every line for it."""
    session.config.pluginmanager.getplugin("logging-plugin").log_file_handler.setLevel(logging.CRITICAL + 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole files change places; within each, tests stay in order."""
    places = {ROOT / name: place for place, name in enumerate(SLOWEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Of many workers each reads only what it may be given: to import and list everything costs ten seconds."""
    worker: Mapping[str, Any] | None = getattr(config, "workerinput", None)
    if worker is None or worker["workercount"] <= WAITERS or not collection_path.is_relative_to(ROOT / "tests"):
        return None
    is_waiter = int(worker["workerid"].removeprefix("gw")) < WAITERS
    if collection_path.is_dir():
        waits = f"{collection_path.relative_to(ROOT).as_posix()}/".startswith(WAITING)
        return True if waits and not is_waiter else None
    return True if collection_path.relative_to(ROOT).as_posix().startswith(WAITING) is not is_waiter else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is imported and listed stays until the end: no search for garbage need look at it."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


class ByFile(LoadFileScheduling):  # type: ignore[misc]  # installed without types
    """As `--dist loadfile`, and a worker need not have read all files: it is given those that it knows."""

    def __init__(self, config: pytest.Config, log: object) -> None:
        super().__init__(config, log)
        self.collection: list[str] | None = None
        self._places: dict[WorkerController, dict[str, int]] = {}

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        self.registered_collections[node] = list(collection)
        self._places[node] = {nodeid: place for place, nodeid in enumerate(collection)}

    def _split_scope(self, nodeid: str) -> str:
        apart = next((names for names in APART if nodeid.startswith(names)), None)
        folder = next((each for each in TOGETHER if nodeid.startswith(each)), None)
        return " ".join(apart) if apart else folder or str(super()._split_scope(nodeid))

    def schedule(self) -> None:
        if self.collection is None:
            nodeids = list(dict.fromkeys(nodeid for places in self._places.values() for nodeid in places))
            for nodeid in nodeids:
                self.workqueue.setdefault(self._split_scope(nodeid), {})[nodeid] = False
            self.collection = nodeids
        for node in self.nodes:
            self._reschedule(node)

    def _reschedule(self, node: WorkerController) -> None:
        """The next file comes before the last test of the one before: a worker runs a test once it knows the next."""
        places = self._places.get(node, {})  # of one that replaces a crashed one and reads its files yet: none
        while places and not node.shutting_down and self._pending_of(self.assigned_work[node]) < 2:
            known = (scope for scope, unit in self.workqueue.items() if next(iter(unit)) in places)
            if (scope := next(known, None)) is None:
                node.shutdown()
                return
            unit = self.assigned_work[node][scope] = self.workqueue.pop(scope)
            node.send_runtest_some([places[nodeid] for nodeid, is_done in unit.items() if not is_done])


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    return ByFile(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What was not run is said where nobody overlooks it: the page is not proven by a run without a browser."""
    skipped = [each for each in terminalreporter.stats.get("skipped", []) if each.nodeid.startswith("tests/browser")]
    reason = ""
    if "tests/browser" in (config.getoption("ignore") or ()):
        reason = "The tests of the Backup Center in a browser are apart: `make browser` runs them."
    elif skipped:
        told = str(skipped[0].longrepr[2]) if isinstance(skipped[0].longrepr, tuple) else ""
        reason = f"{len(skipped)} tests of the Backup Center: {told.removeprefix('Skipped: ')}"
    if reason:
        terminalreporter.section("BROWSER TESTS NOT RUN", sep="!", red=True, bold=True)
        terminalreporter.line(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Files of a certificate authority made for this run: what servers show, and what clients trust."""

    certificate: Path
    key: Path
    trusted: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """The simulator: its address, and its control API. The subscription is one that its seed made."""

    endpoint: str
    trusted: Path
    subscription: str = "00000000-0000-4000-8000-000000000001"

    def control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return json_call(method, f"{self.endpoint}/_simulator/{path}", body, self.trusted)

    def token(self, principal: str = APP_PRINCIPAL) -> str:
        """A bearer token of `principal`: the simulator checks shape and expiry, not the signature."""
        return unsigned_token(principal, audience=self.endpoint)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, version: str = "2026-03-02") -> Any:
        """An ARM call past the product, as an operator."""
        operator = "22222222-2222-4222-8222-222222222222"
        headers = {"Authorization": f"Bearer {self.token(operator)}"}
        return json_call(method, f"{self.endpoint}{path}?api-version={version}", body, self.trusted, headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """The Event Grid topic: where events go, what it took, and what it is to refuse."""

    endpoint: str
    trusted: Path
    key: str = TOPIC_KEY

    @property
    def events_url(self) -> str:
        return f"{self.endpoint}/api/events"

    def taken(self) -> list[dict[str, Any]]:
        rows = json_call("GET", f"{self.endpoint}/_topic/events", None, self.trusted)
        return [row["event"] for row in rows]

    def refuse(self, status: int, *, times: int | None = None, retry_after: int | None = None) -> None:
        mode = {"refuse": status, "for": times, "retry_after": retry_after}
        json_call("PUT", f"{self.endpoint}/_topic/mode", mode, self.trusted)

    def accept(self) -> None:
        json_call("PUT", f"{self.endpoint}/_topic/mode", {}, self.trusted)


@pytest.fixture(scope="session")
def azurite_ports() -> Iterator[Mapping[str, int]]:
    """Azurite in memory, with many empty accounts."""
    ports = dict(zip(("blob", "queue", "table"), free_ports(3), strict=True))
    arguments = [f"--{name}Port={port}" for name, port in ports.items()]
    options = ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence"]
    accounts = ";".join(f"test{number}:{ACCOUNT_KEY}" for number in range(ACCOUNTS))
    with running([str(AZURITE), *options, *arguments], {"AZURITE_ACCOUNTS": accounts}) as process:
        for port in ports.values():
            await_port(port, process)
        yield ports


@pytest.fixture(scope="session")
def _account_numbers() -> Iterator[int]:
    return iter(range(ACCOUNTS))


@pytest.fixture
def azurite(azurite_ports: Mapping[str, int], _account_numbers: Iterator[int]) -> str:
    """The connection string of a storage account that no other test uses."""
    account = f"test{next(_account_numbers)}"
    endpoints = [
        f"{name.capitalize()}Endpoint=http://127.0.0.1:{port}/{account};" for name, port in azurite_ports.items()
    ]
    return f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={ACCOUNT_KEY};" + "".join(endpoints)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """A certificate authority that the SDKs in this process trust for as long as the tests run."""
    directory = tmp_path_factory.mktemp("certificates")
    made = trustme.CA()
    server = made.issue_cert("localhost", "127.0.0.1")
    files = Authority(
        certificate=directory / "server.pem", key=directory / "server-key.pem", trusted=directory / "ca.pem"
    )
    for index, blob in enumerate(server.cert_chain_pems):
        blob.write_to_path(str(files.certificate), append=index > 0)
    server.private_key_pem.write_to_path(str(files.key))
    made.cert_pem.write_to_path(str(files.trusted))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REQUESTS_CA_BUNDLE", str(files.trusted))
        yield files


@pytest.fixture(scope="session")
def arm(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arm]:
    """The disk resource provider's simulator with its seed, shared by all tests of this process."""
    (port,) = free_ports(1)
    state = tmp_path_factory.mktemp("arm")
    files = ["--state-dir", str(state), "--cert", str(authority.certificate), "--key", str(authority.key)]
    with running([sys.executable, "-m", "infra.local.arm", *files, "--port", str(port)]) as process:
        await_port(port, process)
        yield Arm(endpoint=f"https://127.0.0.1:{port}", trusted=authority.trusted)


@pytest.fixture(scope="session")
def topic_server(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topic]:
    (port,) = free_ports(1)
    events = tmp_path_factory.mktemp("topic") / "events.jsonl"
    files = ["--cert", str(authority.certificate), "--key", str(authority.key), "--events", str(events)]
    command = [sys.executable, "-m", "infra.local.events.eventgrid", "--port", str(port), *files]
    with running(command, {"EVENTGRID_KEY": TOPIC_KEY}) as process:
        await_port(port, process)
        yield Topic(endpoint=f"https://127.0.0.1:{port}", trusted=authority.trusted)


@pytest.fixture
def topic(topic_server: Topic) -> Iterator[Topic]:
    """The topic, taking everything before and after the test."""
    topic_server.accept()
    yield topic_server
    topic_server.accept()


_group_numbers = itertools.count(1)


@pytest.fixture
def group_name() -> str:
    """A resource group's name that no other test uses."""
    return f"rg-{uuid.uuid4().hex[:8]}-{next(_group_numbers)}"


def unsigned_token(
    principal: str, *, audience: str = "https://management.azure.com/", at: float | None = None, **claims: Any
) -> str:
    """Valid for an hour from `at` or now; `claims` replace those that it would have."""
    now = int(time.time() if at is None else at)
    usual = {"aud": audience, "oid": principal, "sub": principal, "iat": now, "nbf": now, "exp": now + 3600}
    content = usual | claims
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "none"}, content))
    return ".".join([*(part.decode() for part in parts), ""])


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours, from the project's root; ended, and its end awaited, on leaving."""
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(environment or {})})
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _STARTING_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode} before it listened")
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not listen on port {port} after {_STARTING_SECONDS} s")


def json_call(
    method: str,
    url: str,
    body: Mapping[str, Any] | None,
    trusted: Path,
    headers: Mapping[str, str] | None = None,
) -> Any:
    """One HTTPS call with JSON both ways; raises with the answer's text on any refusal."""
    import ssl

    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=content, method=method, headers=dict(headers or {}))
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=str(trusted))) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{method} {url}: {error.code} {error.read().decode()}") from error
    return json.loads(text) if text else None
