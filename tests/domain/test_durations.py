"""Durations: read, written, added to instants."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup_core.domain.durations import Duration, add_months, parse_duration

INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
PARTS = ("years", "months", "weeks", "days", "hours", "minutes", "seconds")
DURATIONS = st.builds(Duration, **{part: st.integers(0, 90) for part in PARTS})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("P7D", {"days": 7}),
        ("PT4H", {"hours": 4}),
        ("P1M", {"months": 1}),
        ("PT1M", {"minutes": 1}),
        ("P2W", {"weeks": 2}),
        ("P1Y2M3DT4H5M6S", {"years": 1, "months": 2, "days": 3, "hours": 4, "minutes": 5, "seconds": 6}),
        ("PT0S", {}),
        ("P007D", {"days": 7}),
    ],
)
def test_a_duration_is_read_part_by_part(text: str, parts: dict[str, int]) -> None:
    assert parse_duration(text) == Duration(**parts)


@pytest.mark.parametrize(
    "text",
    [
        *("", "P", "PT", "P1", "7D", "P-7D", "-P7D", "+P7D", "P1.5D", "PT0.5H", "PT1,5H", "P7d", "p7D", "P1DT", "PT1D"),
        *("P1H", "P1D ", " P1D", "P1D\n", "P1M1Y", "P1DT1H1H", "P\u0667D", "P1001Y", "P9999999999D"),
        "P" + "9" * 5000 + "D",
    ],
)
def test_what_is_not_a_duration_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match=r"is expected|at most P1000Y"):
        parse_duration(text)


@pytest.mark.parametrize("stranger", [None, 7, ["P7D"], {"duration": "P7D"}, b"P7D"])
def test_what_is_not_text_is_no_duration(stranger: object) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(stranger)  # type: ignore[arg-type]


@given(DURATIONS)
def test_what_is_written_is_read_back_the_same(duration: Duration) -> None:
    assert parse_duration(duration.iso()) == duration


@pytest.mark.parametrize(
    ("start", "text", "end"),
    [
        ("2026-01-31T12:00", "P1M", "2026-02-28T12:00"),
        ("2028-01-31T12:00", "P1M", "2028-02-29T12:00"),
        ("2028-02-29T00:00", "P1Y", "2029-02-28T00:00"),
        ("2026-01-31T23:30", "P1M1DT1H", "2026-03-02T00:30"),
        ("2026-12-31T00:00", "P2M", "2027-02-28T00:00"),
        ("2026-03-28T12:00", "P1D", "2026-03-29T12:00"),
    ],
)
def test_years_and_months_go_first_and_stop_at_the_months_end(start: str, text: str, end: str) -> None:
    instant = datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert parse_duration(text).after(instant) == datetime.fromisoformat(end).replace(tzinfo=UTC)


def test_the_calendar_is_that_of_utc_whatever_the_instants_offset() -> None:
    local = datetime(2026, 3, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))  # February 28 in UTC
    assert parse_duration("P1M").after(local) == datetime(2026, 3, 28, 23, 0, tzinfo=UTC)


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        parse_duration("P1D").after(datetime(2026, 1, 1))


def test_the_end_of_the_calendar_is_an_overflow() -> None:
    with pytest.raises(OverflowError):
        parse_duration("P1Y").after(datetime(9999, 6, 1, tzinfo=UTC))


@given(INSTANTS, DURATIONS)
def test_no_duration_is_longer_than_its_longest(instant: datetime, duration: Duration) -> None:
    assert timedelta(0) <= duration.after(instant) - instant <= timedelta(seconds=duration.longest_seconds)


@given(INSTANTS, st.integers(0, 2400))
def test_added_months_keep_the_day_or_take_the_last(instant: datetime, months: int) -> None:
    moved = add_months(instant, months)
    assert (moved.year * 12 + moved.month) - (instant.year * 12 + instant.month) == months
    assert moved.day == min(instant.day, calendar.monthrange(moved.year, moved.month)[1])
    assert moved.timetz() == instant.timetz()


@pytest.mark.parametrize(("text", "exact"), [("PT1M", True), ("PT24H", True), ("P1D", False), ("P1DT1H", False)])
def test_only_hours_minutes_and_seconds_are_exact(text: str, exact: bool) -> None:
    assert parse_duration(text).is_exact is exact


def test_durations_are_compared_by_their_approximate_length() -> None:
    texts = ["PT1M", "PT90S", "PT1H", "PT23H", "P1D", "P1W", "P8D", "P29D", "P1M", "P11M", "P364D", "P1Y"]
    lengths = [parse_duration(text).approximate_seconds for text in texts]
    assert lengths == sorted(lengths)
    assert parse_duration("P1W").approximate_seconds == parse_duration("P7D").approximate_seconds
