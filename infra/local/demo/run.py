"""`make demo`: the whole loop on this machine, through the official clients, with every claim checked at the end.

Protects every disk of the local target, lets one-minute slots come due, takes backups on demand, kills a host in the
middle, lets points expire, restores disks, and holds all of it against the simulator's own ledger. Takes under six
minutes, and ends then, unless somebody sits before it who may look around. Exit status 0 only if every check holds.
"""

from __future__ import annotations

import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from azure.mgmt.dataprotection import models
from rich.console import Console

from infra.local.demo import wanted
from infra.local.demo.checks import (
    Restored,
    Story,
    checks,
    kept_table,
    restore_table,
    resumed,
    slot_table,
    watch_the_end,
)
from infra.local.demo.clients import GROUP, VAULT, Clients, instant, job_of, json_of, now, sleep_until
from infra.local.demo.narrating import leave_time, tell_where, waiting
from infra.local.up import PROJECT, AlreadyRunning, LocalTarget, PartFailed, clear

Seen = TypeVar("Seen")

DIRECTORY = PROJECT / ".local" / "demo"
BACKGROUND_COPIES = ("PremiumV2_LRS", "UltraSSD_LRS")
SLOTS = 4
SLOW_SECONDS = 4.0  # for which Azure lets a start wait while a host is killed
RETENTION = {
    "PT3M": timedelta(minutes=3),
    "P7D": timedelta(days=7),
    "P28D": timedelta(days=28),
    "P30D": timedelta(days=30),
}
POLICIES: Mapping[str, dict[str, Any]] = {
    "every-minute": wanted.policy("PT1M", "PT3M"),
    "every-minute-first-of-day-longer": wanted.policy(
        "PT1M", "PT3M", {"Weekly": ("FirstOfWeek", "P28D"), "Daily": ("FirstOfDay", "P7D")}
    ),
    "twice-a-day": wanted.policy("PT12H", "P30D"),
}


def main(directory: Path = DIRECTORY) -> int:
    console = Console(width=None if Console().is_terminal else 140)
    started = time.monotonic()
    console.rule("A local Azure: storage, disks, sign-in, events, one front door, and two Functions hosts")
    try:
        clear(directory)
        with waiting(console, "starting eight processes"):
            target = LocalTarget.start(dir=directory, instances=2)
        with target:
            tell_where(console, target.endpoints["center"])
            passed = _tell(console, target)
            _conclude(console, passed, time.monotonic() - started, directory)
            leave_time(console, target.endpoints["center"], sys.stdin)
    except (AlreadyRunning, PartFailed, FileNotFoundError) as error:
        console.print(f"✗ {error}", style="red", markup=False, highlight=False)
        return 1
    return 0 if passed else 1


def _conclude(console: Console, passed: bool, seconds: float, directory: Path) -> None:
    console.print(f"\n{'All of it holds' if passed else 'Something does not hold'}; {seconds:.0f} s.")
    if not passed:
        console.print(f"The logs are in {directory / 'logs'}")


def _tell(console: Console, target: LocalTarget) -> bool:
    """Play it and judge it; what stops the play is shown and counts as a claim that does not hold."""
    try:
        passed = _judge(console, _play(console, target))
    except Exception:
        console.print_exception()
        passed = False
    crashed = target.crashed()
    for part in crashed:
        console.print(f"✗ {part.obituary()}", style="red", markup=False, highlight=False)
    return passed and not crashed


def _play(console: Console, target: LocalTarget) -> Story:
    clients = Clients(target.endpoints)
    disks = clients.disks()
    scheduled = [disk for disk in disks if disk["sku"]["name"] not in BACKGROUND_COPIES]
    slow = [disk for disk in disks if disk["sku"]["name"] in BACKGROUND_COPIES]
    with waiting(console, f"{len(disks)} disks are being protected"):
        _protect(console, clients, disks)
    slots = _next_slots()
    with waiting(console, "backups on demand; slow disks are copied in the background"):
        on_demand = _back_up_now(console, clients, [*slow, scheduled[0]])
        _await_jobs(console, clients, on_demand)
    held, killed = _live_through(console, clients, target, slots, len(scheduled))
    with waiting(console, "new disks are being made of recovery points"):
        restored = _restore(console, clients, _restorable(scheduled, slow))
    with waiting(console, "recovery points get older; the newest of each disk stays whatever its age"):
        _await_expiry(console, clients, slots[0] + RETENTION["PT3M"])
        clients.run_function("reconcile")
    with waiting(console, "the next slot's work has to end before all can be compared"):
        _await_quiet(console, clients)
    return watch_the_end(
        clients,
        disks=frozenset(disk["id"].lower() for disk in disks),
        scheduled=frozenset(disk["id"].lower() for disk in scheduled),
        slots=tuple(_slots_until(slots[0], now())),
        held=held,
        killed_at=killed,
        restored=tuple(restored),
        retention=RETENTION,
    )


def _protect(console: Console, clients: Clients, disks: Sequence[Mapping[str, Any]]) -> None:
    console.rule("Vault, policies, and every disk protected, through azure-mgmt-dataprotection, as a contributor")
    clients.backup.backup_vaults.begin_create_or_update(
        GROUP, VAULT, models.BackupVaultResource(wanted.vault())
    ).result()
    policies = clients.backup.backup_policies
    ids = {
        name: str(policies.create_or_update(GROUP, VAULT, name, models.BaseBackupPolicyResource(body)).id)
        for name, body in POLICIES.items()
    }
    with ThreadPoolExecutor(8) as threads:
        states = list(threads.map(lambda disk: _protect_one(clients, disk, ids), disks))
    for disk, state in zip(disks, states, strict=True):
        kind = f"{disk['sku']['name']:16} {disk['properties']['diskSizeGB']:>6} GB  {disk['location']:12}"
        console.print(f"  {disk['name']:28} {kind} {_policy_of(disk):34} {state}", highlight=False)
        if state != "ProtectionConfigured":
            raise RuntimeError(f"{disk['name']} is in state {state}")


def _protect_one(clients: Clients, disk: Mapping[str, Any], policies: Mapping[str, str]) -> str:
    body = models.BackupInstanceResource(wanted.instance(disk, policies[_policy_of(disk)]))
    made = clients.backup.backup_instances.begin_create_or_update(GROUP, VAULT, disk["name"], body).result()
    return str(json_of(made.properties)["currentProtectionState"])


def _policy_of(disk: Mapping[str, Any]) -> str:
    if disk["sku"]["name"] in BACKGROUND_COPIES:
        return "twice-a-day"
    return "every-minute-first-of-day-longer" if disk["properties"].get("osType") else "every-minute"


def _next_slots() -> list[datetime]:
    first = (now() + timedelta(minutes=1)).replace(second=0, microsecond=0)
    return _slots_until(first, first + timedelta(minutes=SLOTS - 1))


def _slots_until(first: datetime, last: datetime) -> list[datetime]:
    minutes = int((last - first).total_seconds() // 60)
    return [first + timedelta(minutes=minute) for minute in range(minutes + 1)]


def _back_up_now(console: Console, clients: Clients, disks: Sequence[Mapping[str, Any]]) -> list[str]:
    """On demand; answers the jobs' ids."""
    jobs = []
    body = models.TriggerBackupRequest(wanted.on_demand())
    for disk in disks:
        answer = clients.backup.backup_instances.begin_adhoc_backup(GROUP, VAULT, disk["name"], body)
        jobs.append(job_of(answer))
        console.print(f"  on demand: {disk['name']} ({disk['sku']['name']})", highlight=False)
    return jobs


def _live_through(
    console: Console, clients: Clients, target: LocalTarget, slots: Sequence[datetime], due: int
) -> tuple[frozenset[str], datetime]:
    """Watch the slots come due; in the second one, kill a host while it holds work. Answers what ran, and when."""
    console.rule(f"{len(slots)} slots, a minute apart; at the second one a host is killed")
    held: frozenset[str] = frozenset()
    killed_at = slots[1]
    for number, slot in enumerate(slots):
        with waiting(console, f"slot {slot:%H:%M} of {due} disks"):
            if number == 1:
                held, killed_at = _kill_in(console, clients, target, slot, due)
            _watch_slot(console, clients, slot, due)
            if number == 1:
                target.start_host()
                console.print("  another host was started")
    return held, killed_at


def _kill_in(
    console: Console, clients: Clients, target: LocalTarget, slot: datetime, due: int
) -> tuple[frozenset[str], datetime]:
    """Kill the host that is asking Azure for most snapshots of the slot, while Azure answers slowly."""
    sleep_until(slot - timedelta(seconds=3))
    slow = {"kind": "delay", "method": "PUT", "path": "/snapshots/", "seconds": SLOW_SECONDS, "count": due}
    clients.control("POST", "faults", slow)
    _until(lambda: _busiest(target)[1], lambda runs: runs >= 3, seconds=30, pause=0.1)
    time.sleep(1)  # until what it runs is claimed and asked for; Azure takes longer
    victim, runs = _busiest(target)
    target.kill_host(victim, signal.SIGKILL)
    killed_at = now()
    clients.control("DELETE", "faults")
    held = _running(clients)  # what the dead host held stays InProgress until the watch finds it
    console.print(
        f"  [bold]SIGKILL[/] of one of two hosts at {killed_at:%H:%M:%S}, in the middle of {runs} starts; "
        f"{len(held)} backups were in progress",
        highlight=False,
    )
    return held, killed_at


def _busiest(target: LocalTarget) -> tuple[int, int]:
    """The host that runs most starts of backups, and how many."""
    in_flight = {index: _in_flight(target.log_dir / f"host-{index}.log") for index in target.hosts}
    busiest = max(in_flight, key=lambda index: in_flight[index])
    return busiest, in_flight[busiest]


def _in_flight(log: Path) -> int:
    """How many runs of the queue of backups this host has begun and not ended, by its log."""
    text = log.read_text(encoding="utf-8", errors="replace")
    return text.count("Executing 'backup'") - text.count("Executed 'backup'")


def _running(clients: Clients) -> frozenset[str]:
    return frozenset(
        job["id"] for job in clients.jobs() if job["status"] == "InProgress" and job["operation"] == "Backup"
    )


def _watch_slot(console: Console, clients: Clients, slot: datetime, due: int) -> None:
    """One line as the slot's snapshots are taken and recorded, until all are or the next slot is near."""
    sleep_until(slot)
    until = slot + timedelta(seconds=40)
    taken: list[Any] = []
    while now() < until and len(taken) < due:
        time.sleep(1)
        taken = [entry for entry in clients.ledger() if entry.what == "snapshot.created" and entry.slot == slot]
    delay = max((entry.at - slot).total_seconds() for entry in taken) if taken else 0.0
    console.print(
        f"  slot {slot:%H:%M}: {len(taken)} of {due} snapshots, the last {delay:.1f} s after it", highlight=False
    )


def _await_jobs(console: Console, clients: Clients, jobs: Sequence[str]) -> None:
    """Backups of Premium SSD v2 and Ultra end when their copy in the background does."""
    last = ""
    for _ in range(120):
        states = [json_of(clients.backup.jobs.get(GROUP, VAULT, job).properties) for job in jobs]
        open_ = [state for state in states if state["status"] == "InProgress"]
        line = ", ".join(f"{state['dataSourceName']} {_percent(state)}" for state in open_)
        if line != last and line:
            console.print(f"  copying: {line}", highlight=False)
        if not open_:
            console.print(
                f"  on demand: {len(states)} ended, {_counted(state['status'] for state in states)}", highlight=False
            )
            return
        last = line
        time.sleep(1)


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{count} {word}" for word, count in Counter(words).most_common())


def _percent(job: Mapping[str, Any]) -> str:
    tasks = (job.get("extendedInfo") or {}).get("subTasks") or [{}]
    progress = tasks[0].get("taskProgress")
    return str(progress or "running")


def _restorable(scheduled: Sequence[Mapping[str, Any]], slow: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """One of each sort whose properties a snapshot does not keep: a system disk (of a trusted machine, whose security
    type it does keep), a shared or zonal one, a slow one, and one of the other subscription."""
    system = next(disk for disk in scheduled if disk["properties"].get("securityProfile"))
    shared = next(disk for disk in scheduled if (disk["properties"].get("maxShares") or 1) > 1)
    other = next(disk for disk in scheduled if disk["id"].split("/")[2] != system["id"].split("/")[2])
    return [system, shared, other, slow[0]]


def _restore(console: Console, clients: Clients, disks: Sequence[Mapping[str, Any]]) -> list[Restored]:
    console.rule("Restore to new disks in other resource groups")
    started = now()
    jobs = [(disk, *_start_restore(clients, disk)) for disk in disks]
    restored = []
    for disk, target_id, job in jobs:
        state = _ended(clients, job)
        took = (instant(state["endTime"]) - started).total_seconds()
        console.print(f"  {disk['name']} → {target_id.split('/', 4)[-1]}: {state['status']}", highlight=False)
        if state["status"] != "Completed":
            raise RuntimeError(f"the restore of {disk['name']} ended as {state['status']}: {state.get('errorDetails')}")
        restored.append(Restored(source=disk, disk=clients.disk(target_id), seconds=took))
    return restored


def _start_restore(clients: Clients, disk: Mapping[str, Any]) -> tuple[str, str]:
    subscription = disk["id"].split("/")[2]
    group = f"/subscriptions/{subscription}/resourceGroups/restores-{disk['location']}"
    target_id = f"{group}/providers/Microsoft.Compute/disks/{disk['name']}-restored"
    newest = clients.points(disk["name"])[0]["recoveryPointId"]
    body = models.AzureBackupRestoreRequest(wanted.restore(newest, target_id, disk["location"]))
    answer = clients.backup.backup_instances.begin_trigger_restore(GROUP, VAULT, disk["name"], body)
    return target_id, job_of(answer)


def _ended(clients: Clients, job: str) -> Mapping[str, Any]:
    return _until(
        lambda: json_of(clients.backup.jobs.get(GROUP, VAULT, job).properties),
        lambda state: state["status"] != "InProgress",
        seconds=120,
    )


def _await_expiry(console: Console, clients: Clients, expires_at: datetime) -> None:
    console.rule("Points expire after three minutes")
    console.print(f"  the first expire at {expires_at:%H:%M:%S}; the sweep comes once a minute")
    deleted = _until(
        lambda: [entry for entry in clients.ledger() if entry.what == "snapshot.deleted"],
        lambda entries: len(entries) >= 3,
        seconds=(expires_at - now()).total_seconds() + 90,
    )
    console.print(f"  {len(deleted)} snapshots deleted so far")


def _await_quiet(console: Console, clients: Clients) -> None:
    """A moment between two slots in which nothing runs, so that ledger and API can be compared."""
    for _ in range(4):
        if not 32 <= now().second <= 50:
            minute = now().replace(second=0, microsecond=0)
            sleep_until(minute + timedelta(seconds=35 if now().second < 32 else 95))
        try:
            _until(
                clients.jobs,
                lambda jobs: all(job["status"] != "InProgress" for job in jobs),
                seconds=50 - now().second,
            )
        except TimeoutError:
            continue
        console.print("  nothing runs now: everything is compared")
        return
    raise TimeoutError("there was no quiet moment: jobs stay in progress")


def _until(look: Callable[[], Seen], good: Callable[[Seen], bool], *, seconds: float, pause: float = 1.0) -> Seen:
    until = time.monotonic() + seconds
    while True:
        seen = look()
        if good(seen):
            return seen
        if time.monotonic() > until:
            raise TimeoutError(f"it did not happen within {seconds:.0f} s")
        time.sleep(pause)


def _judge(console: Console, story: Story) -> bool:
    console.rule("What happened")
    for table in (slot_table(story), kept_table(story), restore_table(story.restored)):
        console.print(table)
    operations = (f"{job['operation']} {job['status']}" for job in story.jobs)
    console.print(f"Jobs: {_counted(operations)}", highlight=False)
    console.rule("Checked against the simulator's ledger")
    console.print(
        f"{len(story.held)} backups were in progress when a host was killed; "
        f"{len(resumed(story))} of them died with it and were resumed by the other.",
        highlight=False,
    )
    verdicts = list(checks(story))
    for check in verdicts:
        console.print(f"  {'[red]✗[/]' if check.against else '[green]✓[/]'} {check.claim}", highlight=False)
        for reason in check.against[:10]:
            console.print(f"      {reason}", highlight=False)
    return not any(check.against for check in verdicts)
