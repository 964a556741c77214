"""Every deletion that reaches Azure, judged at that instant by what was promised, and by nothing that a tag says.

What the ledger knows it saw itself: which installation asked for a snapshot, and the longest expiry that a recovery
point of it was ever recorded with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.vault import Vault
from backup_core.ports import every
from tests.builders import VAULT
from tests.fakes import World

_KEEPS_ALL = (ProtectionState.STOPPED, ProtectionState.SOFT_DELETED)


@dataclass(slots=True)
class Ledger:
    """`acting` is the installation that makes the calls now; all of them work in one cloud."""

    worlds: dict[str, World]
    acting: str
    faults: list[str] = field(default_factory=list)
    frozen: bool = False  # tables that were set back: nothing at all may be deleted
    _makers: dict[str, str] = field(default_factory=dict)
    _promised: dict[str, datetime] = field(default_factory=dict)

    def see(self, call: str, target: str) -> None:
        """To be told of each call before it has its effect, as FakeCloud.guard is."""
        if call == "start_snapshot":
            self._makers.setdefault(target.lower(), self.acting)
        if call == "delete_snapshot":
            self.faults += [f"{target.rsplit('/', 1)[-1]} is deleted: {reason}" for reason in self._against(target)]

    def note_promises(self) -> None:
        for world in self.worlds.values():
            for point in self._points(world):
                if point.expires_at is not None:
                    known = self._promised.get(point.snapshot_id.lower(), point.expires_at)
                    self._promised[point.snapshot_id.lower()] = max(known, point.expires_at)

    def promised(self, snapshot_id: str) -> datetime | None:
        return self._promised.get(snapshot_id.lower())

    def made_by(self, snapshot_id: str) -> str | None:
        return self._makers.get(snapshot_id.lower())

    def _against(self, target: str) -> Iterator[str]:
        world = self.worlds[self.acting]
        resource = world.cloud._snapshots.get(target.lower())
        if resource is None:
            return
        if self.frozen:
            yield "the tables are older than the world, and nobody has said go on"
        if self._makers.get(target.lower()) != self.acting:
            yield "it is not this installation's"
        points = self._points(world)
        record = next((point for point in points if point.snapshot_id.lower() == target.lower()), None)
        instance = self._instance(world)
        if record is None:
            if self._is_whole(world, target):
                yield "it is whole, and no point is recorded of it"
            return
        if instance is None:
            yield "its instance is gone"
            return
        yield from self._against_point(world, instance, record, points)

    def _against_point(
        self, world: World, instance: BackupInstance, record: RecoveryPoint, points: list[RecoveryPoint]
    ) -> Iterator[str]:
        now = world.clock.now()
        if instance.state in _KEEPS_ALL:
            yield f"its instance is {instance.state.value}"
        if record.hold is not None:
            yield "it is held"
        if record.restoring:
            yield "a restore reads it"
        if instance.state is ProtectionState.DELETING and not self._is_immutable(world):
            return
        promised = self.promised(record.snapshot_id) or record.expires_at
        if promised is None or promised > now:
            yield f"it was promised to stay until {promised}"
        newer = [
            point
            for point in points
            if point.created_at > record.created_at
            and point.state is PointState.COMPLETED
            and self._is_whole(world, point.snapshot_id)
        ]
        if not newer:
            yield "it is the newest"

    @staticmethod
    def _is_whole(world: World, snapshot_id: str) -> bool:
        resource = world.cloud._snapshots.get(snapshot_id.lower())
        if resource is None:
            return False
        shown = world.cloud._shown(resource)["properties"]
        return bool(
            shown.get("provisioningState") == "Succeeded" and float(shown.get("completionPercent") or 100) == 100
        )

    @staticmethod
    def _points(world: World) -> list[RecoveryPoint]:
        with world.faults.paused():
            names = [stored.value.name for stored in every(world.ports, BackupInstance, VAULT)]
            return [stored.value for name in names for stored in every(world.ports, RecoveryPoint, VAULT, name)]

    @staticmethod
    def _instance(world: World) -> BackupInstance | None:
        with world.faults.paused():
            found = [stored.value for stored in every(world.ports, BackupInstance, VAULT)]
        return found[0] if found else None

    @staticmethod
    def _is_immutable(world: World) -> bool:
        with world.faults.paused():
            stored = world.store.get(Vault, VAULT)
        return stored is not None and stored.value.at(world.clock.now()).is_immutable
