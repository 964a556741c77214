"""The platform in memory leaves out what no second can bring. Whatever a run of it proves must not hang on that: with
every tick, and with those only that find something, all ends alike and at the same instants.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.heartbeat import Heartbeat
from backup_core.domain.messages import BACKUP
from backup_core.domain.resource_ids import ANYWHERE
from backup_core.domain.restore import RestoreRequest
from backup_core.workflows.lifecycle import delete_instance
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.restore import request_restore
from tests.builders import TARGET_GROUP, VAULT, disk_id
from tests.workflows.platform import HostDied, Platform
from tests.workflows.scenes import SLOT, backed_up, protected


def nothing(platform: Platform) -> None:
    """All goes well."""


def lose_all_messages(platform: Platform) -> None:
    platform.run(seconds=3)
    for envelope in platform.world.queue.waiting():
        platform.world.queue.delete(envelope)


def a_host_dies(platform: Platform) -> None:
    platform.world.faults.fail("cloud.start_snapshot", HostDied(), after=True)  # type: ignore[arg-type]


def nobody_answers(platform: Platform) -> None:
    platform.world.faults.fail("cloud.start_snapshot", CloudUnavailable("timed out"), times=12)


def nonsense_in_a_queue(platform: Platform) -> None:
    platform.world.queue.put_text(BACKUP, "nonsense")


def a_slow_restore(platform: Platform) -> None:
    platform.world.cloud.disk_time = timedelta(minutes=7)
    platform.run(seconds=30)
    target = RestoreRequest(point_id=None, target_disk_id=disk_id("restored", TARGET_GROUP))
    request_restore(platform.world.ports, VAULT, "disk-1", target)


def a_deletion(platform: Platform) -> None:
    platform.run(minutes=1)
    delete_instance(platform.world.ports, VAULT, "disk-1")


def left_by(platform: Platform) -> dict[str, Any]:
    """All that a run leaves, without what is drawn by lot."""
    jobs, points = platform.jobs(), platform.points()
    kinds = (*AgendaKind,)
    return {
        "jobs": [(job.operation, job.status, job.created_at, job.ended_at, job.slot, job.retry_count) for job in jobs],
        "points": [(point.slot, point.created_at, point.state, point.expires_at) for point in points],
        "agenda": [(kind, row.due_at, row.instance_name) for kind in kinds for row in platform.agenda(kind)],
        "messages": [(each.queue, each.kind, each.visible_at) for each in platform.world.queue.waiting()],
        "events": [(event.type, event.at, event.subject) for event in platform.world.events.distinct],
        "sent": [type(message).__name__ for message in platform.world.queue.sent],
        "taken": len(platform.world.cloud.taken),
        "removed": len(platform.world.cloud.removed),
        "failures": platform.failures,
    }


@pytest.mark.parametrize(
    "trouble",
    [nothing, lose_all_messages, a_host_dies, nobody_answers, nonsense_in_a_queue, a_slow_restore, a_deletion],
)
def test_ticks_that_find_nothing_are_left_out_and_change_nothing(trouble: Callable[[Platform], None]) -> None:
    prepared = protected(intervals=("R/2026-03-01T00:00:00+00:00/PT1H",), retention="PT90M")
    ends = []
    for every_tick in (True, False):
        platform = prepared.copy()
        platform.every_tick = every_tick
        trouble(platform)
        platform.run(minutes=130)
        reconcile(platform.world.ports)
        platform.run(minutes=16)
        ends.append((left_by(platform), len(platform.world.faults.calls)))
    (all_of_them, calls), (some, fewer) = ends
    assert some == all_of_them
    assert fewer < calls / 2, "nothing was left out"


def test_a_run_ends_with_its_last_ticks_so_that_a_silence_begins_when_it_ends() -> None:
    platform = backed_up()
    platform.run(minutes=40)
    ticked_at = platform.stored(Heartbeat, vault=ANYWHERE).value.ticked_at
    assert platform.world.clock.now() - ticked_at < timedelta(minutes=1)
    assert platform.world.clock.now() > SLOT + timedelta(minutes=40)


def test_what_was_planned_to_fail_meets_the_next_tick() -> None:
    platform = backed_up()
    platform.run(minutes=5)
    platform.world.faults.fail("store.due", CloudUnavailable("planned"))
    platform.run(minutes=2)
    assert len(platform.failures) == 1
