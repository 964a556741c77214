"""Snapshots of immutable vaults, kept by Azure itself: from the backup on, again while it is not so, and told where it
cannot be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backup_core.domain.errors import PermissionMissing, RequestRefused, Throttled
from backup_core.domain.hold import Hold
from backup_core.domain.job import JobStatus
from backup_core.domain.vault import Promises
from backup_core.workflows import reconcile_group
from backup_core.workflows.holds import Place, clear_hold, set_hold
from backup_core.workflows.lifecycle import delete_instance
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.vaults import put_vault
from tests.builders import SNAPSHOT_GROUP, VAULT, vault, vault_properties
from tests.workflows.platform import Platform
from tests.workflows.scenes import asked_each_hour

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
REFUSALS = (
    PermissionMissing("403", scope=SNAPSHOT_GROUP.text, role="Snapshot Immutability Writer"),
    RequestRefused("400 NoRegisteredProviderFound", code="NoRegisteredProviderFound"),
)


def immutable(platform: Platform, state: str = "Unlocked") -> None:
    put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="Off", immutability=state)))


def at_noon(*, retention: str = "P7D", binds: bool = True, state: str = "Unlocked") -> Platform:
    platform = Platform()
    platform.world.promises = Promises(binds_snapshots=binds, weakening_delay=timedelta(0))
    immutable(platform, state)
    platform.world.clock.set(NOON - timedelta(minutes=1))
    platform.protect(intervals=("R/2026-03-01T12:00:00+00:00/P1D",), retention=retention)
    platform.world.clock.set(NOON - timedelta(seconds=3))
    return platform


def backed_up(**wishes: object) -> Platform:
    platform = at_noon(**wishes)  # type: ignore[arg-type]
    platform.run(minutes=1)
    assert len(platform.points()) == 1
    return platform


def refuse(platform: Platform, error: Exception) -> None:
    def guard(call: str, _target: str) -> None:
        if call == "bind_snapshot":
            raise error

    platform.world.cloud.guard = guard


def allow(platform: Platform) -> None:
    platform.world.cloud.guard = lambda call, target: None


def until(platform: Platform) -> datetime | None:
    return platform.immutable_until(platform.points()[0].snapshot_id)


def test_a_snapshot_of_an_immutable_vault_is_kept_by_azure_as_long_as_promised() -> None:
    platform = backed_up()
    (point,) = platform.points()
    assert until(platform) == point.immutable_until
    assert timedelta(0) <= until(platform) - point.expires_at < DAY


def test_whoever_has_the_identity_of_the_app_cannot_delete_it() -> None:
    platform = backed_up()
    (point,) = platform.points()
    with pytest.raises(RequestRefused):
        platform.world.cloud.delete_snapshot(point.snapshot_id)


@pytest.mark.parametrize(("binds", "state"), [(False, "Unlocked"), (True, "Disabled")])
def test_nothing_is_bound_in_a_vault_that_is_not_immutable_or_by_a_deployment_that_does_not(
    *, binds: bool, state: str
) -> None:
    platform = backed_up(binds=binds, state=state)
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    assert until(platform) is None
    assert platform.world.faults.count("cloud.bind_snapshot") == 0


def test_it_goes_when_azure_lets_it_and_no_deletion_is_tried_before() -> None:
    platform = backed_up(retention="P1DT1H")
    (first, *_) = platform.points()
    platform.world.clock.set(first.expires_at - timedelta(hours=1, seconds=3))  # the next noon
    platform.run(minutes=2)
    assert len(platform.points()) == 2
    platform.world.clock.set(first.expires_at)
    platform.run(minutes=5)
    assert platform.world.cloud.removed == []
    assert len(platform.points()) == 2
    platform.world.clock.set(first.immutable_until)
    platform.run(minutes=5)
    assert platform.world.cloud.removed == [first.snapshot_id]
    assert first.point_id not in {point.point_id for point in platform.points()}
    assert platform.instance().alerts == ()


def test_points_of_before_are_bound_when_the_reconciler_comes_by() -> None:
    platform = backed_up(state="Disabled")
    immutable(platform)
    report = reconcile(platform.world.ports)
    assert report.unbound == [platform.points()[0].point_id]
    platform.run(minutes=1)
    assert until(platform) == platform.points()[0].immutable_until
    assert reconcile(platform.world.ports).unbound == []


def test_a_promise_beyond_ninety_days_is_bound_anew_when_these_have_passed() -> None:
    platform = backed_up(retention="P200D")
    assert until(platform) - NOON < timedelta(days=90, minutes=1)
    platform.world.clock.set(until(platform) - timedelta(minutes=1))
    assert reconcile(platform.world.ports).unbound == []
    platform.world.clock.set(until(platform))
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    assert until(platform) - NOON > timedelta(days=179)
    assert platform.points()[-1].immutable_until == platform.immutable_until(platform.points()[-1].snapshot_id)


@pytest.mark.parametrize("error", REFUSALS)
def test_what_azure_does_not_let_us_bind_is_told_and_ends_when_it_does(error: Exception) -> None:
    platform = at_noon()
    refuse(platform, error)
    platform.run(minutes=1)
    assert [alert.cause for alert in platform.instance().alerts] == ["ImmutabilityNotBound"]
    assert [job.status for job in platform.jobs() if job.slot == NOON] == [JobStatus.COMPLETED]
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    assert len(platform.instance().alerts) == 1
    allow(platform)
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    assert platform.instance().alerts == ()
    assert until(platform) is not None


def test_the_alert_ends_when_the_vault_is_no_longer_immutable() -> None:
    platform = at_noon()
    refuse(platform, REFUSALS[0])
    platform.run(minutes=1)
    immutable(platform, "Disabled")
    reconcile(platform.world.ports)
    assert platform.instance().alerts == ()


def test_azure_that_accepts_and_does_nothing_is_not_believed() -> None:
    platform = at_noon()
    platform.world.cloud.ignores_bindings = True
    platform.run(minutes=5)
    (alert,) = platform.instance().alerts
    assert alert.cause == "ImmutabilityNotBound"
    assert platform.points()[0].immutable_until is None


def test_throttling_only_delays() -> None:
    platform = at_noon()
    platform.world.faults.fail("cloud.bind_snapshot", Throttled("busy", retry_after_seconds=20))
    platform.run(minutes=1)
    assert until(platform) is not None
    assert platform.instance().alerts == ()


def test_throttling_for_hours_is_asked_no_more_often_for_each_pass_of_the_reconciler() -> None:
    platform = at_noon()
    refuse(platform, Throttled("busy", retry_after_seconds=20))
    counts = asked_each_hour(platform, "cloud.bind_snapshot")
    assert max(counts) < 120, counts
    allow(platform)
    platform.run(minutes=3)
    assert until(platform) is not None


def test_a_snapshot_that_took_the_place_of_ours_is_not_bound() -> None:
    platform = backed_up(state="Disabled")
    (point,) = platform.points()
    platform.world.cloud.lose_snapshot(point.snapshot_id)
    disk = platform.world.cloud.get_disk(point.disk_id)
    platform.world.cloud.add_snapshot(point.snapshot_id, source=disk)
    immutable(platform)
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    assert platform.immutable_until(point.snapshot_id) is None


def test_an_instance_that_is_deleted_waits_for_azure_and_leaves_nothing_behind() -> None:
    platform = backed_up(retention="P2D")
    immutable(platform, "Disabled")
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=5)
    (point,) = platform.points()
    assert platform.world.cloud.removed == []
    platform.world.clock.set(point.immutable_until)
    platform.run(hours=1)
    assert platform.world.cloud.removed == [point.snapshot_id]
    assert not platform.has_instance("disk-1")


@pytest.mark.parametrize("place", [Place(vault=VAULT), Place(vault=VAULT, instance="disk-1"), None])
def test_a_held_point_is_bound_while_it_is_held_also_where_its_vault_is_not_immutable(place: Place | None) -> None:
    platform = backed_up(state="Disabled")
    (point,) = platform.points()
    place = place or Place(vault=VAULT, instance="disk-1", point=point.point_id)
    set_hold(platform.world.ports, place, Hold(name="case-7", reason="a lawsuit", set_at=NOON))
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    bound = until(platform)
    assert timedelta(days=6) < bound - platform.world.clock.now() <= timedelta(days=7)
    platform.world.clock.set(NOON + timedelta(days=1, hours=6))
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    assert platform.immutable_until(point.snapshot_id) > bound
    clear_hold(platform.world.ports, place, "case-7")
    platform.world.clock.set(NOON + timedelta(days=3))
    last = platform.immutable_until(point.snapshot_id)
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    assert platform.immutable_until(point.snapshot_id) == last


def test_one_run_of_the_reconciler_sends_no_more_than_azure_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile_group, "AT_ONCE", 1)
    platform = backed_up(state="Disabled")
    platform.world.clock.set(NOON + DAY - timedelta(seconds=3))
    platform.run(minutes=1)
    immutable(platform)
    assert len(reconcile(platform.world.ports).unbound) == 1
    platform.run(minutes=1)
    assert len(reconcile(platform.world.ports).unbound) == 1
    platform.run(minutes=1)
    assert reconcile(platform.world.ports).unbound == []
