"""host.json, local.settings.json and app settings, read and checked as the real host reads them.

Leaves to others: what a function's bindings may hold (refusals.py).
"""

from __future__ import annotations

import json
import os
import re
import socket
import zlib
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from .logs import LogLevels

# The longest run when host.json is silent: the default of Flex Consumption, Premium and Dedicated plans (documented).
DEFAULT_FUNCTION_TIMEOUT = timedelta(minutes=30)
DEFAULT_BODY_LIMIT = 100 * 1024 * 1024
# With either variable the worker believes that it runs in Azure.
AZURE_MARKS = ("CONTAINER_NAME", "WEBSITE_INSTANCE_ID")

_TIME_SPAN = re.compile(r"^(?:(?P<d>\d+)\.)?(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2}(?:\.\d{1,7})?))?$")
# A comment, or a string in which what looks like one is none.
_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_SETTING_REFERENCE = re.compile(r"%([^%]*)%")


class StartupRefused(Exception):
    """The app cannot be started; `problems` says why, one line each."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Unresolved(Exception):
    """A `%NAME%` that no setting answers, or a `%` that is not closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOptions:
    """`extensions.queues` of host.json, with the documented defaults."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout: timedelta = timedelta(0)
    max_polling_interval: timedelta = timedelta(minutes=1)
    base64: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOptions:
    """`singleton` of host.json: how long a timer's lock is held, and how often a host without it asks for it again.

    Together they say how soon another host takes over from one that died: 30 s to 2 minutes by default.
    """

    period: timedelta = timedelta(minutes=1)
    retry_interval: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOptions:
    """What this host honours of host.json; `warnings` names what it does not."""

    route_prefix: str = "api"
    queues: QueueOptions = QueueOptions()
    locks: LockOptions = LockOptions()
    function_timeout: timedelta | None = DEFAULT_FUNCTION_TIMEOUT
    allow_list: frozenset[str] | None = None
    has_bundle: bool = False
    log_levels: LogLevels = field(default_factory=lambda: LogLevels({}))
    warnings: tuple[str, ...] = field(default=())


def read_host_json(app: Path, *, development: bool = False) -> HostOptions:
    """The options in `app`/host.json. Raises StartupRefused for one that is missing or that the host would refuse."""
    path = app / "host.json"
    content = _json_object(path)
    if content.get("version") != "2.0":  # a number is refused (measured)
        raise StartupRefused(f'{path}: "version" must be "2.0"')
    try:
        return HostOptions(
            route_prefix=_route_prefix(str(_section(content, "extensions", "http").get("routePrefix", "api"))),
            queues=_queue_options(_section(content, "extensions", "queues"), development),
            locks=_lock_options(_section(content, "singleton")),
            function_timeout=_function_timeout(content.get("functionTimeout")),
            allow_list=frozenset(str(n).lower() for n in content["functions"]) if "functions" in content else None,
            has_bundle="extensionBundle" in content,
            log_levels=LogLevels.read({**_section(content, "logging", "logLevel"), **_log_levels_of_settings()}),
            warnings=tuple(_not_honoured(content)),
        )
    except ValueError as error:
        raise StartupRefused(f"{path}: {error}") from error


def apply_local_settings(path: Path, env: MutableMapping[str, str]) -> None:
    """Put "Values" of a local.settings.json into `env`; a variable that is set already wins, as with Core Tools."""
    content = _json_object(path)
    if content.get("IsEncrypted", True):
        raise StartupRefused(f"{path}: encrypted settings cannot be read; set IsEncrypted to false (none means true)")
    values = content.get("Values") or {}
    wrong = [name for name, value in values.items() if not isinstance(value, str)]
    if wrong:
        raise StartupRefused(f"{path}: Values must be strings: {', '.join(wrong)}")
    for name, value in values.items():
        env.setdefault(name, value)


def parse_time_span(text: str) -> timedelta:
    """`hh:mm:ss`, `d.hh:mm:ss` or with a fraction, as .NET writes a TimeSpan. Raises ValueError."""
    found = _TIME_SPAN.match(text.strip())
    if not found or int(found["h"]) > 23 or int(found["m"]) > 59 or float(found["s"] or 0) >= 60:
        raise ValueError(f"'{text}' is not a time span (hh:mm:ss)")
    return timedelta(
        days=int(found["d"] or 0), hours=int(found["h"]), minutes=int(found["m"]), seconds=float(found["s"] or 0)
    )


class AppSettings:
    """App settings by name: case is ignored, and `:` may be written `__`."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        source = os.environ if env is None else env
        self._values = {name.lower().replace("__", ":"): value for name, value in source.items()}

    def get(self, name: str) -> str | None:
        return self._values.get(name.lower().replace("__", ":"))

    @property
    def body_limit(self) -> int:
        """The longest body of a request, in bytes. Raises StartupRefused."""
        text = self.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT") or str(DEFAULT_BODY_LIMIT)
        if not text.isdecimal():
            raise StartupRefused(f"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT must be a number of bytes, not {text!r}")
        return int(text)

    def has_prefix(self, prefix: str) -> bool:
        return any(name.startswith(f"{prefix.lower()}:") for name in self._values)

    def resolve(self, text: str) -> str:
        """`text` with each `%NAME%` replaced. Raises Unresolved."""
        resolved = _SETTING_REFERENCE.sub(self._value_of_reference, text)
        if text.count("%") % 2:
            raise Unresolved(f"The '%' in '{text}' is not closed.")
        return resolved

    def _value_of_reference(self, reference: re.Match[str]) -> str:
        value = self.get(reference[1])
        if value is None:
            raise Unresolved(f"'%{reference[1]}%' does not resolve to a value.")
        return value

    def is_disabled(self, function: str) -> bool:
        names = (f"AzureWebJobs.{function}.Disabled", f"AzureWebJobs_{function}_Disabled")
        return any((self.get(name) or "").lower() in ("true", "1") for name in names)


def host_id(settings: AppSettings, app: Path) -> str:
    """What names the blobs for leases, timers and keys: equal for all instances of one app on one machine."""
    given = settings.get("AzureFunctionsWebHost__hostid")
    if given:
        return given
    machine = re.sub(r"[^a-z0-9]", "", socket.gethostname().lower())[:20] or "local"
    return f"{machine}-{zlib.crc32(str(app).encode())}"


def _json_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(_COMMENT.sub(_without_comment, path.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError) as error:
        raise StartupRefused(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise StartupRefused(f"{path} does not hold a JSON object")
    return content


def _without_comment(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith('"') else ""


def _section(content: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        content = content.get(name) or {}
        if not isinstance(content, Mapping):
            raise ValueError(f'"{name}" must be an object')
    return content


def _queue_options(section: Mapping[str, Any], development: bool) -> QueueOptions:
    batch_size = _integer(section, "batchSize", 16, low=1, high=32)
    encoding = str(section.get("messageEncoding", "base64")).lower()
    if encoding not in ("base64", "none"):
        raise ValueError(f"extensions.queues.messageEncoding '{encoding}' is neither base64 nor none")
    polling = parse_time_span(section.get("maxPollingInterval", "00:00:02" if development else "00:01:00"))
    if polling < timedelta(milliseconds=100):
        raise ValueError("extensions.queues.maxPollingInterval must be at least 100 ms")
    return QueueOptions(
        batch_size=batch_size,
        new_batch_threshold=_integer(
            section, "newBatchThreshold", batch_size // 2 * (os.cpu_count() or 1), low=0, high=2**31
        ),
        max_dequeue_count=_integer(section, "maxDequeueCount", 5, low=1, high=2**31),
        visibility_timeout=parse_time_span(section.get("visibilityTimeout", "00:00:00")),
        max_polling_interval=polling,
        base64=encoding == "base64",
    )


def _lock_options(section: Mapping[str, Any]) -> LockOptions:
    """Bounds as remembered of the SDK's SingletonOptions: a blob lease lasts 15 to 60 s."""
    period = parse_time_span(section.get("listenerLockPeriod", "00:01:00"))
    retry = parse_time_span(section.get("listenerLockRecoveryPollingInterval", "00:01:00"))
    if not timedelta(seconds=15) <= period <= timedelta(seconds=60):
        raise ValueError("singleton.listenerLockPeriod must be from 15 to 60 seconds")
    if retry < timedelta(seconds=15):
        raise ValueError("singleton.listenerLockRecoveryPollingInterval must be at least 15 seconds")
    return LockOptions(period=period, retry_interval=retry)


def _integer(section: Mapping[str, Any], name: str, default: int, *, low: int, high: int) -> int:
    value = section.get(name, default)
    if isinstance(value, str) and value.isdigit():
        value = int(value)  # numbers as text are taken (measured)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"extensions.queues.{name} must be a whole number from {low} to {high}, not {value!r}")
    return value


def _function_timeout(text: str | None) -> timedelta | None:
    if text is None:
        return DEFAULT_FUNCTION_TIMEOUT
    if str(text) in ("-1", "-00:00:01"):
        return None
    timeout = parse_time_span(text)
    if timeout <= timedelta(seconds=1):
        raise ValueError("functionTimeout must be more than a second")
    return timeout


def _route_prefix(text: str) -> str:
    if text.startswith("/") or text.endswith("/"):
        raise ValueError("extensions.http.routePrefix must neither begin nor end with a slash")
    return text


def _log_levels_of_settings() -> dict[str, str]:
    """App settings of this form override host.json (documented)."""
    start = "azurefunctionsjobhost__logging__loglevel__"
    return {name[len(start) :]: value for name, value in os.environ.items() if name.lower().startswith(start)}


def _not_honoured(content: Mapping[str, Any]) -> list[str]:
    warnings = []
    if _section(content, "concurrency").get("dynamicConcurrencyEnabled"):
        warnings.append("dynamic concurrency is not imitated: batchSize and newBatchThreshold apply")
    known = {"http": {"routePrefix"}, "queues": set(_QUEUE_NAMES)}
    for extension, options in _section(content, "extensions").items():
        strange = sorted(set(options) - known.get(extension, set()))
        warnings += [f"host.json extensions.{extension}.{name} is not honoured" for name in strange]
    return warnings


_QUEUE_NAMES = (
    "batchSize",
    "newBatchThreshold",
    "maxDequeueCount",
    "visibilityTimeout",
    "maxPollingInterval",
    "messageEncoding",
)
