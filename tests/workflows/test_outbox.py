"""The outbox: what is committed is told, in order, at least once, whatever the topic or the host does meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.alert import Alert
from backup_core.domain.errors import BackupError, CloudUnavailable, PermissionMissing, Throttled
from backup_core.domain.events import Event
from backup_core.domain.job import JobStatus
from backup_core.domain.outbox import OutboxEvent, RefusedEvent
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Memory, every
from backup_core.workflows import announcements, outbox
from backup_core.workflows.job_kinds import watch
from backup_core.workflows.lifecycle import stop_protection
from tests.builders import SNAPSHOT_GROUP, SUBSCRIPTION, VAULT, point
from tests.fakes import World
from tests.workflows.platform import HostDied, Platform
from tests.workflows.proofs import unchecked
from tests.workflows.scenes import EVERY_MINUTE, HOUR, SLOT, backed_up, go_to, jobs, protected, refuse

REFUSALS: list[BackupError] = [
    CloudUnavailable("503"),
    Throttled("429", retry_after_seconds=5),
    PermissionMissing("403", scope="topic", role="EventGrid Data Sender"),
]


REFUSE_SNAPSHOTS = refuse(
    "start_snapshot", PermissionMissing("403", scope=SNAPSHOT_GROUP.text, role="Disk Snapshot Contributor")
)


def created(number: int = 0, name: str = "disk-1") -> Event:
    made = point(at=SLOT + timedelta(minutes=number), instance_name=name)
    return announcements.point_created(VAULT, made)


def waiting(world: World) -> list[str]:
    return [stored.value.event.id for stored in every(world.ports, OutboxEvent, VAULT)]


def test_an_event_leaves_at_once_and_the_outbox_is_empty() -> None:
    world = World()
    outbox.record(world.ports, VAULT, [created()])
    assert world.events.published == [created()]
    assert waiting(world) == []


def test_no_events_are_no_call() -> None:
    world = World()
    outbox.record(world.ports, VAULT, [])
    assert world.faults.calls == []


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: error.code)
def test_an_event_that_the_topic_refuses_waits_and_is_told_later_under_its_id(error: BackupError) -> None:
    platform = Platform()
    platform.world.faults.fail("events.publish", error, times=3)
    outbox.record(platform.world.ports, VAULT, [created()])
    assert platform.world.events.published == []
    platform.run(minutes=3)
    assert platform.world.events.published == [created()]
    assert waiting(platform.world) == []


def test_backups_go_on_while_the_topic_is_down_and_all_is_told_in_order_in_the_end() -> None:
    platform = protected(**EVERY_MINUTE)
    before = len(platform.world.events.published)
    platform.world.faults.fail("events.publish", CloudUnavailable("503"), times=100_000)
    platform.run(minutes=30)
    assert [job.status for job in jobs(platform)] == [JobStatus.COMPLETED] * 30
    assert platform.failures == []
    assert len(platform.world.events.published) == before
    held = len(waiting(platform.world))
    assert held >= 60
    platform.world.faults.clear()
    platform.run(minutes=1)
    told = platform.world.events.distinct
    assert len(told) >= held
    ended = [event.at for event in told if event.type == "DiskBackup.Job.Completed"]
    assert ended == sorted(ended)
    assert waiting(platform.world) == []


def test_a_topic_that_is_down_is_asked_a_few_times_a_minute_however_much_there_is_to_tell() -> None:
    platform = protected(*[f"disk-{number}" for number in range(1, 6)], **EVERY_MINUTE)
    platform.world.faults.fail("events.publish", CloudUnavailable("503"), times=100_000)
    before = platform.world.faults.count("events.publish")
    platform.run(minutes=10)
    assert platform.world.faults.count("events.publish") - before <= 10 * 5


def test_an_event_whose_host_died_before_telling_is_told_by_another() -> None:
    platform = backed_up()
    before = len(platform.world.events.published)
    platform.world.clock.advance(seconds=5)
    platform.world.faults.fail("events.publish", HostDied())
    with pytest.raises(HostDied):
        stop_protection(platform.world.ports, VAULT, "disk-1")
    assert len(platform.world.events.published) == before
    platform.world.memory = Memory()  # another process
    platform.run(minutes=1)
    assert "DiskBackup.Protection.Stopped" in platform.world.events.types()


def test_an_event_is_told_again_under_its_id_when_the_host_dies_after_telling() -> None:
    platform = Platform()
    platform.world.faults.fail("events.publish", HostDied(), after=True)
    with pytest.raises(HostDied):
        outbox.record(platform.world.ports, VAULT, [created()])
    platform.world.memory = Memory()
    platform.run(minutes=1)
    assert platform.world.events.published == [created(), created()]
    assert platform.world.events.distinct == [created()]


def test_an_event_that_the_topic_will_never_take_is_kept_and_holds_up_nothing() -> None:
    world = World()
    world.events.refused_types.add("DiskBackup.RecoveryPoint.Lost")
    lost = announcements.point_lost(VAULT, point(), SLOT)
    outbox.record(world.ports, VAULT, [lost, created()])
    taken, told = world.events.published
    assert taken == created()
    assert (told.type, told.content["refusedEventId"]) == ("DiskBackup.Event.Refused", lost.id)
    (kept,) = every(world.ports, RefusedEvent, VAULT)
    assert (kept.value.event, kept.value.code) == (lost, "BadRequest")
    assert waiting(world) == []


def test_many_events_leave_in_few_calls() -> None:
    world = World()
    for start in range(0, 400, 50):
        outbox.record(world.ports, VAULT, [created(number) for number in range(start, start + 50)])
        world.clock.advance(timedelta(milliseconds=5))
    world.clock.advance(seconds=2)
    outbox.deliver(world.ports, VAULT)
    assert [event.id for event in world.events.distinct] == [created(number).id for number in range(400)]
    assert world.faults.count("events.publish") <= 15


def test_two_hosts_that_deliver_at_once_send_doubles_in_order() -> None:
    platform = Platform()
    platform.twice = True
    ports = platform.world.ports
    platform.world.faults.fail("events.publish", CloudUnavailable("503"))
    outbox.record(ports, VAULT, [created(number) for number in range(60)])
    other = World(clock=platform.world.clock)
    other.store, other.events = platform.world.store, platform.world.events
    platform.world.faults.fail("store.commit", CloudUnavailable("the answer got lost"), after=False)
    with pytest.raises(CloudUnavailable):
        outbox.deliver(ports, VAULT)
    outbox.deliver(other.ports, VAULT)
    assert [event.id for event in platform.world.events.distinct] == [created(number).id for number in range(60)]


# Digests.


def failing(count: int) -> Platform:
    platform = protected(*[f"disk-{number}" for number in range(1, count + 1)])
    platform.world.cloud.guard = REFUSE_SNAPSHOTS
    platform.run(seconds=70)
    return platform


def told(platform: Platform, what: str) -> list[dict[str, Any]]:
    """The contents of what was published, doubles and all."""
    return [dict(event.content) for event in platform.world.events.published if event.type == f"DiskBackup.{what}"]


def test_fifty_disks_that_fail_for_one_reason_are_one_digest_with_all_of_them() -> None:
    platform = failing(50)
    (digest,) = told(platform, "Permission.Lost")
    assert digest["affectedItemCount"] == 50
    assert len(set(digest["affectedItems"])) == 50
    assert digest["cause"] == "PermissionLost.DiskSnapshotContributor"
    assert "Disk Snapshot Contributor" in digest["recommendedActions"][0]
    assert len(told(platform, "Job.Failed")) == 50, "each job's end is told by itself"


def test_an_alert_is_raised_once_however_often_its_cause_shows() -> None:
    platform = failing(1)
    for hours in range(1, 4):
        go_to(platform, SLOT + hours * HOUR, minutes=2)
    assert len(told(platform, "Job.Failed")) == 4
    assert len(told(platform, "Permission.Lost")) == 1


def test_an_open_alert_is_told_again_once_a_day() -> None:
    platform = failing(1)
    for hours in range(1, 26):
        go_to(platform, SLOT + hours * HOUR, minutes=2)
    first, again = told(platform, "Permission.Lost")
    assert (first["occurrences"], again["occurrences"]) == (1, 2)
    assert first["alertIds"] == again["alertIds"]


def test_what_is_over_is_told_once_and_raised_anew_when_it_comes_back() -> None:
    platform = failing(3)
    platform.world.cloud.guard = lambda call, target: None
    go_to(platform, SLOT + HOUR, minutes=2)
    regained = told(platform, "Permission.Regained")
    assert sorted(name for each in regained for name in each["affectedItems"]) == ["disk-1", "disk-2", "disk-3"]
    assert all(platform.instance(f"disk-{number}").alerts == () for number in (1, 2, 3))
    platform.world.cloud.guard = REFUSE_SNAPSHOTS
    go_to(platform, SLOT + 2 * HOUR, minutes=2)
    lost = told(platform, "Permission.Lost")
    assert len([name for each in lost for name in each["affectedItems"]]) == 6


def test_two_causes_are_two_digests() -> None:
    platform = protected("disk-1", "disk-2")
    platform.world.cloud.remove_disk(platform.instance("disk-2").disk_id)
    platform.world.cloud.guard = REFUSE_SNAPSHOTS
    platform.run(minutes=6)
    assert len(told(platform, "Permission.Lost")) == 1
    (deleted,) = told(platform, "SourceDisk.Deleted")
    assert deleted["affectedItems"] == ["disk-2"]


def test_a_digest_gathers_the_vaults_of_a_subscription() -> None:
    world = World()
    vaults = [VaultKey(subscription=SUBSCRIPTION, group="backup-rg", name=f"vault-{number}") for number in (1, 2)]
    for number, vault in enumerate(vaults):
        alert = Alert(
            alert_id=f"{number:032x}",
            cause="RpoBreached",
            instance_name=f"disk-{number}",
            fired_type="DiskBackup.Rpo.Breached",
            raised_at=world.clock.now(),
            told_at=world.clock.now(),
            severity="Sev1",
        )
        outbox.record(world.ports, vault, [announcements.alert_fired(vault, alert)])
    world.clock.advance(seconds=30)
    watch(world.ports)
    (digest,) = world.events.published
    assert sorted(digest.content["affectedItems"]) == ["disk-0", "disk-1"]
    assert digest.source == f"/subscriptions/{SUBSCRIPTION}"


def test_a_digest_that_the_topic_refuses_waits_whole() -> None:
    platform = protected("disk-1", "disk-2")
    platform.world.cloud.guard = REFUSE_SNAPSHOTS
    platform.run(seconds=12)
    platform.world.faults.fail("events.publish", CloudUnavailable("503"), times=1000)
    platform.run(minutes=3)
    platform.world.faults.clear()
    platform.run(minutes=2)
    (digest,) = told(platform, "Permission.Lost")
    assert digest["affectedItemCount"] == 2


def test_stopping_protection_ends_its_alerts() -> None:
    platform = failing(1)
    stop_protection(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=1)
    assert len(told(platform, "Permission.Regained")) == 1
    assert platform.instance().alerts == ()


def test_a_thousand_changes_during_an_hour_without_a_topic_arrive_all_and_in_order_though_hosts_die() -> None:
    """Bar: nothing lost, ids unique per change, order within an instance kept."""
    names = [f"disk-{number}" for number in range(1, 18)]
    platform = unchecked(protected(*names, **EVERY_MINUTE))
    before = len(platform.world.events.distinct)
    platform.world.faults.fail("events.publish", CloudUnavailable("503"), times=1_000_000)
    for minutes in range(60):
        if minutes % 7 == 3:  # a host dies at some call of the minute; others have to go on, with what they know
            platform.world.faults.fail_nth(37 * minutes % 400, HostDied())
        platform.run(minutes=1)
        platform.world.memory = Memory()
    platform.world.faults.clear()
    platform.run(minutes=15)
    changes = [job for job in platform.jobs() if job.is_ended and job.slot is not None]
    assert len(changes) >= 1000
    told = platform.world.events.distinct[before:]
    ended = {event.content["jobId"].rsplit("/", 1)[1] for event in told if event.type == "DiskBackup.Job.Completed"}
    assert {job.job_id for job in changes if job.status is JobStatus.COMPLETED} <= ended
    points = {point.point_id for name in names for point in platform.points(name)}
    created_ids = [event.content["recoveryPointId"] for event in told if event.type.endswith("RecoveryPoint.Created")]
    assert points <= set(created_ids)
    assert len(created_ids) == len(set(created_ids)), "one event for each change, under one id"
    for name in names:
        times = [event.at for event in told if event.subject == f"backupInstances/{name}"]
        assert times == sorted(times), name
    assert waiting(platform.world) == []
