"""Vaults: what is stored, what is answered, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from backup_core.domain.resource_ids import GroupId
from backup_core.domain.surroundings import Identity
from tests.api.bodies import GROUP_PATH, INSTANCE_PATH, POLICY_PATH, VAULT_PATH, instance_body, policy_body, vault_body
from tests.api.front import Front, Reply
from tests.builders import SUBSCRIPTION
from tests.fakes import FAKE_PRINCIPAL, FAKE_TENANT
from tests.workflows.platform import Platform

NEW = f"{GROUP_PATH}/backupVaults/vault-2"


def test_a_new_vault_is_provisioning_and_its_operation_has_succeeded(front: Front) -> None:
    reply = front.put(NEW, vault_body())
    assert (reply.status, reply.json["properties"]["provisioningState"]) == (201, "Provisioning")
    assert "Location" not in reply.headers
    status = front.get(reply.headers["Azure-AsyncOperation"])
    assert (status.status, status.json["status"]) == (200, "Succeeded")
    assert "Retry-After" not in status.headers
    assert front.get(NEW).json["properties"]["provisioningState"] == "Succeeded"


def test_a_changed_vault_is_a_201_too(front: Front) -> None:
    front.put(NEW, vault_body())
    reply = front.put(NEW, vault_body(tags={}))
    assert (reply.status, reply.json["properties"]["provisioningState"]) == (201, "Updating")
    assert "tags" not in front.get(NEW).json


def test_what_the_service_alone_may_say_is_not_taken_from_a_client(front: Front) -> None:
    """The CLI's update sends back all that it read."""
    front.put(NEW, vault_body())
    read = front.get(NEW).json
    read["properties"] |= {"secureScore": "Maximum", "isVaultProtectedByResourceGuard": True, "unknown": 1}
    read["identity"] = {"type": "SystemAssigned", "principalId": "someone", "tenantId": "somewhere"}
    front.put(NEW, read)
    properties = front.get(NEW).json["properties"]
    assert properties["secureScore"] == "None"
    assert front.get(NEW).json["identity"]["principalId"] == FAKE_PRINCIPAL
    assert properties["isVaultProtectedByResourceGuard"] is False
    assert "unknown" not in properties


def test_keys_and_words_are_taken_in_any_case_and_answered_in_azures(front: Front) -> None:
    body = {
        "Location": "West Europe",
        "TAGS": {"CamelCase": "kept"},
        "Properties": {"SecuritySettings": {"softdeletesettings": {"State": "alwayson"}}},
    }
    front.put(NEW, body)
    read = front.get(NEW).json
    assert read["location"] == "westeurope"
    assert read["tags"] == {"CamelCase": "kept"}
    assert read["properties"]["securitySettings"] == {
        "softDeleteSettings": {"state": "AlwaysOn", "retentionDurationInDays": 14.0}
    }


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({"location": None}, "location"),
        ({"location": 7}, "location"),
        ({"location": ".."}, "location"),
        ({"location": "west/europe"}, "location"),
        ({"properties": None}, "properties"),
        ({"properties": []}, "properties"),
        ({"tags": {"a": 1}}, "tags.a"),
        ({"tags": {"a": "x" * 257}}, "tags.a"),
        ({"tags": {f"t{number}": "" for number in range(51)}}, "tags"),
        ({"tags": "a=b"}, "tags"),
        ({"identity": {"type": "Robot"}}, "identity.type"),
        ({"properties": {"storageSettings": {}}}, "properties.storageSettings"),
        ({"properties": {"storageSettings": [1]}}, "properties.storageSettings[0]"),
        ({"properties": {"securitySettings": 1}}, "properties.securitySettings"),
    ],
)
def test_a_faulty_body_is_refused_with_its_place(front: Front, changes: dict[str, Any], target: str) -> None:
    assert list(front.put(NEW, vault_body(**changes)).faults) == [target]
    assert front.get(NEW).status == 404


def test_every_fault_is_named_at_once(front: Front) -> None:
    soft_delete = {"state": "Maybe", "retentionDurationInDays": 3}
    reply = front.put(
        NEW,
        {
            "properties": {
                "storageSettings": [{"datastoreType": "Attic"}],
                "securitySettings": {"softDeleteSettings": soft_delete, "immutabilitySettings": {"state": 1}},
            }
        },
    )
    assert reply.faults.keys() == {
        "location",
        "properties.storageSettings[0].datastoreType",
        "properties.storageSettings[0].type",
        "properties.securitySettings.softDeleteSettings.state",
        "properties.securitySettings.softDeleteSettings.retentionDurationInDays",
        "properties.securitySettings.immutabilitySettings.state",
    }


def test_a_vault_cannot_be_moved(front: Front) -> None:
    reply = front.put(VAULT_PATH, vault_body(location="eastus"))
    assert (reply.status, reply.error["code"]) == (400, "InvalidResourceLocation")


def test_a_patch_changes_only_what_it_names(front: Front) -> None:
    front.put(NEW, vault_body())
    reply = front.send(
        "PATCH", NEW, {"properties": {"securitySettings": {"immutabilitySettings": {"state": "Unlocked"}}}}
    )
    assert reply.status == 200
    assert reply.json["tags"] == {"Team": "Storage"}
    assert reply.json["properties"]["securitySettings"] == {
        "softDeleteSettings": {"state": "On", "retentionDurationInDays": 14.0},
        "immutabilitySettings": {"state": "Unlocked"},
    }
    assert front.send("PATCH", NEW, {"tags": {}}).status == 200
    assert "tags" not in front.get(NEW).json


def test_a_deleted_vault_leaves_an_operation_that_can_still_be_asked(front: Front) -> None:
    reply = front.delete(VAULT_PATH)
    assert (reply.status, reply.text) == (202, "")
    assert "/locations/westeurope/operationStatus/" in reply.headers["Azure-AsyncOperation"]
    assert front.get(reply.headers["Azure-AsyncOperation"]).json["status"] == "Succeeded"
    assert front.get(reply.headers["Location"]).json == {"objectType": "OperationJobExtendedInfo"}
    assert front.delete(VAULT_PATH).status == 204


def test_a_vault_that_holds_instances_stays(front: Front) -> None:
    front.put(POLICY_PATH, policy_body())
    front.put(INSTANCE_PATH, instance_body())
    reply = front.delete(VAULT_PATH)
    assert (reply.status, reply.error["code"]) == (409, "UserErrorVaultNotEmpty")
    assert front.get(VAULT_PATH).status == 200


def setting(group: str, name: str, state: str) -> dict[str, Any]:
    return {"location": "westeurope", "properties": {group: {name: {"state": state}}}}


# By the setting's place: the state that is for good, those that it does not go back to, and how that is refused.
FOR_GOOD = {
    ("securitySettings", "softDeleteSettings"): ("AlwaysOn", ("On", "Off"), "UserErrorDisableSoftDeleteNotAllowed"),
    ("securitySettings", "immutabilitySettings"): (
        "Locked",
        ("Unlocked", "Disabled"),
        "UserErrorUnsupportedVaultImmutabilityStateChange",
    ),
    ("featureSettings", "crossSubscriptionRestoreSettings"): (
        "PermanentlyDisabled",
        ("Enabled",),
        "UserErrorCrossSubscriptionRestoreStateChangeNotAllowed",
    ),
}


@pytest.mark.parametrize(("group", "name"), FOR_GOOD)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_setting_that_only_tightens_never_goes_back(front: Front, method: str, group: str, name: str) -> None:
    fixed, others, code = FOR_GOOD[group, name]
    front.put(NEW, vault_body())
    assert front.put(NEW, setting(group, name, fixed)).status == 201
    for other in others:
        body = setting(group, name, other)
        reply = front.send(method, NEW, body if method == "PUT" else {"properties": body["properties"]})
        assert (reply.status, reply.error["code"]) == (400, code)
        assert front.get(NEW).json["properties"][group][name]["state"] == fixed


def test_a_put_that_does_not_speak_of_a_setting_does_not_weaken_it(front: Front) -> None:
    front.put(NEW, setting("securitySettings", "immutabilitySettings", "Unlocked"))
    reply = front.put(NEW, {"location": "westeurope", "properties": {}})
    assert reply.json["properties"]["securitySettings"]["immutabilitySettings"] == {"state": "Unlocked"}


def test_a_vault_of_which_nothing_is_said_has_soft_delete_on(front: Front) -> None:
    reply = front.put(NEW, {"location": "westeurope", "properties": {}})
    soft_delete = reply.json["properties"]["securitySettings"]["softDeleteSettings"]
    assert soft_delete == {"state": "On", "retentionDurationInDays": 14.0}


def test_a_key_of_the_customers_for_the_vault_is_refused_not_forgotten(front: Front) -> None:
    keys = {"state": "Enabled", "keyVaultProperties": {"keyUri": "https://k.example/keys/1"}}
    body = {"location": "westeurope", "properties": {"securitySettings": {"encryptionSettings": keys}}}
    reply = front.put(NEW, body)
    assert (reply.status, reply.error["code"]) == (400, "UserErrorEncryptionSettingsNotSupported")
    assert front.get(NEW).status == 404


AVAILABILITY = f"{GROUP_PATH}/locations/westeurope/checkNameAvailability"
VAULT_TYPE = "Microsoft.DataProtection/backupVaults"


@pytest.mark.parametrize(
    ("name", "available", "reason"),
    [("vault-9", True, None), ("VAULT-1", False, "AlreadyExists"), ("-x", False, "Invalid")],
)
def test_a_name_is_available_or_not_with_the_reason(
    front: Front, name: str, available: bool, reason: str | None
) -> None:
    reply = front.post(AVAILABILITY, {"name": name, "type": VAULT_TYPE})
    assert (reply.status, reply.json["nameAvailable"], reply.json["reason"]) == (200, available, reason)


@pytest.mark.parametrize("body", [{}, {"name": "a"}, {"name": "a", "type": "Microsoft.Compute/disks"}, {"name": 1}])
def test_a_question_about_a_name_must_be_whole(front: Front, body: dict[str, Any]) -> None:
    assert front.post(AVAILABILITY, body).status == 400


def test_no_deleted_vault_is_kept(front: Front) -> None:
    deleted = f"{GROUP_PATH.split('/resourceGroups')[0]}/providers/Microsoft.DataProtection/locations/westeurope"
    assert front.get(f"{deleted}/deletedVaults").json == {"value": []}
    assert front.get(f"{deleted}/deletedVaults/vault-1").status == 404


def test_vaults_are_listed_by_group_and_by_subscription(front: Front, platform: Platform) -> None:
    platform.world.cloud.add_group(GroupId(subscription=SUBSCRIPTION, group="other-rg"))
    elsewhere = NEW.replace("/backup-rg/", "/other-rg/").replace("vault-2", "vault-3")
    front.put(NEW, vault_body())
    front.put(elsewhere, vault_body())
    names = [each["name"] for each in front.get(f"{GROUP_PATH}/backupVaults").json["value"]]
    assert sorted(names) == ["vault-1", "vault-2"]
    whole = GROUP_PATH.replace("/resourceGroups/backup-rg", "")
    assert len(front.get(f"{whole}/backupVaults").json["value"]) == 3
    assert front.get(f"{whole.replace('1111', '9999')}/backupVaults").json == {"value": []}


# ---------------------------------------------------------------- who acts for a vault

USER = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
BOTH = "SystemAssigned,UserAssigned"
OWN = {"principalId": FAKE_PRINCIPAL, "tenantId": FAKE_TENANT}


@pytest.fixture(autouse=True)
def held(platform: Platform) -> None:
    """What the app holds beside its own identity; nothing is known of them but that."""
    for name in ("one", "two"):
        platform.world.cloud.user_identities[f"{USER}/{name}".lower()] = Identity()


def identified(front: Front, method: str, identity: object) -> Reply:
    body = vault_body() if method == "PUT" else {}
    return front.send(method, NEW, {**body, "identity": identity})


def identity(front: Front) -> object:
    return front.get(NEW).json.get("identity")


def test_the_identity_of_a_vault_is_told_with_the_ids_that_roles_are_assigned_to(front: Front) -> None:
    made = identified(front, "PUT", {"type": "SystemAssigned"}).json["identity"]
    assert list(made) == ["type", "principalId", "tenantId"], "the service's order (recorded)"
    assert made == {"type": "SystemAssigned", **OWN}
    assert identity(front) == made
    assert [each["identity"] for each in front.get(f"{GROUP_PATH}/backupVaults").json["value"] if "identity" in each]


@pytest.mark.parametrize(("kind", "acting"), [("UserAssigned", {}), (BOTH, {"principalId": "p-1"})])
def test_a_user_assigned_identity_that_the_app_holds_is_told_with_its_ids(
    front: Front, platform: Platform, kind: str, acting: dict[str, str]
) -> None:
    """With both kinds it acts, too: roles that are written for `identity.principalId` would else go to the app, which
    does nothing for this vault."""
    held = Identity(principal_id="p-1", client_id="c-1", tenant_id=FAKE_TENANT)
    platform.world.cloud.user_identities[f"{USER}/held".lower()] = held
    identified(front, "PUT", {"type": kind, "userAssignedIdentities": {f"{USER}/held": {}}})
    ids = {f"{USER}/held": {"clientId": "c-1", "principalId": "p-1"}}
    assert identity(front) == {"type": kind, "userAssignedIdentities": ids, "tenantId": FAKE_TENANT, **acting}


def test_a_vault_is_readable_while_the_app_gets_no_token(front: Front, platform: Platform) -> None:
    platform.world.cloud.has_token = False
    identified(front, "PUT", {"type": "SystemAssigned"})
    assert identity(front) == {"type": "SystemAssigned"}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_another_kind_of_identity_leaves_nothing_of_the_old_one(front: Front, method: str) -> None:
    one = {f"{USER}/one": {}}
    identified(front, "PUT", {"type": BOTH, "userAssignedIdentities": one})
    assert identity(front) == {"type": BOTH, "userAssignedIdentities": one, "tenantId": FAKE_TENANT}
    identified(front, method, {"type": "UserAssigned", "userAssignedIdentities": one})
    assert identity(front) == {"type": "UserAssigned", "userAssignedIdentities": one, "tenantId": FAKE_TENANT}
    identified(front, method, {"type": "SystemAssigned"})
    assert identity(front) == {"type": "SystemAssigned", **OWN}
    identified(front, method, {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": one})
    assert identity(front) == {"type": BOTH, "userAssignedIdentities": one, "tenantId": FAKE_TENANT}
    identified(front, method, {"type": "None"})
    assert identity(front) is None


def test_a_patch_adds_user_assigned_identities_and_takes_away_those_that_are_null(front: Front) -> None:
    identified(front, "PUT", {"type": "UserAssigned", "userAssignedIdentities": {f"{USER}/one": {}}})
    second = identified(front, "PATCH", {"type": "UserAssigned", "userAssignedIdentities": {f"{USER}/two": {}}})
    assert second.error["code"] == "UserErrorVaultIdentityAmbiguous", "a vault acts with one"
    changed = {f"{USER}/ONE": None, f"{USER}/two": {}}
    identified(front, "PATCH", {"type": "UserAssigned", "userAssignedIdentities": changed})
    assert set(front.get(NEW).json["identity"]["userAssignedIdentities"]) == {f"{USER}/two"}
    identified(front, "PATCH", {"tags": {"a": "b"}})
    assert "userAssignedIdentities" in front.get(NEW).json["identity"]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("named", [None, {}, {f"{USER}/one": None}])
@pytest.mark.parametrize("kind", ["UserAssigned", BOTH])
def test_a_user_assigned_kind_without_an_identity_is_refused(
    front: Front, method: str, named: object, kind: str
) -> None:
    if method == "PATCH":
        front.put(NEW, vault_body(identity={"type": "SystemAssigned"}))
    reply = identified(front, method, {"type": kind, "userAssignedIdentities": named})
    assert (reply.status, reply.error["code"]) == (400, "MissingIdentityIds")
    assert front.get(NEW).status == (404 if method == "PUT" else 200)


# ---------------------------------------------------------------- scores, what is not offered, names


@pytest.mark.parametrize(
    ("soft_delete", "immutability", "scores"),
    [
        ("Off", None, ("None", "Poor")),
        ("Off", "Unlocked", ("None", "Poor")),
        ("On", None, ("None", "Poor")),
        ("On", "Unlocked", ("Minimum", "Fair")),
        ("On", "Locked", ("Adequate", "Good")),
        ("AlwaysOn", "Disabled", ("Adequate", "Good")),
        ("AlwaysOn", "Locked", ("Adequate", "Good")),
        (None, None, ("None", "Poor")),
    ],
)
def test_a_vault_is_rated_as_azure_rates_it(
    front: Front, soft_delete: str | None, immutability: str | None, scores: tuple[str, str]
) -> None:
    security = {"softDeleteSettings": {"state": soft_delete}, "immutabilitySettings": {"state": immutability}}
    front.put(NEW, vault_body(properties={"securitySettings": security}))
    properties = front.get(NEW).json["properties"]
    assert (properties["secureScore"], properties["bcdrSecurityLevel"]) == scores


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_cross_region_restore_is_refused_rather_than_promised(front: Front, method: str) -> None:
    if method == "PATCH":
        front.put(NEW, vault_body())
    body = vault_body(properties={"featureSettings": {"crossRegionRestoreSettings": {"state": "Enabled"}}})
    reply = front.send(method, NEW, body)
    assert (reply.status, reply.error["code"]) == (400, "OperationNotSupported")
    body["properties"]["featureSettings"]["crossRegionRestoreSettings"]["state"] = "Disabled"
    assert front.send(method, NEW, body).status in (200, 201)


def test_a_put_in_other_letter_case_keeps_the_names_of_vault_and_group(front: Front) -> None:
    made = front.put(NEW, vault_body()).json["id"]
    again = front.put(NEW.replace("vault-2", "VAULT-2").replace("/resourceGroups/", "/RESOURCEGROUPS/"), vault_body())
    assert (again.json["name"], again.json["id"]) == ("vault-2", made)
    assert front.get(NEW.upper().replace("/SUBSCRIPTIONS/", "/subscriptions/")).json["id"] == made
