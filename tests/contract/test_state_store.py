"""The contract of ports.StateStore, over the fake and over Table Storage."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.errors import InvalidInput, RecordCorrupt
from backup_core.domain.guard import Critical, GuardMapping, ResourceGuard, Unlock, guard_prefix, mapping_key
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import Job, JobStatus
from backup_core.domain.pacing import Pace
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.protection_rule import ProtectionRule, rule_key, rule_prefix
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.resource_ids import ANYWHERE, VaultKey
from backup_core.domain.storage_day import Holding, StorageDay
from backup_core.domain.vault import Vault
from backup_core.ports import Insert, Put, Remove, Replace, StateConflict, StateStore, Stored
from tests.builders import (
    NOW,
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    VAULT,
    active_backup,
    hold,
    instance,
    job,
    point,
    policy,
    vault,
)
from tests.contract.conftest import StoreBench
from tests.domain.test_protection_rule import rule

MINUTE = timedelta(minutes=1)


def stored(store: StateStore, record, *key):
    found = store.get(record, VAULT, *key)
    assert found is not None
    return found


# One record.


def test_a_record_that_nobody_wrote_is_none(store):
    assert store.get(Vault, VAULT) is None
    assert store.get(BackupInstance, VAULT, "nobody") is None
    assert store.get(RecoveryPoint, VAULT, "nobody", "0" * 32) is None


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (policy(tags={"Daily": ("FirstOfDay", "P30D")}), ("policy-1",)),
        (instance(active=active_backup()), ("instance-1",)),
        (job().advance(JobStatus.IN_PROGRESS, at=NOW), (job().job_id,)),
        (point(holds=(hold("audit"),)), ("instance-1", point().point_id)),
    ],
    ids=["policy", "instance", "job", "point"],
)
def test_a_record_reads_back_as_it_was_written(store, value, key):
    store.commit(VAULT, [Insert(value)])
    assert stored(store, type(value), *key).value == value


def test_a_vault_reads_back_as_it_was_written(store):
    store.commit(VAULT, [Insert(vault())])
    assert stored(store, Vault).value == vault()


def test_the_pace_of_a_subscription_reads_back_whatever_vault_is_named(store):
    pace, _ = Pace(subscription=SUBSCRIPTION).places(["westeurope"] * 300, now=1_772_409_600.25, until=1_772_409_690.0)
    store.commit(VAULT, [Insert(pace)])
    found = store.get(Pace, VAULT, SUBSCRIPTION.upper())
    assert found.value == pace
    changed = pace.spent({"writes": 1}, now=1_772_409_601.0)
    store.commit(VAULT, [Replace(found, changed)])
    with pytest.raises(StateConflict):
        store.commit(VAULT, [Replace(found, pace)])


def test_a_record_of_many_columns_reads_back(store):
    large = job(details={"note": "Übergröße 😀 " * 8_000})
    store.commit(VAULT, [Insert(large)])
    assert stored(store, Job, large.job_id).value == large


def test_a_record_that_no_row_can_hold_is_refused_and_nothing_is_stored(store):
    too_large = job(details={"note": "x" * 500_000})
    with pytest.raises(InvalidInput) as refusal:
        store.commit(VAULT, [Insert(instance()), Insert(too_large)])
    assert refusal.value.code == "EntityTooLarge"
    assert store.get(BackupInstance, VAULT, "instance-1") is None


def test_names_are_compared_without_case(store):
    store.commit(VAULT, [Insert(instance("Instance-A"))])
    shouted = VaultKey(subscription=VAULT.subscription.upper(), group=VAULT.group.upper(), name=VAULT.name.upper())
    found = store.get(BackupInstance, shouted, "INSTANCE-a")
    assert found.value.name == "Instance-A"
    with pytest.raises(StateConflict):
        store.commit(VAULT, [Insert(instance("INSTANCE-A"))])


@pytest.mark.parametrize("name", ["a/b", "a\\b", "a#b", "a?b", "a|b", "a%b", "a\x07b", "a\x85b", "", "x" * 600])
def test_a_name_that_no_key_can_hold_is_refused(store, name):
    with pytest.raises(InvalidInput):
        store.get(BackupInstance, VAULT, name)
    with pytest.raises(InvalidInput):
        store.commit(VAULT, [Insert(instance(name))])


@pytest.mark.parametrize("name", ["it's", "a b", "ünïcode", "a.b(c)", "a&b=c;d", "a+b", 'a"b'])
def test_an_odd_name_that_a_key_can_hold_is_kept(store, name):
    store.commit(VAULT, [Insert(instance(name))])
    assert stored(store, BackupInstance, name).value.name == name
    assert [each.value.name for each in store.page(BackupInstance, VAULT).items] == [name]
    store.commit(VAULT, [Remove(stored(store, BackupInstance, name))])
    assert store.get(BackupInstance, VAULT, name) is None


# Commits.


def test_inserting_twice_is_a_conflict_and_the_first_stays(store):
    store.commit(VAULT, [Insert(instance(revision=1))])
    with pytest.raises(StateConflict):
        store.commit(VAULT, [Insert(instance(revision=2))])
    assert stored(store, BackupInstance, "instance-1").value.revision == 1


def test_a_replacement_of_what_was_read_goes_through_and_changes_the_etag(store):
    store.commit(VAULT, [Insert(instance())])
    before = stored(store, BackupInstance, "instance-1")
    store.commit(VAULT, [Replace(before, replace(before.value, revision=2))])
    after = stored(store, BackupInstance, "instance-1")
    assert after.value.revision == 2
    assert after.etag != before.etag


def test_a_replacement_of_what_changed_meanwhile_is_a_conflict(store):
    store.commit(VAULT, [Insert(instance())])
    before = stored(store, BackupInstance, "instance-1")
    store.commit(VAULT, [Replace(before, replace(before.value, revision=2))])
    with pytest.raises(StateConflict):
        store.commit(VAULT, [Replace(before, replace(before.value, revision=3))])
    assert stored(store, BackupInstance, "instance-1").value.revision == 2


def test_even_a_replacement_by_the_same_value_changes_the_etag(store):
    store.commit(VAULT, [Insert(instance())])
    before = stored(store, BackupInstance, "instance-1")
    store.commit(VAULT, [Replace(before, before.value)])
    with pytest.raises(StateConflict):
        store.commit(VAULT, [Replace(before, before.value)])


@pytest.mark.parametrize("change", [lambda old: Replace(old, old.value), Remove], ids=["replace", "remove"])
def test_what_is_gone_cannot_be_changed(store, change):
    store.commit(VAULT, [Insert(instance())])
    before = stored(store, BackupInstance, "instance-1")
    store.commit(VAULT, [Remove(before)])
    assert store.get(BackupInstance, VAULT, "instance-1") is None
    with pytest.raises(StateConflict):
        store.commit(VAULT, [change(before)])


def test_a_removal_of_what_changed_meanwhile_is_a_conflict(store):
    store.commit(VAULT, [Insert(instance())])
    before = stored(store, BackupInstance, "instance-1")
    store.commit(VAULT, [Replace(before, replace(before.value, revision=2))])
    with pytest.raises(StateConflict):
        store.commit(VAULT, [Remove(before)])
    assert stored(store, BackupInstance, "instance-1").value.revision == 2


def test_a_replacement_before_anything_was_written_is_a_conflict(store):
    with pytest.raises(StateConflict):
        store.commit(VAULT, [Replace(Stored(value=instance(), etag='W/"1"'), instance())])


def test_a_put_writes_whether_the_record_exists_or_not(store):
    store.commit(VAULT, [Insert(instance())])
    for state in (PointState.EXPIRING, PointState.COMPLETED):
        before = stored(store, BackupInstance, "instance-1")
        store.commit(VAULT, [Replace(before, before.value), Put(point(state=state))])
        assert stored(store, RecoveryPoint, "instance-1", point().point_id).value.state is state


def test_a_commit_answers_the_etags_by_which_the_records_can_be_replaced_unread(store):
    first = store.commit(VAULT, [Insert(instance()), Insert(job())])
    second = store.commit(
        VAULT,
        [
            Replace(Stored(instance(), first[0]), instance(friendly_name="renamed")),
            Replace(Stored(job(), first[1]), job(status=JobStatus.FAILED)),
        ],
    )
    assert stored(store, Job, job().job_id).value.status is JobStatus.FAILED
    with pytest.raises(StateConflict):
        store.commit(VAULT, [Replace(Stored(job(), first[1]), job())])
    assert store.commit(VAULT, [Remove(Stored(job(), second[1]))]) == ("",)


@pytest.mark.parametrize("spoiler", [0, 1, 2])
def test_a_commit_is_all_or_nothing(store, spoiler):
    store.commit(VAULT, [Insert(instance("taken"))])
    changes = [Insert(instance("a")), Insert(job())]
    changes.insert(spoiler, Insert(instance("taken", revision=9)))
    with pytest.raises(StateConflict):
        store.commit(VAULT, changes)
    assert store.get(BackupInstance, VAULT, "a") is None
    assert store.get(Job, VAULT, job().job_id) is None
    assert stored(store, BackupInstance, "taken").value.revision == 1


def test_a_hundred_changes_are_one_commit(store):
    store.commit(VAULT, [Insert(job(at=NOW + n * MINUTE)) for n in range(100)])
    assert len(store.page(Job, VAULT).items) == 100


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [Insert(job(at=NOW + n * MINUTE)) for n in range(101)],
        [Insert(instance("same")), Put(instance("SAME"))],
        [Insert(vault()), Insert(instance())],
        [Insert(vault(VaultKey(subscription=SUBSCRIPTION, group="backup-rg", name="another")))],
        [Replace(Stored(value=instance("one"), etag="x"), instance("other"))],
    ],
    ids=["none", "101", "one record twice", "a vault in company", "another vault", "a change of key"],
)
def test_a_commit_that_cannot_be_one_transaction_is_refused(store, changes):
    with pytest.raises(ValueError, match=r"commit|replacement"):
        store.commit(VAULT, changes)


def test_vaults_do_not_see_each_other(store):
    other = VaultKey(subscription=SUBSCRIPTION, group="backup-rg", name="vault-10")
    store.commit(VAULT, [Insert(instance())])
    assert store.get(BackupInstance, other, "instance-1") is None
    assert store.page(BackupInstance, other).items == ()


# Pages.


def test_jobs_and_points_come_newest_first(store):
    times = [NOW + n * MINUTE for n in (3, 1, 2)]
    store.commit(VAULT, [Insert(job(at=at)) for at in times] + [Insert(point(at=at)) for at in times])
    newest_first = sorted(times, reverse=True)
    assert [each.value.created_at for each in store.page(Job, VAULT).items] == newest_first
    assert [each.value.created_at for each in store.page(RecoveryPoint, VAULT, "instance-1").items] == newest_first


def test_a_page_holds_one_kind_and_one_instance_only(store):
    mine, others = point("disk"), [point("disk-1"), point("dis"), point("disk2")]
    store.commit(VAULT, [Insert(each) for each in (mine, *others)])
    store.commit(VAULT, [Insert(instance("disk")), Insert(job()), Insert(policy())])
    assert [each.value for each in store.page(RecoveryPoint, VAULT, "DISK").items] == [mine]
    assert len(store.page(RecoveryPoint, VAULT).items) == 4
    assert len(store.page(BackupInstance, VAULT).items) == 1
    assert len(store.page(Job, VAULT).items) == 1
    assert len(store.page(BackupPolicy, VAULT).items) == 1


def test_a_page_of_an_empty_store_is_empty(store):
    page = store.page(Job, VAULT)
    assert (page.items, page.next_token, page.corrupt) == ((), None, ())


def test_pages_follow_each_other_without_gap_or_overlap(store):
    store.commit(VAULT, [Insert(job(at=NOW + n * MINUTE)) for n in range(7)])
    seen, token, sizes = [], None, []
    while True:
        page = store.page(Job, VAULT, token=token, limit=3)
        seen += [each.value.job_id for each in page.items]
        sizes.append(len(page.items))
        token = page.next_token
        if token is None:
            break
    assert sizes == [3, 3, 1]
    assert seen == sorted(seen)
    assert len(set(seen)) == 7


def test_a_page_that_ends_with_the_last_record_has_no_token(store):
    store.commit(VAULT, [Insert(job(at=NOW + n * MINUTE)) for n in range(4)])
    first = store.page(Job, VAULT, limit=2)
    assert first.next_token is not None
    assert store.page(Job, VAULT, limit=2, token=first.next_token).next_token is None
    assert store.page(Job, VAULT, limit=4).next_token is None


def test_a_token_stays_good_when_records_come_and_go(store):
    jobs = [job(at=NOW + n * MINUTE) for n in range(4)]
    store.commit(VAULT, [Insert(each) for each in jobs])
    first = store.page(Job, VAULT, limit=2)
    store.commit(VAULT, [Remove(first.items[1]), Insert(job(at=NOW + 9 * MINUTE))])
    rest = store.page(Job, VAULT, limit=2, token=first.next_token)
    assert [each.value for each in rest.items] == [jobs[1], jobs[0]]


@pytest.mark.parametrize("token", ["nonsense", "ä", "am9ifC8=", "===="])
def test_a_made_up_token_is_refused(store, token):
    with pytest.raises(InvalidInput):
        store.page(Job, VAULT, token=token)


def test_bounds_are_inclusive_and_bound_times(store):
    jobs = [job(at=NOW + n * MINUTE) for n in range(5)]
    store.commit(VAULT, [Insert(each) for each in jobs])
    bounded = store.page(Job, VAULT, first=jobs[3].job_id, last=jobs[1].job_id)
    assert [each.value for each in bounded.items] == [jobs[3], jobs[2], jobs[1]]
    assert len(store.page(Job, VAULT, first=jobs[1].job_id).items) == 2
    assert len(store.page(Job, VAULT, last=jobs[3].job_id.upper()).items) == 2


def test_bounds_without_the_whole_prefix_make_no_sense(store):
    with pytest.raises(ValueError, match="bounds"):
        store.page(RecoveryPoint, VAULT, first="0")


def test_a_page_may_be_longer_than_what_the_service_answers_at_once(store):
    for start in range(0, 1100, 100):
        store.commit(VAULT, [Insert(job(at=NOW + n * MINUTE)) for n in range(start, start + 100)])
    whole = store.page(Job, VAULT, limit=1050)
    assert len({each.value.job_id for each in whole.items}) == 1050
    assert len(store.page(Job, VAULT, limit=1050, token=whole.next_token).items) == 50
    assert len(store.page(Job, VAULT, limit=1000).items) == 1000


def test_vaults_are_found_by_subscription_and_group(store):
    keys = [
        VaultKey(subscription=SUBSCRIPTION, group="rg", name="a"),
        VaultKey(subscription=SUBSCRIPTION, group="RG", name="b"),
        VaultKey(subscription=SUBSCRIPTION, group="rg-2", name="c"),
        VaultKey(subscription=OTHER_SUBSCRIPTION, group="rg", name="d"),
    ]
    for key in keys:
        store.commit(key, [Insert(vault(key))])

    def names(**where: str) -> list[str]:
        return sorted(each.value.key.name for each in store.vaults(**where).items)

    assert names() == ["a", "b", "c", "d"]
    assert names(subscription=SUBSCRIPTION.upper()) == ["a", "b", "c"]
    assert names(subscription=SUBSCRIPTION, group="Rg") == ["a", "b"]
    assert names(subscription=OTHER_SUBSCRIPTION, group="none") == []


def test_vaults_come_in_pages(store):
    for name in "abc":
        key = VaultKey(subscription=SUBSCRIPTION, group="rg", name=name)
        store.commit(key, [Insert(vault(key))])
    first = store.vaults(limit=2)
    second = store.vaults(limit=2, token=first.next_token)
    assert [each.value.key.name for each in (*first.items, *second.items)] == ["a", "b", "c"]
    assert second.next_token is None


# Rows that cannot be read.


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({}, "body is not JSON"),
        ({"body0": '{"name": 7}'}, "is not there"),
        ({"v": "one"}, "v is not a version"),
        ({"body0": "[]"}, "is not an object"),
    ],
    ids=["cut off", "fields missing", "no version", "no object"],
)
def test_a_corrupt_record_is_named_when_it_is_read(bench: StoreBench, columns, named):
    bench.store.commit(VAULT, [Insert(instance())])
    bench.spoil(BackupInstance, "instance-1", **columns)
    with pytest.raises(RecordCorrupt, match=named) as refusal:
        bench.store.get(BackupInstance, VAULT, "instance-1")
    assert "instance|instance-1" in str(refusal.value)


def test_a_corrupt_record_is_left_out_of_pages_and_named(bench: StoreBench):
    bench.store.commit(VAULT, [Insert(instance(name)) for name in ("a", "b", "c")])
    bench.spoil(BackupInstance, "b")
    page = bench.store.page(BackupInstance, VAULT)
    assert [each.value.name for each in page.items] == ["a", "c"]
    assert len(page.corrupt) == 1
    assert page.corrupt[0].endswith("instance|b")


def test_a_record_of_a_newer_release_is_refused_not_guessed_at(bench: StoreBench):
    bench.store.commit(VAULT, [Insert(instance())])
    bench.spoil(BackupInstance, "instance-1", v=99)
    with pytest.raises(RecordCorrupt, match=r"at most \d, the version that this release reads"):
        bench.store.get(BackupInstance, VAULT, "instance-1")


# The agenda.


def row(name: str, due_at: datetime, kind: AgendaKind = AgendaKind.BACKUP, **fields) -> AgendaRow:
    return AgendaRow(kind=kind, due_at=due_at, vault=VAULT, instance_name=name, **fields)


def names(rows) -> list[str]:
    return [each.instance_name for each in rows]


def test_an_empty_agenda_has_nothing_due(store):
    assert store.due(AgendaKind.BACKUP, until=NOW, limit=10) == ()
    assert list(store.agenda(AgendaKind.BACKUP)) == []


def test_a_row_reads_back_as_it_was_written(store):
    written = row("Disk-A", NOW, AgendaKind.WATCH, subject="0b9f-1", content={"step": "backup", "slot": None, "n": 3})
    store.schedule([written])
    assert store.due(AgendaKind.WATCH, until=NOW, limit=10) == (written,)
    assert list(store.agenda(AgendaKind.WATCH)) == [written]


def test_what_is_due_comes_oldest_first_across_all_shards(store):
    rows = [row(f"disk-{n:02}", NOW - n * MINUTE) for n in range(24)]
    store.schedule(rows)
    assert store.due(AgendaKind.BACKUP, until=NOW, limit=100) == tuple(reversed(rows))
    assert store.due(AgendaKind.BACKUP, until=NOW, limit=5) == tuple(reversed(rows))[:5]


def test_due_includes_its_instant_and_nothing_later(store):
    store.schedule([row("before", NOW - MINUTE), row("now", NOW), row("after", NOW + timedelta(seconds=1))])
    assert names(store.due(AgendaKind.BACKUP, until=NOW, limit=10)) == ["before", "now"]
    assert names(store.due(AgendaKind.BACKUP, until=NOW + timedelta(milliseconds=999), limit=10)) == ["before", "now"]


def test_due_compares_instants_not_clock_faces(store):
    store.schedule([row("disk", NOW)])
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-9)))
    assert names(store.due(AgendaKind.BACKUP, until=elsewhere, limit=10)) == ["disk"]
    assert store.due(AgendaKind.BACKUP, until=elsewhere - timedelta(seconds=1), limit=10) == ()


def test_a_row_is_due_at_the_whole_second(store):
    store.schedule([row("disk", NOW + timedelta(microseconds=700_000))])
    (found,) = store.due(AgendaKind.BACKUP, until=NOW, limit=10)
    assert found.due_at == NOW


def test_kinds_are_apart(store):
    store.schedule([row("disk", NOW, AgendaKind.BACKUP), row("disk", NOW, AgendaKind.EXPIRY)])
    store.unschedule([row("disk", NOW, AgendaKind.EXPIRY)])
    assert len(store.due(AgendaKind.BACKUP, until=NOW, limit=10)) == 1
    assert store.due(AgendaKind.EXPIRY, until=NOW, limit=10) == ()


def test_writing_a_row_again_replaces_its_content(store):
    store.schedule([row("disk", NOW, content={"revision": 1, "old": True})])
    store.schedule([row("DISK", NOW, content={"revision": 2})])
    (found,) = store.due(AgendaKind.BACKUP, until=NOW, limit=10)
    assert found.content == {"revision": 2}


def test_the_same_row_twice_in_one_call_is_one_row(store):
    store.schedule([row("disk", NOW, content={"revision": 1}), row("disk", NOW, content={"revision": 2})])
    (found,) = store.due(AgendaKind.BACKUP, until=NOW, limit=10)
    assert found.content == {"revision": 2}
    store.unschedule([row("disk", NOW), row("disk", NOW)])
    assert store.due(AgendaKind.BACKUP, until=NOW, limit=10) == ()


def test_rows_differ_by_subject_and_by_vault(store):
    other = VaultKey(subscription=SUBSCRIPTION, group="backup-rg", name="vault-2")
    rows = [
        row("disk", NOW, AgendaKind.WATCH, subject="job-1"),
        row("disk", NOW, AgendaKind.WATCH, subject="job-2"),
        AgendaRow(kind=AgendaKind.WATCH, due_at=NOW, vault=other, instance_name="disk", subject="job-1"),
    ]
    store.schedule(rows)
    store.unschedule(rows[:1])
    assert set(map(_identity, store.due(AgendaKind.WATCH, until=NOW, limit=10))) == set(map(_identity, rows[1:]))


def _identity(each: AgendaRow) -> tuple[str, str]:
    return each.vault.partition, each.subject


def test_unscheduling_what_is_absent_is_fine(store):
    store.unschedule([row("nobody", NOW)])
    store.schedule([row("somebody", NOW)])
    store.unschedule([row("nobody", NOW), row("somebody", NOW + MINUTE)])
    assert names(store.due(AgendaKind.BACKUP, until=NOW, limit=10)) == ["somebody"]


def test_unscheduling_takes_what_is_there_and_passes_over_the_rest(store):
    store.schedule([row(f"disk-{n}", NOW) for n in range(0, 40, 2)])
    store.unschedule([row(f"disk-{n}", NOW) for n in range(40)])
    assert store.due(AgendaKind.BACKUP, until=NOW, limit=100) == ()


def test_rows_take_the_place_of_others(store):
    store.schedule([row(f"disk-{n}", NOW) for n in range(60)])
    moved = [row(f"disk-{n}", NOW + MINUTE) for n in range(120)]
    store.schedule(moved, instead_of=[row(f"disk-{n}", NOW) for n in range(120)])
    assert set(names(store.agenda(AgendaKind.BACKUP))) == set(names(moved))
    assert store.due(AgendaKind.BACKUP, until=NOW, limit=1000) == ()


def test_a_row_does_not_go_for_being_written_again(store):
    store.schedule([row("disk", NOW, content={"revision": 1})])
    store.schedule([row("disk", NOW, content={"revision": 2})], instead_of=[row("DISK", NOW), row("nobody", NOW)])
    (found,) = store.due(AgendaKind.BACKUP, until=NOW, limit=10)
    assert found.content == {"revision": 2}


def test_any_number_of_rows_can_be_written_and_deleted(store):
    rows = [row(f"disk-{n}", NOW + timedelta(seconds=n % 7)) for n in range(450)]
    store.schedule(rows)
    assert len(store.due(AgendaKind.BACKUP, until=NOW + MINUTE, limit=1000)) == 450
    assert sorted(names(store.agenda(AgendaKind.BACKUP))) == sorted(names(rows))
    store.unschedule(rows[:449])
    assert names(store.due(AgendaKind.BACKUP, until=NOW + MINUTE, limit=1000)) == ["disk-449"]
    store.schedule([])
    store.unschedule([])


def test_a_corrupt_row_is_set_aside_once_and_the_rest_goes_on(bench: StoreBench):
    bad = row("bad", NOW - MINUTE)
    bench.store.schedule([bad, row("good", NOW)])
    bench.spoil_agenda(bad)
    for _ in range(2):
        assert names(bench.store.due(AgendaKind.BACKUP, until=NOW, limit=10)) == ["good"]
    assert bench.set_aside(AgendaKind.BACKUP) == 1
    bench.store.schedule([bad])  # as the reconciler does
    assert names(bench.store.due(AgendaKind.BACKUP, until=NOW, limit=10)) == ["bad", "good"]


def test_corrupt_rows_do_not_eat_up_the_limit(bench: StoreBench):
    rows = [row(f"bad-{n}", NOW - MINUTE) for n in range(5)]
    bench.store.schedule([*rows, row("good", NOW)])
    for each in rows:
        bench.spoil_agenda(each, instance="someone-else")
    assert names(bench.store.due(AgendaKind.BACKUP, until=NOW, limit=3)) == ["good"]


def test_a_row_of_a_newer_release_stays_for_that_release(bench: StoreBench):
    newer = row("newer", NOW)
    bench.store.schedule([newer])
    bench.spoil_agenda(newer, v=99)
    assert bench.store.due(AgendaKind.BACKUP, until=NOW, limit=10) == ()
    assert bench.set_aside(AgendaKind.BACKUP) == 0
    bench.spoil_agenda(newer, v=1)
    assert names(bench.store.due(AgendaKind.BACKUP, until=NOW, limit=10)) == ["newer"]


def test_a_time_without_its_offset_is_refused(store):
    with pytest.raises(ValueError, match="offset"):
        store.schedule([row("disk", datetime(2026, 3, 2, 9))])
    with pytest.raises(ValueError, match="offset"):
        store.due(AgendaKind.BACKUP, until=datetime(2026, 3, 2, 9), limit=1)
    assert datetime(2026, 3, 2, 9, tzinfo=UTC) == NOW


# Rules of all vaults lie together.


def test_rules_of_all_vaults_are_read_together_and_those_of_one_by_bounds(store):
    other = VaultKey(subscription=SUBSCRIPTION, group=VAULT.group, name=f"{VAULT.name}0")
    made = [rule("b"), rule("a"), rule("c", vault=other)]
    for each in made:
        store.commit(each.vault, [Insert(each)])
    assert {each.value.key for each in store.page(ProtectionRule, other).items} == {each.key for each in made}
    prefix = rule_prefix(VAULT)
    own = store.page(ProtectionRule, VAULT, first=prefix, last=f"{prefix[:-1]};")
    assert [each.value for each in own.items] == [rule("a"), rule("b")]
    assert store.get(ProtectionRule, other, rule_key(VAULT, "A")).value == rule("a")
    with pytest.raises(ValueError, match="alone"):
        store.commit(VAULT, [Insert(rule("d")), Insert(policy())])


# So do guards and their mappings; unlocks lie with their vault.


def guard(name, group="rg"):
    return ResourceGuard(subscription=SUBSCRIPTION, group=group, name=name, location="westeurope", created_at=NOW)


def unlocked(by, name="disk"):
    resource_id = f"{VAULT.resource_id}/backupInstances/{name}"
    return Unlock(operation=Critical.STOP, resource_id=resource_id, by=by, at=NOW, until=NOW + MINUTE)


def test_guards_lie_together_by_group_and_mappings_beside_them(store):
    made = [guard("b"), guard("a"), guard("c", group="other-rg")]
    mapping = GuardMapping(vault=VAULT, guard_id=guard("a").resource_id, at=NOW)
    for each in (*made, mapping):
        store.commit(VAULT, [Insert(each)])
    prefix = guard_prefix(SUBSCRIPTION, "rg")
    own = store.page(ResourceGuard, ANYWHERE, first=prefix, last=f"{prefix[:-1]};")
    assert [each.value for each in own.items] == [guard("a"), guard("b")]
    prefix = guard_prefix(SUBSCRIPTION)
    all_ = store.page(ResourceGuard, ANYWHERE, first=prefix, last=f"{prefix[:-1]};")
    assert {each.value.name for each in all_.items} == {"a", "b", "c"}
    assert [each.value for each in store.page(GuardMapping, ANYWHERE).items] == [mapping]
    assert store.get(GuardMapping, ANYWHERE, mapping_key(VAULT).upper()).value == mapping


def test_unlocks_are_found_by_what_they_are_for(store):
    made = [unlocked("ada"), unlocked("ben"), unlocked("ada", "other")]
    store.commit(VAULT, [Insert(each) for each in made])
    found = store.page(Unlock, VAULT, made[0].subject).items
    assert [each.value for each in found] == made[:2]
    assert len(store.page(Unlock, VAULT).items) == 3


def test_what_vaults_held_is_read_by_days_whatever_vault_it_is_of(store):
    rows = [
        StorageDay(vault=key, day=day, holding=Holding(instances=2, points=9, gib=256.5, monthly_cost=cost))
        for key in (VAULT, replace(VAULT, name="another"))
        for day, cost in (("2026-03-01", None), ("2026-03-02", 12.8))
    ]
    store.commit(VAULT, [Insert(row) for row in rows])
    found = store.page(StorageDay, ANYWHERE, first="2026-03-02", last="2026-03-03").items
    assert sorted((each.value for each in found), key=str) == sorted((rows[1], rows[3]), key=str)
    assert [each.value.day for each in store.page(StorageDay, ANYWHERE, last="2026-03-02").items] == ["2026-03-01"] * 2
