"""Starts the whole local target, says where everything listens, watches it, and ends it.

A library for tests and the demo (`with LocalTarget.start(...) as target`), a command for people (`__main__.py`).
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
import shutil
import signal
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .host.keys import HostKeys, host_keys
from .host.storage import Storage, new_session, parse_connection_string
from .identity.certificates import Certificates, certificates
from .identity.managed_identity import PATH as IDENTITY_PATH
from .identity.tokens import API, APP, CENTER, CONTRIBUTOR, PRINCIPALS, SECRETS, TENANT, KeyFiles
from .parts import Part, PartFailed, Recipe, fingerprint, free_ports
from .storage import StoragePorts, azurite_command, connection_string, make_queues

PROJECT = Path(__file__).resolve().parents[2]
SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
SUBSCRIPTIONS = (SUBSCRIPTION, "00000000-0000-4000-8000-000000000002")
HOST_ID = "local"
BODY_LIMIT = 2 * 1024 * 1024
# What the Functions host and its worker are told, as infra/azure tells them.
HOST_SETTINGS = {
    "AzureWebJobsDisableHomepage": "true",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": str(BODY_LIMIT),
    "PYTHON_THREADPOOL_THREAD_COUNT": "32",
}
# What the app is told of: these events of these operations, as infra/azure subscribes it.
RESOURCE_FUNCTION = "resource_changed"
RESOURCE_EVENTS = ("Microsoft.Resources.ResourceWriteSuccess", "Microsoft.Resources.ResourceDeleteSuccess")
RESOURCE_OPERATIONS = (
    "Microsoft.Compute/disks/write",
    "Microsoft.Compute/disks/delete",
    "Microsoft.Compute/snapshots/delete",
    "Microsoft.Resources/tags/write",
    "Microsoft.Resources/subscriptions/resourceGroups/delete",
)
READY_SECONDS = 90.0
# A host drains; what still runs after this long is killed, and its messages come back by themselves.
END_SECONDS = 15.0


class AlreadyRunning(Exception):
    """Another local target runs in the same directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to start; `environment` goes to the hosts and wins over what we give them."""

    directory: Path
    instances: int = 1
    app: Path = PROJECT
    environment: Mapping[str, str] | None = None
    api_port: int | None = None
    with_arm: bool = True
    azurite_arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """The ports and secrets of one run."""

    storage: StoragePorts
    identity: int
    eventgrid: int
    arm: int
    api: int
    issuer: int
    browsers: int
    front_door: int
    secrets: Mapping[str, str]  # of each principal, by its name
    eventgrid_key: str

    @property
    def issuer_url(self) -> str:
        return f"https://127.0.0.1:{self.issuer}"

    @property
    def browsers_url(self) -> str:
        return f"http://127.0.0.1:{self.browsers}"

    @property
    def center_urls(self) -> tuple[str, ...]:
        """The Backup Center by each name of this machine: browsers take these for safe without TLS."""
        return tuple(f"http://{name}:{self.api}/center/" for name in ("127.0.0.1", "localhost"))

    @property
    def eventgrid_url(self) -> str:
        return f"https://127.0.0.1:{self.eventgrid}"

    @property
    def front_door_url(self) -> str:
        return f"https://127.0.0.1:{self.front_door}"


class LocalTarget:
    """Everything that runs, with `endpoints` (what endpoints.json holds). Leave it by `with`, or by stop()."""

    def __init__(self, options: Options, layout: _Layout, lock: IO[str]) -> None:
        self._options = options
        self._layout = layout
        self._lock = lock
        self._certificates: Certificates = certificates(options.directory / "certificates")
        self._connection_string = connection_string(layout.storage)
        self._services: list[Part] = []
        self._hosts: dict[int, Part] = {}
        self.endpoints: dict[str, Any] = {}

    @classmethod
    def start(
        cls,
        *,
        dir: Path,  # noqa: A002 - as the command line calls it
        instances: int = 1,
        app: Path = PROJECT,
        env: Mapping[str, str] | None = None,
        api_port: int | None = None,
        arm: bool = True,
        azurite_args: Sequence[str] = (),
    ) -> LocalTarget:
        """Start all parts and wait until they are ready. Raises AlreadyRunning, PartFailed, FileNotFoundError."""
        options = Options(
            directory=dir.resolve(),
            instances=instances,
            app=app.resolve(),
            environment=env,
            api_port=api_port,
            with_arm=arm,
            azurite_arguments=tuple(azurite_args),
        )
        (options.directory / "logs").mkdir(parents=True, exist_ok=True)
        options.directory.chmod(0o700)  # keys and secrets are in the state of several parts
        target = cls(options, _new_layout(options), _locked(options.directory))
        try:
            target._begin()
        except BaseException:
            target.stop()
            raise
        return target

    def __enter__(self) -> LocalTarget:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def log_dir(self) -> Path:
        return self._options.directory / "logs"

    @property
    def hosts(self) -> Mapping[int, Part]:
        """The host instances that were started, by index; those that ended too."""
        return self._hosts

    def kill_host(self, index: int, number: signal.Signals = signal.SIGKILL) -> None:
        """Signal a host instance and, if it is SIGKILL or SIGTERM, wait until it is gone."""
        self._hosts[index].send(number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            self._hosts[index].wait_ended(END_SECONDS)
            self._publish()

    def start_host(self) -> int:
        """Start one more host instance; returns its index when it is ready. Raises PartFailed."""
        index = self._launch_host()
        self._hosts[index].wait_ready(until=time.monotonic() + READY_SECONDS)
        self._publish()
        return index

    def crashed(self) -> list[Part]:
        """Parts that ended though nobody asked them to, each reported once."""
        ended = [p for p in self._all() if p.exit_code is not None and not p.expected_to_end]
        for part in ended:
            part.expected_to_end = True
        return ended

    def is_host(self, part: Part) -> bool:
        return part in self._hosts.values()

    def stop(self) -> None:
        """End every part: hosts first, Azurite last. Twice is fine."""
        _end(list(self._hosts.values()))
        for part in reversed(self._services):
            _end([part])
        for name in ("endpoints.json", "parts.json"):
            (self._options.directory / name).unlink(missing_ok=True)
        self._lock.close()

    def _all(self) -> list[Part]:
        return [*self._services, *self._hosts.values()]

    def _begin(self) -> None:
        until = time.monotonic() + READY_SECONDS
        KeyFiles(self._options.directory / "signing-keys").ensure()
        self._services = []
        for recipe in self._service_recipes():
            self._services.append(Part(recipe))
            self._record()
        for part in self._services:
            part.wait_ready(until=until)
        make_queues(self._connection_string)
        keys = _in_own_thread(lambda: _read_keys(self._connection_string))
        for _ in range(self._options.instances):
            self._launch_host()
        for part in self._hosts.values():
            part.wait_ready(until=until)
        self.endpoints = self._described(keys)
        if self._options.with_arm:
            _subscribe_to_resources(self.endpoints)
        self._publish()

    def _launch_host(self) -> int:
        index = len(self._hosts)
        self._hosts[index] = Part(self._host_recipe(index))
        self._record()
        return index

    def _service_recipes(self) -> list[Recipe]:
        ports, files = self._layout, self._certificates
        state = self._options.directory
        tls = ["--cert", str(files.certificate), "--key", str(files.key)]
        signing = ["--keys", str(state / "signing-keys")]
        identity_arguments = ["--port", str(ports.identity), "--authority", ports.issuer_url, *signing]
        clients = {SECRETS: json.dumps(ports.secrets)}
        azurite = [*azurite_command(state / "azurite", ports.storage), *self._options.azurite_arguments]
        trusted = ["--ca", str(files.authority)]
        eventgrid_arguments = ["--port", str(ports.eventgrid), *tls, *trusted, "--events", str(state / "events.jsonl")]
        eventgrid_key = {"EVENTGRID_KEY": ports.eventgrid_key}
        recipes = [
            self._recipe("azurite", azurite, ports=ports.storage.all),
            self._module("identity.issuer", [*self._issuer_arguments(), *tls, *signing], clients),
            self._module("identity.managed_identity", identity_arguments, clients),
            self._module("front_door", [*self._front_door_arguments(), *tls], {}),
            self._module(
                "events.eventgrid",
                eventgrid_arguments,
                {**eventgrid_key, "EVENTGRID_STORAGE": self._connection_string},
            ),
        ]
        if self._options.with_arm:
            arguments = ["--state-dir", str(state / "arm"), *tls, "--port", str(ports.arm)]
            telling = ["--events-url", f"{ports.eventgrid_url}/resources", "--events-ca", str(files.authority)]
            recipes.append(self._module("arm", [*arguments, *telling], eventgrid_key))
        return recipes

    def _issuer_arguments(self) -> list[str]:
        ports = self._layout
        back = [argument for url in ports.center_urls for argument in ("--redirect-uri", url)]
        return ["--port", str(ports.issuer), "--browser-port", str(ports.browsers), *back]

    def _front_door_arguments(self) -> list[str]:
        ports = self._layout
        arm = ["--arm", f"https://127.0.0.1:{ports.arm}"] if self._options.with_arm else []
        backends = ["--app", f"http://127.0.0.1:{ports.api}", *arm, "--issuer", ports.issuer_url]
        return ["--port", str(ports.front_door), "--ca", str(self._certificates.authority), *backends]

    def _host_recipe(self, index: int) -> Recipe:
        arguments = ["--app", str(self._options.app), "--port", str(self._layout.api), "--log-dir", str(self.log_dir)]
        return self._module("host", arguments, self._app_environment(), name=f"host-{index}")

    def _app_environment(self) -> dict[str, str]:
        ports, authority = self._layout, str(self._certificates.authority)
        return {
            "AzureWebJobsStorage": self._connection_string,
            "AzureFunctionsWebHost__hostid": HOST_ID,
            **HOST_SETTINGS,
            "DISKBACKUP_ARM_ENDPOINT": f"https://127.0.0.1:{ports.arm}",
            "DISKBACKUP_EVENTGRID_ENDPOINT": f"{ports.eventgrid_url}/api/events",
            "DISKBACKUP_SIGN_IN": "entra",
            "DISKBACKUP_ENTRA_TENANT_ID": TENANT,
            "DISKBACKUP_ENTRA_AUDIENCE": ",".join(_audiences(ports.front_door_url)),
            "DISKBACKUP_ENTRA_AUTHORITY": ports.issuer_url,
            "DISKBACKUP_CENTER_SIGN_IN_URL": ports.browsers_url,
            "IDENTITY_ENDPOINT": f"http://127.0.0.1:{ports.identity}{IDENTITY_PATH}",
            "IDENTITY_HEADER": ports.secrets[APP.name],
            "REQUESTS_CA_BUNDLE": authority,
            "SSL_CERT_FILE": authority,
            **(self._options.environment or {}),
        }

    def _module(
        self, module: str, arguments: Sequence[str], environment: Mapping[str, str], *, name: str | None = None
    ) -> Recipe:
        command = [sys.executable, "-m", f"infra.local.{module}", *arguments]
        part = module.rpartition(".")[2]
        return self._recipe(name or part, command, environment, ready_text=f"{part} ready ")

    def _recipe(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        *,
        ready_text: str | None = None,
        ports: tuple[int, ...] = (),
    ) -> Recipe:
        return Recipe(
            name=name,
            command=command,
            environment={**os.environ, **(environment or {})},
            log=self.log_dir / f"{name}.log",
            directory=PROJECT,
            ready_text=ready_text,
            ready_ports=ports,
        )

    def _described(self, keys: HostKeys) -> dict[str, Any]:
        ports = self._layout
        return {
            "center": ports.center_urls[0],
            "api": f"http://127.0.0.1:{ports.api}",
            "arm": f"https://127.0.0.1:{ports.arm}" if self._options.with_arm else None,
            "front_door": ports.front_door_url,
            "issuer": ports.issuer_url,
            "sign_in": ports.browsers_url,
            "tenant_id": TENANT,
            "audience": API,
            "identity": f"http://127.0.0.1:{ports.identity}{IDENTITY_PATH}",
            "identity_header": ports.secrets[CONTRIBUTOR.name],
            **{f"{name}_identity_header": secret for name, secret in ports.secrets.items()},
            "eventgrid": ports.eventgrid_url,
            "eventgrid_key": ports.eventgrid_key,
            "storage_connection_string": self._connection_string,
            "ca_file": str(self._certificates.authority),
            "subscription_id": SUBSCRIPTION,
            "subscription_ids": list(SUBSCRIPTIONS),
            "function_key": keys.function,
            "master_key": keys.master,
            "event_grid_key": keys.event_grid,
            "log_dir": str(self.log_dir),
        }

    def _publish(self) -> None:
        self.endpoints["processes"] = {part.name: part.pid for part in self._all() if part.exit_code is None}
        _write_json(self._options.directory / "endpoints.json", self.endpoints)
        self._record()

    def _record(self) -> None:
        """For `down`: every process with what tells it from a later one of the same id."""
        own = {"up": {"pid": os.getpid(), "fingerprint": fingerprint(os.getpid())}}
        parts = {p.name: {"pid": p.pid, "fingerprint": fingerprint(p.pid)} for p in self._all()}
        _write_json(self._options.directory / "parts.json", own | parts)


def _subscribe_to_resources(endpoints: Mapping[str, Any]) -> None:
    """Have the app told of the simulator's disks and snapshots, as a subscription in Azure would. An app without a
    function for that is told nothing. Raises PartFailed."""
    with _json_client(endpoints["ca_file"]) as ask:
        functions = ask("GET", f"{endpoints['api']}/admin/functions?code={endpoints['master_key']}")
        if RESOURCE_FUNCTION not in {function["name"] for function in functions}:
            return
        webhook = f"{endpoints['api']}/runtime/webhooks/eventgrid?functionName={RESOURCE_FUNCTION}"
        subscription = {
            "endpoint": f"{webhook}&code={endpoints['event_grid_key']}",
            "source": "resources",
            "types": list(RESOURCE_EVENTS),
            "operations": list(RESOURCE_OPERATIONS),
        }
        ask("PUT", f"{endpoints['eventgrid']}/_topic/subscriptions/resources", subscription)


@contextmanager
def _json_client(authority: str) -> Iterator[Callable[..., Any]]:
    """Calls of this machine's own parts. What refuses or does not answer raises PartFailed."""
    context = ssl.create_default_context(cafile=authority)

    def ask(method: str, url: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, content, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:
            return json.loads(answer.read() or b"null")

    try:
        yield ask
    except urllib.error.HTTPError as error:
        told = error.read().decode(errors="replace")[:500]
        raise PartFailed(f"subscribing the app to the simulator's events failed: {error.code} {told}") from error
    except OSError as error:
        raise PartFailed(f"subscribing the app to the simulator's events failed: {error!r}") from error


def down(directory: Path, *, say: Callable[[str], None] = print) -> None:
    """End what a previous run in `directory` left: its supervisor if it still lives, else each part that is ours."""
    try:
        recorded = json.loads((directory / "parts.json").read_text())
    except FileNotFoundError:
        say("nothing is running")
        return
    supervisor = recorded.pop("up")
    if _is_ours(supervisor):
        say(f"ending the local target (pid {supervisor['pid']})")
        os.kill(supervisor["pid"], signal.SIGTERM)
        _wait_gone([supervisor], END_SECONDS * 3)
    left = {name: part for name, part in recorded.items() if _is_ours(part)}
    for name, part in left.items():
        say(f"ending {name} (pid {part['pid']})")
        with suppress(ProcessLookupError):
            os.killpg(part["pid"], signal.SIGTERM)
    _wait_gone(list(left.values()), END_SECONDS)
    for part in left.values():
        if _is_ours(part):
            with suppress(ProcessLookupError):
                os.killpg(part["pid"], signal.SIGKILL)
    for name in ("endpoints.json", "parts.json"):
        (directory / name).unlink(missing_ok=True)


def _is_ours(part: Mapping[str, Any]) -> bool:
    """Whether it is the process that was recorded: same start, same command (a host that began anew: same start)."""
    now, then = fingerprint(part["pid"]), part["fingerprint"]
    if now is None or not then:
        return False
    return now == then or (now.split(" ")[0] == then.split(" ")[0] and "infra.local" in now)


def _wait_gone(parts: Sequence[Mapping[str, Any]], seconds: float) -> None:
    until = time.monotonic() + seconds
    while any(map(_is_ours, parts)) and time.monotonic() < until:
        time.sleep(0.1)


def _end(parts: Sequence[Part]) -> None:
    for part in parts:
        part.send(signal.SIGTERM)
    until = time.monotonic() + END_SECONDS
    for part in parts:
        part.wait_ended(max(0.0, until - time.monotonic()))


def _locked(directory: Path) -> IO[str]:
    """The open lock file; the lock ends with this process, however it ends. Raises AlreadyRunning."""
    lock = (directory / "up.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise AlreadyRunning(
            f"a local target runs in {directory} already: `python -m infra.local down` ends it"
        ) from error
    return lock


def _new_layout(options: Options) -> _Layout:
    blob, queue, table, identity, eventgrid, arm, api, issuer, browsers, front_door = free_ports(10)
    return _Layout(
        storage=StoragePorts(blob=blob, queue=queue, table=table),
        identity=identity,
        eventgrid=eventgrid,
        arm=arm,
        api=options.api_port or api,
        issuer=issuer,
        browsers=browsers,
        front_door=front_door,
        secrets={principal.name: secrets.token_hex(16) for principal in PRINCIPALS},
        eventgrid_key=secrets.token_urlsafe(32),
    )


def _audiences(front_door: str) -> list[str]:
    """What tokens for the app may name: the endpoint that clients are given, ARM's own names, the API's own."""
    return [url for base in (front_door, "https://management.azure.com") for url in (base, f"{base}/")] + [API, CENTER]


async def _read_keys(connection: str) -> HostKeys:
    async with new_session() as session:
        return await host_keys(Storage(parse_connection_string(connection), session), HOST_ID)


def _in_own_thread(work: Callable[[], Any]) -> Any:
    """Run a coroutine to its end, also where the caller's thread has an event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write at once or not at all: readers never see half a file."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(json.dumps(content, indent=2) + "\n")
    new.replace(path)


def clear(directory: Path) -> None:
    """Forget all state of a target: storage, disks, events, logs. Raises AlreadyRunning while one runs there."""
    if directory.is_dir():
        _locked(directory).close()
    shutil.rmtree(directory, ignore_errors=True)


__all__ = ["AlreadyRunning", "LocalTarget", "PartFailed", "clear", "down"]
