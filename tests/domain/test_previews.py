"""Previews of a policy, of its change for what exists, and why points are kept."""

from datetime import UTC, datetime, timedelta

from backup_core.domain.forecast import forecast_points
from backup_core.domain.previews import (
    Counts,
    Existing,
    LimitMet,
    explain,
    limits_met,
    outlook,
    preview_change,
    preview_policy,
)
from backup_core.domain.retention import decide_retention
from tests.builders import hold, point, policy

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NIGHTLY = ["R/2026-01-01T02:00:00/P1D"]


def test_a_policy_is_previewed_for_a_disk_that_it_begins_to_protect() -> None:
    nightly = policy(intervals=NIGHTLY, retention="P7D", tags={"Weekly": ("FirstOfWeek", "P30D")})
    seen = preview_policy(nightly, START, 60 * DAY, slots=2, days=[START + DAY, START + 59 * DAY])
    assert [slot.at for slot in seen.slots] == [START + 2 * HOUR, START + 26 * HOUR]
    assert seen.slot_count == 60
    assert seen.tags == {"Weekly": 9, "Default": 51}
    assert [len(day.kept) for day in seen.days] == [1, 10]
    assert seen.days[0].kept[0][1].because[-1] == "Weekly: expires at 2026-01-31T02:00:00Z"
    assert seen.peak.count == 11
    assert [met.on for met in seen.limits] == [None, None]
    assert seen.days[0].kept[0][0] == "first successful backup of 2026-W01"
    assert (seen.refused, seen.too_close_to_copy) == (0, 0)


def test_both_limits_of_a_disk_are_dated_with_what_is_there_already() -> None:
    hourly = policy(intervals=["R/2026-01-01T00:00:00/PT1H"], retention="P10D")
    points = list(forecast_points(hourly, START, START + 30 * DAY))
    there = [START + 30 * DAY] * 300
    scheduled, every = limits_met(points, Existing(scheduled=there, on_demand=[None] * 20))
    assert scheduled == LimitMet(limit=450, what="scheduled recovery points of a disk", on=START + 151 * HOUR)
    assert every == LimitMet(limit=500, what="snapshots of a disk", on=START + 181 * HOUR)


def test_a_change_shortens_what_is_to_come_and_leaves_what_exists() -> None:
    before = policy(intervals=NIGHTLY, retention="P30D")
    after = policy(intervals=NIGHTLY, retention="P7D")
    there = Existing(scheduled=[START + number * DAY for number in range(1, 31)])
    days = [START + 3 * DAY, START + 20 * DAY, START + 60 * DAY]
    seen = preview_change(outlook(before, START, days, None), outlook(after, START, days, None), there, days)
    assert seen.shortened == ("Default: P30D -> P7D",)
    assert seen.counts == (
        Counts(at=START + 3 * DAY, before=30, after=30),
        Counts(at=START + 20 * DAY, before=30, after=17),
        Counts(at=START + 60 * DAY, before=30, after=7),
    )
    assert [met.on for met in seen.limits] == [None, None]
    assert seen.newest is None


def test_a_change_moves_the_end_of_the_newest_point_when_it_moves_the_next_slot() -> None:
    nightly = policy(intervals=NIGHTLY, retention="P7D")
    weekly = policy(intervals=["R/2026-01-05T02:00:00/P1W"], retention="P7D")
    for expires_at, ends in (
        (START - HOUR, (START + 2 * HOUR, START + 4 * DAY + 2 * HOUR)),
        (START + 9 * DAY, (START + 9 * DAY, START + 9 * DAY)),
        (None, (None, None)),
    ):
        there = Existing(scheduled=[expires_at], newest=(START - DAY, expires_at))
        moved = preview_change(outlook(nightly, START, [], None), outlook(weekly, START, [], None), there, []).newest
        assert (moved.before, moved.after) == ends
        assert ("moves the next slot" in moved.because) is (ends[0] != ends[1])


def test_a_change_that_meets_a_limit_says_when() -> None:
    before = policy(intervals=NIGHTLY, retention="P30D")
    after = policy(intervals=["R/2026-01-01T00:00:00/PT1H"], retention="P10D")
    there = Existing(scheduled=[START + 30 * DAY] * 300)
    days = [START, START + 30 * DAY]
    seen = preview_change(outlook(before, START, days, None), outlook(after, START, days, None), there, days)
    assert [met.on for met in seen.limits] == [START + 151 * HOUR, START + 201 * HOUR]


def test_the_last_point_stays_until_there_is_another() -> None:
    yearly = policy(intervals=["R/2026-06-01T00:00:00/P1Y"], retention="P7D")
    days = [START + 60 * DAY]
    seen = outlook(yearly, START, days, None)
    assert preview_change(seen, seen, Existing(on_demand=[START + DAY]), days).counts == (
        Counts(at=days[0], before=1, after=1),
    )
    assert preview_change(seen, seen, Existing(), days).counts == (Counts(at=days[0], before=0, after=0),)


def test_each_point_says_why_it_is_kept_and_when_that_is_decided() -> None:
    now, next_slot = START + 10 * DAY, START + 11 * DAY
    newest = point(at=START + 9 * DAY, point_id="a" * 32, expires_at=START + 9 * DAY + HOUR)
    held = point(at=START + 8 * DAY, point_id="b" * 32, expires_at=START + 9 * DAY, holds=(hold("audit"),))
    plain = point(at=START + 7 * DAY, point_id="c" * 32, expires_at=START + 20 * DAY)
    over = point(at=START, point_id="d" * 32, expires_at=START + DAY)
    told = explain(decide_retention([over, plain, held, newest], now=now, protected=True), now, next_slot)
    assert [(each.point, each.goes, each.decided_at) for each in told] == [
        (newest, False, next_slot),
        (held, False, None),
        (plain, False, START + 20 * DAY),
        (over, True, now),
    ]
    assert told[1].because == ("held (case-1): audit",)
    without_schedule = explain(decide_retention([newest], now=now, protected=True), now, None)
    assert without_schedule[0].decided_at is None
