"""The forecast of a disk's limits held against what the workflows do: the slot at which a disk first has more than 450
scheduled points, or at which Azure refuses its 501st snapshot.

The time between slots is skipped, as in previewed.py.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from backup_core.domain.forecast import forecast_points
from backup_core.domain.policy import SCHEDULED_POINTS_LIMIT, BackupPolicy
from backup_core.domain.previews import Existing, limits_met
from tests.benchmarks.figures import Figure
from tests.builders import policy_properties
from tests.simulation.previewed import ZONES
from tests.simulation.year import CRITERIA, FIRST, deliver, tick_at
from tests.workflows.platform import Platform
from tests.workflows.scenes import change_instance

POLICIES = 50
BEGIN = FIRST - timedelta(seconds=30)
SPAN = timedelta(days=130)

Met = tuple[datetime | None, datetime | None]


def random_policy(seed: int) -> Mapping[str, Any]:
    """One that reaches the first limit, and mostly the second: by its default tag, or with those that are kept
    longer."""
    chance = random.Random(seed)
    hours = chance.choice([1, 1, 2, 3, 4])
    tags = chance.sample(list(CRITERIA), chance.randrange(len(CRITERIA) + 1))
    days = 500 * hours / 24
    return {
        "intervals": [f"R/2026-01-{chance.randrange(1, 29):02}T{chance.randrange(24):02}:30:00/PT{hours}H"],
        "time_zone": ZONES[seed % len(ZONES)],
        "retention": f"P{int(days * chance.uniform(0.92, 1.5)) + 1}D",
        "tags": {name: (CRITERIA[name], f"P{chance.randrange(400, 900)}D") for name in tags},
    }


def draft(properties: Mapping[str, Any]) -> BackupPolicy:
    return BackupPolicy.parse("policy-disk-1", policy_properties(**properties), check_limits=False)


def forecast(properties: Mapping[str, Any], span: timedelta) -> Met:
    scheduled, every = limits_met(tuple(forecast_points(draft(properties), BEGIN, BEGIN + span)), Existing())
    return scheduled.on, every.on


def met(properties: Mapping[str, Any], span: timedelta) -> Met:
    """What the workflows meet. The API takes no policy that keeps so much: the disk is protected by one that keeps
    less, and then follows the other, as if an older release with other limits had let it pass."""
    platform, wanted, over = Platform(), draft(properties), None
    platform.world.events.checked = False
    platform.world.clock.set(BEGIN)
    platform.protect("disk-1", **{**properties, "retention": "P1D", "tags": {}})
    change_instance(platform, policy=wanted)
    for slot in wanted.schedule.slots_after(BEGIN):
        if slot > BEGIN + span:
            return over, None
        tick_at(platform, slot)
        tick_at(platform, slot + timedelta(seconds=15))
        deliver(platform, slot + timedelta(minutes=20))
        if platform.instance().last_success_slot != slot:
            return over, slot
        if over is None and len(platform.world.cloud.snapshot_ids()) > SCHEDULED_POINTS_LIMIT:
            over = slot
    raise AssertionError("slots have no end")


def figures(part: int, parts: int, seed: int) -> list[Figure]:
    """Of one part of the policies, out of so many parts."""
    differing, reached = [], 0
    for number in range(part, POLICIES, parts):
        properties = random_policy(seed + number)
        expected = forecast(properties, SPAN)
        reached += expected[0] is not None
        if met(properties, SPAN) != expected:
            differing.append(seed + number)
    of = len(range(part, POLICIES, parts))
    note = f"seeds {differing}" if differing else f"{of} policies"
    return [
        Figure(
            name="policies that meet a limit at another slot than forecast", value=len(differing), at_most=0, note=note
        ),
        Figure(name="policies that meet no limit", value=of - reached, at_most=0),
    ]
