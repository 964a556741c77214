"""Previews of what exists, as they are read: nothing that is gone counts as there."""

from __future__ import annotations

from datetime import timedelta

from backup_core.domain.recovery_point import PointState
from backup_core.workflows.catalogue import get_policy
from backup_core.workflows.previews import preview_change_of, preview_changes
from tests.builders import NOW, VAULT, policy
from tests.workflows.scenes import add_point, backed_up

DAY = timedelta(days=1)


def test_one_disk_is_shown_as_it_is_among_all() -> None:
    platform = backed_up()
    ports, after = platform.world.ports, policy("policy-disk-1", retention="P3D")
    before = get_policy(ports, VAULT, after.name)
    for age, state in enumerate((PointState.LOST, PointState.EXPIRING, PointState.COMPLETED), start=1):
        add_point(platform, NOW - age * DAY, expires_at=NOW + 30 * DAY, state=state)
    days = (NOW + 20 * DAY,)
    ((name, among_all),) = preview_changes(ports, VAULT, before, after, days).items
    alone, _, _ = preview_change_of(ports, VAULT, name, before, after, days)
    assert alone.counts == among_all.counts
