"""The knock before a slot: sent when something is due in the next minute, never otherwise, and harmless."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from backup_core.domain.messages import Knock
from backup_core.workflows.knocking import BEFORE, knock
from tests.workflows.platform import Platform
from tests.workflows.scenes import HOUR, SLOT, protected


def before(slot: datetime, seconds: float) -> Platform:
    """An hourly disk, so long before `slot`; the noon slot is the next on the agenda."""
    platform = protected()
    platform.world.clock.set(slot - timedelta(seconds=seconds))
    return platform


def knocks(platform: Platform) -> int:
    return sum(isinstance(message, Knock) for message in platform.world.queue.sent)


def test_it_comes_a_few_times_within_the_last_seconds_before_the_slot() -> None:
    platform = before(SLOT, 15)
    assert knock(platform.world.ports)
    heard = [each.visible_at for each in platform.world.queue.waiting() if each.kind == "Knock"]
    assert heard == sorted(SLOT - each for each in BEFORE)


@pytest.mark.parametrize("seconds", [61, 75, 3000])
def test_nothing_due_in_the_next_minute_means_no_knock_and_one_look(seconds: float) -> None:
    platform = before(SLOT, seconds)
    calls = len(platform.world.faults.calls)
    assert not knock(platform.world.ports)
    assert platform.world.faults.calls[calls:] == ["store.due"]
    assert knocks(platform) == 0


def test_a_late_tick_knocks_at_once_with_what_is_left() -> None:
    platform = before(SLOT, 4)
    knock(platform.world.ports)
    waits = [each.visible_at - platform.world.clock.now() for each in platform.world.queue.waiting()]
    assert sorted(waits) == [timedelta(0), timedelta(0), timedelta(seconds=2)]


def test_an_hourly_disk_has_a_knock_for_each_slot_and_no_more() -> None:
    platform = before(SLOT, 125)
    platform.run(hours=2)
    assert knocks(platform) == 2 * len(BEFORE)
    assert SLOT + HOUR in {point.slot for point in platform.points()}
    assert platform.failures == []
