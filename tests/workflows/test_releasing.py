"""Recovery points that a contributor has go before their time: only what no promise holds, and by way of the expiry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from backup_core.domain.errors import NotFound, ResourceInUse, Throttled
from backup_core.domain.job import JobOperation, JobStatus
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.vault import Vault
from backup_core.ports import Replace
from backup_core.workflows.lifecycle import stop_protection
from backup_core.workflows.releasing import keep_point, release_point
from tests.builders import VAULT, hold, vault_properties
from tests.workflows.platform import Platform
from tests.workflows.scenes import HOUR, SLOT, backed_up, change_point, events, go_to, jobs

DAY = timedelta(days=1)


def two_points(**vault_settings: str) -> Platform:
    """An older point and the newest one, in a vault that keeps nothing beyond the retention unless told otherwise."""
    platform = backed_up()
    properties = vault_properties(**{"soft_delete": "Off", **vault_settings})  # type: ignore[arg-type]
    stored = platform.world.store.get(Vault, VAULT)
    platform.world.store.commit(VAULT, [Replace(stored, replace(stored.value, properties=properties))])
    go_to(platform, SLOT + HOUR)
    assert len(platform.points()) == 2
    return platform


def oldest(platform: Platform) -> RecoveryPoint:
    return platform.points()[-1]


def release(platform: Platform, point: RecoveryPoint) -> RecoveryPoint:
    return release_point(platform.world.ports, VAULT, "disk-1", point.point_id)


def test_a_point_that_no_promise_holds_goes_with_its_snapshot_in_a_job_of_the_expiry() -> None:
    platform = two_points()
    gone = oldest(platform)
    release(platform, gone)
    platform.run(minutes=3)
    assert [point.point_id for point in platform.points()] == [platform.instance().newest_point.point_id]  # type: ignore[union-attr]
    assert platform.world.cloud.find_snapshot(gone.snapshot_id) is None
    (job,) = jobs(platform, JobOperation.EXPIRE)
    assert job.status is JobStatus.COMPLETED
    assert events(platform, "RecoveryPoint.Expired")


def test_with_soft_delete_it_goes_when_that_ends_and_can_be_kept_after_all_until_then() -> None:
    platform = two_points(soft_delete="On")
    # The retention of a week is shorter than soft delete: the point goes no later than it was promised.
    promised = oldest(platform).expires_at
    assert release(platform, oldest(platform)).expires_at == promised
    change_point(platform, oldest(platform).point_id, expires_at=SLOT + 400 * DAY, promised_until=None)
    going = release(platform, oldest(platform))
    assert going.expires_at is not None
    assert going.expires_at - platform.world.clock.now() > 13.9 * DAY
    assert going.promised_until == SLOT + 400 * DAY
    platform.run(minutes=3)
    assert len(platform.points()) == 2
    kept = keep_point(platform.world.ports, VAULT, "disk-1", going.point_id)
    assert (kept.expires_at, kept.promised_until) == (SLOT + 400 * DAY, None)


def test_asking_twice_is_asking_once() -> None:
    platform = two_points(soft_delete="On")
    change_point(platform, oldest(platform).point_id, expires_at=SLOT + 400 * DAY)
    first = release(platform, oldest(platform))
    platform.world.clock.advance(days=1)
    assert release(platform, oldest(platform)) == first


def held(platform: Platform) -> None:
    change_point(platform, oldest(platform).point_id, holds=(hold("a court"),))


def restoring(platform: Platform) -> None:
    change_point(platform, oldest(platform).point_id, restoring=("job",))


def stopped(platform: Platform) -> None:
    stop_protection(platform.world.ports, VAULT, "disk-1")


@pytest.mark.parametrize(
    ("promise", "words"),
    [
        (held, r"held \(case-1\): a court"),
        (restoring, "being restored"),
        (stopped, "protection is stopped"),
    ],
)
def test_what_a_promise_holds_stays_and_the_refusal_names_it(promise: Callable[[Platform], None], words: str) -> None:
    platform = two_points()
    promise(platform)
    with pytest.raises(ResourceInUse, match=words):
        release(platform, oldest(platform))
    platform.run(minutes=3)
    assert len(platform.points()) == 2


@pytest.mark.parametrize("immutability", ["Unlocked", "Locked"])
def test_an_immutable_vault_lets_no_point_go_before_its_time(immutability: str) -> None:
    platform = two_points(immutability=immutability)
    with pytest.raises(ResourceInUse, match="immutable"):
        release(platform, oldest(platform))


def test_the_newest_good_point_stays() -> None:
    platform = two_points()
    with pytest.raises(ResourceInUse, match="newest good point"):
        release(platform, platform.points()[0])


def test_of_all_points_the_newest_stays_whatever_order_they_are_asked_for() -> None:
    platform = two_points()
    for point in platform.points()[::-1][:-1]:
        release(platform, point)
    platform.run(minutes=3)
    with pytest.raises(ResourceInUse, match="newest good point"):
        release(platform, platform.points()[0])


def test_a_point_whose_deletion_has_begun_or_that_never_was_is_not_found() -> None:
    platform = two_points()
    with pytest.raises(NotFound):
        release_point(platform.world.ports, VAULT, "disk-1", "f" * 32)
    with pytest.raises(NotFound):
        keep_point(platform.world.ports, VAULT, "disk-1", "f" * 32)


def test_a_deletion_that_azure_puts_off_is_made_later() -> None:
    platform = two_points()
    platform.world.faults.fail("cloud.delete_snapshot", Throttled("later", retry_after_seconds=40))
    release(platform, oldest(platform))
    platform.run(minutes=5)
    assert len(platform.points()) == 1
