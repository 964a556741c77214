"""What an immutable vault has, and what is held, is kept by Azure itself: recovery points from their backup on, copies
in other regions from when they are whole on; again while it is not so, and told, region by region, where it cannot be.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from backup_core.domain.copying import CopyState, PointCopy
from backup_core.domain.errors import BackupError, InvalidInput, PermissionMissing, RequestRefused, Throttled
from backup_core.domain.hold import Hold
from backup_core.domain.job import JobStatus
from backup_core.domain.messages import ExpireCopies, ExpirePoints
from backup_core.domain.permissions import BIND_SNAPSHOTS, KEEP_SNAPSHOTS, READ_LOCKS, READ_PERMISSIONS, Grant
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.vault import Promises
from backup_core.workflows import reconcile_group
from backup_core.workflows.copy_rules import put_rule
from backup_core.workflows.holds import Place, clear_hold, set_hold
from backup_core.workflows.lifecycle import delete_instance
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.vaults import put_vault
from tests.builders import SNAPSHOT_GROUP, VAULT, vault, vault_properties
from tests.workflows.platform import Platform
from tests.workflows.scenes import (
    DAILY_AT_NOON,
    DAY,
    HOUR,
    SLOT,
    asked_each_hour,
    change_copy,
    go_to,
    jobs,
    protected,
    refuse,
    sent,
)
from tests.workflows.test_copying import COPIES, LANE, copied, rule

POINT, COPY = "recovery point", "copy"
LIES_IN = {POINT: SNAPSHOT_GROUP, COPY: COPIES}
CAUSE = {POINT: "ImmutabilityNotBound", COPY: f"CopyNotBound.{LANE}"}
REFUSALS = (
    PermissionMissing("403", scope=SNAPSHOT_GROUP.text, role="Snapshot Immutability Writer"),
    RequestRefused("400 NoRegisteredProviderFound", code="NoRegisteredProviderFound"),
)
of_each = pytest.mark.parametrize("what", [POINT, COPY])


def immutable(platform: Platform, state: str = "Unlocked") -> None:
    with platform.world.faults.paused():
        put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="Off", immutability=state)))


def at_noon(what: str = POINT, *, retention: str = "P7D", binds: bool = True, state: str = "Unlocked") -> Platform:
    """A disk of whose backups each day the points, or the copies, are kept for so long."""
    platform = protected(intervals=DAILY_AT_NOON["intervals"], retention=retention if what == POINT else "P7D")
    platform.world.promises = Promises(binds_snapshots=binds, weakening_delay=timedelta(0))
    immutable(platform, state)
    return platform if what == POINT else copied(platform, retention=retention)


def made(what: str = POINT, **wishes: object) -> Platform:
    platform = at_noon(what, **wishes)  # type: ignore[arg-type]
    platform.run(minutes=10)
    assert [each.state.value for each in kept(platform, what)] == ["Completed"]
    return platform


def kept(platform: Platform, what: str) -> list[RecoveryPoint] | list[PointCopy]:
    """Oldest first."""
    return platform.points()[::-1] if what == POINT else platform.copies()


def id_of(each: RecoveryPoint | PointCopy) -> str:
    return each.copy_id if isinstance(each, PointCopy) else each.point_id


def until(platform: Platform, what: str = POINT) -> datetime | None:
    return platform.immutable_until(kept(platform, what)[0].snapshot_id)


def forbid(platform: Platform, what: str = POINT, error: BackupError = REFUSALS[0]) -> None:
    """Only where the one lies: Azure keeps the other as it is asked to."""
    platform.world.cloud.guard = refuse("bind_snapshot", error, at=LIES_IN[what].text)


def allow(platform: Platform) -> None:
    platform.world.cloud.guard = lambda call, target: None


def causes(platform: Platform) -> list[str]:
    return [alert.cause for alert in platform.instance().alerts]


def reconcile_and_wait(platform: Platform) -> None:
    reconcile(platform.world.ports)
    platform.run(minutes=1)


@of_each
def test_what_an_immutable_vault_has_is_kept_by_azure_as_long_as_promised_whoever_deletes_it(what: str) -> None:
    platform = made(what)
    (each,) = kept(platform, what)
    assert until(platform, what) == each.immutable_until
    assert timedelta(0) <= each.immutable_until - each.expires_at < DAY
    with pytest.raises(RequestRefused):
        platform.world.cloud.delete_snapshot(each.snapshot_id)


@of_each
@pytest.mark.parametrize(("binds", "state"), [(False, "Unlocked"), (True, "Disabled")])
def test_nothing_is_bound_in_a_vault_that_is_not_immutable_or_by_a_deployment_that_does_not(
    *, what: str, binds: bool, state: str
) -> None:
    platform = made(what, binds=binds, state=state)
    reconcile_and_wait(platform)
    assert until(platform, what) is None
    assert platform.world.faults.count("cloud.bind_snapshot") == 0


@of_each
def test_it_goes_when_azure_lets_it_and_no_deletion_is_tried_before(what: str) -> None:
    platform = made(what, retention="P1DT1H")
    (first,) = kept(platform, what)
    go_to(platform, SLOT + DAY, minutes=10)
    assert len(kept(platform, what)) == 2
    platform.world.clock.set(first.expires_at)
    platform.run(minutes=5)
    assert first.immutable_until > platform.world.clock.now()
    assert platform.world.cloud.removed == []
    assert len(kept(platform, what)) == 2
    platform.world.clock.set(first.immutable_until)
    platform.run(minutes=10)
    assert platform.world.cloud.removed == [first.snapshot_id]
    assert first.snapshot_id not in {each.snapshot_id for each in kept(platform, what)}
    assert causes(platform) == []


@of_each
def test_what_was_there_before_is_bound_when_the_reconciler_comes_by(what: str) -> None:
    platform = made(what, binds=False)
    platform.world.promises = Promises(binds_snapshots=True)
    assert reconcile(platform.world.ports).unbound == [*map(id_of, platform.points()), *map(id_of, platform.copies())]
    platform.run(minutes=1)
    assert until(platform, what) == kept(platform, what)[0].immutable_until is not None
    assert reconcile(platform.world.ports).unbound == []


def test_a_vault_that_becomes_immutable_has_the_newest_points_and_copies_bound_at_once() -> None:
    platform = made(COPY, state="Disabled")
    immutable(platform)
    platform.run(minutes=1)
    assert until(platform, COPY) is not None
    assert until(platform, POINT) is not None


@of_each
def test_a_promise_beyond_ninety_days_is_bound_anew_when_these_have_passed(what: str) -> None:
    platform = made(what, retention="P200D")
    first = until(platform, what)
    assert first - SLOT < timedelta(days=90, hours=1)
    platform.world.clock.set(first - timedelta(minutes=1))
    (each,) = kept(platform, what)
    assert id_of(each) not in reconcile(platform.world.ports).unbound
    platform.world.clock.set(first)
    assert id_of(each) in reconcile(platform.world.ports).unbound
    platform.run(minutes=1)
    assert until(platform, what) - SLOT > timedelta(days=179)
    assert kept(platform, what)[0].immutable_until == until(platform, what)


@of_each
@pytest.mark.parametrize("error", REFUSALS)
def test_what_azure_does_not_let_us_bind_is_told_for_its_region_and_ends_when_it_does(
    what: str, error: BackupError
) -> None:
    platform = at_noon(what)
    forbid(platform, what, error)
    platform.run(minutes=10)
    assert [job.status for job in jobs(platform)] == [JobStatus.COMPLETED]
    for _ in range(2):
        assert causes(platform) == [CAUSE[what]], "neither told twice nor ended by what is bound elsewhere"
        assert what == POINT or until(platform, POINT) is not None, "at home Azure does"
        reconcile_and_wait(platform)
    allow(platform)
    reconcile_and_wait(platform)
    assert causes(platform) == []
    assert until(platform, what) is not None


@of_each
def test_the_alert_ends_when_nothing_asks_for_it_any_more(what: str) -> None:
    platform = at_noon(what)
    forbid(platform, what)
    platform.run(minutes=10)
    assert causes(platform) == [CAUSE[what]]
    immutable(platform, "Disabled")
    reconcile(platform.world.ports)
    assert causes(platform) == []


@of_each
@pytest.mark.parametrize("scope", ["point", "instance", "vault"])
def test_what_is_held_is_bound_while_it_is_held_also_where_its_vault_is_not_immutable(what: str, scope: str) -> None:
    platform = made(what, state="Disabled")
    (each,) = kept(platform, what)
    place = {
        "point": Place(vault=VAULT, instance="disk-1", point=each.point_id),
        "instance": Place(vault=VAULT, instance="disk-1"),
        "vault": Place(vault=VAULT),
    }[scope]
    set_hold(platform.world.ports, place, Hold(name="case-7", reason="a lawsuit", set_at=SLOT))
    reconcile_and_wait(platform)
    bound = until(platform, what)
    assert timedelta(days=6) < bound - platform.world.clock.now() <= timedelta(days=7)
    platform.world.clock.set(SLOT + DAY + 6 * HOUR)
    reconcile_and_wait(platform)
    last = platform.immutable_until(each.snapshot_id)
    assert last > bound
    clear_hold(platform.world.ports, place, "case-7")
    platform.world.clock.set(SLOT + 3 * DAY)
    reconcile_and_wait(platform)
    assert platform.immutable_until(each.snapshot_id) == last


# ---------------------------------------------------------------- recovery points


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
    assert causes(platform) == []


def test_throttling_for_hours_is_asked_no_more_often_for_each_pass_of_the_reconciler() -> None:
    platform = at_noon()
    forbid(platform, POINT, Throttled("busy", retry_after_seconds=20))
    counts = asked_each_hour(platform, "cloud.bind_snapshot")
    assert max(counts) < 120, counts
    allow(platform)
    platform.run(minutes=3)
    assert until(platform) is not None


def test_a_snapshot_that_took_the_place_of_ours_is_not_bound() -> None:
    platform = made(state="Disabled")
    (point,) = platform.points()
    platform.world.cloud.lose_snapshot(point.snapshot_id)
    disk = platform.world.cloud.get_disk(point.disk_id)
    platform.world.cloud.add_snapshot(point.snapshot_id, source=disk)
    immutable(platform)
    reconcile_and_wait(platform)
    assert platform.immutable_until(point.snapshot_id) is None


def test_an_instance_that_is_deleted_waits_for_azure_and_leaves_nothing_behind() -> None:
    platform = made(retention="P2D")
    immutable(platform, "Disabled")
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=5)
    (point,) = platform.points()
    assert platform.world.cloud.removed == []
    platform.world.clock.set(point.immutable_until)
    platform.run(hours=1)
    assert platform.world.cloud.removed == [point.snapshot_id]
    assert not platform.has_instance("disk-1")


def test_one_run_of_the_reconciler_sends_no_more_than_azure_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile_group, "AT_ONCE", 1)
    platform = made(state="Disabled")
    platform.world.clock.set(SLOT + DAY - timedelta(seconds=3))
    platform.run(minutes=1)
    immutable(platform)
    assert len(reconcile(platform.world.ports).unbound) == 1
    platform.run(minutes=1)
    assert len(reconcile(platform.world.ports).unbound) == 1
    platform.run(minutes=1)
    assert reconcile(platform.world.ports).unbound == []


# ---------------------------------------------------------------- copies


def test_a_copy_that_is_not_whole_yet_is_not_bound() -> None:
    platform = at_noon(COPY)
    platform.run(seconds=90)
    (copy,) = platform.copies()
    assert copy.state is CopyState.COPYING
    reconcile(platform.world.ports)
    platform.run(seconds=10)
    assert platform.immutable_until(copy.snapshot_id) is None


def test_a_role_that_is_missing_in_the_other_region_is_told_as_soon_as_the_vault_becomes_immutable() -> None:
    platform = made(COPY, state="Disabled")
    forbid(platform, COPY)
    immutable(platform)
    platform.run(minutes=1)
    assert causes(platform) == [CAUSE[COPY]]


def test_a_rule_of_an_immutable_vault_takes_the_role_that_binds_in_the_other_region() -> None:
    platform = at_noon(COPY)
    platform.world.cloud.add_group(COPIES)
    actions = (*KEEP_SNAPSHOTS.actions, READ_LOCKS, READ_PERMISSIONS)
    platform.world.cloud.grants = {COPIES.key: [Grant(actions=actions)]}
    with pytest.raises(InvalidInput, match="updateImmutabilityPolicy") as refused:
        put_rule(platform.world.ports, VAULT, rule())
    assert BIND_SNAPSHOTS.role in str(refused.value)
    immutable(platform, "Disabled")
    put_rule(platform.world.ports, VAULT, rule())
    platform.world.promises = Promises(binds_snapshots=False)
    immutable(platform)
    put_rule(platform.world.ports, VAULT, rule())


def test_what_azure_keeps_and_no_record_knows_of_is_noted_instead_of_tried() -> None:
    platform = made(COPY, retention="P1DT1H")
    (first,) = platform.copies()
    go_to(platform, SLOT + DAY, minutes=10)
    change_copy(platform, first.copy_id, immutable_until=None)
    platform.world.clock.set(first.expires_at)
    platform.world.queue.send(ExpireCopies(vault=VAULT, instance_name="disk-1", due_at=first.expires_at))
    platform.run(minutes=5)
    assert first.snapshot_id not in platform.world.cloud.removed
    assert platform.copies()[0].immutable_until == first.immutable_until
    assert causes(platform) == []


def test_an_instance_that_is_deleted_waits_for_azure_without_looking_again_and_again() -> None:
    platform = made(COPY, retention="P12D")
    immutable(platform, "Disabled")
    for point in platform.points():
        assert point.immutable_until is not None
    delete_instance(platform.world.ports, VAULT, "disk-1")
    (copy,) = platform.copies()
    platform.world.clock.set(max(point.immutable_until for point in platform.points() if point.immutable_until))
    platform.run(hours=1)
    assert platform.points() == []
    assert platform.has_instance("disk-1")
    before = len(sent(platform, ExpirePoints))
    platform.run(hours=6)
    assert len(sent(platform, ExpirePoints)) - before <= 2
    platform.world.clock.set(copy.immutable_until)
    platform.run(hours=1)
    assert not platform.has_instance("disk-1")
    assert platform.world.cloud.snapshot_ids() == []
