"""For how many days a snapshot is bound: as long as promised, as Azure allows, and never twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backup_core.domain.binding import LONGEST_DAYS, Asks, days_to_bind, days_wanted
from backup_core.domain.disk import Immutability
from backup_core.domain.recovery_point import PointState
from backup_core.domain.retention import decide_retention, next_expiry_at
from tests.builders import point

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
IMMUTABLE, HELD = Asks(immutable=True), Asks(held=True)


def policy(days: int, since: datetime = NOW) -> Immutability:
    return Immutability(since=since, until=since + days * DAY)


@pytest.mark.parametrize(
    ("left", "days"),
    [(MINUTE, 1), (DAY, 1), (DAY + MINUTE, 2), (90 * DAY, 90), (90 * DAY + MINUTE, 90), (999 * DAY, 90)],
)
def test_what_is_not_bound_is_bound_for_whole_days_and_no_more_than_azure_takes(left: timedelta, days: int) -> None:
    assert days_to_bind(NOW + left, None, NOW) == days
    assert days_to_bind(NOW + left, policy(3, since=NOW - 4 * DAY), NOW) == days  # one that has expired counts for none


def test_what_is_past_is_not_bound() -> None:
    assert days_to_bind(NOW, None, NOW) is None
    assert days_to_bind(NOW - DAY, policy(3), NOW) is None


def test_what_is_bound_as_long_as_promised_is_left_alone() -> None:
    assert days_to_bind(NOW + 3 * DAY, policy(3), NOW) is None
    assert days_to_bind(NOW + 2 * DAY, policy(3), NOW + DAY) is None


def test_a_promise_that_became_longer_is_counted_from_the_start_that_azure_set() -> None:
    assert days_to_bind(NOW + 5 * DAY, policy(3), NOW + DAY) == 5
    assert days_to_bind(NOW + 999 * DAY, policy(3), NOW + DAY) == LONGEST_DAYS


def test_ninety_days_are_not_extended_before_they_have_passed() -> None:
    assert days_to_bind(NOW + 999 * DAY, policy(LONGEST_DAYS), NOW + 89 * DAY) is None
    assert days_to_bind(NOW + 999 * DAY, policy(LONGEST_DAYS), NOW + 90 * DAY) == LONGEST_DAYS


def test_a_point_is_bound_to_its_expiry() -> None:
    assert days_wanted(point(expires_at=NOW + 3 * DAY), None, IMMUTABLE, NOW) == 3
    assert days_wanted(point(expires_at=NOW), None, IMMUTABLE, NOW) is None


def test_a_point_that_never_expires_is_bound_for_a_week_at_a_time_and_anew_once_a_day() -> None:
    endless = point(expires_at=None)
    assert days_wanted(endless, None, IMMUTABLE, NOW) == 7
    assert days_wanted(endless, policy(7), IMMUTABLE, NOW + MINUTE) is None
    assert days_wanted(endless, policy(7), IMMUTABLE, NOW + DAY) is None
    assert days_wanted(endless, policy(7), IMMUTABLE, NOW + DAY + MINUTE) == 9
    assert days_wanted(endless, policy(LONGEST_DAYS), IMMUTABLE, NOW + 89 * DAY) is None


@pytest.mark.parametrize("expires_at", [None, NOW - DAY, NOW + 3 * DAY, NOW + 30 * DAY])
def test_a_held_point_is_bound_for_a_week_at_a_time_whatever_its_expiry(expires_at: datetime | None) -> None:
    held = point(expires_at=expires_at)
    assert days_wanted(held, None, HELD, NOW) == 7
    assert days_wanted(held, policy(7), HELD, NOW + MINUTE) is None


@pytest.mark.parametrize(("expires_at", "days"), [(NOW + 3 * DAY, 3), (NOW + 30 * DAY, 30)])
def test_a_held_point_of_an_immutable_vault_is_bound_for_both(expires_at: datetime, days: int) -> None:
    both, held = Asks(immutable=True, held=True), point(expires_at=expires_at)
    assert days_wanted(held, None, both, NOW) == days
    assert days_wanted(held, policy(days), both, NOW) == (7 if days < 6 else None)


@pytest.mark.parametrize(
    ("state", "asks"),
    [(PointState.COMPLETED, Asks()), (PointState.EXPIRING, IMMUTABLE), (PointState.LOST, IMMUTABLE)],
)
def test_what_nobody_asks_for_and_what_is_no_good_point_is_not_bound(state: PointState, asks: Asks) -> None:
    assert days_wanted(point(expires_at=NOW + DAY, state=state), None, asks, NOW) is None


@pytest.mark.parametrize("discard_all", [False, True])
def test_nothing_lets_a_point_go_whose_snapshot_azure_keeps(*, discard_all: bool) -> None:
    bound = point(at=NOW - 3 * DAY, expires_at=NOW - DAY, immutable_until=NOW + MINUTE)
    decided = decide_retention([bound], now=NOW, protected=False, discard_all=discard_all)
    assert decided.kept[0].because == ("Azure keeps its snapshot immutable until 2026-03-02T12:01:00Z",)
    assert next_expiry_at([bound], now=NOW, protected=False) == NOW + MINUTE
    later = decide_retention([bound], now=NOW + MINUTE, protected=False, discard_all=discard_all)
    assert [each.point for each in later.expired] == [bound]
