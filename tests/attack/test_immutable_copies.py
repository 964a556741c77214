"""A stolen token of a contributor, and the app's identity itself, against the copies of an immutable vault: whatever is
tried by rules, regions, groups, keys, tags and deletions, no copy goes before it was promised to, and each try that is
made through the app is on record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from backup_core.domain.copying import PointCopy
from backup_core.domain.errors import BackupError
from backup_core.domain.recovery_point import HOLD_TAG, TAG_PREFIX
from backup_core.domain.vault import Promises
from backup_core.workflows.reconcile import reconcile
from tests.api.bodies import (
    COPY_RULE_PATH,
    POLICY_PATH,
    VAULT_PATH,
    copy_rule_body,
    hard_deleting,
    instance_body,
    policy_body,
    vault_body,
)
from tests.api.tenant import guarded
from tests.attack.test_immutable_vault import NAMES, OWNER, Try, let_three_weeks_pass, path_of, prepared, try_all
from tests.builders import SNAPSHOT_GROUP, SUBSCRIPTION, TARGET_GROUP, disk_id
from tests.workflows.platform import Platform

ELSEWHERE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/a-thiefs-own"
KEY = f"{ELSEWHERE}/providers/Microsoft.Compute/diskEncryptionSets/own"


def with_copies() -> Platform:
    """As `prepared`, with two whole copies of each disk, which Azure keeps."""
    platform = prepared(before=copy)
    platform.run(minutes=20)
    platform.world.promises = Promises(binds_snapshots=True, weakening_delay=timedelta(0))
    reconcile(platform.world.ports)
    platform.run(minutes=2)
    assert len(copies(platform)) == 6
    for each in copies(platform):
        assert each.is_whole
        bound = platform.immutable_until(each.snapshot_id)
        assert bound is not None
        assert bound >= each.expires_at
    return platform


def copy(platform: Platform) -> None:
    """The owner's rule, from before there are points."""
    platform.world.cloud.add_group(TARGET_GROUP)
    reply = guarded(platform.world).put(COPY_RULE_PATH, copy_rule_body(), headers=OWNER)
    assert reply.status == 200, reply.text


def copies(platform: Platform) -> list[PointCopy]:
    return [each for name in NAMES for each in platform.copies(name)]


def by_the_api(platform: Platform) -> Iterator[Try]:
    """What shortens, swaps, moves and deletes, one after another."""
    changes: tuple[Mapping[str, Any], ...] = (
        {"retentions": [{"tagName": "Default", "duration": "PT1H"}]},
        {"snapshotResourceGroupId": ELSEWHERE},
        {"snapshotResourceGroupId": SNAPSHOT_GROUP.text},
        {"targetLocation": "westus"},
        {"diskEncryptionSetId": KEY},
        {"policyId": f"{VAULT_PATH}/backupPolicies/short"},
        {"retentions": [{"tagName": "Weekly", "duration": "P1D"}]},
    )
    yield "PUT", f"{VAULT_PATH}/backupPolicies/short", policy_body(retention="P1D")
    for change in changes:
        yield "PUT", COPY_RULE_PATH, copy_rule_body(**change)
    yield "DELETE", COPY_RULE_PATH, None
    for change in changes:  # as another rule of the same region, and under the old name
        yield "PUT", f"{VAULT_PATH}/copyRules/mine", copy_rule_body(**change)
        yield "DELETE", f"{VAULT_PATH}/copyRules/mine", None
        yield "PUT", COPY_RULE_PATH, copy_rule_body(**change)
    yield "PUT", POLICY_PATH, policy_body(retention="P1D")
    yield "PATCH", VAULT_PATH, {"properties": {"securitySettings": {"immutabilitySettings": {"state": "Disabled"}}}}
    yield "PUT", VAULT_PATH, hard_deleting(vault_body())
    for name in NAMES:
        path = path_of(name)
        yield "PUT", path, instance_body(disk_id(f"disk-{name[-1]}"), policy="short")
        for each in platform.copies(name):
            yield "DELETE", f"{path}/recoveryPoints/{each.point_id}", None
            yield "DELETE", f"{path}/recoveryPoints/{each.point_id}/legalHolds/case-1", None
        yield "POST", f"{path}/stopProtection", {}
        yield "POST", f"{path}/resumeProtection", {}
        yield "DELETE", path, None
    yield "DELETE", VAULT_PATH, None


def keep_all(platform: Platform, kept: Mapping[str, datetime]) -> None:
    there = set(platform.world.cloud.snapshot_ids())
    assert kept.keys() <= there, "a copy is gone"
    recorded = {each.snapshot_id: each.expires_at for each in copies(platform)}
    assert kept.items() <= recorded.items(), "a promise was shortened, or nobody knows of a copy any more"


@pytest.mark.parametrize("backwards", [False, True])
def test_a_contributor_loses_no_copy_and_each_try_is_on_record(backwards: bool) -> None:
    platform = with_copies()
    kept = {each.snapshot_id: each.expires_at for each in copies(platform)}
    for _ in range(2):
        tries = list(by_the_api(platform))
        try_all(platform, reversed(tries) if backwards else tries)
        keep_all(platform, kept)
    let_three_weeks_pass(platform)
    keep_all(platform, kept)
    assert not [each for each in platform.world.cloud.removed if each in kept]


def past_the_app(platform: Platform, target: PointCopy) -> Iterator[BackupError | None]:
    """What the app's identity may ask of Azure about a copy, by the same calls; answers how each was refused."""
    cloud = platform.world.cloud
    tags = dict((cloud.shown(target.snapshot_id) or {})["tags"])
    for act in (
        lambda: cloud.delete_snapshot(target.snapshot_id),
        lambda: cloud.bind_snapshot(target.snapshot_id, days=1),
        lambda: cloud.tag_snapshot(target.snapshot_id, {}),
        lambda: cloud.tag_snapshot(target.snapshot_id, {**tags, f"{TAG_PREFIX}retention": "PT1H"}),
        lambda: cloud.tag_snapshot(target.snapshot_id, {**tags, f"{TAG_PREFIX}point": "f" * 32}),
        lambda: cloud.tag_snapshot(target.snapshot_id, {**tags, HOLD_TAG: ""}),
        lambda: cloud.delete_snapshot(target.source_id),
        lambda: cloud.delete_snapshot(target.snapshot_id),
    ):
        try:
            act()
            yield None
        except BackupError as error:
            yield error


def test_the_apps_own_identity_loses_no_copy_by_deleting_and_what_it_retags_the_app_does_not_delete() -> None:
    platform = with_copies()
    kept = {each.snapshot_id: each.expires_at for each in copies(platform)}
    for each in copies(platform):
        first, shorter, *retagged, of_source, again = past_the_app(platform, each)
        assert all(error is not None for error in (first, shorter, of_source, again)), "Azure keeps it"
        assert retagged == [None] * 4, "tags are no lock"
    for _ in range(3):
        platform.run(minutes=10)
        reconcile(platform.world.ports)
        platform.world.clock.advance(days=7)
    keep_all(platform, kept)


def test_once_their_promise_is_over_copies_go_so_that_the_tries_prove_something() -> None:
    platform = with_copies()
    first = min(copies(platform), key=lambda each: each.point_at)
    assert first.immutable_until is not None
    platform.world.clock.set(max(each.immutable_until for each in copies(platform) if each.immutable_until))
    platform.run(minutes=30)
    reconcile(platform.world.ports)
    platform.run(minutes=30)
    assert first.snapshot_id in platform.world.cloud.removed
