"""The contract of StateStore.glance, over the fake and over Table Storage; and what it costs there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from backup_core.adapters import entities
from backup_core.adapters.table_store import TableStore
from backup_core.domain.alert import Cause, OpenAlert
from backup_core.domain.copying import CopyState, PointCopy
from backup_core.domain.errors import InvalidInput
from backup_core.domain.health import CopyGlance, InstanceGlance, JobGlance, PointGlance
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import Job, JobOperation, JobStatus, first_id_at
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.ports import Insert, Replace, StateStore
from tests.benchmarks.counting import RequestCounter
from tests.builders import NOW, VAULT, copy, instance, job, point, summary_of
from tests.contract.conftest import PREFIX, StoreBench

MINUTE = timedelta(minutes=1)
RECORDS = {InstanceGlance: BackupInstance, JobGlance: Job, PointGlance: RecoveryPoint, CopyGlance: PointCopy}


def full() -> BackupInstance:
    opened = OpenAlert(cause=Cause.RPO, raised_at=NOW, told_at=NOW)
    return instance(
        due_from=NOW,
        newest_slot=NOW,
        newest_point=summary_of(point()),
        alerts=(opened,),
        state=ProtectionState.UPDATING,
    )


@pytest.mark.parametrize(
    "value",
    [
        instance(),
        full(),
        job(),
        job(slot=NOW, started_at=NOW + MINUTE).advance(JobStatus.IN_PROGRESS, at=NOW),
        point(),
        point(state=PointState.LOST, job_id="9c1d2c9e-0000-4000-8000-000000000001"),
        job(operation=JobOperation.COPY, details={"lane": "s:northeurope", "isMissed": True}),
        copy(),
        copy(state=CopyState.COMPLETED, completed_at=NOW + MINUTE, expiry_blocked="a lock"),
    ],
    ids=["instance", "full instance", "job", "running job", "point", "lost point", "missed copy", "copy", "whole copy"],
)
def test_a_glance_tells_what_its_record_tells(
    store: StateStore, value: BackupInstance | Job | RecoveryPoint | PointCopy
) -> None:
    store.commit(VAULT, [Insert(value)])
    (kind,) = (glance for glance, record in RECORDS.items() if isinstance(value, record))
    page = store.glance(kind, VAULT)
    assert page.items == (kind.of(value),)  # type: ignore[arg-type]
    assert (page.next_token, page.corrupt) == (None, ())


def test_a_glance_changes_with_its_record(store: StateStore) -> None:
    store.commit(VAULT, [Insert(instance())])
    stored = store.get(BackupInstance, VAULT, "instance-1")
    store.commit(VAULT, [Replace(stored, replace(stored.value, state=ProtectionState.STOPPED))])
    assert store.glance(InstanceGlance, VAULT).items[0].marks.state is ProtectionState.STOPPED


def test_nothing_is_seen_where_nothing_is(store: StateStore) -> None:
    for kind in RECORDS:
        page = store.glance(kind, VAULT)
        assert (page.items, page.next_token, page.corrupt) == ((), None, ())


def test_pages_of_glances_follow_each_other_without_gap_or_overlap(store: StateStore) -> None:
    for number in range(7):
        store.commit(VAULT, [Insert(instance(f"instance-{number}"))])
    names, token = [], None
    for _ in range(4):
        page = store.glance(InstanceGlance, VAULT, token=token, limit=2)
        names += [glance.name for glance in page.items]
        token = page.next_token
    assert names == [f"instance-{number}" for number in range(7)]
    assert token is None


def test_a_token_that_nobody_made_is_refused(store: StateStore) -> None:
    with pytest.raises(InvalidInput):
        store.glance(InstanceGlance, VAULT, token="made up")


def test_bounds_bound_times_and_points_can_be_seen_of_one_instance_or_of_all(store: StateStore) -> None:
    for minutes in range(4):
        store.commit(VAULT, [Insert(job(at=NOW + minutes * MINUTE))])
    first, last = first_id_at(NOW + 2 * MINUTE), first_id_at(NOW + MINUTE) + "~"
    seen = store.glance(JobGlance, VAULT, first=first, last=last).items
    assert [each.created_at for each in seen] == [NOW + 2 * MINUTE, NOW + MINUTE]
    for name in ("disk-1", "disk-2"):
        store.commit(VAULT, [Insert(point(name))])
    assert [each.instance_name for each in store.glance(PointGlance, VAULT).items] == ["disk-1", "disk-2"]
    assert [each.instance_name for each in store.glance(PointGlance, VAULT, "disk-2").items] == ["disk-2"]


@pytest.mark.parametrize(
    ("among", "expected"),
    [
        (["disk-1", "disk-10"], {"disk-1", "disk-10"}),
        (["Disk-10"], {"disk-10"}),
        (["disk-1"], {"disk-1"}),
        (["disk-10", "disk-2"], {"disk-10", "disk-1", "disk-2"}),
    ],
)
def test_rows_of_some_instances_come_together_with_what_lies_between(
    store: StateStore, among: list[str], expected: set[str]
) -> None:
    for name in ("disk", "disk-1", "disk-10", "disk-2"):
        store.commit(VAULT, [Insert(point(name))])
    seen = {each.instance_name for each in store.glance(PointGlance, VAULT, among=among).items}
    assert {name.lower() for name in among} <= seen
    whole = {stored.value.instance_name for stored in store.page(RecoveryPoint, VAULT, among=among).items}
    assert whole == seen
    assert seen == expected


@pytest.mark.parametrize("spoiled", ["", "{", "[]", "{}", '{"name":7}'])
def test_a_row_without_a_sound_glance_is_read_whole(bench: StoreBench, spoiled: str) -> None:
    """An older release wrote it, or one whose glance had another shape."""
    for name in ("disk-1", "disk-2", "disk-3"):
        bench.store.commit(VAULT, [Insert(instance(name))])
    bench.spoil(BackupInstance, "disk-2", glance=spoiled)
    page = bench.store.glance(InstanceGlance, VAULT, limit=2)
    assert [each.name for each in page.items] == ["disk-1", "disk-2"]
    assert page.next_token is not None
    rest = bench.store.glance(InstanceGlance, VAULT, limit=2, token=page.next_token)
    assert [each.name for each in rest.items] == ["disk-3"]


def test_a_row_that_cannot_be_read_at_all_is_named(bench: StoreBench) -> None:
    for name in ("disk-1", "disk-2"):
        bench.store.commit(VAULT, [Insert(instance(name))])
    bench.spoil(BackupInstance, "disk-2", glance="", body0="{")
    page = bench.store.glance(InstanceGlance, VAULT)
    assert [each.name for each in page.items] == ["disk-1"]
    assert len(page.corrupt) == 1


@pytest.mark.local_target
def test_a_page_is_one_transaction_and_a_fraction_of_its_rows(azurite: str) -> None:
    counter = RequestCounter()
    store = TableStore(prefix=PREFIX, connection_string=azurite, per_call_policies=[counter])
    for number in range(30):
        store.commit(VAULT, [Insert(full_of(number))])
    counter.take()
    assert len(store.glance(InstanceGlance, VAULT).items) == 30
    assert counter.take().counts.total() == 1


def full_of(number: int) -> BackupInstance:
    return replace(full(), name=f"instance-{number:02}")


def test_a_glance_is_small() -> None:
    """Most of it are two ARM ids, of the disk and of the group of its snapshots, which the list of disks shows."""
    entity = entities.record_entity(full())
    assert len(entity["glance"]) < 800 < len(entity["body0"])
