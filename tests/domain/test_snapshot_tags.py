"""Which tags a snapshot carries beside ours."""

from __future__ import annotations

import pytest

from backup_core.domain.recovery_point import HOLD_TAG, SnapshotLabel
from backup_core.domain.snapshot_tags import GIVEN_TAGS_AT_MOST, INHERIT_TAG, OWN_TAGS_AT_MOST, snapshot_tags
from tests.builders import VAULT, disk_json

OWN = {"diskbackup-owner": "diskbackup/1", "diskbackup-point": "p"}
DISK = {
    "CostCenter": "42",
    "env": "production",
    "hidden-link:/subscriptions/x": "Resource",
    "diskbackup-restore-job": "j",
    "Owner": "web",
}


def tags(**sources: dict[str, str]) -> dict[str, str]:
    given = {"instance": {}, "vault": {}, "disk": DISK} | sources
    return {name: value for name, value in snapshot_tags(OWN, **given).items() if name not in OWN}


def test_nothing_is_inherited_that_nobody_asked_for() -> None:
    assert tags() == {}


def test_the_tags_of_the_instance_are_carried() -> None:
    assert tags(instance={"team": "db", "hidden-link:/x": "Resource"}) == {"team": "db"}


@pytest.mark.parametrize("whose", ["instance", "vault"])
@pytest.mark.parametrize(
    ("wish", "names"),
    [
        ("*", ["CostCenter", "env", "Owner"]),
        ("owner, COSTCENTER", ["Owner", "CostCenter"]),
        ("missing", []),
        ("", []),
        ("diskbackup-restore-job", []),
    ],
)
def test_tags_of_the_disk_are_inherited_as_instance_or_vault_wish(whose: str, wish: str, names: list[str]) -> None:
    assert list(tags(**{whose: {INHERIT_TAG: wish}})) == names


def test_the_wish_of_the_instance_goes_before_that_of_its_vault() -> None:
    assert tags(instance={INHERIT_TAG.upper(): "env"}, vault={INHERIT_TAG: "*"}) == {"env": "production"}
    assert tags(instance={INHERIT_TAG: ""}, vault={INHERIT_TAG: "*"}) == {}


def test_a_tag_of_the_instance_goes_before_the_disk_s_of_the_same_name() -> None:
    assert tags(instance={"ENV": "backup", INHERIT_TAG: "env"}) == {"ENV": "backup"}


def test_ours_cannot_be_replaced() -> None:
    made = snapshot_tags(OWN, instance={"DISKBACKUP-OWNER": "me"}, vault={}, disk={})
    assert made == OWN


def test_they_are_fifty_at_most_with_ours_and_that_of_a_hold_that_may_come() -> None:
    many = {f"tag-{number:02}": "" for number in range(60)}
    made = snapshot_tags(OWN, instance={INHERIT_TAG: "*", "team": "db"}, vault={}, disk=many)
    assert len(made) == 49
    assert OWN.items() <= made.items()
    assert "team" in made
    assert list(made)[-1] == "tag-45"
    held = snapshot_tags({**OWN, HOLD_TAG: "[]"}, instance={INHERIT_TAG: "*"}, vault={}, disk=many)
    assert len(held) == 50


def test_our_own_leave_room_for_all_tags_of_an_instance() -> None:
    label = SnapshotLabel(
        vault=VAULT,
        instance_name="i",
        point_id="p",
        job_id="j",
        tag_name="Default",
        retention=None,
        policy_name="p",
        slot=None,
        disk=disk_json(),
    )
    assert len(label.tags()) <= OWN_TAGS_AT_MOST
    assert GIVEN_TAGS_AT_MOST + OWN_TAGS_AT_MOST == 50
