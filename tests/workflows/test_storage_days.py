"""What vaults hold, a row a day: counted once whatever happens, and none for a vault that protects nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup_core.domain.copying import CopyState
from backup_core.domain.cost import Churn, held
from backup_core.domain.forecast import Lifetime
from backup_core.domain.health import CopyGlance, InstanceGlance
from backup_core.domain.instance import PointCount, PointSummary
from backup_core.domain.prices import Meter, find_price
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.storage_day import CHANGED_A_DAY, CopiesHeld, StorageDay, held_bytes, holding_of
from backup_core.ports import Insert, Memory, Ports
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.run_time import WORK_FOR, Time
from backup_core.workflows.storage_days import KEPT_DAYS, note_storage, storage_days
from tests.builders import VAULT, copy, instance, vault
from tests.fakes import SlowClock
from tests.workflows.platform import HostDied, Platform
from tests.workflows.proofs import TROUBLES
from tests.workflows.scenes import HOUR, SLOT, backed_up, change_instance, go_to, protected
from tests.workflows.test_copying import copied

DAY = timedelta(days=1)
OTHER, EMPTY = (replace(VAULT, name=name) for name in ("another", "empty"))


@cache
def _prepared() -> Platform:
    """A vault with two disks of 128 GiB that have two points an hour apart, one with a new disk, and one with none."""
    platform = backed_up("disk-1", "disk-2")
    go_to(platform, SLOT + HOUR)
    with platform.world.faults.paused():
        for key in (OTHER, EMPTY):
            platform.world.store.commit(key, [Insert(vault(key=key))])
        platform.world.store.commit(OTHER, [Insert(instance(point_count=PointCount(count=0)))])
    return platform


def three_vaults() -> Platform:
    return _prepared().copy()


def note(platform: Platform, ports: Ports | None = None, after: str = "") -> str | None:
    ports = ports or platform.world.ports
    return note_storage(ports, [OTHER, VAULT, EMPTY], Time.of_run(ports), after)


def anew(platform: Platform) -> Ports:
    """As another process has them."""
    return replace(platform.world.ports, memory=Memory())


def rows(platform: Platform) -> dict[VaultKey, StorageDay]:
    today = platform.world.clock.now().date()
    with platform.world.faults.paused():
        return {row.vault: row for row in storage_days(platform.world.ports, today, today)}


def test_a_row_says_what_a_vault_holds_and_one_that_protects_nothing_has_none() -> None:
    platform = three_vaults()
    assert note(platform) is None
    found = rows(platform)
    assert set(found) == {VAULT, OTHER}
    holding = found[VAULT].holding
    assert (holding.instances, holding.points) == (2, 4)
    assert 256 < holding.gib < 256 * (1 + CHANGED_A_DAY)
    assert holding.monthly_cost is None, "nobody has read the price of this region"
    assert (found[OTHER].holding.instances, found[OTHER].holding.points, found[OTHER].holding.gib) == (1, 0, 0)


def test_where_the_price_is_known_a_month_costs_what_is_held_times_it() -> None:
    price = find_price(Meter.SNAPSHOTS_ZRS, "eastus", "USD")
    assert price is not None
    newest = PointSummary(point_id="0" * 32, created_at=SLOT, expires_at=None, disk_bytes=128 << 30)
    one = instance(
        disk_location="East US", newest_point=newest, point_count=PointCount(count=31, oldest_at=SLOT - 30 * DAY)
    )
    holding = holding_of(InstanceGlance.of(one))
    assert holding.gib == pytest.approx(128 * (1 + 30 * CHANGED_A_DAY))
    assert holding.monthly_cost == pytest.approx(holding.gib * price.of_one)
    assert holding_of(InstanceGlance.of(replace(one, point_count=None))) is None


def test_copies_are_counted_for_themselves_at_the_price_of_their_region() -> None:
    platform = copied(protected())
    platform.run(minutes=20)
    go_to(platform, SLOT + HOUR, minutes=20)
    note_storage(platform.world.ports, [VAULT], Time.of_run(platform.world.ports), "")
    holding = rows(platform)[VAULT].holding
    assert (holding.points, holding.copies) == (2, 2)
    assert holding.copies_gib == pytest.approx(holding.gib)
    assert holding.copies_monthly_cost is None, "nobody has read the price of northeurope"


def test_copies_of_a_disk_in_two_regions_hold_all_of_it_twice_and_what_is_not_whole_holds_nothing() -> None:
    held, price = CopiesHeld(), find_price(Meter.SNAPSHOTS_ZRS, "eastus", "USD")
    assert price is not None
    for lane in ("s:eastus", "s2:eastus"):
        for day in (0, 1):
            whole = copy(at=SLOT + day * DAY, lane=lane, location="East US", state=CopyState.COMPLETED)
            held.add(CopyGlance.of(whole))
    for state in (CopyState.WAITING, CopyState.COPYING, CopyState.LOST):
        held.add(CopyGlance.of(copy(state=state)))
    found = held.holding()
    assert (found.instances, found.points, found.gib, found.copies) == (0, 0, 0, 4)
    assert found.copies_gib == pytest.approx(2 * 128 * (1 + CHANGED_A_DAY))
    assert found.copies_monthly_cost == pytest.approx(found.copies_gib * price.of_one)


def test_one_day_costs_one_query_and_the_next_look_nothing() -> None:
    platform = three_vaults()
    note(platform)
    platform.world.faults.calls.clear()
    note(platform)
    assert platform.world.faults.calls == []
    note(platform, anew(platform))
    assert platform.world.faults.count("store.commit") == 0
    platform.world.clock.advance(DAY)
    note(platform)
    assert platform.world.faults.count("store.commit") == 2


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_failure_at_any_call_leaves_what_the_next_run_makes_whole(trouble: str) -> None:
    (error, after), whole = TROUBLES[trouble], three_vaults()
    whole.world.faults.calls.clear()
    note(whole)
    tried = len(whole.world.faults.calls)
    for nth in range(tried):
        platform = three_vaults()
        platform.world.faults.fail_nth(nth, error(trouble), after=after)
        with pytest.raises((error, HostDied)):
            note(platform)
        platform.world.faults.clear()
        note(platform, anew(platform))
        assert rows(platform) == rows(whole), f"call {nth} of {tried}"
    assert tried >= 5


def test_two_at_once_write_what_one_does() -> None:
    whole = three_vaults()
    whole.world.faults.calls.clear()
    note(whole)
    for nth in range(len(whole.world.faults.calls)):
        platform = three_vaults()
        platform.world.faults.interrupt_nth(nth, lambda platform=platform: note(platform, anew(platform)))
        note(platform)
        assert rows(platform) == rows(whole), f"call {nth}"


def test_a_run_whose_time_is_up_says_behind_what_another_goes_on() -> None:
    platform = three_vaults()
    slow, after, runs = SlowClock(platform.world.clock, 2 * WORK_FOR), "", 0
    while after is not None:
        after, runs = note(platform, replace(anew(platform), clock=slow), after), runs + 1
        assert runs < 10
    assert (set(rows(platform)), runs > 1) == ({VAULT, OTHER}, True)


def test_rows_are_kept_for_so_many_days() -> None:
    platform = three_vaults()
    note(platform)
    first = platform.world.clock.now().date()
    for days, left in ((KEPT_DAYS, 4), (1, 4)):
        platform.world.clock.advance(days * DAY)
        note(platform)
        kept = list(storage_days(platform.world.ports, first, first + timedelta(days=KEPT_DAYS + 1)))
        assert len(kept) == left
    assert {row.day for row in kept} == {str(first + timedelta(days=days)) for days in (KEPT_DAYS, KEPT_DAYS + 1)}


def test_the_reconciler_counts_what_an_older_release_did_not_and_then_leaves_it() -> None:
    platform = three_vaults()
    counted = platform.instance().point_count
    change_instance(platform, point_count=None)
    assert reconcile(platform.world.ports).counted == ["disk-1"]
    assert platform.instance().point_count == counted == PointCount(count=2, oldest_at=platform.points()[-1].created_at)
    assert reconcile(platform.world.ports).counted == []


@given(st.lists(st.integers(1, 300), min_size=1, max_size=12), st.integers(1, 4096))
def test_points_hold_no_more_however_they_lie(gaps: list[int], gib: int) -> None:
    size = gib << 30
    at, lifetimes = SLOT, [Lifetime(taken_at=SLOT, goes_at=None)]
    for hours in gaps:
        at += timedelta(hours=hours)
        lifetimes.append(Lifetime(taken_at=at, goes_at=None))
    churn = Churn(used_bytes=size, changed_bytes=round(size * CHANGED_A_DAY))
    *_, last = held(lifetimes, churn)
    assert last.size <= held_bytes(size, len(lifetimes), at - SLOT) * (1 + 1e-9)
