"""A snapshot is a point's by what nobody can change; whatever its tags say is a claim."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from backup_core.adapters.compute import read_snapshot
from backup_core.domain.disk import Snapshot
from backup_core.domain.durations import parse_duration
from backup_core.domain.instance import ActiveBackup
from backup_core.domain.job import JobOperation, instant_of, job_id
from backup_core.domain.naming import Seal, point_id, promise_text, scheduled_job_id, snapshot_id
from backup_core.domain.ownership import (
    Home,
    Judgement,
    NotProven,
    Proven,
    is_foreign,
    is_same_snapshot,
    prove_backup,
    prove_label,
    prove_point,
)
from backup_core.domain.recovery_point import OWNER_TAG, RecoveryPoint, SnapshotLabel
from backup_core.domain.resource_ids import GroupId, VaultKey
from tests.builders import NOW, SNAPSHOT_GROUP, SUBSCRIPTION, VAULT, disk_id, disk_json, job

SLOT = NOW
INSTALLATION = "0f8e6a8c-1111-4111-8111-000000000001"
OTHER_INSTALLATION = "0f8e6a8c-2222-4222-8222-000000000002"
OTHER_VAULT = VaultKey(subscription=SUBSCRIPTION, group="backup-rg", name="vault-2")
OTHER_GROUP = GroupId(subscription=SUBSCRIPTION, group="elsewhere-rg")
UNIQUE = "bbbbbbbb-0000-4000-8000-000000000001"
DISK = disk_json("disk-1")


def label(*, vault: VaultKey = VAULT, name: str = "disk-1", at: datetime = SLOT, **changes: Any) -> SnapshotLabel:
    own_job = scheduled_job_id(vault, name, "g1", at)
    values: dict[str, Any] = {
        "vault": vault,
        "instance_name": name,
        "point_id": point_id(vault, name, own_job, at),
        "job_id": own_job,
        "tag_name": "Daily",
        "retention": parse_duration("P7D"),
        "policy_name": "policy-1",
        "slot": at,
        "disk": DISK,
        "installation_id": INSTALLATION,
    }
    return SnapshotLabel(**(values | changes))


def name_of(said: SnapshotLabel, group: GroupId = SNAPSHOT_GROUP) -> str:
    return snapshot_id(
        said.vault,
        said.instance_name,
        "disk-1",
        group,
        said.job_id,
        said.slot or SLOT,
        Seal(
            installation_id=said.installation_id,
            promise=promise_text(said.tag_name, said.retention.iso()),
            disk_id=disk_id("disk-1"),
            disk_unique_id=DISK["properties"]["uniqueId"],
        ),
    )


def snapshot(
    said: SnapshotLabel | None = None,
    *,
    name: str | None = None,
    created_at: datetime = SLOT + timedelta(seconds=4),
    source: str | None = None,
    source_unique_id: str | None = None,
    unique_id: str = UNIQUE,
    tags: dict[str, str] | None = None,
) -> Snapshot:
    said = said or label()
    return read_snapshot(
        {
            "id": name or name_of(said),
            "location": "westeurope",
            "tags": said.tags() if tags is None else tags,
            "properties": {
                "creationData": {
                    "createOption": "Copy",
                    "sourceResourceId": source or disk_id("disk-1"),
                    "sourceUniqueId": DISK["properties"]["uniqueId"] if source_unique_id is None else source_unique_id,
                },
                "timeCreated": created_at.isoformat(),
                "uniqueId": unique_id,
                "provisioningState": "Succeeded",
            },
        }
    )


def recorded(said: SnapshotLabel | None = None, **changes: Any) -> RecoveryPoint:
    said = said or label()
    created_at = SLOT + timedelta(seconds=4)
    values: dict[str, Any] = {
        "instance_name": said.instance_name,
        "point_id": said.point_id,
        "snapshot_id": name_of(said),
        "created_at": created_at,
        "completed_at": created_at,
        "expires_at": created_at + timedelta(days=7),
        "tag_name": said.tag_name,
        "slot": said.slot,
        "job_id": said.job_id,
        "disk_id": disk_id("disk-1"),
        "disk": DISK,
        "snapshot_unique_id": UNIQUE,
        "installation_id": said.installation_id,
        "retention": "P7D",
    }
    return RecoveryPoint(**(values | changes))


def home(**changes: Any) -> Home:
    values: dict[str, Any] = {
        "vault": VAULT,
        "instance_name": "disk-1",
        "disk_id": disk_id("disk-1"),
        "groups": (SNAPSHOT_GROUP,),
        "installations": (INSTALLATION,),
    }
    return Home(**(values | changes))


def because(judgement: Judgement) -> str:
    assert isinstance(judgement, NotProven)
    return "; ".join(judgement.because)


# --- A recorded point ---


def test_the_snapshot_that_was_recorded_is_proven() -> None:
    assert prove_point(recorded(), snapshot(), vault=VAULT) == Proven()


def test_ids_are_compared_without_regard_to_case() -> None:
    shouted = snapshot(name=name_of(label()).upper(), source=disk_id("disk-1").upper(), unique_id=UNIQUE.upper())
    assert prove_point(recorded(), shouted, vault=VAULT) == Proven()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"unique_id": "cccccccc-0000-4000-8000-000000000001"}, "another made under its name"),
        ({"created_at": SLOT + timedelta(seconds=9)}, "it was created at"),
        ({"created_at": SLOT - timedelta(days=9)}, "it was created at"),
        ({"source": disk_id("disk-2")}, "its source is"),
        ({"source_unique_id": "dddddddd-0000-4000-8000-000000000001"}, "another disk that bore the name"),
        ({"name": name_of(label(), OTHER_GROUP)}, "which was recorded"),
    ],
)
def test_another_snapshot_is_not_the_recorded_one_whatever_its_tags_say(changed: dict[str, Any], reason: str) -> None:
    assert reason in because(prove_point(recorded(), snapshot(**changed), vault=VAULT))


def test_a_record_under_a_name_that_its_job_never_had_is_proven_by_nothing() -> None:
    made_up = name_of(label(name="disk-9"))
    point = recorded(snapshot_id=made_up)
    assert "its name is not" in because(prove_point(point, snapshot(name=made_up), vault=VAULT))


@pytest.mark.parametrize(
    ("tags", "difference"),
    [
        ({}, "does not carry our ownership tag"),
        ({OWNER_TAG: "diskbackup/1"}, "incomplete"),
        (label(vault=OTHER_VAULT).tags(), "another vault"),
        (label(name="disk-9").tags(), "another backup instance"),
        (label(retention=parse_duration("PT1H")).tags(), "another retention, PT1H"),
        (label(installation_id=OTHER_INSTALLATION).tags(), "another installation"),
        (label(tag_name="Hourly").tags(), "another retention tag"),
    ],
)
def test_where_the_tags_disagree_the_record_wins_and_the_difference_is_told(
    tags: dict[str, str], difference: str
) -> None:
    judgement = prove_point(recorded(), snapshot(tags=tags), vault=VAULT)
    assert isinstance(judgement, Proven)
    assert difference in "; ".join(judgement.disagreements)


def test_a_record_of_an_older_release_is_proven_by_what_it_knows() -> None:
    said = label(installation_id="")
    old = recorded(said, snapshot_unique_id="", retention="")
    assert prove_point(old, snapshot(said), vault=VAULT) == Proven()
    assert "its source is" in because(prove_point(old, snapshot(said, source=disk_id("disk-2")), vault=VAULT))
    older_still = replace(old, job_id="", disk={})
    assert prove_point(older_still, snapshot(said), vault=VAULT) == Proven()
    assert "created" in because(prove_point(older_still, snapshot(said, created_at=SLOT), vault=VAULT))


def test_a_snapshot_is_the_same_one_wherever_it_lies() -> None:
    assert is_same_snapshot(recorded(), snapshot(name=name_of(label(), OTHER_GROUP)))
    assert not is_same_snapshot(recorded(), snapshot(unique_id="cccccccc-0000-4000-8000-000000000001"))
    assert not is_same_snapshot(recorded(snapshot_unique_id=""), snapshot(unique_id=""))


# --- A claim that no record knows ---


def test_a_snapshot_without_a_record_is_proven_by_all_that_it_says() -> None:
    assert prove_label(label(), snapshot(), home=home()) == Proven()


def test_an_on_demand_one_too() -> None:
    at = SLOT + timedelta(minutes=7, milliseconds=333)
    own = job_id(at, JobOperation.BACKUP, VAULT.partition, "disk-1", "on-demand")
    said = label(job_id=own, point_id=point_id(VAULT, "disk-1", own, at), slot=None)
    assert prove_label(said, snapshot(said, created_at=at + timedelta(seconds=2)), home=home()) == Proven()


@pytest.mark.parametrize(
    ("said", "changed", "reason"),
    [
        (label(vault=OTHER_VAULT), {}, "another backup instance"),
        (label(name="disk-9"), {}, "another backup instance"),
        (label(installation_id=OTHER_INSTALLATION), {}, "another installation"),
        (label(), {"name": name_of(label(), OTHER_GROUP)}, "does not lie in a snapshot group"),
        (label(), {"name": f"{name_of(label())}-copy"}, "its name is not"),
        (label(), {"name": name_of(label(at=SLOT + timedelta(hours=1)))}, "its name is not"),
        (label(), {"source": disk_id("disk-2")}, "its source is"),
        (label(), {"source_unique_id": "dddddddd-0000-4000-8000-000000000001"}, "its name is not"),
        (label(), {"created_at": SLOT - timedelta(hours=1)}, "it was created at"),
        (label(), {"created_at": SLOT + timedelta(days=2)}, "it was created at"),
    ],
)
def test_a_claim_that_does_not_hold_together_is_not_proven(
    said: SnapshotLabel, changed: dict[str, Any], reason: str
) -> None:
    assert reason in because(prove_label(said, snapshot(said, **changed), home=home()))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"vault": OTHER_VAULT}, "its name is not"),
        ({"instance_name": "disk-9"}, "its name is not"),
        ({"job_id": scheduled_job_id(VAULT, "disk-1", "g2", SLOT)}, "its name is not"),
        ({"job_id": "no job"}, "no job of ours"),
        ({"point_id": "0" * 32}, "a recovery point that is not their job's"),
        ({"slot": SLOT + timedelta(hours=1)}, "a slot that is not their job's"),
        ({"retention": parse_duration("PT1H")}, "its name is not"),
        ({"retention": None}, "its name is not"),
        ({"tag_name": "Hourly"}, "its name is not"),
        ({"installation_id": ""}, "its name is not"),
    ],
)
def test_a_snapshot_whose_tags_were_changed_proves_nothing(changes: dict[str, Any], reason: str) -> None:
    tampered = label(**changes)
    there = snapshot(tampered, name=name_of(label()))
    assert reason in because(
        prove_label(tampered, there, home=home(vault=tampered.vault, instance_name=tampered.instance_name))
    )


def test_what_another_installation_made_is_foreign_until_it_is_taken_over() -> None:
    said = label(installation_id=OTHER_INSTALLATION)
    assert is_foreign(said, (INSTALLATION,))
    assert not is_foreign(said, (INSTALLATION, OTHER_INSTALLATION))
    taken = home(installations=(INSTALLATION, OTHER_INSTALLATION))
    assert prove_label(said, snapshot(said), home=taken) == Proven()


def test_what_is_of_the_time_before_the_installation_id_is_nobody_elses() -> None:
    said = label(installation_id="")
    assert not is_foreign(said, (INSTALLATION,))
    assert prove_label(said, snapshot(said), home=home()) == Proven()


# --- A backup that runs ---


def active(**changes: Any) -> ActiveBackup:
    values: dict[str, Any] = {
        "job": job("disk-1", at=SLOT),
        "snapshot_id": name_of(label()),
        "disk": DISK,
        "watch_due_at": SLOT,
    }
    return ActiveBackup(**(values | changes))


def test_the_snapshot_that_a_backup_asked_for_is_its_own() -> None:
    assert prove_backup(active(), snapshot()) == Proven()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"name": name_of(label(), OTHER_GROUP)}, "asked for"),
        ({"source": disk_id("disk-2")}, "its source is"),
        ({"source_unique_id": "dddddddd-0000-4000-8000-000000000001"}, "another disk"),
        ({"created_at": SLOT - timedelta(minutes=5)}, "before its backup was due"),
    ],
)
def test_one_that_somebody_put_there_under_its_name_is_not(changed: dict[str, Any], reason: str) -> None:
    assert reason in because(prove_backup(active(), snapshot(**changed)))


def test_a_jobs_id_tells_when_it_was_made() -> None:
    for at in (SLOT, SLOT + timedelta(milliseconds=999), SLOT + timedelta(milliseconds=1)):
        told = instant_of(job_id(at, JobOperation.BACKUP, "anything"))
        assert told is not None
        assert abs(told - at) <= timedelta(milliseconds=1)
    for strange in ("", "no job", "zz", "9" * 40):
        assert instant_of(strange) is None
