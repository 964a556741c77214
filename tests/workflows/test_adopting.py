"""Snapshots that scripts took become recovery points by a rule: only what is provably the disk's and nobody else's, our
tags before any record, undone as long as they are there, and nothing deleted within a day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from backup_core.domain.adoption_rule import GRACE, AdoptionRule, SnapshotAction, rule_of
from backup_core.domain.agenda import AgendaKind
from backup_core.domain.disk import Disk
from backup_core.domain.durations import parse_duration
from backup_core.domain.errors import InvalidInput, PermissionMissing
from backup_core.domain.guard import Critical, GuardLocked
from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import Job, JobStatus
from backup_core.domain.protection_rule import TagCondition
from backup_core.domain.reach import Author
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import SNAPSHOT, GroupId
from backup_core.domain.restore import RestoreRequest
from backup_core.settings import AccessScope, VaultScopes
from backup_core.workflows import adopting
from backup_core.workflows.adopting import AdoptionPage, dry_run_adoption
from backup_core.workflows.guards import put_guard, unlock
from backup_core.workflows.importing import MaySee
from backup_core.workflows.installations import take_over
from backup_core.workflows.moving import request_adoption, request_undo_adoption
from backup_core.workflows.rebuild import rebuild_catalogue
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.restore import request_restore
from backup_core.workflows.vaults import put_vault
from tests.builders import (
    SNAPSHOT_GROUP,
    SUBSCRIPTION,
    TARGET_GROUP,
    VAULT,
    disk_id,
    disk_json,
    hold,
    vault,
    vault_properties,
)
from tests.origins import OLD, vault_json
from tests.workflows.platform import Platform
from tests.workflows.proofs import (
    TROUBLES,
    Scenario,
    prove_failures_everywhere,
    prove_messages_lost_and_doubled,
    prove_steps_run_twice,
)
from tests.workflows.scenes import DAY, change_instance, change_point, events, job_of, lose
from tests.workflows.test_guards import ADA, BEN, GUARD, map_
from tests.workflows.test_moving import in_the_end, killed_at_every_request

SCRIPTS = GroupId(subscription=SUBSCRIPTION, group="scripts-rg")
RULE = AdoptionRule(scope=SCRIPTS.text, name_pattern="nightly-*", retention=parse_duration("P30D"))
ANYBODY = Author(has_full_access=True)
Request = Callable[..., Job]


def scripted(*, disks: int = 1, snapshots: int = 3) -> Platform:
    """Protected disks, without a recovery point yet, of each of which a script took a snapshot on each of the last
    days."""
    platform = protected(disks)
    for number in range(disks):
        for age in range(snapshots, 0, -1):
            take(platform, f"nightly-{number}-{age}", disk=number, age=age * DAY)
    return platform


def protected(disks: int = 1) -> Platform:
    platform = Platform()
    for number in range(disks):
        platform.protect(f"disk-{number}")
    return platform


def take(platform: Platform, name: str, *, disk: int = 0, age: timedelta = DAY, **tags: str) -> str:
    snapshot = f"{SCRIPTS.text}/providers/{SNAPSHOT}/{name}"
    source = Disk(raw=disk_json(f"disk-{disk}"))
    at = platform.world.clock.now() - age
    platform.world.cloud.add_snapshot(snapshot, source=source, tags={"script": "nightly", **tags}, at=at)
    return snapshot


def raw_of(platform: Platform, name: str) -> dict[str, Any]:
    key = f"{SCRIPTS.text}/providers/{SNAPSHOT}/{name}".lower()
    return cast("dict[str, Any]", platform.world.cloud._snapshots[key].raw)


def theirs(platform: Platform) -> list[str]:
    return [each for each in platform.world.cloud.snapshot_ids() if "/scripts-rg/" in each.lower()]


def ask(platform: Platform, request: Request = request_adoption, rule: AdoptionRule = RULE) -> Job:
    with platform.world.faults.paused():
        return request(platform.world.ports, VAULT, rule, author=ANYBODY)


def adopted(platform: Platform, request: Request = request_adoption, rule: AdoptionRule = RULE) -> Job:
    """The job of a request, once it has ended."""
    job = ask(platform, request, rule)
    platform.run(minutes=3)
    return job_of(platform, job)


def found_points(platform: Platform, number: int = 0) -> list[RecoveryPoint]:
    return [each for each in platform.points(f"disk-{number}") if each.was_found]


def looked_at(platform: Platform, rule: AdoptionRule = RULE, may_see: MaySee = lambda _: True) -> AdoptionPage:
    return dry_run_adoption(platform.world.ports, VAULT, rule, after="", may_see=may_see)


def assert_is_adopted(platform: Platform, *, disks: int = 1, snapshots: int = 3) -> None:
    """All came over, nothing twice, and nothing was deleted."""
    for number in range(disks):
        points = found_points(platform, number)
        assert len(points) == len({each.snapshot_id for each in points}) == snapshots
        for point in points:
            tags = platform.tags(point.snapshot_id)
            assert (tags["script"], tags["diskbackup-point"]) == ("nightly", point.point_id)
            assert (point.state.value, point.retention) == ("Completed", "P30D")
            assert point.expires_at == point.created_at + timedelta(days=30)
        assert platform.instance(f"disk-{number}").state is ProtectionState.CONFIGURED
    assert [each for each in platform.world.cloud.removed if each in theirs(platform)] == []
    assert len(theirs(platform)) == disks * snapshots


# ---------------------------------------------------------------- over


def test_what_a_script_took_becomes_recovery_points_that_can_be_restored_and_expire() -> None:
    platform = scripted()
    job = adopted(platform)
    assert (job.status, job.warnings) == (JobStatus.COMPLETED, ())
    assert_is_adopted(platform)
    assert [event.content["operation"] for event in events(platform, "Import.Completed")] == ["AdoptSnapshots"]
    oldest = min(found_points(platform), key=lambda each: each.created_at)
    wanted = RestoreRequest(point_id=oldest.point_id, target_disk_id=disk_id("restored", TARGET_GROUP))
    request_restore(platform.world.ports, VAULT, "disk-0", wanted)
    platform.run(minutes=2)
    assert platform.world.cloud.made_disks == [wanted.target_disk_id]
    assert reconcile(platform.world.ports).foreign == []
    platform.world.clock.set(oldest.expires_at - timedelta(minutes=30))
    platform.run(minutes=20)
    assert oldest.snapshot_id in theirs(platform)
    platform.run(minutes=40)
    assert oldest.snapshot_id not in theirs(platform)
    assert len(theirs(platform)) == 2


def test_our_tags_are_seen_before_a_record_says_anything() -> None:
    platform = scripted(snapshots=1)
    (snapshot,) = theirs(platform)
    platform.world.cloud.tag_snapshot = lambda snapshot_id, tags: None  # type: ignore[method-assign]  # Azure forgets it
    job = ask(platform)
    platform.run(minutes=3)
    assert (job_of(platform, job).is_ended, found_points(platform)) == (False, [])
    del platform.world.cloud.tag_snapshot
    platform.run(minutes=3)
    assert job_of(platform, job).status is JobStatus.COMPLETED
    unique_id = raw_of(platform, "nightly-0-1")["properties"]["uniqueId"]
    assert platform.tags(snapshot)["diskbackup-adopted-from"] == f"snapshot:{unique_id}".lower()


def test_by_a_tag_of_the_policy_each_is_kept_as_its_instance_says() -> None:
    platform = scripted()
    policy = platform.instance("disk-0").policy
    retention = policy.retention_duration("Default")
    adopted(platform, rule=replace(RULE, retention=None, retention_tag="Default"))
    soonest = platform.world.clock.now() + GRACE
    for point in found_points(platform):
        assert (point.tag_name, point.retention) == ("Default", retention.iso())
        assert point.expires_at >= min(retention.after(point.created_at), soonest - timedelta(minutes=5))


def test_what_would_be_over_is_told_and_kept_for_another_day_and_the_newest_stays() -> None:
    platform = scripted()
    short = replace(RULE, retention=parse_duration("PT1H"))
    assert {(each.action, each.is_overdue) for each in looked_at(platform, short).items} == {
        (SnapshotAction.ADOPT, True)
    }
    assert not any(each.is_overdue for each in looked_at(platform).items)
    put_policy_aside(platform)
    adopted(platform, rule=short)
    platform.run(hours=23)
    assert len(theirs(platform)) == 3
    platform.run(hours=2)
    assert len(theirs(platform)) == 1
    (left,) = found_points(platform)
    assert left.snapshot_id.endswith("/nightly-0-1")


def put_policy_aside(platform: Platform) -> None:
    """No backup of our own for the days to come."""
    change_instance(platform, "disk-0", state=ProtectionState.SUSPENDED)
    platform.world.store.unschedule(platform.agenda(AgendaKind.BACKUP))


def test_a_second_adoption_changes_nothing() -> None:
    platform = scripted()
    adopted(platform)
    before = found_points(platform)
    tagged = platform.world.faults.count("cloud.tag_snapshot")
    assert {each.action for each in looked_at(platform).items} == {SnapshotAction.KEEP}
    assert adopted(platform).status is JobStatus.COMPLETED
    assert (found_points(platform), platform.world.faults.count("cloud.tag_snapshot")) == (before, tagged)


def test_more_than_a_run_has_time_for_is_gone_on_with_by_the_next() -> None:
    platform = scripted(disks=2, snapshots=20)

    def slow(call: str, target: str) -> None:
        if call == "tag_snapshot":
            platform.world.clock.advance(seconds=5)

    platform.world.cloud.guard = slow
    job = ask(platform)
    platform.run(minutes=10)
    ended = job_of(platform, job)
    assert (ended.status, ended.warnings, ended.details["progress"]["points"]) == (JobStatus.COMPLETED, (), 40)
    assert ended.details["progress"]["number"] > 1
    assert platform.world.faults.count("cloud.tag_snapshot") == 40
    assert_is_adopted(platform, disks=2, snapshots=20)


def test_in_a_whole_subscription_it_is_found_too_and_only_what_is_meant() -> None:
    platform = scripted()
    other = take(platform, "weekly-1", level="gold")
    wide = replace(RULE, scope=f"/subscriptions/{SUBSCRIPTION}")
    assert len(looked_at(platform, wide).items) == 3
    now = platform.world.clock.now()
    for narrow, count in (
        (replace(wide, name_pattern="*"), 4),
        (replace(wide, name_pattern="NIGHTLY-0-?"), 3),
        (replace(wide, name_pattern="nightly-[0-9]*"), 0),
        (replace(wide, name_pattern="", conditions=(TagCondition(name="Level", values=("gold",)),)), 1),
        (replace(wide, name_pattern="*", created_until=now - 2 * DAY), 2),
        (replace(wide, name_pattern="*", created_from=now - 2 * DAY), 3),
        (replace(wide, disk_ids=(disk_id("disk-9"),)), 0),
        (replace(wide, disk_ids=(disk_id("disk-0").upper(),)), 3),
    ):
        assert len(looked_at(platform, narrow).items) == count, narrow
        assert rule_of(narrow.as_json()) == narrow
    adopted(platform, rule=wide)
    assert_is_left_alone(platform, other)


def assert_is_left_alone(platform: Platform, *snapshots: str) -> None:
    for snapshot in snapshots:
        assert not [tag for tag in platform.tags(snapshot) if tag.startswith("diskbackup-point")]
        assert snapshot not in {each.snapshot_id for each in platform.points("disk-0")}


def test_each_goes_to_the_instance_of_its_disk_or_to_the_named_one_if_it_is_of_its_disk() -> None:
    platform = scripted(disks=2, snapshots=2)
    named = adopted(platform, rule=replace(RULE, instance_name="disk-1"))
    assert (len(found_points(platform, 0)), len(found_points(platform, 1))) == (0, 2)
    assert [(each.code, each.target) for each in named.warnings] == [("SnapshotNotOurs", disk_id("disk-0").lower())]
    assert adopted(platform).warnings == ()
    assert (len(found_points(platform, 0)), len(found_points(platform, 1))) == (2, 2)


# ---------------------------------------------------------------- what does not come over, and why


def shows(**shown: Any) -> Callable[[Platform], None]:
    """The snapshot shows this instead; what is None is not there."""

    def change(platform: Platform) -> None:
        show(raw_of(platform, "nightly-0-1"), shown)

    return change


def show(raw: dict[str, Any], shown: dict[str, Any]) -> None:
    for name, value in shown.items():
        if isinstance(value, dict):
            show(raw[name], value)
        elif value is None:
            del raw[name]
        else:
            raw[name] = value


def be_made_now(platform: Platform) -> None:
    platform.world.cloud._snapshots[NAMED.lower()].copied_at = platform.world.clock.now() + DAY


def be_out_of_bounds(platform: Platform) -> None:
    platform.world.bounds = (VaultScopes(path=VAULT.resource_id, snapshots=(SNAPSHOT_GROUP.text,)),)


def made_of(resource_id: str) -> Callable[[Platform], None]:
    return shows(properties={"creationData": {"sourceResourceId": resource_id}})


NAMED = f"{SCRIPTS.text}/providers/{SNAPSHOT}/nightly-0-1"
STAYS: dict[str, tuple[Callable[[Platform], None], str]] = {
    "full": (shows(properties={"incremental": False}), "UserErrorAdoptionNotIncremental"),
    "elsewhere": (shows(location="northeurope"), "InvalidResourceLocation"),
    "of an earlier disk": (shows(properties={"creationData": {"sourceUniqueId": "another"}}), "SnapshotNotOurs"),
    "without a unique id": (shows(properties={"uniqueId": None}), "SnapshotNotOurs"),
    "still being made": (be_made_now, "UserErrorImportNotSettled"),
    "Azure Backup's": (shows(tags={"CreatedBy": "AzureBackup"}), "UserErrorAdoptionOfOthers"),
    "VM Backup's": (shows(tags={"rsvaultbackup": "/subscriptions/..."}), "UserErrorAdoptionOfOthers"),
    "another installation's": (shows(tags={"diskbackup-owner": "diskbackup/1"}), "SnapshotNotOurs"),
    "locked": (lambda platform: platform.world.cloud.locks.add(NAMED.lower()), "ScopeLocked"),
    "full of tags": (shows(tags={f"tag-{number}": "x" for number in range(45)}), "BadRequest"),
    "out of bounds": (be_out_of_bounds, "UserErrorOutsideVaultScopes"),
    "of no protected disk": (made_of(disk_id("disk-9")), "UserErrorAdoptionNoInstance"),
    "a copy of a snapshot": (made_of(f"{SCRIPTS.text}/providers/{SNAPSHOT}/other"), "UserErrorAdoptionNoInstance"),
    "of a disk that is gone": (
        lambda platform: platform.world.cloud.remove_disk(disk_id("disk-0")),
        "UserErrorManagedDiskNotFound",
    ),
}


@pytest.mark.parametrize("situation", STAYS)
def test_what_does_not_come_over_says_why_and_is_not_touched(situation: str) -> None:
    platform = scripted(snapshots=1)
    change, code = STAYS[situation]
    change(platform)
    (told,) = looked_at(platform).items
    assert (told.action, {each.code for each in told.faults}) == (SnapshotAction.NONE, {code}), told.faults
    (before,) = theirs(platform)
    tags = platform.tags(before)
    job = adopted(platform)
    assert (job.status, [each.code for each in job.warnings]) == (JobStatus.COMPLETED_WITH_WARNINGS, [code])
    assert (platform.tags(before), found_points(platform)) == (tags, [])


def test_every_reason_is_told_at_once() -> None:
    platform = scripted(snapshots=1)
    faults = ("full", "elsewhere", "Azure Backup's", "locked", "of an earlier disk")
    for each in faults:
        STAYS[each][0](platform)
    (told,) = looked_at(platform, replace(RULE, retention=None, retention_tag="Gold")).items
    assert {each.code for each in told.faults} == {*(STAYS[each][1] for each in faults), "UserErrorAdoptionNoRetention"}


def test_missing_rights_are_told_for_each_snapshot_with_the_role() -> None:
    platform = scripted(snapshots=1)
    platform.world.cloud.grants = {}
    (told,) = looked_at(platform).items
    assert [each.code for each in told.faults] == [PermissionMissing.code]
    assert "Disk Snapshot Contributor" in told.faults[0].message


@pytest.mark.parametrize(
    ("rule", "target"),
    [
        (replace(RULE, scope=f"/subscriptions/{SUBSCRIPTION}/resourceGroups/nowhere"), "sourceScope"),
        (replace(RULE, instance_name="nobody"), "backupInstanceName"),
    ],
)
def test_a_rule_that_names_nothing_is_refused(rule: AdoptionRule, target: str) -> None:
    platform = scripted(snapshots=1)
    with pytest.raises(InvalidInput) as refused:
        looked_at(platform, rule)
    assert [each.target for each in refused.value.faults] == [target]


def test_a_snapshot_that_is_made_anew_while_it_is_tagged_does_not_come_over_as_the_old_one() -> None:
    platform = scripted(snapshots=1)
    (snapshot,) = theirs(platform)
    tag = platform.world.cloud.tag_snapshot

    def swapped(snapshot_id: str, tags: dict[str, str]) -> None:
        tag(snapshot_id, tags)
        platform.world.cloud.add_snapshot(snapshot_id, source=Disk(raw=disk_json("disk-0")), tags=tags)
        platform.world.cloud.tag_snapshot = tag  # type: ignore[method-assign]

    platform.world.cloud.tag_snapshot = swapped  # type: ignore[assignment,method-assign]
    job = adopted(platform)
    assert [each.code for each in job.warnings] == ["SnapshotNotOurs"]
    assert found_points(platform) == []
    assert snapshot in theirs(platform)


# ---------------------------------------------------------------- a vault of Azure Backup that was deleted


def test_what_a_deleted_vault_of_azure_backup_left_comes_over_once_it_is_named_and_gone() -> None:
    platform = protected()
    left = take(platform, "AzureBackup_ef578737-4e98-44e1-a002-bc1c8bf0c953_2024-05-07T12-00-48.0412925")
    platform.world.cloud.retag(left, {"CreatedBy": "AzureBackup", "script": "nightly"})
    rule = replace(RULE, name_pattern="AzureBackup_*")
    assert [each.code for each in looked_at(platform, rule).items[0].faults] == ["UserErrorAdoptionOfOthers"]
    named = replace(rule, former_vault_id=OLD.resource_id)
    platform.world.azure_backup.add(vault_json())
    with pytest.raises(InvalidInput) as refused:
        ask(platform, rule=named)
    assert [each.code for each in refused.value.faults] == ["UserErrorAdoptionVaultIsThere"]
    platform.world.azure_backup.vaults.clear()
    assert adopted(platform, rule=named).warnings == ()
    assert [each.snapshot_id for each in found_points(platform)] == [left]
    assert platform.tags(left)["CreatedBy"] == "AzureBackup"


def test_a_deleted_vault_is_only_asked_for_where_the_vault_may_import_from() -> None:
    platform = scripted(snapshots=1)
    elsewhere = "/subscriptions/22222222-2222-4222-8222-222222222222"
    platform.world.bounds = (VaultScopes(path=VAULT.resource_id, origins=(elsewhere,)),)
    with pytest.raises(InvalidInput) as refused:
        looked_at(platform, replace(RULE, former_vault_id=OLD.resource_id))
    assert [each.target for each in refused.value.faults] == ["deletedVaultId"]
    assert platform.world.faults.count("azure_backup.find_vault") == 0


# ---------------------------------------------------------------- reach


def test_what_whoever_asks_may_not_reach_is_neither_told_nor_touched() -> None:
    platform = scripted(disks=2, snapshots=1)
    hidden = take(platform, "nightly-hidden", disk=0)
    platform.world.scopes = tuple(
        AccessScope(path=each, object_ids=frozenset({"somebody-else"})) for each in (disk_id("disk-1"), hidden)
    )
    me = Author(object_id="me")
    closed = me.closed(platform.world.scopes)
    page = looked_at(platform, may_see=lambda each: not each.lower().startswith(closed))
    assert (page.total, [each.snapshot.id.rpartition("/")[2] for each in page.items]) == (1, ["nightly-0-1"])
    job = request_adoption(platform.world.ports, VAULT, RULE, author=me)
    platform.run(minutes=3)
    assert job_of(platform, job).status is JobStatus.COMPLETED
    assert (len(found_points(platform, 0)), len(found_points(platform, 1))) == (1, 0)
    assert_is_left_alone(platform, hidden)
    platform.world.scopes = (AccessScope(path=SCRIPTS.text, object_ids=frozenset({"somebody-else"})),)
    job = request_undo_adoption(platform.world.ports, VAULT, RULE, author=me)
    platform.run(minutes=3)
    assert job_of(platform, job).status is JobStatus.COMPLETED
    assert len(found_points(platform, 0)) == 1


# ---------------------------------------------------------------- both go on


def test_what_the_script_deletes_in_its_time_is_expired_elsewhere_and_before_it_is_lost() -> None:
    platform = scripted()
    adopted(platform)
    put_policy_aside(platform)
    newest, middle, oldest = sorted(found_points(platform), key=lambda each: each.created_at, reverse=True)
    lose(platform, middle)
    assert reconcile(platform.world.ports).lost_points == [middle.point_id]
    platform.world.clock.set(oldest.expires_at + timedelta(minutes=1))
    platform.world.cloud.lose_snapshot(oldest.snapshot_id)
    assert oldest.point_id in reconcile(platform.world.ports).expired_elsewhere
    assert newest.point_id in {each.point_id for each in found_points(platform)}


def test_without_records_an_adopted_snapshot_is_nobodys_until_it_is_adopted_again() -> None:
    platform = scripted()
    adopted(platform)
    platform.run(hours=5)
    before = {each.snapshot_id for each in found_points(platform)}
    installation = platform.tags(next(iter(before)))["diskbackup-installation"]
    platform.world.store.forget_everything()
    put_vault(platform.world.ports, vault())
    take_over(platform.world.ports, [installation])
    report = rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP, SCRIPTS])
    assert before <= set(report.foreign)
    assert found_points(platform) == []
    assert adopted(platform, rule=replace(RULE, instance_name="disk-0")).warnings == ()
    assert {each.snapshot_id for each in found_points(platform)} == before
    assert platform.world.cloud.removed == []


def test_another_installations_adoption_is_not_taken_from_it() -> None:
    platform = scripted(snapshots=1)
    adopted(platform)
    platform.world.store.forget_everything()
    put_vault(platform.world.ports, vault())
    other = protected()
    other.world.cloud = platform.world.cloud
    (told,) = dry_run_adoption(other.world.ports, VAULT, RULE, after="", may_see=lambda _: True).items
    assert [each.code for each in told.faults] == ["SnapshotNotOurs"]
    assert "installation" in told.faults[0].message


# ---------------------------------------------------------------- back


def assert_is_back(platform: Platform, *, snapshots: int = 3) -> None:
    assert found_points(platform) == []
    assert len(theirs(platform)) == snapshots
    for snapshot in theirs(platform):
        assert platform.tags(snapshot) == {"script": "nightly"}
    assert [each for each in platform.world.cloud.removed if "/scripts-rg/" in each] == []


def test_an_adoption_can_be_undone_and_done_again() -> None:
    platform = scripted()
    adopted(platform)
    platform.run(hours=4)
    own = [each for each in platform.points("disk-0") if not each.was_found]
    assert own
    job = adopted(platform, request_undo_adoption)
    assert (job.status, job.warnings) == (JobStatus.COMPLETED, ())
    assert_is_back(platform)
    assert platform.instance("disk-0").state is ProtectionState.CONFIGURED
    assert platform.points("disk-0") == own
    assert events(platform, "Import.Undone")
    assert reconcile(platform.world.ports).foreign == []
    adopted(platform)
    assert_is_adopted(platform)


def test_who_reconciles_meanwhile_finds_nothing_strange() -> None:
    platform = scripted()
    reports: list[Any] = []

    def looked_after(call: str, target: str) -> None:
        if call == "tag_snapshot":
            with platform.world.faults.paused():
                reports.append(reconcile(platform.world.ports))

    platform.world.cloud.guard = looked_after
    adopted(platform)
    adopted(platform, request_undo_adoption)
    assert [(each.foreign, each.orphans, each.retagged) for each in reports] == [([], [], [])] * 6
    assert_is_back(platform)
    adopted(platform)
    platform.world.cloud.retag(theirs(platform)[0], {})
    assert reconcile(platform.world.ports).retagged == [theirs(platform)[0]]


def test_only_what_the_rule_means_goes_back() -> None:
    platform = scripted()
    take(platform, "nightly-gold", level="gold")
    adopted(platform)
    gold = replace(RULE, name_pattern="", conditions=(TagCondition(name="level"),))
    for rule, left in ((replace(RULE, name_pattern="*-3"), 3), (gold, 2), (replace(RULE, instance_name="x"), 2)):
        adopted(platform, request_undo_adoption, rule)
        assert len(found_points(platform)) == left
    adopted(platform, request_undo_adoption, AdoptionRule(scope=f"/subscriptions/{SUBSCRIPTION}"))
    assert found_points(platform) == []


def test_what_was_half_undone_is_whole_after_another_adoption() -> None:
    platform = scripted(snapshots=1)
    adopted(platform)
    (snapshot,) = theirs(platform)
    platform.world.cloud.retag(snapshot, {"script": "nightly"})  # and there the host died
    adopted(platform)
    assert_is_adopted(platform, snapshots=1)


@pytest.mark.parametrize("kept", ["held", "immutable"])
def test_what_is_held_or_promised_to_stay_does_not_go_back(kept: str) -> None:
    platform = scripted(snapshots=1)
    adopted(platform)
    if kept == "held":
        change_point(platform, found_points(platform)[0].point_id, "disk-0", holds=(hold(),))
    else:
        put_vault(platform.world.ports, vault(properties=vault_properties(immutability="Unlocked")))
    job = adopted(platform, request_undo_adoption)
    assert [each.code for each in job.warnings] == ["UserErrorImportNotSettled"]
    assert len(found_points(platform)) == 1
    assert "diskbackup-owner" in platform.tags(theirs(platform)[0])


def test_in_a_guarded_vault_nobody_lets_go_alone() -> None:
    platform = scripted(snapshots=1)
    adopted(platform)
    ports = platform.world.ports
    put_guard(ports, GUARD, [], BEN)
    map_(ports)
    ada = Author(object_id=ADA)
    job = request_undo_adoption(ports, VAULT, RULE, author=ada)
    platform.run(minutes=3)
    assert [each.code for each in job_of(platform, job).warnings] == [GuardLocked.code]
    assert len(found_points(platform)) == 1
    unlock(ports, VAULT, [(Critical.STOP, f"{VAULT.resource_id}/backupInstances/disk-0")], BEN)
    job = request_undo_adoption(ports, VAULT, RULE, author=ada)
    platform.run(minutes=3)
    assert job_of(platform, job).warnings == ()
    assert_is_back(platform, snapshots=1)


# ---------------------------------------------------------------- pages


def test_many_are_told_a_page_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adopting, "SNAPSHOTS_A_PAGE", 4)
    monkeypatch.setattr(adopting, "DISKS_A_PAGE", 2)
    platform = scripted(disks=4, snapshots=3)
    told: list[str] = []
    pages, after = 0, ""
    while True:
        page = dry_run_adoption(platform.world.ports, VAULT, RULE, after=after, may_see=lambda _: True)
        assert 0 < len(page.items) <= 4
        told += [each.snapshot.id for each in page.items]
        pages += 1
        if page.next_key is None:
            break
        after = page.next_key
    assert (sorted(told), len(told), page.total) == (sorted(theirs(platform)), 12, 12)
    assert pages == 3


# ---------------------------------------------------------------- proofs


def _asked(request: Request) -> Callable[[Platform], None]:
    def act(platform: Platform) -> None:
        platform.ask(lambda: request(platform.world.ports, VAULT, RULE, author=ANYBODY))
        platform.run(minutes=2)

    return act


def _is_adopted(platform: Platform) -> None:
    in_the_end(platform, lambda: ask(platform))
    assert_is_adopted(platform, snapshots=2)


def _is_back(platform: Platform) -> None:
    in_the_end(platform, lambda: ask(platform, request_undo_adoption))
    assert_is_back(platform, snapshots=2)


def _over() -> Platform:
    platform = _before()
    adopted(platform)
    return platform


def _before() -> Platform:
    """Without backups of our own, which are proven elsewhere."""
    platform = scripted(snapshots=2)
    platform.world.store.unschedule(platform.agenda(AgendaKind.BACKUP))
    return platform


SCENARIOS = {
    "adoption": Scenario(prepare=_before, act=_asked(request_adoption), check=_is_adopted),
    "undo": Scenario(prepare=_over, act=_asked(request_undo_adoption), check=_is_back),
}
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())


@each_scenario
def test_every_step_may_run_twice(scenario: Scenario) -> None:
    prove_steps_run_twice(scenario)


@each_scenario
@pytest.mark.parametrize("trouble", TROUBLES)
def test_whatever_fails_wherever_the_end_is_the_same(scenario: Scenario, trouble: str) -> None:
    assert prove_failures_everywhere(scenario, trouble) >= (1 if trouble == "death before" else 10)


@each_scenario
def test_a_message_may_be_lost_or_doubled(scenario: Scenario) -> None:
    assert prove_messages_lost_and_doubled(scenario) >= 1


def test_many_come_over_whole_though_every_request_kills_its_host_once() -> None:
    platform = scripted(disks=4, snapshots=10)
    platform.world.store.unschedule(platform.agenda(AgendaKind.BACKUP))
    assert killed_at_every_request(platform, ask) > 80
    assert_is_adopted(platform, disks=4, snapshots=10)
