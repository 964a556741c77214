"""Disks at the simulator, through azure-mgmt-compute and as raw HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import ResourceExistsError

from infra.local.arm.seed import OPERATOR, SECOND
from tests.local.arm.bodies import APPS, RESTORES, copy_of, disk_id, empty_disk, snapshot_id, snapshot_of
from tests.local.arm.conftest import Simulator


def take(simulator: Simulator, name: str = "s1", source: str = "payroll-cmk") -> str:
    simulator.wait_for(simulator.call("PUT", snapshot_id(name), snapshot_of(disk_id(source))))
    return snapshot_id(name)


def test_the_seed_has_disks_of_every_kind_in_two_subscriptions_and_three_regions(simulator: Simulator) -> None:
    disks = [disk for sub in (None, SECOND) for disk in _all(simulator, sub)]
    properties = [disk["properties"] for disk in disks]

    assert len(disks) >= 16
    assert {disk["location"] for disk in disks} == {"westeurope", "northeurope", "eastus"}
    assert {disk["sku"]["name"] for disk in disks} == {
        "Standard_LRS",
        "StandardSSD_LRS",
        "StandardSSD_ZRS",
        "Premium_LRS",
        "Premium_ZRS",
        "PremiumV2_LRS",
        "UltraSSD_LRS",
    }
    assert {entry["diskState"] for entry in properties} == {"Attached", "Unattached"}
    assert {entry.get("osType") for entry in properties} == {"Linux", "Windows", None}
    assert any(entry.get("maxShares", 1) > 1 for entry in properties)
    assert any("diskEncryptionSetId" in entry["encryption"] for entry in properties)
    assert any("purchasePlan" in entry for entry in properties)
    assert any(entry.get("burstingEnabled") for entry in properties)
    assert any(disk.get("zones") for disk in disks)
    assert {(entry.get("securityProfile") or {}).get("securityType") for entry in properties} == {
        None,
        "TrustedLaunch",
        "ConfidentialVM_VMGuestStateOnlyEncryptedWithPlatformKey",
        "ConfidentialVM_DiskEncryptedWithPlatformKey",
        "ConfidentialVM_DiskEncryptedWithCustomerKey",
        "ConfidentialVM_NonPersistedTPM",
    }
    assert {entry["networkAccessPolicy"] for entry in properties} == {"AllowAll", "AllowPrivate", "DenyAll"}
    assert any(entry.get("dataAccessAuthMode") == "AzureActiveDirectory" for entry in properties)
    assert any(entry["creationData"].get("performancePlus") for entry in properties)
    assert {49, 50} <= {len(disk["tags"]) for disk in disks}
    assert any(name.startswith("hidden-link:") for disk in disks for name in disk["tags"])


def test_a_disk_is_shown_with_the_fields_of_a_recorded_one(simulator: Simulator) -> None:
    disk = simulator.call("GET", disk_id("sql01-data")).json()

    assert disk["sku"] == {"name": "Premium_LRS", "tier": "Premium"}
    assert disk["properties"]["tier"] == "P40"
    assert disk["properties"]["diskIOPSReadWrite"] == 7_500
    assert disk["properties"]["diskSizeBytes"] == 1_024 * 1024**3
    assert disk["managedBy"].endswith("/virtualMachines/sql01")
    assert None not in disk["properties"].values()


def test_an_empty_disk_is_created_with_the_performance_of_its_size(simulator: Simulator) -> None:
    disk = simulator.client(OPERATOR).disks.begin_create_or_update(RESTORES, "d1", empty_disk(200)).result()

    assert (disk["properties"]["diskIOPSReadWrite"], disk["properties"]["tier"]) == (1_100, "P15")
    assert disk["properties"]["provisioningState"] == "Succeeded"


def test_a_put_is_always_202_with_both_operation_headers_also_for_an_update(simulator: Simulator) -> None:
    first = simulator.call("PUT", disk_id("d1", RESTORES), empty_disk())
    simulator.wait_for(first)
    again = simulator.call("PUT", disk_id("d1", RESTORES), empty_disk(20))

    for answer in (first, again):
        assert answer.status_code == 202
        assert "monitor=true" in answer.headers["Location"]
        assert answer.headers["Azure-AsyncOperation"].startswith(simulator.base_url)
        assert answer.json()["properties"]["provisioningState"] == "Updating"
        assert "uniqueId" not in answer.json()["properties"]
    assert simulator.wait_for(again)["properties"]["output"]["properties"]["diskSizeGB"] == 20


def test_paths_are_matched_without_case_and_names_keep_theirs(simulator: Simulator) -> None:
    simulator.wait_for(simulator.call("PUT", disk_id("MixedCase", RESTORES), empty_disk()))

    found = simulator.call("GET", disk_id("mixedcase", RESTORES).lower())

    assert found.json()["name"] == "MixedCase"
    assert found.json()["id"] == disk_id("MixedCase", RESTORES)


def test_a_restored_disk_takes_its_size_and_encryption_from_the_snapshot(simulator: Simulator) -> None:
    snapshot = take(simulator)
    disk = simulator.wait_for(simulator.call("PUT", disk_id("r1", RESTORES), copy_of(snapshot)))["properties"]["output"]

    assert disk["properties"]["diskSizeGB"] == 64
    assert "diskEncryptionSetId" in disk["properties"]["encryption"]
    unique = simulator.call("GET", snapshot).json()["properties"]["uniqueId"]
    assert disk["properties"]["creationData"]["sourceUniqueId"] == unique


def test_a_restored_disk_without_a_sku_is_standard_hdd(simulator: Simulator) -> None:
    body = copy_of(take(simulator, source="web01-data"))
    del body["sku"]
    disk = simulator.wait_for(simulator.call("PUT", disk_id("r1", RESTORES), body))["properties"]["output"]

    assert disk["sku"]["name"] == "Standard_LRS"


def test_a_shrinking_update_fails_and_leaves_the_disk_as_it_was(simulator: Simulator) -> None:
    ended = simulator.wait_for(
        simulator.call("PATCH", disk_id("scratch03", "apps-eastus"), {"properties": {"diskSizeGB": 50}})
    )
    disk = simulator.call("GET", disk_id("scratch03", "apps-eastus")).json()

    assert ended["status"] == "Failed"
    assert disk["properties"]["diskSizeGB"] == 100
    assert disk["properties"]["provisioningState"] == "Succeeded"


def test_growing_a_disk_follows_with_its_tier(simulator: Simulator) -> None:
    simulator.wait_for(simulator.call("PATCH", disk_id("payroll-cmk"), {"properties": {"diskSizeGB": 500}}))

    assert simulator.call("GET", disk_id("payroll-cmk")).json()["properties"]["tier"] == "P20"


def test_a_whole_disk_sent_back_with_a_cheaper_sku_and_its_old_tier_is_taken(simulator: Simulator) -> None:
    disk = simulator.call("GET", disk_id("payroll-cmk")).json()
    assert disk["properties"]["tier"] == "P6"
    changed = {**disk, "sku": {"name": "StandardSSD_LRS"}}
    after = simulator.wait_for(simulator.call("PUT", disk_id("payroll-cmk"), changed))["properties"]["output"]

    assert after["sku"]["name"] == "StandardSSD_LRS"
    assert "tier" not in after["properties"]


def test_tags_are_replaced_by_a_patch(simulator: Simulator) -> None:
    simulator.client(OPERATOR).disks.begin_update(APPS, "web01-os", {"tags": {"a": "b"}}).result()

    assert simulator.call("GET", disk_id("web01-os")).json()["tags"] == {"a": "b"}


def test_an_attached_disk_cannot_be_deleted(simulator: Simulator) -> None:
    with pytest.raises(ResourceExistsError) as refused:
        simulator.client(OPERATOR).disks.begin_delete(APPS, "web01-os")

    assert refused.value.error is not None
    assert refused.value.error.code == "OperationNotAllowed"
    assert "is attached to VM /subscriptions/" in str(refused.value)


@pytest.mark.parametrize(
    ("body", "target"),
    [
        (empty_disk(0), "disk.diskSizeGB"),
        (empty_disk(sku="Golden_LRS"), "sku"),
        (empty_disk(sku="Standard_LRS", properties={"tier": "P30"}), "tier"),
        (empty_disk(128, properties={"tier": "P4"}), "tier"),
        (empty_disk(sku="Standard_LRS", properties={"maxShares": 2}), "maxShares"),
        (empty_disk(128, properties={"maxShares": 9}), "maxShares"),
        (empty_disk(sku="PremiumV2_LRS"), "zones"),
        (empty_disk(zones=["1", "2"]), "zones"),
        (empty_disk(location="westus", zones=["1"]), "zones"),
        (empty_disk(properties={"networkAccessPolicy": "Sometimes"}), "networkAccessPolicy"),
        ({"location": "westeurope", "properties": {}}, "creationData.createOption"),
        ({"location": "westeurope"}, "properties"),
    ],
)
def test_nonsense_is_refused_by_name(simulator: Simulator, body: dict[str, object], target: str) -> None:
    answer = simulator.call("PUT", disk_id("d1", RESTORES), body)

    assert answer.status_code == 400
    assert (answer.json()["error"]["code"], answer.json()["error"]["target"]) == ("InvalidParameter", target)
    assert simulator.call("GET", disk_id("d1", RESTORES)).status_code == 404


@pytest.mark.parametrize("name", ["x" * 81, "a.b", "a%20b", "ümlaut"])
def test_a_name_outside_the_rules_is_refused(simulator: Simulator, name: str) -> None:
    assert simulator.call("PUT", disk_id(name, RESTORES), empty_disk()).status_code == 400


def test_what_is_not_json_is_refused(simulator: Simulator) -> None:
    answer = simulator.call("PUT", disk_id("d1", RESTORES), [])  # type: ignore[arg-type]

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestContent")


def test_the_source_of_a_disk_cannot_be_exchanged(simulator: Simulator) -> None:
    simulator.wait_for(simulator.call("PUT", disk_id("r1", RESTORES), copy_of(take(simulator))))
    answer = simulator.call("PUT", disk_id("r1", RESTORES), copy_of(take(simulator, "s2")))

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
    assert answer.json()["error"]["message"] == (
        "Changing property 'sourceResourceId' is not allowed for existing disk 'r1'."
    )


def test_a_disk_must_lie_in_the_region_of_its_snapshot(simulator: Simulator) -> None:
    body = {**copy_of(take(simulator)), "location": "eastus"}
    answer = simulator.call("PUT", disk_id("r1", RESTORES), body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "OperationNotAllowed")


def test_a_restore_into_the_other_subscription_goes_through(simulator: Simulator) -> None:
    snapshot = take(simulator, source="web01-data")
    answer = simulator.call("PUT", disk_id("r1", RESTORES, SECOND), copy_of(snapshot))

    assert simulator.wait_for(answer)["status"] == "Succeeded"


def test_an_ultra_disk_from_a_snapshot_fills_in_the_background(simulator: Simulator) -> None:
    snapshot = take(simulator, source="sql01-log")
    simulator.pass_time(60)
    simulator.set(time_scale=1.0)
    body = copy_of(snapshot, "UltraSSD_LRS")
    disk = simulator.wait_for(simulator.call("PUT", disk_id("r1", RESTORES), body))["properties"]["output"]

    assert disk["properties"]["completionPercent"] == 0.0
    assert (disk["properties"]["diskIOPSReadWrite"], disk["properties"]["diskMBpsReadWrite"]) == (128, 13)
    assert (disk["properties"]["readOnly"], disk["properties"]["maxShares"]) == (False, 1)
    simulator.pass_time(60)
    assert simulator.call("GET", disk_id("r1", RESTORES)).json()["properties"]["completionPercent"] == 100.0


def test_a_disk_made_anew_under_its_old_name_is_another_disk(simulator: Simulator) -> None:
    simulator.wait_for(simulator.call("PUT", disk_id("d1", RESTORES), empty_disk()))
    before = simulator.call("GET", disk_id("d1", RESTORES)).json()["properties"]["uniqueId"]
    simulator.wait_for(simulator.call("DELETE", disk_id("d1", RESTORES)))
    simulator.wait_for(simulator.call("PUT", disk_id("d1", RESTORES), empty_disk()))

    assert simulator.call("GET", disk_id("d1", RESTORES)).json()["properties"]["uniqueId"] != before


def test_an_instant_is_written_with_at_most_seven_digits_and_no_trailing_zero(simulator: Simulator) -> None:
    created = simulator.call("GET", disk_id("web01-os")).json()["properties"]["timeCreated"]
    fraction = created.partition(".")[2].partition("+")[0]

    assert created.endswith("+00:00")
    assert len(fraction) <= 7
    assert not fraction.endswith("0")


def test_a_disk_deleted_between_two_pages_hides_no_other(simulator: Simulator) -> None:
    simulator.set(page_size=2)
    path = f"{disk_id('x').rsplit('/', 1)[0]}"
    page = simulator.call("GET", path).json()
    simulator.control("POST", "disks/delete-behind", {"id": page["value"][0]["id"]})
    rest = simulator.call("GET", page["nextLink"]).json()

    seen = {disk["name"] for disk in (*page["value"], *rest["value"])}
    assert len(seen) == 4


def _all(simulator: Simulator, subscription: str | None) -> list[dict[str, object]]:
    path = f"/subscriptions/{subscription or disk_id('x').split('/')[2]}/providers/Microsoft.Compute/disks"
    return list(simulator.call("GET", path).json()["value"])


def refused(simulator: Simulator, body: dict[str, Any], name: str = "refused") -> tuple[int, str, str]:
    answer = simulator.call("PUT", disk_id(name, RESTORES), body)
    assert answer.status_code in (400, 409), answer.text
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


@pytest.mark.parametrize("source", ["trusted01-os", "secret01-os", "secret02-os", "secret03-os", "secret04-os"])
def test_a_security_type_cannot_be_named_with_a_copy_and_comes_from_the_snapshot(
    simulator: Simulator, source: str
) -> None:
    snapshot = take(simulator, source=source)
    profile = simulator.call("GET", disk_id(source)).json()["properties"]["securityProfile"]
    status, code, message = refused(simulator, copy_of(snapshot, securityProfile=profile))
    assert (status, code) == (400, "BadRequest")
    assert f"'{profile['securityType']}' is not supported for CreateOption 'Copy'" in message
    made = simulator.wait_for(simulator.call("PUT", disk_id("r1", RESTORES), copy_of(snapshot)))["properties"]["output"]
    assert made["properties"]["securityProfile"] == profile


def test_performance_plus_is_for_large_disks_of_the_older_kinds(simulator: Simulator) -> None:
    def plus(size: int, sku: str = "Premium_LRS", **body: Any) -> dict[str, Any]:
        wanted = empty_disk(size, sku=sku, **body)
        wanted["properties"]["creationData"]["performancePlus"] = True
        return wanted

    assert refused(simulator, plus(512))[:2] == (400, "BadRequest")
    assert refused(simulator, plus(1024, "PremiumV2_LRS", zones=["1"]))[:2] == (400, "BadRequest")
    made = simulator.wait_for(simulator.call("PUT", disk_id("plus", RESTORES), plus(513)))
    assert made["properties"]["output"]["properties"]["creationData"]["performancePlus"] is True


@pytest.mark.parametrize(("size", "sku"), [(512, "Premium_LRS"), (1024, "StandardSSD_LRS")])
def test_bursting_on_demand_is_for_large_premium_disks(simulator: Simulator, size: int, sku: str) -> None:
    assert refused(simulator, empty_disk(size, sku, properties={"burstingEnabled": True}))[0] == 400


@pytest.mark.parametrize(
    ("sku", "size", "iops", "mbps"),
    [
        ("UltraSSD_LRS", 512, 256, 20),
        ("UltraSSD_LRS", 4, 9_000, 20),
        ("UltraSSD_LRS", 64, 1_000, 900),
        ("PremiumV2_LRS", 64, 1_000, 125),
        ("PremiumV2_LRS", 64, 50_000, 125),
        ("PremiumV2_LRS", 64, 3_000, 800),
    ],
)
def test_provisioned_performance_has_bounds(simulator: Simulator, sku: str, size: int, iops: int, mbps: int) -> None:
    wanted = {"diskIOPSReadWrite": iops, "diskMBpsReadWrite": mbps}
    status, code, message = refused(simulator, empty_disk(size, sku, zones=["1"], properties=wanted))
    assert (status, code) == (400, "BadRequest")
    assert f"The supported range for a {sku} disk" in message


def test_a_zone_redundant_disk_is_in_no_zone(simulator: Simulator) -> None:
    status, code, message = refused(simulator, empty_disk(sku="Premium_ZRS", zones=["1"]))
    assert (status, code) == (409, "OperationNotAllowed")
    assert message == "A disk with sku 'Premium_ZRS' cannot be created in an availability zone."


def test_what_machines_may_read_at_most_can_be_set_as_recorded(simulator: Simulator) -> None:
    reads = {"diskIOPSReadOnly": 200, "diskMBpsReadOnly": 30}
    wanted = empty_disk(10, "UltraSSD_LRS", properties=reads)
    made = simulator.wait_for(simulator.call("PUT", disk_id("reads", RESTORES), wanted))["properties"]["output"]
    assert reads.items() <= made["properties"].items()


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({"env": "1", "ENV": "2"}, "InvalidRequestContent"),
        ({"a/b": ""}, "InvalidTagNameCharacters"),
        ({"q?": ""}, "InvalidTagNameCharacters"),
        ({"": ""}, "InvalidTagName"),
        ({"n" * 513: ""}, "InvalidTagName"),
        ({"n": "v" * 257}, "InvalidTagValueLength"),
        ({f"t{number}": "" for number in range(51)}, "InvalidTags"),
    ],
)
def test_tags_that_azure_does_not_take(simulator: Simulator, tags: dict[str, str], code: str) -> None:
    assert refused(simulator, empty_disk(tags=tags))[:2] == (400, code)


@pytest.mark.parametrize(("name", "tag"), [("x" * 80, "team"), ("linked", "hidden-link:/subscriptions/x")])
def test_a_name_of_80_characters_and_hidden_links_of_the_portal_are_taken(
    simulator: Simulator, name: str, tag: str
) -> None:
    assert simulator.call("PUT", disk_id(name, RESTORES), empty_disk(tags={tag: "y"})).status_code == 202
