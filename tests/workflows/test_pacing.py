"""The shared pace of a subscription: whatever hosts there are, together they stay within one set of Azure's buckets."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from backup_core.domain.errors import CloudUnavailable, Throttled
from backup_core.domain.pacing import OF_A_RESTORE, News, Pace
from backup_core.domain.resource_ids import ANYWHERE
from backup_core.ports import Memory, Ports
from backup_core.workflows.pacing import SPARE, count_request, in_line, places, tell
from tests.builders import SUBSCRIPTION, instance
from tests.fakes import START, World

AHEAD = timedelta(seconds=90)
REGION = "westeurope"
POLICY = f"HighCostSnapshotCreateHydrate {REGION}"
LOOK = 2.0  # seconds from a start to its second read


@dataclass
class Azure:
    """What Azure allows a subscription, asked afterwards: all calls that were made, and when the first did not fit."""

    snapshots: int = 1_000
    window: float = 180.0
    reads: list[float] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)

    def start(self, at: datetime) -> None:
        self.restore(at)
        self.taken.append((at - START).total_seconds())

    def restore(self, at: datetime) -> None:
        """What it takes is of another of the provider's meters."""
        seconds = (at - START).total_seconds()
        self.reads += [seconds, seconds + LOOK]
        self.writes.append(seconds)

    def overdrawn(self) -> str:
        return _overdrawn(self.reads, 250, 25) or _overdrawn(self.writes, 200, 10) or self._too_many_in_a_window()

    def _too_many_in_a_window(self) -> str:
        began, count = -self.window, 0
        for at in sorted(self.taken):
            if at >= began + self.window:
                began, count = at, 0
            count += 1
            if count > self.snapshots:
                return f"call {count} of a window at {at:.1f} s"
        return ""


def _overdrawn(calls: Sequence[float], size: float, refill: float) -> str:
    level, last = size, 0.0
    for at in sorted(calls):
        level, last = min(size, level + (at - last) * refill), at
        if level < 1:
            return f"a bucket of {size:.0f} is empty at {at:.1f} s"
        level -= 1
    return ""


def hosts(count: int) -> tuple[World, list[Ports]]:
    """One store and clock, and so many processes with a memory of their own."""
    world = World()
    return world, [replace(world.ports, memory=Memory()) for _ in range(count)]


def pace_of(world: World, subscription: str = SUBSCRIPTION) -> Pace:
    return world.store.get(Pace, ANYWHERE, subscription).value


def ask(ports: Ports, count: int, azure: Azure | None = None) -> list[datetime]:
    told = places(ports, SUBSCRIPTION, [REGION] * count, until=ports.clock.now() + AHEAD)
    found = [at for at in told if at is not None]
    for at in found if azure is not None else ():
        azure.start(at)
    return found


def release(ports: Ports, count: int, azure: Azure, world: World) -> list[datetime]:
    """A whole herd, as ticks of a minute release it."""
    found: list[datetime] = []
    while len(found) < count:
        found += ask(ports, count - len(found), azure)
        world.clock.advance(minutes=1)
    return found


# A herd of one host.


@pytest.mark.parametrize(("count", "floor"), [(300, 14), (1_000, 80), (5_000, 800)])
def test_a_herd_stays_within_the_buckets_and_wastes_little_of_them(count: int, floor: float) -> None:
    world, (host,) = hosts(1)
    azure = Azure()
    last = max(release(host, count, azure, world))
    assert azure.overdrawn() == ""
    assert (last - START).total_seconds() <= 1.05 * floor + 1


def test_a_thousand_have_places_that_leave_hosts_most_of_a_second_of_what_a_herd_may_take() -> None:
    """What 20 subscriptions of a thousand need, for which few hosts are there at first (`make simulate`)."""
    _, (host,) = hosts(1)
    taken = ask(host, 1_000)
    assert (max(taken) - min(taken)).total_seconds() <= 1.05 * 80 - 0.75


@pytest.mark.parametrize("after", [0, 10, 40, 70])
def test_as_many_as_take_no_place_find_their_writes_beside_a_herd(after: int) -> None:
    world, (host,) = hosts(1)
    azure = Azure()
    release(host, 1_000, azure, world)
    azure.writes += [float(after)] * SPARE
    assert _overdrawn(azure.writes, 200, 10) == ""


@pytest.mark.parametrize("late", [1, 3, 5])
def test_hosts_that_start_with_a_large_herd_find_no_more_than_the_buckets_hold(late: int) -> None:
    """What became visible before the first host looks is taken up at once then. At its very end the herd lacks what a
    full bucket could not take meanwhile."""
    world, (host,) = hosts(1)
    azure = Azure()
    for at in release(host, 1_000, Azure(), world):
        azure.start(max(at, START + timedelta(seconds=late)))
    assert _overdrawn(azure.reads, 250, 25) == ""
    assert _overdrawn([at for at in azure.writes if at < 70], 200, 10) == ""


def test_a_few_starts_go_at_once_and_cost_no_transaction() -> None:
    world, (host,) = hosts(1)
    assert ask(host, SPARE) == [START] * SPARE
    assert world.faults.calls == []


def test_a_herd_costs_one_read_and_one_write() -> None:
    world, (host,) = hosts(1)
    ask(host, 5_000)
    assert world.faults.calls == ["store.get", "store.commit"]


def test_what_can_not_begin_soon_gets_no_place_and_writes_nothing() -> None:
    world, (host,) = hosts(1)
    assert len(ask(host, 5_000)) == pytest.approx(1_000, abs=100)
    world.faults.calls.clear()
    assert ask(host, 5_000) == []
    assert world.faults.calls == ["store.get"]


def test_each_region_has_a_window_of_its_own() -> None:
    """Five thousand in four regions: the writes of the subscription are the narrowest."""
    world, (host,) = hosts(1)
    azure = Azure(snapshots=5_000)
    waiting = [f"Region {number % 4}" for number in range(5_000)]
    last = START
    by_region: dict[str, list[float]] = {region: [] for region in waiting}
    while waiting:
        told = places(host, SUBSCRIPTION, waiting, until=world.clock.now() + AHEAD)
        for region, at in zip(waiting, told, strict=True):
            if at is not None:
                azure.start(at)
                by_region[region].append((at - START).total_seconds())
                last = max(last, at)
        waiting = [region for region, at in zip(waiting, told, strict=True) if at is None]
        world.clock.advance(minutes=1)
    assert azure.overdrawn() == ""
    assert [Azure(taken=times).overdrawn() for times in by_region.values()] == [""] * 4
    assert (last - START).total_seconds() <= 1.05 * 480


def test_no_start_waits_for_the_window_of_another_region() -> None:
    world, (host,) = hosts(1)
    full = News(subscription=SUBSCRIPTION, meter=POLICY, held_seconds=600)
    world.cloud.untold.append(full)
    tell(host)
    told = places(host, SUBSCRIPTION, [REGION, "northeurope"] * 100, until=START + AHEAD)
    assert told[0::2] == [None] * 100
    assert told[1::2] == [START] * 100


def test_a_region_is_the_same_however_it_is_written() -> None:
    _, (host,) = hosts(1)
    told = places(host, SUBSCRIPTION, ["West Europe", "westeurope"] * 1_000, until=START + timedelta(seconds=170))
    assert sum(at is not None for at in told) == 1_000


def test_the_row_does_not_grow_with_regions_that_somebody_made_up() -> None:
    world, (host,) = hosts(1)
    for number in range(200):
        places(host, SUBSCRIPTION, [f"region-{number}"] * 20, until=world.clock.now() + AHEAD)
        world.clock.advance(minutes=1)
    assert len(pace_of(world).meters) < 12


# Several.


def test_of_two_ticks_at_once_each_place_is_promised_to_one() -> None:
    world, (first, second) = hosts(2)
    azure = Azure()
    world.faults.interrupt_nth(1, lambda: ask(second, 300, azure))  # between the read and the write of the first
    ask(first, 300, azure)
    assert len(azure.taken) == 600
    assert azure.overdrawn() == ""


def test_a_tick_beside_a_burst_of_restores_leaves_them_what_they_take() -> None:
    world, (api, host) = hosts(2)
    azure = Azure()
    for _ in range(150):
        count_request(api, SUBSCRIPTION, OF_A_RESTORE)
        azure.restore(world.clock.now())
    ask(host, 400, azure)
    assert azure.overdrawn() == ""


def test_of_single_requests_nobody_is_told() -> None:
    world, (api,) = hosts(1)
    for _ in range(50):
        count_request(api, SUBSCRIPTION, OF_A_RESTORE)
        world.clock.advance(seconds=30)
    assert world.faults.calls == []


@pytest.mark.parametrize("seed", range(40))
def test_ten_hosts_together_stay_within_one_bucket(seed: int) -> None:
    """Ticks on any host, two at once, one that dies with its places, a few restores, for a quarter of an hour."""
    drawn = random.Random(seed)
    world, processes = hosts(10)
    azure = Azure()
    for _ in range(15):
        due = drawn.choice((40, 200, 700, 1_500))
        tick, other = drawn.sample(processes, 2)
        if drawn.random() < 0.3:
            extra = drawn.choice((50, 400))
            world.faults.interrupt_nth(drawn.randint(0, 1), lambda: ask(other, extra, azure))  # noqa: B023
        ask(tick, due, azure)
        world.faults.clear()
        if drawn.random() < 0.1:
            ask(other, 300)  # promised, and never used: then nobody knows when Azure's window begins
            azure.snapshots = 10**6
        for _ in range(drawn.choice((0, 0, 3, 8))):
            count_request(processes[0], SUBSCRIPTION, OF_A_RESTORE)
            azure.restore(world.clock.now())
        world.clock.advance(seconds=60)
    assert azure.overdrawn() == ""


# Starts that found no budget all the same.


def refused(ports: Ports, retry_after: float = 1.0) -> float:
    """The wait that a start is told after a refusal."""
    error = in_line(ports, Throttled("busy", retry_after_seconds=retry_after), instance("disk"))
    assert isinstance(error, Throttled)
    return error.retry_after_seconds


def test_a_refused_start_stands_behind_those_that_were_promised_a_place() -> None:
    _, (host, worker) = hosts(2)
    promised = ask(host, 500)
    waits = [refused(worker) for _ in range(20)]
    assert min(waits) >= (max(promised) - START).total_seconds()
    assert len(set(waits)) == 20, "each has a place of its own"


def test_a_herd_that_comes_later_stands_behind_the_refused() -> None:
    _, (host, worker) = hosts(2)
    ask(host, 500)
    wait = refused(worker)
    assert min(ask(host, 100)) > START + timedelta(seconds=wait)


def test_refused_starts_take_their_places_by_the_handful() -> None:
    world, (worker,) = hosts(1)
    for _ in range(30):
        refused(worker)
    assert world.faults.count("store.") == 20


def test_a_refusal_that_is_for_longer_is_heeded() -> None:
    _, (worker,) = hosts(1)
    assert refused(worker, retry_after=300) == 300


def test_what_was_refused_for_another_reason_or_without_a_store_is_left_as_it_was() -> None:
    world, (worker,) = hosts(1)
    gone = CloudUnavailable("no answer")
    assert in_line(worker, gone, instance("disk")) is gone
    world.faults.fail("store.get", gone)
    assert refused(worker, retry_after=7) == 7


# What hosts tell each other.


def test_nothing_is_promised_before_azure_lets_go_on() -> None:
    world, (worker, host) = hosts(2)
    world.cloud.untold.append(News(subscription=SUBSCRIPTION, meter="writes", held_seconds=60))
    tell(worker)
    assert min(ask(host, 100)) == START + timedelta(seconds=60)


def test_the_size_of_a_window_that_azure_told_holds_for_the_next_herd() -> None:
    world, (worker, host) = hosts(2)
    world.cloud.untold.append(News(subscription=SUBSCRIPTION, meter=POLICY, held_seconds=120, size=240))
    tell(worker)
    world.clock.advance(hours=1)
    azure = Azure(snapshots=240)
    release(host, 600, azure, world)
    assert azure.overdrawn() == ""


def test_a_larger_window_is_made_use_of() -> None:
    world, (worker, host) = hosts(2)
    world.cloud.untold.append(News(subscription=SUBSCRIPTION, meter=POLICY, size=10_000))
    tell(worker)
    azure = Azure(snapshots=10_000)
    last = max(release(host, 5_000, azure, world))
    assert azure.overdrawn() == ""
    assert (last - START).total_seconds() <= 1.05 * 480


def test_a_size_is_not_believed_for_ever() -> None:
    world, (worker, host) = hosts(2)
    world.cloud.untold.append(News(subscription=SUBSCRIPTION, meter=POLICY, size=20))
    tell(worker)
    assert len(ask(host, 500)) == 20
    world.clock.advance(days=8)
    assert len(ask(host, 500)) == 500


def test_what_ten_hosts_learn_of_one_refusal_is_written_once() -> None:
    world, processes = hosts(10)
    for host in processes:
        world.cloud.untold.append(News(subscription=SUBSCRIPTION, meter=POLICY, held_seconds=100, size=240))
        tell(host)
        world.clock.advance(milliseconds=50)
    assert world.faults.count("store.commit") == 1


def test_what_no_start_needs_is_not_told() -> None:
    world, (host,) = hosts(1)
    world.cloud.untold.append(News(subscription=SUBSCRIPTION, meter="HighCostGet", held_seconds=100))
    tell(host)
    assert world.faults.calls == []


# Trouble.


def test_a_row_that_cannot_be_had_or_read_keeps_nobody_from_work() -> None:
    world, (host,) = hosts(1)
    world.faults.fail("store.get", CloudUnavailable("no answer"))
    assert len(ask(host, 100)) == 100
    world.faults.fail("store.commit", CloudUnavailable("no answer"))
    assert len(ask(host, 100)) == 100
    ask(host, 100)
    world.store.corrupt_record(Pace, ANYWHERE, SUBSCRIPTION)
    assert len(ask(host, 100)) == 100
    assert pace_of(world).end > 0, "it is sound again"


def test_a_row_that_is_always_changed_by_others_gives_places_all_the_same() -> None:
    world, (host, other) = hosts(2)
    for call in range(1, 20, 2):
        world.faults.interrupt_nth(call, lambda: ask(other, 11))
    assert len(ask(host, 50)) == 50


def test_a_clock_that_was_a_day_fast_keeps_no_herd_waiting() -> None:
    world, (wrong, host) = hosts(2)
    world.clock.advance(days=1)
    ask(wrong, 1_000)
    tell_of_a_hold = News(subscription=SUBSCRIPTION, meter="writes", held_seconds=600)
    world.cloud.untold.append(tell_of_a_hold)
    tell(wrong)
    world.clock.set(START)
    azure = Azure()
    assert max(release(host, 300, azure, world)) < START + timedelta(seconds=20)
    assert azure.overdrawn() == ""


def test_a_small_herd_leaves_what_it_does_not_need_to_the_next() -> None:
    _, (first, second) = hosts(2)
    ask(first, 20)
    assert ask(second, 100) == [START] * 100


def test_a_name_that_no_key_can_hold_is_paced_by_itself() -> None:
    _, (host,) = hosts(1)
    assert None not in places(host, "a/b", [REGION] * 300, until=START + AHEAD)
