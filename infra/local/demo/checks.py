"""What the demo claims, checked against the simulator's own ledger, and the tables that tell of it.

A check is a sentence and what speaks against it; nothing speaks against it when it holds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from rich.table import Table

from infra.local.demo.clients import Clients, Entry, instant

_COMPARED = (
    "securityProfile",
    "diskSizeGB",
    "tier",
    "diskIOPSReadWrite",
    "diskMBpsReadWrite",
    "maxShares",
    "burstingEnabled",
    "networkAccessPolicy",
    "publicNetworkAccess",
    "osType",
    "hyperVGeneration",
    "purchasePlan",
    "supportedCapabilities",
    "encryption",
)


# A start that was asked for twice is in the ledger as repeated: nothing was taken by it.
_EXPECTED = ("snapshot.created", "snapshot.repeated", "snapshot.deleted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    claim: str
    against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    source: Mapping[str, Any]
    disk: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What was seen in a quiet moment at the end. Disk ids in small letters; `scheduled` are those due each minute,
    `slots` all that came due."""

    disks: frozenset[str]
    scheduled: frozenset[str]
    slots: tuple[datetime, ...]
    ledger: tuple[Entry, ...]
    jobs: tuple[Mapping[str, Any], ...]
    points: Mapping[str, tuple[Mapping[str, Any], ...]]
    snapshots: tuple[Mapping[str, Any], ...]
    events: tuple[Mapping[str, Any], ...]
    held: frozenset[str]  # ids of the jobs that ran when the host was killed
    killed_at: datetime
    restored: tuple[Restored, ...]
    retention: Mapping[str, timedelta] = field(default_factory=dict)

    @property
    def killed_slot(self) -> datetime:
        return self.killed_at.replace(second=0, microsecond=0)

    @property
    def taken(self) -> list[Entry]:
        return [entry for entry in self.ledger if entry.what == "snapshot.created"]

    @property
    def deleted(self) -> list[Entry]:
        return [entry for entry in self.ledger if entry.what == "snapshot.deleted"]


def watch_the_end(clients: Clients, **known: Any) -> Story:
    """Read everything once."""
    return Story(
        ledger=tuple(clients.ledger()),
        jobs=tuple(clients.jobs()),
        points={name: tuple(clients.points(name)) for name in clients.instances()},
        snapshots=tuple(clients.snapshots()),
        events=tuple(clients.events()),
        **known,
    )


def checks(story: Story) -> Iterator[Check]:
    count = len(story.slots) * len(story.scheduled)
    excused = len(_excused(story))
    claim = f"each of {count} slots has exactly one snapshot"
    claim += f", but for {excused} that the kill made overtake" if excused else ""
    yield Check(claim=claim, against=tuple(_slot_faults(story)))
    yield Check(claim="no job failed", against=tuple(_failed(story)))
    claim = "what a host held when it was killed was resumed and ended within two minutes"
    yield Check(claim=claim, against=tuple(_late(story)))
    yield Check(claim="expired points were deleted", against=() if story.deleted else ("none was",))
    yield Check(claim="what was deleted had expired and was not the newest", against=tuple(_wrongly_deleted(story)))
    yield Check(claim="nothing else was touched", against=tuple(_meddled(story)))
    yield Check(
        claim="every snapshot has its recovery point, and every point its snapshot", against=tuple(_apart(story))
    )
    yield Check(claim="restored disks are as their sources were", against=tuple(_different(story)))
    yield Check(claim="the topic was told of it all", against=tuple(_untold(story)))


def _slot_faults(story: Story) -> Iterator[str]:
    counts = Counter((entry.source, entry.slot) for entry in story.taken if entry.slot is not None)
    for (disk, slot), count in counts.items():
        if count > 1:
            yield f"{_name(disk)} has {count} snapshots of {slot:%H:%M}"
    excused = _excused(story)
    for slot in story.slots:
        for disk in sorted(story.scheduled):
            if not counts[disk, slot] and (disk, slot) not in excused:
                yield f"{_name(disk)} has no snapshot of {slot:%H:%M}"


def _missed(story: Story) -> set[tuple[str, datetime]]:
    """Slots that the product itself records as missed, by a later backup's job."""
    found = set()
    for job in story.jobs:
        details = (job.get("extendedInfo") or {}).get("additionalDetails") or {}
        for text in filter(None, str(details.get("MissedSlots", "")).split(",")):
            found.add((str(job["dataSourceId"]).lower(), instant(text)))
    return found


def _excused(story: Story) -> set[tuple[str, datetime]]:
    """Missed slots that only the kill explains: the next came due while the dead host held this or the one before."""
    until = story.killed_slot + timedelta(minutes=1)
    return {(disk, slot) for disk, slot in _missed(story) if story.killed_slot <= slot <= until}


def _failed(story: Story) -> Iterator[str]:
    for job in story.jobs:
        if job["status"] != "Completed":
            yield f"{job['operation']} of {job['dataSourceName']}: {job['status']} {job.get('errorDetails') or ''}"


def resumed(story: Story) -> list[str]:
    """Ids of the jobs that ran at the kill and were taken up again by the watch: their host had died with them."""
    ends = {job["id"]: job.get("endTime") for job in story.jobs}
    later = story.killed_at + timedelta(seconds=20)
    return [job for job in story.held if (end := ends.get(job)) and instant(end) > later]


def _late(story: Story) -> Iterator[str]:
    jobs = {job["id"]: job for job in story.jobs}
    if not resumed(story):
        yield f"{len(story.held)} ran and none had to be resumed: the kill proved nothing"
    for held in sorted(story.held):
        ended = jobs.get(held, {}).get("endTime")
        if not ended or instant(ended) > story.killed_at + timedelta(minutes=2):
            yield f"{held} ended at {ended}"
    for entry in story.taken:
        if entry.slot == story.killed_slot and entry.at > story.killed_at + timedelta(minutes=2):
            yield f"{_name(entry.source)} was started only at {entry.at:%X}"


def _wrongly_deleted(story: Story) -> Iterator[str]:
    newest: dict[str, datetime] = {}
    for entry in story.ledger:
        if entry.what == "snapshot.created":
            newest[entry.source] = max(entry.created_at, newest.get(entry.source, entry.created_at))
        if entry.what == "snapshot.deleted":
            expires_at = entry.created_at + story.retention[entry.tag("retention")]
            if entry.tag("owner") == "":
                yield f"{_name(entry.id)} was not ours"
            if entry.at < expires_at:
                yield f"{_name(entry.id)} was deleted at {entry.at:%X}, it expires at {expires_at:%X}"
            if entry.created_at >= newest.get(entry.source, entry.created_at):
                yield f"{_name(entry.id)} was the newest of its disk"


def _meddled(story: Story) -> Iterator[str]:
    """Whatever the ledger has beyond snapshots of ours taken and deleted, and disks restored."""
    restored = {str(pair.disk["id"]).lower() for pair in story.restored}
    for entry in story.ledger:
        ours = entry.what.startswith("snapshot.") and entry.tag("owner") and entry.source in {"", *story.disks}
        asked_for = entry.what == "disk.created" and entry.id in restored
        if not (ours and entry.what in _EXPECTED) and not asked_for:
            yield f"{entry.what} {_name(entry.id)}"


def _apart(story: Story) -> Iterator[str]:
    live = {
        snapshot["tags"]["diskbackup-point"]: snapshot["name"]
        for snapshot in story.snapshots
        if "diskbackup-point" in (snapshot.get("tags") or {})
    }
    recorded = {point["recoveryPointId"] for points in story.points.values() for point in points}
    yield from (f"snapshot {live[point]} has no recovery point" for point in live.keys() - recorded)
    yield from (f"recovery point {point} has no snapshot" for point in recorded - live.keys())


def _different(story: Story) -> Iterator[str]:
    if not story.restored:
        yield "nothing was restored"
    for pair in story.restored:
        yield from (f"{pair.disk['name']}: {what}" for what in differences(pair.source, pair.disk))


def differences(source: Mapping[str, Any], disk: Mapping[str, Any]) -> Iterator[str]:
    """Where a restored disk is not as its source: kind, place, performance, sharing, network, system, tags."""
    for name in ("location", "zones"):
        if source.get(name) != disk.get(name):
            yield f"{name} {disk.get(name)}, was {source.get(name)}"
    if source["sku"]["name"] != disk["sku"]["name"]:
        yield f"sku {disk['sku']['name']}, was {source['sku']['name']}"
    before, after = source["properties"], disk["properties"]
    for name in _COMPARED:
        if before.get(name) != after.get(name):
            yield f"{name} {after.get(name)}, was {before.get(name)}"
    for tag, value in (source.get("tags") or {}).items():
        if (disk.get("tags") or {}).get(tag) != value:
            yield f"tag {tag} is not {value}"


def _untold(story: Story) -> Iterator[str]:
    told = Counter(event["type"] for event in story.events)
    jobs = Counter(job["operation"] for job in story.jobs if job["status"] == "Completed")
    expected = {
        "DiskBackup.Job.Completed": jobs["Backup"],
        "DiskBackup.RecoveryPoint.Created": jobs["Backup"],
        "DiskBackup.RecoveryPoint.Expired": len(story.deleted),
        "DiskBackup.Restore.Completed": jobs["Restore"],
    }
    for kind, count in expected.items():
        if told[kind] != count:
            yield f"{told[kind]} events {kind}, {count} happened"


def slot_table(story: Story) -> Table:
    heads = ("slot", "due", "taken", "missed", "start delay p50", "max", "backup took p50", "deleted since")
    table = Table(*heads, title="Slots")
    jobs = {job["id"]: job for job in story.jobs}
    deleted = Counter(entry.slot for entry in story.deleted)
    missed = Counter(slot for _, slot in _missed(story))
    by_slot: dict[datetime | None, list[Entry]] = defaultdict(list)
    for entry in story.taken:
        by_slot[entry.slot].append(entry)
    for slot in story.slots:
        entries = by_slot[slot]
        delays = [(entry.at - slot).total_seconds() for entry in entries]
        took = [_seconds(jobs[entry.tag("job")]) for entry in entries if entry.tag("job") in jobs]
        mark = " (a host was killed)" if slot == story.killed_slot else ""
        table.add_row(
            f"{slot:%H:%M:%S}{mark}",
            str(len(story.scheduled)),
            str(len(entries)),
            str(missed[slot]),
            *(f"{value:.1f} s" for value in (median(delays or [0]), max(delays, default=0), median(took or [0]))),
            str(deleted[slot]),
        )
    table.add_row("on demand", "", str(len(by_slot[None])), "", "", "", "", str(deleted[None]))
    return table


def kept_table(story: Story) -> Table:
    """Why the points that are there are kept."""
    reasons: Counter[str] = Counter()
    for points in story.points.values():
        for place, point in enumerate(points):
            tag, expires = point["retentionTagName"], point["expiryTime"]
            left = instant(expires) - story.ledger[-1].at if expires else None
            why = f"{tag}: not expired yet ({_rough(left)} left)" if left and left > timedelta(0) else f"{tag}: expired"
            reasons["newest of its disk" if place == 0 else why] += 1
    table = Table("points", "kept because", title="Kept")
    for reason, count in reasons.most_common():
        table.add_row(str(count), reason)
    return table


def restore_table(pairs: Sequence[Restored]) -> Table:
    table = Table("restored disk", "kind", "size", "from", "took", "differs", title="Restored")
    for pair in pairs:
        disk = pair.disk
        differs = "; ".join(differences(pair.source, disk)) or "in nothing"
        size = f"{disk['properties']['diskSizeGB']} GB"
        table.add_row(
            disk["id"].split("/", 4)[-1],
            disk["sku"]["name"],
            size,
            pair.source["name"],
            f"{pair.seconds:.0f} s",
            differs,
        )
    return table


def _seconds(job: Mapping[str, Any]) -> float:
    return (instant(job["endTime"]) - instant(job["startTime"])).total_seconds() if job.get("endTime") else 0.0


def _rough(left: timedelta | None) -> str:
    if left is None:
        return "no end"
    minutes = int(left.total_seconds() // 60)
    return f"{minutes // 1440} days" if minutes >= 1440 else f"about {minutes + 1} min"


def _name(resource_id: str) -> str:
    return resource_id.rsplit("/", 1)[1]
