"""One local target for all end-to-end tests, and what takes long begun at once, so that the tests need only look.

All tests that use it stand in one file: pytest-xdist (`--dist loadfile`) then starts it once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from infra.local.up import LocalTarget
from tests.e2e.begun import Begun, begin
from tests.e2e.stage import Stage


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTarget]:
    """Two hosts and everything around them. The logs stay in pytest's directory of this run."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("DISKBACKUP_")]:
            environment.delenv(name)  # what the developer's shell has set is not the target's
        with LocalTarget.start(dir=tmp_path_factory.mktemp("target"), instances=2) as started:
            yield started
            crashed = started.crashed()
    assert not crashed, [part.obituary() for part in crashed]


@pytest.fixture(scope="session")
def stage(target: LocalTarget) -> Stage:
    return Stage(target)


@pytest.fixture(scope="session")
def begun(stage: Stage) -> Begun:
    return begin(stage)
