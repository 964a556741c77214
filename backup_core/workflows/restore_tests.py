"""One restore test: make a disk of a recovery point, hold it against the snapshot, delete it, and keep what was seen.

`go_on_testing` does one round and returns. Where a test is, its job says (domain/restore_test.py: Phase), and says so
before anything is asked of Azure: whoever comes after a death, or a second time, finds what may exist. A test that has
asked for a disk or for access ends only when both are known to be gone, however long that takes; the row of places
(domain/restore_test_plan.py) outlives even a job that was given up, and `clear_up_tests` goes on from there.
Leaves to others: which instances are tested when (restore_test_plans.py), and what is a fault (domain/restore_test.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.alert import Cause
from backup_core.domain.data_sample import digest_of, digest_of_all, sampled_ranges, signature_of
from backup_core.domain.disk import Disk, OperationState, Snapshot
from backup_core.domain.errors import (
    BackupError,
    NoPointToTest,
    NotFound,
    OperationFailed,
    RequestRefused,
    RestoreGroupNotFound,
    RestoreTestDataNotRead,
    RestoreTestDiskTakenOver,
    RestoreTestFailed,
    RestoreTestNotBegun,
    RestoreTestNothingRecognised,
    SnapshotNotFound,
    SnapshotNotOurs,
    TablesSetBack,
    TargetDiskExists,
)
from backup_core.domain.events import Event
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import OF_VAULT, Job, JobError, JobStatus
from backup_core.domain.messages import ClearUpTests, GoOnTesting
from backup_core.domain.observation import (
    GIVEN_UP,
    LOOKS_FOR_WHAT_IS_MISSING,
    GivenUp,
    Missing,
    Running,
    Usable,
    by_operation,
)
from backup_core.domain.ownership import NotProven, prove_point
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import DISK, VaultKey, parse_resource_id
from backup_core.domain.restore_test import (
    ACCESS_LASTS,
    GRANTS_AT_MOST,
    TEST_JOB_TAG,
    Phase,
    RestoreTest,
    against_deletion,
    disk_id_of_test,
    disk_of_test,
    faults_of_disk,
    faults_of_signature,
    faults_of_snapshot,
    wanted_of,
    why_unreadable,
)
from backup_core.domain.restore_test_plan import PointChoice, RestoreTestPlace, RestoreTestPlaces, drawn
from backup_core.ports import (
    Change,
    Insert,
    Ports,
    Replace,
    StateConflict,
    Stored,
    again_on_conflict,
    pages,
)
from backup_core.workflows import announcements
from backup_core.workflows.absence import find_snapshot_surely
from backup_core.workflows.alerts import Alerted, fire, resolve
from backup_core.workflows.catalogue import list_points
from backup_core.workflows.installations import installation_id
from backup_core.workflows.restore_source import released
from backup_core.workflows.set_back import set_back
from backup_core.workflows.turns import (
    FIRST_LOOK,
    OPERATIONS_AT_MOST,
    come_back,
    commit,
    look,
    look_delay,
    open_job,
    operation_delay,
)
from backup_core.workflows.watching import STALL_AFTER, watch_row

log = logging.getLogger("diskbackup.restore_tests")

WATCHED_AS = "restore-test"
CLEARED_AS = "restore-tests-left"  # the step of the agenda row that looks after what tests leave behind
STEP = "Test Restore"
PLACE_DELAY = timedelta(minutes=2)  # until a test looks again whether there is a place for it
BLOCKED_DELAY = timedelta(hours=1)  # until what could not be ended or deleted is tried again
CLEAR_UP_EVERY = timedelta(hours=1)
CLEAR_UP_SOON = timedelta(minutes=1)  # after a test was given up, or was asked of Azure; then twice as long, and so on
CLEAR_UP_LOOKS = 5
ENDS_EARLY = timedelta(minutes=3)  # by when access counts as over: clocks differ, and a run reads for a minute
READ_FOR = timedelta(seconds=60)  # how long one run reads; the next one goes on behind what was read
LEAST_RANGES = 2  # that a run reads however slow: in the first two a disk says what it is
RANDOM_POINTS = 2_000  # of which one is drawn; Azure keeps at most 500 of a disk


def go_on_testing(ports: Ports, message: GoOnTesting) -> None:
    """One round of a test: what its phase asks for, or come back later, or stop and clear up."""
    stored = open_job(ports, message)
    if stored is None:
        return
    test = RestoreTest.of(stored.value)
    try:
        _do(ports, message, stored, test)
    except BackupError as error:
        _retreat(ports, message, stored, test, error)


def _do(ports: Ports, message: GoOnTesting, stored: Stored[Job], test: RestoreTest) -> None:
    match test.is_at:
        case Phase.WAITING:
            _take_place(ports, message, stored, test)
        case Phase.MAKING:
            _make(ports, message, stored, test)
        case Phase.OBSERVING:
            _observe(ports, message, stored, test)
        case Phase.GRANTING:
            _grant(ports, message, stored, test)
        case Phase.READING:
            _read(ports, message, stored, test)
        case Phase.ENDING:
            _end_access(ports, message, stored, test)
        case Phase.DELETING:
            _delete(ports, message, stored, test)
        case _:
            assert_never(test.is_at)


def _go_on(
    ports: Ports,
    message: GoOnTesting,
    stored: Stored[Job],
    test: RestoreTest,
    *,
    delay: timedelta = timedelta(0),
    looks: int = 0,
    job: Job | None = None,
    changes: Sequence[Change] = (),
) -> None:
    """Record where the test is, then send its next turn. Whoever records first sends."""
    now = ports.clock.now()
    told = test.into(job or stored.value)
    told = replace(told, turn=stored.value.turn + 1, touched_at=now, look_again_at=now + delay)
    if commit(ports, message, [Replace(stored, told), *changes]):
        ports.queue.send(replace(message, looks=looks, turn=told.turn, attempts=0, deferrals=0, doubts=0), delay=delay)


# ---------------------------------------------------------------- a place and a point


def _take_place(ports: Ports, message: GoOnTesting, stored: Stored[Job], test: RestoreTest) -> None:
    """Place, point and the disk's name are recorded at once, before the disk is asked for."""
    now, job = ports.clock.now(), stored.value
    instance = ports.store.get(BackupInstance, message.vault, message.instance_name)
    if instance is None or instance.value.is_deleted or instance.value.state is ProtectionState.DELETING:
        gone = NotFound(f"Backup instance '{message.instance_name}' is deleted.")
        _end(ports, message, stored, test.stopped(gone), JobStatus.CANCELLED, gone)
        return
    kept = ports.store.get(RestoreTestPlaces, message.vault)
    places = kept.value if kept else RestoreTestPlaces()
    place = RestoreTestPlace(job_id=job.job_id, instance_name=message.instance_name, plan=test.plan)
    full = places.room_for(place, test.at_once)
    if full is not None and test.begin_by and now >= datetime.fromisoformat(test.begin_by):
        late = RestoreTestNotBegun(f"The test was not begun before the plan's next run: {full}.")
        _end(ports, message, stored, test.stopped(late), JobStatus.CANCELLED, late)
        return
    if full is not None:
        _go_on(ports, message, stored, test, delay=PLACE_DELAY)
        return
    _check_tables(ports, job)
    point = _point_of(ports, message, stored.value, test)
    target = disk_id_of_test(message.vault, job, test.target_group_id)
    test = test.at(
        Phase.MAKING,
        point_time=point.value.created_at.isoformat(),
        snapshot_id=point.value.snapshot_id,
        snapshot_unique_id=point.value.snapshot_unique_id,
        installation_id=installation_id(ports),
    )
    body = disk_of_test(job.job_id, test, point.value).body
    begun = replace(job, point_id=point.value.point_id, target_disk_id=target)
    begun = begun.advance(JobStatus.IN_PROGRESS, at=now).step(STEP, "InProgress", at=now, progress_percent=0)
    ports.store.schedule([clear_up_row(message.vault, now + CLEAR_UP_EVERY)])
    taken = places.with_place(place)
    held = replace(point.value, restoring=(*point.value.restoring, job.job_id))
    changes = [Replace(point, held), Replace(kept, taken) if kept else Insert(taken)]
    test = replace(test, wanted=wanted_of(body, point.value))
    _go_on(ports, message, stored, test, job=begun, changes=changes)


def _point_of(ports: Ports, message: GoOnTesting, job: Job, test: RestoreTest) -> Stored[RecoveryPoint]:
    """The newest good point, or one of the window by lot. Raises NoPointToTest."""
    since = ports.clock.now() - timedelta(days=test.window_days)
    is_random = test.choice == PointChoice.RANDOM.value
    good = list(_good_points(ports, message, since if is_random else None, RANDOM_POINTS if is_random else 1))
    chosen = drawn([each.value for each in good], test.seed, job.job_id)
    if chosen is None:
        within = f" of the last {test.window_days} days" if is_random else ""
        raise NoPointToTest(f"Backup instance '{message.instance_name}' has no good recovery point{within}.")
    return next(each for each in good if each.value.point_id == chosen.point_id)


def _good_points(
    ports: Ports, message: GoOnTesting, since: datetime | None, limit: int
) -> Iterator[Stored[RecoveryPoint]]:
    found = 0
    for page in pages(lambda token: list_points(ports, message.vault, message.instance_name, since=since, token=token)):
        for stored in page.items:
            if stored.value.is_good:
                yield stored
                found += 1
                if found == limit:
                    return


# ---------------------------------------------------------------- the disk


def _make(ports: Ports, message: GoOnTesting, stored: Stored[Job], test: RestoreTest) -> None:
    """PUT the disk, unless it is there."""
    job = stored.value
    point = ports.store.get(RecoveryPoint, message.vault, message.instance_name, job.point_id)
    if point is None:
        raise SnapshotNotFound(f"Recovery point '{job.point_id}' is gone.", target=test.snapshot_id)
    _check_tables(ports, job)
    _proven(ports, message.vault, point.value)
    there = ports.cloud.find_disk(job.target_disk_id)
    if there is not None and there.tags.get(TEST_JOB_TAG) != job.job_id:
        raise TargetDiskExists(f"Disk '{job.target_disk_id}' exists already.", target=job.target_disk_id)
    url = ""
    if there is None or there.provisioning_state in GIVEN_UP:
        url = ports.cloud.start_disk(job.target_disk_id, disk_of_test(job.job_id, test, point.value).body)
    _go_on(ports, message, stored, test.at(Phase.OBSERVING, disk_url=url), delay=FIRST_LOOK)


def _proven(ports: Ports, vault: VaultKey, point: RecoveryPoint) -> Snapshot:
    """The point's snapshot, which may be gone, or another of its name. Raises SnapshotNotFound, SnapshotNotOurs."""
    snapshot = find_snapshot_surely(ports, point.snapshot_id)
    if snapshot is None:
        raise SnapshotNotFound(f"Snapshot '{point.snapshot_id}' is gone.", target=point.snapshot_id)
    judgement = prove_point(point, snapshot, vault=vault)
    if isinstance(judgement, NotProven):
        reasons = "; ".join(judgement.because)
        raise SnapshotNotOurs(f"Snapshot '{snapshot.id}' is not the one that was recorded: {reasons}.")
    return snapshot


def _check_tables(ports: Ports, job: Job) -> None:
    """A test of tables that were set back may have ended, and its disk's name be another's by now."""
    held = set_back(ports)
    if held is not None and job.created_at <= held.seen_at:
        raise TablesSetBack("The app's tables were set back; what became of this test is not known.")


def _observe(ports: Ports, message: GoOnTesting, stored: Stored[Job], test: RestoreTest) -> None:
    target = stored.value.target_disk_id
    seen = look(ports, test.disk_url, message.looks, f"disk '{target}'", lambda _: ports.cloud.find_disk(target))
    match seen:
        case Usable(disk):
            _inspect(ports, message, stored, test, disk)
        case Running(percent):
            looks = message.looks + 1
            seen_so = test if percent is None else replace(test, disk_url="")
            _go_on(ports, message, stored, seen_so, delay=look_delay(looks), looks=looks)
        case GivenUp(failure):
            _make_again(ports, message, stored, test, failure)
        case Missing():
            raise OperationFailed(f"Disk '{target}' is not there after Azure accepted it.")
        case _:
            assert_never(seen)


def _make_again(
    ports: Ports, message: GoOnTesting, stored: Stored[Job], test: RestoreTest, error: OperationFailed
) -> None:
    job = stored.value
    if not error.transient or job.failed_operations >= OPERATIONS_AT_MOST:
        _stop(ports, message, stored, test, error)
        return
    tried = replace(job, retry_count=job.retry_count + 1, failed_operations=job.failed_operations + 1)
    _go_on(ports, message, stored, test.at(Phase.MAKING), job=tried, delay=operation_delay(job.failed_operations))


def _inspect(ports: Ports, message: GoOnTesting, stored: Stored[Job], test: RestoreTest, disk: Disk) -> None:
    """Hold the disk's description against the point's, and see whether its bytes may be read."""
    point = ports.store.get(RecoveryPoint, message.vault, message.instance_name, stored.value.point_id)
    if point is None:
        raise SnapshotNotFound(f"Recovery point '{stored.value.point_id}' is gone.", target=test.snapshot_id)
    snapshot = _proven(ports, message.vault, point.value)
    test = test.found(*faults_of_disk(test, disk), *faults_of_snapshot(snapshot, point.value))
    unread = why_unreadable(disk, snapshot)
    test = test.at(Phase.DELETING if unread else Phase.GRANTING, disk_unique_id=disk.unique_id, unread=unread)
    job = stored.value.step(STEP, "InProgress", at=ports.clock.now(), progress_percent=50)
    _go_on(ports, message, stored, test, job=job)


# ---------------------------------------------------------------- its bytes


def _grant(ports: Ports, message: GoOnTesting, stored: Stored[Job], test: RestoreTest) -> None:
    if test.grants == GRANTS_AT_MOST:
        raise OperationFailed(f"Reading took longer than access lasts, which was granted {test.grants} times.")
    until = ports.clock.now() + ACCESS_LASTS - ENDS_EARLY
    access = {
        "disk": ports.cloud.start_access(stored.value.target_disk_id, lasts=ACCESS_LASTS),
        "snapshot": ports.cloud.start_access(test.snapshot_id, lasts=ACCESS_LASTS),
    }
    reading = test.at(Phase.READING, access=access, access_until=until.isoformat(), grants=test.grants + 1)
    _go_on(ports, message, stored, reading, delay=FIRST_LOOK)


def _read(ports: Ports, message: GoOnTesting, stored: Stored[Job], test: RestoreTest) -> None:
    """Read a few ranges of both and compare them. The signed URLs are had anew each time, and kept nowhere."""
    if ports.clock.now() >= datetime.fromisoformat(test.access_until):
        _go_on(ports, message, stored, test.at(Phase.GRANTING))
        return
    granted = _granted(ports, test)
    if granted is None:
        looks = message.looks + 1
        _go_on(ports, message, stored, test, delay=look_delay(looks), looks=looks)
        return
    if isinstance(granted, str):
        _go_on(ports, message, stored, test.at(Phase.ENDING, unread=granted))
        return
    try:
        test, is_done = _compared(ports, stored.value, test, *granted)
    except RequestRefused as error:
        test, is_done = test.found(f"unreadable: {error.message}"), True
    _go_on(ports, message, stored, test.at(Phase.ENDING if is_done else Phase.READING))


def _granted(ports: Ports, test: RestoreTest) -> tuple[OperationState, OperationState] | str | None:
    """Both operations that grant access, once both have; None while one runs; why there is nothing to read by, where
    Azure does not let operations be seen. Raises OperationFailed."""
    seen = [
        (ports.cloud.get_operation(test.access[what]) if test.access.get(what) else None)
        for what in ("disk", "snapshot")
    ]
    for state, what in zip(seen, ("disk", "snapshot"), strict=True):
        ended = by_operation(state, f"access to the {what}'s data")
        if isinstance(ended, GivenUp):
            raise ended.error
        if isinstance(ended, Running):
            return None
    disk, snapshot = seen
    if disk is None or snapshot is None or not (disk.output and snapshot.output):
        return (
            "Azure granted access and did not let the app see the operation that tells how: the app's identity needs "
            "Microsoft.Compute/locations/diskOperations/read at the subscription"
        )
    return disk, snapshot


def _compared(
    ports: Ports, job: Job, test: RestoreTest, disk: OperationState, snapshot: OperationState
) -> tuple[RestoreTest, bool]:
    """The test with what was read now, and whether that is all."""
    wanted = sampled_ranges(int(test.wanted["size_bytes"]), f"{test.seed}\n{job.job_id}")
    left, until = wanted[len(test.ranges) :], ports.clock.now() + READ_FOR
    of_disk = ports.cloud.read_data(disk, job.target_disk_id, left)
    of_snapshot = ports.cloud.read_data(snapshot, test.snapshot_id, left)
    rows, beginning = list(test.ranges), b""
    for number, (each, one, other) in enumerate(zip(left, of_disk, of_snapshot, strict=True), 1):
        rows.append(
            {"offset": each.offset, "length": each.length, "disk": digest_of(one), "snapshot": digest_of(other)}
        )
        beginning += one if number <= LEAST_RANGES and not test.ranges else b""
        if number >= LEAST_RANGES and ports.clock.now() >= until:
            break
    signature = test.signature if test.ranges else signature_of(beginning)
    test = replace(test, ranges=tuple(rows), signature=signature)
    if len(rows) < len(wanted):
        return test, False
    differing = [str(row["offset"]) for row in rows if row["disk"] != row["snapshot"]]
    digest = digest_of_all(wanted, [row["disk"] for row in rows])
    test = replace(test, digest=digest).found(*faults_of_signature(test, signature))
    if differing:
        where = ", ".join(differing[:3])
        test = test.found(
            f"other data: {len(differing)} of {len(rows)} ranges differ from the snapshot's, among them that at {where}"
        )
    return test, True


def _end_access(ports: Ports, message: GoOnTesting, stored: Stored[Job], test: RestoreTest) -> None:
    if not test.ended_access:
        access = {
            "disk": ports.cloud.end_access(stored.value.target_disk_id),
            "snapshot": ports.cloud.end_access(test.snapshot_id),
        }
        _go_on(ports, message, stored, replace(test, access=access, ended_access=True), delay=FIRST_LOOK)
        return
    looks = message.looks + 1
    states = [ports.cloud.get_operation(url) for url in test.access.values() if url]
    ended = [by_operation(state, "access") for state in states]
    if any(isinstance(each, GivenUp) for each in ended):
        _go_on(ports, message, stored, replace(test, ended_access=False), delay=look_delay(looks), looks=looks)
    elif any(isinstance(each, Running) for each in ended):
        _go_on(ports, message, stored, test, delay=look_delay(looks), looks=looks)
    else:
        _go_on(ports, message, stored, test.at(Phase.DELETING))


# ---------------------------------------------------------------- the end


def _delete(ports: Ports, message: GoOnTesting, stored: Stored[Job], test: RestoreTest) -> None:
    """Delete the disk, and end once it is surely gone. One that is not proven to be the test's own is let go."""
    job = stored.value
    disk = _find_left(ports, job)
    if disk is None and message.looks >= LOOKS_FOR_WHAT_IS_MISSING and not _is_listed(ports, job):
        _end_as_found(ports, message, stored, test)
        return
    against = against_deletion(test, job, disk) if disk is not None else ()
    if against:
        taken = RestoreTestDiskTakenOver(f"Disk '{job.target_disk_id}' is kept: {'; '.join(against)}.")
        _end_as_found(ports, message, stored, test.stopped(taken))
        return
    if disk is not None and disk.provisioning_state != "Deleting":
        _ask_for_deletion(ports, job)
    looks = message.looks + 1
    _go_on(ports, message, stored, test, delay=look_delay(min(looks, 10)), looks=looks)


def _ask_for_deletion(ports: Ports, job: Job) -> None:
    """The one call that deletes a disk. Its proof was asked for just before, of the disk as it was just seen."""
    _check_tables(ports, job)
    ports.cloud.delete_disk(job.target_disk_id)


def _find_left(ports: Ports, job: Job) -> Disk | None:
    try:
        return ports.cloud.find_disk(job.target_disk_id)
    except RestoreGroupNotFound:
        return None


def _is_listed(ports: Ports, job: Job) -> bool:
    """Absence is believed when a second look agrees, another way."""
    group = parse_resource_id(job.target_disk_id, DISK).group_id.text
    return any(disk.id.lower() == job.target_disk_id.lower() for disk in ports.cloud.list_disks(group))


def _retreat(ports: Ports, message: GoOnTesting, stored: Stored[Job], test: RestoreTest, error: BackupError) -> None:
    """Come back if the error may pass. Else a test that has begun clears up, and one that clears up goes on trying."""
    if come_back(ports, message, stored, error):
        return
    match test.is_at:
        case Phase.WAITING:
            _end(ports, message, stored, test.stopped(error), JobStatus.FAILED, error)
        case Phase.ENDING | Phase.DELETING:
            _block(ports, message, stored, test, error)
        case _:
            _stop(ports, message, stored, test, error)


def _stop(ports: Ports, message: GoOnTesting, stored: Stored[Job], test: RestoreTest, error: BackupError) -> None:
    """The fault is on record; what may exist is cleared up."""
    log.warning("restore_test.stopped job_id=%s code=%s", message.job_id, error.code)
    may_be_open = test.is_at in (Phase.GRANTING, Phase.READING)
    test = test.stopped(error)
    _go_on(ports, message, stored, test.at(Phase.ENDING if may_be_open else Phase.DELETING))


def _block(ports: Ports, message: GoOnTesting, stored: Stored[Job], test: RestoreTest, error: BackupError) -> None:
    """What cannot be ended or deleted now costs, and may be read: somebody is told, and it is tried again and again."""
    log.error("restore_test.left job_id=%s code=%s", message.job_id, error.code)
    now = ports.clock.now()
    job = replace(
        test.into(stored.value), turn=stored.value.turn + 1, touched_at=now, look_again_at=now + BLOCKED_DELAY
    )
    changes: list[Change] = [Replace(stored, job)]
    events: list[Event] = []
    instance = ports.store.get(BackupInstance, message.vault, message.instance_name)
    if instance is not None:
        told = JobError.of(error)
        alerted = fire(ports, message.vault, instance.value, Cause.TEST_LEFTOVER, error=told, job_id=job.job_id)
        changes += [Replace(instance, alerted.instance), *alerted.changes]
        events += alerted.events
    if commit(ports, message, changes, events):
        again = replace(message, turn=job.turn, attempts=0, deferrals=0, doubts=0)
        ports.queue.send(again, delay=BLOCKED_DELAY)


def _end_as_found(ports: Ports, message: GoOnTesting, stored: Stored[Job], test: RestoreTest) -> None:
    """The verdict: failed with its findings, passed, or passed with what could not be looked at."""
    if test.faults:
        failed = RestoreTestFailed("; ".join(test.faults), code=test.code or None, target=test.snapshot_id)
        _end(ports, message, stored, test, JobStatus.FAILED, failed)
        return
    notes: list[BackupError] = []
    if test.unread:
        notes.append(RestoreTestDataNotRead(f"No data was read: {test.unread}.", target=test.snapshot_id))
    elif not test.signature:
        found = "The disk begins with no partition table and no file system that is known."
        notes.append(RestoreTestNothingRecognised(found, target=test.snapshot_id))
    status = JobStatus.COMPLETED_WITH_WARNINGS if notes else JobStatus.COMPLETED
    warned = replace(stored.value, warnings=tuple(map(JobError.of, notes)))
    _end(ports, message, stored, test, status, None, job=warned)


def _end(
    ports: Ports,
    message: GoOnTesting,
    stored: Stored[Job],
    test: RestoreTest,
    status: JobStatus,
    error: BackupError | None,
    *,
    job: Job | None = None,
) -> None:
    """End the job, let go of its point and its place, raise or resolve the alert: in one transaction, then tell."""
    now, vault = ports.clock.now(), message.vault
    job = test.into(job or stored.value)
    if error is None:
        job = job.step(STEP, "Completed", at=now, progress_percent=100)
    job = job.advance(status, at=now, error=error)
    changes: list[Change] = [Replace(stored, job), *_let_go(ports, vault, job)]
    events = [announcements.job_ended(vault, job)]
    instance = ports.store.get(BackupInstance, vault, message.instance_name)
    if instance is not None and status is not JobStatus.CANCELLED:
        alerted = _alerted(ports, vault, instance.value, job)
        changes += [Replace(instance, alerted.instance), *alerted.changes]
        events += alerted.events
    if not commit(ports, message, changes, events):
        return
    log.log(logging.ERROR if job.error else logging.INFO, "restore_test.ended job_id=%s %s", job.job_id, status.value)
    ports.store.unschedule([watch_of_test(vault, job)])


def _let_go(ports: Ports, vault: VaultKey, job: Job) -> list[Change]:
    changes = released(ports, vault, job)
    places = ports.store.get(RestoreTestPlaces, vault)
    if places is not None and places.value.holds(job.job_id):
        changes.append(Replace(places, places.value.without(job.job_id)))
    return changes


def _alerted(ports: Ports, vault: VaultKey, instance: BackupInstance, job: Job) -> Alerted:
    """A failed test is an alert, which the next one that passes ends; an end says that nothing is left behind. That
    tables were set back is told for itself, and says nothing of the point."""
    cleared = resolve(ports, vault, instance, Cause.TEST_LEFTOVER) if _is_left(instance) else Alerted(instance=instance)
    if job.error is None:
        kinds = {opened.cause.partition(".")[0] for opened in instance.alerts}
        if Cause.RESTORE_TEST not in kinds:
            return cleared
        ended = resolve(ports, vault, cleared.instance, Cause.RESTORE_TEST)
    elif job.error.code == TablesSetBack.code:
        return cleared
    else:
        cause = f"{Cause.RESTORE_TEST}.{job.error.code}"
        ended = fire(ports, vault, cleared.instance, cause, error=job.error, job_id=job.job_id)
    return replace(ended, changes=(*cleared.changes, *ended.changes), events=(*cleared.events, *ended.events))


def _is_left(instance: BackupInstance) -> bool:
    return any(opened.cause == Cause.TEST_LEFTOVER for opened in instance.alerts)


def watch_of_test(vault: VaultKey, job: Job) -> AgendaRow:
    return watch_row(vault, job.instance_name, job.job_id, WATCHED_AS, job.created_at + STALL_AFTER)


# ---------------------------------------------------------------- what was left behind


def clear_up_row(vault: VaultKey, due_at: datetime) -> AgendaRow:
    return AgendaRow(
        kind=AgendaKind.WATCH,
        due_at=due_at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1),  # one for all of an hour
        vault=vault,
        instance_name=OF_VAULT,
        subject=CLEARED_AS,
        content={"step": CLEARED_AS},
    )


def wake_clearing(ports: Ports, row: AgendaRow) -> AgendaRow | None:
    """Have what tests left behind be looked at as long as one has a place."""
    places = ports.store.get(RestoreTestPlaces, row.vault)
    if places is None or not places.value.places:
        return None
    ports.queue.send(ClearUpTests(vault=row.vault))
    return clear_up_row(row.vault, ports.clock.now())


def clear_up_tests(ports: Ports, message: ClearUpTests) -> None:
    """For each place whose job has ended without clearing up, as one that was given up: end access, delete the disk,
    and free the place once both are gone, minutes later. What cannot be done now is tried again in an hour."""
    stored, is_going = ports.store.get(RestoreTestPlaces, message.vault), False
    for place in stored.value.places if stored else ():
        job = ports.store.get(Job, message.vault, place.job_id)
        if job is not None and not job.value.is_ended:
            continue
        try:
            if job is None or _is_cleared(ports, job.value):
                _free(ports, message.vault, place.job_id)
            else:
                is_going = True
        except (BackupError, StateConflict) as error:
            log.error("restore_test.left job_id=%s %s", place.job_id, error)
    if is_going and message.looks < CLEAR_UP_LOOKS:
        ports.queue.send(replace(message, looks=message.looks + 1), delay=CLEAR_UP_SOON * 2**message.looks)


def _is_cleared(ports: Ports, job: Job) -> bool:
    test = RestoreTest.of(job)
    if test.is_at in (Phase.GRANTING, Phase.READING, Phase.ENDING):
        ports.cloud.end_access(job.target_disk_id)
        ports.cloud.end_access(test.snapshot_id)
    disk = _find_left(ports, job)
    if disk is None:
        return not _is_listed(ports, job)
    against = against_deletion(test, job, disk)
    if against:
        log.warning("restore_test.taken_over job_id=%s %s", job.job_id, "; ".join(against))
        return True
    _ask_for_deletion(ports, job)
    return False


def _free(ports: Ports, vault: VaultKey, job_id: str) -> None:
    def attempt() -> None:
        stored = ports.store.get(RestoreTestPlaces, vault)
        if stored is not None and stored.value.holds(job_id):
            ports.store.commit(vault, [Replace(stored, stored.value.without(job_id))])

    again_on_conflict(attempt)
