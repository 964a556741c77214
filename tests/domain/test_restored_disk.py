"""What a restored disk is to be, and what of its source it cannot have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from backup_core.domain.restored_disk import RestoredDisk, Wishes, restored_disk
from tests.builders import disk_json

SNAPSHOT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/snapshots/one"
OWN = {"diskbackup-restore-job": "job", "diskbackup-restored-from": SNAPSHOT}


def restored(source: Mapping[str, Any], *, tags: Mapping[str, str] | None = None, **wishes: Any) -> RestoredDisk:
    size = int(source["properties"]["diskSizeGB"]) << 30
    wanted = Wishes(tags=tags or {}, own_tags=OWN, **wishes)
    return restored_disk(source, wanted, snapshot_id=SNAPSHOT, snapshot_bytes=size, location="westeurope")


def properties(source: Mapping[str, Any], **wishes: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = restored(source, **wishes).body["properties"]
    return found


# --- What the snapshot carries by itself ---


@pytest.mark.parametrize("kind", ["TrustedLaunch", "ConfidentialVM_DiskEncryptedWithPlatformKey"])
def test_the_security_type_of_an_os_disk_is_left_to_the_snapshot(kind: str) -> None:
    source = disk_json(osType="Linux", hyperVGeneration="V2", securityProfile={"securityType": kind})
    made = restored(source)
    assert "securityProfile" not in made.body["properties"]
    assert (made.body["properties"]["osType"], made.losses) == ("Linux", ())


# --- Performance ---


@pytest.mark.parametrize(
    ("tier", "size_gb", "wanted_gb", "sent"),
    [
        ("P10", 128, None, None),  # comes with the size
        ("P10", 128, 256, None),  # below what the new size has
        ("P20", 128, 256, "P20"),  # raised, and still above
        ("P20", 128, 512, None),  # what the new size has anyway
        ("P40", 1_024, None, "P40"),
        ("P40", 1_024, 8_192, None),
        ("P99", 128, None, None),  # unknown here: Azure's own word for the size is surer
    ],
)
def test_a_raised_tier_is_kept_while_it_is_above_what_the_size_brings(
    tier: str, size_gb: int, wanted_gb: int | None, sent: str | None
) -> None:
    source = disk_json(size_gb=size_gb, tier=tier)
    assert properties(source, size_gb=wanted_gb).get("tier") == sent
    assert properties(source, size_gb=wanted_gb, sku="Premium_LRS").get("tier") == sent
    assert properties(source, size_gb=wanted_gb, sku="Premium_ZRS").get("tier") == sent
    assert "tier" not in properties(source, size_gb=wanted_gb, sku="StandardSSD_LRS")


@pytest.mark.parametrize(("sku", "kept"), [(None, True), ("Premium_ZRS", True), ("StandardSSD_LRS", False)])
def test_bursting_on_demand_stays_with_large_premium_disks(sku: str | None, kept: bool) -> None:
    assert ("burstingEnabled" in properties(disk_json(size_gb=1_024, burstingEnabled=True), sku=sku)) is kept
    assert "burstingEnabled" not in properties(disk_json(size_gb=512, burstingEnabled=True))


def test_performance_plus_is_kept_where_size_and_kind_allow_and_else_said() -> None:
    source = disk_json(size_gb=1_024, creationData={"createOption": "Empty", "performancePlus": True})
    for kept in (restored(source), restored(source, sku="StandardSSD_LRS"), restored(source, size_gb=4_096)):
        assert (kept.body["properties"]["creationData"]["performancePlus"], kept.losses) == (True, ())
    lost = restored(source, sku="PremiumV2_LRS")
    assert "performancePlus" not in lost.body["properties"]["creationData"]
    assert lost.losses == ("performance plus: a PremiumV2_LRS disk of 1024 GB cannot have it",)


def test_an_ultra_disk_that_grows_has_at_least_what_its_size_needs() -> None:
    source = disk_json(sku="UltraSSD_LRS", size_gb=128, diskIOPSReadWrite=200, diskMBpsReadWrite=1)
    assert properties(source)["diskIOPSReadWrite"] == 200
    grown = properties(source, size_gb=1_024)
    assert (grown["diskIOPSReadWrite"], grown["diskMBpsReadWrite"]) == (1_024, 4)


def test_provisioned_performance_that_does_not_go_over_to_another_fast_kind_is_said() -> None:
    source = disk_json(sku="PremiumV2_LRS", zones=["1"], diskIOPSReadWrite=9_000, diskMBpsReadWrite=300)
    made = restored(source, sku="UltraSSD_LRS")
    assert "diskIOPSReadWrite" not in made.body["properties"]
    (loss,) = made.losses
    assert "9000 IOPS and 300 MB/s" in loss


def test_what_machines_may_read_at_most_goes_over_to_a_disk_of_the_same_fast_kind() -> None:
    reads = {"diskIOPSReadOnly": 900, "diskMBpsReadOnly": 30}
    source = disk_json(sku="UltraSSD_LRS", **reads)
    assert reads.items() <= properties(source).items()
    assert not set(reads) & set(properties(source, sku="Premium_LRS"))


@pytest.mark.parametrize(
    ("sku", "shares", "losses"), [(None, 10, 0), ("StandardSSD_LRS", 10, 0), ("Standard_LRS", None, 1)]
)
def test_shares_are_kept_up_to_what_the_new_disk_can_have(sku: str | None, shares: int | None, losses: int) -> None:
    made = restored(disk_json(size_gb=8_192, maxShares=10), sku=sku)
    assert (made.body["properties"].get("maxShares"), len(made.losses)) == (shares, losses)


# --- Size, network ---


def test_a_disk_that_grew_while_it_was_backed_up_is_as_large_as_its_snapshot() -> None:
    wanted = Wishes(tags={}, own_tags=OWN)
    made = restored_disk(disk_json(size_gb=64), wanted, snapshot_id=SNAPSHOT, snapshot_bytes=128 << 30, location="x")
    assert made.body["properties"]["diskSizeGB"] == 128


@pytest.mark.parametrize(
    ("policy", "named"), [("AllowAll", False), ("DenyAll", False), ("AllowPrivate", True), (None, False)]
)
def test_a_disk_access_is_named_for_a_private_disk_only(policy: str | None, named: bool) -> None:
    source = disk_json(networkAccessPolicy=policy, diskAccessId="/access", dataAccessAuthMode="AzureActiveDirectory")
    made = properties(source)
    assert ("diskAccessId" in made) is named
    assert made.get("networkAccessPolicy") == policy
    assert made["dataAccessAuthMode"] == "AzureActiveDirectory"


# --- Tags ---


def many(count: int) -> dict[str, str]:
    return {f"tag-{number:02}": str(number) for number in range(count)}


@pytest.mark.parametrize(("count", "lost"), [(0, 0), (48, 0), (49, 1), (50, 2)])
def test_source_tags_that_do_not_fit_stay_behind_by_name_and_the_job_says_which(count: int, lost: int) -> None:
    made = restored(disk_json(tags=many(count)))
    assert len(made.body["tags"]) == min(count + 2, 50)
    assert OWN.items() <= made.body["tags"].items()
    assert len(made.losses) == min(lost, 1)
    for name in list(many(count))[count - lost :] if lost else ():
        assert name not in made.body["tags"]
        assert f"'{name}'" in made.losses[0]


def test_tags_of_the_request_go_first() -> None:
    made = restored(disk_json(tags=many(50)), tags={"why": "drill", "tag-49": "mine"})
    assert made.body["tags"]["why"] == "drill"
    assert made.body["tags"]["tag-49"] == "mine"
    assert len(made.body["tags"]) == 50


def test_names_of_tags_are_compared_without_case() -> None:
    source = disk_json(tags={"env": "production", "Diskbackup-Restore-Job": "an earlier one"})
    tags = restored(source, tags={"ENV": "test"}).body["tags"]
    assert tags == {**OWN, "ENV": "test"}


def test_the_source_s_tags_can_be_left_behind() -> None:
    made = restored(disk_json(tags=many(50)), tags={"why": "drill"}, keeps_source_tags=False)
    assert (made.body["tags"], made.losses) == ({**OWN, "why": "drill"}, ())


def test_links_of_the_portal_stay_behind_and_other_hidden_tags_come_along() -> None:
    link = "hidden-link:/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/x"
    source = disk_json(tags={link: "Resource", "hidden-title": "Archive", "azsecpack": "nonprod"})
    made = restored(source)
    assert made.body["tags"] == {**OWN, "hidden-title": "Archive", "azsecpack": "nonprod"}
    assert made.losses == ()
