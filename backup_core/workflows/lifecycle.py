"""The ways out of protection: stop, suspend, delete, undelete, purge. Back into it leads protection.py.

Stopping and suspending are one change of the instance's row, done when the request is answered. What the agenda still
holds stands down by itself when it comes due. Who is answered that protection is stopped, or that an instance is
soft-deleted or back again, knows that no snapshot is deleted from then on (workflows/deletion.py). Deleting is soft
unless the vault says otherwise: the instance leaves the list, keeps every point, and is purged when its time has come.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from backup_core.domain.agenda import expiry_row
from backup_core.domain.alert import Cause
from backup_core.domain.copying import PointCopy
from backup_core.domain.disk import Disk, unique_id_of
from backup_core.domain.errors import (
    BackupError,
    DiskNotFound,
    Fault,
    InvalidInput,
    LegalHoldStands,
    NotFound,
    ResourceInUse,
)
from backup_core.domain.hold import all_holds, standing
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import Job, JobError, JobOperation, JobStatus
from backup_core.domain.messages import ExpirePoints
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.vault import Vault
from backup_core.ports import Change, Insert, Ports, Replace, Stored, every, until_committed
from backup_core.workflows import announcements, outbox
from backup_core.workflows.alerts import Alerted, fire, resolve
from backup_core.workflows.catalogue import config_job_of, get_vault
from backup_core.workflows.deletion import ensure_none_under_way
from backup_core.workflows.protection import config_job, present_instance, request_of, resume_protection, soon

log = logging.getLogger("diskbackup.lifecycle")

DELETE = "Delete Backup Instance"
IMMUTABLE = "UserErrorImmutableVaultOperationNotAllowed"  # remembered: no source names Azure's own code
_ACTIVE = (
    ProtectionState.CONFIGURING,
    ProtectionState.UPDATING,
    ProtectionState.CONFIGURED,
    ProtectionState.ERROR,
)


def stop_protection(
    ports: Ports,
    vault: VaultKey,
    name: str,
    *,
    because: BackupError | None = None,
    revision: int | None = None,
    correlation_id: str = "",
) -> BackupInstance:
    """No more backups; every recovery point is kept until protection is resumed or the instance deleted.

    `because` is why, when nobody asked for it: the instance shows it. With `revision`, only what still is of that
    revision is stopped. Stopping what is stopped changes nothing. Raises NotFound, ResourceInUse (being deleted, or of
    another revision) and, to who asked, DeletionUnderWay.
    """
    leaving = (*_ACTIVE, ProtectionState.SUSPENDED)
    if revision is not None and present_instance(ports, vault, name).value.revision != revision:
        raise ResourceInUse(f"Backup instance '{name}' was changed meanwhile; try again.")
    stopped = _pause(ports, vault, name, ProtectionState.STOPPED, leaving, correlation_id, because)
    if because is None:
        ensure_none_under_way(ports, stopped)
    return stopped


def suspend_backups(ports: Ports, vault: VaultKey, name: str, *, correlation_id: str = "") -> BackupInstance:
    """No more backups; recovery points expire as they were promised, the newest stays. Raises as stop_protection, and
    ResourceInUse when protection is stopped: its points were to be kept."""
    return _pause(ports, vault, name, ProtectionState.SUSPENDED, _ACTIVE, correlation_id)


def _pause(
    ports: Ports,
    vault: VaultKey,
    name: str,
    state: ProtectionState,
    leaving: Collection[ProtectionState],
    correlation_id: str,
    because: BackupError | None = None,
) -> BackupInstance:
    """A running backup still ends, and counts. A configuration that was under way ends as cancelled."""

    def attempt() -> BackupInstance:
        stored = present_instance(ports, vault, name)
        is_asked_for = because is None and stored.value.error is not None  # what stopped by itself is to stay so
        if stored.value.state is state and not is_asked_for:
            return stored.value
        if stored.value.state not in (state, *leaving):
            raise ResourceInUse(
                f"Backup instance '{name}' is in state {stored.value.state.value}; resume its protection first."
            )
        paused = replace(
            stored.value,
            state=state,
            paused_at=stored.value.paused_at or ports.clock.now(),
            revision=stored.value.revision + 1,
            config_job_id="",
            error=JobError.of(because) if because else None,
        )
        quiet = _alarms_of_pause(ports, vault, paused, because)
        what = "Stopped" if state is ProtectionState.STOPPED else "Suspended"
        told = announcements.protection_changed(what, vault, paused, ports.clock.now(), correlation_id)
        outbox.commit(ports, vault, [Replace(stored, quiet.instance), *quiet.changes], [told, *quiet.events])
        paused = quiet.instance
        log.info("protection.paused instance=%s state=%s", name, state.value)
        return paused

    return until_committed(f"Backup instance '{name}'", attempt)


def is_ended_by_absence(instance: BackupInstance) -> bool:
    ended = instance.state in (ProtectionState.STOPPED, ProtectionState.ERROR)
    return ended and instance.error is not None and instance.error.code == DiskNotFound.code


def resume_if_back(ports: Ports, vault: VaultKey, instance: BackupInstance, disk: Disk) -> bool:
    """Protect a disk again that is there after all, if it was its absence that ended its protection, and no hand. A new
    disk under an old one's name is another: somebody has to say that it belongs to these points."""
    if not is_ended_by_absence(instance):
        return False
    page = ports.store.page(RecoveryPoint, vault, instance.name, limit=1)
    known = [unique_id_of(stored.value.disk) for stored in page.items]
    if known and known != [disk.unique_id]:
        log.warning("disk.another disk=%s instance=%s: protection stays stopped", disk.id, instance.name)
        return False
    resume_protection(ports, vault, instance.name)
    log.warning("disk.back disk=%s instance=%s", disk.id, instance.name)
    return True


def _alarms_of_pause(ports: Ports, vault: VaultKey, paused: BackupInstance, because: BackupError | None) -> Alerted:
    """What is paused raises no alert, but for the loss of its disk."""
    if not isinstance(because, DiskNotFound):
        return resolve(ports, vault, paused)
    others = {opened.cause.partition(".")[0] for opened in paused.alerts} - {Cause.SOURCE_DISK}
    quiet = resolve(ports, vault, paused, *sorted(others)) if others else Alerted(instance=paused)
    fired = fire(ports, vault, quiet.instance, Cause.SOURCE_DISK, error=JobError.of(because))
    return Alerted(
        instance=fired.instance,
        changes=(*quiet.changes, *fired.changes),
        events=(*quiet.events, *fired.events),
    )


def delete_instance(ports: Ports, vault: VaultKey, name: str, *, correlation_id: str = "", by: str = "") -> Job | None:
    """Delete an instance, as a job; None when there is none. `by` is the object id of who asks. With the vault's soft
    delete it is done at once and can be undone until its purge; without, its points are deleted with it. Asking again
    answers the running job.

    Raises NotFound (vault), InvalidInput while immutability keeps points that were promised to stay, LegalHoldStands
    where it could not be undone and points are held, DeletionUnderWay of what is soft-deleted.
    """
    settings = get_vault(ports, vault)

    def attempt() -> Job | None:
        stored = ports.store.get(BackupInstance, vault, name)
        if stored is None:
            return None
        if stored.value.is_deleted:
            ensure_none_under_way(ports, stored.value)
            return None
        running = config_job_of(ports, vault, stored.value)
        if stored.value.state is ProtectionState.DELETING and running is not None:
            return running.value
        now = ports.clock.now()
        _check_immutable(ports, settings, stored.value, now)
        days = settings.soft_delete_days
        if not days:
            _check_held(ports, settings, stored.value, now)
        change = (
            _soft_deleted(vault, stored.value, now, days, correlation_id)
            if days
            else begin_deletion(vault, stored.value, now, correlation_id)
        )
        instance, job = replace(change[0], deleted_by=by), change[1]
        assert instance.expiry_due_at is not None, "both ways of deleting set the next look"
        ports.store.schedule([expiry_row(vault, instance.name, instance.expiry_due_at)])
        quiet = resolve(ports, vault, instance)
        changes: list[Change] = [Replace(stored, quiet.instance), Insert(job), *quiet.changes]
        outbox.commit(ports, vault, changes, [announcements.data_deleted(vault, instance, job), *quiet.events])
        if job.is_ended:
            ensure_none_under_way(ports, instance)
        else:
            ports.queue.send(ExpirePoints(vault=vault, instance_name=instance.name, due_at=instance.expiry_due_at))
        return job

    return until_committed(f"Backup instance '{name}'", attempt)


def _check_immutable(ports: Ports, settings: Vault, instance: BackupInstance, now: datetime) -> None:
    """Deleting an instance would take its points before their time."""
    if not settings.is_immutable:
        return
    points = [stored.value for stored in every(ports, RecoveryPoint, settings.key, instance.name)]
    promised = [point for point in points if point.expires_at is None or point.expires_at > now]
    if promised:
        message = (
            f"vault '{settings.key.name}' is immutable and {len(promised)} recovery points of '{instance.name}' have "
            "not expired; stop its protection instead, and delete it when they have"
        )
        raise InvalidInput([Fault(target=instance.name, message=message, code=IMMUTABLE)])
    copies = _copies(ports, settings.key, instance)
    kept = sum(not stored.value.is_wanted and stored.value.expires_at > now for stored in copies)
    if kept:
        message = (
            f"vault '{settings.key.name}' is immutable and {kept} copies of '{instance.name}' in other regions have "
            "not expired; stop its protection instead, and delete it when they have"
        )
        raise InvalidInput([Fault(target=instance.name, message=message, code=IMMUTABLE)])


def _check_held(ports: Ports, settings: Vault, instance: BackupInstance, now: datetime) -> None:
    """What is held would stay, but in an instance that is on its way out and that nobody can have back."""
    points = [stored.value for stored in every(ports, RecoveryPoint, settings.key, instance.name)]
    copies = [stored.value for stored in _copies(ports, settings.key, instance)]
    bearers: list[RecoveryPoint | PointCopy] = [*points, *copies]
    with_all = standing(all_holds(instance, settings), now)
    held = {each.point_id for each in bearers if with_all or standing(each.holds, now)}
    if held or standing(instance.holds, now):
        names = sorted({hold.name for hold in standing(all_holds(instance, settings, *bearers), now)})
        raise LegalHoldStands(
            f"Backup instance '{instance.name}' cannot be deleted: {len(held)} of its recovery points "
            f"{'is' if len(held) == 1 else 'are'} held ({', '.join(names)})."
        )


def _copies(ports: Ports, vault: VaultKey, instance: BackupInstance) -> Iterable[Stored[PointCopy]]:
    """Its copies in other regions; asks for none where it has none."""
    return every(ports, PointCopy, vault, instance.name) if instance.copy_standings else ()


def _soft_deleted(
    vault: VaultKey, instance: BackupInstance, now: datetime, days: float, correlation_id: str
) -> tuple[BackupInstance, Job]:
    purge_at = (now + timedelta(days=days)).replace(microsecond=0)
    job = config_job(vault, request_of(instance), JobOperation.DELETE, now, correlation_id)
    job = job.step(DELETE, "Completed", at=now, to=JobStatus.COMPLETED)
    gone = replace(
        instance,
        state=ProtectionState.SOFT_DELETED,
        paused_at=instance.paused_at or now,
        revision=instance.revision + 1,
        config_job_id=job.job_id,
        deleted_at=now,
        purge_at=purge_at,
        expiry_due_at=purge_at,
        error=None,
    )
    return gone, job


def begin_deletion(
    vault: VaultKey, instance: BackupInstance, now: datetime, correlation_id: str = ""
) -> tuple[BackupInstance, Job]:
    """The instance on its way out with its points, and the job that lasts until they are gone."""
    job = config_job(vault, request_of(instance), JobOperation.DELETE, now, correlation_id)
    job = job.step(DELETE, "InProgress", at=now, to=JobStatus.IN_PROGRESS)
    deleting = replace(
        instance,
        state=ProtectionState.DELETING,
        paused_at=instance.paused_at or now,
        config_job_id=job.job_id,
        expiry_due_at=soon(now),
        deleted_at=None,
        purge_at=None,
    )
    return deleting, job


def undelete_instance(ports: Ports, vault: VaultKey, name: str, *, correlation_id: str = "") -> BackupInstance:
    """Have a soft-deleted instance back, with all its points and its protection stopped (recorded).

    Raises NotFound with Azure's code for what is not soft-deleted (recorded), DeletionUnderWay.
    """

    def attempt() -> BackupInstance:
        stored = ports.store.get(BackupInstance, vault, name)
        if stored is None or not stored.value.is_deleted:
            message = f"Deleted backup instance '{name}' was not found in vault '{vault.name}'."
            raise NotFound(message, code="UserErrorGenericResourceNotFound")
        back = replace(
            stored.value,
            state=ProtectionState.STOPPED,
            revision=stored.value.revision + 1,
            config_job_id="",
            deleted_at=None,
            deleted_by="",
            purge_at=None,
        )
        told = announcements.protection_changed("Undeleted", vault, back, ports.clock.now(), correlation_id)
        outbox.commit(ports, vault, [Replace(stored, back)], [told])
        log.info("instance.undeleted instance=%s", name)
        ensure_none_under_way(ports, back)
        return back

    return until_committed(f"Backup instance '{name}'", attempt)
