"""What is lost if nothing is done, as it is found in records and in ARM's list of disks. Nothing is changed.

Disks are listed anew for each page, one call for each page of ARM's; kept are the disks of one page. Instances are seen
a page at a time, from their glances and those of their points.

Leaves to others: the judgement (domain/protection_gaps.py).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from backup_core.domain.disk import Disk
from backup_core.domain.errors import BackupError
from backup_core.domain.health import InstanceGlance
from backup_core.domain.instance import BackupInstance, disk_key
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.previews import Existing
from backup_core.domain.protection_gaps import Gap, gaps_of, why_unprotected
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Ports, every
from backup_core.workflows.acting import as_identity, identities_of
from backup_core.workflows.catalogue import FoundInstance, list_vault_keys
from backup_core.workflows.previews import INSTANCES_A_PAGE, existing

DISKS_A_PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class UnprotectedDisk:
    """`held` is its instance, if it has one."""

    disk: Disk
    because: str
    held: FoundInstance | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnprotectedPage:
    """Disks by key. `count` and `size_bytes` are of all, on whatever page; `unknown` says what could not be listed."""

    items: tuple[UnprotectedDisk, ...]
    next_key: str | None
    count: int
    size_bytes: int
    unknown: tuple[str, ...]


def unprotected_disks(
    ports: Ports, subscription: str, *, after: str, vaults: Iterable[VaultKey], may_see: Callable[[str], bool]
) -> UnprotectedPage:
    """The disks of a subscription that nothing backs up, of those that the asker `may_see`; those behind the key
    `after`. They are listed as the app and as the `vaults`, which are those that the asker may see; a disk is backed up
    from whatever vault protects it."""
    held = {key: found for vault in list_vault_keys(ports) for key, found in _held(ports, vault, subscription)}
    unknown: list[str] = []
    found = _Sum()
    listed = _list(ports, subscription, ["", *identities_of(ports, vaults)], unknown)
    wanted = (each for each in _judged(listed, held, may_see, found) if disk_key(each.disk.id) > after)
    page = heapq.nsmallest(DISKS_A_PAGE + 1, wanted, key=lambda each: disk_key(each.disk.id))
    has_more = len(page) > DISKS_A_PAGE
    return UnprotectedPage(
        items=tuple(page[:DISKS_A_PAGE]),
        next_key=disk_key(page[DISKS_A_PAGE - 1].disk.id) if has_more else None,
        count=found.count,
        size_bytes=found.size_bytes,
        unknown=tuple(unknown),
    )


@dataclass(slots=True)
class _Sum:
    count: int = 0
    size_bytes: int = 0


def _held(ports: Ports, vault: VaultKey, subscription: str) -> Iterator[tuple[str, FoundInstance]]:
    for stored in every(ports, BackupInstance, vault):
        key = disk_key(stored.value.disk_id)
        if stored.value.holds_disk and key.startswith(f"{subscription.lower()}:"):
            yield key, FoundInstance(vault, stored.value)


def _list(ports: Ports, subscription: str, identities: list[str], unknown: list[str]) -> Iterator[Disk]:
    """The disks that any of the identities sees, each once. What one may not list is noted."""
    seen: set[str] = set()
    for identity in dict.fromkeys(each.lower() for each in identities):
        try:
            for disk in as_identity(ports, identity).cloud.list_disks(f"/subscriptions/{subscription}"):
                if disk_key(disk.id) not in seen:
                    seen.add(disk_key(disk.id))
                    yield disk
        except BackupError as error:
            who = f"identity {identity}" if identity else "the app's own identity"
            unknown.append(f"Disks that {who} alone may see are not known ({error.code}: {error.message}).")


def _judged(
    listed: Iterator[Disk], held: dict[str, FoundInstance], may_see: Callable[[str], bool], found: _Sum
) -> Iterator[UnprotectedDisk]:
    for disk in listed:
        holder = held.get(disk_key(disk.id))
        because = why_unprotected(holder.instance.state if holder else None)
        if because is not None and may_see(disk.id):
            found.count += 1
            found.size_bytes += disk.size_bytes
            yield UnprotectedDisk(disk=disk, because=because, held=holder)


@dataclass(frozen=True, slots=True)
class GapsPage:
    """The instances of a page that something is missing of; it may be empty and yet not be the last."""

    items: tuple[tuple[BackupInstance, int, tuple[Gap, ...]], ...]  # with how many good points it has
    next_token: str | None


def protection_gaps(ports: Ports, vault: VaultKey, *, token: str | None = None) -> GapsPage:
    page = ports.store.glance(InstanceGlance, vault, token=token, limit=INSTANCES_A_PAGE)
    names = [glance.name for glance in page.items]
    there = existing(ports, vault, names) if names else {}
    policies = {stored.value.name.casefold(): stored.value for stored in every(ports, BackupPolicy, vault)}
    year = ports.clock.now().year
    missing: dict[str, tuple[int, tuple[Gap, ...]]] = {}
    for glance in page.items:
        points = len(there.get(glance.name.lower(), Existing()).all)
        gaps = tuple(gaps_of(glance, policies.get(glance.policy_name.casefold()), points, year))
        if gaps:
            missing[glance.name] = points, gaps
    return GapsPage(tuple(_with_instances(ports, vault, missing)), page.next_token)


def _with_instances(
    ports: Ports, vault: VaultKey, missing: dict[str, tuple[int, tuple[Gap, ...]]]
) -> Iterator[tuple[BackupInstance, int, tuple[Gap, ...]]]:
    """All from the first to the last are read: a read or two, and not one for each."""
    if not missing:
        return
    ordered = sorted(missing, key=str.lower)
    for stored in every(ports, BackupInstance, vault, first=ordered[0], last=ordered[-1]):
        found = missing.get(stored.value.name)
        if found is not None:
            yield stored.value, *found
