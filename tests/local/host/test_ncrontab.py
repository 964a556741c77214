"""Schedules as the host reads them; the library that computes them has tests of its own."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from infra.local.host.ncrontab import BadSchedule, is_oftener_than_each_minute, parse_schedule

NOW = datetime(2026, 3, 10, 12, 30, 15, 500, tzinfo=UTC)  # a Tuesday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 * * * * *", datetime(2026, 3, 10, 12, 31, tzinfo=UTC)),
        ("*/15 * * * * *", datetime(2026, 3, 10, 12, 30, 30, tzinfo=UTC)),
        ("15,45 30 12 * * *", datetime(2026, 3, 10, 12, 30, 45, tzinfo=UTC)),
        ("0 30 9-17/4 * * *", datetime(2026, 3, 10, 13, 30, tzinfo=UTC)),
        ("0 0 0 * * Mon-Fri", datetime(2026, 3, 11, tzinfo=UTC)),
        ("0 0 0 29 2 *", datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_seconds_come_first_and_the_next_occurrence_is_later_than_the_moment(text: str, expected: datetime) -> None:
    schedule = parse_schedule(text)
    assert schedule.next_after(NOW) == expected
    assert schedule.next_after(expected) > expected


def test_the_wall_clock_is_that_of_the_zone() -> None:
    schedule = parse_schedule("0 30 2 * * *", ZoneInfo("Europe/Berlin"))
    assert schedule.next_after(NOW) == datetime(2026, 3, 11, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "* * * * *", "* * * * * * *", "60 * * * * *", "0 0 0 * 13 *", "0 0 0 * * 7", "0 0 0 10 * 2", "x * * * * *",
     "*/0 * * * * *", "00:05:00", "0 0 0 30 2 *"],
)  # fmt: skip
def test_what_is_no_schedule_is_not_imitated_or_never_comes_is_refused(text: str) -> None:
    with pytest.raises(BadSchedule):
        parse_schedule(text)


@pytest.mark.parametrize(
    ("text", "oftener"), [("*/30 * * * * *", True), ("0 * * * * *", False), ("0,30 0 * * * *", True)]
)
def test_timers_oftener_than_each_minute_are_told_apart(text: str, oftener: bool) -> None:
    assert is_oftener_than_each_minute(parse_schedule(text), NOW) is oftener
