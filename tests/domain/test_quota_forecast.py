"""When limits will be met: counts by day held against points counted one by one."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from backup_core.domain.forecast import forecast_points
from backup_core.domain.quota_forecast import (
    Reached,
    copies_reached,
    days_from,
    reached,
    region_reached,
    starts_by_minute,
    to_come,
    to_remain,
    worst_minute,
    writes_reached,
)
from backup_core.domain.surroundings import Usage
from tests.builders import policy

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DAYS = days_from(START, 60)


@pytest.mark.parametrize("begin", [START, START - 40 * DAY - 5 * HOUR, START + 7 * DAY + MINUTE])
def test_points_to_come_are_counted_day_by_day(begin: datetime) -> None:
    draft = policy(intervals=["R/2025-01-01T03:00:00/PT7H"], retention="P5D", tags={"Weekly": ("FirstOfWeek", "P30D")})
    points = list(forecast_points(draft, begin, DAYS[-1]))
    expected = tuple(sum(point.slot <= day < point.expires_at for point in points) for day in DAYS)
    assert to_come(points, DAYS) == expected


def test_points_that_exist_are_counted_until_they_expire_and_for_ever_without_an_expiry() -> None:
    chance = random.Random(1)
    expiries = [None, *(START + chance.randrange(-100, 80 * 24) * HOUR for _ in range(300)), None]
    expected = tuple(sum(at is None or day < at for at in expiries) for day in DAYS)
    assert to_remain(expiries, DAYS) == expected


def test_the_first_day_over_a_limit_is_named() -> None:
    days = DAYS[:3]
    assert reached((1, 7, 7), days, 6) == Reached(limit=6, most=7, on=days[1])
    assert reached((1, 7, 7), days, 7) == Reached(limit=7, most=7, on=None)
    assert reached((), (), 7) == Reached(limit=7, most=0, on=None)


def test_a_region_is_full_by_azures_count_and_limit_where_they_are_known() -> None:
    counts, days = (100, 130, 90), DAYS[:3]
    assert region_reached(counts, days, None) == Reached(limit=75_000, most=130, on=None)
    assert region_reached(counts, days, Usage(current=980, limit=1_000)) == Reached(limit=1_000, most=1_010, on=days[1])
    assert region_reached(counts, days, Usage(current=50, limit=1_000)).most == 80


def test_the_worst_minute_is_the_first_in_which_most_disks_start() -> None:
    starts = Counter({START + 30 * MINUTE: 300, START + 30 * MINUTE + timedelta(seconds=20): 50, START + HOUR: 350})
    minutes = starts_by_minute(starts)
    found = worst_minute(minutes, "westeurope")
    assert (found.at, found.starts) == (START + 30 * MINUTE, 350)
    assert writes_reached(minutes) == Reached(limit=200, most=350, on=START + 30 * MINUTE)
    assert worst_minute({}, "westeurope").at is None


@pytest.mark.parametrize(("starts", "at_least", "at_most"), [(1, 0, 1), (100, 0, 30), (5_000, 430, 1_200)])
def test_a_herd_begins_as_it_is_paced(starts: int, at_least: float, at_most: float) -> None:
    assert at_least <= worst_minute({START: starts}, "westeurope").last_after_seconds <= at_most


def test_copies_are_under_way_side_by_side_as_long_as_each_lasts() -> None:
    starts = Counter({START: 30, START + HOUR: 21, START + 4 * HOUR: 40})
    assert copies_reached(starts, 2 * HOUR) == Reached(limit=50, most=51, on=START + HOUR)
    assert copies_reached(starts, HOUR) == Reached(limit=50, most=40, on=None)
