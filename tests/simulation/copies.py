"""Many disks that copy to one region at once: never more than Azure allows, none out of order, and hardly slower than
so many at once allow.

The steps are the product's own, on a platform in memory; Azure refuses what it is documented to refuse. How long a copy
takes differs from disk to disk.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from backup_core.domain.copying import AT_ONCE, CopyRule, KeptCopy, copies_of
from backup_core.domain.disk import Disk
from backup_core.domain.errors import CloudUnavailable
from backup_core.domain.resource_ids import GroupId
from backup_core.domain.vault import Vault
from backup_core.ports import Insert, Replace
from backup_core.workflows.copying import enlist
from tests.benchmarks.figures import Figure
from tests.builders import NOW, SUBSCRIPTION, VAULT, disk_id, disk_json, instance, point, policy
from tests.workflows.platform import Platform

COPIES = GroupId(subscription=SUBSCRIPTION, group="copies-rg")
SHORTEST, LONGEST = timedelta(minutes=4), timedelta(minutes=16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Herd:
    """`took` until the last copy was whole; `least` is what so many at once would need if none ever waited."""

    copies: int
    failed: int
    at_once: int
    took: timedelta
    least: timedelta
    in_order: bool
    left_behind: int

    @property
    def ratio(self) -> float:
        return self.took / self.least


def run(disks: int, *, points: int = 1, seed: int = 1, outage: timedelta = timedelta(0)) -> Herd:
    """Copy that many `points` of each of the `disks`, all of them owed from the same moment on. `outage`: for how long,
    some time after the first began, nothing of the other region answers."""
    platform, random = Platform(), Random(seed)
    world = platform.world
    world.store.checked = False
    world.clock.set(NOW)
    world.cloud.add_group(COPIES)
    rule = CopyRule(
        name="north",
        policy_name="policy-1",
        location="northeurope",
        snapshot_group_id=COPIES.text,
        kept=(KeptCopy(tag_name="Default", retention="P30D"),),
        since=NOW - timedelta(days=2),
    )
    _write_rule(platform, rule)
    for number in range(disks):
        _owe(platform, f"disk-{number}", rule, points)
    spans = _spans(platform, random)
    began = world.clock.now()
    _interrupt(platform, began + LONGEST * random.random(), outage)
    owed = disks * points
    while sum(copy.is_whole for name in spans for copy in platform.copies(name)) < owed:
        platform.run(minutes=20)
        if world.clock.now() - began > timedelta(days=10):
            break
    platform.run(hours=2)  # what attempts left behind is deleted
    done = [copy for name in spans for copy in platform.copies(name) if copy.is_whole]
    ended = max(copy.completed_at or began for copy in done)
    least = sum(world.cloud.region_copy_times.values(), timedelta(0)) / AT_ONCE
    return Herd(
        copies=len(done),
        failed=sum(copy.attempt > 1 for copy in done),
        at_once=world.cloud.copies_at_once,
        took=ended - began,
        least=least,
        in_order=all(_in_order(platform, name) for name in spans),
        left_behind=sum("/bc-" in each for each in world.cloud.snapshot_ids()) - len(done),
    )


def _interrupt(platform: Platform, since: datetime, length: timedelta) -> None:
    clock, group = platform.world.clock, f"{COPIES.key}/"

    def guard(call: str, target: str) -> None:
        if since <= clock.now() < since + length and (target.lower() + "/").startswith(group):
            raise CloudUnavailable("the region does not answer", target=target)

    platform.world.cloud.guard = guard


def _in_order(platform: Platform, name: str) -> bool:
    ended = [copy.completed_at or datetime.max for copy in platform.copies(name)]
    return ended == sorted(ended)


def _write_rule(platform: Platform, rule: CopyRule) -> None:
    stored = platform.world.store.get(Vault, VAULT)
    assert stored is not None
    platform.world.store.commit(VAULT, [Replace(stored, replace(stored.value, copy_rules=(rule,)))])


def _owe(platform: Platform, name: str, rule: CopyRule, points: int) -> None:
    """A disk with its recovery points, and their copies as owed."""
    world = platform.world
    disk = world.cloud.add_disk(disk_json(name))
    made = instance(name, disk=disk_id(name), policy=policy())
    for number in range(points):
        at = NOW - timedelta(hours=points - number)
        bare = point(name, at=at)
        taken = world.cloud.add_snapshot(bare.snapshot_id, source=Disk(raw=disk.raw), at=at)
        whole = replace(bare, snapshot_unique_id=taken.unique_id, disk=disk.raw)
        owed = copies_of(VAULT, made, whole, [rule])
        world.store.commit(VAULT, [Insert(replace(whole, copying=(rule.lane,))), *map(Insert, owed)])
    world.store.commit(VAULT, [Insert(made)])
    enlist(world.ports, VAULT, name, rule.lane, NOW)


def _spans(platform: Platform, random: Random) -> list[str]:
    """Lets each copy take another time; answers the names of the instances."""
    cloud = platform.world.cloud
    cloud.region_copy_times.clear()

    def span(_copy: str) -> timedelta:
        return SHORTEST + (LONGEST - SHORTEST) * random.random()

    cloud.span_of_copy = span
    return [each.rsplit("/", 1)[-1] for each in cloud.disk_ids()]


def figures(seed: int) -> list[Figure]:
    """5,000 disks with a point each, and fewer through an outage of six hours."""
    herd, through = run(5_000, seed=seed), run(60, points=3, seed=seed, outage=timedelta(hours=6))
    return [
        Figure(name="5,000 copies to one region: at once", value=herd.at_once, at_most=AT_ONCE),
        Figure(name="5,000 copies to one region: of the time that so many need", value=herd.ratio, at_most=1.2),
        Figure(
            name="5,000 copies to one region: not made, or begun anew",
            value=5_000 - herd.copies + herd.failed,
            at_most=0,
        ),
        Figure(name="disks whose copies were out of order", value=2 - herd.in_order - through.in_order, at_most=0),
        Figure(name="copies not made after a region was down for six hours", value=180 - through.copies, at_most=0),
        Figure(name="what attempts left behind", value=herd.left_behind + through.left_behind, at_most=0),
    ]
