"""Audit records that are old enough go: once a day, by their age and by nothing else.

Leaves to others: writing them (api/auditing.py).
"""

from __future__ import annotations

import logging
from datetime import timedelta

from backup_core.ports import Ports

log = logging.getLogger("diskbackup.audit")

PURGE_EVERY = timedelta(days=1)  # of each process that lives so long: a purge reads the names of all records
PURGE_LIMIT = 10_000
_NAME = "audit purged"


def purge_audit_records(ports: Ports) -> int:
    """Remove records older than the settings keep them, at most PURGE_LIMIT; answers how many went. Raises
    CloudUnavailable."""
    now = ports.clock.now()
    purged_at = ports.memory.recall(_NAME)
    if purged_at is not None and now < purged_at + PURGE_EVERY:
        return 0
    count = ports.audit.purge(before=now - timedelta(days=ports.limits.audit_days), limit=PURGE_LIMIT)
    if count < PURGE_LIMIT:
        ports.memory.note(_NAME, now)
    if count:
        log.warning("audit.purged records=%d days=%d", count, ports.limits.audit_days)
    return count
