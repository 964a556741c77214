"""A week of the year that `make simulate` plays, and what a slot of it takes."""

from __future__ import annotations

from collections import Counter

from tests.simulation import year

WEEK = 7 * 24
# Of a slot of that week, in whose last five days a point expires for each that comes.
CALLS = {"store.get": 13.4, "store.commit": 7.8, "store.page": 4.1, "store.schedule": 5.4, "queue.send": 4.1}
ALL_CALLS = 65.0


def test_a_week_has_each_slot_once_with_the_tag_that_the_calendar_gives_it() -> None:
    for zone in ("UTC", "Australia/Lord_Howe"):
        played = year.run(zone, WEEK)
        assert (played.jobs, played.points) == year.expected(zone, WEEK)
        assert played.unfinished == 0


def test_a_slot_takes_no_more_calls_of_the_ports_than_were_counted() -> None:
    calls = year.run("UTC", WEEK).platform.world.faults.calls
    counted = Counter(calls)
    assert {name: counted[name] / WEEK for name in CALLS if counted[name] / WEEK > CALLS[name]} == {}
    assert len(calls) / WEEK <= ALL_CALLS
