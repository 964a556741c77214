"""Audit records go by their age, once a day, and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from backup_core.domain.errors import CloudUnavailable
from backup_core.workflows.audit_age import purge_audit_records
from tests.contract.test_audit_log import record
from tests.workflows.platform import Platform

DAY = timedelta(days=1)


def written(platform: Platform, days: int) -> None:
    """A record of each of the last days."""
    for age in range(days):
        platform.world.audit.append(replace(record(age), at=platform.world.clock.now() - age * DAY))


def test_records_older_than_the_settings_keep_them_go() -> None:
    platform = Platform()
    written(platform, 410)
    assert purge_audit_records(platform.world.ports) == 9
    assert len(platform.world.audit.records) == 401, "what is exactly that old stays"


def test_a_process_looks_once_a_day() -> None:
    platform = Platform()
    purge_audit_records(platform.world.ports)
    written(platform, 500)
    assert purge_audit_records(platform.world.ports) == 0
    platform.world.clock.advance(days=1)
    assert purge_audit_records(platform.world.ports) == 100


def test_a_purge_that_failed_is_made_again() -> None:
    platform = Platform()
    written(platform, 402)
    platform.world.faults.fail("audit.purge", CloudUnavailable("503"))
    with pytest.raises(CloudUnavailable):
        purge_audit_records(platform.world.ports)
    assert purge_audit_records(platform.world.ports) == 1
