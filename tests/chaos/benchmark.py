"""Three rounds of 200 backups under fire, as a benchmark: how long mending takes, and that everything holds."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tests.benchmarks.figures import Figure
from tests.chaos.rounds import Outcome, Plan, run_round

SEEDS = (1, 2, 3)
BACKUPS = 200
MEND_AT_MOST = 240.0


def measure() -> list[Figure]:
    """Each of 50 disks comes due twice and is asked for twice more."""
    figures: list[Figure] = []
    for seed in SEEDS:
        plan = Plan(
            seed=seed, disks=50, slots=2, on_demand=2, kills=12, pause=(1, 9), slow_arm_seconds=2, asking_seconds=75
        )
        outcome = run_round(plan)
        for fault in outcome.faults:
            print(f"  seed {seed}: {fault}", file=sys.stderr, flush=True)
        figures += _figures(f"round {seed}", outcome)
    return figures


def _figures(name: str, outcome: Outcome) -> Iterator[Figure]:
    missed = outcome.missed_slots
    yield Figure(name=f"{name}: hosts killed", value=outcome.kills)
    yield Figure(name=f"{name}: steps lost with a host and sent again", value=outcome.resent)
    yield Figure(name=f"{name}: backups taken", value=outcome.backups)
    yield Figure(name=f"{name}: slots recorded as missed, one catch-up each", value=missed)
    unaccounted = BACKUPS - outcome.backups - missed
    yield Figure(name=f"{name}: asked for and neither taken nor recorded", value=unaccounted, at_most=0)
    yield Figure(name=f"{name}: expired points deleted under way", value=outcome.deleted)
    yield Figure(
        name=f"{name}: last kill to nothing under way", value=outcome.mend_seconds, unit="s", at_most=MEND_AT_MOST
    )
    yield Figure(name=f"{name}: invariants that do not hold", value=len(outcome.faults), at_most=0)
