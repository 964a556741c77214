"""One round: disks come due and are asked for on demand while hosts are killed; then time to mend, then judgement.

The moments are drawn from a seed. Scheduled points live for a minute only, so that expiry is under fire as well; some
points are put on hold, and a stranger's snapshot lies in the same resource group.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import Job
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.ports import Change, Replace, StateConflict
from infra.local.arm.seed import OPERATOR
from infra.local.demo.clients import sleep_until
from tests.benchmarks.scene import (
    LOCATION,
    SNAPSHOT_GROUP,
    VAULT,
    Scene,
    local_target,
    policy_at,
    slots_ahead,
    wait_for,
)
from tests.builders import hold
from tests.chaos.invariants import Asked, Evidence, faults, is_settled
from tests.conftest import unsigned_token

HOSTS = 2
HELD = 3  # points put on hold
PATIENCE_SECONDS = 420
_SETTLED_PAUSE = 2.0
_ANSWERS_LOST = (requests.ConnectionError, requests.Timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`slots` and `on_demand` are per disk. `pause` is the shortest and longest time between two kills, in seconds.

    `hasty`: instead of waiting until silence counts as a stall, let the time pass for the records only.
    """

    seed: int
    disks: int
    slots: int
    on_demand: int
    kills: int
    pause: tuple[float, float]
    slow_arm_seconds: float = 0.0  # added to half of ARM's answers, so that a kill finds more steps in mid-run
    asking_seconds: float = 5.0  # over which the on-demand backups are asked for
    retention: str = "PT1M"
    hasty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`mend_seconds`: from the last kill until nothing was under way. `resent`: steps whose message a
    dead host took along, sent again by the watch. `faults`: what did not hold, in words."""

    backups: int
    kills: int
    resent: int
    missed_slots: int
    deleted: int
    mend_seconds: float
    faults: Sequence[str]


def run_round(plan: Plan) -> Outcome:
    with local_target(instances=HOSTS) as scene:
        chance = random.Random(plan.seed)
        slots = slots_ahead(plan.slots) if plan.slots else []
        disks = scene.add_disks(plan.disks, "chaos")
        yesterday = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)
        policy = policy_at("fleeting", slots or [yesterday], retention=plan.retention)
        scene.protect(disks, policy, first_slot=slots[0] if slots else None)
        foreign = _foreign_snapshot(scene, disks[0])
        names = [disk.rsplit("/", 1)[1] for disk in disks]
        if plan.slow_arm_seconds:
            scene.control("POST", "faults", {"kind": "delay", "rate": 0.5, "seconds": plan.slow_arm_seconds})
        if slots:
            sleep_until(slots[0] - timedelta(seconds=2))
        with _requests(scene, names * plan.on_demand, plan.asking_seconds) as accepted:
            held = _kill(scene, plan, chance)
        killed_at = time.monotonic()
        scene.control("DELETE", "faults")
        asked = Asked(slots=slots, accepted=accepted, held=held, foreign=frozenset({foreign}))
        _mend(scene, asked, hasty=plan.hasty)
        mended = time.monotonic() - killed_at
        scene.run_function("reconcile")
        return _judged(scene, asked, plan, mended)


def _judged(scene: Scene, asked: Asked, plan: Plan, mend_seconds: float) -> Outcome:
    seen = Evidence.of(scene)
    return Outcome(
        backups=sum(bool(entry.tag("owner")) for entry in seen.created),
        kills=plan.kills,
        resent=scene.logged("job.resent "),
        missed_slots=sum(instance.missed_count for instance in seen.instances),
        deleted=len(seen.deleted),
        mend_seconds=mend_seconds,
        faults=faults(asked, seen),
    )


def _kill(scene: Scene, plan: Plan, chance: random.Random) -> frozenset[str]:
    """Kill a host at a time, start another after one to three seconds; answers the snapshots held meanwhile."""
    held: frozenset[str] = frozenset()
    for _ in range(plan.kills):
        time.sleep(chance.uniform(*plan.pause))
        living = [index for index, part in scene.target.hosts.items() if part.exit_code is None]
        scene.target.kill_host(chance.choice(living))
        time.sleep(chance.uniform(1, 3))
        scene.target.start_host()
        held = held or _hold(scene)
    return held


@contextmanager
def _requests(scene: Scene, names: Sequence[str], seconds: float) -> Iterator[Counter[str]]:
    """Ask for on-demand backups while the block runs, and finish asking on leaving. Counts those that were accepted.

    A request whose host died is asked again: whether the first one counted, its client cannot know.
    """
    accepted: Counter[str] = Counter()
    failures: list[BaseException] = []

    def ask_all() -> None:
        try:
            for name in names:
                _ask(scene, name)
                accepted[name] += 1
                time.sleep(seconds / len(names))
        except BaseException as error:  # told to the main thread below
            failures.append(error)

    asking = threading.Thread(target=ask_all, daemon=True)
    asking.start()
    yield accepted
    asking.join(120)
    assert not failures, f"asking for backups broke: {failures[0]!r}"
    assert accepted.total() == len(names), f"{accepted.total()} of {len(names)} requests were answered"


def _ask(scene: Scene, name: str) -> None:
    """Once the one before has ended: an instance has one backup on demand at a time."""
    for _ in range(120):
        try:
            answer = scene.back_up(name)
        except _ANSWERS_LOST:
            time.sleep(0.3)
            continue
        if answer.status_code == 409:
            time.sleep(1)
            continue
        answer.raise_for_status()
        return
    raise TimeoutError(f"no host took the request for {name}")


def _hold(scene: Scene) -> frozenset[str]:
    """Put a few points on hold, so that no expiry may take them; answers their snapshots."""
    held: set[str] = set()
    for point in scene.points():
        if len(held) < HELD and _is_held(scene, point):
            held.add(point.snapshot_id.lower())
    return frozenset(held)


def _is_held(scene: Scene, point: RecoveryPoint) -> bool:
    """Whether the hold was written before anybody else touched the point or its instance."""
    instance = scene.store.get(BackupInstance, VAULT, point.instance_name)
    stored = scene.store.get(RecoveryPoint, VAULT, point.instance_name, point.point_id)
    if instance is None or stored is None or not stored.value.is_good:
        return False
    try:
        changes: list[Change] = [
            Replace(instance, instance.value),
            Replace(stored, replace(stored.value, holds=(hold("chaos"),))),
        ]
        scene.store.commit(VAULT, changes)
    except StateConflict:
        return False
    return True


def _mend(scene: Scene, asked: Asked, *, hasty: bool) -> None:
    if hasty:
        time.sleep(5)  # what the living hosts hold ends by itself
        _let_time_pass(scene)
        scene.run_function("tick")

    def is_quiet() -> bool:
        return is_settled(asked, Evidence.of(scene))

    try:
        wait_for(is_quiet, seconds=PATIENCE_SECONDS, pause=_SETTLED_PAUSE)
    except TimeoutError:
        return  # the judgement says what is left


def _let_time_pass(scene: Scene) -> None:
    """As if the open jobs had been silent for two minutes, and their watch were due."""
    before = datetime.now(UTC) - timedelta(minutes=2)
    for stored in scene.all(Job):
        if not stored.value.is_ended:
            _age(scene, stored.value, before)
    rows = list(scene.store.agenda(AgendaKind.WATCH))
    due: list[AgendaRow] = [replace(row, due_at=before.replace(microsecond=0)) for row in rows]
    scene.store.schedule(due)
    scene.store.unschedule(rows)


def _age(scene: Scene, job: Job, before: datetime) -> None:
    stored = scene.store.get(Job, VAULT, job.job_id)
    if stored is None or stored.value.is_ended:
        return
    try:
        scene.store.commit(VAULT, [Replace(stored, replace(stored.value, touched_at=before, look_again_at=None))])
    except StateConflict:
        return  # it moves: nothing to hasten


def _foreign_snapshot(scene: Scene, disk: str) -> str:
    """A snapshot that an operator took by hand, long expired by our rules if they were asked."""
    name = f"{SNAPSHOT_GROUP.text}/providers/Microsoft.Compute/snapshots/by-hand"
    body: dict[str, Any] = {
        "location": LOCATION,
        "tags": {"made-by": "an operator"},
        "properties": {"incremental": True, "creationData": {"createOption": "Copy", "sourceResourceId": disk}},
    }
    arm = scene.target.endpoints["arm"]
    answer = scene.session.put(
        f"{arm}{name}?api-version=2024-03-02",
        json=body,
        headers={"Authorization": f"Bearer {unsigned_token(OPERATOR, audience=arm)}"},
        verify=scene.target.endpoints["ca_file"],
        timeout=60,
    )
    answer.raise_for_status()
    wait_for(lambda: scene.ledger("snapshot.created"), seconds=60)
    return name.lower()
