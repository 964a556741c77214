"""Every record survives the table: by property for the round trip, by example for what must be refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup_core.adapters import entities
from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.errors import InvalidInput, RecordCorrupt
from backup_core.domain.guard import Critical, Exclusion, GuardMapping, ResourceGuard, Unlock
from backup_core.domain.hold import Hold
from backup_core.domain.instance import BackupInstance, PointSummary, ProtectionState
from backup_core.domain.job import Job, JobError, JobOperation, JobStatus, Subtask
from backup_core.domain.protection_rule import ProtectionRule, TagCondition
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.restore_together import KnownRequest
from backup_core.domain.vault import Vault
from tests.builders import NOW, VAULT, active_backup, hold, instance, job, point, policy, vault

TEXTS = st.text(max_size=20)
NAMES = st.text(alphabet="abcABC019-_.()' é", min_size=1, max_size=20)
INSTANTS = st.datetimes(
    min_value=datetime(1990, 1, 1),
    max_value=datetime(2200, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5))]),
)
MAYBE_INSTANT = st.none() | INSTANTS
TAGS = st.dictionaries(TEXTS, TEXTS, max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(TEXTS, JSON, max_size=3)
ERRORS = st.builds(
    JobError, code=TEXTS, message=TEXTS, recommended_action=TEXTS, transient=st.booleans(), target=st.none() | TEXTS
)
SUBTASKS = st.builds(
    Subtask, name=TEXTS, status=TEXTS, progress_percent=st.none() | st.integers(0, 100), started_at=MAYBE_INSTANT,
    ended_at=MAYBE_INSTANT, details=TAGS,
)  # fmt: skip
JOBS = st.builds(
    Job, job_id=NAMES, operation=st.sampled_from(JobOperation), instance_name=NAMES, created_at=INSTANTS,
    status=st.sampled_from(JobStatus), slot=MAYBE_INSTANT, missed_slots=st.lists(INSTANTS, max_size=3).map(tuple),
    missed_count=st.integers(0, 10**6), look_again_at=MAYBE_INSTANT, user_triggered=st.booleans(),
    subtasks=st.lists(SUBTASKS, max_size=3).map(tuple), error=st.none() | ERRORS,
    warnings=st.lists(ERRORS, max_size=2).map(tuple), details=OBJECTS,
)  # fmt: skip
HOLDS = st.builds(
    Hold, name=NAMES, reason=TEXTS, set_at=INSTANTS, set_by=TEXTS, cleared_by=TEXTS, ends_at=MAYBE_INSTANT,
    scope=st.sampled_from(["", "instance", "vault"]),
)  # fmt: skip
POINTS = st.builds(
    RecoveryPoint, instance_name=NAMES, point_id=NAMES, snapshot_id=TEXTS, created_at=INSTANTS, completed_at=INSTANTS,
    expires_at=MAYBE_INSTANT, tag_name=TEXTS, state=st.sampled_from(PointState), slot=MAYBE_INSTANT,
    disk_size_bytes=st.integers(0, 2**50), disk=OBJECTS, expiry_blocked=st.none() | TEXTS,
    holds=st.lists(HOLDS, max_size=2).map(tuple),
)  # fmt: skip
SUMMARIES = st.builds(PointSummary, point_id=NAMES, created_at=INSTANTS, expires_at=MAYBE_INSTANT)
POLICIES = st.sampled_from(
    [
        policy(),
        policy(
            "other",
            tags={"Daily": ("FirstOfDay", "P30D"), "Weekly": ("FirstOfWeek", "P10W")},
            time_zone="Romance Standard Time",
        ),
    ]
)
INSTANCES = st.builds(
    instance,
    NAMES,
    policy=POLICIES,
    state=st.sampled_from(ProtectionState),
    active=st.none() | JOBS.map(active_backup),
    newest_point=st.none() | SUMMARIES,
    newest_slot=MAYBE_INSTANT,
    request=OBJECTS,
    error=st.none() | ERRORS,
    tags=TAGS,
    missed_slots=st.lists(INSTANTS, max_size=3).map(tuple),
    holds=st.lists(HOLDS, max_size=2).map(tuple),
)
CONDITIONS = st.lists(st.builds(TagCondition, name=TEXTS, values=st.lists(TEXTS, max_size=3).map(tuple)), max_size=3)
RULES = st.builds(
    ProtectionRule, name=NAMES, vault=st.just(VAULT), scope=TEXTS, conditions=CONDITIONS.map(tuple), policy_name=TEXTS,
    snapshot_group_id=TEXTS, priority=st.integers(1, 10_000), excluded_tags=CONDITIONS.map(tuple),
    excluded_ids=st.lists(TEXTS, max_size=3).map(tuple), enabled=st.booleans(), changed_at=MAYBE_INSTANT,
)  # fmt: skip
VAULTS = st.builds(
    vault,
    tags=TAGS,
    identity=st.none() | OBJECTS,
    properties=OBJECTS,
    holds=st.lists(HOLDS, max_size=2).map(tuple),
)
OPERATION = st.sampled_from(Critical)
EXCLUSIONS = st.lists(st.builds(Exclusion, operation=TEXTS, by=TEXTS, at=INSTANTS), max_size=3).map(tuple)
GUARDS = st.builds(
    ResourceGuard, subscription=NAMES, group=NAMES, name=NAMES, location=TEXTS, created_at=INSTANTS, tags=TAGS,
    excluded=EXCLUSIONS, closing=st.booleans(),
)  # fmt: skip
MAPPINGS = st.builds(GuardMapping, vault=st.just(VAULT), guard_id=TEXTS, at=INSTANTS, by=TEXTS)
UNLOCKS = st.builds(
    Unlock, operation=OPERATION, resource_id=TEXTS, by=NAMES, at=INSTANTS, until=INSTANTS, used_by=TEXTS,
    used_at=MAYBE_INSTANT,
)  # fmt: skip
REQUESTS = st.builds(KnownRequest, request_id=NAMES, job_id=NAMES, digest=TEXTS, at=INSTANTS)
VAULTS = st.builds(vault, tags=TAGS, identity=st.none() | OBJECTS, properties=OBJECTS)


def keyed(record) -> dict:
    address = entities.record_address(type(record), VAULT, *entities.record_key(record))
    return {**entities.record_entity(record), "PartitionKey": address.partition, "RowKey": address.row}


@settings(max_examples=60, deadline=None)
@given(st.one_of(JOBS, POINTS, INSTANCES, VAULTS, POLICIES, RULES, GUARDS, MAPPINGS, UNLOCKS, REQUESTS))
def test_a_record_survives_the_round_trip(record):
    assert entities.read_record(type(record), keyed(record)) == record


@pytest.mark.parametrize("record", [point(), instance(), vault()], ids=lambda record: type(record).__name__)
def test_a_row_with_holds_is_of_a_version_that_no_release_reads_that_knows_of_none(record):
    """Ended ones too: they tell which claims of a tag are void."""
    assert entities.record_entity(record)["v"] == 1
    held = replace(record, holds=(hold(ends_at=NOW),))
    assert entities.record_entity(held)["v"] == 2
    assert entities.read_record(type(record), keyed(held)) == held


@settings(max_examples=60, deadline=None)
@given(st.one_of(JOBS, POINTS, INSTANCES))
def test_all_columns_are_plain_and_short(record):
    for name, value in keyed(record).items():
        assert isinstance(value, str | int), name
        assert len(str(value).encode("utf-16-le")) <= 64 * 1024


@settings(max_examples=60, deadline=None)
@given(INSTANTS.map(lambda at: at.replace(microsecond=0)), NAMES, st.sampled_from(AgendaKind), OBJECTS)
def test_an_agenda_row_survives_the_round_trip(due_at, name, kind, content):
    row = AgendaRow(kind=kind, due_at=due_at, vault=VAULT, instance_name=name, subject="job-1", content=content)
    address = entities.agenda_address(row)
    entity = {**entities.agenda_entity(row), "PartitionKey": address.partition, "RowKey": address.row}
    assert entities.read_agenda_row(kind, entity) == row


@settings(max_examples=100, deadline=None)
@given(INSTANTS, INSTANTS)
def test_agenda_keys_are_in_the_order_of_their_due_times(one, other):
    first, second = sorted((one, other))
    rows = [AgendaRow(kind=AgendaKind.BACKUP, due_at=at, vault=VAULT, instance_name="disk") for at in (first, second)]
    keys = [entities.agenda_address(row).row for row in rows]
    assert keys == sorted(keys)
    assert keys[0] < entities.due_before(first)
    assert (keys[1] < entities.due_before(first)) == (int(second.timestamp()) <= int(first.timestamp()))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda body: body.pop("disk_id"), "disk_id is not there"),
        (lambda body: body.update(revision="1"), "revision is not a whole number"),
        (lambda body: body.update(revision=True), "revision is not a whole number"),
        (lambda body: body.update(state="Happy"), "state is not a ProtectionState"),
        (lambda body: body.update(state=["Happy"]), "state is not a ProtectionState"),
        (lambda body: body.update(created_at="yesterday"), "created_at is not a time"),
        (lambda body: body.update(created_at="2026-03-02T09:00:00"), "created_at is not a time with its offset"),
        (lambda body: body.update(created_at=5), "created_at is not a text"),
        (lambda body: body.update(tags=[]), "tags is not an object"),
        (lambda body: body.update(tags={"a": 1}), "tags.a is not a text"),
        (lambda body: body.update(missed_slots="x"), "missed_slots is not a list"),
        (lambda body: body.update(missed_slots=["2026-03-02T09:00:00Z", "x"]), "missed_slots[1] is not a time"),
        (lambda body: body["active"]["job"].update(status="Odd"), "active.job.status is not a JobStatus"),
        (lambda body: body["active"].pop("snapshot_id"), "active.snapshot_id is not there"),
        (lambda body: body["active"]["job"].update(user_triggered=1), "active.job.user_triggered is not true or false"),
        (lambda body: body.update(policy={"name": "p"}), "policy.properties is not an object"),
        (lambda body: body["policy"]["properties"].update(policyRules=[]), "policy.properties is not a policy"),
    ],
)
def test_a_wrong_field_is_named_with_its_row(change, named):
    entity = keyed(instance(active=active_backup()))
    body = json.loads(entity["body0"])
    change(body)
    entity["body0"] = json.dumps(body)
    with pytest.raises(RecordCorrupt) as refusal:
        entities.read_record(BackupInstance, entity)
    assert named in refusal.value.message
    assert entity["RowKey"] in refusal.value.message
    assert refusal.value.target == f"{entity['PartitionKey']}/{entity['RowKey']}"


def test_a_field_that_this_release_does_not_know_is_passed_over():
    entity = keyed(job())
    entity["body0"] = json.dumps({**json.loads(entity["body0"]), "colour": "green"})
    assert entities.read_record(Job, entity) == job()


def test_a_field_that_an_older_release_did_not_know_has_its_default():
    entity = keyed(job(retry_count=3))
    body = json.loads(entity["body0"])
    del body["retry_count"]
    entity["body0"] = json.dumps(body)
    assert entities.read_record(Job, entity).retry_count == 0


def test_a_newer_version_is_refused_by_its_own_name():
    with pytest.raises(entities.NewerVersion):
        entities.read_record(Job, keyed(job()) | {"v": entities.HELD_VERSION + 1})


def test_deep_nesting_is_corrupt_not_a_crash():
    with pytest.raises(RecordCorrupt):
        entities.read_record(Job, keyed(job()) | {"body0": "[" * 100_000})


def test_what_is_no_json_value_cannot_be_stored():
    for wrong in (float("nan"), object(), {1, 2}):
        with pytest.raises((TypeError, ValueError)):
            entities.record_entity(job(details={"x": wrong}))


def test_a_record_too_large_for_azure_is_refused_before_azurite_would_take_it():
    fits, too_large = job(details={"x": "y" * 440_000}), job(details={"x": "y" * 451_000})
    entity = entities.record_entity(fits)
    assert sum(len(name) + len(str(value)) for name, value in entity.items()) * 2 < 1024 * 1024
    with pytest.raises(InvalidInput) as refusal:
        entities.record_entity(too_large)
    assert refusal.value.code == "EntityTooLarge"


def test_an_agenda_row_whose_columns_contradict_its_key_is_corrupt():
    row = AgendaRow(kind=AgendaKind.BACKUP, due_at=NOW, vault=VAULT, instance_name="disk")
    address = entities.agenda_address(row)
    entity = {**entities.agenda_entity(row), "PartitionKey": address.partition, "RowKey": address.row}
    for wrong in (
        {"instance": "other"},
        {"vault": "other"},
        {"subject": None},
        {"RowKey": "soon|x"},
        {"RowKey": "9" * 11},
    ):
        with pytest.raises(RecordCorrupt):
            entities.read_agenda_row(AgendaKind.BACKUP, entity | wrong)


def test_instances_spread_over_all_shards():
    rows = [AgendaRow(kind=AgendaKind.BACKUP, due_at=NOW, vault=VAULT, instance_name=f"disk-{n}") for n in range(400)]
    counts = [sum(entities.agenda_address(row).partition.endswith(f"|{shard}") for row in rows) for shard in range(4)]
    assert min(counts) > 60
    moved = replace(rows[0], due_at=NOW + timedelta(days=1))
    assert entities.agenda_address(moved).partition == entities.agenda_address(rows[0]).partition


def test_spellings_of_a_vault_are_one_partition():
    shouted = VaultKey(subscription=VAULT.subscription.upper(), group=VAULT.group.upper(), name=VAULT.name.upper())
    assert entities.record_address(Vault, shouted) == entities.record_address(Vault, VAULT)
    assert entities.record_address(Job, shouted, "X") == entities.record_address(Job, VAULT, "x")


def test_points_are_found_by_instance_only():
    rows = entities.record_range(RecoveryPoint, "disk")
    assert entities.record_address(RecoveryPoint, VAULT, "disk", "0" * 32).row in rows
    for other in ("disk-1", "dis", "diskx"):
        assert entities.record_address(RecoveryPoint, VAULT, other, "0" * 32).row not in rows
    assert entities.record_address(RecoveryPoint, VAULT, *entities.record_key(point())).row.startswith("point|")
