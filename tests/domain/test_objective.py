"""Recovery-point objectives: what an instance's is, and where the instance stands at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup_core.domain.alert import Cause, OpenAlert
from backup_core.domain.instance import BackupInstance, PointSummary, ProtectionState
from backup_core.domain.job import JobError
from backup_core.domain.objective import (
    LATE_AFTER,
    TAG,
    ObjectiveState,
    Standing,
    length_text,
    longest_gap,
    marks_of,
    needs_check,
    objective_of,
    own_objective,
    policy_objective,
    standing_of,
)
from backup_core.domain.schedule import Schedule
from tests.builders import active_backup, instance, job, policy

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FOUR_HOURLY = ("R/2026-03-01T00:00:00+00:00/PT4H",)


def schedule(*intervals: str, zone: str = "UTC") -> Schedule:
    return Schedule.parse(intervals, zone)


def weekly(*days: int) -> tuple[str, ...]:
    """Days from 5 (a Monday) to 11 of January 2026."""
    return tuple(f"R/2026-01-{day:02}T00:00:00+00:00/P1W" for day in days)


def standing(now: datetime, point_at: datetime | None = NOON, **changes: Any) -> Standing:
    """Of an instance that is backed up every four hours since the day before, held to five hours."""
    return standing_of(protected(point_at, **changes), now)


def protected(point_at: datetime | None = NOON, **changes: Any) -> BackupInstance:
    values: dict[str, Any] = {
        "policy": policy(intervals=FOUR_HOURLY),
        "created_at": NOON - 25 * HOUR,
        "due_from": NOON - 24 * HOUR,
        "newest_slot": point_at,
        "last_success_slot": point_at,
        "newest_point": None if point_at is None else summary(point_at + 5 * SECOND),
    }
    return instance(**(values | changes))


def summary(at: datetime) -> PointSummary:
    return PointSummary(point_id="0" * 32, created_at=at, expires_at=at + timedelta(days=7))


# What the objective is.


@pytest.mark.parametrize(
    ("intervals", "zone", "gap"),
    [
        (("R/2026-01-01T00:00:00+00:00/PT4H",), "UTC", 4 * HOUR),
        (("R/2026-01-01T00:00:00+00:00/P1D",), "UTC", 24 * HOUR),
        (("R/2020-01-01T02:30:00/P1D",), "Europe/Berlin", 25 * HOUR),
        (("R/2026-01-01T00:00:00+00:00/P1M",), "UTC", timedelta(days=31)),
        (("R/2026-01-01T00:00:00+00:00/P1Y",), "UTC", timedelta(days=366)),
        (weekly(5, 6, 7, 8, 9), "UTC", 72 * HOUR),
        (weekly(5), "UTC", timedelta(days=7)),
        (("R/2026-01-01T00:00:00+00:00/P1D", "R/2026-01-01T08:00:00+00:00/P1D"), "UTC", 16 * HOUR),
        (("R/2026-01-01T00:00:00+00:00/PT5H", "R/2026-01-01T00:00:00+00:00/PT7H"), "UTC", 5 * HOUR),
        # Too long to be walked: what one of them gives by itself.
        (("R/2026-01-01T00:00:00+00:00/PT61M", "R/2026-01-01T00:00:00+00:00/PT59M"), "UTC", 59 * MINUTE),
    ],
)
def test_the_longest_gap_of_a_schedule(intervals: tuple[str, ...], zone: str, gap: timedelta) -> None:
    assert longest_gap(schedule(*intervals, zone=zone), 2026) == gap


@given(
    periods=st.lists(st.sampled_from(["PT1H", "PT5H", "PT36H", "P1D", "P3D", "P1W", "P1M"]), min_size=1, max_size=3),
    starts=st.lists(st.integers(1, 28), min_size=3, max_size=3),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
)
def test_no_two_neighbouring_slots_of_a_year_lie_further_apart(
    periods: list[str], starts: list[int], zone: str
) -> None:
    texts = [
        f"R/2025-11-{day:02}T0{place}:00:00/{period}"
        for place, (period, day) in enumerate(zip(periods, starts, strict=False))
    ]
    made = schedule(*texts, zone=zone)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    slots = made.slots_between(begin, begin + timedelta(days=300), 10_000)
    assert max((later - earlier for earlier, later in pairwise(slots)), default=timedelta(0)) <= longest_gap(made, 2026)


@pytest.mark.parametrize(
    ("period", "objective"),
    [
        ("PT10M", 25 * MINUTE),
        ("PT1H", 75 * MINUTE),
        ("PT4H", 5 * HOUR),
        ("P1D", 30 * HOUR),
        ("P1W", timedelta(days=7, hours=6)),
    ],
)
def test_a_policys_objective_is_its_gap_and_a_quarter_of_it_within_bounds(period: str, objective: timedelta) -> None:
    assert policy_objective(schedule(f"R/2026-01-01T00:00:00+00:00/{period}"), 2026) == objective


@pytest.mark.parametrize("name", [TAG, TAG.upper(), "DiskBackup-RPO"])
def test_an_instances_own_objective_goes_before_its_policys(name: str) -> None:
    assert objective_of(protected(tags={name: " PT12H "})) == 12 * HOUR


@pytest.mark.parametrize("text", ["", "12h", "PT1M", "P2Y", "-PT4H", "PT4.5H", "P"])
def test_an_objective_that_cannot_be_read_counts_as_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        own_objective({TAG: text})
    assert objective_of(protected(tags={TAG: text})) == 5 * HOUR


def test_without_the_tag_there_is_no_objective_of_its_own() -> None:
    assert own_objective({"team": "storage"}) is None


@pytest.mark.parametrize(("own", "needed"), [("PT2H", True), ("PT5H", False), ("P1D", False)])
def test_who_asks_for_more_than_the_schedule_gives_must_be_watched_always(own: str, needed: bool) -> None:
    assert needs_check(protected(tags={TAG: own})) is needed
    assert not needs_check(protected())


# Where an instance stands.


def test_a_young_point_protects() -> None:
    found = standing(NOON + 2 * HOUR)
    assert (found.state, found.objective) == (ObjectiveState.PROTECTED, 5 * HOUR)
    assert found.age == 2 * HOUR - 5 * SECOND
    assert found.reason == "The newest recovery point is 1 h 59 min old; the objective is 5 h."


def test_a_slot_that_has_just_come_is_no_risk_yet() -> None:
    running = protected(newest_slot=NOON + 4 * HOUR, active=active_backup())
    for state in (protected(), running):
        assert standing_of(state, NOON + 4 * HOUR + LATE_AFTER - SECOND).state is ObjectiveState.PROTECTED
        late = standing_of(state, NOON + 4 * HOUR + LATE_AFTER)
        assert late.state is ObjectiveState.AT_RISK
        assert "the slot of 2026-03-02 16:00 UTC has no recovery point yet" in late.reason


def test_a_slot_that_failed_is_a_risk_at_once() -> None:
    opened = OpenAlert(cause="BackupFailed.DiskGone", raised_at=NOON, told_at=NOON)
    found = standing(NOON + 4 * HOUR + MINUTE, newest_slot=NOON + 4 * HOUR, alerts=(opened,))
    assert found.state is ObjectiveState.AT_RISK
    assert found.reason.endswith("; the slot of 2026-03-02 16:00 UTC has no recovery point (BackupFailed.DiskGone).")


def test_a_point_on_demand_answers_the_slot_that_failed_before_it() -> None:
    later = summary(NOON + 4 * HOUR + 10 * MINUTE)
    found = standing(NOON + 4 * HOUR + 11 * MINUTE, newest_slot=NOON + 4 * HOUR, newest_point=later)
    assert found.state is ObjectiveState.PROTECTED


def test_a_clock_of_azure_that_is_a_little_behind_makes_no_risk() -> None:
    found = standing(NOON + HOUR, newest_point=summary(NOON - 2 * SECOND))
    assert found.state is ObjectiveState.PROTECTED


def test_a_point_that_is_as_old_as_the_objective_is_a_breach() -> None:
    limit = NOON + 5 * SECOND + 5 * HOUR
    assert standing(limit - SECOND).state is ObjectiveState.AT_RISK
    found = standing(limit)
    assert found.state is ObjectiveState.BREACHED
    assert found.reason == "The newest recovery point is 5 h old; the objective is 5 h."
    assert marks_of(protected()).breaches_at == limit


def test_the_alert_of_the_breach_itself_is_no_reason_for_it() -> None:
    opened = OpenAlert(cause=Cause.RPO, raised_at=NOON, told_at=NOON)
    assert "Rpo" not in standing(NOON + 9 * HOUR, alerts=(opened,)).reason


def test_a_new_instance_is_held_to_its_objective_from_its_first_slot_on() -> None:
    new = protected(None, created_at=NOON + MINUTE, due_from=NOON + 4 * HOUR)
    found = standing_of(new, NOON + 2 * MINUTE)
    assert found.state is ObjectiveState.AT_RISK
    assert found.age is None
    assert "the first backup of the present schedule is due at 2026-03-02 16:00 UTC" in found.reason
    assert standing_of(new, NOON + 9 * HOUR - SECOND).state is ObjectiveState.AT_RISK
    assert standing_of(new, NOON + 9 * HOUR).state is ObjectiveState.BREACHED


def test_an_instance_of_an_older_release_counts_from_its_creation() -> None:
    old = protected(None, created_at=NOON + MINUTE, due_from=None)
    assert marks_of(old).owed_at == NOON + 4 * HOUR


def test_protection_that_was_resumed_is_no_breach_before_its_first_slot_could_be_answered() -> None:
    resumed = protected(NOON - 20 * HOUR, due_from=NOON + 4 * HOUR)
    assert standing_of(resumed, NOON + MINUTE).state is ObjectiveState.AT_RISK
    assert standing_of(resumed, NOON + 9 * HOUR).state is ObjectiveState.BREACHED


def test_a_newest_point_that_was_lost_leaves_the_one_before() -> None:
    found = standing(NOON + HOUR, newest_point=summary(NOON - 8 * HOUR))
    assert found.state is ObjectiveState.BREACHED


@pytest.mark.parametrize("state", ["STOPPED", "SUSPENDED", "DELETING", "SOFT_DELETED"])
def test_what_is_paused_is_held_to_nothing(state: str) -> None:
    found = standing(NOON + 900 * HOUR, state=ProtectionState[state])
    assert found.state is ObjectiveState.PAUSED
    assert found.reason


def test_what_could_not_be_configured_is_an_error_and_says_which() -> None:
    error = JobError(code="DiskNotFound", message="gone", recommended_action="look")
    found = standing(NOON + 900 * HOUR, state=ProtectionState.ERROR, error=error)
    assert found.state is ObjectiveState.ERROR
    assert "DiskNotFound" in found.reason


def test_what_is_being_configured_is_at_risk_until_it_is() -> None:
    found = standing(NOON + 900 * HOUR, None, state=ProtectionState.CONFIGURING, due_from=None)
    assert found.state is ObjectiveState.AT_RISK


def test_what_is_being_updated_is_held_to_its_objective() -> None:
    assert standing(NOON + 9 * HOUR, state=ProtectionState.UPDATING).state is ObjectiveState.BREACHED


def test_marks_do_not_depend_on_what_runs() -> None:
    running = replace(protected(), active=active_backup(job(slot=NOON)))
    assert marks_of(running) == marks_of(protected())


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(0), "0 min"),
        (-HOUR, "0 min"),
        (59 * SECOND, "0 min"),
        (90 * MINUTE, "1 h 30 min"),
        (4 * HOUR, "4 h"),
        (timedelta(days=2), "2 d"),
        (timedelta(days=2, hours=3, minutes=5), "2 d 3 h"),
    ],
)
def test_a_length_is_written_for_people(length: timedelta, text: str) -> None:
    assert length_text(length) == text
