"""Audit records that are old enough go: once a day, for a purge reads the names of all, by their age and nothing else.

Leaves to others: writing them (api/auditing.py).
"""

from __future__ import annotations

import logging
from datetime import timedelta

from backup_core.ports import Ports
from backup_core.workflows import once_a_day

log = logging.getLogger("diskbackup.audit")

PURGE_LIMIT = 2000  # a run; what is left goes with the next
_NAME = "audit purged"


def purge_audit_records(ports: Ports) -> int:
    """Remove records older than the settings keep them, at most PURGE_LIMIT; answers how many went. Raises
    CloudUnavailable."""
    if once_a_day.is_done(ports, _NAME):
        return 0
    before = ports.clock.now() - timedelta(days=ports.limits.audit_days)
    count = ports.audit.purge(before=before, limit=PURGE_LIMIT)
    if count < PURGE_LIMIT:
        once_a_day.note(ports, _NAME)
    if count:
        log.warning("audit.purged records=%d days=%d", count, ports.limits.audit_days)
    return count
