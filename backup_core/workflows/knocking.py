"""The knock: an idle listener looks into its queue every five seconds, and so long would a slot's first backup wait.
Before a minute in which something is due, a few messages that ask for nothing make it look often.

Whoever takes a message looks again at once, then after 0.1 s, 0.2 s, 0.4 s ... up to five: so one knock comes a longest
pause before the slot, and the last finds a listener that looks every second or two. Where no instance runs at all
(Flex), the earliest starts one; and where one would not do, as many knock as start enough of them, for a platform that
counts messages starts none before it sees them, and what is late for a slot finds Azure's buckets no fuller for it.
Nothing due: no knock. A knock that is lost costs seconds, nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from math import ceil

from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.messages import Knock
from backup_core.domain.pacing import STARTS_A_SECOND
from backup_core.ports import Ports

BEFORE = (timedelta(seconds=15), timedelta(seconds=5), timedelta(seconds=2))
STARTS_OF_A_HOST = 4.0  # backups a second, on a quarter of a core (55 to 70 ms of a whole one each, measured)
FEW = 100  # that one instance takes within seconds
FOR_A_HOST = 16  # messages for which the platform runs an instance: host.json's batchSize
ROWS_READ = 20_000  # rows of the agenda: as many as a tick takes
_MINUTE = timedelta(minutes=1)


def knock(ports: Ports) -> bool:
    """Knock before the next full minute if backups are due then. Costs one look at the agenda's head."""
    now = ports.clock.now()
    slot = now.replace(second=0, microsecond=0) + _MINUTE
    due = ports.store.due(AgendaKind.BACKUP, until=slot, limit=ROWS_READ)
    if not due:
        return False
    herd = [row for row in due if row.due_at > now]  # who waits already has hosts
    first = FOR_A_HOST * hosts_for(herd) if len(herd) > FEW else 1
    waits = [slot - before - now for before in (*BEFORE[:1] * first, *BEFORE[1:])]
    ports.queue.send_all([(Knock(), max(wait, timedelta(0))) for wait in waits])
    return True


def hosts_for(due: Sequence[AgendaRow]) -> int:
    """How many instances take what becomes visible each second of these, as dispatch paces it."""
    herds = Counter(str(row.content.get("subscription") or row.vault.subscription).lower() for row in due)
    return ceil(sum(min(count, STARTS_A_SECOND) for count in herds.values()) / STARTS_OF_A_HOST)
