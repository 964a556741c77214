"""A vault acts with its own identity and within its bounds, in all that is done for it and whoever has it done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from backup_core.domain.acting import OWN
from backup_core.domain.errors import InvalidInput, PermissionMissing
from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import JobStatus
from backup_core.domain.protection_rule import ProtectionRule, TagCondition
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.restore import RestoreRequest
from backup_core.domain.surroundings import Identity
from backup_core.domain.vault import Vault
from backup_core.ports import Replace
from backup_core.settings import VaultScopes
from backup_core.workflows import catalogue
from backup_core.workflows.acting import KEPT_FOR, acting_for, acts_as
from backup_core.workflows.catalogue import find_protection
from backup_core.workflows.lifecycle import delete_instance
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.resource_events import SnapshotHomes, check_disk, check_group, check_snapshot
from backup_core.workflows.restore import request_restore
from backup_core.workflows.tag_rules import apply_all, put_rule
from backup_core.workflows.validation import check_backup, check_restore_target
from backup_core.workflows.vaults import patch_vault, put_policy, put_vault
from tests.builders import (
    DISK_GROUP,
    SNAPSHOT_GROUP,
    SUBSCRIPTION,
    TARGET_GROUP,
    VAULT,
    disk_id,
    disk_json,
    policy,
    vault,
)
from tests.workflows.platform import Platform, request
from tests.workflows.scenes import ask_for_backup, job_of

TEAM = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/team"
OTHER_VAULT = VaultKey(subscription=SUBSCRIPTION, group="backup-rg", name="vault-2")
NAMED = {"type": "UserAssigned", "userAssignedIdentities": {TEAM: {}}}


class Roles:
    """Azure as it looks at identities: only those that were let in may do anything, each call is written down."""

    def __init__(self, *let_in: str) -> None:
        self.let_in = {identity.lower() for identity in let_in}
        self.calls: list[tuple[str, str]] = []

    def install(self, platform: Platform) -> Roles:
        cloud = platform.world.cloud

        def guard(call: str, target: str) -> None:
            self.calls.append((cloud.acting, call))
            if cloud.acting not in self.let_in:
                raise PermissionMissing(f"{cloud.acting or 'the app'} may not {call}", scope=target, role="any")

        cloud.guard = guard
        return self


def teams_vault(platform: Platform, key: VaultKey = VAULT) -> None:
    platform.world.cloud.user_identities[TEAM.lower()] = Identity(principal_id="p-team")
    put_vault(platform.world.ports, replace(vault(key), identity=NAMED))


@pytest.fixture
def platform() -> Platform:
    platform = Platform()
    teams_vault(platform)
    return platform


def test_everything_is_done_as_the_vaults_identity_and_nothing_as_the_apps(platform: Platform) -> None:
    """Azure lets the app itself do nothing at all."""
    roles = Roles(TEAM).install(platform)
    world = platform.world
    platform.protect("disk-1", disk=disk_json("disk-1", tags={"backup": "yes"}))
    ports = world.ports
    assert platform.instance("disk-1").state is ProtectionState.CONFIGURED
    ask_for_backup(platform)
    platform.run(minutes=2)
    (point,) = platform.points("disk-1")
    job = request_restore(
        ports, VAULT, "disk-1", RestoreRequest(point_id=None, target_disk_id=disk_id("r", TARGET_GROUP))
    )
    platform.run(minutes=2)
    assert job_of(platform, job).status is JobStatus.COMPLETED
    world.cloud.add_disk(disk_json("disk-2", tags={"backup": "yes"}))
    put_rule(ports, rule("policy-disk-1"))
    platform.run(minutes=1)
    assert protecting(platform, "disk-2") == ProtectionState.CONFIGURED
    check_disk(ports, disk_id())
    check_snapshot(ports, point.snapshot_id, SnapshotHomes(), is_told=True)
    check_group(ports, DISK_GROUP.text)
    report = reconcile(ports)
    assert (report.unreadable_groups, report.postponed, report.orphans, report.lost_points) == ([], [], [], [])
    delete_instance(ports, VAULT, "disk-1")
    platform.run(minutes=3)
    assert point.snapshot_id not in world.cloud.snapshot_ids()
    assert platform.failures == []
    assert {identity for identity, _ in roles.calls} == {TEAM.lower()}
    assert {"get_disk", "start_snapshot", "find_snapshot", "delete_snapshot", "start_disk", "list_disks"} <= {
        call for _, call in roles.calls
    }


def rule(policy_name: str, vault: VaultKey = VAULT) -> ProtectionRule:
    return ProtectionRule(
        name=f"rule-of-{vault.name}",
        vault=vault,
        scope=f"/subscriptions/{SUBSCRIPTION}",
        conditions=(TagCondition(name="backup"),),
        policy_name=policy_name,
        snapshot_group_id=SNAPSHOT_GROUP.text,
        priority=100,
    )


def protecting(platform: Platform, name: str) -> ProtectionState | None:
    found = find_protection(platform.world.ports, disk_id(name))
    return found.instance.state if found else None


def test_a_vault_whose_identity_lacks_a_role_takes_no_snapshots_though_anothers_can(platform: Platform) -> None:
    Roles(OWN).install(platform)
    platform.protect("disk-1")
    assert platform.instance("disk-1").state is ProtectionState.ERROR
    ports = platform.world.ports
    put_vault(ports, vault(OTHER_VAULT))
    put_policy(ports, OTHER_VAULT, policy("policy-disk-2"))
    platform.world.cloud.add_disk(disk_json("disk-2"))
    configure_instance(ports, OTHER_VAULT, request("disk-2"))
    platform.run(seconds=2)
    assert protecting(platform, "disk-2") is ProtectionState.CONFIGURED


LOOKS: tuple[Callable[[Platform], object], ...] = (
    lambda platform: apply_all(platform.world.ports),
    lambda platform: check_disk(platform.world.ports, disk_id("disk-2")),
)


@pytest.mark.parametrize("look", LOOKS)
def test_a_rule_protects_no_disk_that_only_anothers_identity_sees(
    platform: Platform, look: Callable[[Platform], object]
) -> None:
    """Both vaults have a rule for the tag; the team may see nothing."""
    Roles(OWN).install(platform)
    ports = platform.world.ports
    put_vault(ports, vault(OTHER_VAULT))
    platform.world.cloud.add_disk(disk_json("disk-2", tags={"backup": "yes"}))
    put_policy(ports, VAULT, policy("policy-1"))
    put_rule(ports, replace(rule("policy-1"), priority=1))
    apply_all(ports)
    with pytest.raises(PermissionMissing):
        check_disk(ports, disk_id("disk-2"))
    assert protecting(platform, "disk-2") is None
    put_policy(ports, OTHER_VAULT, policy("policy-1"))
    put_rule(ports, replace(rule("policy-1", OTHER_VAULT), priority=1_000, scope=DISK_GROUP.text))
    look(platform)
    found = find_protection(platform.world.ports, disk_id("disk-2"))
    assert found is not None, "the team's rule comes first, and is in nobody's way where it sees nothing"
    assert found.vault == OTHER_VAULT


@pytest.mark.parametrize("look", LOOKS)
def test_the_rule_that_comes_first_gets_the_disk_that_both_see(
    platform: Platform, look: Callable[[Platform], object]
) -> None:
    Roles(OWN, TEAM).install(platform)
    ports = platform.world.ports
    put_vault(ports, vault(OTHER_VAULT))
    platform.world.cloud.add_disk(disk_json("disk-2", tags={"backup": "yes"}))
    for key, priority in ((OTHER_VAULT, 1_000), (VAULT, 1)):
        put_policy(ports, key, policy("policy-1"))
        put_rule(ports, replace(rule("policy-1", key), priority=priority))
    look(platform)
    found = find_protection(ports, disk_id("disk-2"))
    assert found.vault == VAULT


# ---------------------------------------------------------------- which identity


def test_a_vault_that_names_an_identity_that_the_app_does_not_hold_is_refused(platform: Platform) -> None:
    ports = platform.world.ports
    stranger = {"type": "UserAssigned", "userAssignedIdentities": {TEAM.replace("team", "stranger"): {}}}
    for write in (
        lambda: put_vault(ports, replace(vault(OTHER_VAULT), identity=stranger)),
        lambda: patch_vault(
            ports,
            VAULT,
            tags=None,
            identity={**stranger, "userAssignedIdentities": {TEAM: None, TEAM.replace("team", "stranger"): {}}},
            settings={},
        ),
    ):
        with pytest.raises(InvalidInput, match="does not hold identity") as caught:
            write()
        assert caught.value.code == "UserErrorVaultIdentityNotHeld"
    assert acts_as(ports, VAULT) == TEAM


def test_a_vault_that_names_two_is_refused(platform: Platform) -> None:
    two = {"type": "UserAssigned", "userAssignedIdentities": {TEAM: {}, TEAM.replace("team", "b"): {}}}
    with pytest.raises(InvalidInput, match="a vault acts with one"):
        put_vault(platform.world.ports, replace(vault(), identity=two))


def test_an_identity_that_the_app_holds_no_longer_is_not_replaced_by_the_apps_own(platform: Platform) -> None:
    roles = Roles(OWN, TEAM).install(platform)
    platform.protect("disk-1")
    platform.world.cloud.user_identities.clear()
    roles.calls.clear()
    ask_for_backup(platform)
    platform.run(minutes=3)
    assert platform.world.cloud.taken == []
    assert roles.calls == []


def test_a_request_that_does_not_speak_of_the_identity_leaves_it(platform: Platform) -> None:
    ports = platform.world.ports
    put_vault(ports, vault(), keeps_identity=True)
    assert acts_as(ports, VAULT) == TEAM
    patch_vault(ports, VAULT, tags={"a": "b"}, identity=None, settings={})
    assert acts_as(ports, VAULT) == TEAM
    patch_vault(ports, VAULT, tags=None, identity={"type": "SystemAssigned"}, settings={})
    assert acts_as(ports, VAULT) == OWN


def test_a_vault_of_an_older_release_goes_on_as_the_app_whatever_its_identity_says(platform: Platform) -> None:
    ports = platform.world.ports
    stored = platform.stored(Vault)
    ports.store.commit(VAULT, [Replace(stored, replace(stored.value, acts_as=""))])
    platform.world.clock.advance(KEPT_FOR)
    assert acts_as(ports, VAULT) == OWN


def test_another_process_notices_a_change_within_half_a_minute(platform: Platform) -> None:
    ports = platform.world.ports
    elsewhere = replace(ports, memory=type(ports.memory)())
    patch_vault(elsewhere, VAULT, tags=None, identity={"type": "SystemAssigned"}, settings={})
    platform.world.clock.advance(KEPT_FOR)
    assert acts_as(ports, VAULT) == OWN


@pytest.mark.parametrize("chosen", [OWN, f"{TEAM}2"])
def test_an_instance_that_chooses_another_identity_than_its_vaults_is_refused(platform: Platform, chosen: str) -> None:
    ports = platform.world.ports
    platform.world.cloud.add_disk(disk_json("disk-1"))
    put_policy(ports, VAULT, policy("policy-disk-1"))
    with pytest.raises(InvalidInput, match="the vault acts with") as caught:
        configure_instance(ports, VAULT, replace(request("disk-1"), acts_as=chosen))
    assert caught.value.faults[0].target == "properties.identityDetails"
    configure_instance(ports, VAULT, replace(request("disk-1"), acts_as=TEAM.upper()))


def test_missing_roles_are_told_for_the_identity_that_lacks_them(platform: Platform) -> None:
    platform.world.cloud.grants = {}
    platform.world.cloud.add_disk(disk_json("disk-1"))
    ports = acting_for(platform.world.ports, VAULT)
    faults = check_backup(ports, catalogue.get_vault(ports, VAULT), request("disk-1"), policy("policy-disk-1"))
    assert any("--assignee-object-id p-team" in fault.message for fault in faults)


# ---------------------------------------------------------------- bounds

ELSEWHERE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/elsewhere"


def with_a_point(platform: Platform) -> None:
    platform.protect("disk-1")
    ask_for_backup(platform)
    platform.run(minutes=2)


def bind(platform: Platform, path: str = VAULT.resource_id, **places: tuple[str, ...]) -> None:
    platform.world.bounds = (VaultScopes(path=path, **places),)


@pytest.mark.parametrize(
    ("places", "target"),
    [
        ({"sources": (ELSEWHERE,)}, "properties.dataSourceInfo.resourceID"),
        (
            {"snapshots": (ELSEWHERE,)},
            "properties.policyInfo.policyParameters.dataStoreParametersList[0].resourceGroupId",
        ),
        ({"sources": ()}, "properties.dataSourceInfo.resourceID"),
    ],
)
@pytest.mark.parametrize(
    "path", [VAULT.resource_id.upper(), VAULT.resource_id.partition("/providers")[0], f"/subscriptions/{SUBSCRIPTION}"]
)
def test_protection_outside_of_a_vaults_bounds_is_refused(
    platform: Platform, path: str, places: dict[str, tuple[str, ...]], target: str
) -> None:
    bind(platform, path, **places)
    with pytest.raises(InvalidInput) as caught:
        platform.protect("disk-1")
    assert [(fault.target, fault.code) for fault in caught.value.faults] == [(target, "UserErrorOutsideVaultScopes")]
    ports = platform.world.ports
    faults = check_backup(ports, catalogue.get_vault(ports, VAULT), request("disk-1"), policy("policy-disk-1"))
    assert "UserErrorOutsideVaultScopes" in {fault.code for fault in faults}


def test_what_lies_within_is_protected_and_other_vaults_are_free(platform: Platform) -> None:
    bind(platform, sources=(DISK_GROUP.text.upper(), ELSEWHERE), snapshots=(f"/subscriptions/{SUBSCRIPTION}",))
    platform.protect("disk-1")
    assert platform.instance("disk-1").state is ProtectionState.CONFIGURED
    bind(platform, OTHER_VAULT.resource_id, sources=())
    platform.protect("disk-2")
    assert platform.instance("disk-2").state is ProtectionState.CONFIGURED


def test_a_name_that_begins_like_an_allowed_one_is_not_allowed(platform: Platform) -> None:
    bind(platform, sources=(DISK_GROUP.text[:-1],))
    with pytest.raises(InvalidInput):
        platform.protect("disk-1")


def test_a_rule_protects_nothing_outside_and_keeps_no_snapshots_outside(platform: Platform) -> None:
    ports = platform.world.ports
    put_policy(ports, VAULT, policy("policy-1"))
    platform.world.cloud.add_disk(disk_json("disk-1", tags={"backup": "yes"}))
    bind(platform, sources=(ELSEWHERE,))
    put_rule(platform.world.ports, rule("policy-1"))
    apply_all(platform.world.ports)
    assert protecting(platform, "disk-1") is None
    bind(platform, snapshots=(ELSEWHERE,))
    with pytest.raises(InvalidInput, match="keep snapshots"):
        put_rule(platform.world.ports, rule("policy-1"))


@pytest.mark.parametrize("places", [{"sources": (ELSEWHERE,)}, {"snapshots": (ELSEWHERE,)}])
def test_bounds_that_come_later_hold_when_the_work_is_done(
    platform: Platform, places: dict[str, tuple[str, ...]]
) -> None:
    platform.protect("disk-1")
    bind(platform, **places)
    job = ask_for_backup(platform)
    platform.run(minutes=2)
    ended = job_of(platform, job)
    assert (ended.status, ended.error.code) == (JobStatus.FAILED, "UserErrorOutsideVaultScopes")
    assert platform.world.cloud.taken == []


def test_a_restore_outside_is_refused_and_one_that_was_queued_is_not_made(platform: Platform) -> None:
    with_a_point(platform)
    wanted = RestoreRequest(point_id=None, target_disk_id=disk_id("r", TARGET_GROUP))
    queued = request_restore(platform.world.ports, VAULT, "disk-1", wanted)
    bind(platform, targets=(ELSEWHERE,))
    platform.run(minutes=2)
    ended = job_of(platform, queued)
    assert (ended.status, ended.error.code) == (JobStatus.FAILED, "UserErrorOutsideVaultScopes")
    assert platform.world.cloud.made_disks == []
    ports = platform.world.ports
    with pytest.raises(InvalidInput, match="may not restore"):
        request_restore(ports, VAULT, "disk-1", wanted)
    record, (point,) = catalogue.get_vault(ports, VAULT), platform.points("disk-1")
    faults = check_restore_target(ports, record, platform.instance("disk-1"), point, wanted)
    assert "UserErrorOutsideVaultScopes" in {fault.code for fault in faults}


def test_bounds_do_not_keep_points_from_expiring(platform: Platform) -> None:
    with_a_point(platform)
    bind(platform, sources=(), snapshots=(), targets=())
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=3)
    assert platform.world.cloud.snapshot_ids() == []
