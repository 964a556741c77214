"""What the steps ask of the storage when all goes well. A call of the fakes is a transaction of Table Storage, but for
rows of the agenda, which cost one for each of its shards. `make bench` counts all of it with real parts."""

from __future__ import annotations

from collections import Counter

from backup_core.domain.agenda import AgendaKind
from tests.workflows.platform import Platform
from tests.workflows.scenes import HOUR, SLOT, backed_up, go_to, protected

FREE = ("clock.", "cloud.", "events.")


def spent(platform: Platform, seconds: int) -> Counter[str]:
    """What the steps of those seconds asked for; what the ticks ask stays out."""
    calls, ticks = platform.world.faults.calls, platform.fire_timers
    asked: Counter[str] = Counter()

    def fire() -> None:
        before = len(calls)
        ticks()
        asked.subtract(calls[before:])

    before = len(calls)
    for _ in range(seconds):
        platform.world.clock.advance(seconds=1)
        fire()
        platform.deliver()
    asked.update(calls[before:])
    return Counter({call: count for call, count in asked.items() if count and not call.startswith(FREE)})


def test_a_scheduled_backup_costs_two_reads_two_transactions_and_a_message() -> None:
    names = [f"disk-{number}" for number in range(10)]
    platform = backed_up(*names)
    go_to(platform, SLOT + HOUR, seconds=0)
    cost = spent(platform, 14)
    assert cost["store.get"] == 2 * len(names) + 2, "and one for the vault's tags, one for the installation"
    outbox = cost["store.page"]
    assert cost["store.commit"] == 2 * len(names) + outbox
    assert cost["queue.send"] == len(names) + 1, "and one to deliver events after those of the first"
    assert sum(cost.values()) <= 5 * len(names) + 10


def test_one_look_of_the_watch_sees_to_all_backups_of_a_slot() -> None:
    platform = protected(*[f"disk-{number}" for number in range(10)])
    platform.run(seconds=14)
    assert len(platform.agenda(AgendaKind.WATCH)) == 10
    before = Counter(platform.world.faults.calls)
    platform.run(seconds=5)
    asked = Counter(platform.world.faults.calls) - before
    assert platform.agenda(AgendaKind.WATCH) == []
    assert asked["store.glance"] == 1
    assert asked["store.get"] == 1, "the heartbeat's"


def test_an_expired_point_costs_two_runs_and_fifteen_calls() -> None:
    """Two reads for what there is, one transaction to mark; four reads before Azure is asked, one transaction after,
    one message. Then three reads, one transaction, and the agenda; the events cost three."""
    platform = protected(intervals=("R/2026-03-01T00:00:00+00:00/PT1H",), retention="PT1H")
    platform.run(seconds=30)
    go_to(platform, SLOT + HOUR, seconds=14)
    cost = spent(platform, 10)
    assert len(platform.points()) == 1
    assert sum(cost.values()) <= 18, cost
    assert cost["queue.send"] == 1
