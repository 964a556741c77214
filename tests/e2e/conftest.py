"""The local targets of the end-to-end tests.

`target` opens its API with keys; what takes long is begun on it at once, so that the tests need only look. All tests
that use it stand in one file, which goes to one worker: so it starts once. `guarded` asks for Entra tokens.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.up import LocalTarget
from tests.e2e.begun import Begun, begin
from tests.e2e.stage import Stage
from tests.e2e.targets import started


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTarget]:
    """Two hosts and everything around them, the API with its keys. The logs stay in pytest's directory of this run."""
    keys = {"DISKBACKUP_SIGN_IN": "function_key"}
    with started(tmp_path_factory.mktemp("target"), instances=2, env=keys) as running:
        yield running


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTarget]:
    """One host whose API takes tokens of the local issuer, behind the front door. What weakens a vault that holds
    points counts at once: no walk through a vault's life waits a day."""
    # As `make up` does in the project's folder, so that documented commands find .local/endpoints.json.
    at_once = {"DISKBACKUP_WEAKENING_DELAY_HOURS": "0"}
    with started(tmp_path_factory.mktemp("guarded") / ".local", env=at_once) as running:
        yield running


@pytest.fixture(scope="session")
def stage(target: LocalTarget) -> Stage:
    return Stage(target)


@pytest.fixture(scope="session")
def begun(stage: Stage) -> Begun:
    return begin(stage)
