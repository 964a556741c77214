"""A few of the policies whose limits `make simulate` forecasts and then meets."""

from __future__ import annotations

import pytest

from tests.simulation.limits_met import SPAN, forecast, met, random_policy


@pytest.mark.parametrize("seed", range(2))
def test_a_limit_is_met_at_the_slot_that_was_forecast(seed: int) -> None:
    properties = random_policy(seed)
    expected = forecast(properties, SPAN)
    assert expected[0] is not None
    assert met(properties, SPAN) == expected
