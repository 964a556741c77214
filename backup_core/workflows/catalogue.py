"""What exists: plain reads for the API, one record or one page of them at a time.

Nothing here changes anything. A row that cannot be read is logged and left out of a page (ports.Page); asked for by
name it raises RecordCorrupt. An absent vault is an error everywhere, never an empty list.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from backup_core.domain.alert import Alert, AlertState
from backup_core.domain.copying import PointCopy
from backup_core.domain.errors import BackupError, NotFound, ResourceInUse
from backup_core.domain.instance import BackupInstance, DiskClaim, disk_key
from backup_core.domain.job import (
    LAST_OF_INSTANT,
    Job,
    JobOperation,
    JobStatus,
    first_id_at,
    last_id_at,
    time_ordered_hex,
)
from backup_core.domain.outbox import RefusedEvent
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.resource_ids import ANYWHERE, VAULT, VaultKey
from backup_core.domain.surroundings import Identity
from backup_core.domain.vault import Vault
from backup_core.ports import Page, Ports, R, Stored, every, pages

log = logging.getLogger("diskbackup.catalogue")

PAGE_SIZE = 1000  # the most that Table Storage gives in one answer
POINT_SLACK = timedelta(days=8)  # a point's id is made from its slot, its snapshot taken later: by a week at worst
IDENTITY_KEPT = timedelta(hours=1)  # ids of an identity do not change; another may take its place
IDENTITY_RETRIED = timedelta(minutes=1)
TAGS_KEPT = timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # the earliest instant that an id can tell


@dataclass(frozen=True, slots=True)
class FoundInstance:
    vault: VaultKey
    instance: BackupInstance


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """What a list of jobs is narrowed to; None and empty narrow nothing. Times bound when a job was created."""

    statuses: frozenset[JobStatus] = frozenset()
    operations: frozenset[JobOperation] = frozenset()
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, job: Job) -> bool:
        return (
            (not self.statuses or job.status in self.statuses)
            and (not self.operations or job.operation in self.operations)
            and (self.since is None or job.created_at >= self.since)
            and (self.until is None or job.created_at <= self.until)
        )


def get_vault(ports: Ports, key: VaultKey) -> Vault:
    """Raises NotFound."""
    return stored_vault(ports, key).value.at(ports.clock.now())


def stored_vault(ports: Ports, key: VaultKey) -> Stored[Vault]:
    """A vault to be changed. Raises NotFound."""
    stored = ports.store.get(Vault, key)
    if stored is None:
        _raise_absent(VAULT, key.name, key)
    return stored


def open_vault(ports: Ports, key: VaultKey) -> Vault:
    """A vault that something is to be put into. Raises NotFound, ResourceInUse (it is being deleted)."""
    vault = get_vault(ports, key)
    if vault.closing:
        raise ResourceInUse(f"Vault '{key.name}' is being deleted; to keep it, write it again.")
    return vault


def find_vault(ports: Ports, key: VaultKey) -> Vault | None:
    stored = ports.store.get(Vault, key)
    return stored.value.at(ports.clock.now()) if stored else None


def recent_vault(ports: Ports, key: VaultKey) -> Vault | None:
    """A vault as of a minute ago, for what can be put right: one read for all that a process does meanwhile."""
    name, now = f"vault {key.partition}", ports.clock.now()
    known = ports.memory.kept(name, Vault, now=now)
    if known is not None:
        return known
    vault = find_vault(ports, key)
    if vault is not None:
        ports.memory.keep(name, vault, until=now + TAGS_KEPT)
    return vault


def note_vault(ports: Ports, vault: Vault) -> None:
    """What this process knows of the vault from now on; others find out within a minute."""
    ports.memory.keep(f"vault {vault.key.partition}", vault, until=ports.clock.now() + TAGS_KEPT)


def find_identity(ports: Ports, resource_id: str = "") -> Identity:
    """Who acts on disks: the app itself, or the user-assigned identity of that id. An empty one while that cannot be
    told: a vault must be readable while no token is to be had."""
    name, now = f"identity of {resource_id.lower()}", ports.clock.now()
    known = ports.memory.kept(name, Identity, now=now)
    if known is not None:
        return known
    try:
        found, kept_for = ports.cloud.identity(resource_id), IDENTITY_KEPT
    except BackupError as error:
        log.warning("identity.unknown id=%s code=%s", resource_id, error.code)
        found, kept_for = Identity(), IDENTITY_RETRIED
    ports.memory.keep(name, found, until=now + kept_for)
    return found


def list_vaults(
    ports: Ports, *, subscription: str | None, group: str | None = None, token: str | None = None
) -> Page[Vault]:
    """The vaults of a group, of a subscription, or all."""
    page = ports.store.vaults(subscription=subscription, group=group, token=token, limit=PAGE_SIZE)
    now = ports.clock.now()
    page = replace(page, items=tuple(replace(stored, value=stored.value.at(now)) for stored in page.items))
    return _readable(page, f"{subscription or '*'}/{group or '*'}")


def every_vault(ports: Ports, *, subscription: str | None = None) -> Iterator[Vault]:
    """Every vault there is, or those of a subscription: a read for each thousand."""
    for page in pages(lambda token: list_vaults(ports, subscription=subscription, token=token)):
        yield from (stored.value for stored in page.items)


def list_vault_keys(ports: Ports, *, subscription: str | None = None) -> Iterator[VaultKey]:
    return (vault.key for vault in every_vault(ports, subscription=subscription))


def get_policy(ports: Ports, vault: VaultKey, name: str) -> BackupPolicy:
    """Raises NotFound."""
    stored = ports.store.get(BackupPolicy, vault, name)
    if stored is None:
        _raise_absent(f"{VAULT}/backupPolicies", f"{vault.name}/{name}", vault)
    return stored.value


def find_policy(ports: Ports, vault: VaultKey, name: str) -> BackupPolicy | None:
    stored = ports.store.get(BackupPolicy, vault, name)
    return stored.value if stored else None


def list_policies(ports: Ports, vault: VaultKey, *, token: str | None = None) -> Page[BackupPolicy]:
    """Raises NotFound when there is no such vault."""
    get_vault(ports, vault)
    return _readable(ports.store.page(BackupPolicy, vault, token=token, limit=PAGE_SIZE), vault.partition)


def get_instance(ports: Ports, vault: VaultKey, name: str) -> BackupInstance:
    """Raises NotFound, also for one that is soft-deleted."""
    stored = ports.store.get(BackupInstance, vault, name)
    if stored is None or stored.value.is_deleted:
        _raise_absent(f"{VAULT}/backupInstances", f"{vault.name}/{name}", vault)
    return stored.value


def find_instance(ports: Ports, vault: VaultKey, name: str) -> BackupInstance | None:
    """Also one that is soft-deleted."""
    stored = ports.store.get(BackupInstance, vault, name)
    return stored.value if stored else None


def list_instances(
    ports: Ports, vault: VaultKey, *, deleted: bool = False, token: str | None = None
) -> Page[BackupInstance]:
    """The instances, or those that are soft-deleted. A page may be empty and yet not be the last.

    Raises NotFound when there is no such vault.
    """
    get_vault(ports, vault)
    page = ports.store.page(BackupInstance, vault, token=token, limit=PAGE_SIZE)
    wanted = tuple(stored for stored in page.items if stored.value.is_deleted is deleted)
    return _readable(replace(page, items=wanted), vault.partition)


def find_protection(ports: Ports, disk_id: str) -> FoundInstance | None:
    """The instance that protects a disk, in whatever vault: two reads. Raises ValueError for what is no disk's id."""
    stored = ports.store.get(DiskClaim, ANYWHERE, disk_key(disk_id))
    return None if stored is None else holder_of(ports, stored.value)


def holder_of(ports: Ports, claim: DiskClaim) -> FoundInstance | None:
    """The instance that a claim names, if it is there and holds the disk."""
    stored = ports.store.get(BackupInstance, claim.vault, claim.instance_name)
    if stored is None or not stored.value.holds_disk or disk_key(stored.value.disk_id) != claim.key:
        return None
    return FoundInstance(claim.vault, stored.value)


def get_deleted_instance(ports: Ports, vault: VaultKey, name: str) -> BackupInstance:
    """Raises NotFound unless it is soft-deleted."""
    stored = ports.store.get(BackupInstance, vault, name)
    if stored is None or not stored.value.is_deleted:
        _raise_absent(f"{VAULT}/deletedBackupInstances", f"{vault.name}/{name}", vault)
    return stored.value


def get_point(ports: Ports, vault: VaultKey, instance_name: str, point_id: str) -> RecoveryPoint:
    """Raises NotFound, also for a point whose deletion has begun: it is never offered again."""
    stored = ports.store.get(RecoveryPoint, vault, instance_name, point_id)
    if stored is None or not _is_shown(stored.value, None, None):
        _raise_absent(f"{VAULT}/backupInstances/recoveryPoints", f"{vault.name}/{instance_name}/{point_id}", vault)
    return stored.value


def list_points(
    ports: Ports,
    vault: VaultKey,
    instance_name: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    token: str | None = None,
    limit: int | None = None,
) -> Page[RecoveryPoint]:
    """Points whose snapshot was taken from `since` to `until` (both inclusive, either may be open), newest first.

    A page may be empty and yet not be the last. Raises NotFound when there is no such instance.
    """
    get_instance(ports, vault, instance_name)
    page = ports.store.page(
        RecoveryPoint,
        vault,
        instance_name,
        first=None if until is None else _hex_bound(until),
        last=None if since is None or since - EPOCH < POINT_SLACK else _hex_bound(since - POINT_SLACK),
        token=token,
        limit=limit or PAGE_SIZE,
    )
    shown = tuple(stored for stored in page.items if _is_shown(stored.value, since, until))
    return _readable(replace(page, items=shown), f"{vault.partition}/{instance_name}")


def find_point_of_slot(ports: Ports, vault: VaultKey, instance_name: str, slot: datetime) -> RecoveryPoint | None:
    """The good point of a scheduled instant: a point's id is made from its slot."""
    bound = _hex_bound(slot)
    last = f"{bound}{LAST_OF_INSTANT}"
    found = every(ports, RecoveryPoint, vault, instance_name, first=bound, last=last)
    return next((stored.value for stored in found if stored.value.slot == slot and stored.value.is_good), None)


def list_copies(ports: Ports, vault: VaultKey, instance_name: str, *, token: str | None = None) -> Page[PointCopy]:
    """The copies of an instance's points in other regions, newest first. Raises NotFound when there is no instance."""
    get_instance(ports, vault, instance_name)
    page = ports.store.page(PointCopy, vault, instance_name, token=token, limit=PAGE_SIZE)
    return _readable(page, f"{vault.partition}/{instance_name}")


def config_job_of(ports: Ports, vault: VaultKey, instance: BackupInstance) -> Stored[Job] | None:
    """The job that configures or deletes an instance, or did so last; None where there is none any more."""
    return ports.store.get(Job, vault, instance.config_job_id) if instance.config_job_id else None


def get_job(ports: Ports, vault: VaultKey, job_id: str) -> Job:
    """A job as it stands now. Raises NotFound."""
    job = find_job(ports, vault, job_id)
    if job is None:
        _raise_absent(f"{VAULT}/backupJobs", f"{vault.name}/{job_id}", vault)
    return job


def find_job(ports: Ports, vault: VaultKey, job_id: str) -> Job | None:
    """A job as it stands now. The instance that a running backup holds has the newer copy of it."""
    stored = ports.store.get(Job, vault, job_id)
    if stored is None or stored.value.is_ended or stored.value.operation is not JobOperation.BACKUP:
        return stored.value if stored else None
    holder = ports.store.get(BackupInstance, vault, stored.value.instance_name)
    if holder and holder.value.active and holder.value.active.job.job_id == stored.value.job_id:
        return holder.value.active.job
    return stored.value


def list_jobs(
    ports: Ports, vault: VaultKey, *, narrowed: JobFilter | None = None, token: str | None = None
) -> Page[Job]:
    """Newest first. A page may be empty and yet not be the last. Raises NotFound when there is no such vault."""
    get_vault(ports, vault)
    wanted = narrowed or JobFilter()
    page = ports.store.page(
        Job,
        vault,
        first=None if wanted.until is None else first_id_at(max(wanted.until, EPOCH)),
        last=None if wanted.since is None or wanted.since <= EPOCH else last_id_at(wanted.since),
        token=token,
        limit=PAGE_SIZE,
    )
    taken = tuple(stored for stored in page.items if wanted.takes(stored.value))
    return _readable(replace(page, items=taken), vault.partition)


def get_alert(ports: Ports, vault: VaultKey, alert_id: str) -> Alert:
    """Raises NotFound."""
    stored = ports.store.get(Alert, vault, alert_id)
    if stored is None:
        _raise_absent(f"{VAULT}/backupAlerts", f"{vault.name}/{alert_id}", vault)
    return stored.value


def list_alerts(
    ports: Ports, vault: VaultKey, *, state: AlertState | None = None, token: str | None = None
) -> Page[Alert]:
    """Newest first. A page may be empty and yet not be the last. Raises NotFound when there is no such vault."""
    get_vault(ports, vault)
    page = ports.store.page(Alert, vault, token=token, limit=PAGE_SIZE)
    wanted = tuple(stored for stored in page.items if state is None or stored.value.state is state)
    return _readable(replace(page, items=wanted), vault.partition)


def list_refused_events(ports: Ports, vault: VaultKey, *, token: str | None = None) -> Page[RefusedEvent]:
    """Raises NotFound when there is no such vault."""
    get_vault(ports, vault)
    return _readable(ports.store.page(RefusedEvent, vault, token=token, limit=PAGE_SIZE), vault.partition)


def _is_shown(point: RecoveryPoint, since: datetime | None, until: datetime | None) -> bool:
    if point.state is PointState.EXPIRING:
        return False
    return (since is None or point.created_at >= since) and (until is None or point.created_at <= until)


def _hex_bound(at: datetime) -> str:
    """The digits of a point id that tell its time: they sort just before every id made at `at`."""
    return time_ordered_hex(max(at, EPOCH))[:12]


def _readable(page: Page[R], where: str) -> Page[R]:
    if page.corrupt:
        log.warning("catalogue.rows_skipped where=%s count=%d first=%s", where, len(page.corrupt), page.corrupt[0])
    return page


def _raise_absent(type_: str, name: str, vault: VaultKey) -> NoReturn:
    """ARM's wording (recorded)."""
    raise NotFound(
        f"The Resource '{type_}/{name}' under resource group '{vault.group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
