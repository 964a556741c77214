"""Previews held against what the workflows do: random policies in ten zones, a year each, point by point.

The time between slots is skipped; what expires meanwhile is seen by the ticks at the next slot, and by the last ones
before points are compared.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from backup_core.domain.forecast import existing_at, forecast_points
from tests.benchmarks.figures import Figure
from tests.builders import policy
from tests.simulation.year import CRITERIA, FIRST, deliver, tick_at
from tests.workflows.platform import Platform

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "W. Europe Standard Time",
    "Tokyo Standard Time",
)
SECONDS_AFTER_A_SLOT = (0, 15, 30, 45)
POLICIES = 200
YEAR = timedelta(days=365)

Kept = dict[datetime, str]  # tags by slot


def random_policy(seed: int) -> Mapping[str, Any]:
    """What a policy says: one or two intervals, any tags, retention that stays within Azure's limits."""
    chance = random.Random(seed)
    period = chance.choice(["PT8H", "PT12H", "P1D", "P1D", "P2D", "P1W"])
    starts = chance.sample(range(24), chance.choice([1, 1, 2]) if period.startswith("P1D") else 1)
    tags = chance.sample(list(CRITERIA), chance.randrange(len(CRITERIA) + 1))
    days = {"Daily": (20, 90), "Weekly": (30, 200), "Monthly": (60, 400), "Yearly": (200, 1500)}
    return {
        "intervals": [f"R/2026-01-{chance.randrange(1, 29):02}T{hour:02}:30:00/{period}" for hour in starts],
        "time_zone": ZONES[seed % len(ZONES)],
        "retention": f"P{chance.randrange(1, 40)}D",
        "tags": {name: (CRITERIA[name], f"P{chance.randrange(*days[name])}D") for name in tags},
    }


def taken(properties: Mapping[str, Any], span: timedelta) -> tuple[Kept, datetime]:
    """What the workflows leave of a disk that is protected by such a policy for so long, and when that was seen."""
    platform, until = Platform(), FIRST + span
    platform.world.events.checked = False  # schemas of events are held to elsewhere; here they cost most of the time
    platform.world.clock.set(FIRST - timedelta(seconds=30))
    platform.protect("disk-1", **properties)
    schedule = policy(**properties).schedule
    slot = schedule.next_slot(platform.world.clock.now())
    while slot <= until:
        _ticks(platform, slot)
        slot = schedule.next_slot(slot)
    _ticks(platform, until + timedelta(minutes=2))
    points = {point.slot: point.tag_name for point in platform.points() if point.slot is not None}
    return points, platform.world.clock.now()


def previewed(properties: Mapping[str, Any], at: datetime) -> Kept:
    seen = existing_at(forecast_points(policy(**properties), FIRST - timedelta(seconds=30), at), at)
    return {item.point.created_at: item.point.tag_name for item in seen}


def figures(part: int, parts: int, seed: int) -> list[Figure]:
    """Of one part of the policies, out of so many parts."""
    differing = []
    for number in range(part, POLICIES, parts):
        properties = random_policy(seed + number)
        points, at = taken(properties, YEAR)
        if points != previewed(properties, at):
            differing.append(seed + number)
    note = f"seeds {differing}" if differing else f"{len(range(part, POLICIES, parts))} policies in {len(ZONES)} zones"
    return [Figure(name="policies whose points are not as previewed", value=len(differing), at_most=0, note=note)]


def _ticks(platform: Platform, slot: datetime) -> None:
    for seconds in SECONDS_AFTER_A_SLOT:
        tick_at(platform, slot + timedelta(seconds=seconds))
    deliver(platform, slot + timedelta(minutes=20))
