"""What takes long, begun before the first test: backups that will expire, a killed host, slots and faults to outlast.

Waiting for one is waiting for all, so the whole file of tests costs little more than its longest wait.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from azure.mgmt.dataprotection import models

from backup_core.adapters import entities
from backup_core.domain.agenda import AgendaKind
from infra.local.demo import wanted
from infra.local.demo.clients import instant, job_of
from tests.e2e.stage import GROUP, VAULT, Stage, until

HELD = 6  # backups that run when a host is killed
# For which Azure lets each of them wait: nearly as long as the app waits for an answer, so that a busy machine has
# begun most of them, and killed their host, before the first has ended.
DELAY_SECONDS = 18.0
GARBAGE = '{"version": 1, "vault": "none", "instance_name": 7}'
STRANGE = '{"version": 99}'
CORRUPT_ROW = "00000000001|corrupt"  # due since 1970
POLICIES = {
    "daily": wanted.policy("P1D", "P7D"),
    "minutely": wanted.policy("PT1M", "PT5M"),
    "brief": wanted.policy("P1D", "PT1M"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Instances bear their disks' names; jobs are ids; times are when the thing was done."""

    plain: str  # ids of disks
    lost: str
    minutely: str
    brief: str
    locked: str
    denied: str
    protected_at: datetime
    plain_job: str
    throttled_job: str
    throttling: int
    late_job: str
    denied_job: str
    locked_group: str
    expired_at: datetime  # by then the first points of `brief` and `locked` have expired
    held_jobs: tuple[str, ...]
    killed_at: datetime
    killed_ran: int  # of the held jobs, how many the killed host was running


def begin(stage: Stage) -> Begun:
    stage.clients.control("PUT", "settings", {"role_propagation_seconds": 0})
    stage.sdk.backup_vaults.begin_create_or_update(
        GROUP, VAULT, models.BackupVaultResource(wanted.vault(soft_delete="Off"))
    ).result()
    for name, body in POLICIES.items():
        stage.sdk.backup_policies.create_or_update(GROUP, VAULT, name, models.BaseBackupPolicyResource(body))
    stage.make_group("snapshots-locked")
    stage.make_group("snapshots-denied", with_role=False)
    disks = {name: stage.make_disks(name)[0] for name in ("plain", "lost", "minutely", "brief", "locked", "denied")}
    disks |= {name: stage.make_disks(name)[0] for name in ("throttled", "late")}
    held = stage.make_disks("held", HELD)
    _put_corrupt_row(stage)
    _protect_all(stage, disks, held)
    protected_at = datetime.now(UTC)
    held_jobs, killed_at, killed_ran = _kill(stage, held)
    plain_job, expired_at = _first_points(stage)
    stage.put_message("diskbackup-backup", GARBAGE)
    stage.put_message("diskbackup-requests", STRANGE)
    throttling = stage.fault("429", "snapshots/bk-throttled", method="PUT", count=2, retry_after=2)
    stage.fault("fail_late", "snapshots/bk-late", method="PUT", count=1, code="InvalidParameter")
    return Begun(
        **{name: disks[name] for name in ("plain", "lost", "minutely", "brief", "locked", "denied")},
        protected_at=protected_at,
        plain_job=plain_job,
        throttled_job=stage.back_up("throttled-0001"),
        throttling=throttling,
        late_job=stage.back_up("late-0001"),
        denied_job=stage.back_up("denied-0001"),
        locked_group="snapshots-locked",
        expired_at=expired_at,
        held_jobs=held_jobs,
        killed_at=killed_at,
        killed_ran=killed_ran,
    )


def _protect_all(stage: Stage, disks: dict[str, str], held: list[str]) -> None:
    wishes: list[tuple[str, str, str | None]] = [(disk, "daily", None) for disk in held]
    for name, disk in disks.items():
        policy = {"minutely": "minutely", "brief": "brief", "locked": "brief"}.get(name, "daily")
        group = f"snapshots-{name}" if name in ("locked", "denied") else None
        wishes.append((disk, policy, group))

    def protect(wish: tuple[str, str, str | None]) -> str:
        return stage.protect(wish[0], wish[1], group=wish[2])

    with ThreadPoolExecutor(6) as threads:
        states = list(threads.map(protect, wishes))
    assert set(states) == {"ProtectionConfigured"}


def _first_points(stage: Stage) -> tuple[str, datetime]:
    """Two points each of `brief` and `locked`, so that the older may go; one of `plain`, two of `lost`."""
    first = [stage.back_up(name) for name in ("brief-0001", "locked-0001", "lost-0001", "plain-0001")]
    ended = [stage.ended(job)["status"] for job in first]
    expiries = [instant(stage.points(name)[0]["expiryTime"]) for name in ("brief-0001", "locked-0001")]
    second = [stage.back_up(name) for name in ("brief-0001", "locked-0001", "lost-0001")]
    ended += [stage.ended(job)["status"] for job in second]
    assert set(ended) == {"Completed"}
    stage.lock("snapshots-locked")
    return first[-1], max(expiries)


def _kill(stage: Stage, disks: list[str]) -> tuple[tuple[str, ...], datetime, int]:
    """Kill the host that runs most of the held backups, while Azure lets them wait; start another in its place.

    Azure tells how many wait. Their jobs are asked for afterwards: that may take longer than they wait."""
    delay = stage.fault("delay", "snapshots/bk-held", method="PUT", seconds=DELAY_SECONDS, count=HELD)
    with ThreadPoolExecutor(HELD) as threads:
        taken = list(threads.map(lambda disk: stage.begin_backup(disk.rsplit("/", 1)[1]), disks))
    until(lambda: stage.struck(delay), lambda waiting: waiting > HELD // 2, pause=0.1)
    running = {host: stage.runs_of(host, "requests") for host in (0, 1)}
    victim = max(running, key=lambda host: running[host])
    stage.target.kill_host(victim)
    killed_at = datetime.now(UTC)
    stage.target.start_host()
    return tuple(job_of(each) for each in taken), killed_at, running[victim]


def _put_corrupt_row(stage: Stage) -> None:
    """A row at the head of the agenda that nobody can read."""
    row: dict[str, Any] = {
        "PartitionKey": entities.agenda_partition(AgendaKind.BACKUP, 0),
        "RowKey": CORRUPT_ROW,
        "v": 1,
        "body0": "{half of a",
    }
    table = stage.table("diskbackupagenda")
    table.create_table()
    table.upsert_entity(row)
