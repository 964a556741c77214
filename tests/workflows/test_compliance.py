"""The compliance report through the system: from slots, failures, outages and restores to its rows, and its limits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backup_core.domain.compliance import InstanceReport
from backup_core.domain.errors import InvalidInput, OperationFailed
from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import JobOperation, JobStatus
from backup_core.domain.objective import ObjectiveState
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.restore import RestoreRequest
from backup_core.ports import Insert
from backup_core.workflows import compliance
from backup_core.workflows.compliance import ComplianceReport, compliance_report
from backup_core.workflows.copy_rules import delete_rule
from backup_core.workflows.lifecycle import delete_instance
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.restore import request_restore
from backup_core.workflows.vaults import put_vault
from tests.builders import SUBSCRIPTION, TARGET_GROUP, VAULT, disk_id, job, vault, vault_properties
from tests.workflows.platform import Platform
from tests.workflows.scenes import (
    HOUR,
    MINUTE,
    SLOT,
    backed_up,
    change_copy,
    change_instance,
    go_to,
    jobs,
    lose,
    protected,
    refuse,
)
from tests.workflows.test_copying import REFUSE_COPIES, copied, with_two_copies

BEGIN = SLOT - 30 * MINUTE


def report(platform: Platform, *vaults: VaultKey, hours: float = 10) -> ComplianceReport:
    return compliance_report(platform.world.ports, vaults or (VAULT,), BEGIN, BEGIN + timedelta(hours=hours))


def only(found: ComplianceReport) -> InstanceReport:
    (row,) = found.rows
    return row


def a_morning() -> Platform:
    """Hourly slots from 12:00: taken, failed, taken late, missed in an outage of two hours, taken."""
    platform = backed_up()
    platform.world.cloud.guard = refuse("start_snapshot", OperationFailed("Azure ended the snapshot as Failed."))
    go_to(platform, SLOT + HOUR)
    platform.world.cloud.guard = lambda call, target: None
    go_to(platform, SLOT + 2 * HOUR + 10 * MINUTE, minutes=1)
    go_to(platform, SLOT + 5 * HOUR, minutes=1)
    return platform


def test_what_was_due_taken_late_missed_and_failed() -> None:
    platform = a_morning()
    row = only(report(platform))
    assert (row.due, row.taken, row.late, row.missed, row.failed) == (6, 3, 1, 3, 1)
    assert row.longest_gap > 2 * HOUR


def test_a_restore_that_succeeded_is_a_restore_test() -> None:
    platform = backed_up()
    wanted = RestoreRequest(point_id=None, target_disk_id=disk_id("restored", TARGET_GROUP))
    request_restore(platform.world.ports, VAULT, "disk-1", wanted)
    platform.run(minutes=2)
    assert only(report(platform)).restore_tests == 1


def test_a_point_that_was_lost_is_told() -> None:
    platform = backed_up()
    go_to(platform, SLOT + HOUR)
    lose(platform, platform.points()[0])
    reconcile(platform.world.ports)
    platform.world.clock.set(SLOT + HOUR + 50 * MINUTE)
    row = only(report(platform))
    assert (row.taken, row.lost) == (2, 1)
    assert row.longest_gap > 100 * MINUTE


def test_the_period_is_cut_to_what_is_known() -> None:
    platform = backed_up()
    now = platform.world.clock.now()
    found = compliance_report(platform.world.ports, [VAULT], now - timedelta(days=400), now + timedelta(days=400))
    assert (found.period.begin, found.period.end) == (now - timedelta(days=90), now)


@pytest.mark.parametrize(("begin", "end"), [(0, 0), (1, 0), (-200, -100), (5, 10)])
def test_a_period_of_which_nothing_is_known_is_refused(begin: int, end: int) -> None:
    platform = backed_up()
    now = platform.world.clock.now()
    with pytest.raises(InvalidInput):
        compliance_report(
            platform.world.ports, [VAULT], now + timedelta(days=begin), now + timedelta(days=end, seconds=30)
        )


def test_several_vaults_are_told_one_after_another_and_what_is_deleted_in_none() -> None:
    other = VaultKey(subscription=SUBSCRIPTION, group="backup-rg", name="vault-2")
    platform = backed_up("disk-1", "disk-2")
    put_vault(platform.world.ports, vault(other))
    put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="On", days=14)))
    delete_instance(platform.world.ports, VAULT, "disk-2")
    assert [(row.vault, row.name) for row in report(platform, other, VAULT).rows] == [(VAULT, "disk-1")]


def test_more_jobs_than_a_report_reads_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compliance, "JOB_PAGES", 1)
    platform = backed_up()
    for start in range(0, 1000, 100):
        made = [job(f"disk-{number}", at=SLOT - MINUTE) for number in range(start, start + 100)]
        platform.world.store.commit(VAULT, [Insert(each) for each in made])
    with pytest.raises(InvalidInput) as refusal:
        report(platform)
    assert refusal.value.code == "ReportTooLarge"
    assert "999 jobs" in refusal.value.message


def test_more_instances_than_a_report_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compliance, "INSTANCES", 1)
    platform = backed_up("disk-1", "disk-2")
    with pytest.raises(InvalidInput):
        report(platform)


def test_of_a_vault_with_too_many_points_jobs_alone_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    platform = a_morning()
    before = only(report(platform))
    monkeypatch.setattr(compliance, "POINT_PAGES", 1)
    monkeypatch.setattr(compliance, "POINTS_AT_ONCE", 1)
    found = report(platform)
    assert found.by_jobs_alone == (VAULT,)
    assert (only(found).taken, only(found).missed) == (before.taken, before.missed)


# ---------------------------------------------------------------- copies in other regions


def test_a_region_tells_its_newest_whole_copy_with_the_evidence_and_the_objective_it_is_held_to() -> None:
    platform = with_two_copies()
    newest = platform.copies()[-1]
    (region,) = only(report(platform)).copies
    assert (region.location, region.rule_name, region.state) == ("northeurope", "north", ObjectiveState.PROTECTED)
    assert (region.newest_id, region.newest_at, region.completed_at) == (
        newest.copy_id,
        newest.point_at,
        newest.completed_at,
    )
    assert region.age == platform.world.clock.now() - newest.point_at
    assert region.objective == timedelta(hours=1, minutes=15) + timedelta(hours=12)
    assert (region.made, region.failed, region.missed, region.waiting, region.kept) == (2, 0, 0, 0, 2)
    assert (region.lost, region.blocked) == (0, 0)


def test_an_instance_without_rules_and_copies_tells_of_no_region() -> None:
    assert only(report(backed_up())).copies == ()


def test_a_region_behind_its_objective_is_breached_and_what_waits_for_so_long_was_missed() -> None:
    platform = with_two_copies()
    platform.world.cloud.guard = REFUSE_COPIES
    for hour in range(2, 17):
        go_to(platform, SLOT + hour * HOUR)
    (region,) = only(report(platform, hours=24)).copies
    assert region.state is ObjectiveState.BREACHED
    assert region.made == 2
    assert (region.waiting, region.missed) == (15, 1), "that of 14:00 is older than 13 hours and a quarter"
    platform.world.cloud.guard = lambda call, target: None
    platform.run(hours=1)
    (region,) = only(report(platform, hours=24)).copies
    assert (region.state, region.made, region.missed, region.late) == (ObjectiveState.PROTECTED, 17, 0, 1)


def test_of_a_region_that_was_never_reached_there_is_no_newest_copy() -> None:
    platform = copied(protected())
    platform.world.cloud.guard = REFUSE_COPIES
    platform.run(minutes=10)
    (region,) = only(report(platform)).copies
    assert (region.state, region.newest_id, region.age) == (ObjectiveState.AT_RISK, "", None)
    assert (region.made, region.waiting) == (0, 1)
    go_to(platform, SLOT + 15 * HOUR)
    assert only(report(platform, hours=24)).copies[0].state is ObjectiveState.BREACHED


def test_a_rule_of_which_nothing_was_due_yet_is_told() -> None:
    (region,) = only(report(copied(backed_up()))).copies
    assert (region.location, region.state, region.waiting) == ("northeurope", ObjectiveState.AT_RISK, 0)


def test_what_is_paused_or_has_no_rule_any_more_is_held_to_no_objective() -> None:
    platform = with_two_copies()
    change_instance(platform, state=ProtectionState.STOPPED)
    assert only(report(platform)).copies[0].state is ObjectiveState.PAUSED
    change_instance(platform, state=ProtectionState.CONFIGURED)
    delete_rule(platform.world.ports, VAULT, "north")
    (region,) = only(report(platform)).copies
    assert (region.state, region.rule_name, region.objective) == (ObjectiveState.PAUSED, "", None)
    assert region.kept == 2


def test_copies_that_fail_are_lost_or_cannot_go_are_counted() -> None:
    platform = copied(protected())
    platform.run(seconds=12)
    platform.world.cloud.fail_late("InvalidParameter", "No.")
    platform.run(minutes=25)
    go_to(platform, SLOT + HOUR, minutes=20)
    first, second = platform.copies()
    lose(platform, first)
    reconcile(platform.world.ports)
    change_copy(platform, second.copy_id, expiry_blocked="ResourceLocked: a lock.")
    (region,) = only(report(platform)).copies
    assert (region.made, region.failed, region.lost, region.blocked, region.kept) == (2, 1, 1, 1, 1)


def test_a_copy_that_was_not_made_in_its_lifetime_is_a_failed_job_and_was_missed() -> None:
    platform = copied(protected(), retention="PT90M")
    platform.run(minutes=20)
    platform.world.cloud.guard = REFUSE_COPIES
    go_to(platform, SLOT + HOUR, hours=2)
    go_to(platform, SLOT + 3 * HOUR, minutes=5)
    platform.world.cloud.guard = lambda call, target: None
    platform.run(hours=2)
    (dropped,) = (job for job in jobs(platform, JobOperation.COPY) if job.details.get("isMissed"))
    assert dropped.status is JobStatus.FAILED
    assert dropped.error.code == "CopyMissed"
    assert "expired" in dropped.error.message
    (region,) = only(report(platform)).copies
    assert region.missed == 1
    assert SLOT + HOUR not in {copy.slot for copy in platform.copies()}


def test_a_copy_whose_rule_is_gone_was_not_missed() -> None:
    platform = copied(protected())
    platform.world.cloud.guard = REFUSE_COPIES
    platform.run(minutes=4)
    delete_rule(platform.world.ports, VAULT, "north")
    platform.world.cloud.guard = lambda call, target: None
    platform.run(hours=1)
    assert not any(job.details.get("isMissed") for job in jobs(platform, JobOperation.COPY))


def test_of_a_vault_with_too_many_copies_jobs_and_the_instances_own_standing_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    platform = with_two_copies()
    newest = platform.copies()[-1]
    monkeypatch.setattr(compliance, "POINT_PAGES", 1)
    monkeypatch.setattr(compliance, "POINTS_AT_ONCE", 1)
    found = report(platform)
    assert found.by_jobs_alone == (VAULT,)
    (region,) = only(found).copies
    assert (region.made, region.newest_id, region.completed_at) == (2, newest.copy_id, None)
    assert (region.kept, region.waiting, region.lost, region.blocked) == (0, 0, 0, 0)
