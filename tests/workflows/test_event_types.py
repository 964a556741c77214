"""Each type of event is caused for real, through the system: a type that nothing causes has no place in the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.copying import PointCopy
from backup_core.domain.disk import Disk
from backup_core.domain.errors import PermissionMissing
from backup_core.domain.events import KINDS, PREFIX
from backup_core.domain.job import JobOperation
from backup_core.domain.messages import BACKUP, ObserveBackup
from backup_core.domain.protection_rule import instance_name
from backup_core.domain.reach import Author
from backup_core.domain.restore import RestoreRequest
from backup_core.domain.restore_test_plan import RestoreTestPlace, RestoreTestPlaces, RestoreTestPlan
from backup_core.domain.restore_together import TogetherRequest
from backup_core.domain.swap import MachineRefused
from backup_core.domain.vault import Promises, Vault
from backup_core.ports import Insert
from backup_core.workflows.brake import find_brake, say_go_on
from backup_core.workflows.holds import Place, clear_hold, set_hold
from backup_core.workflows.job_kinds import give_up
from backup_core.workflows.lifecycle import delete_instance, stop_protection, suspend_backups, undelete_instance
from backup_core.workflows.moving import request_finish, request_import, request_undo
from backup_core.workflows.on_demand import request_backup
from backup_core.workflows.protection import configure_instance, resume_protection
from backup_core.workflows.quotas import SNAPSHOTS_NEAR_LIMIT
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.restore import request_restore
from backup_core.workflows.restore_test_plans import put_plan
from backup_core.workflows.restore_together import request_restore_together
from backup_core.workflows.set_back import go_on
from backup_core.workflows.tag_rules import apply_all
from backup_core.workflows.vaults import put_policy, put_vault
from tests.builders import (
    SNAPSHOT_GROUP,
    TARGET_GROUP,
    VAULT,
    disk_id,
    disk_json,
    hold,
    job,
    policy,
    vault,
    vault_properties,
)
from tests.origins import OLD, stock
from tests.workflows import test_swap
from tests.workflows.platform import Platform, request
from tests.workflows.scenes import (
    HOUR,
    HOURLY,
    SLOT,
    add_point,
    add_snapshot,
    ask_for_backup,
    backed_up,
    go_to,
    lose,
    protected,
    refuse,
)
from tests.workflows.test_acting import teams_vault
from tests.workflows.test_copying import copied as with_copy_rule
from tests.workflows.test_guards import mapped, unlocked, unmap, weaken
from tests.workflows.test_restore_tests import forget_tests
from tests.workflows.test_restore_tests import planned as with_plan
from tests.workflows.test_tag_rules import ruled

NAME = "disk-1"
TARGET = disk_id("restored", TARGET_GROUP)


Scene, Step = Callable[[], Platform], Callable[[Platform], object]


def _after(*steps: Step, scene: Scene = backed_up) -> Scene:
    """A scene and what happens in it, each with half a minute to take its course."""

    def cause() -> Platform:
        platform = scene()
        for step in steps:
            step(platform)
            platform.run(seconds=30)
        return platform

    return cause


def _at(later: timedelta) -> Step:
    return lambda platform: go_to(platform, SLOT + later, minutes=5)


def _run_out(platform: Platform) -> None:
    platform.run(minutes=3)


def _forbid(call: str, role: str = "Disk Snapshot Contributor") -> Step:
    def step(platform: Platform) -> None:
        platform.world.cloud.guard = refuse(call, PermissionMissing("403", scope=SNAPSHOT_GROUP.text, role=role))

    return step


def _allow(platform: Platform) -> None:
    platform.world.cloud.guard = lambda call, target: None


def _fail(platform: Platform) -> None:
    platform.world.cloud.fail_late("DiskSnapshotOperationFailed")


def _moved(request: Any = request_import, *, spoil: Step = lambda platform: None) -> Scene:
    """What a request made of a vault of Azure Backup; of an empty one there is nothing to undo or to finish."""

    def ask(platform: Platform) -> None:
        stock(platform.world, disks=1 if request is request_import else 0, points=1)
        request(platform.world.ports, VAULT, OLD.resource_id, author=Author())
        spoil(platform)
        platform.run(minutes=5)

    return _after(ask, scene=Platform)


def _unsettle(platform: Platform) -> None:
    (raw,) = platform.world.azure_backup.instances[OLD.resource_id.lower()].values()
    raw["properties"]["currentProtectionState"] = "ConfiguringProtection"


def _stop_while_it_waits(platform: Platform) -> None:
    ask_for_backup(platform)
    _stop(platform)


def _restore(platform: Platform) -> None:
    request_restore(platform.world.ports, VAULT, NAME, RestoreRequest(point_id=None, target_disk_id=TARGET))
    platform.run(minutes=2)


def _restore_together(platform: Platform) -> None:
    wanted = ((NAME, RestoreRequest(point_id=None, target_disk_id=TARGET)),)
    request_restore_together(platform.world.ports, VAULT, TogetherRequest(wanted=wanted, slot=SLOT))
    platform.run(minutes=2)


def _take_the_name(platform: Platform) -> None:
    platform.world.cloud.add_disk(disk_json("restored", group=TARGET_GROUP))


def _test_a_restore(platform: Platform) -> None:
    intervals = (f"R/{SLOT + timedelta(minutes=30):%Y-%m-%dT%H:%M:%S}+00:00/PT1H",)
    wanted = RestoreTestPlan(name="p", intervals=intervals, target_group_id=TARGET_GROUP.text, seed="")
    put_plan(platform.world.ports, VAULT, wanted)
    go_to(platform, SLOT + timedelta(minutes=30), minutes=70)


def _lose_snapshot(platform: Platform) -> None:
    platform.world.cloud.lose_snapshot(platform.points()[0].snapshot_id)


def _take_the_place(platform: Platform) -> None:
    other = RestoreTestPlace(job_id="another", instance_name="disk-1", plan="another")
    platform.world.store.commit(VAULT, [Insert(RestoreTestPlaces(places=(other,)))])
    running = job("disk-1", at=SLOT, job_id="another", operation=JobOperation.RESTORE_TEST)
    platform.world.store.commit(VAULT, [Insert(running)])


def _swapped(*, undoes: bool = False, refused: bool = False) -> Platform:
    platform = test_swap.with_machine()
    if refused:
        platform.world.cloud.guard = test_swap.refuse("attach_disks", MachineRefused("No."))
    job = test_swap.swap(platform)
    platform.run(minutes=5)
    if undoes:
        test_swap.undo(platform, job)
        platform.run(minutes=2)
    return platform


def _lock(platform: Platform) -> None:
    platform.world.cloud.locks.add(SNAPSHOT_GROUP.key)


def _take_the_oldests_tags(platform: Platform) -> None:
    platform.world.cloud.retag(platform.points()[-1].snapshot_id, {})


def _lose_for_good(platform: Platform) -> None:
    lose(platform, platform.points()[0])
    reconcile(platform.world.ports)


def _stop(platform: Platform) -> None:
    stop_protection(platform.world.ports, VAULT, NAME)


def _suspend(platform: Platform) -> None:
    suspend_backups(platform.world.ports, VAULT, NAME)


def _resume(platform: Platform) -> None:
    resume_protection(platform.world.ports, VAULT, NAME)


def _protect(platform: Platform) -> None:
    put_policy(platform.world.ports, VAULT, policy(f"policy-{NAME}", **HOURLY))
    configure_instance(platform.world.ports, VAULT, request(NAME))


def _protect_twice_at_once(platform: Platform) -> None:
    platform.world.cloud.add_disk(disk_json(NAME))
    _protect(platform)
    configure_instance(platform.world.ports, VAULT, request(NAME))


def _keep_less(platform: Platform) -> None:
    put_policy(platform.world.ports, VAULT, policy(f"policy-{NAME}", **{**HOURLY, "retention": "P1D"}))


def _soft(state: str) -> Step:
    return lambda platform: put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete=state)))


def _delete(platform: Platform) -> None:
    delete_instance(platform.world.ports, VAULT, NAME, by="one")


def _undelete(platform: Platform) -> None:
    undelete_instance(platform.world.ports, VAULT, NAME)


def _leave_a_snapshot(platform: Platform) -> None:
    add_snapshot(platform, add_point(platform, SLOT + HOUR, name="nobody"))
    reconcile(platform.world.ports)


def _leave_a_tests_disk(platform: Platform) -> None:
    platform.run(seconds=8)
    forget_tests(platform)
    reconcile(platform.world.ports)


def _set_back(platform: Platform) -> None:
    tables = platform.world.store.copy()
    platform.run(minutes=10)
    platform.world.store.go_back(tables)
    platform.run(minutes=1)


def _copy_by_hand(platform: Platform) -> None:
    """The same tags under another name."""
    (mine,) = platform.points()
    tags = platform.tags(mine.snapshot_id)
    platform.world.cloud.add_snapshot(f"{mine.snapshot_id}-copy", source=Disk(raw=disk_json("disk-1")), tags=tags)
    reconcile(platform.world.ports)


def _hold_and_clear(platform: Platform) -> None:
    place = Place(vault=VAULT, instance="disk-1", point=platform.points()[0].point_id)
    set_hold(platform.world.ports, place, hold())
    clear_hold(platform.world.ports, place, hold().name)


def _brake(platform: Platform) -> None:
    platform.world.promises = Promises(unbraked_instances=0)


def _let_go(platform: Platform) -> None:
    batch = find_brake(platform.world.ports, VAULT).batch
    say_go_on(platform.world.ports, VAULT, batch.batch_id, by="another", by_name="", reason="it is meant")


def _take_the_tags(platform: Platform) -> None:
    platform.world.cloud.retag(platform.points()[0].snapshot_id, {"owner": "somebody"})
    reconcile(platform.world.ports)


def _refuse_at_the_topic(platform: Platform) -> None:
    platform.world.events.refused_types.add("DiskBackup.RecoveryPoint.Created")


def _take_many_snapshots(platform: Platform) -> None:
    for number in range(SNAPSHOTS_NEAR_LIMIT):
        add_snapshot(platform, add_point(platform, SLOT - timedelta(days=1, minutes=number)))
    reconcile(platform.world.ports)


def _rule_about_what_is_soft_deleted(platform: Platform) -> None:
    platform.run(seconds=3)
    apply_all(platform.world.ports)
    platform.run(seconds=3)
    _soft("On")(platform)
    delete_instance(platform.world.ports, VAULT, instance_name(disk_id()))
    apply_all(platform.world.ports)


def _lose_the_vault(platform: Platform) -> None:
    platform.remove(Vault)
    reconcile(platform.world.ports)


def _expire_a_copy_and_lose_the_next(platform: Platform) -> None:
    platform.run(minutes=10)
    go_to(platform, SLOT + HOUR, minutes=45)
    (newest,) = platform.copies()
    lose(platform, newest)
    reconcile(platform.world.ports)


def _forget_a_copy(platform: Platform) -> None:
    """By a hand in the table, while it is made."""
    platform.run(seconds=60)
    (copy,) = platform.copies()
    platform.remove(PointCopy, NAME, copy.copy_id)
    platform.run(minutes=5)


def _with_copies(**rule: Any) -> Scene:
    return lambda: with_copy_rule(protected(), **rule)


_copied_elsewhere = _after(_expire_a_copy_and_lose_the_next, scene=_with_copies(retention="PT90M"))
_restored, _expired = _after(_restore), _after(_at(timedelta(days=8)))
_without_permission = _after(_forbid("start_snapshot"), scene=protected)
_breached = _after(_forbid("start_snapshot"), _at(HOUR), _at(2 * HOUR), _at(3 * HOUR))
_not_ticking_for_hours = _after(_run_out, _at(5 * HOUR))
_braked = _after(_brake, _delete, _run_out, _let_go, _run_out)
_unmapped = _after(lambda platform: unmap(platform.world.ports), scene=unlocked)

CAUSES: Mapping[str, Scene] = {
    "Copy.Completed": _copied_elsewhere,
    "Copy.Expired": _copied_elsewhere,
    "Copy.Lost": _copied_elsewhere,
    "Copy.Failed": _after(_forbid("start_copy"), _run_out, scene=_with_copies()),
    "Copy.Cancelled": _after(_forget_a_copy, scene=_with_copies()),
    "Job.Completed": backed_up,
    "Job.Failed": _after(_fail, scene=protected),
    "Job.Cancelled": _after(_stop_while_it_waits),
    "Import.Completed": _moved(),
    "Import.CompletedWithWarnings": _moved(spoil=_unsettle),
    "Import.Failed": _moved(spoil=lambda platform: platform.world.azure_backup.vaults.clear()),
    "Import.Undone": _moved(request_undo),
    "Import.Finished": _moved(request_finish),
    "Restore.Started": _restored,
    "Restore.Completed": _restored,
    "Restore.Failed": _after(_forbid("start_disk", "Disk Restore Operator"), _restore),
    "Swap.Completed": _swapped,
    "Swap.Undone": lambda: _swapped(undoes=True),
    "Swap.Failed": lambda: _swapped(refused=True),
    "RestoreTogether.Completed": _after(_restore_together),
    "RestoreTogether.Failed": _after(_take_the_name, _restore_together),
    "RestoreTest.Passed": _after(_test_a_restore),
    "RestoreTest.CompletedWithWarnings": _after(
        _test_a_restore, scene=lambda: backed_up(disk=disk_json(networkAccessPolicy="DenyAll"))
    ),
    "RestoreTest.Failed": _after(_lose_snapshot, _test_a_restore),
    "RestoreTest.Cancelled": _after(_take_the_place, _test_a_restore),
    "Expiry.Completed": _expired,
    "Expiry.CompletedWithWarnings": _after(_at(HOUR), _at(2 * HOUR), _take_the_oldests_tags, _at(timedelta(days=8))),
    "RecoveryPoint.Created": backed_up,
    "RecoveryPoint.Expired": _expired,
    "RecoveryPoint.Lost": _after(_lose_for_good),
    "RecoveryPoint.ExpiryBlocked": _after(_lock, _at(timedelta(days=8))),
    "Protection.Configured": backed_up,
    "Protection.Cancelled": _after(_protect_twice_at_once, scene=Platform),
    "Protection.Failed": _after(_protect, scene=Platform),
    "Protection.Stopped": _after(_stop),
    "Protection.Suspended": _after(_suspend),
    "Protection.Resumed": _after(_stop, _resume),
    "Protection.Undeleted": _after(_soft("On"), _delete, _undelete),
    "Protection.Deleted": _after(_delete, _run_out),
    "BackupData.Deleted": _after(_delete),
    "Vault.Weakened": _after(_soft("On"), _soft("Off")),
    "Vault.IdentityChanged": _after(teams_vault, scene=Platform),
    "Deletions.Stopped": _braked,
    "Deletions.LetGo": _braked,
    "LegalHold.Set": _after(_hold_and_clear),
    "LegalHold.Cleared": _after(_hold_and_clear),
    "Vault.Rebuilt": _after(_lose_the_vault),
    "ResourceGuard.Mapped": mapped,
    "ResourceGuard.Unlocked": _unmapped,
    "ResourceGuard.UnlockUsed": _unmapped,
    "ResourceGuard.Unmapped": _unmapped,
    "ResourceGuard.Weakened": _after(lambda platform: weaken(platform.world.ports), scene=mapped),
    "Policy.RetentionShortened": _after(_keep_less),
    "Snapshot.Orphaned": _after(_leave_a_snapshot),
    "RestoreTest.DiskOrphaned": _after(_leave_a_tests_disk, scene=with_plan),
    "Tables.SetBack": _after(_set_back),
    "Tables.Resumed": _after(_set_back, lambda platform: go_on(platform.world.ports)),
    "Snapshot.Foreign": _after(_copy_by_hand),
    "Snapshot.TagsChanged": _after(_take_the_tags),
    "Message.Poisoned": _after(lambda platform: give_up(platform.world.ports, BACKUP, "nonsense"), scene=Platform),
    "Event.Refused": _after(_refuse_at_the_topic, scene=protected),
    "Alert.Fired": _after(_fail, scene=protected),
    "Alert.Resolved": _after(_fail, _at(HOUR), scene=protected),
    "Permission.Lost": _without_permission,
    "Permission.Regained": _after(_allow, _at(HOUR), scene=_without_permission),
    "SourceDisk.Deleted": _after(_protect, scene=Platform),
    "Quota.Near": _after(_take_many_snapshots),
    "ProtectionRule.Failed": _after(_rule_about_what_is_soft_deleted, scene=ruled),
    "Rpo.Breached": _breached,
    "Rpo.Recovered": _after(_allow, _at(4 * HOUR), scene=_breached),
    "Scheduler.Stalled": _not_ticking_for_hours,
    "Scheduler.Recovered": _not_ticking_for_hours,
}


@pytest.mark.parametrize("name", CAUSES)
def test_each_type_of_event_is_caused_by_what_it_tells_of(name: str) -> None:
    platform = CAUSES[name]()
    platform.run(minutes=1)
    assert f"{PREFIX}{name}" in platform.world.events.types()
    assert platform.failures == []


def test_no_type_of_event_is_without_a_cause() -> None:
    assert {f"{PREFIX}{name}" for name in CAUSES} == set(KINDS)


def test_a_region_that_is_nearly_full_of_snapshots_is_told_once_a_day() -> None:
    platform = backed_up()
    platform.world.cloud.usage_limits["StandardSnapshotCount"] = 1
    for _ in range(3):
        reconcile(platform.world.ports)
        platform.run(minutes=1)
    (near,) = [event for event in platform.world.events.distinct if event.type == f"{PREFIX}Quota.Near"]
    assert near.content["cause"] == "QuotaNear.westeurope.StandardSnapshotCount"
    assert (near.content["affectedItems"], near.content["affectedItemCount"]) == ([], 0)


def test_every_event_names_what_it_is_about_and_how_grave_it_is() -> None:
    platform = _restored()
    for event in platform.world.events.published:
        assert event.content["severity"] == KINDS[event.type].severity.value
        assert event.content["vaultId"] == VAULT.resource_id
        assert event.source == VAULT.resource_id


def test_a_jobs_event_carries_the_correlation_id_of_its_request() -> None:
    platform = backed_up()
    job = request_backup(
        platform.world.ports, VAULT, NAME, rule_name="BackupHourly", retention_tag=None, correlation_id="c-1"
    )
    platform.run(seconds=30)
    ended = [
        event
        for event in platform.world.events.distinct
        if event.type == "DiskBackup.Job.Completed" and event.content["jobId"].endswith(job.job_id)
    ]
    assert [event.content["correlationId"] for event in ended] == ["c-1"]
    assert ObserveBackup in {type(message) for message in platform.world.queue.sent}
