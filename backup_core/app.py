"""The composition root: builds the adapters on first use and hands them to the triggers as ports.

The only file that knows both halves. Importing it is cheap, for a cold start pays for every import.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from backup_core.ports import EventSink, Ports
    from backup_core.settings import Settings, SignIn
    from backup_core.telemetry import Tracing

WATCH_LATE_SECONDS = 60.0


def set_log_levels() -> None:
    """Libraries speak from Warning on: azure-core alone writes 2.4 KB for each request at Information (measured), and
    the worker hands on whatever is logged. What of the app's own words is kept is host.json's to say."""
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("diskbackup").setLevel(logging.INFO)


class Services:
    """What the triggers and the API share within one process. `ports` is built once, whichever thread asks first.

    `traced` has each run of a function and each call of a port told as a span.
    """

    def __init__(
        self, settings: Settings | None = None, sign_in: SignIn | None = None, *, traced: bool = False
    ) -> None:
        self._settings = settings
        self._traced = traced
        self._tracing: Tracing | None = None
        self._sign_in = sign_in
        self._ports: Ports | None = None
        self._lock = threading.Lock()
        self._watched_at = time.monotonic()

    def ports(self) -> Ports:
        """Raises SettingsInvalid naming every setting that is missing or wrong."""
        with self._lock:
            if self._ports is None:
                ports = _build(self._settings)
                self._ports = ports if self._tracing is None else self._tracing.ports(ports)
            return self._ports

    def observe(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function` with a span around each of its runs if traces are wanted, else as it is."""
        if not self._traced:
            return function
        from backup_core.telemetry import observed

        return observed(function, self._open_tracing)

    def _open_tracing(self) -> Tracing | None:
        """The spans of this process, begun by the first run of a function; None if they cannot be written."""
        from backup_core.telemetry import open_tracing

        with self._lock:
            if self._traced and self._tracing is None:
                self._tracing = open_tracing(lambda: _identity(self._settings))
                self._traced = self._tracing is not None
            return self._tracing

    def sign_in(self) -> SignIn:
        """Who may use the API. Raises SettingsInvalid; timers and queues never ask, so that they go on without it."""
        from backup_core.settings import SignIn as LoadedSignIn

        if self._sign_in is None:
            self._sign_in = LoadedSignIn.from_env()
        return self._sign_in

    def read_document(self, url: str) -> Mapping[str, Any]:
        """What the sign-in service publishes at `url`. Raises CloudUnavailable."""
        from backup_core.adapters.open_id import read_document

        return read_document(url, trusted=self.sign_in().trusted_certificates)

    def tick(self) -> None:
        """The short duties that are due. Raises DutiesFailed."""
        from backup_core.domain.heartbeat import DISPATCH, WATCH
        from backup_core.workflows.tick import tick

        done = tick(self.ports())
        if WATCH in done:
            self._watched_at = time.monotonic()
        if DISPATCH in done:
            self.ping()

    def ping(self) -> None:
        """Tell the dead-man service, if one is set, that a tick was good. Whether it hears is no matter of the tick."""
        from backup_core.settings import Settings as LoadedSettings

        url = (self._settings or LoadedSettings.from_env()).heartbeat_url
        if url is not None:
            from backup_core.adapters.heartbeat_ping import ping

            ping(url)

    def watch_if_late(self) -> None:
        """Look after stalled jobs if this process has not for a minute.

        The timer that does so runs on one host; when that host dies, another takes its lease over only after a while. A
        host that is at work meanwhile need not wait for it.
        """
        if time.monotonic() - self._watched_at > WATCH_LATE_SECONDS:
            from backup_core.workflows.job_kinds import watch

            self._watched_at = time.monotonic()
            watch(self.ports())


def _identity(settings: Settings | None) -> TokenCredential:
    """Who we are to Azure. Raises SettingsInvalid."""
    from backup_core.adapters.identity import credential
    from backup_core.settings import Settings as LoadedSettings

    chosen = settings or LoadedSettings.from_env()
    return credential(chosen.identity_client_id, has_managed_identity=chosen.has_managed_identity)


def _build(settings: Settings | None) -> Ports:
    from backup_core.adapters.audit_table import AuditTable
    from backup_core.adapters.azure_backup import ArmBackup
    from backup_core.adapters.compute import ArmDiskCloud
    from backup_core.adapters.identity import credential
    from backup_core.adapters.storage_queue import StorageQueue
    from backup_core.adapters.system_clock import SystemClock
    from backup_core.adapters.table_store import TableStore
    from backup_core.domain.vault import Promises
    from backup_core.ports import Limits, Ports
    from backup_core.settings import Settings as LoadedSettings
    from backup_core.settings import access_scopes

    chosen = settings or LoadedSettings.from_env()
    identity = credential(chosen.identity_client_id, has_managed_identity=chosen.has_managed_identity)
    connection_string = chosen.storage_connection_string
    storage_identity = None
    if connection_string is None:
        storage_identity = credential(chosen.storage_client_id, has_managed_identity=chosen.has_managed_identity)
    tables: dict[str, Any] = {
        "prefix": chosen.table_prefix,
        "connection_string": connection_string,
        "endpoint": chosen.table_endpoint,
        "credential": storage_identity,
    }
    cloud = ArmDiskCloud(
        endpoint=chosen.arm_endpoint,
        scope=chosen.arm_scope,
        credential=identity,
        identities=_vault_identities(chosen),
    )
    return Ports(
        clock=SystemClock(),
        store=TableStore(**tables),
        queue=StorageQueue(
            connection_string=connection_string, endpoint=chosen.queue_endpoint, credential=storage_identity
        ),
        cloud=cloud,
        events=_event_sink(chosen, identity),
        audit=AuditTable(**tables),
        azure_backup=ArmBackup(cloud),
        scopes=access_scopes(),
        limits=Limits(on_demand_a_day=chosen.on_demand_a_day, audit_days=chosen.audit_days),
        promises=Promises(
            weakening_delay=timedelta(hours=chosen.weakening_delay_hours),
            least_soft_delete_days=chosen.least_soft_delete_days,
            least_immutability=chosen.least_immutability,
            binds_snapshots=chosen.binds_snapshots,
            unbraked_instances=chosen.unbraked_instances,
        ),
        bounds=chosen.vault_scopes,
        swaps_disks=chosen.swaps_disks,
    )


def _vault_identities(settings: Settings) -> dict[str, Callable[[], TokenCredential]]:
    """The credentials of the identities that vaults may act with, each made when a vault first does."""
    from backup_core.adapters.identity import credential

    return {
        name: partial(credential, client_id, has_managed_identity=settings.has_managed_identity)
        for name, client_id in settings.vault_identities.items()
    }


def _event_sink(settings: Settings, identity: TokenCredential) -> EventSink:
    from backup_core.adapters.event_grid import EventGridSink, LogSink

    if settings.eventgrid_endpoint is None:
        return LogSink()
    if settings.eventgrid_key is None:
        return EventGridSink(endpoint=settings.eventgrid_endpoint, credential=identity)
    from azure.core.credentials import AzureKeyCredential

    return EventGridSink(endpoint=settings.eventgrid_endpoint, credential=AzureKeyCredential(settings.eventgrid_key))
