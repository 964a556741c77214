"""What a seed of trouble may have beside its one disk: a copy rule with another region, and a machine whose disks are
restored together, swapped, and put back. Each brings what may happen, what ends it, and what must hold then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from backup_core.domain.copying import CopyRule, KeptCopy, PointCopy, copies_of
from backup_core.domain.errors import BackupError
from backup_core.domain.job import PART_OF, Job, JobOperation, JobStatus
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import GroupId
from backup_core.domain.restore import RestoreRequest
from backup_core.domain.restore_together import RestoreGoesOn, TogetherRequest, parts_of
from backup_core.domain.swap import DataDisk, Exchange, Machine, exchanges_of
from backup_core.domain.vault import Vault
from backup_core.ports import Ports
from backup_core.workflows.copy_rules import delete_rule, put_rule
from backup_core.workflows.lifecycle import stop_protection
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.restore import request_restore
from backup_core.workflows.restore_together import request_restore_together
from backup_core.workflows.swap import SwapRequest, request_swap, request_undo
from backup_core.workflows.vaults import put_policy
from tests.builders import (
    DISK_GROUP,
    NOW,
    SNAPSHOT_GROUP,
    SUBSCRIPTION,
    TARGET_GROUP,
    VAULT,
    disk_id,
    disk_json,
    machine_id,
    machine_json,
    policy,
)
from tests.fakes import data_disk_json
from tests.invariants import Owed
from tests.workflows.interleavings import NAME
from tests.workflows.platform import Platform, request

if TYPE_CHECKING:
    from tests.simulation.troubles import Troubled

COPIES = GroupId(subscription=SUBSCRIPTION, group="copies-rg")
NORTH_TARGETS = GroupId(subscription=SUBSCRIPTION, group="restored-north-rg")
HOME_GROUPS = (SNAPSHOT_GROUP, DISK_GROUP, TARGET_GROUP)
AWAY_GROUPS = (COPIES, NORTH_TARGETS)
SECOND_DISK = "disk-2"
OTHER_DISK = "disk-3"  # of the machine, and not protected
KEPT_COPIES = ("PT6M", "PT20M", "PT4H")  # shorter and longer than points at home
COPY_TIMES = (10, 60, 240, 900)  # seconds
LINUX: dict[str, Any] = {"osType": "Linux", "hyperVGeneration": "V2"}
LUN = 2
SECOND_SCHEDULE, SECOND_RETENTION = ("R/2026-03-01T00:00:00+00:00/PT5M",), "PT12M"
REQUESTS = tuple(f"0f0e0d0c-0b0a-4000-8000-00000000000{number}" for number in range(4))


class Ingredient:
    """By default nothing."""

    groups: ClassVar[tuple[GroupId, ...]] = ()  # that hold snapshots beside the one at home

    def troubles(self) -> tuple[Callable[[], None], ...]:
        return ()

    def note(self) -> None:
        """Every few seconds."""

    def have_too(self, ports: Ports) -> None:
        """A second installation has the same."""

    def note_deleted(self) -> None:
        """The instance of the one disk is being deleted, with all that it has."""

    def rebuild(self) -> None:
        """What an operator does once the tables were lost, or went back in time."""

    def end_troubles(self) -> None:
        pass

    def go_well(self) -> None:
        """What is left is seen to, and works."""

    def calm_down(self) -> None:
        """Protection stops."""

    def faults(self) -> Iterator[str]:
        return iter(())


@dataclass(slots=True)
class Copies(Ingredient):
    """Points of all disks are copied to another region, which is slow, or refuses, or loses what was copied."""

    groups: ClassVar[tuple[GroupId, ...]] = (COPIES,)
    run: Troubled
    owed: Owed = field(init=False)
    ruled_at: datetime = NOW  # since when the rules are as they are
    number: int = 0
    amiss: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        world = self.run.platform.world
        self.owed = Owed(world)
        world.cloud.add_group(COPIES)
        world.cloud.add_group(NORTH_TARGETS)
        world.cloud.region_copy_time = timedelta(seconds=60)
        self._put_rules()

    @property
    def _platform(self) -> Platform:
        return self.run.platform

    def troubles(self) -> tuple[Callable[[], None], ...]:
        return (
            self._slow_copies,
            self._slow_copies,
            self._refuse,
            self._lose_copy,
            self._put_rules,
            self._delete_rules,
            self._lock_copies,
            self._restore_copy,
            self._restore_copy,
        )

    def _put_rules(self, retention: str = "", ask: Callable[[Callable[[], object]], None] | None = None) -> None:
        """Anew, or kept for another while."""
        ask = ask or self.run.ask
        ports, retention = self._platform.world.ports, retention or self.run.random.choice(KEPT_COPIES)
        with self._platform.world.faults.paused():
            for name in self.run.names:
                rule = _rule(name, retention, self._platform.world.clock.now())
                ask(partial(put_rule, ports, VAULT, rule))
            self.ruled_at = self._platform.world.clock.now()

    def have_too(self, ports: Ports) -> None:
        put_rule(ports, VAULT, _rule(NAME, self.run.random.choice(KEPT_COPIES), ports.clock.now()))

    def _delete_rules(self) -> None:
        """And make them anew after a while: what waited is not made any more, what is there stays."""
        with self._platform.world.faults.paused():
            for name in self.run.names:
                self.run.ask(partial(delete_rule, self._platform.world.ports, VAULT, f"north-{name}"))
        for _ in range(self.run.random.choice((1, 30, 90))):
            self.run.pass_a_second()
        self.note()
        self.owed.excuse_all("its rule was deleted")
        self._put_rules()

    def _slow_copies(self) -> None:
        seconds = self.run.random.choice(COPY_TIMES)
        self._platform.world.cloud.region_copy_time = timedelta(seconds=seconds)

    def _refuse(self) -> None:
        self.run.fail("cloud.start_copy")

    def _lose_copy(self) -> None:
        """Somebody deletes one, whole or not."""
        cloud = self._platform.world.cloud
        lying = [each for each in cloud.snapshot_ids() if each.lower().startswith(f"{COPIES.key}/")]
        if lying:
            cloud.lose_snapshot(self.run.random.choice(lying))

    def _lock_copies(self) -> None:
        self._platform.world.cloud.locks ^= {COPIES.key}

    def _restore_copy(self) -> None:
        """In its region, whatever becomes of it meanwhile."""
        whole = [copy for copy in self._copies() if copy.is_whole]
        if whole:
            self.run.ask(partial(self._ask_for, self.run.random.choice(whole)))

    def _ask_for(self, copy: PointCopy) -> Job:
        self.number += 1
        target = disk_id(f"restored-north-{self.number}", NORTH_TARGETS)
        wish = RestoreRequest(point_id=copy.point_id, target_disk_id=target, location=copy.location)
        return request_restore(self._platform.world.ports, VAULT, copy.instance_name, wish)

    def note(self) -> None:
        self.owed.note(self._copies())

    def _copies(self) -> list[PointCopy]:
        return [copy for name in self.run.names for copy in self._platform.copies(name)]

    def note_deleted(self) -> None:
        self.note()
        self.owed.excuse_all("its instance was deleted", instance_name=NAME)

    def rebuild(self) -> None:
        self.owed = Owed(self._platform.world)
        self._put_rules()

    def end_troubles(self) -> None:
        self._platform.world.cloud.region_copy_time = timedelta(seconds=5)

    def go_well(self) -> None:
        """What failed is tried again within an hour; the next copy ends the alerts of those that failed."""
        self._put_rules(KEPT_COPIES[-1], self.run.must)
        for _ in range(8):
            self._platform.run(minutes=32)
            self.run.must(lambda: reconcile(self._platform.world.ports))
            if not self._is_owed():
                break
        self._restore_while_home_is_down()

    def _restore_while_home_is_down(self) -> None:
        """It is what copies are for."""
        newest = next((copy for copy in reversed(self._platform.copies(NAME)) if copy.is_whole), None)
        if newest is None:
            self.amiss.append(f"no copy of {NAME} is whole, with nothing in the way")
            return
        self.run.down = HOME_GROUPS
        asked = self._ask_for(newest)
        self._platform.run(minutes=2)
        self.run.down = ()
        job = next(each for each in self._platform.jobs() if each.job_id == asked.job_id)
        if job.status is not JobStatus.COMPLETED:
            self.amiss.append(f"a copy is not restored while home is down: {job.status} {job.error}")

    def _is_owed(self) -> bool:
        return any(copy.is_wanted or copy.left_behind or copy.blocked_until for copy in self._copies())

    def faults(self) -> Iterator[str]:
        self.note()
        copies = self._copies()
        points = {point.point_id: point for name in self.run.names for point in self._platform.points(name)}
        yield from self.amiss
        yield from self.owed.faults(copies, points)
        yield from self._never_owed(points)

    def _never_owed(self, points: Mapping[str, RecoveryPoint]) -> Iterator[str]:
        """Points that the rules want copied. After tables were lost or set back, what is older than a copy cannot be
        copied any more: Azure keeps to the order."""
        world = self._platform.world
        with world.faults.paused():
            stored = world.store.get(Vault, VAULT)
        rules = stored.value.copy_rules if stored is not None else ()
        for instance in (self._platform.instance(name) for name in filter(self._platform.has_instance, self.run.names)):
            copies = self._platform.copies(instance.name)
            known = {each.copy_id for each in copies} | self.owed.owed.keys()
            newest = max((each.point_at for each in copies if not each.is_wanted), default=NOW)
            own = [each for each in points.values() if each.instance_name == instance.name and each.is_good]
            for point in (each for each in own if self.ruled_at <= each.created_at):
                for copy in copies_of(VAULT, instance, point, rules):
                    is_late = copy.expires_at <= world.clock.now()
                    is_late = is_late or (not self.run.are_tables_whole and copy.point_at < newest)
                    if copy.copy_id not in known and not is_late:
                        yield f"point {point.point_id} of {point.created_at:%H:%M:%S} was never owed to {copy.location}"


def _rule(name: str, retention: str, since: datetime) -> CopyRule:
    return CopyRule(
        name=f"north-{name}",
        policy_name=f"policy-{name}",
        location="northeurope",
        snapshot_group_id=COPIES.text,
        kept=(KeptCopy(tag_name="Default", retention=retention),),
        since=since,
    )


@dataclass(slots=True)
class Disks(Ingredient):
    """A machine with two protected disks: both are restored together, the new ones take their places, and the old ones
    take them back."""

    run: Troubled
    number: int = 0
    answered: dict[tuple[str, str], str] = field(default_factory=dict)  # jobs by id and digest of the request
    amiss: list[str] = field(default_factory=list)
    ended: dict[str, None] = field(default_factory=dict)  # ids of swaps, in the order in which they ended
    is_changed: bool = False  # by somebody else's hand

    def __post_init__(self) -> None:
        cloud = self._platform.world.cloud
        self._platform.protect(SECOND_DISK, intervals=SECOND_SCHEDULE, retention=SECOND_RETENTION)
        cloud.add_disk(disk_json(NAME, **LINUX))
        cloud.add_disk(disk_json(OTHER_DISK))
        data_disks = {0: disk_id(OTHER_DISK), LUN: disk_id(SECOND_DISK)}
        cloud.add_machine(machine_json(os_disk=disk_id(NAME), data_disks=data_disks))
        self._platform.world.swaps_disks = True

    @property
    def _platform(self) -> Platform:
        return self.run.platform

    def troubles(self) -> tuple[Callable[[], None], ...]:
        asked = (self._restore, self._restore, self._together, self._together, self._swap, self._swap, self._swap)
        return (*asked, self._undo, self._undo, self._power, self._somebody, self._refuse)

    def _refuse(self) -> None:
        calls = ("find_machine", "detach_disks", "attach_disks", "replace_os_disk", "start_disk", "find_disk")
        self.run.fail(f"cloud.{self.run.random.choice(calls)}")

    def _power(self) -> None:
        machine = self._platform.world.cloud.machine(machine_id())
        machine.power = "running" if machine.power == "deallocated" else "deallocated"

    def _somebody(self) -> None:
        """Takes a data disk off, or puts another one there."""
        if self._platform.world.cloud.machine(machine_id()).pending is None and self.run.random.random() < 0.5:
            self.is_changed = True
            self._somebody_takes_off() if self._places()[SECOND_DISK] else self._somebody_puts()

    def _somebody_takes_off(self) -> None:
        self._change(lambda attached: [each for each in attached if each["lun"] != LUN])

    def _somebody_puts(self, name: str = "disk-4") -> None:
        cloud = self._platform.world.cloud
        if cloud.shown(disk_id(name)) is None:
            cloud.add_disk(disk_json(name))
        own = data_disk_json(DataDisk(disk_id=disk_id(name), lun=LUN))
        self._change(lambda attached: [*(each for each in attached if each["lun"] != LUN), own])

    def _change(self, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
        """By somebody else's hand."""
        cloud = self._platform.world.cloud
        machine = cloud.machine(machine_id())
        cloud._change_machine(machine, {**machine.profile, "dataDisks": change(machine.profile["dataDisks"])})
        for _ in range(5):
            self.run.pass_a_second()

    def _new_name(self, name: str) -> str:
        self.number += 1
        return disk_id(f"{name}-again-{self.number}", TARGET_GROUP)

    def _restore(self) -> None:
        name = self.run.random.choice(self.run.names)
        wish = RestoreRequest(point_id=None, target_disk_id=self._new_name(name), location="westeurope")
        self.run.ask(lambda: request_restore(self._platform.world.ports, VAULT, name, wish))

    def _together(self) -> None:
        """Asked once or twice, by an id of the sender's own that may be that of an earlier request."""
        asked = self._both(self.run.random.choice((*REQUESTS, "")))
        for _ in range(self.run.random.choice((1, 1, 2))):
            self.run.ask(lambda: self._ask_together(asked))

    def _both(self, request_id: str) -> TogetherRequest:
        now = self._platform.world.clock.now()
        wishes = {
            name: RestoreRequest(point_id=None, target_disk_id=self._new_name(name), location="westeurope", at=now)
            for name in self.run.names
        }
        return TogetherRequest(wanted=tuple(wishes.items()), at=now, request_id=request_id)

    def _ask_together(self, asked: TogetherRequest) -> Job:
        job = request_restore_together(self._platform.world.ports, VAULT, asked)
        known = self.answered.setdefault((asked.request_id, asked.digest), job.job_id)
        if asked.request_id and known != job.job_id:
            self.amiss.append(f"request {asked.request_id} led to job {known}, and then to {job.job_id}")
        return job

    def _swap(self) -> None:
        random, machine = self.run.random, self._machine()
        names = random.choice((self.run.names, self.run.names[:1], self.run.names[1:]))
        chosen = [(name, random.choice(self._made(name))) for name in names if self._made(name)]
        disks = tuple((new_id, self._at(machine, name)) for name, new_id in chosen)
        wanted = SwapRequest(machine_id=machine_id(), disks=disks, while_running=random.random() < 0.5)
        if disks:
            self.run.ask(lambda: request_swap(self._platform.world.ports, VAULT, wanted))

    def _undo(self) -> None:
        swaps = self._jobs(JobOperation.SWAP)
        if swaps:
            chosen = self.run.random.choice(swaps[-3:])
            self.run.ask(lambda: request_undo(self._platform.world.ports, VAULT, chosen.job_id))

    def _made(self, name: str) -> list[str]:
        """Restored disks of a protected disk that are attached nowhere."""
        cloud = self._platform.world.cloud
        restored = [job for job in self._jobs(JobOperation.RESTORE) if job.instance_name == name]
        ids = [job.target_disk_id for job in restored if job.status is JobStatus.COMPLETED]
        shown = {each: cloud.shown(each) for each in ids}
        return [each for each, raw in shown.items() if raw is not None and not raw.get("managedBy")]

    def _jobs(self, *operations: JobOperation) -> list[Job]:
        """The oldest first."""
        found = [job for job in self._platform.jobs() if job.operation in operations]
        return sorted(found, key=lambda job: job.created_at)

    def _machine(self) -> Machine:
        return Machine(raw=self._platform.world.cloud.machine(machine_id()).raw)

    @staticmethod
    def _at(machine: Machine, name: str) -> str:
        there = machine.at(LUN)
        return machine.os_disk_id if name == NAME else there.disk_id if there is not None else ""

    def _places(self) -> dict[str, str]:
        machine = self._machine()
        return {name: self._at(machine, name) for name in self.run.names}

    def rebuild(self) -> None:
        """Of a swap that was under way nobody knows: the operator looks at the machine."""
        ports = self._platform.world.ports
        wanted = policy(f"policy-{SECOND_DISK}", intervals=SECOND_SCHEDULE, retention=SECOND_RETENTION)
        self.answered.clear()
        self.is_changed = True
        self.run.ask(lambda: put_policy(ports, VAULT, wanted))
        self.run.ask(lambda: configure_instance(ports, VAULT, request(SECOND_DISK)))

    def go_well(self) -> None:
        """What stopped half way is put back; then both disks are restored together, swapped, and put back."""
        self._platform.world.cloud.machine(machine_id()).power = "deallocated"
        self._platform.run(minutes=40)
        self.amiss += self._untold()
        self._repair()
        before = self._places()
        job = self._restored_together()
        if job is None:
            return
        new = {part.instance_name: part.target_disk_id for part in parts_of(job)}
        disks = tuple((new[name], before[name]) for name in self.run.names)
        swap = request_swap(self._platform.world.ports, VAULT, SwapRequest(machine_id=machine_id(), disks=disks))
        self._has_ended(swap.job_id, "swap", new)
        back = request_undo(self._platform.world.ports, VAULT, swap.job_id)
        self._has_ended(back.job_id, "undo", before)

    def _restored_together(self) -> Job | None:
        asked = self._both("")
        whole = request_restore_together(self._platform.world.ports, VAULT, asked)
        self._platform.run(minutes=3)
        job = next(each for each in self._jobs(JobOperation.RESTORE_TOGETHER) if each.job_id == whole.job_id)
        if job.status is not JobStatus.COMPLETED:
            self.amiss.append(f"nothing is in the way, and both disks restored together end as {job.error}")
            return None
        return job

    def _has_ended(self, job_id: str, what: str, places: dict[str, str]) -> None:
        self._platform.run(minutes=3)
        job = next(each for each in self._platform.jobs() if each.job_id == job_id)
        if job.status is not JobStatus.COMPLETED or self._places() != places:
            self.amiss.append(f"nothing is in the way of the {what}, and it ends as {job.status} {job.error}")

    def _untold(self) -> Iterator[str]:
        """A place holds the old disk or the new one of the swap that was last there, or the job tells what it holds."""
        if self.is_changed:
            return
        for name, held in self._places().items():
            exchange, job = self._last_at(name)
            if exchange is None or job is None:
                continue
            is_known = held.lower() in (exchange.old_id.lower(), exchange.new_id.lower())
            told = job.error.message if job.error is not None else ""
            if not is_known and not any(
                words in told for words in ("The machine has: ", "could not be seen at the end")
            ):
                yield f"the place of {name} holds '{held}', and job {job.job_id} ({job.status}) says nothing of it"
            if job.status is JobStatus.COMPLETED and held.lower() != exchange.new_id.lower():
                yield f"job {job.job_id} is completed, and the place of {name} holds '{held}'"

    def note(self) -> None:
        """The clocks of hosts are apart: by what the jobs say, of two swaps the first may have ended last."""
        jobs = [job for job in self._jobs(JobOperation.SWAP, JobOperation.UNDO_SWAP) if job.ended_at is not None]
        for job in sorted(jobs, key=lambda job: job.ended_at or NOW):
            self.ended.setdefault(job.job_id)

    def _last_at(self, name: str) -> tuple[Exchange | None, Job | None]:
        """The exchange that was ended last at a place."""
        self.note()
        jobs = {job.job_id: job for job in self._jobs(JobOperation.SWAP, JobOperation.UNDO_SWAP)}
        for job in (jobs[each] for each in reversed(self.ended) if each in jobs):
            for exchange in exchanges_of(job):
                if exchange.is_os == (name == NAME):
                    return exchange, job
        return None, None

    def _repair(self) -> None:
        """By undoing what stopped half way; by hand only where somebody's hand was in it."""
        held = self._places()[SECOND_DISK]
        if held and not self.is_changed:
            return
        _, job = self._last_at(SECOND_DISK)
        if not self.is_changed and job is not None:
            self.amiss += self._undone(job)
            return
        self._somebody_puts(SECOND_DISK)

    def _undone(self, job: Job) -> Iterator[str]:
        undone = str(job.details.get("undoes") or job.job_id)
        old = next(
            each.old_id
            for swap in self._jobs(JobOperation.SWAP)
            if swap.job_id == undone
            for each in exchanges_of(swap)
            if not each.is_os
        )
        try:
            request_undo(self._platform.world.ports, VAULT, undone)
        except BackupError as error:
            yield f"a swap that stopped half way cannot be undone: {error}"
            return
        self._platform.run(minutes=3)
        if self._places()[SECOND_DISK].lower() != old.lower():
            yield f"swap {undone} is undone, and the place holds {self._places()[SECOND_DISK]} instead of {old}"

    def calm_down(self) -> None:
        self.run.ask(lambda: stop_protection(self._platform.world.ports, VAULT, SECOND_DISK))

    def faults(self) -> Iterator[str]:
        yield from self.amiss
        if self.run.are_tables_whole:
            yield from self._faults_of_restores()

    def _faults_of_restores(self) -> Iterator[str]:
        """Each part has one disk, each disk one restore that made it."""
        restores = {job.job_id: job for job in self._jobs(JobOperation.RESTORE)}
        cloud = self._platform.world.cloud
        made = Counter(job.target_disk_id.lower() for job in restores.values() if job.status is JobStatus.COMPLETED)
        yield from (f"{count} restores made {disk}" for disk, count in made.items() if count > 1)
        yield from (f"{disk} was made, and is not there" for disk in made if cloud.shown(disk) is None)
        asked = {job.target_disk_id.lower() for job in restores.values()}
        lying = {each.lower() for each in cloud.disk_ids() if each.lower().startswith(f"{TARGET_GROUP.key}/")}
        yield from (f"no restore tells of {disk}" for disk in sorted(lying - asked) if "/diskbackup-test-" not in disk)
        for whole in self._jobs(JobOperation.RESTORE_TOGETHER):
            yield from self._faults_of_parts(whole, restores)

    @staticmethod
    def _faults_of_parts(whole: Job, restores: dict[str, Job]) -> Iterator[str]:
        parts = {part.job_id: restores.get(part.job_id) for part in parts_of(whole)}
        done = [job for job in parts.values() if job is not None and job.status is JobStatus.COMPLETED]
        is_told = any(each.code == RestoreGoesOn.code for each in whole.warnings)  # given up, and they went on
        if not is_told and (whole.status is JobStatus.COMPLETED) != (len(done) == len(parts)):
            yield f"job {whole.job_id} is {whole.status}, and {len(done)} of its {len(parts)} parts are completed"
        own = {job.job_id for job in restores.values() if job.details.get(PART_OF) == whole.job_id}
        yield from (f"job {each} says that it is a part of {whole.job_id}" for each in own - parts.keys())
