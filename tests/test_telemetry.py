"""Traces: off they cost nothing, not even an import; on they tell what ran, for which backup, and no secret."""

from __future__ import annotations

import inspect
import json
import logging
import os
import subprocess
import sys
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from azure.functions.queue import QueueMessage
from azure.functions.timer import TimerRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from backup_core.api.blueprint import api_blueprint
from backup_core.app import Services
from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.job import Job
from backup_core.domain.messages import ObserveBackup, StartBackup, encode
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.settings import Settings, SettingsInvalid, TelemetryMode, wants_traces
from backup_core.telemetry import CORRELATION, INSTANCE, JOB, VAULT, Tracing, observed
from backup_core.workflows.backup import start_backup
from backup_core.workflows.backup_observation import observe_backup
from backup_core.workflows.dispatch import dispatch
from backup_core.workflows.on_demand import request_backup
from tests.api.front import Services as ApiServices
from tests.builders import SNAPSHOT_GROUP
from tests.builders import VAULT as THE_VAULT
from tests.fakes import World
from tests.workflows.platform import Platform
from tests.workflows.scenes import SLOT, backed_up, protected, sent

ROOT = Path(__file__).parents[1]
TRACE, SPAN = "ab" * 16, "cd" * 8
HIDDEN = "sig=s3cr3t"
ON = {"DISKBACKUP_TELEMETRY": "opentelemetry"}


@dataclass(slots=True)
class Traced:
    """A world whose ports are traced, and the spans that ended."""

    world: World = field(default_factory=World)
    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    tracing: Tracing = field(init=False)

    def __post_init__(self) -> None:
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracing = Tracing(provider)

    @property
    def ports(self) -> Any:
        return self.tracing.ports(self.world.ports)

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]

    def only(self, name: str) -> ReadableSpan:
        (span,) = self.named(name)
        return span

    def observe(self, function: Any) -> Any:
        return observed(function, lambda: self.tracing)

    def step(self, workflow: Any, message: Any, context: Any = None) -> None:
        """A queue-triggered function that runs one step of `message`."""

        def run_step(message: func.QueueMessage) -> None:
            workflow(self.ports, told)

        told = message
        trigger = QueueMessage(id="m-1", body=encode(message).encode(), dequeue_count=2)
        self.observe(run_step)(message=trigger, context=context)


@dataclass(frozen=True)
class Parent:
    trace_parent: str = f"00-{TRACE}-{SPAN}-01"
    trace_state: str = ""


@dataclass(frozen=True)
class Context:
    function_name: str = "start_backup"
    invocation_id: str = "invocation-1"
    trace_context: Parent = field(default_factory=Parent)


def told(span: ReadableSpan) -> Mapping[str, Any]:
    return dict(span.attributes or {})


def at_noon() -> tuple[Traced, Platform, StartBackup]:
    """A protected disk whose noon slot was dispatched; its first step has not run."""
    platform = protected()
    platform.world.clock.set(SLOT)
    dispatch(platform.world.ports)
    return Traced(platform.world), platform, sent(platform, StartBackup)[-1]


def run_python(code: str, **environ: str) -> Any:
    """What a fresh process prints last, as JSON, with none of this process's settings of ours."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DISKBACKUP_", "Azure"))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**inherited, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


# ------------------------------------------------------------------ off


def test_without_the_setting_nothing_is_wrapped_and_no_library_is_loaded() -> None:
    code = """
import json, sys
import function_app
services = function_app.services
def function(timer): pass
plain = services.observe(function) is function
store = type(services.ports().store).__name__
named = [each.get_function_name() for each in function_app.app.get_functions()
         if hasattr(each.get_user_function(), "__wrapped__")]
loaded = [name for name in sys.modules if name.startswith(("opentelemetry", "backup_core.telemetry"))]
print(json.dumps([plain, store, named, loaded]))
"""
    assert run_python(code, AzureWebJobsStorage="UseDevelopmentStorage=true") == [True, "TableStore", [], []]


def test_off_is_the_rule() -> None:
    assert not wants_traces({})
    assert not wants_traces({"DISKBACKUP_TELEMETRY": " Off "})
    assert Settings.from_env({"AzureWebJobsStorage": "UseDevelopmentStorage=true"}).telemetry is TelemetryMode.OFF


@pytest.mark.parametrize("word", ["on", "true", "1", "azuremonitor"])
def test_an_unknown_word_is_a_fault_and_no_trace(word: str) -> None:
    environ = {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "DISKBACKUP_TELEMETRY": word}
    with pytest.raises(SettingsInvalid) as refusal:
        Settings.from_env(environ)
    (fault,) = refusal.value.faults
    assert "write off or opentelemetry" in fault
    assert not wants_traces(environ)


def test_services_that_are_not_traced_leave_a_function_as_it_is() -> None:
    def function(timer: func.TimerRequest) -> None: ...

    assert Services().observe(function) is function
    assert Services(traced=True).observe(function) is not function


# ------------------------------------------------------------------ on


def test_with_the_setting_every_function_is_observed_and_a_cold_start_still_loads_no_library() -> None:
    code = """
import inspect, json, sys
import function_app
functions = [(each.get_function_name(), each.get_user_function()) for each in function_app.app.get_functions()]
unseen = [name for name, function in functions if "context" not in inspect.signature(function).parameters]
loaded = [name for name in sys.modules if name.startswith("opentelemetry")]
print(json.dumps([len(functions) > 50, unseen, loaded]))
"""
    assert run_python(code, **ON) == [True, [], []]


def test_microsofts_worker_hands_over_name_and_trace_and_the_span_goes_to_the_workers_provider() -> None:
    """Without storage the tick fails, which its span tells by the error's kind."""
    code = f"""
import asyncio, json, pathlib
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from infra.local.host import worker

exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)

async def main():
    from azure_functions_runtime.native_invocation import invocation_request_native
    functions = await worker.load(pathlib.Path.cwd())
    tick = next(each for each in functions if each.name == "tick")
    timer = worker.datum(json.dumps({{"Schedule": {{}}, "ScheduleStatus": None, "IsPastDue": False}}), "json")
    answer = await invocation_request_native("i-1", tick.id, [("timer", timer)], {{}}, "00-{TRACE}-{SPAN}-01", "")
    return answer[0]

ok = asyncio.run(main())
span, = exporter.get_finished_spans()
print(json.dumps([ok, span.name, dict(span.attributes), format(span.context.trace_id, "032x"),
                  format(span.parent.span_id, "016x"), span.status.description]))
"""
    ok, name, attributes, trace, parent, words = run_python(code, **ON)
    assert not ok
    assert (name, trace, parent, words) == ("tick", TRACE, SPAN, None)
    assert attributes == {
        "faas.name": "tick",
        "faas.invocation_id": "i-1",
        "faas.trigger": "timer",
        "error.type": "SettingsInvalid",
    }


def test_a_step_tells_its_vault_instance_job_and_correlation() -> None:
    traced, _, message = at_noon()
    traced.step(start_backup, message, Context())
    span = traced.only("start_backup")
    assert told(span) == {
        "faas.name": "start_backup",
        "faas.invocation_id": "invocation-1",
        "faas.trigger": "pubsub",
        "messaging.dequeue_count": 2,
        VAULT: THE_VAULT.resource_id,
        INSTANCE: "disk-1",
        JOB: message.job_id,
        CORRELATION: message.job_id,
    }
    assert span.status.status_code is StatusCode.UNSET


def test_the_steps_of_a_backup_on_demand_share_the_correlation_id_of_its_request() -> None:
    platform = backed_up()
    traced = Traced(platform.world)
    request_backup(
        platform.world.ports,
        THE_VAULT,
        "disk-1",
        rule_name="BackupHourly",
        retention_tag=None,
        correlation_id="request-1",
    )
    for kind, workflow in ((StartBackup, start_backup), (ObserveBackup, observe_backup)):
        traced.step(workflow, sent(platform, kind)[-1])
    runs = traced.named("run_step")
    assert len(runs) == 2
    assert {told(span)[CORRELATION] for span in runs} == {"request-1"}
    assert {told(span)[JOB] for span in runs} == {sent(platform, StartBackup)[-1].job_id}


def test_each_call_of_a_port_lies_beneath_its_run_in_the_hosts_trace() -> None:
    traced, _, message = at_noon()
    traced.step(start_backup, message, Context())
    run = traced.only("start_backup")
    beneath = [span for span in traced.spans if span is not run]
    assert {"store.get", "store.commit", "cloud.get_disk", "cloud.start_snapshot", "queue.send"} <= {
        span.name for span in beneath
    }
    assert run.parent is not None
    assert format(run.parent.span_id, "016x") == SPAN
    for span in beneath:
        assert span.parent is not None
        assert span.parent.span_id == run.context.span_id
        assert format(span.context.trace_id, "032x") == TRACE
        assert span.kind is SpanKind.CLIENT


def test_calls_tell_what_they_were_about() -> None:
    traced, platform, message = at_noon()
    traced.step(start_backup, message)
    next_message = sent(platform, ObserveBackup)[-1]
    assert told(traced.only("cloud.get_disk"))["azure.resource_id"].endswith("/disks/disk-1")
    assert told(traced.only("queue.send")) == {
        "diskbackup.message": "ObserveBackup",
        VAULT: THE_VAULT.resource_id,
        INSTANCE: "disk-1",
        JOB: next_message.job_id,
    }
    assert {told(span)["diskbackup.record"] for span in traced.named("store.get")} >= {"BackupInstance"}
    assert all(told(span)["diskbackup.records"] > 0 for span in traced.named("store.commit"))


def test_a_timers_run_is_about_no_single_job() -> None:
    traced, platform, _ = at_noon()
    job = platform.jobs()[0]

    def tick(timer: func.TimerRequest) -> None:
        traced.ports.store.get(Job, THE_VAULT, job.job_id)

    traced.observe(tick)(timer=TimerRequest(past_due=False))
    assert told(traced.only("tick")) == {"faas.name": "tick", "faas.trigger": "timer"}


def test_a_step_is_about_the_job_of_its_message_whatever_others_it_reads() -> None:
    traced, platform, message = at_noon()
    other = platform.jobs()[0]
    assert other.job_id != message.job_id
    traced.step(lambda ports, _: ports.store.get(Job, THE_VAULT, other.job_id), message)
    assert told(traced.only("run_step"))[JOB] == message.job_id
    assert CORRELATION not in told(traced.only("run_step"))


def test_a_request_tells_its_vault_and_status_and_the_correlation_id_that_it_was_answered_with() -> None:
    traced = Traced(backed_up().world)
    app = func.FunctionApp()
    app.register_functions(api_blueprint(ApiServices(traced.world), observe=traced.observe))
    functions = {each.get_function_name(): each.get_user_function() for each in app.get_functions()}
    correlation = "6f5902ac-237a-4b2c-9a4b-5d6e5a2f1c11"
    request = func.HttpRequest(
        method="GET",
        url=f"https://app.example{THE_VAULT.resource_id}/backupInstances/disk-1?api-version=2025-07-01&code=secret",
        headers={"x-ms-correlation-request-id": correlation, "authorization": f"Bearer {HIDDEN}"},
        params={"api-version": "2025-07-01", "code": HIDDEN},
        route_params={
            "subscription": THE_VAULT.subscription,
            "group": THE_VAULT.group,
            "vault": THE_VAULT.name,
            "instance": "disk-1",
        },
        body=b"",
    )
    answer = functions["api_instance"](request, context=Context(function_name="api_instance"))
    assert answer.status_code == 200
    assert told(traced.only("api_instance")) == {
        "faas.name": "api_instance",
        "faas.invocation_id": "invocation-1",
        "faas.trigger": "http",
        "http.request.method": "GET",
        "http.response.status_code": 200,
        VAULT: THE_VAULT.resource_id,
        INSTANCE: "disk-1",
        CORRELATION: correlation,
    }
    assert HIDDEN not in dump(traced)


def test_what_answers_piece_by_piece_has_its_span_to_the_last_piece() -> None:
    platform = backed_up()
    traced = Traced(platform.world)
    found = traced.ports.cloud.list_snapshots(SNAPSHOT_GROUP)
    first = next(found)
    assert first.id
    assert traced.spans == ()
    assert list(found) == []
    assert told(traced.only("cloud.list_snapshots"))["azure.resource_id"] == SNAPSHOT_GROUP.text


# ------------------------------------------------------------------ trouble and secrets


def test_an_error_is_told_by_its_code_and_never_by_its_words() -> None:
    traced, _, message = at_noon()
    traced.world.faults.fail("cloud.get_disk", CloudUnavailable(f"https://account?{HIDDEN}"))
    traced.step(start_backup, message)
    call, run = traced.only("cloud.get_disk"), traced.only("run_step")
    assert told(call)["error.type"] == "CloudInternalError"
    assert call.status.status_code is StatusCode.ERROR
    assert run.status.status_code is StatusCode.UNSET, "the step comes back by itself"
    assert HIDDEN not in dump(traced)


def test_a_run_that_fails_is_told_and_still_fails() -> None:
    traced, _, message = at_noon()

    def step(ports: Any, message: StartBackup) -> None:
        raise RuntimeError(HIDDEN)

    with pytest.raises(RuntimeError):
        traced.step(step, message)
    span = traced.only("run_step")
    assert told(span)["error.type"] == "RuntimeError"
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert HIDDEN not in dump(traced)


def test_an_operations_address_is_told_without_its_signature() -> None:
    traced = Traced()
    traced.ports.cloud.get_operation(f"https://arm.example/subscriptions/s/operations/1?{HIDDEN}")
    assert told(traced.only("cloud.get_operation")) == {"url.path": "subscriptions/s/operations/1"}
    assert HIDDEN not in dump(traced)


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"null", b'{"vault": 1}', HIDDEN.encode(), b"[" * 100_000])
def test_a_message_that_nobody_can_read_still_reaches_its_step_and_is_not_shown(body: bytes) -> None:
    traced, read = Traced(), []

    def run_step(message: func.QueueMessage) -> None:
        read.append(message.get_body())

    traced.observe(run_step)(message=QueueMessage(id="m-1", body=body))
    assert read == [body]
    assert told(traced.only("run_step")) == {
        "faas.name": "run_step",
        "faas.trigger": "pubsub",
        "messaging.dequeue_count": 0,
    }


def test_a_whole_backup_is_traced_and_does_what_it_does_untraced() -> None:
    traced, platform, message = at_noon()
    traced.step(start_backup, message)
    platform.world.clock.advance(seconds=10)
    traced.step(observe_backup, sent(platform, ObserveBackup)[-1])
    page = platform.world.store.page(RecoveryPoint, THE_VAULT, "disk-1")
    assert [stored.value.job_id for stored in page.items] == [message.job_id]


def test_the_workers_checks_find_a_signature_that_they_take() -> None:
    def step(message: func.QueueMessage) -> None: ...

    function = observed(step, lambda: None)
    assert list(inspect.signature(function).parameters) == ["message", "context"]
    assert typing.get_type_hints(function)["context"] is func.Context
    assert function.__name__ == "step"


def test_without_the_libraries_functions_run_and_the_log_says_why_there_are_no_traces() -> None:
    code = """
import json, logging, sys
records = []
class Keep(logging.Handler):
    def emit(self, record): records.append(record.getMessage())
logging.getLogger().addHandler(Keep())
sys.modules["opentelemetry"] = sys.modules["opentelemetry.trace"] = None
from backup_core.app import Services
services = Services(traced=True)
function = services.observe(lambda timer: type(services.ports().store).__name__)
print(json.dumps([function(timer=None), function(timer=None), records]))
"""
    first, second, records = run_python(code, AzureWebJobsStorage="UseDevelopmentStorage=true")
    assert first == second == "TableStore"
    assert [record.split()[0] for record in records] == ["telemetry.unavailable"], "said once"


def test_the_log_is_silent_where_traces_are_written(caplog: pytest.LogCaptureFixture) -> None:
    traced, _, message = at_noon()
    with caplog.at_level(logging.DEBUG, logger="diskbackup.telemetry"):
        traced.step(start_backup, message)
    assert not [record for record in caplog.records if record.name == "diskbackup.telemetry"]


def dump(traced: Traced) -> str:
    return "\n".join(span.to_json() for span in traced.spans)
