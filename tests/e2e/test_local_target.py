"""The product as its users meet it: the official SDK over HTTP, two real hosts, real storage, a simulated Azure.

The order of the tests follows the waits of begun.py; the last one empties the tables.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

from backup_core.adapters import entities
from backup_core.domain.agenda import AgendaKind
from backup_core.workflows.watching import STALL_AFTER
from infra.local.demo import wanted
from infra.local.demo.checks import differences
from infra.local.demo.clients import Entry, instant, sleep_until
from tests.e2e.begun import CORRUPT_ROW, Begun
from tests.e2e.stage import GROUP, LOCATION, TABLES, VAULT, Stage, names, until

pytestmark = pytest.mark.local_target


def faults_of(error: HttpResponseError) -> dict[str, str]:
    """Target and message of every fault that a refusal names."""
    assert error.response is not None
    body = error.response.json()["error"]
    return {fault["target"]: fault["message"] for fault in body["details"] or [body]}


# ---------------------------------------------------------------- what is configured


def test_a_wrong_key_is_refused(stage: Stage, begun: Begun) -> None:
    with pytest.raises(ClientAuthenticationError) as refused:
        stage.sdk_with_key("not the key").backup_vaults.get(GROUP, VAULT)
    assert refused.value.status_code == 401
    rebuild = stage.call("POST", "/diskbackup/catalogue/rebuild", json={"snapshotResourceGroups": []})
    assert rebuild.status_code == 401  # a function key is not the master key


# ---------------------------------------------------------------- backup and restore


def test_a_backup_on_demand_becomes_a_recovery_point_with_its_job_and_its_events(stage: Stage, begun: Begun) -> None:
    job = stage.job(begun.plain_job)
    assert (job["status"], job["operation"], job["isUserTriggered"]) == ("Completed", "Backup", True)
    assert job["extendedInfo"]["subTasks"][0]["taskStatus"] == "Completed"
    (point,) = stage.points("plain-0001")
    assert point["recoveryPointType"] == "Incremental"
    assert point["retentionTagName"] == "Default"
    kept = instant(point["expiryTime"]) - instant(point["recoveryPointTime"])
    assert abs(kept - timedelta(days=7)) < timedelta(minutes=2)
    assert len(stage.taken("plain-")) == 1
    assert begun.plain_job in {job["id"] for job in stage.jobs()}
    for kind in ("Job.Completed", "RecoveryPoint.Created"):
        assert len(until(partial(stage.events, kind, "plain-0001"), bool)) == 1


def test_a_restored_disk_is_as_its_source_was(stage: Stage, begun: Begun) -> None:
    (point,) = stage.visible_points("plain-0001")
    target = f"{stage.group_id('restores-westeurope')}/providers/Microsoft.Compute/disks/plain-restored"
    job = stage.ended(stage.restore("plain-0001", point, target))
    assert (job["status"], job["operation"]) == ("Completed", "Restore")
    source, restored = stage.clients.disk(begun.plain), stage.clients.disk(target)
    assert list(differences(source, restored)) == []
    assert [restored["tags"]["diskbackup-restored-from"].lower()] == stage.taken("plain-")
    assert len(until(lambda: stage.events("Restore.Completed", "plain-0001"), bool)) == 1


def test_a_missing_role_fails_the_job_and_names_role_and_scope(stage: Stage, begun: Begun) -> None:
    job = stage.ended(begun.denied_job)
    assert job["status"] == "Failed"
    (error,) = job["errorDetails"]
    assert error["code"] == "UserErrorMissingRequiredPermissions"
    advice = " ".join(error["recommendedAction"])
    assert "Disk Snapshot Contributor" in advice
    assert stage.group_id("snapshots-denied").lower() in advice.lower()
    assert stage.taken("denied-") == []
    assert stage.points("denied-0001") == []


def test_an_operation_that_fails_late_fails_the_job_with_azures_own_code(stage: Stage, begun: Begun) -> None:
    job = stage.ended(begun.late_job)
    assert job["status"] == "Failed"
    assert job["errorDetails"][0]["code"] == "InvalidParameter"
    assert stage.points("late-0001") == []
    assert len(until(lambda: stage.events("Job.Failed", "late-0001"), bool)) == 1


def test_being_throttled_is_no_failure_and_costs_no_retry(stage: Stage, begun: Begun) -> None:
    job = stage.ended(begun.throttled_job, seconds=60)
    assert job["status"] == "Completed"
    assert "RetryCount" not in job["extendedInfo"]["additionalDetails"]
    assert stage.struck(begun.throttling) == 2
    assert len(stage.points("throttled-0001")) == 1


# ---------------------------------------------------------------- what is put right


def test_reconcile_reports_a_lost_snapshot_and_an_orphan_and_deletes_neither(stage: Stage, begun: Begun) -> None:
    newest, older = stage.visible_points("lost-0001")
    snapshots = {each["tags"].get("diskbackup-point"): each for each in stage.clients.snapshots() if each.get("tags")}
    stage.clients.control("POST", "snapshots/delete-behind", {"id": snapshots[newest]["id"]})
    orphan = _make_orphan(stage, snapshots[older])
    stage.clients.run_function("reconcile")
    # A new backup may have come already: the newest point was lost.
    until(lambda: stage.visible_points("lost-0001"), lambda seen: newest not in seen and older in seen)
    (lost,) = until(lambda: stage.events("RecoveryPoint.Lost", "lost-0001"), bool)
    assert lost["data"]["recoveryPointId"] == newest
    (reported,) = until(lambda: stage.events("Snapshot.Orphaned"), bool)
    assert reported["data"]["snapshotId"].lower() == orphan.lower()
    assert orphan in {each["id"] for each in stage.clients.snapshots()}
    with pytest.raises(HttpResponseError) as refused:
        stage.restore("lost-0001", newest, begun.lost + "-restored")
    assert faults_of(refused.value).keys() == {"recoveryPointId"}


def _make_orphan(stage: Stage, model: dict[str, Any]) -> str:
    """A snapshot with all our tags, of an instance that nobody knows."""
    orphan = f"{model['id'].rsplit('/', 1)[0]}/bk-orphan"
    source = model["properties"]["creationData"]["sourceResourceId"]
    body = {
        "location": LOCATION,
        "tags": {**model["tags"], "diskbackup-instance": "nobody", "diskbackup-point": "f" * 32},
        "properties": {
            "incremental": True,
            "creationData": {"createOption": "Copy", "sourceResourceId": source},
        },
    }
    stage.arm("PUT", orphan, "2026-03-02", body)
    return orphan


def test_a_corrupt_record_is_left_out_and_the_rest_goes_on(stage: Stage, begun: Begun) -> None:
    stage.sdk.backup_policies.create_or_update(GROUP, VAULT, "doomed", wanted.policy("P1D", "P7D"))
    table = stage.table("diskbackuprecords")
    row = dict(table.get_entity(f"{stage.subscription}|{GROUP}|{VAULT}", "policy|doomed"))
    table.update_entity({**row, "body0": row["body0"][:-20]}, mode="replace")
    assert names(list(stage.sdk.backup_policies.list(GROUP, VAULT))) == {"daily", "minutely", "brief"}
    answer = stage.call("GET", f"{stage.vault_id}/backupPolicies/doomed", params={"api-version": "2026-06-01"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "RecordCorrupt")
    table.delete_entity(row["PartitionKey"], row["RowKey"])


def test_a_message_that_nobody_can_read_ends_in_an_event_after_five_tries(stage: Stage, begun: Begun) -> None:
    events = until(lambda: stage.events("Message.Poisoned"), lambda seen: len(seen) >= 2, seconds=150)
    queues = ("diskbackup-backup", "diskbackup-requests")
    assert sorted(event["subject"] for event in events) == sorted(f"backupInstances/{queue}" for queue in queues)
    assert {event["data"]["error"]["code"] for event in events} == {"MessageMalformed"}
    for queue in queues:
        function = queue.removeprefix("diskbackup-")
        assert stage.failed_runs(function, "MessageMalformed") == [1, 2, 3, 4, 5]
        until(lambda queue=queue: stage.waiting(f"{queue}-poison"), lambda left: left == 0)


# ---------------------------------------------------------------- what time brings


def test_a_policy_of_a_minute_takes_its_slot_by_the_timer_in_spite_of_a_corrupt_agenda_row(
    stage: Stage, begun: Begun
) -> None:
    """Also where the host that had the timer was killed just before the slot: another's ticks soon take its place."""
    first = (begun.protected_at + timedelta(minutes=1)).replace(second=0, microsecond=0)
    left = (first - datetime.now(UTC)).total_seconds()

    def taken() -> list[Entry]:
        created = [entry for entry in stage.clients.ledger() if entry.what == "snapshot.created"]
        return [each for each in created if each.source == begun.minutely.lower() and each.slot and each.slot >= first]

    snapshot = until(taken, bool, seconds=max(0.0, left) + 60)[0]
    assert snapshot.slot == first
    assert snapshot.at - first < timedelta(minutes=1)
    (job,) = [job for job in stage.jobs() if job["id"] == snapshot.tag("job")]
    assert job["isUserTriggered"] is False
    aside = stage.table("diskbackupagenda").get_entity(entities.aside_partition(AgendaKind.BACKUP), CORRUPT_ROW)
    assert aside["body0"] == "{half of a"


def test_expired_points_go_with_their_snapshots_and_the_newest_stays(stage: Stage, begun: Begun) -> None:
    sleep_until(begun.expired_at)
    (gone,) = until(lambda: deleted_of(stage, begun.brief), bool, seconds=120)
    (kept,) = until(lambda: stage.points("brief-0001"), lambda points: len(points) == 1)
    assert gone.at >= gone.created_at + timedelta(minutes=1)
    assert gone.created_at < instant(kept["recoveryPointTime"])
    (event,) = until(lambda: stage.events("RecoveryPoint.Expired", "brief-0001"), bool)
    assert event["data"]["recoveryPointId"] == gone.tag("point")


def deleted_of(stage: Stage, disk: str) -> list[Entry]:
    """What the simulator's ledger says was deleted of a disk's snapshots."""
    deleted = [entry for entry in stage.clients.ledger() if entry.what == "snapshot.deleted"]
    return [entry for entry in deleted if entry.source == disk.lower()]


def test_a_lock_keeps_an_expired_point_and_says_why(stage: Stage, begun: Begun) -> None:
    (event,) = until(lambda: stage.events("RecoveryPoint.ExpiryBlocked", "locked-0001"), bool, seconds=75)
    assert event["data"]["error"]["code"] == "ScopeLocked"
    assert event["data"]["affectedItems"] == ["locked-0001"]
    points = stage.visible_points("locked-0001")
    assert len(points) == 2
    of_disk = [job for job in stage.jobs() if job["dataSourceId"] == begun.locked]
    (job,) = [job for job in of_disk if job["operation"] == "ExpireRecoveryPoints"]
    assert job["status"] == "CompletedWithWarnings"
    assert job["extendedInfo"]["warningDetails"][0]["warning"]["code"] == "ScopeLocked"
    assert deleted_of(stage, begun.locked) == []


def test_what_a_killed_host_held_is_resumed_within_two_minutes_and_taken_once(stage: Stage, begun: Begun) -> None:
    assert begun.killed_ran > 0
    for job_id in begun.held_jobs:
        left = (begun.killed_at + timedelta(minutes=2) - datetime.now(UTC)).total_seconds()
        job = stage.ended(job_id, seconds=max(left, 1))
        assert job["status"] == "Completed"
        assert instant(job["endTime"]) - begun.killed_at < timedelta(minutes=2)
    held = [stage.job(job_id) for job_id in begun.held_jobs]
    # What died with its host goes on when the watch finds it; the other host may have run the rest.
    assert any(instant(job["endTime"]) - instant(job["startTime"]) >= STALL_AFTER for job in held)
    assert len(stage.taken("held-")) == len(begun.held_jobs)
    assert len(set(stage.taken("held-"))) == len(begun.held_jobs)


def test_the_catalogue_is_rebuilt_from_the_snapshots_after_the_tables_were_lost(stage: Stage, begun: Begun) -> None:
    instances = ("plain-0001", "lost-0001", "throttled-0001", "held-0001", "locked-0001")
    # The backup that takes the place of the lost point is over: nothing else is on its way.
    until(lambda: stage.visible_points("lost-0001"), lambda points: len(points) > 1, seconds=90)
    before = {name: stage.visible_points(name) for name in instances}
    assert all(before.values())
    for name in TABLES:
        stage.table(name).delete_table()
    with pytest.raises(ResourceNotFoundError):
        stage.sdk.backup_vaults.get(GROUP, VAULT)
    groups = [stage.group_id(group) for group in ("snapshots-westeurope", "snapshots-locked")]
    answer = stage.call(
        "POST",
        "/diskbackup/catalogue/rebuild",
        key=stage.endpoints["master_key"],
        json={"snapshotResourceGroups": groups},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["postponed"] == []
    assert {name: stage.visible_points(name) for name in instances} == before
    state = stage.sdk.backup_instances.get(GROUP, VAULT, "plain-0001").properties.current_protection_state
    assert state == "ProtectionStopped"
