"""Tags: the first successful backup of a period is kept longer; smaller priorities go first; else the default."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup_core.domain.tagging import TagChoice, TagCriterion, choose_tag

DEFAULT = TagCriterion(tag_name="Default", priority=99)
DAILY = TagCriterion(tag_name="Daily", priority=25, scopes=("FirstOfDay",))
WEEKLY = TagCriterion(tag_name="Weekly", priority=20, scopes=("FirstOfWeek",))
MONTHLY = TagCriterion(tag_name="Monthly", priority=15, scopes=("FirstOfMonth",))
YEARLY = TagCriterion(tag_name="Yearly", priority=10, scopes=("FirstOfYear",))
ALL_FIVE = (DEFAULT, DAILY, WEEKLY, MONTHLY, YEARLY)
SLOTS = st.integers(0, 3 * 366 * 24).map(lambda hours: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours))


def choose(slot: str, last: str | None, *, criteria: Sequence[TagCriterion] = ALL_FIVE, zone: str = "UTC") -> TagChoice:
    instants = [datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None for text in (slot, last)]
    assert instants[0] is not None
    return choose_tag(criteria, instants[0], instants[1], ZoneInfo(zone))


@pytest.mark.parametrize(
    ("slot", "last", "tag", "because"),
    [
        ("2026-03-04T08:00", "2026-03-04T04:00", "Default", "no other tag's criteria were met"),
        ("2026-03-04T00:00", "2026-03-03T20:00", "Daily", "first successful backup of 2026-03-04"),
        ("2026-03-04T16:00", "2026-03-03T20:00", "Daily", "first successful backup of 2026-03-04"),
        ("2026-03-09T00:00", "2026-03-08T20:00", "Weekly", "first successful backup of 2026-W11"),
        ("2026-03-11T08:00", "2026-03-08T20:00", "Weekly", "first successful backup of 2026-W11"),
        ("2026-04-01T00:00", "2026-03-31T20:00", "Monthly", "first successful backup of 2026-04"),
        ("2027-01-01T00:00", "2026-12-31T20:00", "Yearly", "first successful backup of 2027"),
        ("2026-03-04T08:00", None, "Yearly", "first successful backup of 2026"),
    ],
)
def test_the_first_success_of_a_period_gets_its_tag(slot: str, last: str | None, tag: str, because: str) -> None:
    assert choose(slot, last) == TagChoice(tag_name=tag, because=because)


def test_a_week_is_an_iso_week_and_may_begin_in_the_year_before() -> None:
    weekly = (DEFAULT, WEEKLY)
    assert choose("2027-01-01T00:00", "2026-12-28T00:00", criteria=weekly).tag_name == "Default"  # both 2026-W53
    assert choose("2027-01-04T00:00", "2027-01-03T00:00", criteria=weekly).because.endswith("2027-W01")


def test_periods_are_those_of_the_policys_zone() -> None:
    last, slot = "2026-03-03T20:00", "2026-03-03T23:30"  # 00:30 on the fourth in Berlin
    assert choose(slot, last).tag_name == "Default"
    assert choose(slot, last, zone="Europe/Berlin").because == "first successful backup of 2026-03-04"


def test_the_smallest_priority_wins_whatever_the_order_they_stand_in() -> None:
    favoured = TagCriterion(tag_name="Favoured", priority=1, scopes=("FirstOfDay",))
    for criteria in ((DAILY, favoured, DEFAULT), (DEFAULT, favoured, DAILY)):
        assert choose("2026-03-04T00:00", "2026-03-03T20:00", criteria=criteria).tag_name == "Favoured"


def test_the_default_is_the_last_resort_even_with_the_smallest_priority() -> None:
    eager = TagCriterion(tag_name="Default", priority=1)
    assert choose("2026-03-04T00:00", "2026-03-03T20:00", criteria=(eager, DAILY)).tag_name == "Daily"


def test_any_of_a_tags_criteria_suffices() -> None:
    either = TagCriterion(tag_name="Either", priority=5, scopes=("FirstOfYear", "FirstOfDay"))
    assert choose("2026-03-04T00:00", "2026-03-03T20:00", criteria=(either, DEFAULT)).tag_name == "Either"


def test_all_backup_takes_every_backup() -> None:
    every = TagCriterion(tag_name="Every", priority=5, scopes=("AllBackup",))
    assert choose("2026-03-04T08:00", "2026-03-04T04:00", criteria=(every, DEFAULT)).tag_name == "Every"


def test_a_late_step_for_an_older_slot_is_first_of_nothing() -> None:
    assert choose("2026-03-04T00:00", "2026-03-05T00:00").tag_name == "Default"
    assert choose("2026-03-04T00:00", "2026-03-04T00:00").tag_name == "Default"


def test_without_a_default_nothing_is_guessed() -> None:
    with pytest.raises(ValueError, match="default"):
        choose("2026-03-04T08:00", "2026-03-04T04:00", criteria=(DAILY,))


@given(
    st.lists(SLOTS, min_size=1, max_size=60, unique=True), st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York"])
)
def test_each_day_with_a_success_has_exactly_one_first(slots: list[datetime], zone_name: str) -> None:
    zone, last = ZoneInfo(zone_name), None
    firsts: list[datetime] = []
    for slot in sorted(slots):
        if choose_tag((DAILY, DEFAULT), slot, last, zone).tag_name == "Daily":
            firsts.append(slot)
        last = slot
    days = [slot.astimezone(zone).date() for slot in firsts]
    assert sorted(set(days)) == days
    assert set(days) == {slot.astimezone(zone).date() for slot in slots}
