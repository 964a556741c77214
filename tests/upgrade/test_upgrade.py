"""Today's release takes over what earlier ones left behind in the middle of everything: rows, messages, snapshots.

The files in tests/golden/upgrade/ were each written once, by the code of the commit that they are named after:

    git worktree add /tmp/release 8fe830f && cd /tmp/release
    PYTHONPATH=. <this tree>/.venv/bin/python <this tree>/tests/upgrade/record.py \
        > <this tree>/tests/golden/upgrade/8fe830f.json

8fe830f is the release before the API was guarded and whole, 96df114 the one before events, alerts and tag rules, and
8046387 the first with few queues: what lay in the queues of the two before it is not taken over, their work is. They
are never written anew: a release whose files differ is another release, and gets a file of its own.
"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import timedelta
from typing import Any, get_args

import pytest
from azure.data.tables import TableServiceClient

from backup_core.adapters import entities
from backup_core.adapters.table_store import TableStore
from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.errors import InvalidInput
from backup_core.domain.guard import GuardMapping, ResourceGuard, Unlock
from backup_core.domain.heartbeat import Heartbeat
from backup_core.domain.installation import Installation
from backup_core.domain.instance import BackupInstance, DiskClaim, ProtectionState
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.messages import VERSION, Sendable, decode, encode
from backup_core.domain.outbox import OutboxEvent
from backup_core.domain.pacing import Pace
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.restore_together import KnownRequest
from backup_core.domain.snapshot_group import SnapshotGroup
from backup_core.domain.vault import Vault
from backup_core.ports import StateStore, Stored
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.rebuild import rebuild_catalogue
from backup_core.workflows.reconcile import reconcile
from tests.builders import SNAPSHOT_GROUP, TARGET_GROUP, VAULT, disk_id
from tests.fakes import _SCHEMAS
from tests.upgrade.left_behind import RELEASES, messages_of, read, taken_over
from tests.upgrade.record import NOON, PROTECTED
from tests.workflows.platform import Platform, request

HOUR = timedelta(hours=1)
KINDS: dict[str, type[Any]] = {
    "vault": Vault,
    "policy": BackupPolicy,
    "instance": BackupInstance,
    "job": Job,
    "point": RecoveryPoint,
    "claim": DiskClaim,
    "event": OutboxEvent,
    "group": SnapshotGroup,
    "heartbeat": Heartbeat,
    "installation": Installation,
    "pace": Pace,
    "guard": ResourceGuard,
    "mapping": GuardMapping,
    "unlock": Unlock,
    "request": KnownRequest,
}
# What a release had no record of yet.
_GUARDS = {"guard", "mapping", "unlock"}
_REQUESTS = {"request"}
_LATER = {"event", "group", "heartbeat", "installation", "pace", *_GUARDS, *_REQUESTS}
NOT_YET = {"8fe830f": {"claim", *_LATER}, "96df114": _LATER, "8046387": {*_GUARDS, *_REQUESTS}}
# Instances whose noon slot is answered by a recovery point in the end.
BACKED_UP = tuple(name for name in PROTECTED if name not in ("failed", "deleting"))

pytestmark = pytest.mark.parametrize("release", RELEASES)


@pytest.fixture
def platform(release: str) -> Platform:
    return taken_over(release)


@pytest.fixture
def done(platform: Platform) -> Platform:
    """After ten minutes: longer than everything that was begun takes."""
    platform.run(minutes=10)
    return platform


# ------------------------------------------------------------------ reading


def kind_of(row: dict[str, Any]) -> str:
    return "vault" if row["PartitionKey"] == entities.VAULTS_PARTITION else str(row["RowKey"]).split("|")[0]


def body_of(row: dict[str, Any]) -> Any:
    columns = [row[name] for name in sorted(row, key=lambda name: (len(name), name)) if name.startswith("body")]
    return json.loads("".join(columns))


def test_it_left_something_of_every_kind(release: str) -> None:
    left = read(release)
    assert {kind_of(row) for row in left["records"]} == set(KINDS) - NOT_YET.get(release, set())
    assert {row["PartitionKey"].split("|")[0] for row in left["agenda"]} >= {"backup", "expiry", "watch"}
    assert len({message["queue"] for message in left["messages"]}) >= 3


def test_every_record_is_read_and_nothing_of_it_is_lost_when_it_is_written_again(release: str) -> None:
    for row in read(release)["records"]:
        record = entities.read_record(KINDS[kind_of(row)], row)
        before, after = body_of(row), body_of(entities.record_entity(record))
        lost = {
            name: value
            for name, value in before.items()
            if after.get(name) != value and not is_filled(value, after.get(name))
        }
        assert lost == {}, row["RowKey"]


def is_filled(before: Any, after: Any) -> bool:
    """Whether a part of a record has only gained fields that are newer than it."""
    if isinstance(before, dict) and isinstance(after, dict):
        return all(
            name in after and (after[name] == each or is_filled(each, after[name])) for name, each in before.items()
        )
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return all(one == other or is_filled(one, other) for one, other in zip(before, after, strict=True))
    return False


def test_every_agenda_row_is_read_and_written_to_the_same_place(release: str) -> None:
    for row in read(release)["agenda"]:
        kind = AgendaKind(row["PartitionKey"].split("|")[0])
        read_row = entities.read_agenda_row(kind, row)
        assert entities.agenda_address(read_row) == entities.Address(partition=row["PartitionKey"], row=row["RowKey"])
        assert (
            entities.agenda_entity(read_row).items()
            >= {k: v for k, v in row.items() if k not in ("PartitionKey", "RowKey")}.items()
        )


def test_every_message_is_read_and_nothing_of_it_is_lost_when_it_comes_back(release: str) -> None:
    for message in messages_of(release):
        decoded = decode(message["text"], get_args(Sendable))
        assert json.loads(encode(decoded)).items() >= json.loads(message["text"]).items()
        assert decoded.version <= VERSION


def test_what_an_old_message_does_not_say_has_a_default(release: str) -> None:
    """Fields that came later must not be needed: or the message would end in the poison queue."""
    for message in messages_of(release):
        decoded = decode(message["text"], get_args(Sendable))
        unsaid = {field.name for field in fields(decoded)} - json.loads(message["text"]).keys()
        assert all(hasattr(decoded, name) for name in unsaid)


@pytest.mark.local_target
def test_real_tables_are_read(release: str, azurite: str) -> None:
    """Through Microsoft's client, as they come back from a table."""
    left = read(release)
    with TableServiceClient.from_connection_string(azurite) as service:
        for name in ("records", "agenda"):
            table = service.create_table(f"diskbackup{name}")
            for row in left[name]:
                table.create_entity(row)
    store: StateStore = TableStore(prefix="diskbackup", connection_string=azurite)
    fake = taken_over(release).world.store
    for kind in (BackupPolicy, BackupInstance, Job):
        found = all_of(store, kind)
        assert found
        assert found == all_of(fake, kind)
    for name in PROTECTED:
        assert all_of(store, RecoveryPoint, name) == all_of(fake, RecoveryPoint, name)
    assert [stored.value.key for stored in store.vaults().items] == [VAULT]
    until = NOON + 365 * 24 * HOUR
    for kind in AgendaKind:
        assert by_name(store.due(kind, until=until, limit=1000)) == by_name(fake.due(kind, until=until, limit=1000))


def all_of(store: StateStore, kind: type[Any], *key: str) -> list[Any]:
    page = store.page(kind, VAULT, *key)
    assert page.corrupt == ()
    assert page.next_token is None
    items: tuple[Stored[Any], ...] = page.items
    return [stored.value for stored in items]


def by_name(rows: tuple[AgendaRow, ...]) -> list[AgendaRow]:
    return sorted(rows, key=lambda row: (row.due_at, row.instance_name, row.subject))


# ------------------------------------------------------------------ going on


def test_nothing_fails_and_nothing_is_given_up(done: Platform) -> None:
    assert done.failures == []
    assert done.poisoned == []
    assert done.world.queue.waiting() == []


def test_every_job_ends(done: Platform) -> None:
    assert [job for job in done.jobs() if not job.is_ended] == []
    failed = [job for job in done.jobs() if job.status is JobStatus.FAILED]
    assert [(job.instance_name, job.operation) for job in failed] == [("failed", JobOperation.BACKUP)]


@pytest.mark.parametrize("name", BACKED_UP)
def test_a_backup_that_was_begun_or_due_is_completed_once(name: str, done: Platform) -> None:
    slots = [point.slot for point in done.points(name)]
    assert slots.count(NOON) == 1
    assert done.instance(name).active is None
    taken = [snapshot for snapshot in done.world.cloud.taken if f"bk-{name}-20260302T120000Z" in snapshot]
    assert len(taken) == (1 if name in ("starting", "throttled") else 0), "by the earlier release, or by this one"


def test_a_backup_on_demand_that_was_asked_for_is_taken(done: Platform) -> None:
    assert [point.slot for point in done.points("demanded")] == [None, NOON, NOON - HOUR]


def test_an_expiry_that_was_begun_is_completed(platform: Platform) -> None:
    (expiring,) = [point for point in platform.points("expiring") if point.state is PointState.EXPIRING]
    platform.run(minutes=10)
    assert expiring.point_id not in {point.point_id for point in platform.points("expiring")}
    assert platform.world.cloud.removed.count(expiring.snapshot_id) == 1
    assert all(point.state is PointState.COMPLETED for point in platform.points("expiring"))


@pytest.mark.parametrize("name", ["restoring", "restored"])
def test_a_restore_that_was_asked_for_or_begun_is_completed(name: str, done: Platform) -> None:
    (job,) = [job for job in done.jobs() if job.operation is JobOperation.RESTORE and job.instance_name == name]
    assert job.status is JobStatus.COMPLETED
    target = disk_id(f"{name}-copy", TARGET_GROUP)
    assert target in done.world.cloud.disk_ids()
    assert done.world.cloud.made_disks.count(target) == (1 if name == "restoring" else 0)
    assert all(point.restoring == () for point in done.points(name))


def test_a_disk_whose_protection_was_asked_for_is_protected(done: Platform) -> None:
    assert done.instance("configuring").state is ProtectionState.CONFIGURED
    assert "configuring" in {row.instance_name for row in done.agenda(AgendaKind.BACKUP)}


def test_an_instance_whose_deletion_was_asked_for_is_gone_with_its_points(done: Platform) -> None:
    if done.has_instance("deleting"):  # kept for a while, in a vault that says so
        assert done.instance("deleting").state is ProtectionState.SOFT_DELETED
        return
    assert done.points("deleting") == []
    assert not [snapshot for snapshot in done.world.cloud.snapshot_ids() if "bk-deleting-" in snapshot]


def test_events_that_the_topic_had_not_taken_are_published(release: str, done: Platform) -> None:
    """Those of the outbox: what an older release kept in messages alone is lost with its queues."""
    waiting = [body_of(row)["event"]["id"] for row in read(release)["records"] if kind_of(row) == "event"]
    assert bool(waiting) == bool(messages_of(release))
    assert set(waiting) <= {event.id for event in done.world.events.distinct}


def test_what_this_release_tells_is_as_its_own_schema_has_it(release: str, done: Platform) -> None:
    own = [event for event in done.world.events.distinct if event.at.isoformat() > read(release)["at"]]
    assert own
    for event in own:
        _SCHEMAS[event.type].validate(event.content)


def test_the_next_slots_are_kept_for_all(done: Platform) -> None:
    done.world.clock.set(NOON + HOUR - timedelta(seconds=1))
    done.run(minutes=3)
    for name in (*BACKED_UP, "configuring"):
        assert [point.slot for point in done.points(name)].count(NOON + HOUR) == 1, name
    assert done.failures == []


def test_records_and_snapshots_account_for_each_other(done: Platform) -> None:
    report = reconcile(done.world.ports)
    assert report.adopted_points == []
    assert report.lost_points == []
    assert report.orphans == []


def test_a_disk_that_was_protected_cannot_be_protected_twice(done: Platform) -> None:
    reconcile(done.world.ports)
    again = request("another", disk_id=disk_id("quiet"), policy_name="policy-quiet")
    with pytest.raises(InvalidInput, match="is protected already"):
        configure_instance(done.world.ports, VAULT, again)


def test_the_catalogue_is_rebuilt_from_the_tags_of_its_snapshots(done: Platform) -> None:
    before = {
        name: {point.point_id for point in done.points(name) if point.state is PointState.COMPLETED}
        for name in BACKED_UP
    }
    done.world.store.forget_everything()
    report = rebuild_catalogue(done.world.ports, [SNAPSHOT_GROUP])
    assert report.postponed == []
    assert {name: {point.point_id for point in done.points(name)} for name in BACKED_UP} == before
