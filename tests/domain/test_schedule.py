"""Schedules: which instants are slots, across clock changes, month ends and unions; and that asking is cheap."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from heapq import merge
from itertools import count, groupby, islice, pairwise, takewhile
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup_core.domain.durations import add_months, parse_duration
from backup_core.domain.schedule import INTERVALS_LIMIT, Schedule, ScheduleFaults, to_instant

DAY = timedelta(days=1)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",  # clocks change at midnight
    "America/Nuuk",  # ... and here the hour before midnight is left out
    "Australia/Lord_Howe",  # by half an hour
    "Antarctica/Troll",  # by two hours
    "Africa/Casablanca",  # twice a year around Ramadan
    "Asia/Kathmandu",
    "Pacific/Apia",  # left out a whole day, 2011-12-30
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def schedule(*texts: str, zone: str = "UTC") -> Schedule:
    return Schedule.parse(texts, zone)


def slots(one: Schedule, after: str, count: int) -> list[str]:
    found, at = [], utc(after)
    for _ in range(count):
        at = one.next_slot(at)
        found.append(f"{at:%Y-%m-%dT%H:%M}")
    return found


# --- What a single interval means ---


def test_hours_are_anchored_at_the_start_instant() -> None:
    one = schedule("R/2020-04-05T13:00:00+00:00/PT4H")
    assert slots(one, "2026-03-01T12:00", 4) == [
        "2026-03-01T13:00",
        "2026-03-01T17:00",
        "2026-03-01T21:00",
        "2026-03-02T01:00",
    ]


def test_hours_do_not_follow_the_clocks() -> None:
    one = schedule("R/2026-03-28T00:00:00/PT12H", zone="Europe/Berlin")
    assert slots(one, "2026-03-27T22:00", 4) == [
        "2026-03-27T23:00",
        "2026-03-28T11:00",
        "2026-03-28T23:00",
        "2026-03-29T11:00",
    ]


def test_days_keep_the_wall_clock_when_clocks_go_forward() -> None:
    one = schedule("R/2026-03-27T08:00:00/P1D", zone="Europe/Berlin")
    assert slots(one, "2026-03-27T12:00", 3) == ["2026-03-28T07:00", "2026-03-29T06:00", "2026-03-30T06:00"]


def test_a_time_that_the_clocks_leave_out_comes_as_much_later() -> None:
    one = schedule("R/2026-03-27T02:30:00/P1D", zone="Europe/Berlin")
    assert slots(one, "2026-03-27T12:00", 3) == ["2026-03-28T01:30", "2026-03-29T01:30", "2026-03-30T00:30"]


def test_a_time_left_out_before_midnight_comes_earlier_rather_than_on_the_next_day() -> None:
    one = schedule("R/2026-03-25T23:30:00/P1D", zone="America/Nuuk")
    assert slots(one, "2026-03-27T12:00", 3) == ["2026-03-28T01:30", "2026-03-29T00:30", "2026-03-30T00:30"]
    local = utc("2026-03-29T00:30").astimezone(ZoneInfo("America/Nuuk"))
    assert f"{local:%m-%d %H:%M}" == "03-28 22:30"


def test_a_time_that_comes_twice_counts_the_first_time() -> None:
    one = schedule("R/2026-10-23T02:30:00/P1D", zone="Europe/Berlin")
    assert slots(one, "2026-10-23T12:00", 3) == ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ("R/2026-01-31T10:00:00/P1M", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
        ("R/2028-02-29T10:00:00/P1Y", ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]),
        ("R/2026-01-05T10:00:00/P1W", ["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26", "2026-02-02"]),
        ("R/2026-01-31T10:00:00/P1M1D", ["2026-01-31", "2026-03-01", "2026-04-02", "2026-05-03", "2026-06-04"]),
    ],
)
def test_longer_periods_keep_the_day_or_take_the_months_last(interval: str, expected: list[str]) -> None:
    assert [slot[:10] for slot in slots(schedule(interval), "2026-01-01T00:00", 5)] == expected


def test_a_start_with_an_offset_is_that_instant_in_the_schedules_zone() -> None:
    one = schedule("R/2026-01-01T23:30:00-05:00/P1D", zone="W. Europe Standard Time")
    assert slots(one, "2025-12-31T00:00", 2) == ["2026-01-02T04:30", "2026-01-03T04:30"]  # 05:30 in Berlin
    assert slots(one, "2026-07-01T00:00", 1) == ["2026-07-01T03:30"]


def test_a_start_at_the_second_of_two_equal_times_is_the_first_slot_itself() -> None:
    one = schedule("R/2026-10-25T02:30:00+01:00/P1D", zone="Europe/Berlin")
    assert slots(one, "2026-10-01T00:00", 2) == ["2026-10-25T01:30", "2026-10-26T01:30"]


def test_the_skipped_day_of_samoa_has_no_slot_of_its_own() -> None:
    one = schedule("R/2011-12-28T10:00:00/P1D", zone="Pacific/Apia")
    assert slots(one, "2011-12-28T21:00", 3) == ["2011-12-29T20:00", "2011-12-30T20:00", "2011-12-31T20:00"]
    assert one.count_between(utc("2011-12-28T21:00"), utc("2011-12-31T20:00")) == 3
    assert one.count_between(utc("2011-12-30T15:00"), utc("2011-12-30T20:00")) == 1


def test_there_is_no_slot_before_the_start() -> None:
    one = schedule("R/2026-01-01T00:00:00Z/PT1H")
    assert one.newest_slot(utc("2025-12-31T23:59:59")) is None
    assert one.newest_slot(utc("2026-01-01T00:00")) == utc("2026-01-01T00:00") == one.first_slot
    assert one.next_slot(utc("1999-01-01T00:00")) == utc("2026-01-01T00:00")
    assert one.slots_between(utc("2020-01-01T00:00"), utc("2025-12-31T00:00"), 10) == ()
    assert one.count_between(utc("2020-01-01T00:00"), utc("2025-12-31T00:00")) == 0


def test_a_window_leaves_out_its_beginning_and_takes_in_its_end() -> None:
    one = schedule("R/2026-01-01T00:00:00Z/PT1H")
    window = (utc("2026-01-01T01:00"), utc("2026-01-01T04:00"))
    assert one.count_between(*window) == 3
    assert one.slots_between(*window, 2) == (utc("2026-01-01T03:00"), utc("2026-01-01T04:00"))
    assert one.slots_between(*window, 0) == ()
    assert one.count_between(*reversed(window)) == 0
    assert one.slots_between(*reversed(window), 5) == ()


# --- Several intervals ---


def test_an_instant_that_two_intervals_name_is_one_slot() -> None:
    both = schedule("R/2026-01-01T00:00:00Z/PT4H", "R/2026-01-01T00:00:00Z/PT6H")
    assert [slot[11:13] for slot in slots(both, "2026-01-01T00:00", 8)] == [
        "04", "06", "08", "12", "16", "18", "20", "00",
    ]  # fmt: skip
    assert both.count_between(utc("2026-01-01T00:00"), utc("2026-01-02T00:00")) == 8


def test_a_repeated_or_contained_interval_changes_nothing() -> None:
    minutes = "R/2026-01-01T00:00:00Z/PT1M"
    more = schedule(minutes, minutes, "R/2026-02-01T00:00:00/PT1H", "R/2026-01-05T08:00:00/P1D", zone="Europe/Berlin")
    assert more.max_slots_in(300) == 5
    assert more.count_between(utc("2026-03-01T00:00"), utc("2026-03-02T00:00")) == 24 * 60
    assert more.texts[0] == more.texts[1] == minutes


def test_two_wall_clock_times_that_meet_in_the_gap_are_one_slot() -> None:
    both = schedule("R/2026-01-01T02:30:00/P1D", "R/2026-01-01T03:30:00/P1D", zone="Europe/Berlin")
    assert both.count_between(utc("2026-03-28T12:00"), utc("2026-03-29T12:00")) == 1
    assert both.count_between(utc("2026-03-29T12:00"), utc("2026-03-30T12:00")) == 2


# --- What is refused ---


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not a repeating interval"),
        ("2026-01-01T00:00:00Z/PT1H", "is not a repeating interval"),
        ("R/2026-01-01T00:00:00Z", "is not a repeating interval"),
        ("R5/2026-01-01T00:00:00Z/PT1H", "does not repeat without end"),
        ("R/13:00:00/PT1H", "is not a date and time"),
        ("R/2026-01-01/P1D", "is not a date and time"),
        ("R/2026-02-30T00:00:00Z/P1D", "is not a date and time"),
        ("R/2026-01-01T25:00:00Z/P1D", "is not a date and time"),
        ("R/2026-01-01T00:00:00+99:00/P1D", "is not a date and time"),
        ("R/1969-12-31T00:00:00Z/P1D", "outside the years"),
        ("R/9999-12-31T00:00:00Z/P1D", "outside the years"),
        ("R/2026-01-01T00:00:00Z/1H", "is not a duration"),
        ("R/2026-01-01T00:00:00Z/PT0S", "shorter than the shortest"),
        ("R/2026-01-01T00:00:00Z/PT59S", "shorter than the shortest"),
        ("R/2026-01-01T00:00:00Z/P11Y", "longer than the longest"),
        ("R/2026-01-01T00:00:00Z/P1DT12H", "write P1DT12H as PT36H"),
        (None, "is not a repeating interval"),
        (7, "is not a repeating interval"),
    ],
)
def test_what_is_not_a_repeating_interval_is_refused(text: object, says: str) -> None:
    with pytest.raises(ScheduleFaults, match=says) as caught:
        Schedule.parse([text], "UTC")  # type: ignore[list-item]
    assert [index for index, _ in caught.value.faults] == [0]


def test_every_fault_is_named_with_its_place() -> None:
    with pytest.raises(ScheduleFaults) as caught:
        Schedule.parse(["R/2026-01-01T00:00:00Z/PT1H", "nonsense", "R/2026-01-01T00:00:00Z/PT1S"], "Nowhere/At_All")
    assert [index for index, _ in caught.value.faults] == [None, 1, 2]


@pytest.mark.parametrize("count", [0, INTERVALS_LIMIT + 1])
def test_the_number_of_intervals_has_its_limits(count: int) -> None:
    with pytest.raises(ScheduleFaults, match=f"{count} repeating intervals; 1 to 24"):
        Schedule.parse([f"R/2026-01-01T00:00:{second:02}Z/P1D" for second in range(count)], "UTC")


def test_a_start_may_be_written_in_several_ways() -> None:
    times = ["06:00:00+00:00", "06:00:00.0000000Z", "06:00:00.9Z", "06:00Z", "07:00:00+0100", "06:00"]
    assert {schedule(f"R/2026-01-01T{text}/P1D").first_slot for text in times} == {utc("2026-01-01T06:00")}


# --- Properties, against slots that are simply walked ---


def walk(one: Schedule) -> Iterator[datetime]:
    """All slots in order, by the definition: each interval from its start, wall-clock times one by one."""
    return (slot for slot, _ in groupby(merge(*(_walk(text, one.zone) for text in one.texts))))


def walked(one: Schedule, until: datetime) -> list[datetime]:
    return list(takewhile(lambda slot: slot <= until, walk(one)))


def _walk(text: str, zone: tzinfo) -> Iterator[datetime]:
    _, start_text, period_text = text.split("/")
    period, start = parse_duration(period_text), datetime.fromisoformat(start_text)
    wall = start.astimezone(zone).replace(tzinfo=None) if start.tzinfo else start
    first = start.astimezone(UTC) if start.tzinfo else to_instant(start, zone)
    for number in count():
        if period.is_exact:
            yield first + number * timedelta(seconds=period.clock_seconds)
        else:
            days = timedelta(days=period.calendar_days * number)
            yield to_instant(add_months(wall, period.calendar_months * number) + days, zone)


PERIODS = st.sampled_from(
    [
        *("PT45M", "PT1H", "PT90M", "PT4H", "PT5H", "PT12H", "PT24H", "PT36H"),
        *("P1D", "P1D", "P2D", "P1W", "P1M", "P1M1D", "P1Y"),
    ]
)


@st.composite
def starts(draw: st.DrawFn) -> str:
    minutes = draw(st.integers(0, 60 * 24 * 4)) * 15
    naive = (datetime(2026, 3, 20) + timedelta(minutes=minutes)).isoformat()
    return naive + draw(st.sampled_from(["", "", "Z", "+02:00", "-05:00", "+05:45"]))


@st.composite
def schedules(draw: st.DrawFn, most: int = 4) -> Schedule:
    texts = [f"R/{draw(starts())}/{draw(PERIODS)}" for _ in range(draw(st.integers(1, most)))]
    return Schedule.parse(texts, draw(st.sampled_from(ZONES)))


MOMENTS = st.integers(0, 400 * 24 * 4).map(lambda n: datetime(2026, 3, 19, tzinfo=UTC) + timedelta(minutes=15 * n))


@given(schedules(), MOMENTS, MOMENTS, st.integers(0, 20))
@settings(max_examples=150, deadline=None)
def test_all_answers_are_those_of_walking_the_slots(one: Schedule, a: datetime, b: datetime, limit: int) -> None:
    after, until = min(a, b), max(a, b)
    every = walked(one, until)
    within = [slot for slot in every if after < slot]
    assert one.count_between(after, until) == len(within)
    assert one.slots_between(after, until, limit) == tuple(within[len(within) - min(limit, len(within)) :])
    assert one.next_slot(until) == next(slot for slot in walk(one) if slot > until)
    assert one.newest_slot(until) == (every[-1] if every else None)


@given(schedules(), MOMENTS)
@settings(max_examples=150, deadline=None)
def test_slots_only_grow_and_know_each_other(one: Schedule, at: datetime) -> None:
    following = at
    for _ in range(10):
        previous, following = following, one.next_slot(following)
        assert following > previous
        assert one.newest_slot(following) == following
        assert one.next_slot(following - timedelta(seconds=1)) == following
        assert one.newest_slot(following - timedelta(seconds=1)) in (None, previous) or previous == at
        assert one.count_between(following - timedelta(seconds=1), following) == 1


@given(schedules(), st.integers(60, 40 * 86_400))
@settings(max_examples=80, deadline=None)
def test_no_gap_is_shorter_and_no_window_fuller_than_promised(one: Schedule, window: int) -> None:
    every = list(takewhile(lambda slot: slot < datetime(2027, 5, 1, tzinfo=UTC), islice(walk(one), 2000)))
    assert all(later - earlier >= one.min_gap for earlier, later in pairwise(every))
    head = 0
    for index, slot in enumerate(every):
        while slot - every[head] >= timedelta(seconds=window):
            head += 1
        assert index - head + 1 <= one.max_slots_in(window)


@pytest.mark.parametrize("clock", ["00:00", "00:30", "01:30", "02:00", "02:30", "03:15", "22:45", "23:30"])
def test_every_local_day_of_every_zone_has_exactly_one_slot(clock: str) -> None:
    checked = 0
    for name in sorted(available_timezones() - {"Factory", "localtime"}):
        zone = ZoneInfo(name)
        one = schedule(f"R/2024-01-01T{clock}:00/P1D", zone=name)
        for changed in clock_changes(name):
            begin = datetime.combine(changed, datetime.min.time(), UTC) - 3 * DAY
            found = one.slots_between(begin, begin + 6 * DAY, 10)
            days = [slot.astimezone(zone).date() for slot in found]
            assert days == [days[0] + index * DAY for index in range(len(days))], (name, clock, changed)
            assert len(days) >= 5
            checked += 1
    assert checked > 500


_CHANGES: dict[str, list[date]] = {}


def clock_changes(name: str) -> list[date]:
    """The days in 2024 to 2027 on which a zone's clocks change."""
    if name not in _CHANGES:
        zone = ZoneInfo(name)
        noons = [datetime(2024, 1, 5, 12, tzinfo=UTC) + index * DAY for index in range(4 * 365)]
        offsets = [noon.astimezone(zone).utcoffset() for noon in noons]
        _CHANGES[name] = [noons[i + 1].date() for i in range(len(noons) - 1) if offsets[i] != offsets[i + 1]]
    return _CHANGES[name]


# --- Limits and cost ---


@pytest.mark.parametrize(
    ("texts", "zone", "seconds"),
    [
        (["R/2026-01-01T00:00:00Z/PT1M"], "UTC", 60),
        (["R/2026-01-01T00:00:00Z/PT12H"], "Europe/Berlin", 12 * 3600),
        (["R/2026-01-01T00:00:00Z/P1D"], "UTC", 86_400),
        (["R/2026-01-01T00:00:00Z/P1D"], "Europe/Berlin", 21 * 3600),
        (["R/2026-01-01T00:00:00Z/P1D", "R/2026-01-01T12:00:00Z/P1D"], "UTC", 12 * 3600),
        (["R/2026-01-01T00:00:00Z/P1D", "R/2026-01-01T12:00:00Z/P1D"], "Europe/Berlin", 9 * 3600),
        (["R/2026-01-01T00:00:00Z/PT4H", "R/2026-01-01T01:00:00Z/PT6H"], "UTC", 3600),
        (["R/2026-01-01T00:00:00Z/PT1H", "R/2026-01-01T00:20:00Z/PT1H"], "UTC", 20 * 60),
    ],
)
def test_the_shortest_gap_is_known(texts: list[str], zone: str, seconds: int) -> None:
    assert schedule(*texts, zone=zone).min_gap == timedelta(seconds=seconds)


def test_a_window_over_february_holds_more_months_than_one_of_mean_length() -> None:
    monthly = schedule("R/2026-01-01T00:00:00Z/P1M")
    february_to_april = int(timedelta(days=59).total_seconds()) + 1
    assert monthly.count_between(utc("2026-01-31T23:59:59"), utc("2026-04-01T00:00")) == 3
    assert monthly.max_slots_in(february_to_april) == 3


def test_a_window_without_length_holds_nothing() -> None:
    assert schedule("R/2026-01-01T00:00:00Z/PT1M").max_slots_in(0) == 0


@pytest.mark.parametrize(
    "texts",
    [
        ["R/1970-01-01T00:00:00Z/PT1M"],
        ["R/1970-01-01T00:00:00Z/PT1M", "R/1970-01-01T00:00:30Z/PT7M", "R/1970-01-01T00:00:10Z/PT90S"],
        ["R/1970-01-01T02:30:00/P1D"],
        ["R/1970-01-31T02:30:00/P1M"],
        ["R/1970-01-31T02:30:00/P1M1D"],
    ],
)
def test_a_start_and_a_gap_of_decades_cost_nothing(texts: list[str]) -> None:
    one = schedule(*texts, zone="Europe/Berlin")
    begin = time.process_time()
    for _ in range(20):
        one.next_slot(utc("2190-01-01T00:00"))
        one.newest_slot(utc("2190-01-01T00:00"))
        one.slots_between(utc("1980-01-01T00:00"), utc("2190-01-01T00:00"), 50)
        one.count_between(utc("1980-01-01T00:00"), utc("2190-01-01T00:00"))
    assert time.process_time() - begin < 1  # walking would take minutes


def test_even_24_intervals_that_all_meet_at_their_start_are_counted_soon() -> None:
    primes = [n for n in range(2, 90) if all(n % smaller for smaller in range(2, n))]
    one = schedule(*(f"R/2026-01-01T00:00:00Z/PT{prime}M" for prime in primes))
    begin, until, started = utc("2025-12-31T00:00"), utc("2026-01-08T00:00"), time.process_time()
    assert len(one.intervals) == 24
    assert one.count_between(begin, until) == len(walked(one, until))
    one.count_between(begin, utc("2026-03-01T00:00"))
    assert time.process_time() - started < 3


def test_equal_schedules_are_equal() -> None:
    assert schedule("R/2026-01-01T00:00:00Z/P1D") == schedule("R/2026-01-01T00:00:00Z/P1D")
    assert schedule("R/2026-01-01T00:00:00Z/P1D") != schedule("R/2026-01-01T00:00:00Z/P1D", zone="Europe/Berlin")
    assert hash(schedule("R/2026-01-01T00:00:00Z/P1D")) == hash(schedule("R/2026-01-01T00:00:00Z/P1D"))


@pytest.mark.parametrize("seed", range(40))
def test_slots_one_after_the_other_are_each_the_next_of_the_one_before(seed: int) -> None:
    chance = random.Random(seed)
    zone = chance.choice(["UTC", "Europe/Berlin", "Pacific/Apia", "Australia/Lord_Howe"])
    texts = [
        f"R/2011-12-{chance.randrange(1, 28):02}T{chance.randrange(24):02}:30:00/{period}"
        for period in chance.sample(["PT1H", "PT7H", "P1D", "P1W", "P1M"], chance.randrange(1, 4))
    ]
    schedule = Schedule.parse(texts, zone)
    at = datetime(2011, 12, 20, tzinfo=UTC)
    for slot in islice(schedule.slots_after(at), 300):
        at = schedule.next_slot(at)
        assert slot == at
