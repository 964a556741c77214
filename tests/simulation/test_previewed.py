"""A few of the policies that `make simulate` previews and plays for a year."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.simulation.previewed import ZONES, previewed, random_policy, taken


@pytest.mark.parametrize("seed", range(len(ZONES)))
def test_what_is_previewed_is_what_the_workflows_leave(seed: int) -> None:
    properties = random_policy(seed)
    points, at = taken(properties, timedelta(days=40))
    assert points
    assert points == previewed(properties, at)
