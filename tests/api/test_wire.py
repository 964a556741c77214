"""Times and durations as the service writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from backup_core.api.wire import clock_duration, instant, iso_duration, read_instant, second

AT = datetime(2024, 6, 27, 5, 18, 29, 105869, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "iso", "clock"),
    [
        (timedelta(0), "PT0S", "00:00:00"),
        (timedelta(minutes=3, seconds=5, microseconds=583035), "PT3M5.583035S", "00:03:05.5830350"),
        (timedelta(hours=2), "PT2H", "02:00:00"),
        (timedelta(days=1), "P1D", "1.00:00:00"),
        (timedelta(days=2, hours=1, seconds=30), "P2DT1H30S", "2.01:00:30"),
        (timedelta(microseconds=1), "PT0.000001S", "00:00:00.0000010"),
        (timedelta(seconds=-5), "PT0S", "00:00:00"),
    ],
)
def test_durations(length: timedelta, iso: str, clock: str) -> None:
    assert (iso_duration(length), clock_duration(length)) == (iso, clock)


def test_times_are_utc_with_seven_digits() -> None:
    assert instant(AT.astimezone(timezone(timedelta(hours=2)))) == "2024-06-27T05:18:29.1058690Z"
    assert second(AT) == "2024-06-27T05:18:29Z"
    assert instant(None) is None


def test_what_is_written_is_read_again() -> None:
    assert read_instant(instant(AT) or "") == AT
