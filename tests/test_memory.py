"""What a process remembers: it forgets little by little, never everything at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from backup_core.ports import KEPT_LIMIT, MEMORY_LIMIT, Memory

NOW = datetime(2026, 3, 2, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def test_what_is_kept_when_there_is_no_room_puts_out_only_what_was_kept_longest_ago() -> None:
    memory = Memory()
    for number in range(KEPT_LIMIT + 5):
        memory.keep(f"name-{number}", number, until=LATER)
    kept = [number for number in range(KEPT_LIMIT + 5) if memory.kept(f"name-{number}", int, now=NOW) is not None]
    assert kept == list(range(5, KEPT_LIMIT + 5))


def test_what_is_kept_anew_is_not_the_oldest_any_more() -> None:
    memory = Memory()
    memory.keep("often", "first", until=LATER)
    for number in range(3 * KEPT_LIMIT):
        memory.keep("often", "again", until=LATER)
        memory.keep(f"name-{number}", number, until=LATER)
    assert memory.kept("often", str, now=NOW) == "again"


def test_an_instant_makes_room_in_the_same_way() -> None:
    memory = Memory()
    for number in range(MEMORY_LIMIT + 1):
        memory.note(f"name-{number}", NOW)
    assert memory.recall("name-0") is None
    assert memory.recall("name-1") == memory.recall(f"name-{MEMORY_LIMIT}") == NOW


def test_what_is_over_is_not_told() -> None:
    memory = Memory()
    memory.keep("name", "value", until=NOW)
    assert memory.kept("name", str, now=NOW) is None
    assert memory.kept("name", str, now=NOW - timedelta(seconds=1)) == "value"
