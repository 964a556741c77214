"""What a restore reads: a recovery point's own snapshot or, in another region, its copy. Found for a request, held by
the job that reads it, proven before it is used, let go of when the job has ended.

Leaves to others: which copy is meant (domain/restored_copy.py), and the restore (restore.py).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from backup_core.domain.copying import PointCopy, as_point, prove_copy
from backup_core.domain.errors import (
    Fault,
    InvalidInput,
    NotFound,
    RecordCorrupt,
    ResourceInUse,
    SnapshotNotFound,
    SnapshotNotOurs,
)
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import COPY_ID, Job
from backup_core.domain.ownership import NotProven, prove_point
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.restore import RestoreRequest
from backup_core.domain.restored_copy import copy_meant, lies_elsewhere, no_copy, regions_meant
from backup_core.ports import Change, Ports, Replace, Stored, every, pages
from backup_core.workflows.catalogue import list_points

log = logging.getLogger("diskbackup.restore")

FEW = 10  # points that are read at once: one of the first is the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`faults` say why it is not in the region that was asked for; then it is the point at home, for what else is wrong
    with the request."""

    stored: Stored[RecoveryPoint] | Stored[PointCopy]
    faults: tuple[Fault, ...] = ()

    @property
    def point(self) -> RecoveryPoint:
        """A copy as the point that it stands for, in its region."""
        value = self.stored.value
        return as_point(value) if isinstance(value, PointCopy) else value

    @property
    def copy(self) -> PointCopy | None:
        value = self.stored.value
        return value if isinstance(value, PointCopy) else None

    def held_by(self, job: Job) -> Change:
        """As long as the job runs nothing deletes it."""
        held = (*self.stored.value.restoring, job.job_id)
        return Replace(self.stored, replace(self.stored.value, restoring=held))


def find_source(
    ports: Ports, vault: VaultKey, instance_name: str, request: RestoreRequest
) -> tuple[Stored[BackupInstance], Source]:
    """The instance, and what a request means of it: in another region than that of the disk a copy. Raises NotFound
    (instance, point), InvalidInput (the point is not good; or there is neither it nor a copy), ResourceInUse (the
    instance is being deleted)."""
    instance = ports.store.get(BackupInstance, vault, instance_name)
    if instance is None or instance.value.is_deleted:
        raise NotFound(f"Backup instance '{instance_name}' was not found in vault '{vault.name}'.")
    if instance.value.state is ProtectionState.DELETING:
        raise ResourceInUse(f"Backup instance '{instance_name}' is being deleted with its recovery points.")
    if lies_elsewhere(request, instance.value.disk_location):
        return instance, _find_copy(ports, vault, instance.value, request)
    try:
        return instance, Source(stored=_find_point(ports, vault, instance.value, request))
    except (NotFound, InvalidInput) as error:
        return instance, _find_copy_instead(ports, vault, instance.value, request, error)


def _find_copy_instead(
    ports: Ports, vault: VaultKey, instance: BackupInstance, request: RestoreRequest, error: NotFound | InvalidInput
) -> Source:
    """Where no point is left to restore: its copy in the region that is named, for of an instance that came back from
    its copies alone nobody may know where its disk was. Raises the error, with the regions that have a copy."""
    copies = list(every(ports, PointCopy, vault, instance.name))
    meant = copy_meant([each.value for each in copies], request) if request.location else None
    for each in copies:
        if meant is not None and each.value.copy_id == meant.copy_id:
            return Source(stored=each)
    regions = regions_meant((each.value for each in copies), request)
    if not regions:
        raise error
    hint = f"A whole copy lies in {' and in '.join(regions)}: name that region as restoreLocation"
    if isinstance(error, NotFound):
        raise NotFound(f"{error.message} {hint}.") from error
    raise InvalidInput([replace(each, message=f"{each.message}. {hint}") for each in error.faults]) from error


def _find_point(
    ports: Ports, vault: VaultKey, instance: BackupInstance, request: RestoreRequest
) -> Stored[RecoveryPoint]:
    wanted = request.point_id or _newest_point(ports, vault, instance, request.at)
    if not wanted:
        until = f" of {request.at} or before" if request.at else ""
        raise NotFound(f"Backup instance '{instance.name}' has no recovery point{until}.")
    point = ports.store.get(RecoveryPoint, vault, instance.name, wanted)
    if point is None:
        raise NotFound(f"Recovery point '{wanted}' was not found for backup instance '{instance.name}'.")
    if not point.value.is_good:
        message = f"recovery point '{wanted}' is {point.value.state.value}; choose another one"
        raise InvalidInput([Fault(target="recoveryPointId", message=message, code="UserErrorDiskSnapshotNotFound")])
    return point


def _newest_point(ports: Ports, vault: VaultKey, instance: BackupInstance, until: datetime | None) -> str:
    if until is None:
        return instance.newest_point.point_id if instance.newest_point else ""
    read = pages(lambda token: list_points(ports, vault, instance.name, until=until, token=token, limit=FEW))
    points = (stored.value for page in read for stored in page.items)
    return next((point.point_id for point in points if point.is_good), "")


def _find_copy(ports: Ports, vault: VaultKey, instance: BackupInstance, request: RestoreRequest) -> Source:
    copies = list(every(ports, PointCopy, vault, instance.name))
    meant = copy_meant([each.value for each in copies], request)
    for each in copies:
        if meant is not None and each.value.copy_id == meant.copy_id:
            return Source(stored=each)
    plain = [each.value for each in copies]
    try:
        point = _find_point(ports, vault, instance, request)
    except (NotFound, InvalidInput) as error:
        raise InvalidInput([no_copy(plain, request, "")]) from error
    return Source(stored=point, faults=(no_copy(plain, request, instance.disk_location),))


def source_of(ports: Ports, vault: VaultKey, instance_name: str, point_id: str, copy_id: str) -> Source | None:
    """What a job reads, by its record: a copy if it names one. None where the record is gone."""
    if copy_id:
        copy = ports.store.get(PointCopy, vault, instance_name, copy_id)
        return Source(stored=copy) if copy is not None else None
    point = ports.store.get(RecoveryPoint, vault, instance_name, point_id) if point_id else None
    return Source(stored=point) if point is not None else None


def source_of_job(ports: Ports, vault: VaultKey, job: Job) -> Source | None:
    return source_of(ports, vault, job.instance_name, job.point_id, str(job.details.get(COPY_ID) or ""))


def check_source(ports: Ports, vault: VaultKey, source: Source) -> None:
    """Whether its snapshot is there, and the one that was recorded: what bears the id may be another by now, of
    anybody's disk. Raises SnapshotNotFound, SnapshotNotOurs."""
    copy, wanted = source.copy, source.point.snapshot_id
    if copy is not None and not copy.is_whole:
        message = f"The copy of recovery point '{copy.point_id}' in {copy.location} is {copy.state.value} by now."
        raise SnapshotNotFound(message, target=wanted or None)
    snapshot = ports.cloud.find_snapshot(wanted)
    if snapshot is None:
        raise SnapshotNotFound(f"Snapshot '{wanted}' is gone.", target=wanted)
    proof = (
        prove_point(source.point, snapshot, vault=vault) if copy is None else prove_copy(copy, snapshot, vault=vault)
    )
    if isinstance(proof, NotProven):
        reasons = "; ".join(proof.because)
        raise SnapshotNotOurs(f"Snapshot '{snapshot.id}' is not the one that was recorded: {reasons}.")


def released(ports: Ports, vault: VaultKey, job: Job) -> list[Change]:
    """What lets go of what an ended job has read."""
    try:
        source = source_of_job(ports, vault, job)
    except RecordCorrupt as corrupt:
        log.error("record.corrupt %s", corrupt)
        return []
    if source is None or job.job_id not in source.stored.value.restoring:
        return []
    others = tuple(each for each in source.stored.value.restoring if each != job.job_id)
    return [Replace(source.stored, replace(source.stored.value, restoring=others))]
