"""The composition root: builds the adapters on first use and hands them to the triggers as ports.

The only file that knows both halves. Importing it is cheap, for a cold start pays for every import.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backup_core.ports import Ports
    from backup_core.settings import Settings

WATCH_LATE_SECONDS = 60.0


class Services:
    """What the triggers share within one process. `ports` is built once, whichever thread asks first."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings
        self._ports: Ports | None = None
        self._lock = threading.Lock()
        self._watched_at = time.monotonic()

    def ports(self) -> Ports:
        """Raises SettingsFault naming every setting that is missing or wrong."""
        with self._lock:
            if self._ports is None:
                self._ports = _build(self._settings)
            return self._ports

    def watch(self) -> None:
        """Look after stalled jobs now."""
        from backup_core.workflows.watching import watch

        self._watched_at = time.monotonic()
        watch(self.ports())

    def watch_if_late(self) -> None:
        """Look after stalled jobs if this process has not for a minute.

        The timer that does so runs on one host; when that host dies, another takes its lease over only after one to
        two minutes. A host that is at work meanwhile need not wait for it.
        """
        if time.monotonic() - self._watched_at > WATCH_LATE_SECONDS:
            self.watch()


def _build(settings: Settings | None) -> Ports:
    from backup_core.adapters.compute import ArmDiskCloud
    from backup_core.adapters.event_grid import event_sink
    from backup_core.adapters.storage_queue import StorageJobQueue
    from backup_core.adapters.system_clock import SystemClock
    from backup_core.adapters.table_store import TableStateStore
    from backup_core.ports import Ports
    from backup_core.settings import Settings as LoadedSettings

    settings = settings or LoadedSettings.from_env()
    return Ports(
        clock=SystemClock(),
        store=TableStateStore(settings),
        queue=StorageJobQueue(settings),
        cloud=ArmDiskCloud(settings),
        events=event_sink(settings),
    )
