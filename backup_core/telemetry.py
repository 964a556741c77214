"""Traces, if they are wanted: a span for each run of a function, and beneath it one for each call of a port.

The OpenTelemetry libraries are no part of what ships. Whoever sets DISKBACKUP_TELEMETRY adds them to requirements.txt
(docs/operations.md), and they are loaded by name when the first function runs; otherwise nobody even imports this file.

A backup is several runs, with messages between them that carry no trace. Its spans have its job's id and correlation
id in common instead, which outlive what a trace can hold: a message may wait for an hour.

A span tells names, ids and counts. It never tells a message's text, what was answered, an error's words or a URL's
query, for any of these may hold a secret.
"""

from __future__ import annotations

import inspect
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any

import azure.functions as func

from backup_core.domain.errors import BackupError
from backup_core.domain.events import Event
from backup_core.domain.job import Job
from backup_core.domain.messages import Sendable
from backup_core.domain.resource_ids import GroupId, VaultKey
from backup_core.ports import Insert, Ports, Put, Replace, Stored

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

log = logging.getLogger("diskbackup.telemetry")

SERVICE = "disk-backup"
PORTS = ("store", "queue", "cloud", "events", "audit", "azure_backup")
VAULT, INSTANCE, JOB, CORRELATION = (f"diskbackup.{name}" for name in ("vault", "instance", "job_id", "correlation_id"))


def observed(function: Callable[..., Any], tracing: Callable[[], Tracing | None]) -> Callable[..., Any]:
    """`function` with a span around each run.

    It takes one parameter more, `context`: the worker gives it to every function that names it, and the span learns
    from it the function's name and the host's own trace.
    """

    @wraps(function)
    def run(*args: Any, context: Any = None, **kwargs: Any) -> Any:
        tracer = tracing()
        if tracer is None:
            return function(*args, **kwargs)
        with tracer.run(context, function.__name__, next(iter((*args, *kwargs.values())), None)) as answered:
            return answered(function(*args, **kwargs))

    signature = inspect.signature(function)
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=func.Context)
    vars(run)["__signature__"] = signature.replace(parameters=[*signature.parameters.values(), context])
    run.__annotations__ = {**function.__annotations__, "context": func.Context}
    return run


def open_tracing(credential: Callable[[], TokenCredential]) -> Tracing | None:
    """Spans to Azure Monitor, where its exporter is installed, else by OTLP as the standard OTEL_* variables say.

    None where that cannot be, which is logged: no backup is given up for want of a trace. `credential` is asked for
    when spans go to Azure Monitor, which takes them from identities only.
    """
    try:
        return Tracing(_provider(credential))
    except Exception:
        log.exception("telemetry.unavailable no traces are written; see docs/operations.md for what to install")
        return None


def _provider(credential: Callable[[], TokenCredential]) -> Any:
    api = _library("opentelemetry.trace")
    known = api.get_tracer_provider()
    sdk = _library("opentelemetry.sdk.trace")
    if isinstance(known, sdk.TracerProvider):
        return known  # the worker's, which makes one if its own settings say so
    resources = _library("opentelemetry.sdk.resources")
    resource = resources.Resource.create()
    if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):
        resource = resource.merge(resources.Resource({"service.name": SERVICE}))
    provider = sdk.TracerProvider(resource=resource)
    provider.add_span_processor(_library("opentelemetry.sdk.trace.export").BatchSpanProcessor(_exporter(credential)))
    api.set_tracer_provider(provider)  # Azure Monitor's exporter asks the process's own provider what the app is called
    return provider


def _exporter(credential: Callable[[], TokenCredential]) -> Any:
    try:
        azure = _library("azure.monitor.opentelemetry.exporter")
    except ModuleNotFoundError:
        return _library("opentelemetry.exporter.otlp.proto.http.trace_exporter").OTLPSpanExporter()
    return azure.AzureMonitorTraceExporter(credential=credential())


def _library(name: str) -> Any:
    """By name, for it is installed where traces are wanted and nowhere else."""
    return import_module(name)


@dataclass(slots=True)
class _Run:
    """The run of a function that is under way in this thread. `job_id` is what its message or URL named, or ""."""

    span: Any
    job_id: str
    is_timer: bool

    def note(self, job: Job) -> None:
        """A job that was read or written tells what the run was about. A timer's run is about no single one."""
        if self.is_timer or self.job_id not in ("", job.job_id):
            return
        self.job_id = job.job_id
        told = {JOB: job.job_id, INSTANCE: job.instance_name, CORRELATION: job.correlation_id or job.job_id}
        self.span.set_attributes(told)


_RUN: ContextVar[_Run | None] = ContextVar("run", default=None)


class Tracing:
    """Spans by one tracer of `provider`, an OpenTelemetry TracerProvider. Thread-safe."""

    def __init__(self, provider: Any) -> None:
        self._api = _library("opentelemetry.trace")
        self._propagator = _library("opentelemetry.trace.propagation.tracecontext").TraceContextTextMapPropagator()
        self._tracer = provider.get_tracer("diskbackup")

    def ports(self, ports: Ports) -> Ports:
        """The same ports, each call a span."""
        traced: dict[str, Any] = {name: _TracedPort(self, name, getattr(ports, name)) for name in PORTS}
        return replace(ports, **traced)

    @contextmanager
    def run(self, context: Any, name: str, trigger: Any) -> Iterator[Callable[[Any], Any]]:
        """A span around a run of a function; what the function answered is to be handed to what this yields."""
        told = {**_of_context(context, name), **_of_trigger(trigger)}
        parent = self._parent(context)
        span = self._tracer.start_span(str(told["faas.name"]), context=parent, attributes=told)
        token = _RUN.set(_Run(span, str(told.get(JOB, "")), told["faas.trigger"] == "timer"))
        try:
            with self._current(span):
                yield lambda answer: _of_answer(span, answer)
        finally:
            _RUN.reset(token)

    def call(self, name: str, method: Callable[..., Any], args: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """A call of a port in a span. What answers piece by piece has its span until its last piece."""
        values = (*args, *named.values())
        span = self._tracer.start_span(name, kind=self._api.SpanKind.CLIENT, attributes=_of_arguments(values))
        with self._current(span, end=False):
            answer = method(*args, **named)
        if isinstance(answer, Iterator):
            return self._to_its_end(span, answer)
        _note((*values, answer))
        span.end()
        return answer

    def _to_its_end(self, span: Any, pieces: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from pieces
        except Exception as error:
            self._failed(span, error)
            raise
        finally:
            span.end()

    @contextmanager
    def _current(self, span: Any, *, end: bool = True) -> Iterator[None]:
        """`span` as what later ones lie beneath. It ends with the block, and in any case when that fails."""
        failed = True
        try:
            with self._api.use_span(span, record_exception=False, set_status_on_exception=False):
                yield
            failed = False
        except Exception as error:
            self._failed(span, error)
            raise
        finally:
            if end or failed:
                span.end()

    def _failed(self, span: Any, error: Exception) -> None:
        """What kind of error it was, and never its words."""
        span.set_attribute("error.type", error.code if isinstance(error, BackupError) else type(error).__name__)
        span.set_status(self._api.StatusCode.ERROR)

    def _parent(self, context: Any) -> Any:
        """The host's span of this run, where the worker tells; else None, which is whatever is current."""
        trace = getattr(context, "trace_context", None)
        if trace is None or not trace.trace_parent:
            return None
        return self._propagator.extract({"traceparent": trace.trace_parent, "tracestate": trace.trace_state or ""})


class _TracedPort:
    """A port of any kind, each of whose calls is a span."""

    def __init__(self, tracing: Tracing, name: str, port: Any) -> None:
        self._tracing = tracing
        self._name = name
        self._port = port

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not callable(method):
            return method
        if name == "acting_as":  # answers a port, and calls nobody
            return lambda identity: _TracedPort(self._tracing, self._name, method(identity))
        if name == "news":  # calls nobody either, and is asked for after each step
            return method
        return lambda *args, **named: self._tracing.call(f"{self._name}.{name}", method, args, named)


def _note(values: Sequence[Any]) -> None:
    """Tell the run under way of each job among what a port took or answered."""
    run = _RUN.get()
    for value in values if run is not None else ():
        record = value.value if isinstance(value, Stored | Insert | Replace | Put) else value
        if isinstance(record, Job) and run is not None:
            run.note(record)
        elif isinstance(record, Sequence) and not isinstance(record, str | bytes):
            _note(record)


# What is told of what.


def _of_context(context: Any, name: str) -> dict[str, Any]:
    if context is None:
        return {"faas.name": name}
    return {"faas.name": context.function_name, "faas.invocation_id": context.invocation_id}


def _of_trigger(trigger: Any) -> dict[str, Any]:
    if isinstance(trigger, func.QueueMessage):
        return {"faas.trigger": "pubsub", "messaging.dequeue_count": trigger.dequeue_count or 0, **_of_body(trigger)}
    if isinstance(trigger, func.HttpRequest):
        return {"faas.trigger": "http", "http.request.method": trigger.method, **_of_route(trigger.route_params)}
    return {"faas.trigger": "timer" if isinstance(trigger, func.TimerRequest) else "other"}


def _of_body(message: func.QueueMessage) -> dict[str, Any]:
    """The names in one of our messages. Whether it is sound is for its step to say."""
    try:
        raw = json.loads(message.get_body())
        names = {VAULT: VaultKey(**raw["vault"]).resource_id, INSTANCE: raw["instance_name"], JOB: raw.get("job_id")}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    return {name: value for name, value in names.items() if isinstance(value, str) and value}


def _of_route(names: Mapping[str, str]) -> dict[str, Any]:
    told = {INSTANCE: names.get("instance"), JOB: names.get("job")}
    if {"subscription", "group", "vault"} <= names.keys():
        key = VaultKey(subscription=names["subscription"], group=names["group"], name=names["vault"])
        told[VAULT] = key.resource_id
    return {name: value for name, value in told.items() if value}


def _of_answer(span: Any, answer: Any) -> Any:
    if isinstance(answer, func.HttpResponse):
        span.set_attribute("http.response.status_code", answer.status_code)
        correlation_id = answer.headers.get("x-ms-correlation-request-id")
        if correlation_id:
            span.set_attribute(CORRELATION, correlation_id)
    return answer


def _of_arguments(values: Sequence[Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for value in values:
        told |= _of_argument(value)
    return told


def _of_argument(value: Any) -> dict[str, Any]:
    if isinstance(value, VaultKey):
        return {VAULT: value.resource_id}
    if isinstance(value, Sendable):
        names = {VAULT: getattr(value, "vault", None), INSTANCE: getattr(value, "instance_name", None)}
        vault = names[VAULT]
        told = {"diskbackup.message": type(value).__name__, VAULT: vault.resource_id if vault else None}
        told |= {INSTANCE: names[INSTANCE], JOB: getattr(value, "job_id", None)}
        return {name: each for name, each in told.items() if each}
    if isinstance(value, type):
        return {"diskbackup.record": value.__name__}
    if isinstance(value, GroupId):
        return {"azure.resource_id": value.text}
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        kind = "events" if any(isinstance(each, Event) for each in value) else "records"
        return {f"diskbackup.{kind}": len(value)}
    return {}


def _of_text(text: str) -> dict[str, Any]:
    """Resource ids and the addresses of operations, without what stands behind a question mark: it may be signed."""
    if text.startswith("/subscriptions/"):
        return {"azure.resource_id": text.partition("?")[0]}
    if text.startswith(("https://", "http://")):
        return {"url.path": text.partition("?")[0].partition("://")[2].partition("/")[2]}
    return {}
