"""Fewer disks than `make simulate` has, and a region that does not answer for six hours."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.simulation.copies import run


def test_a_hundred_are_copied_at_once_and_no_more() -> None:
    herd = run(150)
    assert (herd.copies, herd.failed, herd.at_once, herd.in_order) == (150, 0, 100, True)


@pytest.mark.parametrize("seed", range(2))
def test_all_is_copied_in_order_once_a_region_that_was_down_answers_again(seed: int) -> None:
    herd = run(8, points=2, seed=seed, outage=timedelta(hours=6))
    assert (herd.copies, herd.in_order, herd.left_behind) == (16, True, 0)
    assert herd.failed, "the outage was felt"
    assert herd.at_once <= 8
