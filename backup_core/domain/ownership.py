"""Whether a snapshot is what a record, or its own tags, say it is: proven by what nobody can change.

A label is no proof: whoever may write tags can make a snapshot say anything. A snapshot's id, its unique id, its source
disk with that disk's unique id, and the instant of its creation are Azure's, and cannot be given to it afterwards. Its
name is ours: it is made from installation, vault, backup instance, job and promise (domain/naming.py), and can be made
again from what the record or the tags say of them.

What is recorded is held against its record; where the tags say otherwise, the record wins and the difference is told.
What is not recorded must prove every word that its tags say but the disk's settings, and be of this installation.

A point that was adopted has a snapshot that somebody else named: its name seals nothing, and what its tags say proves
nothing. It is the one that was recorded as long as its unique id, source and instant are the recorded ones, and without
its record it is nobody's (docs/decisions/0025-adopted-snapshots.md).

Records of the time before the installation id know neither the snapshot's unique id nor all parts of its name: what
they do not know is not held against them. Their source disk, instant and, with a job, name still must be right.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backup_core.domain.disk import Snapshot, unique_id_of
from backup_core.domain.instance import ActiveBackup
from backup_core.domain.job import instant_of
from backup_core.domain.naming import Seal, is_point_id, is_snapshot_name, promise_text
from backup_core.domain.recovery_point import RecoveryPoint, SnapshotLabel, is_ours, read_label
from backup_core.domain.resource_ids import SNAPSHOT, GroupId, VaultKey, parse_resource_id

EARLIEST = timedelta(minutes=1)  # before its slot: clocks differ
LATEST = timedelta(days=1)  # after its slot: throttled, caught up; one that is later still is not believed unrecorded
_SAME_INSTANT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """`disagreements` are what its tags say otherwise."""

    disagreements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotProven:
    because: tuple[str, ...]


Judgement = Proven | NotProven


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What is known of a backup instance without asking a snapshot. Which disk bore its disk's id at the time, the
    snapshot's name seals."""

    vault: VaultKey
    instance_name: str
    disk_id: str
    groups: Collection[GroupId]  # where its snapshots lie, or once lay
    installations: Collection[str]  # our own, and those that were taken over


def prove_point(point: RecoveryPoint, snapshot: Snapshot, *, vault: VaultKey) -> Judgement:
    """Whether `snapshot` is the one that `point` was recorded of."""
    return _judge(_against_point(point, snapshot, vault), _disagreements(point, snapshot, vault))


def prove_backup(active: ActiveBackup, snapshot: Snapshot) -> Judgement:
    """Whether `snapshot` was made for this running, or just failed, backup: of its disk, and not before it was due. One
    that is older than the job but not than its slot was taken in a life of the job that the tables do not know of."""
    return _judge(_against_backup(active, snapshot))


def prove_label(label: SnapshotLabel, snapshot: Snapshot, *, home: Home) -> Judgement:
    """Whether `snapshot`, of which there is no record, is a recovery point of the backup instance that `label` names.

    That no other record has it is for the caller to see."""
    return _judge(_against_label(label, snapshot, home))


def is_same_snapshot(point: RecoveryPoint, snapshot: Snapshot) -> bool:
    """Whether `snapshot`, wherever it lies, is the very one that the point was recorded of."""
    return bool(point.snapshot_unique_id) and _same(point.snapshot_unique_id, snapshot.unique_id)


def is_foreign(label: SnapshotLabel, installations: Collection[str]) -> bool:
    """Whether a snapshot says that another installation made it. One without the tag is of the time before it."""
    return bool(label.installation_id) and label.installation_id not in installations


def _judge(against: Iterable[str], disagreements: Iterable[str] = ()) -> Judgement:
    because = tuple(against)
    return NotProven(because=because) if because else Proven(disagreements=tuple(disagreements))


def _against_point(point: RecoveryPoint, snapshot: Snapshot, vault: VaultKey) -> Iterator[str]:
    if not _same(snapshot.id, point.snapshot_id):
        yield f"it is not '{point.snapshot_id}', which was recorded"
    if _differ(point.snapshot_unique_id, snapshot.unique_id):
        yield "its unique id is not the recorded one: the snapshot was deleted and another made under its name"
    if point.adopted_from and not (point.snapshot_unique_id and snapshot.unique_id):
        yield "it was adopted, and its unique id is not known: nothing else would tell it from another of its name"
    if abs(snapshot.created_at - point.created_at) > _SAME_INSTANT:
        yield f"it was created at {_text(snapshot.created_at)}, the recorded one at {_text(point.created_at)}"
    yield from _against_source(snapshot, point.disk_id, unique_id_of(point.disk))
    if point.job_id and not _has_own_name(point, vault):
        yield "its name is not the one that was made for this vault, backup instance and job"


def _has_own_name(point: RecoveryPoint, vault: VaultKey) -> bool:
    seal = Seal(
        installation_id=point.installation_id,
        promise=promise_text(point.tag_name, point.retention),
        disk_id=point.disk_id,
        disk_unique_id=unique_id_of(point.disk),
    )
    name = _name_of(point.snapshot_id)
    return is_snapshot_name(name, vault=vault, instance_name=point.instance_name, job=point.job_id, seal=seal)


def _against_backup(active: ActiveBackup, snapshot: Snapshot) -> Iterator[str]:
    if not _same(snapshot.id, active.snapshot_id):
        yield f"it is not '{active.snapshot_id}', which the backup asked for"
    yield from _against_source(snapshot, str(active.disk.get("id", "")), unique_id_of(active.disk))
    wanted_at = min(active.job.slot or active.job.created_at, active.job.created_at)
    if snapshot.created_at < wanted_at - EARLIEST:
        yield f"it was created at {_text(snapshot.created_at)}, before its backup was due"


def _against_label(label: SnapshotLabel, snapshot: Snapshot, home: Home) -> Iterator[str]:
    if label.vault != home.vault or not _same(label.instance_name, home.instance_name):
        yield "its tags name another backup instance"
    if is_foreign(label, home.installations):
        yield f"it is of another installation, {label.installation_id}"
    snapshot_id = parse_resource_id(snapshot.id, SNAPSHOT)
    if snapshot_id.group_id.key not in {group.key for group in home.groups}:
        yield "it does not lie in a snapshot group of its backup instance"
    yield from _against_source(snapshot, home.disk_id)
    yield from _against_name(label, snapshot, snapshot_id.name)


def _against_name(label: SnapshotLabel, snapshot: Snapshot, name: str) -> Iterator[str]:
    """What the tags say of name, point and slot, which all follow from the job."""
    seal = Seal(
        installation_id=label.installation_id,
        promise=promise_text(label.tag_name, label.retention.iso() if label.retention else ""),
        disk_id=snapshot.source_id,
        disk_unique_id=snapshot.source_unique_id,
    )
    if not is_snapshot_name(name, vault=label.vault, instance_name=label.instance_name, job=label.job_id, seal=seal):
        yield "its name is not the one that would be made from what its tags say: it is a copy, or they were changed"
    at = instant_of(label.job_id)
    if at is None:
        yield "its tags name no job of ours"
        return
    if not is_point_id(label.point_id, vault=label.vault, instance_name=label.instance_name, job=label.job_id):
        yield "its tags name a recovery point that is not their job's"
    if label.slot is not None and abs(label.slot - at) > _SAME_INSTANT:
        yield "its tags name a slot that is not their job's"
    if not at - EARLIEST <= snapshot.created_at <= at + LATEST:
        yield f"it was created at {_text(snapshot.created_at)}, its job is of {_text(at)}"


def _against_source(snapshot: Snapshot, disk_id: str, disk_unique_id: str = "") -> Iterator[str]:
    if not _same(snapshot.source_id, disk_id):
        yield f"its source is '{snapshot.source_id}', not disk '{disk_id}'"
    elif _differ(disk_unique_id, snapshot.source_unique_id):
        yield f"its source is another disk that bore the name of '{disk_id}'"


def _disagreements(point: RecoveryPoint, snapshot: Snapshot, vault: VaultKey) -> Iterator[str]:
    if not is_ours(snapshot.tags):
        yield "it does not carry our ownership tag"
        return
    label = read_label(snapshot.tags)
    if label is None:
        yield "its ownership tags are incomplete or unreadable"
        return
    if label.vault != vault:
        yield f"its tags name another vault, {label.vault.resource_id}"
    if not _same(label.instance_name, point.instance_name):
        yield f"its tags name another backup instance, {label.instance_name}"
    if label.point_id != point.point_id:
        yield f"its tags name another recovery point, {label.point_id}"
    if label.installation_id != point.installation_id:
        yield f"its tags name another installation, {label.installation_id or 'none'}"
    if label.tag_name != point.tag_name:
        yield f"its tags name another retention tag, {label.tag_name}"
    said = label.retention.iso() if label.retention else ""
    if point.installation_id and said != point.retention:
        yield f"its tags name another retention, {said or 'none'}"


def _name_of(resource_id: str) -> str:
    return resource_id.rsplit("/", 1)[-1]


def _differ(known: str, seen: str) -> bool:
    """Whether both are known and not the same."""
    return bool(known) and bool(seen) and not _same(known, seen)


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _text(instant: datetime | None) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if instant else "no time"
