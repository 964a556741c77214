"""When limits will be met: counts by day held against points counted one by one."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from backup_core.domain.forecast import forecast_points
from backup_core.domain.limits_forecast import (
    Reached,
    WorstMinute,
    days_from,
    reached,
    seconds_to_start,
    to_come,
    to_remain,
    total,
    worst_minute,
)
from backup_core.domain.schedule import Schedule
from tests.builders import policy

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAYS = days_from(START, 60)


@pytest.mark.parametrize("begin", [START, START - 40 * DAY - 5 * HOUR, START + 7 * DAY + timedelta(minutes=1)])
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


def test_counts_add_up_and_the_first_day_over_a_limit_is_named() -> None:
    counts = total((1, 2, 3), (0, 5, 4))
    assert counts == (1, 7, 7)
    days = DAYS[:3]
    assert reached(counts, days, 6) == Reached(limit=6, most=7, on=days[1])
    assert reached(counts, days, 7) == Reached(limit=7, most=7, on=None)
    assert reached((), (), 7) == Reached(limit=7, most=0, on=None)


def test_the_worst_minute_is_the_one_in_which_most_disks_start() -> None:
    hourly = Schedule.parse(["R/2026-01-01T00:30:00/PT1H"], "UTC")
    nightly = Schedule.parse(["R/2026-01-01T02:30:20/P1D"], "UTC")
    found = worst_minute({hourly: 300, nightly: 50}, START, START + DAY)
    assert found == WorstMinute(at=START + timedelta(hours=2, minutes=30), starts=350)
    assert worst_minute({}, START, START + DAY) == WorstMinute()


@pytest.mark.parametrize(("starts", "seconds"), [(0, 0), (200, 0), (300, 10), (5_000, 480)])
def test_a_herd_takes_as_long_as_the_bucket_needs(starts: int, seconds: float) -> None:
    assert seconds_to_start(starts, burst=200, a_second=10) == seconds
