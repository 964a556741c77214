"""Copies of recovery points in other regions: which are wanted, in which order they are made, and how long they stay.

A copy rule of a vault says of a policy: what gets these tags is copied into that region, and kept there so long. Azure
copies the incremental snapshots of a disk one after another, in the order in which they were taken, and at most 100 at
once for each subscription and region (documented). What it transfers is the difference to the copy before; so the
newest whole copy and the snapshot that it was made of stay until the next copy is whole, whatever their dates say.

A `lane` is a subscription and region that copies go to. A `ticket` is a backup instance's leave to copy in a lane;
there are as many as Azure copies at once. Instances wait for one, those with the oldest point first.

Leaves to others: making copies (workflows/copying.py), deleting them (workflows/copy_expiry.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from backup_core.domain.alert import Cause
from backup_core.domain.disk import Snapshot
from backup_core.domain.durations import parse_duration
from backup_core.domain.errors import Fault
from backup_core.domain.hold import POINT, Hold, HoldLabel, ends_of, from_labels, standing
from backup_core.domain.instance import BackupInstance, CopyStanding, ProtectionState
from backup_core.domain.job import JobOperation, job_id, time_ordered_hex
from backup_core.domain.naming import short_disk_name
from backup_core.domain.objective import objective_of
from backup_core.domain.ownership import Judgement, NotProven, Proven
from backup_core.domain.points import label_of_point
from backup_core.domain.recovery_point import (
    COPIED_DISK_TAG,
    COPY_TAG,
    TAG_PREFIX,
    RecoveryPoint,
    SnapshotLabel,
    is_ours,
    read_label,
)
from backup_core.domain.resource_ids import (
    DISK,
    SNAPSHOT,
    ResourceId,
    VaultKey,
    parse_group_id,
    parse_resource_id,
    plain_location,
)
from backup_core.domain.retention import HELD_CHECKED_EVERY
from backup_core.domain.tagging import ALL_BACKUP
from backup_core.domain.tags import LONGEST_VALUE

AT_ONCE = 100  # copies under way for each subscription and region (documented)
MOST_RULES = 20  # of a vault
FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=1)
COPIED_WITHIN = timedelta(hours=12)
COPYING_AT_MOST = timedelta(days=7)  # what is not whole by then is given up and begun anew
BELIEVED_AT_ONCE, LONGEST_LOOK = timedelta(minutes=1), timedelta(minutes=15)
_SAME_INSTANT = timedelta(seconds=1)
_STAMP = "%Y%m%dT%H%M%SZ"


# ---------------------------------------------------------------- rules


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCopy:
    """How long copies of points of a tag are kept, in ISO 8601, from the point's own creation on."""

    tag_name: str
    retention: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRule:
    """Points of the policy's instances that have one of these tags, and were taken since `since`, are copied to
    `location` into a snapshot group there. `encryption_set_id`: of that region, "" for the platform's key."""

    name: str
    policy_name: str
    location: str
    snapshot_group_id: str
    kept: tuple[KeptCopy, ...]
    since: datetime
    encryption_set_id: str = ""

    @property
    def lane(self) -> str:
        return lane_key(parse_group_id(self.snapshot_group_id).subscription, self.location)

    def retention_of(self, tag_name: str) -> str | None:
        """Tags are compared without case."""
        found = (each.retention for each in self.kept if each.tag_name.casefold() == tag_name.casefold())
        return next(found, None)

    def is_of(self, policy_name: str) -> bool:
        return self.policy_name.casefold() == policy_name.casefold()


def lane_key(subscription: str, location: str) -> str:
    return f"{subscription}:{plain_location(location)}".lower()


def find_rule(rules: Iterable[CopyRule], name: str) -> CopyRule | None:
    return next((rule for rule in rules if rule.name.casefold() == name.casefold()), None)


def check_beside(rule: CopyRule, others: Iterable[CopyRule]) -> list[Fault]:
    """What speaks against `rule` beside the vault's other rules, of which one may be its own former self."""
    others = list(others)
    faults = []
    before = find_rule(others, rule.name)
    if before is not None and (before.lane, before.policy_name.casefold()) != (rule.lane, rule.policy_name.casefold()):
        message = (
            f"copy rule '{rule.name}' copies by policy '{before.policy_name}' to {before.location}; policy, region and "
            "subscription stay: delete it and make another"
        )
        faults.append(Fault(target="properties.targetLocation", message=message))
    for other in others:
        if other is not before and other.lane == rule.lane and other.is_of(rule.policy_name):
            message = f"copy rule '{other.name}' copies by this policy to {other.location} already: change that one"
            faults.append(Fault(target="properties.targetLocation", message=message))
    if before is None and len(others) >= MOST_RULES:
        faults.append(Fault(target="name", message=f"a vault has at most {MOST_RULES} copy rules"))
    return faults


def shortened(before: CopyRule, after: CopyRule) -> list[str]:
    """What is to be kept for less long from now on, in words. A tag that is no longer copied is none of it: its copies
    stay as promised."""
    shorter = []
    for each in before.kept:
        now = after.retention_of(each.tag_name)
        if now is not None and _seconds(now) < _seconds(each.retention):
            shorter.append(f"{after.name}, {each.tag_name}: {each.retention} -> {now}")
    return shorter


def _seconds(retention: str) -> float:
    return parse_duration(retention).approximate_seconds


# ---------------------------------------------------------------- copies


class CopyState(Enum):
    WAITING = "Waiting"  # for a ticket, or to be tried again
    COPYING = "Copying"
    COMPLETED = "Completed"
    EXPIRING = "Expiring"  # marked for deletion
    LOST = "Lost"  # its snapshot is gone, and not by us


@dataclass(frozen=True, slots=True, kw_only=True)
class PointCopy:
    """One recovery point in one region. `copy_id` is 32 hex digits that sort by `point_at`, newest first.

    `source_id` is the point's snapshot, with its unique id; `point_at` the instant whose data both hold. `disk` is the
    disk's whole GET body, as of the point. `attempt` counts the names that were begun; `snapshot_id` is the present
    one.
    """

    instance_name: str
    copy_id: str
    point_id: str
    lane: str
    location: str
    group_id: str
    rule_name: str
    tag_name: str
    retention: str
    source_id: str
    source_unique_id: str
    point_at: datetime
    expires_at: datetime
    disk_id: str = ""
    disk_size_bytes: int = 0
    disk: Mapping[str, Any] = field(default_factory=dict)
    policy_name: str = ""
    slot: datetime | None = None
    encryption_set_id: str = ""
    installation_id: str = ""
    state: CopyState = CopyState.WAITING
    attempt: int = 0
    not_before: datetime | None = None
    because: str = ""  # why it waits still
    job_id: str = ""  # of the copy under way
    snapshot_id: str = ""
    left_behind: tuple[str, ...] = ()  # names that were begun, and are not known to be gone
    snapshot_unique_id: str = ""
    created_at: datetime | None = None  # the copy's own timeCreated
    completed_at: datetime | None = None
    restoring: tuple[str, ...] = ()  # ids of the restore jobs that read it now
    deletion_asked_at: datetime | None = None
    deletion_url: str = ""
    expiry_blocked: str | None = None
    blocked_until: datetime | None = None
    immutable_until: datetime | None = None  # when Azure's own immutability of its snapshot ends, as last seen
    holds: tuple[Hold, ...] = ()  # those of its point, which may go before it; those that have ended included
    absent_since: datetime | None = None  # as of a recovery point

    @property
    def is_whole(self) -> bool:
        return self.state is CopyState.COMPLETED

    @property
    def is_good(self) -> bool:
        """As of a recovery point: its snapshot is all there, and nothing was begun to delete it."""
        return self.is_whole

    @property
    def is_wanted(self) -> bool:
        return self.state in (CopyState.WAITING, CopyState.COPYING)

    def accounts_for(self, snapshot_id: str) -> bool:
        """Whether it is the copy's own snapshot, or what an attempt left behind."""
        return snapshot_id.lower() in (each.lower() for each in (self.snapshot_id, *self.left_behind))

    @property
    def ready_at(self) -> datetime:
        return self.point_at if self.not_before is None else max(self.point_at, self.not_before)


def copies_of(
    vault: VaultKey, instance: BackupInstance, point: RecoveryPoint, rules: Iterable[CopyRule]
) -> tuple[PointCopy, ...]:
    """The copies that the vault's rules want of a point that was just taken."""
    wanted = ((rule, rule.retention_of(point.tag_name)) for rule in rules if rule.is_of(instance.policy.name))
    return tuple(
        _copy_of(vault, point, rule, retention)
        for rule, retention in wanted
        if retention is not None and point.created_at >= rule.since and not _lies_in(point, rule)
    )


def _lies_in(point: RecoveryPoint, rule: CopyRule) -> bool:
    """Azure copies to another region only."""
    return plain_location(point.location) == plain_location(rule.location)


def _copy_of(vault: VaultKey, point: RecoveryPoint, rule: CopyRule, retention: str) -> PointCopy:
    return PointCopy(
        instance_name=point.instance_name,
        copy_id=copy_id(vault, point.instance_name, point.point_id, rule.lane, point.created_at),
        point_id=point.point_id,
        lane=rule.lane,
        location=rule.location,
        group_id=rule.snapshot_group_id,
        rule_name=rule.name,
        tag_name=point.tag_name,
        retention=retention,
        source_id=point.snapshot_id,
        source_unique_id=point.snapshot_unique_id,
        point_at=point.created_at,
        expires_at=parse_duration(retention).after(point.created_at),
        disk_id=point.disk_id,
        disk_size_bytes=point.disk_size_bytes,
        disk=point.disk,
        policy_name=point.policy_name,
        slot=point.slot,
        encryption_set_id=rule.encryption_set_id,
        installation_id=point.installation_id,
        holds=point.holds,
    )


def copy_id(vault: VaultKey, instance_name: str, point_id: str, lane: str, at: datetime) -> str:
    return time_ordered_hex(at, vault.partition, instance_name, point_id, lane, "copy")


def copy_job_id(vault: VaultKey, instance_name: str, lane: str, given_at: datetime) -> str:
    """Of the copy that a ticket is for: whoever finds the ticket names the same job."""
    return job_id(given_at, JobOperation.COPY, vault.partition, instance_name, lane)


def missing_copies(
    vault: VaultKey,
    instance: BackupInstance,
    points: Iterable[RecoveryPoint],
    copies: Sequence[PointCopy],
    rules: Sequence[CopyRule],
) -> Iterator[PointCopy]:
    """Copies that the rules want and no record tells of, and that can still be made."""
    known = {each.copy_id for each in copies}
    for point in points:
        for copy in copies_of(vault, instance, point, rules) if point.is_good else ():
            if copy.copy_id not in known and not is_overtaken(copy, copies):
                yield copy


def is_overtaken(copy: PointCopy, copies: Iterable[PointCopy]) -> bool:
    """Whether a copy of a newer point was begun in its lane: Azure keeps to the order of creation, so this one would be
    refused for ever, and what waits behind it would wait."""
    return any(each.attempt and each.lane == copy.lane and copy.point_at < each.point_at for each in copies)


def next_in_lane(copies: Iterable[PointCopy], lane: str) -> PointCopy | None:
    """The oldest of a lane that is to be made: none goes before it."""
    wanted = (each for each in copies if each.lane == lane and each.is_wanted)
    return min(wanted, key=_ORDER, default=None)


def next_of_all(copies: Sequence[PointCopy]) -> PointCopy | None:
    """Of the first of each lane, the one whose time comes first."""
    heads = (next_in_lane(copies, lane) for lane in {each.lane for each in copies})
    return min((each for each in heads if each is not None), key=lambda each: (each.ready_at, each.lane), default=None)


def _ORDER(copy: PointCopy) -> tuple[datetime, str]:  # noqa: N802
    return copy.point_at, copy.copy_id


def newest_whole(copies: Iterable[PointCopy], lane: str) -> PointCopy | None:
    return max((each for each in copies if each.lane == lane and each.is_whole), key=_ORDER, default=None)


def retry_delay(attempt: int) -> timedelta:
    return min(FIRST_RETRY * (2.0 ** min(attempt, 10)), LONGEST_RETRY)


def look_delay(elapsed: timedelta, percent: float) -> timedelta:
    """Until the next look at a copy under way: most of the time that it should still take, as it went so far. Looking
    late holds a ticket that another waits for; looking often costs. What the first seconds tell is hardly believed:
    clocks differ, and a few percent of them promise hours."""
    known = percent > 0
    left = elapsed * ((100 - percent) / percent) * 0.9 if known else elapsed / 4
    longest = min(max(elapsed * 4, BELIEVED_AT_ONCE), LONGEST_LOOK) if known else timedelta(minutes=5)
    return min(max(left, timedelta(seconds=10)), longest)


# ---------------------------------------------------------------- standings


def standings_of(copies: Sequence[PointCopy]) -> tuple[CopyStanding, ...]:
    """How an instance stands in each region that it has copies in, or is to have."""
    found = []
    for lane in sorted({each.lane for each in copies}):
        newest, waiting = newest_whole(copies, lane), next_in_lane(copies, lane)
        location = next(each.location for each in copies if each.lane == lane)
        found.append(
            CopyStanding(
                lane=lane,
                location=location,
                newest_at=newest.point_at if newest else None,
                newest_id=newest.copy_id if newest else "",
                waiting_since=waiting.point_at if waiting else None,
            )
        )
    return tuple(found)


def with_new_copies(instance: BackupInstance, news: Sequence[PointCopy]) -> BackupInstance:
    """The instance, knowing that these wait."""
    if not news:
        return instance
    standings = {each.lane: each for each in instance.copy_standings}
    for copy in news:
        known = standings.get(copy.lane) or CopyStanding(lane=copy.lane, location=copy.location)
        since = known.waiting_since or copy.point_at
        standings[copy.lane] = replace(known, waiting_since=min(since, copy.point_at))
    return replace(instance, copy_standings=tuple(standings[lane] for lane in sorted(standings)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """A region whose newest copy of an instance is older than it may be, in words."""

    lane: str
    words: str


def behind(instance: BackupInstance, rules: Iterable[CopyRule], now: datetime) -> Iterator[Behind]:
    """Only of an instance that takes backups, and where something was copied or waits: what was never backed up its own
    objective tells."""
    if not instance.takes_scheduled_backups:
        return
    standings = {each.lane: each for each in instance.copy_standings}
    for rule in rules:
        known = standings.get(rule.lane) if rule.is_of(instance.policy.name) else None
        since = (known.newest_at or known.waiting_since) if known is not None else None
        allowed = copy_objective(instance, rule)
        if since is not None and now - since > allowed:
            words = (
                f"The newest copy in {rule.location} is {_hours(now - since)} h old"
                if known is not None and known.newest_at is not None
                else f"A point of {_hours(now - since)} h ago has no copy in {rule.location}, nor has any before it"
            )
            yield Behind(lane=rule.lane, words=f"{words}; at most {_hours(allowed)} h are allowed.")


def copy_alerts(instance: BackupInstance, *causes: str) -> list[str]:
    """What the instance's open alerts of these causes say in full; without `causes`, of all that copies have."""
    wanted = causes or (Cause.COPY, Cause.COPY_BEHIND, Cause.COPY_EXPIRY)
    return [each.cause for each in instance.alerts if each.cause.partition(".")[0] in wanted]


def copy_objective(instance: BackupInstance, rule: CopyRule) -> timedelta:
    """How old the newest copy may become: what the disk's objective allows, or half as long again as the period of the
    most frequent tag that is copied; and half a day more, in which it is copied."""
    criteria = [each for each in instance.policy.criteria if rule.retention_of(each.tag_name) is not None]
    if any(each.is_default or ALL_BACKUP in each.scopes for each in criteria):
        return objective_of(instance) + COPIED_WITHIN
    days = [_PERIOD_DAYS[scope] for each in criteria for scope in each.scopes if scope in _PERIOD_DAYS]
    return timedelta(days=1.5 * min(days, default=366)) + COPIED_WITHIN


_PERIOD_DAYS: Mapping[str, int] = {"FirstOfDay": 1, "FirstOfWeek": 7, "FirstOfMonth": 31, "FirstOfYear": 366}


def _hours(length: timedelta) -> int:
    return int(length.total_seconds() // 3600)


# ---------------------------------------------------------------- names, tags, proof


def copy_snapshot_id(vault: VaultKey, copy: PointCopy, attempt: int) -> str:
    """Another name for each attempt; it seals what the label says, as that of a snapshot does (naming.py)."""
    disk = short_disk_name(copy.disk_id.rsplit("/", 1)[-1])
    name = f"bc-{disk}-{copy.point_at.astimezone(UTC):{_STAMP}}-{_seal(vault, copy, attempt)}"
    group = parse_group_id(copy.group_id)
    return ResourceId(subscription=group.subscription, group=group.group, type=SNAPSHOT, name=name).text


def _seal(vault: VaultKey, copy: PointCopy, attempt: int) -> str:
    parts = [
        vault.partition,
        copy.instance_name.lower(),
        copy.point_id,
        copy.lane,
        str(attempt),
        copy.installation_id,
        copy.tag_name,
        copy.retention,
        copy.source_id.lower(),
        copy.source_unique_id.lower(),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def copy_tags(vault: VaultKey, copy: PointCopy, held: Iterable[Hold] = ()) -> dict[str, str]:
    """As of a recovery point's snapshot, and what tells that it is a copy, of what and when taken."""
    label = replace(
        label_of_point(vault, _as_labelled(copy)),
        retention=parse_duration(copy.retention),
        holds=tuple(map(HoldLabel.of, held)),
    )
    told = {
        "attempt": copy.attempt,
        "at": copy.point_at.astimezone(UTC).isoformat(),
        "rule": copy.rule_name,
        "from": plain_location(str(copy.disk.get("location") or "")),
    }
    own = {name: value for name, value in label.tags().items() if name != f"{TAG_PREFIX}job"}
    return {**own, COPIED_DISK_TAG: copy.disk_id[:LONGEST_VALUE], COPY_TAG: json.dumps(told, separators=(",", ":"))}


def _as_labelled(copy: PointCopy) -> RecoveryPoint:
    return replace(as_point(copy), job_id="", snapshot_id=copy.source_id)


def as_point(copy: PointCopy) -> RecoveryPoint:
    """The copy as a recovery point that lies in its region, for what is made from it. Zones are of a region, and so is
    the key."""
    disk = {name: value for name, value in copy.disk.items() if name not in ("zones", "extendedLocation")}
    properties = {name: value for name, value in (disk.get("properties") or {}).items() if name != "encryption"}
    if copy.encryption_set_id:
        kind = "EncryptionAtRestWithCustomerKey"
        properties["encryption"] = {"type": kind, "diskEncryptionSetId": copy.encryption_set_id}
    if properties.pop("diskAccessId", None) or properties.get("networkAccessPolicy") == "AllowPrivate":
        properties |= {"networkAccessPolicy": "DenyAll", "publicNetworkAccess": "Disabled"}
    return RecoveryPoint(
        instance_name=copy.instance_name,
        point_id=copy.point_id,
        snapshot_id=copy.snapshot_id,
        created_at=copy.point_at,
        completed_at=copy.completed_at or copy.point_at,
        expires_at=copy.expires_at,
        tag_name=copy.tag_name,
        policy_name=copy.policy_name,
        slot=copy.slot,
        disk_id=copy.disk_id,
        disk_size_bytes=copy.disk_size_bytes,
        location=copy.location,
        disk={**disk, "location": copy.location, "properties": properties},
        snapshot_unique_id=copy.snapshot_unique_id,
        installation_id=copy.installation_id,
        retention=copy.retention,
        restoring=copy.restoring,
    )


def read_copy_label(tags: Mapping[str, str]) -> SnapshotLabel | None:
    """What `copy_tags` wrote, but for what tells that it is a copy: a copy is of no backup job."""
    return read_label({**tags, f"{TAG_PREFIX}job": ""}) if is_copy(tags) else None


def is_copy(tags: Mapping[str, str]) -> bool:
    """Whether a snapshot says that it is a copy of ours."""
    return is_ours(tags) and COPY_TAG in tags


def home_of(tags: Mapping[str, str]) -> str:
    """The region of the copied disk, as its tags tell it; "" where they do not."""
    try:
        told = json.loads(tags[COPY_TAG])
        return plain_location(str(told.get("from") or ""))
    except (KeyError, ValueError, AttributeError):
        return ""


def copied_disk_of(tags: Mapping[str, str], snapshot: Snapshot) -> ResourceId | None:
    """The disk that a copy's tags name, if the copy's own name bears its name; None where it cannot be believed."""
    try:
        disk = parse_resource_id(tags.get(COPIED_DISK_TAG, ""), DISK)
    except ValueError:
        return None
    is_named = snapshot.id.rsplit("/", 1)[-1].startswith(f"bc-{short_disk_name(disk.name)}-")
    return disk if is_named else None


def claimed_instance(tags: Mapping[str, str]) -> str:
    """In small letters, whose copy a snapshot says that it is; "" where it does not say."""
    return tags.get(f"{TAG_PREFIX}instance", "").lower()


def copy_from_label(label: SnapshotLabel, tags: Mapping[str, str], snapshot: Snapshot) -> PointCopy | None:
    """The record as the copy's own tags tell it, of a copy that is whole; None where they cannot be read."""
    try:
        told = json.loads(tags[COPY_TAG])
        attempt, at, rule = int(told["attempt"]), datetime.fromisoformat(told["at"]), str(told["rule"])
        group = parse_resource_id(snapshot.id, SNAPSHOT).group_id
        retention = label.retention
        if retention is None or at.tzinfo is None:
            return None
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
    lane = lane_key(group.subscription, snapshot.location)
    encryption = snapshot.raw.get("properties", {}).get("encryption") or {}
    return PointCopy(
        instance_name=label.instance_name,
        copy_id=copy_id(label.vault, label.instance_name, label.point_id, lane, at),
        point_id=label.point_id,
        lane=lane,
        location=snapshot.location,
        group_id=group.text,
        rule_name=rule,
        tag_name=label.tag_name,
        retention=retention.iso(),
        source_id=snapshot.source_id,
        source_unique_id=snapshot.source_unique_id,
        point_at=at,
        expires_at=retention.after(at),
        disk_id=tags.get(COPIED_DISK_TAG, ""),
        disk_size_bytes=snapshot.size_bytes,
        disk={**label.description(snapshot), "id": tags.get(COPIED_DISK_TAG, "")},
        policy_name=label.policy_name,
        slot=label.slot,
        encryption_set_id=str(encryption.get("diskEncryptionSetId") or ""),
        installation_id=label.installation_id,
        state=CopyState.COMPLETED,
        attempt=attempt,
        snapshot_id=snapshot.id,
        snapshot_unique_id=snapshot.unique_id,
        created_at=snapshot.created_at,
        holds=from_labels((each for each in label.holds if each.scope == POINT), at),
    )


def prove_copy(copy: PointCopy, snapshot: Snapshot, *, vault: VaultKey) -> Judgement:
    """Whether `snapshot` is the one that was made, or is being made, as this copy: by its name, which seals all that is
    said of it, by the snapshot that it was made of, and once it is whole by its own unique id."""
    because = tuple(_against_copy(copy, snapshot, vault))
    return NotProven(because=because) if because else Proven(disagreements=tuple(_disagreements(copy, snapshot, vault)))


def _against_copy(copy: PointCopy, snapshot: Snapshot, vault: VaultKey) -> Iterator[str]:
    if not copy.accounts_for(snapshot.id):
        yield f"it is not '{copy.snapshot_id}', which was asked for"
    if copy.snapshot_unique_id and snapshot.unique_id.lower() != copy.snapshot_unique_id.lower():
        yield "its unique id is not the recorded one: the copy was deleted and another made under its name"
    if snapshot.source_id.lower() != copy.source_id.lower():
        yield f"it was made of '{snapshot.source_id}', not of '{copy.source_id}'"
    if copy.source_unique_id and snapshot.source_unique_id.lower() != copy.source_unique_id.lower():
        yield f"it was made of another snapshot that bore the name of '{copy.source_id}'"
    if plain_location(snapshot.location) != plain_location(copy.location):
        yield f"it lies in {snapshot.location}, not in {copy.location}"
    name = snapshot.id.rsplit("/", 1)[-1]
    at, is_present = f"{copy.point_at.astimezone(UTC):{_STAMP}}", snapshot.id.lower() == copy.snapshot_id.lower()
    attempts = (copy.attempt,) if is_present else range(copy.attempt, 0, -1)
    if not any(name.endswith(f"-{at}-{_seal(vault, copy, attempt)}") for attempt in attempts):
        yield "its name is not the one that was made for this vault, backup instance, point and region"
    if copy.created_at is not None and abs(snapshot.created_at - copy.created_at) > _SAME_INSTANT:
        yield "it was created at another time than the recorded one"


def _disagreements(copy: PointCopy, snapshot: Snapshot, vault: VaultKey) -> Iterator[str]:
    label = read_copy_label(snapshot.tags)
    if label is None:
        yield "its ownership tags are missing, incomplete or unreadable"
        return
    if label.vault != vault or label.instance_name.lower() != copy.instance_name.lower():
        yield "its tags name another backup instance"
    if label.point_id != copy.point_id:
        yield f"its tags name another recovery point, {label.point_id}"


# ---------------------------------------------------------------- how long they stay


@dataclass(frozen=True, slots=True, kw_only=True)
class Stays:
    """What decides over all copies of an instance. `held`: holds on instance and vault that stand; `held_points`: ids
    of points that are held themselves."""

    now: datetime
    protected: bool
    keep_all: bool = False
    discard_all: bool = False
    held: Sequence[Hold] = ()
    held_points: frozenset[str] = frozenset()


def stays_of(
    instance: BackupInstance, points: Iterable[RecoveryPoint], holds: Sequence[Hold], now: datetime, *, immutable: bool
) -> Stays:
    """`holds`: those on instance and vault, those that have ended included. With their instance copies go once all its
    points went, which what stops those (a deletion brake) stops, too."""
    points = list(points)
    return Stays(
        now=now,
        protected=instance.is_protected,
        keep_all=instance.keeps_all_points,
        discard_all=instance.state is ProtectionState.DELETING and not immutable and not points,
        held=standing(holds, now),
        held_points=frozenset(point.point_id for point in points if standing(point.holds, now)),
    )


def going_copies(copies: Sequence[PointCopy], stays: Stays) -> list[PointCopy]:
    """Those that nothing keeps, and that nobody began to delete yet."""
    left = (copy for copy in copies if not copy.is_wanted and copy.state is not CopyState.EXPIRING)
    return [copy for copy in left if not reasons_to_keep(copy, copies, stays)]


def reasons_to_keep(copy: PointCopy, copies: Sequence[PointCopy], stays: Stays) -> tuple[str, ...]:
    """Why a copy is not deleted; none when it may go. In doubt it stays."""
    reasons = [*map(str, (*stays.held, *standing(copy.holds, stays.now)))]
    if copy.immutable_until is not None and stays.now < copy.immutable_until:
        reasons.append(f"Azure keeps its snapshot immutable until {copy.immutable_until:%Y-%m-%dT%H:%M:%SZ}")
    if stays.keep_all:
        reasons.append("protection is stopped or the instance soft-deleted: nothing expires")
    if copy.is_wanted:
        reasons.append("it is not made yet")
    if copy.point_id in stays.held_points:
        reasons.append("its recovery point is held")
    if copy.restoring:
        reasons.append(f"being restored by {', '.join(copy.restoring)}")
    if stays.protected and _is_newest(copy, copies):
        reasons.append(f"newest whole copy in {copy.location}")
    if not stays.discard_all and stays.now < copy.expires_at:
        reasons.append(f"{copy.tag_name}: expires at {copy.expires_at:%Y-%m-%dT%H:%M:%SZ}")
    return tuple(reasons)


def _is_newest(copy: PointCopy, copies: Sequence[PointCopy]) -> bool:
    """Whether no whole copy of its lane is newer. One whose deletion was begun, with nothing newer, is needed too: its
    snapshot may still be whole."""
    if copy.state is CopyState.LOST:
        return False
    newest = newest_whole(copies, copy.lane)
    return newest is None or newest.copy_id == copy.copy_id or newest.point_at < copy.point_at


def copy_successor(copy: PointCopy, copies: Sequence[PointCopy]) -> PointCopy | None:
    newest = newest_whole(copies, copy.lane)
    return newest if newest is not None and newest.point_at > copy.point_at else None


def next_copy_expiry(copies: Sequence[PointCopy], stays: Stays) -> datetime | None:
    """When a copy can go next, or one that is being deleted is looked at; None while none will unless something else
    changes."""
    dues = [_due_at(copy, copies, stays) for copy in copies if not copy.is_wanted]
    if not stays.protected and any(copy.is_wanted for copy in copies):
        dues.append(stays.now)
    return min((each for each in dues if each is not None), default=None)


def _due_at(copy: PointCopy, copies: Sequence[PointCopy], stays: Stays) -> datetime | None:
    if copy.state is CopyState.EXPIRING:
        return max(copy.blocked_until or stays.now, stays.now)
    if stays.keep_all or (stays.protected and _is_newest(copy, copies)):
        return None
    due_at = stays.now if stays.discard_all else copy.expires_at
    looks = [due_at, copy.immutable_until or due_at, copy.blocked_until or due_at]
    held = (*stays.held, *standing(copy.holds, stays.now))
    if held:
        looks.append(ends_of(held) or _next_round(stays.now, HELD_CHECKED_EVERY))
    if copy.point_id in stays.held_points or copy.restoring:
        looks.append(_next_round(stays.now, timedelta(hours=1)))
    return max(looks)


def _next_round(now: datetime, every: timedelta) -> datetime:
    """The same for all who look within one: their rows on the agenda are one."""
    since = datetime(2000, 1, 1, tzinfo=UTC)
    return since + ((now - since) // every + 1) * every


# ---------------------------------------------------------------- waits and tickets


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneWait:
    """An instance that waits for a ticket of a lane, since `ready_at`."""

    lane: str
    vault: VaultKey
    instance_name: str
    ready_at: datetime

    @property
    def key(self) -> str:
        """Sorts by time; the same instance at the same time waits once."""
        who = hashlib.sha256(f"{self.vault.partition}\n{self.instance_name.lower()}".encode()).hexdigest()[:16]
        return f"{self.ready_at.astimezone(UTC):%Y%m%d%H%M%S}-{who}"

    @property
    def holder(self) -> tuple[str, str]:
        return self.vault.partition, self.instance_name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """An instance's leave to copy in a lane, until the job that it names has ended."""

    vault: VaultKey
    instance_name: str
    given_at: datetime

    @property
    def holder(self) -> tuple[str, str]:
        return self.vault.partition, self.instance_name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyLane:
    """One row for each subscription and region that copies go to. Whoever changes it does so as it was read, so that
    there are never more tickets than Azure copies at once."""

    key: str
    tickets: tuple[Ticket, ...] = ()

    def ticket_of(self, vault: VaultKey, instance_name: str) -> Ticket | None:
        holder = (vault.partition, instance_name.lower())
        return next((each for each in self.tickets if each.holder == holder), None)

    def without(self, *gone: Ticket) -> CopyLane:
        return replace(self, tickets=tuple(each for each in self.tickets if each not in gone))

    def given(self, waits: Sequence[LaneWait], now: datetime) -> tuple[CopyLane, tuple[Ticket, ...]]:
        """As many tickets as there are left, to the first that are ready. None has two."""
        holders = {each.holder for each in self.tickets}
        fresh: list[Ticket] = []
        for wait in waits:
            if len(self.tickets) + len(fresh) >= AT_ONCE or wait.ready_at > now:
                break
            if wait.holder not in holders:
                holders.add(wait.holder)
                fresh.append(Ticket(vault=wait.vault, instance_name=wait.instance_name, given_at=now))
        return replace(self, tickets=(*self.tickets, *fresh)), tuple(fresh)
