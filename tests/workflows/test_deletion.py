"""The one way to the cloud's deletion: every workflow is driven against a world in which a proof is missing.

The recording cloud refuses nothing: whatever asks it for a deletion is noted. What would delete with every proof there
is shown first, so that the rest proves something.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.errors import BackupError
from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import JobOperation, JobStatus
from backup_core.domain.recovery_point import HOLD_TAG, TAG_PREFIX
from backup_core.workflows.deletion import DeletionUnderWay
from backup_core.workflows.lifecycle import delete_instance, stop_protection
from backup_core.workflows.rebuild import rebuild_catalogue
from backup_core.workflows.reconcile import reconcile
from tests.builders import SNAPSHOT_GROUP, VAULT, hold
from tests.cases import every_case
from tests.workflows.platform import Platform
from tests.workflows.proofs import Scenario, moments
from tests.workflows.scenes import SLOT, change_copy, change_instance, change_point, jobs, protected, refuse
from tests.workflows.test_proofs import SCENARIOS

NAME = "disk-1"
DELETING = ("expiry", "delete", "purge", "half made")  # the scenarios that end in a deletion


def half_made() -> Platform:
    """A backup whose snapshot fails in a few seconds."""
    platform = protected()
    platform.world.cloud.fail_late("DiskSnapshotOperationFailed")
    platform.run(seconds=4)
    assert platform.instance().active is not None
    return platform


def look_everywhere(platform: Platform) -> None:
    platform.run(minutes=2)
    reconcile(platform.world.ports)
    rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP])
    platform.run(minutes=2)


ALL = {
    **SCENARIOS,
    "half made": Scenario(prepare=half_made, act=lambda platform: platform.run(minutes=2), check=lambda platform: None),
}


def is_without_tags(platform: Platform) -> None:
    for snapshot in platform.world.cloud._snapshots.values():
        snapshot.raw["tags"] = {"owner": "someone"}


def was_made_anew(platform: Platform) -> None:
    """Deleted, and another made under each name with the old tags."""
    for snapshot in platform.world.cloud._snapshots.values():
        snapshot.created_at -= timedelta(days=1)


def is_of_another_vault(platform: Platform) -> None:
    for snapshot in platform.world.cloud._snapshots.values():
        named = snapshot.raw["tags"][f"{TAG_PREFIX}vault"]
        snapshot.raw["tags"] = {**snapshot.raw["tags"], f"{TAG_PREFIX}vault": f"{named}-2"}


def is_held(platform: Platform) -> None:
    for point in platform.points():
        change_point(platform, point.point_id, holds=(hold("a court asked for it"),))


def is_held_by_a_tag(platform: Platform) -> None:
    """Which somebody wrote."""
    for snapshot in platform.world.cloud._snapshots.values():
        snapshot.raw["tags"] = {**snapshot.raw["tags"], HOLD_TAG: "keep this"}


def is_being_restored(platform: Platform) -> None:
    for point in platform.points():
        change_point(platform, point.point_id, restoring=("a-restore",))
    for copy in platform.copies():
        change_copy(platform, copy.copy_id, restoring=("a-restore",))


def is_of_a_stopped_instance(platform: Platform) -> None:
    if platform.has_instance(NAME):
        change_instance(platform, state=ProtectionState.STOPPED)


MISSING = [
    is_without_tags,
    was_made_anew,
    is_of_another_vault,
    is_held,
    is_held_by_a_tag,
    is_being_restored,
    is_of_a_stopped_instance,
]
# Of what is half made there is no point yet, and a stopped instance may be deleted with its points.
MEANINGLESS: dict[str, tuple[Callable[[Platform], None], ...]] = {
    "half made": (is_held, is_held_by_a_tag, is_being_restored, is_of_another_vault),
    "delete": (is_of_a_stopped_instance,),
    "delete with copies": (is_of_a_stopped_instance,),
    "purge": (is_of_a_stopped_instance,),
}


def asked(platform: Platform, scenario: Scenario) -> list[str]:
    """What the workflows asked the cloud to delete in the scenario and after it."""
    with suppress(BackupError):  # what is stopped refuses some requests
        scenario.act(platform)
    look_everywhere(platform)
    return platform.world.cloud.removed


@pytest.mark.parametrize("name", DELETING)
def test_with_every_proof_the_snapshot_goes(name: str) -> None:
    assert asked(ALL[name].prepare(), ALL[name])


@every_case(
    ("name", "missing"),
    [(name, missing) for name in ALL for missing in MISSING if missing not in MEANINGLESS.get(name, ())],
)
def test_no_workflow_reaches_the_deletion_of_what(name: str, missing: Callable[[Platform], None]) -> None:
    platform = ALL[name].prepare()
    platform.world.faults.clear()
    missing(platform)
    there = set(platform.world.cloud.snapshot_ids())
    removed = asked(platform, ALL[name])
    assert there.isdisjoint(removed)


def test_a_stop_while_a_half_made_snapshot_is_being_discarded_is_told_so() -> None:
    """At each call of the step that fails the backup."""
    told = 0
    for moment in moments(half_made(), lambda platform: platform.run(seconds=6), with_quiet_ticks=True):
        platform, answered = moment.platform(), list[list[str]]()

        def stop(platform: Platform = platform, answered: list[list[str]] = answered) -> None:
            try:
                stop_protection(platform.world.ports, VAULT, NAME)
            except DeletionUnderWay:
                return
            answered.append(list(platform.world.cloud.removed))

        platform.world.faults.interrupt_nth(moment.nth, stop)
        moment.rest(platform)
        told += not answered
        platform.run(minutes=2)
        if answered:
            assert platform.world.cloud.removed == answered[0], f"deleted after the answer: call {moment.number}"
        assert [job.status for job in jobs(platform)] == [JobStatus.FAILED]
        assert platform.instance().deletes_until(platform.world.clock.now()) is None
    assert told, "no interruption fell into the discarding"


def test_what_cannot_be_discarded_is_left_to_the_reconciler_and_the_backup_fails_all_the_same() -> None:
    platform = half_made()
    platform.world.cloud.guard = refuse("delete_snapshot", BackupError("no"))
    platform.run(minutes=2)
    assert [job.status for job in jobs(platform, JobOperation.BACKUP)] == [JobStatus.FAILED]
    assert platform.instance().active is None
    assert platform.instance().deletion is None
    assert reconcile(platform.world.ports).orphans == platform.world.cloud.snapshot_ids()


def test_an_instance_is_deleted_while_an_expiry_is_on_its_way() -> None:
    """Of it all points go, and nobody need wait for the other deletion."""
    platform = SCENARIOS["expiry"].prepare()
    told: list[Any] = []

    def delete() -> None:
        told.append(delete_instance(platform.world.ports, VAULT, NAME))

    platform.world.cloud.guard = lambda call, target: delete() if call == "delete_snapshot" and not told else None
    platform.run(minutes=4)
    assert told
    assert not platform.has_instance(NAME)
    assert platform.world.clock.now() < SLOT + timedelta(hours=2)


def test_no_snapshot_goes_of_a_point_whose_mark_was_taken_off_meanwhile() -> None:
    """At each call of an expiry, but that of the deletion itself: by then the tables were asked."""
    spared, unmarked = 0, list[str]()
    for moment in moments(SCENARIOS["expiry"].prepare(), SCENARIOS["expiry"].act, with_quiet_ticks=True):
        platform, taken_off = moment.platform(), list[str]()
        at = len(platform.world.faults.calls) + moment.nth

        def take_off(platform: Platform = platform, taken_off: list[str] = taken_off) -> None:
            for point in platform.points():
                if point.expiry_job_id and point.deletion_asked_at is None:
                    change_point(platform, point.point_id, expiry_job_id="")
                    taken_off.append(point.point_id)

        def check(call: str, target: str, platform: Platform = platform, at: int = at) -> None:
            if call == "delete_snapshot" and len(platform.world.faults.calls) != at + 1:
                marks = {point.snapshot_id: point.expiry_job_id for point in platform.points()}
                if not marks[target]:
                    unmarked.append(target)

        platform.world.faults.interrupt_nth(moment.nth, take_off)
        platform.world.cloud.guard = check
        moment.rest(platform)
        assert not unmarked, f"taken off at call {moment.number}"
        spared += bool(taken_off)
    assert spared, "no interruption fell between the mark and the deletion"
