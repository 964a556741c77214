"""One short round with real processes; `python -m tests.benchmarks chaos` runs the three long ones."""

from __future__ import annotations

import pytest

from tests.chaos.rounds import Plan, run_round


@pytest.mark.local_target
def test_backups_survive_the_death_of_a_host() -> None:
    plan = Plan(
        seed=7,
        disks=12,
        slots=0,
        on_demand=2,
        kills=1,
        pause=(1.0, 2.5),
        slow_arm_seconds=1,
        retention="P7D",
        hasty=True,
    )
    outcome = run_round(plan)
    assert not outcome.faults, "\n".join(outcome.faults)
    assert outcome.backups >= plan.disks * plan.on_demand
    assert outcome.deleted == 0
