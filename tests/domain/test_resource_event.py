"""Reading Event Grid's events: both schemas, what names the resource, and all that is none of our business."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup_core.domain.messages import LookAtResource, encode
from backup_core.domain.resource_event import (
    ABSENT,
    DELETED,
    GROUP,
    RULED,
    SUBSCRIPTION,
    WRITTEN,
    ResourceHint,
    read_event,
    read_message,
)
from backup_core.domain.resource_ids import DISK, SNAPSHOT
from tests.builders import DISK_GROUP, disk_id, snapshot_id
from tests.builders import SUBSCRIPTION as SUBSCRIPTION_ID

IDS = {DISK: disk_id(), SNAPSHOT: snapshot_id(), GROUP: DISK_GROUP.text}


def grid_event(resource_id: str, what: str = "ResourceDeleteSuccess", **changes: Any) -> dict[str, Any]:
    event = {
        "id": "1",
        "topic": f"/subscriptions/{SUBSCRIPTION_ID}",
        "subject": resource_id,
        "eventType": f"Microsoft.Resources.{what}",
        "eventTime": "2026-03-02T09:00:00Z",
        "data": {"resourceUri": resource_id, "operationName": "Microsoft.Compute/disks/delete", "status": "Succeeded"},
        "dataVersion": "2",
    }
    return event | changes


def cloud_event(resource_id: str, what: str = "ResourceDeleteSuccess", **changes: Any) -> dict[str, Any]:
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": f"/subscriptions/{SUBSCRIPTION_ID}",
        "subject": resource_id,
        "type": f"Microsoft.Resources.{what}",
        "data": {"resourceUri": resource_id},
    }
    return event | changes


@pytest.mark.parametrize("make", [grid_event, cloud_event])
@pytest.mark.parametrize("kind", IDS)
@pytest.mark.parametrize(("what", "change"), [("ResourceWriteSuccess", WRITTEN), ("ResourceDeleteSuccess", DELETED)])
def test_both_schemas_tell_what_happened_to_what(make: Any, kind: str, what: str, change: str) -> None:
    told = read_event(make(IDS[kind], what))
    assert told == ResourceHint(change=change, resource_id=IDS[kind], type=kind)


def test_the_type_of_the_event_and_of_the_resource_are_read_without_case() -> None:
    told = read_event(grid_event(disk_id().upper(), "resourcedeleteSUCCESS"))
    assert told.type == DISK
    assert told.resource_id.lower() == disk_id().lower()


def test_the_subject_names_the_resource_where_the_data_does_not() -> None:
    for data in (None, {}, "text", [], {"resourceUri": ""}):
        assert read_event(grid_event(disk_id(), data=data)) is not None


def test_tags_below_a_disk_are_the_disks() -> None:
    tags = f"{disk_id()}/providers/Microsoft.Resources/tags/default"
    told = read_event(grid_event(disk_id(), "ResourceWriteSuccess", data={"resourceUri": tags}))
    assert told == ResourceHint(change=WRITTEN, resource_id=disk_id(), type=DISK)


@pytest.mark.parametrize(
    "event",
    [
        grid_event(disk_id(), "ResourceActionSuccess"),
        grid_event(disk_id(), "ResourceDeleteFailure"),
        grid_event(disk_id(), eventType="Microsoft.Storage.BlobCreated"),
        grid_event(disk_id(), eventType=None),
        grid_event(disk_id(), eventType=["Microsoft.Resources.ResourceDeleteSuccess"]),
        {**grid_event(disk_id()), "specversion": "1.0"},
        {"type": "Microsoft.Resources.ResourceDeleteSuccess", "subject": disk_id()},
        grid_event(f"/subscriptions/{SUBSCRIPTION_ID}"),
        grid_event(disk_id().replace("disks/", "virtualMachines/")),
        grid_event(f"{disk_id()}/providers/Microsoft.Authorization/roleAssignments/x"),
        grid_event(f"{disk_id()}/../other"),
        grid_event(f"{disk_id()}|x"),
        grid_event(f"{disk_id()}{'x' * 100}"),
        grid_event("x" * 2000),
        grid_event("", data={"resourceUri": 7}),
        {},
        [],
        [grid_event(disk_id())],
        "Microsoft.Resources.ResourceDeleteSuccess",
        None,
        7,
    ],
)
def test_whatever_else_is_no_hint(event: Any) -> None:
    assert read_event(event) is None


@pytest.mark.parametrize("make", [grid_event, cloud_event])
def test_a_message_holds_an_event_as_event_grid_writes_it(make: Any) -> None:
    read = read_message(json.dumps(make(disk_id())))
    assert read is not None
    message, hint = read
    assert message == LookAtResource(change=DELETED, resource_id=disk_id())
    assert hint == ResourceHint(change=DELETED, resource_id=disk_id(), type=DISK)


def test_a_message_of_ours_comes_back_with_its_rounds() -> None:
    sent = LookAtResource(change=WRITTEN, resource_id=disk_id(), deferrals=2, attempts=3)
    assert read_message(encode(sent)) == (sent, ResourceHint(change=WRITTEN, resource_id=disk_id(), type=DISK))


@pytest.mark.parametrize(
    ("scope", "kind"), [(f"/subscriptions/{SUBSCRIPTION_ID}", SUBSCRIPTION), (DISK_GROUP.text, GROUP)]
)
def test_a_changed_rule_names_its_scope(scope: str, kind: str) -> None:
    read = read_message(encode(LookAtResource(change=RULED, resource_id=scope)))
    assert read[1] == ResourceHint(change=RULED, resource_id=scope, type=kind)


@pytest.mark.parametrize(
    "message",
    [
        LookAtResource(change="forged", resource_id=disk_id()),
        LookAtResource(change=DELETED, resource_id="elsewhere"),
        LookAtResource(change=DELETED, resource_id=f"/subscriptions/{SUBSCRIPTION_ID}"),
        LookAtResource(change=DELETED, resource_id=disk_id(), version=9),
    ],
)
def test_a_message_of_another_meaning_is_let_go(message: LookAtResource) -> None:
    assert read_message(encode(message)) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(raw=_JSON, field=st.sampled_from(["eventType", "subject", "data", "type", "specversion"]))
def test_no_value_of_any_field_breaks_the_reading(raw: Any, field: str) -> None:
    for make in (grid_event, cloud_event):
        read_event(make(disk_id()) | {field: raw})
    assert read_event(raw) is None


@given(text=st.binary() | st.text())
def test_no_text_breaks_the_reading_of_a_message(text: str | bytes) -> None:
    assert read_message(text) is None


def test_depth_without_end_is_let_go() -> None:
    assert read_message("[" * 100_000) is None


def test_our_own_second_look_at_a_snapshot_is_no_event_of_azures() -> None:
    read = read_message(encode(LookAtResource(change=ABSENT, resource_id=snapshot_id())))
    assert (read[1].change, read[1].type) == (ABSENT, SNAPSHOT)
    assert read_event(grid_event(snapshot_id(), eventType="absent")) is None
