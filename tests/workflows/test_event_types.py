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
from backup_core.ports import Insert, Remove
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
    backed_up,
    go_to,
    lose,
    protected,
)
from tests.workflows.test_acting import teams_vault
from tests.workflows.test_copying import copied as with_copy_rule
from tests.workflows.test_guards import mapped, unlocked, unmap, weaken
from tests.workflows.test_restore_tests import forget_tests
from tests.workflows.test_restore_tests import planned as with_plan
from tests.workflows.test_tag_rules import ruled

NAME = "disk-1"
TARGET = disk_id("restored", TARGET_GROUP)


def _backed_up() -> Platform:
    return backed_up()


def _refuse(call: str, role: str = "Disk Snapshot Contributor") -> Callable[[str, str], None]:
    def guard(called: str, target: str) -> None:
        if called == call:
            raise PermissionMissing("403", scope=target, role=role)

    return guard


def _moved(request: Any = request_import, *, spoil: Callable[[Platform], None] | None = None) -> Callable[[], Platform]:
    """What a request made of a vault of Azure Backup; of an empty one there is nothing to undo or to finish."""

    def make() -> Platform:
        platform = Platform()
        stock(platform.world, disks=1 if request is request_import else 0, points=1)
        request(platform.world.ports, VAULT, OLD.resource_id, author=Author())
        if spoil is not None:
            spoil(platform)
        platform.run(minutes=5)
        return platform

    return make


def _unsettle(platform: Platform) -> None:
    (raw,) = platform.world.azure_backup.instances[OLD.resource_id.lower()].values()
    raw["properties"]["currentProtectionState"] = "ConfiguringProtection"


def _hide(platform: Platform) -> None:
    platform.world.azure_backup.vaults.clear()


def _without_permission() -> Platform:
    platform = protected()
    platform.world.cloud.guard = _refuse("start_snapshot")
    platform.run(seconds=90)
    return platform


def _permission_back() -> Platform:
    platform = _without_permission()
    platform.world.cloud.guard = lambda call, target: None
    go_to(platform, SLOT + HOUR, seconds=90)
    return platform


def _azure_fails() -> Platform:
    platform = protected()
    platform.world.cloud.fail_late("DiskSnapshotOperationFailed")
    platform.run(seconds=90)
    return platform


def _azure_fails_once() -> Platform:
    platform = _azure_fails()
    go_to(platform, SLOT + HOUR, seconds=90)
    return platform


def _stopped_while_waiting() -> Platform:
    platform = backed_up()
    request_backup(platform.world.ports, VAULT, NAME, rule_name="BackupHourly", retention_tag=None)
    stop_protection(platform.world.ports, VAULT, NAME)
    platform.run(seconds=60)
    return platform


def _breached() -> Platform:
    platform = backed_up()
    platform.world.cloud.guard = _refuse("start_snapshot")
    for hours in (1, 2, 3):
        go_to(platform, SLOT + hours * HOUR, minutes=3)
    return platform


def _breached_and_recovered() -> Platform:
    platform = _breached()
    platform.world.cloud.guard = lambda call, target: None
    go_to(platform, SLOT + 4 * HOUR, minutes=2)
    return platform


def _not_ticking_for_hours() -> Platform:
    platform = backed_up()
    platform.run(minutes=2)
    go_to(platform, SLOT + 5 * HOUR, minutes=3)
    return platform


def _restored() -> Platform:
    platform = backed_up()
    request_restore(platform.world.ports, VAULT, NAME, RestoreRequest(point_id=None, target_disk_id=TARGET))
    platform.run(minutes=2)
    return platform


def _restore_refused() -> Platform:
    platform = backed_up()
    platform.world.cloud.guard = _refuse("start_disk", "Disk Restore Operator")
    request_restore(platform.world.ports, VAULT, NAME, RestoreRequest(point_id=None, target_disk_id=TARGET))
    platform.run(minutes=2)
    return platform


def _restored_together(platform: Platform) -> Platform:
    wanted = ((NAME, RestoreRequest(point_id=None, target_disk_id=TARGET)),)
    request_restore_together(platform.world.ports, VAULT, TogetherRequest(wanted=wanted, slot=SLOT))
    platform.run(minutes=2)
    return platform


def _name_taken() -> Platform:
    platform = backed_up()
    platform.world.cloud.add_disk(disk_json("restored", group=TARGET_GROUP))
    return platform


def _tested(spoil: Callable[[Platform], None] | None = None, **plan: Any) -> Callable[[], Platform]:
    """A restore test of a point that somebody spoiled, if so."""

    def make() -> Platform:
        platform = backed_up(disk=disk_json(**plan))
        if spoil is not None:
            spoil(platform)
        intervals = (f"R/{SLOT + timedelta(minutes=30):%Y-%m-%dT%H:%M:%S}+00:00/PT1H",)
        wanted = RestoreTestPlan(name="p", intervals=intervals, target_group_id=TARGET_GROUP.text, seed="")
        put_plan(platform.world.ports, VAULT, wanted)
        go_to(platform, SLOT + timedelta(minutes=30), minutes=70)
        return platform

    return make


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


def _expired() -> Platform:
    platform = backed_up()
    go_to(platform, SLOT + timedelta(days=8), minutes=5)
    return platform


def _expiry_locked() -> Platform:
    platform = backed_up()
    platform.world.cloud.locks.add(SNAPSHOT_GROUP.key)
    go_to(platform, SLOT + timedelta(days=8), minutes=5)
    return platform


def _expiry_locked_in_part() -> Platform:
    platform = backed_up()
    go_to(platform, SLOT + HOUR)
    go_to(platform, SLOT + 2 * HOUR)
    strange = platform.points()[-1].snapshot_id.lower()
    platform.world.cloud._snapshots[strange].raw["tags"] = {}
    go_to(platform, SLOT + timedelta(days=8), minutes=5)
    return platform


def _snapshot_gone() -> Platform:
    platform = backed_up()
    lose(platform, platform.points()[0])
    reconcile(platform.world.ports)
    return platform


def _asked(*requests: Callable[[Platform], object]) -> Callable[[], Platform]:
    def cause() -> Platform:
        platform = backed_up()
        for each in requests:
            each(platform)
            platform.run(seconds=30)
        return platform

    return cause


def _stop(platform: Platform) -> object:
    return stop_protection(platform.world.ports, VAULT, NAME)


def _suspend(platform: Platform) -> object:
    return suspend_backups(platform.world.ports, VAULT, NAME)


def _resume(platform: Platform) -> object:
    return resume_protection(platform.world.ports, VAULT, NAME)


def _soft_delete(platform: Platform) -> object:
    put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="On")))
    return delete_instance(platform.world.ports, VAULT, NAME)


def _undelete(platform: Platform) -> object:
    return undelete_instance(platform.world.ports, VAULT, NAME)


def _delete(platform: Platform) -> object:
    return delete_instance(platform.world.ports, VAULT, NAME)


def _run_out(platform: Platform) -> object:
    return platform.run(minutes=3)


def _protect_what_is_not_there() -> Platform:
    platform = Platform()
    put_policy(platform.world.ports, VAULT, policy(f"policy-{NAME}", **HOURLY))
    configure_instance(platform.world.ports, VAULT, request(NAME))
    platform.run(seconds=90)
    return platform


def _configured_twice_at_once() -> Platform:
    platform = Platform()
    platform.world.cloud.add_disk(disk_json(NAME))
    put_policy(platform.world.ports, VAULT, policy(f"policy-{NAME}", **HOURLY))
    for _ in range(2):
        configure_instance(platform.world.ports, VAULT, request(NAME))
    platform.run(seconds=30)
    return platform


def _retention_shortened() -> Platform:
    platform = backed_up()
    shorter: dict[str, Any] = {"intervals": HOURLY["intervals"], "retention": "P1D"}
    put_policy(platform.world.ports, VAULT, policy(f"policy-{NAME}", **shorter))
    return platform


def _weakened() -> Platform:
    platform = backed_up()
    put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="On", days=30)))
    put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="Off", days=30)))
    return platform


def _another_identity() -> Platform:
    platform = Platform()
    teams_vault(platform)
    return platform


def _orphaned() -> Platform:
    platform = backed_up()
    stranger = add_point(platform, SLOT + HOUR, name="nobody")
    add_snapshot(platform, stranger)
    reconcile(platform.world.ports)
    return platform


def _test_disk_orphaned() -> Platform:
    platform = with_plan()
    platform.run(seconds=8)
    forget_tests(platform)
    reconcile(platform.world.ports)
    return platform


def _set_back() -> Platform:
    platform = backed_up()
    tables = platform.world.store.copy()
    platform.run(minutes=10)
    platform.world.store.go_back(tables)
    platform.run(minutes=1)
    return platform


def _resumed() -> Platform:
    platform = _set_back()
    go_on(platform.world.ports)
    platform.run(minutes=1)
    return platform


def _copied() -> Platform:
    """An operator's copy: the same tags under another name."""
    platform = backed_up()
    (mine,) = platform.points()
    with platform.world.faults.paused():
        snapshot = platform.world.cloud.find_snapshot(mine.snapshot_id)
    assert snapshot is not None
    platform.world.cloud.add_snapshot(
        f"{mine.snapshot_id}-copy", source=Disk(raw=disk_json("disk-1")), tags=snapshot.tags
    )
    reconcile(platform.world.ports)
    return platform


def _held() -> Platform:
    """And cleared."""
    platform = backed_up()
    ports, point_id = platform.world.ports, platform.points()[0].point_id
    set_hold(ports, Place(vault=VAULT, instance="disk-1", point=point_id), hold())
    clear_hold(ports, Place(vault=VAULT, instance="disk-1", point=point_id), hold().name)
    platform.run(seconds=30)
    return platform


def _braked() -> Platform:
    """And let go by another person."""
    platform = backed_up()
    platform.world.promises = Promises(unbraked_instances=0)
    ports = platform.world.ports
    delete_instance(ports, VAULT, NAME, by="one")
    platform.run(minutes=1)
    batch = find_brake(ports, VAULT).batch
    assert batch is not None
    say_go_on(ports, VAULT, batch.batch_id, by="another", by_name="", reason="it is meant")
    platform.run(minutes=1)
    return platform


def _retagged() -> Platform:
    platform = backed_up()
    platform.world.cloud.retag(platform.points()[0].snapshot_id, {"owner": "somebody"})
    reconcile(platform.world.ports)
    return platform


def _poisoned() -> Platform:
    platform = Platform()
    give_up(platform.world.ports, BACKUP, "nonsense")
    return platform


def _refused_by_the_topic() -> Platform:
    platform = protected()
    platform.world.events.refused_types.add("DiskBackup.RecoveryPoint.Created")
    platform.run(seconds=60)
    return platform


def _many_snapshots() -> Platform:
    platform = backed_up()
    for number in range(SNAPSHOTS_NEAR_LIMIT):
        add_snapshot(platform, add_point(platform, SLOT - timedelta(days=1, minutes=number)))
    reconcile(platform.world.ports)
    platform.run(seconds=60)
    return platform


def _rule_about_what_is_soft_deleted() -> Platform:
    platform = ruled()
    platform.run(seconds=3)
    apply_all(platform.world.ports)
    platform.run(seconds=3)
    put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="On")))
    delete_instance(platform.world.ports, VAULT, instance_name(disk_id()))
    apply_all(platform.world.ports)
    platform.run(seconds=30)
    return platform


def _vault_lost() -> Platform:
    platform = backed_up()
    stored = platform.world.store.get(Vault, VAULT)
    assert stored is not None
    platform.world.store.commit(VAULT, [Remove(stored)])
    reconcile(platform.world.ports)
    return platform


def _guarded() -> Platform:
    return mapped()


def _unmapped() -> Platform:
    platform = unlocked()
    unmap(platform.world.ports)
    return platform


def _guarded_less() -> Platform:
    platform = mapped()
    weaken(platform.world.ports)
    return platform


def _copied_elsewhere() -> Platform:
    """The first of two copies has expired, the second is lost."""
    platform = with_copy_rule(protected(), retention="PT90M")
    platform.run(minutes=10)
    go_to(platform, SLOT + HOUR, minutes=45)
    (newest,) = platform.copies()
    lose(platform, newest)
    reconcile(platform.world.ports)
    return platform


def _copy_fails() -> Platform:
    platform = with_copy_rule(protected())
    platform.world.cloud.guard = _refuse("start_copy")
    platform.run(minutes=2)
    return platform


def _copy_forgotten() -> Platform:
    """By a hand in the table, while it is made."""
    platform = with_copy_rule(protected())
    platform.run(seconds=60)
    (copy,) = platform.copies()
    stored = platform.world.store.get(PointCopy, VAULT, NAME, copy.copy_id)
    assert stored is not None
    platform.world.store.commit(VAULT, [Remove(stored)])
    platform.run(minutes=5)
    return platform


CAUSES: Mapping[str, Callable[[], Platform]] = {
    "Copy.Completed": _copied_elsewhere,
    "Copy.Expired": _copied_elsewhere,
    "Copy.Lost": _copied_elsewhere,
    "Copy.Failed": _copy_fails,
    "Copy.Cancelled": _copy_forgotten,
    "Job.Completed": _backed_up,
    "Job.Failed": _azure_fails,
    "Job.Cancelled": _stopped_while_waiting,
    "Import.Completed": _moved(),
    "Import.CompletedWithWarnings": _moved(spoil=_unsettle),
    "Import.Failed": _moved(spoil=_hide),
    "Import.Undone": _moved(request_undo),
    "Import.Finished": _moved(request_finish),
    "Restore.Started": _restored,
    "Restore.Completed": _restored,
    "Restore.Failed": _restore_refused,
    "Swap.Completed": lambda: _swapped(),
    "Swap.Undone": lambda: _swapped(undoes=True),
    "Swap.Failed": lambda: _swapped(refused=True),
    "RestoreTogether.Completed": lambda: _restored_together(_backed_up()),
    "RestoreTogether.Failed": lambda: _restored_together(_name_taken()),
    "RestoreTest.Passed": _tested(),
    "RestoreTest.CompletedWithWarnings": _tested(networkAccessPolicy="DenyAll"),
    "RestoreTest.Failed": _tested(_lose_snapshot),
    "RestoreTest.Cancelled": _tested(_take_the_place),
    "Expiry.Completed": _expired,
    "Expiry.CompletedWithWarnings": _expiry_locked_in_part,
    "RecoveryPoint.Created": _backed_up,
    "RecoveryPoint.Expired": _expired,
    "RecoveryPoint.Lost": _snapshot_gone,
    "RecoveryPoint.ExpiryBlocked": _expiry_locked,
    "Protection.Configured": _backed_up,
    "Protection.Cancelled": _configured_twice_at_once,
    "Protection.Failed": _protect_what_is_not_there,
    "Protection.Stopped": _asked(_stop),
    "Protection.Suspended": _asked(_suspend),
    "Protection.Resumed": _asked(_stop, _resume),
    "Protection.Undeleted": _asked(_soft_delete, _undelete),
    "Protection.Deleted": _asked(_delete, _run_out),
    "BackupData.Deleted": _asked(_delete),
    "Vault.Weakened": _weakened,
    "Vault.IdentityChanged": _another_identity,
    "Deletions.Stopped": _braked,
    "Deletions.LetGo": _braked,
    "LegalHold.Set": _held,
    "LegalHold.Cleared": _held,
    "Vault.Rebuilt": _vault_lost,
    "ResourceGuard.Mapped": _guarded,
    "ResourceGuard.Unlocked": _unmapped,
    "ResourceGuard.UnlockUsed": _unmapped,
    "ResourceGuard.Unmapped": _unmapped,
    "ResourceGuard.Weakened": _guarded_less,
    "Policy.RetentionShortened": _retention_shortened,
    "Snapshot.Orphaned": _orphaned,
    "RestoreTest.DiskOrphaned": _test_disk_orphaned,
    "Tables.SetBack": _set_back,
    "Tables.Resumed": _resumed,
    "Snapshot.Foreign": _copied,
    "Snapshot.TagsChanged": _retagged,
    "Message.Poisoned": _poisoned,
    "Event.Refused": _refused_by_the_topic,
    "Alert.Fired": _azure_fails,
    "Alert.Resolved": _azure_fails_once,
    "Permission.Lost": _without_permission,
    "Permission.Regained": _permission_back,
    "SourceDisk.Deleted": _protect_what_is_not_there,
    "Quota.Near": _many_snapshots,
    "ProtectionRule.Failed": _rule_about_what_is_soft_deleted,
    "Rpo.Breached": _breached,
    "Rpo.Recovered": _breached_and_recovered,
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
