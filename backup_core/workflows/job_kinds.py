"""What each kind of message is, in one row: what takes it, how its job is sent again when it stalls, and what giving it
up means. A new kind of work is a message (domain/messages.py), which says its queue, and a row here.

How a kind of job is named in the API, in reports and in events stands with it (domain/job.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from backup_core.domain.errors import MessageMalformed
from backup_core.domain.messages import (
    RESOURCE_EVENTS,
    BeginRestoreTests,
    BindPoint,
    ClearUpTests,
    ConfigureProtection,
    DeliverEvents,
    ExpireCopies,
    ExpirePoints,
    GoOnReconciling,
    GoOnTesting,
    Knock,
    LabelHolds,
    MoveInstances,
    ObserveBackup,
    ObserveCopy,
    ObserveRestore,
    RestoreTogether,
    StartBackup,
    StartCopy,
    StartRestore,
    SwapDisks,
    decode,
)
from backup_core.domain.outbox import COPIES
from backup_core.ports import Ports
from backup_core.workflows import outbox, poison, resource_events, restore_tests, watching
from backup_core.workflows import restore_test_plans as plans
from backup_core.workflows.acting import acting_for
from backup_core.workflows.backup import start_backup
from backup_core.workflows.backup_observation import observe_backup
from backup_core.workflows.binding import bind_point
from backup_core.workflows.copy_expiry import expire_copies
from backup_core.workflows.copying import observe_copy, pump, start_copy
from backup_core.workflows.holds import label_holds
from backup_core.workflows.moving import move_instances
from backup_core.workflows.pacing import tell
from backup_core.workflows.poison import (
    NOTHING_MORE,
    OF_BACKUP,
    OF_CONFIGURATION,
    OF_COPY,
    OF_RESTORE,
    OF_RESTORE_TEST,
    OF_RESTORE_TOGETHER,
    LettingGo,
)
from backup_core.workflows.protection import configure_protection
from backup_core.workflows.reconcile import go_on_reconciling
from backup_core.workflows.restore import observe_restore, start_restore
from backup_core.workflows.restore_test_plans import begin_restore_tests
from backup_core.workflows.restore_tests import clear_up_tests, go_on_testing
from backup_core.workflows.restore_together import restore_together
from backup_core.workflows.retention import expire_points
from backup_core.workflows.swap import swap_disks
from backup_core.workflows.watching import Again, Wake, backup_again, copy_again, job_again


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """`step` takes the message, if there is anything to do; what it does in Azure is done for its vault, if `acts`.
    `watched_as` is what the watch's rows call the job that begins with it, `again` its message from such a row.
    `woken_as` is what rows call a time at which no job but `wake` is due."""

    message: type[Any]
    step: Callable[[Ports, Any], None] | None
    acts: bool = True
    watched_as: str = ""
    again: Again | None = None
    letting_go: LettingGo = NOTHING_MORE
    woken_as: str = ""
    wake: Wake | None = None


KINDS = (
    JobKind(message=StartBackup, step=start_backup, watched_as="backup", again=backup_again, letting_go=OF_BACKUP),
    JobKind(message=ObserveBackup, step=observe_backup),
    JobKind(message=ExpirePoints, step=expire_points),
    JobKind(
        message=StartCopy,
        step=start_copy,
        watched_as="copy",
        again=copy_again,
        letting_go=OF_COPY,
        woken_as=COPIES,
        wake=pump,
    ),
    JobKind(message=ObserveCopy, step=observe_copy, letting_go=OF_COPY),
    JobKind(message=ExpireCopies, step=expire_copies),
    JobKind(message=BindPoint, step=bind_point),
    JobKind(message=LabelHolds, step=label_holds),
    JobKind(
        message=StartRestore,
        step=start_restore,
        watched_as="restore",
        again=job_again(StartRestore),
        letting_go=OF_RESTORE,
    ),
    JobKind(message=ObserveRestore, step=observe_restore, letting_go=OF_RESTORE),
    JobKind(
        message=RestoreTogether,
        step=restore_together,
        watched_as="together",
        again=job_again(RestoreTogether),
        letting_go=OF_RESTORE_TOGETHER,
    ),
    JobKind(message=SwapDisks, step=swap_disks, watched_as="swap", again=job_again(SwapDisks)),
    JobKind(
        message=ConfigureProtection,
        step=configure_protection,
        watched_as="configure",
        again=job_again(ConfigureProtection),
        letting_go=OF_CONFIGURATION,
    ),
    JobKind(
        message=MoveInstances,
        step=move_instances,
        watched_as="import",
        again=job_again(MoveInstances),
    ),
    JobKind(
        message=BeginRestoreTests, step=begin_restore_tests, acts=False, woken_as=plans.WOKEN_AS, wake=plans.wake_plan
    ),
    JobKind(
        message=GoOnTesting,
        step=go_on_testing,
        watched_as=restore_tests.WATCHED_AS,
        again=job_again(GoOnTesting),
        letting_go=OF_RESTORE_TEST,
    ),
    JobKind(
        message=ClearUpTests,
        step=clear_up_tests,
        woken_as=restore_tests.CLEARED_AS,
        wake=restore_tests.wake_clearing,
    ),
    JobKind(
        message=DeliverEvents, step=lambda ports, message: outbox.deliver_or_wake(ports, message.vault), acts=False
    ),
    JobKind(message=GoOnReconciling, step=go_on_reconciling, acts=False),
    JobKind(message=Knock, step=None, acts=False),
)


def run(ports: Ports, text: str | bytes, kinds: Sequence[JobKind] = KINDS) -> None:
    """The step of a message. Raises MessageMalformed, and whatever the step was not made for."""
    message, kind = _read(text, kinds)
    if kind.step is not None:
        kind.step(acting_for(ports, message.vault) if kind.acts else ports, message)
    if kind.acts:
        tell(ports)


def watch(ports: Ports, kinds: Sequence[JobKind] = KINDS) -> int:
    """Send again what has stalled; see watching.watch."""
    steps = {kind.watched_as: kind.again for kind in kinds if kind.again is not None}
    return watching.watch(ports, steps, {kind.woken_as: kind.wake for kind in kinds if kind.wake is not None})


def give_up(ports: Ports, queue: str, text: str | bytes, kinds: Sequence[JobKind] = KINDS) -> None:
    """Record that a message of the poison queue of `queue` was given up; twice is once. Raises CloudUnavailable."""
    if queue == RESOURCE_EVENTS:
        resource_events.give_up(ports, text)
        return
    try:
        message, kind = _read(text, kinds)
    except MessageMalformed as error:
        poison.report_unreadable(ports, queue, text, error)
        return
    poison.give_up(ports, message, kind.letting_go)


def _read(text: str | bytes, kinds: Sequence[JobKind]) -> tuple[Any, JobKind]:
    message: Any = decode(text, (kind.message for kind in kinds))
    return message, next(kind for kind in kinds if kind.message is type(message))
