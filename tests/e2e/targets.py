"""A local target for a test: started apart from what the developer's shell has set, and ended without a crash."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.local.up import LocalTarget


@contextmanager
def started(directory: Path, **options: Any) -> Iterator[LocalTarget]:
    """With `options` of LocalTarget.start. The logs stay in `directory`."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("DISKBACKUP_")]:
            environment.delenv(name)
        with LocalTarget.start(dir=directory, **options) as target:
            yield target
            crashed = target.crashed()
    assert not crashed, [part.obituary() for part in crashed]
