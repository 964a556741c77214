"""Which workflow takes which message. Apart from queues.py so that loading the app imports no workflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from backup_core.domain.messages import (
    ConfigureProtection,
    ExpirePoints,
    GoOnReconciling,
    Message,
    ObserveBackup,
    ObserveRestore,
    PublishEvents,
    StartBackup,
    StartRestore,
)
from backup_core.ports import Ports
from backup_core.workflows.acting import acting_for
from backup_core.workflows.backup import start_backup
from backup_core.workflows.backup_observation import observe_backup
from backup_core.workflows.pacing import tell
from backup_core.workflows.protection import configure_protection
from backup_core.workflows.reconcile import go_on_reconciling
from backup_core.workflows.restore import observe_restore, start_restore
from backup_core.workflows.retention import expire_points
from backup_core.workflows.turns import publish_events

Step = Callable[[Ports, Any], None]


def _acting(step: Step) -> Step:
    """The step, with what it does in Azure done for the vault of its message."""

    @wraps(step)
    def run(ports: Ports, message: Message) -> None:
        step(acting_for(ports, message.vault), message)
        tell(ports)

    return run


STEPS: Mapping[type[Message], Step] = {
    StartBackup: _acting(start_backup),
    ObserveBackup: _acting(observe_backup),
    ExpirePoints: _acting(expire_points),
    StartRestore: _acting(start_restore),
    ObserveRestore: _acting(observe_restore),
    ConfigureProtection: _acting(configure_protection),
    PublishEvents: publish_events,
    GoOnReconciling: go_on_reconciling,
}
