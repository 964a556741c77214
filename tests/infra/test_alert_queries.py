"""The three alert rules, run over rows as the host writes them by the host.json that ships: in the good case and in the
bad one."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backup_core.app import set_log_levels
from backup_core.domain.job import JobStatus
from backup_core.domain.messages import BACKUP, RESOURCE_EVENTS, ObserveBackup, StartBackup, encode
from backup_core.workflows.backup import start_backup
from backup_core.workflows.backup_observation import observe_backup
from backup_core.workflows.dispatch import dispatch
from backup_core.workflows.job_kinds import give_up
from infra.local.host.logs import AppLog, LogLevels, Rows
from tests.api.front import Front
from tests.builders import SUBSCRIPTION
from tests.fakes import World
from tests.infra import kql
from tests.infra.bicep import literal, project
from tests.infra.test_agreement import functions
from tests.workflows.platform import Platform
from tests.workflows.scenes import SLOT, jobs, protected, sent

ROOT = Path(__file__).resolve().parents[2]
LEVELS = json.loads((ROOT / "host.json").read_text())["logging"]["logLevel"]


class Telemetry:
    """What reaches the workspace of an app that runs with `levels`."""

    def __init__(self, folder: Path, levels: dict[str, str]) -> None:
        self._folder = folder
        self._running: list[str] = []
        self.host = Rows(LogLevels.read(levels), folder)
        self.handler = AppLog(self.host, lambda: self._running[-1] if self._running else None)

    @contextmanager
    def run(self, function: str, *, result_code: str = "0") -> Iterator[None]:
        """A run as the host tells of it. What it raises goes no further."""
        self._running.append(function)
        try:
            yield
        except Exception as error:
            self.host.exception(function, str(error))
            self.host.request(function, succeeded=False, result_code=result_code)
        else:
            self.host.request(function, succeeded=True, result_code=result_code)
        finally:
            self._running.pop()

    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for file in self._folder.glob("rows-*") for line in file.read_text().splitlines()]


@pytest.fixture
def telemetry(tmp_path: Path) -> Iterator[Telemetry]:
    yield from _listening(Telemetry(tmp_path, LEVELS))


@pytest.fixture
def talkative(tmp_path: Path) -> Iterator[Telemetry]:
    """An app whose operator wants to follow a job (docs/operations.md)."""
    yield from _listening(Telemetry(tmp_path, {**LEVELS, "Function": "Information", "Host.Results": "Information"}))


def _listening(made: Telemetry) -> Iterator[Telemetry]:
    root, ours = logging.getLogger(), logging.getLogger("diskbackup")
    before = root.level, ours.level
    set_log_levels()
    root.addHandler(made.handler)
    yield made
    root.removeHandler(made.handler)
    root.setLevel(before[0])
    ours.setLevel(before[1])


def found(rule: str, telemetry: Telemetry) -> list[str]:
    """What the rows that the alert rule's query answers tell."""
    variables = project().files["modules/alerts.bicep"].variables
    query = literal(variables[rule])
    assert query is not None
    return [str(row.get("Message") or row.get("Name")) for row in kql.run(query, telemetry.rows())]


def backup(telemetry: Telemetry, platform: Platform) -> None:
    """A slot comes due, and its backup is started and observed until it ends."""
    ports = platform.world.ports
    with telemetry.run("tick"):
        dispatch(ports)
    with telemetry.run("backup"):
        start_backup(ports, sent(platform, StartBackup)[-1])
    platform.world.clock.set(SLOT + timedelta(minutes=5))
    with telemetry.run("backup"):
        observe_backup(ports, sent(platform, ObserveBackup)[-1])
    assert jobs(platform)[-1].status is JobStatus.COMPLETED


def due() -> Platform:
    """A protected disk at its slot."""
    platform = protected()
    platform.world.clock.set(SLOT)
    return platform


def test_what_goes_well_costs_one_row_a_tick_and_raises_no_alert(telemetry):
    backup(telemetry, due())
    assert [row["Message"].split(" ")[0] for row in telemetry.rows()] == ["dispatch.done"]
    assert found("failedRuns", telemetry) == []
    assert found("givenUpMessages", telemetry) == []
    assert len(found("goodTicks", telemetry)) == 1


def test_a_job_can_be_followed_where_the_operator_wants_to(talkative):
    backup(talkative, due())
    told = [row["Message"].split(" ")[0] for row in talkative.rows() if row["table"] == "AppTraces"]
    assert "backup.completed" in told


def test_a_run_that_raised_is_a_failure_once(telemetry):
    with telemetry.run("reconcile"):
        raise RuntimeError("no storage")
    assert found("failedRuns", telemetry) == ["reconcile"]


def test_an_error_that_the_api_answered_by_itself_is_a_failure(telemetry):
    world = World()
    world.faults.fail("store.vaults", RuntimeError("no storage"))
    with telemetry.run("api_vaults", result_code="500"):
        reply = Front(world).get(f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.DataProtection/backupVaults")
    assert reply.status == 500
    assert len(found("failedRuns", telemetry)) == 1


def test_an_answer_of_500_that_nothing_logged_is_a_failure_where_the_host_tells_of_it(talkative):
    with talkative.run("api_vaults", result_code="500"):
        pass
    with talkative.run("api_vaults", result_code="404"):
        pass
    assert found("failedRuns", talkative) == ["api_vaults"]


def test_a_refused_caller_is_no_failure(telemetry):
    with telemetry.run("api_vaults", result_code="404"):
        Front(World()).get("/subscriptions/x/nonsense")
    assert found("failedRuns", telemetry) == []


@pytest.mark.parametrize(("queue", "text"), [(BACKUP, "nonsense"), (BACKUP, "{}"), (RESOURCE_EVENTS, b"{}")])
def test_a_message_or_an_event_that_nobody_can_read_was_given_up(telemetry, queue, text):
    with telemetry.run("tick"):
        give_up(World().ports, queue, text)
    assert len(found("givenUpMessages", telemetry)) == 1


def test_a_step_that_failed_five_times_was_given_up(telemetry):
    platform = due()
    dispatch(platform.world.ports)
    with telemetry.run("tick"):
        give_up(platform.world.ports, BACKUP, encode(sent(platform, StartBackup)[-1]))
    assert len(found("givenUpMessages", telemetry)) == 1


def test_the_host_s_own_word_of_a_message_counts(telemetry):
    telemetry.host.trace(
        "Microsoft.Azure.WebJobs.Host.Queues.QueueProcessor",
        logging.WARNING,
        "Message has reached MaxDequeueCount of 5. Moving message to queue 'diskbackup-backup-poison'.",
    )
    assert len(found("givenUpMessages", telemetry)) == 1


def test_a_tick_that_fails_is_no_good_tick(telemetry):
    world = World()
    world.faults.fail("store.due", RuntimeError("no storage"))
    with telemetry.run("tick"):
        dispatch(world.ports)
    assert found("goodTicks", telemetry) == []
    assert found("failedRuns", telemetry) == ["tick"]


def test_the_function_whose_word_is_kept_is_there():
    names = {each.get_function_name() for each in functions()}
    kept = [name.split(".")[1] for name in LEVELS if name.startswith("Function.")]
    assert kept == ["tick"]
    assert set(kept) <= names


def test_libraries_are_silent_below_warning(telemetry):
    with telemetry.run("tick"):
        logging.getLogger("azure.core.pipeline.policies.http_logging_policy").info("Request URL: ...")
        logging.getLogger("azure.identity").info("a token")
        logging.getLogger("urllib3").warning("a pool is full")
    assert [row["Message"] for row in telemetry.rows()] == ["a pool is full"]


@pytest.mark.parametrize(
    "query", ["AppTraces | summarize count()", "union AppTraces, AppRequests", "AppTraces | where"]
)
def test_a_query_that_outgrows_the_reader_is_refused(query):
    with pytest.raises(ValueError, match="cannot read"):
        kql.run(query, [])
