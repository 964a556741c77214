"""What is asked of the seeds can be answered with no: each invariant of copies and swaps tells of what breaks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from backup_core.domain.copying import CopyLane, CopyState, PointCopy, Ticket
from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.resource_ids import ANYWHERE
from backup_core.domain.vault import Vault
from backup_core.ports import Insert, Remove, Replace
from backup_core.workflows.lifecycle import stop_protection
from backup_core.workflows.swap import SwapRequest, request_swap
from tests.builders import NOW, VAULT, hold, machine_id
from tests.simulation.ingredients import KEPT_COPIES, SECOND_DISK, Copies, Disks
from tests.simulation.troubles import OTHERS, OURS, Troubled
from tests.workflows.interleavings import NAME
from tests.workflows.scenes import change_instance

BRAKED, WITH_COPIES, WITH_DISKS = 1, 2, 4  # seeds


def with_copies() -> Troubled:
    """Without any trouble, for long enough that several points are copied."""
    run = Troubled(WITH_COPIES)
    ingredient(run)._put_rules(KEPT_COPIES[-1])
    run.platform.world.cloud.region_copy_time = timedelta(seconds=10)
    run.platform.run(minutes=8)
    run.ledger.note_promises()
    ingredient(run).note()
    return run


def ingredient(run: Troubled) -> Copies:
    return next(each for each in run.ingredients if isinstance(each, Copies))


def copies(run: Troubled) -> list[PointCopy]:
    found = [copy for copy in run.platform.copies(NAME) if copy.is_whole]
    assert len(found) > 2
    return found


def change_copy(run: Troubled, copy: PointCopy, **changes: object) -> None:
    stored = run.platform.world.store.get(PointCopy, VAULT, NAME, copy.copy_id)
    assert stored is not None
    run.platform.world.store.commit(VAULT, [Replace(stored, replace(copy, **changes))])  # type: ignore[arg-type]


def deleted(run: Troubled, snapshot_id: str) -> str:
    """What the ledger has against it."""
    run.ledger.faults.clear()
    run.ledger.see("delete_snapshot", snapshot_id)
    return "; ".join(run.ledger.faults)


def expire(run: Troubled) -> None:
    """By all that was ever promised of copies."""
    for copy in copies(run):
        change_copy(run, copy, expires_at=NOW)
    run.ledger._promised.clear()


def hold_all(run: Troubled) -> None:
    vault = run.platform.world.store.get(Vault, VAULT)
    assert vault is not None
    run.platform.world.store.commit(VAULT, [Replace(vault, replace(vault.value, holds=(hold(),)))])


def be_read(run: Troubled) -> None:
    change_copy(run, run.platform.copies(NAME)[0], restoring=("a-restore",))


def be_others(run: Troubled) -> None:
    run.ledger._makers = dict.fromkeys(run.ledger._makers, OTHERS)


def be_told_as_held(run: Troubled) -> None:
    run.ledger.held = {copies(run)[0].source_id.lower(): None}


def go_back(run: Troubled) -> None:
    run.ledger.frozen = True


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (hold_all, "it is held (case-1)"),
        (be_read, "a restore reads it"),
        (be_others, "it is not this installation's"),
        (be_told_as_held, "somebody was told that it is held"),
        (go_back, "the tables are older than the world"),
        (lambda run: stop_protection(run.platform.world.ports, VAULT, NAME), "its instance is ProtectionStopped"),
    ],
    ids=["held", "read", "foreign", "told", "set back", "stopped"],
)
def test_an_expired_copy_may_go_unless_something_keeps_it(happens: Callable[[Troubled], object], told: str) -> None:
    run = with_copies()
    expire(run)
    assert deleted(run, copies(run)[0].snapshot_id) == ""
    happens(run)
    assert told in deleted(run, copies(run)[0].snapshot_id)


def test_a_copy_stays_as_long_as_was_promised_and_the_newest_stays_longer() -> None:
    run = with_copies()
    first, last = copies(run)[0], copies(run)[-1]
    assert "promised" in deleted(run, first.snapshot_id)
    expire(run)
    assert "it is the newest whole copy in northeurope" in deleted(run, last.snapshot_id)


def test_what_an_attempt_left_behind_may_go_and_what_no_record_tells_of_may_not() -> None:
    run = with_copies()
    first, second = copies(run)[:2]
    change_copy(run, second, left_behind=(first.snapshot_id,))
    stored = run.platform.world.store.get(PointCopy, VAULT, NAME, first.copy_id)
    assert stored is not None
    run.platform.world.store.commit(VAULT, [Remove(stored)])
    assert deleted(run, first.snapshot_id) == ""
    change_copy(run, second)
    assert "it is whole, and no record tells of it" in deleted(run, first.snapshot_id)


def test_the_snapshot_of_a_point_stays_as_long_as_copies_need_it() -> None:
    run = with_copies()
    first, last = copies(run)[0], copies(run)[-1]
    assert "the newest copy in northeurope was made of it" in deleted(run, last.source_id)
    assert "copy" not in deleted(run, first.source_id)
    change_copy(run, first, state=CopyState.WAITING)
    assert "it is to be copied to northeurope" in deleted(run, first.source_id)


def test_what_goes_with_its_instance_waits_for_a_go_on_unless_its_time_was_over_and_a_newer_point_is_there() -> None:
    """Plain expiry had begun to delete it, perhaps, before anybody deleted the instance."""
    run = Troubled(BRAKED)
    run.platform.run(minutes=3)
    run.ledger.note_promises()
    first, *_, last = sorted(run.platform.points(NAME), key=lambda point: point.created_at)
    change_instance(run.platform, state=ProtectionState.DELETING)
    assert "nobody let it go" in deleted(run, first.snapshot_id)
    run.ledger._promised = dict.fromkeys(run.ledger._promised, NOW)
    assert deleted(run, first.snapshot_id) == ""
    assert "nobody let it go" in deleted(run, last.snapshot_id)


def test_no_disk_is_deleted_but_those_of_tests() -> None:
    run = with_copies()
    run.ledger.see("delete_disk", "/a/disks/diskbackup-test-1")
    assert run.ledger.faults == []
    run.ledger.see("delete_disk", "/a/disks/restored")
    assert run.ledger.faults == ["/a/disks/restored is deleted"]


def wait(run: Troubled) -> None:
    change_copy(run, copies(run)[0], state=CopyState.WAITING, because="it is slow")


def forget(run: Troubled) -> None:
    """The last one, whose point is there."""
    newest = copies(run)[-1]
    ingredient(run).owed.made.discard(newest.copy_id)
    stored = run.platform.world.store.get(PointCopy, VAULT, NAME, newest.copy_id)
    assert stored is not None
    run.platform.world.store.commit(VAULT, [Remove(stored)])


def never_owe(run: Troubled) -> None:
    newest = copies(run)[-1].copy_id
    forget(run)
    del ingredient(run).owed.owed[newest]


def leave_behind(run: Troubled) -> None:
    change_copy(run, copies(run)[0], left_behind=("/a/snapshots/b",))


def lose(run: Troubled) -> None:
    run.platform.world.cloud.lose_snapshot(copies(run)[0].snapshot_id)


def go_on(run: Troubled) -> None:
    change_instance(run.platform, copying="a-copy")


def say_otherwise(run: Troubled) -> None:
    change_instance(run.platform, copy_standings=())


def keep_ticket(run: Troubled) -> None:
    store, key = run.platform.world.store, copies(run)[0].lane
    ticket = Ticket(vault=VAULT, instance_name=NAME, given_at=NOW)
    stored = store.get(CopyLane, ANYWHERE, key)
    lane = CopyLane(key=key, tickets=(ticket,))
    store.commit(ANYWHERE, [Insert(lane) if stored is None else Replace(stored, lane)])


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (wait, "still waits: it is slow"),
        (forget, "was owed, and nothing is recorded of it"),
        (never_owe, "was never owed to northeurope"),
        (leave_behind, "is still left behind"),
        (lose, "is recorded as whole and not there"),
        (go_on, "still copies a-copy"),
        (say_otherwise, "says () of its copies"),
        (keep_ticket, "is held for ever"),
    ],
)
def test_what_is_left_of_copies_is_told(happens: Callable[[Troubled], None], told: str) -> None:
    run = with_copies()
    stop_protection(run.platform.world.ports, VAULT, NAME)
    run.platform.run(minutes=20)
    assert list(ingredient(run).faults()) == []
    happens(run)
    assert told in "; ".join(ingredient(run).faults())


def with_swap() -> tuple[Troubled, Disks, Job]:
    """The second disk's restored one is in its place."""
    run = Troubled(WITH_DISKS)
    disks = next(each for each in run.ingredients if isinstance(each, Disks))
    run.platform.run(minutes=6)
    job = disks._restored_together()
    assert job is not None
    new_id = job.details["parts"][1]["target_disk_id"]
    wanted = SwapRequest(machine_id=machine_id(), disks=((new_id, ""),))
    swap = request_swap(run.platform.world.ports, VAULT, wanted)
    run.platform.run(minutes=2)
    return run, disks, next(each for each in run.platform.jobs() if each.job_id == swap.job_id)


def test_a_place_that_holds_neither_disk_is_told_unless_its_job_says_so() -> None:
    run, disks, swap = with_swap()
    assert list(disks._untold()) == []
    disks._somebody_takes_off()
    assert len(list(disks._untold())) == 2
    stored = run.platform.world.store.get(Job, VAULT, swap.job_id)
    assert stored is not None
    failed = replace(swap, status=JobStatus.FAILED)
    run.platform.world.store.commit(VAULT, [Replace(stored, failed)])
    assert len(list(disks._untold())) == 1


def test_each_restored_disk_has_one_restore_that_made_it() -> None:
    run, disks, _ = with_swap()
    assert list(disks.faults()) == []
    part = next(job for job in run.platform.jobs() if job.operation is JobOperation.RESTORE)
    run.platform.world.store.commit(VAULT, [Insert(replace(part, job_id=f"{part.job_id}-again"))])
    assert "2 restores made" in "; ".join(disks.faults())
    run.platform.world.cloud.remove_disk(part.target_disk_id)
    assert "was made, and is not there" in "; ".join(disks.faults())


def test_a_slot_of_the_second_disk_that_leaves_no_trace_is_told() -> None:
    run = Troubled(WITH_DISKS)
    for _ in range(330):
        run.pass_a_second()
    stop_protection(run.platform.world.ports, VAULT, SECOND_DISK)
    assert list(run._faults_of_slots(SECOND_DISK, run.second_due)) == []
    generation, slot = max(run.second_due.slots, key=lambda each: each[1])
    run.second_due.slots.add((generation, slot + timedelta(minutes=5)))
    assert "left no trace" in "; ".join(run._faults_of_slots(SECOND_DISK, run.second_due))


def test_looking_on_changes_nothing_of_what_happens() -> None:
    def happened(looks: int) -> list[str]:
        run = Troubled(WITH_COPIES + WITH_DISKS)
        for _ in range(20):
            run.pass_a_second()
            for _ in range(looks):
                run.ledger.faults_of_points(OURS)
        return run.platform.world.faults.calls

    assert happened(0) == happened(3)
