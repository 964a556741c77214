"""A vault, a policy and a protected disk in memory, and the API in front of them; every answer is as described."""

from __future__ import annotations

import pytest

from tests.api.described import DescribedFront
from tests.api.front import Front
from tests.builders import disk_json
from tests.workflows.platform import Platform


@pytest.fixture
def platform() -> Platform:
    """A vault and a disk that nobody protects yet."""
    platform = Platform()
    platform.world.cloud.add_disk(disk_json())
    return platform


@pytest.fixture
def front(platform: Platform) -> Front:
    return DescribedFront(platform.world)
