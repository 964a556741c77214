"""Configure vaults and policies: both are written at once. A changed policy reaches its instances as jobs.

Leaves to others: what is protected with them (protection.py).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from backup_core.domain.acting import OWN, acting_identity, check_acting
from backup_core.domain.disk_skus import BACKGROUND_COPY_SKUS
from backup_core.domain.errors import Fault, InvalidInput, LegalHoldStands, ResourceInUse
from backup_core.domain.events import MOST_ITEMS
from backup_core.domain.guard import Critical, critical_weakenings
from backup_core.domain.hold import standing
from backup_core.domain.instance import BackupInstance
from backup_core.domain.policy import BackupPolicy, check_background_copy, does_less, shortened_rules
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.vault import (
    Vault,
    check_change,
    check_identity,
    check_least,
    check_shortening,
    check_wish,
    merged_identity,
    merged_settings,
    news_of_weakening,
    plan_change,
)
from backup_core.ports import Insert, Ports, Remove, Replace, StateConflict, Stored, every, until_committed
from backup_core.workflows import announcements, outbox
from backup_core.workflows.acting import note_identity
from backup_core.workflows.binding import bind_newest
from backup_core.workflows.catalogue import find_vault, open_vault, stored_vault
from backup_core.workflows.guards import ask_leave, refuse_guarded
from backup_core.workflows.protection import reconfigure, write_back
from backup_core.workflows.tag_rules import rules_of

log = logging.getLogger("diskbackup.vaults")

FOLLOWED_AT_ONCE = 100  # five storage transactions each, while the client waits; the reconciler takes the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultChange:
    """A vault as it was in force before a request, None where there was none, and as it is stored after it."""

    before: Vault | None
    after: Vault

    @property
    def is_new(self) -> bool:
        return self.before is None


def put_vault(ports: Ports, vault: Vault, *, keeps_identity: bool = False, by: str | None = None) -> VaultChange:
    """Write a vault. Settings of an existing one that `vault` does not name stay, and its identity if `keeps_identity`:
    a request that does not speak of it must not have it act with the app's own. What makes it weaker waits, and takes
    leave where a guard guards it; `by` is who asks (see guards.ask_leave).

    Raises InvalidInput for every setting that may not be so, or no longer, and an identity that it cannot act with;
    GuardLocked.
    """
    vault = _acting(ports, vault)

    def attempt() -> VaultChange:
        stored = ports.store.get(Vault, vault.key)
        if stored is None:
            _check(ports, None, vault)
            change = VaultChange(before=None, after=vault)
        else:
            known = stored.value  # by the name that it was made under: names are compared without case
            settings = merged_settings(known.at(ports.clock.now()).properties, vault.properties)
            wanted = replace(vault, key=known.key, created_at=known.created_at, properties=settings)
            wanted = replace(wanted, holds=known.holds, copy_rules=known.copy_rules, move_job_id=known.move_job_id)
            if keeps_identity:
                wanted = replace(wanted, identity=known.identity, acts_as=known.acts_as)
            change = _decide(ports, known, wanted, vault.properties, by)
        _commit(ports, stored, change)
        return change

    return _bound(ports, until_committed(f"Vault '{vault.key.name}'", attempt))


def patch_vault(
    ports: Ports,
    key: VaultKey,
    *,
    tags: Mapping[str, str] | None,
    identity: Mapping[str, Any] | None,
    settings: Mapping[str, Any],
    by: str | None = None,
) -> VaultChange:
    """Change what is given; None leaves alone. Raises NotFound, and as put_vault does."""

    def attempt() -> VaultChange:
        stored = stored_vault(ports, key)
        vault = stored.value.at(ports.clock.now())
        wanted = replace(
            vault,
            tags=vault.tags if tags is None else tags,
            identity=vault.identity if identity is None else merged_identity(vault.identity, identity),
            properties=merged_settings(vault.properties, settings),
            closing=False,
        )
        if identity is not None:
            wanted = _acting(ports, wanted)
        change = _decide(ports, stored.value, wanted, settings, by)
        _commit(ports, stored, change)
        return change

    return _bound(ports, until_committed(f"Vault '{key.name}'", attempt))


def _bound(ports: Ports, change: VaultChange) -> VaultChange:
    """What a vault that becomes immutable holds, Azure is to keep from now on."""
    was = change.before is not None and change.before.is_immutable
    if change.before is not None and not was and change.after.is_immutable:
        bind_newest(ports, change.after.key)
    return change


def tag_vault(ports: Ports, key: VaultKey, change: Callable[[Mapping[str, str]], Mapping[str, str]]) -> Vault:
    """Give a vault the tags that `change` makes of those it has. Raises NotFound, and what `change` raises."""

    def attempt() -> Vault:
        stored = stored_vault(ports, key)
        wanted = replace(stored.value, tags=change(stored.value.tags))
        ports.store.commit(key, [Replace(stored, wanted)])
        return wanted

    return until_committed(f"Vault '{key.name}'", attempt)


def _acting(ports: Ports, vault: Vault) -> Vault:
    """The vault as it acts by its `identity`. Raises InvalidInput when it cannot."""
    acts_as = acting_identity(vault.identity)
    faults = check_acting(vault.identity, held=acts_as == OWN or ports.cloud.holds(acts_as))
    if faults:
        raise InvalidInput(faults)
    return replace(vault, acts_as=acts_as)


def _decide(ports: Ports, stored: Vault, wanted: Vault, said: Mapping[str, Any], by: str | None) -> VaultChange:
    now = ports.clock.now()
    before = stored.at(now)
    _check(ports, before, wanted)
    delay = ports.promises.weakening_delay if _holds_points(ports, before.key) else timedelta(0)
    after = plan_change(before, wanted, said, now + delay).at(now)
    for operation in critical_weakenings(news_of_weakening(before, after)):
        ask_leave(ports, before.key, operation, before.key.resource_id, by)
    return VaultChange(before=before, after=after)


def _check(ports: Ports, before: Vault | None, after: Vault) -> None:
    faults = [*check_identity(after.identity), *check_wish(before, after)]
    faults += check_change(before, after) if before else []
    _refuse([*faults, *check_least(before, after, ports.promises)])


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        raise InvalidInput(faults)


def _holds_points(ports: Ports, key: VaultKey) -> bool:
    page = ports.store.page(RecoveryPoint, key, limit=1)
    return bool(page.items or page.corrupt or page.next_token)


def _commit(ports: Ports, stored: Stored[Vault] | None, change: VaultChange) -> None:
    """Write the vault; what it weakens is told first, for its events lie in another partition and none may be lost.
    Raises StateConflict."""
    told, now = [], ports.clock.now()
    if change.before is not None:
        weaker = news_of_weakening(change.before, change.after)
        told += [announcements.vault_weakened(change.after, weaker, now)] if weaker else []
        if change.before.acts_as.lower() != change.after.acts_as.lower():
            told.append(announcements.identity_changed(change.before, change.after, now))
    if told:
        outbox.record(ports, change.after.key, told)
    ports.store.commit(change.after.key, [Replace(stored, change.after) if stored else Insert(change.after)])
    note_identity(ports, change.after)


def delete_vault(ports: Ports, key: VaultKey) -> bool:
    """Delete an empty vault with its policies and protection rules; False when there is none.

    The vault is closed before it is looked into, and whoever adds an instance looks whether it is closed afterwards: so
    one of both always sees the other. So it is with a resource guard. Raises ResourceInUse if it has instances,
    soft-deleted ones included, or a guard is mapped to it, and LegalHoldStands.
    """
    stored = ports.store.get(Vault, key)
    if stored is None:
        return False
    held = standing(stored.value.holds, ports.clock.now())
    if held:
        names = ", ".join(hold.name for hold in held)
        raise LegalHoldStands(f"Vault '{key.name}' cannot be deleted: it is held ({names}).")
    _refuse_unless_empty(ports, key)
    refuse_guarded(ports, key)
    _rewrite(ports, stored, replace(stored.value, closing=True))
    try:
        _refuse_unless_empty(ports, key)
        refuse_guarded(ports, key)
    except ResourceInUse:
        _open_again(ports, key)
        raise
    for rule in list(rules_of(ports, key)):  # before the policies, which they name
        ports.store.commit(key, [Remove(rule)])
    for policy in list(every(ports, BackupPolicy, key)):
        ports.store.commit(key, [Remove(policy)])
    closed = ports.store.get(Vault, key)
    if closed is not None and not closed.value.closing:
        raise ResourceInUse(f"Vault '{key.name}' was written while it was being deleted; delete it again.")
    if closed is not None:
        _rewrite(ports, closed, None)
    return True


def _refuse_unless_empty(ports: Ports, key: VaultKey) -> None:
    instances = ports.store.page(BackupInstance, key, limit=1)
    if instances.items or instances.corrupt:
        raise ResourceInUse(
            f"Vault '{key.name}' still holds backup instances; delete them first. Soft-deleted ones "
            "(deletedBackupInstances) count until they are purged.",
            code="UserErrorVaultNotEmpty",
        )


def _rewrite(ports: Ports, stored: Stored[Vault], value: Vault | None) -> None:
    """Write the vault, or remove it (None). Raises ResourceInUse when it changed meanwhile."""
    key = stored.value.key
    try:
        ports.store.commit(key, [Remove(stored) if value is None else Replace(stored, value)])
    except StateConflict as conflict:
        raise ResourceInUse(f"Vault '{key.name}' changed while it was being deleted; try again.") from conflict


def _open_again(ports: Ports, key: VaultKey) -> None:
    closed = ports.store.get(Vault, key)
    if closed is not None:
        _rewrite(ports, closed, replace(closed.value, closing=False))


def put_policy(ports: Ports, vault: VaultKey, policy: BackupPolicy, *, by: str | None = None) -> BackupPolicy:
    """Write a policy. On an existing one it governs the backups to come: its instances are configured anew, the first
    hundred at once. What existing recovery points were promised stays. `by` is who asks (see guards.ask_leave).

    Raises NotFound (vault), InvalidInput when an instance's kind of disk forbids the new schedule, or the vault is
    immutable and points would be kept for less long than before, GuardLocked when it does less for an instance.
    """
    settings = open_vault(ports, vault)

    def attempt() -> tuple[BackupPolicy, list[BackupInstance]]:
        stored = ports.store.get(BackupPolicy, vault, policy.name)
        if stored is not None and stored.value.properties == policy.properties:
            return stored.value, []
        users = _users(ports, vault, policy.name) if stored else []
        _check_kinds(policy, users)
        shorter = shortened_rules(stored.value, policy) if stored else []
        _refuse(check_shortening(settings, "properties.policyRules", shorter))
        if stored is not None and users and does_less(stored.value, policy, ports.clock.now()):
            resource_id = f"{vault.resource_id}/backupPolicies/{stored.value.name}"
            ask_leave(ports, vault, Critical.MODIFY_POLICY, resource_id, by)
        named = [instance.name for instance in users][:MOST_ITEMS]
        written = replace(policy, name=stored.value.name if stored else policy.name, changed_at=ports.clock.now())
        told = (
            [announcements.retention_shortened(vault, policy.name, shorter, named, ports.clock.now())]
            if shorter
            else []
        )
        outbox.commit(ports, vault, [Replace(stored, written) if stored else Insert(written)], told)
        return written, users

    written, users = until_committed(f"Policy '{policy.name}'", attempt)
    for instance in users[:FOLLOWED_AT_ONCE]:
        reconfigure(ports, vault, instance.name)
    if len(users) > FOLLOWED_AT_ONCE:
        left = len(users) - FOLLOWED_AT_ONCE
        log.warning("policy.followers_left policy=%s count=%d: they follow when reconciled", policy.name, left)
    return written


def delete_policy(ports: Ports, vault: VaultKey, name: str) -> bool:
    """Delete a policy; False when there is none. Raises ResourceInUse while an instance or a rule uses it."""
    stored = ports.store.get(BackupPolicy, vault, name)
    if stored is None:
        return False
    users = [instance.name for instance in _users(ports, vault, name)]
    if users:
        named = ", ".join(users[:5]) + (f" and {len(users) - 5} more" if len(users) > 5 else "")
        raise ResourceInUse(f"Policy '{name}' is used by {len(users)} backup instances ({named}).")
    settings = find_vault(ports, vault)
    copied_by = [rule.name for rule in settings.copy_rules if rule.is_of(name)] if settings is not None else []
    if copied_by:
        raise ResourceInUse(f"Policy '{name}' is used by copy rules ({', '.join(copied_by[:5])}).")
    rules = [each.value.name for each in rules_of(ports, vault) if each.value.policy_name.lower() == name.lower()]
    if rules:
        raise ResourceInUse(f"Policy '{name}' is used by protection rules ({', '.join(rules[:5])}).")
    try:
        ports.store.commit(vault, [Remove(stored)])
    except StateConflict as conflict:
        raise ResourceInUse(f"Policy '{name}' changed while it was being deleted; try again.") from conflict
    if _users(ports, vault, name):  # one that took it while it went
        write_back(ports, vault, stored.value)
        raise ResourceInUse(f"Policy '{name}' came into use while it was being deleted; it stays.")
    return True


def _check_kinds(policy: BackupPolicy, users: list[BackupInstance]) -> None:
    fault = check_background_copy(policy)
    named = [instance.name for instance in users if instance.disk_sku in BACKGROUND_COPY_SKUS]
    if fault is not None and named:
        raise InvalidInput([replace(fault, message=f"{fault.message} (used by {', '.join(named[:5])})")])


def _users(ports: Ports, vault: VaultKey, policy_name: str) -> list[BackupInstance]:
    return [
        stored.value
        for stored in every(ports, BackupInstance, vault)
        if stored.value.policy.name.lower() == policy_name.lower()
    ]
