"""A stolen token of a contributor against a guarded vault: every way to lose its points, or to be rid of the guard, is
refused to one person, and each try is on record. What the other person unlocks, passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest

from backup_core.api.access import is_change
from backup_core.api.routes import ROUTES
from backup_core.domain.guard import OPERATIONS, PROXY, Critical, request_id
from backup_core.domain.instance import ProtectionState
from backup_core.domain.protection_rule import RULE_TAG
from backup_core.workflows.catalogue import find_protection
from backup_core.workflows.guards import find_mapping
from backup_core.workflows.reconcile import reconcile
from tests.api.bodies import (
    COPY_RULE_PATH,
    GROUP_PATH,
    INSTANCE_PATH,
    PLAN_PATH,
    POLICY_PATH,
    RULE_PATH,
    VAULT_PATH,
    backup_body,
    copy_rule_body,
    elsewhere_body,
    instance_body,
    plan_body,
    policy_body,
    restore_body,
    rule_body,
    together_body,
    vault_body,
)
from tests.api.front import Front, Reply, Services, first_match, load
from tests.api.tenant import OPERATOR, PERSON, SOMEBODY_ELSE, bearer, guarded
from tests.attack.test_immutable_vault import OWNER, SHORT, THIEF, weaker
from tests.builders import VAULT, disk_id, disk_json
from tests.workflows.platform import Platform

GUARD = f"{GROUP_PATH}/resourceGuards/guard-1"
PROXY_PATH = f"{VAULT_PATH}/backupResourceGuardProxies/{PROXY}"
STRONG = {"softDeleteSettings": {"state": "On", "retentionDurationInDays": 60.0}}
RULED = {"backup": "daily"}


@cache
def _prepared() -> Platform:
    """A guarded vault with two points, a disk that a rule protects, and a policy that keeps less."""
    platform = Platform()
    for name in ("disk-1", "disk-2"):
        platform.world.cloud.add_disk({**disk_json(name), "tags": RULED if name == "disk-2" else {}})
    front = guarded(platform.world)
    strong = vault_body()
    strong["properties"]["securitySettings"] = STRONG
    for path, body in (
        (VAULT_PATH, strong),
        (POLICY_PATH, policy_body(retention="P30D")),
        (SHORT, policy_body(retention="P1D")),
        (INSTANCE_PATH, instance_body()),
        (RULE_PATH, rule_body()),
        (GUARD, {"location": "westeurope"}),
        (PROXY_PATH, {"properties": {"resourceGuardResourceId": GUARD}}),
    ):
        reply = front.put(path, body, headers=OWNER)
        assert reply.status < 300, reply.text
    platform.run(seconds=5)
    for _ in range(2):
        assert front.post(f"{INSTANCE_PATH}/backup", backup_body(), headers=OWNER).status == 202
        platform.run(minutes=2)
    assert len(platform.points("instance-1")) == 2
    return platform


@pytest.fixture
def platform() -> Platform:
    return _prepared().copy()


def ask(platform: Platform, method: str, path: str, body: Any = None, who: dict[str, str] = THIEF) -> Reply:
    return guarded(platform.world).send(method, path, body, headers=who)


def unlock(platform: Platform, operation: Critical, resource: str = "", who: dict[str, str] = OWNER) -> Reply:
    body: dict[str, Any] = {"resourceGuardOperationRequests": [request_id(GUARD, operation)]}
    if resource:
        body["resourceToBeDeleted"] = resource
    return ask(platform, "POST", f"{PROXY_PATH}/unlockDelete", body, who)


Path = str | Callable[[Platform], str]
Try = tuple[str, Path, Any, Critical, str]


def made(part: Any, platform: Platform) -> Any:
    """A path or a body of a try: as it stands, or as it is made of the platform."""
    return part(platform) if callable(part) else part


def point_path(platform: Platform) -> str:
    """The older one: the newest is kept from everybody."""
    older = min(platform.points("instance-1"), key=lambda point: point.created_at)
    return f"{INSTANCE_PATH}/recoveryPoints/{older.point_id}"


def held(place: Path) -> Callable[[Platform], str]:
    """The path of a hold, which is set."""

    def hold_path(platform: Platform) -> str:
        path = f"{made(place, platform)}/legalHolds/case-1"
        assert ask(platform, "PUT", path, {"properties": {"reason": "a court asked for it"}}, OWNER).status < 300
        return path

    return hold_path


def copied(platform: Platform) -> str:
    """The path of a copy rule, which is there."""
    assert ask(platform, "PUT", COPY_RULE_PATH, copy_rule_body(), OWNER).status == 200
    return COPY_RULE_PATH


def elsewhere(platform: Platform) -> str:
    """Where a copy is restored, which is there."""
    copied(platform)
    assert ask(platform, "POST", f"{INSTANCE_PATH}/backup", backup_body(), OWNER).status == 202
    platform.run(minutes=8)
    assert any(copy.is_whole for copy in platform.copies("instance-1"))
    return f"{VAULT_PATH.partition('/backupVaults/')[0]}/locations/northeurope/crossRegionRestore"


def immutable(platform: Platform) -> str:
    assert ask(platform, "PATCH", VAULT_PATH, weaker(immutabilitySettings={"state": "Unlocked"}), OWNER).status == 200
    return VAULT_PATH


def planned(platform: Platform) -> str:
    """A plan that two people made."""
    unlock(platform, Critical.RESTORE, PLAN_PATH, who=THIEF)
    assert ask(platform, "PUT", PLAN_PATH, plan_body(enabled=False), OWNER).status == 200
    return f"{PLAN_PATH}/run"


# Method, path and body, or what makes them; as what it is guarded, and what it is unlocked for.
TRIES: Mapping[str, Try] = {
    "delete the instance": ("DELETE", INSTANCE_PATH, None, Critical.DELETE_INSTANCE, INSTANCE_PATH),
    "delete a point": ("DELETE", point_path, None, Critical.DELETE_INSTANCE, INSTANCE_PATH),
    "clear a point's hold": ("DELETE", held(point_path), None, Critical.DELETE_INSTANCE, INSTANCE_PATH),
    "clear an instance's hold": ("DELETE", held(INSTANCE_PATH), None, Critical.DELETE_INSTANCE, INSTANCE_PATH),
    "clear a vault's hold": ("DELETE", held(VAULT_PATH), None, Critical.REDUCE_IMMUTABILITY, ""),
    "stop": ("POST", f"{INSTANCE_PATH}/stopProtection", {}, Critical.STOP, INSTANCE_PATH),
    "suspend": ("POST", f"{INSTANCE_PATH}/suspendBackups", {}, Critical.SUSPEND, INSTANCE_PATH),
    "restore": (
        "POST",
        f"{INSTANCE_PATH}/restore",
        lambda platform: restore_body(platform.points("instance-1")[0].point_id),
        Critical.RESTORE,
        INSTANCE_PATH,
    ),
    "restore a copy": ("POST", elsewhere, elsewhere_body(), Critical.RESTORE, INSTANCE_PATH),
    "restore several": ("POST", f"{VAULT_PATH}/restoreTogether", together_body(), Critical.RESTORE, INSTANCE_PATH),
    "plan restores": ("PUT", PLAN_PATH, plan_body(), Critical.RESTORE, PLAN_PATH),
    "run what is planned": ("POST", planned, {}, Critical.RESTORE, PLAN_PATH),
    "copy no more": ("DELETE", copied, None, Critical.REDUCE_IMMUTABILITY, ""),
    "keep copies for less long": (
        "PUT",
        copied,
        copy_rule_body(retentions=[{"tagName": "Default", "duration": "P1D"}]),
        Critical.MODIFY_POLICY,
        POLICY_PATH,
    ),
    "soft delete off": (
        "PATCH",
        VAULT_PATH,
        weaker(softDeleteSettings={"state": "Off"}),
        Critical.REDUCE_SOFT_DELETE,
        "",
    ),
    "fewer days": (
        "PATCH",
        VAULT_PATH,
        weaker(softDeleteSettings={"retentionDurationInDays": 14.0}),
        Critical.REDUCE_SOFT_DELETE,
        "",
    ),
    "loosen the brake": (
        "PATCH",
        VAULT_PATH,
        weaker(deletionBrakeSettings={"sharePercent": 100}),
        Critical.REDUCE_SOFT_DELETE,
        "",
    ),
    "immutability off": (
        "PUT",
        immutable,
        {**vault_body(), **weaker(immutabilitySettings={"state": "Disabled"})},
        Critical.REDUCE_IMMUTABILITY,
        "",
    ),
    "take fewer backups": (
        "PUT",
        POLICY_PATH,
        policy_body(retention="P30D", intervals=("R/2036-01-01T00:00:00+00:00/PT4H",)),
        Critical.MODIFY_POLICY,
        POLICY_PATH,
    ),
    "delete the rule": ("DELETE", RULE_PATH, None, Critical.STOP, RULE_PATH),
    "change what the rule wants": (
        "PUT",
        RULE_PATH,
        rule_body(tagConditions=[{"name": "never"}]),
        Critical.STOP,
        RULE_PATH,
    ),
    "hand the instance to a rule that does not want it": (
        "PUT",
        INSTANCE_PATH,
        {**instance_body(), "tags": {RULE_TAG: "nobody"}},
        Critical.STOP,
        INSTANCE_PATH,
    ),
    "end the mapping": ("DELETE", PROXY_PATH, None, Critical.UNMAP, ""),
}


@pytest.mark.parametrize("name", TRIES)
def test_one_person_may_not_and_two_may(platform: Platform, name: str) -> None:
    method, path, body, operation, resource = TRIES[name]
    where, what = made(path, platform), made(body, platform)
    before = len(platform.world.audit.records)
    for _ in range(2):  # whoever unlocks it for oneself is no further
        refused = ask(platform, method, where, what)
        assert (refused.status, refused.error["code"]) == (403, "LinkedAuthorizationFailed"), refused.text
        assert unlock(platform, operation, resource, who=THIEF).status == 200
    tried = [each for each in platform.world.audit.records[before:] if each.error_code == "LinkedAuthorizationFailed"]
    assert {(each.caller_id, each.outcome.value) for each in tried} == {(PERSON, "Refused")}
    assert unlock(platform, operation, resource).status == 200
    passed = ask(platform, method, where, what)
    assert passed.status < 300, passed.text


@pytest.mark.parametrize("name", TRIES)
def test_an_unlock_that_is_over_opens_nothing(platform: Platform, name: str) -> None:
    method, path, body, operation, resource = TRIES[name]
    unlock(platform, operation, resource)
    platform.world.clock.advance(minutes=31)
    assert ask(platform, method, made(path, platform), made(body, platform)).status == 403


# Changes in a vault that need no second person: they add to what is kept, only look, or undo. Whoever adds a route says
# here why it is among them, or has it guarded and tried above.
HARMLESS: Mapping[str, str] = {
    "DELETE api_vault": "empty vaults only, and none that is guarded",
    "PUT api_vault_tags": "tags alone",
    "PATCH api_vault_tags": "tags alone",
    "DELETE api_vault_tags": "tags alone",
    "PUT api_resource_guard_proxy": "another guard takes the leave of ending the mapping, which is tried below",
    "POST api_resource_guard_unlock": "for others than who does it",
    "DELETE api_policy": "unused ones only",
    "POST api_jobs_export": "refused to everybody",
    "POST api_instance_resume_protection": "backs up again",
    "POST api_instance_resume_backups": "backs up again",
    "POST api_instance_sync": "looks at the disk",
    "POST api_deleted_instance_undelete": "undoes a deletion",
    "POST api_recovery_point_undelete": "undoes a deletion",
    "POST api_instance_backup": "adds a point",
    "PUT api_legal_hold_of_vault": "keeps more",
    "PUT api_legal_hold_of_instance": "keeps more",
    "PUT api_legal_hold_of_point": "keeps more",
    "POST api_deletion_brake_go_on": "for others than who caused what waits: tests/attack/test_immutable_vault.py",
    "POST api_alert_acknowledge": "a note",
    "DELETE api_restore_test_plan": "restores less",
    "POST api_swap": "its workflow asks for the leave of restoring each instance: tests/workflows/test_swap.py",
    "POST api_swap_undo": "as api_swap; and it puts back what was there before",
    "POST api_import": "adds instances and points; what it stops is Azure Backup's, which has guards of its own",
    "POST api_import_undo": "its job asks for the leave of stopping each instance: tests/workflows/test_moving.py",
    "POST api_import_finish": "deletes only what Azure Backup keeps nothing of",
    "POST api_adoption": "adds points; none of them goes within a day, and till then it can be undone",
    "POST api_adoption_undo": "its job asks for the leave of stopping each instance: tests/workflows/test_adopting.py",
}


def test_every_change_in_a_vault_is_tried_or_said_to_be_harmless() -> None:
    changes = {
        f"{method} {route.name}"
        for route in ROUTES
        for method in route.endpoints
        if "backupVaults/{vault}" in route.template and is_change(route, method)
    }
    functions, platform = load(Services(_prepared().world)), _prepared().copy()
    found = [(method, first_match(functions, method, made(path, platform))) for method, path, *_ in TRIES.values()]
    tried = {f"{method} {match[0].name}" for method, match in found if match is not None}
    assert changes - tried == set(HARMLESS)


def test_what_the_table_guards_is_tried_here() -> None:
    rows = {(method, row.guarded) for route in ROUTES for method, row in route.endpoints.items() if row.guarded}
    assert rows == {
        (method, operation.name)
        for method, path, _, operation, _ in TRIES.values()
        if method in ("DELETE", "POST") and operation is not Critical.UNMAP
    }
    # There are no keys of a vault's own to be taken from it: such settings are refused to everybody.
    assert {operation for *_, operation, _ in TRIES.values()} == set(Critical) - {Critical.MODIFY_ENCRYPTION}


def test_an_operator_may_not_move_an_instance_to_a_policy_that_does_less(platform: Platform) -> None:
    for who in (bearer(OPERATOR), THIEF):
        assert ask(platform, "PUT", INSTANCE_PATH, instance_body(policy="short"), who).status == 403
        assert ask(platform, "PUT", POLICY_PATH, policy_body(retention="P1D"), who).status == 403
    unlock(platform, Critical.MODIFY_POLICY, INSTANCE_PATH)
    assert ask(platform, "PUT", INSTANCE_PATH, instance_body(policy="short"), bearer(OPERATOR)).status == 201


# ---------------------------------------------------------------- to be rid of the guard


def test_the_guard_is_not_deleted_or_replaced_by_one_person(platform: Platform) -> None:
    assert ask(platform, "DELETE", GUARD).status == 409
    own = f"{GROUP_PATH}/resourceGuards/own"
    ask(platform, "PUT", own, {"location": "westeurope"})
    assert ask(platform, "PUT", PROXY_PATH, {"properties": {"resourceGuardResourceId": own}}).status == 403
    mapping = find_mapping(platform.world.ports, VAULT)
    assert mapping is not None
    assert mapping.guard_id == GUARD


def test_who_takes_everything_off_the_guard_is_guarded_as_before(platform: Platform) -> None:
    excluded = [each for each in OPERATIONS if each != Critical.UNMAP.value]
    body = {"location": "westeurope", "properties": {"vaultCriticalOperationExclusionList": excluded}}
    assert ask(platform, "PUT", GUARD, body).status == 200
    for name, (method, path, what, _, _) in TRIES.items():
        assert ask(platform, method, made(path, platform), made(what, platform)).status == 403, name
    platform.run(minutes=1)
    assert "DiskBackup.ResourceGuard.Weakened" in platform.world.events.types()
    assert ask(platform, "POST", f"{INSTANCE_PATH}/stopProtection", {}, OWNER).status == 202


def test_a_vault_is_not_recreated_without_its_guard(platform: Platform) -> None:
    bare = f"{VAULT_PATH}-bare"
    assert ask(platform, "PUT", bare, vault_body()).status == 201
    proxy = f"{bare}/backupResourceGuardProxies/{PROXY}"
    assert ask(platform, "PUT", proxy, {"properties": {"resourceGuardResourceId": GUARD}}).status == 200
    refused = ask(platform, "DELETE", bare)
    assert (refused.status, refused.error["code"]) == (409, "Conflict")
    assert ask(platform, "GET", proxy).status == 200


def test_a_rule_of_the_thiefs_does_not_move_disks_to_a_policy_that_does_less(platform: Platform) -> None:
    body = rule_body(priority=1, policyId=SHORT)
    assert ask(platform, "PUT", f"{VAULT_PATH}/protectionRules/own", body).status == 200
    platform.run(seconds=10)
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    found = find_protection(platform.world.ports, disk_id("disk-2"))
    assert found is not None
    assert (found.instance.policy.name, found.instance.state) == ("policy-1", ProtectionState.CONFIGURED)
    assert "DiskBackup.ProtectionRule.Failed" in platform.world.events.types()


def test_a_function_key_opens_nothing(platform: Platform) -> None:
    """Whoever runs the app may let callers in by key later on; what was guarded stays so."""
    unlock(platform, Critical.STOP, INSTANCE_PATH)
    front = Front(platform.world)
    refused = front.post(f"{INSTANCE_PATH}/stopProtection", {})
    assert (refused.status, "function key" in refused.error["message"]) == (403, True)
    unlocking = {
        "resourceGuardOperationRequests": [request_id(GUARD, Critical.STOP)],
        "resourceToBeDeleted": INSTANCE_PATH,
    }
    assert front.post(f"{PROXY_PATH}/unlockDelete", unlocking).error["code"] == "UserErrorSignInNeeded"


def test_a_guard_in_a_closed_scope_is_out_of_the_vaults_contributors_reach() -> None:
    """The security people's group: the vault's contributor can neither name the guard nor read its id."""
    platform = _prepared().copy()
    elsewhere = GUARD.replace(VAULT.group, "security-rg")
    scopes = {elsewhere.partition("/providers/")[0]: [SOMEBODY_ELSE]}
    front = guarded(platform.world, scopes=scopes)
    assert front.put(elsewhere, {"location": "westeurope"}, headers=OWNER).status == 200
    bare = f"{VAULT_PATH}-bare"
    assert front.put(bare, vault_body(), headers=OWNER).status == 201
    proxy, body = f"{bare}/backupResourceGuardProxies/{PROXY}", {"properties": {"resourceGuardResourceId": elsewhere}}
    assert front.put(proxy, body, headers=THIEF).status == 403
    assert front.put(proxy, body, headers=OWNER).status == 200
    unlocking = {"resourceGuardOperationRequests": [request_id(elsewhere, Critical.UNMAP)]}
    assert front.post(f"{proxy}/unlockDelete", unlocking, headers=THIEF).status == 403
    for reply in (
        front.get(proxy, headers=THIEF),
        front.get(f"{bare}/backupResourceGuardProxies", headers=THIEF),
        front.send("DELETE", proxy, headers=THIEF),
        front.get(
            f"{GROUP_PATH.partition('/resourceGroups/')[0]}/providers/Microsoft.DataProtection/resourceGuards",
            headers=THIEF,
        ),
    ):
        assert "security-rg" not in reply.text
    assert front.post(f"{proxy}/unlockDelete", unlocking, headers=OWNER).status == 200
    assert front.send("DELETE", proxy, headers=THIEF).status == 200
