"""What all steps share: when they come back, and what a changed record makes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from backup_core.domain.errors import CloudUnavailable, PermissionMissing, Throttled
from backup_core.domain.instance import BackupInstance
from backup_core.domain.messages import ConfigureProtection, StartBackup
from backup_core.ports import Replace
from backup_core.workflows.turns import MAX_ATTEMPTS, commit, next_turn
from tests.builders import VAULT
from tests.workflows.scenes import change_instance, protected


def test_throttled_is_no_attempt_whatever_the_round() -> None:
    message = StartBackup(vault=VAULT, instance_name="disk-1", job_id="j", deferrals=500, attempts=MAX_ATTEMPTS)
    turn = next_turn(message, Throttled("busy", retry_after_seconds=7), "j")
    assert (turn.message.attempts, turn.message.deferrals) == (MAX_ATTEMPTS, 501)
    assert turn.delay >= timedelta(seconds=7)


def test_two_jobs_do_not_come_back_at_one_instant_and_one_job_always_at_the_same() -> None:
    error = Throttled("busy", retry_after_seconds=1)
    message = StartBackup(vault=VAULT, instance_name="disk-1", job_id="j")
    delays = {next_turn(message, error, f"job-{number}").delay for number in range(50)}  # type: ignore[union-attr]
    assert len(delays) == 50
    assert next_turn(message, error, "job-1") == next_turn(message, error, "job-1")


def test_passing_faults_end_after_the_last_attempt_and_staying_ones_at_once() -> None:
    message = ConfigureProtection(vault=VAULT, instance_name="disk-1", job_id="j", attempts=MAX_ATTEMPTS)
    assert next_turn(message, CloudUnavailable("503"), "j") is None
    first = ConfigureProtection(vault=VAULT, instance_name="disk-1", job_id="j")
    assert next_turn(first, PermissionMissing("403", scope="s", role="r"), "j") is None
    assert next_turn(first, CloudUnavailable("503"), "j") is not None


def test_a_step_that_meets_a_changed_record_decides_anew_a_second_later_and_writes_nothing() -> None:
    platform = protected()
    world = platform.world
    stored = world.store.get(BackupInstance, VAULT, "disk-1")
    change_instance(platform, friendly_name="changed meanwhile")
    message = StartBackup(vault=VAULT, instance_name="disk-1", job_id="j")
    assert commit(world.ports, message, [Replace(stored, replace(stored.value, friendly_name="late"))]) is False
    assert platform.instance().friendly_name == "changed meanwhile"
    (again,) = world.queue.waiting()
    assert (again.message, again.visible_at) == (message, world.clock.now() + timedelta(seconds=1))
