"""Protect by tag and what Azure tells, end to end: a disk is tagged, changed or deleted in the simulated Azure, its
event travels to the app, and what comes of it is seen through the API and at the topic.
"""

from __future__ import annotations

import base64
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueMessage

from backup_core.domain.errors import DiskNotFound
from backup_core.domain.messages import LookAtResource, decode, encode
from infra.local.demo import wanted
from tests.e2e.stage import GROUP, VAULT, Stage, until
from tests.e2e.targets import started

pytestmark = [pytest.mark.local_target, pytest.mark.timeout(600)]

VERSION = "2026-03-02"
RULE = "tagged"
TAG = {"backup": "e2e"}
WITHIN_A_MINUTE = 60
QUEUE = LookAtResource.queue
DISK_READER = "3e5e47e6-65f7-47ef-90b5-e5dd4d455f24"  # Disk Backup Reader: the rule looks at a whole subscription


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A target of its own: a rule of a whole subscription is nothing to share."""
    with started(tmp_path_factory.mktemp("rules"), env={"DISKBACKUP_SIGN_IN": "function_key"}) as target:
        yield _prepared(Stage(target))


def _prepared(stage: Stage) -> Stage:
    stage.clients.control("PUT", "settings", {"role_propagation_seconds": 0})
    stage.sdk.backup_vaults.begin_create_or_update(GROUP, VAULT, wanted.vault(soft_delete="Off")).result()
    stage.assign(DISK_READER, f"/subscriptions/{stage.subscription}")
    for name, interval in (("minutely", "PT1M"), ("daily", "P1D")):
        stage.sdk.backup_policies.create_or_update(GROUP, VAULT, name, wanted.policy(interval, "PT1H"))
    assert put_rule(stage, RULE, policy="minutely").status_code == 200
    return stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """Ids of disks that were tagged at once, each with its instance's name; waiting for one first point is waiting for
    all. `protected_after` are the seconds until the last of them was protected."""

    disks: dict[str, str]
    names: dict[str, str]
    protected_after: float


@pytest.fixture(scope="module")
def tagged(stage: Stage) -> Tagged:
    """Disks whose tag came after them, with their first points."""
    disks = {name: stage.make_disks(name)[0] for name in ("steady", "wavering", "doomed")}
    assert {state(stage, disk) for disk in disks.values()} == {"none"}
    began = time.monotonic()
    for disk in disks.values():
        tag(stage, disk, **TAG)
    names = {name: becomes(stage, disk, "ProtectionConfigured") for name, disk in disks.items()}
    protected_after = time.monotonic() - began
    for instance in names.values():
        until(lambda instance=instance: stage.visible_points(instance), bool, seconds=90)  # type: ignore[misc]
    return Tagged(disks=disks, names=names, protected_after=protected_after)


@pytest.fixture(scope="module")
def untagged(stage: Stage, tagged: Tagged) -> tuple[float, list[str]]:
    """When `wavering` lost its tag and was seen stopped, and the points that it then had."""
    tag(stage, tagged.disks["wavering"], other="tag")
    name = becomes(stage, tagged.disks["wavering"], "ProtectionStopped")
    stopped_at = time.monotonic()
    until(lambda: _running_jobs(stage, name), lambda running: not running)  # a backup that had begun ends
    return stopped_at, stage.visible_points(name)


def _running_jobs(stage: Stage, name: str) -> list[str]:
    return [
        job["id"]
        for job in stage.jobs()
        if job["status"] == "InProgress" and job["backupInstanceId"].endswith(f"/{name}")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Ids of disks that were deleted in one way each; `points` are those that `doomed` had."""

    queued: str  # its events came through a queue
    doomed: str
    inside: str  # with its group
    points: list[str]


@pytest.fixture(scope="module", autouse=True)
def lost(stage: Stage, tagged: Tagged) -> Lost:
    """Deleted before the first test. None is believed at its first look, and all at their last."""
    doomed = tagged.disks["doomed"]
    points = stage.visible_points(tagged.names["doomed"])
    stage.arm("DELETE", doomed, VERSION)
    inside, queued = _lose_group(stage), _lose_through_a_queue(stage)
    gone = {doomed, inside.partition("/providers/")[0], queued}
    assert {state(stage, disk) for disk in (doomed, inside, queued)} == {"ProtectionConfigured"}
    doubted = set(let_time_pass(stage))
    assert {each.lower() for each in gone} <= {each.resource_id.lower() for each in doubted}
    assert all(each.doubts for each in doubted)
    return Lost(queued=queued, doomed=doomed, inside=inside, points=points)


def _lose_group(stage: Stage) -> str:
    group = "e2e-doomed-group"
    stage.make_group(group, with_role=False)
    disk = f"{stage.group_id(group)}/providers/Microsoft.Compute/disks/inside"
    properties = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 8}
    body = {"location": "westeurope", "sku": {"name": "Premium_LRS"}, "tags": TAG, "properties": properties}
    stage.arm("PUT", disk, VERSION, body)
    becomes(stage, disk, "ProtectionConfigured")
    stage.arm("DELETE", stage.group_id(group), "2021-04-01")
    return disk


def _lose_through_a_queue(stage: Stage) -> str:
    """As infra/azure subscribes the app."""
    through_a_queue = {"endpoint": f"queue:{QUEUE}", "source": "resources", "schema": "CloudEventSchemaV1_0"}
    topic(stage, "PUT", "subscriptions/resources", through_a_queue)
    try:
        (disk,) = stage.make_disks("queued")
        tag(stage, disk, **TAG)
        becomes(stage, disk, "ProtectionConfigured")
        stage.arm("DELETE", disk, VERSION)
        time.sleep(5)
    finally:
        topic(stage, "PUT", "subscriptions/resources", webhook(stage))
    return disk


def let_time_pass(stage: Stage) -> Iterator[LookAtResource]:
    """Every resource that is to be looked at again is looked at for the last time now, and not after five minutes.
    Answers the looks that waited."""
    queue = stage.queue(QUEUE)
    limit = time.monotonic() + 400
    while not _is_empty_within(stage, seconds=5):
        assert time.monotonic() < limit, "looks come back without end"
        with frozen_host(stage):
            taken = list(_waiting_looks(queue, seconds=15))
            for message, look in taken:
                queue.delete_message(message)
                stage.put_message(QUEUE, encode(replace(look, doubts=DiskNotFound.doubts)))
        yield from (look for _, look in taken if look.doubts < DiskNotFound.doubts)
        until(queue.peek_messages, lambda left: not left)


def _is_empty_within(stage: Stage, *, seconds: float) -> bool:
    """What the host works at counts until it is done: to be frozen in the midst of it would help nobody."""
    limit = time.monotonic() + seconds
    while stage.waiting(QUEUE):
        if time.monotonic() > limit:
            return False
        time.sleep(0.25)
    return True


@contextmanager
def frozen_host(stage: Stage) -> Iterator[None]:
    stage.target.kill_host(0, signal.SIGSTOP)
    try:
        yield
    finally:
        stage.target.kill_host(0, signal.SIGCONT)


def _waiting_looks(queue: QueueClient, *, seconds: float) -> Iterator[tuple[QueueMessage, LookAtResource]]:
    """Each as its delay ends. What the host held when it was frozen is not among them."""
    limit = time.monotonic() + seconds
    left = queue.get_queue_properties().approximate_message_count or 0
    while left and time.monotonic() < limit:
        for message in queue.receive_messages(visibility_timeout=60):
            yield message, decode(base64.b64decode(message.content), [LookAtResource])
            left -= 1
        time.sleep(0.25)


def put_rule(stage: Stage, name: str, *, policy: str, tag: dict[str, str] | None = None, **more: Any) -> Any:
    return ask(stage, "PUT", f"protectionRules/{name}", rule_body(stage, policy=policy, tag=tag, **more))


def rule_body(stage: Stage, *, policy: str, tag: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    conditions = [{"name": name, "values": [value]} for name, value in (tag or TAG).items()]
    properties = {
        "scope": f"/subscriptions/{stage.subscription}",
        "tagConditions": conditions,
        "policyId": f"{stage.vault_id}/backupPolicies/{policy}",
        "snapshotResourceGroupId": stage.group_id("snapshots-westeurope"),
        "priority": 100,
    }
    return {"properties": properties | more}


def ask(stage: Stage, method: str, path: str, body: Any = None) -> requests.Response:
    return stage.call(method, f"{stage.vault_id}/{path}", params={"api-version": "2026-06-01"}, json=body)


def tag(stage: Stage, disk: str, **tags: str) -> None:
    stage.arm("PATCH", disk, VERSION, {"tags": tags})


def instance_of(stage: Stage, disk: str) -> str | None:
    """The name of the instance that protects a disk."""
    path = f"{disk}/providers/Microsoft.DataProtection/backupInstances"
    found = stage.call("GET", path, params={"api-version": "2026-06-01"}).json()["value"]
    return found[0]["name"] if found else None


def state(stage: Stage, disk: str) -> str:
    name = instance_of(stage, disk)
    if name is None:
        return "none"
    properties = stage.sdk.backup_instances.get(GROUP, VAULT, name).properties
    return str(properties.as_dict()["currentProtectionState"])


def becomes(stage: Stage, disk: str, wanted_state: str, *, seconds: float = WITHIN_A_MINUTE) -> str:
    """Waits for the state; answers the instance's name."""
    until(lambda: state(stage, disk), lambda seen: seen == wanted_state, seconds=seconds)
    name = instance_of(stage, disk)
    assert name is not None
    return name


def topic(stage: Stage, method: str, path: str, body: Any = None) -> Any:
    answer = requests.request(
        method,
        f"{stage.endpoints['eventgrid']}/_topic/{path}",
        json=body,
        verify=stage.endpoints["ca_file"],
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def poisoned(stage: Stage) -> int:
    """The host makes the queue with its first message."""
    try:
        return stage.waiting(f"{QUEUE}-poison")
    except ResourceNotFoundError:
        return 0


# ---------------------------------------------------------------- tags


def test_a_tagged_disk_is_protected_within_a_minute_and_has_its_first_point(stage: Stage, tagged: Tagged) -> None:
    assert tagged.protected_after < WITHIN_A_MINUTE
    made = stage.sdk.backup_instances.get(GROUP, VAULT, tagged.names["steady"])
    assert made.tags == {"diskbackup-rule": RULE}
    assert len(stage.taken("steady-")) >= 1


def test_an_untagged_disk_is_stopped_and_says_why(
    stage: Stage, tagged: Tagged, untagged: tuple[float, list[str]]
) -> None:
    name = tagged.names["wavering"]
    error = stage.sdk.backup_instances.get(GROUP, VAULT, name).properties.as_dict()["protectionErrorDetails"]
    assert error["code"] == "NoProtectionRuleMatches"
    (stopped,) = until(lambda: stage.events("Protection.Stopped", name), bool)
    assert stopped["data"]["dataSourceId"] == tagged.disks["wavering"]
    assert untagged[1]


def test_a_disk_without_the_tag_is_left_alone(stage: Stage) -> None:
    (disk,) = stage.make_disks("plain")
    tag(stage, disk, backup="other")
    (marker,) = stage.make_disks("marker")
    tag(stage, marker, **TAG)
    becomes(stage, marker, "ProtectionConfigured")
    assert state(stage, disk) == "none"


def test_a_new_rule_is_tried_dry_and_then_protects_the_disks_that_are_there_within_a_minute(stage: Stage) -> None:
    disks = stage.make_disks("waiting", 3)
    for disk in disks:
        tag(stage, disk, tier="gold")
    body = rule_body(stage, policy="daily", tag={"tier": "gold"}, excludedIds=[disks[2]])
    run = ask(stage, "POST", "protectionRules/golden/dryRun", body).json()["value"]
    assert {each["dataSourceId"] for each in run if each["action"] == "Protect"} == set(disks[:2])
    assert {state(stage, disk) for disk in disks} == {"none"}
    assert ask(stage, "PUT", "protectionRules/golden", body).status_code == 200
    for disk in disks[:2]:
        becomes(stage, disk, "ProtectionConfigured")
    assert state(stage, disks[2]) == "none"
    assert ask(stage, "DELETE", "protectionRules/golden").status_code == 200
    for disk in disks[:2]:
        becomes(stage, disk, "ProtectionStopped")


def test_a_tag_is_seen_by_the_reconciler_where_no_event_came(stage: Stage) -> None:
    subscription = _unsubscribed(stage)
    try:
        (disk,) = stage.make_disks("unheard")
        tag(stage, disk, **TAG)
        stage.clients.run_function("reconcile")
        becomes(stage, disk, "ProtectionConfigured")
    finally:
        topic(stage, "PUT", "subscriptions/resources", subscription)


def _unsubscribed(stage: Stage) -> dict[str, Any]:
    """The app hears nothing; answers how it is subscribed again."""
    topic_url = f"{stage.endpoints['eventgrid']}/_topic/subscriptions/resources"
    assert requests.delete(topic_url, verify=stage.endpoints["ca_file"], timeout=60).status_code == 200
    return webhook(stage)


def webhook(stage: Stage) -> dict[str, Any]:
    path = f"runtime/webhooks/eventgrid?functionName=resource_changed&code={stage.endpoints['event_grid_key']}"
    return {"endpoint": f"{stage.endpoints['api']}/{path}", "source": "resources"}


# ---------------------------------------------------------------- what is gone


def test_a_snapshot_deleted_behind_our_back_is_a_lost_point_at_once_and_a_backup_soon(stage: Stage) -> None:
    assert put_rule(stage, "bronze", policy="daily", tag={"tier": "bronze"}).status_code == 200
    (disk,) = stage.make_disks("robbed")
    tag(stage, disk, tier="bronze")
    name = becomes(stage, disk, "ProtectionConfigured")
    stage.ended(stage.back_up(name))
    (point,) = stage.visible_points(name)
    (snapshot,) = stage.taken("robbed-")
    stage.clients.control("POST", "snapshots/delete-behind", {"id": snapshot})
    (told,) = until(lambda: stage.events("RecoveryPoint.Lost", name), bool)
    assert told["data"]["recoveryPointId"] == point
    again = until(lambda: stage.visible_points(name), lambda seen: seen not in ([], [point]), seconds=100)
    assert point not in again


def test_the_loss_of_a_disk_stops_its_protection_keeps_its_points_and_is_told(
    stage: Stage, tagged: Tagged, lost: Lost
) -> None:
    name = tagged.names["doomed"]
    becomes(stage, lost.doomed, "ProtectionStopped")
    error = stage.sdk.backup_instances.get(GROUP, VAULT, name).properties.as_dict()["protectionErrorDetails"]
    assert error["code"] == "UserErrorManagedDiskNotFound"
    (told,) = until(lambda: _naming(stage, "SourceDisk.Deleted", name), bool)
    assert told["data"]["error"]["code"] == "UserErrorManagedDiskNotFound"
    assert set(lost.points) <= set(stage.visible_points(name))


def _naming(stage: Stage, kind: str, name: str) -> list[dict[str, Any]]:
    """Digests may tell of several instances."""
    return [event for event in stage.events(kind) if name in event["data"]["affectedItems"]]


def test_the_loss_of_a_group_is_the_loss_of_its_disks(stage: Stage, lost: Lost) -> None:
    becomes(stage, lost.inside, "ProtectionStopped")


def test_events_that_come_through_a_queue_as_cloud_events_do_the_same(stage: Stage, lost: Lost) -> None:
    becomes(stage, lost.queued, "ProtectionStopped")
    assert poisoned(stage) == 0


# ---------------------------------------------------------------- last: what time was given to show


def test_a_stopped_disk_kept_its_points_and_got_no_more_until_it_is_tagged_again(
    stage: Stage, tagged: Tagged, untagged: tuple[float, list[str]]
) -> None:
    name, (stopped_at, points) = tagged.names["wavering"], untagged
    time.sleep(max(0.0, stopped_at + 65 - time.monotonic()))
    assert stage.visible_points(name) == points
    assert len(stage.visible_points(tagged.names["steady"])) > 1, "time passed for the others"
    tag(stage, tagged.disks["wavering"], **TAG)
    becomes(stage, tagged.disks["wavering"], "ProtectionConfigured")
    until(lambda: stage.visible_points(name), lambda seen: len(seen) > len(points), seconds=90)
