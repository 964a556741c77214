"""What must hold whatever happened, in words and in code. Each check answers the faults it found.

1. *Every slot that became due has one end*: it was taken (its job completed, or its recovery point is there), or its
   job failed or was cancelled, or it is on record as missed, with the reason. Exactly one of these; a failed job whose
   snapshot turned up whole after all, and was adopted, counts as taken.
2. *A slot has one job at most*, and the count of missed slots is that of the slots missed.
3. *An ended job stays as it ended*: no later write changes its status, its end, its error or its point.
4. *A deletion reaches Azure only* of a snapshot that this installation asked for, whose point is recorded, expired by
   the longest date that it was ever promised, neither held nor read by a restore, of an instance that lets points
   expire, and followed by a newer good point whose snapshot is there and whole. What is being deleted with its instance
   may go before its time, unless the vault is immutable; what is not whole may go unrecorded. Where the deletion brake
   lets nothing go early, that takes a go-on of the last day. Of tables that are older than the world, nothing goes.
5. *Points and snapshots are each other's* once everything is quiet: a good point has its snapshot, a whole snapshot its
   point, kept at least as long as was promised; and the instance's row counts them as they are.
6. *Nothing waits for ever*: no message, no job and no row of the agenda that looks after one is left when everything is
   quiet.
7. *Every alert is resolved when its cause is gone*: on the instance, and in the alert's own row.
8. *Restore tests leave nothing behind*: no disk, no access to data, no place, as long as the tables are there.

Where the clocks of hosts are apart, what is due at an instant is due a little earlier or later to some of them: what
changes within that time may count either way, and a promise ends by the clock of who looks.

The first three ask for records only, so that any simulation can be held to them: a platform in memory, a fleet, tables
read back from an emulator. What became due is for the caller to know; `Due` notes it for a platform in memory. `Ledger`
sees each call of a cloud in memory before it has its effect.

Leaves to others: processes that die (tests/chaos).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from backup_core.domain.brake import Brake
from backup_core.domain.hold import all_holds
from backup_core.domain.instance import MISSED_SLOTS_KEPT, BackupInstance, ProtectionState
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.naming import scheduled_job_id
from backup_core.domain.points import count_of
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.vault import Vault
from backup_core.ports import every
from tests.builders import VAULT
from tests.fakes import World


class End(Enum):
    TAKEN = "taken"
    FAILED = "failed"
    CANCELLED = "cancelled"
    MISSED = "missed"


_ENDS = {
    JobStatus.COMPLETED: End.TAKEN,
    JobStatus.COMPLETED_WITH_WARNINGS: End.TAKEN,
    JobStatus.FAILED: End.FAILED,
    JobStatus.CANCELLED: End.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What is on record of one instance: of one generation, where several bore its name one after another. `instance`
    is None where it was deleted: then its jobs are all there is, and name the slots that they stood for."""

    jobs: Sequence[Job]
    points: Sequence[RecoveryPoint]
    instance: BackupInstance | None

    @classmethod
    def of_generation(cls, vault: VaultKey, name: str, generation: str, every: Records) -> Records:
        """The part of `every` that is of one generation."""
        jobs = [
            job
            for job in every.jobs
            if job.slot is not None and job.job_id == scheduled_job_id(vault, name, generation, job.slot)
        ]
        own = {job.job_id for job in jobs}
        instance = every.instance if every.instance and every.instance.generation == generation else None
        return cls(jobs=jobs, points=[point for point in every.points if point.job_id in own], instance=instance)

    def scheduled(self) -> Iterator[Job]:
        return (job for job in self.jobs if job.operation is JobOperation.BACKUP and job.slot is not None)

    @property
    def is_gone(self) -> bool:
        """Whether what the instance itself knew has gone with it, or will."""
        return self.instance is None or self.instance.state is ProtectionState.DELETING


def ends_of(slot: datetime, records: Records) -> set[End]:
    """All ends that the records tell of a slot."""
    ends = {_ENDS[job.status] for job in records.scheduled() if job.slot == slot and job.is_ended}
    if any(point.slot == slot for point in records.points):
        ends = (ends - {End.FAILED}) | {End.TAKEN}
    stood_for = any(slot in job.missed_slots for job in records.scheduled() if job.status is JobStatus.CANCELLED)
    if (stood_for and not ends) or (records.instance is not None and slot in records.instance.missed_slots):
        ends.add(End.MISSED)
    return ends


def faults_of_slots(due: Iterable[datetime], records: Records) -> list[str]:
    """Invariants 1 and 2, once everything is quiet. What a deleted instance had on record itself is gone with it, as
    its points are: of its slots it is only asked that none has two ends."""
    return [*_ends(due, records), *_jobs(records), *_counts(records.instance)]


def _ends(due: Iterable[datetime], records: Records) -> Iterator[str]:
    for slot in due:
        ends = ends_of(slot, records)
        if not ends and not records.is_gone:
            yield f"slot {slot:%d. %H:%M} was due and left no trace"
        elif len(ends) > 1:
            yield f"slot {slot:%d. %H:%M} is {' and '.join(sorted(end.value for end in ends))}"


def _jobs(records: Records) -> Iterator[str]:
    for slot, count in Counter(job.slot for job in records.scheduled()).items():
        if count > 1:
            yield f"slot {slot} has {count} jobs"
    yield from (f"job {job.job_id} of {job.slot} is {job.status.value}" for job in records.jobs if not job.is_ended)


def _counts(instance: BackupInstance | None) -> Iterator[str]:
    if instance is None:
        return
    named = len(instance.missed_slots)
    if instance.missed_count < named or (named < MISSED_SLOTS_KEPT and instance.missed_count != named):
        yield f"{named} missed slots are named, and {instance.missed_count} counted"
    yield from (f"{missed.slot} is missed for no reason" for missed in instance.missed if not missed.because)


@dataclass(slots=True)
class Endings:
    """Invariant 3: shown all jobs again and again, it tells what changed of one that had ended."""

    _ended: dict[str, Job] = field(default_factory=dict)

    def look(self, jobs: Iterable[Job]) -> list[str]:
        faults = []
        for job in jobs:
            before = self._ended.get(job.job_id)
            if before is not None and job != before:
                faults.append(f"job {job.job_id} had ended as {before.status.value} and is {job.status.value} now")
            if job.is_ended:
                self._ended[job.job_id] = job
        return faults


@dataclass(slots=True)
class Due:
    """Which slots became due: asked at each of their instants, before anything else happens then.

    A slot is due when its instance takes scheduled backups, by the schedule that it has at that instant, and not before
    the first slot of its present configuration.
    """

    slots: set[tuple[str, datetime]] = field(default_factory=set)  # the instance's generation and the slot

    def note(self, now: datetime, instance: BackupInstance | None) -> None:
        if instance is None or not instance.takes_scheduled_backups or instance.due_from is None:
            return
        if now >= instance.due_from and instance.policy.schedule.newest_slot(now) == now:
            self.slots.add((instance.generation, now))

    def by_generation(self) -> dict[str, list[datetime]]:
        found: dict[str, list[datetime]] = {}
        for generation, slot in sorted(self.slots):
            found.setdefault(generation, []).append(slot)
        return found


_KEEPS_ALL = (ProtectionState.STOPPED, ProtectionState.SOFT_DELETED)


@dataclass(slots=True)
class Ledger:
    """Invariants 4 and 5, by what it saw itself: which installation asked for a snapshot, and the longest expiry
    that a point of it was ever recorded with. No tag is asked. `acting` is the installation that makes the calls
    now; all of them work in one cloud.
    """

    worlds: dict[str, World]
    acting: str
    faults: list[str] = field(default_factory=list)
    clocks_apart: timedelta = timedelta(0)  # from the true time
    braked: str = ""  # the installation whose brake lets nothing go early
    frozen: bool = False  # tables that were set back: nothing at all may be deleted
    held: dict[str, datetime | None] = field(default_factory=dict)  # snapshots by id; until when, if that is known
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

    def _against(self, target: str) -> Iterator[str]:
        world = self.worlds[self.acting]
        if world.cloud.shown(target) is None:
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
        for thing in (record, instance, self._vault(world)):
            yield from (f"it is {hold}" for hold in all_holds(thing) if hold.stands(now + self.clocks_apart))
        if record.snapshot_id.lower() in self.held:
            until = self.held[record.snapshot_id.lower()]
            if until is None or now + self.clocks_apart < until:
                yield "somebody was told that it is held"
        if record.restoring:
            yield "a restore reads it"
        if instance.state is ProtectionState.DELETING and self.acting == self.braked and not self._is_let_go(world):
            yield "it goes with its instance, and nobody let it go"
        if instance.state is ProtectionState.DELETING and not self._is_immutable(world):
            return
        promised = self._promised.get(record.snapshot_id.lower(), record.expires_at)
        if promised is None or promised > now + self.clocks_apart:
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
        shown = world.cloud.shown(snapshot_id)
        if shown is None:
            return False
        properties = shown["properties"]
        return bool(
            properties.get("provisioningState") == "Succeeded"
            and float(properties.get("completionPercent") or 100) == 100
        )

    @staticmethod
    def _points(world: World) -> list[RecoveryPoint]:
        with world.faults.paused():
            names = [stored.value.name for stored in every(world.ports, BackupInstance, VAULT)]
            return [stored.value for name in names for stored in every(world.ports, RecoveryPoint, VAULT, name)]

    def _is_let_go(self, world: World) -> bool:
        with world.faults.paused():
            stored = world.store.get(Brake, VAULT)
        now = world.clock.now() - self.clocks_apart
        return stored is not None and any(now < said.until for said in stored.value.go_ons)

    @staticmethod
    def _instance(world: World) -> BackupInstance | None:
        with world.faults.paused():
            found = [stored.value for stored in every(world.ports, BackupInstance, VAULT)]
        return found[0] if found else None

    @staticmethod
    def _vault(world: World) -> Vault | None:
        with world.faults.paused():
            stored = world.store.get(Vault, VAULT)
        return None if stored is None else stored.value.at(world.clock.now())

    def _is_immutable(self, world: World) -> bool:
        vault = self._vault(world)
        return vault is not None and vault.is_immutable

    def faults_of_points(self, installation: str) -> list[str]:
        """Invariant 5."""
        world = self.worlds[installation]
        points = {point.snapshot_id.lower(): point for point in self._points(world)}
        own = {each.lower() for each in world.cloud.snapshot_ids() if self._makers.get(each.lower()) == installation}
        whole = {each for each in own if self._is_whole(world, each)}
        faults = [f"point {each} has no snapshot" for each in points.keys() - own if points[each].is_good]
        instance, counted = self._instance(world), count_of(points.values())
        if instance is not None and instance.point_count != counted:
            faults.append(f"there are {counted}, and the instance says {instance.point_count}")
        if instance is not None:
            faults += [f"snapshot {each} has no point" for each in whole - points.keys()]
        for each in whole & points.keys():
            promised, kept = self._promised.get(each), points[each].expires_at
            if promised is not None and kept is not None and kept < promised - timedelta(seconds=1):
                faults.append(f"{each} was promised until {promised} and is kept until {kept}")
        return faults
