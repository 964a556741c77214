"""Health at a glance: what a summary counts and names, and what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backup_core.domain.alert import Cause
from backup_core.domain.errors import CloudUnavailable, OperationFailed
from backup_core.domain.health import Health
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.objective import ObjectiveState
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Insert, Memory
from backup_core.workflows import health
from backup_core.workflows.health import KEPT_FOR, health_of
from backup_core.workflows.lifecycle import delete_instance, stop_protection
from backup_core.workflows.vaults import put_vault
from tests.builders import SUBSCRIPTION, VAULT, job, vault, vault_properties
from tests.workflows.platform import Platform
from tests.workflows.scenes import HOUR, MINUTE, SLOT, backed_up, change_instance, go_to, protected, refuse

OTHER = VaultKey(subscription=SUBSCRIPTION, group="backup-rg", name="vault-2")


def summary(platform: Platform, *vaults: VaultKey) -> Health:
    """As another process would tell it."""
    platform.world.memory = Memory()
    return health_of(platform.world.ports, vaults or (VAULT,))


def break_azure(platform: Platform) -> None:
    platform.world.cloud.guard = refuse("start_snapshot", OperationFailed("Azure ended the snapshot as Failed."))


def test_a_vault_without_anything_is_all_zeros() -> None:
    platform = Platform()
    found = summary(platform)
    assert (found.vaults, found.left_out, found.unreadable) == (1, 0, 0)
    assert (found.states, found.jobs, found.severities) == ({}, {}, {})
    assert (found.worst, found.next_due, found.with_points, found.disk_bytes) == ((), (), 0, 0)
    assert found.jobs_since == platform.world.clock.now() - timedelta(hours=24)


def test_instances_are_counted_by_where_they_stand() -> None:
    platform = backed_up("disk-1", "disk-2", "disk-3", "disk-4")
    stop_protection(platform.world.ports, VAULT, "disk-3")
    change_instance(platform, "disk-4", state=ProtectionState.ERROR)
    assert summary(platform).states == {ObjectiveState.PROTECTED: 2, ObjectiveState.PAUSED: 1, ObjectiveState.ERROR: 1}
    break_azure(platform)
    go_to(platform, SLOT + HOUR)
    assert summary(platform).states[ObjectiveState.AT_RISK] == 2
    go_to(platform, SLOT + 2 * HOUR, minutes=1)
    found = summary(platform)
    assert found.states[ObjectiveState.BREACHED] == 2
    assert found.severities["Sev1"] >= 2
    assert all(platform.instance("disk-1").alerts)
    assert Cause.RPO in {opened.cause for opened in platform.instance("disk-1").alerts}


def test_a_soft_deleted_instance_is_no_instance() -> None:
    platform = backed_up("disk-1", "disk-2")
    put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="On", days=14)))
    delete_instance(platform.world.ports, VAULT, "disk-2")
    assert summary(platform).states == {ObjectiveState.PROTECTED: 1}


def test_jobs_of_the_last_day_are_counted_by_operation_and_outcome() -> None:
    platform = backed_up("disk-1", "disk-2")
    backup, configure = JobOperation.BACKUP, JobOperation.CONFIGURE
    counts = {(backup, JobStatus.COMPLETED): 2, (configure, JobStatus.COMPLETED): 2}
    assert summary(platform).jobs == counts
    break_azure(platform)
    go_to(platform, SLOT + HOUR)
    assert summary(platform).jobs == counts | {(backup, JobStatus.FAILED): 2}
    platform.world.clock.set(SLOT + 24 * HOUR + 30 * MINUTE)
    assert summary(platform).jobs == {(backup, JobStatus.FAILED): 2}


def test_more_jobs_than_are_counted_are_counted_from_later_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "JOB_PAGES", 1)
    platform = Platform()
    now = platform.world.clock.now()
    for start in range(0, 1000, 100):
        made = [job(f"disk-{number}", at=now - number * MINUTE) for number in range(start, start + 100)]
        platform.world.store.commit(VAULT, [Insert(each) for each in made])
    found = summary(platform)
    assert found.jobs.total() == 999
    assert found.jobs_since == now - 998 * MINUTE


def test_the_worst_are_named_first_with_their_reasons() -> None:
    platform = protected(*[f"disk-{number}" for number in range(12)])
    platform.run(seconds=30)
    for number in range(12):
        newest = platform.instance(f"disk-{number}").newest_point
        older = type(newest)(point_id=newest.point_id, created_at=SLOT - number * MINUTE, expires_at=None)
        change_instance(platform, f"disk-{number}", newest_point=older, due_from=SLOT - HOUR)
    stop_protection(platform.world.ports, VAULT, "disk-11")
    platform.world.clock.set(SLOT + 70 * MINUTE)
    found = summary(platform)
    assert [each.name for each in found.worst] == [f"disk-{number}" for number in range(10, 0, -1)]
    assert found.worst[0].standing.state is ObjectiveState.BREACHED
    assert "1 h 20 min old; the objective is 1 h 15 min" in found.worst[0].standing.reason
    assert found.worst[0].share > 1 > found.worst[-1].share


def test_an_instance_that_never_had_a_point_is_ranked_by_when_it_should_have_had_one() -> None:
    platform = protected("disk-1", "disk-2")
    break_azure(platform)
    go_to(platform, SLOT + 2 * HOUR, minutes=1)
    (first, _) = summary(platform).worst
    assert first.point_at is None
    assert first.share > 1


def test_what_is_due_next_is_named_soonest_first() -> None:
    platform = backed_up("disk-1")
    platform.protect("disk-2", intervals=("R/2026-03-01T00:30:00+00:00/PT1H",))
    platform.protect("disk-3")
    stop_protection(platform.world.ports, VAULT, "disk-3")
    found = summary(platform)
    assert [(each.name, each.next_at) for each in found.next_due] == [
        ("disk-2", SLOT + 30 * MINUTE),
        ("disk-1", SLOT + HOUR),
    ]


def test_storage_is_told_by_the_disks_that_have_points() -> None:
    platform = backed_up("disk-1", "disk-2")
    platform.protect("disk-3")
    found = summary(platform)
    assert (found.with_points, found.disk_bytes) == (2, 2 * (128 << 30))


def test_events_that_wait_or_were_refused_are_counted() -> None:
    platform = protected()
    platform.world.faults.fail("events.publish", CloudUnavailable("503"), times=100)
    platform.run(seconds=30)
    assert summary(platform).waiting > 0
    platform.world.faults.clear()
    platform.world.events.refused_types.add("DiskBackup.Job.Completed")
    platform.run(minutes=2)
    found = summary(platform)
    assert found.waiting == 0
    assert found.refused >= 1


def test_rows_that_cannot_be_read_are_counted_and_hide_nothing_else() -> None:
    platform = backed_up("disk-1", "disk-2")
    platform.world.store.corrupt_record(BackupInstance, VAULT, "disk-1", glance="", body0="{")
    found = summary(platform)
    assert found.unreadable == 1
    assert found.states == {ObjectiveState.PROTECTED: 1}


def test_rows_of_an_older_release_are_read_whole() -> None:
    platform = backed_up("disk-1", "disk-2")
    before = summary(platform)
    platform.world.store.corrupt_record(BackupInstance, VAULT, "disk-1", glance="")
    for each in platform.jobs():
        platform.world.store.corrupt_record(Job, VAULT, each.job_id, glance="")
    assert summary(platform) == before


def test_vaults_add_up() -> None:
    platform = backed_up("disk-1", "disk-2")
    put_vault(platform.world.ports, vault(OTHER))
    whole = summary(platform, VAULT, OTHER)
    one = summary(platform)
    assert whole.vaults == 2
    assert (whole.states, whole.jobs, whole.worst, whole.next_due) == (one.states, one.jobs, one.worst, one.next_due)
    assert summary(platform, OTHER).states == {}


# What it costs.


def test_a_summary_costs_four_reads_and_none_while_it_is_young() -> None:
    platform = backed_up("disk-1", "disk-2")
    platform.world.memory = Memory()
    before = len(platform.world.faults.calls)
    first = health_of(platform.world.ports, [VAULT])
    assert sorted(platform.world.faults.calls[before:]) == ["store.glance"] * 2 + ["store.page"] * 2
    platform.world.clock.advance(KEPT_FOR - timedelta(seconds=1))
    assert health_of(platform.world.ports, [VAULT]) == first
    assert len(platform.world.faults.calls) == before + 4
    platform.world.clock.advance(seconds=1)
    health_of(platform.world.ports, [VAULT])
    assert len(platform.world.faults.calls) == before + 8


def test_vaults_beyond_what_is_read_at_once_are_left_out_and_come_with_the_next_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "VAULTS_READ", 2)
    platform = Platform()
    vaults = [VaultKey(subscription=SUBSCRIPTION, group="g", name=f"vault-{number}") for number in range(5)]
    ports = platform.world.ports
    told = [(found.vaults, found.left_out) for found in (health_of(ports, vaults) for _ in range(3))]
    assert told == [(2, 3), (4, 1), (5, 0)]
