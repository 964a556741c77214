"""What a policy will do. That the real workflows do the same is the simulation's to show."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from backup_core.domain.forecast import (
    ForecastPoint,
    Peak,
    counts_at_slots,
    crowded,
    existing_at,
    first_over,
    forecast_points,
    lifetimes,
    next_slots,
    peak,
)
from backup_core.domain.policy import BackupPolicy
from tests.builders import policy, policy_properties

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def without_limits(**properties: object) -> BackupPolicy:
    return BackupPolicy.parse("draft", policy_properties(**properties), check_limits=False)  # type: ignore[arg-type]


def test_slots_are_told_in_both_times_with_the_nights_on_which_clocks_are_moved() -> None:
    schedule = policy(intervals=["R/2026-01-01T02:30:00/P1D"], time_zone="W. Europe Standard Time").schedule
    march = next_slots(schedule, datetime(2026, 3, 28, tzinfo=UTC), 3)
    assert [slot.at.isoformat() for slot in march] == [
        "2026-03-28T01:30:00+00:00",
        "2026-03-29T01:30:00+00:00",
        "2026-03-30T00:30:00+00:00",
    ]
    assert [slot.local.strftime("%H:%M") for slot in march] == ["02:30", "03:30", "02:30"]
    assert [slot.clocks for slot in march] == [timedelta(0), HOUR, timedelta(0)]
    october = next_slots(schedule, datetime(2026, 10, 24, 12, tzinfo=UTC), 2)
    assert [slot.clocks for slot in october] == [timedelta(0), -HOUR]


def test_a_change_of_clocks_just_before_the_first_slot_asked_for_is_marked() -> None:
    schedule = policy(intervals=["R/2026-01-01T12:00:00/P1D"], time_zone="W. Europe Standard Time").schedule
    (only,) = next_slots(schedule, datetime(2026, 3, 28, 12, tzinfo=UTC), 1)
    assert only.clocks == HOUR


@pytest.mark.parametrize(
    ("zone", "since", "until", "hourly", "daily", "monthly"),
    [
        # As sanoid counts them in its tests: a year, and the days around the night on which Vienna gains an hour.
        ("UTC", datetime(2017, 1, 1), datetime(2018, 1, 1), 8_760, 365, 12),
        ("Europe/Vienna", datetime(2017, 10, 28), datetime(2017, 10, 31), 73, 3, 1),
        ("Europe/Vienna", datetime(2017, 3, 25), datetime(2017, 3, 28), 71, 3, 1),
    ],
)
def test_an_hourly_schedule_has_the_known_number_of_slots_days_and_months(
    zone: str, since: datetime, until: datetime, hourly: int, daily: int, monthly: int
) -> None:
    def instant(wall: datetime) -> datetime:
        return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) - timedelta(seconds=1)

    counts = []
    for name, scope in (("Daily", "FirstOfDay"), ("Monthly", "FirstOfMonth")):
        draft = without_limits(
            intervals=["R/2016-01-01T00:00:00/PT1H"], time_zone=zone, tags={name: (scope, "P366D")}, retention="P1D"
        )
        points = list(forecast_points(draft, instant(since), instant(until)))
        assert len(points) == hourly
        counts.append(Counter(point.tag_name for point in points)[name])
    assert counts == [daily, monthly]


def test_points_go_when_their_tag_says_and_each_that_stays_says_why() -> None:
    draft = policy(intervals=["R/2026-01-01T00:00:00/P1D"], retention="P3D", tags={"Weekly": ("FirstOfWeek", "P21D")})
    points = list(forecast_points(draft, START - HOUR, START + 30 * DAY))
    kept = existing_at(points, START + 30 * DAY)
    assert [f"{one.point.created_at:%d} {one.point.tag_name}" for one in kept] == [
        "12 Weekly",
        "19 Weekly",
        "26 Weekly",
        "29 Default",
        "30 Default",
        "31 Default",
    ]
    assert kept[0].because == ("Weekly: expires at 2026-02-02T00:00:00Z",)
    assert kept[-1].because == ("newest good point of a protected disk", "Default: expires at 2026-02-03T00:00:00Z")


def test_the_newest_stays_though_it_has_expired() -> None:
    draft = policy(intervals=["R/2026-01-01T00:00:00/P1W"], retention="P1D")
    points = list(forecast_points(draft, START - HOUR, START + 13 * DAY))
    (kept,) = existing_at(points, START + 13 * DAY)
    assert kept.point.created_at == START + 7 * DAY
    assert "newest" in " ".join(kept.because)


def test_nothing_exists_before_the_first_slot() -> None:
    assert existing_at(forecast_points(policy(), START - HOUR, START), START - HOUR) == ()


def test_a_backup_before_takes_part_in_the_choice_of_tags() -> None:
    draft = policy(tags={"Daily": ("FirstOfDay", "P30D")})
    after = datetime(2026, 3, 2, 12, tzinfo=UTC)
    fresh = next(forecast_points(draft, after, after + DAY))
    later = next(forecast_points(draft, after, after + DAY, last_success_slot=after))
    assert (fresh.tag_name, later.tag_name) == ("Daily", "Default")


@pytest.mark.parametrize(("retention", "count", "day"), [("P7D", 168, 7), ("P18D", 432, 18), ("P19D", 456, 19)])
def test_the_most_points_are_counted_and_dated(retention: str, count: int, day: int) -> None:
    draft = without_limits(intervals=["R/2026-01-01T00:00:00/PT1H"], retention=retention)
    points = list(forecast_points(draft, START - HOUR, START + 90 * DAY))
    assert peak(counts_at_slots(points)) == Peak(count=count, at=START + day * DAY - HOUR)
    assert max(len(existing_at(points, START + hours * HOUR)) for hours in range(0, 24 * 40, 7)) == count


def test_no_points_have_no_peak() -> None:
    assert peak([]) == Peak()


def test_slots_that_azure_would_refuse_are_counted() -> None:
    minutes = [START + n * timedelta(minutes=1) for n in range(60)]
    assert crowded(minutes) == 0
    half = [START + n * timedelta(seconds=30) for n in range(20)]
    assert crowded(half) == 6
    assert crowded([]) == 0


def test_a_forecast_point_says_why_it_has_its_tag() -> None:
    draft = policy(tags={"Daily": ("FirstOfDay", "P30D")})
    after = datetime(2026, 3, 1, 23, tzinfo=UTC)
    assert next(forecast_points(draft, after, after + DAY)) == ForecastPoint(
        slot=datetime(2026, 3, 2, tzinfo=UTC),
        tag_name="Daily",
        because="first successful backup of 2026-03-02",
        expires_at=datetime(2026, 4, 1, tzinfo=UTC),
    )


def test_points_that_are_there_already_count_until_they_go() -> None:
    draft = policy(intervals=["R/2026-01-01T00:00:00/P1D"], retention="P3D")
    points = list(forecast_points(draft, START - HOUR, START + 10 * DAY))
    there = [START + DAY + HOUR, START + DAY + HOUR, None]
    counts = counts_at_slots(points, there)
    assert peak(counts) == Peak(count=5, at=START + DAY)
    assert first_over(4, counts) == START + DAY
    assert first_over(5, counts) is None


@pytest.mark.parametrize("seed", range(20))
def test_the_first_day_over_a_limit_is_that_of_a_count_hour_by_hour(seed: int) -> None:
    chance = random.Random(seed)
    draft = without_limits(
        intervals=[f"R/2026-01-01T00:00:00/PT{chance.randrange(1, 9)}H"],
        retention=f"P{chance.randrange(5, 60)}D",
        tags={"Daily": ("FirstOfDay", f"P{chance.randrange(60, 300)}D")},
    )
    points = list(forecast_points(draft, START - HOUR, START + 400 * DAY))
    limit = chance.randrange(20, 120)
    hours = (START + n * HOUR for n in range(400 * 24))
    counted = next(hour for hour in hours if len(existing_at(points, hour)) > limit)
    assert first_over(limit, counts_at_slots(points)) == counted


@pytest.mark.parametrize("seed", range(20))
def test_a_lifetime_ends_when_the_decision_lets_the_point_go(seed: int) -> None:
    chance = random.Random(seed)
    draft = without_limits(
        intervals=[f"R/2026-01-01T00:00:00/PT{chance.randint(1, 72)}H"],
        retention=f"P{chance.randint(1, 9)}D",
        tags={"Weekly": ("FirstOfWeek", f"P{chance.randint(7, 30)}D")},
    )
    points = list(forecast_points(draft, START - HOUR, START + 60 * DAY))
    lived = list(lifetimes((point.slot, point.expires_at) for point in points))
    for _ in range(50):
        at = START + chance.random() * 60 * DAY
        there = [each.taken_at for each in lived if each.taken_at <= at and (each.goes_at is None or each.goes_at > at)]
        assert there == [item.point.created_at for item in existing_at(points, at)]


def test_what_never_expires_and_what_nothing_newer_follows_stays() -> None:
    assert [each.goes_at for each in lifetimes([(START, None), (START + DAY, START + 2 * DAY)])] == [None, None]
    assert list(lifetimes([])) == []
