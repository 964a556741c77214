"""What the reconciler and the rebuilding of the catalogue found and did, and how both go on past what they cannot do
now."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from backup_core.domain.errors import BackupError
from backup_core.domain.messages import GoOnReconciling
from backup_core.ports import StateConflict

log = logging.getLogger("diskbackup.reconcile")


@dataclass(slots=True, kw_only=True)
class ReconcileReport:
    """What a run found and mended; each list names things by id."""

    expired_elsewhere: list[str] = field(default_factory=list)
    lost_points: list[str] = field(default_factory=list)
    moved_points: list[str] = field(default_factory=list)  # whose snapshot was moved to another group
    adopted_points: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)  # snapshots that say they are ours and are not proven to be
    retagged: list[str] = field(default_factory=list)  # snapshots of points whose tags say otherwise than their record
    unlabelled: list[str] = field(default_factory=list)  # instances whose snapshots do not tell of their holds
    taken_over: list[str] = field(default_factory=list)  # installations whose snapshots count as ours from now on
    copies: list[str] = field(default_factory=list)  # in other regions: what was found and mended of them
    unbound: list[str] = field(default_factory=list)  # points whose snapshots Azure is to keep, and does not yet
    agenda_rows: list[str] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)  # instances whose rows said another number of points
    reconfigured: list[str] = field(default_factory=list)
    vaults: list[str] = field(default_factory=list)  # that were gone though they held an instance
    resumed: list[str] = field(default_factory=list)  # whose disk was called gone, and is there
    purged_jobs: int = 0
    overdue_outboxes: int = 0  # and groups of alerts, whose events had waited long
    unreadable_groups: list[str] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)  # what could not be looked at now, and why
    failed: list[str] = field(default_factory=list)  # parts of the pass that ended in an error
    rest: GoOnReconciling | None = None  # where the next run of the pass begins, if this one was not the last
    left: int = 0  # snapshots that a rebuilding had no time for

    @contextmanager
    def postponing(self, what: str) -> Iterator[None]:
        """What cannot be mended now (unreadable, changing, throttled) waits for the next pass; the rest goes on."""
        try:
            yield
        except (BackupError, StateConflict) as error:
            log.warning("reconcile.postponed %s: %s", what, error)
            self.postponed.append(f"{what}: {error}")
