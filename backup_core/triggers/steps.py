"""Which workflow takes which message. Apart from queues.py so that loading the app imports no workflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backup_core.domain.messages import (
    ConfigureProtection,
    ExpirePoints,
    Message,
    ObserveBackup,
    ObserveRestore,
    PublishEvents,
    StartBackup,
    StartRestore,
)
from backup_core.ports import Ports
from backup_core.workflows.backup import observe_backup, start_backup
from backup_core.workflows.protection import configure_protection
from backup_core.workflows.restore import observe_restore, start_restore
from backup_core.workflows.retention import expire_points
from backup_core.workflows.turns import publish_events

STEPS: Mapping[type[Message], Callable[[Ports, Any], None]] = {
    StartBackup: start_backup,
    ObserveBackup: observe_backup,
    ExpirePoints: expire_points,
    StartRestore: start_restore,
    ObserveRestore: observe_restore,
    ConfigureProtection: configure_protection,
    PublishEvents: publish_events,
}
