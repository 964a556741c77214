"""NCRONTAB as the NCrontab library reads it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from infra.local.host.ncrontab import BadSchedule, is_oftener_than_each_minute, parse_schedule

NOW = datetime(2026, 3, 10, 12, 30, 15, 500, tzinfo=UTC)  # a Tuesday


def next_after(text: str, moment: datetime = NOW, zone: str = "UTC") -> datetime:
    return parse_schedule(text, ZoneInfo(zone)).next_after(moment)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 * * * * *", datetime(2026, 3, 10, 12, 31, tzinfo=UTC)),
        ("*/15 * * * * *", datetime(2026, 3, 10, 12, 30, 30, tzinfo=UTC)),
        ("0 */5 * * * *", datetime(2026, 3, 10, 12, 35, tzinfo=UTC)),
        ("0 0 3 * * *", datetime(2026, 3, 11, 3, tzinfo=UTC)),
        ("0 30 9-17/4 * * *", datetime(2026, 3, 10, 13, 30, tzinfo=UTC)),
        ("5/20 * * * * *", datetime(2026, 3, 10, 12, 30, 25, tzinfo=UTC)),
        ("0 0 0 1 jan *", datetime(2027, 1, 1, tzinfo=UTC)),
        ("0 0 0 * * Mon-Fri", datetime(2026, 3, 11, tzinfo=UTC)),
        ("0 0 0 * * 0", datetime(2026, 3, 15, tzinfo=UTC)),
        ("0 0 0 29 2 *", datetime(2028, 2, 29, tzinfo=UTC)),
        ("0 0 0 13 * 5", datetime(2026, 3, 13, tzinfo=UTC)),
        ("0 0 0 13 * friday", datetime(2026, 3, 13, tzinfo=UTC)),
        ("15,45 30 12 * * *", datetime(2026, 3, 10, 12, 30, 45, tzinfo=UTC)),
    ],
)
def test_the_next_occurrence_of_six_fields(text: str, expected: datetime) -> None:
    assert next_after(text) == expected


def test_five_fields_run_at_second_zero() -> None:
    assert next_after("*/10 * * * *") == datetime(2026, 3, 10, 12, 40, tzinfo=UTC)


def test_day_and_weekday_must_both_match() -> None:
    assert next_after("0 0 0 10 * 2", NOW) == datetime(2026, 11, 10, tzinfo=UTC)  # the next Tuesday the 10th


def test_an_occurrence_is_later_than_the_moment_never_at_it() -> None:
    on_time = datetime(2026, 3, 10, 12, 31, tzinfo=UTC)
    assert next_after("0 * * * * *", on_time) == on_time + timedelta(minutes=1)


def test_a_time_span_repeats_from_the_moment() -> None:
    assert next_after("00:05:00") == NOW + timedelta(minutes=5)


def test_the_wall_clock_is_that_of_the_zone() -> None:
    assert next_after("0 0 3 * * *", zone="Europe/Berlin") == datetime(2026, 3, 11, 2, tzinfo=UTC)


def test_an_hour_that_the_clocks_skip_comes_later_and_only_once() -> None:
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    first = next_after("0 30 2 * * *", before, "Europe/Berlin")
    assert first == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert next_after("0 30 2 * * *", first, "Europe/Berlin") == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "* * * *", "* * * * * * *", "60 * * * * *", "0 0 24 * * *", "0 0 0 0 * *", "0 0 0 * 13 *", "0 0 0 * * 7",
     "x * * * * *", "*/0 * * * * *", "1- * * * * *", "0 0 0 * ja *", "25:00:00"],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(BadSchedule):
        parse_schedule(text)


def test_a_schedule_that_never_comes_is_refused_when_asked() -> None:
    with pytest.raises(BadSchedule, match="no next occurrence"):
        next_after("0 0 0 30 2 *")


@pytest.mark.parametrize(
    ("text", "oftener"), [("*/30 * * * * *", True), ("0 * * * * *", False), ("0,30 0 * * * *", True)]
)
def test_timers_oftener_than_each_minute_are_told_apart(text: str, oftener: bool) -> None:
    assert is_oftener_than_each_minute(parse_schedule(text), NOW) is oftener
