"""Disks that are protected, on a platform that runs: the state is written as configuring would leave it, for setting up
is not what is looked at. A vault for each subscription."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from backup_core.domain.agenda import backup_row, expiry_row
from backup_core.domain.instance import BackupInstance, DiskClaim
from backup_core.domain.job import Job
from backup_core.domain.resource_ids import GroupId, VaultKey
from backup_core.ports import Insert, every
from backup_core.workflows.protection import first_expiry
from tests.builders import disk_id, disk_json, instance, policy, vault
from tests.fakes import World
from tests.simulation.azure import Azure
from tests.simulation.platform import Plan, Platform
from tests.simulation.queues import Queues

SLOT = datetime.fromisoformat("2026-03-02T12:00:00+00:00")
HOURLY = ("R/2026-03-01T00:00:00+00:00/PT1H",)
REGIONS = ("westeurope", "northeurope", "eastus", "centraluseuap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    id: str

    @property
    def vault(self) -> VaultKey:
        return VaultKey(subscription=self.id, group="backup-rg", name="vault-1")

    @property
    def disks(self) -> GroupId:
        return GroupId(subscription=self.id, group="disks-rg")

    @property
    def snapshots(self) -> GroupId:
        return GroupId(subscription=self.id, group="snapshots-rg")


def subscriptions(count: int) -> list[Subscription]:
    return [Subscription(id=str(uuid.UUID(int=number))) for number in range(1, count + 1)]


def new_platform(plan: Plan, *, seed: int = 0, **more: Any) -> Platform:
    """Half a minute before the slot. The same seed does the same."""
    world = World()
    world.queue = Queues(world.clock, world.faults)
    world.events.checked = False  # schemas of events are held to elsewhere; here they cost most of the time
    world.clock.set(SLOT - timedelta(seconds=30))
    drawn = random.Random(seed)
    world.cloud.snapshot_time = timedelta(seconds=1.3)
    return Platform(Azure(world, drawn), plan, **more)


def protect(
    platform: Platform,
    subscription: Subscription,
    count: int,
    *,
    regions: Sequence[str] = REGIONS[:1],
    first_slot: datetime = SLOT,
    **policy_properties: Any,
) -> list[BackupInstance]:
    """Disks spread over `regions`, hourly unless told otherwise, in the subscription's own vault."""
    world, key = platform.azure.world, subscription.vault
    chosen = policy(**({"intervals": HOURLY} | policy_properties))
    world.cloud.add_group(subscription.snapshots)
    world.store.commit(key, [Insert(vault(key))])
    world.store.commit(key, [Insert(chosen)])
    expiry = first_expiry(chosen, first_slot)
    made = []
    for number in range(count):
        name, region = f"disk-{number:05d}", regions[number % len(regions)]
        world.cloud.add_disk(disk_json(name, group=subscription.disks, location=region))
        one = instance(
            name,
            disk=disk_id(name, subscription.disks),
            disk_location=region,
            snapshot_group_id=subscription.snapshots.text,
            policy=chosen,
            expiry_due_at=expiry,
            created_at=first_slot - timedelta(days=1),
        )
        made.append(replace(one, friendly_name=name))
    for start in range(0, count, 100):
        world.store.commit(key, [Insert(each) for each in made[start : start + 100]])
    for each in made:
        world.store.commit(key, [Insert(DiskClaim(disk_id=each.disk_id, vault=key, instance_name=each.name))])
    world.store.schedule([backup_row(key, each, first_slot) for each in made])
    world.store.schedule([expiry_row(key, each.name, expiry) for each in made])
    return made


def jobs(platform: Platform, subscription: Subscription) -> list[Job]:
    return [stored.value for stored in every(platform.azure.world.ports, Job, subscription.vault)]
