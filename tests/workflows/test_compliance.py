"""The compliance report through the system: from slots, failures, outages and restores to its rows, and its limits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backup_core.domain.compliance import InstanceReport
from backup_core.domain.errors import InvalidInput, OperationFailed
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.restore import RestoreRequest
from backup_core.ports import Insert
from backup_core.workflows import compliance
from backup_core.workflows.compliance import ComplianceReport, compliance_report
from backup_core.workflows.lifecycle import delete_instance
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.restore import request_restore
from backup_core.workflows.vaults import put_vault
from tests.builders import SUBSCRIPTION, TARGET_GROUP, VAULT, disk_id, job, vault, vault_properties
from tests.workflows.platform import Platform
from tests.workflows.scenes import HOUR, SLOT, backed_up, go_to

MINUTE = timedelta(minutes=1)
BEGIN = SLOT - 30 * MINUTE


def report(platform: Platform, *vaults: VaultKey, hours: float = 10) -> ComplianceReport:
    return compliance_report(platform.world.ports, vaults or (VAULT,), BEGIN, BEGIN + timedelta(hours=hours))


def only(found: ComplianceReport) -> InstanceReport:
    (row,) = found.rows
    return row


def a_morning() -> Platform:
    """Hourly slots from 12:00: taken, failed, taken late, missed in an outage of two hours, taken."""
    platform = backed_up()

    def guard(call: str, target: str) -> None:
        if call == "start_snapshot":
            raise OperationFailed("Azure ended the snapshot as Failed.")

    platform.world.cloud.guard = guard
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
    platform.world.cloud.lose_snapshot(platform.points()[0].snapshot_id)
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
