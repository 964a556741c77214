"""Vaults: what is stored, what is answered, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.bodies import GROUP_PATH, INSTANCE_PATH, POLICY_PATH, VAULT_PATH, instance_body, policy_body, vault_body
from tests.api.front import Front

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
    front.put(NEW, read)
    properties = front.get(NEW).json["properties"]
    assert properties["secureScore"] == "NotSupported"
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
    reply = front.put(NEW, vault_body(**changes))
    assert (reply.status, [each["target"] for each in reply.error["details"]]) == (400, [target])
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
    assert {each["target"] for each in reply.error["details"]} == {
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


def test_a_patch_of_no_vault_or_with_nonsense_is_refused(front: Front) -> None:
    assert front.send("PATCH", NEW, {"tags": {}}).status == 404
    assert front.send("PATCH", VAULT_PATH, {"tags": 1}).status == 400


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


@pytest.mark.parametrize(
    ("group", "name", "fixed", "other", "code"),
    [
        ("securitySettings", "softDeleteSettings", "AlwaysOn", "On", "UserErrorDisableSoftDeleteNotAllowed"),
        ("securitySettings", "softDeleteSettings", "AlwaysOn", "Off", "UserErrorDisableSoftDeleteNotAllowed"),
        (
            "securitySettings",
            "immutabilitySettings",
            "Locked",
            "Unlocked",
            "UserErrorUnsupportedVaultImmutabilityStateChange",
        ),
        (
            "securitySettings",
            "immutabilitySettings",
            "Locked",
            "Disabled",
            "UserErrorUnsupportedVaultImmutabilityStateChange",
        ),
        (
            "featureSettings",
            "crossRegionRestoreSettings",
            "Enabled",
            "Disabled",
            "UserErrorCrossRegionRestoreStateChangeNotAllowed",
        ),
        (
            "featureSettings",
            "crossSubscriptionRestoreSettings",
            "PermanentlyDisabled",
            "Enabled",
            "UserErrorCrossSubscriptionRestoreStateChangeNotAllowed",
        ),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_setting_that_only_tightens_never_goes_back(
    front: Front, method: str, group: str, name: str, fixed: str, other: str, code: str
) -> None:
    front.put(NEW, vault_body())
    assert front.put(NEW, setting(group, name, fixed)).status == 201
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


def test_vaults_are_listed_by_group_and_by_subscription(front: Front) -> None:
    elsewhere = NEW.replace("/backup-rg/", "/other-rg/").replace("vault-2", "vault-3")
    front.put(NEW, vault_body())
    front.put(elsewhere, vault_body())
    names = [each["name"] for each in front.get(f"{GROUP_PATH}/backupVaults").json["value"]]
    assert sorted(names) == ["vault-1", "vault-2"]
    whole = GROUP_PATH.replace("/resourceGroups/backup-rg", "")
    assert len(front.get(f"{whole}/backupVaults").json["value"]) == 3
    assert front.get(f"{whole.replace('1111', '9999')}/backupVaults").json == {"value": []}
