"""A vault, a policy and a protected disk in memory, and the API in front of them; every answer is as described."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.described import DescribedFront
from tests.api.front import Front, Naps
from tests.builders import disk_json
from tests.workflows.platform import Platform
from tests.workflows.scenes import backed_up


@pytest.fixture
def platform() -> Platform:
    """A vault and a disk that nobody protects yet."""
    platform = Platform()
    platform.world.cloud.add_disk(disk_json())
    return platform


@pytest.fixture
def protecting() -> Platform:
    """A disk with a point, whose policy keeps every hour for a week."""
    return backed_up()


@pytest.fixture
def running(protecting: Platform) -> Front:
    return DescribedFront(protecting.world)


@pytest.fixture
def naps(platform: Platform) -> Iterator[Naps]:
    """A poller that finds no Retry-After sleeps 30 seconds."""
    naps = Naps(lambda seconds: platform.run(seconds=seconds))
    yield naps
    assert all(nap <= 2 for nap in naps.seconds), f"a poller slept {max(naps.seconds)} s"


@pytest.fixture
def front(platform: Platform) -> Front:
    return DescribedFront(platform.world)
