"""What ARM knows of a vault's place: whether its resource group and its region exist, and which locks hold there.

A vault is a record of this app, not a resource of ARM, so ARM does not ask these for us. The app asks with its own
identity: where it may not, or gets no answer, nothing is refused. A vault outlives its group: it stays until it is
deleted itself, for its points are promised to their owner and not to the group.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from backup_core.domain.errors import BackupError, Fault, InvalidInput, NotFound, ScopeLocked
from backup_core.domain.resource_ids import GroupId, VaultKey
from backup_core.domain.surroundings import Lock
from backup_core.domain.vault import Vault
from backup_core.ports import Ports

log = logging.getLogger("diskbackup.surroundings")

REGIONS_KEPT = timedelta(hours=6)
LOCKS_KEPT = timedelta(seconds=30)  # for what only a ReadOnly lock forbids; a deletion asks anew
UNKNOWN_KEPT = timedelta(minutes=1)
_SHOWN = 100
T = TypeVar("T")


def check_place(ports: Ports, vault: Vault) -> None:
    """Whether a new vault may lie where it is to. Raises NotFound (its resource group), InvalidInput (its region)."""
    group = GroupId(subscription=vault.key.subscription, group=vault.key.group)
    regions = _regions(ports, group.subscription)
    if regions and vault.location.lower() not in regions:
        named = ",".join(sorted(regions)[:_SHOWN])
        message = f"The provided location '{vault.location}' is not available. The regions are '{named}'."
        raise InvalidInput([Fault(target="location", message=message, code="LocationNotAvailableForResourceType")])
    if not _ask(lambda: ports.cloud.find_group(group) is not None, group.text, otherwise=True):
        raise NotFound(f"Resource group '{group.group}' could not be found.", code="ResourceGroupNotFound")


def check_locks(ports: Ports, vault: VaultKey, resource: str, *, deleting: bool) -> None:
    """Whether a lock at the vault, its group or above forbids a change of `resource` (ARM's rule: CanNotDelete holds
    against deletion, ReadOnly against every change). Raises ScopeLocked."""
    levels = ("CanNotDelete", "ReadOnly") if deleting else ("ReadOnly",)
    here = f"{resource.lower()}/"
    for lock in _locks(ports, GroupId(subscription=vault.subscription, group=vault.group), fresh=deleting):
        if lock.level in levels and here.startswith(f"{lock.scope.rstrip('/').lower()}/"):
            verb = "delete" if deleting else "write"
            raise ScopeLocked(
                f"The scope '{resource}' cannot perform {verb} operation because following scope(s) are locked: "
                f"'{lock.scope}'. Please remove the lock and try again: az lock delete --ids '{lock.id}'",
                target=lock.scope,
            )


def _regions(ports: Ports, subscription: str) -> frozenset[str]:
    """The names of the regions that the subscription has; none while they cannot be told."""
    name, now = f"regions of {subscription.lower()}", ports.clock.now()
    kept = ports.memory.kept(name, frozenset, now=now)
    if kept is None:
        kept = _ask(lambda: ports.cloud.regions(subscription), subscription, otherwise=frozenset[str]())
        ports.memory.keep(name, kept, until=now + (REGIONS_KEPT if kept else UNKNOWN_KEPT))
    return kept


def _locks(ports: Ports, group: GroupId, *, fresh: bool) -> tuple[Lock, ...]:
    name, now = f"locks of {group.key}", ports.clock.now()
    kept: tuple[Lock, ...] | None = None if fresh else ports.memory.kept(name, tuple, now=now)
    if kept is None:
        nothing: tuple[Lock, ...] = ()
        kept = _ask(lambda: ports.cloud.locks_at(group), group.text, otherwise=nothing)
        ports.memory.keep(name, kept, until=now + LOCKS_KEPT)
    return kept


def _ask(question: Callable[[], T], scope: str, *, otherwise: T) -> T:
    """ARM's answer, or `otherwise` where there is none: a question that is not answered forbids nothing."""
    try:
        return question()
    except BackupError as error:
        log.info("surroundings.unknown scope=%s code=%s", scope, error.code)
        return otherwise
