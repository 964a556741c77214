"""What Azure tells us of its resources: an event is a hint to go and look, and what is seen decides.

So events may come twice, late, in any order, be about things that are not ours, or be made up: nothing is done that the
look at Azure and at our records does not ask for, and a look that finds nothing costs little. What a lost event would
have told, the reconciler finds.

Leaves to others: reading events (domain/resource_event.py), what the rules make of a disk (tag_rules.py).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from backup_core.domain.agenda import backup_row
from backup_core.domain.disk import Disk
from backup_core.domain.errors import (
    BackupError,
    CloudUnavailable,
    DiskNotFound,
    PermissionMissing,
    Throttled,
)
from backup_core.domain.instance import BackupInstance, DiskClaim, ProtectionState
from backup_core.domain.job import LAST_OF_INSTANT, time_ordered_hex
from backup_core.domain.messages import RESOURCE_EVENTS, LookAtResource
from backup_core.domain.naming import SnapshotName, read_snapshot_name, short_disk_name
from backup_core.domain.ownership import Proven, prove_point
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_event import ABSENT, DELETED, GROUP, RULED, ResourceHint, read_message
from backup_core.domain.resource_ids import (
    ANYWHERE,
    DISK,
    SNAPSHOT,
    VaultKey,
    parse_group_id,
    parse_resource_id,
)
from backup_core.ports import Ports, StateConflict, Stored, every
from backup_core.workflows import announcements, outbox
from backup_core.workflows.absence import believed, is_believed
from backup_core.workflows.acting import acting_for, as_identity, identities_of
from backup_core.workflows.catalogue import FoundInstance, find_protection
from backup_core.workflows.lifecycle import resume_if_back
from backup_core.workflows.points_seen import Sightings, check_point
from backup_core.workflows.poison import NOWHERE, StepGivenUp
from backup_core.workflows.protection import sync_instance
from backup_core.workflows.snapshot_groups import remembered_groups
from backup_core.workflows.tag_rules import apply_all, apply_rules_as_seen, disk_is_gone, read_book, tried_lately
from backup_core.workflows.turns import attempt_delay, throttle_delay

log = logging.getLogger("diskbackup.resources")

MAX_ROUNDS = 12  # that a hint comes back for trouble that may pass; then it is the reconciler's to find
NAMES_KEPT = timedelta(minutes=5)
NEW_NAMES_AFTER = timedelta(minutes=1)
CHECKED_EVERY = timedelta(minutes=10)  # at a disk that could not be protected, however often it is written


class SnapshotHomes:
    """Which instances' snapshots bear a disk's name, by subscription, as this process read it a moment ago.

    Azure tells of each snapshot that we delete ourselves: remembering the claims makes that one read, however many
    disks there are. What a stale memory misses is found by the reconciler.
    """

    def __init__(self) -> None:
        self._read: dict[str, tuple[datetime, Mapping[str, Sequence[DiskClaim]]]] = {}

    def of(self, ports: Ports, subscription: str, disk: str) -> Sequence[DiskClaim]:
        """The claims on disks of that short name (in small letters)."""
        key, now = subscription.lower(), ports.clock.now()
        read_at, names = self._read.get(key, (None, {}))
        age = now - read_at if read_at else NAMES_KEPT
        if age >= NAMES_KEPT or (disk not in names and age >= NEW_NAMES_AFTER):
            names = _claims_by_name(ports, key)
            self._read[key] = now, names
        return names.get(disk, ())


def _claims_by_name(ports: Ports, subscription: str) -> Mapping[str, Sequence[DiskClaim]]:
    names: dict[str, list[DiskClaim]] = {}
    for claim in _claims_below(ports, subscription):
        name = short_disk_name(parse_resource_id(claim.disk_id, DISK).name).lower()
        names.setdefault(name, []).append(claim)
    return names


def _claims_below(ports: Ports, *parts: str) -> Iterator[DiskClaim]:
    """The claims on disks of a subscription, or of a group in it: a read for each thousand."""
    stem = ":".join(parts).lower()
    yield from (stored.value for stored in every(ports, DiskClaim, ANYWHERE, first=f"{stem}:", last=f"{stem};"))


# ---------------------------------------------------------------- taking hints


def take_message(ports: Ports, text: str | bytes, homes: SnapshotHomes) -> None:
    """A message of the queue: an event as Event Grid put it there, or one of ours. What is neither is let go."""
    read = read_message(text)
    if read is None:
        log.warning("resource_event.strange digest=%s", _digest(text))
        return
    message, hint = read
    _check(ports, message, hint, homes)


def notice(ports: Ports, hint: ResourceHint, homes: SnapshotHomes | None = None) -> None:
    """Look at what an event tells of. What cannot be looked at now comes back through the queue."""
    message = LookAtResource(change=hint.change, resource_id=hint.resource_id)
    _check(ports, message, hint, homes or SnapshotHomes())


def give_up(ports: Ports, text: str | bytes) -> None:
    """Tell of a message that failed five times. Nothing is lost with it but time: the reconciler looks anyway."""
    digest = _digest(text)
    error = StepGivenUp("Looking at what Azure told of failed five times; the reconciler will find it.")
    log.error("resource_event.given_up digest=%s", digest)
    event = announcements.message_poisoned(NOWHERE, RESOURCE_EVENTS, digest, error, ports.clock.now())
    outbox.record(ports, NOWHERE, [event])


def _check(ports: Ports, message: LookAtResource, hint: ResourceHint, homes: SnapshotHomes) -> None:
    try:
        _check_one(ports, hint, homes, message.doubts)
    except StateConflict:
        error = CloudUnavailable("A record changed meanwhile.", code="Conflict")
        _come_back(ports, message, error)
    except BackupError as error:
        _come_back(ports, message, error)


def _check_one(ports: Ports, hint: ResourceHint, homes: SnapshotHomes, doubts: int) -> None:
    if hint.change == RULED:
        apply_all(ports, scope=hint.resource_id)
    elif hint.type == DISK:
        check_disk(ports, hint.resource_id, is_deletion=hint.change == DELETED, doubts=doubts)
    elif hint.type == SNAPSHOT and hint.change in (DELETED, ABSENT):
        check_snapshot(ports, hint.resource_id, homes, is_told=hint.change == DELETED)
    elif hint.type == GROUP and hint.change == DELETED:
        check_group(ports, hint.resource_id, doubts=doubts)


def _come_back(ports: Ports, message: LookAtResource, error: BackupError) -> None:
    rounds = message.attempts + message.deferrals
    if message.doubts < error.doubts:
        ports.queue.send(replace(message, doubts=message.doubts + 1), delay=attempt_delay(error, message.doubts))
        return
    if not error.transient or rounds >= MAX_ROUNDS:
        log.warning("resource_event.left resource=%s code=%s %s", message.resource_id, error.code, error.message)
        return
    if isinstance(error, Throttled):
        delay = throttle_delay(error, message.resource_id, rounds)
        again = replace(message, deferrals=message.deferrals + 1)
    else:
        delay = attempt_delay(error, message.attempts)
        again = replace(message, attempts=message.attempts + 1)
    ports.queue.send(again, delay=delay)
    log.info("resource_event.deferred resource=%s delay=%s code=%s", message.resource_id, delay, error.code)


# ---------------------------------------------------------------- what is looked at


def check_disk(ports: Ports, disk_id: str, *, is_deletion: bool = False, doubts: int = 0) -> None:
    """Is the disk there, is it still what its protection was made for, and what do the rules say of it? A disk that is
    neither protected nor reached by a rule costs two reads of our tables.

    That it is gone is believed after so many looks (`doubts`) and another way. Raises BackupError, DiskNotFound while
    it is not believed.
    """
    found = find_protection(ports, disk_id)
    if found is None and is_deletion:
        return
    book = read_book(ports)
    if found is None and not book.covering(disk_id):
        return
    vaults = [found.vault] if found is not None else [rule.vault for rule in book.covering(disk_id)]
    identities = identities_of(ports, vaults)
    seen: dict[str, Disk] = {}
    try:
        for identity in identities:
            seen |= _seen_as(ports, identity, disk_id, is_alone=len(identities) == 1)
    except DiskNotFound as error:
        if found is not None and found.instance.state is not ProtectionState.STOPPED:
            _believe(acting_for(ports, found.vault), found, error, doubts)
        return
    for disk in seen.values():
        if found is not None and resume_if_back(ports, found.vault, found.instance, disk):
            return
        if found is not None and _needs_another_check(ports, found, disk.sku, disk.location):
            sync_instance(ports, found.vault, found.instance.name)
    apply_rules_as_seen(ports, seen, book)


def _believe(ports: Ports, found: FoundInstance, error: DiskNotFound, doubts: int) -> None:
    """Stop the disk's protection when its absence is sure; else raise what stands against that."""
    weighed = believed(ports, error, doubts)
    if doubts < error.doubts or not isinstance(weighed, DiskNotFound):
        raise weighed
    disk_is_gone(ports, found, weighed)


def _seen_as(ports: Ports, identity: str, disk_id: str, *, is_alone: bool) -> dict[str, Disk]:
    """The disk by the identity that looked; nothing where it may not look and others may."""
    try:
        return {identity: as_identity(ports, identity).cloud.get_disk(disk_id)}
    except PermissionMissing:
        if is_alone:
            raise
        return {}


def _needs_another_check(ports: Ports, found: FoundInstance, sku: str, location: str) -> bool:
    """Whether the disk's kind, which decides what a policy may ask, is not what protection was made for, or protection
    failed. Size, encryption and the rest are read anew by each backup."""
    instance = found.instance
    if instance.state is ProtectionState.ERROR:
        return not tried_lately(ports, found, CHECKED_EVERY)
    is_seen = instance.state is ProtectionState.CONFIGURED and bool(instance.disk_sku)
    return is_seen and (sku, location) != (instance.disk_sku, instance.disk_location)


def check_snapshot(ports: Ports, snapshot_id: str, homes: SnapshotHomes, *, is_told: bool) -> None:
    """Is it one of ours that should be there? That it is gone is believed at once if Azure told of its deletion. A name
    that is not of our form costs nothing; one whose deletion was ours a read. Raises BackupError, StateConflict."""
    snapshot = parse_resource_id(snapshot_id, SNAPSHOT)
    name = read_snapshot_name(snapshot.name)
    if name is None:
        return
    for claim in homes.of(ports, snapshot.subscription, name.disk):
        point = _good_point(ports, claim, name, snapshot_id)
        acting = acting_for(ports, claim.vault) if point is not None else ports
        if point is not None and not _is_there(acting, claim.vault, point):
            _check_point(acting, claim.vault, point, is_told=is_told)


def _is_there(ports: Ports, vault: VaultKey, point: RecoveryPoint) -> bool:
    """Whether its snapshot is, and not another that somebody put in its place."""
    found = ports.cloud.find_snapshot(point.snapshot_id)
    return found is not None and isinstance(prove_point(point, found, vault=vault), Proven)


def _good_point(ports: Ports, claim: DiskClaim, name: SnapshotName, snapshot_id: str) -> RecoveryPoint | None:
    """Points are found by the instant that the snapshot's name tells: their ids begin with it."""
    last_moment = name.at + timedelta(milliseconds=999)
    page = ports.store.page(
        RecoveryPoint,
        claim.vault,
        claim.instance_name,
        first=time_ordered_hex(last_moment)[:12],
        last=time_ordered_hex(name.at)[:12] + LAST_OF_INSTANT,
    )
    points = (stored.value for stored in page.items)
    return next((each for each in points if each.is_good and each.snapshot_id.lower() == snapshot_id.lower()), None)


def _check_point(ports: Ports, vault: VaultKey, gone: RecoveryPoint, *, is_told: bool) -> None:
    """Have the record follow a snapshot that was moved; else record the loss, and have the next backup soon if it was
    the newest point: an older one no backup brings back."""
    points = [stored.value for stored in every(ports, RecoveryPoint, vault, gone.instance_name)]
    instance = ports.store.get(BackupInstance, vault, gone.instance_name)
    if instance is None:
        return
    seen = _sightings(ports, gone)
    is_lost = seen.moved(gone) is None and (is_told or is_believed(gone.absent_since, ports.clock.now()))
    if is_lost and _is_newest(instance.value, gone):
        _back_up_soon(ports, vault, instance)
    check_point(ports, vault, gone, points, seen, is_told=is_told)


def _sightings(ports: Ports, gone: RecoveryPoint) -> Sightings:
    """What lies in the groups of ours, until the point's snapshot is among it. A group that cannot be read now may hold
    it: then nobody knows, and the look comes again. One that is closed to us keeps no other group's loss from being
    told: the reconciler looks there too, and takes back what was called lost. Raises BackupError."""
    seen = Sightings()
    for stored in remembered_groups(ports) if gone.snapshot_unique_id else ():
        try:
            for snapshot in acting_for(ports, stored.value.vault).cloud.list_snapshots(stored.value.group):
                seen.add(snapshot)
        except BackupError as error:
            if error.transient:
                raise
            log.info("resource_event.group_unreadable group=%s code=%s", stored.value.group_id, error.code)
        if seen.moved(gone) is not None:
            break
    return seen


def _is_newest(instance: BackupInstance, point: RecoveryPoint) -> bool:
    return instance.newest_point is not None and instance.newest_point.point_id == point.point_id


def _back_up_soon(ports: Ports, vault: VaultKey, stored: Stored[BackupInstance]) -> None:
    """Put the instance on the agenda for the next full minute, beside its next slot. All that is lost until then asks
    for the same row, so for one backup."""
    if stored.value.state is not ProtectionState.CONFIGURED:
        return
    due_at = ports.clock.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    ports.store.schedule([backup_row(vault, stored.value, due_at)])
    log.info("backup.pulled_forward instance=%s due_at=%s", stored.value.name, due_at)


def check_group(ports: Ports, group_id: str, *, doubts: int = 0) -> None:
    """Are protected disks gone with their group? One read if none lay in it. Raises BackupError."""
    group = parse_group_id(group_id)
    claims = list(_claims_below(ports, group.subscription, group.group))
    if not claims or acting_for(ports, claims[0].vault).cloud.find_group(group) is not None:
        return
    doubtful: DiskNotFound | None = None
    for claim in claims:
        found = find_protection(ports, claim.disk_id)
        if found is not None and found.instance.state is not ProtectionState.STOPPED:
            try:
                check_disk(ports, claim.disk_id, is_deletion=True, doubts=doubts)
            except DiskNotFound as error:
                doubtful = error
    if doubtful is not None:
        raise doubtful


def _digest(text: str | bytes) -> str:
    raw = text if isinstance(text, bytes) else text.encode(errors="replace")
    return hashlib.sha256(raw).hexdigest()[:16]
