"""The tick: all short duties of the scheduler in one timer function, for on the Flex plan each timer scales by itself.

Dispatch is due at the full minute with nothing before it, the others in the gaps. Each fails for itself, and one that
failed is due again with the next tick. The platform means to run one tick at a time; a storage that is silent for
longer than the timer's lease makes it two (measured): every duty is safe to run twice at once.

Leaves to others: when ticks come (triggers/timers.py), and what each duty does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from backup_core.domain.errors import BackupError
from backup_core.domain.heartbeat import DISPATCH, KNOCK, OBJECTIVES, POISON, SWEEP, WATCH, Duty, Heartbeat, SetBack
from backup_core.ports import Ports, Stored
from backup_core.workflows.dispatch import dispatch
from backup_core.workflows.heartbeat import note, read_beat
from backup_core.workflows.job_kinds import watch
from backup_core.workflows.knocking import knock
from backup_core.workflows.objectives import check_objectives
from backup_core.workflows.poison_queues import empty_poison_queues
from backup_core.workflows.retention import sweep
from backup_core.workflows.set_back import leave_mark, notice

log = logging.getLogger("diskbackup.tick")

DUTIES = (
    Duty(name=DISPATCH),
    Duty(name=WATCH, period=timedelta(seconds=15)),
    Duty(name=SWEEP, offset=timedelta(seconds=15)),
    Duty(name=OBJECTIVES, offset=timedelta(seconds=30)),
    Duty(name=POISON, offset=timedelta(seconds=30)),
    Duty(name=KNOCK, offset=timedelta(seconds=45)),
)


class DutiesFailed(Exception):
    """Duties of a tick failed, each for itself; the others were done."""


def tick(ports: Ports) -> Mapping[str, datetime]:
    """Do what is due, in order, and note it. Answers what was done, and when. Raises DutiesFailed."""
    known, held, is_sure = _standing(ports)
    beat = known.value if known is not None else None
    runs = _runs(beat, ports.clock.now())
    done: dict[str, datetime] = {}
    failed: list[str] = []
    for duty in DUTIES:
        now = ports.clock.now()
        if beat is not None and not duty.is_due(beat.last(duty.name), now):
            continue
        if duty.name == DISPATCH and held is not None and not held.lets_backups_start(now):
            continue
        try:
            runs[duty.name](ports)
        except Exception:
            log.exception("tick.duty_failed duty=%s", duty.name)
            failed.append(duty.name)
        else:
            done[duty.name] = now
    noted = note(ports, done, known=known) if done and is_sure else None
    if noted is not None:
        leave_mark(ports, noted)
    if failed:
        raise DutiesFailed(f"{', '.join(failed)} failed; the log has each with its trace")
    return done


def _standing(ports: Ports) -> tuple[Stored[Heartbeat] | None, SetBack | None, bool]:
    """The heartbeat, and whether the tables were set back. Where that cannot be told, or not be noted, the tick notes
    nothing: it would hide it."""
    known = read_beat(ports)
    try:
        held = notice(ports, known.value if known is not None else None)
    except BackupError as error:
        log.warning("tick.unsure code=%s", error.code)
        return known, None, False
    return (known if held is None else read_beat(ports)), held, True


def _runs(beat: Heartbeat | None, now: datetime) -> Mapping[str, Callable[[Ports], object]]:
    silent_since = None if beat is None or beat.is_recent(now) or beat.was_set_back() else beat.ticked_at
    return {
        DISPATCH: partial(dispatch, silent_since=silent_since),
        WATCH: watch,
        SWEEP: sweep,
        OBJECTIVES: check_objectives,
        POISON: empty_poison_queues,
        KNOCK: knock,
    }
