"""Where each protected disk stands, over HTTP: what a list of thousands needs of each."""

from __future__ import annotations

from datetime import timedelta

from tests.api.bodies import VAULT_PATH
from tests.api.front import Front
from tests.api.tenant import READER, SOMEBODY_ELSE, bearer, guarded
from tests.workflows.scenes import backed_up

STANDINGS = f"{VAULT_PATH}/backupInstanceStandings"


def test_each_instance_tells_what_it_can_be_restored_to_and_what_comes_next() -> None:
    platform = backed_up("disk-1", "disk-2")
    told = Front(platform.world).get(STANDINGS).json["value"]
    assert [each["backupInstanceId"] for each in told] == [
        f"{VAULT_PATH}/backupInstances/disk-1",
        f"{VAULT_PATH}/backupInstances/disk-2",
    ]
    first = told[0]
    assert first["state"] == "protected"
    assert first["dataSourceId"].endswith("/disks/disk-1")
    assert (first["recoveryPointTime"] or "").startswith("2026-03-02T12:00")
    assert first["nextBackupTime"] == "2026-03-02T13:00:00.0000000Z"
    assert (first["objectiveSeconds"], first["sizeBytes"]) == (75 * 60, 128 << 30)
    assert (first["currentProtectionState"], first["activeAlerts"]) == ("ProtectionConfigured", [])


def test_an_overdue_backup_is_told_by_now_and_not_by_when_it_was_written() -> None:
    platform = backed_up()
    platform.world.clock.advance(timedelta(hours=2))
    told = Front(platform.world).get(STANDINGS).json["value"][0]
    assert told["state"] == "breached"
    assert "the objective is 1 h 15 min" in told["reason"]


def test_what_takes_no_backups_has_no_next_one() -> None:
    platform = backed_up()
    Front(platform.world).post(f"{VAULT_PATH}/backupInstances/disk-1/stopProtection")
    told = Front(platform.world).get(STANDINGS).json["value"][0]
    assert (told["state"], told["nextBackupTime"]) == ("paused", None)


def test_a_disk_or_a_snapshot_group_that_the_caller_may_not_reach_is_left_out() -> None:
    platform = backed_up("disk-1", "disk-2")
    told = Front(platform.world).get(STANDINGS).json["value"]
    for closed, left in ((told[0]["dataSourceId"], 1), (told[0]["snapshotResourceGroupId"], 0)):
        caller = guarded(platform.world, scopes={closed: [SOMEBODY_ELSE]})
        seen = caller.get(STANDINGS, headers=bearer(READER)).json["value"]
        assert len(seen) == left
