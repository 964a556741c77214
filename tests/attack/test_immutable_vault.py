"""A stolen token of a contributor against an immutable vault: whatever the API offers is tried on all that is in it,
each try is on record, and no recovery point goes before it was promised to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from backup_core.api.access import is_change
from backup_core.api.routes import ROUTES
from backup_core.domain.vault import Promises
from backup_core.workflows.reconcile import reconcile
from tests.api.bodies import (
    POLICY_PATH,
    RULE_PATH,
    VAULT_PATH,
    backup_body,
    instance_body,
    policy_body,
    rule_body,
    vault_body,
)
from tests.api.standing import WORKING, filled
from tests.api.tenant import CONTRIBUTOR, PERSON, SOMEBODY_ELSE, bearer, guarded
from tests.builders import disk_id, disk_json
from tests.workflows.platform import Platform

THIEF, OWNER = bearer(CONTRIBUTOR), bearer(CONTRIBUTOR, oid=SOMEBODY_ELSE)
NAMES = tuple(f"instance-{number}" for number in range(1, 4))
SHORT = f"{VAULT_PATH}/backupPolicies/short"
LOCKED = {
    "softDeleteSettings": {"state": "AlwaysOn", "retentionDurationInDays": 14.0},
    "immutabilitySettings": {"state": "Locked"},
}


def path_of(name: str) -> str:
    return f"{VAULT_PATH}/backupInstances/{name}"


def prepared(*, before: Callable[[Platform], None] = lambda platform: None) -> Platform:
    """A locked vault with three disks of two points each; one disk is stopped, and one point is held. Something may be
    added `before` the first is taken."""
    platform = Platform()
    front = guarded(platform.world)
    body = vault_body()
    body["properties"]["securitySettings"] = LOCKED
    wanted: list[tuple[str, Any]] = [(VAULT_PATH, body), (POLICY_PATH, policy_body(retention="P30D"))]
    for number, name in enumerate(NAMES, 1):
        platform.world.cloud.add_disk(disk_json(f"disk-{number}"))
        wanted.append((path_of(name), instance_body(disk_id(f"disk-{number}"))))
    for path, content in wanted:
        reply = front.put(path, content, headers=OWNER)
        assert reply.status < 300, reply.text
    platform.run(seconds=5)
    before(platform)
    for _ in range(2):
        for name in NAMES:
            assert front.post(f"{path_of(name)}/backup", backup_body(), headers=OWNER).status == 202
        platform.run(minutes=2)
    assert all(len(platform.points(name)) == 2 for name in NAMES)
    assert front.post(f"{path_of(NAMES[1])}/stopProtection", {}, headers=OWNER).status == 202
    held = f"{path_of(NAMES[2])}/recoveryPoints/{platform.points(NAMES[2])[-1].point_id}/legalHolds/case-1"
    assert front.put(held, {"properties": {"reason": "a court asked for it"}}, headers=OWNER).status == 200
    return platform


Try = tuple[str, str, Any]


def weaker(**settings: Any) -> dict[str, Any]:
    return {"properties": {"securitySettings": settings}}


def of_the_vault() -> Iterator[Try]:
    for settings in (
        {"immutabilitySettings": {"state": "Disabled"}},
        {"immutabilitySettings": {"state": "Unlocked"}},
        {"softDeleteSettings": {"state": "Off"}},
        {"softDeleteSettings": {"retentionDurationInDays": 14.0}},
        {"deletionBrakeSettings": {"sharePercent": 100}},
    ):
        yield "PATCH", VAULT_PATH, weaker(**settings)
        yield "PUT", VAULT_PATH, {**vault_body(), **weaker(**settings)}
    for route in ROUTES:
        if "{instance}" not in route.template:
            yield from _of_route(route, hold="case-1")
    yield "PUT", SHORT, policy_body(retention="P1D")
    yield "PUT", POLICY_PATH, policy_body(retention="P1D")
    yield "PUT", RULE_PATH, rule_body(policyId=SHORT, priority=1)
    yield "DELETE", POLICY_PATH, None
    yield "DELETE", VAULT_PATH, None


def of_an_instance(platform: Platform, name: str) -> Iterator[Try]:
    """Everything that a row of the table offers on an instance and its points, and what a body can be made to say."""
    path, disk = path_of(name), disk_id(f"disk-{name[-1]}")
    yield "PUT", path, instance_body(disk, policy="short")
    for point in platform.points(name):
        for route in ROUTES:
            if "{point}" in route.template:
                yield from _of_route(route, instance=name, point=point.point_id, hold="case-1")
    for route in ROUTES:
        if "{instance}" in route.template and "{point}" not in route.template:
            yield from _of_route(route, instance=name, hold="case-1")
    yield "DELETE", path, None


def _of_route(route: Any, **names: str) -> Iterator[Try]:
    for method, row in route.endpoints.items():
        if is_change(route, method) and "backupVaults/{vault}" in route.template:
            yield method, f"/{filled(route.template, **names)}", WORKING.get(row.body)


def try_all(platform: Platform, tries: Iterable[Try]) -> None:
    """One after another: none is a fault of ours, and each is on record."""
    for method, path, body in tries:
        before = len(platform.world.audit.records)
        reply = guarded(platform.world).send(method, path, body, headers=THIEF)
        assert reply.status < 500, (method, path, reply.text)
        *_, record = platform.world.audit.records[before:]
        assert (record.caller_id, record.status) == (PERSON, reply.status), (method, path)
    platform.run(minutes=10)
    reconcile(platform.world.ports)


def let_three_weeks_pass(platform: Platform) -> None:
    """Soft delete is over, and no promise is."""
    for _ in range(3):
        platform.world.clock.advance(days=7)
        platform.run(minutes=5)
        reconcile(platform.world.ports)


@pytest.mark.parametrize("backwards", [False, True])
def test_whatever_is_tried_no_point_goes_before_its_time_and_each_try_is_on_record(backwards: bool) -> None:
    platform = prepared()
    platform.world.promises = Promises(weakening_delay=timedelta(0))  # the vault's lock alone is what keeps them
    kept = {each.snapshot_id: each.expires_at for name in NAMES for each in platform.points(name)}
    for _ in range(2):
        tries = list(of_the_vault())
        for name in NAMES:
            tries += of_an_instance(platform, name)
        try_all(platform, reversed(tries) if backwards else tries)
    let_three_weeks_pass(platform)
    there = set(platform.world.cloud.snapshot_ids())
    recorded = {each.snapshot_id: each.expires_at for name in NAMES for each in platform.points(name)}
    assert kept.keys() <= there, "a snapshot is gone"
    assert all(recorded[snapshot] == expires_at for snapshot, expires_at in kept.items()), "a promise was shortened"
    assert platform.world.cloud.removed == []
