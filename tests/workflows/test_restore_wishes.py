"""What validation passes, the simulator accepts: over sizes, kinds, zones, tiers, performance, keys, tags and names."""

from __future__ import annotations

import itertools
import json
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.restore import (
    RestoreRequest,
    check_keys,
    check_offer,
    check_restore,
    disk_to_be,
)
from backup_core.domain.restored_disk import encryption_sets_of
from infra.local.arm import disks, offers, resources, seed, skus, snapshots
from infra.local.arm.paths import group_id, parse
from infra.local.arm.seed import FIRST, SECOND
from infra.local.arm.wire import ArmError, Call
from infra.local.arm.world import Resource, World
from tests.builders import point

NOW = 1_800_000_000.0
GROUP = "apps-westeurope"
NUMBERS = itertools.count(1)  # names that no example used before
SIZES = (4, 32, 128, 512, 513, 1_024, 4_096, 8_192, 32_767)


@cache
def world() -> World:
    made = World(Path(tempfile.mkdtemp()), seed=1)
    seed.fill(made, now=NOW)
    disks.register(made)
    snapshots.register(made)
    return made


def call(path: str, body: dict[str, Any], now: float) -> Call:
    return Call(
        method="PUT",
        path=path,
        route=parse(path),
        query={},
        body=json.dumps(body).encode(),
        principal=seed.OPERATOR,
        base_url="https://arm",
        api_version="2026-03-02",
        now=now,
    )


@cache
def offered(region: str) -> dict[str, frozenset[str]]:
    """What the simulator's region has, as our adapter reads it (test_disk_cloud.py)."""
    path = f"/subscriptions/{FIRST}/providers/Microsoft.Compute/skus"
    asked = replace(call(path, {}, NOW), query={"$filter": f"location eq '{region}'"})
    body = offers.read(world(), asked).body
    assert isinstance(body, dict)
    kinds = [row for row in body["value"] if row["resourceType"] == "disks"]
    return {row["name"]: frozenset(row["locationInfo"][0]["zones"]) for row in kinds}


@pytest.mark.parametrize("region", skus.REGIONS)
def test_in_every_region_validation_and_the_simulator_agree_on_kind_and_zone(region: str) -> None:
    """Of a copy of a plain disk, which has no zone to begin with."""
    azure, number = world(), next(NUMBERS)
    now = NOW + 1_000 * number
    plain = {"sku": "Premium_LRS", "size_gib": 32, "used_gib": 1.0, "churn": 0.0, "created": NOW, "special": {}}
    source = seed.make_disk(name=f"plain-{number}", subscription=FIRST, group=GROUP, location=region, **plain)
    azure.keep(source)
    taken = backed_up(azure, source, now)
    for sku, zones in itertools.product([None, *skus.DISK_SKUS], [None, (), ("2",)]):
        name = f"{next(NUMBERS)}-of-{region}"
        target = f"{group_id(FIRST, 'restores-westeurope')}/providers/Microsoft.Compute/disks/{name}"
        request = RestoreRequest(point_id=None, target_disk_id=target, sku=sku, zones=zones)
        faults = [*check_restore(request, taken, is_copy=True), *check_offer(request, taken, offered(region))]
        if zones and str(sku).endswith("_ZRS"):
            continue  # refused by validation; what is asked for leaves the zone out
        refused = refusal(azure, call(target, dict(disk_to_be("job", taken, request.as_json()).body), now + 100))
        assert bool(refused) is bool(faults), f"{sku} in zones {zones} of {region}: {refused} {faults}"


def refusal(azure: World, asked: Call) -> str:
    """Why a disk is not made; "" when it is."""
    try:
        disks.put(azure, asked)
    except ArmError as error:
        return str(error)
    return ""


tag_names = st.sampled_from(["env", "ENV", "cost", "hidden-link:/x", "hidden-title", "a/b", "q?", "t" * 512, "t" * 513])
tags = st.dictionaries(tag_names, st.sampled_from(["", "v", "v" * 256, "v" * 257]), max_size=4)
crowds = st.sampled_from([0, 1, 46, 47, 48, 49, 50])


@st.composite
def sources(draw: st.DrawFn) -> Resource:
    """A disk that Azure would have: made by the simulator's own rules, then as its GET shows it."""
    sku = draw(st.sampled_from(sorted(skus.DISK_SKUS)))
    size = draw(st.sampled_from(SIZES))
    fast = skus.is_background_copied(sku)
    special: dict[str, Any] = {"tags": {f"tag-{n:02}": str(n) for n in range(draw(crowds))}}
    if fast or (not sku.endswith("_ZRS") and draw(st.booleans())):
        special["zones"] = [draw(st.sampled_from(["1", "2", "3"]))]
    if fast:
        floor = 3_000 if sku == "PremiumV2_LRS" else max(100, size)
        iops = floor + draw(st.integers(0, 50))
        special["diskIOPSReadWrite"] = iops if iops <= (500 if sku == "PremiumV2_LRS" else 1_000) * size else floor
        special["diskMBpsReadWrite"] = (
            125 if sku == "PremiumV2_LRS" else max(1, -(-special["diskIOPSReadWrite"] // 256))
        )
        special["sector"] = draw(st.sampled_from([512, 4_096]))
    elif draw(st.booleans()):
        special |= {**seed.SECURE, "security": draw(st.sampled_from(["", "TrustedLaunch"]))}
    if sku.startswith("Premium_"):
        raised = [entry.tier for entry in skus.PREMIUM if entry.gib >= size]
        special["tier"] = draw(st.sampled_from(raised))
        special["burstingEnabled"] = size > 512 and draw(st.booleans())
    special["performancePlus"] = not fast and size > 512 and draw(st.booleans())
    special["maxShares"] = draw(st.integers(1, skus.most_shares(sku, size)))
    special["encrypted"] = draw(st.booleans())
    special["private"], special["closed"] = draw(st.sampled_from([(False, False), (True, False), (False, True)]))
    if special["maxShares"] == 1 and not fast:
        del special["maxShares"]
    return seed.make_disk(
        name=f"source-{next(NUMBERS)}",
        subscription=FIRST,
        group=GROUP,
        location="westeurope",
        sku=sku,
        size_gib=size,
        used_gib=1.0,
        churn=0.0,
        created=NOW,
        special=special,
    )


@st.composite
def wishes(draw: st.DrawFn) -> dict[str, Any]:
    asked = draw(tags)
    asked |= {f"more-{n:02}": "" for n in range(draw(st.sampled_from([0, 0, 0, 44, 46, 47, 48, 49])))}
    return {
        "sku": draw(st.sampled_from([None, None, *skus.DISK_SKUS, "Premium_GRS"])),
        "size_gb": draw(st.sampled_from([None, None, *SIZES, 65_536])),
        "zones": draw(st.sampled_from([None, None, (), ("1",), ("3",), ("1", "2")])),
        "tags": asked,
        "keeps_source_tags": draw(st.booleans()),
        "name": draw(st.sampled_from(["restored", "re_st-ored", "n" * 79, "n" * 85, "a.b", "Ü"])),
        "subscription": draw(st.sampled_from([FIRST, FIRST, SECOND])),
    }


@settings(max_examples=400)
@given(source=sources(), wished=wishes())
def test_what_validation_passes_the_simulator_accepts(source: Resource, wished: dict[str, Any]) -> None:
    """And what it refuses, nobody asks Azure for."""
    azure, number = world(), next(NUMBERS)
    azure.keep(source)
    now = NOW + 1_000 * number
    taken = backed_up(azure, source, now)
    target = f"{group_id(wished['subscription'], 'restores-westeurope')}/providers/Microsoft.Compute/disks/"
    target += f"{wished['name']}{number}" if len(wished["name"]) < 79 else wished["name"]
    request = RestoreRequest(
        point_id=None,
        target_disk_id=target,
        **{name: wished[name] for name in ("sku", "size_gb", "zones", "tags", "keeps_source_tags")},
    )
    faults = [*check_restore(request, taken), *check_keys(encryption_sets_of(taken.disk), request)]
    faults += check_offer(request, taken, offered("westeurope"))
    if faults:
        event("refused by validation")
        return
    event("accepted")
    made = disk_to_be("job", taken, request.as_json())
    try:
        answer = disks.put(azure, call(target, dict(made.body), now + 100))
    except ArmError as error:
        raise AssertionError(f"{error} for {made.body}") from error
    azure.settle(now + 400)
    there = azure.disks.find(target)
    assert answer.status == 202
    assert there.properties["provisioningState"] == "Succeeded"
    assert there.properties.get("securityProfile") == source.properties.get("securityProfile")
    azure.forget(there)


def backed_up(azure: World, source: Resource, now: float) -> RecoveryPoint:
    path = f"{group_id(FIRST, 'snapshots-westeurope')}/providers/Microsoft.Compute/snapshots/{source.name}"
    creation = {"createOption": "Copy", "sourceResourceId": source.id}
    body = {"location": source.location, "properties": {"creationData": creation, "incremental": True}}
    snapshots.put(azure, call(path, body, now))
    azure.settle(now + 90)
    return replace(
        point(),
        snapshot_id=path,
        disk=resources.shown(source, now),
        disk_id=source.id,
        disk_size_bytes=source.properties["diskSizeBytes"],
        location=source.location,
    )
