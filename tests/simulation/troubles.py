"""What an interleaving of tests/workflows leaves out: points that expire within it, restores, tables that are lost or
go back in time, and a second installation of equal names over the same disk and groups. A run is a seed.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from backup_core.domain.resource_ids import parse_group_id
from backup_core.domain.restore import RestoreRequest
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.rebuild import rebuild_catalogue
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.restore import request_restore
from backup_core.workflows.set_back import go_on
from backup_core.workflows.vaults import put_policy
from tests.builders import SNAPSHOT_GROUP, TARGET_GROUP, VAULT, policy
from tests.fakes import World
from tests.invariants import Endings, Ledger
from tests.workflows.interleavings import NAME, SCHEDULES, Interleaving
from tests.workflows.platform import Platform, request

KINDS = ("", "lost", "set back", "two")
OURS, OTHERS = "ours", "others"
RETENTION = "PT8M"
GOES_BACK = 300  # seconds


def run(seed: int, kind: str) -> list[str]:
    """Every fault that the seed shows, the same each time: ids that are drawn by lot are drawn by the seed."""
    drawn, kept = random.Random(seed), uuid.uuid4
    uuid.uuid4 = lambda: uuid.UUID(int=drawn.getrandbits(128), version=4)
    try:
        return Troubled(seed, kind=kind).run()
    finally:
        uuid.uuid4 = kept


@dataclass(slots=True)
class Troubled(Interleaving):
    """`kind` is what happens beside the troubles of each run: "", "lost", "set back" or "two"."""

    kind: str = ""
    ledger: Ledger = field(init=False)
    other: Platform | None = None
    judged_from: datetime | None = None  # slots before it may have lost their records with the tables
    tables: Any = None
    incident_at: int = 0  # seconds

    def __post_init__(self) -> None:
        Interleaving.__post_init__(self)
        world = self.platform.world
        self._set_policy(0)
        self.ledger = Ledger(worlds={OURS: world}, acting=OURS)
        world.cloud.guard = self.ledger.see
        self.incident_at = self.random.randint(600, 1200)
        if self.kind == "two":
            self.other = self._other_installation()

    def _other_installation(self) -> Platform:
        first = self.platform.world
        world = World(clock=first.clock)
        world.cloud = first.cloud
        other = Platform(world=world)
        self.ledger.worlds[OTHERS] = world
        self.ledger.acting = OTHERS
        with first.faults.paused():
            put_policy(world.ports, VAULT, policy(f"policy-{NAME}", intervals=SCHEDULES[1], retention=RETENTION))
            configure_instance(world.ports, VAULT, request(NAME))
        self.ledger.acting = OURS
        return other

    # What happens.

    def _second(self) -> None:
        Interleaving._second(self)
        world = self.platform.world
        if world.clock.now().second % 5 == 0:
            self.ledger.note_promises()
        if self.other is not None:
            self._second_of_other(self.other)
        self.incident_at -= 1
        if self.kind == "set back" and 0 <= self.incident_at <= GOES_BACK:
            self.ticks_stand_still = 0  # without a tick in between, nothing would tell the two times apart
        if self.kind == "set back" and self.incident_at == GOES_BACK:
            self.tables = world.store.copy()
        if self.incident_at == 0:
            {"lost": self._lose_tables, "set back": self._go_back}.get(self.kind, lambda: None)()

    def _second_of_other(self, other: Platform) -> None:
        """It ticks in the same second, and meets none of our troubles."""
        self.ledger.acting = OTHERS
        with self.platform.world.faults.paused():
            other._fire_timers()
            other.deliver()
            if other.world.clock.now().second == 50 and other.world.clock.now().minute % 10 == 0:
                self._ask(lambda: reconcile(other.world.ports))
        self.ledger.acting = OURS

    def _lose_tables(self) -> None:
        """All are gone; an operator rebuilds them from the snapshots and protects the disk anew."""
        world = self.platform.world
        self.ledger.note_promises()
        with world.faults.paused():
            world.store.forget_everything()
            rebuild_catalogue(world.ports, [parse_group_id(SNAPSHOT_GROUP.text)])
            self._set_policy(0)
            self._ask(lambda: configure_instance(world.ports, VAULT, request(NAME)))
        self.endings = Endings()
        self.judged_from = world.clock.now() + timedelta(minutes=1)

    def _go_back(self) -> None:
        """The tables are those of five minutes ago. An operator reconciles after a while, and says go on."""
        world = self.platform.world
        self.ledger.note_promises()
        world.store.go_back(self.tables)
        self.endings = Endings()
        self.judged_from = world.clock.now() + timedelta(minutes=1)
        self.ledger.frozen = True
        world.faults.clear()
        for _ in range(240):
            self._note_due()
            Interleaving._second(self)
        with world.faults.paused():
            self._ask(lambda: reconcile(world.ports))
            self._ask(lambda: go_on(world.ports))
        self.ledger.frozen = False

    def _set_policy(self, number: int) -> None:
        changed = policy(f"policy-{NAME}", intervals=SCHEDULES[number], retention=RETENTION)
        with self.platform.world.faults.paused():
            self._ask(lambda: put_policy(self.platform.world.ports, VAULT, changed))

    def _reschedule(self) -> None:
        changed = policy(f"policy-{NAME}", intervals=self.random.choice(SCHEDULES), retention=RETENTION)
        self._ask(lambda: put_policy(self.platform.world.ports, VAULT, changed))

    def _restore(self) -> None:
        points = self.platform.points(NAME)
        if points:
            number, chosen = self.random.randint(0, 10**6), self.random.choice(points)
            wish = RestoreRequest(
                point_id=chosen.point_id,
                target_disk_id=f"{TARGET_GROUP.text}/providers/Microsoft.Compute/disks/restored-{number}",
                location="westeurope",
            )
            self._ask(lambda: request_restore(self.platform.world.ports, VAULT, NAME, wish))

    def _lock(self) -> None:
        locks = self.platform.world.cloud.locks
        locks ^= {SNAPSHOT_GROUP.key}

    def _reconcile(self) -> None:
        self._ask(lambda: reconcile(self.platform.world.ports))

    def _troubles(self) -> tuple[Callable[[], None], ...]:
        return (*Interleaving._troubles(self), self._restore, self._restore, self._lock, self._reconcile)

    # What is left.

    def _calm_down(self) -> None:
        Interleaving._calm_down(self)
        self.platform.run(minutes=1)  # the last reconciler's events leave a few seconds after it

    def _end_troubles(self) -> None:
        Interleaving._end_troubles(self)
        self.platform.world.cloud.locks.clear()

    def _judge(self) -> list[str]:
        self.due.slots = {each for each in self.due.slots if self.judged_from is None or each[1] >= self.judged_from}
        waiting = [f"a message waits for ever: {each.message}" for each in self.platform.world.queue.waiting()]
        return [*Interleaving._judge(self), *self.ledger.faults, *self.ledger.faults_of_points(OURS), *waiting]
