"""What the real host refuses at load though the Python library accepts it, and what this host cannot imitate.

A function with a bad name, binding, schedule, queue, connection or route is in error: the host says so in its log,
leaves it out, and serves the rest (measured). Only what all functions share keeps the host from starting.

Leaves to others: the library's own refusals (worker.py) and those of host.json (settings.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .ncrontab import BadSchedule, Schedule, parse_schedule
from .routes import BadTemplate, Route, parse_template
from .settings import AppSettings, HostOptions, StartupRefused, Unresolved
from .storage import Account, parse_connection_string
from .worker import Function, known_binding_types

_FUNCTION_NAME = re.compile(r"[a-z][a-z0-9_\-]{0,127}", re.IGNORECASE)
_QUEUE_NAME = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]")
# Built-in routes; a prefix is enough ("administration" is refused too), whatever routePrefix says.
_RESERVED = ("admin", "runtime")
_IMITATED = frozenset({"timerTrigger", "queueTrigger", "httpTrigger", "eventGridTrigger", "http", "queue"})
_NEEDS_BUNDLE = frozenset({"queueTrigger", "eventGridTrigger", "queue"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerPlan:
    function: Function
    schedule: Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePlan:
    """A queue to listen to; `account` is where its connection leads."""

    function: Function
    queue: str
    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPlan:
    """All that the host is to do, checked. Disabled functions have no timer and no queue; their routes answer 404."""

    functions: Mapping[str, Function]
    timers: tuple[TimerPlan, ...]
    queues: tuple[QueuePlan, ...]
    routes: tuple[Route, ...]
    disabled: frozenset[str]
    storage: Account
    zone: tzinfo
    warnings: tuple[str, ...]
    errors: tuple[str, ...] = ()
    has_home_page: bool = True


class _Problems:
    """What is wrong with single functions, by name, and what is wrong for all."""

    def __init__(self) -> None:
        self.of_host: list[str] = []
        self.of_functions: dict[str, list[str]] = {}

    def note(self, function: str, *problems: str) -> None:
        if problems:
            self.of_functions.setdefault(function, []).extend(problems)

    def sound(self, functions: Iterable[Function]) -> list[Function]:
        return [function for function in functions if function.name not in self.of_functions]


def plan(functions: Sequence[Function], options: HostOptions, settings: AppSettings) -> HostPlan:
    """Check everything and say what is to be done. Raises StartupRefused with every problem of the host itself, and for
    a function of a kind that only Azure's host knows."""
    problems = _Problems()
    listed = [f for f in functions if options.allow_list is None or f.name.lower() in options.allow_list]
    resolved = [_resolved(function, settings, problems) for function in listed]
    for function in resolved:
        problems.note(function.name, *_name_problems(function), *_binding_problems(function, options))
        problems.of_host += _not_imitated(function)
    zone = _zone(settings, problems.of_host)
    storage = _account("AzureWebJobsStorage", settings, problems.of_host, "the host's own storage")
    if problems.of_host or storage is None:
        raise StartupRefused(*problems.of_host)
    disabled = frozenset(f.name for f in resolved if settings.is_disabled(f.name))
    enabled = [f for f in problems.sound(resolved) if f.name not in disabled]
    timers = tuple(_timers(enabled, zone, problems))
    queues = tuple(_queues(enabled, settings, problems))
    routes = tuple(_routes(problems.sound(resolved), problems))
    return HostPlan(
        functions={f.name.lower(): f for f in problems.sound(resolved)},
        timers=timers,
        queues=queues,
        routes=routes,
        disabled=disabled,
        storage=storage,
        zone=zone,
        warnings=(*options.warnings, *_warnings(enabled, options)),
        errors=tuple(
            f"The '{name}' function is in error: {' '.join(texts)}" for name, texts in problems.of_functions.items()
        ),
        has_home_page=(settings.get("AzureWebJobsDisableHomepage") or "").lower() not in ("true", "1"),
    )


def queue_account(binding: Mapping[str, Any], settings: AppSettings) -> Account:
    """The account that a queue binding's connection names. Raises StartupRefused."""
    problems: list[str] = []
    account = _account(binding.get("connection") or "AzureWebJobsStorage", settings, problems, str(binding["name"]))
    if account is None:
        raise StartupRefused(*problems)
    return account


def _resolved(function: Function, settings: AppSettings, problems: _Problems) -> Function:
    bindings = tuple(_resolved_binding(function, binding, settings, problems) for binding in function.bindings)
    return replace(function, bindings=bindings)


def _resolved_binding(
    function: Function, binding: Mapping[str, Any], settings: AppSettings, problems: _Problems
) -> Mapping[str, Any]:
    resolved = dict(binding)
    for name in ("schedule", "queueName"):
        if name in binding:
            try:
                resolved[name] = settings.resolve(str(binding[name]))
            except Unresolved as error:
                problems.note(function.name, str(error))
    return resolved


def _name_problems(function: Function) -> Iterator[str]:
    if not _FUNCTION_NAME.fullmatch(function.name) or function.name.lower() == "host":
        yield f"'{function.name}' is not a valid function name (a letter, then letters, digits, - or _; not 'host')."


def _binding_problems(function: Function, options: HostOptions) -> Iterator[str]:
    known = known_binding_types()
    for binding in function.bindings:
        kind = str(binding["type"])
        if kind not in known:
            yield (
                f"The binding type(s) '{kind}' were not found in the configured extension bundle. "
                "Please ensure the type is correct and the correct version of extension bundle is configured."
                if options.has_bundle
                else f"The binding type(s) '{kind}' are not registered."
            )
        elif kind in _NEEDS_BUNDLE and not options.has_bundle:
            yield (
                f"The binding type(s) '{kind}' are not registered. "
                "Please ensure the type is correct and the binding extension is installed (host.json: extensionBundle)."
            )


def _not_imitated(function: Function) -> Iterator[str]:
    kinds = {str(binding["type"]) for binding in function.bindings} & known_binding_types()
    for kind in sorted(kinds - _IMITATED):
        yield f"{function.name}: this local host does not imitate the binding type '{kind}'"


def _zone(settings: AppSettings, problems: list[str]) -> tzinfo:
    name = settings.get("WEBSITE_TIME_ZONE") or settings.get("TZ") or ""
    try:
        return ZoneInfo(name) if name.strip() else UTC
    except (ZoneInfoNotFoundError, ValueError):
        problems.append(f"the time zone '{name}' (WEBSITE_TIME_ZONE, TZ) is unknown")
        return UTC


def _timers(functions: Sequence[Function], zone: tzinfo, problems: _Problems) -> Iterator[TimerPlan]:
    for function in _triggered_by("timerTrigger", functions):
        try:
            yield TimerPlan(function=function, schedule=parse_schedule(function.trigger["schedule"], zone))
        except BadSchedule as error:
            problems.note(function.name, str(error))


def _queues(functions: Sequence[Function], settings: AppSettings, problems: _Problems) -> Iterator[QueuePlan]:
    for function in _triggered_by("queueTrigger", functions):
        queue, found = str(function.trigger["queueName"]).lower(), list[str]()
        if not _QUEUE_NAME.fullmatch(queue):
            found.append(f"'{queue}' is not a valid queue name")
        account = _account(function.trigger.get("connection") or "AzureWebJobsStorage", settings, found, function.name)
        problems.note(function.name, *found)
        if account and not found:
            yield QueuePlan(function=function, queue=queue, account=account)


def _account(connection: str, settings: AppSettings, problems: list[str], whose: str) -> Account | None:
    text = settings.get(f"AzureWebJobs{connection}") or settings.get(connection)
    if text:
        try:
            return parse_connection_string(text)
        except ValueError as error:
            problems.append(f"{whose}: {connection}: {error}")
            return None
    if settings.has_prefix(connection):
        problems.append(f"{whose}: this local host does not imitate identity connections ({connection}__...)")
    else:
        problems.append(
            f"{whose}: Storage account connection string '{connection}' does not exist. "
            "Make sure that it is a defined App Setting."
        )
    return None


def _routes(functions: Sequence[Function], problems: _Problems) -> Iterator[Route]:
    taken: list[Route] = []
    for function in sorted(_triggered_by("httpTrigger", functions), key=lambda f: f.name.lower()):
        text = str(function.trigger.get("route") or function.name)
        if text.strip("/").lower().startswith(_RESERVED):
            problems.note(function.name, "The specified route conflicts with one or more built in routes.")
            continue
        try:
            template = parse_template(text)
        except BadTemplate as error:
            problems.note(function.name, f"the route '{text}' is not a route template: {error}")
            continue
        methods = frozenset(str(method).upper() for method in function.trigger.get("methods") or ())
        route = Route(function=function.name, template=template, methods=methods)
        clash = next((other for other in taken if route.overlaps(other)), None)
        if clash is not None:
            message = f"The route specified conflicts with the route defined by function '{clash.function}'."
            problems.note(function.name, message)
            continue
        taken.append(route)
        yield route


def _triggered_by(kind: str, functions: Sequence[Function]) -> list[Function]:
    return [function for function in functions if function.trigger["type"] == kind]


def _warnings(functions: Sequence[Function], options: HostOptions) -> Iterator[str]:
    yield (
        "not imitated: scaling, cold starts, the 230 s limit of Azure's load balancer, Easy Auth, CORS, "
        "identity connections, a worker process of its own (the functions share this process)"
    )
    if options.function_timeout:
        yield (
            f"functionTimeout {options.function_timeout}: a run past it fails, and with it every other run of this "
            "instance; the instance starts anew, but what a thread did meanwhile is not undone"
        )
    for function in functions:
        if function.retries:
            yield f"{function.name}: retry policies are not imitated; the function runs once per trigger"
        if function.is_async:
            yield f"{function.name}: is async; a blocking call in it stops this whole instance, lease renewals included"
