"""Copies in other regions, kept by Azure itself while their vault is immutable or they are held: from when they are
whole on, again while it is not so, and told region by region where it cannot be."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from backup_core.domain.copying import CopyState
from backup_core.domain.errors import InvalidInput, PermissionMissing, RequestRefused
from backup_core.domain.hold import Hold
from backup_core.domain.messages import ExpirePoints
from backup_core.domain.permissions import BIND_SNAPSHOTS, KEEP_SNAPSHOTS, READ_LOCKS, READ_PERMISSIONS, Grant
from backup_core.domain.vault import Promises
from backup_core.workflows.copy_rules import put_rule
from backup_core.workflows.holds import Place, clear_hold, set_hold
from backup_core.workflows.lifecycle import delete_instance
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.vaults import put_vault
from tests.builders import VAULT, vault, vault_properties
from tests.workflows.platform import Platform
from tests.workflows.scenes import SLOT, change_copy, go_to, protected, sent
from tests.workflows.test_copying import COPIES, LANE, copied, copies, rule

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
CAUSE = f"CopyNotBound.{LANE}"
REFUSALS = (
    PermissionMissing("403", scope=COPIES.text, role="Snapshot Immutability Writer"),
    RequestRefused("400 NoRegisteredProviderFound", code="NoRegisteredProviderFound"),
)


def immutable(platform: Platform, state: str = "Unlocked") -> None:
    with platform.world.faults.paused():
        put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="Off", immutability=state)))


def copying(*, retention: str = "P30D", binds: bool = True, state: str = "Unlocked") -> Platform:
    platform = protected()
    platform.world.promises = Promises(binds_snapshots=binds, weakening_delay=timedelta(0))
    immutable(platform, state)
    return copied(platform, retention=retention)


def with_a_copy(**wishes: object) -> Platform:
    platform = copying(**wishes)  # type: ignore[arg-type]
    platform.run(minutes=10)
    assert [each.state for each in copies(platform)] == [CopyState.COMPLETED]
    return platform


def refuse_copies(platform: Platform, error: Exception) -> None:
    """Only in the other region: at home Azure keeps what it is asked to."""

    def guard(call: str, target: str) -> None:
        if call == "bind_snapshot" and target.lower().startswith(COPIES.text.lower()):
            raise error

    platform.world.cloud.guard = guard


def allow(platform: Platform) -> None:
    platform.world.cloud.guard = lambda call, target: None


def until(platform: Platform) -> datetime | None:
    return platform.immutable_until(copies(platform)[0].snapshot_id)


def causes(platform: Platform) -> list[str]:
    return [alert.cause for alert in platform.instance().alerts]


def test_a_copy_of_an_immutable_vault_is_kept_by_azure_as_long_as_promised_as_soon_as_it_is_whole() -> None:
    platform = with_a_copy()
    (copy,) = copies(platform)
    bound = until(platform)
    assert bound == copy.immutable_until
    assert timedelta(0) <= bound - copy.expires_at < DAY
    with pytest.raises(RequestRefused):
        platform.world.cloud.delete_snapshot(copy.snapshot_id)


def test_a_copy_that_is_not_whole_yet_is_not_bound() -> None:
    platform = copying()
    platform.run(seconds=90)
    (copy,) = copies(platform)
    assert copy.state is CopyState.COPYING
    reconcile(platform.world.ports)
    platform.run(seconds=10)
    assert platform.immutable_until(copy.snapshot_id) is None


@pytest.mark.parametrize(("binds", "state"), [(False, "Unlocked"), (True, "Disabled")])
def test_no_copy_is_bound_in_a_vault_that_is_not_immutable_or_by_a_deployment_that_does_not(
    *, binds: bool, state: str
) -> None:
    platform = with_a_copy(binds=binds, state=state)
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    assert until(platform) is None
    assert platform.world.faults.count("cloud.bind_snapshot") == 0


def test_copies_of_before_are_bound_when_the_reconciler_comes_by() -> None:
    platform = with_a_copy(binds=False)
    platform.world.promises = Promises(binds_snapshots=True)
    assert copies(platform)[0].copy_id in reconcile(platform.world.ports).unbound
    platform.run(minutes=1)
    assert until(platform) == copies(platform)[0].immutable_until is not None
    assert reconcile(platform.world.ports).unbound == []


def test_a_vault_that_becomes_immutable_has_the_newest_copies_bound_at_once() -> None:
    platform = with_a_copy(state="Disabled")
    immutable(platform)
    platform.run(minutes=1)
    assert until(platform) is not None
    assert platform.points()[0].immutable_until is not None


def test_a_role_that_is_missing_in_the_other_region_is_told_as_soon_as_the_vault_becomes_immutable() -> None:
    platform = with_a_copy(state="Disabled")
    refuse_copies(platform, REFUSALS[0])
    immutable(platform)
    platform.run(minutes=1)
    assert causes(platform) == [CAUSE]


def test_a_rule_of_an_immutable_vault_takes_the_role_that_binds_in_the_other_region() -> None:
    platform = copying()
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


def test_a_promise_beyond_ninety_days_is_bound_anew_when_these_have_passed() -> None:
    platform = with_a_copy(retention="P200D")
    first = until(platform)
    assert first - SLOT < timedelta(days=90, hours=1)
    platform.world.clock.set(first)
    assert copies(platform)[0].copy_id in reconcile(platform.world.ports).unbound
    platform.run(minutes=1)
    bound = platform.immutable_until(copies(platform)[0].snapshot_id)
    assert bound - SLOT > timedelta(days=179)
    assert copies(platform)[0].immutable_until == bound


@pytest.mark.parametrize("error", REFUSALS)
def test_what_azure_does_not_let_us_bind_there_is_told_for_that_region_and_ends_when_it_does(error: Exception) -> None:
    platform = copying()
    refuse_copies(platform, error)
    platform.run(minutes=10)
    assert causes(platform) == [CAUSE]
    assert platform.points()[0].immutable_until is not None, "at home Azure does"
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    assert causes(platform) == [CAUSE], "neither told twice nor ended by what is bound at home"
    allow(platform)
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    assert causes(platform) == []
    assert until(platform) is not None


def test_the_alert_ends_when_nothing_asks_for_it_any_more() -> None:
    platform = copying()
    refuse_copies(platform, REFUSALS[0])
    platform.run(minutes=10)
    assert causes(platform) == [CAUSE]
    immutable(platform, "Disabled")
    reconcile(platform.world.ports)
    assert causes(platform) == []


def test_a_bound_copy_expires_when_azure_lets_it_and_no_deletion_is_tried_before() -> None:
    platform = with_a_copy(retention="P1DT1H")
    (first,) = copies(platform)
    go_to(platform, SLOT + DAY, minutes=10)
    platform.world.clock.set(first.expires_at)
    platform.run(minutes=5)
    assert first.immutable_until > platform.world.clock.now()
    assert first.snapshot_id not in platform.world.cloud.removed
    assert first.copy_id in {copy.copy_id for copy in copies(platform)}
    platform.world.clock.set(first.immutable_until)
    platform.run(minutes=10)
    assert platform.world.cloud.removed.count(first.snapshot_id) == 1
    assert first.copy_id not in {copy.copy_id for copy in copies(platform)}
    assert causes(platform) == []


def test_what_azure_keeps_and_no_record_knows_of_is_noted_instead_of_tried() -> None:
    platform = with_a_copy(retention="P1DT1H")
    (first,) = copies(platform)
    go_to(platform, SLOT + DAY, minutes=10)
    change_copy(platform, first.copy_id, immutable_until=None)
    platform.world.clock.set(first.expires_at)
    platform.run(minutes=5)
    assert first.snapshot_id not in platform.world.cloud.removed
    assert copies(platform)[0].immutable_until == first.immutable_until
    assert causes(platform) == []


@pytest.mark.parametrize("scope", ["point", "instance", "vault"])
def test_a_held_copy_is_bound_while_it_is_held_also_where_its_vault_is_not_immutable(scope: str) -> None:
    platform = with_a_copy(state="Disabled")
    (copy,) = copies(platform)
    place = {
        "point": Place(vault=VAULT, instance="disk-1", point=copy.point_id),
        "instance": Place(vault=VAULT, instance="disk-1"),
        "vault": Place(vault=VAULT),
    }[scope]
    set_hold(platform.world.ports, place, Hold(name="case-7", reason="a lawsuit", set_at=SLOT))
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    bound = until(platform)
    assert timedelta(days=6) < bound - platform.world.clock.now() <= timedelta(days=7)
    platform.world.clock.set(SLOT + DAY + 6 * HOUR)
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    last = platform.immutable_until(copy.snapshot_id)
    assert last > bound
    clear_hold(platform.world.ports, place, "case-7")
    platform.world.clock.set(SLOT + timedelta(days=3))
    reconcile(platform.world.ports)
    platform.run(minutes=1)
    assert platform.immutable_until(copy.snapshot_id) == last


def test_an_instance_that_is_deleted_waits_for_azure_without_looking_again_and_again() -> None:
    platform = with_a_copy(retention="P12D")
    immutable(platform, "Disabled")
    for point in platform.points():
        assert point.immutable_until is not None
    delete_instance(platform.world.ports, VAULT, "disk-1")
    (copy,) = copies(platform)
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
