"""The agenda: what is to happen when. A time-ordered index that a tick reads from its head, whatever else exists.

Four kinds of rows: a backup's next slot, an instance's next expiry, a watch over a job that must show progress (or over
events that must be delivered), and the hour at which an instance in trouble breaches its recovery-point objective.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any

from backup_core.domain.instance import BackupInstance
from backup_core.domain.resource_ids import VaultKey, parse_group_id

COPIES = "copies"  # the subject of an expiry that is of copies in other regions


class AgendaKind(Enum):
    BACKUP = "backup"
    EXPIRY = "expiry"
    WATCH = "watch"
    OBJECTIVE = "objective"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaRow:
    """Identified by kind, `due_at` (to the second), vault, instance and `subject`; `content` is small JSON.

    `subject` is empty for BACKUP and OBJECTIVE, and for EXPIRY but that of copies; a job id for WATCH, or what an
    outbox has to deliver, or the lane whose tickets are looked after.
    BACKUP content: {"intervals": [...], "time_zone": "...", "revision": n, "generation": "...",
    "subscription": "...", "region": "..."}; rows of earlier releases lack the last two.
    WATCH content: {"step": "backup" | "restore" | "configure"}, and of a backup {"slot": "<ISO>" | null, "revision": n,
    "missed_slots": ["<ISO>", ...], "missed_count": n}; of a copy {"step": "copy", "lane": "..."}; of an outbox what
    workflows/outbox.py writes. Of WATCH and EXPIRY also {"sent": n}: how often it was sent for since a sign came.
    """

    kind: AgendaKind
    due_at: datetime
    vault: VaultKey
    instance_name: str
    subject: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)


def backup_row(vault: VaultKey, instance: BackupInstance, due_at: datetime) -> AgendaRow:
    """The agenda row that makes `instance` due at `due_at`."""
    schedule = instance.policy.schedule
    return AgendaRow(
        kind=AgendaKind.BACKUP,
        due_at=due_at,
        vault=vault,
        instance_name=instance.name,
        content={
            "intervals": list(schedule.texts),
            "time_zone": schedule.time_zone,
            "revision": instance.revision,
            "generation": instance.generation,
            "subscription": parse_group_id(instance.snapshot_group_id).subscription,
            "region": instance.disk_location,
        },
    )


def expiry_row(vault: VaultKey, instance_name: str, due_at: datetime) -> AgendaRow:
    return AgendaRow(
        kind=AgendaKind.EXPIRY, due_at=due_at.replace(microsecond=0), vault=vault, instance_name=instance_name
    )


def copies_row(vault: VaultKey, instance_name: str, due_at: datetime) -> AgendaRow:
    """When copies of an instance in other regions are to be looked at for expiry."""
    return replace(expiry_row(vault, instance_name, due_at), subject=COPIES)
