"""Keep resource guards, map them to vaults, unlock critical operations, and ask for leave before one is done.

A guard and a vault are closed before they are deleted, and whoever maps looks at both again afterwards: so a mapping
and a deletion always see each other. A mapping whose guard is gone all the same keeps guarding.

Leaves to others: who may do what (domain/guard.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from backup_core.domain.errors import NotFound, RecordCorrupt, ResourceInUse
from backup_core.domain.guard import (
    GUARD,
    UNLOCKED_FOR,
    Critical,
    GuardLocked,
    GuardMapping,
    Leave,
    ResourceGuard,
    Unlock,
    excluded_anew,
    guard_key,
    guard_prefix,
    judge,
    mapping_key,
    parse_guard_id,
    proxy_id,
    request_id,
    unlock_subject,
)
from backup_core.domain.resource_ids import ANYWHERE, VAULT, GroupId, VaultKey
from backup_core.ports import (
    Change,
    Insert,
    Page,
    Ports,
    Remove,
    Replace,
    Stored,
    every,
    pages,
    until_committed,
)
from backup_core.workflows import announcements, outbox
from backup_core.workflows.catalogue import PAGE_SIZE, get_vault, open_vault

log = logging.getLogger("diskbackup.guards")

CLEARED_AT_ONCE = 50  # unlocks that are over, with each new one

# ---------------------------------------------------------------- guards


def get_guard(ports: Ports, group: GroupId, name: str) -> ResourceGuard:
    """Raises NotFound."""
    return _stored_guard(ports, group, name).value


def list_guards(
    ports: Ports, subscription: str, group: str | None = None, *, token: str | None = None
) -> Page[ResourceGuard]:
    """The guards of a subscription, or of a group in it."""
    first = guard_prefix(subscription, group)
    last = first[:-1] + chr(ord(first[-1]) + 1)  # sorts behind all names in it
    return ports.store.page(ResourceGuard, ANYWHERE, first=first, last=last, token=token, limit=PAGE_SIZE)


def put_guard(
    ports: Ports, guard: ResourceGuard, excluded: Sequence[str], by: str
) -> tuple[ResourceGuard | None, ResourceGuard]:
    """Write a guard that guards all but `excluded`; answers it as it was before, None where there was none, and as it
    is now. Vaults that it guards are told what it guards no more. Raises ResourceInUse."""

    def attempt() -> tuple[ResourceGuard | None, ResourceGuard]:
        stored, now = ports.store.get(ResourceGuard, ANYWHERE, guard.key), ports.clock.now()
        if stored is None:
            made = replace(guard, excluded=excluded_anew((), excluded, by, now))
            ports.store.commit(ANYWHERE, [Insert(made)])
            return None, made
        before = stored.value
        after = replace(
            before,
            location=guard.location,
            tags=guard.tags,
            excluded=excluded_anew(before.excluded, excluded, by, now),
            closing=False,
        )
        _tell_what_is_guarded_no_more(ports, before, after)
        ports.store.commit(ANYWHERE, [Replace(stored, after)])
        return before, after

    return until_committed(f"Resource guard '{guard.name}'", attempt)


def _tell_what_is_guarded_no_more(ports: Ports, before: ResourceGuard, after: ResourceGuard) -> None:
    """First, for its events lie in other partitions and none may be lost."""
    gone = [each for each in before.operations if each not in after.operations]
    if not gone:
        return
    for mapping in _mappings_of(ports, before.resource_id):
        event = announcements.guard_weakened(mapping.value.vault, after.resource_id, gone, ports.clock.now())
        outbox.record(ports, mapping.value.vault, [event])


def tag_guard(ports: Ports, group: GroupId, name: str, tags: Mapping[str, str]) -> ResourceGuard:
    """Raises NotFound, ResourceInUse."""

    def attempt() -> ResourceGuard:
        stored = _stored_guard(ports, group, name)
        tagged = replace(stored.value, tags=tags)
        ports.store.commit(ANYWHERE, [Replace(stored, tagged)])
        return tagged

    return until_committed(f"Resource guard '{name}'", attempt)


def delete_guard(ports: Ports, group: GroupId, name: str) -> bool:
    """Delete a guard; False when there is none. Raises ResourceInUse while a vault is mapped to it."""

    def attempt() -> bool:
        stored = ports.store.get(ResourceGuard, ANYWHERE, guard_key(group, name))
        if stored is None:
            return False
        _refuse_mapped(ports, stored.value)
        closed = replace(stored.value, closing=True)
        (etag,) = ports.store.commit(ANYWHERE, [Replace(stored, closed)])
        try:
            _refuse_mapped(ports, closed)
        except ResourceInUse:
            ports.store.commit(ANYWHERE, [Replace(Stored(closed, etag), replace(closed, closing=False))])
            raise
        ports.store.commit(ANYWHERE, [Remove(Stored(closed, etag))])
        return True

    return until_committed(f"Resource guard '{name}'", attempt)


def _refuse_mapped(ports: Ports, guard: ResourceGuard) -> None:
    vaults = sorted(mapping.value.vault.resource_id for mapping in _mappings_of(ports, guard.resource_id))
    if vaults:
        named = ", ".join(vaults[:5]) + (f" and {len(vaults) - 5} more" if len(vaults) > 5 else "")
        raise ResourceInUse(f"Resource guard '{guard.name}' guards {len(vaults)} vaults ({named}); unmap it first.")


def _stored_guard(ports: Ports, group: GroupId, name: str) -> Stored[ResourceGuard]:
    stored = ports.store.get(ResourceGuard, ANYWHERE, guard_key(group, name))
    if stored is None:
        raise NotFound(
            f"The Resource '{GUARD}/{name}' under resource group '{group.group}' was not found. For more details "
            "please go to https://aka.ms/ARMResourceNotFoundFix"
        )
    return stored


# ---------------------------------------------------------------- mappings


def find_mapping(ports: Ports, vault: VaultKey) -> GuardMapping | None:
    """Whether the vault is there or not."""
    stored = ports.store.get(GuardMapping, vault, mapping_key(vault))
    return stored.value if stored else None


def get_mapping(ports: Ports, vault: VaultKey) -> tuple[GuardMapping, ResourceGuard | None]:
    """A vault's mapping with its guard, None if that is gone. Raises NotFound."""
    get_vault(ports, vault)
    stored = ports.store.get(GuardMapping, vault, mapping_key(vault))
    if stored is None:
        raise NotFound(
            f"The Resource '{VAULT}/backupResourceGuardProxies' of vault '{vault.name}' under resource group "
            f"'{vault.group}' was not found: no resource guard is mapped to it."
        )
    return stored.value, _guard_of(ports, stored.value)


def guarded_vaults(ports: Ports) -> frozenset[VaultKey]:
    """All vaults that a guard is mapped to: a read for each thousand."""
    return frozenset(mapping.value.vault for mapping in every(ports, GuardMapping, ANYWHERE))


def map_guard(ports: Ports, vault: VaultKey, guard: str, by: str) -> tuple[GuardMapping, ResourceGuard]:
    """Have a guard, by its id, guard a vault. One in the place of another takes the leave that unmapping takes.

    Raises NotFound (vault or guard), ResourceInUse (one of both is being deleted), GuardLocked.
    """
    open_vault(ports, vault)

    def attempt() -> tuple[GuardMapping, ResourceGuard]:
        found = _open_guard(ports, guard)
        stored = ports.store.get(GuardMapping, vault, mapping_key(vault))
        if stored is not None and stored.value.guard_id.lower() == found.resource_id.lower():
            return stored.value, found
        if stored is not None:
            ask_leave(ports, vault, Critical.UNMAP, proxy_id(vault), by)
        mapping = GuardMapping(vault=vault, guard_id=found.resource_id, at=ports.clock.now(), by=by)
        told = [announcements.guard_mapped(mapping)]
        if stored is not None:
            told.insert(0, announcements.guard_unmapped(stored.value, mapping.at))
        outbox.record(ports, vault, told)
        (etag,) = ports.store.commit(vault, [Replace(stored, mapping) if stored else Insert(mapping)])
        try:
            _open_guard(ports, guard)
            open_vault(ports, vault)
        except (NotFound, ResourceInUse):
            if stored is None:
                ports.store.commit(vault, [Remove(Stored(mapping, etag))])
            raise
        log.info("guard.mapped vault=%s guard=%s", vault.resource_id, mapping.guard_id)
        return mapping, found

    return until_committed(f"The resource guard of vault '{vault.name}'", attempt)


def unmap_guard(ports: Ports, vault: VaultKey, by: str) -> bool:
    """Guard a vault no more; False when none does. Raises GuardLocked."""

    def attempt() -> bool:
        stored = ports.store.get(GuardMapping, vault, mapping_key(vault))
        if stored is None:
            return False
        ask_leave(ports, vault, Critical.UNMAP, proxy_id(vault), by)
        outbox.record(ports, vault, [announcements.guard_unmapped(stored.value, ports.clock.now())])
        ports.store.commit(vault, [Remove(stored)])
        log.warning("guard.unmapped vault=%s guard=%s", vault.resource_id, stored.value.guard_id)
        return True

    return until_committed(f"The resource guard of vault '{vault.name}'", attempt)


def refuse_guarded(ports: Ports, vault: VaultKey) -> None:
    """Raises ResourceInUse for a vault that is to be deleted while a guard is mapped to it: one made anew under its
    name would have none."""
    if find_mapping(ports, vault) is not None:
        raise ResourceInUse(
            f"Vault '{vault.name}' is guarded by a resource guard; delete the mapping ({proxy_id(vault)}) first, which "
            "another person has to unlock."
        )


def _open_guard(ports: Ports, guard: str) -> ResourceGuard:
    """Raises NotFound, ResourceInUse (it is being deleted)."""
    named = parse_guard_id(guard)
    found = get_guard(ports, named.group_id, named.name)
    if found.closing:
        raise ResourceInUse(f"Resource guard '{found.name}' is being deleted; to keep it, write it again.")
    return found


def _guard_of(ports: Ports, mapping: GuardMapping) -> ResourceGuard | None:
    named = parse_guard_id(mapping.guard_id)
    stored = ports.store.get(ResourceGuard, ANYWHERE, guard_key(named.group_id, named.name))
    return stored.value if stored else None


def _mappings_of(ports: Ports, guard: str) -> Iterator[Stored[GuardMapping]]:
    """The mappings to a guard, by its id. Raises RecordCorrupt for a mapping that cannot be read: nobody knows whose it
    is."""
    for page in pages(lambda token: ports.store.page(GuardMapping, ANYWHERE, token=token, limit=PAGE_SIZE)):
        if page.corrupt:
            raise RecordCorrupt(f"Row '{page.corrupt[0]}' cannot be read.", target=page.corrupt[0])
        yield from (stored for stored in page.items if stored.value.guard_id.lower() == guard.lower())


# ---------------------------------------------------------------- unlocks


def unlock(ports: Ports, vault: VaultKey, subjects: Sequence[tuple[Critical, str]], by: str) -> tuple[Unlock, ...]:
    """Give leave for operations, each on a resource, to whoever else does them first. Giving it again prolongs it.
    Unlocks that are over are cleared away. Raises ResourceInUse."""

    def attempt() -> tuple[Unlock, ...]:
        now = ports.clock.now()
        given = tuple(
            Unlock(operation=operation, resource_id=resource_id, by=by, at=now, until=now + UNLOCKED_FOR)
            for operation, resource_id in subjects
        )
        written = [_given(ports, vault, each) for each in given]
        told = [announcements.guard_unlocked(vault, each) for each in given]
        outbox.commit(ports, vault, [*written, *_cleared(ports, vault, given, now)], told)
        return given

    return until_committed(f"The unlocks of vault '{vault.name}'", attempt)


def _given(ports: Ports, vault: VaultKey, unlock: Unlock) -> Change:
    stored = ports.store.get(Unlock, vault, unlock.subject, unlock.by)
    return Replace(stored, unlock) if stored else Insert(unlock)


def _cleared(ports: Ports, vault: VaultKey, given: Sequence[Unlock], now: datetime) -> list[Change]:
    """Some of those that are over, but for those that are given anew."""
    kept = {(each.subject, each.by) for each in given}
    known = ports.store.page(Unlock, vault, limit=CLEARED_AT_ONCE).items
    return [
        Remove(each) for each in known if each.value.until <= now and (each.value.subject, each.value.by) not in kept
    ]


def ask_leave(ports: Ports, vault: VaultKey, operation: Critical, resource_id: str, by: str | None) -> None:
    """Before a critical operation on a resource of a vault: pass where no guard guards it, or somebody else than `by`
    has unlocked it, which is put on record. None: the app itself acts, on nobody's wish. Raises GuardLocked."""
    ask_leave_of_all(ports, vault, operation, [resource_id], by)


def ask_leave_of_all(
    ports: Ports, vault: VaultKey, operation: Critical, resource_ids: Sequence[str], by: str | None
) -> None:
    """As ask_leave, on several resources: for all or for none of them. Raises GuardLocked that names each that is not
    unlocked."""
    if by is None:
        return

    def attempt() -> None:
        mapping = find_mapping(ports, vault)
        if mapping is None:
            return
        guard, now = _guard_of(ports, mapping), ports.clock.now()
        granted: list[Stored[Unlock]] = []
        locked: list[GuardLocked] = []
        for resource_id in resource_ids:
            known = list(every(ports, Unlock, vault, unlock_subject(operation, resource_id)))
            unlocks = [stored.value for stored in known]
            leave = judge(operation, by, guard=guard, mapping=mapping, unlocks=unlocks, now=now)
            if not leave.granted:
                locked.append(_locked(mapping, operation, resource_id, leave))
            granted += [each for each in known if each.value == leave.unlock and not each.value.used_by]
        if locked:
            raise GuardLocked(" ".join(each.message for each in locked), target=locked[0].target)
        for stored in granted:
            _note_use(ports, vault, stored, by)

    until_committed(f"The unlocks of vault '{vault.name}'", attempt)


def _note_use(ports: Ports, vault: VaultKey, stored: Stored[Unlock], by: str) -> None:
    used = replace(stored.value, used_by=by, used_at=ports.clock.now())
    outbox.commit(ports, vault, [Replace(stored, used)], [announcements.guard_used(vault, used)])
    log.warning("guard.used operation=%s resource=%s by=%s", used.operation.value, used.resource_id, by)


def _locked(mapping: GuardMapping, operation: Critical, resource_id: str, leave: Leave) -> GuardLocked:
    return GuardLocked(
        f"Vault '{mapping.vault.name}' is guarded by a resource guard, and '{operation.value}' on '{resource_id}' is "
        f"not unlocked: {leave.because}. The operation request is '{request_id(mapping.guard_id, operation)}'.",
        target=resource_id,
    )
