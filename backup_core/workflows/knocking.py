"""The knock: an idle listener looks into its queue every five seconds, and so long would a slot's first backup wait.
Before a minute in which something is due, a few messages that ask for nothing make it look often.

Whoever takes a message looks again at once, then after 0.1 s, 0.2 s, 0.4 s ... up to five: so one knock comes a longest
pause before the slot, and the last finds a listener that looks every second or two. Where no instance runs at all
(Flex), the earliest starts one. Nothing due: no knock. A knock that is lost costs seconds, nothing else.
"""

from __future__ import annotations

from datetime import timedelta

from backup_core.domain.agenda import AgendaKind
from backup_core.domain.messages import Knock
from backup_core.ports import Ports

BEFORE = (timedelta(seconds=15), timedelta(seconds=5), timedelta(seconds=2))
_MINUTE = timedelta(minutes=1)


def knock(ports: Ports) -> bool:
    """Knock before the next full minute if a backup is due then. Costs one look at the agenda's head."""
    now = ports.clock.now()
    slot = now.replace(second=0, microsecond=0) + _MINUTE
    if not ports.store.due(AgendaKind.BACKUP, until=slot, limit=1):
        return False
    waits = [slot - before - now for before in BEFORE]
    ports.queue.send_all([(Knock(), max(wait, timedelta(0))) for wait in waits])
    return True
