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
9. *A copy is deleted only* as a point is (4), by the promise that its rule gave it; in each region the newest whole one
   stays, and so does the snapshot at home of what is to be copied, and of what was copied last. What an attempt left
   behind may go, and nothing that is recorded as a copy.
10. *Every copy that was owed is made*, once everything is quiet, unless its time was over, its rule was deleted, or its
   point or instance had gone. Nothing waits in a lane, and no ticket is held.
11. *No disk is deleted* but those of restore tests.
12. *Messages do not multiply*: however long Azure does not answer, and however slow the queues are, of one kind and for
    one thing no more than two a minute are sent, but for those that a job's turn tells from their copies. Knocks, which
    are for no thing, are three before each minute in which a backup is due or waits.

Where the clocks of hosts are apart, what is due at an instant is due a little earlier or later to some of them: what
changes within that time may count either way, and a promise ends by the clock of who looks.

The first three ask for records only, so that any simulation can be held to them: a platform in memory, a fleet, tables
read back from an emulator. What became due is for the caller to know; `Due` notes it for a platform in memory. `Ledger`
sees each call of a cloud in memory before it has its effect.

Leaves to others: processes that die (tests/chaos).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from backup_core.domain.brake import Brake
from backup_core.domain.copying import CopyLane, LaneWait, PointCopy, find_rule, newest_whole, standings_of
from backup_core.domain.hold import all_holds
from backup_core.domain.instance import MISSED_SLOTS_KEPT, BackupInstance, ProtectionState
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.naming import scheduled_job_id
from backup_core.domain.points import count_of
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.resource_ids import ANYWHERE, VaultKey
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
    """Invariants 4, 5, 9 and 11, by what it saw itself: which installation asked for a snapshot, and the longest expiry
    that a point or copy of it was ever recorded with. No tag is asked. `acting` is the installation that makes the
    calls now; all of them work in one cloud.
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
        if call in ("start_snapshot", "start_copy"):
            self._makers.setdefault(target.lower(), self.acting)
        if call == "delete_snapshot":
            self.faults += [f"{target.rsplit('/', 1)[-1]} is deleted: {reason}" for reason in self._against(target)]
        if call == "delete_disk" and "/diskbackup-test-" not in target:
            self.faults.append(f"{target} is deleted")

    def note_promises(self) -> None:
        for world in self.worlds.values():
            told = [(point.snapshot_id, point.expires_at) for point in self._points(world)]
            told += [(copy.snapshot_id, copy.expires_at) for copy in self._copies(world) if copy.is_whole]
            for snapshot_id, expires_at in told:
                if expires_at is not None:
                    known = self._promised.get(snapshot_id.lower(), expires_at)
                    self._promised[snapshot_id.lower()] = max(known, expires_at)

    def _against(self, target: str) -> Iterator[str]:
        world = self.worlds[self.acting]
        if world.cloud.shown(target) is None:
            return
        if self.frozen:
            yield "the tables are older than the world, and nobody has said go on"
        if self._makers.get(target.lower()) != self.acting:
            yield "it is not this installation's"
        points, copies = self._points(world), self._copies(world)
        record = next((point for point in points if point.snapshot_id.lower() == target.lower()), None)
        copied = next((copy for copy in copies if copy.accounts_for(target)), None)
        if record is None and copied is None:
            if self._is_whole(world, target):
                yield "it is whole, and no record tells of it"
            return
        instance = self._instance(world, (record or copied).instance_name)  # type: ignore[union-attr]
        if instance is None:
            yield "its instance is gone"
        elif record is not None:
            yield from self._against_point(world, instance, record, [p for p in points if _are_beside(p, record)])
            yield from self._against_source(world, instance, record, [c for c in copies if _are_beside(c, record)])
        elif copied is not None:
            yield from self._against_copy(
                world, instance, copied, target, [c for c in copies if _are_beside(c, copied)]
            )

    def _against_point(
        self, world: World, instance: BackupInstance, record: RecoveryPoint, points: list[RecoveryPoint]
    ) -> Iterator[str]:
        yield from self._against_any(world, instance, record.snapshot_id, all_holds(record))
        if record.restoring:
            yield "a restore reads it"
        early = [
            *self._against_promise(world, record.snapshot_id, record.expires_at),
            *self._newest(world, record, points),
        ]
        if instance.state is ProtectionState.DELETING:
            if early and self.acting == self.braked and not self._is_let_go(world):
                yield "it goes with its instance, and nobody let it go"
            if not self._is_immutable(world):
                return
        yield from early

    def _newest(self, world: World, record: RecoveryPoint, points: list[RecoveryPoint]) -> Iterator[str]:
        newer = [
            point
            for point in points
            if point.created_at > record.created_at
            and point.state is PointState.COMPLETED
            and self._is_whole(world, point.snapshot_id)
        ]
        if not newer:
            yield "it is the newest"

    def _against_any(
        self, world: World, instance: BackupInstance, snapshot_id: str, own: Iterable[object]
    ) -> Iterator[str]:
        """What keeps a point or a copy alike. `snapshot_id` is the point's."""
        now = world.clock.now()
        if instance.state in _KEEPS_ALL:
            yield f"its instance is {instance.state.value}"
        holds = [*own, *all_holds(instance), *all_holds(self._vault(world))]
        yield from (f"it is {hold}" for hold in holds if hold.stands(now + self.clocks_apart))  # type: ignore[attr-defined]
        if snapshot_id.lower() in self.held:
            until = self.held[snapshot_id.lower()]
            if until is None or now + self.clocks_apart < until:
                yield "somebody was told that it is held"

    def _against_promise(self, world: World, snapshot_id: str, recorded: datetime | None) -> Iterator[str]:
        promised = self._promised.get(snapshot_id.lower(), recorded)
        if promised is None or promised > world.clock.now() + self.clocks_apart:
            yield f"it was promised to stay until {promised}"

    def _against_source(
        self, world: World, instance: BackupInstance, record: RecoveryPoint, copies: list[PointCopy]
    ) -> Iterator[str]:
        """A point's snapshot that is to be copied, or that the next copy is told from."""
        vault = self._vault(world)
        if instance.state is ProtectionState.DELETING or vault is None:
            return
        for copy in copies:
            rule = find_rule(vault.copy_rules, copy.rule_name)
            if rule is None or copy.source_id.lower() != record.snapshot_id.lower():
                continue
            if copy.is_wanted and world.clock.now() + self.clocks_apart < copy.expires_at:
                yield f"it is to be copied to {copy.location}"
            newest = newest_whole(copies, copy.lane)
            if copy is newest and rule.since <= copy.point_at:
                yield f"the newest copy in {copy.location} was made of it"

    def _against_copy(
        self, world: World, instance: BackupInstance, record: PointCopy, target: str, copies: list[PointCopy]
    ) -> Iterator[str]:
        if target.lower() != record.snapshot_id.lower():
            if instance.state in _KEEPS_ALL:
                yield f"its instance is {instance.state.value}"
            return  # an attempt left it behind
        points = [point for point in self._points(world) if _are_beside(point, record)]
        point = next((each for each in points if each.point_id == record.point_id), None)
        yield from self._against_any(world, instance, record.source_id, all_holds(point) if point is not None else ())
        if record.restoring:
            yield "a restore reads it"
        if record.is_wanted:
            yield "it is being made"
        is_early = world.clock.now() + self.clocks_apart < record.expires_at
        if is_early and self.acting == self.braked and not self._is_let_go(world):
            yield "it goes before its time, and nobody let it go"
        if instance.state is ProtectionState.DELETING and not self._is_immutable(world) and not points:
            return
        yield from self._against_promise(world, target, record.expires_at)
        newer = [
            copy
            for copy in copies
            if copy.lane == record.lane
            and copy.point_at > record.point_at
            and copy.is_whole
            and self._is_whole(world, copy.snapshot_id)
        ]
        if not newer and instance.state is not ProtectionState.DELETING:
            yield f"it is the newest whole copy in {record.location}"

    @staticmethod
    def _is_whole(world: World, snapshot_id: str) -> bool:
        shown = world.cloud.shown(snapshot_id)
        if shown is None:
            return False
        properties = shown["properties"]
        percent = properties.get("completionPercent")
        return bool(properties.get("provisioningState") == "Succeeded" and (percent is None or float(percent) == 100))

    @staticmethod
    def _points(world: World) -> list[RecoveryPoint]:
        with world.faults.paused():
            names = [stored.value.name for stored in every(world.ports, BackupInstance, VAULT)]
            return [stored.value for name in names for stored in every(world.ports, RecoveryPoint, VAULT, name)]

    @staticmethod
    def _copies(world: World) -> list[PointCopy]:
        with world.faults.paused():
            names = [stored.value.name for stored in every(world.ports, BackupInstance, VAULT)]
            return [stored.value for name in names for stored in every(world.ports, PointCopy, VAULT, name)]

    def _is_let_go(self, world: World) -> bool:
        with world.faults.paused():
            stored = world.store.get(Brake, VAULT)
        now = world.clock.now() - self.clocks_apart
        return stored is not None and any(now < said.until for said in stored.value.go_ons)

    @staticmethod
    def _instances(world: World) -> list[BackupInstance]:
        with world.faults.paused():
            return [stored.value for stored in every(world.ports, BackupInstance, VAULT)]

    def _instance(self, world: World, name: str) -> BackupInstance | None:
        return next((each for each in self._instances(world) if each.name.lower() == name.lower()), None)

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
        copies = {copy.snapshot_id.lower() for copy in self._copies(world)}
        own = {each.lower() for each in world.cloud.snapshot_ids() if self._makers.get(each.lower()) == installation}
        whole = {each for each in own if self._is_whole(world, each)}
        faults = [f"point {each} has no snapshot" for each in points.keys() - own if points[each].is_good]
        instances = self._instances(world)
        for instance in instances:
            counted = count_of([each for each in points.values() if _is_in(each, instance)])
            if instance.point_count != counted:
                faults.append(f"there are {counted}, and {instance.name} says {instance.point_count}")
        if instances:
            faults += [f"snapshot {each} has no point" for each in whole - points.keys() - copies]
        for each in whole & points.keys():
            promised, kept = self._promised.get(each), points[each].expires_at
            if promised is not None and kept is not None and kept < promised - timedelta(seconds=1):
                faults.append(f"{each} was promised until {promised} and is kept until {kept}")
        return faults


def _are_beside(one: RecoveryPoint | PointCopy, other: RecoveryPoint | PointCopy) -> bool:
    return one.instance_name.lower() == other.instance_name.lower()


def _is_in(one: RecoveryPoint | PointCopy, instance: BackupInstance) -> bool:
    return one.instance_name.lower() == instance.name.lower()


@dataclass(slots=True)
class Owed:
    """Invariant 10: shown all copies again and again, it knows which were ever owed, and what became of each.
    `excuse(copy_id, why)`: it need not be made."""

    world: World
    owed: dict[str, PointCopy] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    excused: dict[str, str] = field(default_factory=dict)

    def note(self, copies: Iterable[PointCopy]) -> None:
        for copy in copies:
            self.owed.setdefault(copy.copy_id, copy)
            if not copy.is_wanted:
                self.made.add(copy.copy_id)

    def excuse_all(self, because: str, *, instance_name: str = "") -> None:
        for copy in self.owed.values():
            if not instance_name or copy.instance_name == instance_name:
                self.excused.setdefault(copy.copy_id, because)

    def faults(self, copies: Sequence[PointCopy], points: Mapping[str, RecoveryPoint]) -> list[str]:
        """Once everything is quiet: of `copies` and `points` (by id) as they are then."""
        known, now = {each.copy_id: each for each in copies}, self.world.clock.now()
        faults = []
        for copy_id, copy in self.owed.items():
            found = known.get(copy_id)
            name = f"the copy of {copy.point_id} of {copy.point_at:%H:%M:%S} in {copy.location}"
            if found is not None and found.is_wanted:
                faults.append(f"{name} still waits: {found.because}")
            is_let_off = copy_id in self.made | self.excused.keys() or copy.expires_at <= now
            if found is None and not is_let_off and copy.point_id in points:
                faults.append(f"{name} was owed, and nothing is recorded of it")
        return [*faults, *self._left(copies), *self._lanes({copy.lane for copy in self.owed.values()})]

    def _left(self, copies: Sequence[PointCopy]) -> Iterator[str]:
        for copy in copies:
            yield from (f"{each} is still left behind" for each in copy.left_behind)
            if copy.is_whole and self.world.cloud.shown(copy.snapshot_id) is None:
                yield f"the copy {copy.snapshot_id} is recorded as whole and not there"
        for instance in Ledger._instances(self.world):
            own = [copy for copy in copies if _is_in(copy, instance)]
            if instance.copying:
                yield f"{instance.name} still copies {instance.copying}"
            if own and instance.copy_standings != standings_of(own):
                yield f"{instance.name} says {instance.copy_standings} of its copies, which are {standings_of(own)}"

    def _lanes(self, lanes: Iterable[str]) -> Iterator[str]:
        with self.world.faults.paused():
            for lane in sorted(lanes):
                stored = self.world.store.get(CopyLane, ANYWHERE, lane)
                yield from (f"{each} is held for ever" for each in (stored.value.tickets if stored is not None else ()))
                waits = every(self.world.ports, LaneWait, ANYWHERE, lane)
                yield from (f"{each.value.instance_name} waits in {lane} for ever" for each in waits)
